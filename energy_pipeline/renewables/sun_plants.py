"""The desk's photovoltaic plants in the engine's words, and weather through the engine's checks.

What belongs here: one plant's settings and arrays of weather in, output in MW and what was repaired, refused or assumed
out. What does not: the physics (`mathematics.photovoltaics`), where weather is read (`metered`, `plant_file`).

An hour's output is that of its means, as the reference engines compute it; quarter-hours only give it a shape. Light
that the weather does not split is split by `photovoltaics.split_global`, and said.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from energy_pipeline.desk.model import PvPlant, WeatherLocation
from energy_pipeline.domain.delivery import MICROSECONDS_PER_MINUTE, BoolArray, FloatArray, IntArray
from energy_pipeline.mathematics import photovoltaics
from energy_pipeline.renewables.physics import Computed, day_by_day, told_method
from energy_pipeline.renewables.quarters import PARTS, in_quarters

LIGHTS = ("ghi_w_m2", "dni_w_m2", "dhi_w_m2")
SPLIT = "direct and diffuse light not known: global light split by DISC"
TYPICAL_WIND_MS = 2.0
"""Where no wind is known: it only cools modules; 2 m/s is about the mean near ground, worth 1-2 % of output."""
WIND_HEIGHT_M = 10.0
WIND_EXPONENT = 1.0 / 7.0
SOLAR_CONSTANT_W_M2 = 1361.0
LOWEST_UP = 0.05
"""Sine of the sun's elevation below which global less diffuse light says nothing about the beam."""


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
        snow=plant.snow_loss,
    )


