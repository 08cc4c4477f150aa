"""Great Expectations suites from contracts, run on what was read back from the lake.

What belongs here: the suite of a contract, and the expectations a single day cannot
show (no interval missing between days, no series that vanishes and comes back, no day
that repeats the one before). What does not: enforcement before the write (`enforce`),
reading files, Dagster.

Two suites per table. The *row* suite states the contract again on the rows read back.
Large frames (scenario paths: 400,000 rows a day) are first reduced to witnesses: the
rows that hold each column's extremes, nulls and distinct values and every duplicate
key. An expectation holds on all rows exactly if it holds on the witnesses, so this is
cheap and leaves nothing out. The *day* suite runs on one row per day and series with
counts made from all rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

import polars as pl

from energy_pipeline.contracts.model import Column, Table

LARGE_ROWS = 50_000
DUPLICATES_SHOWN = 10
DAY_MINUTES = (23 * 60, 24 * 60, 25 * 60)
PANDAS_TYPES = {
    "date": "datetime64",
    "timestamp": "Timestamp",
    "f64": "float64",
    "f32": "float32",
    "i32": "int32",
    "i64": "int64",
    "str": "str",
    "bool": "bool",
}


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
        rows, rows_checked (fewer where witnesses were used), series, expectations, days.
    """

    passed: bool
    failed_expectations: list[str] = field(default_factory=list)
    failed_days: list[date] = field(default_factory=list)
    statistics: dict[str, int] = field(default_factory=dict)


def validate(contract: Table, frame: pl.DataFrame, days: Sequence[date]) -> SuiteResult:
    """Run the suites of a contract on what was read back for `days`.

    Parameters
    ----------
    frame : DataFrame
        Rows of all `days`, every vintage for a raw table.
    days : sequence of date
        The delivery days that should be there.

    Returns
    -------
    SuiteResult
        Never raises for bad data: the caller decides what a failure means.
    """
    shape = _shape_suite(contract)
    if dict(frame.schema) != contract.schema and (wrong := _run(shape, frame, contract)):
        return SuiteResult(False, sorted(wrong), sorted(days), {"rows": frame.height, "days": len(days), "expectations": len(shape)})
    rows = witnesses(contract, frame) if frame.height > LARGE_ROWS else frame
    facts, presence = day_facts(contract, frame, days), _presence(frame, days)
    suites = [(shape + _row_suite(contract), rows), (_series_suite(contract), facts), (_presence_suite(contract), presence)]
    failed: dict[str, set[date]] = {}
    for suite, data in suites:
        for name, bad_days in _run(suite, data, contract).items():
            failed.setdefault(name, set()).update(bad_days or days)
    statistics = {
        "rows": frame.height,
        "rows_checked": rows.height,
        "days": len(days),
        "series": facts["series"].n_unique(),
        "expectations": sum(len(s) for s, _ in suites),
    }
    return SuiteResult(not failed, sorted(failed), sorted({d for ds in failed.values() for d in ds}), statistics)


def witnesses(contract: Table, frame: pl.DataFrame) -> pl.DataFrame:
    """The rows that decide every row expectation of the contract, day by day.

    Per day and column: the smallest and largest value, the first null and NaN, the
    first row of each distinct text where the contract lists the allowed ones, and
    duplicate keys. Counted on all rows.
    """
    kept = [part[sorted(_witness_rows(contract, part))] for part in frame.partition_by("delivery_day", maintain_order=True)]
    return pl.concat(kept) if kept else frame


def _witness_rows(contract: Table, part: pl.DataFrame) -> set[int]:
    chosen: set[int] = set()
    for column in contract.columns:
        values = part[column.name]
        chosen.update(values.is_null().arg_true().head(1).to_list())
        if column.dtype in ("f64", "f32"):
            chosen.update(values.is_nan().fill_null(value=False).arg_true().head(1).to_list())
        if column.minimum is not None or column.maximum is not None:
            chosen.update(i for i in (values.arg_min(), values.arg_max()) if i is not None)
        if column.allowed is not None:
            chosen.update(values.arg_unique().to_list())
    keys = part.select(contract.sort_key).is_duplicated()
    chosen.update(keys.arg_true().head(DUPLICATES_SHOWN).to_list())
    return chosen or ({0} if part.height else set())


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
    found = dict(frame.group_by("delivery_day").len().iter_rows())
    every = sorted({*days, *found})
    data = {"delivery_day": every, "rows": [found.get(d, 0) for d in every], "is_asked_for": [d in set(days) for d in every]}
    return pl.DataFrame(data, schema={"delivery_day": pl.Date, "rows": pl.Int64, "is_asked_for": pl.Boolean})


# An expectation as data: Great Expectations' class name and its arguments.
Expectation = tuple[str, dict[str, Any]]


def _shape_suite(contract: Table) -> list[Expectation]:
    names = [c.name for c in contract.columns]
    types = [("ExpectColumnValuesToBeOfType", {"column": c.name, "type_": PANDAS_TYPES[c.dtype]}) for c in contract.columns if _keeps_type(c)]
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


def _run(suite: list[Expectation], frame: pl.DataFrame, contract: Table) -> dict[str, set[date]]:
    """Failed expectations by name, each with its days (empty: not about single days)."""
    if not suite:
        return {}
    batch = _batch(frame)
    expectations = [_expectation(name, arguments) for name, arguments in suite]
    quick = batch.validate(_suite(expectations, contract), result_format="BOOLEAN_ONLY")
    if quick.success:
        return {}
    detail = {"result_format": "COMPLETE", "unexpected_index_column_names": ["delivery_day"]} if "delivery_day" in frame.columns else "COMPLETE"
    failed: dict[str, set[date]] = {}
    for result in batch.validate(_suite(expectations, contract), result_format=detail).results:
        if not result.success:
            arguments = result.expectation_config.kwargs
            about = arguments.get("column") or ", ".join(arguments.get("column_list", []))
            rows = result.result.get("unexpected_index_list") or []
            failed.setdefault(f"{result.expectation_config.type}({about})", set()).update(_day(r["delivery_day"]) for r in rows)
    return failed


def _day(value: Any) -> date:  # noqa: ANN401 - pandas gives its own timestamp
    return value.date() if hasattr(value, "date") else value  # type: ignore[no-any-return]


@lru_cache(maxsize=1)
def _library() -> tuple[Any, Any]:
    """Great Expectations (8 CPU-seconds to import) and one batch definition, once per process; silent and without telemetry."""
    import os
    import warnings

    os.environ["GX_ANALYTICS_ENABLED"] = "false"  # read at import, so it must stand here
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecations inside its own dependencies
        import great_expectations

    context = great_expectations.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False, "metric_calculations": False}
    asset = context.data_sources.add_pandas("lake").add_dataframe_asset("table")
    return great_expectations, asset.add_batch_definition_whole_dataframe("days")


def _batch(frame: pl.DataFrame) -> Any:  # noqa: ANN401 - the library ships no types
    _, definition = _library()
    return definition.get_batch(batch_parameters={"dataframe": frame.to_pandas()})


def _expectation(name: str, arguments: dict[str, Any]) -> Any:  # noqa: ANN401
    return getattr(_library()[0].expectations, name)(**arguments)


def _suite(expectations: list[Any], contract: Table) -> Any:  # noqa: ANN401
    return _library()[0].ExpectationSuite(name=contract.name, expectations=expectations)
