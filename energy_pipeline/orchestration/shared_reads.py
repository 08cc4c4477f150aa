"""Days of computed tables that several steps of a run read: read once.

What belongs here: frames a run holds, and when they are dropped. What does not: raw tables (`world`), frames that
outlive a run, what a check reads to judge what is on the disk.

A day is dropped when the run writes it, so that the next step reads what was written. Another
run may write the same day meanwhile: this one goes on with what it has read, as if it had been quicker.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Literal

import polars as pl

from energy_pipeline.contracts import table as contract_of
from energy_pipeline.domain.delivery import days_between

if TYPE_CHECKING:
    from energy_pipeline.lake import Lake

KEPT_BYTES = 256_000_000
"""Frames held by one run; what comes later is read by each reader, as without this."""

Missing = Literal["error", "skip"]


@dataclass
class SharedReads:
    """What one run has read of one lake, day by day: the windows of successive days share all but one of theirs.

    Parameters
    ----------
    lake : Lake
    most_bytes : int
    """

    lake: Lake
    most_bytes: int = KEPT_BYTES
    _held: dict[str, dict[date, pl.DataFrame]] = field(default_factory=dict, repr=False)
    _there: dict[str, set[date]] = field(default_factory=dict, repr=False)
    _bytes: int = 0

    def read(self, table: str, first: date, last: date, missing: Missing) -> pl.DataFrame:
        """`lake.read`, or what it gave before. Readers get frames of their own: changing one in place shows in no other."""
        held, there, days = self._held.setdefault(table, {}), self._there.setdefault(table, set()), days_between(first, last)
        lacking = [day for day in days if day not in held or (missing == "error" and day not in there)]
        if lacking:
            found = self.lake.read(table, lacking[0], lacking[-1], missing=missing)
            self._hold(table, days_between(lacking[0], lacking[-1]), found, missing)
            if (lacking[0], lacking[-1]) == (first, last):
                return found
        if any(day not in held for day in days):  # no room for them
            return self.lake.read(table, first, last, missing=missing)
        return pl.concat([contract_of(table).frame(), *(held[day] for day in days)], rechunk=True)

    def _hold(self, table: str, days: Sequence[date], found: pl.DataFrame, missing: Missing) -> None:
        """Keep the days' rows; a day without rows may be written empty or not be there, which only `missing="error"` tells."""
        size = int(found.estimated_size())
        if self._bytes + size > self.most_bytes:
            return
        rows = {key[0]: part for key, part in found.partition_by("delivery_day", maintain_order=True, as_dict=True).items()}
        held = self._held[table]
        self._bytes -= sum(int(held[day].estimated_size()) for day in days if day in held)
        held.update({day: rows.get(day, found.clear()) for day in days})
        self._bytes += sum(int(held[day].estimated_size()) for day in days)
        self._there[table] |= set(days) if missing == "error" else set(rows)

    def forget(self, table: str, day: date) -> None:
        """Drop a table's day: it was written."""
        frame = self._held.get(table, {}).pop(day, None)
        self._bytes -= 0 if frame is None else int(frame.estimated_size())
        self._there.get(table, set()).discard(day)
