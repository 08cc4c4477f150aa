"""Risk measures of positions, from their definitions.

What belongs here: the true value of every measure that is optimised, with one named
convention. What does not: optimisation.

Conventions, those of `mathematics.statistics.tail`: losses are minus P&L. `confidence` is the level, 1 - confidence the tail (so
0.95: the worst 5 %). VaR is the smallest loss l with P(loss <= l) >= confidence, an order
statistic, never an interpolation. CVaR is Rockafellar and Uryasev's, the scenario at the
edge of the tail with the probability that is left. Variance of scenarios is unbiased
(T - 1) unless probabilities are given; MAD divides by T.
"""

from __future__ import annotations

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.mathematics.statistics import tail

EDGE = 1e-10
"""A probability this near to the tail mass counts as equal: 1000 x 0.05 is 50.00000000000004."""


def value_at_risk(losses: FloatArray, confidence: float, probabilities: FloatArray | None = None) -> float:
    """Smallest loss not exceeded with at least the probability `confidence`.

    >>> value_at_risk(np.arange(1.0, 101.0), 0.95)
    95.0
    """
    if probabilities is None:
        return tail.value_at_risk(losses, confidence)
    order = np.argsort(losses, kind="stable")
    reached = np.cumsum(probabilities[order])
    return float(losses[order[min(int(np.searchsorted(reached, confidence - EDGE)), losses.size - 1)]])


def cvar(losses: FloatArray, confidence: float, probabilities: FloatArray | None = None) -> float:
    """Mean of the worst 1 - confidence of the probability.

    >>> round(cvar(np.array([1.0, 2.0, 3.0]), 0.5), 9)
    2.666666667
    """
    return tail_sum(losses, None if probabilities is None else probabilities / (1.0 - confidence), 1.0 / (1.0 - confidence) / losses.size)


def tail_sum(losses: FloatArray, caps: FloatArray | None, cap: float) -> float:
    """Max of weights.losses over 0 <= weights <= caps that sum to one (`cap`: the same for all)."""
    if caps is None:
        count = 1.0 / cap
        whole = min(int(np.floor(count * (1.0 + EDGE))), losses.size)
        if whole >= losses.size:
            return float(losses.mean())
        head = np.partition(losses, losses.size - whole - 1)[losses.size - whole - 1 :]
        return float(head[1:].sum()) * cap + max(1.0 - whole * cap, 0.0) * float(head[0])
    order = np.argsort(-losses, kind="stable")
    before = np.cumsum(caps[order]) - caps[order]
    return float((np.clip(1.0 - before, 0.0, caps[order]) * losses[order]).sum())


def mean_absolute_deviation(pnl: FloatArray, probabilities: FloatArray | None = None) -> float:
    """E |P&L - E P&L|.

    >>> mean_absolute_deviation(np.array([1.0, 3.0]))
    1.0
    """
    weights = np.full(pnl.size, 1.0 / pnl.size) if probabilities is None else probabilities
    return float(weights @ np.abs(pnl - weights @ pnl))


def drawdowns(pnl: FloatArray) -> FloatArray:
    """How far cumulative P&L lies below its highest value so far, the start (zero) included, shape (T,).

    >>> drawdowns(np.array([-1.0, 3.0, -2.0])).tolist()
    [1.0, 0.0, 2.0]
    """
    path = np.cumsum(pnl)
    result: FloatArray = np.maximum(np.maximum.accumulate(path), 0.0) - path
    return result


def conditional_drawdown(pnl: FloatArray, confidence: float) -> float:
    """CDaR: the mean of the worst 1 - confidence of the drawdowns."""
    return cvar(drawdowns(pnl), confidence)
