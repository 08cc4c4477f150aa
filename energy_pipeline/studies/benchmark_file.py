"""The open benchmark's file format: reading a market, writing forecasts.

What belongs here: the columns, the checks, frames in and out. What does not: the walk
(`walk`), the command (`cli`), how times and numbers are written (`reading`).

A market file has `timestamp` (naive market-local start of the interval, an equal number a day),
`price` [EUR/MWh] and any columns `exog_1`, `exog_2`, ... known at the gate of their day. A
forecast file has `timestamp`, `forecast`, `q0.01` .. `q0.99`, one column per member, and
`fallback`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from energy_pipeline.desk.layout import FileLayout, TimeLabel
from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.domain.errors import SourceError
from energy_pipeline.forecasting.panel import Panel
from energy_pipeline.forecasting.walk import LEVELS, WalkDay
from energy_pipeline.reading.clocks import refused
from energy_pipeline.reading.numbers import checked_numbers
from energy_pipeline.reading.opening import text_frame
from energy_pipeline.reading.stamps import parsed

DAMAGED_BELOW = 0.5
"""A file with a smaller share of complete days is refused."""
FEW_DAYS = 8
"""Fewer days say nothing about a file."""

POINTS = FileLayout(decimal=".")
"""The format has decimal points."""


def market_panel(frame: pl.DataFrame, name: str) -> Panel:
    """The market as a panel whose origin is the day after the file's last.

    Missing prices and exogenous values become NaN; missing rows are errors.

    Raises
    ------
    SourceError
        Naming the file and every problem: columns, duplicates, gaps, incomplete days.
    """
    columns = sorted((c for c in frame.columns if c.startswith("exog_")), key=lambda c: (len(c), c))
    missing = [c for c in ("timestamp", "price") if c not in frame.columns]
    if missing:
        raise SourceError(f"{name}: no column {', '.join(missing)}; found {', '.join(frame.columns)} -> rename the file's columns")
    problems, values_of = [], {}
    for column in ("price", *columns):
        values_of[column], told = checked_numbers(frame[column], name, POINTS)
        problems += told
    rows = pl.DataFrame({"timestamp": local_stamps(frame["timestamp"], name), **values_of}).sort("timestamp")
    problems += _damage(rows) or _problems(rows)
    if problems:
        raise SourceError(f"{name}: {len(problems)} problem(s)\n" + "\n".join(f"  - {p}" for p in problems))
    days = rows["timestamp"].dt.date()
    count = days.n_unique()
    slots = rows.height // count

    def values(column: str) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        found = rows[column].fill_null(float("nan")).to_numpy().reshape(count, slots).copy()
        found[~np.isfinite(found)] = np.nan
        return found

    first: date = days[0]
    exog = np.stack([values(c) for c in columns]) if columns else np.empty((0, count, slots))
    # The day after the file has no exogenous forecast: it only closes the panel.
    closed = np.concatenate([exog, np.full((len(columns), 1, slots), np.nan)], axis=1)
    return Panel(first, values("price"), closed)


def local_stamps(stamps: pl.Series, name: str) -> pl.Series:
    """Naive stamps of the market's clock, as the format has them.

    Raises
    ------
    SourceError
        Where they carry a zone: a day of UTC ends with hours of the auction that is to be forecast.
    """
    dtype = stamps.dtype
    zone = dtype.time_zone if isinstance(dtype, pl.Datetime) else None
    label = TimeLabel(column=stamps.name)
    if zone is None and dtype == pl.String:
        said = parsed(stamps, label, name)
        if said["absolute"].is_not_null().any():
            zone = "that is written in it"
        wrong = said["wall"].is_null()
        if wrong.any():
            raise SourceError(f"{name}: column {stamps.name!r}: {refused(stamps, pl.Series(range(1, stamps.len() + 1)), wrong, 'as a time')}")
        stamps = said["wall"].alias(stamps.name)
    elif zone is None and not dtype.is_temporal():
        raise SourceError(f"{name}: column {stamps.name!r} is {dtype}, no time -> write naive local time of the market")
    if zone is not None:
        raise SourceError(
            f"{name}: column {stamps.name!r} carries the zone {zone}; the format has naive local time of the market -> convert it: in polars "
            f"pl.col({stamps.name!r}).dt.convert_time_zone('Europe/Berlin').dt.replace_time_zone(None), with the market's own zone"
        )
    return stamps.cast(pl.Datetime("us"))


def read_market_file(path: Path) -> pl.DataFrame:
    """A market or forecast file: Parquet, or CSV as any other file of a user."""
    if path.suffix.lower() == ".parquet":
        return pl.read_parquet(path)
    return text_frame(path.read_bytes(), POINTS, path.name)


def read_forecast_file(path: Path) -> pl.DataFrame:
    """A file of forecasts beside a market: `timestamp` as the market has it, every other column but `fallback` as numbers.

    Raises
    ------
    SourceError
        Naming every column and value that is none.
    """
    frame = read_market_file(path)
    if "timestamp" not in frame.columns:
        raise SourceError(f"{path.name}: no column timestamp; found {', '.join(frame.columns)} -> rename the file's columns")
    problems, found = [], {"timestamp": local_stamps(frame["timestamp"], path.name)}
    for column in (c for c in frame.columns if c != "timestamp"):
        found[column] = frame[column]
        if column != "fallback":
            found[column], told = checked_numbers(frame[column], path.name, POINTS)
            problems += told
    if problems:
        raise SourceError("\n".join(problems))
    return pl.DataFrame(found)


def _damage(rows: pl.DataFrame) -> list[str]:
    """What is said of a file most days of which lack prices: no gap to fill, a copy to replace; empty for any other.

    A day's grid is the coarsest that holds its known stamps, so that a file that dropped rows and one that emptied them are told
    alike, and hours before a change to quarters are whole. Days before the first and after the last known price are not counted.
    """
    known = rows.filter(pl.col("price").is_finite()).unique("timestamp", maintain_order=True)
    if known.height == 0:
        return []
    minute = pl.col("timestamp").dt.minute()
    unit = pl.when((minute % 60 == 0).all()).then(60).when((minute % 30 == 0).all()).then(30).otherwise(15)
    own = known.group_by(pl.col("timestamp").dt.date().alias("day"), maintain_order=True).agg(unit=unit, count=pl.len())
    span = pl.DataFrame({"day": pl.date_range(known["timestamp"][0].date(), known["timestamp"][-1].date(), eager=True)})
    days = span.join(own.select("day", share=pl.col("count") * pl.col("unit") / 1440), on="day", how="left").fill_null(0.0)
    complete = int((days["share"] >= 1).sum())
    if days.height < FEW_DAYS or complete >= DAMAGED_BELOW * days.height:
        return []
    lowest, middle, highest = (float(days["share"].quantile(q) or 0.0) for q in (0.0, 0.5, 1.0))
    months = days.group_by(pl.col("day").dt.strftime("%Y-%m").alias("month"), maintain_order=True).agg(pl.col("share").mean()).sort("share", "month")
    worst, best = (f"{month} {share:.0%}" for month, share in (months.row(0), months.row(-1)))
    return [
        (
            f"prices are complete on {complete} of {days.height} days; share of prices known per day: lowest {lowest:.0%}, middle {middle:.0%}, "
            f"highest {highest:.0%}; worst month {worst}, best {best} -> the grid is damaged (prices dropped for being equal to others do "
            "this): take another copy; nothing can be filled from so little, so it is not walked"
        )
    ]


def _problems(rows: pl.DataFrame) -> list[str]:
    problems = []
    stamps = rows["timestamp"]
    if rows.height == 0:
        return ["it has no rows -> check how it was made"]
    twice = rows.filter(stamps.is_duplicated())
    if twice.height:
        problems.append(f"{twice.height} rows share a timestamp, the first {twice['timestamp'][0]} -> average the repeated autumn hour")
    a_day = rows.group_by(pl.col("timestamp").dt.date().alias("day")).len().sort("day")
    usual = int(a_day["len"].mode().sort()[0])
    odd = a_day.filter(pl.col("len") != usual)
    if odd.height:
        changed = int(odd["len"].is_in([24, 48, 96]).sum()) > DAMAGED_BELOW * odd.height
        repair = "the market's unit changed: repeat an hour's price in its parts" if changed else "fill or drop hours of clock changes"
        problems.append(f"{odd.height} days do not have {usual} rows, the first {odd['day'][0]} with {odd['len'][0]} -> {repair}")
    span = (a_day["day"][-1] - a_day["day"][0]).days + 1
    if span != a_day.height:
        problems.append(
            f"{span - a_day.height} days are missing between {a_day['day'][0]} and {a_day['day'][-1]} -> add their rows, values may be null"
        )
    if usual not in (24, 48, 96):
        problems.append(f"{usual} rows a day; 24, 48 or 96 are known")
    return problems


def forecast_frame(days: Sequence[WalkDay]) -> pl.DataFrame:
    """Forecasts in the benchmark's format, one row per interval.

    `forecast` is the median of the published distribution, for the benchmark's loss is the absolute error; `mean` is its mean, and
    `ensemble` the point that both are made around. Without a distribution all three are that point.
    """
    names = list(dict.fromkeys(m for d in days for m in d.point.members))
    return pl.concat([_day_frame(d, names) for d in days]) if days else pl.DataFrame()


def _day_frame(found: WalkDay, names: Sequence[str]) -> pl.DataFrame:
    day, slots = found.point, found.point.values.size
    start = datetime(day.day.year, day.day.month, day.day.day)  # noqa: DTZ001 - the format has naive local time
    bands = found.quantiles if found.quantiles is not None else np.repeat(day.values[:, None], LEVELS.size, axis=1)
    nothing = np.full(slots, np.nan)
    columns: dict[str, FloatArray] = {"forecast": bands[:, list(LEVELS).index(0.5)]}
    columns |= {f"q{level:g}": bands[:, j] for j, level in enumerate(LEVELS)}
    columns |= {"mean": day.values if found.mean is None else found.mean, "ensemble": day.values}
    columns |= {name: day.members.get(name, nothing) for name in names}
    step = timedelta(minutes=1440 // slots)
    stamps = pl.Series("timestamp", [start + i * step for i in range(slots)], dtype=pl.Datetime("us"))
    note = day.fallback if found.quantiles is not None else "; ".join(n for n in (day.fallback, "no band yet: quantiles are the forecast") if n)
    return pl.DataFrame(columns).insert_column(0, stamps).with_columns(fallback=pl.lit(note))
