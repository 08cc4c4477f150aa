"""Legal days of any table, made from its contract and a seed: inputs of property tests."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta

import numpy as np
import polars as pl

from energy_pipeline.contracts import Column, Table

DAY = date(2019, 3, 31)


def legal_rows(contract: Table, rows: Sequence[Mapping[str, object]]) -> pl.DataFrame:
    """Rows of the contract from what a test cares about: every other column gets its `legal_value`."""
    unknown = {name for row in rows for name in row} - set(contract.schema)
    assert not unknown, f"{contract.name} has no columns {sorted(unknown)}"
    return contract.frame([{c.name: row[c.name] if c.name in row else legal_value(c) for c in contract.columns} for row in rows])


def legal_value(column: Column) -> object:
    """The plainest value the contract allows: its default, null, the first allowed text, or a number near zero."""
    if column.default is not None or column.nullable:
        return column.default
    if column.allowed is not None:
        return column.allowed[0]
    low = -math.inf if column.minimum is None else column.minimum
    near_zero = max(low, 0.0 if column.maximum is None else min(0.0, column.maximum))
    values = {"date": DAY, "timestamp": datetime.combine(DAY, time(0), tzinfo=UTC), "str": "", "bool": False}
    return values.get(column.dtype, int(near_zero) if column.dtype in ("i32", "i64") else near_zero)


def legal_day(contract: Table, day: date = DAY, rows: int = 20, seed: int = 0) -> pl.DataFrame:
    """Up to `rows` rows that the contract allows for the day, in random order, with unique keys."""
    rng = np.random.default_rng([seed, rows])
    data = {c.name: _values(c, day, rows, rng, in_key=c.name in contract.sort_key) for c in contract.columns}
    frame = pl.DataFrame([pl.Series(name, values, dtype=contract.schema[name], strict=False) for name, values in data.items()])
    return frame.unique(subset=list(contract.sort_key), maintain_order=True, keep="first")


def _values(column: Column, day: date, rows: int, rng: np.random.Generator, *, in_key: bool) -> list[object]:
    if column.name == "delivery_day":
        return [day] * rows
    midnight = datetime.combine(day, time(0), tzinfo=UTC)
    low = -1000.0 if column.minimum is None else column.minimum
    high = max(low, 1000.0) if column.maximum is None else column.maximum
    make = {
        "date": lambda: day + timedelta(days=int(rng.integers(0, 7))),
        "timestamp": lambda: midnight + timedelta(minutes=15 * int(rng.integers(0, 96))),
        "f64": lambda: float(rng.uniform(low, high)),
        "f32": lambda: float(rng.uniform(low, high)) * 0.999,
        "i32": lambda: int(rng.integers(int(low), int(high) + 1)),
        "i64": lambda: int(rng.integers(int(low), int(high) + 1)),
        "bool": lambda: bool(rng.integers(0, 2)),
        "str": lambda: str(rng.choice(column.allowed or ("FR", "DE_LU", 'Müller\'s "roof"', ""))),
    }[column.dtype]
    may_be_null = column.nullable and not in_key
    return [None if may_be_null and rng.random() < 0.2 else make() for _ in range(rows)]
