"""Values that cannot be: held back at ingest, released or replaced by the operator's file.

What belongs here: the operator's lines, and what judgement and lines make of a raw table's rows. What does not: the
judgement (`plausibility`), reading the table (`collection`).

A held value is null in its raw row (no row at all where the column may not be null), and stands in `held_hours` with
the reason. An operator's line is a later vintage of both: known at the line's `known_at`, never before the row itself.
So decisions, range runs and poison tests treat a release like any other correction of the world.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any

import polars as pl

from energy_pipeline.contracts import Table
from energy_pipeline.contracts import table as contract_of
from energy_pipeline.desk import Desk
from energy_pipeline.desk.model import MeteredPlant, PvPlant, SharePlant, WindPlant
from energy_pipeline.domain.errors import SourceError
from energy_pipeline.information.expected import key_text
from energy_pipeline.information.known_at import market_time_zone
from energy_pipeline.ingestion.plausibility import Facts, Quantity, judge

Load = Callable[[str], pl.DataFrame]
HELD_HOURS = "held_hours"
_WEATHER: dict[str, Quantity] = {
    "wind_speed_ms": "wind",
    "temperature_c": "temperature",
    "ghi_w_m2": "ghi",
    "dni_w_m2": "light",
    "dhi_w_m2": "light",
    "wind_direction_deg": "direction",
    "pressure_hpa": "pressure",
    "snow_depth_cm": "snow",
    "wind_speed_2_ms": "wind",
    "wind_speed_3_ms": "wind",
}
JUDGED: dict[str, tuple[str, ...]] = {
    "day_ahead_prices": ("price_eur_mwh",),
    "second_prices": ("price_eur_mwh",),
    "load_actual": ("load_mw",),
    "load_forecast": ("load_mw",),
    "generation_actual": ("generation_mw",),
    "generation_forecast": ("generation_mw",),
    "weather_forecast": tuple(_WEATHER),
    "weather_observed": tuple(_WEATHER),
    "plant_meters": ("output_mw",),
}
"""Columns whose values are judged, by raw table."""
LINE_COLUMNS = ("raw_table", "series", "value_column", "from", "until", "known_at", "action", "value", "reason")
ACTIONS = ("release", "replace", "scale", "hold")


@dataclass(frozen=True)
class Line:
    """One line of the operator's file: what the values of a span are, and since when that is known.

    Attributes
    ----------
    first, until : datetime
        Interval starts from `first` on and before `until`, UTC.
    action : {"release", "replace", "scale", "hold"}
        As the source says; `value`; the source's times `value`; not to be used.
    """

    raw_table: str
    series: str
    value_column: str
    first: datetime
    until: datetime
    known_at: datetime
    action: str
    value: float | None
    reason: str

    def used(self, found: float) -> float | None:
        """What is used for the source's value; None: nothing."""
        if self.action == "scale" and self.value is not None:
            return found * self.value
        return {"release": found, "replace": self.value}.get(self.action)

    @property
    def status(self) -> str:
        """Status of the values it covers."""
        return {"release": "released", "hold": "held"}.get(self.action, "replaced")


def facts_of(desk: Desk, table: str, column: str, key: Mapping[str, str]) -> Facts | None:
    """What the desk knows about a series; None where it knows too little to judge."""
    if table == "plant_meters":
        plant = desk.plants.get(key["plant"])
        if plant is None or isinstance(plant, SharePlant):
            return Facts("output") if plant is not None else None
        return Facts("output", capacity_mw=plant_capacity_mw(plant))
    if table in ("generation_actual", "generation_forecast"):
        zone = desk.zones[key["zone"]]
        return Facts("zone_output", capacity_mw=zone.installed_wind_mw if key["technology"] == "wind" else zone.installed_solar_mw)
    if table in ("load_actual", "load_forecast"):
        return Facts("load")
    if table in ("day_ahead_prices", "second_prices"):
        market = desk.markets[desk.zones[key["zone"]].market]
        return Facts("price", price_limit=partial(market.price_limit, key.get("price_kind", "day_ahead")))
    place = desk.weather[key["location"]]
    heights = {name: height for height, name in place.wind_columns().items()}
    return Facts(_WEATHER[column], latitude_deg=place.latitude_deg, height_m=heights.get(column, place.wind_height_m))


def plant_capacity_mw(plant: PvPlant | WindPlant | MeteredPlant) -> float:
    """AC capacity [MW]."""
    return plant.inverter_mw if isinstance(plant, PvPlant) else plant.capacity_mw


def zone_of(desk: Desk, key: Mapping[str, str]) -> str | None:
    """Zone of a series, or of its plant; None for weather."""
    return desk.plants[key["plant"]].zone if "plant" in key else key.get("zone")


