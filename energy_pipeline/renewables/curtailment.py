"""Curtailment by rule: a plant stands still while the day-ahead price is below its limit.

What belongs here: the rule, and what it does to expected output, quantiles and paths. What does not:
the price forecasts it is told, curtailment by grid operators (nobody publishes it day-ahead).

The rule follows the auction's price, which is known before delivery and after the decision. So at the
decision the plant runs with the probability that the price reaches its limit, read from the price
forecast's quantiles and taken as independent of the plant's own error:

    E[g] = E[available] P(price >= limit)

In scenarios each path follows its own price. A limit of 0 is "never below zero"; a plant with a market
premium of s EUR/MWh is told -s.
"""

from __future__ import annotations

import numpy as np

from energy_pipeline.book.clearing import TICK_EUR_MWH, steps_of
from energy_pipeline.desk import Desk
from energy_pipeline.desk.model import SharePlant
from energy_pipeline.domain.delivery import FloatArray


def is_held_back(price_eur_mwh: FloatArray, limit_eur_mwh: float) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Whether the plant stands still at a price: strictly below the limit.

    >>> is_held_back(np.array([-0.01, 0.0, 5.0]), 0.0).tolist()
    [True, False, False]
    """
    return np.asarray(price_eur_mwh < limit_eur_mwh)


def silent_below_eur_mwh(desk: Desk, name: str) -> float | None:
    """The price below which a plant's meter does not say what it could give; None where it always does.

    That is its own limit, or where its step was not wholly taken and the meter tells what it gave: such an hour
    is no error of the forecast and no outage to learn.
    """
    plant, found = desk.plants[name], list[float]()
    if plant.curtail_below_eur_mwh is not None:
        found.append(plant.curtail_below_eur_mwh)
    step = steps_of(desk, plant.zone).get(name)
    if step is not None and step.terms.meter == "output" and not isinstance(plant, SharePlant):
        at_limit = 0.5 if desk.flexibility.at_limit == "full" else -0.5
        found.append(step.limit_eur_mwh - at_limit * TICK_EUR_MWH)
    return max(found, default=None)


def held_back_probability(limit_eur_mwh: float, price_eur_mwh: FloatArray, levels: FloatArray, quantiles_eur_mwh: FloatArray) -> FloatArray:
    """P(price < limit) of each interval.

    Parameters
    ----------
    price_eur_mwh : array, shape (n,)
        Point forecast: decides alone, 0 or 1, where an interval has no quantiles.
    levels : array, shape (m,)
        Ascending, within 0 .. 1.
    quantiles_eur_mwh : array, shape (n, m)
        NaN where unknown. Linear between them; 0 below the lowest, 1 above the highest.

    Examples
    --------
    >>> held_back_probability(0.0, np.array([5.0]), np.array([0.1, 0.5, 0.9]), np.array([[-10.0, 10.0, 30.0]])).round(3).tolist()
    [0.3]
    """
    found = is_held_back(price_eur_mwh, limit_eur_mwh).astype(np.float64)
    for i in np.flatnonzero(~np.isnan(quantiles_eur_mwh).any(axis=1)):
        found[i] = np.interp(limit_eur_mwh, quantiles_eur_mwh[i], levels, left=0.0, right=1.0)
    return found


def quantiles_with_stops(levels: FloatArray, quantiles_mw: FloatArray, probability: FloatArray) -> FloatArray:
    """Quantiles of output that is 0 with a probability and the available output otherwise, shape as `quantiles_mw`.

    Level a of the mixture is 0 up to the probability p, and level (a - p) / (1 - p) of the available output
    above it; below the lowest known level that is the lowest known quantile.

    Examples
    --------
    >>> quantiles_with_stops(np.array([0.1, 0.5, 0.9]), np.array([[1.0, 5.0, 9.0]]), np.array([0.5])).round(3).tolist()
    [[0.0, 0.0, 8.0]]
    """
    found = np.empty_like(quantiles_mw)
    for i, p in enumerate(probability):
        inner = (levels - p) / (1.0 - p) if p < 1.0 else np.zeros(levels.size)
        found[i] = np.where(levels <= p, 0.0, np.interp(inner, levels, quantiles_mw[i])) if p > 0 else quantiles_mw[i]
    return found
