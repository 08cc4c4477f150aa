"""The desk's late rules over many days: when each day is decided, and how its series stood.

What belongs here: decision times of a run's days under late rules and `--as-of`, from raw
frames. What does not: the rule for one day (`lateness`), waiting (schedules), reading files.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta

import polars as pl

from energy_pipeline.contracts import TABLES
from energy_pipeline.desk import Desk
from energy_pipeline.desk.sources import LateRule
from energy_pipeline.domain.delivery import days_between
from energy_pipeline.domain.errors import LateSourceError, LookAheadError
from energy_pipeline.information.archive import Archive
from energy_pipeline.information.lateness import effective_decision_time
from energy_pipeline.information.raw_frames import by_day


class LateSources:
    """The desk's late rules on raw frames, day by day.

    A rule looks at the rows of D-1 and D only; so each day is judged on those, instead of
    searching the whole history again for every past day.

    Parameters
    ----------
    desk : Desk
    frames : mapping of raw table to frame
        Every vintage of the tables a late rule can be about.
    """

    def __init__(self, desk: Desk, frames: Mapping[str, pl.DataFrame]) -> None:
        self._desk = desk
        self._by_day = {name: by_day(frame) for name, frame in frames.items()}

    def _near(self, day: date) -> Archive:
        days = (day - timedelta(days=1), day)
        frames = {name: pl.concat([TABLES[name].frame(), *(parts[d] for d in days if d in parts)]) for name, parts in self._by_day.items()}
        return Archive(self._desk, frames)

    def effective_time(self, day: date) -> datetime:
        """When decide(day) is cut; the desk's own time where a source that must be there was not."""
        try:
            return effective_decision_time(self._desk, self._near(day), day)[0]
        except LateSourceError:
            return self._desk.decision_time(day)

    def statuses(self, day: date) -> Mapping[str, Mapping[str, str]]:
        """How each series stood; LateSourceError when one that must be there was not."""
        return effective_decision_time(self._desk, self._near(day), day)[1]

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
        desk, times = self._desk, dict[date, datetime]()
        if any(rule.action == "wait" for rule in self._rules()):
            start = first - timedelta(days=desk.history_days - desk.max_lag_days - 2)
            times = {day: self.effective_time(day) for day in days_between(start, last)}
        if as_of is not None:
            start = first - timedelta(days=desk.history_days)
            times = {day: min(times.get(day, desk.decision_time(day)), as_of) for day in days_between(start, last)}
            times |= {day: _before_gate(desk, day, as_of) for day in days_between(first, last)}
        return times

    def _rules(self) -> list[LateRule]:
        return [*self._desk.sources.late.values(), *(series.late for series in self._desk.sources.files)]


def _before_gate(desk: Desk, day: date, as_of: datetime) -> datetime:
    gate = desk.gate_closure(day)
    if as_of > gate:
        raise LookAheadError(f"--as-of {as_of} is after the gate of {day} ({gate}): no decision could be made then")
    return as_of
