"""Flows over many days on several processes: who does what next.

What belongs here: tasks, their order, handing them out. What does not: processes (`workers`), doing a task (`spans`).

The order. Raw days come first, by one worker, so that all others only read them. Where workers would look back to the same past,
they make it together first (`past`), kind by kind, each a stretch: what is looked back to before the span, and within it, where
one worker looks back to days of another. Forecasts follow (all of a day that hangs on no earlier decision, `orchestration.jobs`),
each worker on a stretch of its own, so that it has just made the past its next chunk looks back to. The chain, from schedules to
settlement, hangs on the days before, so it goes through the chunks in day order, by one worker at a time, as soon as the forecasts
of a chunk are there; the first worker's stretch is shorter by what the chain costs. The reports, which no later day reads, and the marts
follow it in day order too, when a worker has nothing else to do, or when many days wait for them.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, TypeVar

from energy_pipeline.domain.delivery import days_between
from energy_pipeline.runner.flows import FlowName
from energy_pipeline.runner.past import KINDS, PastKind
from energy_pipeline.runner.results import SpanResult
from energy_pipeline.runner.spans import Span, stretches

T = TypeVar("T")

TaskPart = Literal["raw", "drivers", "members", "forecasts", "chain", "reports"]
CHAIN_SHARE = 0.45
"""What the chain of a day costs, of what its forecasts cost once members are there (docs/speed.md)."""
PAST_DAYS = 40
"""Days of the past that a worker makes in one go: what it needs for them is in its memory until then."""
UNPUBLISHED_DAYS = 30
"""So many days wait at most for their reports while there is other work: readers follow a long range in the warehouse."""


@dataclass(frozen=True)
class Task:
    """Something one worker does in one go.

    Attributes
    ----------
    part : {"raw", "drivers", "members", "forecasts", "chain", "reports"}
    chunks : tuple of (first, last)
        Delivery days, a Dagster run each; of the past the days to be made, and the first day of the span with the first they are made for.
    flows : tuple of flow names
        Of the part; `raw` without ingest loads the history only.
    is_last : bool
        Whether no other task makes tables of these days; if one does, their page waits for it.
    """

    part: TaskPart
    chunks: tuple[Span, ...]
    flows: tuple[FlowName, ...]
    is_last: bool = True

    @property
    def span(self) -> Span:
        """First and last day."""
        return self.chunks[0] if self.part in KINDS else (self.chunks[0][0], self.chunks[-1][1])

    @property
    def days(self) -> list[date]:
        """The days themselves: chunks may lie apart."""
        return [day for chunk in (self.chunks[:1] if self.part in KINDS else self.chunks) for day in days_between(*chunk)]

    def __str__(self) -> str:
        """For people."""
        return f"{self.part} {self.span[0]} .. {self.span[1]}"


@dataclass
class Plan:
    """What is to be done, and what of it may be done next.

    Parameters
    ----------
    flows : sequence of flow names
    groups : sequence of sequences of (first, last)
        Chunks in day order; the chunks of a group touch each other, groups may lie apart.
    workers : int
    past : sequence of (kind, days), optional
        What decisions look back to before the first chunk, to be made together where there are fewer groups than workers;
        the last of these days within the span, before the last worker's stretch, are made with them.
    """

    flows: Sequence[FlowName]
    groups: Sequence[Sequence[Span]]
    workers: int
    past: Sequence[tuple[PastKind, Sequence[date]]] = ()
    _past: deque[Task] = field(init=False)
    _raw: deque[Task] = field(init=False)
    _forecasts: list[deque[Span]] = field(init=False)
    _chain: deque[Span] = field(init=False)
    _unreported: list[Span] = field(default_factory=list)
    _ready: set[Span] = field(default_factory=set)
    _failed: set[date] = field(default_factory=set)
    _running: dict[int, Task] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Queues: raw days by group, forecasts by worker, the chain for all."""
        chunks = [chunk for group in self.groups for chunk in group]
        first: tuple[FlowName, ...] = tuple(f for f in self.flows if f == "ingest")
        self._raw = deque(
            Task("raw", tuple(group), first, is_last=tuple(self.flows) == first) for group in self.groups if first or "decide" in self.flows
        )
        pieces = own_stretches(chunks, self.workers)
        wanted = self.past if "decide" in self.flows and len(self.groups) < self.workers else ()
        self._past = deque(task for kind, days in wanted for task in self._made_ahead(kind, days, chunks, pieces[-1]))
        self._forecasts = [deque(piece if "decide" in self.flows else ()) for piece in pieces]
        if "decide" not in self.flows:
            self._ready = set(chunks)
        self._chain = deque(chunks if self._chain_flows else ())

    def _made_ahead(self, kind: PastKind, before: Sequence[date], chunks: Sequence[Span], stretch: Sequence[Span]) -> Iterator[Task]:
        """Tasks that make the days before the span, and those before the last worker's stretch, which another forecasts meanwhile."""
        first = chunks[0][0]
        until = stretch[0][0] if stretch else first
        days = [*before, *(day for chunk in chunks if chunk[0] < until for day in days_between(*chunk))]
        count = -(-len(days) // (self.workers * PAST_DAYS)) * self.workers
        return (Task(kind, ((part[0], part[-1]), (first, until)), ()) for part in shared(days, count) if part)

    @property
    def _chain_flows(self) -> tuple[FlowName, ...]:
        return tuple(f for f in self.flows if f != "ingest")

    @property
    def is_done(self) -> bool:
        """Whether nothing is left or under way."""
        return not (self._raw or self._past or any(self._forecasts) or self._chain or self._unreported or self._running)

    def next(self, worker: int) -> Task | None:
        """What this worker is to do now; None: nothing, until another has finished."""
        task = self._next(worker)
        if task is not None:
            self._running[worker] = task
        return task

    def _next(self, worker: int) -> Task | None:
        if self._raw or self._is_running("raw"):
            return self._raw.popleft() if self._raw and worker == 0 else None
        under_way = {kind for kind in KINDS if self._is_running(kind)}
        if self._past or under_way:  # the next kind begins when all of the one before is there
            return self._past.popleft() if self._past and under_way <= {self._past[0].part} else None
        while self._chain and self._chain[0] in self._ready and not self._is_running("chain"):
            if left := self._left(self._chain.popleft()):
                return Task("chain", left, self._chain_flows, is_last=False)
        if sum((last - first).days + 1 for first, last in self._unreported) >= UNPUBLISHED_DAYS and (task := self._report()):
            return task
        while self._forecasts[worker]:
            chunk = self._forecasts[worker].popleft()
            if left := self._left(chunk):
                return Task("forecasts", left, tuple(f for f in self.flows if f in ("decide", "settle_final")), is_last=False)
            self._ready.add(chunk)
        return self._report()

    def _report(self) -> Task | None:
        """Reports of the days that wait for them, by one worker at a time."""
        if not self._unreported or self._is_running("reports"):
            return None
        waiting, self._unreported = tuple(self._unreported), []
        return Task("reports", waiting, self._chain_flows)

    def _is_running(self, part: TaskPart) -> bool:
        return any(task.part == part for task in self._running.values())

    def _left(self, chunk: Span) -> tuple[Span, ...]:
        """The chunk without the days that failed."""
        return tuple(stretches([day for day in days_between(*chunk) if day not in self._failed]))

    def finished(self, worker: int, result: SpanResult) -> None:
        """Note what a worker has done."""
        task = self._running.pop(worker)
        self._failed |= result.failed_days
        if task.part == "forecasts":
            self._ready |= {c for group in self.groups for c in group if c[0] <= task.span[0] and task.span[1] <= c[1]}
        if task.part == "chain":
            self._unreported += [span for chunk in task.chunks for span in self._left(chunk)]


def shared(things: Sequence[T], count: int) -> list[Sequence[T]]:
    """Things in order, in `count` stretches as equal as can be.

    >>> shared([1, 2, 3], 2)
    [[1, 2], [3]]
    """
    share, more = divmod(len(things), count)
    ends = [(n + 1) * share + min(n + 1, more) for n in range(count)]
    return [things[begin:end] for begin, end in zip([0, *ends], ends, strict=False)]


def own_stretches(chunks: Sequence[Span], workers: int) -> list[Sequence[Span]]:
    """Chunks in order, a stretch for each worker; the first, which carries the chain too, gets as many as make all equally busy, at least one.

    >>> day = date(2026, 1, 1)
    >>> [len(stretch) for stretch in own_stretches([(day, day)] * 8, 2)]
    [2, 6]
    """
    own = max(1, round(len(chunks) * ((1 + CHAIN_SHARE) / workers - CHAIN_SHARE))) if workers > 1 else len(chunks)
    return [chunks[:own], *shared(chunks[own:], workers - 1)] if workers > 1 else [chunks]
