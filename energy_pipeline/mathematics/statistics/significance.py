"""Whether a Sharpe ratio could be luck.

What belongs here: standard errors, t-tests, bootstrap intervals and the correction for many
trials. What does not: the ratios themselves (`performance`).

All ratios here are per day, mean over standard deviation of daily excess returns; multiply by
sqrt(days a year) to annualise, intervals included.

References
----------
Lo (2002), The Statistics of Sharpe Ratios; Mertens (2002); Politis and Romano (1994), The
Stationary Bootstrap; Bailey and Lopez de Prado (2014), The Deflated Sharpe Ratio.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from energy_pipeline.domain.delivery import FloatArray

EULER = 0.5772156649015329
MINIMUM_DAYS = 20


@dataclass(frozen=True)
class SharpeTest:
    """How far the mean is above zero.

    Attributes
    ----------
    sharpe_daily, standard_error : float
        The ratio and its error with skewness and kurtosis (Mertens): sqrt((1 - g3 S + (g4 + 2) / 4 S^2) / n)
        with g3 skewness and g4 excess kurtosis.
    t_iid, p_iid : float
        Student's t of the mean, n - 1 degrees of freedom, and its one-sided p.
    t_newey_west, p_newey_west : float
        The same with a Newey-West variance (Bartlett weights), so that autocorrelated days do not count twice.
    lags : int
    """

    days: int
    sharpe_daily: float
    standard_error: float
    t_iid: float
    p_iid: float
    t_newey_west: float
    p_newey_west: float
    lags: int


def newey_west_variance(values: FloatArray, lags: int) -> float:
    """Long-run variance of the mean times n, Bartlett weights, autocovariances with divisor n.

    >>> newey_west_variance(np.array([1.0, -1.0, 1.0, -1.0]), 0)
    1.0
    """
    centred = values - values.mean()
    total = float(centred @ centred)
    for lag in range(1, min(lags, values.size - 1) + 1):
        total += 2.0 * (1.0 - lag / (lags + 1.0)) * float(centred[lag:] @ centred[:-lag])
    return max(total / values.size, 0.0)


def default_lags(count: int) -> int:
    """floor(4 (n / 100)^(2/9)), the usual bandwidth.

    >>> default_lags(365)
    5
    """
    return int(4.0 * (count / 100.0) ** (2.0 / 9.0))


def sharpe_test(excess: FloatArray, lags: int | None = None) -> SharpeTest:
    """t-tests of the mean of daily excess returns.

    Raises
    ------
    ValueError
        Under 20 days, for values that are not finite or without spread.
    """
    from scipy import stats

    from energy_pipeline.mathematics.statistics.performance import shape

    _require(excess)
    n, mean, sigma = excess.size, float(excess.mean()), float(excess.std(ddof=1))
    sharpe = mean / sigma
    skew, kurtosis = shape(excess)
    error = np.sqrt(max(1.0 - (skew or 0.0) * sharpe + ((kurtosis or 0.0) + 2.0) / 4.0 * sharpe**2, 0.0) / n)
    lags = default_lags(n) if lags is None else lags
    long_run = newey_west_variance(excess, lags) * n / (n - 1)
    t_iid = mean / (sigma / np.sqrt(n))
    t_nw = mean / np.sqrt(long_run / n) if long_run > 0 else float(np.copysign(np.inf, mean))
    p_iid, p_nw = (float(stats.t.sf(t, n - 1)) for t in (t_iid, t_nw))
    return SharpeTest(n, sharpe, float(error), float(t_iid), p_iid, float(t_nw), p_nw, lags)


def _require(excess: FloatArray) -> None:
    if excess.size < MINIMUM_DAYS:
        raise ValueError(f"{excess.size} day(s) -> at least {MINIMUM_DAYS} for a test of the Sharpe ratio")
    if not np.isfinite(excess).all():
        raise ValueError("excess returns are not all finite -> leave out days that are not settled")
    if float(excess.std()) <= 1e-12 * abs(float(excess.mean())) or not excess.any():
        raise ValueError("all days earn the same -> a Sharpe ratio without spread says nothing")


def bootstrap_sharpe(excess: FloatArray, rng: np.random.Generator, draws: int = 2000, block_days: float = 7.0) -> FloatArray:
    """Daily Sharpe ratios of resampled histories (stationary bootstrap), shape (draws,).

    Blocks have geometric length with mean `block_days` and wrap around.
    """
    _require(excess)
    n = excess.size
    restart = rng.random((draws, n)) < 1.0 / max(block_days, 1.0)
    restart[:, 0] = True
    starts = rng.integers(0, n, (draws, n))
    since = np.arange(n) - np.maximum.accumulate(np.where(restart, np.arange(n), 0), axis=1)
    first = np.take_along_axis(starts, np.arange(n) - since, axis=1)
    sample = excess[(first + since) % n]
    sigma = sample.std(axis=1, ddof=1)
    return np.asarray(sample.mean(axis=1) / np.where(sigma > 0, sigma, np.nan))


def sharpe_interval(
    excess: FloatArray, rng: np.random.Generator, confidence: float = 0.95, draws: int = 2000, block_days: float = 7.0
) -> tuple[float, float]:
    """Percentile interval of the daily Sharpe ratio from `bootstrap_sharpe`."""
    found = bootstrap_sharpe(excess, rng, draws, block_days)
    low, high = np.nanquantile(found, [(1.0 - confidence) / 2.0, (1.0 + confidence) / 2.0])
    return float(low), float(high)


def expected_best_of(trials: int, sharpe_spread: float) -> float:
    """Sharpe ratio the best of `trials` worthless strategies is expected to show.

    `sharpe_spread` is the standard deviation of the trials' Sharpe ratios.

    >>> expected_best_of(1, 0.1)
    0.0
    """
    from scipy import stats

    if trials < 2:
        return 0.0
    first, second = stats.norm.ppf(1.0 - 1.0 / trials), stats.norm.ppf(1.0 - 1.0 / (trials * np.e))
    return float(sharpe_spread * ((1.0 - EULER) * first + EULER * second))


def deflated_probability(excess: FloatArray, trials: int, sharpe_spread: float) -> float:
    """Probability that the true Sharpe ratio is above what luck gives the best of `trials` (deflated Sharpe ratio).

    With one trial this is the probabilistic Sharpe ratio against zero.
    """
    from scipy import stats

    found = sharpe_test(excess)
    return float(stats.norm.cdf((found.sharpe_daily - expected_best_of(trials, sharpe_spread)) / found.standard_error))
