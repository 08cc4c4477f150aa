"""The dimensions of a warehouse file: what its keys stand for, from the desk file and the marts.

What belongs here: filling `contracts.dimensions`. What does not: marts (`marts`), or `dim_run`, which is SQL.

They are no models of days. All but the calendar are written anew by each publish, as the desk file is now; a key that
only older marts hold stays, with `is_current` false. The calendar grows by the days the marts have, and is made anew where
zones, time zones, units or holidays changed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any

import duckdb
import polars as pl

from energy_pipeline.contracts.dimensions import ASSET, CALENDAR, CONTRACT, DIMENSIONS, PLANT, STRATEGY, ZONE
from energy_pipeline.contracts.marts import Mart
from energy_pipeline.contracts.model import POLARS_DTYPES
from energy_pipeline.contracts.sql import DUCKDB_TYPES, column_comment, comments, in_currency, quoted
from energy_pipeline.desk import Desk
from energy_pipeline.desk.plants import PvPlant, SharePlant
from energy_pipeline.domain.blocks import PEAK_END_HOUR, PEAK_FIRST_HOUR
from energy_pipeline.domain.delivery import days_between
from energy_pipeline.domain.public_holidays import is_holiday
from energy_pipeline.warehouse.marts import note_keys

LAYOUT = 1
STEP_MINUTES = 15
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
SEEN: dict[str, tuple[tuple[str, str, str], ...]] = {
    ZONE.name: (("prices_daily", "zone", ""), ("pnl_daily", "zone", "")),
    PLANT.name: (("plant_output_daily", "plant", "zone, technology"),),
    ASSET.name: (("dispatch_daily", "asset", "zone"), ("asset_legs", "asset", "zone"), ("dispatch_settled", "asset", "zone")),
    CONTRACT.name: (("hedge_proposals", "contract", ""),),
    STRATEGY.name: (("backtest_metrics", "strategy", ""), ("signals", "strategy", "zone"), ("strategy_states", "strategy", "zone")),
}
"""Where facts hold the key of a dimension: mart, column, and attributes that stand beside it."""
META = """
CREATE TABLE IF NOT EXISTS meta.dimensions (made_from VARCHAR NOT NULL, first_day DATE NOT NULL, last_day DATE NOT NULL);
COMMENT ON TABLE meta.dimensions IS 'Hash of the desk file''s part that the dimensions were made from, and the span of the calendar.';
"""

State = tuple[str, date, date]
"""As `meta.dimensions`."""


@dataclass(frozen=True)
class Dimensions:
    """The dimensions of a desk."""

    desk: Desk

    def state(self, days: Iterable[date]) -> State | None:
        """What a file with these days is to hold; None without a day."""
        known = sorted(days)
        return (self._hash, known[0], known[-1] + timedelta(days=self.desk.forecast.horizon_days)) if known else None

    @cached_property
    def _hash(self) -> str:
        """Of all that a desk file says for dimensions."""
        zones = {name: [str(u) for u in zone.market_time_unit] for name, zone in self.desk.zones.items()}
        held = [LAYOUT, self.desk.time_zone, zones, *(frame.write_json() for frame in self.frames.values()), *map(str, DIMENSIONS.values())]
        return hashlib.sha256(json.dumps(held).encode()).hexdigest()

    @cached_property
    def frames(self) -> dict[str, pl.DataFrame]:
        """All dimensions but the calendar, as the desk file is now."""
        desk = self.desk
        rows: dict[Mart, list[dict[str, Any]]] = {
            ZONE: [self._zone(name) for name in desk.zones],
            PLANT: [self._plant(name) for name in desk.plants],
            ASSET: [
                *({"asset": n, "asset_kind": a.kind, "is_current": True, **a.model_dump(include=set(_names(ASSET)))} for n, a in desk.assets.items()),
                *({"asset": n, "asset_kind": r.kind, "is_current": True, **r.model_dump(include=set(_names(ASSET)))} for n, r in desk.rights.items()),
            ],
            CONTRACT: self._contracts(),
            STRATEGY: [
                {"strategy": n, "zone": s.zone, "strategy_kind": s.kind, "max_mw": getattr(s, "max_mw", None), "is_current": True}
                for n, s in desk.strategies.items()
            ],
        }
        return {dim.name: pl.DataFrame(found, schema=_schema(dim)).sort(dim.key[0]) for dim, found in rows.items()}

    def _zone(self, name: str) -> dict[str, Any]:
        zone = self.desk.zones[name]
        market = self.desk.markets[zone.market]
        return {
            **zone.model_dump(include={"market", "installed_wind_mw", "installed_solar_mw"}),
            "zone": name,
            "time_zone": market.time_zone,
            "currency": self.desk.currency,
            "market_time_unit_minutes": zone.market_time_unit[-1].minutes,
            "second_price_kind": zone.second_price.kind,
            "imbalance_fee_eur_mwh": zone.second_price.imbalance_fee_eur_mwh,
            "gate": f"D-{market.gate.days_before} {market.gate.at:%H:%M}",
            "holidays": ", ".join(zone.holidays),
            "is_current": True,
        }

    def _plant(self, name: str) -> dict[str, Any]:
        plant = self.desk.plants[name]
        place = self.desk.weather.get(getattr(plant, "location", ""))
        pv = isinstance(plant, PvPlant)
        return {
            "plant": name,
            "zone": plant.zone,
            "technology": "solar" if pv else getattr(plant, "technology", "wind"),
            "plant_kind": plant.kind,
            "capacity_mw": plant.inverter_mw if isinstance(plant, PvPlant) else None if isinstance(plant, SharePlant) else plant.capacity_mw,
            "latitude_deg": place.latitude_deg if place else None,
            "longitude_deg": place.longitude_deg if place else None,
            "is_current": True,
        }

    def _contracts(self) -> list[dict[str, Any]]:
        traded = {(c.zone, c.block): c.max_trade_mw for c in self.desk.contracts}
        held: dict[tuple[str, str], float | None] = {(o.zone, o.block): None for o in self.desk.opening_book}
        return [
            {"contract": f"{zone} {block}", "zone": zone, "block": block, "max_trade_mw": most, "is_current": True}
            for (zone, block), most in sorted((held | traded).items())
        ]

    # -- the calendar ------------------------------------------------------------

    def calendar(self, first: date, last: date) -> pl.DataFrame:
        """The calendar's rows of a span of delivery days."""
        zones = [self._zone_calendar(name, first, last) for name in sorted(self.desk.zones)]
        return pl.concat(zones) if zones else pl.DataFrame(schema=_schema(CALENDAR))

    def _zone_calendar(self, name: str, first: date, last: date) -> pl.DataFrame:
        zone, desk = self.desk.zones[name], self.desk
        starts = pl.datetime_range(
            desk.delivery_day(first).start,
            desk.delivery_day(last).end,
            f"{STEP_MINUTES}m",
            closed="left",
            time_unit="us",
            time_zone="UTC",
            eager=True,
        )
        day = pl.col("on_desk").dt.date()
        hour, weekday = pl.col("on_desk").dt.hour(), day.dt.weekday()
        local = pl.col("delivery_start").dt.convert_time_zone(desk.markets[zone.market].time_zone).dt.replace_time_zone(None)
        units = sorted((u.first_day, u.minutes) for u in zone.market_time_unit)
        unit = pl.lit(units[0][1], pl.Int64)
        for begins, minutes in units[1:]:
            unit = pl.when(day >= begins).then(pl.lit(minutes, pl.Int64)).otherwise(unit)
        free = [d for d in days_between(first, last) if is_holiday(zone.holidays, d)]
        frame = pl.DataFrame({"delivery_start": starts}).with_columns(
            on_desk=pl.col("delivery_start").dt.convert_time_zone(desk.time_zone).dt.replace_time_zone(None), local_start=local
        )
        frame = frame.with_columns(delivery_day=day, market_time_unit_minutes=unit, weekday=weekday.cast(pl.Int64))
        elapsed = pl.int_range(pl.len(), dtype=pl.Int64).over("delivery_day") * STEP_MINUTES
        named = pl.col("weekday").replace_strict(dict(enumerate(WEEKDAYS, 1)), return_dtype=pl.String)
        return frame.select(
            zone=pl.lit(name),
            delivery_start="delivery_start",
            delivery_day="delivery_day",
            delivery_month=pl.col("delivery_day").dt.truncate("1mo"),
            local_start="local_start",
            local_day=pl.col("local_start").dt.date(),
            local_hour=pl.col("local_start").dt.hour().cast(pl.Int64),
            is_repeated=pl.int_range(pl.len()).over("local_start") > 0,
            utc_hour=pl.col("delivery_start").dt.hour().cast(pl.Int64),
            weekday="weekday",
            weekday_name=named,
            is_weekend=pl.col("weekday") > 5,
            is_holiday=pl.col("delivery_day").is_in(free),
            is_peak=(weekday <= 5) & (hour >= PEAK_FIRST_HOUR) & (hour < PEAK_END_HOUR),
            interval_number=elapsed // pl.col("market_time_unit_minutes") + 1,
            market_time_unit_minutes="market_time_unit_minutes",
        )

    # -- the file in use ---------------------------------------------------------

    def write(self, connection: duckdb.DuckDBPyConnection, wanted: State) -> None:
        """Bring the dimensions of the file in use to the state wanted; the marts are finished."""
        connection.execute(f"BEGIN TRANSACTION; {META}")
        found = connection.execute("SELECT made_from, first_day, last_day FROM meta.dimensions").fetchone()
        for name, frame in self.frames.items():
            self._create(connection, DIMENSIONS[name])
            _insert(connection, name, frame)
            _insert_seen(connection, DIMENSIONS[name])
        self._write_calendar(connection, found, wanted)
        connection.execute("DELETE FROM meta.dimensions")
        connection.execute("INSERT INTO meta.dimensions VALUES (?, ?, ?)", list(wanted))
        connection.execute("COMMIT")

    def _write_calendar(self, connection: duckdb.DuckDBPyConnection, found: State | None, wanted: State) -> None:
        made_from, first, last = wanted
        if found is None or found[0] != made_from or not (found[1] <= first <= found[2] <= last):
            self._create(connection, CALENDAR)
            _insert(connection, CALENDAR.name, self.calendar(first, last))
            return
        if first > found[1]:
            connection.execute(f"DELETE FROM marts.{CALENDAR.name} WHERE delivery_day < ?", [first])  # noqa: S608 - our own name
        if last > found[2]:
            _insert(connection, CALENDAR.name, self.calendar(found[2] + timedelta(days=1), last))

    def _create(self, connection: duckdb.DuckDBPyConnection, dim: Mart) -> None:
        told = ", ".join(f"{quoted(c.name)} {DUCKDB_TYPES[c.dtype]}{'' if c.nullable else ' NOT NULL'}" for c in dim.columns)
        connection.execute(f"CREATE OR REPLACE TABLE marts.{dim.name} ({told}, PRIMARY KEY ({', '.join(dim.key)}))")
        texts = {c.name: in_currency(column_comment(c), self.desk.currency) for c in dim.columns}
        connection.execute(";\n".join(comments(f"marts.{dim.name}", dimension_comment(dim), texts)))
        note_keys(connection, {dim.name: dim.key})


