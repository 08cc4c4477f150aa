"""What a report is made from: the day, the desk, the day's frames and their hashes.

What belongs here: `ReportInputs` and the small helpers every section uses to read a
frame. What does not: any section.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from energy_pipeline.contracts import table as contract_of
from energy_pipeline.desk import Desk
from energy_pipeline.domain.blocks import profile
from energy_pipeline.domain.delivery import DeliveryDay
from energy_pipeline.reporting.view import Source

NO_HASH = NOT_GIVEN = "not given"


@dataclass(frozen=True)
class ReportInputs:
    """One day's frames by table name, the content hash of each, and the code version by flow."""

    day: date
    desk: Desk
    tables: Mapping[str, pl.DataFrame]
    versions: Mapping[str, str]
    code: Mapping[str, str] = field(default_factory=dict)
    _frames: dict[str, pl.DataFrame] = field(default_factory=dict, init=False, repr=False)

    @cached_property
    def delivery(self) -> DeliveryDay:
        """The delivery day in the desk's time zone."""
        return self.desk.delivery_day(self.day)

    def has(self, name: str) -> bool:
        """Whether the table is there and has rows."""
        return name in self.tables and self.tables[name].height > 0

    def given(self, name: str) -> bool:
        """Whether the table is there, if only with no rows."""
        return name in self.tables

    def frame(self, name: str) -> pl.DataFrame:
        """The table's rows of the day, sorted by key; the empty frame when it is not there. Several sections ask for the same."""
        if name not in self._frames:
            contract = contract_of(name)
            frame = self.tables.get(name, contract.frame())
            self._frames[name] = frame.filter(pl.col("delivery_day") == self.day).sort(contract.sort_key, maintain_order=True)
        return self._frames[name]

    def latest(self, name: str) -> pl.DataFrame:
        """A raw table's latest vintage of each row."""
        return self.frame(name).unique(subset=list(contract_of(name).key), keep="last", maintain_order=True)

    def sources(self, *names: str) -> list[Source]:
        """Where a section's numbers come from: those of `names` that were given."""
        day, known = self.day.isoformat(), self.versions
        return [Source(n, day, known.get(n, NO_HASH), self.code.get(contract_of(n).flow, NOT_GIVEN)) for n in names if self.given(n)]

    def local(self, moment: datetime) -> str:
        """An instant in the desk's wall clock."""
        return moment.astimezone(ZoneInfo(self.desk.time_zone)).strftime("%Y-%m-%d %H:%M %Z")

    def peak(self, frame: pl.DataFrame) -> list[bool]:
        """For each row of a frame, whether its interval is a peak one (Mon-Fri 08-20 local)."""
        inside: dict[tuple[int, int], bool] = {}
        for minutes in frame["resolution_minutes"].unique().to_list():
            starts = self.delivery.interval_starts_us(minutes).tolist()
            flags = profile("peak", self.delivery, minutes).astype(bool).tolist()
            inside |= {(minutes, s): f for s, f in zip(starts, flags, strict=True)}
        keys = zip(frame["resolution_minutes"].to_list(), starts_us(frame), strict=True)
        return [inside.get(k, False) for k in keys]


def starts_us(frame: pl.DataFrame) -> list[int]:
    """Interval starts [us since epoch]."""
    return [int(v) for v in frame["delivery_start"].cast(pl.Int64).to_list()]


def hours(frame: pl.DataFrame) -> list[float]:
    """Interval lengths [h]."""
    return [m / 60.0 for m in frame["resolution_minutes"].to_list()]


def total(values: Iterable[float | None]) -> float:
    """Exact sum of the known values, whatever their order."""
    return math.fsum(v for v in values if v is not None)


def mean(values: Iterable[float | None]) -> float | None:
    """Mean of the known values; None when there is none."""
    known = [v for v in values if v is not None and np.isfinite(v)]
    return math.fsum(known) / len(known) if known else None


def names(frame: pl.DataFrame, column: str) -> list[str]:
    """Distinct values of a text column, sorted."""
    return sorted({str(v) for v in frame[column].to_list() if v is not None})
