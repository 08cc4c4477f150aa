"""Trades that are only thought of: reading them, and the book as it would be.

What belongs here: "add 25 MW base DE" into a trade, positions with trades done. What does not: what they
change (`whatif`), which are best (`hedging`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from energy_pipeline.book.grid import zone_grid
from energy_pipeline.book.hedges import Hedge, block_profile, opening_positions
from energy_pipeline.book.positions import contract_rows
from energy_pipeline.book.valued import ValuedBook
from energy_pipeline.contracts import table
from energy_pipeline.desk import Desk
from energy_pipeline.domain.blocks import Block
from energy_pipeline.domain.errors import PipelineError

PATTERN = re.compile(
    r"^\s*(?P<verb>add|buy|sell|remove)?\s*(?P<mw>[+-]?\d+(?:\.\d+)?)\s*(?:mw)?\s+(?P<block>base|peak|offpeak|off-peak)\s+(?P<zone>\S+)\s*$",
    re.IGNORECASE,
)


class TradeError(PipelineError):
    """A trade that cannot be read or done."""


@dataclass(frozen=True)
class Trade:
    """MW bought (negative: sold) of one block contract of the delivery day."""

    zone: str
    block: Block
    mw: float

    @property
    def contract(self) -> str:
        """Zone and block."""
        return f"{self.zone} {self.block}"


def parse_trade(text: str, desk: Desk) -> Trade:
    """A trade from words; a zone may be shortened as long as it is clear.

    Raises
    ------
    TradeError
        When the words are not understood or the zone is unknown or unclear.

    Examples
    --------
    >>> from energy_pipeline.desk.load import demo_desk_path, load_desk
    >>> parse_trade("sell 10 MW peak NO", load_desk(demo_desk_path()))
    Trade(zone='NORTH', block='peak', mw=-10.0)
    """
    found = PATTERN.match(text)
    if found is None:
        raise TradeError(
            f"{text!r} is not understood -> say it like 'add 25 MW base {next(iter(desk.zones))}' (add, buy, sell, remove; base, peak, offpeak)"
        )
    wanted = found["zone"].upper().replace("-", "_")
    zones = [z for z in desk.zones if z.upper() == wanted] or [z for z in desk.zones if z.upper().startswith(wanted)]
    if len(zones) != 1:
        raise TradeError(
            f"{text!r}: zone {found['zone']} is {'unknown' if not zones else 'one of ' + ', '.join(zones)} -> zones: {', '.join(desk.zones)}"
        )
    sign = -1.0 if (found["verb"] or "").lower() in ("sell", "remove") else 1.0
    block: Block = "base" if found["block"].lower() == "base" else "peak" if found["block"].lower() == "peak" else "offpeak"
    return Trade(zones[0], block, sign * float(found["mw"]))


def fair_price(held: ValuedBook, zone: str, block: Block) -> float:
    """Mean of the scenarios' prices over the block's intervals [EUR/MWh]."""
    outlook = held.outlooks[zone]
    weight = block_profile(block, held.day, outlook.grid.minutes)
    return float(outlook.price.mean(axis=0) @ weight / weight.sum())


def with_trades(held: ValuedBook, trades: Sequence[Trade], hedges: Sequence[Hedge]) -> pl.DataFrame:
    """The positions with the trades done at the visible quotes; a contract without a quote at the scenarios' mean.

    Parameters
    ----------
    hedges : sequence of Hedge
        Of `book.hedges.day_hedges`.

    Raises
    ------
    TradeError
        When a block does not deliver on the day or a zone holds nothing and has no scenarios.
    """
    quoted = {(h.zone, h.block): h for h in hedges}
    rest, added = held.positions, []
    for zone, block, mw in _netted(trades):
        if zone not in held.outlooks:
            raise TradeError(
                f"zone {zone} has no position on {held.day.day}, so no scenarios were read for it -> choose one of {', '.join(held.outlooks)}"
            )
        if not block_profile(block, held.day, 60).any():
            raise TradeError(f"{zone} {block} does not deliver on {held.day.day}")
        mine = (pl.col("zone") == zone) & (pl.col("instrument") == block)
        here = rest.filter(mine)
        before = float(here["traded_mw"][0]) if here.height else 0.0
        hedge = quoted.get((zone, block)) or Hedge(zone, block, opening_positions(held.desk, held.day, zone, block), None, 0.0, True, 0.0)
        if hedge.mid_eur_mwh is None:
            hedge = replace(hedge, mid_eur_mwh=fair_price(held, zone, block), quote_is_proxy=True)
        rest = rest.filter(~mine)
        added.append(contract_rows(held.day, zone_grid(held.desk, held.day, zone), hedge, before + mw))
    return pl.concat([rest, *added]).sort(table("positions").sort_key) if added else rest


def _netted(trades: Sequence[Trade]) -> list[tuple[str, Block, float]]:
    found: dict[tuple[str, Block], float] = {}
    for trade in trades:
        if not np.isfinite(trade.mw):
            raise TradeError(f"{trade.contract}: {trade.mw} MW is no size")
        found[trade.zone, trade.block] = found.get((trade.zone, trade.block), 0.0) + trade.mw
    return [(zone, block, mw) for (zone, block), mw in found.items()]
