"""Reversal of day-ahead price changes: an index study that earns nothing.

What belongs here: the z-score of the last change of each slot's price. What does not: money;
the change of an hour's price from one day to the next is not a thing one can hold.
"""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import polars as pl

from energy_pipeline.desk.strategies import MeanReversionIndex
from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.information.archive import InformationSet
from energy_pipeline.information.resolution import information_lookup, interval_values, slot_starts_us
from energy_pipeline.strategies.instruments import AUCTION, DAY_BEFORE, Trade, signal_rows

FULL_SIGNAL_Z = 3.0
MINIMUM_CHANGES = 5


def reversal_signals(info: InformationSet, name: str, strategy: MeanReversionIndex) -> pl.DataFrame:
    """Rows of `signals`: against the change from D-2 to D-1 where it was unusual."""
    minutes = info.desk.zones[strategy.zone].resolution_minutes(info.day.day)
    days = [info.day.day - timedelta(days=lag) for lag in range(1, strategy.window_days + 2)]
    starts = slot_starts_us(days, info.day.time_zone, minutes)[:, info.day.slots(minutes)]
    prices = interval_values(information_lookup(info, "day_ahead_prices", zone=strategy.zone), "price_eur_mwh", starts, minutes)
    z = last_change_z(prices)
    signal = np.where(np.abs(z) >= strategy.entry_z, np.clip(-z / FULL_SIGNAL_Z, -1.0, 1.0), 0.0)
    return signal_rows(info, name, strategy.zone, Trade(AUCTION, DAY_BEFORE), signal, 0.0, None)


def last_change_z(prices_eur_mwh: FloatArray) -> FloatArray:
    """z-score of each slot's last change among its changes over the window.

    Parameters
    ----------
    prices_eur_mwh : array, shape (days, slots)
        Latest day first; NaN where unknown.

    Returns
    -------
    array, shape (slots,); 0 where the last change is unknown, fewer than five changes are
    known, or they do not vary.
    """
    changes = prices_eur_mwh[:-1] - prices_eur_mwh[1:]
    known = ~np.isnan(changes)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, changes, 0.0).sum(axis=0) / count
    spread = np.sqrt(np.where(known, (changes - mean) ** 2, 0.0).sum(axis=0) / count)
    usable = known[0] & (known.sum(axis=0) >= MINIMUM_CHANGES) & (spread > 0)
    return np.where(usable, (np.where(known[0], changes[0], 0.0) - mean) / np.where(spread > 0, spread, 1.0), 0.0)
