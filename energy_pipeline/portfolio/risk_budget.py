"""The book whose parts have given shares of its expected shortfall.

What belongs here: the parts, the convex programme that sizes them, its proof. What does not: the budgets as keys (`desk.portfolio`), other
objectives.

A part is what the book of `mean_cvar` decides in a zone, or for a purpose (deviations from the expected output: spread; trades of
contracts: contracts); its size is what is taken of that, 0 to 1. With r the P&L of the parts against the mean day, after charges and
half-spreads, the sizes maximise

    sum b ln y - ln ES(y)        (b: the budgets, of sum 1; ES: of what is decided, at `limits.es_level`)

Where the gradient vanishes, y_g dES/dy_g = b_g ES: Euler's shares of ES are the budgets (Bruder and Roncalli 2012, "Managing risk
exposures using the risk budgeting approach"; Mausser and Romanko 2018 for CVaR over scenarios). ES is of degree one, so it is enough to
maximise sum b ln y with ES <= 1, a convex programme with an exponential cone, and to scale the answer until the largest part is whole.
Where that breaks a limit of the day, the same is maximised under all limits and no more ES than before, and shares are as near to
their budgets as limits allow.

Proof: tail weights q (from 0 to 1 / (1 - level) of a scenario's probability, of sum 1) give ES(y) >= m.y with m_g = -q.r_g, so that
prod (y_g / ES_g alone) ^ b_g / ES(y) is at most prod (b_g ES_g / m_g) ^ b_g, which the weights of the programme's tail attain.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from energy_pipeline.desk.portfolio import RiskBudgets
from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.mathematics.statistics.tail import expected_shortfall
from energy_pipeline.portfolio.cuts import solve
from energy_pipeline.portfolio.least_risk import charged_goal, day_rows
from energy_pipeline.portfolio.program import Program
from energy_pipeline.portfolio.tangents import Goal, NoPointError, Optimum

SPREAD, CONTRACTS = "spread", "contracts"
NEGLIGIBLE = 1e-9
"""A part of so little risk is none [kEUR]."""


@dataclass(frozen=True)
class Parts:
    """What is sized.

    Attributes
    ----------
    names : tuple of str
    budgets : array, shape (parts,)
        Of sum 1.
    whole : array, shape (variables, parts)
        Each part at size 1 [MW].
    gains : array, shape (scenarios, parts)
        Its P&L against the mean day [kEUR].
    level : float
    """

    names: tuple[str, ...]
    budgets: FloatArray
    whole: FloatArray
    gains: FloatArray
    level: float

    @property
    def alone(self) -> FloatArray:
        """Expected shortfall of each part at size 1, shape (parts,)."""
        return np.array([expected_shortfall(-g, self.level) for g in self.gains.T])

    def sizes(self, x: FloatArray) -> FloatArray:
        """What a decision takes of each part."""
        return np.asarray(np.einsum("vp,v->p", self.whole, x) / np.einsum("vp,vp->p", self.whole, self.whole))

    def ratio(self, x: FloatArray) -> float:
        """Weighted geometric mean of the parts' own shortfalls over that of all of them together; 0 where a part is missing."""
        y = self.sizes(x)
        if not len(y) or not (y > 0).all():
            return 0.0
        return float(np.exp((self.budgets * np.log(y * self.alone)).sum()) / expected_shortfall(-self.gains @ y, self.level))


@dataclass(frozen=True)
class Budgeted:
    """The answer: an optimum whose bound is of the ratio, shares of ES, whether they are the budgets.

    Without parts, or where no sizes keep the limits, it is the mean-CVaR book, and there are no shares.
    """

    optimum: Optimum
    parts: Parts
    shares: FloatArray
    kept: bool


def parts_of(program: Program, budgets: RiskBudgets, best: FloatArray) -> Parts:
    """The parts of the mean-CVaR book that have a budget and a risk."""
    k = program.deviations
    labels = np.array(program.zones if budgets.by == "zone" else [SPREAD] * k + [CONTRACTS] * (program.variables - k), dtype=object)
    names = [n for n in dict.fromkeys(labels.tolist()) if not budgets.shares or n in budgets.shares]
    slope = program.slope.copy()
    slope[:, :k] -= program.charged_rate
    mean = np.concatenate([program.mean_slope[:k], _contract_means(program)])
    whole = np.column_stack([np.zeros((program.variables, 0)), *(np.where(labels == n, best, 0.0) for n in names)])
    gains = np.einsum("sv,vp->sp", slope - mean, whole)
    found = Parts(tuple(names), np.array([budgets.shares.get(n, 1.0) for n in names], dtype=np.float64), whole, gains, program.es_level)
    risky = found.alone > NEGLIGIBLE
    own = found.budgets[risky] / max(found.budgets[risky].sum(), NEGLIGIBLE)
    return Parts(tuple(n for n, r in zip(names, risky, strict=True) if r), own, whole[:, risky], gains[:, risky], program.es_level)


