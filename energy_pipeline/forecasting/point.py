"""One model's point forecast of D, with the declared fallback when it is unavailable.

What belongs here: the dispatch by model name, the ensemble, the second price. What
does not: fits, quantiles, tables.

The ensemble is the equal-weight mean of ARIMA and XGBoost; with one of them missing it
is the other, with both missing the naive, and `fallback` says so.

The second price is the day-ahead forecast plus the mean spread (second less day-ahead)
of the same slot over D-29 .. D-2, shrunk towards zero by n / (n + 28) for n known days:
a spread is mostly noise. The naive second price is the naive day-ahead price.
"""

from __future__ import annotations

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.domain.information import InformationSet
from energy_pipeline.features import DayReader, same_slot
from energy_pipeline.features.alignment import reader
from energy_pipeline.forecasting.arima import arima
from energy_pipeline.forecasting.artefacts import ArtefactStore
from energy_pipeline.forecasting.boosting import boosting
from energy_pipeline.forecasting.model import ModelName, ModelUnavailableError, PointForecast, PriceKind, resolution, within_limits
from energy_pipeline.forecasting.naive import naive

SPREAD_DAYS = 28
SPREAD_SHRINKAGE_DAYS = 28.0
FITTED: tuple[ModelName, ...] = ("arima", "xgboost")


def outcome_reader(info: InformationSet, zone: str, kind: PriceKind) -> DayReader:
    """The series a forecast of that kind is measured against."""
    if kind == "day_ahead":
        return reader(info, "day_ahead_prices", "price_eur_mwh", zone=zone)
    return reader(info, "second_prices", "price_eur_mwh", zone=zone, price_kind=info.desk.zones[zone].second_price.kind)


def point(info: InformationSet, zone: str, kind: PriceKind, model: ModelName, artefacts: ArtefactStore) -> PointForecast:
    """Point forecast of D by one model; computed once per day, zone, kind and model.

    Raises
    ------
    ModelUnavailableError
        When not even the naive is possible: no price of four weeks is known.
    """
    make = _second if kind == "second" else _day_ahead
    return info.cached("price_point", zone, kind, model, make=lambda: make(info, zone, model, artefacts))


def _day_ahead(info: InformationSet, zone: str, model: ModelName, artefacts: ArtefactStore) -> PointForecast:
    if model == "naive":
        return naive(info, zone, info.day)
    if model == "ensemble":
        return _ensemble(info, zone, artefacts)
    try:
        return _own(info, zone, model, artefacts)
    except ModelUnavailableError as reason:
        return _stand_in(info, zone, f"{model}: {reason}")


def _own(info: InformationSet, zone: str, model: ModelName, artefacts: ArtefactStore) -> PointForecast:
    """The model itself, or the reason why not."""
    found = arima(info, zone, artefacts) if model == "arima" else boosting(info, zone, artefacts)
    return PointForecast(within_limits(found.values, "day_ahead"), found.fallback, found.artefact)


def _stand_in(info: InformationSet, zone: str, reasons: str) -> PointForecast:
    simple = naive(info, zone, info.day)
    note = f"; {simple.fallback}" if simple.fallback else ""
    return PointForecast(simple.values, f"naive stands in ({reasons}{note})")


def _ensemble(info: InformationSet, zone: str, artefacts: ArtefactStore) -> PointForecast:
    members: list[PointForecast] = []
    reasons: list[str] = []
    for model in (m for m in FITTED if m in info.desk.forecast.models):
        found = point(info, zone, "day_ahead", model, artefacts)
        if found.fallback:
            reasons.append(found.fallback.removeprefix("naive stands in (").removesuffix(")"))
        else:
            members.append(found)
    if not members:
        return _stand_in(info, zone, "; ".join(reasons) or "no fitted model is selected")
    mean = np.sum([m.values for m in members], axis=0) / len(members)
    return PointForecast(mean, f"without {'; '.join(reasons)}" if reasons else "")


def _second(info: InformationSet, zone: str, model: ModelName, artefacts: ArtefactStore) -> PointForecast:
    base = point(info, zone, "day_ahead", model, artefacts)
    if model == "naive":
        return PointForecast(base.values, base.fallback)
    spread, known = expected_spread(info, zone)
    notes = [note for note in (base.fallback, "" if known else "no second price is known: zero spread") if note]
    return PointForecast(within_limits(base.values + spread, "second"), "; ".join(notes))


def expected_spread(info: InformationSet, zone: str) -> tuple[FloatArray, bool]:
    """Shrunken mean of second less day-ahead price by interval of D [EUR/MWh], and whether any was known."""
    minutes = resolution(info, zone)
    sources = [info.day.shift(-lag) for lag in range(2, SPREAD_DAYS + 2)]
    pairs = zip(
        sources,
        outcome_reader(info, zone, "second").days(sources, minutes),
        outcome_reader(info, zone, "day_ahead").days(sources, minutes),
        strict=True,
    )
    spreads = np.vstack([same_slot(info.day, source, minutes, second - day_ahead) for source, second, day_ahead in pairs])
    known = np.isfinite(spreads)
    total = np.where(known, spreads, 0.0).sum(axis=0)
    return total / (known.sum(axis=0) + SPREAD_SHRINKAGE_DAYS), bool(known.any())
