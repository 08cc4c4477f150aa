"""What past decisions published for each lead, against what came: how a day's forecast moves as it comes nearer.

What belongs here: errors of the ensemble by decision and lead, from values that are kept anyway. What does not: bands and bias
(`past_errors`), what a book loses by a revision (`risk.mark_risk`).

For a target t, the revision of h days of the decision s at lead k is error(s, k) - error(s + h, k - h): both are forecasts of t.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.domain.history import PriceVintages
from energy_pipeline.features.day_prices import day_prices
from energy_pipeline.forecasting.model import ModelUnavailableError
from energy_pipeline.forecasting.point import raw_ensemble
from energy_pipeline.information.archive import InformationSet
from energy_pipeline.information.artefacts import ArtefactStore
from energy_pipeline.information.resolution import convert


def price_vintages(info: InformationSet, artefacts: ArtefactStore, zones: Sequence[str], past_days: int = 364) -> dict[str, PriceVintages]:
    """Errors by lead of the decisions whose every lead has been delivered, and those after them, of each zone named.

    The first decision is the earliest whose forecast of every lead the bands of D look at too, so that nothing is fitted for this.
    """
    return {zone: _of_zone(info, zone, artefacts, past_days) for zone in zones}


def _of_zone(info: InformationSet, zone: str, artefacts: ArtefactStore, past_days: int) -> PriceVintages:
    leads, count = info.desk.forecast.horizon_days, info.desk.forecast.error_days
    first = info.day.day - timedelta(days=count)
    begin = info.day.day - timedelta(days=past_days)
    prices = day_prices(info, zone, "day_ahead_prices", begin, past_days, 60)
    errors = np.full((count, leads, 24), np.nan)
    for row in range(count):
        then = info.at(first + timedelta(days=row))
        for lead in range(1, min(leads, count - row) + 1):
            errors[row, lead - 1] = prices[past_days - count + row + lead - 1] - _forecast(then, zone, lead, artefacts)
    seen = np.isfinite(prices)
    daily = np.where(seen.any(axis=1), np.where(seen, prices, 0.0).sum(axis=1) / np.maximum(seen.sum(axis=1), 1), np.nan)
    return PriceVintages(first, max(count - leads + 1, 0), errors, daily)


def _forecast(info: InformationSet, zone: str, lead: int, artefacts: ArtefactStore) -> FloatArray:
    """The ensemble's forecast by wall-clock hour as the bands look at it; NaN where there was none."""
    try:
        found = raw_ensemble(info, zone, lead, artefacts).values
    except ModelUnavailableError:
        return np.full(24, np.nan)
    return convert(found, 1440 // found.size, 60)
