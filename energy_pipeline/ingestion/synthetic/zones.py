"""Load, wind and solar output of the synthetic zones, as they happen and as forecast.

What belongs here: from weather and calendar to MW per zone. What does not: prices.

All arrays are quarter-hourly; a 60-minute zone averages them when it publishes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from energy_pipeline.domain.delivery import DeliveryDay, FloatArray
from energy_pipeline.ingestion.synthetic import noise
from energy_pipeline.ingestion.synthetic.weather import Place, Weather

QUARTER = 15
DEFAULT_WIND_MW = 12_000.0
DEFAULT_SOLAR_MW = 12_000.0
_FLEET_HUB_M = 110.0
_ERROR: noise.Octaves = ((20.0, 0.40), (9.0, 0.30), (4.0, 0.20), (1.5, 0.10))
_LOAD_LEVEL: noise.Octaves = ((700.0, 0.5), (170.0, 0.3), (40.0, 0.2))
# Share of mean load by local hour, midnight to noon and noon to midnight.
_WORK = (
    0.79, 0.76, 0.74, 0.74, 0.76, 0.82, 0.92, 1.03, 1.09, 1.12, 1.13, 1.14,
    1.14, 1.12, 1.10, 1.09, 1.10, 1.14, 1.17, 1.16, 1.10, 1.03, 0.95, 0.86,
)  # fmt: skip
_SATURDAY = (
    0.79, 0.75, 0.72, 0.71, 0.71, 0.73, 0.77, 0.83, 0.90, 0.95, 0.98, 0.99,
    0.98, 0.96, 0.93, 0.92, 0.94, 0.99, 1.03, 1.03, 0.98, 0.92, 0.87, 0.80,
)  # fmt: skip
_SUNDAY = (
    0.74, 0.70, 0.68, 0.67, 0.66, 0.67, 0.68, 0.72, 0.78, 0.83, 0.87, 0.90,
    0.89, 0.85, 0.81, 0.80, 0.83, 0.90, 0.97, 0.99, 0.96, 0.91, 0.87, 0.80,
)  # fmt: skip
_WEEK = np.array([*_WORK * 5, *_SATURDAY, *_SUNDAY])
_HOLIDAYS = {(1, 1), (5, 1), (12, 25), (12, 26)}
_LOAD_ERROR_SHARE = 0.016


@dataclass(frozen=True)
class ZoneSetup:
    """What a zone is made of; capacities [MW]."""

    name: str
    places: tuple[Place, ...]
    wind_mw: float
    solar_mw: float

    @property
    def mean_load_mw(self) -> float:
        """A load the zone's wind and sun can exceed on a mild windy Sunday, but rarely do."""
        return 0.45 * self.wind_mw + 0.60 * self.solar_mw + 1_000.0

    @property
    def thermal_mw(self) -> float:
        """Controllable capacity: enough for the peak without wind, if little of it is out."""
        return 1.24 * self.mean_load_mw


@dataclass(frozen=True)
class Fundamentals:
    """Load, wind, solar of a zone [MW], actual and day-ahead forecast, each shape (quarters,)."""

    load: FloatArray
    load_forecast: FloatArray
    wind: FloatArray
    wind_forecast: FloatArray
    solar: FloatArray
    solar_forecast: FloatArray

    @property
    def residual_forecast(self) -> FloatArray:
        """Load that the auction expects others than wind and sun to serve."""
        return self.load_forecast - self.wind_forecast - self.solar_forecast

    @property
    def shortage(self) -> FloatArray:
        """By how much the zone is shorter than forecast: more load, less wind, less sun."""
        return (self.load - self.load_forecast) - (self.wind - self.wind_forecast) - (self.solar - self.solar_forecast)


def fundamentals(
    seed: int, setup: ZoneSetup, day: DeliveryDay, hours: FloatArray, truth: Sequence[Weather], forecast: Sequence[Weather]
) -> Fundamentals:
    """Fundamentals of a zone's day.

    Parameters
    ----------
    hours : array, shape (quarters,)
        Interval middles, hours since the epoch.
    truth, forecast : sequences of Weather
        One per place of the setup, each shape (quarters,).
    """
    own = noise.field(noise.keys(seed, [f"{kind} error|{setup.name}" for kind in ("load", "wind", "solar")]), hours, _ERROR)
    level = noise.field(noise.keys(seed, [f"load level|{setup.name}"]), hours, _LOAD_LEVEL)[0]
    return Fundamentals(
        load=_load(setup, day, truth, level) * (1.0 + _LOAD_ERROR_SHARE * own[0]),
        load_forecast=_load(setup, day, forecast, level),
        wind=setup.wind_mw * wind_share(setup.places, truth, 0.045 * own[1]),
        wind_forecast=setup.wind_mw * wind_share(setup.places, forecast),
        solar=setup.solar_mw * solar_share(truth, 0.05 * own[2]),
        solar_forecast=setup.solar_mw * solar_share(forecast),
    )


def wind_share(places: Sequence[Place], weather: Sequence[Weather], disturbance: FloatArray | float = 0.0) -> FloatArray:
    """Output of a wind fleet as a share of capacity, shape (quarters,).

    A fleet's curve is smoother than a turbine's: turbines differ and see different wind.
    """
    total = np.zeros(weather[0].wind_ms.shape)
    for place, at in zip(places, weather, strict=True):
        speed = at.wind_at(_FLEET_HUB_M, place.height_m) * (1.0 + disturbance)
        rising = 1.0 / (1.0 + np.exp(-(speed - 9.3) / 1.7))
        running = 1.0 / (1.0 + np.exp((speed - 27.0) / 1.4))
        total = total + np.maximum(0.95 * rising * running - 0.004, 0.0)
    return total / len(places)


def solar_share(weather: Sequence[Weather], disturbance: FloatArray | float = 0.0) -> FloatArray:
    """Output of a photovoltaic fleet as a share of peak power, shape (quarters,)."""
    total = np.zeros(weather[0].ghi_w_m2.shape)
    for at in weather:
        cell_c = at.temperature_c + 0.028 * at.ghi_w_m2
        total = total + at.ghi_w_m2 / 1000.0 * (1.0 - 0.004 * (cell_c - 25.0)) * 0.88
    return np.clip(total / len(weather) * (1.0 + disturbance), 0.0, 0.92)


def _load(setup: ZoneSetup, day: DeliveryDay, weather: Sequence[Weather], level: FloatArray) -> FloatArray:
    """Load from the week's shape, temperature and slow moves of its level [MW]."""
    degrees = np.zeros(weather[0].temperature_c.shape)
    for at in weather:
        degrees = degrees + at.temperature_c / len(weather)
    thermal = 1.0 + 0.0095 * np.maximum(14.0 - degrees, 0.0) + 0.011 * np.maximum(degrees - 22.0, 0.0)
    return setup.mean_load_mw * 0.96 * _week_shape(day) * thermal * (1.0 + 0.022 * level)


def _week_shape(day: DeliveryDay) -> FloatArray:
    weekday = 6 if is_holiday(day.day) else day.day.weekday()
    hour = weekday * 24.0 + (day.slots(QUARTER) + 0.5) * QUARTER / 60.0
    shape: FloatArray = np.interp(hour, np.arange(168) + 0.5, _WEEK, period=168.0)
    return shape


def is_holiday(day: date) -> bool:
    """Whether the synthetic zones rest as on a Sunday: four fixed holidays.

    >>> is_holiday(date(2025, 12, 25))
    True
    """
    return (day.month, day.day) in _HOLIDAYS
