"""What every method works with: its raw answer, and the parts of a problem they share.

What belongs here: the unsigned answer, starting points, the tail measure, moments with the base book. What
does not: methods, their choice (`solvers`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.mathematics.allocation import objectives as ob
from energy_pipeline.mathematics.allocation import tail
from energy_pipeline.mathematics.allocation.covariance import FactorCovariance, sample
from energy_pipeline.mathematics.allocation.errors import BadProblemError
from energy_pipeline.mathematics.allocation.problem import Problem
from energy_pipeline.mathematics.allocation.space import Space

T = TypeVar("T")


@dataclass
class Found:
    """A method's answer to `minimise`, before it is named and signed."""

    y: FloatArray
    value: float
    bound: float
    solver: str
    source: str
    prices: FloatArray | None = None
    gradient: FloatArray | None = None
    more_prices: dict[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    maximised: bool = False


def of_kind(value: object, kind: type[T]) -> T:
    """The value, known to be of this kind (the policy sent it here)."""
    if not isinstance(value, kind):
        raise TypeError(f"{type(value).__name__} where {kind.__name__} belongs")
    return value


def measure_of(problem: Problem, objective: ob.Objective) -> tail.Tail:
    """The tail measure of an objective."""
    if isinstance(objective, (ob.MinCvar, ob.MeanCvar)):
        if not 0.0 <= objective.confidence < 1.0:
            raise BadProblemError([f"confidence {objective.confidence} is not in [0, 1)"])
        return tail.cvar_tail(problem.scenarios, problem.base, objective.confidence, problem.probabilities)
    if isinstance(objective, ob.Minimax):
        return tail.worst_tail(problem.scenarios, problem.base)
    return tail.deviation_tail(problem.scenarios, problem.base, problem.probabilities)


def covariance_of(problem: Problem) -> FloatArray | FactorCovariance:
    """The problem's risk model, or the scenarios' covariance."""
    return sample(problem.scenarios, problem.probabilities) if problem.covariance is None else problem.covariance


def joint_moments(problem: Problem) -> tuple[FloatArray | FactorCovariance, FloatArray, float]:
    """Covariance of the contracts, with the base, and variance of the base."""
    matrix = covariance_of(problem)
    if problem.base is None:
        return matrix, np.zeros(problem.count), 0.0
    both = np.column_stack([problem.scenarios, problem.base])
    full = sample(both, problem.probabilities)
    return matrix, full[:-1, -1], float(full[-1, -1])


def start_of(problem: Problem, space: Space) -> FloatArray:
    """Where the search begins: what is held, or the budget spread evenly."""
    x = problem.start if problem.budget is None else np.full(problem.count, problem.budget / problem.count)
    return space.lift(np.clip(x, space.low[: problem.count], space.high[: problem.count]))


def mean_cost(problem: Problem, space: Space) -> FloatArray:
    """Minus expected P&L after costs, as a cost (without the base)."""
    result: FloatArray = space.cost - space.lift(problem.mean)
    return result


def base_mean(problem: Problem) -> float:
    """Expected P&L of the base book."""
    return 0.0 if problem.base is None else float(problem.weights @ problem.base)


def rank_note(problem: Problem, matrix: FloatArray | FactorCovariance) -> tuple[str, ...]:
    """Says so where positions exist that carry no risk in the estimate: the answer is then one of many."""
    if isinstance(matrix, FactorCovariance):
        return () if (matrix.specific > 0).all() else ("some contracts have no specific variance: other positions may have the same risk",)
    values = np.linalg.eigvalsh(matrix) if problem.count <= 600 else np.array([1.0, 1.0])
    if values[0] > 1e-12 * max(values[-1], 1e-300):
        return ()
    rank = int((values > 1e-12 * max(values[-1], 1e-300)).sum())
    return (f"covariance is singular (rank {rank} of {problem.count}): other positions may have the same risk; shrink it, or add scenarios",)
