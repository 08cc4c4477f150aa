"""Quantiles of output around its expected value, from honest past errors at like output.

What belongs here: the error table and how quantiles are read from it. What does not: how the errors
were made (`correction` holds them out in time).

Errors of a plant depend on where it is expected to run: none at standstill, wide on the steep part
of the curve, skewed near full output. So the quantiles of an hour are weighted quantiles of past
errors, each divided by the spread expected then and multiplied by the spread expected now; weights
fall with the distance in expected output (Gaussian, 4 % of capacity, widened until it holds 150
hours' worth) and with age (half after a year).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from energy_pipeline.domain.delivery import FloatArray

LEVELS: FloatArray = np.round(np.arange(0.05, 0.951, 0.05), 2)
"""5 %, 10 %, ... 95 %."""
BANDWIDTH = 0.04
ENOUGH = 150.0
MINIMUM_ERRORS = 240
HALF_LIFE_DAYS = 365.0


@dataclass(frozen=True, eq=False)
class ErrorTable:
    """Past hours: expected share, spread expected, error over spread, weight; sorted by error.

    All arrays have shape (n,).
    """

    expected: FloatArray
    error: FloatArray
    weight: FloatArray

    @classmethod
    def of(cls, expected: FloatArray, spread: FloatArray, outcome: FloatArray, age_days: FloatArray) -> ErrorTable:
        """From held-out forecasts and what came."""
        scaled = (outcome - expected) / spread
        order = np.argsort(scaled, kind="stable")
        weight = 0.5 ** (age_days / HALF_LIFE_DAYS)
        return cls(expected[order], scaled[order], weight[order])

    @property
    def is_enough(self) -> bool:
        """Whether there are errors enough for quantiles."""
        return self.error.size >= MINIMUM_ERRORS

    def quantiles(self, expected: FloatArray, spread: FloatArray, ceiling: FloatArray | float = 1.0) -> FloatArray:
        """Quantiles at `LEVELS` of each hour, shape (n, 19), within 0 .. ceiling; rising in the level.

        Examples
        --------
        >>> past = np.linspace(0, 1, 1001)
        >>> table = ErrorTable.of(np.full(1001, 0.5), np.ones(1001), past, np.zeros(1001))
        >>> table.quantiles(np.array([0.5]), np.ones(1))[0, [1, 9, 17]].round(2).tolist()
        [0.1, 0.5, 0.9]
        """
        found = np.empty((expected.size, LEVELS.size))
        for i, (centre, scale) in enumerate(zip(expected, spread, strict=True)):
            weight = self._weights(float(centre))
            total = np.cumsum(weight)
            # The middle of each error's weight, so that levels mean the same at both ends.
            place = (total - 0.5 * weight) / total[-1]
            found[i] = centre + scale * np.interp(LEVELS, place, self.error)
        top = np.broadcast_to(np.asarray(ceiling, dtype=np.float64), expected.shape)[:, None]
        return np.clip(found, 0.0, top)

    def _weights(self, centre: float) -> FloatArray:
        distance = self.expected - centre
        width = BANDWIDTH
        while True:
            weight = np.asarray(self.weight * np.exp(-0.5 * (distance / width) ** 2), dtype=np.float64)
            if float(weight.sum()) >= min(ENOUGH, 0.5 * float(self.weight.sum())) or width > 4.0:
                return weight
            width *= 1.5
