"""Everything else, as one full programme: mixed limits, lots, drawdown, stress.

What belongs here: assembling objective and limits, explaining conflicts of curved limits.
What does not: the programme's blocks (`general`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.mathematics.allocation import general, highs, quadratic, tail
from energy_pipeline.mathematics.allocation import objectives as ob
from energy_pipeline.mathematics.allocation.by_quadratic import quadratic_terms
from energy_pipeline.mathematics.allocation.errors import BadProblemError, ConflictingLimitsError, SolverError, UnboundedError
from energy_pipeline.mathematics.allocation.evaluation import evaluate
from energy_pipeline.mathematics.allocation.found import Found, base_mean, joint_moments, mean_cost, measure_of
from energy_pipeline.mathematics.allocation.limits import Limit
from energy_pipeline.mathematics.allocation.problem import Problem
from energy_pipeline.mathematics.allocation.solution import binding_limits
from energy_pipeline.mathematics.allocation.space import BUDGET, Space


def solve_general(problem: Problem, objective: ob.Objective, space: Space, curved: Sequence[Limit]) -> Found:
    """Any objective that is linear or quadratic in the full programme, any limits."""
    matrix, cross, base = joint_moments(problem)
    joint = np.zeros((problem.count + 1, problem.count + 1))
    joint[:-1, :-1], joint[:-1, -1], joint[-1, :-1], joint[-1, -1] = quadratic.dense(matrix), cross, cross, base
    assembly, cost, factor = _assembled(problem, objective, space, curved, joint, soft=False)
    best = general.solve(assembly, cost, None if factor is None else factor * quadratic.dense(matrix))
    if best.status == highs.UNBOUNDED:
        raise UnboundedError([])
    if best.status == highs.INFEASIBLE:
        raise _explain_general(problem, objective, space, curved, joint)
    y = best.y if space.lots is not None else np.clip(best.y, space.low, space.high)
    value, maximised = _true_value(problem, objective, y[: problem.count])
    sign = -1.0 if maximised else 1.0
    solver = "Clarabel" if "Clarabel" in best.source else "HiGHS"
    found = Found(y, sign * value, best.bound, solver, best.source, maximised=maximised)
    found.more_prices = {name: price for name, price in best.curved_prices.items() if price > 1e-9}
    found.more_prices |= {n: abs(float(p)) for n, p in zip(space.row_names, best.row_prices, strict=True) if n and n != BUDGET and abs(p) > 1e-9}
    return found


def _assembled(
    problem: Problem, objective: ob.Objective, space: Space, curved: Sequence[Limit], joint: FloatArray, *, soft: bool
) -> tuple[general.Assembly, general.Expression, float | None]:
    """The full programme: its objective's linear part, and the factor of its quadratic part."""
    everything = np.arange(space.size)
    factor: float | None = None
    if isinstance(objective, (ob.MinVariance, ob.TrackingError, ob.Utility, ob.TargetReturn)):
        cost, factor, constant, space = quadratic_terms(problem, objective, space)
        assembly = general.Assembly(space)
        expression = general.Expression(everything, cost, constant)
    else:
        assembly = general.Assembly(space)
        if isinstance(objective, ob.MinDrawdown):
            expression = assembly.drawdown(problem.scenarios, problem.base, objective.confidence)
        elif isinstance(objective, ob.WorstStress):
            if problem.stress is None:
                raise BadProblemError(["WorstStress needs the problem's stress scenarios"])
            expression = assembly.tail(tail.worst_tail(problem.stress, None))
        elif isinstance(objective, ob.MaxMean):
            expression = general.Expression(everything, mean_cost(problem, space), -base_mean(problem))
        else:
            expression = _tail_expression(problem, objective, space, assembly)
    general.add_curved(assembly, problem, joint, curved, soft=soft)
    return assembly, expression, factor


def _tail_expression(problem: Problem, objective: ob.Objective, space: Space, assembly: general.Assembly) -> general.Expression:
    inner = assembly.tail(measure_of(problem, objective))
    if not isinstance(objective, ob.MeanCvar):
        return inner
    weight = objective.risk_aversion
    columns = np.concatenate([inner.columns, np.arange(space.size)])
    return general.Expression(columns, np.concatenate([weight * inner.values, mean_cost(problem, space)]), -base_mean(problem))


def _explain_general(problem: Problem, objective: ob.Objective, space: Space, curved: Sequence[Limit], joint: FloatArray) -> Exception:
    """Which curved limits cannot hold, and the least total by which they must give way."""
    if isinstance(objective, ob.TargetReturn):
        space = quadratic_terms(problem, objective, space)[3]
    assembly = general.Assembly(space)
    general.add_curved(assembly, problem, joint, curved, soft=True)
    columns = np.array(list(assembly.slacks.values()), dtype=np.int64)
    highs_ = {limit.name: float(getattr(limit, "high", 1.0)) for limit in curved}
    weights = np.array([1.0 / max(abs(highs_[name]), 1e-12) for name in assembly.slacks])
    if not columns.size:
        return ConflictingLimitsError("whole lots leave no position that satisfies the limits", _lot_names(problem), {})
    best = general.solve(assembly, general.Expression(columns, weights))
    if best.status != highs.OPTIMAL:
        return SolverError("the limits conflict, and so does their relaxation: whole lots leave no position at all")
    amounts = {name: slack for name, slack in best.slack.items() if slack > 1e-7 * max(abs(highs_[name]), 1e-12)}
    others = dict.fromkeys(name.split(": ")[0] for name in binding_limits(space, problem.names, best.y))
    return ConflictingLimitsError("no position satisfies all limits", [*(amounts or highs_), *others], amounts)


def _lot_names(problem: Problem) -> list[str]:
    return [limit.name for limit in problem.limits]


def _true_value(problem: Problem, objective: ob.Objective, x: FloatArray) -> tuple[float, bool]:
    """The objective from its definition, and whether it is to be large."""
    if isinstance(objective, ob.MaxMean):
        return problem.expected_pnl(x), True
    return evaluate(problem, objective, x), isinstance(objective, (ob.MeanCvar, ob.Utility))
