"""The desk's plants in the engines' words, and weather through the engines' checks.

What belongs here: one plant's settings and arrays of weather in, output in MW and what was repaired
out. What does not: the physics (`photovoltaics`, `windpower`), where weather is read (`expected`,
`plant_file`).

Weather that the engines refuse gives no output: the hours are NaN, and the text says why. What they
repair is stated.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from energy_pipeline.desk.model import PvPlant, WeatherLocation, WindPlant
from energy_pipeline.domain.delivery import MICROSECONDS_PER_MINUTE, FloatArray, IntArray
from energy_pipeline.domain.errors import PipelineError
from energy_pipeline.mathematics import photovoltaics, windpower

SECTORS = 36
SUN_WIND_HEIGHT_M = 10.0
TYPICAL_WIND_MS = 2.0
"""Where no wind is known: it only cools modules; 2 m/s is about the mean near ground, worth 1-2 % of output."""
WIND_EXPONENT = 1.0 / 7.0


@dataclass(frozen=True, eq=False)
class Computed:
    """Output of a plant by physics.

    Attributes
    ----------
    output_mw : array, shape (n,)
        NaN where weather is unknown or refused.
    notes : tuple of str
        What was repaired or refused, one line each.
    """

    output_mw: FloatArray
    notes: tuple[str, ...] = ()


def pv_system(plant: PvPlant, location: WeatherLocation) -> photovoltaics.PvSystem:
    """The engine's plant. `retained_share` is what all losses leave, so the inverter's are taken out of it."""
    return photovoltaics.PvSystem(
        latitude_deg=location.latitude_deg,
        longitude_deg=location.longitude_deg,
        altitude_m=plant.elevation_m,
        dc_mw=plant.peak_mw,
        ac_mw=plant.inverter_mw,
        mounting=plant.mounting,
        tilt_deg=plant.tilt_deg,
        azimuth_deg=plant.azimuth_at(location.latitude_deg),
        limit_angle_deg=plant.limit_angle_deg,
        ground_coverage_ratio=plant.ground_coverage_ratio,
        backtracking=plant.backtracking,
        row_self_shading=plant.row_self_shading,
        module_type=plant.module_type,
        temperature_coefficient_per_c=plant.temperature_coefficient_per_c,
        noct_c=plant.noct_c,
        losses_share=max(1.0 - plant.retained_share / plant.inverter_efficiency, 0.0),
        inverter_efficiency=plant.inverter_efficiency,
        albedo=plant.albedo,
    )


def wind_farm(plant: WindPlant) -> windpower.WindFarm:
    """The engine's farm: real machines by name, else one machine with the cubic curve of the whole farm."""
    machines = len(plant.layout_m) or plant.turbines
    if plant.turbine is None:
        count = machines or 1
        turbine = windpower.cubic_turbine(
            rated_mw=plant.capacity_mw / count,
            cut_in_ms=plant.cut_in_ms,
            rated_ms=plant.rated_ms,
            cut_out_ms=plant.cut_out_ms,
            hub_height_m=plant.hub_height_m,
            restart_ms=plant.restart_ms,
        )
    else:
        turbine = windpower.turbine(plant.turbine, plant.hub_height_m)
        count = machines or max(round(plant.capacity_mw / turbine.rated_mw), 1)
        if plant.restart_ms is not None:
            turbine = replace(turbine, restart_ms=plant.restart_ms)
    wake = {"none": None, "jensen": windpower.Jensen(), "gaussian": windpower.Gaussian()}[plant.wake]
    return windpower.WindFarm(
        turbine=turbine,
        count=count,
        x_m=[x for x, _ in plant.layout_m] or None,
        y_m=[y for _, y in plant.layout_m] or None,
        wake=wake,
        wake_loss_share=plant.wake_loss_share,
        electrical_loss_share=plant.electrical_loss_share,
        availability=plant.availability,
        turbulence_intensity=plant.turbulence_intensity,
        density_rule=plant.density_rule,
        shear_exponent=plant.shear_exponent,
        elevation_m=plant.elevation_m,
        profile="auto",
    )


