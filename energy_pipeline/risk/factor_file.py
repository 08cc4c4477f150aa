"""Factor returns from the user's file: what it must hold, and what of it a decision may know.

What belongs here: the checks, the cut at the decision. What does not: opening files (`lake.source_files`),
what the returns explain (`exposures`).

One row a day and publication: `date`, `known_at` (when the world could first know the row, with a time zone),
and a column of numbers for each factor. A correction is a later row of the same date. Rows known after the
decision do not exist for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

import numpy as np
import polars as pl

from energy_pipeline.desk.risk import FactorFile
from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.domain.errors import SourceError


def checked_factors(frame: pl.DataFrame, file: FactorFile) -> pl.DataFrame:
    """The file as date, known_at (UTC) and the factors as floats, sorted.

    Raises
    ------
    SourceError
        Listing every mistake: columns that are not there, dates, instants without a zone, cells that are no numbers, repetitions.
    """
    wanted = ["date", "known_at", *file.factors]
    missing = [name for name in wanted if name not in frame.columns]
    if missing:
        raise SourceError(
            f"{file.path}: no column {', '.join(missing)} -> columns are date, known_at and one a factor; it has {', '.join(frame.columns)}"
        )
    found, problems = frame.select(wanted), []
    found, bad_dates = _converted(found, "date", pl.Date)
    found, bad_instants = _converted(found, "known_at", pl.Datetime("us", "UTC"))
    problems += [f"{n} value(s) of {name}, first {value!r}, cannot be read as {what}" for n, name, value, what in (*bad_dates, *bad_instants)]
    for name in file.factors:
        number = found[name].cast(pl.Float64, strict=False)
        wrong = found.filter((number.is_null() & found[name].is_not_null()) | number.is_infinite().fill_null(False))
        if wrong.height:
            problems.append(f"{wrong.height} value(s) of factor {name} are no numbers, first {wrong[name][0]!r}")
        found = found.with_columns(number.alias(name))
    twice = found.filter(pl.struct("date", "known_at").is_duplicated())
    if twice.height and not problems:
        problems.append(f"date {twice['date'][0]} is published twice at {twice['known_at'][0]}")
    if problems:
        raise SourceError(f"{file.path}: " + "; ".join(problems) + " -> correct the file")
    return found.sort("date", "known_at")


def _converted(frame: pl.DataFrame, name: str, kind: pl.DataType | type[pl.DataType]) -> tuple[pl.DataFrame, list[tuple[int, str, object, str]]]:
    """A column as dates or instants, and what could not be read."""
    column, what = frame[name], "a date" if kind == pl.Date else "an instant with a time zone"
    if column.dtype == pl.String:
        made = column.str.to_date(strict=False) if kind == pl.Date else column.str.to_datetime(time_unit="us", time_zone="UTC", strict=False)
    elif isinstance(column.dtype, pl.Datetime) and column.dtype.time_zone is None and kind != pl.Date:
        made = pl.Series(name, [None] * column.len(), dtype=pl.Datetime("us", "UTC"))
    elif column.dtype in (pl.Date, pl.Datetime) or isinstance(column.dtype, pl.Datetime):
        made = column.cast(pl.Date) if kind == pl.Date else column.dt.convert_time_zone("UTC").cast(pl.Datetime("us", "UTC"))
    else:
        made = pl.Series(name, [None] * column.len(), dtype=kind)
    wrong = frame.filter(made.is_null())
    bad = [(wrong.height, name, wrong[name][0], what)] if wrong.height else []
    return frame.with_columns(made.alias(name)), bad


def known_moves(frame: pl.DataFrame, file: FactorFile, days: Sequence[date], cut: datetime) -> dict[str, tuple[str, FloatArray]]:
    """Unit and returns of each factor by day as known at an instant, NaN where unknown.

    Parameters
    ----------
    frame : DataFrame
        From `checked_factors`.
    cut : datetime
        Decision time, UTC.
    """
    visible = frame.filter(pl.col("known_at") <= cut).unique("date", keep="last", maintain_order=True)
    where = {d: i for i, d in enumerate(visible["date"].to_list())}
    found = {}
    for name, unit in file.factors.items():
        values = visible[name].fill_null(float("nan")).to_numpy()
        found[name] = (unit, np.array([values[where[d]] if d in where else np.nan for d in days], dtype=np.float64))
    return found
