"""Series of a delivery day on the intervals of a zone.

What belongs here: turning rows into arrays by interval, and hours into quarters or
back. What does not: what the values mean.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from energy_pipeline.desk import Desk
from energy_pipeline.domain.delivery import DeliveryDay, FloatArray, IntArray


@dataclass(frozen=True)
class Grid:
    """The intervals of one zone on one delivery day."""

    day: DeliveryDay
    minutes: int

    @property
    def starts_us(self) -> IntArray:
        """UTC starts [us]."""
        return self.day.interval_starts_us(self.minutes)

    @property
    def size(self) -> int:
        """Number of intervals."""
        return self.day.count(self.minutes)

    @property
    def hours(self) -> float:
        """Length of an interval [h]."""
        return self.minutes / 60.0

    def starts(self) -> pl.Series:
        """UTC starts as a timestamp series."""
        return pl.Series("delivery_start", self.starts_us).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")


def zone_grid(desk: Desk, day: DeliveryDay, zone: str) -> Grid:
    """The intervals a zone trades on that day."""
    return Grid(day, desk.zones[zone].resolution_minutes(day.day))


def convert(values: FloatArray, minutes: int, target_minutes: int) -> FloatArray:
    """Values by interval on another resolution: repeated when finer, averaged when coarser.

    Parameters
    ----------
    values : array, shape (..., intervals)
        A mean over each interval (power or price), so both directions keep the total.

    Examples
    --------
    >>> convert(np.array([1.0, 3.0]), 30, 60).tolist(), convert(np.array([2.0]), 60, 15).tolist()
    ([2.0], [2.0, 2.0, 2.0, 2.0])
    """
    if minutes == target_minutes:
        return values
    if minutes % target_minutes == 0:
        return np.repeat(values, minutes // target_minutes, axis=-1)
    ratio, rest = divmod(target_minutes, minutes)
    if rest:
        raise ValueError(f"{minutes} min intervals do not fit into {target_minutes} min")
    averaged: FloatArray = values.reshape(*values.shape[:-1], values.shape[-1] // ratio, ratio).mean(axis=-1)
    return averaged


def on_grid(rows: pl.DataFrame, value: str, grid: Grid) -> FloatArray:
    """One series' values on a grid, NaN where there is no row (or a null, or an incomplete hour).

    Parameters
    ----------
    rows : frame
        `delivery_start`, `resolution_minutes` and `value`; one row per interval, one
        resolution a day (rows of another resolution beside it fill what it leaves open).
    """
    result = np.full(grid.size, np.nan)
    for minutes in sorted(rows["resolution_minutes"].unique().to_list()):
        part = rows.filter(pl.col("resolution_minutes") == minutes)
        starts = grid.day.interval_starts_us(minutes)
        found = part["delivery_start"].cast(pl.Int64).to_numpy()
        at = np.searchsorted(starts, found)
        inside = (at < starts.size) & (starts[np.minimum(at, starts.size - 1)] == found)
        values = np.full(starts.size, np.nan)
        values[at[inside]] = part[value].cast(pl.Float64).fill_null(float("nan")).to_numpy()[inside]
        result = np.where(np.isnan(result), convert(values, minutes, grid.minutes), result)
    return result
