"""Series of a delivery day on the intervals of a zone.

What belongs here: turning a table's rows into arrays by interval. What does not: what
the values mean, or other interval lengths (`information.resolution`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from energy_pipeline.desk import Desk
from energy_pipeline.domain.delivery import DeliveryDay, FloatArray, IntArray
from energy_pipeline.information.resolution import convert, timestamps


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
        return timestamps(self.starts_us)


def zone_grid(desk: Desk, day: DeliveryDay, zone: str) -> Grid:
    """The intervals a zone trades on that day."""
    return Grid(day, desk.zones[zone].resolution_minutes(day.day))


def on_grid(rows: pl.DataFrame, value: str, grid: Grid) -> FloatArray:
    """One series' values on a grid, NaN where there is no row (or a null, or an incomplete hour).

    Parameters
    ----------
    rows : frame
        `delivery_start`, `resolution_minutes` and `value`; one row per interval, one
        resolution a day (rows of another resolution beside it fill what it leaves open).
    """
    result = np.full(grid.size, np.nan)
    given = sorted(rows["resolution_minutes"].unique().to_list())
    for minutes in given:
        part = rows if len(given) == 1 else rows.filter(pl.col("resolution_minutes") == minutes)
        starts = grid.day.interval_starts_us(minutes)
        found = part["delivery_start"].cast(pl.Int64).to_numpy()
        at = np.searchsorted(starts, found)
        inside = (at < starts.size) & (starts[np.minimum(at, starts.size - 1)] == found)
        values = np.full(starts.size, np.nan)
        values[at[inside]] = part[value].cast(pl.Float64).fill_null(float("nan")).to_numpy()[inside]
        result = np.where(np.isnan(result), convert(values, minutes, grid.minutes), result)
    return result