def _contract_means(program: Program) -> FloatArray:
    """Mean gain at mid of a purchase and of a sale, so that the half-spread stays a loss."""
    k, m = program.deviations, program.contracts
    mid = (program.mean_slope[k : k + m] - program.mean_slope[k + m :]) / 2.0
    return np.concatenate([mid, -mid])


def budgeted(program: Program, budgets: RiskBudgets) -> Budgeted:
    """The book whose shares are the budgets, or as near as the limits allow.

    Raises
    ------
    OptimisationError
        When a solver stops without an optimum.
    """
    best = solve(program, Goal(1.0, program.risk_aversion, 0.0))
    parts = parts_of(program, budgets, best.x)
    if best.further_relaxed is not None and program.further is not None:
        program = replace(program, further=program.further.widened(best.further_relaxed, best.margin_relaxed))
    es = program.es_limit if best.es_relaxed_to is None else best.es_relaxed_to
    if not parts.names:
        return Budgeted(_optimum(best, best.x, 0.0), parts, np.zeros(0), kept=False)
    y, means = _sizes(program, parts, None, None)
    y = y / y.max()
    bound = float(np.exp((parts.budgets * np.log(parts.budgets * parts.alone / means)).sum()))
    kept = _keeps(program, _decision(program, parts, y), es)
    if not kept:
        most = expected_shortfall(-parts.gains @ y, parts.level)
        try:
            y, means = _sizes(program, parts, most, es)
        except NoPointError:
            return Budgeted(_optimum(best, best.x, bound), parts, np.zeros(0), kept)
    return Budgeted(_optimum(best, _decision(program, parts, y), bound), parts, y * means / (y @ means), kept)


def _decision(program: Program, parts: Parts, y: FloatArray) -> FloatArray:
    return np.asarray(np.clip(np.einsum("vp,p->v", parts.whole, y), program.lower, program.upper))


def _keeps(program: Program, x: FloatArray, es: float | None) -> bool:
    first, m = program.deviations, program.contracts
    gross = float(np.abs(program.opening + x[first : first + m] - x[first + m :]).sum())
    within = program.gross_room is None or gross <= program.gross_room + 1e-9
    return within and program.keeps_further(x) and (es is None or program.shortfall(x) <= es)


def _optimum(best: Optimum, x: FloatArray, bound: float) -> Optimum:
    """The answer, with what the best book had to relax; its limits move the parts as well as their sizes, and have no price."""
    return replace(best, x=x, bound=bound, box_price=np.zeros((x.size, 2)), gross_price=0.0, es_price=0.0, further_price=None, margin_price=0.0)


def _sizes(program: Program, parts: Parts, most: float | None, es: float | None) -> tuple[FloatArray, FloatArray]:
    """Sizes, and the mean loss of each part at size 1 over the weights of the tail; with `most` the day's limits hold too."""
    import cvxpy as cp

    scale = float(parts.alone.max())
    y, quantile, beyond = cp.Variable(len(parts.names)), cp.Variable(), cp.Variable(len(parts.gains), nonneg=True)
    tail = beyond + quantile >= -(parts.gains / scale) @ y
    shortfall = quantile + cp.sum(beyond) / (len(parts.gains) * (1.0 - parts.level))
    rows: list[Any] = [tail, shortfall <= (1.0 if most is None else most / scale)]
    if most is not None:
        x = parts.whole @ y
        rows += [y <= 1.0, *(row for name, row in day_rows(program, x).items() if name not in ("lower", "upper"))]
        if es is not None:
            charged, further = charged_goal(program, x)
            rows += [charged <= es, *further]
    problem = cp.Problem(cp.Maximize(parts.budgets @ cp.log(y)), rows)
    try:
        problem.solve(solver=cp.CLARABEL)
    except cp.SolverError as error:
        raise NoPointError(f"portfolio: no sizes of the risk budget: {error}") from error
    if problem.status not in {cp.OPTIMAL, cp.OPTIMAL_INACCURATE} or y.value is None:
        raise NoPointError(f"portfolio: Clarabel stopped with status {problem.status} on the risk budget; report the day and its limits")
    weights = np.asarray(tail.dual_value, dtype=np.float64)
    total = float(weights.sum())
    own = np.maximum(np.asarray(y.value, dtype=np.float64), NEGLIGIBLE)
    if total <= NEGLIGIBLE:  # a limit of the day holds it below the budget's own shortfall: the tail of what was found
        losses = -parts.gains @ own
        weights = np.where(losses >= np.sort(losses)[int(parts.level * losses.size)], 1.0, 0.0)
        total = float(weights.sum())
    return own, np.einsum("s,sp->p", weights / total, -parts.gains)
