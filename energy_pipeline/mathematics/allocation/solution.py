"""The answer to an allocation problem, with what proves and explains it.

What belongs here: the solution object, shadow prices and binding limits from multipliers.
What does not: solving.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.mathematics.allocation.space import BUDGET, Space

BINDING = 1e-7


@dataclass(frozen=True)
class Certificate:
    """How good the answer is known to be.

    Attributes
    ----------
    value : float
        The objective at the positions, from its definition over all scenarios.
    bound : float
        No admissible positions do better than this.
    gap : float
        |value - bound|, never negative.
    source : str
        What proves the bound.
    """

    value: float
    bound: float
    source: str

    @property
    def gap(self) -> float:
        """Distance to the bound."""
        return abs(self.value - self.bound)

    @property
    def relative_gap(self) -> float:
        """Gap over the size of the value."""
        return self.gap / max(abs(self.value), abs(self.bound), 1e-300)


@dataclass(frozen=True)
class Solution:
    """Positions and why.

    Attributes
    ----------
    names : tuple of str
    positions : array, shape (n,)
    held : array, shape (n,)
    objective : str
    sense : str
        "min" or "max": what was done to the certificate's value.
    certificate : Certificate
    expected : float
        Expected P&L after costs.
    trading_cost : float
    shadow_prices : mapping of str to float
        Improvement of the objective per unit by which the binding side of a limit gives way. Bounds of single
        contracts as "limit: contract". The budget's: improvement per unit of budget more (may be negative).
    binding : tuple of str
        Limits that hold with equality.
    solver : str
    timings : mapping of str to float
        Seconds by step, where the caller gave a clock.
    notes : tuple of str
        Anything the reader must know: regularised, stopped early.
    """

    names: tuple[str, ...]
    positions: FloatArray
    held: FloatArray
    objective: str
    sense: str
    certificate: Certificate
    expected: float
    trading_cost: float
    shadow_prices: Mapping[str, float]
    binding: tuple[str, ...]
    solver: str
    timings: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def trades(self) -> FloatArray:
        """Positions less held, shape (n,)."""
        result: FloatArray = self.positions - self.held
        return result

    @property
    def value(self) -> float:
        """The objective's value."""
        return self.certificate.value


def prices_by_name(space: Space, names: tuple[str, ...], prices: FloatArray, gradient: FloatArray) -> dict[str, float]:
    """Shadow prices of limits and bounds.

    Parameters
    ----------
    prices : array, shape (m,)
        Change of the least objective per unit of each row's binding side.
    gradient : array, shape (d,)
        Gradient of the minimised objective at the optimum.
    """
    found: dict[str, float] = {}
    for name, price in zip(space.row_names, prices, strict=True):
        if name == BUDGET:
            found[name] = -float(price)
        elif name and price != 0.0:
            # relaxing lowers a low side and raises a high one: either way the least objective falls
            found[name] = found.get(name, 0.0) + abs(float(price))
    reduced = gradient - prices @ space.rows
    size = 1e-9 * (1.0 + np.abs(gradient).max())
    for j, name in enumerate(names):
        owner = space.low_names[j] if reduced[j] > 0 else space.high_names[j]
        if owner and abs(reduced[j]) > size:
            found[f"{owner}: {name}"] = abs(float(reduced[j]))
    return found


def binding_limits(space: Space, names: tuple[str, ...], y: FloatArray) -> tuple[str, ...]:
    """Names of limits that hold with equality at y, in the problem's order; bounds as "limit: contract"."""
    value = space.rows @ y
    found: list[str] = []
    for k, name in enumerate(space.row_names):
        near = min(abs(value[k] - space.row_low[k]), abs(space.row_high[k] - value[k]))
        sides = [s for s in (space.row_low[k], space.row_high[k]) if np.isfinite(s)]
        if name and sides and near <= BINDING * (1.0 + max(abs(s) for s in sides)) and name not in found:
            found.append(name)
    for j, name in enumerate(names):
        for side, owner in ((space.low[j], space.low_names[j]), (space.high[j], space.high_names[j])):
            if owner and abs(y[j] - side) <= BINDING * (1.0 + abs(side)) and f"{owner}: {name}" not in found:
                found.append(f"{owner}: {name}")
    return tuple(found)
