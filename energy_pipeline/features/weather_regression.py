"""Wind and solar of a zone from weather forecasts, by ridge regression on the recent past.

What belongs here: the regression of metered output on what the weather forecast of
each past day said at that day's own decision time. What does not: the choice between
methods (`drivers`) or plants (renewables).

Each past day's weather is read as decide(that day) saw it, so the regression learns
from forecasts of the same lead as the one it is applied to.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from energy_pipeline.domain.delivery import DeliveryDay, FloatArray
from energy_pipeline.features.alignment import reader
from energy_pipeline.information.archive import InformationSet

Technology = Literal["wind", "solar"]

WINDOW_DAYS = 34  # with the feature of D-1's own drivers this stays inside desk.max_lag_days
MINIMUM_ROWS = 5 * 24
RIDGE = 1e-3
RATED_SPEED_MS = 13.0
COLUMNS = {"wind": ("wind_speed_ms",), "solar": ("ghi_w_m2", "temperature_c")}


def weather_output(info: InformationSet, zone: str, technology: Technology, minutes: int) -> FloatArray:
    """Expected output of the zone for D [MW], shape (D.count(minutes),); NaN where the weather or its past is unknown.

    Ridge regression with unpenalised intercept on hourly means of the last 34 days;
    the result is cut to 0 .. installed capacity, and solar is 0 without irradiance.
    """
    day, settings = info.day, info.desk.zones[zone]
    unknown = np.full(day.count(minutes), np.nan)
    if not settings.weather_locations:
        return unknown
    target = _weather(info, settings.weather_locations, technology, minutes)
    if not np.isfinite(target).all(axis=1).any():
        return unknown
    past_days = [day.shift(-lag) for lag in range(WINDOW_DAYS, 0, -1)]
    past = np.vstack([_weather(info.at(d.day), settings.weather_locations, technology, 60) for d in past_days])
    actual = np.concatenate(reader(info, "generation_actual", "generation_mw", zone=zone, technology=technology).days(past_days, 60))
    usable = np.isfinite(actual) & np.isfinite(past).all(axis=1)
    if usable.sum() < MINIMUM_ROWS:
        return unknown
    output = ridge_predict(past[usable], actual[usable], target)
    capacity = settings.installed_wind_mw if technology == "wind" else settings.installed_solar_mw
    output = np.clip(output, 0.0, capacity)
    if technology == "solar":
        output = np.where(target[:, :: len(SOLAR_TERMS)].max(axis=1) <= 0.0, 0.0, output)
    return np.where(np.isfinite(target).all(axis=1), output, np.nan)


def ridge_predict(X: FloatArray, y: FloatArray, X_new: FloatArray, ridge: float = RIDGE) -> FloatArray:
    """Ridge regression on standardised columns, the intercept not penalised.

    Parameters
    ----------
    X : array, shape (n, k)
    y : array, shape (n,)
    X_new : array, shape (m, k)
    ridge : float
        Penalty as a share of n.

    Returns
    -------
    array, shape (m,)

    Examples
    --------
    >>> x = np.arange(5.0)[:, None]
    >>> float(ridge_predict(x, 3.0 * x[:, 0] + 1.0, np.array([[10.0]]), ridge=0.0)[0].round(9))
    31.0
    """
    centre = X.mean(axis=0)
    Z = X - centre
    spread = np.sqrt((Z * Z).sum(axis=0) / len(y))  # as X.std(axis=0), to the last bit
    spread = np.where(spread > 0, spread, 1.0)
    Z /= spread
    Z_new = (X_new - centre) / spread
    # einsum without BLAS: the same bits whatever the number of threads.
    gram = np.einsum("ni,nj->ij", Z, Z) / len(y) + ridge * np.eye(X.shape[1])
    moment = np.einsum("ni,n->i", Z, y - y.mean()) / len(y)
    weights = np.linalg.lstsq(gram, moment, rcond=None)[0]
    return np.asarray(np.einsum("mi,i->m", Z_new, weights) + y.mean())


SOLAR_TERMS = ("ghi", "ghi squared", "ghi times temperature")


def weather_terms(technology: Technology, values: dict[str, FloatArray]) -> list[FloatArray]:
    """Nonlinear terms of one location's weather."""
    if technology == "wind":
        relative = values["wind_speed_ms"] / RATED_SPEED_MS
        return [np.minimum(relative**3, 1.0), np.minimum(relative**2, 1.0), np.minimum(relative, 1.0), np.maximum(relative - 1.0, 0.0)]
    sun = values["ghi_w_m2"] / 1000.0
    return [sun, sun * sun, sun * (values["temperature_c"] - 25.0) / 25.0]


def _weather(info: InformationSet, locations: tuple[str, ...], technology: Technology, minutes: int) -> FloatArray:
    """Regressors of the information set's own day, shape (count, terms x locations)."""

    def make() -> FloatArray:
        return np.column_stack(
            [term for location in locations for term in weather_terms(technology, _location(info, info.day, location, technology, minutes))]
        )

    return info.kept("weather_terms", locations, technology, minutes, make=make)


def _location(info: InformationSet, day: DeliveryDay, location: str, technology: Technology, minutes: int) -> dict[str, FloatArray]:
    return {column: reader(info, "weather_forecast", column, location=location).day(day, minutes) for column in COLUMNS[technology]}
