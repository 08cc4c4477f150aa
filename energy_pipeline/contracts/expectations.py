"""The suites that judge what was read back from the lake, as data, and their verdict.

What belongs here: the suite of a contract, and the expectations a single day cannot
show (no interval missing between days, no series that vanishes and comes back, no day
that repeats the one before). What does not: enforcement before the write (`enforce`),
how a suite is run (`compiled` for every check, `lake.audit` by Great Expectations), reading files, Dagster.

An expectation carries the name Great Expectations gives it, so that both runs are of the very same
suites. Two kinds of suite per table: the *row* suite states the contract again on the rows read back;
the *day* suites run on one row per day and series with counts made from all rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import polars as pl

from energy_pipeline.contracts.compiled import failures
from energy_pipeline.contracts.model import Column, Table

DAY_MINUTES = (23 * 60, 24 * 60, 25 * 60)
"""What a whole day may be long."""
# An expectation as data: Great Expectations' class name and its arguments.
Expectation = tuple[str, dict[str, Any]]
Run = Callable[[str, Sequence[Expectation], pl.DataFrame], dict[str, set[date]]]
"""(name of the suite, suite, rows) -> failed expectations by name, each with its days (none: not about single days)."""


@dataclass(frozen=True)
class SuiteResult:
    """Outcome of a table's suites.

    Attributes
    ----------
    failed_expectations : list of str
        Each as `what(column)`, sorted.
    failed_days : list of date
        Days at which an expectation failed, sorted; all days where the frame's shape is wrong.
    statistics : dict
        rows, series, expectations, days.
    """

    passed: bool
    failed_expectations: list[str] = field(default_factory=list)
    failed_days: list[date] = field(default_factory=list)
    statistics: dict[str, int] = field(default_factory=dict)


def validate(contract: Table, frame: pl.DataFrame, days: Sequence[date], run: Run = failures) -> SuiteResult:
    """Run the suites of a contract on what was read back for `days`.

    Parameters
    ----------
    frame : DataFrame
        Rows of all `days`, every vintage for a raw table.
    days : sequence of date
        The delivery days that should be there.
    run : callable
        Judges one suite: compiled, or by Great Expectations.

    Returns
    -------
    SuiteResult
        Never raises for bad data: the caller decides what a failure means.
    """
    shape = _shape_suite(contract)
    if dict(frame.schema) != contract.schema and (wrong := run(contract.name, shape, frame)):
        return SuiteResult(False, sorted(wrong), sorted(days), {"rows": frame.height, "days": len(days), "expectations": len(shape)})
    facts = day_facts(contract, frame, days)
    suites = [
        (contract.name, shape + _row_suite(contract), frame),
        (f"{contract.name}: series by day", _series_suite(contract), facts),
        (f"{contract.name}: days", _presence_suite(contract), _presence(frame, days)),
    ]
    failed: dict[str, set[date]] = {}
    for name, suite, data in suites:
        for what, bad_days in (run(name, suite, data) if suite else {}).items():
            failed.setdefault(what, set()).update(bad_days or days)
    statistics = {
        "rows": frame.height,
        "days": len(days),
        "series": facts["series"].n_unique(),
        "expectations": sum(len(suite) for _, suite, _ in suites),
    }
    return SuiteResult(not failed, sorted(failed), sorted({d for ds in failed.values() for d in ds}), statistics)


def series_key(contract: Table) -> tuple[str, ...]:
    """Columns that name a series of a table with intervals.

    >>> from energy_pipeline.contracts import table
    >>> series_key(table("scenario_paths"))
    ('kind', 'name', 'scenario')
    """
    return tuple(k for k in contract.key if k != "delivery_start")


def is_whole_day(contract: Table) -> bool:
    """Whether each series must cover its days without a hole.

    Computed tables and prices must. Other raw series may state gaps (`data_quality`
    counts them), so there only overlaps are wrong.
    """
    return contract.has_series and not (contract.vintages and contract.may_be_empty)


def day_facts(contract: Table, frame: pl.DataFrame, days: Sequence[date]) -> pl.DataFrame:
    """One row per day and series, from all rows.

    Columns: `minutes` covered, `gap_minutes` and `overlap_minutes` against the interval
    before (also that of the day before, when it was asked for), `days_missing_before`
    (asked-for days the series skipped), `is_repeat` (every value of the day before again).
    """
    empty = {
        "delivery_day": pl.Date,
        "series": pl.String,
        "minutes": pl.Int64,
        "gap_minutes": pl.Int64,
        "overlap_minutes": pl.Int64,
        "days_missing_before": pl.Int64,
        "is_repeat": pl.Boolean,
    }
    frame = frame.filter(pl.col("delivery_day").is_not_null())
    if not contract.has_series or not frame.height:
        return pl.DataFrame(schema=empty)
    key = series_key(contract)
    if contract.whole_day:
        frame = frame.filter(pl.sql_expr(contract.whole_day))
    if contract.vintages:
        frame = frame.sort("known_at", maintain_order=True).unique(subset=list(contract.key), keep="last", maintain_order=True)
    if contract.alike:
        frame = frame.filter(pl.col(contract.alike) == pl.col(contract.alike).min())
    ordered = frame.sort(*key, "delivery_start").with_columns(pl.concat_str([pl.col(k).cast(pl.String) for k in key], separator=" ").alias("series"))
    length = pl.duration(minutes=pl.col("resolution_minutes"))
    step = (pl.col("delivery_start") - (pl.col("delivery_start") + length).shift(1)).over("series").dt.total_minutes()
    adjacent = (pl.col("delivery_day") - pl.col("delivery_day").shift(1)).over("series") <= timedelta(days=1)
    counted = (
        ordered.with_columns(pl.when(adjacent).then(step).otherwise(0).fill_null(0).alias("step"))
        .group_by("delivery_day", "series", maintain_order=True)
        .agg(
            pl.col("resolution_minutes").cast(pl.Int64).sum().alias("minutes"),
            pl.col("step").clip(lower_bound=0).sum().alias("gap_minutes"),
            (-pl.col("step")).clip(lower_bound=0).sum().alias("overlap_minutes"),
        )
        .sort("series", "delivery_day")
    )
    missing, repeated = _between_days(contract, ordered, counted, days)
    return counted.with_columns(pl.Series("days_missing_before", missing, pl.Int64), pl.Series("is_repeat", repeated, pl.Boolean)).select(list(empty))


def _between_days(contract: Table, ordered: pl.DataFrame, counted: pl.DataFrame, days: Sequence[date]) -> tuple[list[int], list[bool]]:
    """For each row of `counted`: asked-for days skipped since the series' last one, and whether its values repeat."""
    values = [c.name for c in contract.columns if c.dtype == "f64"] if contract.vintages else []
    contents: dict[tuple[str, date], list[tuple[object, ...]]] = {}
    if values:
        for (series, day), part in ordered.partition_by(["series", "delivery_day"], as_dict=True, maintain_order=True).items():
            contents[str(series), day] = [tuple(part[v].to_list()) for v in values]
    missing, repeated = [], []
    last: tuple[str, date] | None = None
    for day, series in counted.select("delivery_day", "series").iter_rows():
        same = last is not None and last[0] == series
        before = last[1] if same and last is not None else day
        missing.append(sum(1 for d in days if before < d < day))
        today = contents.get((series, day), [])
        varies = any(len(set(column)) > 2 for column in today)
        repeated.append(varies and same and day - before == timedelta(days=1) and contents[series, before] == today)
        last = (series, day)
    return missing, repeated


