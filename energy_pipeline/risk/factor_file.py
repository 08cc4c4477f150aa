"""Factor returns from the user's file: what it must hold, and what of it a decision may know.

What belongs here: the checks, the cut at the decision. What does not: opening files (`lake.source_files`),
how dates and numbers are written (`reading`), what the returns explain (`exposures`).

One row a day and publication: `date`, `known_at` (when the world could first know the row, with a time zone),
and a column of numbers for each factor. A correction is a later row of the same date. Rows known after the
decision do not exist for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

import numpy as np
import polars as pl

from energy_pipeline.desk.layout import TimeLabel
from energy_pipeline.desk.risk import FactorFile
from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.domain.errors import SourceError
from energy_pipeline.reading.clocks import read_instants, refused
from energy_pipeline.reading.numbers import checked_numbers
from energy_pipeline.reading.stamps import parsed


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
    if frame.is_empty():
        raise SourceError(f"{file.path}: no row below its header -> add one row a day, or take `risk.factors.file` out of the desk file")
    found, problems = frame.select(wanted), []
    columns: dict[str, pl.Series] = {}
    for name, read in (("date", _dates), ("known_at", _known)):
        try:
            columns[name] = read(found[name], file)
        except SourceError as error:
            problems.append(str(error))
    for name in file.factors:
        columns[name], told = checked_numbers(found[name], file.path, file)
        problems += [f"values of factor {name} are no numbers: {'; '.join(told)}"] if told else []
    if problems:
        raise SourceError("; ".join(problems) + " -> correct the file")
    found = found.with_columns(values.alias(name) for name, values in columns.items())
    twice = found.filter(pl.struct("date", "known_at").is_duplicated())
    if twice.height:
        raise SourceError(f"{file.path}: date {twice['date'][0]} is published twice at {twice['known_at'][0]} -> correct the file")
    return found.sort("date", "known_at")


def _dates(column: pl.Series, file: FactorFile) -> pl.Series:
    said = parsed(column, TimeLabel(column="date", format=file.date_format), file.path)
    wrong = said["wall"].is_null()
    if wrong.any():
        rows = pl.Series(range(1, column.len() + 1), dtype=pl.Int64)
        raise SourceError(f"{file.path}: column 'date': {refused(column, rows, wrong, 'as a date')}")
    return said["wall"].dt.date()


def _known(column: pl.Series, file: FactorFile) -> pl.Series:
    try:
        return read_instants(column, TimeLabel(column="known_at"), 60, file.path)
    except SourceError as error:
        raise SourceError(f"{error} (an instant with a time zone, such as 2024-03-01T18:00:00Z)") from error


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
