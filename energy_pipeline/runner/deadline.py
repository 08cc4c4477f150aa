"""The desk's deadline: a day that is not decided by then is told, and decided by what the desk names for that.

What belongs here: looking whether the day is decided, the fallback decision, and who is told. What does not: the desk's setting
(`desk.fallback`), how people are told (`fetching.alerts`), when we look (a schedule, or the machine's own).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal

import dagster as dg

from energy_pipeline.desk import Desk
from energy_pipeline.desk.fallback import Fallback
from energy_pipeline.desk.sources import LateRule
from energy_pipeline.domain.errors import PipelineError
from energy_pipeline.fetching.alerts import Alert
from energy_pipeline.lake import Lake, lease
from energy_pipeline.orchestration.resources import Clock
from energy_pipeline.orchestration.schedules import DEADLINE_MINUTES
from energy_pipeline.runner.flows import Runner
from energy_pipeline.runner.status import LastDecision, decisions_of, due_day
from energy_pipeline.settings import Settings

NO_MEMBER = {"members": ("lear_1456",), "challengers": (), "training_days": 28}
"""Forecast settings under which no member can be trained, and the seasonal naive stands in."""
Outcome = Literal["decided", "not due", "fallback", "missed"]
Alarm = Callable[[Alert], list[str]]


@dataclass
class Deadline:
    """What was found at the deadline, and done.

    Attributes
    ----------
    outcome : {"decided", "not due", "fallback", "missed"}
    said : list of str
        For people, the alerts that could not be sent among it.
    """

    day: date
    outcome: Outcome
    said: list[str] = field(default_factory=list)


def fallback_desk(desk: Desk, fallback: Fallback) -> Desk:
    """The desk as its fallback decision sees it: no model to train, no series to wait for; limits and assets are its own."""
    sources = desk.sources.model_copy(
        update={
            "late": {},
            "files": tuple(s.model_copy(update={"late": LateRule()}) for s in desk.sources.files),
            "live": tuple(s.model_copy(update={"late": LateRule()}) for s in desk.sources.live),
        }
    )
    forecast = desk.forecast.model_copy(update={"new_fits": False} if fallback.decision == "yesterday" else NO_MEMBER)
    update: dict[str, object] = {"sources": sources, "forecast": forecast}
    if fallback.decision == "flat":
        flat = desk.limits.model_copy(update={"day_ahead_deviation_mw": dict.fromkeys(desk.zones, 0.0)})
        update |= {"limits": flat, "contracts": (), "strategies": {}, "forward_book": None}
    return desk.model_copy(update=update)


def keep(settings: Settings, desk: Desk, instance: dg.DagsterInstance, now: Clock, alarm: Alarm, day: date | None = None) -> Deadline:
    """See to it that a day is decided by the desk's deadline; `day` is by default the one whose decision time came last."""
    moment = now()
    day = day or due_day(desk, moment)
    gate = desk.gate_closure(day)
    deadline = gate - timedelta(minutes=desk.fallback.minutes_before_gate if desk.fallback else DEADLINE_MINUTES)
    if (decided := _decision(settings, day)) is not None:
        return Deadline(day, "decided", [str(decided)])
    if moment < deadline:
        return Deadline(day, "not due", [f"{day} must be decided by {deadline:%Y-%m-%d %H:%M}Z"])
    closes = f"its gate {'closed' if moment >= gate else 'closes'} at {gate:%Y-%m-%d %H:%M}Z"
    standing = "; ".join(str(mark) for mark in Lake(settings.lake).unfinished().of_day(day))
    if moment >= gate or desk.fallback is None:
        next_step = f"energy-pipeline run {day}" if moment < gate else "trade the day by hand; energy-pipeline run for the record"
        alert = Alert(f"{desk.name}: {day} is not decided, {closes}", str(day), "positions", next_step, standing)
        return Deadline(day, "missed", [alert.text, *alarm(alert)])
    told = f"the desk's fallback ({desk.fallback.decision}) is decided now; energy-pipeline run {day} --again takes its place"
    alert = Alert(f"{desk.name}: {day} is not decided, {closes}", str(day), "positions", told, standing)
    said = [alert.text, *alarm(alert)]
    return _fall_back(settings, desk, desk.fallback, instance, now, alarm, Deadline(day, "fallback", said))


def _decision(settings: Settings, day: date) -> LastDecision | None:
    """The day's decision, where it is whole: not when a later run began to write it anew and is not through."""
    lake = Lake(settings.lake)
    return None if lake.unfinished().of(day, "decide") else decisions_of(lake, [day]).get(day)


def _fall_back(
    settings: Settings, desk: Desk, fallback: Fallback, instance: dg.DagsterInstance, now: Clock, alarm: Alarm, found: Deadline
) -> Deadline:
    """Decide the day by the fallback; a run that is at it now has half of the time that is left, and its decision stands when it gets through."""
    patience = (desk.gate_closure(found.day) - now()).total_seconds() / 2
    runner = Runner(settings, fallback_desk(desk, fallback), instance, now)
    runner.runtime.patience_seconds = patience
    try:
        with lease.take(Lake(settings.lake).storage, [(found.day, "decide")], f"the deadline, process {os.getpid()}", patience_seconds=patience):
            decided = _decision(settings, found.day)
        if decided is not None:
            return Deadline(found.day, "decided", [*found.said, f"{decided}, by the run that was at it"])
        runner.ensure_history(found.day)
        runner.run("decide", found.day, fallback=fallback.decision).raise_if_failed()
    except PipelineError as error:
        step = f"energy-pipeline run {found.day}, or trade the day by hand"
        alert = Alert(f"{desk.name}: {found.day} has no fallback decision either", str(found.day), "positions", step, str(error))
        return Deadline(found.day, "missed", [*found.said, alert.text, *alarm(alert)])
    submitted = "its nominations are submitted" if fallback.submit else "its bids are in nomination_lines and were not submitted"
    found.said.append(f"{found.day}: the fallback ({fallback.decision}) is decided within the desk's limits; {submitted}")
    return found
