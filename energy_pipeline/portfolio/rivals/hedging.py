"""What the hedges save and cost.

What belongs here: variance and CVaR of physical and hedge together against the physical
book alone, the premium. What does not: choosing hedges.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from energy_pipeline.contracts import table
from energy_pipeline.desk import Desk
from energy_pipeline.domain.delivery import DeliveryDay, FloatArray
from energy_pipeline.portfolio.optimise import Case
from energy_pipeline.portfolio.outlook import ZoneOutlook
from energy_pipeline.portfolio.pnl import ZoneBook, at_fair_value, zone_legs
from energy_pipeline.portfolio.positions import zone_books
from energy_pipeline.portfolio.tail import expected_shortfall

BOOK = "book"


def hedge_effectiveness(case: Case, positions: pl.DataFrame, dispatch: pl.DataFrame) -> pl.DataFrame:
    """Per zone and for the book, over the scenarios of the decision.

    Effectiveness is 1 - hedged / unhedged: of the variance, and of the CVaR of the loss
    against the expected day. The premium is what the hedges are expected to cost: minus
    their expected P&L (proxies: none) plus the half-spread of today's trades.

    Returns
    -------
    frame of the table hedge_effectiveness
    """
    unhedged, hedges = _scenario_pnl(case.desk, case.day, case.outlooks, positions, dispatch)
    scopes = [*unhedged, BOOK] if unhedged else []
    rows = []
    for scope in scopes:
        parts = list(unhedged) if scope == BOOK else [scope]
        alone = np.sum([unhedged[z] for z in parts], axis=0)
        both = alone + np.sum([hedges[z] for z in parts], axis=0)
        rows.append({"delivery_day": case.day.day, "scope": scope, **_compared(alone, both, case.desk.portfolio.confidence)})
    return table("hedge_effectiveness").frame(rows)


def _compared(alone: FloatArray, both: FloatArray, confidence: float) -> dict[str, float | None]:
    variance = [float(p.var(ddof=1)) if p.size > 1 else 0.0 for p in (alone, both)]
    tail = [expected_shortfall(p.mean() - p, confidence) for p in (alone, both)]
    return {
        "volatility_unhedged_eur": float(np.sqrt(variance[0])),
        "volatility_hedged_eur": float(np.sqrt(variance[1])),
        "variance_effectiveness": 1.0 - variance[1] / variance[0] if variance[0] > 0 else None,
        "cvar_unhedged_eur": tail[0],
        "cvar_hedged_eur": tail[1],
        "cvar_effectiveness": 1.0 - tail[1] / tail[0] if tail[0] > 0 else None,
        "premium_eur": float(alone.mean() - both.mean()),
    }


def _scenario_pnl(
    desk: Desk, day: DeliveryDay, outlooks: dict[str, ZoneOutlook], positions: pl.DataFrame, dispatch: pl.DataFrame
) -> tuple[dict[str, FloatArray], dict[str, FloatArray]]:
    """P&L per scenario [EUR] by zone: without contracts, and of the contracts with the half-spreads of today's trades."""
    without, hedges = {}, {}
    for zone, book in zone_books(desk, day, positions, dispatch).items():
        outlook = outlooks[zone]
        whole = _total(at_fair_value(book, outlook.price), outlook)
        contracts = positions.filter(pl.col("zone") == zone, pl.col("instrument") == "day_ahead")
        alone = zone_books(desk, day, contracts, dispatch).get(zone)
        without[zone] = np.zeros(whole.size) if alone is None else _total(alone, outlook)
        hedges[zone] = whole - without[zone]
    return without, hedges


def _total(book: ZoneBook, outlook: ZoneOutlook) -> FloatArray:
    result: FloatArray = zone_legs(book, outlook.price, outlook.second, outlook.output_mw).total().sum(axis=1)
    return result
