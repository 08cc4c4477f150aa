"""What people did with a day's decision: approved, sent, acknowledged, overridden, opened again; and where it therefore stands.

What belongs here: the log, one file per event under a number of its own, and the standing that follows from it. What does
not: who may do what when (`runner.decision_life`), the table that BI reads (`decision_events`, made from this log).

An event names the content of the decision it is about. So an approval ends when the day is decided anew with another
result, and holds when the result is the same.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime

from energy_pipeline.contracts.model import stage_folder
from energy_pipeline.domain.errors import PipelineError
from energy_pipeline.lake import numbered
from energy_pipeline.lake.storage import Storage

FOLDER = f"{stage_folder('reporting')}/_decisions"
DECISION = ("positions", "nomination_lines", "orders_sent")
"""Tables that say what a day's decision is to the outside."""
FROZEN = ("sent", "acknowledged")
"""Standings in which no run writes the decision anew."""
PERSON = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}")
MOST_LETTERS = 300


class DecisionStateError(PipelineError):
    """What was asked for does not fit where the day's decision stands."""


class DecisionSentError(DecisionStateError):
    """A decision that was sent would be written anew."""


@dataclass(frozen=True)
class DecisionEvent:
    """One thing somebody did with a day's decision.

    Attributes
    ----------
    event : str
        approved, sent, acknowledged, overridden or reopened.
    at : datetime
        UTC.
    person : str
    decision_hash : str
        Content of the positions and bids it is about.
    nomination : str
        For sent: which file of bids.
    reason : str
        Why something was overridden or opened again.
    note : str
        For acknowledged: the other side's reference. For overridden: what stood against it.
    """

    event: str
    at: datetime
    person: str
    decision_hash: str
    nomination: str = ""
    reason: str = ""
    note: str = ""

    def __str__(self) -> str:
        """For people."""
        more = "".join(f", {text}" for text in (self.nomination.rpartition("/")[2], self.note, self.reason and f"reason: {self.reason}") if text)
        return f"{self.event} by {self.person} at {self.at:%Y-%m-%d %H:%M}Z{more}"


@dataclass(frozen=True)
class Standing:
    """Where a day's decision stands.

    Attributes
    ----------
    state : str
        decided, approved, sent or acknowledged.
    decision_hash : str
        What the approval, or what was sent, is about; empty for decided.
    last : DecisionEvent or None
        What brought it there.
    """

    state: str = "decided"
    decision_hash: str = ""
    last: DecisionEvent | None = None

    @property
    def is_frozen(self) -> bool:
        """Whether it left the house."""
        return self.state in FROZEN


def standing(events: Sequence[DecisionEvent], content: str) -> Standing:
    """Where a decision stands after its events; an approval of another content than the day's now is none.

    >>> standing([], "a").state
    'decided'
    """
    found = Standing()
    for event in events:
        if event.event == "reopened":
            found = Standing(last=event)
        elif event.event != "overridden":
            found = Standing(event.event, event.decision_hash, event)
    if found.state == "approved" and found.decision_hash != content:
        return Standing(last=found.last)
    return found


class DecisionLog:
    """The events of a lake's days."""

    def __init__(self, storage: Storage, verified: Callable[[str, date], str]) -> None:
        self._storage = storage
        self._verified = verified

    def content(self, day: date) -> str:
        """Hash of a day's decision: its positions and bids; empty where it is not decided."""
        found = [self._verified(name, day) for name in DECISION]
        return hashlib.sha256("".join(found).encode()).hexdigest()[:32] if all(found) else ""

    def add(self, day: date, event: DecisionEvent) -> None:
        """Keep an event after those that are there; DecisionStateError where person, reason or note are no plain words."""
        person, reason, note = event.person, event.reason, event.note
        if not PERSON.fullmatch(person):
            raise DecisionStateError(f"{day}: {person!r} is no name of a person -> --by with 1 to 64 letters, digits, _ . @ -")
        for what, text in (("reason", reason), ("note", note)):
            if text and not is_plain(text):
                step = f"1 to {MOST_LETTERS} printable letters, none of = + - @ first"
                raise DecisionStateError(f"{day}: the {what} {text[:40]!r} is no plain text -> {step}")
        data = json.dumps({**asdict(event), "at": event.at.isoformat()}).encode()
        numbered.append(self._storage, f"{FOLDER}/{day.isoformat()}", hashlib.sha256(data).hexdigest()[:8], "json", data)

    def of(self, day: date) -> list[DecisionEvent]:
        """Events of a day, first to last."""
        found = [json.loads(self._storage.read_bytes(path)) for path in self._storage.files(f"{FOLDER}/{day.isoformat()}")]
        return [DecisionEvent(**{**one, "at": datetime.fromisoformat(one["at"])}) for one in found]

    def is_frozen(self, day: date) -> bool:
        """Whether the day's decision was sent and not opened again."""
        return standing(self.of(day), "").is_frozen


def is_plain(text: str) -> bool:
    r"""Whether a text can stand in a page, a spreadsheet and a log as it is: printable, of bounded length, no formula.

    >>> is_plain("limit raised by the risk committee"), is_plain("=1+1"), is_plain("a\u202eb"), is_plain("")
    (True, False, False, False)
    """
    return 0 < len(text) <= MOST_LETTERS and text.isprintable() and text[0] not in "=+-@"
