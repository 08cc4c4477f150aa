"""Rules that give one set of positions: risk budgets, inverse volatility, target volatility.

What belongs here: their size, and the check against the limits. What does not: the
solver of risk budgets (`risk_parity`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.mathematics.allocation import objectives as ob
from energy_pipeline.mathematics.allocation import quadratic, risk_parity
from energy_pipeline.mathematics.allocation.errors import BadProblemError, ConflictingLimitsError, UnsupportedError
from energy_pipeline.mathematics.allocation.found import Found, covariance_of
from energy_pipeline.mathematics.allocation.limits import Limit
from energy_pipeline.mathematics.allocation.problem import Problem
from energy_pipeline.mathematics.allocation.space import Space


def solve_rule(problem: Problem, objective: ob.Objective, space: Space, curved: Sequence[Limit]) -> Found:
    """Rules that give positions without an optimisation over the limits; a limit they break is an error, not a surprise."""
    del curved
    matrix = quadratic.dense(covariance_of(problem))
    rule = objective.direction if isinstance(objective, ob.TargetVolatility) else objective
    total = 1.0 if problem.budget is None else problem.budget
    if isinstance(rule, ob.InverseVolatility):
        x, gap, solver = risk_parity.inverse_volatility(matrix), 0.0, "closed form"
    elif isinstance(rule, ob.RiskBudget):
        result = risk_parity.budgeted(matrix, rule.budgets, rule.signs)
        x, gap, solver = result.positions, result.deviation, "coordinate descent, Newton with conjugate gradients"
    else:
        raise UnsupportedError(f"no method for {type(objective).__name__}")
    sigma = math.sqrt(max(float(x @ matrix @ x), 0.0))
    if isinstance(objective, ob.TargetVolatility) and sigma <= 0:
        raise BadProblemError(["the rule's positions carry no risk, so no size has the target volatility"])
    scale = (
        objective.volatility / sigma
        if isinstance(objective, ob.TargetVolatility)
        else total / (float(x.sum()) if problem.budget is not None else 1.0)
    )
    x = x * scale
    y = np.concatenate([x, *_parts(problem, space, x)])
    if space.violation(y) > 1e-9:
        broken = _broken(space, problem.names, y)
        raise ConflictingLimitsError(f"{type(objective).__name__} gives one set of positions, and it breaks a limit", list(broken), broken)
    value = math.sqrt(max(float(x @ matrix @ x), 0.0))
    return Found(y, value, value * (1.0 - gap), solver, "largest relative deviation of a risk share")


def _parts(problem: Problem, space: Space, x: FloatArray) -> list[FloatArray]:
    """Values of the helper variables at given positions."""
    change, held = (x - problem.start)[space.traded], x[space.parted]
    return [np.maximum(change, 0.0), np.maximum(-change, 0.0), np.maximum(held, 0.0), np.maximum(-held, 0.0)]


def _broken(space: Space, names: tuple[str, ...], y: FloatArray) -> dict[str, float]:
    value = space.rows @ y
    found: dict[str, float] = {}
    for k, name in enumerate(space.row_names):
        over = max(space.row_low[k] - value[k], value[k] - space.row_high[k])
        if name and over > 1e-9:
            found[name] = max(found.get(name, 0.0), float(over))
    for j in range(len(names)):
        for over, owner in ((space.low[j] - y[j], space.low_names[j]), (y[j] - space.high[j], space.high_names[j])):
            if owner and over > 1e-9:
                found[owner] = max(found.get(owner, 0.0), float(over))
    return found
