"""How good a set of joint paths was, once the day has come.

What belongs here: proper scores of a multivariate set, ranks, tail dependence, on plain arrays.
What does not: which day (`scores`).

With n equally likely scenarios x_i and the outcome y, d values each:

- energy score (Gneiting and Raftery 2007): mean |x_i - y| - sum_ij |x_i - x_j| / (2 n^2), Euclidean.
- variogram score of order 1/2 (Scheuerer and Hamill 2015): mean over pairs k < l of
  (|y_k - y_l|^.5 - mean_i |x_ik - x_il|^.5)^2. It sees wrong dependence where the energy score hardly does.
- rank of y among the scenarios: uniform over many days if the set is right.
- upper tail dependence at u: P(V > u | U > u) of two variables' ranks.
"""

from __future__ import annotations

import numpy as np

from energy_pipeline.domain.delivery import FloatArray, IntArray
from energy_pipeline.mathematics.compilation import kernel

BINS = 10


def energy_score(scenarios: FloatArray, outcome: FloatArray) -> float:
    """Energy score; smaller is better, in the values' unit.

    Parameters
    ----------
    scenarios : array, shape (n, d)
    outcome : array, shape (d,)

    Examples
    --------
    >>> energy_score(np.array([[0.0], [2.0]]), np.array([1.0]))
    0.5
    """
    count = len(scenarios)
    near = float(np.sqrt(((scenarios - outcome) ** 2).sum(axis=1)).mean())
    return near - float(distances(np.ascontiguousarray(scenarios.T, dtype=np.float64)).sum()) / count**2


@kernel(lambda t: (t.reads(2),))
def distances(columns: FloatArray) -> FloatArray:
    """Euclidean distance of every pair of scenarios i < j, in the order and bits of scipy's `pdist`.

    `columns` has a row per value, a column per scenario, so that the innermost loop runs as vectors.
    """
    width, count = columns.shape
    found = np.zeros(count * (count - 1) // 2)
    at = 0
    for i in range(count):
        row = found[at : at + count - 1 - i]
        for k in range(width):
            own = columns[k, i]
            others = columns[k, i + 1 :]
            for j in range(row.size):
                gap = own - others[j]
                row[j] += gap * gap
        for j in range(row.size):
            row[j] = np.sqrt(row[j])
        at += row.size
    return found


def variogram_score(scenarios: FloatArray, outcome: FloatArray) -> float:
    """Variogram score of order 1/2 over all pairs; smaller is better, in the values' unit.

    >>> variogram_score(np.array([[0.0, 4.0], [1.0, 5.0]]), np.array([0.0, 9.0]))
    1.0
    """
    size = outcome.size
    if size < 2:
        return 0.0
    total = 0.0
    for lag in range(1, size):  # pairs by their distance, so that no d x d x n array is made
        expected = np.sqrt(np.abs(scenarios[:, lag:] - scenarios[:, :-lag])).mean(axis=0)
        total += float(((np.sqrt(np.abs(outcome[lag:] - outcome[:-lag])) - expected) ** 2).sum())
    return total / (size * (size - 1) / 2)


def rank_share(scenarios: FloatArray, outcome: float) -> float:
    """Where the outcome lies among the scenarios, in (0, 1); half of the ties count as below.

    >>> rank_share(np.array([1.0, 2.0, 3.0]), 2.5)
    0.625
    """
    below = float((scenarios < outcome).sum()) + 0.5 * float((scenarios == outcome).sum())
    return (below + 0.5) / (scenarios.size + 1)


def average_rank(scenarios: FloatArray, outcome: FloatArray) -> float:
    """Rank of the outcome's mean rank over its d values among the scenarios' own (Thorarinsdottir et al. 2016), in (0, 1)."""
    together = np.concatenate([scenarios, outcome[None]])
    order = np.argsort(together, axis=0, kind="stable")
    place = np.empty_like(order)
    np.put_along_axis(place, order, np.broadcast_to(np.arange(len(together))[:, None], order.shape), axis=0)
    mean = place.mean(axis=1)
    return rank_share(mean[:-1], float(mean[-1]))


def tail_dependence(first: FloatArray, second: FloatArray, level: float = 0.8) -> float:
    """P(second in its upper tail | first in its upper tail), by ranks; 1 - level when independent.

    >>> tail_dependence(np.arange(100.0), np.arange(100.0))
    1.0
    """
    ranks = [(np.argsort(np.argsort(x, kind="stable"), kind="stable") + 0.5) / x.size > level for x in (first, second)]
    return float((ranks[0] & ranks[1]).sum() / max(int(ranks[0].sum()), 1))


def histogram(shares: FloatArray) -> IntArray:
    """Counts of ranks in ten equal bins.

    >>> histogram(np.array([0.05, 0.99])).tolist()
    [1, 0, 0, 0, 0, 0, 0, 0, 0, 1]
    """
    return np.bincount(np.minimum((shares * BINS).astype(np.int64), BINS - 1), minlength=BINS)


def uniformity(shares: FloatArray) -> float:
    """p-value of Pearson's test that ranks are uniform over ten bins."""
    from scipy.stats import chisquare

    return float(chisquare(histogram(shares)).pvalue)
