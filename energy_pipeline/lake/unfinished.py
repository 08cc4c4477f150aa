"""Days that a flow began to write and has not written through: a decision is one, or it is marked.

What belongs here: the marks, one file per delivery day and flow, and their words. What does not: when a mark is set and
taken away (`orchestration.whole_days`).

A mark is set before the first table of a flow's day is written, and taken away after the last one. So a day whose run was
killed or failed in between keeps it: some of its tables are of that run, and the others of an earlier one.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from energy_pipeline.contracts.model import stage_folder
from energy_pipeline.domain.errors import PipelineError
from energy_pipeline.lake.storage import Storage

FOLDER = f"{stage_folder('reporting')}/_unfinished"
SHOWN = 4
"""Tables told by name."""
UNKNOWN = "unknown"
"""What a mark that cannot be read says: it marks its day all the same."""
NAME = re.compile(r"(\d{4}-\d\d-\d\d)\.(\w+)\.json")


class UnfinishedDayError(PipelineError):
    """What was asked for would be made of a day whose tables are of two runs."""


@dataclass(frozen=True)
class Unfinished:
    """A delivery day of a flow that is not written through.

    Attributes
    ----------
    day : date
    flow : str
    run_id : str
        The run that began it.
    began : datetime
        When, UTC.
    left : tuple of str
        What that run, or one before it, had yet to write.
    about : dict
        Desk, its hash, and the code of the run.
    is_through : bool
        Whether that run did its own part, and what is left is another's that follows it.
    """

    day: date
    flow: str
    run_id: str
    began: datetime
    left: tuple[str, ...]
    about: dict[str, str] = field(default_factory=dict)
    is_through: bool = False

    def __str__(self) -> str:
        """What is wrong, and the next step."""
        more = f" and {len(self.left) - SHOWN} more" if len(self.left) > SHOWN else ""
        if self.run_id == UNKNOWN:
            return f"{self.day}, {self.flow}: a run began this day, and its mark cannot be read -> energy-pipeline run {self.day} --again"
        begun = f"{self.day}, {self.flow}: run {self.run_id[:8]} began at {self.began:%Y-%m-%d %H:%M}Z and is not through"
        return f"{begun}; {', '.join(self.left[:SHOWN])}{more} may be of an earlier run -> energy-pipeline run {self.day} --again"


class UnfinishedDays:
    """The marks of a lake."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def mark(self, mark: Unfinished) -> None:
        """Set a mark, or set it anew."""
        text = {"run_id": mark.run_id, "began": mark.began.isoformat(), "left": list(mark.left), "about": mark.about, "is_through": mark.is_through}
        self._storage.write_bytes(_path(mark.day, mark.flow), json.dumps(text).encode(), durable=True)

    def clear(self, day: date, flow: str) -> None:
        """Take a mark away; nothing happens where there is none."""
        self._storage.delete(_path(day, flow))

    def of(self, day: date, flow: str) -> Unfinished | None:
        """The mark of a day and flow."""
        return self._read(_path(day, flow))

    def all(self) -> list[Unfinished]:
        """Every mark, by day and flow."""
        found = (self._read(path) for path in self._storage.files(FOLDER))
        return sorted((mark for mark in found if mark is not None), key=lambda mark: (mark.day, mark.flow))

    def of_day(self, day: date) -> list[Unfinished]:
        """The marks of a day."""
        return [mark for mark in self.all() if mark.day == day]

    def refuse(self, day: date, flow: str, table: str) -> None:
        """UnfinishedDayError where a table of the day may be of two runs: for what is traded by, which a mark beside it would not stop."""
        if (mark := self.of(day, flow)) is not None:
            raise UnfinishedDayError(f"table {table}, {mark}")

    def _read(self, path: str) -> Unfinished | None:
        named = NAME.fullmatch(path.rsplit("/", 1)[1])
        try:
            day, flow = (date.fromisoformat(named[1]), named[2]) if named else (None, "")
            text = b"" if day is None else self._storage.read_bytes(path)
        except (FileNotFoundError, ValueError):  # gone meanwhile, or the name of no day
            return None
        if day is None:
            return None
        try:
            found = json.loads(text)
            began, left, about = datetime.fromisoformat(found["began"]), tuple(found["left"]), dict(found["about"])
            return Unfinished(day, flow, found["run_id"], began, left, about, bool(found.get("is_through")))
        except (ValueError, KeyError, TypeError):
            return Unfinished(day, flow, UNKNOWN, datetime(day.year, day.month, day.day, tzinfo=UTC), ())


def _path(day: date, flow: str) -> str:
    return f"{FOLDER}/{day.isoformat()}.{flow}.json"
