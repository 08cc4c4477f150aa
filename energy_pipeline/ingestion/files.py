"""One raw series from the user's files, as the desk file maps it.

What belongs here: the mapping of `FileSeries` (splice, filter, clock, sums, outage
zeros, known_at) to rows of the table's contract, and telling what is wrong with a file.
What does not: opening files (`lake.source_files`, passed in as `load`), physical limits
(the contract, before the write), or several series at once (`collect`).

Errors: what is wrong with the *file* (no such column, no such row, no readable time) is
a `SourceError`. What is wrong with single *cells* or hours (text in a number, a
duplicate hour, a wall clock that does not exist) is a finding of its delivery day, so
that the other days of a range survive. A null in a column that must not be null is no
row: `data_quality` counts it as missing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from energy_pipeline.contracts import Column, Table
from energy_pipeline.contracts import table as contract_of
from energy_pipeline.desk import Desk
from energy_pipeline.desk.layout import FilePart
from energy_pipeline.desk.sources import FileSeries
from energy_pipeline.domain.errors import Finding, MissingDayError, PipelineError, SourceError
from energy_pipeline.information.expected import key_text
from energy_pipeline.information.known_at import known_at, market_time_zone, rule_of
from energy_pipeline.ingestion.cells import combine, numbers
from energy_pipeline.ingestion.clocks import EXAMPLES, SKIPPED, calendar_days, instants
from energy_pipeline.ingestion.collected import Collected, DayFindings, without_days

Load = Callable[[str], pl.DataFrame]

OUTAGE_ZERO = ";outage_zero"
"""Suffix of `source` on rows whose zero the desk reads as an outage (their value is null)."""

_FILLED = ("delivery_day", "delivery_start", "resolution_minutes", "known_at", "source")


@dataclass(frozen=True)
class _Task:
    """What reading one part needs to know."""

    desk: Desk
    series: FileSeries
    part: FilePart
    contract: Table
    first: date
    last: date

    @property
    def is_interval(self) -> bool:
        return "delivery_start" in self.contract.schema

    @property
    def time_zone(self) -> str:
        return market_time_zone(self.desk, self.series.key)


def read_series(desk: Desk, series: FileSeries, first: date, last: date, load: Load) -> Collected:
    """Rows of one series for delivery days first..last, in the contract's columns.

    Parameters
    ----------
    desk : Desk
    series : FileSeries
    first, last : date
        Delivery days (value dates for fuel prices), inclusive.
    load : callable
        Path as in the desk file -> whole file as a frame.

    Returns
    -------
    Collected
        Good rows and, per bad day, the error.

    Raises
    ------
    SourceError
        Everything that is wrong with the mapping or the files of the whole span, at once.
    """
    contract = contract_of(series.table)
    problems = mapping_problems(contract, series)
    findings, frames, failures = DayFindings(contract), [contract.frame()], dict[date, PipelineError]()
    for part in [] if problems else series.parts:
        task = _Task(desk, series, part, contract, max(first, part.first_day or first), min(last, part.last_day or last))
        if task.first > task.last:
            continue
        try:
            frames.append(_read_part(task, load, findings))
        except SourceError as error:
            if (task.first, task.last) == (first, last):
                problems.append(str(error))
            failures |= dict.fromkeys(_days(task.first, task.last), error)
    if problems:
        raise SourceError("\n".join(problems))
    frame = pl.concat(frames)
    _find_duplicates(contract, frame, findings)
    failures = {**findings.errors(), **failures}
    if series.required:
        present = set(frame["delivery_day"].unique())
        step = "add the day to the file, or set `required: false` so that it becomes a stated gap"
        name = f"{series.table} {key_text(series.key)}"
        own = [d for d in _days(first, last) if desk.sources.entry(series.table, series.key, d) in (series, None)]
        failures |= {d: MissingDayError(name, [d], step) for d in own if d not in present and d not in failures}
    return Collected(without_days(frame, failures), failures)


def mapping_problems(contract: Table, series: FileSeries) -> list[str]:
    """What the desk file says that cannot become rows of this table, in words."""
    name = f"{series.table} {key_text(series.key)}"
    names = [k for k in contract.key if k not in ("delivery_start", "issued_at", "outage_id")]
    problems = [f"{name}: key column {k!r} is missing in `key`; this table's key: {', '.join(names)}" for k in names if k not in series.key]
    given = {*series.key, *series.constants, *_FILLED, "is_proxy"}
    for number, part in enumerate(series.parts, 1):
        needed = [c.name for c in contract.columns if not c.nullable and c.name not in given and c.name not in part.values]
        problems += [f"{name}, part {number}: nothing is mapped to column {c!r} -> add it to `values` or `constants`" for c in needed]
        unknown = [v for v in part.values if v not in contract.schema]
        problems += [f"{name}, part {number}: {v!r} is no column of {contract.name}; columns: {', '.join(contract.schema)}" for v in unknown]
    spans = [(p.first_day or date.min, p.last_day or date.max) for p in series.parts]
    for i, (start, end) in enumerate(spans):
        for j in range(i):
            if start <= spans[j][1] and spans[j][0] <= end:
                problems.append(f"{name}: parts {j + 1} and {i + 1} both serve {max(start, spans[j][0])} -> set first_day and last_day")
    return problems


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=i) for i in range((last - first).days + 1)]


def _read_part(task: _Task, load: Load, findings: DayFindings) -> pl.DataFrame:
    raw = load(task.part.path)
    _check_columns(task, raw)
    rows = _timed(task, _where(task, raw.with_row_index("_row", offset=1)), findings)
    rows = rows.filter(pl.col("delivery_day").is_between(task.first, task.last))
    return _mapped(task, rows, findings)


def _check_columns(task: _Task, raw: pl.DataFrame) -> None:
    part, rule = task.part, task.series.known_at
    wanted = {part.time.column: "time.column", **dict.fromkeys(part.where, "where")}
    wanted |= {c: f"values.{name}" for name, value in part.values.items() for c in value.columns}
    if rule.anchor == "column" and rule.column is not None:
        wanted[rule.column] = "known_at.column"
    absent = [f"column {c!r} ({place})" for c, place in wanted.items() if c not in raw.columns]
    if absent:
        raise SourceError(
            f"{part.path}: no {', no '.join(absent)} -> the file has: {', '.join(raw.columns)}; correct the desk file's mapping of "
            f"{task.series.table} {key_text(task.series.key)}"
        )


def _where(task: _Task, rows: pl.DataFrame) -> pl.DataFrame:
    for column, value in task.part.where.items():
        kept = rows.filter(pl.col(column).cast(pl.String) == value)
        if kept.is_empty():
            seen = rows[column].cast(pl.String).unique().drop_nulls().sort().head(12).to_list()
            raise SourceError(f"{task.part.path}: no row where {column} is {value!r} -> the column holds: {', '.join(seen)}")
        rows = kept
    return rows


def _timed(task: _Task, rows: pl.DataFrame, findings: DayFindings) -> pl.DataFrame:
    """Rows with `delivery_day` (and `delivery_start` for interval tables)."""
    label, path, minutes = task.part.time, task.part.path, task.series.resolution_minutes
    if not task.is_interval:
        return rows.with_columns(calendar_days(rows[label.column], rows["_row"], label, task.time_zone, path).alias("delivery_day"))
    starts = instants(rows[label.column], rows["_row"], label, minutes, path)
    day = pl.col("delivery_start").dt.convert_time_zone(task.desk.time_zone).dt.date()
    rows = rows.with_columns(starts["start"].alias("delivery_start"), starts["wall_day"].alias("_wall_day"))
    rows = rows.with_columns(pl.coalesce(day, pl.col("_wall_day")).alias("delivery_day")).filter(
        pl.col("delivery_day").is_between(task.first, task.last)
    )
    step = "remove the row, or correct `time.clock` in the desk file"
    _find(task, rows, pl.col("delivery_start").is_null(), label.column, SKIPPED, step, findings)
    off = pl.col("delivery_start").dt.epoch("s") % (minutes * 60) != 0
    _find(task, rows, off, label.column, f"interval start off the {minutes}-minute grid", "correct the time or resolution_minutes", findings)
    return rows.filter(pl.col("delivery_start").is_not_null())


def _mapped(task: _Task, rows: pl.DataFrame, findings: DayFindings) -> pl.DataFrame:
    """Rows in the contract's columns."""
    series, part = task.series, task.part
    columns: dict[str, pl.Series] = {"delivery_day": rows["delivery_day"]}
    outage = pl.Series("outage", [False], dtype=pl.Boolean).new_from_index(0, rows.height)
    for column in task.contract.columns:
        if column.name in part.values and column.dtype in ("f64", "f32", "i32", "i64"):
            value = _value(task, rows, column.name, findings)
            columns[column.name] = value[0].cast(task.contract.schema[column.name])
            outage = outage | value[1]
        elif column.name in part.values:
            columns[column.name] = _other(task, rows, column)
        elif column.name in series.key or column.name in series.constants or column.name == "is_proxy":
            text = series.key.get(column.name, series.constants.get(column.name, "false"))
            columns[column.name] = _constant(column, text, rows.height, task.contract)
    if task.is_interval:
        columns["delivery_start"] = rows["delivery_start"]
        columns["resolution_minutes"] = pl.Series([series.resolution_minutes], dtype=pl.Int32).new_from_index(0, rows.height)
    source = f"{part.path}:{'+'.join(c for v in part.values.values() for c in v.columns)}"
    columns["source"] = pl.DataFrame({"o": outage}).select(pl.when("o").then(pl.lit(source + OUTAGE_ZERO)).otherwise(pl.lit(source)).alias("s"))["s"]
    columns["known_at"] = _known_at(task, rows)
    frame = pl.DataFrame(columns).with_columns(
        pl.lit(None, dtype=dtype).alias(name) for name, dtype in task.contract.schema.items() if name not in columns
    )
    needed = [c.name for c in task.contract.columns if c.name in part.values and not c.nullable]
    return frame.select(list(task.contract.schema)).drop_nulls(needed)


