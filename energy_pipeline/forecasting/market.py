"""A zone's history as the models' panel.

What belongs here: the step from the named inputs of a zone to a panel. What does not: the
panel itself, models, what an input is (`features.history`).
"""

from __future__ import annotations

from energy_pipeline.features.day_prices import day_prices
from energy_pipeline.features.groups import DAILY
from energy_pipeline.features.history import zone_history
from energy_pipeline.forecasting.model import ModelUnavailableError
from energy_pipeline.forecasting.panel import Panel
from energy_pipeline.information.archive import InformationSet

__all__ = ["day_prices", "zone_panel"]


def zone_panel(info: InformationSet, zone: str, lead: int = 1) -> Panel:
    """History of one zone at D's decision time at the target's resolution: the arrays that `price_features` is written from.

    The exogenous columns are those of the desk's groups of features, for D itself; of a longer lead
    those the weather runs tell of. Public holidays of the zone's countries count as
    Sundays and the working day between one and a weekend as a Saturday (`features.calendar`).

    Raises
    ------
    ModelUnavailableError
        When no price is known at all.
    """
    return info.cached("zone_panel", zone, lead, make=lambda: _zone_panel(info, zone, lead))


def _zone_panel(info: InformationSet, zone: str, lead: int) -> Panel:
    found = zone_history(info, zone, lead)
    if not len(found.prices):
        raise ModelUnavailableError(f"no price of {zone} is known in the {info.desk.forecast.training_days} days before {info.day.day}")
    daily = tuple(name for name in found.names if name in DAILY)
    return Panel(found.first_day, found.prices, found.columns, lead, names=found.names, kinds=found.kinds, daily=daily, since=found.since)