def pv_output(
    plant: PvPlant,
    location: WeatherLocation,
    start_us: IntArray,
    minutes: int,
    weather: Mapping[str, FloatArray],
    *,
    step_minutes: int | None = None,
    day: IntArray | None = None,
) -> Computed:
    """Output of a PV plant.

    Parameters
    ----------
    start_us : int array, shape (n,)
        Interval starts, consecutive or with holes.
    minutes, step_minutes : int
        Length of the weather's intervals, and of the output's (the same, or a quarter-hour of hours).
    weather : mapping
        `temperature_c`, `ghi_w_m2` or `dni_w_m2` and `dhi_w_m2` (best all three), `wind_speed_ms` at 10 m, and
        `snow_depth_cm` for plants with `snow_loss`, from some days before; NaN where unknown.
    day : int array, shape (n,), optional
        Ordinal of each interval's day: what the checks refuse costs its day. None: all is one day.

    Returns
    -------
    Computed
        `output_mw` of shape (n minutes / step_minutes,), NaN where the weather is unknown or refused.
    """
    step = step_minutes or minutes
    day = np.zeros(start_us.size, dtype=np.int64) if day is None else day
    nothing = np.full(start_us.size, np.nan)
    given = {name: weather.get(name, nothing) for name in (*LIGHTS, "temperature_c", "wind_speed_ms", "snow_depth_cm")}
    has = {name: ~np.isnan(values) for name, values in given.items()}
    known = has["temperature_c"] & (has["ghi_w_m2"] | (has["dni_w_m2"] & has["dhi_w_m2"]))
    output, told, split = np.full((start_us.size, minutes // step), np.nan), list[str](), False
    notes = _assumptions(plant, has, known)
    given["wind_speed_ms"] = np.where(has["wind_speed_ms"], given["wind_speed_ms"], TYPICAL_WIND_MS)
    given["snow_depth_cm"] = np.where(has["snow_depth_cm"], given["snow_depth_cm"], 0.0)
    for names, rows in _by_lights(known, has, day):
        split = split or names == ("ghi_w_m2",)
        site = _Site(plant, location, start_us, minutes, step, given, names)
        done, refused = day_by_day(day, rows, site.output_mw)
        for starts, power, repaired in done:
            # Hours that were not there come back where the hole was short enough to be bridged.
            at, of_them = np.isin(start_us, starts), np.isin(starts, start_us)
            output[at] = np.clip(power.reshape(-1, minutes // step)[of_them], 0.0, plant.inverter_mw)
            told += repaired
        told += refused
    told += [SPLIT] if split else []
    return Computed(output.reshape(-1), tuple(dict.fromkeys([*notes, *told])), told_method(assumed=bool(notes), split=split))


def _assumptions(plant: PvPlant, has: Mapping[str, BoolArray], known: BoolArray) -> list[str]:
    """What stands in for an input, or why there is no output."""
    missing = [name for name in ("temperature_c", "ghi_w_m2") if not has[name].any()]
    if not known.any():
        return [f"no {' and no '.join(missing)} in the weather"] if missing and any(rows.any() for rows in has.values()) else []
    calm = int((known & ~has["wind_speed_ms"]).sum())
    notes = [f"wind_speed_ms not known in {calm} interval(s): {TYPICAL_WIND_MS:g} m/s cools the modules"] if calm else []
    bare = int((known & ~has["snow_depth_cm"]).sum()) if plant.snow_loss else 0
    notes += [f"snow_depth_cm not known in {bare} interval(s): no snow lies"] if bare else []
    if plant.retained_share > plant.inverter_efficiency:
        notes.append(f"retained_share {plant.retained_share:g} is more than the inverter leaves: {plant.inverter_efficiency:g} is used")
    return notes


@dataclass(frozen=True, eq=False)
class _Site:
    """A plant with the weather of all intervals, and which lights of it are used."""

    plant: PvPlant
    location: WeatherLocation
    start_us: IntArray
    minutes: int
    step_minutes: int
    given: Mapping[str, FloatArray]
    lights: tuple[str, ...]

    def output_mw(self, part: IntArray) -> tuple[IntArray, FloatArray, list[str]]:
        """Interval starts, their output in steps and what was repaired; raises what the checks refuse."""
        ghi, dni, dhi = (self.given[name][part] if name in self.lights else None for name in LIGHTS)
        air, wind = self.given["temperature_c"][part], self.given["wind_speed_ms"][part]
        snow = self.given["snow_depth_cm"][part] if self.plant.snow_loss else None
        at = photovoltaics.Irradiance(self.start_us[part], self.minutes, air, wind, ghi, dni, dhi, snow_depth_cm=snow)
        good = photovoltaics.checked(at, latitude_deg=self.location.latitude_deg, longitude_deg=self.location.longitude_deg, repair=True)
        power = _in_steps(pv_system(self.plant, self.location), _both_lights(good.weather, self.location), self.location, self.step_minutes)
        return good.weather.start_us, power, [f"{r.column}: {r.rule}, {r.count} interval(s)" for r in good.repairs]


def _by_lights(known: BoolArray, has: Mapping[str, BoolArray], day: IntArray) -> list[tuple[tuple[str, ...], IntArray]]:
    """(lights, rows) of the days that have the same lights in all of their known intervals."""
    days, index = np.unique(day, return_inverse=True)
    whole = np.stack([np.bincount(index, known & ~has[name], minlength=days.size) == 0 for name in LIGHTS])
    # Global light stands in only where direct and diffuse are not both there.
    kinds = whole[0] * 4 + whole[1] * 2 + whole[2]
    found = []
    for kind in np.unique(kinds):
        names = tuple(name for name, bit in zip(LIGHTS, (4, 2, 1), strict=True) if kind & bit) or ("ghi_w_m2",)
        rows = np.flatnonzero(known & (kinds[index] == kind))
        names = names if "ghi_w_m2" in names or len(names) == 2 else ("ghi_w_m2",)
        rows = rows[np.logical_and.reduce([has[name][rows] for name in names])]
        if rows.size:
            found.append((names, rows))
    return found


def _both_lights(weather: photovoltaics.Irradiance, location: WeatherLocation) -> photovoltaics.Irradiance:
    """Weather with direct and diffuse light, whatever two or one of the three it had."""
    ghi, dni, dhi = weather.ghi_w_m2, weather.dni_w_m2, weather.dhi_w_m2
    place = (location.latitude_deg, location.longitude_deg, weather.start_us, weather.resolution_minutes)
    if dni is None and dhi is None and ghi is not None:
        dni, dhi = photovoltaics.split_global(ghi, *place)
    elif ghi is not None and (dni is None or dhi is None):
        at = photovoltaics.sun_position(*place)
        up = np.where(at.sunlit, np.cos(np.radians(at.zenith_deg)), 0.0)
        if dni is None and dhi is not None:
            dni = np.where(up > LOWEST_UP, np.clip((ghi - dhi) / np.maximum(up, LOWEST_UP), 0.0, SOLAR_CONSTANT_W_M2), 0.0)
        dhi = np.maximum(ghi - (0.0 if dni is None else dni) * np.maximum(up, 0.0), 0.0)
    return replace(weather, ghi_w_m2=None, dni_w_m2=dni, dhi_w_m2=dhi)


def _in_steps(system: photovoltaics.PvSystem, weather: photovoltaics.Irradiance, location: WeatherLocation, step_minutes: int) -> FloatArray:
    """Output in steps whose mean is the interval's: the beam lies on the sunlit steps, diffuse light as the clear sky."""
    whole = photovoltaics.output_mw(system, weather)
    ratio = weather.resolution_minutes // step_minutes
    if ratio == 1:
        return whole
    if ratio != PARTS or weather.dni_w_m2 is None or weather.dhi_w_m2 is None:
        return np.repeat(whole, ratio)
    starts = (weather.start_us[:, None] + np.arange(ratio) * step_minutes * MICROSECONDS_PER_MINUTE).reshape(-1)
    place = (location.latitude_deg, location.longitude_deg, starts, step_minutes)
    clear = photovoltaics.clear_sky_ghi_w_m2(*place)
    dni = photovoltaics.spread(np.repeat(weather.dni_w_m2, ratio), photovoltaics.sunlit_share(*place), ratio)
    dhi = photovoltaics.spread(np.repeat(weather.dhi_w_m2, ratio), clear, ratio)
    air, wind = np.repeat(weather.temperature_c, ratio), np.repeat(weather.wind_speed_ms, ratio)
    shape = photovoltaics.output_mw(system.with_(snow=False), photovoltaics.Irradiance(starts, step_minutes, air, wind, dni_w_m2=dni, dhi_w_m2=dhi))
    most = system.ac_mw
    return in_quarters(np.clip(whole / most, 0.0, 1.0), np.clip(shape / most, 0.0, 1.0), clear, "solar") * most


def at_ten_metres_ms(speed_ms: FloatArray, height_m: float) -> FloatArray:
    """Wind at 10 m by the power law with 1/7."""
    return speed_ms * float((WIND_HEIGHT_M / height_m) ** WIND_EXPONENT)


def clear_sky_share(plant: PvPlant, location: WeatherLocation, start_us: IntArray, minutes: int) -> FloatArray:
    """Output under a clear sky at 15 degrees as a share of the inverter's limit; 0 when the sun is down."""
    ghi = photovoltaics.clear_sky_ghi_w_m2(location.latitude_deg, location.longitude_deg, start_us, minutes, altitude_m=plant.elevation_m)
    made = photovoltaics.output_mw(
        pv_system(plant, location),
        photovoltaics.Irradiance(start_us, minutes, np.full(start_us.size, 15.0), np.full(start_us.size, TYPICAL_WIND_MS), ghi_w_m2=ghi),
    )
    return np.maximum(made, 0.0) / plant.inverter_mw