def _value(task: _Task, rows: pl.DataFrame, name: str, findings: DayFindings) -> tuple[pl.Series, pl.Series]:
    rule, parsed = task.part.values[name], []
    for column in rule.columns:
        values, bad = numbers(rows[column], task.part.path)
        step = "write a number with a decimal point, or leave the cell empty"
        _find(task, rows.with_columns(bad.alias("_bad")), pl.col("_bad"), column, "text in a number", step, findings)
        parsed.append(values)
    return combine(parsed, rule)


def _other(task: _Task, rows: pl.DataFrame, column: Column) -> pl.Series:
    """A timestamp, text or boolean column of the contract from one file column."""
    source = rows[task.part.values[column.name].columns[0]]
    if column.dtype == "timestamp":
        label = task.part.time.model_copy(update={"column": source.name, "label": "start"})
        return instants(source, rows["_row"], label, task.series.resolution_minutes, task.part.path)["start"]
    return source.cast(task.contract.schema[column.name])


def _constant(column: Column, text: str, height: int, contract: Table) -> pl.Series:
    value: object = text
    if column.dtype == "bool":
        value = text.lower() == "true"
    elif column.dtype in ("f64", "f32", "i32", "i64"):
        try:
            value = float(text)
        except ValueError:
            raise SourceError(f"{contract.name}: constants.{column.name} is {text!r}, not a number -> correct the desk file") from None
    return pl.Series(column.name, [value]).cast(contract.schema[column.name]).new_from_index(0, height)


