"""Raw days in memory between the runs of a process: only days whose files changed are read again.

What belongs here: the listing of each day, its rows, and which rows changed since the last
look. What does not: what hangs on them (`information.day_memo`), or reading files (`store`).

A day's listing is the content hashes its files are named by (of a merged month: the hashes
its footer lists), looked up at every run. So merging a month changes no listing, and a
vintage that another process added is seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

import numpy as np
import polars as pl

from energy_pipeline.contracts import table as contract_of
from energy_pipeline.domain.delivery import IntArray
from energy_pipeline.information.day_memo import RowChange
from energy_pipeline.information.row_digests import Digests, row_digests
from energy_pipeline.lake.store import Lake

MARGIN_DAYS = 31
"""Days kept beyond the window of a run, so that runs of neighbouring days do not read in turn."""

Listing = tuple[str, ...]


@dataclass(frozen=True)
class HeldDay:
    """A raw table's delivery day in memory.

    Attributes
    ----------
    listing : tuple of str
        Content hashes of its vintages.
    rows : DataFrame
        Every vintage, in the lake's order.
    digests : array of uint64, shape (rows, 2)
        Of each row.
    """

    listing: Listing
    rows: pl.DataFrame
    digests: Digests

    @cached_property
    def known_us(self) -> IntArray:
        """`known_at` of each row [us since epoch]."""
        return self.rows["known_at"].cast(pl.Int64).to_numpy()


@dataclass(frozen=True)
class RawTable:
    """A window of a raw table, and the same with some days before it.

    Attributes
    ----------
    wide : DataFrame
        The window and the margin before it, as `Lake.read` gives it.
    wide_digests : array of uint64, shape (rows, 2)
        Of each row.
    margin_rows : int
        Rows of the margin.
    """

    wide: pl.DataFrame
    wide_digests: Digests
    margin_rows: int

    @property
    def frame(self) -> pl.DataFrame:
        """The window alone."""
        return self.wide.slice(self.margin_rows)

    @property
    def digests(self) -> Digests:
        """Of each row of `frame`."""
        return self.wide_digests[self.margin_rows :]


class RawDays:
    """The raw tables of one lake."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake
        self._held: dict[str, dict[date, HeldDay]] = {}
        self.days_read = 0
        """Days read from files so far: for tests that count."""

    def window(self, names: Iterable[str], first: date, last: date, margin_days: int = 0) -> tuple[dict[str, RawTable], list[RowChange]]:
        """Days `first` .. `last` of raw tables as the lake has them now, and what changed since they were last looked at.

        A day looked at for the first time counts as a change of all its rows.
        """
        tables: dict[str, RawTable] = {}
        changes: list[RowChange] = []
        begin = first - timedelta(days=margin_days)
        for name in names:
            changes += self._refresh(name, begin, last)
            held = [(day, rows) for day, rows in sorted(self._held[name].items()) if begin <= day <= last]
            wide = pl.concat([contract_of(name).frame(), *(rows.rows for _, rows in held)], rechunk=True)
            digests = np.concatenate([np.empty((0, 2), dtype=np.uint64), *(rows.digests for _, rows in held)])
            tables[name] = RawTable(wide, digests, sum(rows.rows.height for day, rows in held if day < first))
        return tables, changes

    def _refresh(self, name: str, first: date, last: date) -> list[RowChange]:
        held = self._held.setdefault(name, {})
        listed = self._lake.listing(name, first, last)
        gone = [day for day in held if first <= day <= last and day not in listed]
        stale = [day for day, listing in listed.items() if day not in held or held[day].listing != listing]
        fresh = self._read(name, {day: listed[day] for day in stale})
        changes = [change for day in (*gone, *stale) if (change := _change(name, day, held.get(day), fresh.get(day))) is not None]
        margin = timedelta(days=MARGIN_DAYS)
        for day in [d for d in held if d in gone or not first - margin <= d <= last + margin]:
            del held[day]
        held |= fresh
        return changes

    def _read(self, name: str, listed: Mapping[date, Listing]) -> dict[date, HeldDay]:
        found: dict[date, HeldDay] = {}
        for begin, end in _stretches(sorted(listed)):
            rows = self._lake.read(name, begin, end, missing="skip")
            digests = row_digests(rows)
            ends = np.searchsorted(rows["delivery_day"].to_numpy(), np.array([[d, d + timedelta(days=1)] for d in listed], dtype="datetime64[D]"))
            for (day, listing), (at, end_at) in zip(listed.items(), ends.tolist(), strict=True):
                if begin <= day <= end:
                    found[day] = HeldDay(listing, rows.slice(at, end_at - at), digests[at:end_at])
                    self.days_read += 1
        return found


def _stretches(days: list[date]) -> list[tuple[date, date]]:
    """Runs of days with gaps of at most a month: one read of a gap is cheaper than opening its month twice."""
    found: list[tuple[date, date]] = []
    for day in days:
        if found and day - found[-1][1] <= timedelta(days=MARGIN_DAYS):
            found[-1] = (found[-1][0], day)
        else:
            found.append((day, day))
    return found


def _change(name: str, day: date, old: HeldDay | None, new: HeldDay | None) -> RowChange | None:
    """The earliest instant at which one of the two could be told from the other."""
    sides = [side for side in (old, new) if side is not None]
    if len(sides) == 1:
        known = sides[0].known_us
    else:
        one, other = sides
        if np.array_equal(one.digests, other.digests):
            return None
        apart = [a.known_us[~np.isin(a.digests[:, 0], b.digests[:, 0])] for a, b in ((one, other), (other, one))]
        known = np.concatenate(apart)
        known = known if known.size else np.concatenate([one.known_us, other.known_us])
    return RowChange(name, day, int(known.min())) if known.size else None
