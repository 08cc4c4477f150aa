"""What every rival would have made of the settled day, and how far from hindsight.

What belongs here: settled P&L by rival, the hindsight optimum, regret. What does not:
statistics over many days (`scores`).

All rivals share the plant, the opening book and the prices that came; they differ in
deviations and trades only. So a rival's P&L is the settled headline of the desk's book
plus the difference of the decisions' value at the realised prices, fees exact. Hedges at
declared proxy quotes earn nothing here, as in the headline; their half-spread is paid.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import polars as pl

from energy_pipeline.book.grid import Grid, on_grid, zone_grid
from energy_pipeline.book.hedges import block_profile
from energy_pipeline.book.positions import DAY_AHEAD, traded_contracts
from energy_pipeline.book.trading_costs import charge_of_zones
from energy_pipeline.contracts import table
from energy_pipeline.desk import Desk
from energy_pipeline.domain.delivery import DeliveryDay, FloatArray
from energy_pipeline.portfolio.cuts import solve
from energy_pipeline.portfolio.program import K_EUR, Program
from energy_pipeline.portfolio.rivals.goals import DESK
from energy_pipeline.portfolio.rivals.linear import from_decisions


@dataclass(frozen=True)
class Came:
    """A zone's settled day, shape (intervals,)."""

    grid: Grid
    price: FloatArray
    second: FloatArray
    surprise_mw: FloatArray


def objective_results(desk: Desk, day: date, positions: pl.DataFrame, decisions: pl.DataFrame, pnl: pl.DataFrame) -> pl.DataFrame:
    """Settled P&L and regret of every rival.

    Parameters
    ----------
    positions, decisions, pnl : frames
        Of the tables positions, objective_positions and pnl of the day; without settled rows the result is empty.

    Returns
    -------
    frame of the table objective_results
        Regret is the P&L of the hindsight optimum under the day's limits less the rival's, never negative.
    """
    contract = table("objective_results")
    if pnl.height == 0 or decisions.height == 0:
        return contract.frame()
    headline = float(np.sum(pnl.sort("zone", "delivery_start")["headline_eur"].to_numpy()))
    by_rival = {str(name[0]): part for name, part in decisions.partition_by("objective_name", as_dict=True, maintain_order=True).items()}
    program = realised_program(desk, day, positions, by_rival[DESK], pnl)
    own = -float(program.losses(_variables(program, by_rival[DESK]))[0])
    best = solve(program).bound
    rows = []
    for name, part in sorted(by_rival.items()):
        value = -float(program.losses(_variables(program, part))[0])
        found = {"pnl_eur": headline + K_EUR * (value - own), "hindsight_pnl_eur": headline + K_EUR * (best - own)}
        regret = max(found["hindsight_pnl_eur"] - found["pnl_eur"], 0.0)
        rows.append({"delivery_day": day, "objective_name": name, **found, "regret_eur": regret, "against_desk_eur": K_EUR * (value - own)})
    return contract.frame(rows)


def _variables(program: Program, rows: pl.DataFrame) -> FloatArray:
    """A rival's rows, in the order of the programme."""
    return from_decisions(program, _ordered(rows)["decision_mw"].to_numpy())


def _ordered(rows: pl.DataFrame) -> pl.DataFrame:
    """Deviations first, then contracts."""
    return rows.with_columns(later=pl.col("instrument") != DAY_AHEAD).sort("later", "zone", "instrument", "delivery_start").drop("later")


