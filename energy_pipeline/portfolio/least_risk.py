"""The book of the least risk of a kind: one convex programme with every limit of the day.

What belongs here: the programme, and the kinds: worst stress, drawdown and VaR over the week's paths. What does not: the numbers of the
stresses (`day_limits`) and of the week (`week_paths`), other objectives.

A stress's loss has the chord of its fee over a deviation's box, as in the limit on the worst stress. Where the shortfall must be limited,
the fee and the trading costs of each scenario are charged by what they never exceed, so the limit errs on the safe side. VaR is not
convex: a binary per path says which may lie beyond it, and prices are those of the programme with these paths.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from energy_pipeline.mathematics.allocation.measures import EDGE
from energy_pipeline.portfolio.program import Program, StressRows
from energy_pipeline.portfolio.tangents import NoPointError, Optimum
from energy_pipeline.portfolio.week_rows import WeekRows

TOLERANCE = 1e-9
"""Of the least shortfall there is, where the limit cannot be kept [kEUR]."""
NODES = 5000
"""Of the search for the least VaR: nodes, not seconds, stop it at the same place everywhere."""

Aim = Callable[[Any], tuple[Any, list[Any]]]
"""Variables of the programme -> what is made least, and rows it needs; a boolean among them makes it a mixed programme."""


def least_risk(program: Program, aim: Aim) -> Optimum:
    """The optimum; where the shortfall limit cannot be kept it is relaxed to the least the other limits allow.

    Raises
    ------
    OptimisationError
        When the solver stops without an optimum.
    """
    free = _solved(program, aim, None)
    if program.es_limit is None or program.shortfall(free.x) <= program.es_limit:
        return free
    try:
        return _solved(program, aim, program.es_limit)
    except NoPointError:
        least = _solved(program, None, None).bound
        relaxed = -least + TOLERANCE * max(1.0, abs(least))
        return replace(_solved(program, aim, relaxed), es_relaxed_to=relaxed)


def worst_stress(stress: StressRows) -> Aim:
    """The largest loss of the stresses."""

    def aim(x: Any) -> tuple[Any, list[Any]]:  # noqa: ANN401 - cvxpy's expressions
        import cvxpy as cp

        worst = cp.Variable()
        return worst, [stress.rows @ x + stress.constant <= worst]

    return aim


def week_drawdown(week: WeekRows) -> Aim:
    """CVaR over the paths of each one's largest fall from its peak.

    Only the hours of D hang on x. With u the peak of D's hours so far and C the sum, a path falls by u - C inside D, by the peak of D less
    the lowest sum later, and by what it falls later anyhow.
    """

    def aim(x: Any) -> tuple[Any, list[Any]]:  # noqa: ANN401 - cvxpy's expressions
        import cvxpy as cp
        import scipy.sparse as sp

        paths, hours = week.base.shape
        fall, quantile, beyond = cp.Variable(paths, nonneg=True), cp.Variable(), cp.Variable(paths, nonneg=True)
        peak = cp.Variable(paths * hours, nonneg=True)  # path by path
        summed = np.cumsum(week.slope, axis=1).reshape(paths * hours, -1) @ x + np.cumsum(week.base, axis=1).ravel()
        whole, end = sp.kron(sp.identity(paths), np.ones((hours, 1)), format="csr"), np.arange(paths) * hours + hours - 1
        rows: list[Any] = [peak >= summed, whole @ fall >= peak - summed, fall >= week.falls_later]
        rows += [peak[at + 1] >= peak[at] for at in (np.delete(np.arange(paths * hours), end),) if at.size]
        rows += [fall >= peak[end] - summed[end] - week.lowest_later, beyond >= fall - quantile]
        return quantile + cp.sum(cp.multiply(week.probability / (1.0 - week.confidence), beyond)), rows

    return aim


def least_week_var(program: Program, week: WeekRows) -> Optimum:
    """The least loss of the week that is not exceeded with the confidence: first which paths may lie beyond it, then the book with its prices."""
    slope, base = week.slope.sum(axis=1), week.total
    seen: list[Any] = []

    def search(x: Any) -> tuple[Any, list[Any]]:  # noqa: ANN401 - cvxpy's expressions
        import cvxpy as cp

        centre, half = (program.upper + program.lower) / 2, (program.upper - program.lower) / 2
        middle, spread = -base - slope @ centre, np.abs(slope) @ half
        value, beyond = cp.Variable(), cp.Variable(base.size, boolean=True)
        seen.append(beyond)
        room = middle + spread - (middle - spread).min()  # no loss exceeds the least of them by more
        return value, [-base - slope @ x <= value + cp.multiply(room, beyond), week.probability @ beyond <= 1.0 - week.confidence + EDGE]

    first = least_risk(program, search)
    inside = np.asarray(seen[-1].value) < 0.5

    def settled(x: Any) -> tuple[Any, list[Any]]:  # noqa: ANN401 - cvxpy's expressions
        import cvxpy as cp

        value = cp.Variable()
        return value, [-base[inside] - slope[inside] @ x <= value]

    es = program.es_limit if first.es_relaxed_to is None else first.es_relaxed_to
    return replace(_solved(program, settled, es), bound=first.bound, es_relaxed_to=first.es_relaxed_to)


def _solved(program: Program, aim: Aim | None, es: float | None) -> Optimum:
    """Least of the aim within a shortfall, or without an aim the least shortfall."""
    import cvxpy as cp

    x = cp.Variable(program.variables)
    rows = day_rows(program, x)
    goal, own = charged_goal(program, x) if aim is None else aim(x)
    if es is not None:
        shortfall, tail = charged_goal(program, x)
        own, rows["es"] = [*own, *tail], shortfall <= es
    problem = cp.Problem(cp.Minimize(goal), [*rows.values(), *own])
    bound = _solve(problem)
    none = {"lower": np.zeros(x.size), "upper": np.zeros(x.size)}
    price = none if problem.is_mixed_integer() else {name: np.abs(np.asarray(row.dual_value, dtype=np.float64)) for name, row in rows.items()}
    return Optimum(
        x=np.clip(np.asarray(x.value, dtype=np.float64), program.lower, program.upper),
        bound=-bound,
        box_price=np.stack([price["lower"], price["upper"]], axis=1),
        gross_price=float(price.get("gross", 0.0)),
        es_price=float(price.get("es", 0.0)),
        further_price=price.get("further"),
        margin_price=float(price.get("margin", 0.0)),
        rounds=1,
    )


def day_rows(program: Program, x: Any) -> dict[str, Any]:  # noqa: ANN401 - cvxpy's expressions
    """Box, gross room and further limits of the day by name."""
    import cvxpy as cp

    rows: dict[str, Any] = {"lower": x >= program.lower, "upper": x <= program.upper}
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
    return rows


def _solve(problem: Any) -> float:  # noqa: ANN401 - cvxpy's problem
    """Solve; what the aim cannot lie under."""
    import cvxpy as cp

    mixed = problem.is_mixed_integer()
    problem.solve(solver=cp.HIGHS, **({"mip_rel_gap": 1e-9, "mip_max_nodes": NODES} if mixed else {}))
    if problem.value is None or problem.status not in {cp.OPTIMAL, *([cp.USER_LIMIT] if mixed else [])}:
        raise NoPointError(f"portfolio: HiGHS stopped with status {problem.status} on the least risk; report the day and its limits")
    return float(problem.solver_stats.extra_stats.mip_dual_bound) if problem.status != cp.OPTIMAL else float(problem.value)


def charged_goal(program: Program, x: Any) -> tuple[Any, list[Any]]:  # noqa: ANN401 - cvxpy's expressions
    """Expected shortfall against the mean day, never less than the exact one [kEUR], and the rows of its tail."""
    import cvxpy as cp

    k, scenarios = program.deviations, program.base.size
    slope = program.slope.copy()
    slope[:, :k] -= program.charged_rate
    base = program.base - np.abs(program.surprise) @ program.fee
    quantile, beyond = cp.Variable(), cp.Variable(scenarios, nonneg=True)
    tail = quantile + cp.sum(beyond) / (scenarios * (1.0 - program.es_level))
    return tail + program.base.mean() + program.mean_slope @ x, [beyond + quantile + slope @ x >= -base]
