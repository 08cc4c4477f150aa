"""Solving the day's optimisation: a small LP, refined until it is exact.

What belongs here: the outer linear programme, its refinement, duals. What does not:
what the variables mean (`program`), reading them into tables (`optimise`).

The loss of a scenario holds a fee on |g - s| for every interval, which written out is a
thousand scenarios times a hundred intervals of extra variables. It is convex, so instead
the LP gets tangents: of the mean fee per interval, and of the losses of those scenarios
that are in the tail at the point last found. Every tangent lies below what it stands for,
so the LP's optimum is an upper bound on the true one; the exact value of the point found
is a lower bound; rounds end when the two meet.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from energy_pipeline.domain.delivery import FloatArray, IntArray
from energy_pipeline.domain.errors import PipelineError
from energy_pipeline.mathematics.statistics.tail import expected_shortfall
from energy_pipeline.portfolio.program import K_EUR, Program

if TYPE_CHECKING:
    import cvxpy as cp

MAX_ROUNDS = 200
GAP_EUR = 0.01
GAP_SHARE = 1e-8
SMALLEST = 1e-9
"""A widening this small is the solver's rounding [kEUR, MWh]."""
SHRUNK = 1e-7
"""So much of its room a further limit leaves to the solver's tolerance [kEUR, MWh]."""
FIRST_TANGENTS = 5
"""Mean-fee tangents spread over each box before the first round."""


class OptimisationError(PipelineError):
    """The solver stopped without an optimum."""


class NoPointError(OptimisationError):
    """No decision keeps the limits."""


@dataclass(frozen=True)
class Goal:
    """Weights of the objective: mean P&L, CVaR at the confidence, ES against the mean day at the limit's level."""

    mean: float
    cvar: float
    shortfall: float
    level: float | None = None  # of the CVaR, where it is not the programme's confidence


@dataclass(frozen=True)
class Optimum:
    """A solved programme.

    Attributes
    ----------
    x : array, shape (variables,)
    bound : float
        Upper bound on the objective from the last LP [kEUR].
    box_price : array, shape (variables, 2)
        Gain per MW of a lower and a higher box side [kEUR/MW].
    gross_price : float
        Gain per MW of gross room [kEUR/MW].
    es_price : float
        Gain per kEUR of expected shortfall allowed.
    rounds : int
    es_relaxed_to : float or None
        The shortfall bound used instead of the limit, where the limit could not be kept [kEUR].
    further_price : array, shape (limits,), or None
        Gain per kEUR of each further limit; None where none is near.
    margin_price : float
        Gain per MWh of margined energy [kEUR/MWh].
    further_relaxed, margin_relaxed : array (limits,) [kEUR] or None, float [MWh]
        By how much further limits were widened, because they cannot be kept.
    """

    x: FloatArray
    bound: float
    box_price: FloatArray
    gross_price: float = 0.0
    es_price: float = 0.0
    rounds: int = 0
    es_relaxed_to: float | None = None
    further_price: FloatArray | None = None
    margin_price: float = 0.0
    further_relaxed: FloatArray | None = None
    margin_relaxed: float = 0.0


@dataclass
class TailCuts:
    """Tangents of the losses of tail scenarios, for one confidence level."""

    scenarios: list[IntArray] = field(default_factory=list)
    constants: list[FloatArray] = field(default_factory=list)
    gradients: list[FloatArray] = field(default_factory=list)

    def add(self, program: Program, x: FloatArray, rows: IntArray) -> None:
        """Add the tangents at x of these scenarios."""
        constant, gradient = program.loss_tangents(x, rows)
        self.scenarios.append(rows)
        self.constants.append(constant)
        self.gradients.append(gradient)


@dataclass
class Cuts:
    """All tangents found so far; they stay true for every goal and limit."""

    fee_constants: list[FloatArray]
    fee_slopes: list[FloatArray]
    cvar: TailCuts
    shortfall: TailCuts


def solve(program: Program, goal: Goal | None = None) -> Optimum:
    """The best positions, exact to a cent or 1e-8 of the objective.

    An expected-shortfall limit that cannot be kept is relaxed to the smallest shortfall
    the other limits allow; the caller says so. Further limits bind only where the optimum without them
    breaks one; where no decision keeps them they are widened by the least sum that suffices.

    Parameters
    ----------
    goal : Goal, optional
        What is maximised; left out: mean less risk_aversion times CVaR.

    Raises
    ------
    OptimisationError
        When the solver stops without an optimum.
    """
    goal = goal or Goal(1.0, program.risk_aversion, 0.0)
    further, alone = program.further, replace(program, further=None)
    if further is None or program.variables == 0:
        found = _solve(alone, goal)
        if further is None or program.keeps_further(found.x):
            return found
        lacking = max(program.margin_mwh(found.x) - further.margin_room, 0.0)
        return replace(found, further_relaxed=np.maximum(-further.room, 0.0), margin_relaxed=lacking)
    cuts = _first_cuts(program)
    # Written out it takes half the time; where no further limit binds, the day is that of a desk without them, to the last bit.
    if program.keeps_further(_refine(replace(program, further=further.without_room()), goal, None, cuts).x):
        found = _solve(alone, goal)
        if program.keeps_further(found.x):
            return found
    by, margin_by = least_widening(program)
    bound = replace(program, further=further.widened(by, margin_by))
    return replace(_within_es(bound, goal, _refine(bound, goal, None, cuts), cuts), further_relaxed=by, margin_relaxed=margin_by)


