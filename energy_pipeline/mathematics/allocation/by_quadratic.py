"""Objectives with a variance: least variance, tracking, utility, targets, Sharpe.

What belongs here: turning them into quadratic programmes or points of the critical line.
What does not: those (`quadratic`, `critical_line`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.mathematics.allocation import critical_line, elastic, highs, quadratic
from energy_pipeline.mathematics.allocation import objectives as ob
from energy_pipeline.mathematics.allocation.covariance import FactorCovariance
from energy_pipeline.mathematics.allocation.errors import (
    BadProblemError,
    ConflictingLimitsError,
    NoExcessReturnError,
    SolverError,
    UnboundedError,
    UnsupportedError,
)
from energy_pipeline.mathematics.allocation.evaluation import evaluate
from energy_pipeline.mathematics.allocation.found import Found, base_mean, covariance_of, joint_moments, mean_cost, of_kind, rank_note
from energy_pipeline.mathematics.allocation.limits import Limit, MeanFloor
from energy_pipeline.mathematics.allocation.problem import Problem
from energy_pipeline.mathematics.allocation.solution import binding_limits
from energy_pipeline.mathematics.allocation.space import Space


def quadratic_terms(problem: Problem, objective: ob.Objective, space: Space) -> tuple[FloatArray, float, float, Space]:
    """Linear cost, factor (of 1/2 x'Cx), constant and space of a quadratic objective."""
    matrix, cross, base = joint_moments(problem)
    if isinstance(objective, ob.TrackingError):
        if objective.benchmark.shape != (problem.count,):
            raise BadProblemError([f"benchmark {objective.benchmark_name!r} has shape {objective.benchmark.shape}, needs ({problem.count},)"])
        pull = quadratic.times(matrix, objective.benchmark)
        return space.lift(-2.0 * pull), 2.0, float(objective.benchmark @ pull), space
    if isinstance(objective, ob.Utility):
        a = objective.risk_aversion
        return mean_cost(problem, space) + space.lift(a * cross), a, 0.5 * a * base - base_mean(problem), space
    if isinstance(objective, ob.TargetReturn):
        row = -mean_cost(problem, space)
        space = space.with_row("target return", row, objective.low - base_mean(problem), np.inf)
    return space.lift(2.0 * cross), 2.0, base, space


def solve_quadratic(problem: Problem, objective: ob.Objective, space: Space, curved: Sequence[Limit]) -> Found:
    """Least variance, tracking error, utility, least variance at a target return."""
    del curved
    cost, factor, constant, wider = quadratic_terms(problem, objective, space)
    if isinstance(objective, ob.TargetReturn):
        _check_target(problem, objective.low)
    matrix = joint_moments(problem)[0]
    best = quadratic.minimise(wider, matrix, cost, factor)
    notes = rank_note(problem, matrix)
    m = len(space.row_low)
    extra = {"target return": abs(float(best.row_prices[m]))} if len(wider.row_low) > m and best.row_prices[m] else {}
    solver = "Clarabel, polished on the active limits" if best.polished else "Clarabel"
    found = Found(
        best.y,
        best.value + constant,
        best.bound + constant,
        solver,
        "tangent at the answer over the limits",
        best.row_prices[:m],
        best.gradient - best.row_prices[m:] @ wider.rows[m:],
        extra,
        notes,
    )
    found.maximised = isinstance(objective, ob.Utility)
    if isinstance(objective, ob.TrackingError):
        # from the definition: a square, so that a perfect copy shows zero and not a rounded difference
        found.value = evaluate(problem, objective, best.y[: problem.count])
        found.bound = min(max(found.bound, 0.0), found.value)
    return found


def _check_target(problem: Problem, low: float) -> None:
    error = elastic.explain(replace(problem, limits=(*problem.limits, MeanFloor("target return", low))))
    if error is not None:
        raise error


def _corners(problem: Problem, space: Space) -> critical_line.Corners | None:
    """The critical line where the limits are a box and a budget and the covariance allows it."""
    if not space.is_simple or problem.base is not None or not np.isfinite(space.low).all():
        return None
    try:
        return critical_line.trace(problem.mean, quadratic.dense(covariance_of(problem)), space.low, space.high, float(space.row_low[0]))
    except SolverError:
        return None


def solve_sharpe(problem: Problem, objective: ob.Objective, space: Space, curved: Sequence[Limit]) -> Found:
    """Largest Sharpe ratio."""
    del curved
    risk_free = of_kind(objective, ob.MaxSharpe).risk_free
    matrix, cross, base = joint_moments(problem)
    if problem.base is not None:
        raise UnsupportedError("a Sharpe ratio with a base book: hold the base as one more contract with equal bounds instead")
    del cross, base
    top = highs.solve(space.programme(mean_cost(problem, space)))
    if top.status == highs.OPTIMAL and -top.value <= risk_free:
        raise NoExcessReturnError(-top.value, risk_free)
    corners = _corners(problem, space)
    if corners is not None:
        x = corners.largest_sharpe(risk_free)
        bound = _sharpe_bound(problem, space, x, matrix, risk_free)
        solver = "critical line"
    else:
        x, bound = quadratic.largest_sharpe(space, matrix, -mean_cost(problem, space), -risk_free)
        solver = "Clarabel on the homogenised programme, polished"
    n = problem.count
    value = (problem.expected_pnl(x[:n]) - risk_free) / float(np.sqrt(x[:n] @ quadratic.times(matrix, x[:n])))
    return Found(x, -value, -max(bound, value), solver, "tangent at the answer over the limits", notes=rank_note(problem, matrix), maximised=True)


def _sharpe_bound(problem: Problem, space: Space, x: FloatArray, matrix: FloatArray | FactorCovariance, risk_free: float) -> float:
    """Upper bound on the ratio: at slope s, max (mean.v - rf) - s sigma(v) is at most its tangent's maximum; shift s by that over the least risk.

    Every v has (mean.v - rf) <= s sigma(v) + excess with excess from the tangent of sigma at x, so its ratio is
    at most s + excess / sigma_min, where sigma_min is the least volatility (from the tangent of the variance).
    """
    pull = quadratic.times(matrix, x)
    sigma = float(np.sqrt(x @ pull))
    slope = (float(problem.mean @ x) - risk_free) / sigma
    budget = float(space.row_low[0])
    gradient = problem.mean - slope * pull / sigma
    best = critical_line.fill(-gradient[None, :], space.low, np.minimum(space.high, space.low + budget - space.low.sum() + 1.0), budget)[0]
    excess = max(float(gradient @ best) - risk_free, 0.0)
    least = quadratic.minimise(space, matrix, np.zeros(space.size), 2.0).bound
    return slope + (excess / float(np.sqrt(least)) if least > 0 else (np.inf if excess > 1e-12 * abs(slope) * sigma else 0.0))


def solve_target_risk(problem: Problem, objective: ob.Objective, space: Space, curved: Sequence[Limit]) -> Found:
    """Along the utility optima: their volatility falls as the aversion rises, so the aversion that meets the target is searched."""
    del curved
    matrix, cross, base = joint_moments(problem)
    goal = of_kind(objective, ob.TargetRisk).volatility
    cost = mean_cost(problem, space)

    def volatility(y: FloatArray) -> float:
        x = y[: problem.count]
        return math.sqrt(max(float(x @ quadratic.times(matrix, x) + 2.0 * float(cross @ x) + base), 0.0))

    least = quadratic.minimise(space, matrix, space.lift(2.0 * cross), 2.0)
    if volatility(least.y) > goal * (1.0 + 1e-9):
        others = dict.fromkeys(name.split(": ")[0] for name in binding_limits(space, problem.names, least.y))
        raise ConflictingLimitsError(
            f"the least volatility the limits allow is {volatility(least.y):.6g}, above the target {goal:.6g}",
            ["target risk", *others],
            {"target risk": volatility(least.y) - goal},
        )
    constant = -base_mean(problem)
    top = highs.solve(space.programme(cost))
    if top.status == highs.OPTIMAL and volatility(top.y) <= goal:
        found = Found(top.y, top.value + constant, top.value + constant, "HiGHS", "linear programme: the target does not bind", top.row_prices, cost)
        found.maximised = True
        return found
    corners = _corners(problem, space)
    if corners is not None:
        y = corners.at_risk(goal)
        aversion = _aversion(problem, space, matrix, y)
        solver = "critical line"
    else:
        y, aversion = _search_aversion(space, matrix, cross, cost, volatility, goal)
        solver = "Clarabel along the aversion"
    # Lagrangian: cost.v + a/2 (variance(v) - goal^2) is convex and lies above its tangent at y
    pull = quadratic.times(matrix, y[: problem.count]) + cross
    gradient = cost + space.lift(aversion * pull)
    tangent = highs.solve(space.programme(gradient))
    lagrangian = float(cost @ y) + 0.5 * aversion * (volatility(y) ** 2 - goal**2)
    bound = lagrangian + tangent.value - float(gradient @ y) if tangent.status == highs.OPTIMAL else -np.inf
    found = Found(y, float(cost @ y) + constant, bound + constant, solver, "Lagrangian tangent over the limits", tangent.row_prices, gradient)
    found.more_prices, found.maximised = {"target risk": aversion * goal}, True
    return found


def _aversion(problem: Problem, space: Space, matrix: FloatArray | FactorCovariance, y: FloatArray) -> float:
    """1/t on the critical line at y: from two free contracts mean_i - mean_j = a ((Cy)_i - (Cy)_j)."""
    free = np.flatnonzero((y > space.low + 1e-9) & (y < space.high - 1e-9))
    if free.size < 2:
        return 0.0
    mean, pull = problem.mean[free], quadratic.times(matrix, y)[free]
    mean, pull = mean - mean.mean(), pull - pull.mean()
    return max(float(mean @ pull) / float(pull @ pull), 0.0) if float(pull @ pull) > 0 else 0.0


def _bracket(risk: Callable[[float], float], goal: float, low: float, high: float) -> tuple[float, float]:
    """Logarithms of aversions whose risks lie on the two sides of the goal."""
    for _ in range(30):
        if risk(low) >= goal:
            break
        low -= 4.0
    for _ in range(30):
        if risk(high) <= goal:
            break
        high += 4.0
    return low, high


def _search_aversion(
    space: Space, matrix: FloatArray | FactorCovariance, cross: FloatArray, cost: FloatArray, volatility: Callable[[FloatArray], float], goal: float
) -> tuple[FloatArray, float]:
    """Bisection on the logarithm of the aversion, then the chord between the two nearest answers."""

    def at(log_aversion: float) -> FloatArray:
        a = float(np.exp(log_aversion))
        return quadratic.minimise(space, matrix, cost + space.lift(a * cross), a).y

    def risk(log_aversion: float) -> float:
        try:
            return volatility(at(log_aversion))
        except UnboundedError:
            return np.inf

    guess = float(np.log(max(float(np.abs(cost).max()) / goal, 1e-12)))
    low, high = _bracket(risk, goal, guess - 2.0, guess + 2.0)
    safe = at(high)
    for _ in range(60):
        middle = 0.5 * (low + high)
        y = at(middle)
        if volatility(y) > goal:
            low = middle
        else:
            high, safe = middle, y
        if high - low < 1e-13 or abs(volatility(safe) / goal - 1.0) < 1e-12:
            break
    return safe, float(np.exp(high))
