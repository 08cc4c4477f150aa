"""VaR and expected shortfall of a book from its losses on past errors: one function per method.

What belongs here: parametric, historical and filtered estimates of one series of losses, each
with its sampling error. What does not: simulation (`simulation`), tests over settled days
(`backtests`), how a book's losses come about (`history`).

Losses are positive, of the *current* book, against expectation: loss_t = what the day was
expected to earn less what it would have earned had the errors of past day t come again, oldest
first. Every method takes the (weighted) mean of the losses off, so a forecast bias is part of the
expectation and not of the risk. Levels are confidences (0.95: the worst 5 %).

| method | VaR |
|---|---|
| normal | z sigma |
| student_t | s t_nu^-1(level), s and nu by maximum likelihood |
| cornish_fisher | sigma (z + (z^2-1) S/6 + (z^3-3z) K/24 - (2z^3-5z) S^2/36) |
| historical | order statistic, past days weighted lambda^age (lambda = 1: equal weights) |
| filtered | the same on losses rescaled by today's over that day's EWMA volatility |

VaR and ES of a weighted sample: the smallest loss not exceeded with at least the frequency
`level`; mean of the worst share 1 - level, the edge weighted (`mathematics.statistics.tail` for equal weights).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.domain.errors import PipelineError

METHODS = ("normal", "student_t", "cornish_fisher", "historical", "filtered")
MINIMUM_DAYS = 20
"""Fewer past days say nothing on a tail."""
WHOLE = 1e-9


class RiskInputError(PipelineError):
    """Losses that no risk measure can be made of."""


@dataclass(frozen=True)
class Estimate:
    """VaR and ES at one level [EUR], with standard errors; `note` says what stands against it, `refused` that it is no measure at all."""

    method: str
    level: float
    var_eur: float
    es_eur: float
    var_error_eur: float | None
    es_error_eur: float | None
    note: str = ""
    refused: bool = False


def checked_losses(losses: FloatArray, level: float | None = None, minimum: int = MINIMUM_DAYS) -> FloatArray:
    """The losses as a vector of floats.

    Raises
    ------
    RiskInputError
        For too few days, values that are not finite, or a level outside (0.5, 1).
    """
    values = np.asarray(losses, dtype=np.float64)
    problems = []
    if values.ndim != 1:
        problems.append(f"losses have shape {values.shape} -> one value a day")
    elif values.size < minimum:
        problems.append(f"{values.size} past day(s) -> at least {minimum}; a tail cannot be read off fewer")
    if bad := int((~np.isfinite(values)).sum()):
        problems.append(
            f"{bad} loss(es) are not finite, the first at position {int(np.argmin(np.isfinite(values.ravel())))} -> repair the errors first"
        )
    if level is not None and not 0.5 < level < 1.0:
        problems.append(f"level is {level:g} -> a confidence between 0.5 and 1, e.g. 0.95 (the worst 5 %)")
    if problems:
        raise RiskInputError("; ".join(problems))
    return values


def estimate(losses: FloatArray, level: float, method: str, decay: float = 1.0, volatility_decay: float = 0.94) -> Estimate:
    """One method at one level.

    Parameters
    ----------
    losses : array, shape (days,)
        Oldest first [EUR].
    level : float
        Confidence.
    method : str
        One of `METHODS`.
    decay : float
        Weight of a day over that of the day after it (historical, filtered); 1: equal weights.
    volatility_decay : float
        lambda of the EWMA volatility of `filtered`.

    Raises
    ------
    RiskInputError
        See `checked_losses`; also for an unknown method.

    Examples
    --------
    >>> x = np.random.default_rng(0).normal(0, 100, 5000)
    >>> round(estimate(x, 0.95, "normal").var_eur), round(estimate(x, 0.95, "historical").var_eur)
    (164, 165)
    """
    values = checked_losses(losses, level)
    if method == "normal":
        return _normal(values, level)
    if method == "student_t":
        return _student_t(values, level)
    if method == "cornish_fisher":
        return _cornish_fisher(values, level)
    if method == "historical":
        return _weighted(values, level, decay, method)
    if method == "filtered":
        return _weighted(rescaled(values, volatility_decay), level, decay, method)
    raise RiskInputError(f"method {method!r} is unknown -> one of {', '.join(METHODS)}")


def estimates(losses: FloatArray, levels: tuple[float, ...], methods: tuple[str, ...] = METHODS, decay: float = 1.0) -> list[Estimate]:
    """Every method at every level."""
    return [estimate(losses, level, method, decay) for method in methods for level in levels]


def _moments(values: FloatArray) -> tuple[float, float, float]:
    """Standard deviation (n - 1), skewness, excess kurtosis; shapes are 0 without spread."""
    centred = values - values.mean()
    second = float(np.mean(centred**2))
    # Below 1e-150 the fourth powers of deviations, and the square they are divided by, are no longer numbers.
    if second <= max((1e-12 * float(np.abs(values).max(initial=0.0))) ** 2, 1e-150):
        return 0.0, 0.0, 0.0
    sigma = float(np.sqrt(second * values.size / (values.size - 1)))
    return sigma, float(np.mean(centred**3) / second**1.5), float(np.mean(centred**4) / second**2 - 3.0)


def _normal(values: FloatArray, level: float) -> Estimate:
    from scipy import stats

    sigma, _, kurtosis = _moments(values)
    z = float(stats.norm.ppf(level))
    tail = float(stats.norm.pdf(z)) / (1.0 - level)
    error = sigma * float(np.sqrt(max(kurtosis + 2.0, 0.0) / (4.0 * values.size)))
    return Estimate("normal", level, z * sigma, tail * sigma, z * error, tail * error)


def student_t_fit(values: FloatArray) -> tuple[float, float]:
    """Scale and degrees of freedom (2.1 to 200) of a Student t about the mean, by maximum likelihood.

    >>> s, nu = student_t_fit(np.random.default_rng(1).standard_t(4, 20000) * 3)
    >>> round(s, 1), round(nu)
    (3.0, 4)
    """
    from scipy.optimize import minimize

    centred = values - values.mean()
    sigma = float(centred.std())
    start = np.array([0.0, np.log(4.0)])
    x = centred / sigma

    def objective(p: npt.NDArray[np.float64]) -> float:
        return _t_minus_log_likelihood(p, x)

    found = minimize(objective, start, method="L-BFGS-B", bounds=[(-4.0, 2.0), (np.log(0.1), np.log(198.0))])
    return sigma * float(np.exp(found.x[0])), 2.0 + float(np.exp(found.x[1]))


def _t_minus_log_likelihood(p: npt.NDArray[np.float64], x: FloatArray) -> float:
    """Mean over the sample; p = log scale, log(nu - 2)."""
    from scipy.special import gammaln

    s, nu = np.exp(p[0]), 2.0 + np.exp(p[1])
    constant = gammaln((nu + 1) / 2) - gammaln(nu / 2) - 0.5 * np.log(nu * np.pi) - p[0]
    return -float(constant - (nu + 1) / 2 * np.mean(np.log1p((x / s) ** 2 / nu)))


def _t_measures(scale: float, nu: float, level: float) -> tuple[float, float]:
    from scipy import stats

    q = float(stats.t.ppf(level, nu))
    tail = float(stats.t.pdf(q, nu)) / (1.0 - level) * (nu + q * q) / (nu - 1.0)
    return scale * q, scale * tail


def _student_t(values: FloatArray, level: float) -> Estimate:
    if _moments(values)[0] == 0.0:
        return Estimate("student_t", level, 0.0, 0.0, 0.0, 0.0, "all losses are equal")
    scale, nu = student_t_fit(values)
    var, es = _t_measures(scale, nu, level)
    errors = _t_errors(values, scale, nu, level)
    return Estimate("student_t", level, var, es, *errors, note=f"nu {nu:.1f}")


def _t_errors(values: FloatArray, scale: float, nu: float, level: float) -> tuple[float | None, float | None]:
    """Delta method on the numerical Hessian of the likelihood in (log scale, log(nu - 2))."""
    x = (values - values.mean()) / scale
    p, h = np.array([0.0, np.log(nu - 2.0)]), np.array([1e-3, 1e-2])
    steps = [np.array([a, b]) for a, b in ((1, 0), (0, 1))]

    def second(u: FloatArray, v: FloatArray) -> float:
        f = [_t_minus_log_likelihood(p + i * u * h + j * v * h, x) for i, j in ((1, 1), (1, -1), (-1, 1), (-1, -1))]
        return (f[0] - f[1] - f[2] + f[3]) / 4.0

    hessian = np.array([[second(u, v) for v in steps] for u in steps]) / np.outer(h, h)
    gradient = np.array(
        [
            (np.array(_t_measures(scale * np.exp(u[0] * h[0]), 2 + np.exp(p[1] + u[1] * h[1]), level)) - np.array(_t_measures(scale, nu, level)))
            / (u @ h)
            for u in steps
        ]
    )
    if np.linalg.det(hessian) <= 1e-12 or hessian[0, 0] <= 0:
        # The likelihood is flat in nu (the sample looks normal): the scale's error alone.
        found = np.abs(gradient[0]) / np.sqrt(values.size * max(hessian[0, 0], 1e-12))
    else:
        covariance = np.linalg.inv(hessian) / values.size
        found = np.sqrt(np.maximum(np.einsum("ik,ij,jk->k", gradient, covariance, gradient), 0.0))
    return float(found[0]), float(found[1])


def cornish_fisher_quantile(level: float, skewness: float, excess_kurtosis: float) -> tuple[float, float]:
    """Quantile and tail mean of the standardised Cornish-Fisher expansion.

    The tail mean integrates the expansion over the tail: Hermite polynomials integrate to the next lower one.

    >>> tuple(round(v, 4) for v in cornish_fisher_quantile(0.975, 0.0, 0.0))
    (1.96, 2.3378)
    """
    from scipy import stats

    z = float(stats.norm.ppf(level))
    s, k = skewness, excess_kurtosis
    quantile = z + (z**2 - 1) * s / 6 + (z**3 - 3 * z) * k / 24 - (2 * z**3 - 5 * z) * s**2 / 36
    tail = float(stats.norm.pdf(z)) / (1.0 - level) * (1 + z * s / 6 + (z**2 - 1) * k / 24 - (2 * z**2 - 1) * s**2 / 36)
    return quantile, tail


def cornish_fisher_is_monotone(skewness: float, excess_kurtosis: float) -> bool:
    """Whether the expansion is a quantile function (Maillard 2012).

    >>> cornish_fisher_is_monotone(0.0, 3.0), cornish_fisher_is_monotone(2.0, 1.0)
    (True, False)
    """
    s, k = skewness, excess_kurtosis
    # Derivative in z: a z^2 + b z + c, never negative.
    a, b, c = k / 8 - s**2 / 6, s / 3, 1 - k / 8 + 5 * s**2 / 36
    return bool(b**2 <= 4 * a * c and c >= 0) if a > 0 else bool(abs(a) < WHOLE and abs(b) < WHOLE and c >= 0)


def _cornish_fisher(values: FloatArray, level: float) -> Estimate:
    sigma, skewness, kurtosis = _moments(values)
    quantile, tail = cornish_fisher_quantile(level, skewness, kurtosis)
    errors = _cornish_fisher_errors(values, level)
    # There the expansion is no quantile function: a higher level may have the lower VaR.
    refused = not cornish_fisher_is_monotone(skewness, kurtosis)
    note = f"refused: skewness {skewness:.1f} and kurtosis {kurtosis:.1f} are outside the expansion's domain" if refused else ""
    return Estimate("cornish_fisher", level, sigma * quantile, sigma * tail, *errors, note=note, refused=refused)


def _cornish_fisher_errors(values: FloatArray, level: float, draws: int = 200) -> tuple[float, float]:
    """Bootstrap of whole days; seeded by the sample's size alone, so the same losses give the same error."""
    rng = np.random.default_rng(values.size)
    size = float(np.abs(values).max()) or 1.0
    sample = (values / size)[rng.integers(0, values.size, (draws, values.size))]
    centred = sample - sample.mean(axis=1, keepdims=True)
    second = np.mean(centred**2, axis=1)
    # a draw of equal days has no shape, as in `_moments`; powers of what is left would vanish
    second = np.where(second > 1e-24, second, 0.0)
    safe = np.where(second > 0, second, 1.0)
    skew, kurt = np.mean(centred**3, axis=1) / safe**1.5, np.mean(centred**4, axis=1) / safe**2 - 3.0
    both = [cornish_fisher_quantile(level, s, k) for s, k in zip(skew.tolist(), kurt.tolist(), strict=True)]
    found = size * np.sqrt(second)[:, None] * np.array(both)
    return float(found[:, 0].std(ddof=1)), float(found[:, 1].std(ddof=1))