def least_widening(program: Program) -> tuple[FloatArray, float]:
    """The least sum of room that further limits lack [kEUR each], and the margined energy they lack [MWh]; zeros where they can be kept.

    Raises
    ------
    OptimisationError
    """
    import cvxpy as cp

    further = program.further
    if further is None or program.keeps_further(np.clip(np.zeros(program.variables), program.lower, program.upper)):
        return np.zeros(0 if further is None else further.room.size), 0.0
    x, lack, margin_lack = cp.Variable(program.variables), cp.Variable(further.room.size, nonneg=True), cp.Variable(nonneg=True)
    rows = [x >= program.lower, x <= program.upper, further.rows @ x <= further.room - SHRUNK + lack]
    if program.gross_room is not None and program.contracts:
        rows.append(_gross(program, x) <= program.gross_room)
    weight = 0.0
    if further.margin_mwh is not None:
        rows.append(_margin(program, x) <= further.margin_room - SHRUNK + margin_lack)
        weight = 1.0 / max(float(np.abs(further.margin_mwh).max()), 1.0)
    problem = cp.Problem(cp.Minimize(cp.sum(lack) + weight * margin_lack), rows)
    problem.solve(solver=cp.HIGHS)
    if problem.status != cp.OPTIMAL:
        raise OptimisationError(f"portfolio: HiGHS stopped with status {problem.status} on the least relaxation; report the day")
    widened = np.asarray(lack.value, dtype=np.float64)
    extra = 0.0 if further.margin_mwh is None else float(margin_lack.value)
    return np.where(widened > SMALLEST, widened + _tolerance(0.0), 0.0), extra * (1.0 + 1e-9) + SHRUNK if extra > SMALLEST else 0.0


def _solve(program: Program, goal: Goal) -> Optimum:
    """The optimum with every limit of the programme a constraint."""
    if program.variables == 0:
        found = Optimum(np.zeros(0), _value(program, goal, np.zeros(0)), np.zeros((0, 2)))
        excess = program.es_limit is not None and program.shortfall(found.x) > program.es_limit
        return replace(found, es_relaxed_to=program.shortfall(found.x)) if excess else found
    cuts = _first_cuts(program)
    return _within_es(program, goal, _refine(program, goal, None, cuts), cuts)


def _within_es(program: Program, goal: Goal, free: Optimum, cuts: Cuts) -> Optimum:
    """The optimum with the shortfall limited, from the one without."""
    if program.es_limit is None or program.shortfall(free.x) <= program.es_limit:
        return free
    if program.further is not None:
        with suppress(NoPointError):  # most days the limit can be kept, and the least shortfall need not be known
            return _refine(program, goal, program.es_limit, cuts)
    safest = least_shortfall(program, cuts)
    if safest <= program.es_limit:
        return _refine(program, goal, program.es_limit, cuts)
    relaxed = safest + _tolerance(safest)
    return replace(_refine(program, goal, relaxed, cuts), es_relaxed_to=relaxed)


def least_shortfall(program: Program, cuts: Cuts | None = None) -> float:
    """The smallest expected shortfall against the mean day that the other limits allow [kEUR]."""
    return program.shortfall(_refine(program, Goal(0.0, 0.0, 1.0), None, cuts or _first_cuts(program)).x)


def _value(program: Program, goal: Goal, x: FloatArray) -> float:
    """Exact value of a goal [kEUR]."""
    losses, level = program.losses(x), program.confidence if goal.level is None else goal.level
    cvar, shortfall = expected_shortfall(losses, level), program.shortfall(x)
    return -goal.mean * float(losses.mean()) - goal.cvar * cvar - goal.shortfall * shortfall


def _tolerance(value: float) -> float:
    return max(GAP_EUR / K_EUR, GAP_SHARE * abs(value))


def _first_cuts(program: Program) -> Cuts:
    cuts = Cuts([], [], TailCuts(), TailCuts())
    for share in np.linspace(0.0, 1.0, FIRST_TANGENTS):
        _add_fees(program, cuts, program.lower + share * (program.upper - program.lower))
    start = np.clip(np.zeros(program.variables), program.lower, program.upper)
    losses = program.losses(start)
    cuts.cvar.add(program, start, program.tail(losses, program.confidence))
    cuts.shortfall.add(program, start, program.tail(losses, program.es_level))
    return cuts


def _add_fees(program: Program, cuts: Cuts, x: FloatArray) -> None:
    constant, slope = program.fee_tangents(x)
    cuts.fee_constants.append(constant)
    cuts.fee_slopes.append(slope)