def held_back(desk: Desk, table: str, frame: pl.DataFrame, first: date, lines: list[Line]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows of a raw table with what cannot be held back, and the `held_hours` rows that say so.

    Parameters
    ----------
    table : str
        One of `JUDGED`.
    frame : DataFrame
        Its rows, those of `plausible_limits.REACH_DAYS` before `first` among them.
    first : date
        First delivery day wanted; rows of earlier days are used, not returned.
    lines : list of Line
        Of this table.

    Returns
    -------
    (DataFrame, DataFrame)
        In the columns of the table's contract, and of `held_hours`.
    """
    contract, held_contract = contract_of(table), contract_of(HELD_HOURS)
    names = [k for k in contract.key if k not in ("delivery_start", "issued_at")]
    rows = frame.with_row_index("_row")
    marks = [held_contract.frame().select("check", "detail").clear().with_columns(_row=pl.lit(None, pl.UInt32), value_column=pl.lit(None, pl.String))]
    for part in rows.partition_by(names, maintain_order=True) if rows.height else []:
        marks += _marks(desk, table, {n: str(part[n][0]) for n in names}, part, lines)
    found = pl.concat(marks, how="diagonal").unique(["_row", "value_column"], keep="first", maintain_order=True)
    wanted = rows.filter(pl.col("delivery_day") >= first)
    touched = wanted.join(found, on="_row", how="inner").sort("_row", maintain_order=True)
    same = wanted.join(found.select("_row").unique(), on="_row", how="anti").drop("_row")
    if touched.is_empty():
        return same, held_contract.frame()
    changed, told = [], []
    for row_marks in touched.partition_by("_row", maintain_order=True):
        vintages, entries = _vintages(contract, names, row_marks.to_dicts(), lines)
        zone = zone_of(desk, {n: str(row_marks[n][0]) for n in names})
        entries = [{**entry, "zone": zone} for entry in entries]
        changed += vintages
        told += entries
    return pl.concat([same, contract.frame(changed)]), held_contract.frame(told)


def _marks(desk: Desk, table: str, key: dict[str, str], part: pl.DataFrame, lines: list[Line]) -> Iterator[pl.DataFrame]:
    """The values of one series that a rule or a line speaks of."""
    zone, series = market_time_zone(desk, key), key_text(key)
    for column in JUDGED[table]:
        facts = facts_of(desk, table, column, key) if table not in desk.plausibility.not_judged else None
        if facts is not None:
            known_day = pl.col("known_at").dt.convert_time_zone(zone).dt.date()
            asked = part.select(pl.col("_row").alias("row"), pl.col("delivery_day").alias("day"), known_day.alias("known_day"), value=column)
            yield judge(asked, facts).rename({"row": "_row"}).with_columns(value_column=pl.lit(column))
        for line in lines:
            if line.series == series and line.value_column in ("", column):
                inside = part.filter(pl.col("delivery_start").is_between(line.first, line.until, closed="left"), pl.col(column).is_not_null())
                yield inside.select("_row", check=pl.lit("operator"), detail=pl.lit(line.reason), value_column=pl.lit(column))


def _vintages(contract: Table, names: list[str], marks: list[dict[str, Any]], lines: list[Line]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Vintages of one raw row, and of the `held_hours` rows of its marked columns."""
    row = {name: marks[0][name] for name in contract.schema}
    own, start = row["known_at"], row["delivery_start"]
    assert isinstance(own, datetime) and isinstance(start, datetime)  # noqa: S101, PT018 - as the contract says
    series = key_text({n: str(row[n]) for n in names})
    state, at, entries = dict(row), dict[datetime, dict[str, Any]](), []
    for moment, column, used, entry in sorted(_events(series, row, marks, lines), key=lambda e: (e[0], e[1])):
        state[column] = used
        at[moment] = {**state, "known_at": moment}
        base = {"delivery_day": row["delivery_day"], "raw_table": contract.name, "series": series, "value_column": column, "delivery_start": start}
        entries.append({**base, "resolution_minutes": row["resolution_minutes"], "known_at": moment, "source": row["source"], **entry})
    if own not in at:
        at[own] = row
    needed = [c.name for c in contract.columns if not c.nullable]
    return [v for _, v in sorted(at.items()) if all(v[n] is not None for n in needed)], entries


def _events(
    series: str, row: dict[str, Any], marks: list[dict[str, Any]], lines: list[Line]
) -> Iterator[tuple[datetime, str, float | None, dict[str, Any]]]:
    """(when, column, what is used from then on, the entry) of every mark; later lines win, and none is known before the row."""
    own, start = row["known_at"], row["delivery_start"]
    for mark in marks:
        column, found = str(mark["value_column"]), row[str(mark["value_column"])]
        entry = {"check": mark["check"], "found_value": found}
        by_moment: dict[datetime, tuple[float | None, dict[str, Any]]] = {}
        if mark["check"] != "operator":
            by_moment[own] = (None, {**entry, "used_value": None, "status": "held", "detail": mark["detail"]})
        for line in sorted(lines, key=lambda item: item.known_at):
            if line.series == series and line.value_column in ("", column) and line.first <= start < line.until:
                used = line.used(found)
                by_moment[max(line.known_at, own)] = (
                    used,
                    {**entry, "used_value": used, "status": line.status, "detail": line.reason},
                )
        for moment, (used, told) in by_moment.items():
            yield moment, column, used, told


def no_longer_said(existing: pl.DataFrame, fresh: pl.DataFrame) -> pl.DataFrame:
    """Fresh `held_hours` rows, and a `corrected` one for each value still held that the source no longer says."""
    contract = contract_of(HELD_HOURS)
    key = ["delivery_day", *contract.key]
    latest = existing.sort(*contract.sort_key, maintain_order=True).unique(key, keep="last", maintain_order=True)
    gone = latest.filter(pl.col("status") == "held").join(fresh.select(key), on=key, how="anti")
    text = pl.lit("the source no longer says it")
    return pl.concat([fresh, gone.with_columns(status=pl.lit("corrected"), detail=text, used_value=pl.lit(None, pl.Float64)).select(fresh.columns)])


def operator_lines(desk: Desk, load: Load) -> list[Line]:
    """The lines of the desk's operator file; none without one.

    Raises
    ------
    SourceError
        Everything that is wrong with the file, by line.
    """
    path = desk.plausibility.operator_file
    if path is None:
        return []
    raw = load(path)
    absent = [c for c in LINE_COLUMNS if c not in raw.columns]
    if absent:
        raise SourceError(f"{path}: no column {', '.join(absent)} -> an operator's file has the columns {', '.join(LINE_COLUMNS)}")
    lines, problems = [], []
    for number, row in enumerate(raw.select(LINE_COLUMNS).iter_rows(named=True), 2):
        wrong, line = _line(row)
        problems += [f"  - line {number}: {text}" for text in wrong]
        lines += [] if line is None else [line]
    if problems:
        raise SourceError(f"{path}: {len(problems)} problem(s) with the operator's lines\n" + "\n".join(problems))
    return lines


def _line(row: Mapping[str, object]) -> tuple[list[str], Line | None]:
    wrong: list[str] = []
    text = {name: "" if row[name] is None else str(row[name]).strip() for name in LINE_COLUMNS}
    moments = {name: _instant(row[name], name, wrong) for name in ("from", "until", "known_at")}
    if text["raw_table"] not in JUDGED:
        wrong.append(f"raw_table {text['raw_table']!r}: one of {', '.join(JUDGED)}")
    elif text["value_column"] not in ("", *JUDGED[text["raw_table"]]):
        wrong.append(f"value_column {text['value_column']!r}: empty, or one of {', '.join(JUDGED[text['raw_table']])}")
    if text["action"] not in ACTIONS:
        wrong.append(f"action {text['action']!r}: one of {', '.join(ACTIONS)}")
    if not text["reason"]:
        wrong.append("no reason: say why")
    value = _number(text["value"], wrong)
    if (text["action"] in ("replace", "scale")) != (value is not None):
        wrong.append("replace and scale need a value, release and hold have none")
    first, until, known_at = moments["from"], moments["until"], moments["known_at"]
    if first is not None and until is not None and first >= until:
        wrong.append(f"until {until} is not after from {first}")
    if wrong or first is None or until is None or known_at is None:
        return wrong, None
    names = (text["raw_table"], text["series"], text["value_column"])
    return [], Line(*names, first, until, known_at, text["action"], value, text["reason"])


def _instant(found: object, name: str, wrong: list[str]) -> datetime | None:
    moment = found
    if isinstance(found, str):
        try:
            moment = datetime.fromisoformat(found.strip())
        except ValueError:
            moment = None
    if isinstance(moment, datetime) and moment.tzinfo is not None:
        return moment
    wrong.append(f"{name} {found!r}: an instant with its zone, such as 2024-04-09T08:00Z or 2024-04-09T10:00+02:00")
    return None


def _number(text: str, wrong: list[str]) -> float | None:
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not math.isfinite(value):
        wrong.append(f"value {text!r} is no number")
        return None
    return value
