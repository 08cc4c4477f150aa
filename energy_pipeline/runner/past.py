"""What decisions look back to, made ahead day by day, so that several processes share the work of a first day.

What belongs here: which values of which days, and making them. What does not: who makes which days (`workers`), how a value is
kept (`information.past_days`).

Nothing depends on it: a decision makes by itself what it does not find.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from typing import Literal

from energy_pipeline.desk import Desk
from energy_pipeline.domain.delivery import days_between
from energy_pipeline.domain.errors import PipelineError
from energy_pipeline.forecasting.committee import LAST_FIT_DAYS
from energy_pipeline.forecasting.value import ALARM_DAYS
from energy_pipeline.information.archive import InformationSet
from energy_pipeline.information.artefacts import ArtefactStore

PastKind = Literal["drivers", "members"]
KINDS: tuple[PastKind, ...] = ("drivers", "members")
"""In order: members are made of drivers."""


def days_before(desk: Desk, kind: PastKind, day: date) -> list[date]:
    """Days before `day` whose values its decision looks at, ascending."""
    count = _first_leads_days(desk)
    if kind == "drivers":
        count = min(count + LAST_FIT_DAYS + desk.forecast.training_days, desk.history_days - desk.own_lag_days - 2)
    return days_between(max(day - timedelta(days=count), desk.first_delivery_day), day - timedelta(days=1))


def make(kind: PastKind, info: InformationSet, artefacts: ArtefactStore, needed_by: date) -> None:
    """The day's drivers of every zone, or every member's forecast and every plant's expected output; what cannot be made is left out."""
    from energy_pipeline.features.drivers import zone_drivers
    from energy_pipeline.forecasting.point import day_members
    from energy_pipeline.renewables.expected import expected_output

    desk, work = info.desk, list[Callable[[], object]]()
    if kind == "drivers":
        work += [partial(zone_drivers, info, zone) for zone in desk.zones]
    else:
        age = (needed_by - info.day.day).days
        leads = [lead for lead in range(1, desk.forecast.horizon_days + 1) if lead == 1 or age < desk.forecast.error_days + 2 * lead]
        work += [partial(day_members, info, zone, lead, artefacts) for zone in desk.zones for lead in leads]
        work += [partial(expected_output, info, name, artefacts) for name in desk.plants if age <= desk.forecast.error_days + 1]
    for one in work:
        try:
            one()
        except PipelineError:  # the decision that needs it says so, or does without
            continue


def _first_leads_days(desk: Desk) -> int:
    """How far back members of the first lead are looked at: errors of the second price, for each the drift alarm, for each weights."""
    return desk.forecast.error_days + 1 + ALARM_DAYS + desk.forecast.weight_days
