"""Bringing series of different resolution and different days onto one day's intervals.

What belongs here: reading a raw series day by day at a wanted resolution, and
comparing days slot by slot. What does not: any feature.

A source finer than wanted is averaged (unknown if a part is unknown), a coarser one
is repeated. The source's resolution is seen from the rows themselves, because the
raw series of one zone need not share the market time unit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from energy_pipeline.domain.delivery import MICROSECONDS_PER_MINUTE, DeliveryDay, FloatArray, IntArray, same_slot_starts_us
from energy_pipeline.information.archive import InformationSet
from energy_pipeline.information.resolution import convert

QUARTER_MINUTES = 15


def from_quarters(quarters: FloatArray, minutes: int) -> FloatArray:
    """Values looked up at every quarter-hour start, brought to `minutes`.

    Parameters
    ----------
    quarters : array, shape (4 * hours,)
        NaN where the source has no row. When no second to fourth quarter is known the
        source is hourly, when no odd quarter is known it is half-hourly.
    minutes : int
        60, 30 or 15.

    Returns
    -------
    array, shape (hours * 60 / minutes,)

    Examples
    --------
    >>> nan = float("nan")
    >>> from_quarters(np.array([8.0, nan, nan, nan]), 15).tolist()
    [8.0, 8.0, 8.0, 8.0]
    >>> from_quarters(np.array([1.0, 2.0, 3.0, 4.0]), 60).tolist()
    [2.5]
    """
    hours = quarters.reshape(-1, 4)
    known = np.isfinite(hours)
    if not known[:, 1:].any():
        return np.repeat(hours[:, 0], 60 // minutes)
    if not known[:, [1, 3]].any():
        return convert(np.ascontiguousarray(hours[:, [0, 2]]).ravel(), 30, minutes)
    return convert(hours.ravel(), QUARTER_MINUTES, minutes)


def same_slot(target: DeliveryDay, source: DeliveryDay, minutes: int, values: FloatArray) -> FloatArray:
    """Values of `source`'s intervals laid on the same wall-clock slots of `target`.

    Parameters
    ----------
    values : array, shape (source.count(minutes),)

    Returns
    -------
    array, shape (target.count(minutes),)
    """
    offset = same_slot_starts_us(target, source, minutes) - source.interval_starts_us(minutes)[0]
    position = offset // (minutes * MICROSECONDS_PER_MINUTE)
    found: FloatArray = values[position]
    return found


@dataclass(frozen=True)
class DayReader:
    """One raw series of an information set, read by delivery day.

    Attributes
    ----------
    info : InformationSet
        Decides what is visible.
    table, column : str
        Raw table and value column.
    key : tuple of (str, str)
        The series, e.g. (("zone", "FR"),).
    """

    info: InformationSet
    table: str
    column: str
    key: tuple[tuple[str, str], ...]

    def values(self, start_us: IntArray) -> FloatArray:
        """Visible values at interval starts; NaN where unknown."""
        return self.info.values(self.table, self.column, start_us, cut_us=None, **dict(self.key))

    def days(self, days: Sequence[DeliveryDay], minutes: int) -> list[FloatArray]:
        """Values of each day at `minutes`, shape (day.count(minutes),) each, in one look-up."""
        starts = [day.interval_starts_us(QUARTER_MINUTES) for day in days]
        if not starts:
            return []
        found = self.values(np.concatenate(starts))
        edges = np.cumsum([s.size for s in starts])[:-1]
        return [from_quarters(part, minutes) for part in np.split(found, edges)]

    def own_days(self, days: Sequence[DeliveryDay], minutes: Sequence[int]) -> list[FloatArray]:
        """Values of each day at that day's own resolution, in the order of `days`."""
        found: dict[int, FloatArray] = {}
        for unit in sorted(set(minutes)):
            chosen = [i for i, m in enumerate(minutes) if m == unit]
            found |= dict(zip(chosen, self.days([days[i] for i in chosen], unit), strict=True))
        return [found[i] for i in range(len(days))]

    def day(self, day: DeliveryDay, minutes: int) -> FloatArray:
        """Values of one day at `minutes`, shape (day.count(minutes),)."""
        return self.days([day], minutes)[0]


def reader(info: InformationSet, table: str, column: str, **key: str) -> DayReader:
    """A `DayReader` of the series named by `key`."""
    return DayReader(info, table, column, tuple(key.items()))
