"""Past errors of a forecast, day by wall-clock slot: what quantiles and scenarios are made of.

What belongs here: the container and its alignment to a target day. What does not:
how the errors were made (forecasting, renewables) or drawn (scenarios).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from energy_pipeline.domain.delivery import DeliveryDay, FloatArray

SeriesKind = Literal["day_ahead_price", "second_price", "plant_output"]


@dataclass(frozen=True)
class ErrorHistory:
    """Outcome less forecast of one series over past days.

    Attributes
    ----------
    kind, name : str
        What the series is and which zone or plant, as in `scenario_paths`.
    resolution_minutes : int
        Length of a slot; that of the target day.
    days : tuple of date
        The past days, ascending; all were known at the decision time.
    errors : array, shape (len(days), 1440 / resolution_minutes)
        Outcome - forecast by wall-clock slot [EUR/MWh or MW]; NaN where either was unknown.
        A slot that occurs twice in autumn holds its first occurrence.
    """

    kind: SeriesKind
    name: str
    resolution_minutes: int
    days: tuple[date, ...]
    errors: FloatArray

    def aligned(self, target: DeliveryDay) -> FloatArray:
        """Errors by interval of the target day, shape (len(days), target.count(resolution))."""
        return self.errors[:, target.slots(self.resolution_minutes)]


@dataclass(frozen=True)
class PriceVintages:
    """Errors of a zone's forecasts by decision and lead.

    Attributes
    ----------
    first_day : date
        Decision of row 0; rows are consecutive days to D - 1.
    dates : int
        So many first rows have every lead's outcome.
    errors : array, shape (days, leads, 24)
        Outcome less the ensemble's forecast by wall-clock hour [EUR/MWh]; NaN where either is not known.
    daily : array, shape (past days,)
        Mean auction price of each day to D - 1 [EUR/MWh], NaN where unknown.
    """

    first_day: date
    dates: int
    errors: FloatArray
    daily: FloatArray
