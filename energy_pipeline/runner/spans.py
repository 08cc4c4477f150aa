"""Several flows over a span of days: chunks, and what goes on after a failure.

What belongs here: cutting a span into runs and collecting what failed. What does not:
running one flow (`flows`), several processes (`workers`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from energy_pipeline.domain.delivery import days_between
from energy_pipeline.orchestration.jobs import RECORDING
from energy_pipeline.orchestration.parts import REPORTS, Part
from energy_pipeline.orchestration.progress import Listener
from energy_pipeline.runner.flows import FLOWS, FlowName, Runner
from energy_pipeline.runner.results import SpanResult

Span = tuple[date, date]


def chunks(first: date, last: date, size: int) -> Iterator[Span]:
    """The span in pieces of at most `size` days.

    >>> [(a.day, b.day) for a, b in chunks(date(2026, 1, 1), date(2026, 1, 7), 3)]
    [(1, 3), (4, 6), (7, 7)]
    """
    begin = first
    while begin <= last:
        end = min(begin + timedelta(days=size - 1), last)
        yield begin, end
        begin = end + timedelta(days=1)


def stretches(days: Sequence[date]) -> list[Span]:
    """Consecutive days as (first, last) pairs.

    >>> stretches([date(2026, 1, 1), date(2026, 1, 2), date(2026, 1, 4)])[1]
    (datetime.date(2026, 1, 4), datetime.date(2026, 1, 4))
    """
    found: list[Span] = []
    for day in days:
        if found and (day - found[-1][1]).days == 1:
            found[-1] = (found[-1][0], day)
        else:
            found.append((day, day))
    return found


def run_span(runner: Runner, flows: Sequence[FlowName], first: date, last: date, listener: Listener | None = None) -> SpanResult:
    """All flows over a span; a bad day is left behind and the others go on.

    A step that fails on one day stops the run for all later steps. So the good days are
    run again without the bad ones: what is there already is written the same once more.
    Every flow publishes the warehouse; the last flow that can records the marts.
    """
    total = SpanResult()
    if "decide" in flows:
        runner.ensure_history(first, last, listener=listener)
    if tuple(flows) == FLOWS and runner.is_over(last):
        return _run_as_one(runner, FLOWS, total, (first, last), listener, is_last=True)
    return _run_in_line(runner, flows, total, (first, last), listener)


def run_part(
    runner: Runner,
    flows: Sequence[FlowName],
    span: Span,
    listener: Listener | None = None,
    *,
    part: Part | None = None,
    is_last: bool = True,
) -> SpanResult:
    """Flows, or a part of each, over a span whose raw days and what else they read are there; as one run where all days are over.

    `is_last=False`: other flows or parts follow on the same days, and the warehouse and the page wait for them.
    """
    total = SpanResult()
    if flows and runner.is_over(span[1]):
        return _run_as_one(runner, flows, total, span, listener, part=part, is_last=is_last)
    return _run_in_line(runner, flows, total, span, listener, part)


def _run_as_one(
    runner: Runner,
    flows: Sequence[FlowName],
    total: SpanResult,
    span: Span,
    listener: Listener | None,
    *,
    is_last: bool,
    part: Part | None = None,
) -> SpanResult:
    """The flows in one run. A bad day goes through them one by one: what comes before its failure is made."""
    bad: list[date] = []
    pending = [span]
    while pending:
        begin, end = pending.pop(0)
        result = runner.run_over(begin, end, flows=flows, listener=listener, is_last=is_last, part=part)
        if result.success:
            total.add(result)
            continue
        failed = set(result.failed_days) or set(days_between(begin, end))
        bad += failed
        pending = stretches([day for day in days_between(begin, end) if day not in failed]) + pending
    for stretch in stretches(sorted(bad)):
        _run_in_line(runner, flows, total, stretch, listener, part)
    return total


def _run_in_line(
    runner: Runner, flows: Sequence[FlowName], total: SpanResult, span: Span, listener: Listener | None, part: Part | None = None
) -> SpanResult:
    """One run per flow; days that failed are left out of the flows that follow."""
    first, last = span
    recording = [flow for flow in flows if flow in RECORDING and part in (None, REPORTS)][-1:]
    for flow in flows:
        left = [day for day in days_between(first, last) if day not in total.failed_days]
        pending = stretches(left)
        while pending:
            begin, end = pending.pop(0)
            result = runner.run(flow, begin, end, listener=listener, record_marts=flow in recording, part=part)
            total.add(result)
            if result.success:
                continue
            bad = set(result.failed_days) or set(days_between(begin, end))
            total.failed_days |= bad
            pending = stretches([d for d in days_between(begin, end) if d not in bad]) + pending
    return total
