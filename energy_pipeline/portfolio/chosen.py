"""The day's book by the objective the desk chose.

What belongs here: which method finds it, what the objective is worth in EUR on exact scenario
losses. What does not: the case and its tables (`optimise`), the methods (`cuts`, `allocation`).

Every objective is a gain in EUR, so that more is better (`Worth`):

| objective | gain |
|---|---|
| `mean_cvar` | E[P&L] - risk_aversion x CVaR |
| `min_cvar`, `minimax` | - CVaR, - largest loss of any scenario |
| `max_mean` | E[P&L] |
| `min_variance`, `min_mad` | - standard deviation, - mean absolute deviation |
| `mean_variance`, `black_litterman` | E[P&L] - aversion / 2 x variance; E by the scenarios, or after our views |
| `max_sharpe` | E[P&L] / standard deviation, plant and all: a ratio, no money (`sharpe`) |
| `tracking_error` | - standard deviation of the difference to the benchmark book (`Program.benchmark`) |
| `min_stress` | - largest loss of the desk's stresses against the expected day (`least_risk`) |
| `week_drawdown`, `week_var` | - CVaR of the largest falls, - VaR, over the week's paths (`week_paths`) |
| `risk_budget` | the parts' own shortfalls, averaged, over that of all: largest where shares are the budgets; a ratio, no money (`risk_budget`) |

The first four are solved exactly, with the fee c |g - s| of every scenario (`cuts`). The variance and
the deviation of a P&L with such a fee are not convex: the others charge the fee's upper bound (as
the rivals do, `rivals.linear`), are certified for that, and are then measured with the exact fee.
`es_eur` binds all: where it must, the shortfall of the others is limited on the charged P&L
against the mean before fees, which is never less than the exact one: it errs on the safe side.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from energy_pipeline.desk import Desk
from energy_pipeline.desk.portfolio import OF_DECISIONS
from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.mathematics.statistics.tail import expected_shortfall
from energy_pipeline.portfolio.cuts import least_shortfall, least_widening, solve
from energy_pipeline.portfolio.least_risk import least_risk, least_week_var, week_drawdown, worst_stress
from energy_pipeline.portfolio.program import K_EUR, Program
from energy_pipeline.portfolio.tangents import Goal, Optimum

if TYPE_CHECKING:
    from energy_pipeline.mathematics import allocation as al


@dataclass(frozen=True)
class Worth:
    """What an objective makes of scenario losses.

    Attributes
    ----------
    name : str
    risk_aversion, confidence : float
    variance_price : float
        Of the utilities [per kEUR].
    tilt : array, shape (variables,), or None
        Expected gain per MW by our views less that of the scenarios [kEUR/MW].
    reference : array, shape (scenarios,), or None
        Losses of the benchmark book [of the losses' unit].
    measure : function of a decision, or None
        Gain of the objectives `OF_DECISIONS` [kEUR; a ratio over 1000, as all is shown times 1000].
    """

    name: str
    risk_aversion: float
    confidence: float
    variance_price: float = 0.0
    tilt: FloatArray | None = None
    reference: FloatArray | None = None
    measure: Callable[[FloatArray], float] | None = None

    def __call__(self, losses: FloatArray) -> float:
        """The gain, without the tilt, of losses in kEUR [kEUR]."""
        mean, many = -float(losses.mean()), losses.size > 1
        variance = float(losses.var(ddof=1)) if many else 0.0
        match self.name:
            case "min_stress" | "week_drawdown" | "week_var" | "risk_budget":
                worth = 0.0
            case "max_sharpe":
                worth = mean / float(np.sqrt(variance)) if variance > 0 else 0.0
            case "tracking_error":
                apart = losses - (0.0 if self.reference is None else self.reference)
                spread = float(apart.std(ddof=1)) if many else 0.0
                worth = -spread if spread > 1e-12 * float(np.abs(losses).max()) else 0.0  # what is left is rounding
            case "mean_cvar":
                worth = mean - self.risk_aversion * expected_shortfall(losses, self.confidence)
            case "min_cvar":
                worth = -expected_shortfall(losses, self.confidence)
            case "max_mean":
                worth = mean
            case "minimax":
                worth = -float(losses.max())
            case "min_mad":
                worth = -float(np.abs(losses - losses.mean()).mean())
            case "min_variance":
                worth = -float(np.sqrt(variance))
            case _:
                worth = mean - 0.5 * self.variance_price * variance
        return worth

    def in_eur(self) -> Worth:
        """The same of losses in EUR."""
        return replace(self, variance_price=self.variance_price / K_EUR, reference=None if self.reference is None else K_EUR * self.reference)

    def tilted(self, x: FloatArray) -> float:
        """What the views add at a decision, or the gain that is no function of losses [kEUR]."""
        if self.name in OF_DECISIONS:
            return 0.0 if self.measure is None else self.measure(x)
        return 0.0 if self.tilt is None else float((self.tilt * x).sum())


@dataclass(frozen=True)
class Chosen:
    """The decision, what found it, whether with the exact fee, and what it is worth where finding it says so."""

    optimum: Optimum
    solver: str
    exact: bool = True
    worth: Worth | None = None


def worth_of(desk: Desk, program: Program) -> Worth:
    """The desk's objective on a day."""
    settings = desk.portfolio
    plain = Worth(settings.objective, settings.risk_aversion, settings.confidence)
    if settings.objective in OF_DECISIONS:
        return replace(plain, measure=_measure(desk, program))
    if settings.objective == "tracking_error" and program.benchmark is not None:
        from energy_pipeline.portfolio.rivals.linear import from_decisions

        return replace(plain, reference=program.losses(from_decisions(program, program.benchmark - _held(program))))
    if settings.objective not in {"mean_variance", "black_litterman"} or not program.variables:
        return plain
    problem, utility = _charged(desk, program)
    price = float(getattr(utility, "risk_aversion", 0.0))
    if settings.objective == "mean_variance":
        return replace(plain, variance_price=price)
    shift = problem.mean - problem.scenarios.mean(axis=0)
    k = program.deviations
    return replace(plain, variance_price=price, tilt=np.concatenate([shift[:k], shift[k:], -shift[k:]]))


def _measure(desk: Desk, program: Program) -> Callable[[FloatArray], float] | None:
    name, stress, week = desk.portfolio.objective, program.stress, program.week
    if name == "min_stress":
        return None if stress is None else lambda x: -stress.worst(x)
    if name == "risk_budget":
        from energy_pipeline.portfolio.risk_budget import budgeted

        parts = budgeted(program, desk.portfolio.risk_budget).parts
        return lambda x: parts.ratio(x) / K_EUR
    if week is None:
        return None
    return (lambda x: -week.drawdown(x)) if name == "week_drawdown" else lambda x: -week.var(x)


def _held(program: Program) -> FloatArray:
    """No deviation, and the positions before the decision."""
    return np.concatenate([np.zeros(program.deviations), program.opening])


def choose(desk: Desk, program: Program) -> Chosen:
    """The best decision by the desk's objective under the day's limits.

    Raises
    ------
    OptimisationError, AllocationError
        When a solver stops without an optimum.
    """
    name, scenarios = desk.portfolio.objective, program.base.size
    goals = {
        "mean_cvar": Goal(1.0, program.risk_aversion, 0.0),
        "min_cvar": Goal(0.0, 1.0, 0.0),
        "minimax": Goal(0.0, 1.0, 0.0, level=1.0 - 1.0 / scenarios),
        "max_mean": Goal(1.0, 0.0, 0.0),
    }
    if name in goals or not program.variables:
        optimum = solve(program, goals.get(name))
        if not program.variables:
            worth = worth_of(desk, program)
            bound = worth(program.losses(optimum.x)) + worth.tilted(optimum.x)
            return Chosen(replace(optimum, bound=bound / K_EUR if name == "max_sharpe" else bound), "nothing to decide")
        return Chosen(optimum, f"HiGHS, {optimum.rounds} rounds")
    if name == "risk_budget":
        return _budgeted(desk, program)
    if name in OF_DECISIONS:
        return _least_risk(name, program)
    return _with_bounded_fee(desk, program)


def _least_risk(name: str, program: Program) -> Chosen:
    """By stress or the week's paths; a desk without stresses has none to fear, a day without paths knows its own CVaR."""
    stress, week = program.stress, program.week
    if name == "min_stress":
        if stress is None:
            return Chosen(solve(program, Goal(1.0, 0.0, 0.0)), "HiGHS; the desk names no stress: the largest mean")
        aim = worst_stress(stress)
    elif week is None:
        return Chosen(solve(program, Goal(0.0, 1.0, 0.0)), "HiGHS; no paths of the week for each zone of the book: the day's least CVaR")
    else:
        aim = week_drawdown(week)
    by, margin_by = least_widening(program)
    widened = program if program.further is None else replace(program, further=program.further.widened(by, margin_by))
    found = least_week_var(widened, week) if week is not None and name == "week_var" else least_risk(widened, aim)
    return Chosen(replace(found, further_relaxed=by, margin_relaxed=margin_by), "HiGHS", exact=found.es_relaxed_to is None)


def _budgeted(desk: Desk, program: Program) -> Chosen:
    """By shares of the expected shortfall."""
    from energy_pipeline.portfolio.risk_budget import budgeted

    found = budgeted(program, desk.portfolio.risk_budget)
    told = ", ".join(f"{name} {100 * share:.1f} %" for name, share in zip(found.parts.names, found.shares.tolist(), strict=False))
    near = "" if found.kept or not told else ", as near to the budgets as the limits allow"
    solver = f"Clarabel; shares of ES: {told}{near}" if told else "HiGHS; no sizes of a part with risk keep the limits: the mean-CVaR book"
    worth = Worth("risk_budget", program.risk_aversion, program.confidence, measure=lambda x: found.parts.ratio(x) / K_EUR)
    return Chosen(replace(found.optimum, bound=found.optimum.bound / K_EUR), solver, worth=worth)


def _charged(desk: Desk, program: Program) -> tuple[al.Problem, object]:
    """The allocation problem of the desk's objective, and the objective."""
    from energy_pipeline.mathematics import allocation as al
    from energy_pipeline.portfolio.rivals.goals import goals  # the rivals stand on the case, and so on this module
    from energy_pipeline.portfolio.rivals.linear import linear_problem

    problem = linear_problem(program)
    if desk.portfolio.objective == "max_sharpe":
        return problem, al.MaxSharpe()
    if desk.portfolio.objective == "tracking_error":
        return problem, al.TrackingError(_held(program) if program.benchmark is None else program.benchmark)
    return goals(desk, problem)[desk.portfolio.objective]


def _answer(problem: al.Problem, objective: object, offset: float = 0.0) -> al.Solution:
    """The library's answer; the ratio is of the whole book, which the library's own is not."""
    from energy_pipeline.mathematics import allocation as al
    from energy_pipeline.portfolio.sharpe import largest_ratio

    if not isinstance(objective, al.MaxSharpe):
        return al.solve(problem, objective)  # type: ignore[arg-type]
    best = largest_ratio(problem, offset)
    proof = replace(best.solution.certificate, value=best.ratio, bound=best.bound)
    return replace(best.solution, objective="MaxSharpe", certificate=proof)


def _with_bounded_fee(desk: Desk, program: Program) -> Chosen:
    from energy_pipeline.mathematics import allocation as al
    from energy_pipeline.portfolio.rivals.linear import as_variables, further_rows

    problem, objective = _charged(desk, program)
    if isinstance(objective, al.Utility) and objective.risk_aversion <= 0:  # a book without risk of its own has no price of variance
        objective = al.MaxMean()
    found = _answer(problem, objective)
    x, relaxed = as_variables(program, found.positions), None
    by, margin_by = None, 0.0
    if not program.keeps_further(x) and program.further is not None:
        by, margin_by = least_widening(program)
        problem = replace(problem, limits=(*problem.limits, *further_rows(program, by, margin_by)))
        found = _answer(problem, objective)
        x = as_variables(program, found.positions)
    if program.es_limit is not None and program.shortfall(x) > program.es_limit:
        found, relaxed = _within_shortfall(program, problem, objective, program.es_limit)
        x = as_variables(program, found.positions)
    optimum = replace(_optimum(program, found, x, relaxed), further_relaxed=by, margin_relaxed=margin_by)
    return Chosen(optimum, f"{found.solver}; fee bounded from above", exact=False)


def _within_shortfall(program: Program, problem: al.Problem, objective: object, es_limit: float) -> tuple[al.Solution, float | None]:
    """The optimum with the shortfall against the mean day limited; the shortfall allowed where the limit cannot be kept."""
    from energy_pipeline.mathematics import allocation as al

    k, base = program.deviations, np.zeros(program.base.size) if problem.base is None else problem.base
    # the mean before fees, as in Program.shortfall: every charged scenario lies below the exact one
    contracts = problem.scenarios[:, k:].mean(axis=0)
    offset = float(program.base.mean() - contracts @ program.opening)
    scenarios = problem.scenarios - np.concatenate([program.slope[:, :k].mean(axis=0), contracts])
    centred = replace(problem, scenarios=scenarios, expected=problem.mean, base=base - offset)
    least = al.solve(centred, al.MinCvar(program.es_level)).value
    room = max(es_limit, least + 1e-6 * max(1.0, abs(least)))
    limit = al.CvarLimit("es_eur", room, program.es_level)
    found = _answer(replace(centred, limits=(*centred.limits, limit)), objective, offset)
    if isinstance(objective, al.Utility | al.MaxMean):  # the base without its mean
        proof = found.certificate
        found = replace(found, certificate=replace(proof, value=proof.value + offset, bound=proof.bound + offset))
    relaxed = room if room > es_limit and least_shortfall(program) > es_limit else None
    return found, relaxed


def _optimum(program: Program, found: al.Solution, x: FloatArray, relaxed: float | None) -> Optimum:
    """The answer as the programme's own optimum: bound and prices in kEUR, a variance's as a standard deviation's."""
    scale, bound = 1.0, found.certificate.bound if found.sense == "max" else -found.certificate.bound
    if found.objective == "MinVariance":
        deviation = float(np.sqrt(max(found.certificate.value, 0.0)))
        scale, bound = (0.5 / deviation if deviation > 0 else 0.0), -float(np.sqrt(max(found.certificate.bound, 0.0)))
    if found.objective == "MaxSharpe":
        deviation = float(program.losses(x).std(ddof=1))
        scale, bound = (1.0 / (K_EUR * deviation) if deviation > 0 else 0.0), bound / K_EUR
    if found.objective == "TrackingError":
        deviation = float(np.sqrt(max(found.certificate.value, 0.0)))
        scale, bound = (0.5 / deviation if deviation > 1e-9 else 0.0), -float(np.sqrt(max(found.certificate.bound, 0.0)))
    k, m = program.deviations, program.contracts
    prices = np.zeros((program.variables, 2))
    for i, name in enumerate(found.names):
        price = scale * found.shadow_prices.get(f"limits of the day: {name}", 0.0)
        if i < k:
            prices[i, int(program.upper[i] - x[i] < x[i] - program.lower[i])] = price
        elif price:
            bought = x[i] > x[i + m]
            prices[i if bought else i + m, 1] = price
    return Optimum(
        x=x,
        bound=bound,
        box_price=prices,
        gross_price=scale * found.shadow_prices.get("gross_contracts_mw", 0.0),
        es_price=scale * found.shadow_prices.get("es_eur", 0.0),
        further_price=_further_prices(program, found, scale),
        margin_price=scale * found.shadow_prices.get("margin_eur", 0.0),
        es_relaxed_to=None if relaxed is None else max(program.shortfall(x), relaxed),
    )


def _further_prices(program: Program, found: al.Solution, scale: float) -> FloatArray | None:
    if program.further is None:
        return None
    return np.array([scale * found.shadow_prices.get(f"{name} [{scope}]", 0.0) for name, scope in program.further.names])