def realised_program(desk: Desk, day: date, positions: pl.DataFrame, rows: pl.DataFrame, pnl: pl.DataFrame) -> Program:
    """The day's decision with what came as the only scenario; money relative to an unhedged day without deviations [kEUR]."""
    delivery = desk.delivery_day(day)
    came = {zone: _came(desk, delivery, zone, pnl) for zone in rows["zone"].unique(maintain_order=True).to_list()}
    ordered = _ordered(rows)
    auction, contracts = ordered.filter(pl.col("instrument") == DAY_AHEAD), ordered.filter(pl.col("instrument") != DAY_AHEAD)
    slopes, surprises, fees = [np.zeros(0)], [np.zeros(0)], [np.zeros(0)]
    boxes: dict[str, tuple[FloatArray, float, FloatArray]] = {}
    for part in auction.partition_by("zone", maintain_order=True):
        zone = part["zone"][0]
        grid = came[zone].grid
        at = np.searchsorted(grid.starts_us, part["delivery_start"].cast(pl.Int64).to_numpy())
        slopes.append(grid.hours * (came[zone].price - came[zone].second)[at] / K_EUR)
        surprises.append(came[zone].surprise_mw[at])
        fees.append(np.full(at.size, grid.hours * desk.zones[zone].second_price.imbalance_fee_eur_mwh / K_EUR))
        expected = on_grid(positions.filter(pl.col("zone") == zone, pl.col("instrument") == DAY_AHEAD), "reference_price_eur_mwh", grid)[at]
        lower, upper = part["lower_mw"].to_numpy(), part["upper_mw"].to_numpy()
        boxes[zone] = np.where(upper > 0, upper, lower), grid.hours, expected
    gains, spreads = _contract_columns(delivery, contracts, came)
    upper = contracts["upper_mw"].to_numpy()
    k = sum(s.size for s in slopes)
    program = Program(
        base=np.zeros(1),
        slope=np.concatenate([*slopes, gains - spreads, -gains - spreads])[None, :],
        surprise=np.concatenate(surprises)[None, :],
        fee=np.concatenate(fees),
        lower=np.concatenate([auction["lower_mw"].to_numpy(), np.zeros(2 * upper.size)]),
        upper=np.concatenate([auction["upper_mw"].to_numpy(), upper, -contracts["lower_mw"].to_numpy()]),
        opening=contracts["opening_mw"].to_numpy(),
        gross_room=_gross_room(desk, positions),
        risk_aversion=0.0,
        confidence=desk.portfolio.confidence,
        es_limit=None,
        es_level=desk.limits.es_level,
        charge=charge_of_zones(desk, boxes),
    )
    # at no deviation the fee on the surprise is paid by every rival: it belongs to the day
    return replace(program, base=np.array([float(np.abs(program.surprise[0]) @ program.fee)])) if k else program


def _came(desk: Desk, day: DeliveryDay, zone: str, pnl: pl.DataFrame) -> Came:
    grid = zone_grid(desk, day, zone)
    rows = pnl.filter(pl.col("zone") == zone)
    price, second, output, acted, expected = (
        on_grid(rows, name, grid) for name in ("price_da_eur_mwh", "price_second_eur_mwh", "output_mw", "acted_mw", "expected_output_mw")
    )
    return Came(grid, price, second, output - acted - expected)


def _contract_columns(day: DeliveryDay, contracts: pl.DataFrame, came: dict[str, Came]) -> tuple[FloatArray, FloatArray]:
    """Gain at mid and half-spread of one MW bought of each contract [kEUR]; proxies gain nothing."""
    gains, spreads = [], []
    for row in contracts.to_dicts():
        zone = came[row["zone"]]
        profile = block_profile(row["instrument"], day, zone.grid.minutes)
        hours = float(profile.sum()) * zone.grid.hours
        paid = 0.0 if row["is_proxy"] else float((profile * (zone.price - row["quote_eur_mwh"])).sum()) * zone.grid.hours
        gains.append(paid / K_EUR)
        spreads.append(row["half_spread_eur_mwh"] * hours / K_EUR)
    return np.array(gains, dtype=np.float64), np.array(spreads, dtype=np.float64)


def _gross_room(desk: Desk, positions: pl.DataFrame) -> float | None:
    """What the tradable contracts could use of the gross limit."""
    limit = desk.limits.gross_contracts_mw
    if limit is None:
        return None
    fixed = traded_contracts(positions).filter(pl.col("upper_mw") <= pl.col("lower_mw"))
    return max(limit - float(np.abs(fixed["opening_mw"].to_numpy()).sum()), 0.0)
