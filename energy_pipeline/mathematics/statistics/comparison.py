"""Whether one forecast is better than another: Diebold-Mariano with autocorrelation.

What belongs here: the test. What does not: the errors' source, averages.
"""

from __future__ import annotations

import math

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
    mean = float(difference.mean())
    centred = difference - mean
    variance = float(centred @ centred) / n
    for k in range(1, min(lags, n - 1) + 1):
        variance += 2 * (1 - k / (lags + 1)) * float(centred[k:] @ centred[:-k]) / n
    if variance <= 0:
        return 0.5 if mean == 0 else float(mean < 0)
    return 0.5 * math.erfc(mean / math.sqrt(variance / n) / math.sqrt(2))
