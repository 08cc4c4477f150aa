"""What decisions look back to, made ahead day by day, so that several processes share the work of a first day.

What belongs here: which values of which days, and making them. What does not: who makes which days (`workers`), how a value is
kept (`information.past_days`).

Nothing depends on it: a decision makes by itself what it does not find.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Literal

from energy_pipeline.desk import Desk
from energy_pipeline.domain.delivery import days_between
from energy_pipeline.domain.errors import PipelineError
from energy_pipeline.information.archive import InformationSet
from energy_pipeline.information.artefacts import ArtefactStore

PastKind = Literal["drivers", "members"]
KINDS: tuple[PastKind, ...] = ("drivers", "members")
"""In order: members are made of drivers."""


def days_before(desk: Desk, kind: PastKind, day: date) -> list[date]:
    """Days before `day` whose values its decision looks at, ascending."""
    forecast = desk.forecast
    errors = forecast.error_days + forecast.weight_days + forecast.horizon_days + 2
    count = errors if kind == "members" else errors + forecast.training_days
    return days_between(max(day - timedelta(days=count), desk.first_delivery_day), day - timedelta(days=1))


def make(kind: PastKind, info: InformationSet, artefacts: ArtefactStore) -> None:
    """The day's drivers of every zone, or every member's forecast and every plant's expected output; what cannot be made is left out."""
    from energy_pipeline.features.drivers import zone_drivers
    from energy_pipeline.forecasting.point import day_members
    from energy_pipeline.renewables.expected import expected_output

    leads = range(1, info.desk.forecast.horizon_days + 1)
    work = [lambda zone=zone: zone_drivers(info, zone) for zone in info.desk.zones]
    if kind == "members":
        work = [lambda zone=zone, lead=lead: day_members(info, zone, lead, artefacts) for zone in info.desk.zones for lead in leads]
        work += [lambda name=name: expected_output(info, name, artefacts) for name in info.desk.plants]
    for one in work:
        try:
            one()
        except PipelineError:  # the decision that needs it says so, or does without
            continue
