"""SARIMAX: regression with seasonal ARMA errors on recent hours, statsmodels.

What belongs here: the choice of orders, the fit, the daily filter. What does not: other models.

Price = constant + exogenous + weekend + ARIMA(p, d, q)(P, 0, Q)24 error. d is 1 when an
Augmented Dickey-Fuller test cannot reject a unit root at 5 %, else 0. The orders minimise AIC
over `GRID`, fitted with few iterations, and are searched anew with every `SEARCH_DAYS`-th
fit only: the search looks at the panel as of the search day, so that it is a function of
dates and data alone. Parameters are refitted every `refit_days` by maximum likelihood on the
window; each day filters the window's prices with those parameters and forecasts.
"""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.forecasting.forecaster import fit_day
from energy_pipeline.forecasting.model import ModelUnavailableError
from energy_pipeline.forecasting.panel import Panel
from energy_pipeline.forecasting.response import Response

GRID: tuple[tuple[int, int, int, int], ...] = ((1, 0, 1, 0), (2, 0, 1, 0), (1, 1, 1, 0), (2, 1, 1, 0), (1, 0, 0, 1), (2, 1, 0, 1))
"""(p, q, P, Q) tried."""
SEARCH_DAYS = 182
SEASON = 24
SEARCH_ITERATIONS, FIT_ITERATIONS = 12, 40
LEAST_DAYS = 21


@dataclass(frozen=True)
class Sarimax:
    """SARIMAX on the last weeks.

    Attributes
    ----------
    window_days : int
    refit_days : int
    """

    window_days: int = 28
    refit_days: int = 7
    name: str = "sarimax"

    @property
    def history_days(self) -> int:
        """Three weeks."""
        return LEAST_DAYS

    def fit(self, panel: Panel) -> bytes:
        """Orders and parameters as JSON; floats are written so that they read back exactly."""
        searched = fit_day(panel.origin, SEARCH_DAYS)
        early = (searched - panel.first_day).days < LEAST_DAYS
        order = search_order(*self._series(panel if early else panel.before(searched))[:2])
        y, X = self._series(panel)[:2]
        result = _fit(y, X, order, FIT_ITERATIONS)
        parameters = np.asarray(result.params, dtype=np.float64)
        if not np.isfinite(parameters).all():
            raise ModelUnavailableError("the likelihood fit gave no finite parameters")
        return json.dumps({"order": order, "parameters": parameters.tolist()}).encode()

    def predict(self, panel: Panel, fitted: bytes) -> FloatArray:
        """Filter the window with the given parameters and forecast through the target."""
        return self._forecast(panel, fitted)[0]

    def response(self, panel: Panel, fitted: bytes) -> Response:
        """The forecast as a function of the target's regressors and, as one input, of what past prices say beyond theirs."""
        found, past, coefficients, regressors, typical, names = self._forecast(panel, fitted)
        slots, width = panel.slots, regressors.shape[1]

        def prices(rows: FloatArray) -> FloatArray:
            told = rows[:, :-1].reshape(len(rows), slots, width) @ coefficients
            return np.asarray(told + past.mean() + rows[:, -1:] * (found - regressors @ coefficients - past.mean()))

        inputs = np.append(regressors.ravel(), 1.0)
        return Response(prices, inputs, np.append(np.tile(typical, slots), 0.0), (*list(names) * slots, "price_lag_1d_eur_mwh"))

    def _forecast(self, panel: Panel, fitted: bytes) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray, FloatArray, tuple[str, ...]]:
        """The target's prices; prices of the window beyond their regressors; coefficients; the target's regressors, their means and names."""
        stored = json.loads(fitted)
        y, X, future, names = self._series(panel)
        model = _model(y, X, tuple(stored["order"]))
        parameters = np.array(stored["parameters"])
        if parameters.size != model.k_params:
            raise ModelUnavailableError(f"fitted with {parameters.size} parameters, today needs {model.k_params}")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = np.asarray(model.filter(parameters, cov_type="none").forecast(len(future), exog=future))
        coefficients = parameters[: X.shape[1]]
        return found[-panel.slots :], y - X @ coefficients, coefficients, future[-panel.slots :], X.mean(axis=0), names

    def _series(self, panel: Panel) -> tuple[FloatArray, FloatArray, FloatArray, tuple[str, ...]]:
        """Prices of the window, its regressors, those of the days ahead, and whose they are; regressors in units of their spread."""
        panel = panel.cut(self.window_days)
        if panel.days < LEAST_DAYS:
            raise ModelUnavailableError(f"{panel.days} days to learn from, at least {LEAST_DAYS} are needed")
        weekend = np.repeat((panel.weekdays >= 5).astype(np.float64), panel.slots)
        columns = [np.ones(weekend.size), weekend, *(values.ravel() for values in panel.exog)]
        known = panel.days * panel.slots
        X = np.column_stack(columns)
        spread = X[:known].std(axis=0)
        kept = [0, *(j for j in range(1, X.shape[1]) if spread[j] > 1e-9)]
        X = X[:, kept] / np.where(spread[kept] > 1e-9, spread[kept], 1.0)
        names = ("weekday", "weekday", *panel.columns)  # the constant never departs from itself
        return panel.prices.ravel(), X[:known], X[known:], tuple(names[j] for j in kept)


def search_order(y: FloatArray, X: FloatArray) -> tuple[int, int, int, int, int]:
    """(p, d, q, P, Q) with the least AIC; d by the Augmented Dickey-Fuller test.

    Raises
    ------
    ModelUnavailableError
        When no candidate can be fitted, or the prices do not move.
    """
    if np.ptp(y) < 1e-9:
        raise ModelUnavailableError("the prices do not move")
    d = differencing(y)
    best: tuple[float, tuple[int, int, int, int, int]] | None = None
    for p, q, seasonal_p, seasonal_q in GRID:
        order = (p, d, q, seasonal_p, seasonal_q)
        try:
            aic = float(_fit(y, X, order, SEARCH_ITERATIONS).aic)
        except (np.linalg.LinAlgError, ValueError):
            continue
        if np.isfinite(aic) and (best is None or aic < best[0]):
            best = (aic, order)
    if best is None:
        raise ModelUnavailableError("no order of the grid could be fitted")
    return best[1]


def differencing(y: FloatArray) -> int:
    """1 when a unit root cannot be rejected at 5 %, else 0 (Augmented Dickey-Fuller, constant, lags to a day)."""
    from statsmodels.tsa.stattools import adfuller

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        p_value = float(adfuller(y, maxlag=SEASON, autolag="AIC")[1])
    return int(not p_value < 0.05)


def _fit(y: FloatArray, X: FloatArray, order: tuple[int, int, int, int, int], iterations: int) -> Any:  # noqa: ANN401 - statsmodels has no types
    model = _model(y, X, order)
    with warnings.catch_warnings():
        # A flat likelihood stops at the iteration limit; forecasts are scored every day.
        warnings.simplefilter("ignore")
        return model.fit(disp=0, maxiter=iterations, cov_type="none")


def _model(y: FloatArray, X: FloatArray, order: tuple[int, int, int, int, int]) -> Any:  # noqa: ANN401
    from statsmodels.tsa.statespace.sarimax import SARIMAX

    p, d, q, seasonal_p, seasonal_q = order
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return SARIMAX(y, exog=X, order=(p, d, q), seasonal_order=(seasonal_p, 0, seasonal_q, SEASON), simple_differencing=False)
