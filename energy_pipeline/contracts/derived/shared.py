"""Columns and quantile levels that several derived tables share.

What belongs here: what two stages' tables must agree on. What does not: columns every
table may use (`contracts.columns`).
"""

from __future__ import annotations

from energy_pipeline.contracts import columns as c
from energy_pipeline.domain.blocks import BLOCKS

QUANTILES: tuple[float, ...] = (0.01, *(round(0.05 * i, 2) for i in range(1, 20)), 0.99)
"""Quantile levels every price forecast carries."""


def quantile_column(level: float) -> str:
    """Column name of a price quantile.

    >>> quantile_column(0.05)
    'q05_eur_mwh'
    """
    return f"q{round(level * 100):02d}_eur_mwh"


PRICE_KIND = c.text("price_kind", "Which price: the auction's, or the second price.", allowed=("day_ahead", "second"))
SCENARIO_KIND = c.text("kind", "What the path is of.", allowed=("day_ahead_price", "second_price", "plant_output"))
SCENARIO_UNIT = c.text("unit", "Unit of the value.", allowed=("EUR/MWh", "MW"))
LABEL = c.text("label", "Whether it is money or only an index study.", allowed=("tradable", "index_only"))
INSTRUMENT = c.text(
    "instrument", "day_ahead, or a block contract: base, peak, offpeak, or the hour that begins at h00 .. h23.", allowed=("day_ahead", *BLOCKS)
)
