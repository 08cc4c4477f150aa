"""The book whose worst stress loses least: one linear programme with every limit of the day.

What belongs here: the programme and its answer as an optimum. What does not: the stresses' rows (`day_limits`), other objectives.

A stress's loss has the chord of its fee over a deviation's box, as in the limit on the worst stress. Where the shortfall must be limited,
the fee and the trading costs of each scenario are charged by what they never exceed, so the limit errs on the safe side.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.portfolio.program import Program, StressRows
from energy_pipeline.portfolio.tangents import NoPointError, Optimum

TOLERANCE = 1e-9
"""Of the least shortfall there is, where the limit cannot be kept [kEUR]."""


def least_stress(program: Program, stress: StressRows) -> Optimum:
    """The optimum; where the shortfall limit cannot be kept it is relaxed to the least the other limits allow.

    Raises
    ------
    OptimisationError
        When the solver stops without an optimum.
    """
    free = _solved(program, stress, None)
    if program.es_limit is None or program.shortfall(free.x) <= program.es_limit:
        return free
    try:
        return _solved(program, stress, program.es_limit)
    except NoPointError:
        least = _solved(program, stress, None, shortfall_only=True).bound
        relaxed = -least + TOLERANCE * max(1.0, abs(least))
        return replace(_solved(program, stress, relaxed), es_relaxed_to=relaxed)


def _solved(program: Program, stress: StressRows, es: float | None, *, shortfall_only: bool = False) -> Optimum:
    import cvxpy as cp

    x, worst = cp.Variable(program.variables), cp.Variable()
    rows: dict[str, Any] = {"lower": x >= program.lower, "upper": x <= program.upper, "stress": stress.rows @ x + stress.constant <= worst}
    m, first = program.contracts, program.deviations
    trade = x[first : first + m] - x[first + m :]
    if program.gross_room is not None and m:
        rows["gross"] = cp.sum(cp.abs(program.opening + trade)) <= program.gross_room
    own = program.further
    if own is not None and own.rows.size:
        rows["further"] = own.rows @ x <= own.room
    if own is not None and own.margin_mwh is not None and own.margin_offset_mwh is not None:
        held = own.margin_mwh * program.opening + own.margin_offset_mwh
        rows["margin"] = cp.sum(cp.abs(held + cp.multiply(own.margin_mwh, trade))) <= own.margin_room
    goal: Any = worst
    if es is not None or shortfall_only:
        shortfall, rows["tail"] = _shortfall(program, x)
        if shortfall_only:
            goal = shortfall
        else:
            rows["es"] = shortfall <= es
    problem = cp.Problem(cp.Minimize(goal), list(rows.values()))
    problem.solve(solver=cp.HIGHS)
    if problem.status != cp.OPTIMAL:
        raise NoPointError(f"portfolio: HiGHS stopped with status {problem.status} on the worst stress; report the day and its limits")
    price = {name: np.abs(np.asarray(row.dual_value, dtype=np.float64)) for name, row in rows.items()}
    return Optimum(
        x=np.clip(np.asarray(x.value, dtype=np.float64), program.lower, program.upper),
        bound=-float(problem.value),
        box_price=np.stack([price["lower"], price["upper"]], axis=1),
        gross_price=float(price.get("gross", 0.0)),
        es_price=float(price.get("es", 0.0)),
        further_price=price.get("further"),
        margin_price=float(price.get("margin", 0.0)),
        rounds=1,
    )


def _shortfall(program: Program, x: Any) -> tuple[Any, Any]:  # noqa: ANN401 - cvxpy's expressions
    """Expected shortfall against the mean day, never less than the exact one [kEUR], and the rows of its tail."""
    import cvxpy as cp

    k, scenarios = program.deviations, program.base.size
    slope = program.slope.copy()
    slope[:, :k] -= charged_rate(program)
    base = program.base - np.abs(program.surprise) @ program.fee
    quantile, beyond = cp.Variable(), cp.Variable(scenarios, nonneg=True)
    tail = quantile + cp.sum(beyond) / (scenarios * (1.0 - program.es_level))
    return tail + program.base.mean() + program.mean_slope @ x, beyond + quantile + slope @ x >= -base


def charged_rate(program: Program) -> FloatArray:
    """Fee and trading cost per MW of a deviation that a scenario is charged at most [kEUR/MW], shape (deviations,)."""
    k = program.deviations
    way = np.where(program.upper[:k] > 0, 1.0, -1.0)
    most = np.where(way > 0, program.upper[:k], program.lower[:k])
    return np.asarray(way * program.fee + program.charge_value(most) / np.where(most == 0.0, 1.0, most))
