"""Largest expected P&L under a CVaR limit, by its price.

What belongs here: the search for the price of the limit, exact in finitely many steps.
What does not: the tail kernel it calls (`tail`).

For a price mu, min -E + mu CVaR is one call of the kernel. As a function of mu its value
is concave and made of straight pieces, so the crossing of two tangents either is the
maximum or finds a third. At the maximum, two optimal positions lie on the two sides of the
limit; their mixture holds it exactly, and loses nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.mathematics.allocation import highs, tail
from energy_pipeline.mathematics.allocation.errors import SolverError, UnboundedError
from energy_pipeline.mathematics.allocation.space import Space

MAX_PRICES = 200


@dataclass(frozen=True)
class PricedOptimum:
    """min cost.y under tail(y) + space.cost.y <= high.

    Attributes
    ----------
    y : array, shape (d,)
    value, bound : float
        Of cost.y.
    price : float
        Improvement per unit of the limit.
    least : float
        Least tail over the set, where the search needed it.
    inner : TailOptimum or None
        The last priced problem, for the other limits' prices.
    """

    y: FloatArray
    value: float
    bound: float
    price: float
    least: float
    inner: tail.TailOptimum | None


def minimise(space: Space, cost: FloatArray, measure: tail.Tail, high: float, start: FloatArray, tolerance: float = 1e-10) -> PricedOptimum:
    """The search; `least` above `high` in the result means that the limit cannot be kept.

    Raises
    ------
    UnboundedError, SolverError
    """
    n = space.contracts

    def risk(y: FloatArray) -> float:
        return measure.value(measure.losses(y[:n])) + float(space.cost @ y)

    free = highs.solve(space.programme(cost))
    risky: FloatArray | None = None
    if free.status == highs.OPTIMAL:
        if risk(free.y) <= high:
            return PricedOptimum(free.y, free.value, free.value, 0.0, -np.inf, None)
        risky = free.y
    safest = tail.minimise(space, space.cost, 1.0, measure, start)
    slack = tolerance * max(abs(high), abs(safest.value))
    if safest.value > high + slack:
        return PricedOptimum(safest.y, float(cost @ safest.y), -np.inf, np.inf, safest.value, safest)
    safe = safest.y
    if risky is None:
        risky = _some_risky(space, cost, measure, high, safe)
    inner = safest
    for _ in range(MAX_PRICES):
        gain, more = float(cost @ safe - cost @ risky), risk(risky) - risk(safe)
        if more <= slack:
            # at the limit there is nothing left to win by more risk
            return PricedOptimum(safe, float(cost @ safe), float(cost @ safe) - max(gain, 0.0), 0.0, safest.value, inner)
        price = gain / more
        inner = tail.minimise(space, cost + price * space.cost, price, measure, safe) if price > 0 else inner
        line = float(cost @ safe) + price * risk(safe)
        here = risk(inner.y)
        if price <= 0 or line - inner.bound <= tolerance * max(abs(line), abs(float(cost @ safe)), price * abs(high)):
            share = float(np.clip((high - risk(safe)) / more, 0.0, 1.0))
            y = safe + share * (risky - safe)
            return PricedOptimum(y, float(cost @ y), inner.bound - price * high, price, safest.value, inner)
        if here > high:
            risky = inner.y
        else:
            safe = inner.y
    raise SolverError(f"the price of the CVaR limit was not found in {MAX_PRICES} steps")


def _some_risky(space: Space, cost: FloatArray, measure: tail.Tail, high: float, safe: FloatArray) -> FloatArray:
    """Where the best mean is unlimited: a position beyond the CVaR limit, from falling prices."""
    price = 1.0
    for _ in range(40):
        try:
            found = tail.minimise(space, cost + price * space.cost, price, measure, safe)
        except UnboundedError:
            price *= 4.0
            continue
        if measure.value(measure.losses(found.y[: space.contracts])) + float(space.cost @ found.y) > high:
            return found.y
        price /= 2.0
    raise UnboundedError([])
