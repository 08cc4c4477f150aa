"""What to ask: the days of live series that lack an answer or whose answer may have changed.

What belongs here: judging days by the archive, and covering them with the fewest requests. What does not: sending (`client`).

A day is asked for from an hour before its publication rule on, every ten minutes while it is not complete, and once a day
while its source still revises it. A hole that was still one two weeks after the rule is taken as the source's last word.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import numpy as np
import polars as pl

from energy_pipeline.desk import Desk
from energy_pipeline.desk.sources import LiveSeries, LiveSource
from energy_pipeline.domain.delivery import DeliveryDay, day_of, days_between, from_us, to_us
from energy_pipeline.fetching.archive import AnswerArchive
from energy_pipeline.information.known_at import apply
from energy_pipeline.ingestion.connectors import connector_of
from energy_pipeline.ingestion.connectors.contract import Asked, Connector, Pairs, Request, Rows
from energy_pipeline.ingestion.connectors.not_due import UNCONFIRMED
from energy_pipeline.ingestion.live import Look, asked_of, sources_of

EARLY = timedelta(minutes=60)
POLL = timedelta(minutes=10)
REVISE = timedelta(hours=20)
GIVE_UP = timedelta(days=14)
_HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Question:
    """A series at one of its sources.

    Attributes
    ----------
    order : int
        0 for the first source, 1 for the second.
    """

    series: LiveSeries
    asked: Asked
    connector: Connector
    order: int

    @property
    def subject(self) -> tuple[str, str, Pairs]:
        """What the archive keeps its answers under."""
        return self.connector.source, self.asked.dataset, self.connector.subject(self.asked)

    @property
    def text(self) -> str:
        """The series and the source, for people."""
        return f"{self.series.table} {', '.join(f'{k} {v}' for k, v in self.series.key.items())} ({self.connector.source} {self.asked.dataset})"

    @property
    def by_run(self) -> bool:
        """Whether each day has a model run of its own: then requests are judged, not days."""
        return any(r.immutable for r in self.connector.requests(self.asked, date(2025, 1, 1), date(2025, 1, 1)))

    def due(self, day: date) -> datetime:
        """The latest instant by which the rule says the day is out, of a model run counted from its start; else the day's start."""
        rule = self.series.known_at or self.connector.datasets[self.asked.dataset].known_at
        whole = DeliveryDay(day, self.asked.time_zone)
        if rule.anchor == "column":
            request = self.connector.requests(self.asked, day, day)[0]
            return request.start + timedelta(minutes=rule.minutes) if request.immutable else whole.start
        if self.connector.datasets[self.asked.dataset].seen_only:
            return whole.start
        return apply(rule, whole.end if rule.anchor == "interval_end" else day, self.asked.time_zone)

    def earliest(self, day: date) -> datetime:
        """From when on a day is worth asking for."""
        rule = self.series.known_at or self.connector.datasets[self.asked.dataset].known_at
        if rule.anchor == "interval_end":
            return DeliveryDay(day, self.asked.time_zone).start + timedelta(minutes=rule.minutes)
        if self.connector.datasets[self.asked.dataset].seen_only or rule.anchor == "column":
            return datetime.min.replace(tzinfo=self.due(day).tzinfo)
        return self.due(day) - EARLY


@dataclass
class Days:
    """What the archive says of each day of a question: minutes covered by rows, and since when every hour of it was looked at."""

    minutes: dict[date, int] = field(default_factory=dict)
    looked_at: dict[date, datetime] = field(default_factory=dict)

    def complete(self, day: date, time_zone: str) -> bool:
        """Whether rows cover the whole day."""
        return self.minutes.get(day, 0) >= DeliveryDay(day, time_zone).hours * 60


def questions(desk: Desk, tables: Iterable[str] | None = None) -> list[Question]:
    """Every live series of the desk at each of its sources."""
    wanted = None if tables is None else set(tables)
    return [
        _question(desk, series, live, order)
        for series in desk.sources.live
        if wanted is None or series.table in wanted
        for order, live in enumerate(sources_of(series))
    ]


def _question(desk: Desk, series: LiveSeries, live: LiveSource, order: int) -> Question:
    return Question(series, asked_of(desk, series, live), connector_of(live.source), order)


