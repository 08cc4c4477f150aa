"""The smoothed bootstrap of whole past days.

What belongs here: the draw, on plain arrays. What does not: series, tables, clipping.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from energy_pipeline.domain.delivery import FloatArray, IntArray


def fill_unknown(errors: FloatArray) -> tuple[FloatArray, int]:
    """Past errors without gaps, and how many values were filled.

    The rule: an unknown error is taken to be the mean of the known ones of the same slot; a
    slot with none at all has error 0. A filled value therefore moves no mean and adds no
    spread.

    >>> fill_unknown(np.array([[1.0, np.nan], [3.0, np.nan], [np.nan, np.nan]]))[0].tolist()
    [[1.0, 0.0], [3.0, 0.0], [2.0, 0.0]]
    """
    known = ~np.isnan(errors)
    count = known.sum(axis=0)
    mean = np.where(known, errors, 0.0).sum(axis=0) / np.maximum(count, 1)
    return np.where(known, errors, mean), int((~known).sum())


def balanced_days(rng: np.random.Generator, days: int, paths: int) -> IntArray:
    """Which past day each path draws: in random order, every day as often as any other (+-1).

    >>> sorted(balanced_days(np.random.default_rng(0), 2, 4).tolist())
    [0, 0, 1, 1]
    """
    rounds = [rng.permutation(days) for _ in range(-(-paths // days))]
    return rng.permutation(np.concatenate(rounds)[:paths])


def smoothed_bootstrap(errors: FloatArray, paths: int, smoothing: float, rng: np.random.Generator) -> FloatArray:
    """Joint error paths from past days, shape (columns, paths).

    Path i draws one past day j(i) for all columns at once:

        mean + sqrt(1 - b^2) (e_j - mean) + b sum_k z_ik (e_k - mean) / sqrt(n),   b^2 = smoothing

    with z standard normal. Both parts have the sample covariance of the past days (divisor
    n), so their mixture has it as well, for any b; b > 0 only fills the gaps between them.

    Parameters
    ----------
    errors : array, shape (past days n, columns)
        Without NaN; columns are the intervals of all series, side by side.
    paths : int
    smoothing : float
        b^2, the share of variance drawn from the span of all past days; 0 <= b^2 < 1.
    """
    days = errors.shape[0]
    mean = errors.mean(axis=0)
    centred = errors - mean
    weights: npt.NDArray[np.float64] = rng.standard_normal((paths, days)) if smoothing else np.zeros((paths, days))
    weights *= np.sqrt(smoothing / days)
    weights[np.arange(paths), balanced_days(rng, days, paths)] += np.sqrt(1.0 - smoothing)
    # einsum adds in one fixed order; a threaded matrix product need not, and bytes must repeat.
    result: FloatArray = np.einsum("kt,ik->ti", centred, weights, optimize=False)
    result += mean[:, None]
    return result
