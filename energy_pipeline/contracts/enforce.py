"""Enforcement: whether a frame is a legal day of a table.

What belongs here: one function that finds everything wrong at once. What does not:
writing (the lake calls it before it writes) or cross-day rules (the checks).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache

import polars as pl

from energy_pipeline.contracts.model import Column, Table
from energy_pipeline.domain.errors import ContractError, Finding, PipelineError

EXAMPLES = 3
OWN_DAY = "day of the frame"


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


def enforce_days(contract: Table, frames: Mapping[date, pl.DataFrame]) -> tuple[dict[date, pl.DataFrame], dict[date, PipelineError]]:
    """`enforce` of several days: the good ones, and the errors of the others.

    Sound days are looked at in one pass together; only where something is wrong anywhere, each by itself.
    """
    if frames and all((frame.height or contract.may_be_empty) and not any(_shape(contract, frame)) for frame in frames.values()):
        ordered = {day: frame.select(list(contract.schema)) for day, frame in frames.items()}
        known = pl.concat([frame.with_columns(pl.lit(day).alias(OWN_DAY)) for day, frame in ordered.items()])
        rules = [
            _Rule("", pl.col("delivery_day") != pl.col(OWN_DAY), "", ""),
            *_column_rules(contract.columns),
            _key_rule((OWN_DAY, *contract.sort_key)),
        ]
        if not any(_counts(known, rules)):
            return {day: frame.sort(contract.sort_key, maintain_order=True) for day, frame in ordered.items()}, {}
    good, failures = dict[date, pl.DataFrame](), dict[date, PipelineError]()
    for day, frame in frames.items():
        try:
            good[day] = enforce(contract, frame, day)
        except PipelineError as error:
            failures[day] = error
    return good, failures


def _shape(contract: Table, frame: pl.DataFrame) -> Iterator[Finding]:
    given = frame.schema
    for column in contract.columns:
        if column.name not in given:
            yield Finding("column is missing", column.name, frame.height, next_step=f"add {column.dtype} column {column.name!r}")
        elif given[column.name] != contract.schema[column.name]:
            found = given[column.name]
            examples = tuple(repr(v) for v in frame[column.name].drop_nulls().head(EXAMPLES).to_list())
            yield Finding(f"dtype is {found}, contract says {column.dtype}", column.name, frame.height, examples, "convert it at the source")
    for name in given:
        if name not in contract.schema:
            yield Finding("column is not in the contract", name, frame.height, next_step="drop it or add it to the contract")


def _content(contract: Table, frame: pl.DataFrame, day: date) -> Iterator[Finding]:
    if frame.height == 0:
        if not contract.may_be_empty:
            yield Finding(
                "the day has no rows", ", ".join(contract.key), 0, next_step="ingest the day, or declare the series absent in the desk file"
            )
        return
    other_day = _Rule("delivery_day", pl.col("delivery_day") != day, f"row belongs to another day than {day}", "write it to its own day")
    rules = [other_day, *_column_rules(contract.columns), _key_rule(contract.sort_key)]
    for rule, count in zip(rules, _counts(frame, rules), strict=True):
        if count:
            yield _finding(contract, frame.filter(rule.bad.fill_null(False)), rule)


@dataclass(frozen=True)
class _Rule:
    """What no row may be."""

    column: str
    bad: pl.Expr
    problem: str
    next_step: str

    @cached_property
    def count(self) -> pl.Expr:
        """How many rows are; most rules are made once, and so is this."""
        return self.bad.fill_null(False).sum()


def _counts(frame: pl.DataFrame, rules: Sequence[_Rule]) -> tuple[int, ...]:
    """Rows that break each rule, in one pass; rows are looked up only for the rules that are broken."""
    return frame.select(rule.count.alias(str(i)) for i, rule in enumerate(rules)).row(0)


@lru_cache(maxsize=256)
def _key_rule(key: tuple[str, ...]) -> _Rule:
    return _Rule(", ".join(key), pl.struct(key).is_duplicated(), "duplicate key", "keep one row per key")


@lru_cache(maxsize=256)
def _column_rules(columns: tuple[Column, ...]) -> tuple[_Rule, ...]:
    """Rules of all columns; made once, as a history has thousands of days."""
    return tuple(rule for column in columns for rule in _rules_of(column))


def _rules_of(column: Column) -> Iterator[_Rule]:
    name, value = column.name, pl.col(column.name)
    if not column.nullable:
        yield _Rule(name, value.is_null(), "value is null", "give a value or mark the series absent")
    if column.dtype in ("f64", "f32"):
        yield _Rule(name, ~value.is_finite(), "value is not finite", "write null where a value is unknown")
    if column.minimum is not None:
        yield _Rule(name, value < column.minimum, f"below minimum {column.minimum:g} ({column.reason})", "check unit and source")
    if column.maximum is not None:
        yield _Rule(name, value > column.maximum, f"above maximum {column.maximum:g} ({column.reason})", "check unit and source")
    if column.allowed is not None:
        yield _Rule(name, ~value.is_in(list(column.allowed)), f"not one of {', '.join(column.allowed)}", "check the mapping")


def _finding(contract: Table, rows: pl.DataFrame, rule: _Rule) -> Finding:
    shown = dict.fromkeys(c for c in (*contract.sort_key, *rule.column.split(", ")) if c in rows.columns)
    if rule.problem == "duplicate key":
        # The numbers tell which of the two rows is meant.
        shown |= dict.fromkeys(c.name for c in contract.columns if c.dtype in ("f64", "f32"))
    examples = tuple(_row_text(row) for row in rows.select(list(shown)).head(EXAMPLES).to_dicts())
    return Finding(rule.problem, rule.column, rows.height, examples, rule.next_step)


def _row_text(row: dict[str, object]) -> str:
    return ", ".join(f"{k}={v}" for k, v in row.items())
