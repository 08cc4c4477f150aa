"""Past errors of the price models, and quantiles made of them.

What belongs here: forecasts of past days as decide would have made them, set against
what came by D's decision time; empirical quantiles. What does not: the models.

The past days are D-1-error_days .. D-2 for every series: second prices and plant
meters of D-1 are not known, and all series must share their days.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from energy_pipeline.contracts.derived import QUANTILES
from energy_pipeline.domain.delivery import DeliveryDay, FloatArray, days_between
from energy_pipeline.domain.history import ErrorHistory, SeriesKind
from energy_pipeline.domain.information import InformationSet
from energy_pipeline.domain.resolution import convert
from energy_pipeline.forecasting.artefacts import ArtefactStore
from energy_pipeline.forecasting.model import ModelName, ModelUnavailableError, PriceKind
from energy_pipeline.forecasting.naive import naive
from energy_pipeline.forecasting.point import outcome_reader, point

MINIMUM_DAYS = 7
POOLED_HOURS = 1


def price_errors(info: InformationSet, artefacts: ArtefactStore) -> list[ErrorHistory]:
    """Errors of the ensemble over the past days, per zone and price kind.

    Returns
    -------
    list of ErrorHistory
        Kinds day_ahead_price and, for zones that have one, second_price, in desk order;
        at D's resolution of the zone; days and NaN as in `ErrorHistory`.
    """
    histories = []
    for zone, settings in info.desk.zones.items():
        kinds: list[tuple[PriceKind, SeriesKind]] = [("day_ahead", "day_ahead_price"), ("second", "second_price")]
        for kind, series in kinds[: 1 if settings.second_price.kind == "none" else 2]:
            minutes = settings.resolution_minutes(info.day.day)
            histories.append(ErrorHistory(series, zone, minutes, tuple(past_days(info)), model_errors(info, zone, kind, "ensemble", artefacts)))
    return histories


def past_days(info: InformationSet) -> list[date]:
    """D-1-error_days .. D-2, ascending."""
    day = info.day.day
    return days_between(day - timedelta(days=1 + info.desk.forecast.error_days), day - timedelta(days=2))


def model_errors(info: InformationSet, zone: str, kind: PriceKind, model: ModelName, artefacts: ArtefactStore) -> FloatArray:
    """Outcome less forecast of D by one model over the past days, shape (error_days, slots of D); NaN where either is unknown."""

    def make() -> FloatArray:
        forecasts = [_value_or_none(info.at(day), zone, kind, model, artefacts) for day in past_days(info)]
        return _errors(info, zone, kind, past_days(info), forecasts, info.desk.zones[zone].resolution_minutes(info.day.day))

    return info.cached("price_errors", zone, kind, model, make=make)


def naive_errors(info: InformationSet, zone: str, horizon_days: int) -> FloatArray:
    """Errors of the naive `horizon_days` ahead over past decisions whose target is known, shape (days, slots of the target)."""
    ahead = horizon_days - 1
    decisions = [day for day in past_days(info) if day + timedelta(days=ahead) < info.day.day]
    targets = [day + timedelta(days=ahead) for day in decisions]
    forecasts = [_naive_or_none(info.at(day), zone, target) for day, target in zip(decisions, targets, strict=True)]
    minutes = info.desk.zones[zone].resolution_minutes(info.day.day + timedelta(days=ahead))
    return _errors(info, zone, "day_ahead", targets, forecasts, minutes)


def add_quantiles(values: FloatArray, errors: FloatArray, target: DeliveryDay, minutes: int) -> FloatArray:
    """Forecast plus empirical quantiles of the errors of the slot and its neighbours within an hour.

    Parameters
    ----------
    values : array, shape (count,)
        Point forecast [EUR/MWh].
    errors : array, shape (days, slots)
        Past errors by slot; NaN where unknown.

    Returns
    -------
    array, shape (count, len(QUANTILES))
        Ascending along the second axis; NaN for slots with known errors on under 7 days.
    """
    slots = errors.shape[1]
    reach = POOLED_HOURS * 60 // minutes
    neighbours = np.arange(slots)[:, None] + np.arange(-reach, reach + 1)
    inside = (neighbours >= 0) & (neighbours < slots)
    pooled = np.where(inside, errors[:, np.clip(neighbours, 0, slots - 1)], np.nan)  # (days, slots, neighbours)
    quantiles = empirical_quantiles(pooled.transpose(1, 0, 2).reshape(slots, -1))
    enough = np.isfinite(pooled).any(axis=2).sum(axis=0) >= MINIMUM_DAYS
    quantiles = np.where(enough[:, None], quantiles, np.nan)
    return np.asarray(values[:, None] + quantiles[target.slots(minutes)])


def empirical_quantiles(samples: FloatArray) -> FloatArray:
    """Quantiles at `QUANTILES` of each row's known values, by linear interpolation, shape (rows, len(QUANTILES)); NaN without any.

    >>> empirical_quantiles(np.arange(21.0)[None, :])[0].tolist()
    [1.0, 2.0, 5.0, 10.0, 15.0, 18.0, 19.0]
    """
    ordered = np.sort(samples, axis=1)  # NaN go last
    count = np.isfinite(samples).sum(axis=1)
    place = np.maximum(count - 1, 0)[:, None] * np.asarray(QUANTILES)[None, :]
    # A level times a count may land a hair off a whole number; round that hair away.
    place = np.round(place, 9)
    low = np.floor(place).astype(np.int64)
    high = np.minimum(low + 1, np.maximum(count - 1, 0)[:, None])
    below, above = np.take_along_axis(ordered, low, axis=1), np.take_along_axis(ordered, high, axis=1)
    result = below + (place - low) * (above - below)
    return np.maximum.accumulate(result, axis=1)


def _value_or_none(info: InformationSet, zone: str, kind: PriceKind, model: ModelName, artefacts: ArtefactStore) -> FloatArray | None:
    try:
        return point(info, zone, kind, model, artefacts).values
    except ModelUnavailableError:
        return None


def _naive_or_none(info: InformationSet, zone: str, target: date) -> FloatArray | None:
    try:
        return naive(info, zone, info.desk.delivery_day(target)).values
    except ModelUnavailableError:
        return None


def _errors(info: InformationSet, zone: str, kind: PriceKind, targets: list[date], forecasts: list[FloatArray | None], minutes: int) -> FloatArray:
    """Outcome less forecast at each target day's own resolution, laid on slots of `minutes`."""
    days = [info.desk.delivery_day(target) for target in targets]
    units = [info.desk.zones[zone].resolution_minutes(target) for target in targets]
    outcomes = outcome_reader(info, zone, kind).own_days(days, units)
    result = np.full((len(days), 1440 // minutes), np.nan)
    for row, day, unit, outcome, forecast in zip(result, days, units, outcomes, forecasts, strict=True):
        if forecast is not None:
            # Backwards, so that a slot repeated in autumn keeps its first occurrence.
            row[day.slots(minutes)[::-1]] = convert(outcome - forecast, unit, minutes)[::-1]
    return result
