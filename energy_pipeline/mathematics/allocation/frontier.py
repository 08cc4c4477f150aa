"""Efficient frontiers: mean against variance, mean against CVaR.

What belongs here: a given number of points, each an optimum with its certificate. What
does not: the single problems (`solvers`), corners (`critical_line`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.mathematics.allocation import critical_line, elastic, general, quadratic
from energy_pipeline.mathematics.allocation import objectives as ob
from energy_pipeline.mathematics.allocation.errors import SolverError
from energy_pipeline.mathematics.allocation.evaluation import evaluate
from energy_pipeline.mathematics.allocation.found import covariance_of
from energy_pipeline.mathematics.allocation.limits import MeanFloor
from energy_pipeline.mathematics.allocation.problem import Problem
from energy_pipeline.mathematics.allocation.solvers import solve
from energy_pipeline.mathematics.allocation.space import build


@dataclass(frozen=True)
class Frontier:
    """Efficient points from the least risk to the highest mean.

    Attributes
    ----------
    expected, risk : arrays, shape (k,)
        Expected P&L; volatility or CVaR.
    positions : array, shape (k, n)
    gaps : array, shape (k,)
        How far the objective of each point may lie from its optimum.
    solver : str
    """

    expected: FloatArray
    risk: FloatArray
    positions: FloatArray
    gaps: FloatArray
    solver: str


def mean_variance(problem: Problem, points: int = 100) -> Frontier:
    """Points at equal steps of expected P&L; exact where the limits are a box and a budget.

    Raises
    ------
    ConflictingLimitsError, UnboundedError, SolverError
    """
    space = build(problem)
    curved = any(isinstance(limit, general.CURVED) for limit in problem.limits)
    if space.is_simple and problem.base is None and np.isfinite(space.low).all() and not curved:
        error = elastic.explain(problem)
        if error is not None:
            raise error
        matrix = quadratic.dense(covariance_of(problem))
        try:
            corners = critical_line.trace(problem.mean, matrix, space.low, space.high, float(space.row_low[0]))
        except SolverError:
            # singular: one certified problem per point
            return _by_targets(problem, ob.MinVariance(), points)
        targets = np.linspace(corners.returns[-1], corners.returns[0], points)
        positions = corners.at_return(targets)
        risk = np.sqrt(np.maximum(np.einsum("ki,ki->k", positions @ matrix, positions), 0.0))
        return Frontier(positions @ problem.mean, risk, positions, _corner_gaps(corners, targets, positions), "critical line")
    return _by_targets(problem, ob.MinVariance(), points)


def mean_cvar(problem: Problem, confidence: float = 0.95, points: int = 20) -> Frontier:
    """Points at equal steps of expected P&L, each the least CVaR; any limits the tail kernel takes."""
    return _by_targets(problem, ob.MinCvar(confidence), points)


def _by_targets(problem: Problem, objective: ob.MinVariance | ob.MinCvar, points: int) -> Frontier:
    safest, best = solve(problem, objective), solve(problem, ob.MaxMean())
    targets = np.linspace(safest.expected, best.expected, points)
    # the last hundred-millionth is left out: there the set is a single point, and its interior empty
    targets[-1] -= 1e-8 * abs(targets[-1] - targets[0])
    found = [safest]
    for target in targets[1:]:
        floored = replace(problem, limits=(*problem.limits, MeanFloor("frontier target", float(target))))
        found.append(solve(floored, objective))
    positions = np.array([s.positions for s in found])
    risk = np.array([evaluate(problem, objective, x) for x in positions])
    gaps = np.array([s.certificate.gap for s in found])
    if isinstance(objective, ob.MinVariance):
        risk = np.sqrt(np.maximum(risk, 0.0))
    return Frontier(np.array([s.expected for s in found]), risk, positions, gaps, found[-1].solver)


def _corner_gaps(corners: critical_line.Corners, targets: FloatArray, positions: FloatArray) -> FloatArray:
    """Certificate of each point at the trade-off of its place between two corners."""
    returns, t = corners.returns, corners.trade_offs
    if len(t) == 1:
        return corners.gaps(np.zeros(len(targets)), positions)
    later = np.clip(np.searchsorted(-returns, -targets), 1, len(t) - 1)
    wide = returns[later - 1] - returns[later]
    share = np.where(wide > 0, (targets - returns[later]) / np.where(wide > 0, wide, 1.0), 0.0)
    return corners.gaps(t[later] + share * (t[later - 1] - t[later]), positions)
