"""What every rival decides, and how it looks on the scenarios all were chosen on.

What belongs here: solving the goals, measuring every book with the exact fee, the two
tables of the decision. What does not: which goals (`goals`), results (`settle`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from energy_pipeline.book.hedges import Hedge, block_profile
from energy_pipeline.book.positions import DAY_AHEAD
from energy_pipeline.contracts import table
from energy_pipeline.desk.portfolio import OF_DECISIONS
from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.mathematics import allocation as al
from energy_pipeline.mathematics.allocation.objectives import Objective
from energy_pipeline.mathematics.statistics.tail import expected_shortfall, value_at_risk
from energy_pipeline.portfolio.chosen import choose, worth_of
from energy_pipeline.portfolio.decision import Case
from energy_pipeline.portfolio.program import K_EUR, Program
from energy_pipeline.portfolio.rivals.goals import DESK, FLAT, NAIVE_HEDGE, goals
from energy_pipeline.portfolio.rivals.linear import as_variables, from_decisions, linear_problem
from energy_pipeline.portfolio.tangents import OptimisationError


@dataclass(frozen=True)
class Rivals:
    """Frames of the tables objective_comparison and objective_positions."""

    comparison: pl.DataFrame
    positions: pl.DataFrame


@dataclass(frozen=True)
class Choice:
    """One rival's decision: variables of the programme [MW], how near to its optimum, what found it."""

    x: FloatArray
    relative_gap: float
    solver: str


def rivals(case: Case, positions: pl.DataFrame) -> Rivals:
    """Every rival's book and measures.

    Parameters
    ----------
    case : Case
        The day's decision problem.
    positions : frame of positions
        As decided; the desk's own book is one of the rivals.

    Returns
    -------
    Rivals
        Money against the same scenarios, exact fees, proxy hedges without expected gain.
    """
    choices = {DESK: Choice(case.decided(positions), 0.0, "as decided"), FLAT: Choice(np.zeros(case.program.variables), 0.0, "rule")}
    choices[NAIVE_HEDGE] = Choice(_naive(case), 0.0, "rule")
    if case.program.variables:
        problem = linear_problem(case.program)
        choices |= {name: _solved(case.program, *goal) for name, goal in goals(case.desk, problem).items()}
        choices |= {name: _as_the_desk_would(case, name) for name in OF_DECISIONS}
    day = case.day.day
    measured = [{"delivery_day": day, "objective_name": name, **measures(case, choice)} for name, choice in choices.items()]
    frames = [table("objective_positions").frame(), *(_rows(case, name, choice.x) for name, choice in choices.items())]
    return Rivals(table("objective_comparison").frame(measured), pl.concat(frames).sort("objective_name", "zone", "instrument", "delivery_start"))


def _solved(program: Program, problem: al.Problem, objective: Objective) -> Choice:
    """The rival's optimum; one that has no answer stands flat and says so, as the day's book does not depend on it."""
    try:
        found = al.solve(problem, objective)
    except al.AllocationError as error:
        return Choice(np.zeros(program.variables), 1.0, f"stands flat: {error}")
    return Choice(as_variables(program, found.positions), found.certificate.relative_gap, found.solver)


def _as_the_desk_would(case: Case, name: str) -> Choice:
    """The book of a desk with this objective, without the limits that rivals are measured against only."""
    desk = case.desk.model_copy(update={"portfolio": case.desk.portfolio.model_copy(update={"objective": name})})
    program = replace(case.program, es_limit=None, further=None)
    try:
        found = choose(desk, program)
    except OptimisationError as error:
        return Choice(np.zeros(program.variables), 1.0, f"stands flat: {error}")
    worth = found.worth or worth_of(desk, program)
    if worth.measure is None:
        return Choice(found.optimum.x, 0.0, found.solver)
    short = max(found.optimum.bound - worth.tilted(found.optimum.x), 0.0)
    return Choice(found.optimum.x, short / max(abs(found.optimum.bound), short, 1e-12), found.solver)


