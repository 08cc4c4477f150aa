"""Scales that several price models share.

What belongs here: the asinh scale by column, and the standardisation of every day by the
week before its origin. What does not: models.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.forecasting.panel import LAGS, Panel

NORMAL_MAD = 0.6744897501960817
ADAPTIVE_DAYS = 7
SORTED_VALUES = 700


@dataclass(frozen=True)
class AsinhScale:
    """x -> asinh((x - centre) / spread), by column."""

    centre: FloatArray
    spread: FloatArray

    @classmethod
    def of(cls, values: FloatArray) -> AsinhScale:
        """Median and normal-consistent MAD; where that is 0 the standard deviation, else 1."""
        centre = row_medians(values.T)
        spread = row_medians(np.abs(values - centre).T) / NORMAL_MAD
        deviation = values.std(axis=0)
        return cls(centre, np.where(spread > 1e-9, spread, np.where(deviation > 1e-9, deviation, 1.0)))

    def scaled(self, values: FloatArray) -> FloatArray:
        """To scale."""
        return np.asarray(np.arcsinh((values - self.centre) / self.spread))

    def prices(self, scaled: FloatArray, limit: float = 12.0) -> FloatArray:
        """Back from scale; |scaled| is cut at `limit` (e^12 / 2 spreads) so that nothing overflows."""
        return np.asarray(self.centre + self.spread * np.sinh(np.clip(scaled, -limit, limit)))


def row_medians(values: FloatArray) -> FloatArray:
    """`np.median(values, axis=1)` of a matrix, to the last bit.

    Short rows are sorted, which vector instructions do faster than numpy selects the middle.

    >>> row_medians(np.array([[1.0, 3.0, 2.0], [5.0, np.nan, 4.0]])).tolist()
    [2.0, nan]
    """
    count = values.shape[1]
    if not 0 < count <= SORTED_VALUES:
        return np.asarray(np.median(values, axis=1))
    ordered = np.array(values, order="C")
    ordered.sort(axis=1)
    middle = ordered[:, (count - 1) // 2 : count // 2 + 1].mean(axis=1)
    return np.where(np.isnan(ordered[:, -1]), np.nan, middle)  # NaN is sorted last


def adaptive_prices(panel: Panel) -> tuple[FloatArray, FloatArray, float, float]:
    """Inputs and prices standardised row by row, and the target's centre and spread [EUR/MWh]."""
    total = panel.days + panel.lead
    centre, spread = np.zeros(total), np.ones(total)
    if panel.days >= ADAPTIVE_DAYS:
        weeks = np.lib.stride_tricks.sliding_window_view(panel.prices, ADAPTIVE_DAYS, axis=0).reshape(-1, ADAPTIVE_DAYS * panel.slots)
        first = panel.lead - 1 + ADAPTIVE_DAYS
        centre[first:] = row_medians(weeks)
        spread[first:] = np.maximum(np.abs(weeks - centre[first:, None]).mean(axis=1), 1.0)
    lags = panel.slots * len(LAGS)
    inputs = panel.inputs.copy()
    inputs[:, :lags] = (inputs[:, :lags] - centre[:, None]) / spread[:, None]
    prices = (panel.prices - centre[: panel.days, None]) / spread[: panel.days, None]
    return inputs, prices, float(centre[-1]), float(spread[-1])
