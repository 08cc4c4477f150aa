"""Which weeks the desk's joint network is trained for, on what, and which of them a decision finds.

What belongs here: the weeks, the key of an artefact, training what is missing. What does not: the network (`joint`), the optimiser
(`joint_training`), when a desk trains (`orchestration.jobs`).

The network of a week is trained on the information set of its first delivery day and read by decisions of the days after it, so that a
weekly job has the afternoon after that decision. The artefact's key is the hash of every row that information set shows of any zone, so
a decision finds the same arrays whoever trained them, and none that saw more. A week that was not trained is stood in for by the week
before; a decision never trains.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta

from energy_pipeline.forecasting.forecaster import fit_day
from energy_pipeline.forecasting.joint import Joint
from energy_pipeline.forecasting.joint_training import JointSettings, train
from energy_pipeline.forecasting.market import zone_panel
from energy_pipeline.forecasting.model import ModelUnavailableError
from energy_pipeline.forecasting.past_values import desk_past
from energy_pipeline.forecasting.quarters import HOURS, hourly_panel
from energy_pipeline.information.archive import InformationSet
from energy_pipeline.information.artefacts import ArtefactStore, artefact_key

WEEK_DAYS = 7
RESTART_DAYS = 28
"""Every fourth week is trained from random weights, the others from the week before."""
VERSION = "joint-1"
KIND = "joint"
UNTRAINED = "without joint: no network is trained -> energy-pipeline train"


@dataclass(frozen=True)
class Trained:
    """One week's training.

    Attributes
    ----------
    day : date
        The delivery day whose information set it was trained on.
    note : str
        What was done.
    """

    day: date
    note: str


def week_of(day: date) -> date:
    """The delivery day whose information set the network read on `day` is trained on.

    >>> week_of(date(2026, 3, 29)), week_of(date(2026, 3, 30))
    (datetime.date(2026, 3, 22), datetime.date(2026, 3, 29))
    """
    return fit_day(day - timedelta(days=1), WEEK_DAYS)


def first_needed(week: date, weeks: int) -> date:
    """The first day whose information set is looked at to train the `weeks` up to that one."""
    return fit_day(week - timedelta(days=WEEK_DAYS * (weeks - 1)), RESTART_DAYS)


def as_member(info: InformationSet, zone: str, artefacts: ArtefactStore) -> Joint | None:
    """The network as the zone's member on D; None where neither this week's nor the last is trained."""
    week = week_of(info.day.day)
    for day in (week, week - timedelta(days=WEEK_DAYS)):
        key = _key(info.at(day))
        if artefacts.get(KIND, key) is not None:
            return Joint(zone, key, day, **info.desk.forecast.overrides.get(KIND, {}))  # type: ignore[arg-type]
    return None


def train_missing(info: InformationSet, weeks: int, artefacts: ArtefactStore, tell: Callable[[Trained], None] = lambda _: None) -> list[Trained]:
    """Train the networks of the last weeks, as far as there are none.

    Parameters
    ----------
    info : InformationSet
        Of the last week's day.
    weeks : int
    artefacts : ArtefactStore
    tell : callable
        Called after each week.

    Returns
    -------
    list of Trained
        Oldest first.
    """
    last = info.day.day
    first = last - timedelta(days=WEEK_DAYS * (weeks - 1))
    found, earlier, day = [], b"", first_needed(last, weeks)
    while day <= last:
        if day.toordinal() % RESTART_DAYS == 0:
            earlier = b""
        earlier, note = _trained(info.at(day), artefacts, earlier)
        if day >= first:
            found.append(Trained(day, note))
            tell(found[-1])
        day += timedelta(days=WEEK_DAYS)
    return found


def _trained(info: InformationSet, artefacts: ArtefactStore, earlier: bytes) -> tuple[bytes, str]:
    """The artefact of a week and what was done; no bytes where its days are too few."""
    key = _key(info)
    stored = artefacts.get(KIND, key)
    if stored is not None:
        return stored, "was trained already"
    panels, without = {}, []
    for zone in info.desk.zones:
        try:
            panel = zone_panel(info, zone).repaired()
        except ModelUnavailableError as reason:
            without.append(f"without {zone}: {reason}")
            continue
        panels[zone] = hourly_panel(panel) if panel.slots > HOURS else panel
    settings = replace(JointSettings(), window_days=min(JointSettings.window_days, info.desk.forecast.training_days))
    try:
        made = train(panels, settings, earlier)
    except ModelUnavailableError as reason:
        return b"", "; ".join([f"not trained: {reason}", *without])
    artefacts.put(KIND, key, made)
    return made, "; ".join([f"trained on {', '.join(panels)}, {'from random weights' if not earlier else 'on from the week before'}", *without])


def _key(info: InformationSet) -> str:
    return info.cached("joint_key", make=lambda: artefact_key(f"{VERSION}|{JointSettings()}|{info.desk.forecast}|{info.cut_key(desk_past(info))}"))
