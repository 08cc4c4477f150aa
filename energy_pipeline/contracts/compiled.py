"""A suite as one pass over a frame: what each asset check runs.

What belongs here: the meaning of each expectation as a polars expression that is true where a row breaks
it, and the days of those rows. What does not: which expectations a table has (`expectations`), the same
suites by Great Expectations (`lake.audit`): a test damages frames at random and both give the same verdict.

A null and a NaN are "unknown": they break "not null" and nothing else, as Great Expectations reads pandas.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from typing import Any

import polars as pl

from energy_pipeline.contracts.model import POLARS_DTYPES

BY_NAME = {
    "ExpectTableColumnsToMatchOrderedList": "expect_table_columns_to_match_ordered_list",
    "ExpectColumnValuesToBeOfType": "expect_column_values_to_be_of_type",
    "ExpectCompoundColumnsToBeUnique": "expect_compound_columns_to_be_unique",
    "ExpectColumnValuesToNotBeNull": "expect_column_values_to_not_be_null",
    "ExpectColumnValuesToBeBetween": "expect_column_values_to_be_between",
    "ExpectColumnValuesToBeInSet": "expect_column_values_to_be_in_set",
}
"""The class of an expectation and the name its verdict carries."""


def failures(name: str, suite: Sequence[tuple[str, dict[str, Any]]], frame: pl.DataFrame) -> dict[str, set[date]]:
    """Failed expectations as `what(column)`, each with the days of the rows that break it.

    Parameters
    ----------
    name : str
        Of the suite; only a run that keeps records needs it.
    suite : sequence of (class name, arguments)
    frame : DataFrame
        With `delivery_day` where rows have one.

    Returns
    -------
    dict
        Empty where all hold. A failure that is not about single rows has no day.

    Examples
    --------
    >>> frame = pl.DataFrame({"delivery_day": [date(2026, 1, 1), date(2026, 1, 2)], "mw": [1.0, -1.0]})
    >>> failures("output", [("ExpectColumnValuesToBeBetween", {"column": "mw", "min_value": 0.0})], frame)
    {'expect_column_values_to_be_between(mw)': {datetime.date(2026, 1, 2)}}
    """
    del name
    found: dict[str, set[date]] = {}
    broken: dict[str, pl.Expr] = {}
    for kind, given in suite:
        about = f"{BY_NAME[kind]}({given.get('column') or ', '.join(given.get('column_list', []))})"
        if kind == "ExpectTableColumnsToMatchOrderedList":
            if frame.columns != given["column_list"]:
                found[about] = set()
        elif not {*given.get("column_list", []), *filter(None, [given.get("column")])} <= set(frame.columns):
            found[about] = set()
        elif kind == "ExpectColumnValuesToBeOfType":
            if frame.schema[given["column"]] != POLARS_DTYPES[given["type_"]]:
                found[about] = set()
        else:
            broken[about] = _broken(kind, given, frame)
    counts = frame.select(expression.sum().alias(about) for about, expression in broken.items()).row(0, named=True) if broken else {}
    for about, count in counts.items():
        if count:
            found[about] = set(frame.filter(broken[about])["delivery_day"].drop_nulls().to_list()) if "delivery_day" in frame.columns else set()
    return found


def _broken(kind: str, given: dict[str, Any], frame: pl.DataFrame) -> pl.Expr:
    """True for each row that breaks the expectation; never null."""
    if kind == "ExpectCompoundColumnsToBeUnique":
        return pl.struct(given["column_list"]).is_duplicated()
    limits = given.get("min_value"), given.get("max_value")
    return _expression(kind, given["column"], tuple(given.get("value_set", ())), *limits, floating=frame.schema[given["column"]].is_float())


@lru_cache(maxsize=8192)
def _expression(kind: str, name: str, allowed: tuple[Any, ...], low: Any, high: Any, *, floating: bool) -> pl.Expr:  # noqa: ANN401 - numbers or dates
    column = pl.col(name)
    if kind == "ExpectColumnValuesToNotBeNull":
        return (column.is_null() | column.is_nan().fill_null(value=False)) if floating else column.is_null()
    if kind == "ExpectColumnValuesToBeInSet":
        return (~column.is_in(list(allowed))).fill_null(value=False)
    outside = pl.lit(value=False)
    if low is not None:
        outside = outside | (column < low)
    if high is not None:
        outside = outside | (column > high)
    if floating:
        outside = outside & column.is_not_nan()
    return outside.fill_null(value=False)
