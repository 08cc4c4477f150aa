"""What is kept of past days: one file per stage, owner and month, `<nn_stage>/_past/<owner>/YYYY-MM.bin`.

What belongs here: the file and its checksum. What does not: what the bytes mean, or the keys
(`information.past_days`, `information.cut_keys`).

A file is a cache: read whole, replaced whole (written beside, then renamed). One that does not
hold what its checksum says is as good as none and is written anew. Two processes that write the
same month lose at most what the slower had not seen; each day's value has its own key, so
whatever a reader finds is right.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from energy_pipeline.contracts.model import stage_folder
from energy_pipeline.information.past_days import Room
from energy_pipeline.lake.layout import month_start, plain_name
from energy_pipeline.lake.sealed import opened, sealed
from energy_pipeline.lake.storage import Storage

ROOMS: tuple[Room, ...] = ("features", "forecasting", "renewables")
_MAGIC = b"energy_pipeline past 2\n"

Month = tuple[Room, str, date]


@dataclass(frozen=True)
class _Entry:
    key: str
    data: bytes
    artefacts: tuple[tuple[str, str], ...] = ()


Entries = dict[tuple[date, str], _Entry]


class PastMonths:
    """Values of past days below a lake's root (an `information.past_days.PastStore`).

    What is put is visible to this object at once and to others after `flush`.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from energy_pipeline.lake.storage import LocalStorage
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     past = PastMonths(LocalStorage(Path(folder)))
    ...     past.put("forecasting", "FR", date(2026, 3, 1), "members", "k", b"1")
    ...     written = past.flush()
    ...     again = PastMonths(LocalStorage(Path(folder)))
    ...     again.get("forecasting", "FR", date(2026, 3, 1), "members", "k"), again.get("forecasting", "FR", date(2026, 3, 1), "members", "other")
    (b'1', None)
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._months: dict[Month, Entries] = {}
        self._fresh: dict[Month, Entries] = {}

    def get(self, room: Room, owner: str, day: date, kind: str, key: str) -> bytes | None:
        """The value kept under that key; None when there is none."""
        month = (room, owner, month_start(day))
        if month not in self._months:
            self._months[month] = self._read(month)
        found = self._months[month].get((day, kind))
        return found.data if found is not None and found.key == key else None

    def put(self, room: Room, owner: str, day: date, kind: str, key: str, data: bytes, artefacts: Sequence[tuple[str, str]] = ()) -> None:
        """Keep a value in the place of any other of that day and kind, with the names of the artefacts it was made with."""
        month = (room, owner, month_start(day))
        entry = _Entry(key, data, tuple(artefacts))
        self._months.setdefault(month, {})[day, kind] = entry
        self._fresh.setdefault(month, {})[day, kind] = entry

    def flush(self) -> int:
        """Write the months that have something new, united with what others wrote; returns how many files."""
        written = len(self._fresh)
        for month, fresh in self._fresh.items():
            with self._storage.guard(_folder(month[0]), exclusive=True):  # or one of two processes would lose what the other wrote
                self._storage.write_bytes(_path(month), _encoded(self._read(month) | fresh))
        self._fresh = {}
        self._months = {}  # what the process needs again is in its memory; the rest would only lie here
        return written

    def sweep(self, months: Collection[date]) -> int:
        """Remove the files of all other months than those that begin on these days; returns how many there were."""
        count = 0
        for room in ROOMS:
            with self._storage.guard(_folder(room), exclusive=True):
                self._storage.sweep(_folder(room))
                for path in self._storage.files(_folder(room)):
                    if _month_of(path) not in months:
                        self._storage.delete(path)
                        count += 1
        return count

    def artefacts(self) -> set[tuple[str, str]]:
        """Artefacts (kind, key) that anything kept was made with."""
        paths = [path for room in ROOMS for path in self._storage.files(_folder(room))]
        return {named for path in paths for entry in _decoded(self._storage.read_bytes(path)).values() for named in entry.artefacts}

    def _read(self, month: Month) -> Entries:
        try:
            return _decoded(self._storage.read_bytes(_path(month)))
        except FileNotFoundError:
            return {}


def _folder(room: Room) -> str:
    return f"{stage_folder(room)}/_past"


def _path(month: Month) -> str:
    room, owner, first = month
    return f"{_folder(room)}/{plain_name(owner, 'owner')}/{first:%Y-%m}.bin"


def _month_of(path: str) -> date | None:
    stem = path.rsplit("/", 1)[1].partition(".")[0]
    try:
        return date.fromisoformat(f"{stem}-01")
    except ValueError:
        return None


def _encoded(entries: Entries) -> bytes:
    ordered = sorted(entries.items())
    index = [[day.isoformat(), kind, entry.key, entry.artefacts] for (day, kind), entry in ordered]
    return sealed(_MAGIC, index, [entry.data for _, entry in ordered])


def _decoded(data: bytes) -> Entries:
    """Nothing at all unless every byte is what was written."""
    return {
        (date.fromisoformat(day), kind): _Entry(key, part, tuple((owner, name) for owner, name in artefacts))
        for (day, kind, key, artefacts), part in opened(_MAGIC, data)
    }