def decay_weights(count: int, decay: float) -> FloatArray:
    """Weights decay^age, oldest first, summing to 1.

    >>> decay_weights(3, 0.5).round(3).tolist()
    [0.143, 0.286, 0.571]
    """
    if not 0.0 < decay <= 1.0:
        raise RiskInputError(f"decay is {decay:g} -> above 0 and at most 1 (1: equal weights)")
    weights = decay ** np.arange(count - 1, -1, -1.0)
    return np.asarray(weights / weights.sum())


def weighted_tail(losses: FloatArray, weights: FloatArray, level: float) -> tuple[float, float]:
    """VaR and ES of weighted losses (see the module).

    >>> tuple(round(v, 9) for v in weighted_tail(np.arange(1.0, 101.0), np.full(100, 0.01), 0.95))
    (95.0, 98.0)
    """
    order = np.argsort(-losses, kind="stable")
    worst, mass = losses[order], weights[order]
    above = np.cumsum(mass)
    tail = 1.0 - level
    # The smallest loss with at most `tail` of the mass strictly above it.
    rank = min(int(np.searchsorted(above, tail + WHOLE, side="right")), losses.size - 1)
    inside = np.clip(tail - (above - mass), 0.0, mass)
    total = float(inside.sum())
    return float(worst[rank]), float((worst * inside).sum() / total)