def _presence(frame: pl.DataFrame, days: Sequence[date]) -> pl.DataFrame:
    """Rows per day, over all days asked for or found."""
    found = dict(frame.filter(pl.col("delivery_day").is_not_null()).group_by("delivery_day", maintain_order=True).len().iter_rows())
    every = sorted({*days, *found})
    data = {"delivery_day": every, "rows": [found.get(d, 0) for d in every], "is_asked_for": [d in set(days) for d in every]}
    return pl.DataFrame(data, schema={"delivery_day": pl.Date, "rows": pl.Int64, "is_asked_for": pl.Boolean})


def _shape_suite(contract: Table) -> list[Expectation]:
    names = [c.name for c in contract.columns]
    types = [("ExpectColumnValuesToBeOfType", {"column": c.name, "type_": c.dtype}) for c in contract.columns if _keeps_type(c)]
    return [("ExpectTableColumnsToMatchOrderedList", {"column_list": names}), *types]


def _keeps_type(column: Column) -> bool:
    """Whether pandas holds the column in its own dtype even where a value is unknown."""
    return not column.nullable or column.dtype not in ("i32", "i64", "bool")


def _row_suite(contract: Table) -> list[Expectation]:
    suite: list[Expectation] = [("ExpectCompoundColumnsToBeUnique", {"column_list": list(dict.fromkeys(("delivery_day", *contract.sort_key)))})]
    for c in contract.columns:
        if not c.nullable:
            suite.append(("ExpectColumnValuesToNotBeNull", {"column": c.name}))
        if c.minimum is not None or c.maximum is not None:
            suite.append(("ExpectColumnValuesToBeBetween", {"column": c.name, "min_value": c.minimum, "max_value": c.maximum}))
        if c.allowed is not None:
            suite.append(("ExpectColumnValuesToBeInSet", {"column": c.name, "value_set": list(c.allowed)}))
    return suite


def _series_suite(contract: Table) -> list[Expectation]:
    if not contract.has_series:
        return []
    zero = {"min_value": 0, "max_value": 0}
    suite: list[Expectation] = [("ExpectColumnValuesToBeBetween", {"column": "overlap_minutes", **zero})]
    if is_whole_day(contract):
        suite += [
            ("ExpectColumnValuesToBeInSet", {"column": "minutes", "value_set": list(DAY_MINUTES)}),
            ("ExpectColumnValuesToBeBetween", {"column": "gap_minutes", **zero}),
            ("ExpectColumnValuesToBeBetween", {"column": "days_missing_before", **zero}),
        ]
    if contract.vintages:
        suite.append(("ExpectColumnValuesToBeInSet", {"column": "is_repeat", "value_set": [False]}))
    return suite


def _presence_suite(contract: Table) -> list[Expectation]:
    suite: list[Expectation] = [("ExpectColumnValuesToBeInSet", {"column": "is_asked_for", "value_set": [True]})]
    if not contract.may_be_empty:
        suite.append(("ExpectColumnValuesToBeBetween", {"column": "rows", "min_value": 1}))
    return suite
