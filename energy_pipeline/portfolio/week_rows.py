"""The week against what is expected of it, by path and hour, linear in the day's decisions.

What belongs here: the rows, their drawdown and VaR. What does not: what they are made of (`week_paths`), programmes (`least_risk`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.mathematics.allocation.measures import cvar, value_at_risk


@dataclass(frozen=True)
class WeekRows:
    """The week against what is expected of it [kEUR], for a programme of n variables.

    Attributes
    ----------
    probability : array, shape (paths,)
    base : array, shape (paths, hours of D)
        When nothing is decided.
    slope : array, shape (paths, hours of D, n)
        Per MW decided, costs included [kEUR/MW].
    later : array, shape (paths, later hours)
        Of the days after D, which no decision of D moves.
    confidence : float
    """

    probability: FloatArray
    base: FloatArray
    slope: FloatArray
    later: FloatArray
    confidence: float

    @cached_property
    def total(self) -> FloatArray:
        """The whole week when nothing is decided, shape (paths,)."""
        return np.asarray(self.base.sum(axis=1) + self.later.sum(axis=1))

    @cached_property
    def lowest_later(self) -> FloatArray:
        """The lowest sum of later hours from the end of D on, at most 0, shape (paths,)."""
        return np.asarray(np.minimum(np.cumsum(self.later, axis=1).min(axis=1, initial=0.0), 0.0))

    @cached_property
    def falls_later(self) -> FloatArray:
        """The largest fall from a peak that lies after D, shape (paths,)."""
        return _largest_falls(self.later)

    def drawdowns(self, x: FloatArray) -> FloatArray:
        """Each path's largest fall of the summed P&L from its peak, the start included, shape (paths,)."""
        return _largest_falls(np.concatenate([self.base + np.einsum("shv,v->sh", self.slope, x), self.later], axis=1))

    def drawdown(self, x: FloatArray) -> float:
        """The CVaR of the paths' drawdowns."""
        return cvar(self.drawdowns(x), self.confidence, self.probability)

    def var(self, x: FloatArray) -> float:
        """The smallest loss of the week that is not exceeded with the confidence."""
        return value_at_risk(-self.total - np.einsum("shv,v->s", self.slope, x), self.confidence, self.probability)


def _largest_falls(pnl: FloatArray) -> FloatArray:
    """Over the rows; 0 without hours.

    >>> _largest_falls(np.array([[-1.0, 3.0, -2.0], [1.0, 1.0, 1.0]])).tolist()
    [2.0, 0.0]
    """
    summed = np.cumsum(pnl, axis=1)
    return np.asarray((np.maximum(np.maximum.accumulate(summed, axis=1), 0.0) - summed).max(axis=1, initial=0.0))
