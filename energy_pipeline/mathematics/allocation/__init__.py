"""Allocation: one description of a portfolio problem, one certified answer.

What belongs here: problems, limits, objectives, solvers, frontiers, covariances. What does
not: the day's book of the daily flow (`portfolio.decision`), risk reports (`risk`).

`solve(Problem(...), objective)` gives positions, a bound that proves them, shadow prices
and the limits that bind, or a typed error that says which limits conflict.
"""

from energy_pipeline.mathematics.allocation.black_litterman import Posterior, View, equilibrium, posterior
from energy_pipeline.mathematics.allocation.covariance import FactorCovariance, nearest_psd, sample
from energy_pipeline.mathematics.allocation.errors import (
    AllocationError,
    BadProblemError,
    ConflictingLimitsError,
    NoExcessReturnError,
    SolverError,
    UnboundedError,
    UnsupportedError,
)
from energy_pipeline.mathematics.allocation.evaluation import evaluate
from energy_pipeline.mathematics.allocation.frontier import Frontier, mean_cvar, mean_variance
from energy_pipeline.mathematics.allocation.limits import (
    Bounds,
    CvarLimit,
    DrawdownLimit,
    Gross,
    Linear,
    Lots,
    MeanFloor,
    StressLimit,
    Turnover,
    VolatilityLimit,
)
from energy_pipeline.mathematics.allocation.objectives import (
    InverseVolatility,
    MaxMean,
    MaxSharpe,
    MeanCvar,
    MeanDeviation,
    MinCvar,
    MinDrawdown,
    Minimax,
    MinVar,
    MinVariance,
    RiskBudget,
    TargetReturn,
    TargetRisk,
    TargetVolatility,
    TrackingError,
    Utility,
    WorstStress,
)
from energy_pipeline.mathematics.allocation.problem import Problem, quoted_problem, weights_problem
from energy_pipeline.mathematics.allocation.solution import Certificate, Solution
from energy_pipeline.mathematics.allocation.solvers import solve

__all__ = [
    "AllocationError",
    "BadProblemError",
    "Bounds",
    "Certificate",
    "ConflictingLimitsError",
    "CvarLimit",
    "DrawdownLimit",
    "FactorCovariance",
    "Frontier",
    "Gross",
    "InverseVolatility",
    "Linear",
    "Lots",
    "MaxMean",
    "MaxSharpe",
    "MeanCvar",
    "MeanDeviation",
    "MeanFloor",
    "MinCvar",
    "MinDrawdown",
    "MinVar",
    "MinVariance",
    "Minimax",
    "NoExcessReturnError",
    "Posterior",
    "Problem",
    "RiskBudget",
    "Solution",
    "SolverError",
    "StressLimit",
    "TargetReturn",
    "TargetRisk",
    "TargetVolatility",
    "TrackingError",
    "Turnover",
    "UnboundedError",
    "UnsupportedError",
    "Utility",
    "View",
    "VolatilityLimit",
    "WorstStress",
    "equilibrium",
    "evaluate",
    "mean_cvar",
    "mean_variance",
    "nearest_psd",
    "posterior",
    "quoted_problem",
    "sample",
    "solve",
    "weights_problem",
]
