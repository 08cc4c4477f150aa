"""Covariance estimates.

What belongs here: sample, shrunk, rolling, exponentially weighted and factor-form
covariances; what makes a matrix no covariance, and the nearest one that is. What does not: optimisation.

A library call refuses a matrix that is not symmetric and positive semidefinite: an optimum on it is certified and
wrong. Where a morning must go on (correlations estimated pair by pair, stressed by hand) the caller projects with
`nearest_psd` and tells the distance.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.mathematics.allocation.errors import BadProblemError

ROUNDING = 1e-8
"""Relative room for rounding in a covariance: of a pair's difference, and of an eigenvalue below zero."""
LEAST_VARIANCE = 1e-6
"""Variances under this part of the largest are judged by its scale: beside it they are rounding."""
MOST_PROJECTIONS = 1000


@dataclass(frozen=True)
class FactorCovariance:
    """loadings factor loadings' + diag(specific): hundreds of contracts moved by a few drivers.

    Attributes
    ----------
    loadings : array, shape (n, k)
    factor : array, shape (k, k)
    specific : array, shape (n,)
        Variances of what the factors leave, at least 0.

    Raises
    ------
    BadProblemError
        Specific variances below zero or not finite, a `factor` that is no covariance.
    """

    loadings: FloatArray
    factor: FloatArray
    specific: FloatArray

    def __post_init__(self) -> None:
        found = covariance_problems(self.factor, what="factor covariance")
        if not np.isfinite(self.loadings).all():
            found.append("factor covariance: loadings hold NaN or infinity")
        if not (self.specific >= 0).all():
            found.append(f"factor covariance: {int((~(self.specific >= 0)).sum())} specific variance(s) are negative or NaN")
        if found:
            raise BadProblemError(found)

    def times(self, x: FloatArray) -> FloatArray:
        """Covariance times a vector, shape (n,), without building the matrix."""
        result: FloatArray = self.loadings @ (self.factor @ (self.loadings.T @ x)) + self.specific * x
        return result

    def dense(self) -> FloatArray:
        """The matrix, shape (n, n)."""
        result: FloatArray = self.loadings @ self.factor @ self.loadings.T + np.diag(self.specific)
        return result


def covariance_problems(matrix: FloatArray, names: Sequence[str] = (), what: str = "covariance") -> list[str]:
    """Why a matrix is no covariance: not finite, not symmetric, not positive semidefinite; empty when it is one.

    Parameters
    ----------
    matrix : array, shape (n, n)
    names : sequence of str
        For the words; numbers where there are none.
    what : str
        What the words call the matrix.

    Notes
    -----
    Rounding is judged in units of the contracts' own volatilities, so that EUR and thousands of EUR may stand side by
    side; one Cholesky factorisation, eigenvalues only for the words.

    Examples
    --------
    >>> covariance_problems(np.array([[1.0, 0.5], [0.2, 1.0]]), ["base", "peak"])
    ['covariance is not symmetric: base with peak 0.5, peak with base 0.2']
    """
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        return [f"{what} has shape {matrix.shape}, needs to be square"]
    if not np.isfinite(matrix).all():
        return [f"{what} holds NaN or infinity"]
    variances = np.diag(matrix)
    size = np.sqrt(np.maximum(np.abs(variances), LEAST_VARIANCE * float(np.abs(variances).max(initial=0.0))))
    size = np.where(size > 0, size, 1.0)
    scaled = matrix / size
    scaled /= size[:, None]
    apart = np.zeros((1, 1)) if np.array_equal(matrix, matrix.T) else np.abs(scaled - scaled.T)
    if apart.max(initial=0.0) > ROUNDING:
        i, j = sorted(int(k) for k in np.unravel_index(int(apart.argmax()), apart.shape))
        one, other = (names[i], names[j]) if names else (str(i + 1), str(j + 1))
        return [f"{what} is not symmetric: {one} with {other} {matrix[i, j]:.6g}, {other} with {one} {matrix[j, i]:.6g}"]
    scaled[np.diag_indices_from(scaled)] += ROUNDING
    try:
        np.linalg.cholesky(scaled)
    except np.linalg.LinAlgError:
        least = float(np.linalg.eigvalsh(matrix)[0])
        return [f"{what} is not positive semidefinite: smallest eigenvalue {least:.6g}; `nearest_psd` gives the nearest one that is"]
    return []


def require_covariance(matrix: FloatArray, names: Sequence[str] = ()) -> None:
    """The matrix is a covariance.

    Raises
    ------
    BadProblemError
        Naming the pair that differs with both values, or the smallest eigenvalue.
    """
    found = covariance_problems(matrix, names)
    if found:
        raise BadProblemError(found)


def nearest_psd(matrix: FloatArray, smallest: float = 0.0) -> tuple[FloatArray, float]:
    """The nearest positive semidefinite matrix in the Frobenius norm, and its distance.

    A correlation matrix (unit diagonal) stays one: alternating projections onto the two sets with Dykstra's
    correction, as in Higham (2002), "Computing the nearest correlation matrix - a problem from finance", IMA
    Journal of Numerical Analysis 22, 329-343. Any other matrix has its eigenvalues clipped, as in Higham (1988),
    "Computing a nearest symmetric positive semidefinite matrix", Linear Algebra and its Applications 103, 103-118.

    Parameters
    ----------
    matrix : array, shape (n, n)
        Finite. Its symmetric part is what is projected; the distance is from the matrix as given.
    smallest : float
        Least eigenvalue of the answer, e.g. 1e-6 where it is to be factored; below 1 for correlations.

    Returns
    -------
    (array, shape (n, n), float)
        The matrix itself and 0.0 where it is symmetric and has no smaller eigenvalue.

    Examples
    --------
    Higham's own case:

    >>> found, distance = nearest_psd(np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0], [0.0, 1.0, 1.0]]))
    >>> found.round(4).tolist()[0], round(distance, 4)
    ([1.0, 0.7607, 0.1573], 0.5278)
    """
    start = (matrix + matrix.T) / 2.0
    if np.array_equal(start, matrix) and np.linalg.eigvalsh(start).min(initial=smallest) >= smallest:
        return matrix, 0.0
    found = _nearest_correlation(start, smallest) if (np.diag(start) == 1.0).all() else _clipped(start, smallest)
    return found, float(np.linalg.norm(found - matrix))


