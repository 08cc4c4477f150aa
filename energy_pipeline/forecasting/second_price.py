"""What the gate knows of the second price: past spreads and the conditions of the day, and the spread expected of them.

What belongs here: reading the model's inputs through the information set, keeping what it said of past days. What does
not: the model (`spread_model`), the distribution of the spread and its table (`spread`), trading on it (strategies).

Conditions, each as the day's own decision knew it: residual load and its square, wind and sun, yesterday's day-ahead
price, how far the last weather run moved the wind from the run known a day earlier, and what the price models read of
outages. Spreads are those known at D; of D-1 only the morning is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import polars as pl

from energy_pipeline.contracts import table
from energy_pipeline.contracts.enforce import enforce
from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.features.drivers import driver_reads
from energy_pipeline.forecasting.market import day_prices, zone_panel
from energy_pipeline.forecasting.model import ModelUnavailableError
from energy_pipeline.forecasting.past_values import reach_days
from energy_pipeline.forecasting.spread_model import LEAST_DAYS, RECORD_DAYS, WARM_UP_DAYS, WINDOW_DAYS, Spread, expected
from energy_pipeline.information.archive import InformationSet
from energy_pipeline.information.cut_keys import Reads
from energy_pipeline.information.past_days import Past, pack, unpack
from energy_pipeline.information.resolution import convert, slot_starts_us

HOUR = 60
RUN_BEFORE_US = 24 * 3_600_000_000
RENEWABLE = ("wind_mw", "solar_mw", "wind_solar_mw")
NOTHING = "too few second prices are known: the day-ahead mean stands in"
RIVALS = ("the published day-ahead mean", "the last known day's spread")


@dataclass(frozen=True)
class Expectation:
    """The expected spread of D by wall-clock hour [EUR/MWh], and whether enough second prices were known to expect any."""

    hourly: FloatArray
    known: bool

    def by_slot(self, minutes: int) -> FloatArray:
        """Of each slot of the day, shape (1440 / minutes,)."""
        return convert(self.hourly, HOUR, minutes)


def expected_spread(info: InformationSet, zone: str) -> Expectation:
    """What D's decision expects of the spread; of past days it is kept."""

    def past() -> Past[Expectation]:
        reads = (*(Reads(name, (("zone", zone),)) for name in ("day_ahead_prices", "second_prices")), *driver_reads(info.desk, zone))
        return Past("forecasting", zone, reads, reach_days(info, 1), _packed, _unpacked)

    return info.kept("expected_spread", zone, make=lambda: _expectation(spread_of(info, zone)), past=past)


def spread_of(info: InformationSet, zone: str) -> Spread:
    """The model's answer for D, its record with it."""
    return info.cached("spread_model", zone, make=lambda: _spread_of(info, zone))


def second_price_skill(info: InformationSet) -> pl.DataFrame:
    """Table second_price_skill of D: every zone with a second price."""
    contract = table("second_price_skill")
    zones = [z for z, settings in info.desk.zones.items() if settings.second_price.kind != "none"]
    return enforce(contract, contract.frame([_skill_row(info, zone) for zone in zones] or None), info.day.day)


def skill_note(info: InformationSet, zone: str) -> str:
    """Empty where past forecasts of the zone's spread were better than both naives, else why nothing is to be traded on it."""
    record = spread_of(info, zone).record
    if record.verdict == "skill":
        return ""
    if record.verdict == "too_short":
        return f"too short a record of the second price: {record.days} settled days, {LEAST_DAYS} are needed"
    found = [(record.t_against(i), name) for i, name in enumerate(RIVALS, start=1)]
    tests = " and ".join(f"t {t:.2f} against {name}" if np.isfinite(t) else f"no difference to {name}" for t, name in found)
    return f"no skill on the second price: over {record.days} settled days {tests}"


def _skill_row(info: InformationSet, zone: str) -> dict[str, object]:
    found = spread_of(info, zone)
    record, many = found.record, found.record.days > 0
    named = dict(zip(("", "_no_spread", "_last_spread"), range(3), strict=True))
    measures: dict[str, object] = {}
    for name, i in named.items():
        measures[f"mae{name}_eur_mwh"] = float(record.absolute[i].mean()) if many else None
        measures[f"rmse{name}_eur_mwh"] = float(np.sqrt(record.errors[i].mean())) if many else None
    tests = {f"hac_t{name}": _finite(record.t_against(i)) for name, i in named.items() if i}
    about = {"delivery_day": info.day.day, "zone": zone, "price_kind": info.desk.zones[zone].second_price.kind, "days": record.days}
    return {**about, **measures, **tests, "gain": found.gain, "verdict": record.verdict, "reason": skill_note(info, zone)}


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _expectation(found: Spread) -> Expectation:
    return Expectation(found.values, found.record.days > 0 or bool(found.values.any()))


def _packed(found: Expectation) -> bytes:
    return pack({"hourly": found.hourly}, found.known)


def _unpacked(data: bytes) -> Expectation:
    arrays, known = unpack(data)
    return Expectation(arrays["hourly"], bool(known))


def _spread_of(info: InformationSet, zone: str) -> Spread:
    days = min(info.desk.forecast.training_days, WINDOW_DAYS + RECORD_DAYS + WARM_UP_DAYS)
    first = info.day.day - timedelta(days=days)
    second, ahead = (day_prices(info, zone, name, first, days, HOUR) for name in ("second_prices", "day_ahead_prices"))
    before = np.vstack([np.full((1, ahead.shape[1]), np.nan), ahead])
    return expected(second - ahead, np.stack([before, *_conditions(info, zone, days)]))


def _conditions(info: InformationSet, zone: str, days: int) -> list[FloatArray]:
    """Of the last `days` days and D, shape (days + 1, 24) each."""
    found = []
    if (moved := _run_change(info, zone, days)) is not None:
        found.append(moved)
    try:
        panel = zone_panel(info, zone)
    except ModelUnavailableError:
        return found
    columns = {name: _aligned(convert(values, 1440 // panel.slots, HOUR), days) for name, values in zip(panel.names, panel.exog, strict=True)}
    renewable = [columns[name] for name in RENEWABLE if name in columns]
    unavailable = [values for name, values in columns.items() if name.startswith("unavailable")]
    if renewable:
        found.append(sum(renewable[1:], renewable[0]))
    if "load_mw" in columns:
        residual = columns["load_mw"] - found[-1] if renewable else columns["load_mw"]
        found += [residual, residual**2]
    return [*found, sum(unavailable[1:], unavailable[0])] if unavailable else found


def _aligned(values: FloatArray, days: int) -> FloatArray:
    """The last `days` + 1 rows, unknown before the first."""
    rows = values[-days - 1 :]
    return np.vstack([np.full((days + 1 - len(rows), rows.shape[1]), np.nan), rows])


def _run_change(info: InformationSet, zone: str, days: int) -> FloatArray | None:
    """Wind [m/s] of the last run known at each day's decision less that of the last one known a day earlier, mean of the zone's places."""
    places = info.desk.zones[zone].weather_locations
    if not places:
        return None
    dates = [info.day.day - timedelta(days=lag) for lag in range(days, -1, -1)]
    starts = slot_starts_us(dates, info.day.time_zone, HOUR)
    cuts = np.array([info.at(d).decision_us for d in dates])[:, None] + np.zeros_like(starts)
    parts = [
        info.values("weather_forecast", "wind_speed_ms", starts, cut_us=cuts, location=place)
        - info.values("weather_forecast", "wind_speed_ms", starts, cut_us=cuts - RUN_BEFORE_US, location=place)
        for place in places
    ]
    return np.asarray(np.mean(parts, axis=0))
