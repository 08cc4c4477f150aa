"""Raw rows by series and calendar month, and their content hashes: what a cut is recorded by.

What belongs here: the month of a series, its visible part, the hash of a frame's values. What does not: the cut (`archive`).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import cast

import numpy as np
import polars as pl

from energy_pipeline.contracts import table as contract_of


def series_months(name: str, frame: pl.DataFrame) -> list[SeriesMonth]:
    """The raw rows of a table, a part per series and month in key order."""
    contract = contract_of(name)
    keys = [k for k in contract.key if k not in ("delivery_start", "issued_at", "outage_id")]
    rows = frame.with_columns(
        series=pl.concat_str([pl.concat_str(pl.lit(f"{k}="), pl.col(k)) for k in keys], separator=","),
        month=pl.col("delivery_day").dt.truncate("1mo"),
    )
    parts = rows.sort("series", "delivery_day", *contract.sort_key, maintain_order=True).partition_by("series", "month", maintain_order=True)
    return [SeriesMonth(part["series"][0], part["month"][0], part.drop("series", "month")) for part in parts]


@dataclass(frozen=True)
class SeriesMonth:
    """Rows of one series in one calendar month, sorted; hashed once however many days look at them."""

    series: str
    month: date
    rows: pl.DataFrame

    @cached_property
    def content_hash(self) -> str:
        """BLAKE2b of the rows."""
        return content_hash(self.rows)

    @cached_property
    def last_known_at(self) -> datetime:
        """Latest `known_at` of the rows."""
        return cast("datetime", self.rows["known_at"].max())

    @cached_property
    def _days(self) -> tuple[date, date]:
        days = self.rows["delivery_day"]
        return cast("date", days.min()), cast("date", days.max())

    def visible(self, first_day: date, last_day: date, cut: datetime) -> SeriesMonth:
        """The part of it known at `cut`; itself when that is all of it."""
        if self.rows.height == 0 or (first_day <= self._days[0] and self._days[1] <= last_day and self.last_known_at <= cut):
            return self
        seen = self.rows.filter(pl.col("known_at") <= cut, pl.col("delivery_day") >= first_day, pl.col("delivery_day") <= last_day)
        return SeriesMonth(self.series, self.month, seen)


def content_hash(frame: pl.DataFrame) -> str:
    """BLAKE2b of a frame's values in row and column order, 32 hex digits.

    >>> content_hash(pl.DataFrame({"a": [1.0]})) == content_hash(pl.DataFrame({"a": [1.0]}))
    True
    """
    digest = hashlib.blake2b(digest_size=16)
    for name in frame.columns:
        column = frame[name]
        digest.update(name.encode() + b"\0")
        if column.dtype == pl.String:
            texts = column.to_list()
            once = texts[:1] if texts.count(texts[0] if texts else None) == len(texts) else texts  # most key columns say one thing
            bits = b"".join(b"\1" if text is None else text.encode() + b"\0" for text in once)
            digest.update(bits * len(texts) if len(once) < len(texts) else bits)
            continue
        physical = column.to_physical()
        if column.null_count() == 0 and column.dtype != pl.Boolean:  # the same bytes without polars' expressions: there are many short columns
            digest.update(bytes(len(column)))
            digest.update(np.ascontiguousarray(physical.to_numpy()).tobytes())
            continue
        digest.update(physical.is_null().cast(pl.UInt8).to_numpy().tobytes())
        digest.update(np.ascontiguousarray(physical.fill_null(0).to_numpy()).tobytes())
    return digest.hexdigest()
