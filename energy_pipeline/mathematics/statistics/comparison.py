"""Whether one forecast is better than another, or one is biased: means of days with autocorrelation.

What belongs here: the tests. What does not: the errors' source, averages.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from energy_pipeline.domain.delivery import FloatArray

LAGS = 7


def diebold_mariano(own_mae: FloatArray, rival_mae: FloatArray, lags: int = LAGS) -> float:
    """One-sided p-value that the own forecast is no better than the rival: small means better.

    Parameters
    ----------
    own_mae, rival_mae : array, shape (days,)
        Mean absolute error of each day (the multivariate form, norm 1); days unknown to either are left out.
    lags : int
        Newey-West lags in days; 0 is the plain test, which ignores autocorrelation.

    Returns
    -------
    float
        In [0, 1]; 0.5 for identical forecasts, NaN with fewer than two days.

    Examples
    --------
    >>> round(diebold_mariano(np.array([1.0, 2.0, 1.0, 2.0]), np.array([2.0, 1.5, 2.2, 2.1]), lags=0), 4)
    0.0952
    """
    known = np.isfinite(own_mae) & np.isfinite(rival_mae)
    difference = rival_mae[known] - own_mae[known]
    n = difference.size
    if n < 2:
        return math.nan
    mean, variance = float(difference.mean()), long_run_variance(difference, lags)
    if variance <= 0:
        return 0.5 if mean == 0 else float(mean < 0)
    return 0.5 * math.erfc(mean / math.sqrt(variance / n) / math.sqrt(2))


def long_run_variance(values: FloatArray, lags: int = LAGS) -> float:
    """Newey-West variance of days in order: n times that of their mean."""
    n, centred = values.size, values - values.mean()
    variance = float(centred @ centred) / n
    for k in range(1, min(lags, n - 1) + 1):
        variance += 2 * (1 - k / (lags + 1)) * float(centred[k:] @ centred[:-k]) / n
    return variance


def mean_t(values: FloatArray, lags: int = LAGS) -> tuple[float, float]:
    """T of the mean of days in order, and its two-sided p-value; NaN with fewer than two days or without spread.

    >>> [round(x, 3) for x in mean_t(np.array([1.0, -1.0, 3.0, 1.0]), lags=0)]
    [1.414, 0.157]
    """
    variance = long_run_variance(values, lags) if values.size > 1 else 0.0
    if variance <= 0:
        return math.nan, math.nan
    t = float(values.mean()) / math.sqrt(variance / values.size)
    return t, math.erfc(abs(t) / math.sqrt(2))


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's p-values of several tests: each holds for all of them together; NaN ones are no test.

    >>> holm([0.01, 0.04, math.nan, 0.03])
    [0.03, 0.06, nan, 0.06]
    """
    known = sorted((p, i) for i, p in enumerate(p_values) if not math.isnan(p))
    found, highest = [math.nan] * len(p_values), 0.0
    for place, (p, i) in enumerate(known):
        highest = max(highest, min(1.0, p * (len(known) - place)))
        found[i] = highest
    return found
