"""How the intervals and series of one day belong together: copulas made of past days.

What belongs here: ranks of jointly drawn values. What does not: the values (`marginals`).

Three copulas over all columns (intervals of all series, side by side), each from the same n
past days of errors:

- schaake: the ranks of the smoothed bootstrap of whole past days (`bootstrap`); without
  smoothing the empirical copula (Schaake shuffle: Clark et al. 2004).
- gaussian: normal scores N of every column, x = w N / sqrt(n) with w standard normal: a Gaussian
  copula whose correlation is that of the scores, of whatever rank n gives it.
- t: x sqrt(nu / W), one chi-squared W per path. Paths with W in its lowest `stress_share` mix
  only the scores of the days that lay farthest out: large moves come with their own correlation.

All end as ranks, (r - 1/2) / paths: every column has each rank once, so marginals are exact
whatever the number of paths.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from energy_pipeline.domain.delivery import FloatArray, IntArray
from energy_pipeline.mathematics.paths.bootstrap import smoothed_bootstrap

Copula = Literal["schaake", "gaussian", "t"]
LEAST_FAR_DAYS = 10


def ranks(values: FloatArray) -> IntArray:
    """Rank of every value in its row from 0, equal ones in order of place.

    >>> ranks(np.array([[3.0, 1.0, 2.0, 1.0]])).tolist()
    [[3, 0, 2, 1]]
    """
    order = np.argsort(values, axis=1, kind="stable")
    found = np.empty_like(order)
    np.put_along_axis(found, order, np.broadcast_to(np.arange(values.shape[1]), values.shape), axis=1)
    return found


def normal_scores(errors: FloatArray) -> FloatArray:
    """Every column's ranks as standard normal quantiles with mean 0 and variance 1, shape (days, columns).

    A column without spread stays 0.
    """
    from scipy.special import ndtri

    days = len(errors)
    scores = ndtri((ranks(errors.T).T + 0.5) / days)
    scores /= np.sqrt((scores**2).mean(axis=0))
    return np.asarray(np.where(errors.max(axis=0) > errors.min(axis=0), scores, 0.0))


def latent(
    copula: Copula,
    errors: FloatArray,
    paths: int,
    rng: np.random.Generator,
    *,
    smoothing: float = 0.0,
    degrees: float = 5.0,
    stress_share: float = 0.1,
) -> FloatArray:
    """Jointly drawn values whose ranks are the copula, shape (columns, paths).

    Parameters
    ----------
    errors : array, shape (past days, columns)
        Without NaN.
    smoothing : float
        Of the Schaake copula.
    degrees, stress_share : float
        Of the t copula.
    """
    if copula == "schaake":
        return smoothed_bootstrap(errors, paths, smoothing, rng)
    scores = normal_scores(errors)
    weights = rng.standard_normal((paths, len(errors)))
    drawn = _mixed(scores, weights)
    if copula == "t":
        from scipy.stats import chi2

        spread = rng.chisquare(degrees, size=paths)
        stressed = spread < chi2.ppf(stress_share, degrees)
        far = _far_days(scores)
        if stressed.any() and far.size < len(errors):
            drawn[:, stressed] = _mixed(_unit(scores[far]), weights[stressed][:, far])
        drawn *= np.sqrt(degrees / spread)
    return drawn


def uniforms(values: FloatArray) -> FloatArray:
    """Ranks as probabilities (r - 1/2) / paths, shape as `values`."""
    return np.asarray((ranks(values) + 0.5) / values.shape[1])


def _mixed(scores: FloatArray, weights: FloatArray) -> FloatArray:
    # einsum adds in one fixed order; a threaded matrix product need not, and bytes must repeat.
    found: FloatArray = np.einsum("kt,ik->ti", scores, weights, optimize=False)
    found /= np.sqrt(len(scores))
    return found


def _far_days(scores: FloatArray) -> npt.NDArray[np.intp]:
    distance = (scores**2).mean(axis=1)
    count = min(max(LEAST_FAR_DAYS, len(scores) // 10), len(scores))
    return np.sort(np.argsort(-distance, kind="stable")[:count])


def _unit(scores: FloatArray) -> FloatArray:
    size = np.sqrt((scores**2).mean(axis=0))
    return np.asarray(scores / np.where(size > 0, size, 1.0))
