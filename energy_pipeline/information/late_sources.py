"""The desk's late rules over many days: when each day is decided, and how its series stood.

What belongs here: decision times of a run's days under late rules and `--as-of`, from raw
frames. What does not: the rule for one day (`lateness`), waiting (schedules), reading files.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta

import polars as pl

from energy_pipeline.desk import Desk
from energy_pipeline.domain.delivery import days_between
from energy_pipeline.domain.errors import LookAheadError
from energy_pipeline.information.archive import Archive
from energy_pipeline.information.lateness import effective_decision_time, effective_decision_times


class LateSources:
    """The desk's late rules on raw frames, day by day.

    Many days are judged in one pass over the rows.

    Parameters
    ----------
    desk : Desk
    frames : mapping of raw table to frame
        Every vintage of the tables a late rule can be about.
    """

    def __init__(self, desk: Desk, frames: Mapping[str, pl.DataFrame]) -> None:
        self._desk = desk
        self._frames = frames

    def statuses(self, day: date) -> Mapping[str, Mapping[str, str]]:
        """How each series stood; LateSourceError when one that must be there was not."""
        near = pl.col("delivery_day").is_between(day - timedelta(days=1), day)
        return effective_decision_time(self._desk, Archive(self._desk, {n: f.filter(near) for n, f in self._frames.items()}), day)[1]

    def decision_times(self, first: date, last: date, as_of: datetime | None = None) -> dict[date, datetime]:
        """Effective decision times of the days `first` .. `last` and of every past day they look back to.

        Past days too, so that a day's look-back is the same in a range and alone. A day
        that is not named is decided at the desk's own time.

        Parameters
        ----------
        as_of : datetime, optional
            Decide as it could have been done at this instant.

        Raises
        ------
        LookAheadError
            When `as_of` is after the gate of one of the days.
        """
        days = days_between(first_judged(self._desk, first), last)
        times = effective_decision_times(self._desk, self._frames, days) if waits(self._desk) else {}
        return cut_as_of(self._desk, times, first, last, as_of)


def first_judged(desk: Desk, first: date) -> date:
    """The earliest past day a run from `first` on looks back to: its own look-back still lies in the window."""
    return first - timedelta(days=desk.history_days - desk.own_lag_days - 2)


def waits(desk: Desk) -> bool:
    """Whether any late rule can move a decision time."""
    return any(rule.action == "wait" for rule in [*desk.sources.late.values(), *(series.late for series in desk.sources.declared)])


def cut_as_of(
    desk: Desk, times: Mapping[date, datetime], first: date, last: date, as_of: datetime | None, *, after_gate: bool = False
) -> dict[date, datetime]:
    """Decision times as they could have been at an instant; as they are without one. `after_gate`: to value anew, not to decide."""
    if as_of is None:
        return dict(times)
    start = first - timedelta(days=desk.history_days)
    cut = {day: min(times.get(day, desk.decision_time(day)), as_of) for day in days_between(start, last)}
    return cut | {day: as_of if after_gate else _before_gate(desk, day, as_of) for day in days_between(first, last)}


def _before_gate(desk: Desk, day: date, as_of: datetime) -> datetime:
    gate = desk.gate_closure(day)
    if as_of > gate:
        raise LookAheadError(f"--as-of {as_of} is after the gate of {day} ({gate}): no decision could be made then")
    return as_of
