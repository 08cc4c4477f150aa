"""Declared proxy quotes: what stands in for a quote of a block contract where none exists.

What belongs here: the one rule (walk-forward mean of the block plus a premium). What
does not: real quotes (files) or trading on them (portfolio; proxies stay out of
headline P&L).
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import numpy as np
import polars as pl

from energy_pipeline.contracts import table as contract_of
from energy_pipeline.desk import Desk
from energy_pipeline.desk.sources import ProxyQuotes
from energy_pipeline.domain.blocks import Block, profile
from energy_pipeline.domain.delivery import local_instant
from energy_pipeline.information.known_at import market_time_zone

KNOWN_TIME = time(9, 0)
MINIMUM_SHARE = 0.5


def proxy_quotes(desk: Desk, rule: ProxyQuotes, first: date, last: date, prices: pl.DataFrame) -> pl.DataFrame:
    """Quotes of one zone's contracts for delivery days first..last.

    The quote for D is the mean over the days D-window..D-1 of the day's mean price within
    the block [EUR/MWh], plus the premium. Days without the block (peak at weekends) or
    without prices do not count; a quote needs half of the window's days of that block.
    A contract has no quote for a day it does not deliver on. Known D-1 09:00 local: an
    assumption, later than the last price used (the auction for D-1, D-2 about 12:45).

    Parameters
    ----------
    prices : DataFrame
        Rows of `day_ahead_prices` of the zone from first - window_days to last - 1.
    """
    means = {block: _block_means(desk, block, rule.zone, prices) for block in rule.contracts}
    zone, rows = market_time_zone(desk, {"zone": rule.zone}), []
    for offset in range((last - first).days + 1):
        day = first + timedelta(days=offset)
        for block in rule.contracts:
            price = _walk_forward_mean(desk, block, means[block], day, rule.window_days)
            if price is not None:
                known = local_instant(day - timedelta(days=1), KNOWN_TIME, zone)
                rows.append(_row(rule, block, day, price + rule.premium_eur_mwh, known))
    return pl.DataFrame(rows, schema=contract_of("forward_quotes").schema)


def _walk_forward_mean(desk: Desk, block: Block, means: dict[date, float], day: date, window_days: int) -> float | None:
    """Mean of the daily block means of the window; None where the block does not deliver or too little is known."""
    window = [day - timedelta(days=i) for i in range(window_days, 0, -1)]
    delivering = [d for d in window if profile(block, desk.delivery_day(d), 60).any()]
    known = [means[d] for d in delivering if d in means]
    if not profile(block, desk.delivery_day(day), 60).any() or not known or len(known) < MINIMUM_SHARE * len(delivering):
        return None
    return float(np.mean(np.array(known)))


def _block_means(desk: Desk, block: Block, zone: str, prices: pl.DataFrame) -> dict[date, float]:
    """Mean price of each day within the block, over the intervals that have a price."""
    rows = prices.filter(pl.col("zone") == zone).sort("delivery_start", "known_at", maintain_order=True)
    rows = rows.unique(subset=["delivery_start"], keep="last", maintain_order=True)
    result = {}
    for part in rows.partition_by("delivery_day", maintain_order=True):
        day, minutes = desk.delivery_day(part["delivery_day"][0]), int(part["resolution_minutes"][0])
        starts = day.interval_starts_us(minutes)
        inside = np.isin(part["delivery_start"].cast(pl.Int64).to_numpy(), starts[profile(block, day, minutes) > 0])
        if inside.any():
            result[day.day] = float(np.mean(part["price_eur_mwh"].to_numpy()[inside]))
    return result


def _row(rule: ProxyQuotes, block: Block, day: date, price: float, known: datetime) -> dict[str, object]:
    return {
        "delivery_day": day,
        "zone": rule.zone,
        "contract": block,
        "price_eur_mwh": price,
        "half_spread_eur_mwh": rule.half_spread_eur_mwh,
        "is_proxy": True,
        "known_at": known,
        "source": f"proxy: mean of the {rule.window_days} days before, plus {rule.premium_eur_mwh:g} EUR/MWh",
    }
