"""LEAR: one lasso per hour on yesterday's prices and the exogenous forecasts of the day.

What belongs here: scaling, penalties and daily coefficients of one calibration window.
What does not: the path kernel (`lars`), means over windows (`ensemble`).

Definition (Lago, Marcjasz, De Schutter, Weron 2021): inputs are the prices of D-1, D-2,
D-3, D-7, every exogenous forecast of D, D-1, D-7, and seven weekday dummies; inputs and
prices are scaled by asinh((x - median) / MAD), MAD made consistent for the normal. The
penalty of each hour minimises AIC along the path on columns of unit length, with the
variance of the price as noise variance, and is then used on the columns as they are: the
published code's way, and much less shrinkage than the first step alone would ask for.
Penalties are chosen weekly (the fit), coefficients daily (the prediction).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.forecasting.model import ModelUnavailableError
from energy_pipeline.forecasting.panel import Panel
from energy_pipeline.forecasting.response import Response, input_owners
from energy_pipeline.forecasting.scaling import AsinhScale
from energy_pipeline.mathematics.regression.lars import alpha_by_aic, lasso_at

MINIMUM_ROWS = 28


@dataclass(frozen=True)
class Lear:
    """LEAR on one calibration window.

    Attributes
    ----------
    window_days : int
        Days of history; the first seven serve as lags only.
    refit_days : int
        Penalties are chosen anew every so many days.
    """

    window_days: int
    refit_days: int = 7

    @property
    def name(self) -> str:
        """`lear_<window>`."""
        return f"lear_{self.window_days}"

    @property
    def history_days(self) -> int:
        """The whole window: a shorter history is another model."""
        return self.window_days

    def fit(self, panel: Panel) -> bytes:
        """Penalty of every slot, as JSON."""
        X, Y, _, _ = scaled(panel.cut(self.window_days))
        return json.dumps({"alphas": penalties(X, Y).tolist()}).encode()

    def predict(self, panel: Panel, fitted: bytes) -> FloatArray:
        """Coefficients of today on the window, applied to the target."""
        prices, x, _ = self._solved(panel.cut(self.window_days), fitted)
        return prices(x)

    def response(self, panel: Panel, fitted: bytes) -> Response:
        """Coefficients of today on the window as a function of the target's scaled inputs."""
        panel = panel.cut(self.window_days)
        return Response(*self._solved(panel, fitted), input_owners(panel))

    def _solved(self, panel: Panel, fitted: bytes) -> tuple[Callable[[FloatArray], FloatArray], FloatArray, FloatArray]:
        """The forecast as a function of scaled inputs, those of the target, and typical ones."""
        X, Y, x, back = scaled(panel)
        alphas = np.array(json.loads(fitted)["alphas"])
        centre, level = X.mean(axis=0), Y.mean(axis=0)
        Z = X - centre
        coefficients = lasso_at(Z.T @ Z, Z.T @ (Y - level), len(X), alphas)
        return (lambda inputs: back.prices((inputs - centre) @ coefficients + level)), x, centre


def scaled(panel: Panel) -> tuple[FloatArray, FloatArray, FloatArray, AsinhScale]:
    """Scaled inputs (n, p), scaled prices (n, slots), the target's scaled inputs (p,), and the way back.

    Raises
    ------
    ModelUnavailableError
        With fewer than 28 rows to learn from.
    """
    rows = panel.rows
    if rows.size < MINIMUM_ROWS:
        raise ModelUnavailableError(f"{rows.size} days to learn from, at least {MINIMUM_ROWS} are needed")
    inputs, target = panel.inputs[rows], panel.inputs[-1]
    scale, prices = AsinhScale.of(inputs), AsinhScale.of(panel.prices[rows])
    X = np.hstack([scale.scaled(inputs), panel.dummies[rows]])
    x = np.concatenate([scale.scaled(target), panel.dummies[-1]])
    return X, prices.scaled(panel.prices[rows]), x, prices


def penalties(X: FloatArray, Y: FloatArray) -> FloatArray:
    """Penalty of each response by AIC on centred columns of unit length."""
    Z = X - X.mean(axis=0)
    length = np.sqrt((Z**2).sum(axis=0))
    Z = Z / np.where(length > 1e-12, length, 1.0)
    centred = Y - Y.mean(axis=0)
    squares = (centred**2).sum(axis=0)
    noise = np.maximum(Y.var(axis=0), 1e-12)
    floors = squares - ((np.linalg.qr(Z)[0].T @ centred) ** 2).sum(axis=0) if len(X) > X.shape[1] else np.zeros(len(squares))
    return alpha_by_aic(Z.T @ Z, Z.T @ centred, squares, len(X), noise, np.maximum(floors, 0.0))
