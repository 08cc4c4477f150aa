"""Tests of VaR and ES over settled days.

What belongs here: Kupiec, Christoffersen, traffic light, Acerbi-Szekely, uniformity of the PIT.
What does not: what one day's exception was (`exceptions`), estimating VaR (`estimators`).

An exception is a loss against expectation above the VaR decided with. Small p-values speak
against the model.

References
----------
Kupiec (1995); Christoffersen (1998); Basel Committee (1996), generalised to any number of days
and level by the binomial distribution; Acerbi and Szekely (2014), second test; Berkowitz (2001).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.domain.errors import PipelineError

BoolArray = npt.NDArray[np.bool_]
YELLOW, RED = 0.95, 0.9999
"""Basel's zones: yellow from the 95 % quantile of the number of exceptions of a right model, red from 99.99 %."""


class BacktestError(PipelineError):
    """Days that no backtest can be made of."""


@dataclass(frozen=True)
class VarBacktest:
    """All tests at one level.

    Attributes
    ----------
    kupiec_p : right number of exceptions (likelihood ratio, 1 degree of freedom).
    independence_p : an exception says nothing on the next day (Christoffersen, 1 degree of freedom).
    conditional_p : both at once (2 degrees of freedom).
    exact_p : two-sided binomial p of the number of exceptions.
    zone : green, yellow or red.
    es_statistic, es_p : Acerbi-Szekely Z2 (0 expected, negative: ES too small) and its p by resampling the
        forecast distribution; None without forecasts of it.
    """

    level: float
    days: int
    exceptions: int
    expected: float
    kupiec_p: float
    independence_p: float
    conditional_p: float
    exact_p: float
    zone: str
    es_statistic: float | None
    es_p: float | None


def _log(count: float, share: float) -> float:
    return count * float(np.log(share)) if count > 0 else 0.0


def kupiec(exceptions: int, days: int, level: float) -> tuple[float, float]:
    """Likelihood ratio and p of the number of exceptions.

    Examples
    --------
    >>> tuple(round(v, 4) for v in kupiec(5, 250, 0.99))
    (1.9568, 0.1619)
    """
    from scipy import stats

    if days < 1 or not 0 <= exceptions <= days:
        raise BacktestError(f"{exceptions} exceptions in {days} days -> settle some days first")
    tail, found = 1.0 - level, exceptions / days
    alternative = _log(exceptions, found) + _log(days - exceptions, 1.0 - found)
    ratio = max(2.0 * (alternative - _log(exceptions, tail) - _log(days - exceptions, level)), 0.0)
    return ratio, float(stats.chi2.sf(ratio, 1))


def christoffersen(is_exception: BoolArray) -> tuple[float, float]:
    """Likelihood ratio and p of independence: a day after an exception is like any other.

    Without an exception followed by a day, or without other days, the ratio is 0 and p 1: nothing speaks against it.

    Examples
    --------
    >>> christoffersen(np.array([False] * 50 + [True] * 5 + [False] * 50))[1] < 1e-4
    True
    """
    from scipy import stats

    before, after = is_exception[:-1], is_exception[1:]
    n00, n01 = int((~before & ~after).sum()), int((~before & after).sum())
    n10, n11 = int((before & ~after).sum()), int((before & after).sum())
    if n10 + n11 == 0 or n00 + n01 == 0:
        return 0.0, 1.0
    calm, after_one, overall = n01 / (n00 + n01), n11 / (n10 + n11), (n01 + n11) / before.size
    split = _log(n00, 1 - calm) + _log(n01, calm) + _log(n10, 1 - after_one) + _log(n11, after_one)
    ratio = max(2.0 * (split - _log(n00 + n10, 1 - overall) - _log(n01 + n11, overall)), 0.0)
    return ratio, float(stats.chi2.sf(ratio, 1))


def traffic_light(exceptions: int, days: int, level: float) -> str:
    """Basel's zone; 250 days at 99 %: green to 4, yellow 5 to 9, red from 10.

    >>> [traffic_light(n, 250, 0.99) for n in (4, 5, 9, 10)]
    ['green', 'yellow', 'yellow', 'red']
    """
    from scipy import stats

    reached = float(stats.binom.cdf(exceptions, days, 1.0 - level))
    return "red" if reached >= RED else "yellow" if reached >= YELLOW else "green"


def acerbi_szekely(losses: FloatArray, var: FloatArray, es: FloatArray, level: float) -> float:
    """Z2 = 1 - sum(loss x exception / ES) / (days x tail): 0 when ES is right, negative when it is too small.

    >>> acerbi_szekely(np.array([1.0, 12.0]), np.array([10.0, 10.0]), np.array([12.0, 12.0]), 0.5)
    0.0
    """
    hit = losses > var
    return float(1.0 - np.sum(np.where(hit, losses / es, 0.0)) / (losses.size * (1.0 - level)))


