"""What a strategy trades: entry and exit price, and whether that is money at all.

What belongs here: the one rule that tells a tradable strategy from an index study. What does
not: any signal.

A day-ahead position that is marked to nothing earns nothing. The change of an hour's price
from one day to the next cannot be bought: a rule such as "long Monday, short Saturday" on it
shows Sharpe ratios near 10 and not one euro. So a strategy is tradable only if it leaves at
a second price; everything else is `index_only` and cannot carry a position or a Sharpe.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl

from energy_pipeline.contracts import table
from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.information.archive import InformationSet
from energy_pipeline.information.resolution import timestamps

Label = Literal["tradable", "index_only"]
AUCTION = "day_ahead auction"
DAY_BEFORE = "day_ahead auction of the day before"
"""Exit of an index study on price changes: nobody can leave there."""
SECOND_PRICES: tuple[str, ...] = ("intraday price", "imbalance price")
"""Exits at which a day-ahead position is really closed."""
KNOWN = {
    AUCTION: "when the auction publishes, after its gate (European day-ahead: D-1 about 12:45)",
    "intraday price": "during delivery, published after the interval",
    "imbalance price": "after delivery",
}
"""When each price is known; none of them at the decision."""


def exit_name(second_price_kind: str) -> str:
    """Name of the exit at a zone's second price.

    >>> exit_name("intraday") in SECOND_PRICES
    True
    """
    return f"{second_price_kind} price"


@dataclass(frozen=True)
class Trade:
    """Where a strategy enters and leaves.

    The label follows from the exit and cannot be set.

    Examples
    --------
    >>> Trade(AUCTION, "intraday price").label
    'tradable'
    >>> Trade(AUCTION, "day_ahead auction of the next day").label
    'index_only'
    """

    entry_price: str
    exit_price: str

    @property
    def label(self) -> Label:
        """Tradable when bought in the auction and closed at a second price, else index_only."""
        return "tradable" if self.entry_price == AUCTION and self.exit_price in SECOND_PRICES else "index_only"

    @property
    def known(self) -> tuple[str, str]:
        """When entry and exit price are known; empty for a price nobody can trade at."""
        return KNOWN.get(self.entry_price, ""), KNOWN.get(self.exit_price, "")


def signal_rows(
    info: InformationSet,
    strategy: str,
    zone: str,
    trade: Trade,
    signal: FloatArray,
    max_mw: float,
    edge_eur_mwh: FloatArray | None,
    reason: str = "",
) -> pl.DataFrame:
    """Rows of `signals` for one strategy: the only way they are made.

    The target is signal x max_mw for a tradable strategy and 0 for an index study, whatever
    it asked for; an index study has no expected edge either.

    Parameters
    ----------
    signal : array, shape (intervals,)
        -1 .. +1; positive buys day-ahead.
    edge_eur_mwh : array or None
        Expected gain per MWh, before costs.
    reason : str
        Why nothing is wanted whatever the rule says.
    """
    minutes = info.desk.zones[zone].resolution_minutes(info.day.day)
    tradable = trade.label == "tradable"
    edge = edge_eur_mwh if tradable and edge_eur_mwh is not None else np.full(signal.size, np.nan)
    return pl.DataFrame(
        {
            "delivery_day": info.day.day,
            "strategy": strategy,
            "zone": zone,
            "delivery_start": timestamps(info.day.interval_starts_us(minutes)),
            "resolution_minutes": minutes,
            "label": trade.label,
            "entry_price": trade.entry_price,
            "exit_price": trade.exit_price if tradable else "",
            "entry_known": trade.known[0],
            "exit_known": trade.known[1] if tradable else "",
            "signal": signal + 0.0,  # no negative zero
            "target_mw": signal * max_mw + 0.0 if tradable else np.zeros(signal.size),
            "expected_edge_eur_mwh": pl.Series(edge, nan_to_null=True),
            "reason": reason,
        },
        schema=table("signals").schema,
    )
