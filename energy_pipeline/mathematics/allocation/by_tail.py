"""Objectives with a tail: CVaR, minimax, deviation, mean under a CVaR limit, VaR.

What belongs here: turning them into calls of the kernels. What does not: the kernels
(`tail`, `lagrange`, `value_at_risk`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.mathematics.allocation import lagrange, tail, value_at_risk
from energy_pipeline.mathematics.allocation import objectives as ob
from energy_pipeline.mathematics.allocation.by_programme import solve_general
from energy_pipeline.mathematics.allocation.errors import ConflictingLimitsError
from energy_pipeline.mathematics.allocation.found import Found, base_mean, mean_cost, measure_of, of_kind, start_of
from energy_pipeline.mathematics.allocation.limits import CvarLimit, Limit
from energy_pipeline.mathematics.allocation.problem import Problem
from energy_pipeline.mathematics.allocation.solution import binding_limits
from energy_pipeline.mathematics.allocation.space import Space


def tail_terms(problem: Problem, objective: ob.Objective, space: Space) -> tuple[FloatArray, float, float]:
    """Linear cost, weight of the tail, constant."""
    if isinstance(objective, ob.MeanCvar):
        return mean_cost(problem, space) + objective.risk_aversion * space.cost, objective.risk_aversion, -base_mean(problem)
    return (np.zeros(space.size) if isinstance(objective, ob.MeanDeviation) else space.cost), 1.0, 0.0


def solve_tail(problem: Problem, objective: ob.Objective, space: Space, curved: Sequence[Limit]) -> Found:
    """CVaR, mean - CVaR, minimax, mean absolute deviation under linear limits."""
    cost, weight, constant = tail_terms(problem, objective, space)
    if weight <= 0:
        return solve_general(problem, ob.MaxMean(), space, curved)
    best = tail.minimise(space, cost, weight, measure_of(problem, objective), start_of(problem, space))
    y = np.clip(best.y, space.low, space.high)
    source = f"scenario weights and row prices; {best.used} of {len(problem.scenarios)} scenarios, {best.rounds} rounds"
    found = Found(y, best.value + constant, best.bound + constant, best.method, source, best.row_prices, best.gradient)
    found.maximised = isinstance(objective, ob.MeanCvar)
    return found


def solve_priced(problem: Problem, objective: ob.Objective, space: Space, curved: Sequence[Limit]) -> Found:
    """Largest mean under one CVaR limit."""
    del objective
    limit = of_kind(curved[0], CvarLimit)
    measure = tail.cvar_tail(problem.scenarios, problem.base, limit.confidence, problem.probabilities)
    cost = mean_cost(problem, space)
    best = lagrange.minimise(space, cost, measure, limit.high, start_of(problem, space))
    if best.least > limit.high + 1e-9 * abs(limit.high):
        raise _curved_conflict(problem, space, limit, best.least, best.y)
    constant = -base_mean(problem)
    found = Found(
        best.y, best.value + constant, best.bound + constant, "price search over the tail simplex", "Lagrangian of the CVaR limit", maximised=True
    )
    found.more_prices = {limit.name: best.price} if best.price > 0 else {}
    if best.inner is not None and best.price > 0:
        found.prices, found.gradient = best.inner.row_prices, best.inner.gradient
    return found


def _curved_conflict(problem: Problem, space: Space, limit: CvarLimit, least: float, y: FloatArray) -> ConflictingLimitsError:
    others = dict.fromkeys(name.split(": ")[0] for name in binding_limits(space, problem.names, y))
    return ConflictingLimitsError(
        f"the least CVaR the other limits allow is {least:.6g}, above the limit {limit.high:.6g}",
        [limit.name, *others],
        {limit.name: least - limit.high},
    )


def solve_var(problem: Problem, objective: ob.Objective, space: Space, curved: Sequence[Limit]) -> Found:
    """Least VaR."""
    del curved
    goal = of_kind(objective, ob.MinVar)
    best = value_at_risk.minimise(
        space, problem.scenarios, problem.base, problem.probabilities, goal.confidence, start_of(problem, space), goal.seconds, nodes=goal.nodes
    )
    notes = () if best.proven else ("stopped early: the bound shows what is open",)
    return Found(best.y, best.value, best.bound, "HiGHS with settled scenarios", f"branch and bound over {best.binaries} binaries", notes=notes)
