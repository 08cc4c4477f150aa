"""Days whose decision was sent, among days that flows are asked for.

What belongs here: which of them are left as they are, and the refusal where nothing else was asked for. What does not: running.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import groupby
from typing import TYPE_CHECKING

from energy_pipeline.lake import Lake
from energy_pipeline.lake.decision_log import DecisionSentError

if TYPE_CHECKING:
    from energy_pipeline.runner.flows import FlowName

STEP = "energy-pipeline run DAY --again --reason WHY decides it anew"


def parts(lake: Lake, days: Sequence[date], flows: Sequence[FlowName]) -> list[tuple[list[date], list[FlowName], bool]]:
    """Days in their order, in groups of sent and other ones, each with its flows and whether they were sent.

    Raises
    ------
    DecisionSentError
        When decide alone was asked for and every day was sent.
    """
    frozen = {day for day in days if lake.decisions().is_frozen(day)} if "decide" in flows else set()
    rest: list[FlowName] = [flow for flow in flows if flow != "decide"]
    if frozen and not set(days) - frozen and not rest:
        last = {day: lake.decisions().of(day)[-1] for day in sorted(frozen)}
        lines = "\n".join(f"table positions, {day}: {event}; what was sent stays as it is" for day, event in last.items())
        raise DecisionSentError(f"{lines} -> {STEP}")
    return [(list(group), rest if sent else list(flows), sent) for sent, group in groupby(days, lambda day: day in frozen)]


def say(days: Sequence[date]) -> str:
    """For people."""
    span = str(days[0]) if len(days) == 1 else f"{len(days)} days from {days[0]} to {days[-1]}"
    return f"{span}: the decision stays as it was sent ({STEP})"
