"""Contracts in the day's programme: what a MW bought or sold earns, after the hedge programme's own trades.

What belongs here: gain and half-spread per MW, trust in a view's expected gain, the programme's trades as legs, the
benchmark's positions. What does not: how the
programme is chosen (`hedge_programme`), the optimiser.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from energy_pipeline.book.grid import Grid
from energy_pipeline.book.hedges import Hedge, block_profile
from energy_pipeline.book.outlook import ZoneOutlook
from energy_pipeline.book.pnl import HedgeLeg, ZoneBook, at_fair_value, zone_legs
from energy_pipeline.desk import Desk
from energy_pipeline.domain.delivery import DeliveryDay, FloatArray


class ProgrammeTrade(NamedTuple):
    """What the hedge programme trades of a contract, and what its views may (`Hedge` has the meanings)."""

    programme_mw: float
    view_limit_mw: float
    trust: float


NO_VIEW = ProgrammeTrade(0.0, 0.0, 0.0)


def hedge_gain(day: DeliveryDay, hedge: Hedge, outlook: ZoneOutlook) -> FloatArray:
    """Gain per MW bought at mid [EUR/MW], shape (scenarios,); no view is taken on a proxy quote."""
    mid = 0.0 if hedge.mid_eur_mwh is None else hedge.mid_eur_mwh
    unit = HedgeLeg(block_profile(hedge.block, day, outlook.grid.minutes), mid, hedge.quote_is_proxy)
    none = np.zeros(outlook.grid.size)
    book = at_fair_value(ZoneBook(outlook.grid.hours, none, none, none, 0.0, (unit,)), outlook.price)
    result: FloatArray = zone_legs(book, outlook.price, outlook.price, none).total().sum(axis=1)
    return result


def doubt_eur(day: DeliveryDay, hedge: Hedge, outlook: ZoneOutlook) -> float:
    """What a MW bought is believed to earn less than the scenarios say [EUR/MW]; 0 where a trade is trusted."""
    return 0.0 if hedge.trust == 1.0 else (1.0 - hedge.trust) * float(hedge_gain(day, hedge, outlook).mean())


def contract_columns(day: DeliveryDay, hedge: Hedge, outlook: ZoneOutlook) -> tuple[FloatArray, FloatArray]:
    """P&L per MW bought and per MW sold beside the programme [EUR/MW], shape (scenarios,) each.

    Against the programme's own trade a view takes back its half-spread.
    """
    gain = hedge_gain(day, hedge, outlook)
    gain = gain if hedge.trust == 1.0 else gain - doubt_eur(day, hedge, outlook)
    hours = float(block_profile(hedge.block, day, outlook.grid.minutes).sum() * outlook.grid.hours)
    spread = hedge.half_spread_eur_mwh * hours
    return gain - (-spread if hedge.programme_mw < 0 else spread), -gain - (-spread if hedge.programme_mw > 0 else spread)


def programme_legs(day: DeliveryDay, grid: Grid, hedges: Sequence[Hedge]) -> tuple[tuple[HedgeLeg, ...], FloatArray]:
    """The programme's trades of a zone as legs, and their half-spreads [EUR], shape (intervals,)."""
    legs, cost = [], np.zeros(grid.size)
    for h in hedges:
        if h.programme_mw != 0.0 and h.mid_eur_mwh is not None:
            profile = block_profile(h.block, day, grid.minutes)
            legs.append(HedgeLeg(profile * h.programme_mw, h.mid_eur_mwh, h.quote_is_proxy))
            cost = cost + grid.hours * h.half_spread_eur_mwh * abs(h.programme_mw) * profile
    return tuple(legs), cost


def benchmark_position(desk: Desk, outlooks: dict[str, ZoneOutlook], tradable: Sequence[Hedge], deviations: int) -> FloatArray:
    """The benchmark book of tracking error [MW]: no deviation, and what is held.

    Not for a flat benchmark, the expected output of base hours is sold in each zone's first base contract.
    """
    position, done = np.array([h.held_mw for h in tradable], dtype=np.float64), set()
    for i, hedge in enumerate(tradable):
        if desk.portfolio.benchmark_book == "expected_output" and hedge.block == "base" and hedge.zone not in done:
            done.add(hedge.zone)
            position[i] = -float(outlooks[hedge.zone].expected_mw.mean())
    return np.concatenate([np.zeros(deviations), position])
