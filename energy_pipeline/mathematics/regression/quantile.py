"""Quantile regression by a smoothed pinball loss, compiled.

What belongs here: the coefficients at several levels. What does not: which regressors, what is done with the quantiles.

Problem: at each level t minimise the mean over rows of the pinball loss of y - x'b, convolved with a normal kernel of the
given bandwidth h (Fernandes, Guerre, Horta 2021), plus ridge / 2 times the squares of all coefficients but the first. With u = (y - x'b) / h
the gradient of the loss is the mean of x (Phi(-u) - t), its curvature that of x x' phi(u) / h. Newton's steps, each at most 1 in every
coefficient, begin at the level's plain quantile of y in the first coefficient and at the level before in the others.
"""

# ruff: noqa: ANN001, ANN202 - compiled functions carry no annotations
# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

import math

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.mathematics.compilation import ANY_ORDER, kernel, part
from energy_pipeline.mathematics.statistics.quantiles import sample_quantiles

NUDGE = 1e-3
"""Added to the diagonal of the curvature: far from all rows there is none."""
FAR = 9.0
"""Beyond it phi is below 1e-17 and Phi is 0 or 1 to the last digit: half of the rows, at outer levels nearly all."""
SMALL_STEP = 1e-4


def smoothed_quantile_regression(
    X: FloatArray, y: FloatArray, levels: FloatArray, *, bandwidth: float, ridge: float = 1e-3, steps: int = 12
) -> FloatArray:
    """Coefficients of each level.

    Parameters
    ----------
    X : array, shape (n, k)
        Regressors, the first one constant.
    y : array, shape (n,)
    levels : array, shape (m,)
        In (0, 1); close levels next to each other converge fastest.
    bandwidth : float
        In the unit of y.
    ridge : float
    steps : int
        Newton's steps at most.

    Returns
    -------
    array, shape (m, k)

    Examples
    --------
    >>> y = np.arange(101.0)
    >>> smoothed_quantile_regression(np.ones((101, 1)), y, np.array([0.25, 0.5]), bandwidth=0.5).ravel().round(1).tolist()
    [24.8, 50.0]
    """
    found = np.empty((len(levels), X.shape[1]))
    _newton(np.ascontiguousarray(X.T), y, levels, sample_quantiles(y, levels), np.array([bandwidth, ridge, float(steps)]), found)
    return found


@part
def _derivatives(XT, u, level, h, gradient, curvature):
    """Means of x (Phi(-v) - level) and of x x' phi(v) / h at v = u / h; `u` is used up."""
    k, n = XT.shape
    density = 1.0 / (math.sqrt(2.0 * math.pi) * h)
    bend = np.empty(n)
    for r in range(n):
        v = u[r] / h
        if abs(v) < FAR:
            u[r] = 0.5 * math.erfc(v * math.sqrt(0.5)) - level
            bend[r] = density * math.exp(-0.5 * v * v)
        else:
            u[r] = -level if v > 0.0 else 1.0 - level
            bend[r] = 0.0
    for j in range(k):
        total = 0.0
        for r in range(n):
            total += XT[j, r] * u[r]
        gradient[j] = total / n
        for m in range(j + 1):
            total = 0.0
            for r in range(n):
                total += XT[j, r] * XT[m, r] * bend[r]
            curvature[j, m] = total / n


@part
def _solve(matrix, x):
    """Turn x into matrix^-1 x by Cholesky's factor, which takes the place of the lower triangle."""
    k = len(x)
    for j in range(k):
        for m in range(j + 1):
            total = matrix[j, m] - np.sum(matrix[j, :m] * matrix[m, :m])
            matrix[j, m] = math.sqrt(total) if j == m else total / matrix[m, m]
        x[j] = (x[j] - np.sum(matrix[j, :j] * x[:j])) / matrix[j, j]
    for j in range(k - 1, -1, -1):
        x[j] = (x[j] - np.sum(matrix[j + 1 :, j] * x[j + 1 :])) / matrix[j, j]


@kernel(lambda t: (t.reads(2), *[t.reads(1)] * 4, t.writes(2)), sums=ANY_ORDER, division="ieee")
def _newton(XT, y, levels, starts, settings, found):
    k = len(XT)
    h, ridge, steps = settings[0], settings[1], int(settings[2])
    penalty = np.full(k, ridge)
    penalty[0] = 0.0
    b, move, curvature = np.zeros(k), np.zeros(k), np.zeros((k, k))
    for i in range(len(levels)):
        b[0] = starts[i]
        for _ in range(steps):
            u = y.copy()
            for j in range(k):
                u -= XT[j] * b[j]
            _derivatives(XT, u, levels[i], h, move, curvature)
            for j in range(k):
                move[j] += penalty[j] * b[j]
                curvature[j, j] += penalty[j] + NUDGE
            _solve(curvature, move)
            largest = np.abs(move).max()
            b -= move * min(1.0, 1.0 / max(largest, 1e-12))
            if largest < SMALL_STEP:
                break
        found[i] = b