def acerbi_szekely_p(
    losses: FloatArray, var: FloatArray, es: FloatArray, level: float, draws_of_day: list[FloatArray], rng: np.random.Generator, draws: int = 5000
) -> tuple[float, float]:
    """Z2 and the share of histories drawn from the forecast distributions with a smaller one.

    Parameters
    ----------
    draws_of_day : list of array
        Of every day equally likely losses of its forecast, against expectation.
    """
    found = acerbi_szekely(losses, var, es, level)
    picked = np.stack([d[rng.integers(0, d.size, draws)] for d in draws_of_day], axis=1)
    hit = picked > var
    simulated = 1.0 - np.where(hit, picked / es, 0.0).sum(axis=1) / (losses.size * (1.0 - level))
    return found, float((np.sum(simulated <= found) + 1) / (draws + 1))


def backtest(
    losses: FloatArray,
    var: FloatArray,
    level: float,
    es: FloatArray | None = None,
    draws_of_day: list[FloatArray] | None = None,
    rng: np.random.Generator | None = None,
) -> VarBacktest:
    """All tests of one level over settled days.

    Parameters
    ----------
    losses, var, es : arrays, shape (days,)
        Settled losses against expectation, and what was decided with [EUR].
    draws_of_day : list of array
        Forecast distributions, for the p of the ES test.

    Raises
    ------
    BacktestError
        For no day, lengths that differ, or values that are not finite.
    """
    from scipy import stats

    if losses.size == 0 or losses.shape != var.shape or (es is not None and es.shape != losses.shape):
        raise BacktestError(f"{losses.size} losses, {var.size} VaR -> one of each a settled day, at least one")
    if not (np.isfinite(losses).all() and np.isfinite(var).all()):
        raise BacktestError("losses or VaR are not finite -> leave out days that are not settled")
    hit = losses > var
    count, days = int(hit.sum()), losses.size
    (ratio, p), (independence, p_independence) = kupiec(count, days, level), christoffersen(hit)
    statistic = p_es = None
    if es is not None:
        statistic = acerbi_szekely(losses, var, es, level)
        if draws_of_day is not None and rng is not None:
            _, p_es = acerbi_szekely_p(losses, var, es, level, draws_of_day, rng)
    exact = float(stats.binomtest(count, days, 1.0 - level).pvalue)
    conditional = float(stats.chi2.sf(ratio + independence, 2))
    zone = traffic_light(count, days, level)
    return VarBacktest(level, days, count, days * (1.0 - level), p, p_independence, conditional, exact, zone, statistic, p_es)


@dataclass(frozen=True)
class PitTest:
    """Whether settled days fall evenly over their forecast distributions.

    Attributes
    ----------
    kolmogorov_p, chi2_p : float
        Uniformity of the PIT (chi-square over ten equal bins).
    berkowitz_p : float
        Normal scores have mean 0, variance 1 and no autocorrelation (likelihood ratio, 3 degrees of freedom).
    counts : tuple of int
        Days in each tenth.
    """

    days: int
    kolmogorov_p: float
    chi2_p: float
    berkowitz_p: float
    counts: tuple[int, ...]


def pit_values(losses: FloatArray, draws_of_day: list[FloatArray]) -> FloatArray:
    """Share of each day's forecast losses at or under the settled one, midpoint of ties, in (0, 1), shape (days,)."""
    found = [(float((d < x).sum()) + 0.5 * float((d == x).sum()) + 0.5) / (d.size + 1.0) for x, d in zip(losses.tolist(), draws_of_day, strict=True)]
    return np.array(found)


def pit_test(pit: FloatArray) -> PitTest:
    """Uniformity of PIT values.

    Raises
    ------
    BacktestError
        For fewer than 20 values or values outside (0, 1).
    """
    from scipy import stats

    if pit.size < 20 or not ((pit > 0) & (pit < 1)).all():
        raise BacktestError(f"{pit.size} PIT values -> at least 20, each between 0 and 1")
    counts = np.histogram(pit, bins=10, range=(0.0, 1.0))[0]
    z = stats.norm.ppf(pit)
    return PitTest(
        days=pit.size,
        kolmogorov_p=float(stats.kstest(pit, "uniform").pvalue),
        chi2_p=float(stats.chisquare(counts).pvalue),
        berkowitz_p=_berkowitz(np.asarray(z)),
        counts=tuple(int(c) for c in counts),
    )


def _berkowitz(z: FloatArray) -> float:
    from scipy import stats

    x, y = z[:-1], z[1:]
    slope = float(np.cov(x, y, ddof=0)[0, 1] / x.var())
    residual = y - y.mean() - slope * (x - x.mean())
    variance = float(np.mean(residual**2))
    free = -0.5 * y.size * (np.log(2 * np.pi * variance) + 1.0)
    null = float(stats.norm.logpdf(y).sum())
    return float(stats.chi2.sf(max(2.0 * (free - null), 0.0), 3))
