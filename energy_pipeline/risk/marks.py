"""The opening book marked to the forward curve of a decision: the table mark_to_market.

What belongs here: contracts by delivery day at the curve, as far as it reaches (seven days). What does not: the curve
(forecasting), why marks change (`day_attribution`), greeks of options (`attribution`).
"""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from energy_pipeline.contracts import table
from energy_pipeline.desk import Desk
from energy_pipeline.domain.blocks import Block, profile
from energy_pipeline.domain.delivery import DeliveryDay


def mark_to_market(desk: Desk, day: DeliveryDay, forward_curve: pl.DataFrame) -> pl.DataFrame:
    """Value of every position of the opening book on every day of the curve it delivers on.

    Parameters
    ----------
    forward_curve : frame of forward_curve
        Of the decision for `day`.

    Returns
    -------
    frame of the table mark_to_market
        Sums over days are the value of the book as far as the curve reaches; days beyond have no row.
    """
    curves = {(str(z), t): part for (z, t), part in forward_curve.partition_by("zone", "target_day", as_dict=True, maintain_order=True).items()}
    rows = []
    for number, held in enumerate(desk.opening_book, start=1):
        for (zone, target), part in curves.items():
            if zone != held.zone or not held.first_day <= target <= held.last_day:
                continue
            found = block_mean(desk, target, held.block, part)
            if found is None:
                continue
            price, hours = found
            energy = held.position_mw * hours
            row = {"delivery_day": day.day, "deal": f"{zone} {held.block} #{number}", "zone": zone, "block": held.block, "target_day": target}
            row |= {"energy_mwh": energy, "entry_price_eur_mwh": held.price_eur_mwh, "curve_price_eur_mwh": price}
            rows.append({**row, "value_eur": energy * (price - held.price_eur_mwh), "basis": part["basis"][0], "is_proxy": held.is_proxy})
    return table("mark_to_market").frame(rows or None)


def block_mean(desk: Desk, target: date, block: Block, curve: pl.DataFrame) -> tuple[float, float] | None:
    """Mean of a day's curve over a block [EUR/MWh] and the block's hours; None where it does not deliver."""
    minutes = int(curve["resolution_minutes"][0])
    weights = profile(block, desk.delivery_day(target), minutes)
    if not weights.any():
        return None
    prices = curve.sort("delivery_start")["price_eur_mwh"].to_numpy()
    return float(np.sum(prices * weights) / weights.sum()), float(weights.sum()) * minutes / 60.0
