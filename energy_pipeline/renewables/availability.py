"""Availability: how likely the plant stands still tomorrow, from the days it stood still before.

What belongs here: the two numbers learnt and their use. What does not: how still hours are found
(`cleaning`), maintenance plans (nobody publishes them for these plants).

The share of still hours of a day returns to its mean m: expected(D) = m + r (s(D - lag) - m), with s
the last known day's share and r the slope of that regression, kept in 0 .. 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from energy_pipeline.domain.delivery import FloatArray

MINIMUM_DAYS = 30


@dataclass(frozen=True)
class Availability:
    """Mean share of still hours, and how long standing still lasts.

    Attributes
    ----------
    mean_still : float
        Share of hours, 0 .. 1.
    persistence : float
        Slope from the last known day's share to the day's own, 0 .. 1.
    """

    mean_still: float = 0.0
    persistence: float = 0.0

    def still_share(self, last_known: FloatArray) -> FloatArray:
        """Expected share of still hours given the last known day's; NaN there counts as the mean.

        >>> Availability(0.02, 0.5).still_share(np.array([1.0, 0.0, np.nan])).round(3).tolist()
        [0.51, 0.01, 0.02]
        """
        known = np.where(np.isnan(last_known), self.mean_still, last_known)
        return np.clip(self.mean_still + self.persistence * (known - self.mean_still), 0.0, 1.0)


def fit_availability(still_share: FloatArray, last_known: FloatArray) -> Availability:
    """Learn from days in order.

    Parameters
    ----------
    still_share : array, shape (days,)
        Share of the day's known hours in which the plant stood still; NaN when nothing is known.
    last_known : array, shape (days,)
        The same of the last day that was known when the day was decided.
    """
    own = still_share[~np.isnan(still_share)]
    if own.size < MINIMUM_DAYS:
        return Availability()
    mean = float(own.mean())
    both = ~np.isnan(still_share) & ~np.isnan(last_known)
    x, y = last_known[both] - mean, still_share[both] - mean
    variance = float((x * x).sum())
    slope = float((x * y).sum()) / variance if variance > 0 else 0.0
    return Availability(mean, min(max(slope, 0.0), 1.0))
