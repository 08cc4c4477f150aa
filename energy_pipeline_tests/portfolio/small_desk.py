"""A small desk and hand-made scenarios for the tests of portfolio and risk.

What belongs here: frames of every input of `optimise` and `assess`. What does not: tests.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import polars as pl

from energy_pipeline.book.positions import Book
from energy_pipeline.contracts import table
from energy_pipeline.desk.load import desk_from
from energy_pipeline.desk.model import Desk
from energy_pipeline.information.archive import Archive, InformationSet
from energy_pipeline.portfolio import optimise

PLAIN = date(2025, 9, 17)
SPRING = date(2025, 3, 30)
AUTUMN_QUARTERS = date(2025, 10, 26)
KNOWN = datetime(2024, 1, 1, tzinfo=UTC)


def desk_of(**changes: Any) -> Desk:
    """NORTH trades back intraday (quarters from October 2025), SOUTH has no second price."""
    data: dict[str, Any] = {
        "name": "small",
        "description": "For tests.",
        "decision_at": "11:15",
        "markets": {"m": {"gate": {"days_before": 1, "at": "12:00"}}},
        "zones": {
            "NORTH": {
                "market": "m",
                "market_time_unit": [{"first_day": date(2015, 1, 1), "minutes": 60}, {"first_day": date(2025, 10, 1), "minutes": 15}],
                "second_price": {"kind": "intraday", "imbalance_fee_eur_mwh": 1.5},
            },
            "SOUTH": {"market": "m", "second_price": {"kind": "none", "imbalance_fee_eur_mwh": 2.0}},
        },
        "sources": {"synthetic": {"seed": 1}},
        "plants": {
            "wind": {"kind": "metered", "zone": "NORTH", "technology": "wind", "capacity_mw": 60},
            "share": {"kind": "share", "zone": "SOUTH", "technology": "solar", "share_of_zone": 0.01},
        },
        "assets": {"battery": {"kind": "battery", "zone": "NORTH", "power_mw": 10, "energy_mwh": 20, "cycle_cost_eur_mwh": 4}},
        "contracts": [{"zone": "NORTH", "block": "base", "max_trade_mw": 25}, {"zone": "SOUTH", "block": "peak", "max_trade_mw": 15}],
        "opening_book": [
            {"zone": "NORTH", "block": "base", "position_mw": -10, "price_eur_mwh": 70, "first_day": date(2024, 1, 1), "last_day": date(2027, 1, 1)}
        ],
        "limits": {"day_ahead_deviation_mw": {"NORTH": 8, "SOUTH": 0}, "gross_contracts_mw": 60, "es_eur": 500000, "worst_stress_eur": 300000},
        "portfolio": {"risk_aversion": 0.5, "confidence": 0.9},
        "stress": [
            {"name": "negative", "description": "Cheap.", "day_ahead_shift_eur_mwh": -120},
            {"name": "calm", "description": "No wind.", "zones": ["NORTH"], "wind_factor": 0.0, "second_shift_eur_mwh": 50},
        ],
    }
    return desk_from({**data, **changes}, "test")


@dataclass
class Day:
    """Inputs of one decision, made from numpy seeds by hand-written rules (no scenario builder)."""

    desk: Desk = field(default_factory=desk_of)
    day: date = PLAIN
    paths: int = 40
    seed: int = 3
    target_mw: float = 5.0
    edge: float = 3.0
    price_level: float = 60.0
    with_quotes: bool = True
    with_second: bool = True
    peak_premium: float = 6.0
    peak_is_proxy: bool = True

    @property
    def delivery(self) -> Any:
        return self.desk.delivery_day(self.day)

    def minutes(self, zone: str) -> int:
        return self.desk.zones[zone].resolution_minutes(self.day)

    def starts(self, minutes: int) -> pl.Series:
        return pl.Series(self.delivery.interval_starts_us(minutes)).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")

    def rows(self, name: str, minutes: int, /, **values: Any) -> pl.DataFrame:
        """Rows of a table over the day; arrays by interval, the rest repeated."""
        starts = self.starts(minutes)
        data = {"delivery_day": self.day, "delivery_start": starts, "resolution_minutes": minutes, **values}
        full = {k: (v if isinstance(v, np.ndarray | pl.Series) else [v] * starts.len()) for k, v in data.items()}
        return table(name).frame({c: full.get(c, [None] * starts.len()) for c in table(name).schema})

    def shape(self, zone: str) -> np.ndarray:
        count = self.delivery.count(self.minutes(zone))
        return np.sin(np.linspace(0, 2 * np.pi, count))

    def expected(self, plant: str) -> np.ndarray:
        zone = self.desk.plants[plant].zone
        return np.round(20 + 10 * self.shape(zone), 3)

    @property
    def plant_output(self) -> pl.DataFrame:
        frames = [table("plant_output").frame()]
        for name, plant in self.desk.plants.items():
            values = {"plant": name, "zone": plant.zone, "technology": plant.technology, "output_mw": self.expected(name)}
            values |= {
                "available_mw": self.expected(name),
                "capacity_mw": 60.0,
                "unavailable_mw": None,
                "method": "persistence",
                "is_fallback": False,
                "note": "",
            }
            frames.append(self.rows("plant_output", self.minutes(plant.zone), **values))
        return pl.concat(frames)

    @property
    def dispatch(self) -> pl.DataFrame:
        frames = [table("dispatch").frame()]
        for name, asset in self.desk.assets.items():
            shape = self.shape(asset.zone)
            charge, discharge = np.round(np.maximum(-shape, 0) * 5, 3), np.round(np.maximum(shape, 0) * 4, 3)
            values = {"charge_mw": charge, "discharge_mw": discharge, "net_mw": discharge - charge, "state_of_charge_mwh": 1.0}
            frames.append(
                self.rows(
                    "dispatch",
                    self.minutes(asset.zone),
                    asset=name,
                    zone=asset.zone,
                    **values,
                    price_forecast_eur_mwh=50.0,
                    cost_eur_h=asset.cycle_cost_eur_mwh * discharge,
                )
            )
        return pl.concat(frames)

    @property
    def signals(self) -> pl.DataFrame:
        values = {"zone": "NORTH", "entry_price": "day_ahead", "exit_price": "intraday", "signal": 1.0}
        tradable = self.rows("signals", self.minutes("NORTH"), strategy="spread", label="tradable", target_mw=self.target_mw, **values)
        study = self.rows("signals", self.minutes("NORTH"), strategy="study", label="index_only", target_mw=0.0, **{**values, "exit_price": ""})
        return pl.concat([tradable, study])

    @property
    def quotes(self) -> pl.DataFrame:
        peak = {"contract": "peak", "price_eur_mwh": self.price_level + self.peak_premium, "is_proxy": self.peak_is_proxy}
        rows = [
            {"zone": "NORTH", "contract": "base", "price_eur_mwh": self.price_level + 1, "half_spread_eur_mwh": 0.4, "is_proxy": False},
            {"zone": "SOUTH", "half_spread_eur_mwh": 0.3, **peak},
        ]
        common = {"delivery_day": self.day, "known_at": KNOWN, "source": "test"}
        return table("forward_quotes").frame([{**common, **r} for r in rows] if self.with_quotes else None)

    @property
    def forecasts(self) -> pl.DataFrame:
        common = {"target_day": self.day, "horizon_days": 1, "price_kind": "day_ahead", "model": "ensemble", "fallback": "", "artefact": ""}
        return pl.concat(
            [
                self.rows("price_forecasts", self.minutes(z), zone=z, price_eur_mwh=self.price_level + 10 * self.shape(z), **common)
                for z in self.desk.zones
            ]
        )

    def paths_of(self, kind: str, name: str, values: np.ndarray, minutes: int) -> pl.DataFrame:
        frames = [
            self.rows("scenario_paths", minutes, kind=kind, name=name, scenario=i, value=row, unit="MW" if kind == "plant_output" else "EUR/MWh")
            for i, row in enumerate(values)
        ]
        return pl.concat(frames)

    def draw(self) -> dict[tuple[str, str], np.ndarray]:
        """Scenario arrays by (kind, name): prices through zero, output errors that move the second price."""
        rng = np.random.default_rng(self.seed)
        found: dict[tuple[str, str], np.ndarray] = {}
        for zone in self.desk.zones:
            shape = self.shape(zone)
            level = rng.normal(0, 25, (self.paths, 1))
            found[("day_ahead_price", zone)] = self.price_level + 10 * shape + level + rng.normal(0, 8, (self.paths, shape.size))
        for name, plant in self.desk.plants.items():
            error = rng.normal(0, 4, (self.paths, 1)) + rng.normal(0, 2, (self.paths, self.shape(plant.zone).size))
            found[("plant_output", name)] = np.maximum(self.expected(name) + error, 0)
        if self.with_second:
            surprise = sum(found[("plant_output", n)] - self.expected(n) for n, p in self.desk.plants.items() if p.zone == "NORTH")
            north = found[("day_ahead_price", "NORTH")]
            found[("second_price", "NORTH")] = north + self.edge - 2.0 * surprise + rng.normal(0, 10, north.shape)
        return {key: values.astype(np.float32).astype(np.float64) for key, values in found.items()}

    @property
    def scenarios(self) -> pl.DataFrame:
        frames = [table("scenario_paths").frame()]
        for (kind, name), values in self.draw().items():
            zone = name if name in self.desk.zones else self.desk.plants[name].zone
            frames.append(self.paths_of(kind, name, values, self.minutes(zone)))
        return pl.concat(frames)

    @property
    def info(self) -> InformationSet:
        return Archive(self.desk, {"forward_quotes": self.quotes}).at(self.day)

    def decide(self) -> Book:
        return optimise(self.info, self.scenarios, self.forecasts, self.plant_output, self.dispatch, self.signals)
