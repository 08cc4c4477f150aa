"""Fetching a desk's live series: what is missing is asked, every answer is kept, and what went wrong is told by name.

What belongs here: the order of things (first sources, then second ones where the first has none), splitting what is too long,
the report. What does not: which days are missing (`plan`), sending (`client`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from energy_pipeline.desk import Desk
from energy_pipeline.domain.errors import PipelineError
from energy_pipeline.fetching.archive import FOLDER
from energy_pipeline.fetching.client import Client
from energy_pipeline.fetching.plan import Question, known_days, questions, requests_for, wanted_days
from energy_pipeline.fetching.quota import BudgetSpentError
from energy_pipeline.ingestion.connectors.contract import (
    Answer,
    Connector,
    NotYet,
    Pairs,
    Parsed,
    Refused,
    Request,
    Rows,
    Unauthorised,
    Unavailable,
    halves,
)
from energy_pipeline.ingestion.connectors.outcomes import Listed
from energy_pipeline.ingestion.live import is_compared, live_problems

Listener = Callable[[int, int, str], None]
"""Told (requests done, requests planned, what is asked)."""


class FetchError(PipelineError):
    """Some questions have no answer; what could be had is in the archive."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = tuple(problems)
        super().__init__(f"{len(problems)} question(s) without an answer\n" + "\n".join(f"  - {p}" for p in problems))


@dataclass
class FetchReport:
    """What a fetch did.

    Attributes
    ----------
    asked : dict of source to int
        Questions sent (retries of one question count once).
    rows : int
        Answers with rows.
    not_yet : list of str
        Questions whose source has nothing yet.
    not_asked : list of str
        Series of a source whose token is missing; their second source is asked, or they are a stated gap.
    second : list of str
        Days taken from a second source, with the reason.
    notes : dict of str
        What answers say beside their values, each once and in order: licences, values that are held as not known.
    problems : list of str
        Questions that ended in a named error.
    """

    asked: dict[str, int] = field(default_factory=dict)
    rows: int = 0
    not_yet: list[str] = field(default_factory=list)
    not_asked: list[str] = field(default_factory=list)
    second: list[str] = field(default_factory=list)
    notes: dict[str, None] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def raise_if_any(self) -> None:
        """Raise one `FetchError` naming every question without an answer; do nothing when there is none."""
        if self.problems:
            raise FetchError(self.problems)


def fetch(desk: Desk, client: Client, first: date, last: date, listener: Listener | None = None) -> FetchReport:
    """Ask for what the archive lacks of delivery days first..last.

    Parameters
    ----------
    desk : Desk
    client : Client
    first, last : date
        Delivery days; days that no source can have yet are left out.
    listener : callable, optional
        For a progress bar.

    Returns
    -------
    FetchReport
        Nothing is raised for a source that fails: the good answers are kept and read.

    Raises
    ------
    FetchError
        The desk file asks for what no connector serves.
    """
    problems = live_problems(desk)
    if problems:
        raise FetchError(problems)
    report = FetchReport()
    with client.archive.storage.guard(FOLDER, exclusive=True):
        asking = questions(desk)
        _Round(client, report, listener).run([q for q in asking if q.order == 0 and _can_ask(q, client, report)], {}, first, last)
        firsts = {id(q.series): q for q in asking if q.order == 0}
        missing = {id(q): _missing(firsts[id(q.series)], q, client, first, last) for q in asking if q.order == 1}
        seconds = [q for q in asking if q.order == 1 and missing[id(q)]]
        report.second += [f"{q.text}: {_spans(missing[id(q)])}, {_why(firsts[id(q.series)], missing[id(q)])}" for q in seconds]
        _Round(client, report, listener).run(seconds, missing, first, last)
    return report


def _can_ask(question: Question, client: Client, report: FetchReport) -> bool:
    """Whether the source's token is there; without one the second source answers, or the desk says that it can do without."""
    missing = client.configured(question.connector)
    if missing is None:
        return True
    needed = question.series.required or question.series.late.action == "stop"
    (report.problems if needed and question.series.second is None else report.not_asked).append(f"{question.text}: {missing}")
    return False


def _missing(question: Question, second: Question, client: Client, first: date, last: date) -> list[date]:
    """Days that one of the two says are out, and for which the second must be asked now: the first has not every row, or they are compared.

    A first source that cannot be asked is not waited for.
    """
    now, can_ask, zone = client.clock.now(), client.configured(question.connector) is None, question.asked.time_zone
    known = known_days(question, client.archive, first, last)
    days = wanted_days(second, client.archive, first, last, now)
    out = [d for d in days if not can_ask or min(question.due(d), second.due(d)) <= now]
    return [d for d in out if not known.complete(d, zone) or (can_ask and question.due(d) <= now and is_compared(question.series, d, zone))]


def _why(first: Question, days: list[date]) -> str:
    compared = all(is_compared(first.series, d, first.asked.time_zone) for d in days)
    return f"to compare with {first.connector.source}" if compared else f"as {first.connector.source} has not all of it"


