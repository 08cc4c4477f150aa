"""Photovoltaic plants: from horizontal irradiance and air temperature to AC power.

What belongs here: the chain sun position -> diffuse and direct -> plane of array -> cell
temperature -> DC -> AC, in quarter-hours. What does not: where the weather came from.

The sun stands where it is in the middle of each quarter-hour. Hourly irradiance is spread
over its quarters in proportion to clear-sky irradiance, so that the hourly mean is kept.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from energy_pipeline.desk.model import PvPlant, WeatherLocation
from energy_pipeline.domain.delivery import MICROSECONDS_PER_MINUTE, DeliveryDay, FloatArray

STEP_MINUTES = 15
STANDARD_IRRADIANCE_W_M2 = 1000.0
STANDARD_CELL_C = 25.0
NOCT_IRRADIANCE_W_M2 = 800.0
NOCT_AIR_C = 20.0
GROUND_ALBEDO = 0.25
SEA_LEVEL_PRESSURE_HPA = 1013.25
MEAN_TEMPERATURE_C = 12.0
DELTA_T_S = 67.0
"""Terrestrial less universal time; a second of it moves the sun by 1e-5 degrees."""
REFRACTION_AT_HORIZON_DEG = 0.5667


class Sun(NamedTuple):
    """Where the sun stands in the middle of each quarter-hour [degrees], and clear-sky GHI [W/m2]."""

    apparent_zenith_deg: FloatArray
    azimuth_deg: FloatArray
    clear_sky_ghi_w_m2: FloatArray


def sun(location: WeatherLocation, day: DeliveryDay) -> Sun:
    """The sun over a day's quarter-hours, arrays of shape (day.count(15),).

    Zenith with refraction by the SPA algorithm (pvlib); clear sky after Haurwitz.
    """
    return _sun(location.latitude_deg, location.longitude_deg, day.day, day.time_zone)


@lru_cache(maxsize=8192)
def _sun(latitude_deg: float, longitude_deg: float, day: date, time_zone: str) -> Sun:
    from pvlib import spa

    # Per day, not per range: vector maths may round the last bit by array length.
    middle_us = DeliveryDay(day, time_zone).interval_starts_us(STEP_MINUTES) + STEP_MINUTES * MICROSECONDS_PER_MINUTE // 2
    position = spa.solar_position_numpy(
        middle_us / 1e6,
        latitude_deg,
        longitude_deg,
        0.0,
        SEA_LEVEL_PRESSURE_HPA,
        MEAN_TEMPERATURE_C,
        DELTA_T_S,
        REFRACTION_AT_HORIZON_DEG,
        numthreads=1,
    )
    zenith_deg, azimuth_deg = np.asarray(position[0]), np.asarray(position[4])
    cosine = np.maximum(np.cos(np.radians(zenith_deg)), 0.0)
    # Haurwitz 1945; exp(-0.057 / 0) is 0, so the guard only avoids a warning.
    clear = np.where(cosine > 0, 1098.0 * cosine * np.exp(-0.057 / np.maximum(cosine, 1e-9)), 0.0)
    return Sun(zenith_deg, azimuth_deg, clear)


def spread_hourly(ghi_w_m2: FloatArray, clear_sky_ghi_w_m2: FloatArray) -> FloatArray:
    """Hourly irradiance repeated on quarters -> quarters shaped like the clear sky, same hourly mean.

    Parameters
    ----------
    ghi_w_m2, clear_sky_ghi_w_m2 : arrays, shape (4 n,)

    Examples
    --------
    >>> spread_hourly(np.full(4, 100.0), np.array([0.0, 0.0, 1.0, 3.0])).tolist()
    [0.0, 0.0, 100.0, 300.0]
    """
    clear = clear_sky_ghi_w_m2.reshape(-1, 4)
    mean = ((clear[:, 0] + clear[:, 1] + clear[:, 2] + clear[:, 3]) / 4)[:, None]
    shape = np.where(mean > 0, clear / np.where(mean > 0, mean, 1.0), 1.0)
    return ghi_w_m2 * shape.reshape(-1)


def plane_of_array_w_m2(plant: PvPlant, position: Sun, ghi_w_m2: FloatArray, day: date) -> FloatArray:
    """Irradiance on the module plane [W/m2]: Erbs decomposition, Hay-Davies transposition."""
    from pvlib import irradiance

    day_of_year = day.timetuple().tm_yday
    extra = float(irradiance.get_extra_radiation(day_of_year))
    parts = irradiance.erbs(ghi_w_m2, position.apparent_zenith_deg, day_of_year)
    total = irradiance.get_total_irradiance(
        plant.tilt_deg,
        plant.azimuth_deg,
        position.apparent_zenith_deg,
        position.azimuth_deg,
        parts["dni"],
        ghi_w_m2,
        parts["dhi"],
        dni_extra=extra,
        albedo=GROUND_ALBEDO,
        model="haydavies",
    )
    return np.maximum(np.asarray(total["poa_global"], dtype=np.float64), 0.0)


def pv_output_mw(plant: PvPlant, position: Sun, ghi_w_m2: FloatArray, temperature_c: FloatArray, day: date) -> FloatArray:
    """AC output of each quarter-hour [MW], shape as `ghi_w_m2`; NaN where weather is NaN.

    Cell temperature is air + (NOCT - 20) G / 800; DC falls by the coefficient (a negative
    number) per degree above 25; losses come before the inverter clips.
    """
    poa = plane_of_array_w_m2(plant, position, ghi_w_m2, day)
    cell_c = temperature_c + (plant.noct_c - NOCT_AIR_C) * poa / NOCT_IRRADIANCE_W_M2
    dc = plant.peak_mw * poa / STANDARD_IRRADIANCE_W_M2 * (1.0 + plant.temperature_coefficient_per_c * (cell_c - STANDARD_CELL_C))
    output = np.clip(dc * plant.retained_share, 0.0, plant.inverter_mw)
    return np.where(np.isnan(ghi_w_m2) | np.isnan(temperature_c), np.nan, output)
