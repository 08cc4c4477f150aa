"""What the learnt correction is told about each hour: only what the decision of that day knew.

What belongs here: the source a plant is read through, and the table of inputs by hour. What does
not: the model (`correction`), where a source's numbers come from (`metered`, `plant_file`).

Every row of a past day is cut at that day's own decision, so a model learnt on such rows meets
tomorrow what it was trained on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Protocol

import numpy as np

from energy_pipeline.domain.delivery import MICROSECONDS_PER_MINUTE, DeliveryDay, FloatArray, IntArray
from energy_pipeline.information.resolution import by_slot, slot_starts_us
from energy_pipeline.renewables.cleaning import EXPECTED_WHILE_IDLE, STATED_SHARE, STILL

HOUR_US = 60 * MICROSECONDS_PER_MINUTE
MARGIN_HOURS = 8
DRIVER = "driver"
"""Input of plants without weather: the zone's driver forecast over the plant's capacity."""
SHIFTS = (1, 2, 3, 5, 8)
FIRST_LAG, LAST_LAG = 2, 29
"""Meters of D-2 are the latest that a desk has whole."""
SHORT_DAYS, LONG_DAYS = 7, 28


class PlantSource(Protocol):
    """A plant as the correction reads it; shares are of capacity, hours are hourly means."""

    technology: str
    time_zone: str
    weather_columns: tuple[str, ...]
    leading: str
    """The column whose neighbours in time matter."""
    sees_next_day: bool
    """Whether weather of the first hours after the delivery day may be looked at."""

    def decision_us(self, day: date) -> int:
        """When the day is decided."""
        ...

    def weather(self, column: str, start_us: IntArray, cut_us: IntArray) -> FloatArray:
        """Weather of hours as known at an instant each; NaN where nothing was known."""
        ...

    def physical(self, day: date) -> FloatArray:
        """Output share by physics as decided for the day, shape (hours,); NaN without weather."""
        ...

    def potential(self, day: date) -> FloatArray:
        """The most there can be: 1 for wind; for sun the clear sky's share, 0 at night."""
        ...

    def meter(self, start_us: IntArray, cut_us: IntArray | int) -> FloatArray:
        """Metered share of hours as known at an instant."""
        ...

    def held_back(self, start_us: IntArray, cut_us: IntArray | int) -> tuple[FloatArray | None, FloatArray | None]:
        """Shares of capacity curtailed, and lost to outages, where the plant's data tell."""
        ...


@dataclass(frozen=True, eq=False)
class Rows:
    """Hours of delivery days, in order.

    Attributes
    ----------
    start_us, day : int array, shape (n,)
        Hour's start, and its delivery day as an ordinal.
    physical, potential, last_still : array, shape (n,)
        Shares; `last_still` is the share of hours the plant stood still on its last known day.
    inputs : array, shape (n, columns)
        NaN where unknown.
    names : tuple of str
        Of the columns.
    """

    start_us: IntArray
    day: IntArray
    physical: FloatArray
    potential: FloatArray
    last_still: FloatArray
    inputs: FloatArray
    names: tuple[str, ...]


def join(parts: Sequence[Rows]) -> Rows:
    """Rows of several spans as one."""
    return Rows(
        np.concatenate([p.start_us for p in parts]),
        np.concatenate([p.day for p in parts]),
        np.concatenate([p.physical for p in parts]),
        np.concatenate([p.potential for p in parts]),
        np.concatenate([p.last_still for p in parts]),
        np.concatenate([p.inputs for p in parts]),
        parts[0].names,
    )


def rows_of(source: PlantSource, days: Sequence[date]) -> Rows:
    """Rows of consecutive delivery days.

    Columns: physics and its neighbours, every weather column, the leading column's neighbours up to
    8 hours either side within the same run, shear where there are two heights, wind vectors where
    there are directions, hour, season, and how far meters lay from physics lately.
    """
    recent = _recent(source, days)
    parts = [_day_rows(source, day, {k: v[i] for k, v in recent.items()}) for i, day in enumerate(days)]
    return join(parts)


