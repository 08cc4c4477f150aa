"""SARIMAX: regression with seasonal ARMA errors on recent hours, statsmodels.

What belongs here: the fit, the daily filter, the search of orders. What does not: when a desk searches (`tuning`), other models.

Price less yesterday's price of the hour = regressors less yesterday's + ARIMA(p, d, q)(P, 0, Q)24 error: SARIMAX(p, d, q)(P, 1, Q)24, the seasonal
difference taken beforehand, so that the filter's state stays small. Regressors: the exogenous columns and the weekend. The order is a setting:
`search` finds the one of `GRID` with the least AIC, d is 1 when an Augmented Dickey-Fuller test cannot reject a unit root at 5 %; a desk has it
searched by its training job and the morning reads what was found. Parameters are refitted every `refit_days` by maximum likelihood
on the window; each day filters the window's prices with those parameters and forecasts.
"""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.forecasting.model import ModelUnavailableError
from energy_pipeline.forecasting.panel import Panel
from energy_pipeline.forecasting.response import Response

Order = tuple[int, int, int, int, int]
"""(p, d, q, P, Q)."""
GRID: tuple[tuple[int, int, int, int], ...] = ((1, 0, 0, 0), (1, 1, 0, 0), (2, 1, 0, 0), (3, 1, 0, 0), (1, 1, 0, 1), (2, 1, 0, 1), (2, 1, 1, 0))
"""(p, q, P, Q) tried."""
SEASON = 24
SEARCH_ITERATIONS, FIT_ITERATIONS = 12, 40
LEAST_DAYS = 21


@dataclass(frozen=True)
class Search:
    """What a search of orders found.

    Attributes
    ----------
    order : tuple of int
        (p, d, q, P, Q).
    aic, bic : float
        Of that order after `SEARCH_ITERATIONS`.
    declared_aic : float or None
        Of the declared order, where it is among those tried.
    bic_order : tuple of int
        The order BIC prefers.
    adf_statistic, adf_p_value : float
        Of the seasonally differenced prices.
    """

    order: Order
    aic: float
    bic: float
    declared_aic: float | None
    bic_order: Order
    adf_statistic: float
    adf_p_value: float


@dataclass(frozen=True)
class Sarimax:
    """SARIMAX on the last weeks.

    Attributes
    ----------
    window_days : int
    refit_days : int
    p, d, q, seasonal_p, seasonal_q : int
        Orders; those declared are used until a search has found better ones.
    """

    window_days: int = 28
    refit_days: int = 28
    p: int = 2
    d: int = 0
    q: int = 1
    seasonal_p: int = 0
    seasonal_q: int = 0
    name: str = "sarimax"

    @property
    def order(self) -> Order:
        """(p, d, q, P, Q)."""
        return self.p, self.d, self.q, self.seasonal_p, self.seasonal_q

    @property
    def history_days(self) -> int:
        """Three weeks."""
        return LEAST_DAYS

    def fit(self, panel: Panel) -> bytes:
        """Parameters as JSON; floats are written so that they read back exactly."""
        y, X = _differenced(*series(panel, self.window_days)[:2])
        parameters = np.asarray(_fit(y, X, self.order, FIT_ITERATIONS).params, dtype=np.float64)
        if not np.isfinite(parameters).all():
            raise ModelUnavailableError("the likelihood fit gave no finite parameters")
        return json.dumps({"order": self.order, "parameters": parameters.tolist()}).encode()

    def predict(self, panel: Panel, fitted: bytes) -> FloatArray:
        """Filter the window with the given parameters and forecast through the target."""
        return self._forecast(panel, fitted)[0]

    def response(self, panel: Panel, fitted: bytes) -> Response:
        """The forecast as a function of the target's regressors and, as one input, of what past prices say beyond theirs."""
        found, past, coefficients, regressors, typical, names = self._forecast(panel, fitted)
        slots, width = regressors.shape

        def prices(rows: FloatArray) -> FloatArray:
            told = rows[:, :-1].reshape(len(rows), slots, width) @ coefficients
            return np.asarray(told + past + rows[:, -1:] * (found - regressors @ coefficients - past))

        inputs = np.append(regressors.ravel(), 1.0)
        return Response(prices, inputs, np.append(np.tile(typical, slots), 0.0), (*list(names) * slots, "price_lag_1d_eur_mwh"))

    def _forecast(self, panel: Panel, fitted: bytes) -> tuple[FloatArray, float, FloatArray, FloatArray, FloatArray, tuple[str, ...]]:
        """The target's prices; the window's mean beyond its regressors; coefficients; the target's regressors, their means and names."""
        stored = json.loads(fitted)
        y, X, future, names = series(panel, self.window_days)
        w, W = _differenced(y, X)
        model = _model(w, W, tuple(stored["order"]))
        parameters = np.array(stored["parameters"])
        if parameters.size != model.k_params:
            raise ModelUnavailableError(f"fitted with {parameters.size} parameters, today needs {model.k_params}")
        ahead = future - np.vstack([X, future])[len(X) - SEASON : len(X) - SEASON + len(future)]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            steps = np.asarray(model.filter(parameters, cov_type="none").forecast(len(future), exog=ahead)).reshape(-1, SEASON)
        found = y[-SEASON:] + steps.sum(axis=0)
        coefficients = parameters[: X.shape[1]]
        return found, float((y - X @ coefficients).mean()), coefficients, future[-SEASON:], X.mean(axis=0), names


