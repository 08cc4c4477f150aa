"""What one part of a series asks its file for: which columns, which rows, and whether the file can answer.

What belongs here: the question and what is wrong with it (no such column, no such row, a dot that may be a decimal mark
or thousands). What does not: making rows of the contract of the answer (`files`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from energy_pipeline.contracts import Table
from energy_pipeline.desk import Desk
from energy_pipeline.desk.layout import FilePart
from energy_pipeline.desk.sources import FileSeries
from energy_pipeline.domain.errors import SourceError
from energy_pipeline.information.expected import key_text
from energy_pipeline.information.known_at import market_time_zone
from energy_pipeline.reading.numbers import ambiguous, is_open, marks
from energy_pipeline.reading.stamps import day_hint

Load = Callable[[str], pl.DataFrame]
"""Path as in the desk file -> whole file as a frame. Where it is the method of something that can `ask`
(`lake.source_files.SourceFiles`), only the rows that matter are asked for, in the part's layout."""

MARGIN = timedelta(days=2)
"""Rows so long before and after the wanted days are read too: clocks and neighbours."""


@dataclass(frozen=True)
class Task:
    """What reading one part needs to know."""

    desk: Desk
    series: FileSeries
    part: FilePart
    contract: Table
    first: date
    last: date
    load: Load

    @property
    def is_interval(self) -> bool:
        """Whether the table has rows by interval."""
        return "delivery_start" in self.contract.schema

    @property
    def time_zone(self) -> str:
        """The market's."""
        return market_time_zone(self.desk, self.series.key)

    def ask(self, query: Callable[[pl.LazyFrame], pl.LazyFrame], keep_as: str = "") -> pl.DataFrame:
        """Rows of the part's file."""
        asked = getattr(getattr(self.load, "__self__", None), "ask", None)
        if asked is None:
            return query(self.load(self.part.path).lazy()).collect()
        found: pl.DataFrame = asked(self.part.path, self.part.layout, query, keep_as)
        return found


def wanted_columns(task: Task) -> dict[str, str]:
    """Columns of the file that the entry names, and where it names them."""
    part, rule = task.part, task.series.known_at
    label = part.time
    named = {
        "column": label.column,
        "hour_column": label.hour_column,
        "interval_column": label.interval_column,
        "repeated_column": label.repeated_column,
    }
    wanted = {column: f"time.{place}" for place, column in named.items() if column is not None}
    wanted |= dict.fromkeys(part.where, "where")
    wanted |= {c: f"values.{name}" for name, value in part.values.items() for c in value.columns}
    if rule.anchor == "column" and rule.column is not None:
        wanted[rule.column] = "known_at.column"
    return wanted


def check_columns(task: Task, wanted: Mapping[str, str], there: list[str]) -> None:
    """Tell every column that the file does not have."""
    absent = [f"column {c!r} ({place})" for c, place in wanted.items() if c not in there]
    if absent:
        raise SourceError(
            f"{task.part.path}: no {', no '.join(absent)} -> the file has: {', '.join(there)}; correct the desk file's mapping of "
            f"{task.series.table} {key_text(task.series.key)} (or `skip_rows`, `separator` of the file)"
        )


def check_marks(task: Task, schema: Mapping[str, pl.DataType]) -> None:
    """A file is written with one mark: what any row of a column shows holds for all."""
    layout = task.part.layout
    kinds = task.contract.schema
    texts = {c for n, v in task.part.values.items() if kinds[n].is_numeric() for c in v.columns if schema[c] == pl.String}
    if not is_open(layout):
        return
    problems = []
    for column in sorted(texts):
        counts = marks({column: layout})
        found = task.ask(lambda rows, counts=counts: rows.select(counts), keep_as=f"marks of {column}").row(0, named=True)  # type: ignore[misc]
        problems += [text] if (text := ambiguous(found, column, task.part.path)) else []
    if problems:
        raise SourceError("\n".join(problems))


def _equals(task: Task) -> list[pl.Expr]:
    return [pl.col(c).cast(pl.String).str.strip_chars() == v for c, v in task.part.where.items()]


def chosen(task: Task, rows: pl.LazyFrame, wanted: list[str], schema: Mapping[str, pl.DataType]) -> pl.LazyFrame:
    """Rows and columns that matter: those of the entry, about the wanted days, or of a day that cannot be told."""
    rows = (
        rows.with_row_index("_row", offset=1).select("_row", *wanted).filter(*_equals(task), ~pl.all_horizontal(pl.col(c).is_null() for c in wanted))
    )
    label, dtype = task.part.time, schema[task.part.time.column]
    if dtype == pl.String:
        day = day_hint(pl.col(label.column), label)
    elif dtype.is_temporal() and dtype != pl.Time:
        day = pl.col(label.column).cast(pl.Date)
    else:
        return rows
    rows = rows.with_columns(day.alias("_hint"))
    before, after = pl.coalesce(pl.col("_hint").forward_fill(), pl.col("_hint")), pl.col("_hint").backward_fill()
    first, last = max(task.first, date.min + MARGIN) - MARGIN, min(task.last, date.max - MARGIN) + MARGIN
    near = (before.is_null() | (before <= last)) & (after.is_null() | (after >= first))
    return rows.filter(pl.when(pl.col("_hint").is_null()).then(near).otherwise(pl.col("_hint").is_between(first, last))).drop("_hint")


def check_where(task: Task) -> None:
    """Tell which condition no row fulfils."""
    for column, value in task.part.where.items():
        text = pl.col(column).cast(pl.String).str.strip_chars()
        seen = task.ask(_Seen(text), keep_as=f"values of {column}")[column]
        if not (seen == value).any():
            shown = ", ".join(seen.head(12).to_list())
            raise SourceError(f"{task.part.path}: no row where {column} is {value!r} -> the column holds: {shown}")


@dataclass(frozen=True)
class _Seen:
    """The different values of a column."""

    column: pl.Expr

    def __call__(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        return rows.select(self.column.unique().drop_nulls().sort())
