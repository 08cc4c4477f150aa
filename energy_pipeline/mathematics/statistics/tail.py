"""Tail measures of a set of equally likely losses.

What belongs here: VaR and expected shortfall, with one named convention. What does not:
whose losses they are.

Convention: losses are positive; `level` is the confidence, 1 - level the tail. VaR is
the order statistic number ceil(n level), the smallest loss not exceeded with at least
that frequency. Where (1 - level) n is whole, document 003 (n = ceil(alpha T) worst) and Riskfolio take the next larger
loss: `other_value_at_risk` has it. Expected shortfall is Rockafellar and Uryasev's: the mean of the worst
(1 - level) n losses, where the loss at the edge enters with the fraction that is left
when that number is not whole.
"""

from __future__ import annotations

import numpy as np

from energy_pipeline.domain.delivery import FloatArray

WHOLE = 1e-9
"""n (1 - level) this near to a whole number counts as whole: 1000 x 0.05 is 50.00000000000004."""


def tail_weights(losses: FloatArray, level: float) -> FloatArray:
    """Weight of each scenario in the expected shortfall, shape (n,), summing to 1.

    Equal losses at the edge are taken in scenario order.

    >>> tail_weights(np.array([3.0, 1.0, 2.0]), 0.5).round(6).tolist()
    [0.666667, 0.0, 0.333333]
    """
    mass = losses.size * (1.0 - level)
    mass = round(mass) if abs(mass - round(mass)) < WHOLE else mass
    if mass <= 0:
        raise ValueError(f"confidence level {level:g} leaves no tail; it must be below 1")
    order = np.argsort(-losses, kind="stable")
    weights = np.zeros(losses.size)
    weights[order] = np.clip(mass - np.arange(losses.size), 0.0, 1.0) / mass
    return weights


def value_at_risk(losses: FloatArray, level: float) -> float:
    """The order statistic number ceil(n level) of the losses.

    >>> value_at_risk(np.arange(1.0, 101.0), 0.95)
    95.0
    """
    place = var_rank(losses.size, level) - 1
    return float(np.partition(losses, place)[place])


def other_value_at_risk(losses: FloatArray, level: float) -> float | None:
    """The VaR by document 003 and Riskfolio where it differs: loss number (1 - level) n from the worst; None where that is not whole.

    >>> other_value_at_risk(np.arange(1.0, 101.0), 0.95), other_value_at_risk(np.arange(1.0, 100.0), 0.95)
    (96.0, None)
    """
    mass = losses.size * (1.0 - level)
    if abs(mass - round(mass)) >= WHOLE or round(mass) < 1:
        return None
    place = losses.size - round(mass)
    return float(np.partition(losses, place)[place])


def var_rank(count: int, level: float) -> int:
    """Which of `count` ascending losses is the VaR, counted from 1."""
    return min(max(int(np.ceil(count * level - WHOLE)), 1), count)


def expected_shortfall(losses: FloatArray, level: float) -> float:
    """Mean of the worst share 1 - level of the losses, the edge weighted.

    >>> round(expected_shortfall(np.arange(1.0, 101.0), 0.95), 9)
    98.0
    """
    return float((tail_weights(losses, level) * losses).sum())
