"""The data files of an allocation file as scenarios: one row a day or a week, one column a contract.

What belongs here: reading products and exchanges, rates of exchange, changes from row to row. What does not: the keys
(`desk.allocation`), solving (`allocation_file`).

Every file is read before anything is refused, and all that is wrong is told together. A day of an exchange that has not every hour (23 or
25 on a change of the clock, or a hole) is left out and counted; the change to the day after it is then from the last whole day.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from energy_pipeline.desk.allocation import AllocationFile, ExchangeFile, PriceColumns, RateFile
from energy_pipeline.desk.layout import FileLayout
from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.domain.errors import SourceError
from energy_pipeline.reading.clocks import instants
from energy_pipeline.reading.numbers import checked_numbers
from energy_pipeline.reading.opening import text_frame

RATE_AGE_DAYS = 7
LEAST_ROWS = 20
HOURS = 24


@dataclass(frozen=True)
class Inputs:
    """Prices and scenarios of a file.

    Attributes
    ----------
    names : tuple of str
        Contracts, in the file's order.
    rows : tuple of str
        What each scenario is called: its day, or its number.
    prices : array, shape (T, n)
        In the file's money.
    scenarios : array, shape (S, n)
        Won per unit; S = T for values and T - 1 for changes.
    notes : tuple of str
        What was left out or stood in, in words.
    """

    names: tuple[str, ...]
    rows: tuple[str, ...]
    prices: FloatArray
    scenarios: FloatArray
    notes: tuple[str, ...]


def read_inputs(asked: AllocationFile, folder: Path) -> Inputs:
    """Scenarios of an allocation file, whose data files lie in `folder`.

    Raises
    ------
    SourceError
        Listing everything wrong in any of the files.
    """
    problems: list[str] = []
    notes: list[str] = []
    parts = [_products(one, folder, problems, notes) for one in asked.prices]
    parts += [_exchange(name, one, folder, problems, notes) for name, one in asked.exchanges.items()]
    if not problems:
        problems += _apart(parts)
    if problems:
        raise SourceError("\n".join(problems))
    frame = _joined(parts)
    if frame.schema["row"] == pl.Date:
        frame = frame.filter(pl.col("row") >= (asked.first or date.min), pl.col("row") <= (asked.last or date.max))
    if frame.height < LEAST_ROWS:
        raise SourceError(f"{frame.height} row(s) that all files share, at least {LEAST_ROWS} are needed -> give a longer span")
    names = tuple(frame.columns[1:]) + tuple(asked.fixed)
    prices = np.column_stack([frame.drop("row").to_numpy(), np.tile(list(asked.fixed.values()), (frame.height, 1))])
    prices = prices - np.array([asked.cost.get(n, 0.0) for n in names])
    scenarios, problem = _scenarios(prices, asked.variable, names)
    if problem:
        raise SourceError(problem)
    sign = asked.scale * (1.0 if asked.side == "long" else -1.0)
    rows = frame["row"].cast(pl.String).to_list()
    return Inputs(names, tuple(rows[len(rows) - len(scenarios) :]), prices, scenarios * sign, tuple(notes))


def _scenarios(prices: FloatArray, variable: str, names: tuple[str, ...]) -> tuple[FloatArray, str | None]:
    if variable == "value":
        return prices, None
    changes = np.diff(prices, axis=0)
    if variable == "change":
        return changes, None
    low = (prices <= 0).sum(axis=0)
    if low.any():
        told = ", ".join(f"{n}: {int(k)}" for n, k in zip(names, low, strict=True) if k)
        return changes, f"relative changes of prices at or below zero mean nothing ({told} row(s)) -> take variable: change"
    return changes / prices[:-1], None


def _apart(parts: list[pl.DataFrame]) -> list[str]:
    """Files whose rows are numbers can only stand beside files of as many."""
    kinds = {p.schema["row"] for p in parts}
    if len(kinds) > 1:
        return ["some files have a row's day and others only its number -> name the `date` column of each"]
    if kinds == {pl.Int64} and len({p.height for p in parts}) > 1:
        return [f"the files have {', '.join(str(p.height) for p in parts)} rows -> name the `date` column of each, so that rows can be matched"]
    return []


def _joined(parts: list[pl.DataFrame]) -> pl.DataFrame:
    frame = parts[0]
    for more in parts[1:]:
        frame = frame.join(more, on="row", how="inner", maintain_order="left")
    return frame.sort("row")


def _opened(path: Path, layout: FileLayout, needed: list[str], problems: list[str]) -> pl.DataFrame | None:
    """The file with the columns asked for; None where it cannot be used."""
    if not path.is_file():
        problems.append(f"{path}: no such file -> give the folder of the data files by --data")
        return None
    try:
        frame = pl.read_parquet(path) if path.suffix == ".parquet" else text_frame(path.read_bytes(), layout, path.name)
    except (SourceError, pl.exceptions.ComputeError) as error:
        problems.append(str(error) if isinstance(error, SourceError) else f"{path.name}: is no Parquet file ({str(error).splitlines()[0]})")
        return None
    missing = [c for c in needed if c not in frame.columns]
    if missing:
        problems.append(f"{path.name}: column(s) {', '.join(missing)} are missing; found {', '.join(frame.columns)}")
        return None
    if not frame.height:
        problems.append(f"{path.name}: has no rows")
        return None
    return frame


def _numbers(frame: pl.DataFrame, columns: Mapping[str, str], path: Path, layout: FileLayout, problems: list[str]) -> pl.DataFrame:
    """Columns as numbers by their new names; empty cells are told."""
    found: dict[str, pl.Series] = {}
    for name, column in columns.items():
        values, told = checked_numbers(frame[column], path.name, layout)
        holes = values.is_null().arg_true()
        if not told and holes.len():
            told = [f"{path.name}: column {column!r} is empty in {holes.len()} row(s), first in row {holes[0] + 1} -> fill or leave out these rows"]
        problems += told
        found[name] = values
    return pl.DataFrame(found)


def _days(values: pl.Series, path: Path, problems: list[str]) -> pl.Series:
    days = values if values.dtype == pl.Date else values.cast(pl.String).str.strip_chars().str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False)
    bad = days.is_null().arg_true()
    if bad.len():
        problems.append(f"{path.name} row {bad[0] + 1}, column {values.name!r}: {values[bad[0]]!r} is no day as 2024-01-31 ({bad.len()} row(s))")
    elif days.is_duplicated().any():
        problems.append(f"{path.name}: column {values.name!r} has {days.filter(days.is_duplicated())[0]} more than once")
    return days


def _products(asked: PriceColumns, folder: Path, problems: list[str], notes: list[str]) -> pl.DataFrame:
    path = folder / asked.file
    nothing = pl.DataFrame({"row": pl.Series([], dtype=pl.Int64)})
    frame = _opened(path, asked, [*asked.columns.values(), *([asked.date] if asked.date else [])], problems)
    if frame is None:
        return nothing
    before = len(problems)
    found = _numbers(frame, asked.columns, path, asked, problems)
    rows = pl.int_range(1, frame.height + 1, eager=True) if asked.date is None else _days(frame[asked.date], path, problems)
    if len(problems) > before:
        return nothing
    found = found.insert_column(0, rows.alias("row")).sort("row")
    return found if asked.fx is None else _exchanged(found, asked.fx, folder, problems, notes)


def _exchange(name: str, asked: ExchangeFile, folder: Path, problems: list[str], notes: list[str]) -> pl.DataFrame:
    """Days with every hour, shape (days, 1 + 24)."""
    path = folder / asked.file
    nothing = pl.DataFrame({"row": pl.Series([], dtype=pl.Date)})
    beside = [c for c in (asked.time.hour_column, asked.time.interval_column, asked.time.repeated_column) if c]
    frame = _opened(path, asked, [asked.time.column, asked.price, *beside, *asked.where], problems)
    if frame is None:
        return nothing
    frame = frame.filter([pl.col(c).cast(pl.String) == v for c, v in asked.where.items()] or [pl.lit(value=True)])
    numbered = pl.int_range(1, frame.height + 1, eager=True)
    try:
        found = instants(frame[asked.time.column], numbered, asked.time, 60, path.name, {c: frame[c] for c in beside})
        values, told = checked_numbers(frame[asked.price], path.name, asked)
    except SourceError as error:
        problems.append(str(error))
        return nothing
    wrong = found["problem"].drop_nulls()
    if wrong.len() > frame.height // 100:
        told.append(f"{path.name}: {wrong.len()} of {frame.height} times cannot be read, such as: {wrong[0]}")
    problems += told
    if told or not frame.height:
        problems += [] if told else [f"{path.name}: no row has {asked.where}"]
        return nothing
    rows = pl.DataFrame({"start": found["start"].dt.convert_time_zone(asked.time_zone), "price": values}).drop_nulls().unique(maintain_order=True)
    twice = rows.filter(pl.col("start").is_duplicated())
    if twice.height:
        start = twice["start"][0].strftime("%Y-%m-%d %H:%M %Z")
        problems.append(f"{path.name}: {start} has several prices ({twice.height} such row(s)) -> pick one series by `where`, or mend the file")
        return nothing
    hours = rows.group_by(row=pl.col("start").dt.date(), hour=pl.col("start").dt.hour(), maintain_order=True).agg(
        pl.col("price").mean(), parts=pl.len()
    )
    # Quarter-hours count with their mean where every hour has as many.
    whole = pl.len().over("row") == HOURS, pl.col("parts").n_unique().over("row") == 1
    kept = hours.filter(*whole, (pl.col("row").dt.weekday() <= 5) | (not asked.weekdays))
    days = kept.pivot(on="hour", index="row", values="price").sort("row")
    dropped = hours["row"].n_unique() - hours.filter(*whole)["row"].n_unique()
    if dropped:
        notes.append(f"{name}: {dropped} day(s) without each of the 24 hours once are left out (changes of the clock, holes, hours that stand twice)")
    if not days.height:
        problems.append(f"{path.name}: no day has each of its 24 hours once in {asked.time_zone} -> see time and time_zone")
        return nothing
    days = days.select("row", *(pl.col(str(h)).alias(f"{name} {h:02d}") for h in range(HOURS)))
    return days if asked.fx is None else _exchanged(days, asked.fx, folder, problems, notes)


def _exchanged(frame: pl.DataFrame, asked: RateFile, folder: Path, problems: list[str], notes: list[str]) -> pl.DataFrame:
    """Prices over the day's rate; a day without one takes the last before it."""
    path = folder / asked.file
    opened = _opened(path, asked, [asked.date, asked.rate], problems)
    if opened is None:
        return frame
    before = len(problems)
    rates = _numbers(opened, {"rate": asked.rate}, path, asked, problems).with_columns(row=_days(opened[asked.date], path, problems))
    if len(problems) > before:
        return frame
    bad = rates.filter(pl.col("rate") <= 0)
    if bad.height:
        problems.append(f"{path.name}: the rate of {bad['row'][0]} is {bad['rate'][0]:g}; rates lie above zero")
        return frame
    rates = rates.sort("row").with_columns(of=pl.col("row"))
    joined = frame.join_asof(rates, on="row", strategy="backward", tolerance=timedelta(days=RATE_AGE_DAYS))
    missing: list[date] = joined.filter(pl.col("rate").is_null())["row"].to_list()
    if missing:
        problems.append(
            f"{path.name}: no rate for {len(missing)} day(s), first {missing[0]}, nor in the {RATE_AGE_DAYS} days before -> add these days' rates"
        )
        return frame
    older = joined.filter(pl.col("of") != pl.col("row")).height
    if older:
        notes.append(f"{path.name}: {older} day(s) without a rate of their own take the last one before")
    return joined.select("row", *(pl.col(c) / pl.col("rate") for c in frame.columns if c != "row"))
