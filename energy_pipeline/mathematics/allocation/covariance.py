"""Covariance estimates.

What belongs here: sample, shrunk, rolling, exponentially weighted and factor-form
covariances. What does not: optimisation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from energy_pipeline.domain.delivery import FloatArray


@dataclass(frozen=True)
class FactorCovariance:
    """loadings factor loadings' + diag(specific): hundreds of contracts moved by a few drivers.

    Attributes
    ----------
    loadings : array, shape (n, k)
    factor : array, shape (k, k)
    specific : array, shape (n,)
        Variances of what the factors leave, at least 0.
    """

    loadings: FloatArray
    factor: FloatArray
    specific: FloatArray

    def times(self, x: FloatArray) -> FloatArray:
        """Covariance times a vector, shape (n,), without building the matrix."""
        result: FloatArray = self.loadings @ (self.factor @ (self.loadings.T @ x)) + self.specific * x
        return result

    def dense(self) -> FloatArray:
        """The matrix, shape (n, n)."""
        result: FloatArray = self.loadings @ self.factor @ self.loadings.T + np.diag(self.specific)
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
