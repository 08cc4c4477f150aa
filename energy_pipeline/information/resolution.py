"""Reading series whose interval length differs from the one that is wanted.

What belongs here: turning 15, 30 and 60 minute rows into a wanted length (a coarser row is
repeated, finer rows are averaged), and the wall-clock slots of many days at once. What does
not: any table's meaning. Works on an `InformationSet` or on a frame of settled rows alike.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from functools import lru_cache

import numpy as np
import polars as pl

from energy_pipeline.domain.delivery import MICROSECONDS_PER_MINUTE, DeliveryDay, FloatArray, IntArray
from energy_pipeline.information.archive import InformationSet
from energy_pipeline.information.as_of_series import AsOfSeries

Lookup = Callable[[str, IntArray], FloatArray]
"""(column, interval starts in us) -> values, NaN where there is none."""

FINEST_MINUTES = 15
NATIVE_MINUTES = (15, 30, 60)
NO_START = -1
HOUR_US = 60 * MICROSECONDS_PER_MINUTE
FOREVER_US = np.iinfo(np.int64).max


def information_lookup(info: InformationSet, table: str, **key: str) -> Lookup:
    """Look-ups of one raw series as known at the decision time of `info`."""
    return lambda column, start_us: info.values(table, column, start_us, cut_us=None, **key)


def frame_lookup(frame: pl.DataFrame, **key: str) -> Lookup:
    """Look-ups of one series of a raw frame, latest vintage: for the settle flows only."""
    rows = frame.filter(*[pl.col(name) == value for name, value in key.items()]).sort("delivery_start", "known_at", maintain_order=True)
    starts, known = rows["delivery_start"].cast(pl.Int64).to_numpy(), rows["known_at"].cast(pl.Int64).to_numpy()
    series: dict[str, AsOfSeries] = {}

    def lookup(column: str, start_us: IntArray) -> FloatArray:
        if column not in series:
            series[column] = AsOfSeries(starts, known, rows[column].cast(pl.Float64).fill_null(float("nan")).to_numpy())
        return series[column].lookup(start_us, FOREVER_US)

    return lookup


def interval_values(lookup: Lookup, column: str, start_us: IntArray, minutes: int) -> FloatArray:
    """Mean of a series over intervals of `minutes`, whatever length its rows have.

    Parameters
    ----------
    start_us : array of int64, any shape
        Interval starts; multiples of `minutes`.
    minutes : int
        15, 30 or 60.

    Returns
    -------
    array, same shape; NaN where any part of the interval is unknown. Rows of other lengths
    than 15, 30 and 60 minutes count as unknown: ingestion makes means of shorter ones.
    """
    parts = np.asarray(start_us, dtype=np.int64)[..., None] + np.arange(minutes // FINEST_MINUTES) * (FINEST_MINUTES * MICROSECONDS_PER_MINUTE)
    found = np.full(parts.shape, np.nan)
    for span in NATIVE_MINUTES:
        rows = parts - parts % (span * MICROSECONDS_PER_MINUTE)
        here = np.isnan(found) & (lookup("resolution_minutes", rows) == span)
        if here.any():
            found = np.where(here, lookup(column, rows), found)
    unknown = np.isnan(found)
    if unknown.all() or (unknown.any() and parts.flat[0] % HOUR_US):  # hours of a zone that is half an hour off begin at half past
        _off_the_hour(lookup, column, parts, found)
    return _mean_of_last_axis(found)


def _off_the_hour(lookup: Lookup, column: str, parts: IntArray, found: FloatArray) -> None:
    """Fills in values of rows that cover a part and begin off the grid that UTC has for their length."""
    for span in NATIVE_MINUTES:
        length = span * MICROSECONDS_PER_MINUTE
        for back in range(0, length, FINEST_MINUTES * MICROSECONDS_PER_MINUTE):
            rows = np.where(np.isnan(found) & ((parts - back) % length != 0), parts - back, NO_START)
            if (rows == NO_START).all():
                continue
            here = (rows != NO_START) & (lookup("resolution_minutes", rows) == span)
            if here.any():
                found[here] = lookup(column, rows)[here]


def convert(values: FloatArray, from_minutes: int, to_minutes: int) -> FloatArray:
    """Values by interval at another interval length: repeated, or averaged.

    Parameters
    ----------
    values : array, shape (..., intervals)
        A mean over each interval (power or price), so both directions keep the total.

    Raises
    ------
    ValueError
        When neither length is a multiple of the other.

    Examples
    --------
    >>> convert(np.array([1.0, 3.0]), 30, 60).tolist(), convert(np.array([2.0]), 60, 30).tolist()
    ([2.0], [2.0, 2.0])
    """
    if from_minutes == to_minutes:
        return values
    if from_minutes % to_minutes == 0:
        return np.repeat(values, from_minutes // to_minutes, axis=-1)
    ratio, rest = divmod(to_minutes, from_minutes)
    if rest:
        raise ValueError(f"{from_minutes} min intervals do not fit into {to_minutes} min")
    return _mean_of_last_axis(values.reshape(*values.shape[:-1], values.shape[-1] // ratio, ratio))


def _mean_of_last_axis(values: FloatArray) -> FloatArray:
    # Column by column, so that the order of additions never depends on the number of rows.
    total: FloatArray = values[..., 0].copy()
    for i in range(1, values.shape[-1]):
        total += values[..., i]
    total /= values.shape[-1]
    return total


def slot_starts_us(days: Sequence[date], time_zone: str, minutes: int) -> IntArray:
    """UTC start of each wall-clock slot on each day, shape (len(days), 1440 / minutes) [us].

    A slot that spring skips is `NO_START` (it looks up as NaN); one that autumn repeats is
    its first occurrence.

    >>> int((slot_starts_us([date(2019, 3, 31)], "Europe/Berlin", 60) == NO_START).sum())
    1
    """
    starts = np.empty((len(days), 1440 // minutes), dtype=np.int64)
    for row, day in enumerate(days):
        starts[row] = _day_starts_us(day, time_zone, minutes)
    return starts


@lru_cache(maxsize=8192)
def _day_starts_us(day: date, time_zone: str, minutes: int) -> IntArray:
    """One day of `slot_starts_us`, not to be written."""
    starts = np.full(1440 // minutes, NO_START, dtype=np.int64)
    delivery = DeliveryDay(day, time_zone)
    starts[delivery.slots(minutes)[::-1]] = delivery.interval_starts_us(minutes)[::-1]
    starts.setflags(write=False)
    return starts


def by_slot(values: FloatArray, day: DeliveryDay, minutes: int) -> FloatArray:
    """A day's interval values by wall-clock slot, shape (1440 / minutes,); NaN for a skipped slot.

    >>> by_slot(np.arange(23.0), DeliveryDay(date(2019, 3, 31), "Europe/Berlin"), 60)[1:4].tolist()
    [1.0, nan, 2.0]
    """
    slots = np.full(1440 // minutes, np.nan)
    slots[day.slots(minutes)[::-1]] = values[::-1]
    return slots


def timestamps(start_us: IntArray) -> pl.Series:
    """Interval starts as UTC timestamps of the contracts' type."""
    return pl.Series("delivery_start", start_us).cast(pl.Datetime("us", "UTC"))
