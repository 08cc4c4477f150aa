"""Is every file of the lake what was written? Checksums, places, schemas, and days of which a table is missing.

What belongs here: looking at files, and setting aside one that is not right. What does not: making its day again (`runner.repair`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

from energy_pipeline.contracts import TABLES, Table
from energy_pipeline.lake import Lake, LakeError, layout, parquet

SET_ASIDE = "_damaged"
"""Folder below the lake's root in which files lie that were set aside, under their own path."""


@dataclass(frozen=True)
class BadFile:
    """A file that is not what was written.

    Attributes
    ----------
    days : tuple of date
        Its delivery day; of a merged month every day that has no file of its own.
    error : LakeError
    """

    table: Table
    path: str
    days: tuple[date, ...]
    error: LakeError

    @property
    def is_made_again(self) -> bool:
        """Whether a run brings it back: a computed table's day, no vintage and no earlier version."""
        return not self.table.adds_up and "/versions/" not in self.path


@dataclass
class Verdict:
    """What was found.

    Attributes
    ----------
    files : int
        Files looked at.
    bad : list of BadFile
    gaps : dict of (flow, day) to list of str
        Tables of a flow that a day lacks of which others are there.
    """

    files: int = 0
    bad: list[BadFile] = field(default_factory=list)
    gaps: dict[tuple[str, date], list[str]] = field(default_factory=dict)

    @property
    def texts(self) -> list[str]:
        """Every problem with its next step."""
        gaps = [
            f"{day}, {flow}: no file of {', '.join(names[:4])}{f' and {len(names) - 4} more' if names[4:] else ''} -> energy-pipeline verify --repair"
            for (flow, day), names in sorted(self.gaps.items())
        ]
        return [str(bad.error) for bad in self.bad] + gaps


def verify(lake: Lake, since: date = date.min, told: Callable[[str], None] = lambda _: None) -> Verdict:
    """Read every file of the days from `since` on to its end, and compare it with checksum, place and schema.

    Parameters
    ----------
    told : callable
        Told the name of each table before it is read.
    """
    found, days = Verdict(), dict[str, set[date]]()
    for contract in TABLES.values():
        told(contract.name)
        own = days[contract.name] = set()
        for path in lake.storage.files(layout.table_folder(contract.name)):
            day = layout.day_of_file(path) or _version_day(path)
            month = layout.month_of_file(path)
            if not path.endswith(".parquet") or (day or _last(month) or date.max) < since:
                continue
            found.files += 1
            try:
                data = lake.storage.read_bytes(path)
                parquet.decode(data, contract, path)
                own |= {part.day for part in parquet.verify(data, contract, path) if "/versions/" not in path}
            except LakeError as error:
                found.bad.append(BadFile(contract, path, (day,) if day else (), error))
                own |= {day} if day and "/versions/" not in path else set()
            except FileNotFoundError:  # maintenance merged its month meanwhile
                continue
    found.gaps = _gaps(days, since)
    return found


def set_aside(lake: Lake, bad: BadFile) -> str:
    """Move a file out of the tables, and keep it; returns where it is."""
    target = f"{SET_ASIDE}/{bad.path}"
    lake.storage.write_bytes(target, lake.storage.read_bytes(bad.path), durable=True)
    lake.storage.delete(bad.path)
    return lake.storage.location(target)


def _gaps(days: dict[str, set[date]], since: date) -> dict[tuple[str, date], list[str]]:
    """Days that have some tables of a flow and lack others. Days before a table's first one are older than the table, and lack nothing."""
    found: dict[tuple[str, date], list[str]] = {}
    for flow in ("decide", "settle_da", "settle_final"):
        own = [name for name, contract in TABLES.items() if contract.flow == flow and days[name]]
        begun = {name: min(days[name]) for name in own}
        for day in sorted({day for name in own for day in days[name] if day >= since}):
            if lacking := [name for name in own if day not in days[name] and begun[name] <= day]:
                found[flow, day] = lacking
    return found


def _version_day(path: str) -> date | None:
    """The day of an earlier version's folder."""
    folder = layout.folder_of_file(path)
    return date.fromisoformat(folder) if len(folder) == len("2026-03-29") else None


def _last(month: date | None) -> date | None:
    return month and month.replace(day=28)
