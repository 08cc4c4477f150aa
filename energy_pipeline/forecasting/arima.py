"""Regression with ARMA errors on hourly prices, fitted once per calendar month.

What belongs here: the inputs, the monthly fit and the daily filter and forecast. What
does not: other models, or what happens when this one is unavailable.

Price = constant + regressors + ARIMA error, orders from `desk.forecast.arima_order`.
Regressors: same-slot price of D-1 and D-7, weekend, and residual load where it was
known all along. The parameters are fitted on the `arima_days` before the month as known
at the decision time of its first day; each day then filters the prices from that same
start to the last known hour with those parameters and forecasts D. Quarter-hour zones
are modelled on hourly means and the forecast is repeated to the quarters: four times
the steps for hardly more information about the hour.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np

from energy_pipeline.domain.delivery import DeliveryDay, FloatArray, days_between
from energy_pipeline.domain.information import InformationSet
from energy_pipeline.domain.resolution import convert
from energy_pipeline.features import zone_features
from energy_pipeline.features.alignment import reader
from energy_pipeline.forecasting.artefacts import ArtefactStore, artefact_key, fetch
from energy_pipeline.forecasting.model import ModelUnavailableError, PointForecast, block_start, resolution

VERSION = "arima-1"
REGRESSORS = ("price_lag_1d_eur_mwh", "price_lag_7d_eur_mwh", "weekend", "residual_load_gw")
OPTIONAL = "residual_load_gw"
MINIMUM_HOURS = 14 * 24
KNOWN_SHARE = 0.9
ITERATIONS = 60


@dataclass(frozen=True)
class ArimaFit:
    """Parameters of one zone and month.

    Attributes
    ----------
    columns : tuple of int
        Which of `REGRESSORS` are used.
    parameters : array
        In statsmodels' order: regression, AR, MA, variance.
    artefact : str
        Content hash of the stored fit.
    """

    columns: tuple[int, ...]
    parameters: FloatArray
    artefact: str


def arima(info: InformationSet, zone: str, artefacts: ArtefactStore) -> PointForecast:
    """Forecast of D [EUR/MWh] at the zone's resolution.

    Raises
    ------
    ModelUnavailableError
        With too little history at the start of the month, or an unknown regressor of D.
    """
    fit = monthly_fit(info.at(block_start(info.day.day)), zone, artefacts)
    regressors = arima_inputs(info, zone)[:, list(fit.columns)]
    if not np.isfinite(regressors).all():
        missing = [REGRESSORS[c] for j, c in enumerate(fit.columns) if not np.isfinite(regressors[:, j]).all()]
        raise ModelUnavailableError(f"unknown for {info.day.day}: {', '.join(missing)}")
    y, X = _history(info, zone)
    hourly = filter_and_forecast(y, X[:, list(fit.columns)], regressors, info.desk.forecast.arima_order, fit.parameters)
    if not np.isfinite(hourly).all():
        raise ModelUnavailableError("the filter did not give a finite forecast")
    return PointForecast(convert(hourly, 60, resolution(info, zone)), artefact=fit.artefact)


def monthly_fit(info: InformationSet, zone: str, artefacts: ArtefactStore) -> ArimaFit:
    """The fit of the month that begins on D."""
    return info.cached("arima_fit", zone, make=lambda: _monthly_fit(info, zone, artefacts))


def arima_inputs(info: InformationSet, zone: str) -> FloatArray:
    """Hourly regressors of D, shape (hours, len(REGRESSORS)); NaN where unknown."""

    def make() -> FloatArray:
        features = zone_features(info, zone)
        weekend = np.full(info.day.hours, float(info.day.day.weekday() >= 5))
        lags = [convert(features.column(name), features.minutes, 60) for name in REGRESSORS[:2]]
        residual = convert(features.column("residual_load_mw"), features.minutes, 60) / 1000.0
        return np.column_stack([*lags, weekend, residual])

    return info.cached("arima_inputs", zone, make=make)


def filter_and_forecast(y: FloatArray, X: FloatArray, X_new: FloatArray, order: tuple[int, int, int], parameters: FloatArray) -> FloatArray:
    """Kalman filter of the past with fixed parameters, then the forecast.

    Parameters
    ----------
    y : array, shape (n,)
        Hourly prices [EUR/MWh]; NaN where unknown.
    X : array, shape (n, k)
        Regressors; rows with a NaN count as an unknown price.
    X_new : array, shape (h, k)
    order : (p, d, q)
    parameters : array
        Constant (when d = 0), k coefficients, p AR, q MA, variance.

    Returns
    -------
    array, shape (h,)
    """
    model = _model(y, X, order)
    result = model.filter(parameters, cov_type="none")
    return np.asarray(result.forecast(len(X_new), exog=_design(X_new, order)), dtype=np.float64)


def _history(info: InformationSet, zone: str) -> tuple[FloatArray, FloatArray]:
    """Hourly prices and regressors from `arima_days` before the month through D-1, as known at D's decision time."""
    first = block_start(info.day.day) - timedelta(days=info.desk.forecast.arima_days)
    days = days_between(first, info.day.day - timedelta(days=1))
    delivery: Sequence[DeliveryDay] = [info.at(d).day for d in days]
    prices = reader(info, "day_ahead_prices", "price_eur_mwh", zone=zone).days(delivery, 60)
    return np.concatenate(prices), np.vstack([arima_inputs(info.at(d), zone) for d in days])


