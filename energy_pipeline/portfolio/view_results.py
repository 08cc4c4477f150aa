"""The table `view_results`: what programme and views of the day's contracts earned, apart.

What belongs here: the split of a contract's trade and its result at the auction's prices. What does not: choosing (`hedge_programme`,
`decision`), what was held before (`pnl_day_ahead` has all of a contract).

A contract is traded once a day, for both. The programme pays the half-spread of its own trade; the view what is paid beyond that, which is
negative where it trades against the programme.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from energy_pipeline.book.grid import zone_grid
from energy_pipeline.book.hedges import block_profile
from energy_pipeline.book.positions import SAME_MW, traded_contracts
from energy_pipeline.contracts import table
from energy_pipeline.desk import Desk
from energy_pipeline.portfolio.settle import auction_price


def view_results(desk: Desk, day: date, hedge_programme: pl.DataFrame, positions: pl.DataFrame, day_ahead_prices: pl.DataFrame) -> pl.DataFrame:
    """Rows for every contract that was traded; empty for a desk without `hedging`.

    Raises
    ------
    MissingDayError
        A zone with a trade lacks an auction price.
    """
    own = {(r["zone"], r["block"]): r for r in hedge_programme.filter(pl.col("tenor") == "day").to_dicts()}
    rows = []
    for position in traded_contracts(positions).to_dicts():
        found = own.get((position["zone"], position["instrument"]))
        if found is None or found["quote_eur_mwh"] is None:
            continue
        programme, traded = float(found["programme_mw"]), float(position["traded_mw"])
        view = traded - programme if abs(traded - programme) > SAME_MW else 0.0
        if programme == 0.0 and view == 0.0:
            continue
        grid = zone_grid(desk, desk.delivery_day(day), position["zone"])
        profile = block_profile(position["instrument"], grid.day, grid.minutes)
        price = auction_price(day_ahead_prices, position["zone"], grid)
        hours, half = float(profile.sum()) * grid.hours, float(position["half_spread_eur_mwh"])
        gain = float((profile * (price - found["quote_eur_mwh"])).sum()) * grid.hours
        rows.append(
            {
                "delivery_day": day,
                "zone": position["zone"],
                "block": position["instrument"],
                "programme_mw": programme,
                "view_mw": view,
                "quote_eur_mwh": found["quote_eur_mwh"],
                "settled_eur_mwh": float((profile * price).sum() / np.maximum(profile.sum(), 1.0)),
                "programme_eur": programme * gain - abs(programme) * half * hours,
                "view_eur": view * gain - (abs(programme + view) - abs(programme)) * half * hours,
                "is_proxy": position["is_proxy"],
            }
        )
    return table("view_results").frame(rows or None)
