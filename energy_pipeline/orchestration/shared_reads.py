"""Days of computed tables that several steps of a run read: read once.

What belongs here: frames a run holds, and when they are dropped. What does not: raw tables (`world`), frames that
outlive a run, what a check reads to judge what is on the disk.

A table's frames are dropped when the run writes a day of it, so that the next step reads what was written. Another
run may write the same day meanwhile: this one goes on with what it has read, as if it had been quicker.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import polars as pl

    from energy_pipeline.lake import Lake

KEPT_BYTES = 256_000_000
"""Frames held by one run; what comes later is read by each reader, as without this."""

Missing = Literal["error", "skip"]


@dataclass
class SharedReads:
    """What one run has read of one lake.

    Parameters
    ----------
    lake : Lake
    most_bytes : int
    """

    lake: Lake
    most_bytes: int = KEPT_BYTES
    _held: dict[str, dict[tuple[date, date, Missing], pl.DataFrame]] = field(default_factory=dict, repr=False)
    _bytes: int = 0

    def read(self, table: str, first: date, last: date, missing: Missing) -> pl.DataFrame:
        """`lake.read`, or what it gave before. Readers get frames of their own: changing one in place shows in no other."""
        held = self._held.setdefault(table, {})
        key = (first, last, missing)
        if key in held:
            return held[key].clone()
        found = self.lake.read(table, first, last, missing=missing)
        size = int(found.estimated_size())
        if self._bytes + size <= self.most_bytes:
            self._bytes += size
            held[key] = found.clone()
        return found

    def forget(self, table: str) -> None:
        """Drop a table's frames: a day of it was written."""
        self._bytes -= sum(int(frame.estimated_size()) for frame in self._held.pop(table, {}).values())
