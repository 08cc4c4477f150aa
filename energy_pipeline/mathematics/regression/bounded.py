"""Least squares with rows kept between bounds, and who is to blame where that cannot be.

What belongs here: one small dense problem and its certificate. What does not: what rows and bounds mean.

Method: with x = R^-1 (y + r) the problem min |R x - r| under G x >= h is to find the least y with G R^-1 y >= h - G R^-1 r, which
non-negative least squares solves (Lawson and Hanson, 1974, chapter 23). A residual of zero says that no x exists, and the
multipliers that are not zero name a set of bounds of which none can be kept with the others.
"""

from __future__ import annotations

import numpy as np

from energy_pipeline.domain.delivery import FloatArray, IntArray

NOTHING = 1e-9
"""Squared residual below which bounds contradict each other; bounds are scaled to order 1."""


class ContradictionError(ValueError):
    """No point is between all bounds; `rows` are a set that contradicts itself."""

    def __init__(self, rows: IntArray) -> None:
        self.rows = rows
        super().__init__(f"rows {', '.join(str(r) for r in rows)} contradict each other")


def bounded_least_squares(R: FloatArray, r: FloatArray, rows: FloatArray, lower: FloatArray, upper: FloatArray) -> FloatArray:
    """Argmin |R x - r|^2 under lower <= rows x <= upper.

    Parameters
    ----------
    R : array, shape (n, n)
        Regular.
    r : array, shape (n,)
    rows : array, shape (m, n)
    lower, upper : arrays, shape (m,)

    Raises
    ------
    ContradictionError

    Examples
    --------
    >>> x = bounded_least_squares(np.eye(2), np.array([3.0, 0.0]), np.array([[1.0, 1.0]]), np.array([0.0]), np.array([1.0]))
    >>> x.round(9).tolist()
    [2.0, -1.0]
    """
    from scipy.optimize import nnls

    free = np.asarray(np.linalg.solve(R, r), dtype=np.float64)
    reached = rows @ free
    if np.all((reached >= lower) & (reached <= upper)):
        return free
    G = np.linalg.solve(R.T, np.concatenate([rows, -rows]).T).T
    h = np.concatenate([lower - reached, reached - upper])
    sizes = np.linalg.norm(G, axis=1)
    G, h = G / sizes[:, None], h / sizes
    scale = float(np.abs(h).max())
    E = np.vstack([G.T, h / scale])
    target = np.zeros(E.shape[0])
    target[-1] = 1.0
    multipliers, _ = nnls(E, target, maxiter=50 * E.shape[1])
    residual = E @ multipliers - target
    if float(residual @ residual) < NOTHING:
        blamed = np.flatnonzero(multipliers > 1e-12 * multipliers.max()) % rows.shape[0]
        raise ContradictionError(np.unique(blamed))
    y = -residual[:-1] / residual[-1] * scale
    return np.asarray(free + np.linalg.solve(R, y))
