"""How values belong together over a week: the parameters of the path recursion, and their fit.

What belongs here: `PathModel` and its estimation from past standardised errors. What does not:
the recursion (`path_kernel`), marginals.

Stress is a state of a whole path-day: the days whose t mixing variable is in its lowest
`stress_share`, that is when everything moves far, have the stressed correlation. So large
moves and moving together come as one. Every correlation matrix has a unit diagonal, hence the
marginals do not depend on the state.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from energy_pipeline.domain.delivery import FloatArray

STRESS_SHARE = 0.1
DEGREES = (3.0, 4.0, 5.0, 6.0, 8.0, 12.0, 20.0, 50.0)
GARCH_GRID = ((0.0, 0.0), *((a, total - a) for total in (0.7, 0.85, 0.95, 0.98) for a in (0.03, 0.07, 0.15, 0.25)))
"""(alpha, beta) among which the likelihood chooses."""

MOST_PERSISTENCE = 0.98
PRIOR_DAYS = 20.0
"""Correlations are shrunk as if this many days without any had been seen too."""


@dataclass(frozen=True)
class PathModel:
    """Joint dependence of S series.

    Attributes
    ----------
    names : tuple of str, length S
    calm, stressed : array, shape (S, S)
        Correlation of the innovations outside and in stress.
    stress_share : float
        Share of path-days in stress.
    degrees : float
        Degrees of freedom of the t mixing per path and day; inf for none.
    persistence : array, shape (S,)
        First-order autocorrelation from step to step, in [0, 1).
    alpha, beta : array, shape (S,)
        GARCH(1, 1) of the innovations, alpha + beta < 1, long-run variance 1.
    """

    names: tuple[str, ...]
    calm: FloatArray
    stressed: FloatArray
    stress_share: float
    degrees: float
    persistence: FloatArray
    alpha: FloatArray
    beta: FloatArray

    def __post_init__(self) -> None:
        """Refuse what is no model, all problems at once."""
        size, problems = len(self.names), []
        for name in ("calm", "stressed"):
            matrix = getattr(self, name)
            if matrix.shape != (size, size) or not np.allclose(matrix, matrix.T) or not np.allclose(np.diag(matrix), 1.0):
                problems.append(f"{name} is no correlation matrix of {size} series")
            elif np.linalg.eigvalsh(matrix)[0] <= 0:
                problems.append(f"{name} is not positive definite")
        if ((self.persistence < 0) | (self.persistence >= 1)).any():
            problems.append("persistence must be in [0, 1)")
        if ((self.alpha < 0) | (self.beta < 0) | (self.alpha + self.beta >= 1)).any():
            problems.append("alpha and beta must not be negative and alpha + beta must be below 1")
        if self.degrees <= 2 or not 0 <= self.stress_share < 1:
            problems.append("degrees must exceed 2 and stress_share lie in [0, 1)")
        if problems:
            raise ValueError("path model: " + "; ".join(problems))


def fit(names: tuple[str, ...], scores: FloatArray) -> PathModel:
    """The model of past errors.

    Parameters
    ----------
    names : tuple of str, length S
    scores : array, shape (days, steps, S)
        Errors on a standard scale: mean about 0, variance about 1 in every slot (NaN counts as 0).

    Returns
    -------
    PathModel
        Persistence and GARCH per series, correlations of the innovations, degrees of freedom
        and stressed correlation from the days on which all series together moved farthest.
    """
    values = np.nan_to_num(scores)
    values = values / np.maximum(values.std(axis=(0, 1)), 1e-9)
    persistence = _persistence(values)
    moves = (values[:, 1:] - persistence * values[:, :-1]) / np.sqrt(1.0 - persistence**2)
    garch = _garch(moves)
    calm_all = correlation(moves.reshape(-1, len(names)), moves.shape[1])
    distance = np.einsum("dts,sr,dtr->d", moves, np.linalg.inv(calm_all), moves) / (moves.shape[1] * len(names))
    far = distance >= np.quantile(distance, 1.0 - STRESS_SHARE)
    near = moves[~far] if (~far).any() else moves
    return PathModel(
        names,
        correlation(near.reshape(-1, len(names)), moves.shape[1]),
        correlation(moves[far].reshape(-1, len(names)), moves.shape[1]),
        STRESS_SHARE,
        _degrees(distance, moves.shape[1] * len(names)),
        persistence,
        garch[:, 0],
        garch[:, 1],
    )


def correlation(rows: FloatArray, per_day: int) -> FloatArray:
    """Correlation of zero-mean rows, shrunk towards none by `PRIOR_DAYS` days.

    >>> correlation(np.array([[1.0, 1.0], [-1.0, -1.0]] * 1000), 1).round(2).tolist()
    [[1.0, 0.99], [0.99, 1.0]]
    """
    raw = np.einsum("ni,nj->ij", rows, rows)
    size = np.sqrt(np.maximum(np.diag(raw), 1e-12))
    days = len(rows) / per_day
    found = raw / np.outer(size, size) * (days / (days + PRIOR_DAYS))
    np.fill_diagonal(found, 1.0)
    return np.asarray(found)


def _persistence(values: FloatArray) -> FloatArray:
    lagged = (values[:, 1:] * values[:, :-1]).sum(axis=(0, 1))
    return np.asarray(np.clip(lagged / np.maximum((values[:, :-1] ** 2).sum(axis=(0, 1)), 1e-12), 0.0, MOST_PERSISTENCE))


def _garch(moves: FloatArray) -> FloatArray:
    """(alpha, beta) of highest Gaussian likelihood on the grid, shape (S, 2); the days follow one another."""
    squares = moves.reshape(-1, moves.shape[2]) ** 2
    squares = squares / np.maximum(squares.mean(axis=0), 1e-12)
    alpha, beta = (np.array(side)[:, None] for side in zip(*GARCH_GRID, strict=True))
    variance = np.ones((len(GARCH_GRID), squares.shape[1]))
    path = np.empty((len(squares), *variance.shape))
    for t, square in enumerate(squares):
        path[t] = variance
        variance = (1.0 - alpha - beta) + alpha * square + beta * variance
    loss = (np.log(path) + squares[:, None] / path).sum(axis=0)
    return np.asarray(np.array(GARCH_GRID)[np.argmin(loss, axis=0)])


def _degrees(distance: FloatArray, size: int) -> float:
    """Degrees of freedom whose F distribution suits the days' mean squared distances best.

    For a t copula with one mixing variable a day, the mean of `size` squared standard values is
    F(size, nu)-distributed; serial dependence left over makes fewer of them count, so the size
    is taken as at most 60.
    """
    from scipy.stats import f

    scale = distance / max(float(np.median(distance)), 1e-12)
    count = min(size, 60)
    likelihood = [f.logpdf(scale * f.median(count, nu), count, nu).sum() + len(scale) * np.log(f.median(count, nu)) for nu in DEGREES]
    return DEGREES[int(np.argmax(likelihood))]