def _weighted(values: FloatArray, level: float, decay: float, method: str) -> Estimate:
    weights = decay_weights(values.size, decay)
    centred = values - float(weights @ values)
    var, es = weighted_tail(centred, weights, level)
    effective = 1.0 / float((weights**2).sum())
    errors = _influence_errors(centred, weights, level, var)
    note = "" if effective * (1.0 - level) >= 1.0 else f"{effective * (1 - level):.1f} effective days in the tail: close to the worst loss"
    return Estimate(method, level, var, es, *errors, note=note)


def _influence_errors(values: FloatArray, weights: FloatArray, level: float, var: float) -> tuple[float | None, float | None]:
    """Root of the weighted sum of squared influence values; the mean taken off is one of the estimates."""
    beyond = np.maximum(values - var, 0.0)
    influence_es = beyond / (1.0 - level) - values
    es_error = float(np.sqrt((weights**2 * (influence_es - float(weights @ influence_es)) ** 2).sum()))
    effective = 1.0 / float((weights**2).sum())
    half = float(np.sqrt(level * (1.0 - level) / effective))
    low, _ = weighted_tail(values, weights, max(level - half, 0.0))
    high, _ = weighted_tail(values, weights, min(level + half, 1.0 - 0.5 * float(weights.min())))
    width = min(level + half, 1.0) - max(level - half, 0.0)
    influence_var = (high - low) / width * (values > var) - values
    var_error = float(np.sqrt((weights**2 * (influence_var - float(weights @ influence_var)) ** 2).sum()))
    return var_error, es_error if np.count_nonzero(beyond) >= 2 else None


def ewma_volatility(losses: FloatArray, decay: float = 0.94) -> FloatArray:
    """Volatility known before each day and, last, for the next one, shape (days + 1,).

    sigma_1^2 is the variance of all losses; sigma_{t+1}^2 = decay sigma_t^2 + (1 - decay) loss_t^2, the mean taken off.

    >>> ewma_volatility(np.array([1.0, -1.0]), 0.5).tolist()
    [1.0, 1.0, 1.0]
    """
    centred = losses - losses.mean()
    variance = np.empty(losses.size + 1)
    variance[0] = float(np.mean(centred**2))
    for t, x in enumerate(centred.tolist()):
        variance[t + 1] = decay * variance[t] + (1.0 - decay) * x * x
    return np.sqrt(variance)


def rescaled(losses: FloatArray, decay: float = 0.94) -> FloatArray:
    """Losses at today's volatility: centred loss_t x sigma_today / sigma_t, shape (days,)."""
    sigma = ewma_volatility(losses, decay)
    if sigma[0] == 0.0:
        return np.zeros(losses.size)
    return np.asarray((losses - losses.mean()) * sigma[-1] / np.maximum(sigma[:-1], 1e-6 * sigma[0]))
