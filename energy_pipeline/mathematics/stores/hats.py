"""Regression on hat functions of one number: the expectation given what is seen, with bends at quantiles.

What belongs here: knots, the fit, its evaluation, in numpy. What does not: the compiled fit
inside a store's training (`policy_kernel`), which does the same for many contents at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from energy_pipeline.domain.delivery import FloatArray

PROBABILITIES = (0.0, 0.01, 0.05, 0.14, 0.26, 0.4, 0.55, 0.7, 0.82, 0.91, 0.97, 1.0)
SMOOTH = 1e-6


@dataclass(frozen=True)
class Hats:
    """A fitted expectation: values at knots, linear between, held beyond.

    Attributes
    ----------
    knots : array, shape (knots,)
    values : array, shape (knots, targets)
    """

    knots: FloatArray
    values: FloatArray

    def at(self, seen: FloatArray) -> FloatArray:
        """Expectations, shape (seen, targets)."""
        k, share = _places(self.knots, seen)
        return np.asarray((1.0 - share)[:, None] * self.values[k] + share[:, None] * self.values[k + 1])


def fit(seen: FloatArray, targets: FloatArray, weights: FloatArray | None = None, probabilities: tuple[float, ...] = PROBABILITIES) -> Hats:
    """Weighted least squares of `targets` (paths, targets) on hat functions of `seen` (paths,).

    Examples
    --------
    >>> x = np.linspace(0, 1, 200)
    >>> float(fit(x, 3 * x[:, None]).at(np.array([0.25]))[0, 0].round(3))
    0.75
    """
    knots = np.quantile(seen, probabilities, method="nearest")
    knots = np.unique(knots)
    if knots.size < 2:
        knots = np.array([knots[0], knots[0] + 1e-9 * (1.0 + abs(float(knots[0])))])
    k, share = _places(knots, seen)
    design = np.zeros((seen.size, knots.size))
    row = np.arange(seen.size)
    design[row, k], design[row, k + 1] = 1.0 - share, share
    counted = design if weights is None else design * weights[:, None]
    rough = np.diff(np.eye(knots.size), axis=0)
    matrix = counted.T @ design + SMOOTH * counted.sum() * (rough.T @ rough) + 1e-12 * counted.sum() * np.eye(knots.size)
    return Hats(knots, np.linalg.solve(matrix, counted.T @ targets))


def _places(knots: FloatArray, seen: FloatArray) -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.int64]], FloatArray]:
    k = np.clip(np.searchsorted(knots, seen, side="right") - 1, 0, knots.size - 2)
    return k.astype(np.int64), np.clip((seen - knots[k]) / (knots[k + 1] - knots[k]), 0.0, 1.0)
