"""Kernel ridge regression of all slots of a day at once.

What belongs here: the kernel, the age-weighted ridge, global and adaptive scaling. What
does not: means over windows (`ensemble`).

Definition: y(x) = sum_i a_i k(x, x_i) + mean, (K + R) a = Y - mean, with the kernel
k = z.z' / w + exp(-|z - z'|^2 / (2 w length^2)), z the scaled inputs times a weight per
block (`BLOCK_WEIGHTS`), w the sum of squared weights, R = diag(ridge exp(age / memory)).
With `adaptive` every day's prices, lags and target alike, are first standardised by the median
and mean absolute deviation of the 7 days before its origin, so that a calm year still
teaches in a wild one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.forecasting.forecaster import NOTHING
from energy_pipeline.forecasting.model import ModelUnavailableError
from energy_pipeline.forecasting.panel import FIRST_ROW, Panel
from energy_pipeline.forecasting.response import Response, input_owners
from energy_pipeline.forecasting.scaling import ADAPTIVE_DAYS, AsinhScale, adaptive_prices

MINIMUM_ROWS = 28
MAIN_WEIGHT, LAG_WEIGHT, DUMMY_WEIGHT = 1.0, 0.15, 3.0


@dataclass(frozen=True)
class _Solved:
    """A day's solution: weighted inputs of the window and the target, their norm, the target's kernel row, and from such rows to prices."""

    inputs: FloatArray
    total: float
    kernel: FloatArray
    back: Callable[[FloatArray], FloatArray]


@dataclass(frozen=True)
class KernelRidge:
    """Kernel ridge on one window; solved anew every day.

    Attributes
    ----------
    window_days : int
    adaptive : bool
        Standardise prices by the last 7 days.
    ridge, length, memory_days : float
        As in the definition.
    """

    window_days: int
    adaptive: bool = False
    ridge: float = 0.1
    length: float = 1.0
    memory_days: float = 1000.0
    lag_weight: float = LAG_WEIGHT
    dummy_weight: float = DUMMY_WEIGHT
    refit_days: int = 1

    @property
    def name(self) -> str:
        """`krr_<window>`, with `a` when adaptive."""
        return f"krr_{self.window_days}{'a' if self.adaptive else ''}"

    @property
    def history_days(self) -> int:
        """Half of the window: a kernel on less is still a kernel."""
        return max(self.window_days // 2, MINIMUM_ROWS + 2 * FIRST_ROW)

    def fit(self, panel: Panel) -> bytes:  # noqa: ARG002 - the protocol
        """Nothing is kept between days."""
        return NOTHING

    def predict(self, panel: Panel, fitted: bytes) -> FloatArray:  # noqa: ARG002 - the protocol
        """Solve on the window and apply to the target."""
        found = self._solved(panel)
        return found.back(found.kernel)

    def response(self, panel: Panel, fitted: bytes) -> Response:  # noqa: ARG002 - the protocol
        """Today's solution as a function of the target's scaled and weighted inputs."""
        found = self._solved(panel)
        learnt, total = found.inputs[:-1], found.total
        squares = np.einsum("ij,ij->i", learnt, learnt) / total

        def prices(inputs: FloatArray) -> FloatArray:
            inner = inputs @ learnt.T / total
            return found.back(inner + self._bell((np.einsum("ij,ij->i", inputs, inputs) / total)[:, None] + squares - 2 * inner))

        return Response(prices, found.inputs[-1], learnt.mean(axis=0), input_owners(panel))

    def _bell(self, distance: FloatArray) -> FloatArray:
        return np.asarray(np.exp(-np.maximum(distance, 0.0) / (2 * self.length**2)))

    def _solved(self, panel: Panel) -> _Solved:
        from scipy.linalg import cho_factor, cho_solve

        panel = panel.cut(self.window_days)
        rows = panel.rows
        rows = rows[rows >= FIRST_ROW + ADAPTIVE_DAYS] if self.adaptive else rows
        if rows.size < MINIMUM_ROWS:
            raise ModelUnavailableError(f"{rows.size} days to learn from, at least {MINIMUM_ROWS} are needed")
        inputs, prices, centre, spread = adaptive_prices(panel) if self.adaptive else (panel.inputs, panel.prices, None, None)
        scale = AsinhScale.of(inputs[rows])
        out = AsinhScale.of(prices[rows])
        used = np.append(rows, panel.days + panel.lead - 1)
        weights = self._weights(panel)
        # Constant columns (the sun at night) carry nothing, and their tiny spread would blow up a change.
        Z = np.hstack([np.clip(scale.scaled(inputs[used]), -8, 8), panel.dummies[used]]) * weights
        total = float((weights**2).sum())
        inner = Z @ Z[:-1].T / total
        length = np.einsum("ij,ij->i", Z, Z) / total
        kernel = inner + self._bell(length[:, None] + length[None, :-1] - 2 * inner)
        Y = out.scaled(prices[rows])
        level = Y.mean(axis=0)
        age = (panel.days - rows).astype(np.float64)
        K = kernel[:-1]
        K[np.diag_indices_from(K)] += self.ridge * np.exp(age / self.memory_days)
        solution = cho_solve(cho_factor(K, lower=True, overwrite_a=True, check_finite=False), Y - level, check_finite=False)

        def back(row: FloatArray) -> FloatArray:
            found = out.prices(row @ solution + level)
            return found if centre is None or spread is None else np.asarray(centre + spread * found)

        return _Solved(Z, total, kernel[-1], back)

    def _weights(self, panel: Panel) -> FloatArray:
        blocks = [np.full(width, MAIN_WEIGHT if main else self.lag_weight) for _, width, main in panel.blocks]
        return np.concatenate([*blocks, np.full(7, self.dummy_weight)])
