"""What single values may be: quantiles of every series and step, with tails beyond them.

What belongs here: interpolation between forecast quantiles and the rule beyond the outermost.
What does not: forecasting quantiles, or how values belong together (`copulas`, `generator`).

Between two levels the quantile function is linear. Beyond the outermost level it is a
generalised Pareto tail that meets it: with p the level's tail probability, q its quantile, q'
the quantile at the next level inwards (tail probability p') and shape xi,

    Q = q +- s / xi ((u / p)^-xi - 1),   s = xi |q - q'| r^xi / (r^xi - 1),   r = p' / p

u being the tail probability asked for: the one generalised Pareto tail from p' on that passes
through both quantiles (Pickands 1975). xi = 0 is the exponential tail.
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
        Not falling along the last axis, in the series' own unit.
    lower_xi, upper_xi : array, shape (S,)
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
            found[:, low] -= _beyond(q[:, 1] - q[:, 0], levels[1] / levels[0], u[low] / levels[0], self.lower_xi[series])
        if high.any():
            ratio = (1.0 - levels[-2]) / (1.0 - levels[-1])
            found[:, high] += _beyond(q[:, -1] - q[:, -2], ratio, (1.0 - u[high]) / (1.0 - levels[-1]), self.upper_xi[series])
        return found


def _beyond(step: FloatArray, ratio: float, share: FloatArray, xi: float) -> FloatArray:
    """Distance beyond the outermost quantile, shape (rows, n); `share` is u / p, below 1."""
    share = np.maximum(share, 1e-12)
    reach = -np.log(share) / np.log(ratio) if xi < TINY_XI else (share**-xi - 1.0) / (1.0 - ratio**-xi)
    return np.outer(step, reach)


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
