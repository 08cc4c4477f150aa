"""A delivery day is one decision: while a run writes it, and when that run did not get through, it is marked and its page says so.

What belongs here: when marks are set and taken away, and the lease of a run's days. What does not: their files
(`lake.unfinished`, `lake.lease`).
"""

from __future__ import annotations

import html
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import date, datetime

from energy_pipeline.contracts import TABLES
from energy_pipeline.lake import Lake, lease
from energy_pipeline.lake.decision_log import DecisionEvent, DecisionSentError
from energy_pipeline.lake.unfinished import UNKNOWN, Unfinished

MARKED = lease.FLOWS
"""Flows that make tables of a day which belong together."""
FILES = {"decide": ["nominations", "daily_report"], "settle_final": ["daily_report"]}
"""Assets that are files, by the flow that writes them."""
PAGE_ASSET = "daily_report"
PAGE, OPEN, CLOSE = "report.html", '<p style="background:#b00020;color:#fff;padding:1em">', "<!-- end --></p>"
LIFE, CALM = "decision", '<p style="background:#e6f0e6;color:#103010;padding:1em">'
REOPEN_STEP = "energy-pipeline run {0} --again --reason WHY"


def planned(assets: Collection[str]) -> dict[str, frozenset[str]]:
    """What a run of these assets writes for a day of each marked flow: its tables and files, and the tables that all flows write."""
    own = {flow: {name for name in assets if name in TABLES and TABLES[name].flow == flow} for flow in MARKED}
    more = {flow: {name for name in assets if name in FILES.get(flow, ()) or (name in TABLES and TABLES[name].flow == "operate")} for flow in MARKED}
    return {flow: frozenset(names | more[flow]) for flow, names in own.items() if names}


@dataclass
class WholeDays:
    """The days of one run, for each flow: begun, and written through.

    Attributes
    ----------
    lake : Lake
        Where the run writes.
    run_id : str
    began : datetime
    planned : dict of flow to names
        What the run writes for a day.
    about : dict
        What `runs` says of the run: desk, its hash, and the code.
    following : set of str
        What other runs make of these days at once after this one; the last of them takes the marks away.
    parent : str
        The killed run that this one goes on from: what that wrote stands.
    reopen : (str, str)
        Who has decisions that were sent made anew, and why; empty: nobody.
    """

    lake: Lake
    run_id: str
    began: datetime
    planned: dict[str, frozenset[str]]
    about: dict[str, str] = field(default_factory=dict)
    following: frozenset[str] = frozenset()
    parent: str = ""
    reopen: tuple[str, str] = ("", "")
    _left: dict[tuple[date, str], set[str]] = field(default_factory=dict)
    _wanted: tuple[tuple[date, str], ...] = ()
    _lease: AbstractContextManager[object] = field(default_factory=nullcontext)

    def take(self, days: Collection[date], holder: str, say: Callable[[str], None], patience_seconds: float) -> None:
        """Hold the days against other runs; see `lease.take`."""
        self._wanted = tuple((day, flow) for day in days for flow in self.planned)
        self._lease = lease.take(self.lake.storage, self._wanted, holder, say, patience_seconds=patience_seconds)

    def release(self) -> None:
        """Leave the days to others."""
        self._lease.__exit__(None, None, None)
        self._lease = nullcontext()

    def begun(self, day: date, names: Collection[str]) -> None:
        """Tables of a day are about to be written: mark it, unless that is done; DecisionSentError for a decision that was sent."""
        for flow in self.planned:
            if (day, flow) in self._left or not any(name in TABLES and TABLES[name].flow == flow for name in names):
                continue
            if flow == "decide":
                self._open(day)
            before = self.lake.unfinished().of(day, flow)
            if before is not None and before.run_id != self.run_id and not before.is_through:
                self.lake.write_day("runs", day, TABLES["runs"].frame([_row(before)]))
            rest = () if before is None or before.run_id == self.parent else before.left
            more = (name for name in self.following if name in FILES.get(flow, ()) or (name in TABLES and TABLES[name].flow == flow))
            self._left[day, flow] = {*self.planned[flow], *rest, *more}
            self._mark(day, flow)
            _banner(self.lake, day, flow)

    def written(self, day: date, names: Collection[str]) -> None:
        """Tables or files of a day are there: take the mark away after the last."""
        for flow in self.planned:
            self._go_on(day, flow)
            left = self._left.get((day, flow))
            if left is None or not left & self.planned[flow]:
                continue
            left.difference_update(names)
            if not left & self.planned[flow]:
                self._through(day, flow)
        if PAGE_ASSET in names:
            tell_life(self.lake, day)
            for mark in self.lake.unfinished().of_day(day):
                if (day, mark.flow) not in self._left:
                    _banner(self.lake, day, mark.flow)
        if all(key in self._left and not self._left[key] & self.planned[key[1]] for key in self._wanted):
            self.release()  # a process that lives on, such as a worker's, keeps no day it is through with

    def _open(self, day: date) -> None:
        """See that a decision which was sent is not written anew without a person's word."""
        log = self.lake.decisions()
        if not log.is_frozen(day):
            return
        person, reason = self.reopen
        if not reason:
            raise DecisionSentError(f"table positions, {day}: {log.of(day)[-1]}; what was sent stays as it is -> {REOPEN_STEP.format(day)}")
        log.add(day, DecisionEvent("reopened", self.began, person, self.lake.decisions().content(day), reason=reason))

    def _go_on(self, day: date, flow: str) -> None:
        """Take over the mark of the killed run that this one goes on from."""
        if self.parent and (day, flow) not in self._left:
            before = self.lake.unfinished().of(day, flow)
            if before is not None and before.run_id == self.parent:
                self._left[day, flow] = set(self.planned[flow])

    def _through(self, day: date, flow: str) -> None:
        if self._left[day, flow]:
            self._mark(day, flow)
            _banner(self.lake, day, flow)
        else:
            self.lake.unfinished().clear(day, flow)
            _no_banner(self.lake, day, flow)

    def _mark(self, day: date, flow: str) -> None:
        left = self._left[day, flow]
        through = bool(self.following) and not left & self.planned[flow] and left <= self.following
        self.lake.unfinished().mark(Unfinished(day, flow, self.run_id, self.began, tuple(sorted(left)), self.about, through))