@lru_cache(maxsize=4096)
def _farm(plant: WindPlant) -> windpower.WindFarm:
    return wind_farm(plant)


def wind_output(plant: WindPlant, day: IntArray, heights_m: tuple[float, ...], weather: Mapping[str, FloatArray]) -> Computed:
    """Output of a wind plant over consecutive or scattered intervals.

    Parameters
    ----------
    heights_m : one or two heights, ascending
    weather : mapping
        `speed_ms`, and where known `upper_speed_ms`, `temperature_c`, `pressure_hpa`, `direction_deg`.
    day : array of int
        A number that changes with every delivery day (storm stops start anew with it).
    """
    known = ~np.isnan(weather["speed_ms"])
    if "upper_speed_ms" in weather:
        known &= ~np.isnan(weather["upper_speed_ms"])
    farm = _farm(plant)
    if plant.density_rule != "none":
        known &= ~np.isnan(weather["temperature_c"]) if "temperature_c" in weather else False
    output = np.full(known.size, np.nan)
    if not known.any():
        return Computed(output)
    cut = {k: v[known] for k, v in weather.items() if not np.isnan(v[known]).any()}
    at = windpower.WindWeather(
        cut["speed_ms"],
        heights_m[0],
        upper_speed_ms=cut.get("upper_speed_ms"),
        upper_height_m=heights_m[1] if "upper_speed_ms" in cut else None,
        temperature_c=cut.get("temperature_c"),
        temperature_height_m=2.0 if "temperature_c" in cut else None,
        pressure_hpa=cut.get("pressure_hpa"),
        pressure_height_m=0.0 if "pressure_hpa" in cut else None,
        direction_deg=cut.get("direction_deg"),
        roughness_m=plant.roughness_m,
        day=day[known],
    )
    notes: tuple[str, ...] = ()
    try:
        good = windpower.checked(at, repair=True, accept=("stuck", "reversed shear", "missing", "time"))
        notes = tuple(str(r) for r in good.repairs)
        power = _with_rose(farm, plant, good.weather)
    except PipelineError as error:
        return Computed(output, (str(error),))
    # A library turbine's rating times the count need not be the desk's capacity: that of the desk counts.
    scale = plant.retained_share * plant.capacity_mw / farm.capacity_mw
    output[known] = np.clip(power * scale, 0.0, plant.capacity_mw)
    return Computed(output, notes)


def _with_rose(farm: windpower.WindFarm, plant: WindPlant, weather: windpower.WindWeather) -> FloatArray:
    """Output; without directions in the weather, the mean over the rose of what wakes leave."""
    if farm.wake is None or weather.direction_deg is not None:
        return windpower.output_mw(farm, weather)
    total, weight_sum = np.zeros(weather.speed_ms.size), 0.0
    for sector in range(SECTORS):
        share = plant.wind_rose[int(sector * len(plant.wind_rose) / SECTORS)] if plant.wind_rose else 1.0
        total += share * windpower.output_mw(farm, replace(weather, direction_deg=np.full(weather.speed_ms.size, sector * 360.0 / SECTORS)))
        weight_sum += share
    return total / weight_sum