def _nearest_correlation(start: FloatArray, smallest: float) -> FloatArray:
    found, correction = start, np.zeros_like(start)
    for _ in range(MOST_PROJECTIONS):
        before = found
        whole = _clipped(before - correction, smallest)
        correction = whole - (before - correction)
        found = whole.copy()
        np.fill_diagonal(found, 1.0)
        if np.abs(found - before).max() < 1e-12 or np.abs(found - whole).max() < 1e-12:
            break
    whole = _clipped(found, smallest)
    size = np.sqrt(np.diag(whole))
    found = whole / size / size[:, None]
    np.fill_diagonal(found, 1.0)
    return found


def _clipped(matrix: FloatArray, smallest: float) -> FloatArray:
    values, vectors = np.linalg.eigh(matrix)
    found = (vectors * np.maximum(values, smallest)) @ vectors.T
    result: FloatArray = (found + found.T) / 2.0
    return result


def sample(returns: FloatArray, probabilities: FloatArray | None = None) -> FloatArray:
    """Sample covariance, shape (n, n): divisor T - 1, or the given probabilities (then without correction).

    A single row has no covariance: zeros.

    >>> sample(np.array([[1.0, 2.0], [3.0, 6.0]])).tolist()
    [[2.0, 4.0], [4.0, 8.0]]
    """
    if probabilities is not None:
        centred = returns - probabilities @ returns
        weighted: FloatArray = (centred * probabilities[:, None]).T @ centred
        return weighted
    centred = returns - returns.mean(axis=0)
    plain: FloatArray = centred.T @ centred / max(len(returns) - 1, 1)
    return plain


def ledoit_wolf(returns: FloatArray) -> tuple[FloatArray, float]:
    """Shrinkage towards the mean variance times the identity; covariance and shrinkage in [0, 1].

    Divisor T, as in Ledoit and Wolf (2004), "A well-conditioned estimator for
    large-dimensional covariance matrices".
    """
    rows, n = returns.shape
    centred = returns - returns.mean(axis=0)
    raw = centred.T @ centred / rows
    level = np.trace(raw) / n
    distance = float(((raw - level * np.eye(n)) ** 2).sum()) / n
    squares = centred**2
    spread = float((squares.T @ squares / rows - raw**2).sum()) / n / rows
    shrinkage = 0.0 if distance == 0 else min(spread, distance) / distance
    return _shrunk(raw, level, shrinkage), shrinkage


def oracle_approximating(returns: FloatArray) -> tuple[FloatArray, float]:
    """OAS shrinkage of Chen, Wiesel, Eldar and Hero (2010) towards the same target; covariance and shrinkage.

    In the form libraries use, which drops the paper's term 1 - 2/n in the numerator and denominator.
    """
    rows, n = returns.shape
    centred = returns - returns.mean(axis=0)
    raw = centred.T @ centred / rows
    level = np.trace(raw) / n
    mean_square = float((raw**2).mean())
    top = mean_square + level**2
    bottom = (rows + 1.0) * (mean_square - level**2 / n)
    shrinkage = 1.0 if bottom == 0 else min(top / bottom, 1.0)
    return _shrunk(raw, level, shrinkage), shrinkage


def rolling(returns: FloatArray, window: int) -> FloatArray:
    """Sample covariance of the last `window` rows up to and including each row, shape (T - window + 1, n, n).

    Each window is computed on its own, so that a day's estimate does not depend on where the run began.
    """
    if not 2 <= window <= len(returns):
        raise ValueError(f"window {window} is not between 2 and the {len(returns)} rows given")
    return np.stack([sample(returns[k : k + window]) for k in range(len(returns) - window + 1)])


def exponentially_weighted(returns: FloatArray, half_life: float) -> FloatArray:
    """Covariance with weights halving every `half_life` rows back from the last, shape (n, n).

    Weights sum to one, the mean is weighted alike, and the result is divided by 1 - sum of squared weights (unbiased).
    """
    if half_life <= 0:
        raise ValueError(f"half-life {half_life} is not positive")
    weights = 0.5 ** (np.arange(len(returns))[::-1] / half_life)
    weights /= weights.sum()
    spare = 1.0 - float(weights @ weights)
    result: FloatArray = sample(returns, weights) / (spare if spare > 0 else 1.0)
    return result


def statistical_factors(returns: FloatArray, count: int) -> FactorCovariance:
    """Factor form from the first principal components; the variances of the sample are kept.

    Parameters
    ----------
    count : int
        Number of components, 1 to n.
    """
    full = sample(returns)
    values, vectors = np.linalg.eigh(full)
    keep = np.argsort(values)[::-1][:count]
    loadings, factor = vectors[:, keep], np.diag(values[keep])
    specific = np.maximum(np.diag(full) - np.einsum("ij,jk,ik->i", loadings, factor, loadings), 0.0)
    return FactorCovariance(loadings, factor, specific)


def _shrunk(raw: FloatArray, level: float, shrinkage: float) -> FloatArray:
    result: FloatArray = (1.0 - shrinkage) * raw
    result[np.diag_indices_from(result)] += shrinkage * level
    return result
