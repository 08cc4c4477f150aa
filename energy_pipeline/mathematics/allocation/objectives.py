"""What an allocation is asked to optimise.

What belongs here: the objectives as plain data, with units and conventions. What does not:
how each is solved (`solvers`).

Expected P&L is after trading costs. Pure risk measures (variance, deviations, drawdown)
do not see costs, which move no scenario against another; CVaR, VaR and minimax do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from energy_pipeline.domain.delivery import FloatArray


@dataclass(frozen=True)
class MaxMean:
    """Largest expected P&L; with a `CvarLimit` the answer is a point of the mean-CVaR frontier."""


@dataclass(frozen=True)
class MinVariance:
    """Least variance of the P&L."""


@dataclass(frozen=True)
class TargetReturn:
    """Least variance with an expected P&L of at least `low`."""

    low: float


@dataclass(frozen=True)
class TargetRisk:
    """Largest expected P&L with a volatility of at most `volatility`."""

    volatility: float


@dataclass(frozen=True)
class MaxSharpe:
    """Largest (expected P&L - risk_free) / volatility; risk_free is in the unit of the P&L (a rate where positions are weights)."""

    risk_free: float = 0.0


@dataclass(frozen=True)
class Utility:
    """Largest expected P&L - risk_aversion / 2 x variance."""

    risk_aversion: float


@dataclass(frozen=True)
class TrackingError:
    """Least variance of the difference to a named benchmark book (flat hub exposure, hedging programme; zeros: market neutral)."""

    benchmark: FloatArray
    benchmark_name: str = "benchmark"


@dataclass(frozen=True)
class MeanDeviation:
    """Least mean absolute deviation E |P&L - E P&L| (divisor T)."""


@dataclass(frozen=True)
class Minimax:
    """Least largest loss over the scenarios."""


@dataclass(frozen=True)
class WorstStress:
    """Least largest loss over the problem's stress scenarios."""


@dataclass(frozen=True)
class MinVar:
    """Least VaR: the smallest l with P(loss <= l) >= confidence. Not convex; solved exactly for moderate sizes.

    `seconds` or `nodes` of the tree bound the search; stopped early, the certificate shows the gap that is left.
    Only nodes stop it at the same place on every machine.
    """

    confidence: float = 0.95
    seconds: float = 60.0
    nodes: int | None = None


@dataclass(frozen=True)
class MinCvar:
    """Least CVaR of the loss."""

    confidence: float = 0.95


@dataclass(frozen=True)
class MeanCvar:
    """Largest expected P&L - risk_aversion x CVaR of the loss."""

    risk_aversion: float
    confidence: float = 0.95


@dataclass(frozen=True)
class MinDrawdown:
    """Least CDaR of the cumulative P&L, scenarios in time order (confidence 0: the mean drawdown)."""

    confidence: float = 0.95


@dataclass(frozen=True)
class RiskBudget:
    """Given shares of the variance; None: equal shares, which is risk parity. Takes signs, no limits but the budget."""

    budgets: FloatArray | None = None
    signs: FloatArray | None = None


@dataclass(frozen=True)
class InverseVolatility:
    """Weights in proportion to 1 / volatility."""


@dataclass(frozen=True)
class TargetVolatility:
    """The direction of another rule's answer (risk parity by default), scaled to this volatility."""

    volatility: float
    direction: RiskBudget | InverseVolatility = RiskBudget()


Objective: TypeAlias = (
    MaxMean
    | MinVariance
    | TargetReturn
    | TargetRisk
    | MaxSharpe
    | Utility
    | TrackingError
    | MeanDeviation
    | Minimax
    | WorstStress
    | MinVar
    | MinCvar
    | MeanCvar
    | MinDrawdown
    | RiskBudget
    | InverseVolatility
    | TargetVolatility
)
