"""One raw series from the user's files, as the desk file maps it.

What belongs here: the mapping of `FileSeries` (splice, filter, clock, sums, outage
zeros, known_at) to rows of the table's contract, and telling what is wrong with a file.
What does not: opening files (`lake.source_files`, passed in as `load`), how numbers and times are
written (`reading`), what is done to rows afterwards (`steps`), physical limits (the contract, before
the write), or several series at once (`collect`).

Errors: what is wrong with the *file* (no such column, no such row, no readable time, a dot that may be
a decimal mark or thousands) is a `SourceError`. What is wrong with single *cells* or hours (text in a
number, an unreadable time, a duplicate hour, a wall clock that does not exist) is a finding of its
delivery day, so that the other days of a range survive. A null in a column that must not be null is no
row: `data_quality` counts it as missing.
"""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from energy_pipeline.contracts import Column, Table
from energy_pipeline.contracts import table as contract_of
from energy_pipeline.desk import Desk
from energy_pipeline.desk.sources import FileSeries
from energy_pipeline.domain.errors import Finding, MissingDayError, PipelineError, SourceError
from energy_pipeline.information.expected import key_text, stored_minutes
from energy_pipeline.information.known_at import known_at, rule_of
from energy_pipeline.ingestion.collected import Collected, DayFindings, without_days
from energy_pipeline.ingestion.questions import Load, Task, check_columns, check_marks, check_where, chosen, wanted_columns
from energy_pipeline.ingestion.steps import OUTAGE_ZERO, averaged, carried_forward, combine, merged
from energy_pipeline.reading.clocks import EXAMPLES, NO_TIME, SKIPPED, calendar_days, instants
from energy_pipeline.reading.numbers import advice, numbers
from energy_pipeline.reading.stamps import advice as time_advice

_FILLED = ("delivery_day", "delivery_start", "resolution_minutes", "known_at", "source")
_STEPS = {SKIPPED: "remove the row, or correct `time.clock` in the desk file"}


