"""The training job of the joint network: which weeks it is trained for, and on what.

What belongs here: the weeks, the zones' histories, what is trained already. What does not: the network (`joint`), the optimiser
(`joint_training`), the search of settings (`tuning`), when a desk trains (`orchestration.jobs`), where the result lies (`lake.trained`).

The network of a week is trained on the information set of its first delivery day and read by decisions of the days after it, so that a
weekly job has the afternoon after that decision. A decision never trains: where no network was trained it goes on without, and says so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

from energy_pipeline.forecasting.forecaster import fit_day
from energy_pipeline.forecasting.joint import unpacked
from energy_pipeline.forecasting.joint_training import JointSettings, data_key, train
from energy_pipeline.forecasting.market import zone_panel
from energy_pipeline.forecasting.model import ModelUnavailableError
from energy_pipeline.forecasting.panel import Panel
from energy_pipeline.forecasting.quarters import HOURS, hourly_panel
from energy_pipeline.information.archive import InformationSet
from energy_pipeline.information.trained import Networks

WEEK_DAYS = 7

Tell = Callable[[str], None]


def week_of(day: date) -> date:
    """The delivery day whose information set the network read on `day` is trained on.

    >>> week_of(date(2026, 3, 29)), week_of(date(2026, 3, 30))
    (datetime.date(2026, 3, 22), datetime.date(2026, 3, 29))
    """
    return fit_day(day - timedelta(days=1), WEEK_DAYS)


def training_days(day: date, weeks: int) -> list[date]:
    """The days whose information sets are trained on, for the `weeks` up to the one that decisions of `day` read.

    >>> [str(d) for d in training_days(date(2026, 3, 28), 2)]
    ['2026-03-15', '2026-03-22']
    """
    return [week_of(day) - timedelta(days=WEEK_DAYS * i) for i in reversed(range(weeks))]


def train_missing(info: InformationSet, networks: Networks, tell: Tell = lambda _: None) -> bytes | None:
    """The network trained on what decide(D) saw; None where that is trained already, or not possible.

    Parameters
    ----------
    info : InformationSet
    networks : mapping of day to Network
        Those there are.
    tell : callable
        Called with a sentence on what was done.
    """
    panels = _panels(info, tell)
    settings = replace(JointSettings(), window_days=min(JointSettings.window_days, info.desk.forecast.training_days))
    stored = networks.get(info.day.day)
    if stored is not None and unpacked(stored.read())["key"].item() == data_key(panels, settings):
        tell(f"{info.day.day}: trained already")
        return None
    try:
        made = train(panels, settings)
    except ModelUnavailableError as reason:
        tell(f"{info.day.day}: not trained, {reason}")
        return None
    tell(f"{info.day.day}: trained on {', '.join(panels)}")
    return made


def _panels(info: InformationSet, tell: Tell) -> dict[str, Panel]:
    """The zones' histories as the network reads them."""
    panels = {}
    for zone in info.desk.zones:
        try:
            panel = zone_panel(info, zone).repaired()
        except ModelUnavailableError as reason:
            tell(f"{info.day.day}: without {zone}, {reason}")
            continue
        panels[zone] = hourly_panel(panel) if panel.slots > HOURS else panel
    return panels