def _known_at(task: _Task, rows: pl.DataFrame) -> pl.Series:
    rule = rule_of(task.desk, task.series.table, task.series.key, task.series.known_at)
    if rule.anchor == "column":
        if rule.column is None:
            raise SourceError(f"{task.series.table} {key_text(task.series.key)}: known_at.anchor is column -> name it in known_at.column")
        label = task.part.time.model_copy(update={"column": rule.column, "label": "start", "format": None})
        stamps = instants(rows[rule.column], rows["_row"], label, task.series.resolution_minutes, task.part.path)["start"]
        rows = rows.with_columns(stamps.alias("anchor"))
    return known_at(rule, rows, task.series.resolution_minutes, task.time_zone)


def _find(task: _Task, rows: pl.DataFrame, bad: pl.Expr, column: str, problem: str, next_step: str, findings: DayFindings) -> None:
    """A finding for each delivery day with bad rows, naming file rows and values."""
    found = rows.filter(bad.fill_null(False)).sort("delivery_day", "_row")
    for part in found.partition_by("delivery_day", maintain_order=True):
        when = part["delivery_start"] if task.is_interval else part["delivery_day"]
        shown = zip(part["_row"].head(EXAMPLES), when.head(EXAMPLES), part[column].head(EXAMPLES), strict=True)
        examples = tuple(f"row {r} ({w}): {v!r}" for r, w, v in shown)
        findings.add(part["delivery_day"][0], Finding(problem, f"{task.part.path}:{column}", part.height, examples, next_step))


def _find_duplicates(contract: Table, frame: pl.DataFrame, findings: DayFindings) -> None:
    key = ["delivery_day", *contract.key]
    doubled = frame.filter(frame.select(key).is_duplicated()).sort("delivery_day", *contract.key, maintain_order=True)
    value = next(c.name for c in contract.columns if c.dtype == "f64")
    for part in doubled.partition_by("delivery_day", maintain_order=True):
        shown = part.head(EXAMPLES).select(*contract.key, value).to_dicts()
        examples = tuple(", ".join(f"{k}={v}" for k, v in row.items()) for row in shown)
        step = "keep one row per interval; an hour repeated in autumn needs `clock: local`"
        findings.add(part["delivery_day"][0], Finding("duplicate interval", f"{part['source'][0]}", part.height, examples, step))
