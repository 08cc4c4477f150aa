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

The first four are solved exactly, with the fee c |g - s| of every scenario (`cuts`). The variance and
the deviation of a P&L with such a fee are not convex: the others charge the fee's upper bound (as
the rivals do, `rivals.linear`), are certified for that, and are then measured with the exact fee.
`es_eur` binds all: where it must, the shortfall of the others is limited on the charged P&L
against the mean before fees, which is never less than the exact one: it errs on the safe side.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from energy_pipeline.desk import Desk
from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.mathematics.statistics.tail import expected_shortfall
from energy_pipeline.portfolio.cuts import Goal, Optimum, least_shortfall, least_widening, solve
from energy_pipeline.portfolio.program import Program

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
    """

    name: str
    risk_aversion: float
    confidence: float
    variance_price: float = 0.0
    tilt: FloatArray | None = None

    def __call__(self, losses: FloatArray) -> float:
        """The gain, without the tilt, of losses in kEUR [kEUR]."""
        mean = -float(losses.mean())
        if self.name == "mean_cvar":
            return mean - self.risk_aversion * expected_shortfall(losses, self.confidence)
        if self.name == "min_cvar":
            return -expected_shortfall(losses, self.confidence)
        if self.name in {"max_mean", "minimax"}:
            return mean if self.name == "max_mean" else -float(losses.max())
        if self.name == "min_mad":
            return -float(np.abs(losses - losses.mean()).mean())
        variance = float(losses.var(ddof=1)) if losses.size > 1 else 0.0
        return -float(np.sqrt(variance)) if self.name == "min_variance" else mean - 0.5 * self.variance_price * variance

    def tilted(self, x: FloatArray) -> float:
        """What the views add at a decision [kEUR]."""
        return 0.0 if self.tilt is None else float((self.tilt * x).sum())


@dataclass(frozen=True)
class Chosen:
    """The decision, what found it, and whether with the exact fee."""

    optimum: Optimum
    solver: str
    exact: bool = True


def worth_of(desk: Desk, program: Program) -> Worth:
    """The desk's objective on a day."""
    settings = desk.portfolio
    plain = Worth(settings.objective, settings.risk_aversion, settings.confidence)
    if settings.objective not in {"mean_variance", "black_litterman"} or not program.variables:
        return plain
    problem, utility = _charged(desk, program)
    price = float(getattr(utility, "risk_aversion", 0.0))
    if settings.objective == "mean_variance":
        return replace(plain, variance_price=price)
    shift = problem.mean - problem.scenarios.mean(axis=0)
    k = program.deviations
    return replace(plain, variance_price=price, tilt=np.concatenate([shift[:k], shift[k:], -shift[k:]]))


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
            return Chosen(replace(optimum, bound=worth_of(desk, program)(program.losses(optimum.x))), "nothing to decide")
        return Chosen(optimum, f"HiGHS, {optimum.rounds} rounds")
    return _with_bounded_fee(desk, program)


def _charged(desk: Desk, program: Program) -> tuple[al.Problem, object]:
    """The allocation problem of the desk's objective, and the objective."""
    from energy_pipeline.portfolio.rivals.goals import goals  # the rivals stand on the case, and so on this module
    from energy_pipeline.portfolio.rivals.linear import linear_problem

    return goals(desk, linear_problem(program))[desk.portfolio.objective]


def _with_bounded_fee(desk: Desk, program: Program) -> Chosen:
    from energy_pipeline.mathematics import allocation as al
    from energy_pipeline.portfolio.rivals.linear import as_variables, further_rows

    problem, objective = _charged(desk, program)
    if isinstance(objective, al.Utility) and objective.risk_aversion <= 0:  # a book without risk of its own has no price of variance
        objective = al.MaxMean()
    found = al.solve(problem, objective)  # type: ignore[arg-type]
    x, relaxed = as_variables(program, found.positions), None
    by, margin_by = None, 0.0
    if not program.keeps_further(x) and program.further is not None:
        by, margin_by = least_widening(program)
        problem = replace(problem, limits=(*problem.limits, *further_rows(program, by, margin_by)))
        found = al.solve(problem, objective)  # type: ignore[arg-type]
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
    found = al.solve(replace(centred, limits=(*centred.limits, limit)), objective)  # type: ignore[arg-type]
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
