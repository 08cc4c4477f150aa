"""Which method solves which problem: the solver policy, in one place.

What belongs here: the choice, the answer in one form, typed answers to the rest. What does
not: the methods.

| objective | linear limits only | with CVaR, drawdown or volatility limits | with lots |
|---|---|---|---|
| CVaR, mean - CVaR, minimax, MAD | `tail` (ours) | `general`: HiGHS, Clarabel where curved | `general`: HiGHS |
| largest mean | HiGHS | one CVaR limit: `lagrange` (ours); else `general` | `general` |
| variance, utility, tracking | `quadratic` (Clarabel, polished and certified by us) | `general`: Clarabel | refused |
| target risk, Sharpe | box and budget: `critical_line` (ours); else `quadratic` | refused | refused |
| VaR | `value_at_risk`: HiGHS on our bounds | refused | refused |
| drawdown, stress | `general`: HiGHS | `general` | `general` |
| risk budgets, inverse volatility | `risk_parity` (ours) | refused | refused |
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from energy_pipeline.mathematics.allocation import by_programme, by_quadratic, by_rule, by_tail, elastic, general
from energy_pipeline.mathematics.allocation import objectives as ob
from energy_pipeline.mathematics.allocation.errors import UnboundedError, UnsupportedError
from energy_pipeline.mathematics.allocation.found import Found
from energy_pipeline.mathematics.allocation.limits import CvarLimit, Limit, Lots
from energy_pipeline.mathematics.allocation.problem import Problem
from energy_pipeline.mathematics.allocation.solution import Certificate, Solution, binding_limits, prices_by_name
from energy_pipeline.mathematics.allocation.space import Space, build

Clock = Callable[[], float]


def solve(problem: Problem, objective: ob.Objective, clock: Clock | None = None) -> Solution:
    """The best positions, with their certificate.

    Parameters
    ----------
    clock : callable or None
        Seconds, for the timings (`time.perf_counter`); the package itself reads no clock.

    Raises
    ------
    ConflictingLimitsError
        No position satisfies the limits: which conflict, and the smallest relaxation.
    UnboundedError
        Nothing limits the objective.
    NoExcessReturnError
        Sharpe ratio where nothing earns more than the risk-free rate.
    UnsupportedError
        A combination without a method.
    SolverError
        A method stopped without an answer.

    Examples
    --------
    >>> from energy_pipeline.mathematics.allocation.problem import weights_problem
    >>> r = np.array([[0.01, -0.02], [-0.01, 0.03], [0.02, 0.00]])
    >>> s = solve(weights_problem(["a", "b"], r), ob.Minimax())
    >>> s.positions.round(4).tolist(), round(s.value, 6), s.certificate.relative_gap < 1e-9
    ([0.7143, 0.2857], -0.001429, True)
    """
    tick = clock or (lambda: 0.0)
    began = tick()
    space = build(problem)
    _check(problem, space)
    ready = tick()
    curved = [limit for limit in problem.limits if isinstance(limit, general.CURVED)]
    try:
        found = _method(problem, objective, curved)(problem, objective, space, curved)
    except UnboundedError as error:
        raise UnboundedError(error.contracts or _loose(problem, space)) from None
    done = tick()
    solution = _answer(problem, objective, space, found)
    timings = {"checks": ready - began, "solve": done - ready, "explain": tick() - done} if clock else {}
    return Solution(**{**vars(solution), "timings": timings})


def _check(problem: Problem, space: Space) -> None:
    """Feasibility of the linear limits, cheap where it can be seen by eye."""
    if space.is_simple:
        budget = float(space.row_low[0])
        slack = 1e-12 * (1.0 + abs(budget))
        if (space.low <= space.high).all() and space.low.sum() <= budget + slack and space.high.sum() >= budget - slack:
            return
    elif not len(space.row_names) and (space.low <= space.high).all():
        return
    error = elastic.explain(problem)
    if error is not None:
        raise error


def _loose(problem: Problem, space: Space) -> list[str]:
    n = problem.count
    return [
        name for name, low, high in zip(problem.names, space.low[:n], space.high[:n], strict=True) if not (np.isfinite(low) and np.isfinite(high))
    ]


_Method = Callable[[Problem, ob.Objective, Space, Sequence[Limit]], Found]


def _method(problem: Problem, objective: ob.Objective, curved: Sequence[Limit]) -> _Method:
    """The policy of the module's table."""
    lots = any(isinstance(limit, Lots) for limit in problem.limits)
    plain = not lots and not curved
    if isinstance(objective, (ob.MinDrawdown, ob.WorstStress)):
        return by_programme.solve_general
    if isinstance(objective, (ob.MinCvar, ob.MeanCvar, ob.Minimax, ob.MeanDeviation)):
        return by_tail.solve_tail if plain else by_programme.solve_general
    if isinstance(objective, ob.MaxMean):
        priced = not lots and len(curved) == 1 and isinstance(curved[0], CvarLimit)
        return by_tail.solve_priced if priced else by_programme.solve_general
    if isinstance(objective, (ob.MinVariance, ob.TrackingError, ob.Utility, ob.TargetReturn)):
        if lots:
            raise UnsupportedError("variance with whole lots needs a mixed-integer quadratic solver; use MinCvar or MeanDeviation with lots")
        return by_quadratic.solve_quadratic if plain else by_programme.solve_general
    if not plain:
        raise UnsupportedError(f"{type(objective).__name__} takes linear limits only; use MinVariance, Utility, MaxMean or MinCvar with the others")
    return _LINEAR_ONLY.get(type(objective), by_rule.solve_rule)


_LINEAR_ONLY: dict[type, _Method] = {
    ob.MaxSharpe: by_quadratic.solve_sharpe,
    ob.TargetRisk: by_quadratic.solve_target_risk,
    ob.MinVar: by_tail.solve_var,
}


def _answer(problem: Problem, objective: ob.Objective, space: Space, found: Found) -> Solution:
    n = problem.count
    sign = -1.0 if found.maximised else 1.0
    prices: dict[str, float] = {}
    if found.prices is not None and found.gradient is not None:
        prices = prices_by_name(space, problem.names, found.prices, found.gradient)
    x = found.y[:n].copy()
    return Solution(
        names=problem.names,
        positions=x,
        held=problem.start,
        objective=type(objective).__name__,
        sense="max" if found.maximised else "min",
        certificate=Certificate(sign * found.value, sign * found.bound, found.source),
        expected=problem.expected_pnl(x),
        trading_cost=problem.trading_cost(x),
        shadow_prices=prices | found.more_prices,
        binding=binding_limits(space, problem.names, found.y),
        solver=found.solver,
        notes=found.notes,
    )