def _monthly_fit(info: InformationSet, zone: str, artefacts: ArtefactStore) -> ArimaFit:
    import statsmodels

    y, X = _history(info, zone)
    known = np.isfinite(X).mean(axis=0) >= KNOWN_SHARE
    columns = tuple(j for j, name in enumerate(REGRESSORS) if known[j] or name != OPTIONAL)
    usable = np.isfinite(y) & np.isfinite(X[:, list(columns)]).all(axis=1)
    if usable.sum() < MINIMUM_HOURS:
        raise ModelUnavailableError(f"{int(usable.sum())} usable hours before {info.day.day}, at least {MINIMUM_HOURS} are needed")
    order = info.desk.forecast.arima_order
    key = artefact_key(f"{VERSION}|{statsmodels.__version__}|{order}|{columns}", y, X)
    data, content = fetch(artefacts, "arima", key, lambda: _fitted(y, X[:, list(columns)], order))
    return ArimaFit(columns, np.array(json.loads(data)["parameters"]), content)


def _fitted(y: FloatArray, X: FloatArray, order: tuple[int, int, int]) -> bytes:
    """Maximum likelihood fit as JSON; floats are written so that they read back exactly."""
    model = _model(y, X, order)  # outside: statsmodels resets the warning filters on import
    with warnings.catch_warnings():
        # A flat likelihood near its top stops at the iteration limit; the parameters are
        # checked for being finite and every day's errors show how good they are.
        warnings.simplefilter("ignore")
        result = model.fit(disp=0, maxiter=ITERATIONS, cov_type="none")
    parameters = np.asarray(result.params, dtype=np.float64)
    if not np.isfinite(parameters).all():
        raise ModelUnavailableError("the likelihood fit gave no finite parameters")
    return json.dumps({"order": order, "parameters": parameters.tolist()}).encode()


def _design(X: FloatArray, order: tuple[int, int, int]) -> FloatArray:
    """Regressors with a constant; differencing (d > 0) would cancel it."""
    filled = np.nan_to_num(X)
    return filled if order[1] else np.column_stack([np.ones(len(X)), filled])


def _model(y: FloatArray, X: FloatArray, order: tuple[int, int, int]) -> Any:  # noqa: ANN401 - statsmodels has no types
    from statsmodels.tsa.statespace.sarimax import SARIMAX

    observed = np.where(np.isfinite(X).all(axis=1), y, np.nan)
    return SARIMAX(observed, exog=_design(X, order), order=order)