def series(panel: Panel, window_days: int) -> tuple[FloatArray, FloatArray, FloatArray, tuple[str, ...]]:
    """Prices of the window, its regressors, those of the days ahead, and whose they are; regressors in units of their spread."""
    panel = panel.cut(window_days)
    if panel.days < LEAST_DAYS:
        raise ModelUnavailableError(f"{panel.days} days to learn from, at least {LEAST_DAYS} are needed")
    weekend = np.repeat((panel.weekdays >= 5).astype(np.float64), panel.slots)
    X = np.column_stack([weekend, *(values.ravel() for values in panel.exog)])
    known = panel.days * panel.slots
    # What never changes from a day to the next has no coefficient.
    moves = np.abs(X[SEASON:known] - X[: known - SEASON]).max(axis=0)
    kept = np.flatnonzero(moves > 1e-9)
    X = X[:, kept] / X[:known, kept].std(axis=0)
    names = ("weekday", *panel.columns)
    return panel.prices.ravel(), X[:known], X[known:], tuple(names[j] for j in kept)


def search(panel: Panel, window_days: int = Sarimax.window_days) -> Search:
    """The order with the least AIC on a window, and what was seen on the way.

    Raises
    ------
    ModelUnavailableError
        When no candidate can be fitted, or the prices do not move.
    """
    from statsmodels.tsa.stattools import adfuller

    y, X = _differenced(*series(panel, window_days)[:2])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        statistic, p_value = (float(v) for v in adfuller(y, maxlag=SEASON, autolag="AIC")[:2])
    d = int(not p_value < 0.05)
    tried: list[tuple[float, float, Order]] = []
    for p, q, seasonal_p, seasonal_q in GRID:
        order = (p, d, q, seasonal_p, seasonal_q)
        try:
            fitted = _fit(y, X, order, SEARCH_ITERATIONS)
        except (np.linalg.LinAlgError, ValueError):
            continue
        if np.isfinite(fitted.aic):
            tried.append((float(fitted.aic), float(fitted.bic), order))
    if not tried:
        raise ModelUnavailableError("no order of the grid could be fitted")
    aic, bic, order = min(tried)
    declared = next((a for a, _, o in tried if o == Sarimax().order), None)
    return Search(order, aic, bic, declared, min(tried, key=lambda t: t[1])[2], statistic, p_value)


def _differenced(y: FloatArray, X: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Prices and regressors less those of the same hour of the day before."""
    if np.ptp(y) < 1e-9:
        raise ModelUnavailableError("the prices do not move")
    return y[SEASON:] - y[:-SEASON], X[SEASON:] - X[:-SEASON]


def _fit(y: FloatArray, X: FloatArray, order: Order, iterations: int) -> Any:  # noqa: ANN401 - statsmodels has no types
    model = _model(y, X, order)
    with warnings.catch_warnings():
        # A flat likelihood stops at the iteration limit; forecasts are scored every day.
        warnings.simplefilter("ignore")
        return model.fit(disp=0, maxiter=iterations, cov_type="none")


def _model(y: FloatArray, X: FloatArray, order: Order) -> Any:  # noqa: ANN401
    from statsmodels.tsa.statespace.sarimax import SARIMAX

    p, d, q, seasonal_p, seasonal_q = order
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exog = X if X.shape[1] else None
        return SARIMAX(y, exog=exog, order=(p, d, q), seasonal_order=(seasonal_p, 0, seasonal_q, SEASON), simple_differencing=False)
