"""Gradient-boosted trees pooled over the intervals of the day, fitted once per calendar month.

What belongs here: scaling of inputs and target, the monthly fit, the prediction. What
does not: other models, or what happens when this one is unavailable.

Target: asinh((p - m) / s) with m the median of the last 7 days and s the median absolute
deviation of the last 28 days, both features of the same row; price inputs are scaled
alike, so that trees fitted in a calm month still serve a wild one. Training days are the
`training_days` before the month, features of each as decide(that day) saw them, prices as
known at the decision time of the month's first day. A training day keeps its own
resolution: rows are pooled, so hours and quarters may stand side by side.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np

from energy_pipeline.domain.delivery import FloatArray, days_between
from energy_pipeline.domain.information import InformationSet
from energy_pipeline.features import FEATURES, zone_features
from energy_pipeline.features.alignment import reader
from energy_pipeline.forecasting.artefacts import ArtefactStore, artefact_key, fetch
from energy_pipeline.forecasting.model import ModelUnavailableError, PointForecast, block_start, within_limits

VERSION = "xgboost-1"
MINIMUM_DAYS = 14
MINIMUM_SCALE_EUR_MWH = 1.0
MAX_BINS = 64
OBJECTIVE = "reg:absoluteerror"
PRICE_INPUTS = tuple(j for j, name in enumerate(FEATURES) if name.startswith("price_") and "_mad_" not in name and "_median_" not in name)
CENTRE, SCALE = FEATURES.index("price_median_7d_eur_mwh"), FEATURES.index("price_mad_28d_eur_mwh")
NEEDED = ("price_lag_1d_eur_mwh", "price_median_7d_eur_mwh", "price_mad_28d_eur_mwh")


@dataclass(frozen=True)
class BoostingFit:
    """Trees of one zone and month.

    Attributes
    ----------
    booster : xgboost.Booster
    artefact : str
        Content hash of the stored trees.
    """

    booster: Any
    artefact: str


def boosting(info: InformationSet, zone: str, artefacts: ArtefactStore) -> PointForecast:
    """Forecast of D [EUR/MWh] at the zone's resolution.

    Raises
    ------
    ModelUnavailableError
        With too little history at the start of the month, or without the prices of D-1.
    """
    features = zone_features(info, zone)
    missing = [name for name in NEEDED if not np.isfinite(features.column(name)).all()]
    if missing:
        raise ModelUnavailableError(f"unknown for {info.day.day}: {', '.join(missing)}")
    fit = monthly_trees(info.at(block_start(info.day.day)), zone, artefacts)
    X = boosting_inputs(info, zone)
    scaled = np.asarray(fit.booster.inplace_predict(X), dtype=np.float64)
    centre, scale = _centre_and_scale(info, zone)
    return PointForecast(within_limits(centre + scale * np.sinh(scaled), "day_ahead"), artefact=fit.artefact)


def monthly_trees(info: InformationSet, zone: str, artefacts: ArtefactStore) -> BoostingFit:
    """The trees of the month that begins on D."""
    return info.cached("xgboost_fit", zone, make=lambda: _monthly_trees(info, zone, artefacts))


def boosting_inputs(info: InformationSet, zone: str) -> FloatArray:
    """Scaled inputs of D, shape (count, len(FEATURES)); NaN where unknown."""

    def make() -> FloatArray:
        X = zone_features(info, zone).matrix.copy()
        centre, scale = _centre_and_scale(info, zone)
        X[:, PRICE_INPUTS] = np.arcsinh((X[:, PRICE_INPUTS] - centre) / scale)
        return X

    return info.cached("xgboost_inputs", zone, make=make)


def training_set(info: InformationSet, zone: str) -> tuple[FloatArray, FloatArray, int]:
    """Inputs, scaled targets, and the number of days they come from, known at D's decision time."""
    days = days_between(info.day.day - timedelta(days=info.desk.forecast.training_days), info.day.day - timedelta(days=1))
    sets = [info.at(d) for d in days]
    units = [info.desk.zones[zone].resolution_minutes(d) for d in days]
    prices = reader(info, "day_ahead_prices", "price_eur_mwh", zone=zone).own_days([s.day for s in sets], units)
    inputs, targets, used = [np.empty((0, len(FEATURES)))], [np.empty(0)], 0
    for past, price in zip(sets, prices, strict=True):
        centre, scale = _centre_and_scale(past, zone)
        target = np.arcsinh((price - centre) / scale)
        usable = np.isfinite(target)
        inputs.append(boosting_inputs(past, zone)[usable])
        targets.append(target[usable])
        used += bool(usable.any())
    return np.vstack(inputs), np.concatenate(targets), used


def _centre_and_scale(info: InformationSet, zone: str) -> tuple[float, float]:
    row = zone_features(info, zone).matrix[0]
    return float(row[CENTRE]), float(np.maximum(row[SCALE], MINIMUM_SCALE_EUR_MWH))


def _monthly_trees(info: InformationSet, zone: str, artefacts: ArtefactStore) -> BoostingFit:
    import xgboost

    X, y, days = training_set(info, zone)
    if days < MINIMUM_DAYS:
        raise ModelUnavailableError(f"{days} training days before {info.day.day}, at least {MINIMUM_DAYS} are needed")
    settings = info.desk.forecast
    parameters: dict[str, Any] = {
        "objective": OBJECTIVE,
        "tree_method": "hist",
        "max_bin": MAX_BINS,
        "max_depth": settings.max_depth,
        "eta": settings.learning_rate,
        "nthread": 1,  # more threads cost more CPU than they save on these sizes
        "seed": 0,
        "verbosity": 0,
    }
    key = artefact_key(f"{VERSION}|{xgboost.__version__}|{settings.trees}|{sorted(parameters.items())}|{FEATURES}", X, y)
    data, content = fetch(artefacts, "xgboost", key, lambda: _trained(X, y, parameters, settings.trees))
    # Always predict with trees read back from bytes, fitted now or earlier.
    booster = xgboost.Booster({"nthread": 1})
    booster.load_model(bytearray(data))
    return BoostingFit(booster, content)


def _trained(X: FloatArray, y: FloatArray, parameters: dict[str, Any], trees: int) -> bytes:
    import xgboost

    matrix = xgboost.QuantileDMatrix(X, y, max_bin=MAX_BINS, nthread=1)
    return bytes(xgboost.train(parameters, matrix, trees).save_raw("ubj"))
