"""What was known when: the only door through which decide reads raw data.

What belongs here: `Archive` (raw frames in memory, every vintage) and `InformationSet`
(the archive cut at one decision time).
What does not: reading files, or any feature.

The rule: nothing in decide(D) sees a row with `known_at` > decision_time(D). Every
look-up names an instant and gets the latest vintage known by then; asking for a later
instant than the information set's own is a `LookAheadError`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from copy import copy
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar, cast

import numpy as np
import polars as pl

from energy_pipeline.contracts import table as contract_of
from energy_pipeline.domain.delivery import DeliveryDay, FloatArray, IntArray, to_us
from energy_pipeline.domain.errors import LookAheadError
from energy_pipeline.information.as_of_series import AsOfSeries
from energy_pipeline.information.cut_keys import CutKeys, decided_us
from energy_pipeline.information.day_memo import DayMemo
from energy_pipeline.information.past_days import Past, PastStore
from energy_pipeline.information.row_digests import Digests, row_digests, total
from energy_pipeline.information.series_months import SeriesMonth, series_months
from energy_pipeline.information.trained import Network, Networks, Trainings, Zones, newest, readable

if TYPE_CHECKING:
    from energy_pipeline.desk import Desk

T = TypeVar("T")


class Kept:
    """What outlives a run, so that the next one need not make it again; all of it a cache.

    Attributes
    ----------
    memo : DayMemo
        Values of past days.
    months : dict
        Series of a raw table's month, under the digest of its rows.
    store : PastStore or None
        Values of past days beyond the process.
    version : str
        What kept values hang on besides raw rows: settings and code.
    """

    def __init__(self, memo: DayMemo | None = None, store: PastStore | None = None, version: str = "") -> None:
        self.memo = memo or DayMemo()
        self.store, self.version = store, version
        self.months: dict[tuple[str, date], tuple[bytes, list[SeriesMonth]]] = {}


class Archive:
    """Raw tables in memory, every vintage, shared by all days of a run.

    Parameters
    ----------
    desk : Desk
    frames : mapping of table name to frame
        Frames follow their contracts. Absent tables count as empty.
    decision_times : mapping of day to instant, optional
        Overrides of the desk's decision time (a waited-for source, or --as-of).
    digests : mapping of table name to array, optional
        Digests of the frames' rows, where they are at hand.
    kept : Kept, optional
        What earlier runs left, brought up to date by the caller.
    key_rows : mapping of table name to (frame, digests), optional
        The frames with days before them, for the keys of kept values; the frames themselves when not given.
    trainings : mapping of day to what training jobs found on what that day's decision may see, optional
    networks : mapping of day to the network trained on what that day's decision saw, optional
    """

    def __init__(
        self,
        desk: Desk,
        frames: Mapping[str, pl.DataFrame],
        decision_times: Mapping[date, datetime] | None = None,
        *,
        digests: Mapping[str, Digests] | None = None,
        kept: Kept | None = None,
        key_rows: Mapping[str, tuple[pl.DataFrame, Digests]] | None = None,
        trainings: Trainings | None = None,
        networks: Networks | None = None,
    ) -> None:
        self.desk = desk
        self.trainings, self.networks = dict(trainings or {}), dict(networks or {})
        self._frames = dict(frames)
        self._digests = dict(digests or {})
        self._decision_times = dict(decision_times or {})
        self._memo: dict[object, object] = {}
        self._kept = kept or Kept()
        self._decided_us = decided_us(self.decision_time)
        wide = dict(key_rows or {})

        def rows(name: str) -> tuple[pl.DataFrame, Digests]:
            return wide[name] if name in wide else (self.frame(name), self.digests(name))

        self._cuts = CutKeys(rows, self._decided_us, desk.forecast.horizon_days, self._kept.version)

    def cached(self, key: tuple[object, ...], make: Callable[[], T]) -> T:
        """The value of `make()`, computed once for `key` in a run.

        Only for pure functions of (archive cut at that key's own day): the key must
        contain everything the value depends on.
        """
        if key not in self._memo:
            self._memo[key] = make()
        return cast("T", self._memo[key])

    def kept(self, day: date, key: tuple[object, ...], make: Callable[[], T], past: Callable[[], Past[T]] | None = None) -> T:
        """As `cached`, for a value that hangs on nothing but the cut of `day`: it outlives the run, with `past` the process.

        How it is kept is asked only where it is not in memory: most values are asked for a hundred times.
        """
        made = make if past is None else lambda: self._from_store(day, "|".join(map(str, key)), make, past())
        return self._kept.memo.value(day, self._decided_us(day), key, made)

    def _from_store(self, day: date, kind: str, make: Callable[[], T], past: Past[T]) -> T:
        store = self._kept.store
        if store is None:
            return make()
        key = self.cut_key(day, past)
        data = store.get(past.room, past.owner, day, kind, key)
        if data is not None:
            return past.unpack(data)
        value = make()
        store.put(past.room, past.owner, day, kind, key, past.pack(value), past.artefacts(value))
        return value

    def cut_key(self, day: date, past: Past[T]) -> str:
        """The hash of what decide(`day`) may see of what the value reads, 32 hex digits."""
        key = self._cuts.key(day, past.reads, past.reach_days)
        return hashlib.blake2b(f"{key}|{past.also}".encode(), digest_size=16).hexdigest() if past.also else key

    def digests(self, name: str) -> Digests:
        """Digests of the rows of `frame(name)`, shape (rows, 2)."""
        if name not in self._digests:
            self._digests[name] = row_digests(self.frame(name))
        return self._digests[name]

    def at(self, day: date) -> InformationSet:
        """The information set of delivery day `day`."""
        return self.cached(("information_set", day), lambda: InformationSet(self, day))

    def decision_time(self, day: date) -> datetime:
        """The instant decide(day) is cut at, UTC."""
        return self._decision_times.get(day) or self.desk.decision_time(day)

    def frame(self, name: str) -> pl.DataFrame:
        """All vintages of a raw table, unsorted: for the ingest and settle flows only."""
        found = self._frames.get(name)
        return contract_of(name).frame() if found is None else found

    def months(self, name: str) -> list[SeriesMonth]:
        """A raw table cut into series and calendar months."""
        return self.cached(("months", name), lambda: self._months(name))

    def _months(self, name: str) -> list[SeriesMonth]:
        """Months whose rows are those of an earlier run are taken from it, with the hashes they have."""
        frame, digests = self.frame(name), self.digests(name)
        ends = frame.select(pl.col("delivery_day").dt.truncate("1mo").rle().alias("run")).unnest("run").iter_rows()
        found: list[SeriesMonth] = []
        at, seen = 0, set[date]()
        for count, month in ends:
            if month in seen:  # days out of order: only frames that no lake gave
                return series_months(name, frame)
            seen.add(month)
            mark, at = total(digests[at : at + count]), at + count
            held = self._kept.months.get((name, month))
            if held is None or held[0] != mark:
                held = self._kept.months[name, month] = (mark, series_months(name, frame[at - count : at]))
            found += held[1]
        return sorted(found, key=lambda part: (part.series, part.month))

    def series(self, name: str, value: str, key: Mapping[str, str]) -> AsOfSeries:
        """The series of one key of a raw table."""
        return self.cached(("series", name, value, tuple(sorted(key.items()))), lambda: self._series(name, value, key))

    def _series(self, name: str, value: str, key: Mapping[str, str]) -> AsOfSeries:
        names = tuple(sorted(key))
        parts = self.cached(("parts", name, names), lambda: self._parts(name, names))
        rows = parts.get(tuple(key[k] for k in names), self.frame(name).clear())
        rows = rows.select(
            pl.col("delivery_start").cast(pl.Int64).alias("start"), pl.col("known_at").cast(pl.Int64).alias("known"), pl.col(value).cast(pl.Float64)
        )
        rows = rows.sort("start", "known", maintain_order=True)
        return AsOfSeries(rows["start"].to_numpy(), rows["known"].to_numpy(), rows[value].fill_null(float("nan")).to_numpy())

    def _parts(self, name: str, names: tuple[str, ...]) -> dict[tuple[object, ...], pl.DataFrame]:
        """The table parted by key in one pass, whatever the number of series."""
        frame = self.frame(name)
        return frame.partition_by(*names, maintain_order=True, as_dict=True) if names else {(): frame}


class InformationSet:
    """What decide(day) may know.

    Attributes
    ----------
    day : DeliveryDay
    desk : Desk
    decision_time : datetime
        UTC; nothing with a later `known_at` is visible.
    first_day : date
        First day of raw history visible, `desk.history_days` before `day`.
    """

    def __init__(self, archive: Archive, day: date) -> None:
        self._archive = archive
        self.desk = archive.desk
        self.day: DeliveryDay = archive.desk.delivery_day(day)
        self.decision_time = archive.decision_time(day)
        self.decision_us = to_us(self.decision_time)
        self.first_day = day - timedelta(days=archive.desk.history_days)
        self._first_us = to_us(archive.desk.delivery_day(self.first_day).start)

    @property
    def training(self) -> tuple[date, Zones] | None:
        """What training jobs found that this decision may read: the newest, with its day; None where there is none yet."""
        return newest(self._archive.trainings, self.day.day)

    def network(self, day: date | None = None) -> Network | None:
        """The network that the decision of this or an earlier day reads; None where none was trained lately."""
        return readable(self._archive.networks, min(day or self.day.day, self.day.day))

    def at(self, day: date) -> InformationSet:
        """The information set of an earlier (or this) delivery day; later is a LookAheadError."""
        if day > self.day.day:
            raise LookAheadError(f"decide({self.day.day}) asked for the information set of {day}")
        return self._archive.at(day)

    def with_desk(self, desk: Desk) -> InformationSet:
        """The same knowledge for a desk that differs in its assets' and rights' terms alone: as they stand on the day."""
        found = copy(self)
        found.desk = desk
        return found

    def cached(self, name: str, *key: object, make: Callable[[], T]) -> T:
        """`make()` computed once per (name, this day, key) in a run; see `Archive.cached`."""
        return self._archive.cached((name, self.day.day, *key), make)

    def kept(self, name: str, *key: object, make: Callable[[], T], past: Callable[[], Past[T]] | None = None) -> T:
        """As `cached`, for pure functions of this day's cut and nothing else: not made again in later runs; see `Archive.kept`."""
        return self._archive.kept(self.day.day, (name, *key), make, past)

    def cut_key(self, past: Past[T]) -> str:
        """The hash of what this decision may see of what a kept value reads, 32 hex digits."""
        return self._archive.cut_key(self.day.day, past)

    def values(self, name: str, value: str, start_us: IntArray, *, cut_us: IntArray | int | None = None, **key: str) -> FloatArray:
        """Values of a raw series at interval starts, as known at this decision time.

        Parameters
        ----------
        name, value : str
            Raw table and its value column.
        start_us : array of int64
            Interval starts [us since epoch].
        cut_us : int or array, optional
            An earlier instant to look from; later than the decision time is refused.
        **key : str
            The series, e.g. zone="FR".

        Returns
        -------
        array of float64, same shape; NaN where nothing was known (or before `first_day`).

        Raises
        ------
        LookAheadError
        """
        cut: IntArray | int = self.decision_us if cut_us is None else cut_us
        if int(np.max(cut)) > self.decision_us:
            raise LookAheadError(f"decide({self.day.day}) looked at {name} from after its decision time {self.decision_time}")
        starts = np.asarray(start_us, dtype=np.int64)
        found = self._archive.series(name, value, key).lookup(starts, cut)
        return np.where(starts >= self._first_us, found, np.nan)

    def frame(self, name: str) -> pl.DataFrame:
        """The latest visible vintage of each row of a raw table, sorted by key.

        For tables that are not plain interval series (fuels, quotes, outages). Reaches
        from `desk.max_lag_days` before the day to its horizon, whatever is loaded.
        """
        return self.cached("frame", name, make=lambda: self._frame(name))

    def history(self, name: str) -> pl.DataFrame:
        """As `frame`, with a row for every delivery day a key has: for daily series such as fuels."""
        return self.cached("history", name, make=lambda: self._latest(name, ["delivery_day"]))

    def _visible(self, name: str, first_day: date) -> pl.DataFrame:
        rows = self._archive.frame(name)
        first, last = pl.lit(first_day), pl.lit(self.day.day + timedelta(days=self.desk.forecast.horizon_days))
        return rows.filter(pl.col("known_at") <= self.decision_time, pl.col("delivery_day") >= first, pl.col("delivery_day") <= last)

    def _frame(self, name: str) -> pl.DataFrame:
        return self._latest(name, [])

    def _latest(self, name: str, more: list[str]) -> pl.DataFrame:
        contract = contract_of(name)
        first_day = self.day.day - timedelta(days=self.desk.max_lag_days)
        rows = self._visible(name, first_day).sort(*contract.sort_key, maintain_order=True)
        return rows.unique(subset=[*contract.key, *more], keep="last", maintain_order=True)

    def record(self, name: str, status: Mapping[str, str] | None = None) -> pl.DataFrame:
        """Rows of the `information_set` table for one raw table: a hash per series and month."""
        last_day = self.day.day + timedelta(days=self.desk.forecast.horizon_days)
        parts = [part.visible(self.first_day, last_day, self.decision_time) for part in self._archive.months(name)]
        return pl.DataFrame(
            [
                {
                    "delivery_day": self.day.day,
                    "raw_table": name,
                    "series": part.series,
                    "month": part.month,
                    "rows": part.rows.height,
                    "content_hash": part.content_hash,
                    "last_known_at": part.last_known_at,
                    "decision_time": self.decision_time,
                    "status": (status or {}).get(part.series, "on_time"),
                }
                for part in parts
                if part.rows.height
            ],
            schema=contract_of("information_set").schema,
        )
