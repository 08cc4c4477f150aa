"""The lake: a table's day written atomically, and windows of days read back.

What belongs here: `Lake` and how day files, vintages, versions and merged months make
one table. What does not: merging months (`compaction`), bytes (`storage`, `parquet`).

Reading never takes a lock. Day files are tried first and merged months afterwards, in
this order always: maintenance writes the month before it deletes the days, so a day
file that is gone is in the month file opened after it.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Literal

import polars as pl

from energy_pipeline.contracts import Table
from energy_pipeline.contracts import table as contract_of
from energy_pipeline.contracts.enforce import enforce, enforce_days
from energy_pipeline.domain.delivery import days_between
from energy_pipeline.domain.errors import MissingDayError, PipelineError
from energy_pipeline.lake import compaction, layout, numbered, parquet
from energy_pipeline.lake.artefacts import ArtefactStore
from energy_pipeline.lake.decision_log import DecisionLog
from energy_pipeline.lake.parquet import Part
from energy_pipeline.lake.past_months import PastMonths
from energy_pipeline.lake.storage import Storage, storage_for
from energy_pipeline.lake.trained import TrainedSettings
from energy_pipeline.lake.unfinished import UnfinishedDays

ALL_DAYS = (date.min, date.max)


@dataclass(frozen=True)
class DayRecord:
    """What the lake holds of a table's day.

    Attributes
    ----------
    sha256 : str
        Content hash; of a day with vintages, the hash of their hashes.
    rows : int
        Rows, vintages counted each.
    path : str
        Where, relative to the lake's root.
    """

    sha256: str
    rows: int
    path: str


class Lake:
    """All tables of the pipeline below one root, a local folder or `s3://bucket/prefix`.

    Parameters
    ----------
    root : str or Path
    storage : Storage, optional
        Given instead of the root's own storage by tests.
    """

    def __init__(self, root: str | Path, storage: Storage | None = None) -> None:
        self.root = str(root)
        self.storage = storage if storage is not None else storage_for(root)

    # -- writing ---------------------------------------------------------------

    def write_day(self, table: str, day: date, frame: pl.DataFrame) -> DayRecord:
        """Write a computed table's day; the contract is enforced before anything is visible.

        Raises
        ------
        ContractError
            And nothing was written.
        ValueError
            For a raw table, which takes `add_vintage`.
        """
        contract = contract_of(table)
        if contract.vintages:
            raise ValueError(f"{table} keeps every vintage: use add_vintage")
        frame = enforce(contract, frame, day)
        part = parquet.part_of(frame, day)
        if contract.adds_up:
            self._write_vintage(contract, frame, part)
            return DayRecord(part.sha256, part.rows, layout.vintage_path(table, day, part.sha256))
        data, path = parquet.encode(frame, contract, [part]), layout.part_path(table, day)
        with self.storage.guard(layout.table_folder(table), exclusive=False):
            if contract.superseded:
                numbered.append(self.storage, f"{layout.day_folder(table, day)}/versions", part.sha256[:16], "parquet", data)
            self.storage.write_bytes(path, data)
        return DayRecord(part.sha256, part.rows, path)

    def add_vintage(self, table: str, day: date, frame: pl.DataFrame) -> DayRecord | None:
        """Add rows to a raw table's day, in a file of their own; None when exactly these were added before.

        An empty frame says "looked, and there was nothing": it is kept for a day that has
        no vintage yet (where the contract allows it) and adds nothing to one that has.

        Raises
        ------
        ContractError
            And nothing was written.
        """
        contract = contract_of(table)
        if not contract.adds_up:
            raise ValueError(f"{table} is computed and has one content a day: use write_day")
        if frame.height == 0 and self._parts(contract, day, day):
            return None
        frame = enforce(contract, frame, day)
        part = parquet.part_of(frame, day)
        if not self._write_vintage(contract, frame, part):
            return None
        return DayRecord(part.sha256, part.rows, layout.vintage_path(table, day, part.sha256))

    def add_history(self, table: str, frames: Mapping[date, pl.DataFrame]) -> dict[date, PipelineError]:
        """Add a raw table's days of one closed calendar month in a single file, where the lake holds nothing of that month.

        Otherwise, or where only some days are new, they are added as `add_vintage` would. One
        file a month instead of one a day makes loading and reading a long history several times faster.

        Returns
        -------
        dict of day to error
            Days whose contract is broken; the others are written.

        Raises
        ------
        ValueError
            For days of more than one month.
        """
        contract = contract_of(table)
        if len({layout.month_start(day) for day in frames}) > 1:
            raise ValueError("the days of a history file must be of one month")
        good, failures = enforce_days(contract, {day: frames[day] for day in sorted(frames)})
        if not good:
            return failures
        target, parts = layout.month_path(table, next(iter(good))), [parquet.part_of(frame, day) for day, frame in good.items()]
        with self.storage.guard(layout.table_folder(table), exclusive=True):
            fresh = not self.storage.exists(target) and not any(self._day_paths(contract, day) for day in good)
            if fresh:
                self.storage.write_bytes(target, parquet.encode(pl.concat(list(good.values())), contract, parts), durable=True)
        if not fresh:
            for part in parts:
                self._write_vintage(contract, good[part.day], part)
        return failures

    def _write_vintage(self, contract: Table, frame: pl.DataFrame, part: Part) -> bool:
        path = layout.vintage_path(contract.name, part.day, part.sha256)
        with self.storage.guard(layout.table_folder(contract.name), exclusive=False):
            if self.storage.exists(path) or part in self._month_parts(contract.name, part.day):
                return False
            self.storage.write_bytes(path, parquet.encode(frame, contract, [part]), durable=True)
            return True

    def write_file(self, table: str, day: date, name: str, data: bytes) -> str:
        """Write a file that is no Parquet (`report`: the HTML page) beside a table's day; returns where it is."""
        path = f"{layout.day_folder(table, day)}/{layout.plain_name(name, 'file name')}"
        if name.endswith(".parquet"):
            raise ValueError(f"{name}: Parquet files are written by write_day and add_vintage")
        with self.storage.guard(layout.table_folder(table), exclusive=False):
            self.storage.write_bytes(path, data)
        return self.storage.location(path)

    def read_file(self, table: str, day: date, name: str) -> bytes:
        """A file written by `write_file`; FileNotFoundError when there is none."""
        return self.storage.read_bytes(f"{layout.day_folder(table, day)}/{layout.plain_name(name, 'file name')}")

    def submit(self, day: date, csv_bytes: bytes) -> str:
        """Keep a day's nominations under the next number; the last ones again add nothing. Returns where they are."""
        with self.storage.guard(layout.table_folder("nominations"), exclusive=False):
            path = numbered.append(self.storage, layout.day_folder("nominations", day), hashlib.sha256(csv_bytes).hexdigest()[:8], "csv", csv_bytes)
        return self.storage.location(path)

    # -- reading ---------------------------------------------------------------

    def read(self, table: str, first: date, last: date, missing: Literal["error", "skip"] = "error") -> pl.DataFrame:
        """Rows of a table's days from `first` to `last`, both included.

        Parameters
        ----------
        missing : {"error", "skip"}
            What a day without a file means. A day written empty is not missing.

        Returns
        -------
        DataFrame
            In contract column order, sorted by day, then sort key; the same whatever
            files the rows lie in. Raw tables: every vintage.

        Raises
        ------
        MissingDayError, LakeError
        """
        contract = contract_of(table)
        days = days_between(first, last)
        pieces = self._day_pieces(contract, days)
        self._month_pieces(contract, days, pieces)
        absent = [day for day in days if not pieces[day]]
        if absent and missing == "error":
            raise MissingDayError(table, absent, f"run the {contract.flow} flow for these days, or read with missing='skip'")
        return pl.concat([contract.frame(), *(compaction.merged(contract, pieces[day]) for day in days if pieces[day])], rechunk=True)

    def _day_pieces(self, contract: Table, days: Sequence[date]) -> dict[date, list[pl.DataFrame]]:
        paths = [(day, path) for day in days for path in self._day_paths(contract, day)]
        pieces: dict[date, list[pl.DataFrame]] = {day: [] for day in days}
        for (day, path), data in zip(paths, self._read_all([p for _, p in paths]), strict=True):
            if data is not None:
                pieces[day].append(parquet.decode(data, contract, path))
        return pieces

    def _day_paths(self, contract: Table, day: date) -> list[str]:
        if not contract.adds_up:
            return [layout.part_path(contract.name, day)]
        return [p for p in self.storage.files(layout.day_folder(contract.name, day)) if layout.day_of_file(p) == day]

    def _month_pieces(self, contract: Table, days: Sequence[date], pieces: dict[date, list[pl.DataFrame]]) -> None:
        """Fill in what lies in merged months; a computed day's own file wins over them."""
        wanted = days if contract.adds_up else [day for day in days if not pieces[day]]
        for month in sorted({layout.month_start(day) for day in wanted}):
            path = layout.month_path(contract.name, month)
            data = self._read_one(path)
            if data is None:
                continue
            listed = {p.day for p in parquet.parts_in(io.BytesIO(data), contract, path)} & set(wanted)
            rows = parquet.decode(data, contract, path, listed)
            by_day = {part["delivery_day"][0]: part for part in rows.partition_by("delivery_day", maintain_order=True)}
            for day in listed:
                pieces[day].append(by_day.get(day, rows.clear()))

    def _read_one(self, path: str) -> bytes | None:
        try:
            return self.storage.read_bytes(path)
        except FileNotFoundError:
            return None

    def _read_all(self, paths: Sequence[str]) -> Iterator[bytes | None]:
        if self.storage.workers == 1 or len(paths) < 2:
            yield from map(self._read_one, paths)
            return
        with ThreadPoolExecutor(self.storage.workers) as pool:
            yield from pool.map(self._read_one, paths)

    # -- what is there ---------------------------------------------------------

    def days(self, table: str) -> list[date]:
        """Days the lake holds of a table, ascending."""
        paths = self.storage.files(layout.table_folder(table))
        found = {day for path in paths if (day := layout.day_of_file(path)) is not None}
        for path in paths:
            if layout.month_of_file(path) is not None:
                found |= {part.day for part in self._parts_in(table, path)}
        return sorted(found)

    def listing(self, table: str, first: date, last: date) -> dict[date, tuple[str, ...]]:
        """Content hashes (32 hex digits) of the vintages of a raw table's days, ascending; absent days are left out.

        Taken from file names and, for merged months, from their footers; the same before and
        after a month is merged.
        """
        folder, found = layout.table_folder(table), dict[date, set[str]]()
        for path in self.storage.files(folder):
            day, month = layout.day_of_file(path), layout.month_of_file(path)
            if day is not None and first <= day <= last:
                found.setdefault(day, set()).add(path.rsplit("/", 1)[1].partition(".")[0])
            elif month is not None and layout.month_start(first) <= month <= last:
                for part in self._parts_in(table, path):
                    if first <= part.day <= last:
                        found.setdefault(part.day, set()).add(part.sha256[:32])
        return {day: tuple(sorted(found[day])) for day in sorted(found)}

    def _months(self, table: str) -> list[date]:
        return [month for path in self.storage.files(layout.table_folder(table)) if (month := layout.month_of_file(path)) is not None]

    def manifest(self, table: str, first: date | None = None, last: date | None = None) -> dict[date, DayRecord]:
        """Content hash, rows and place of every day, read from the files themselves.

        The hash of a day does not change when its month is merged.
        """
        contract = contract_of(table)
        found: dict[date, dict[Part, str]] = {}
        for part, path in self._parts(contract, first or ALL_DAYS[0], last or ALL_DAYS[1]):
            found.setdefault(part.day, {}).setdefault(part, path)
        return {day: _record(list(found[day].items())) for day in sorted(found)}

    def _parts(self, contract: Table, first: date, last: date) -> list[tuple[Part, str]]:
        """Parts of the days with the file each is in: day files first, then months (see the module's rule)."""
        if first == last:
            paths: Iterable[str] = self._day_paths(contract, first)
        else:
            paths = self.storage.files(layout.table_folder(contract.name))
        found = [
            (part, path)
            for path in paths
            if (day := layout.day_of_file(path)) is not None and first <= day <= last
            for part in self._parts_in(contract.name, path)
        ]
        have = set() if contract.adds_up else {part.day for part, _ in found}
        for month in [first] if first == last else self._months(contract.name):
            path = layout.month_path(contract.name, month)
            found += [(p, path) for p in self._parts_in(contract.name, path) if first <= p.day <= last and p.day not in have]
        return found

    def _month_parts(self, table: str, day: date) -> list[Part]:
        return self._parts_in(table, layout.month_path(table, day))

    def _parts_in(self, table: str, path: str) -> list[Part]:
        try:
            return parquet.parts_in(self.storage.parquet_source(path), contract_of(table), path)
        except FileNotFoundError:
            return []

    def verified(self, table: str, day: date) -> str:
        """Content hash of a computed table's day, every byte of its file compared; empty when there is none.

        Raises
        ------
        LakeError
            Where its bytes are not what was written, or not of that day.
        """
        contract = contract_of(table)
        for path in (layout.part_path(table, day), layout.month_path(table, day)):
            data = self._read_one(path)
            found = [] if data is None else [p.sha256 for p in parquet.verify(data, contract, path) if p.day == day]
            if found:
                return found[0]
        return ""

    def versions(self, table: str, day: date) -> list[str]:
        """Paths of every version of a superseded table's day, first to last."""
        return self.storage.files(f"{layout.day_folder(table, day)}/versions")

    def read_version(self, table: str, path: str) -> pl.DataFrame:
        """One of `versions`."""
        return parquet.decode(self.storage.read_bytes(path), contract_of(table), path)

    def nominations(self, day: date) -> list[str]:
        """Paths of all nominations submitted for a day, first to last."""
        return self.storage.files(layout.day_folder("nominations", day))

    # -- rooms -----------------------------------------------------------------

    def artefacts(self) -> ArtefactStore:
        """The store of fitted models."""
        return ArtefactStore(self.storage)

    def trained(self) -> TrainedSettings:
        """What training jobs found: settings and networks."""
        return TrainedSettings(self.storage)

    def unfinished(self) -> UnfinishedDays:
        """Days that a flow began to write and did not write through."""
        return UnfinishedDays(self.storage)

    def decisions(self) -> DecisionLog:
        """What people did with the days' decisions."""
        return DecisionLog(self.storage, self.verified)

    def past(self) -> PastMonths:
        """The store of past days' values."""
        return PastMonths(self.storage)

    def sweep(self, look_back_days: int) -> tuple[int, int]:
        """Remove values of past days that no decided day looks back to, and artefacts that nothing kept names.

        Both are caches: what is missed later is made again.

        Returns
        -------
        (int, int)
            Month files and artefacts removed.
        """
        months: set[date] = set()
        for day in self.days("information_set"):
            first = layout.month_start(day - timedelta(days=look_back_days))
            while first <= day:
                months.add(first)
                first = layout.month_start(first + timedelta(days=31))
        past = self.past()
        return past.sweep(months), self.artefacts().sweep(past.artefacts())

    def compact(self, table: str, month: date) -> int:
        """Merge a closed month's day files; returns how many there were. See `compaction.compact`."""
        return compaction.compact(self.storage, table, month)


def _record(parts: Sequence[tuple[Part, str]]) -> DayRecord:
    if len(parts) == 1:
        part, path = parts[0]
        return DayRecord(part.sha256, part.rows, path)
    hashes = sorted(part.sha256 for part, _ in parts)
    return DayRecord(hashlib.sha256("".join(hashes).encode()).hexdigest(), sum(p.rows for p, _ in parts), parts[0][1].rsplit("/", 1)[0])
