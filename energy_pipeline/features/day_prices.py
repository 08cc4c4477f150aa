"""Prices of consecutive days by wall-clock slot, as known at a decision.

What belongs here: day-ahead and second prices as rows of equal length, whatever the market's unit was. What does not: what a model
makes of them, other series (`columns`).
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache

import numpy as np

from energy_pipeline.domain.delivery import MICROSECONDS_PER_MINUTE, DeliveryDay, FloatArray, IntArray
from energy_pipeline.information.archive import InformationSet
from energy_pipeline.information.resolution import NO_START, convert, information_lookup, slot_starts_us

QUARTER_US = 15 * MICROSECONDS_PER_MINUTE
PROBED_SLOTS = (3, 12)


def day_prices(info: InformationSet, zone: str, table: str, first: date, days: int, minutes: int) -> FloatArray:
    """Prices of consecutive days by wall-clock slot [EUR/MWh], shape (days, 1440 / minutes).

    NaN where unknown; the slot that spring skips is the mean of its neighbours.
    """
    key: dict[str, str] = {"zone": zone} | ({"price_kind": info.desk.zones[zone].second_price.kind} if table == "second_prices" else {})
    series = information_lookup(info, table, **key)
    starts = np.stack([_hour_starts(first + timedelta(days=i), info.day.time_zone) for i in range(days)])
    values = series("price_eur_mwh", starts)
    quarters = np.repeat(values[:, :, None], 60 // 15, axis=2)
    # Days with rows inside the hour are read in full; the others need no more look-ups.
    probes = starts[:, PROBED_SLOTS, None] + np.arange(1, 4) * QUARTER_US
    fine = np.flatnonzero(np.isfinite(series("price_eur_mwh", probes)).any(axis=(1, 2)))
    if fine.size:
        inside = starts[fine][:, :, None] + np.arange(4) * QUARTER_US
        found = series("price_eur_mwh", inside)
        halves = ~np.isfinite(found[:, :, [1, 3]]).any(axis=(1, 2))
        found[halves] = np.repeat(found[halves][:, :, [0, 2]], 2, axis=2)
        quarters[fine] = found
    quarters[starts == NO_START] = np.nan
    rows = convert(quarters.reshape(days, -1), 15, minutes)
    return _spring_filled(rows, np.repeat(starts == NO_START, 60 // minutes, axis=1))


@lru_cache(maxsize=16384)
def _hour_starts(day: date, time_zone: str) -> IntArray:
    starts: IntArray = slot_starts_us([day], time_zone, 60)[0]
    starts.setflags(write=False)
    return starts


def _spring_filled(rows: FloatArray, skipped: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> FloatArray:
    for row in np.flatnonzero(skipped.any(axis=1)):
        gone = np.flatnonzero(skipped[row])
        before, after = gone[0] - 1, gone[-1] + 1
        rows[row, gone] = (rows[row, before] + rows[row, min(after, rows.shape[1] - 1)]) / 2
    return rows


def without_skipped(row: FloatArray, day: DeliveryDay, minutes: int) -> FloatArray:
    """A day by slot with the slots that spring skips filled by the mean of their neighbours, in place."""
    if day.count(minutes) == row.size:
        return row
    gone = np.setdiff1d(np.arange(row.size), day.slots(minutes))
    return np.asarray(_spring_filled(row[None], np.isin(np.arange(row.size), gone)[None])[0])
