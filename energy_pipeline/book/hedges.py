"""Block contracts of the day: what is held, what can be traded, at which quote.

What belongs here: joining the desk's contracts, the opening book and the visible
quotes. What does not: how much is traded (`optimise`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from energy_pipeline.desk import Desk
from energy_pipeline.desk.model import OpeningPosition
from energy_pipeline.domain.blocks import Block, profile
from energy_pipeline.domain.delivery import DeliveryDay, FloatArray


@dataclass(frozen=True)
class Hedge:
    """One block contract that delivers on the day.

    Attributes
    ----------
    opening : tuple of OpeningPosition
        What is already held of it.
    mid_eur_mwh : float or None
        Visible mid quote; None: it cannot be traded.
    half_spread_eur_mwh : float
        Paid on what is traded.
    max_trade_mw : float
        Largest trade either way; 0 without quote or without contract in the desk.
    programme_mw : float
        Traded today by the hedge programme.
    view_limit_mw : float or None
        Traded beside it at most; None: the desk keeps no programme, and up to `max_trade_mw` is decided.
    trust : float
        Share of published mean less quote that a trade is expected to earn.
    """

    zone: str
    block: Block
    opening: tuple[OpeningPosition, ...]
    mid_eur_mwh: float | None
    half_spread_eur_mwh: float
    quote_is_proxy: bool
    max_trade_mw: float
    programme_mw: float = 0.0
    view_limit_mw: float | None = None
    trust: float = 1.0

    @property
    def scope(self) -> str:
        """How tables name the contract."""
        return f"{self.zone} {self.block}"

    @property
    def opening_mw(self) -> float:
        """Net bought before the decision."""
        return sum((o.position_mw for o in self.opening), 0.0)

    @property
    def held_mw(self) -> float:
        """Held before, and traded by the programme."""
        return self.opening_mw + self.programme_mw

    @property
    def room_mw(self) -> tuple[float, float]:
        """What may be bought and sold beside the programme; against its trade no more than that, so that half-spreads stay linear."""
        if self.view_limit_mw is None:
            return self.max_trade_mw, self.max_trade_mw
        bought, sold = max(self.programme_mw, 0.0), max(-self.programme_mw, 0.0)
        buys, sells = (min(self.view_limit_mw, self.max_trade_mw + other - own) for own, other in ((bought, sold), (sold, bought)))
        buys, sells = (min(buys, sold) if sold else buys), (min(sells, bought) if bought else sells)
        return max(buys, 0.0), max(sells, 0.0)

    @property
    def opening_price_eur_mwh(self) -> float:
        """Entry price of the opening, averaged by size (longs and shorts alike, so it stays among the prices paid)."""
        size = sum(abs(o.position_mw) for o in self.opening)
        return sum(abs(o.position_mw) * o.price_eur_mwh for o in self.opening) / size if size else 0.0


def opening_positions(desk: Desk, day: DeliveryDay, zone: str, block: str) -> tuple[OpeningPosition, ...]:
    """The opening book's positions in one contract that deliver on the day."""
    return tuple(o for o in desk.opening_book if o.zone == zone and o.block == block and o.first_day <= day.day <= o.last_day)


def block_profile(block: Block, day: DeliveryDay, minutes: int) -> FloatArray:
    """1 where the block delivers, shape (intervals,)."""
    return profile(block, day, minutes)


def day_hedges(desk: Desk, day: DeliveryDay, quotes: pl.DataFrame) -> tuple[Hedge, ...]:
    """Contracts of the desk and of its opening book that deliver on the day, in zone and block order.

    A block that does not deliver (peak on a Sunday) is left out: it carries no risk of D.

    Parameters
    ----------
    quotes : frame of forward_quotes
        What is visible at the decision time, one row per zone and contract and day.
    """
    limits: dict[tuple[str, Block], float] = {}
    for contract in desk.contracts:
        key = (contract.zone, contract.block)
        limits[key] = limits.get(key, 0.0) + contract.max_trade_mw
    held = {(o.zone, o.block) for o in desk.opening_book if o.first_day <= day.day <= o.last_day}
    found = {(q["zone"], q["contract"]): q for q in quotes.filter(pl.col("delivery_day") == day.day).to_dicts()}
    hedges = []
    for zone, block in sorted({*limits, *held}, key=lambda k: (list(desk.zones).index(k[0]), k[1])):
        if not np.any(block_profile(block, day, desk.zones[zone].resolution_minutes(day.day))):
            continue
        quote = found.get((zone, block))
        hedges.append(
            Hedge(
                zone=zone,
                block=block,
                opening=opening_positions(desk, day, zone, block),
                mid_eur_mwh=None if quote is None else float(quote["price_eur_mwh"]),
                half_spread_eur_mwh=0.0 if quote is None else float(quote["half_spread_eur_mwh"]),
                quote_is_proxy=quote is not None and bool(quote["is_proxy"]),
                max_trade_mw=0.0 if quote is None else limits.get((zone, block), 0.0),
            )
        )
    return tuple(hedges)