def read_series(desk: Desk, series: FileSeries, first: date, last: date, load: Load) -> Collected:
    """Rows of one series for delivery days first..last, in the contract's columns.

    Parameters
    ----------
    desk : Desk
    series : FileSeries
    first, last : date
        Delivery days (value dates for fuel prices), inclusive.
    load : callable
        Path as in the desk file -> whole file as a frame; see `Load`.

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
        task = Task(desk, series, part, contract, max(first, part.first_day or first), min(last, part.last_day or last), load)
        if task.first > task.last:
            continue
        try:
            frames.append(_read_part(task, findings))
        except SourceError as error:
            if (task.first, task.last) == (first, last):
                problems.append(str(error))
            failures |= dict.fromkeys(_days(task.first, task.last), error)
    if problems:
        raise SourceError("\n".join(problems))
    frame = merged(pl.concat(frames), ["delivery_day", *contract.key])
    _find_duplicates(contract, frame, findings)
    failures = {**findings.errors(), **failures}
    frame = _finished(desk, series, contract, without_days(frame, failures))
    if series.required:
        present = set(frame["delivery_day"].unique())
        step = "add the day to the file, or set `required: false` so that it becomes a stated gap"
        name = f"{series.table} {key_text(series.key)}"
        own = [d for d in _days(first, last) if desk.sources.entry(series.table, series.key, d) in (series, None)]
        failures |= {d: MissingDayError(name, [d], step) for d in own if d not in present and d not in failures}
    return Collected(without_days(frame, failures), failures)


def _finished(desk: Desk, series: FileSeries, contract: Table, frame: pl.DataFrame) -> pl.DataFrame:
    """Good rows, carried forward and averaged as the entry says, without those that lack a value they must have."""
    minutes = series.resolution_minutes
    if "delivery_start" in contract.schema and series.carry_forward is not None:
        frame = carried_forward(frame, desk, minutes, knows_each_interval=series.known_at.anchor == "interval_end")
    if "delivery_start" in contract.schema and stored_minutes(desk, series.key, minutes, desk.first_delivery_day) != minutes:
        frame = averaged(frame, desk, contract, minutes, lambda day: stored_minutes(desk, series.key, minutes, day))
    mapped = {name for part in series.parts for name in part.values}
    return frame.drop_nulls([c.name for c in contract.columns if c.name in mapped and not c.nullable])


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


def _read_part(task: Task, findings: DayFindings) -> pl.DataFrame:
    schema = task.ask(lambda rows: rows.head(0)).schema
    wanted = wanted_columns(task)
    check_columns(task, wanted, list(schema))
    check_marks(task, schema)
    rows = task.ask(lambda rows: chosen(task, rows, list(wanted), schema))
    if rows.is_empty():
        check_where(task)
    rows = _timed(task, rows, findings)
    rows = rows.filter(pl.col("delivery_day").is_between(task.first, task.last))
    return _mapped(task, rows, findings)


def _timed(task: Task, rows: pl.DataFrame, findings: DayFindings) -> pl.DataFrame:
    """Rows with `delivery_day` (and `delivery_start` for interval tables)."""
    label, path, minutes = task.part.time, task.part.path, task.series.resolution_minutes
    if task.is_interval:
        beside = {c: rows[c] for c in label.columns[1:]}
        if "issued_at" in task.part.values:
            beside[";group"] = rows[task.part.values["issued_at"].columns[0]].cast(pl.String)
        times = instants(rows[label.column], rows["_row"], label, minutes, path, beside)
        day = pl.col("start").dt.convert_time_zone(task.desk.time_zone).dt.date()
        times = times.with_columns(pl.coalesce(day, pl.col("wall_day")).alias("delivery_day")).rename({"start": "delivery_start"}).drop("wall_day")
    else:
        times = calendar_days(rows[label.column], rows["_row"], label, task.time_zone, path)
    rows = rows.hstack(times.rename({"problem": "_problem", "other_day": "_other_day"}))
    _find_times(task, rows, findings)
    rows = rows.filter(pl.col("_problem").is_null() & pl.col("delivery_day").is_between(task.first, task.last))
    if task.is_interval:
        first = {d: task.desk.delivery_day(d).start for d in rows["delivery_day"].unique()}
        begun = rows["delivery_day"].replace_strict(first, return_dtype=pl.Datetime("us", "UTC")) if first else rows["delivery_start"]
        off = (pl.col("delivery_start") - begun).dt.total_seconds() % (minutes * 60) != 0
        _find(task, rows, off, label.column, f"interval start off the {minutes}-minute grid", "correct the time or resolution_minutes", findings)
    return rows


def _find_times(task: Task, rows: pl.DataFrame, findings: DayFindings) -> None:
    """A finding for each day that an unreadable time belongs to, or may belong to."""
    wrong = rows.filter(pl.col("_problem").is_not_null())
    if wrong.is_empty():
        return
    both = pl.concat([wrong, wrong.filter(pl.col("_other_day").is_not_null()).with_columns(pl.col("_other_day").alias("delivery_day"))])
    both = both.filter(pl.col("delivery_day").is_between(task.first, task.last))
    for (problem,), part in both.group_by("_problem", maintain_order=True):
        values = part[task.part.time.column]
        step = (
            time_advice(values.head(20).to_list()) if problem == NO_TIME else _STEPS.get(str(problem), "correct the row, or `time` in the desk file")
        )
        _find(task, part, pl.lit(True), task.part.time.column, str(problem), step, findings)


def _mapped(task: Task, rows: pl.DataFrame, findings: DayFindings) -> pl.DataFrame:
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
            columns[column.name] = _other(task, rows, column, findings)
        elif column.name in series.key or column.name in series.constants or column.name == "is_proxy":
            text = series.key.get(column.name, series.constants.get(column.name, "false"))
            columns[column.name] = _constant(column, text, rows.height, task.contract)
    if task.is_interval:
        columns["delivery_start"] = rows["delivery_start"]
        columns["resolution_minutes"] = pl.Series([series.resolution_minutes], dtype=pl.Int32).new_from_index(0, rows.height)
    source = f"{part.path}:{'+'.join(c for v in part.values.values() for c in v.columns)}"
    columns["source"] = pl.DataFrame({"o": outage}).select(pl.when("o").then(pl.lit(source + OUTAGE_ZERO)).otherwise(pl.lit(source)).alias("s"))["s"]
    columns["known_at"] = _known_at(task, rows, findings)
    frame = pl.DataFrame(columns).with_columns(
        pl.lit(None, dtype=dtype).alias(name) for name, dtype in task.contract.schema.items() if name not in columns
    )
    return frame.select(list(task.contract.schema))


def _value(task: Task, rows: pl.DataFrame, name: str, findings: DayFindings) -> tuple[pl.Series, pl.Series]:
    rule, parsed = task.part.values[name], []
    for column in rule.columns:
        values, bad = numbers(rows[column], task.part.path, task.part.layout)
        if bad.any():
            problem, step = advice(rows[column].filter(bad)[0])
            _find(task, rows.with_columns(bad.alias("_bad")), pl.col("_bad"), column, f"text in a number: {problem}", step, findings)
        parsed.append(values)
    return combine(parsed, rule)


def _other(task: Task, rows: pl.DataFrame, column: Column, findings: DayFindings) -> pl.Series:
    """A timestamp, text or boolean column of the contract from one file column."""
    source = rows[task.part.values[column.name].columns[0]]
    if column.dtype == "timestamp":
        return _stamps(task, rows, source.name, findings)
    if column.dtype == "bool" and source.dtype == pl.String:
        text = source.str.strip_chars().str.to_lowercase()
        known = pl.DataFrame({"t": text}).select(
            pl.col("t").replace_strict({"true": True, "1": True, "false": False, "0": False}, default=None, return_dtype=pl.Boolean)
        )
        wrong = known["t"].is_null() & source.is_not_null()
        _find(task, rows.with_columns(wrong.alias("_bad")), pl.col("_bad"), source.name, "neither true nor false", "write true or false", findings)
        return known["t"]
    return source.cast(task.contract.schema[column.name])


def _stamps(task: Task, rows: pl.DataFrame, name: str, findings: DayFindings) -> pl.Series:
    """Instants of a further column, in the time column's clock; ISO, or else in its format."""
    label = task.part.time.model_copy(
        update={"column": name, "label": "start", "hour_column": None, "interval_column": None, "repeated_column": None}
    )
    iso = label.model_copy(update={"format": None})
    given = rows[name].is_not_null()
    try:
        found = instants(rows[name], rows["_row"], iso, task.series.resolution_minutes, task.part.path)
    except SourceError:
        if label.format is None:
            raise
        found = instants(rows[name], rows["_row"], label, task.series.resolution_minutes, task.part.path)
    wrong = found["problem"].is_not_null() & given
    if wrong.any():
        step = time_advice(rows[name].filter(wrong).to_list())
        _find(task, rows.with_columns(wrong.alias("_bad")), pl.col("_bad"), name, str(found["problem"].filter(wrong)[0]), step, findings)
    return found["start"]


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


def _known_at(task: Task, rows: pl.DataFrame, findings: DayFindings) -> pl.Series:
    rule = rule_of(task.desk, task.series.table, task.series.key, task.series.known_at)
    if rule.anchor == "column" and rule.column is not None:
        rows = rows.with_columns(_stamps(task, rows, rule.column, findings).alias("anchor"))
        empty = pl.col(rule.column).is_null()
        _find(
            task,
            rows,
            empty,
            rule.column,
            "no publication time",
            "a row must say when it was known: fill the column, or state another rule",
            findings,
        )
    return known_at(rule, rows, task.series.resolution_minutes, task.time_zone)


def _find(task: Task, rows: pl.DataFrame, bad: pl.Expr, column: str, problem: str, next_step: str, findings: DayFindings) -> None:
    """A finding for each delivery day with bad rows, naming file rows and values."""
    found = rows.filter(bad.fill_null(False)).sort("delivery_day", "_row")
    for part in found.partition_by("delivery_day", maintain_order=True):
        when = (
            pl.DataFrame(part).select(pl.coalesce(pl.col("delivery_start").cast(pl.String), pl.lit("no time")))[:, 0]
            if task.is_interval
            else part["delivery_day"]
        )
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