def known_days(question: Question, archive: AnswerArchive, first: date, last: date) -> Days:
    """What the archive holds of the days, for this series."""
    _, dataset, subject = question.subject
    start, end = question.asked.span(first, last)
    found = Days()
    hours = np.zeros(int((end - start) / _HOUR), dtype=np.int64)
    seen: list[pl.DataFrame] = []
    for look in archive.looks(question.connector, dataset, subject, start, end):
        begin, stop = -((start - look.start) // _HOUR), (look.end - start) // _HOUR
        hours[max(begin, 0) : max(stop, 0)] = to_us(look.received_at)
        if isinstance(look.parsed, Rows) and "delivery_start" in look.parsed.frame.columns:
            own = [pl.col(k) == v for k, v in question.series.key.items() if k in look.parsed.frame.columns]
            own += [~pl.col(UNCONFIRMED)] if UNCONFIRMED in look.parsed.frame.columns else []
            seen.append(look.parsed.frame.filter(*own).select("delivery_start", "resolution_minutes"))
    at = 0
    for day in days_between(first, last):
        count = DeliveryDay(day, question.asked.time_zone).hours
        oldest = int(hours[at : at + count].min())
        at += count
        if oldest:
            found.looked_at[day] = from_us(oldest)
    if seen:
        starts = pl.concat(seen).unique("delivery_start", maintain_order=True)
        local = pl.col("delivery_start").dt.convert_time_zone(question.asked.time_zone).dt.date().alias("day")
        found.minutes = dict(starts.group_by(local, maintain_order=True).agg(pl.col("resolution_minutes").sum()).iter_rows())
    return found


def wanted_days(question: Question, archive: AnswerArchive, first: date, last: date, now: datetime) -> list[date]:
    """Days of first..last that must be asked for now."""
    dataset = question.connector.datasets[question.asked.dataset]
    last = min(last, day_of(now, question.asked.time_zone) + timedelta(days=dataset.ahead_days))
    first, last = max(first, question.series.first_day or first), min(last, question.series.last_day or last)
    if first > last:
        return []
    if question.by_run:
        return days_between(first, last)
    known = known_days(question, archive, first, last)
    return [day for day in days_between(first, last) if _is_wanted(question, known, day, now)]


def _is_wanted(question: Question, known: Days, day: date, now: datetime) -> bool:
    looked, due = known.looked_at.get(day), question.due(day)
    if now < question.earliest(day):
        return False
    if looked is None:
        return True
    dataset = question.connector.datasets[question.asked.dataset]
    if known.complete(day, question.asked.time_zone) or "delivery_start" not in _columns(question):
        settled = due + timedelta(days=dataset.revised_days)
        return looked < settled and now - looked >= REVISE
    return looked < due + GIVE_UP and now - looked >= POLL


def _columns(question: Question) -> Sequence[str]:
    from energy_pipeline.contracts import table as contract_of

    return tuple(contract_of(question.series.table).schema)


def requests_for(question: Question, archive: AnswerArchive, days: Sequence[date], now: datetime) -> list[Request]:
    """The fewest requests that cover the days, without those that were answered for good."""
    found: dict[tuple[str, Pairs], Request] = {}
    left = sorted(days)
    while left:
        longest = question.connector.datasets[question.asked.dataset].span
        reach = longest.after(question.asked.span(left[0], left[0])[0])
        inside = [d for d in left if question.asked.span(d, d)[1] <= reach] or left[:1]
        for request in question.connector.requests(question.asked, inside[0], inside[-1]):
            found.setdefault((request.path, request.params), request)
        left = left[len(inside) :]
    _, dataset, subject = question.subject
    if any(r.immutable for r in found.values()):
        minutes = question.connector.datasets[dataset].known_at.minutes
        answered = {look.question for look in archive.looks(question.connector, dataset, subject, *_reach(found.values())) if _is_final(look, now)}
        return [r for r in found.values() if r.params not in answered and now >= r.start + timedelta(minutes=minutes) - EARLY]
    return list(found.values())


def _reach(requests: Iterable[Request]) -> tuple[datetime, datetime]:
    spans = [(r.start, r.end) for r in requests]
    return min(s for s, _ in spans), max(e for _, e in spans)


def _is_final(look: Look, now: datetime) -> bool:
    return isinstance(look.parsed, Rows) or now - look.received_at < POLL