def measures(case: Case, choice: Choice) -> dict[str, object]:
    """Expected P&L and risk of a decision over all scenarios [EUR]."""
    program, settings, limits = case.program, case.desk.portfolio, case.desk.limits
    losses = program.losses(choice.x) * K_EUR
    mean = float(losses.mean())
    shortfall = expected_shortfall(losses, limits.es_level) - mean
    return {
        "expected_pnl_eur": -mean,
        "volatility_eur": float(losses.std(ddof=1)) if losses.size > 1 else 0.0,
        "var_eur": value_at_risk(losses, settings.confidence),
        "cvar_eur": expected_shortfall(losses, settings.confidence),
        "worst_eur": float(losses.max()),
        "es_eur": shortfall,
        "within_es_limit": limits.es_eur is None or shortfall <= limits.es_eur + 0.01,
        "traded_mw": float(np.abs(choice.x).sum()),
        "relative_gap": choice.relative_gap,
        "solver": choice.solver,
    }


def _naive(case: Case) -> FloatArray:
    """The expected output of each zone's base hours sold forward in its first base contract, as far as trade and gross limits allow."""
    program = case.program
    trades = np.zeros(program.contracts)
    room = np.inf if program.gross_room is None else program.gross_room - float(np.abs(program.opening).sum())
    done: set[str] = set()
    for i, hedge in enumerate(case.tradable):
        if hedge.block != "base" or hedge.zone in done:
            continue
        done.add(hedge.zone)
        wanted = -float(case.outlooks[hedge.zone].expected_mw.mean()) - hedge.held_mw
        trades[i] = _fitting(wanted, hedge, room)
        room -= abs(hedge.held_mw + trades[i]) - abs(hedge.held_mw)
    return from_decisions(program, np.concatenate([np.zeros(program.deviations), trades]))


def _fitting(wanted_mw: float, hedge: Hedge, room_mw: float) -> float:
    """The trade nearest to the wanted one within its own limit and the gross room left."""
    buys, sells = hedge.room_mw
    trade = float(np.clip(wanted_mw, -sells, buys))
    high = abs(hedge.held_mw) + max(room_mw, 0.0)
    position = float(np.clip(hedge.held_mw + trade, -high, high))
    return position - hedge.held_mw


def _rows(case: Case, name: str, x: FloatArray) -> pl.DataFrame:
    """A rival's decision as rows: free intervals of the auction, and one row per tradable contract."""
    program, day = case.program, case.day
    contract = table("objective_positions")
    frames, first = [contract.frame()], 0
    for zone, deviation in case.deviations.items():
        grid, free = case.outlooks[zone].grid, deviation.free
        count = int(free.sum())
        data = {
            "delivery_day": [day.day] * count,
            "objective_name": [name] * count,
            "zone": [zone] * count,
            "instrument": [DAY_AHEAD] * count,
            "delivery_start": grid.starts().filter(pl.Series(free)),
            "resolution_minutes": [grid.minutes] * count,
            "decision_mw": x[first : first + count] + 0.0,
            "lower_mw": deviation.lower_mw[free] + 0.0,
            "upper_mw": deviation.upper_mw[free] + 0.0,
            "opening_mw": [0.0] * count,
            "quote_eur_mwh": [None] * count,
            "half_spread_eur_mwh": [0.0] * count,
            "is_proxy": [False] * count,
        }
        frames.append(contract.frame(data))
        first += count
    rows = []
    for i, hedge in enumerate(case.tradable):
        grid = case.outlooks[hedge.zone].grid
        delivers = np.flatnonzero(block_profile(hedge.block, day, grid.minutes))
        rows.append(
            {
                "delivery_day": day.day,
                "objective_name": name,
                "zone": hedge.zone,
                "instrument": hedge.block,
                "delivery_start": grid.starts()[int(delivers[0])],
                "resolution_minutes": grid.minutes,
                "decision_mw": float(x[first + i] - x[first + program.contracts + i]) + 0.0,
                "lower_mw": -hedge.room_mw[1],
                "upper_mw": hedge.room_mw[0],
                "opening_mw": hedge.held_mw,
                "quote_eur_mwh": hedge.mid_eur_mwh,
                "half_spread_eur_mwh": hedge.half_spread_eur_mwh,
                "is_proxy": hedge.quote_is_proxy,
            }
        )
    return pl.concat([*frames, contract.frame(rows)]) if rows else pl.concat(frames)
