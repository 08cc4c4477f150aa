"""Risk by component: Euler, marginal and incremental.

What belongs here: the parts of volatility, VaR and ES, and what the book's risk would be without one.
What does not: what the components are (`components`), the measures themselves (`measures`).

Euler contributions add up to the measure exactly: each is the derivative of the measure by the size of
the component. Marginal: Euler contribution per unit held. Incremental: the book's measure less that of
the book without the component; these do not add up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.mathematics.statistics.estimators import RiskInputError
from energy_pipeline.mathematics.statistics.measures import shortfall_contributions, var_contributions, volatility, volatility_contributions
from energy_pipeline.mathematics.statistics.tail import expected_shortfall, value_at_risk

Measure = Literal["volatility", "var", "es"]


@dataclass(frozen=True)
class Contribution:
    """One component's part of a measure [EUR]."""

    component: str
    euler_eur: float
    incremental_eur: float
    marginal_eur_per_unit: float | None


def euler(parts: FloatArray, measure: Measure, level: float = 0.0) -> FloatArray:
    """Euler contributions, shape (components,).

    Parameters
    ----------
    parts : array, shape (components, scenarios)
        P&L [EUR].

    Raises
    ------
    RiskInputError
        For no component, one scenario, or values that are not finite.
    """
    if parts.ndim != 2 or parts.shape[0] == 0 or parts.shape[1] < 2:
        raise RiskInputError(f"components have shape {parts.shape} -> components x scenarios, at least one and two")
    if not np.isfinite(parts).all():
        bad = np.flatnonzero(~np.isfinite(parts).all(axis=1)).tolist()
        raise RiskInputError(f"P&L of component(s) {bad} is not finite -> repair the scenarios")
    if measure == "volatility":
        return volatility_contributions(parts)
    return var_contributions(parts, level) if measure == "var" else shortfall_contributions(parts, level)


def measured(pnl: FloatArray, measure: Measure, level: float = 0.0) -> float:
    """The measure of P&L over scenarios: loss against expectation [EUR]."""
    if measure == "volatility":
        return volatility(pnl)
    loss = pnl.mean() - pnl
    return value_at_risk(loss, level) if measure == "var" else expected_shortfall(loss, level)


def decompose(parts: dict[str, FloatArray], measure: Measure, level: float = 0.0, units: dict[str, float] | None = None) -> list[Contribution]:
    """All contributions of named parts.

    Parameters
    ----------
    units : dict, optional
        Size held of a component (MW, MWh), for marginal contributions.

    Examples
    --------
    >>> parts = {"a": np.array([1.0, -1.0, 2.0, -2.0]), "b": np.array([-1.0, 1.0, -2.0, 2.0]) / 2}
    >>> [(c.component, round(c.euler_eur, 3), round(c.incremental_eur, 3)) for c in decompose(parts, "volatility")]
    [('a', 1.826, 0.0), ('b', -0.913, -0.913)]
    """
    stacked = np.stack(list(parts.values()))
    total = stacked.sum(axis=0)
    whole = measured(total, measure, level)
    found = []
    for (name, own), contribution in zip(parts.items(), euler(stacked, measure, level).tolist(), strict=True):
        size = (units or {}).get(name)
        found.append(Contribution(name, contribution, whole - measured(total - own, measure, level), contribution / size if size else None))
    return found
