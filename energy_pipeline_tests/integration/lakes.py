"""Helpers of the whole-flow tests: run a flow, hash a lake, copy raw tables with an edit."""

import hashlib
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from itertools import groupby
from pathlib import Path

import numpy as np
import polars as pl

from energy_pipeline.contracts import TABLES, Table
from energy_pipeline.contracts.raw import RAW_TABLES
from energy_pipeline.domain.delivery import days_between
from energy_pipeline.lake import Lake, layout

TINY = Path(__file__).parents[1] / "desks" / "tiny.yaml"
DECIDE_TABLES = tuple(t.name for t in TABLES.values() if t.flow == "decide")
KEYS = {"delivery_day", "resolution_minutes"}

Edit = Callable[[Table, pl.DataFrame], pl.DataFrame]


def parquet_hashes(root: Path, *, without: Iterable[str] = ("runs",)) -> dict[str, str]:
    """SHA-256 of every Parquet file below a lake root, by relative path."""
    skipped = set(without)
    files = [p for p in sorted(root.rglob("*.parquet")) if not skipped & set(p.relative_to(root).parts)]
    return {str(p.relative_to(root)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def decided(lake: Lake, day: date) -> dict[str, pl.DataFrame]:
    """Every table decide(day) wrote."""
    return {name: lake.read(name, day, day) for name in DECIDE_TABLES}


def differing(one: dict[str, pl.DataFrame], other: dict[str, pl.DataFrame]) -> list[str]:
    """Names of the tables that are not equal to the last bit."""
    return [name for name in one if not one[name].equals(other[name], null_equal=True)]


def copy_raw(source: Lake, target: Lake, first: date, last: date, edit: Edit) -> None:
    """Copy the raw tables of a span of days through `edit`."""
    for contract in RAW_TABLES:
        held = source.read(contract.name, first, last, missing="skip")
        edited = edit(contract, held)
        parts = {part["delivery_day"][0]: part for part in edited.partition_by("delivery_day", maintain_order=True)}
        frames = {day: parts.get(day, contract.frame()) for day in days_between(first, last)}
        written = [day for day, frame in frames.items() if frame.height or contract.may_be_empty]
        for _, days in groupby(written, layout.month_start):  # a file a month, as history is loaded, in place of a file a day
            assert target.add_history(contract.name, {day: frames[day] for day in days}) == {}


def value_columns(contract: Table) -> list[str]:
    """The measured numbers of a raw table."""
    return [c.name for c in contract.columns if c.dtype == "f64" and c.name not in KEYS]


def noisy(contract: Table, frame: pl.DataFrame, seed: int) -> pl.DataFrame:
    """The same rows with every number replaced by noise inside its physical limits."""
    rng = np.random.default_rng(seed)
    columns = []
    for name in value_columns(contract):
        column = contract.column(name)
        low = -400.0 if column.minimum is None else max(column.minimum, -400.0)
        high = 4000.0 if column.maximum is None else min(column.maximum, 4000.0)
        columns.append(pl.Series(name, rng.uniform(low, high, frame.height)))
    return frame.with_columns(columns)


def replaced_after(cut: datetime, seed: int = 1) -> Edit:
    """Replace every value known after `cut` by noise."""

    def edit(contract: Table, frame: pl.DataFrame) -> pl.DataFrame:
        after = pl.col("known_at") > cut
        return pl.concat([frame.filter(~after), noisy(contract, frame.filter(after), seed)])

    return edit


def deleted_after(cut: datetime) -> Edit:
    """Delete every row known after `cut`."""
    return lambda _contract, frame: frame.filter(pl.col("known_at") <= cut)


def added_after(cut: datetime, seed: int = 2) -> Edit:
    """Add a later, wrong correction of every row known by `cut`, and noise over what came after."""

    def edit(contract: Table, frame: pl.DataFrame) -> pl.DataFrame:
        visible = frame.filter(pl.col("known_at") <= cut).unique(subset=list(contract.key), keep="last", maintain_order=True)
        corrections = noisy(contract, visible, seed).with_columns(known_at=pl.lit(cut + timedelta(seconds=1)).cast(pl.Datetime("us", "UTC")))
        return pl.concat([replaced_after(cut, seed)(contract, frame), corrections])

    return edit


def moved_past(cut: datetime, table: str, day: date) -> Edit:
    """Move `known_at` of one table's day hours past `cut`: past the gate, so that waiting for it does not help."""

    def edit(contract: Table, frame: pl.DataFrame) -> pl.DataFrame:
        if contract.name != table:
            return frame
        late = pl.lit(cut + timedelta(hours=3)).cast(pl.Datetime("us", "UTC"))
        return frame.with_columns(known_at=pl.when(pl.col("delivery_day") == day).then(late).otherwise(pl.col("known_at")))

    return edit
