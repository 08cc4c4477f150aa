"""What each price model forecast for the days just past, and what came.

What belongs here: the forecasts of members and challengers side by side, as their own decisions made them, and their errors. What does not:
what follows from them (`trials`), tables (`model_card`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.forecasting.committee import MemberForecasts
from energy_pipeline.forecasting.model import ModelUnavailableError
from energy_pipeline.forecasting.point import day_members, on_slots, outcomes, past_days
from energy_pipeline.information.archive import InformationSet
from energy_pipeline.information.artefacts import ArtefactStore


@dataclass(frozen=True)
class PastRecord:
    """What each model forecast for past days and what came, oldest first: arrays of shape (days, slots) [EUR/MWh]."""

    forecasts: dict[str, FloatArray]
    outcomes: FloatArray


def past_record(info: InformationSet, zone: str, artefacts: ArtefactStore, count: int) -> PastRecord:
    """The last `count` days whose outcome D knows."""
    days = past_days(info, 1, count)
    came = outcomes(info, zone, "day_ahead_prices", days, 1)
    found: dict[str, FloatArray] = {}
    for i, day in enumerate(days):
        for name, values in _values(info.at(day), zone, artefacts).items():
            found.setdefault(name, np.full(came.shape, np.nan))[i] = on_slots(values, came.shape[1])
    return PastRecord(found, came)


def recent_errors(past: PastRecord, days: int) -> dict[str, tuple[float, int]]:
    """Mean absolute error of each model over the last days [EUR/MWh], and on how many days it has one."""
    found = {}
    for name, values in past.forecasts.items():
        errors = np.abs(values - past.outcomes)[-days:]
        daily = [float(np.nanmean(row)) for row in errors if np.isfinite(row).any()]
        if daily:
            found[name] = (float(np.mean(daily)), len(daily))
    return found


def _values(info: InformationSet, zone: str, artefacts: ArtefactStore) -> dict[str, FloatArray]:
    try:
        past: MemberForecasts = day_members(info, zone, 1, artefacts)[0]
    except ModelUnavailableError:
        return {}
    return dict(past.values)
