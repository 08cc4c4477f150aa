"""Wind and air at hub height, in plain numpy.

What belongs here: height laws and air density as one can read and plot them. What does not:
the fused pass (`kernel`), which repeats the same formulas and is tested against these.
"""

from __future__ import annotations

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.mathematics.windpower.farm import WindFarm
from energy_pipeline.mathematics.windpower.kernel import GAS_CONSTANT, GRAVITY, LAPSE_K_M
from energy_pipeline.mathematics.windpower.output import climb_m, profile_of, standard_pressure_hpa
from energy_pipeline.mathematics.windpower.weather import WindWeather


def power_law_ms(speed_ms: FloatArray, height_m: float, hub_height_m: float, exponent: FloatArray | float) -> FloatArray:
    """Speed at hub height by the power law [m/s].

    >>> power_law_ms(np.array([8.0]), 50.0, 100.0, 0.0).tolist()
    [8.0]
    """
    return speed_ms * (hub_height_m / height_m) ** np.asarray(exponent)


def log_law_ms(speed_ms: FloatArray, height_m: float, hub_height_m: float, roughness_m: FloatArray | float) -> FloatArray:
    """Speed at hub height by the logarithmic law of neutral air [m/s].

    >>> log_law_ms(np.array([5.0]), 10.0, 100.0, 0.1).round(3).tolist()
    [7.5]
    """
    return speed_ms * (np.log(hub_height_m / np.asarray(roughness_m)) / np.log(height_m / np.asarray(roughness_m)))


def measured_exponent(lower_ms: FloatArray, upper_ms: FloatArray, lower_m: float, upper_m: float) -> FloatArray:
    """Shear exponent between two heights, interval by interval; speeds below 0.1 m/s count as 0.1.

    >>> measured_exponent(np.array([5.0]), np.array([10.0]), 10.0, 100.0).round(3).tolist()
    [0.301]
    """
    return np.asarray(np.log(np.maximum(upper_ms, 0.1) / np.maximum(lower_ms, 0.1)) / np.log(upper_m / lower_m))


def hub_speed_ms(farm: WindFarm, weather: WindWeather) -> FloatArray:
    """Free wind at hub height as `output_mw` uses it [m/s].

    A measured exponent starts from the height nearer to the hub; outside the two heights it
    is kept within `farm.shear_bounds`, between them it interpolates and is not.
    """
    hub, low = farm.turbine.hub_height_m, weather.speed_height_m
    profile = profile_of(farm, weather)
    if profile == "log":
        return log_law_ms(weather.speed_ms, low, hub, weather.roughness_m)
    if profile == "power":
        return power_law_ms(weather.speed_ms, low, hub, farm.shear_exponent)
    high = float(weather.upper_height_m or np.nan)
    exponent = measured_exponent(weather.speed_ms, weather.upper_speed_ms, low, high)
    if not low <= hub <= high:
        exponent = np.clip(exponent, *farm.shear_bounds)
    if abs(np.log(hub / high)) < abs(np.log(hub / low)):
        return power_law_ms(weather.upper_speed_ms, high, hub, exponent)
    return power_law_ms(weather.speed_ms, low, hub, exponent)


def air_density(farm: WindFarm, weather: WindWeather) -> FloatArray:
    """Air density at hub height as `output_mw` uses it [kg/m3].

    From a stated measuring height to the hub, temperature falls by 6.5 K per km and pressure by `farm.air`. Pressure without
    measurement is that of the standard atmosphere at `farm.elevation_m`.

    >>> from energy_pipeline.mathematics.windpower.turbines import cubic_turbine
    >>> at_hub = WindWeather([5.0], 100.0, temperature_c=15.0, pressure_hpa=1013.25)
    >>> air_density(WindFarm(cubic_turbine()), at_hub).round(3).tolist()
    1.225
    """
    above_thermometer, up = climb_m(farm, weather)
    kelvin = np.asarray(weather.temperature_c) + 273.15 - LAPSE_K_M * above_thermometer
    hpa = np.asarray(standard_pressure_hpa(farm.elevation_m) if weather.pressure_hpa is None else weather.pressure_hpa)
    if farm.air == "hypsometric":
        return 100.0 * hpa * np.exp(-GRAVITY * up / (GAS_CONSTANT * (kelvin + 0.5 * LAPSE_K_M * up))) / (GAS_CONSTANT * kelvin)
    if farm.air == "barometric":
        return (hpa - up / 8.0) * 1.225 * 288.15 * 100.0 / (101330.0 * kelvin)
    return (hpa - up / 8.0) * 100.0 / (GAS_CONSTANT * kelvin)