def _refine(program: Program, goal: Goal, es_bound: float | None, cuts: Cuts) -> Optimum:
    """Solve the outer LP, add tangents where it was too hopeful, repeat until exact."""
    for rounds in range(1, MAX_ROUNDS + 1):
        found = replace(_outer_lp(program, goal, es_bound, cuts), rounds=rounds)
        losses = program.losses(found.x)
        value = _value(program, goal, found.x)
        excess = 0.0 if es_bound is None else program.shortfall(found.x) - es_bound
        if found.bound - value <= _tolerance(value) and excess <= _tolerance(value):
            return found
        _add_fees(program, cuts, found.x)
        if goal.cvar > 0:
            cuts.cvar.add(program, found.x, program.tail(losses, program.confidence))
        if goal.shortfall > 0 or es_bound is not None:
            cuts.shortfall.add(program, found.x, program.tail(losses, program.es_level))
    raise OptimisationError(
        f"portfolio: {MAX_ROUNDS} rounds left a gap of {(found.bound - value) * K_EUR:.2f} EUR; raise risk tolerance or report it"
    )


def _outer_lp(program: Program, goal: Goal, es_bound: float | None, cuts: Cuts) -> Optimum:
    """One LP with the tangents found so far; with further limits it is written out, which takes half the time."""
    if program.further is not None:
        from energy_pipeline.portfolio.written_lp import outer_lp

        return outer_lp(program, goal, es_bound, cuts)
    import cvxpy as cp

    x = cp.Variable(program.variables)
    rows = {"lower": x >= program.lower, "upper": x <= program.upper}
    objective, constraints = _mean(program, goal.mean, cuts, x)
    if goal.cvar > 0:
        cvar, tail = _tail_block(program, cuts.cvar, x, program.confidence if goal.level is None else goal.level)
        objective, constraints = objective - goal.cvar * cvar, [*constraints, tail]
    if goal.shortfall > 0 or es_bound is not None:
        shortfall, tail = _tail_block(program, cuts.shortfall, x, program.es_level)
        shortfall = shortfall + program.base.mean() + program.mean_slope @ x
        objective, constraints = objective - goal.shortfall * shortfall, [*constraints, tail]
        if es_bound is not None:
            rows["es"] = shortfall <= es_bound
    if program.gross_room is not None and program.contracts:
        rows["gross"] = _gross(program, x) <= program.gross_room
    problem = cp.Problem(cp.Maximize(objective), [*rows.values(), *constraints])
    problem.solve(solver=cp.HIGHS)
    if problem.status != cp.OPTIMAL:
        raise OptimisationError(f"portfolio: HiGHS stopped with status {problem.status}; report the day and its scenario set")
    prices = {name: np.abs(np.asarray(row.dual_value, dtype=np.float64)) for name, row in rows.items()}
    return Optimum(
        x=np.clip(np.asarray(x.value, dtype=np.float64), program.lower, program.upper),
        bound=float(problem.value),
        box_price=np.stack([prices["lower"], prices["upper"]], axis=1),
        gross_price=float(prices.get("gross", 0.0)),
        es_price=float(prices.get("es", 0.0)),
    )


def _mean(program: Program, weight: float, cuts: Cuts, x: cp.Expression) -> tuple[cp.Expression, list[cp.Constraint]]:
    """Weighted mean P&L, with mean fees that lie above their tangents."""
    import cvxpy as cp

    gain = weight * (program.base.mean() + program.mean_slope @ x)
    if not program.deviations:
        return gain, []
    here, fee = x[: program.deviations], cp.Variable(program.deviations, nonneg=True)
    pairs = zip(cuts.fee_constants, cuts.fee_slopes, strict=True)
    return gain - weight * cp.sum(fee), [fee >= constant + cp.multiply(slope, here) for constant, slope in pairs]


def _tail_block(program: Program, cuts: TailCuts, x: cp.Expression, level: float) -> tuple[cp.Expression, cp.Constraint]:
    """Expected shortfall as Rockafellar and Uryasev's programme over the scenarios that have tangents."""
    import cvxpy as cp
    import scipy.sparse as sp

    scenario = np.concatenate(cuts.scenarios)
    known, column = np.unique(scenario, return_inverse=True)
    pick = sp.csr_array((np.ones(scenario.size), (np.arange(scenario.size), column)), shape=(scenario.size, known.size))
    quantile, beyond = cp.Variable(), cp.Variable(known.size, nonneg=True)
    rows = pick @ beyond + quantile >= np.concatenate(cuts.constants) + np.concatenate(cuts.gradients) @ x
    return quantile + cp.sum(beyond) / (program.base.size * (1.0 - level)), rows


def _gross(program: Program, x: cp.Expression) -> cp.Expression:
    import cvxpy as cp

    first = program.deviations
    bought, sold = x[first : first + program.contracts], x[first + program.contracts :]
    return cp.sum(cp.abs(program.opening + bought - sold))


def _margin(program: Program, x: cp.Expression) -> cp.Expression:
    import cvxpy as cp

    further, first = program.further, program.deviations
    assert further is not None and further.margin_mwh is not None and further.margin_offset_mwh is not None  # noqa: S101, PT018
    trade = x[first : first + program.contracts] - x[first + program.contracts :]
    return cp.sum(cp.abs(further.margin_mwh * program.opening + further.margin_offset_mwh + cp.multiply(further.margin_mwh, trade)))