def dimension_comment(dim: Mart) -> str:
    """Description, grain and key of a dimension."""
    return f"{dim.description} One row per {' and '.join(dim.key)} (the primary key)."


def _names(dim: Mart) -> list[str]:
    return [column.name for column in dim.columns]


def _schema(dim: Mart) -> dict[str, pl.DataType]:
    return {column.name: POLARS_DTYPES[column.dtype] for column in dim.columns}


def _insert(connection: duckdb.DuckDBPyConnection, name: str, frame: pl.DataFrame) -> None:
    connection.register("fresh_dimension", frame.to_arrow())
    connection.execute(f"INSERT INTO marts.{name} SELECT * FROM fresh_dimension")  # noqa: S608 - our own name
    connection.unregister("fresh_dimension")


def _insert_seen(connection: duckdb.DuckDBPyConnection, dim: Mart) -> None:
    """Keys that marts hold and the desk file no longer names, with what the marts know of them."""
    here = {str(row[0]) for row in connection.execute("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'marts'").fetchall()}
    key = dim.key[0]
    for mart, column, beside in SEEN[dim.name]:
        if mart not in here:
            continue
        known = [name.strip() for name in beside.split(",") if name]
        columns = "".join(f", any_value({name} ORDER BY {name}) AS {name}" for name in known)
        listed = ", ".join([key, *known, "is_current"])
        connection.execute(
            f"INSERT INTO marts.{dim.name} ({listed}) SELECT {column}{columns}, false FROM marts.{mart} "  # noqa: S608 - our own names
            f"WHERE {column} IS NOT NULL AND {column} NOT IN (SELECT {key} FROM marts.{dim.name}) GROUP BY {column} ORDER BY {column}"
        )
