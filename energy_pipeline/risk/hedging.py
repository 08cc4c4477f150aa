"""The table `hedge_proposals`: the cheapest trades that bring limits from red to green.

What belongs here: the programme and its rows. What does not: the solver (`mathematics.allocation`),
the decision (portfolio): a proposal trades nothing.

Of all trades in the day's quoted contracts, within the desk's largest trades, the ones with the least
half-spread such that every limit that is red comes to the amber share of its bound and no other passes
its own. Covered: `es_eur`, `worst_stress_eur`, `gross_contracts_mw`, `margin_eur`. Contracts are valued at
the scenarios' mean, so no trade is proposed for what it might earn.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from energy_pipeline.book.hedges import Hedge, block_profile, day_hedges
from energy_pipeline.book.stresses import hypothetical, stressed_pnl_eur, stressed_price
from energy_pipeline.book.valued import ValuedBook
from energy_pipeline.contracts import table
from energy_pipeline.desk.risk import NO_STRESS, stress_of
from energy_pipeline.domain.blocks import profile
from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.domain.errors import InfeasibleError
from energy_pipeline.information.archive import InformationSet
from energy_pipeline.mathematics.allocation.limits import Limit

COVERED = ("es_eur", "worst_stress_eur", "gross_contracts_mw", "margin_eur")
SMALLEST_MW = 0.05
"""Smaller trades are not proposed."""
BOOK = "the book as it is"


def hedge_proposal(held: ValuedBook, limits: pl.DataFrame, info: InformationSet) -> pl.DataFrame:
    """Rows of the table; empty when no covered limit is red.

    Where no trades suffice there is one row without a contract, whose note names the limits that conflict and
    the smallest relaxation.
    """
    red = [name for name in limits.filter(pl.col("status") == "red")["limit_name"].to_list() if name in COVERED]
    if not red:
        return table("hedge_proposals").frame()
    hedges = [h for h in day_hedges(held.desk, held.day, info.frame("forward_quotes")) if h.mid_eur_mwh is not None and h.zone in held.outlooks]
    if not hedges:
        return _frame(held, [("", 0.0, 0.0, f"{', '.join(red)} red, but no contract has a quote")])
    try:
        positions = _solved(held, hedges, red)
    except InfeasibleError as error:
        return _frame(held, [("", 0.0, 0.0, f"no trades repair {', '.join(red)}: {error}")])
    note = f"repairs {', '.join(red)}"
    rows = []
    for hedge, position in zip(hedges, positions.tolist(), strict=True):
        trade = position - _position_mw(held, hedge)
        if abs(trade) >= SMALLEST_MW:
            hours = float(block_profile(hedge.block, held.day, 60).sum())
            rows.append((hedge.scope, trade, abs(trade) * hours * hedge.half_spread_eur_mwh, note))
    return _frame(held, rows)


def _frame(held: ValuedBook, rows: list[tuple[str, float, float, str]]) -> pl.DataFrame:
    named = [{"contract": c, "trade_mw": mw, "cost_eur": cost, "note": note} for c, mw, cost, note in rows]
    return table("hedge_proposals").frame([{"delivery_day": held.day.day, **row} for row in named] or None)


def _solved(held: ValuedBook, hedges: list[Hedge], red: list[str]) -> FloatArray:
    """Positions after the trades [MW], shape (hedges,)."""
    from energy_pipeline.mathematics import allocation as al

    desk = held.desk
    gains, changes = _per_mw(held, hedges)
    at, pnl = np.array([_position_mw(held, h) for h in hedges]), held.pnl
    names = (*[h.scope for h in hedges], BOOK)
    hours = np.array([float(block_profile(h.block, held.day, 60).sum()) for h in hedges])
    half = hours * np.array([h.half_spread_eur_mwh for h in hedges])
    low = np.array([h.opening_mw - h.max_trade_mw for h in hedges])
    high = np.array([h.opening_mw + h.max_trade_mw for h in hedges])
    # What the desk already holds may lie outside: it need not come back.
    bounds = al.Bounds("max_trade_mw", np.append(np.minimum(low, at), 1.0), np.append(np.maximum(high, at), 1.0))
    found = al.solve(
        al.Problem(
            names=names,
            scenarios=np.column_stack([gains, pnl - pnl.mean() - gains @ at]),
            held=np.append(at, 1.0),
            buy_cost=np.append(half + 1e-6, 0.0),
            sell_cost=np.append(half + 1e-6, 0.0),
            expected=np.zeros(len(names)),
            limits=(bounds, *_limits(held, red, hours)),
            stress=np.column_stack([changes[:, :-1], changes[:, -1] - changes[:, :-1] @ at]),
            stress_names=tuple(name for name, _, _ in hypothetical(desk, held.outlooks)) or ("none",),
        ),
        al.MaxMean(),
    )
    return found.positions[:-1]


def _limits(held: ValuedBook, red: list[str], hours: FloatArray) -> list[Limit]:
    from energy_pipeline.mathematics import allocation as al

    limits, margin = held.desk.limits, held.desk.risk.margin
    share = {name: (limits.amber_share if name in red else 1.0) for name in COVERED}
    found: list[Limit] = []
    if limits.es_eur is not None:
        found.append(al.CvarLimit("es_eur", 0.999 * share["es_eur"] * limits.es_eur, limits.es_level))
    if limits.worst_stress_eur is not None and hypothetical(held.desk, held.outlooks):
        found.append(al.StressLimit("worst_stress_eur", 0.999 * share["worst_stress_eur"] * limits.worst_stress_eur))
    if limits.gross_contracts_mw is not None:
        found.append(
            al.Gross("gross_contracts_mw", 0.999 * share["gross_contracts_mw"] * limits.gross_contracts_mw, np.append(np.ones(hours.size), 0.0))
        )
    if margin is not None and margin.limit_eur is not None:
        found.append(al.Gross("margin_eur", 0.999 * share["margin_eur"] * margin.limit_eur, np.append(margin.eur_mwh * hours, 0.0)))
    return found


def _per_mw(held: ValuedBook, hedges: list[Hedge]) -> tuple[FloatArray, FloatArray]:
    """P&L of a MW of each contract by scenario, and by stress (last column: change of the book), at fair value [EUR]."""
    gains, columns = [], []
    stresses = [parts for _, _, parts in hypothetical(held.desk, held.outlooks)] or [(NO_STRESS,)]
    for hedge in hedges:
        outlook = held.outlooks[hedge.zone]
        weight = outlook.grid.hours * profile(hedge.block, held.day, outlook.grid.minutes)
        mean = outlook.price.mean(axis=0)
        gains.append((outlook.price - mean) @ weight)
        columns.append(np.array([float((stressed_price(stress_of(parts, hedge.zone), outlook) - mean) @ weight) for parts in stresses]))
    expected = stressed_pnl_eur((NO_STRESS,), held.fair, held.outlooks)
    columns.append(np.array([stressed_pnl_eur(parts, held.fair, held.outlooks) - expected for parts in stresses]))
    return np.column_stack(gains), np.column_stack(columns)


def _position_mw(held: ValuedBook, hedge: Hedge) -> float:
    rows = held.positions.filter(pl.col("zone") == hedge.zone, pl.col("instrument") == hedge.block)
    return float(rows["position_mw"][0]) if rows.height else 0.0
