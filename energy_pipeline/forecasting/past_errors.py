"""Past errors of the price forecasts, and the quantiles made of them.

What belongs here: forecasts of past days as decide would have made them, set against
what came by D's decision time. What does not: the models, how quantiles are computed.

For scenarios the past days are D-1-error_days .. D-2 for every series: second prices and
plant meters of D-1 are not known, and all series must share their days.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import numpy as np

from energy_pipeline.domain.delivery import FloatArray, days_between
from energy_pipeline.domain.history import ErrorHistory, SeriesKind
from energy_pipeline.forecasting.expectation import Published, published
from energy_pipeline.forecasting.model import ModelUnavailableError, PriceKind
from energy_pipeline.forecasting.point import ensemble, on_slots, outcomes, past_days, point, raw_ensemble, second_point
from energy_pipeline.forecasting.second_price import expected_spread
from energy_pipeline.forecasting.walk import PointDay, bands
from energy_pipeline.information.archive import InformationSet
from energy_pipeline.information.artefacts import ArtefactStore
from energy_pipeline.information.resolution import by_slot, convert

OUTCOME_TABLE = {"day_ahead": "day_ahead_prices", "second": "second_prices"}


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
            days = scenario_days(info)
            forecasts = np.array([_slots_of(info.at(d), zone, kind, "ensemble", 1, minutes, artefacts) for d in days])
            errors = outcomes(info, zone, OUTCOME_TABLE[kind], days, 1) - forecasts
            histories.append(ErrorHistory(series, zone, minutes, tuple(days), errors))
    return histories


def scenario_days(info: InformationSet) -> list[date]:
    """D-1-error_days .. D-2, ascending."""
    day = info.day.day
    return days_between(day - timedelta(days=1 + info.desk.forecast.error_days), day - timedelta(days=2))


def price_quantiles(info: InformationSet, zone: str, kind: PriceKind, model: str, lead: int, artefacts: ArtefactStore) -> FloatArray | None:
    """Quantiles around a model's forecast at `walk.LEVELS`, shape (slots, levels); None while too few errors are known.

    `model` is naive or ensemble. The families' disagreement widens the ensemble's band.
    """
    found = _past_and_today(info, zone, kind, model, lead, artefacts)
    return None if found is None else bands(*found)


def published_price(info: InformationSet, zone: str, kind: PriceKind, lead: int, artefacts: ArtefactStore) -> Published | None:
    """The published distribution of the target's slots; None while too few errors are known.

    The mean of the second price is the day-ahead price's plus the expected spread, as far as the second price's limits allow.
    """
    return info.cached("published_price", zone, kind, lead, make=lambda: _published_price(info, zone, kind, lead, artefacts))


def _published_price(info: InformationSet, zone: str, kind: PriceKind, lead: int, artefacts: ArtefactStore) -> Published | None:
    found = _past_and_today(info, zone, kind, "ensemble", lead, artefacts)
    if found is None:
        return None
    today, past, came = found
    quantiles, location = bands(today, past, came), None
    if quantiles is None:
        return None
    if kind == "second" and (first := published_price(info, zone, "day_ahead", lead, artefacts)) is not None:
        location = first.mean + expected_spread(info, zone).by_slot(1440 // first.mean.size)
    limits = info.desk.price_bounds(zone, kind, info.day.day)
    points = np.array([d.values for d in past])
    return published(today.values, came - points, quantiles, limits, location, points if lead == 1 else None)


def _past_and_today(
    info: InformationSet, zone: str, kind: PriceKind, model: str, lead: int, artefacts: ArtefactStore
) -> tuple[PointDay, list[PointDay], FloatArray] | None:
    """The model's forecast of the target's slots, those of past days and what came on them; None where there is nothing."""
    if kind == "day_ahead" and model == "ensemble" and not ensemble(info, zone, lead, artefacts).members:
        model = "naive"  # it stands in, so its errors make the band
    days = past_days(info, lead, info.desk.forecast.error_days)
    if kind == "second":  # the second price of D-1 is known in part only
        days = [d - timedelta(days=1) for d in days]
    past = [_point_day(info.at(d), zone, kind, model, lead, artefacts) for d in days]
    today = _point_day(info, zone, kind, model, lead, artefacts)
    came = outcomes(info, zone, OUTCOME_TABLE[kind], days, lead)
    kept = [(_resized(found, came.shape[1]), row) for found, row in zip(past, came, strict=True) if found is not None]
    if today is None or not kept:
        return None
    return today, [found for found, _ in kept], np.array([row for _, row in kept])


def _resized(day: PointDay, slots: int) -> PointDay:
    if day.values.size == slots:
        return day
    families = {name: on_slots(values, slots) for name, values in day.families.items()}
    return replace(day, values=on_slots(day.values, slots), families=families)


def _point_day(info: InformationSet, zone: str, kind: PriceKind, model: str, lead: int, artefacts: ArtefactStore) -> PointDay | None:
    """One decision's forecast by slot of its own target; None where there was none."""
    try:
        # The raw ensemble: what an alarm replaced was still its forecast.
        if kind == "day_ahead" and model == "ensemble":
            return raw_ensemble(info, zone, lead, artefacts)
    except ModelUnavailableError:
        return None
    target = info.day.shift(lead - 1)
    values = _slots_of(info, zone, kind, model, lead, info.desk.zones[zone].resolution_minutes(target.day), artefacts)
    return PointDay(target.day, values, {}, {}, {}, "")


def _slots_of(info: InformationSet, zone: str, kind: PriceKind, model: str, lead: int, minutes: int, artefacts: ArtefactStore) -> FloatArray:
    """A forecast by wall-clock slot of `minutes`; NaN where there was none, the slot that spring skips included."""
    target = info.day.shift(lead - 1)
    own = info.desk.zones[zone].resolution_minutes(target.day)
    try:
        found = point(info, zone, model, lead, artefacts) if kind == "day_ahead" else second_point(info, zone, model, artefacts)
    except ModelUnavailableError:
        return np.full(1440 // minutes, np.nan)
    return by_slot(convert(found.values, own, minutes), target, minutes)
