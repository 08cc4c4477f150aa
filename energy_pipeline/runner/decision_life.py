"""Approve, send, acknowledge: what people do with a day's decision.

What belongs here: what stands against each step, noting it, and telling lake, page and warehouse. What does not: the log and the
standing (`lake.decision_log`), that a sent decision is not written anew (`orchestration.whole_days`), sending over a wire.

Nobody approves, sends or decides a day at the same time: each step holds the day's lease as a run does.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import polars as pl

from energy_pipeline.desk import Desk
from energy_pipeline.lake import Lake, lease
from energy_pipeline.lake.decision_log import MOST_LETTERS, DecisionEvent, DecisionStateError, Standing, standing
from energy_pipeline.orchestration.assets.s10_reporting import event_rows
from energy_pipeline.orchestration.whole_days import REOPEN_STEP, tell_life
from energy_pipeline.runner.status import decisions_of
from energy_pipeline.settings import Settings

PATIENCE_SECONDS = 5.0
MORE = " and more"
OVERRIDE = "if it must be, --override --reason WHY"


@dataclass(frozen=True)
class By:
    """Who does something, when, and why it is done although something stands against it.

    Attributes
    ----------
    person : str
    at : datetime
        UTC.
    override : str
        The reason; empty: nothing is overridden.
    """

    person: str
    at: datetime
    override: str = ""


def where(lake: Lake, day: date) -> Standing:
    """Where a day's decision stands.

    Raises
    ------
    DecisionStateError
        When there is none.
    """
    content = lake.decisions().content(day)
    if not content:
        raise DecisionStateError(f"table positions, {day}: nothing is decided -> energy-pipeline run {day}")
    return standing(lake.decisions().of(day), content)


def approve(settings: Settings, desk: Desk, day: date, by: By) -> DecisionEvent:
    """Release a day's decision.

    Raises
    ------
    DecisionStateError
        When it is approved or sent already, or, without an override, when it is unfinished, a fallback, or breaks a limit.
    """
    lake = Lake(settings.lake)
    with _alone(lake, day):
        stands = where(lake, day)
        if stands.state != "decided":
            raise DecisionStateError(f"{day} is {stands.last} -> nothing to do")
        against = objections(lake, day)
        _refuse(day, against, by)
        event = DecisionEvent("approved", by.at, by.person, lake.decisions().content(day))
        return _Word(settings, desk, day, by).note(event, against)


def send(settings: Settings, desk: Desk, day: date, by: By, to: Path | None = None) -> tuple[DecisionEvent, bytes]:
    """Note that a day's bids leave the house, and give them; `to`: a folder they are copied to first. From here on the decision is frozen.

    Raises
    ------
    DecisionStateError
        When it was sent, when there is no file of bids, or, without an override, when it is unfinished, not approved, approved by the
        same person where the desk asks for two, or its gate is closed.
    """
    lake = Lake(settings.lake)
    with _alone(lake, day):
        stands = where(lake, day)
        if stands.is_frozen:
            raise DecisionStateError(f"{day} is {stands.last} -> nothing to do; to send another decision: {REOPEN_STEP.format(day)}")
        files = lake.nominations(day)
        if not files:
            raise DecisionStateError(f"table nomination_lines, {day}: no bids were written to be sent -> energy-pipeline run {day} --again")
        gate, against = desk.gate_closure(day), []
        if stands.state != "approved":
            against.append("it is not approved (energy-pipeline approve)")
        elif desk.approval_by_two and stands.last is not None and stands.last.person == by.person:
            against.append(f"{by.person} approved it, and approval_by_two asks for another person")
        if by.at >= gate:
            against.append(f"its gate closed at {gate:%Y-%m-%d %H:%M}Z")
        against += unfinished(lake, day) if stands.state == "approved" else objections(lake, day)
        _refuse(day, against, by)
        bids = lake.storage.read_bytes(files[-1])
        if to is not None:
            to.mkdir(parents=True, exist_ok=True)
            (to / f"{day}_{files[-1].rpartition('/')[2]}").write_bytes(bids)
        event = DecisionEvent("sent", by.at, by.person, lake.decisions().content(day), nomination=files[-1])
        return _Word(settings, desk, day, by).note(event, against), bids


def acknowledge(settings: Settings, desk: Desk, day: date, by: By, reference: str = "") -> DecisionEvent:
    """Note that the other side has what was sent; DecisionStateError when nothing was sent."""
    lake = Lake(settings.lake)
    with _alone(lake, day):
        stands = where(lake, day)
        if stands.state != "sent":
            step = "nothing to do" if stands.state == "acknowledged" else f"energy-pipeline send {day}"
            raise DecisionStateError(f"{day} is {stands.last or 'decided and no more'} -> {step}")
        return _Word(settings, desk, day, by).note(DecisionEvent("acknowledged", by.at, by.person, stands.decision_hash, note=reference))


def unfinished(lake: Lake, day: date) -> list[str]:
    """Runs that began to decide the day and did not get through: also one after the approval, that has not changed the bids yet."""
    return [f"run {m.run_id[:8]} of decide is not through" for m in lake.unfinished().of_day(day) if m.flow == "decide"]


def objections(lake: Lake, day: date) -> list[str]:
    """What stands against a decision: it is not whole, a fallback that was not to be sent, or breaks a limit."""
    found = unfinished(lake, day)
    last = decisions_of(lake, [day]).get(day)
    if last is not None and last.state == "fallback":
        found.append("it is the desk's fallback")
    red = lake.read("limits", day, day, missing="skip").filter(pl.col("status") == "red")
    return found + [f"limit {r['limit_name']} of {r['scope']}: {r['used']:g} of {r['bound']:g} {r['unit']}" for r in red.to_dicts()]


def _refuse(day: date, against: Sequence[str], by: By) -> None:
    if against and not by.override:
        raise DecisionStateError(f"{day}: {'; '.join(against)} -> put it right, or {OVERRIDE}")


@dataclass(frozen=True)
class _Word:
    """A person's word on a day's decision, to be noted."""

    settings: Settings
    desk: Desk
    day: date
    by: By

    def note(self, event: DecisionEvent, against: Sequence[str] = ()) -> DecisionEvent:
        """Keep the event, before it what it overrides, and tell table, page and warehouse."""
        lake, day, by = Lake(self.settings.lake), self.day, self.by
        if against:
            said = DecisionEvent("overridden", by.at, by.person, event.decision_hash, reason=by.override, note=_short(against))
            lake.decisions().add(day, said)
        lake.decisions().add(day, event)
        lake.write_day("decision_events", day, event_rows(lake, day))
        tell_life(lake, day)
        if self.settings.warehouse.is_file():
            from energy_pipeline.warehouse.publishing import publish

            more = {"decision_events": [day]}
            publish(lake, self.settings.warehouse, self.settings.sql_root, [], published_at=by.at, desk=self.desk, more=more)
        return event


def _short(texts: Sequence[str]) -> str:
    """What the log can keep."""
    whole = "; ".join(texts)
    return whole if len(whole) <= MOST_LETTERS else f"{whole[: MOST_LETTERS - len(MORE)]}{MORE}"


@contextmanager
def _alone(lake: Lake, day: date) -> Iterator[None]:
    holder = f"a person's word on the decision, process {os.getpid()} on {socket.gethostname()}"
    with lease.take(lake.storage, [(day, "decide")], holder, patience_seconds=PATIENCE_SECONDS):
        yield
