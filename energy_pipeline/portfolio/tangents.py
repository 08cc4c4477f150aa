"""What the day's programme is solved with: goals, tangents found so far, an optimum.

What belongs here: the data that the rounds (`cuts`) and an LP of one round (`written_lp`) share. What does not: solving.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from energy_pipeline.domain.delivery import FloatArray, IntArray
from energy_pipeline.domain.errors import PipelineError
from energy_pipeline.portfolio.program import Program

SHRUNK = 1e-7
"""So much of its room a further limit leaves to the solver's tolerance [kEUR, MWh]."""


class OptimisationError(PipelineError):
    """The solver stopped without an optimum."""


class NoPointError(OptimisationError):
    """No decision keeps the limits."""


@dataclass(frozen=True)
class Goal:
    """Weights of the objective: mean P&L, CVaR at the confidence, ES against the mean day at the limit's level."""

    mean: float
    cvar: float
    shortfall: float
    level: float | None = None  # of the CVaR, where it is not the programme's confidence


@dataclass(frozen=True)
class Optimum:
    """A solved programme.

    Attributes
    ----------
    x : array, shape (variables,)
    bound : float
        Upper bound on the objective from the last LP [kEUR].
    box_price : array, shape (variables, 2)
        Gain per MW of a lower and a higher box side [kEUR/MW].
    gross_price : float
        Gain per MW of gross room [kEUR/MW].
    es_price : float
        Gain per kEUR of expected shortfall allowed.
    rounds : int
    es_relaxed_to : float or None
        The shortfall bound used instead of the limit, where the limit could not be kept [kEUR].
    further_price : array, shape (limits,), or None
        Gain per kEUR of each further limit; None where none is near.
    margin_price : float
        Gain per MWh of margined energy [kEUR/MWh].
    further_relaxed, margin_relaxed : array (limits,) [kEUR] or None, float [MWh]
        By how much further limits were widened, because they cannot be kept.
    """

    x: FloatArray
    bound: float
    box_price: FloatArray
    gross_price: float = 0.0
    es_price: float = 0.0
    rounds: int = 0
    es_relaxed_to: float | None = None
    further_price: FloatArray | None = None
    margin_price: float = 0.0
    further_relaxed: FloatArray | None = None
    margin_relaxed: float = 0.0


@dataclass
class TailCuts:
    """Tangents of the losses of tail scenarios, for one confidence level."""

    scenarios: list[IntArray] = field(default_factory=list)
    constants: list[FloatArray] = field(default_factory=list)
    gradients: list[FloatArray] = field(default_factory=list)

    def add(self, program: Program, x: FloatArray, rows: IntArray) -> None:
        """Add the tangents at x of these scenarios."""
        constant, gradient = program.loss_tangents(x, rows)
        self.scenarios.append(rows)
        self.constants.append(constant)
        self.gradients.append(gradient)


@dataclass
class Cuts:
    """All tangents found so far; they stay true for every goal and limit."""

    fee_constants: list[FloatArray]
    fee_slopes: list[FloatArray]
    cvar: TailCuts
    shortfall: TailCuts
