"""Any positions measured by any objective.

What belongs here: objectives from their definitions, over all scenarios. What does not:
optimisation.
"""

from __future__ import annotations

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.mathematics.allocation import measures, quadratic
from energy_pipeline.mathematics.allocation import objectives as ob
from energy_pipeline.mathematics.allocation.found import joint_moments
from energy_pipeline.mathematics.allocation.problem import Problem


def evaluate(problem: Problem, objective: ob.Objective, positions: FloatArray) -> float:
    """Any positions measured by any objective, from its definition over all scenarios.

    Variances for variance objectives, volatility for risk rules, losses positive for tail measures.
    """
    pnl = problem.pnl(positions)
    if isinstance(objective, (ob.MinCvar, ob.MeanCvar)):
        risk = measures.cvar(-pnl, objective.confidence, problem.probabilities)
        return problem.expected_pnl(positions) - objective.risk_aversion * risk if isinstance(objective, ob.MeanCvar) else risk
    if isinstance(objective, (ob.MinVar, ob.Minimax, ob.WorstStress, ob.MeanDeviation, ob.MinDrawdown)):
        return _tail(problem, objective, positions, pnl)
    if isinstance(objective, (ob.MaxMean, ob.TargetRisk)):
        return problem.expected_pnl(positions)
    return _moments(problem, objective, positions)


def _tail(
    problem: Problem, objective: ob.MinVar | ob.Minimax | ob.WorstStress | ob.MeanDeviation | ob.MinDrawdown, positions: FloatArray, pnl: FloatArray
) -> float:
    """Measures of the distribution of the P&L, its order or the stress scenarios."""
    if isinstance(objective, ob.MinVar):
        return measures.value_at_risk(-pnl, objective.confidence, problem.probabilities)
    if isinstance(objective, ob.Minimax):
        return float((-pnl).max())
    if isinstance(objective, ob.MeanDeviation):
        return measures.mean_absolute_deviation(pnl, problem.probabilities)
    if isinstance(objective, ob.MinDrawdown):
        return measures.conditional_drawdown(pnl + problem.trading_cost(positions), objective.confidence)
    shocks = np.zeros(1) if problem.stress is None else problem.stress @ positions
    return float((-shocks).max()) + problem.trading_cost(positions)


def _moments(problem: Problem, objective: ob.Objective, positions: FloatArray) -> float:
    """Measures from mean and covariance."""
    matrix, cross, base = joint_moments(problem)
    if isinstance(objective, ob.TrackingError):
        positions = positions - objective.benchmark
        return float(positions @ quadratic.times(matrix, positions))
    variance = float(positions @ quadratic.times(matrix, positions) + 2.0 * cross @ positions) + base
    if isinstance(objective, ob.Utility):
        return problem.expected_pnl(positions) - 0.5 * objective.risk_aversion * variance
    if isinstance(objective, ob.MaxSharpe):
        return (problem.expected_pnl(positions) - objective.risk_free) / float(np.sqrt(variance))
    return variance if isinstance(objective, (ob.MinVariance, ob.TargetReturn)) else float(np.sqrt(variance))
