"""Execution: a large order cut into slices, and what that is expected to cost.

What belongs here: TWAP, VWAP and iceberg schedules, their expected cost, and what a fill cost
against the price at arrival. What does not: cost formulas (`costs`), deciding to trade.

Impact is per slice: k (q / volume of the slice's time)^gamma, so spreading an order pays while
gamma > 0. What it risks is the price moving while one waits: half the order's time on average,
volatility x sqrt(time) x what is left (Almgren and Chriss, 2000, for linear impact).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.mathematics.backtester.costs import Costs, order_cost


@dataclass(frozen=True)
class Schedule:
    """Slices of an order.

    Attributes
    ----------
    slices_mwh : array, shape (times,)
        Signed as the order; they sum to it.
    shown_mwh : float
        Largest part the market sees at once.
    """

    slices_mwh: FloatArray
    shown_mwh: float


@dataclass(frozen=True)
class Expected:
    """Expected cost of a schedule [EUR] and the standard deviation of what the market does meanwhile [EUR]."""

    cost_eur: float
    risk_eur: float


def twap(order_mwh: float, times: int) -> Schedule:
    """Equal slices.

    >>> twap(10.0, 4).slices_mwh.tolist()
    [2.5, 2.5, 2.5, 2.5]
    """
    if times < 1:
        raise ValueError(f"{times} slices; give 1 or more")
    return Schedule(np.full(times, order_mwh / times), abs(order_mwh) / times)


def vwap(order_mwh: float, expected_volume_mwh: FloatArray) -> Schedule:
    """Slices in proportion to the volume expected at each time.

    >>> vwap(-10.0, np.array([1.0, 4.0])).slices_mwh.tolist()
    [-2.0, -8.0]
    """
    volume = np.asarray(expected_volume_mwh, dtype=np.float64)
    if volume.size == 0 or (volume < 0).any() or volume.sum() <= 0:
        raise ValueError("expected volumes are not negative and not all zero -> give the profile of the market's volume")
    slices = order_mwh * volume / volume.sum()
    return Schedule(slices, float(np.abs(slices).max()))


def iceberg(order_mwh: float, shown_mwh: float, fillable_mwh: FloatArray) -> Schedule:
    """Shows at most `shown_mwh` a time, filled as far as the market takes it; what is left at the end is not traded.

    >>> iceberg(10.0, 4.0, np.array([9.0, 1.0, 9.0])).slices_mwh.tolist()
    [4.0, 1.0, 4.0]
    """
    if shown_mwh <= 0:
        raise ValueError(f"an iceberg shows {shown_mwh:g} MWh; give more than 0")
    left, slices = abs(order_mwh), []
    for room in np.asarray(fillable_mwh, dtype=np.float64):
        part = min(left, shown_mwh, max(float(room), 0.0))
        slices.append(part)
        left -= part
    return Schedule(np.sign(order_mwh) * np.array(slices), shown_mwh)


def expected_cost(schedule: Schedule, costs: Costs, volume_mwh: FloatArray, price_eur_mwh: float = 0.0, volatility_eur_mwh: float = 0.0) -> Expected:
    """Cost of the slices, each against the volume of its own time, and the risk of waiting.

    Parameters
    ----------
    volume_mwh : array, shape (times,)
        Expected market volume at each slice's time; takes the place of the day's volume.
    volatility_eur_mwh : float
        Standard deviation of the price change from one time to the next.
    """
    total = 0.0
    for slice_mwh, volume in zip(schedule.slices_mwh, volume_mwh, strict=True):
        own = replace(costs, daily_volume_mwh=float(volume)) if costs.daily_volume_mwh is not None and volume > 0 else costs
        total += float(order_cost(own, slice_mwh, price_eur_mwh).total_eur)
    left = schedule.slices_mwh.sum() - np.cumsum(schedule.slices_mwh)
    return Expected(total, float(volatility_eur_mwh * np.sqrt((left**2).sum())))


def shortfall_eur(order_mwh: float, arrival_eur_mwh: float, fills_mwh: FloatArray, fill_prices_eur_mwh: FloatArray, last_eur_mwh: float) -> float:
    """Implementation shortfall: what fills cost against the price at arrival, plus what the unfilled part missed [EUR].

    >>> shortfall_eur(10.0, 50.0, np.array([6.0]), np.array([51.0]), 53.0)
    18.0
    """
    done = float(np.sum(fills_mwh))
    return float(np.sum(fills_mwh * (fill_prices_eur_mwh - arrival_eur_mwh))) + (order_mwh - done) * (last_eur_mwh - arrival_eur_mwh)