def pv_output(
    plant: PvPlant, location: WeatherLocation, start_us: IntArray, minutes: int, weather: Mapping[str, FloatArray], *, step_minutes: int | None = None
) -> Computed:
    """Output of a PV plant; `weather` holds `ghi_w_m2`, `temperature_c` and where known `wind_speed_ms` at 10 m.

    Weather is checked at its own interval length `minutes`, then computed in steps of `step_minutes` (default
    the same): irradiance is spread over the steps in the shape of the clear sky, which keeps its mean.
    """
    step = step_minutes or minutes
    known = ~np.isnan(weather["ghi_w_m2"]) & ~np.isnan(weather["temperature_c"])
    output = np.full((start_us.size, minutes // step), np.nan)
    if not known.any():
        return Computed(output.reshape(-1))
    wind = weather.get("wind_speed_ms")
    calm = np.full(start_us.size, TYPICAL_WIND_MS) if wind is None else np.where(np.isnan(wind), TYPICAL_WIND_MS, wind)
    at = photovoltaics.Irradiance(
        start_us=start_us[known], resolution_minutes=minutes, temperature_c=weather["temperature_c"][known], wind_speed_ms=calm[known],
        ghi_w_m2=weather["ghi_w_m2"][known],
    )  # fmt: skip
    try:
        good = photovoltaics.checked(at, latitude_deg=location.latitude_deg, longitude_deg=location.longitude_deg, repair=True)
        power = photovoltaics.output_mw(pv_system(plant, location), in_steps(good.weather, location, step))
    except PipelineError as error:
        return Computed(output.reshape(-1), (str(error),))
    notes = tuple(f"{r.column}: {r.rule}, {r.count} interval(s)" for r in good.repairs)
    # Hours that were not there come back where the hole was short enough to be bridged.
    rows = np.flatnonzero(np.isin(start_us, good.weather.start_us))
    output[rows] = np.clip(power, 0.0, plant.inverter_mw).reshape(-1, minutes // step)
    return Computed(output.reshape(-1), notes)


def in_steps(weather: photovoltaics.Irradiance, location: WeatherLocation, step_minutes: int) -> photovoltaics.Irradiance:
    """Global irradiance in shorter steps, shaped like the clear sky; all else is repeated."""
    ratio = weather.resolution_minutes // step_minutes
    if ratio == 1 or weather.ghi_w_m2 is None:
        return weather
    starts = (weather.start_us[:, None] + np.arange(ratio) * step_minutes * MICROSECONDS_PER_MINUTE).reshape(-1)
    clear = photovoltaics.clear_sky_ghi_w_m2(location.latitude_deg, location.longitude_deg, starts, step_minutes)
    ghi = spread(np.repeat(weather.ghi_w_m2, ratio), clear, ratio)
    air, wind = np.repeat(weather.temperature_c, ratio), np.repeat(weather.wind_speed_ms, ratio)
    return photovoltaics.Irradiance(starts, step_minutes, air, wind, ghi_w_m2=ghi)


def spread(mean: FloatArray, shape: FloatArray, parts: int) -> FloatArray:
    """A mean over `parts` steps, repeated on them -> steps shaped like `shape`, same mean; flat where the shape is 0.

    Parameters
    ----------
    mean, shape : arrays, shape (parts n,)

    Examples
    --------
    >>> spread(np.full(4, 100.0), np.array([0.0, 0.0, 1.0, 3.0]), 4).tolist()
    [0.0, 0.0, 100.0, 300.0]
    """
    by_mean = shape.reshape(-1, parts)
    total = by_mean[:, 0].copy()
    for part in range(1, parts):
        total += by_mean[:, part]
    average = (total / parts)[:, None]
    factor = np.where(average > 0, by_mean / np.where(average > 0, average, 1.0), 1.0)
    return np.asarray(mean * factor.reshape(-1))


def at_ten_metres_ms(speed_ms: FloatArray, height_m: float) -> FloatArray:
    """Wind at 10 m by the power law with 1/7."""
    return speed_ms * float((SUN_WIND_HEIGHT_M / height_m) ** WIND_EXPONENT)


def clear_sky_share(plant: PvPlant, location: WeatherLocation, start_us: IntArray, minutes: int) -> FloatArray:
    """Output under a clear sky at 15 degrees as a share of the inverter's limit; 0 when the sun is down."""
    ghi = photovoltaics.clear_sky_ghi_w_m2(location.latitude_deg, location.longitude_deg, start_us, minutes, altitude_m=plant.elevation_m)
    made = photovoltaics.output_mw(
        pv_system(plant, location),
        photovoltaics.Irradiance(start_us, minutes, np.full(start_us.size, 15.0), np.full(start_us.size, TYPICAL_WIND_MS), ghi_w_m2=ghi),
    )
    return np.maximum(made, 0.0) / plant.inverter_mw
