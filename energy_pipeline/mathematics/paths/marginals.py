"""What single values may be: quantiles of every series and step, with tails beyond them.

What belongs here: interpolation between forecast quantiles, the rule beyond the outermost, and the integrals of both.
What does not: forecasting quantiles, or how values belong together (`copulas`, `generator`).

Between two levels the quantile function is linear. Beyond the outermost level it is a
generalised Pareto tail that meets it: with p the level's tail probability, q its quantile, q'
the quantile at the next level inwards (tail probability p') and shape xi,

    Q = q +- s / xi ((u / p)^-xi - 1),   s = xi |q - q'| r^xi / (r^xi - 1),   r = p' / p

u being the tail probability asked for: the one generalised Pareto tail from p' on that passes
through both quantiles (Pickands 1975). xi = 0 is the exponential tail. The mean is the integral of Q from
0 to 1, and the mean of a stratum (a, b) that from a to b over b - a: both in closed form, limits included, so
strata of equal probability that are represented by their means have the distribution's mean whatever their number.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from energy_pipeline.domain.delivery import FloatArray

XI_RANGE = (0.0, 0.45)
"""Tail shapes: exponential to a variance that is only just finite."""

LEAST_EXCEEDANCES = 20
DEFAULT_XI = 0.15
TINY_XI = 1e-6


@dataclass(frozen=True)
class Marginals:
    """Quantiles of S series over H steps.

    Attributes
    ----------
    levels : array, shape (m,)
        Ascending, in (0, 1), at least two.
    quantiles : array, shape (S, H, m)
        Not falling along the last axis, in the series' own unit; inside the limits.
    lower_xi, upper_xi : array, shape (S,) or (S, H)
        Shape of the tails.
    minimum, maximum : array, shape (S, H)
        What values are possible; +-inf for no limit.

    Examples
    --------
    >>> one = Marginals(np.array([0.1, 0.5, 0.9]), np.array([[[0.0, 10.0, 30.0]]]), *np.zeros((2, 1)), *np.array([[[-5.0]], [[99.0]]]))
    >>> one.at(np.array([[[0.3, 0.9, 1e-30]]])).round(9).tolist()
    [[[5.0, 30.0, -5.0]]]
    """

    levels: FloatArray
    quantiles: FloatArray
    lower_xi: FloatArray
    upper_xi: FloatArray
    minimum: FloatArray
    maximum: FloatArray

    def __post_init__(self) -> None:
        """Refuse quantiles that fall, or levels that do not rise."""
        if self.levels.size < 2 or (np.diff(self.levels) <= 0).any() or self.levels[0] <= 0 or self.levels[-1] >= 1:
            raise ValueError(f"levels {self.levels.tolist()} must rise inside (0, 1), two at least")
        if not np.isfinite(self.quantiles).all() or (np.diff(self.quantiles, axis=2) < 0).any():
            raise ValueError("quantiles must be finite and must not fall from one level to the next")

    def at(self, probabilities: FloatArray) -> FloatArray:
        """Quantiles at `probabilities`, shape (S, H or 1, n) -> (S, H, n)."""
        series, steps, _ = self.quantiles.shape
        wide = np.broadcast_to(probabilities, (series, steps, probabilities.shape[2]))
        found = np.empty(wide.shape)
        for s in range(series):
            shared = probabilities.shape[1] == 1  # then the places among the levels are too
            for t in range(0, steps, steps if shared else 1):
                rows = slice(0, steps) if shared else slice(t, t + 1)
                found[s, rows] = self._rows(s, rows, wide[s, t])
        return np.clip(found, self.minimum[:, :, None], self.maximum[:, :, None])

    def _rows(self, series: int, rows: slice, u: FloatArray) -> FloatArray:
        q, levels = self.quantiles[series, rows], self.levels
        k = np.clip(np.searchsorted(levels, u, side="right") - 1, 0, levels.size - 2)
        share = np.clip((u - levels[k]) / (levels[k + 1] - levels[k]), 0.0, 1.0)
        found: FloatArray = q[:, k] + share * (q[:, k + 1] - q[:, k])
        low, high = u < levels[0], u > levels[-1]
        if low.any():
            found[:, low] -= _beyond(q[:, 1] - q[:, 0], levels[1] / levels[0], u[low] / levels[0], self._xi(self.lower_xi)[series, rows])
        if high.any():
            ratio = (1.0 - levels[-2]) / (1.0 - levels[-1])
            found[:, high] += _beyond(q[:, -1] - q[:, -2], ratio, (1.0 - u[high]) / (1.0 - levels[-1]), self._xi(self.upper_xi)[series, rows])
        return found

    def _xi(self, shape: FloatArray) -> FloatArray:
        return np.broadcast_to(shape.reshape(len(shape), -1), self.quantiles.shape[:2])

    def one(self, series: int) -> Marginals:
        """One series alone."""
        rows = slice(series, series + 1)
        return Marginals(self.levels, *(a[rows] for a in (self.quantiles, self.lower_xi, self.upper_xi, self.minimum, self.maximum)))

    def mean(self) -> FloatArray:
        """The distributions' means, shape (S, H).

        >>> one = Marginals(np.array([0.1, 0.5, 0.9]), np.array([[[0.0, 10.0, 20.0]]]), *np.zeros((2, 1)), *np.array([[[-99.0]], [[119.0]]]))
        >>> one.mean().round(9).tolist()
        [[10.0]]
        """
        return np.asarray(self._cumulative(np.ones(1))[:, :, 0])

    def strata(self, count: int) -> FloatArray:
        """Means of `count` strata of equal probability, rising, shape (S, H, count); their mean is `mean()`."""
        edges = np.arange(1, count + 1) / count
        found = count * np.diff(self._cumulative(edges), axis=2, prepend=0.0)
        return np.clip(np.maximum.accumulate(found, axis=2), self.minimum[:, :, None], self.maximum[:, :, None])

    def _cumulative(self, u: FloatArray) -> FloatArray:
        """Integral of the quantile function from 0 to `u`, shape (S, H, n)."""
        q, p = self.quantiles, self.levels
        width, first, last = np.diff(p), p[0], 1.0 - p[-1]
        lower, upper = self._xi(self.lower_xi), self._xi(self.upper_xi)
        below = _tail_integral(q[..., 0], q[..., 1] - q[..., 0], p[1] / first, np.minimum(u / first, 1.0), lower, self.minimum) * first
        at_levels = np.concatenate([np.zeros((*q.shape[:2], 1)), np.cumsum(width * (q[..., 1:] + q[..., :-1]) / 2.0, axis=2)], axis=2)
        k = np.clip(np.searchsorted(p, u, side="right") - 1, 0, p.size - 2)
        into = np.clip(u - p[k], 0.0, width[k])
        inside = at_levels[..., k] + into * (q[..., k] + 0.5 * into * (q[..., k + 1] - q[..., k]) / width[k])
        # The upper tail is the lower one of the mirrored distribution, filled from its far end.
        ratio = (1.0 - p[-2]) / last
        left = np.concatenate([[1.0], np.clip((1.0 - u) / last, 0.0, 1.0)])
        above = -last * _tail_integral(-q[..., -1], q[..., -1] - q[..., -2], ratio, left, upper, -self.maximum)
        return np.asarray(below + inside + above[..., :1] - above[..., 1:])


def _tail_integral(outer: FloatArray, step: FloatArray, ratio: float, share: FloatArray, xi: FloatArray, limit: FloatArray) -> FloatArray:
    """Integral over s from 0 to `share` of max(outer - step reach(s), limit), shape (S, H, n)."""
    limit = np.minimum(limit, outer)
    plain = xi < TINY_XI
    shape = np.where(plain, 1.0, xi)
    scale = step / np.where(plain, np.log(ratio), 1.0 - ratio**-shape)
    room = (outer - limit) / np.where(scale > 0, scale, 1.0)
    met = np.where(scale > 0, np.where(plain, np.exp(-room), (1.0 + room) ** (-1.0 / shape)), 0.0)[..., None]

    def free(s: FloatArray) -> FloatArray:
        safe = np.maximum(s, 1e-300)
        grown = np.where(plain[..., None], s * np.log(safe) - s, s - safe ** (1.0 - np.where(plain, 0.0, xi)[..., None]) / (1.0 - xi[..., None]))
        return np.asarray(outer[..., None] * s + scale[..., None] * grown)

    start = np.where(np.isfinite(limit)[..., None], met, 0.0)
    reached = np.maximum(share, start)
    return np.asarray(np.where(np.isfinite(limit), limit, 0.0)[..., None] * np.minimum(share, start) + free(reached) - free(start))


def _beyond(step: FloatArray, ratio: float, share: FloatArray, xi: FloatArray) -> FloatArray:
    """Distance beyond the outermost quantile, shape (rows, n); `share` is u / p, below 1."""
    share, plain = np.maximum(share, 1e-12), (xi < TINY_XI)[:, None]
    shape = np.where(plain, 1.0, xi[:, None])
    return np.asarray(step[:, None] * np.where(plain, -np.log(share) / np.log(ratio), (share**-shape - 1.0) / (1.0 - ratio**-shape)))


def tail_shape(sample: FloatArray, share: float = 0.05) -> float:
    """Shape xi of the upper tail by probability-weighted moments (Hosking and Wallis 1987).

    Parameters
    ----------
    sample : array, any shape
        On one scale (errors over their spread); NaN is left out.
    share : float
        Largest values used.

    Returns
    -------
    float
        In `XI_RANGE`; `DEFAULT_XI` with fewer than 20 exceedances.

    Examples
    --------
    >>> u = (np.arange(200_000) + 0.5) / 200_000
    >>> round(tail_shape((1 - u) ** -0.3), 2)
    0.3
    """
    values = np.sort(sample[np.isfinite(sample)].ravel())
    count = int(share * values.size)
    if count < LEAST_EXCEEDANCES:
        return DEFAULT_XI
    excess = values[-count:] - values[-count - 1]
    weight = (count - 1 - np.arange(count)) / (count - 1)  # plotting weights of the larger of two
    mean, second = float(excess.mean()), float((weight * excess).mean())
    if mean <= 0 or mean - 2.0 * second == 0:
        return 0.0
    return float(np.clip(2.0 - mean / (mean - 2.0 * second), *XI_RANGE))