def unfinished_runs(lake: Lake, own_run: str) -> dict[date, list[dict[str, object]]]:
    """Rows of `runs` for each day that a run which is no longer there did not get through."""
    gone = [m for m in lake.unfinished().all() if m.run_id != own_run and not lease.is_held(lake.storage, m.day, m.flow)]
    rows: dict[date, list[dict[str, object]]] = {}
    for m in gone:
        rows.setdefault(m.day, []).append(_row(m))
    return rows


def _row(mark: Unfinished) -> dict[str, object]:
    """What `runs` says of a run that did not get through: a row of its own, the same whoever writes it."""
    about = {"delivery_day": mark.day, "run_flow": mark.flow, "run_id": mark.run_id, "recorded_at": mark.began, "decision_time": None}
    return {**about, **dict.fromkeys(("desk", "desk_hash", "code_version"), UNKNOWN), **mark.about, "state": "unfinished"}


def tell_life(lake: Lake, day: date) -> None:
    """Say on a day's page what people did with its decision."""
    events, page = lake.decisions().of(day), _page(lake, day)
    if page and events:
        text = f"This decision was {'; '.join(map(str, events))}."
        lake.write_file("report", day, PAGE, told(_without(page, f"<!-- {LIFE} -->{CALM}"), text, LIFE, CALM).encode())


def _banner(lake: Lake, day: date, flow: str) -> None:
    """The page of an earlier run says that it is no longer true; the run's own page takes its place."""
    text = f"A run of {flow} began to write this day anew and is not through: what stands below may be of another run than the tables."
    page = _page(lake, day)
    if page and _open(flow) not in page:
        lake.write_file("report", day, PAGE, told(page, text, flow).encode())


def _no_banner(lake: Lake, day: date, flow: str) -> None:
    page = _page(lake, day)
    if (left := _without(page, _open(flow))) != page:
        lake.write_file("report", day, PAGE, left.encode())


def _without(page: str, opening: str) -> str:
    """The page without the line that begins so."""
    before, found, rest = page.partition(opening)
    return before + rest.partition(CLOSE)[2] if found else page


def told(page: str, text: str, about: str = "fallback", style: str = OPEN) -> str:
    """The page with a line at its top that nobody overlooks."""
    return page.replace("<body>", f"<body><!-- {about} -->{style}{html.escape(text)}{CLOSE}", 1)


def _open(flow: str) -> str:
    return f"<!-- {flow} -->{OPEN}"


def _page(lake: Lake, day: date) -> str:
    try:
        return lake.read_file("report", day, PAGE).decode()
    except FileNotFoundError:
        return ""
