"""The hash of what a day could see: the key under which a past day's values outlive the process.

What belongs here: which rows count for a day, and their hash. What does not: what is kept
under it (`past_days`), or published hashes (`archive.content_hash`).

A value of day d hangs on the rows of some series with known_at <= decision_time(d) and of
delivery days d - reach .. d + horizon, and on the decision times of those days. The rows of
one series lie in day order, so what is visible is a difference of running sums, less the
rows inside it that became known later.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
import polars as pl

from energy_pipeline.contracts import table as contract_of
from energy_pipeline.domain.delivery import IntArray, to_us
from energy_pipeline.information.row_digests import Digests

_NOT_SERIES = ("delivery_start", "issued_at", "outage_id")
_SURELY_KNOWN_DAYS = 3


@dataclass(frozen=True)
class Reads:
    """Series a value reads: those of a raw table whose key has all of `key`; every series for an empty one."""

    table: str
    key: tuple[tuple[str, str], ...] = ()


class _Series:
    """One series' rows in day order: running sums of their digests, and the rows known late."""

    def __init__(self, days: IntArray, known_us: IntArray, digests: Digests) -> None:
        self.days, self.known_us, self.digests = days, known_us, digests
        self.sums = np.zeros((len(days) + 1, 2), dtype=np.uint64)
        np.cumsum(digests, axis=0, dtype=np.uint64, out=self.sums[1:])
        self.late = np.flatnonzero(known_us > (days + _SURELY_KNOWN_DAYS) * 86_400_000_000)

    def seen(self, first: int, day: int, last: int, cut_us: int) -> bytes:
        """Digest of the rows of days `first` .. `last` known at `cut_us`; `day` is the day of the cut (all as ordinals from 1970)."""
        begin, end = (int(i) for i in np.searchsorted(self.days, (first, last + 1)))
        sure = day - _SURELY_KNOWN_DAYS - 1 if cut_us >= (day - 1) * 86_400_000_000 else first
        old = max(int(begin), int(np.searchsorted(self.days, sure)))
        unseen = self.late[np.searchsorted(self.late, begin) : np.searchsorted(self.late, old)]
        unseen = unseen[self.known_us[unseen] > cut_us]
        recent = np.flatnonzero(self.known_us[old:end] <= cut_us) + old
        sums: Digests = self.sums[old] - self.sums[begin] - self.digests[unseen].sum(axis=0, dtype=np.uint64)
        sums += self.digests[recent].sum(axis=0, dtype=np.uint64)
        count = int(old - begin - unseen.size + recent.size)
        return count.to_bytes(8, "little") + sums.tobytes()


class CutKeys:
    """Keys of past days over one archive.

    Parameters
    ----------
    rows : callable
        Frame and row digests of a raw table, by name.
    decision_time_us : callable
        Of a day.
    horizon_days : int
    version : str
        Everything else that kept values hang on: settings and code.
    """

    def __init__(
        self,
        rows: Callable[[str], tuple[pl.DataFrame, Digests]],
        decision_time_us: Callable[[date], int],
        horizon_days: int,
        version: str,
    ) -> None:
        self._rows, self._decided_us = rows, decision_time_us
        self._horizon, self._version = horizon_days, version
        self._tables: dict[str, Mapping[tuple[tuple[str, str], ...], _Series]] = {}
        self._keys: dict[tuple[date, tuple[Reads, ...], int], str] = {}

    def key(self, day: date, reads: tuple[Reads, ...], reach_days: int) -> str:
        """Hash of what decide(`day`) may see of some series, 32 hex digits."""
        wanted = (day, reads, reach_days)
        if wanted not in self._keys:
            self._keys[wanted] = self._key(day, reads, reach_days)
        return self._keys[wanted]

    def _key(self, day: date, reads: tuple[Reads, ...], reach_days: int) -> str:
        digest = hashlib.blake2b(f"{self._version}|{day}|{reach_days}|{self._horizon}|{reads}".encode(), digest_size=16)
        digest.update(self._decisions(day, reach_days))
        at, cut_us = _ordinal(day), self._decided_us(day)
        for read in reads:
            for key, series in self._series(read.table).items():
                if set(read.key) <= set(key):
                    digest.update(str(key).encode() + series.seen(at - reach_days, at, at + self._horizon, cut_us))
        return digest.hexdigest()

    def _decisions(self, day: date, reach_days: int) -> bytes:
        times = [self._decided_us(day - timedelta(days=i)) for i in range(reach_days + 1)]
        return np.array(times, dtype=np.int64).tobytes()

    def _series(self, name: str) -> Mapping[tuple[tuple[str, str], ...], _Series]:
        if name not in self._tables:
            self._tables[name] = _split(*self._rows(name), [k for k in contract_of(name).key if k not in _NOT_SERIES])
        return self._tables[name]


def _split(frame: pl.DataFrame, digests: Digests, names: Sequence[str]) -> dict[tuple[tuple[str, str], ...], _Series]:
    rows = frame.select(*names, pl.col("delivery_day").cast(pl.Int64).alias("_day"), pl.col("known_at").cast(pl.Int64).alias("_known"))
    rows = rows.with_row_index("_row").sort("_day", maintain_order=True)
    found: dict[tuple[tuple[str, str], ...], _Series] = {}
    for part in rows.partition_by(*names, maintain_order=True):
        key = tuple((name, str(part[name][0])) for name in names)
        found[key] = _Series(part["_day"].to_numpy(), part["_known"].to_numpy(), digests[part["_row"].to_numpy()])
    return dict(sorted(found.items()))


def _ordinal(day: date) -> int:
    return day.toordinal() - date(1970, 1, 1).toordinal()


def decided_us(decision_time: Callable[[date], datetime]) -> Callable[[date], int]:
    """`decision_time` as microseconds, remembered by day."""
    known: dict[date, int] = {}

    def at(day: date) -> int:
        if day not in known:
            known[day] = to_us(decision_time(day))
        return known[day]

    return at