@dataclass
class _Round:
    """The questions of one round, one request after the other, by source."""

    client: Client
    report: FetchReport
    listener: Listener | None
    done: int = 0
    stopped: dict[str, str] = field(default_factory=dict)
    unasked: dict[str, int] = field(default_factory=dict)

    def run(self, asking: list[Question], days: dict[int, list[date]], first: date, last: date) -> None:
        planned = self._planned(asking, days, first, last)
        for question, request in planned:
            if self.listener is not None:
                self.listener(self.done, len(planned), question.text)
            self._ask(question, request)
            self.done += 1
        for text, count in self.unasked.items():
            source = next(q.connector.source for q, _ in planned if q.text == text)
            self.report.problems.append(f"{text}: {count} question(s) not asked, {self.stopped[source]}")
        if self.listener is not None and planned:
            self.listener(self.done, len(planned), "")

    def _planned(self, asking: list[Question], days: dict[int, list[date]], first: date, last: date) -> list[tuple[Question, Request]]:
        """One plan for all series that share their answers (wind and solar of a zone)."""
        now, groups = self.client.clock.now(), dict[tuple[str, str, Pairs], tuple[Question, set[date]]]()
        for question in asking:
            wanted = days.get(id(question)) or wanted_days(question, self.client.archive, first, last, now)
            groups.setdefault(question.subject, (question, set()))[1].update(wanted)
        return [(q, r) for q, wanted in groups.values() for r in requests_for(q, self.client.archive, sorted(wanted), now)]

    def _ask(self, question: Question, request: Request) -> None:
        source = question.connector.source
        if source in self.stopped:
            self.unasked[question.text] = self.unasked.get(question.text, 0) + 1
            return
        try:
            found = self.client.ask(question.connector, request, self._previous(question.connector, request))
        except BudgetSpentError as error:
            self.stopped[source] = str(error)
            self.report.problems.append(f"{question.text} {_span(request)}: {error}")
            return
        self.report.asked[source] = self.report.asked.get(source, 0) + 1
        if isinstance(found, Refused) and found.split:
            parts = [question.connector.again(request, *half) for half in halves(request)]
            if parts and all(parts):
                for part in parts:
                    self._ask(question, part)  # type: ignore[arg-type]
                return
        if isinstance(found, Listed):
            self._documents(question, request, found)
            return
        self._note(question, request, found)

    def _documents(self, question: Question, request: Request, found: Listed) -> None:
        """The documents of a list that were not answered before."""
        looks = self.client.archive.looks(question.connector, request.dataset, request.key, request.start, request.end)
        answered = {look.question for look in looks if isinstance(look.parsed, Rows)}
        for path, params in found.documents:
            if params not in answered:
                self._ask(question, replace(request, path=path, params=params, immutable=True))

    def _note(self, question: Question, request: Request, found: Parsed) -> None:
        text = f"{question.text} {_span(request)}"
        if isinstance(found, Rows):
            self.report.rows += 1
            self.report.notes.update(dict.fromkeys(f"{question.text}: {note}" for note in found.notes))
        elif isinstance(found, NotYet):
            self.report.not_yet.append(f"{text}: {found.reason}")
        elif not isinstance(found, Listed):
            self.report.problems.append(f"{text}: {type(found).__name__}: {found.reason}")
        if isinstance(found, Unauthorised) or (isinstance(found, Unavailable) and not found.reached):
            self.stopped[question.connector.source] = found.reason

    def _previous(self, connector: Connector, request: Request) -> Answer | None:
        """The last good answer to the very same question, where its source lets us ask whether it still holds."""
        archive = self.client.archive
        for kept in reversed(archive.kept(connector.source, request.dataset, request.key)):
            if (kept.start, kept.end) == (request.start, request.end) and kept.status in (200, 304):
                answer = archive.read(kept)
                if answer.request.path != request.path:
                    continue  # another part of the series
                if answer.request.params == request.params and (answer.header("etag") or answer.header("last-modified")):
                    return answer
                return None
        return None


def _span(request: Request) -> str:
    return f"{request.start:%Y-%m-%dT%H:%MZ}..{request.end:%Y-%m-%dT%H:%MZ}"


def _spans(days: list[date]) -> str:
    """Days folded into ranges.

    >>> _spans([date(2025, 1, 1), date(2025, 1, 2), date(2025, 1, 5)])
    '2025-01-01..2025-01-02, 2025-01-05'
    """
    found: list[tuple[date, date]] = []
    for day in days:
        if found and day - found[-1][1] == timedelta(days=1):
            found[-1] = (found[-1][0], day)
        else:
            found.append((day, day))
    return ", ".join(f"{a}" if a == b else f"{a}..{b}" for a, b in found)


def default_span(desk: Desk, now: datetime) -> tuple[date, date]:
    """Days that the next decision needs: the desk's history, and what sources may have ahead."""
    today = now.date()
    return max(desk.first_delivery_day, today - timedelta(days=desk.history_days)), today + timedelta(days=14)
