"""The open benchmark's file format: reading a market, writing forecasts.

What belongs here: the columns, the checks, frames in and out. What does not: the walk
(`walk`), the command (`cli`), opening files.

A market file has `timestamp` (naive market-local start of the interval, an equal number a day),
`price` [EUR/MWh] and any columns `exog_1`, `exog_2`, ... known at the gate of their day. A
forecast file has `timestamp`, `forecast`, `q0.01` .. `q0.99`, one column per member, and
`fallback`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import numpy as np
import polars as pl

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.domain.errors import SourceError
from energy_pipeline.forecasting.panel import Panel
from energy_pipeline.forecasting.walk import LEVELS, WalkDay


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
    rows = frame.select(pl.col("timestamp").cast(pl.Datetime("us")), *[pl.col(c).cast(pl.Float64) for c in ("price", *columns)]).sort("timestamp")
    problems = _problems(rows)
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
        problems.append(
            f"{odd.height} days do not have {usual} rows, the first {odd['day'][0]} with {odd['len'][0]} -> fill or drop hours of clock changes"
        )
    span = (a_day["day"][-1] - a_day["day"][0]).days + 1
    if span != a_day.height:
        problems.append(
            f"{span - a_day.height} days are missing between {a_day['day'][0]} and {a_day['day'][-1]} -> add their rows, values may be null"
        )
    if usual not in (24, 48, 96):
        problems.append(f"{usual} rows a day; 24, 48 or 96 are known")
    return problems


def forecast_frame(days: Sequence[WalkDay]) -> pl.DataFrame:
    """Forecasts in the benchmark's format, one row per interval."""
    names = list(dict.fromkeys(m for d in days for m in d.point.members))
    return pl.concat([_day_frame(d, names) for d in days]) if days else pl.DataFrame()


def _day_frame(found: WalkDay, names: Sequence[str]) -> pl.DataFrame:
    day, slots = found.point, found.point.values.size
    start = datetime(day.day.year, day.day.month, day.day.day)  # noqa: DTZ001 - the format has naive local time
    bands = found.quantiles if found.quantiles is not None else np.repeat(day.values[:, None], LEVELS.size, axis=1)
    nothing = np.full(slots, np.nan)
    columns: dict[str, FloatArray] = {"forecast": day.values}
    columns |= {f"q{level:g}": bands[:, j] for j, level in enumerate(LEVELS)}
    columns |= {name: day.members.get(name, nothing) for name in names}
    step = timedelta(minutes=1440 // slots)
    stamps = pl.Series("timestamp", [start + i * step for i in range(slots)], dtype=pl.Datetime("us"))
    note = day.fallback if found.quantiles is not None else "; ".join(n for n in (day.fallback, "no band yet: quantiles are the forecast") if n)
    return pl.DataFrame(columns).insert_column(0, stamps).with_columns(fallback=pl.lit(note))
