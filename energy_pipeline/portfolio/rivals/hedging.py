"""What the hedges save and cost, expected and settled.

What belongs here: variance and CVaR of physical and hedge together against the physical
book alone, the premium; over the scenarios of a decision, and over settled days. What does not: choosing hedges.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from energy_pipeline.book.outlook import ZoneOutlook
from energy_pipeline.book.positions import DAY_AHEAD, zone_books
from energy_pipeline.book.valued import book_of_day, zone_pnl_eur
from energy_pipeline.contracts import table
from energy_pipeline.desk import Desk
from energy_pipeline.domain.delivery import DeliveryDay, FloatArray
from energy_pipeline.mathematics.statistics.tail import expected_shortfall
from energy_pipeline.portfolio.decision import Case

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


def hedge_results(desk: Desk, day: date, pnl: pl.DataFrame, pnl_day_ahead: pl.DataFrame) -> pl.DataFrame:
    """Per zone and for the book, over the settled days up to D.

    A day's P&L without contracts is its settled total less what the contracts earned after half-spreads,
    proxies included: what was held is judged, not what a headline may show.

    Parameters
    ----------
    pnl, pnl_day_ahead : frames
        Of the settled days of the window; a day or zone without contracts counts with none.

    Returns
    -------
    frame of the table hedge_results
        Empty with fewer than two settled days.
    """
    # Floats are summed in the order of the key: groups in no fixed order gave other last digits from call to call.
    by = ["delivery_day", "zone"]
    contracts = pnl_day_ahead.filter(pl.col("instrument") != DAY_AHEAD).sort("delivery_day", *table("pnl_day_ahead").key)
    whole = pnl.sort("delivery_day", *table("pnl").key).group_by(by, maintain_order=True).agg(pl.col("total_eur").sum())
    hedges = contracts.group_by(by, maintain_order=True).agg(hedge_eur=(pl.col("revenue_eur") - pl.col("cost_eur")).sum())
    joined = whole.join(hedges, on=by, how="left", maintain_order="left").with_columns(pl.col("hedge_eur").fill_null(0.0)).sort(by)
    book = joined.group_by("delivery_day", maintain_order=True).agg(pl.col("total_eur", "hedge_eur").sum()).with_columns(zone=pl.lit(BOOK))
    rows = []
    for part in pl.concat([joined, book.select(joined.columns)]).sort("zone", "delivery_day").partition_by("zone", maintain_order=True):
        both, earned = part["total_eur"].to_numpy(), part["hedge_eur"].to_numpy()
        if both.size > 1:
            compared = _compared(both - earned, both, desk.portfolio.confidence)
            rows.append({"delivery_day": day, "scope": part["zone"][0], "days": both.size, **compared})
    return table("hedge_results").frame(rows or None)


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
    auction = zone_books(desk, day, positions.filter(pl.col("instrument") == DAY_AHEAD), dispatch)
    for zone, book in book_of_day(desk, day, positions, dispatch, outlooks).fair.items():
        whole = zone_pnl_eur(book, outlooks[zone])
        without[zone] = zone_pnl_eur(auction[zone], outlooks[zone]) if zone in auction else np.zeros(whole.size)
        hedges[zone] = whole - without[zone]
    return without, hedges
