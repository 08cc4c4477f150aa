"""Enforcement: whether a frame is a legal day of a table.

What belongs here: one function that finds everything wrong at once. What does not:
writing (the lake calls it before it writes) or cross-day rules (the checks).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import polars as pl

from energy_pipeline.contracts.model import Column, Table
from energy_pipeline.domain.errors import ContractError, Finding

EXAMPLES = 3


def enforce(contract: Table, frame: pl.DataFrame, day: date) -> pl.DataFrame:
    """The frame in contract column order, sorted by key.

    Raises
    ------
    ContractError
        With every violation: missing or surplus columns, wrong dtypes, nulls,
        infinities, values outside physical limits or allowed sets, duplicate keys,
        rows of another day, an empty day.

    Examples
    --------
    >>> from energy_pipeline.contracts import table
    >>> var = table("var_exceptions")
    >>> enforce(var, var.frame(), date(2019, 4, 3)).height
    0
    """
    findings = list(_shape(contract, frame))
    if not findings:
        frame = frame.select(list(contract.schema))
        findings = list(_content(contract, frame, day))
    if findings:
        raise ContractError(contract.name, day, findings)
    return frame.sort(contract.sort_key, maintain_order=True)


def _shape(contract: Table, frame: pl.DataFrame) -> Iterator[Finding]:
    for column in contract.columns:
        if column.name not in frame.columns:
            yield Finding("column is missing", column.name, frame.height, next_step=f"add {column.dtype} column {column.name!r}")
        elif frame.schema[column.name] != contract.schema[column.name]:
            found = frame.schema[column.name]
            examples = tuple(repr(v) for v in frame[column.name].drop_nulls().head(EXAMPLES).to_list())
            yield Finding(f"dtype is {found}, contract says {column.dtype}", column.name, frame.height, examples, "convert it at the source")
    for name in frame.columns:
        if name not in contract.schema:
            yield Finding("column is not in the contract", name, frame.height, next_step="drop it or add it to the contract")


def _content(contract: Table, frame: pl.DataFrame, day: date) -> Iterator[Finding]:
    if frame.height == 0:
        if not contract.may_be_empty:
            yield Finding(
                "the day has no rows", ", ".join(contract.key), 0, next_step="ingest the day, or declare the series absent in the desk file"
            )
        return
    yield from _finding(
        contract, frame, pl.col("delivery_day") != day, "delivery_day", f"row belongs to another day than {day}", "write it to its own day"
    )
    for column in contract.columns:
        yield from _column(contract, frame, column)
    duplicated = frame.select(contract.sort_key).is_duplicated()
    if duplicated.any():
        yield from _finding(contract, frame.filter(duplicated), pl.lit(True), ", ".join(contract.sort_key), "duplicate key", "keep one row per key")


def _column(contract: Table, frame: pl.DataFrame, column: Column) -> Iterator[Finding]:
    name, value = column.name, pl.col(column.name)
    if not column.nullable:
        yield from _finding(contract, frame, value.is_null(), name, "value is null", "give a value or mark the series absent")
    if column.dtype in ("f64", "f32"):
        yield from _finding(contract, frame, ~value.is_finite(), name, "value is not finite", "write null where a value is unknown")
    if column.minimum is not None:
        yield from _finding(
            contract, frame, value < column.minimum, name, f"below minimum {column.minimum:g} ({column.reason})", "check unit and source"
        )
    if column.maximum is not None:
        yield from _finding(
            contract, frame, value > column.maximum, name, f"above maximum {column.maximum:g} ({column.reason})", "check unit and source"
        )
    if column.allowed is not None:
        yield from _finding(contract, frame, ~value.is_in(list(column.allowed)), name, f"not one of {', '.join(column.allowed)}", "check the mapping")


def _finding(contract: Table, frame: pl.DataFrame, bad: pl.Expr, column: str, problem: str, next_step: str) -> Iterator[Finding]:
    rows = frame.filter(bad.fill_null(False))
    if rows.height:
        shown = [c for c in (*contract.sort_key, *column.split(", ")) if c in rows.columns]
        examples = tuple(_row_text(row) for row in rows.select(list(dict.fromkeys(shown))).head(EXAMPLES).to_dicts())
        yield Finding(problem, column, rows.height, examples, next_step)


def _row_text(row: dict[str, object]) -> str:
    return ", ".join(f"{k}={v}" for k, v in row.items())