def _recent(source: PlantSource, days: Sequence[date]) -> dict[str, FloatArray]:
    """What meters said by each decision: arrays of shape (days,) or (days, 24 slots)."""
    span = [days[0] - timedelta(days=LAST_LAG) + timedelta(days=i) for i in range((days[-1] - days[0]).days + LAST_LAG - FIRST_LAG + 1)]
    starts = slot_starts_us(span, source.time_zone, 60)
    physics = np.stack([by_slot(source.physical(d), DeliveryDay(d, source.time_zone), 60) for d in span])
    lit = np.stack([by_slot(source.potential(d), DeliveryDay(d, source.time_zone), 60) for d in span]) > 0
    lags = np.arange(FIRST_LAG, LAST_LAG + 1)
    at = np.arange(len(days))[:, None] + (LAST_LAG - lags)[None, :]
    cuts = np.array([source.decision_us(d) for d in days], dtype=np.int64)
    every_cut = np.broadcast_to(cuts[:, None, None], starts[at].shape)
    held, _ = source.held_back(starts[at], every_cut)
    meter = source.meter(starts[at], every_cut)
    if held is not None:  # what was held back says nothing about how far physics is off
        meter = np.where(np.nan_to_num(held) >= STATED_SHARE, np.nan, meter)
    expected, lit = physics[at], lit[at]
    both = ~np.isnan(meter) & ~np.isnan(expected)
    found: dict[str, FloatArray] = {}
    for name, count in (("1d", 1), ("7d", SHORT_DAYS), ("28d", LONG_DAYS)):
        own = _mean(np.where(both, meter, 0.0)[:, :count], both[:, :count])
        physical = _mean(np.where(both, expected, 0.0)[:, :count], both[:, :count])
        found[f"meter_{name}"], found[f"bias_{name}"] = own, own - physical
        found[f"ratio_{name}"] = np.clip(own / np.maximum(physical, 0.02), 0.0, 3.0)
    known = ~np.isnan(meter)
    found["slot_last"] = _first_known(meter[:, :SHORT_DAYS])
    seen = known[:, :SHORT_DAYS].sum(axis=1)
    found["slot_7d"] = np.where(seen > 0, np.where(known, meter, 0.0)[:, :SHORT_DAYS].sum(axis=1) / np.maximum(seen, 1), np.nan)
    found["last_still"] = _last_still(meter, expected, lit, EXPECTED_WHILE_IDLE[source.technology])
    return found


