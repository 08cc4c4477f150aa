"""What the fuel and carbon of a MWh of power cost at an instant.

What belongs here: the last settlements known by an instant, turned into EUR per MWh of power.
What does not: spreads and rules.
"""

from __future__ import annotations

from datetime import datetime

import numpy as np
import polars as pl

from energy_pipeline.desk.strategies import PairSpread

UNITS = {"gas": "EUR/MWh", "carbon": "EUR/t", "coal": "USD/t"}
COAL_MWH_PER_TONNE = 6.98
"""API2 coal of 6,000 kcal/kg. It is quoted in dollars: a dark spread here has no exchange rate and is in mixed money."""


def fuel_cost(fuel_prices: pl.DataFrame, known_by: datetime, strategy: PairSpread) -> float:
    """Fuel and, for a clean spread, carbon of a MWh of power at the last settlements known; NaN where one is missing."""
    rows = fuel_prices.filter(pl.col("known_at") <= known_by).sort("delivery_day", "known_at", maintain_order=True)
    last = {f: p for f, u, p in rows.select("commodity", "unit", "price").iter_rows() if UNITS.get(f) == u}
    fuel = last.get("coal", np.nan) / COAL_MWH_PER_TONNE if strategy.against == "coal" else last.get("gas", np.nan)
    carbon = last.get("carbon", np.nan) * strategy.tonnes_per_mwh if strategy.against == "clean_gas" else 0.0
    return float(strategy.heat_rate * fuel + carbon)