def _mean(total: FloatArray, member: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> FloatArray:
    count = member.sum(axis=(1, 2))
    return np.where(count > 0, total.sum(axis=(1, 2)) / np.maximum(count, 1), np.nan)


def _first_known(meter: FloatArray) -> FloatArray:
    found = np.full((meter.shape[0], meter.shape[2]), np.nan)
    for lag in range(meter.shape[1]):
        found = np.where(np.isnan(found), meter[:, lag], found)
    return found


def _last_still(meter: FloatArray, expected: FloatArray, lit: np.ndarray[tuple[int, ...], np.dtype[np.bool_]], threshold: float) -> FloatArray:
    known = ~np.isnan(meter) & lit & ~np.isnan(expected)
    still = known & (np.nan_to_num(meter, nan=1.0) <= STILL)
    count, hours = known.sum(axis=2), still.sum(axis=2)
    physics = np.where(still, np.nan_to_num(expected), 0.0).sum(axis=2) / np.maximum(hours, 1)
    share = np.where(count > 0, np.where(physics >= threshold, hours / np.maximum(count, 1), 0.0), np.nan)
    return _first_known(share[:, :SHORT_DAYS, None])[:, 0]


def _day_rows(source: PlantSource, day: date, recent: dict[str, FloatArray]) -> Rows:
    delivery = DeliveryDay(day, source.time_zone)
    starts, slots = delivery.interval_starts_us(60), delivery.slots(60)
    count = starts.size
    around = starts[0] + np.arange(-MARGIN_HOURS, count + MARGIN_HOURS, dtype=np.int64) * HOUR_US
    cut = np.full(around.shape, source.decision_us(day), dtype=np.int64)
    weather = {c: source.weather(c, around, cut) for c in source.weather_columns}
    if not source.sees_next_day:
        for values in weather.values():
            values[MARGIN_HOURS + count :] = np.nan
    inside = slice(MARGIN_HOURS, MARGIN_HOURS + count)
    physical, potential = source.physical(day), source.potential(day)
    columns: dict[str, FloatArray] = {"physical": physical, "potential": potential}
    steady = _edges_repeated(physical)
    columns["physical_3h"] = (np.concatenate([steady[:1], steady[:-1]]) + steady + np.concatenate([steady[1:], steady[-1:]])) / 3.0
    columns["physical_day"] = np.full(count, float(np.nanmean(physical)) if not np.isnan(physical).all() else np.nan)
    columns |= {c: v[inside] for c, v in weather.items() if not c.startswith("wind_direction")}
    columns |= _neighbours(weather[source.leading], count) if source.leading in weather else {}
    columns |= _vectors(weather, inside)
    columns |= _calendar(starts, slots, day)
    for name, value in recent.items():
        if name != "last_still":
            columns[name] = value[slots] if np.ndim(value) else np.full(count, float(value))
    return Rows(
        starts,
        np.full(count, day.toordinal(), dtype=np.int64),
        physical,
        potential,
        np.full(count, float(recent["last_still"])),
        np.stack(list(columns.values()), axis=1),
        tuple(columns),
    )


def _edges_repeated(values: FloatArray) -> FloatArray:
    """NaN replaced by the nearest known value; all NaN stays so."""
    known = np.flatnonzero(~np.isnan(values))
    return values if known.size == 0 else np.interp(np.arange(values.size), known, values[known])


def _neighbours(values: FloatArray, count: int) -> dict[str, FloatArray]:
    # The run may end with the day: beyond its edge the last value stands.
    filled = _edges_repeated(values)
    at = MARGIN_HOURS + np.arange(count)
    found = {}
    for step in SHIFTS:
        found[f"lead_{step}h_before"], found[f"lead_{step}h_after"] = filled[at - step], filled[at + step]
    for half in (1, 3):
        total = filled[at].copy()
        for step in range(1, half + 1):
            total += filled[at - step] + filled[at + step]
        found[f"lead_mean_{2 * half + 1}h"] = total / (2 * half + 1)
    found["lead_day"] = np.full(count, filled[at].mean())
    return found


def _vectors(weather: dict[str, FloatArray], inside: slice) -> dict[str, FloatArray]:
    found = {}
    speeds = [c for c in weather if c.startswith("wind_speed_") and c.endswith("m_ms")]
    heights = sorted((float(c.removeprefix("wind_speed_").removesuffix("m_ms")), c) for c in speeds)
    if len(heights) > 1:
        found["shear"] = np.log((weather[heights[-1][1]][inside] + 0.5) / (weather[heights[0][1]][inside] + 0.5))
    for name, values in weather.items():
        if not name.startswith("wind_direction"):
            continue
        speed = name.replace("wind_direction", "wind_speed").replace("_deg", "_ms")
        length = weather[speed][inside] if speed in weather else np.ones(values[inside].size)
        angle = np.radians(values[inside])
        found[f"{name}_east"], found[f"{name}_north"] = length * np.sin(angle), length * np.cos(angle)
    return found


def _calendar(starts: IntArray, slots: IntArray, day: date) -> dict[str, FloatArray]:
    hour, season = 2 * np.pi * slots / 24.0, 2 * np.pi * day.timetuple().tm_yday / 365.25
    return {
        "hour_sin": np.sin(hour),
        "hour_cos": np.cos(hour),
        "hour_sin_2": np.sin(2 * hour),
        "hour_cos_2": np.cos(2 * hour),
        "season_sin": np.full(starts.size, np.sin(season)),
        "season_cos": np.full(starts.size, np.cos(season)),
    }
