"""Output of wind farms from weather.

What belongs here: turning a farm's rules and a weather series into the numbers the compiled
pass needs, one site or a fleet. What does not: the loop itself (`kernel`), wakes (`wakes`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Literal

import numpy as np
import numpy.typing as npt

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.domain.errors import Finding
from energy_pipeline.mathematics.compilation import read_only, record
from energy_pipeline.mathematics.windpower import kernel as k
from energy_pipeline.mathematics.windpower.checking import unusable
from energy_pipeline.mathematics.windpower.errors import WindInputError, raise_if_any
from energy_pipeline.mathematics.windpower.farm import AIR_LAWS, WindFarm
from energy_pipeline.mathematics.windpower.smoothing import smoothed_curve
from energy_pipeline.mathematics.windpower.turbines import Turbine
from energy_pipeline.mathematics.windpower.wakes import DIRECTION_STEP_DEG, SPEED_STEP_MS, wake_table, waked_farm_mw
from energy_pipeline.mathematics.windpower.weather import WindWeather, flat

Missing = Literal["error", "nan"]
_RULES = {"none": 0, "sam": 1, "windpowerlib_power_curve": 2}
_PROFILES = {"power": 0, "measured": 1, "log": 2}
_UNUSED = read_only(np.zeros(1))
_NO_DAY = read_only(np.zeros(1, dtype=np.int64))
_NO_TABLE = np.ones((2, 2), dtype=np.float32)


def output_mw(farm: WindFarm, weather: WindWeather, *, missing: Missing = "error") -> FloatArray:
    """Output of a farm [MW], shape (n,): mean power of each interval.

    Hub speed, storm stop, density, curve, wakes and losses in this order; see `WindFarm` for the
    rules. Storm hysteresis (a turbine with `restart_ms`): a machine that met more than cut-out
    stands until the speed falls below restart. It starts every `weather.day` running unless the
    first interval is above cut-out, so a day has the same output alone and within a range.

    Parameters
    ----------
    farm : WindFarm
    weather : WindWeather
        Of one site.
    missing : {"error", "nan"}
        What a NaN in the weather does: refuse everything, or give NaN there.

    Raises
    ------
    WindInputError
        Weather that the rules need and that is not there, or values that cannot be
        (negative or hurricane speeds, Kelvin, Pascal, directions off the circle), all listed.

    Examples
    --------
    >>> from energy_pipeline.mathematics.windpower.library import turbine
    >>> farm = WindFarm(turbine("V112/3000", 94.0), count=10, density_rule="none")
    >>> output_mw(farm, WindWeather([0.0, 8.0, 14.0], 94.0)).round(2).tolist()
    [0.0, 13.77, 30.75]
    """
    if weather.speed_ms.ndim != 1:
        raise_if_any("weather", [Finding("of one site expected", "speed_ms", 0, (str(weather.speed_ms.shape),), "use fleet_output_mw")])
    raise_if_any("weather", _needed(farm, weather))
    rules = _rules(farm, weather)
    curve = _curve(farm.turbine, farm.turbulence_intensity, farm.spread_ms)
    table = wake_table(farm).efficiency if rules["wakes"] == 1 else _NO_TABLE
    out = np.empty(weather.speed_ms.size)
    series = _series(farm, weather, rules)
    k.site(series, curve, table, rules, out)
    if np.isnan(out.sum()):
        _refuse(weather, rules, missing)
    return _swept(farm, out, series.direction) if rules["wakes"] == 2 else out


def _refuse(weather: WindWeather, rules: np.void, missing: Missing) -> None:
    """Raise for what cannot be in the series in use, and unless it is wanted for what is missing."""
    used = {"speed_ms"}
    used |= {"upper_speed_ms"} if rules["profile"] == 1 else {"roughness_m"} if rules["profile"] == 2 else set()
    used |= {"temperature_c", "pressure_hpa"} if rules["density"] else set()
    used |= {"direction_deg"} if rules["wakes"] else set()
    found = [f for f in unusable(weather, {"missing"} if missing == "nan" else set()) if f.column in used]
    if missing == "error" and not found:
        found = [Finding("no output can be computed", ", ".join(sorted(used)), 0, (), "see windpower.checked")]
    raise_if_any("weather", found)


def _swept(farm: WindFarm, speed_ms: FloatArray, direction_deg: FloatArray) -> FloatArray:
    known = ~np.isnan(speed_ms)
    out = np.full(speed_ms.size, np.nan)
    direction = np.broadcast_to(direction_deg, speed_ms.shape)[known]
    out[known] = farm.retained_share * waked_farm_mw(farm, speed_ms[known], direction)
    return out


def fleet_output_mw(
    farms: Sequence[WindFarm],
    weathers: WindWeather | Iterable[WindWeather],
    *,
    missing: Missing = "error",
    out: npt.NDArray[np.float32] | None = None,
) -> npt.NDArray[np.float32]:
    """Output of many farms [MW], float32 array of shape (sites, n).

    Sites are computed one after the other, each exactly as `output_mw` does; besides the result
    only one site's series is in memory, so an iterable that reads sites as they are asked for
    and a memory-mapped `out` make fleets of any size possible.

    Parameters
    ----------
    farms : sequence of WindFarm, length sites
    weathers : WindWeather of shape (sites, n), or an iterable with one WindWeather per farm
    missing : {"error", "nan"}
    out : float32 array, shape (sites, n), optional
        Where to write.

    Raises
    ------
    WindInputError
        With the findings of every site that cannot be computed, named by its number.
    """
    per_site = (weathers.site(i) for i in range(weathers.sites or 1)) if isinstance(weathers, WindWeather) else iter(weathers)
    result, found, count = out, [], 0
    for i, (farm, weather) in enumerate(zip(farms, per_site, strict=False)):
        if result is None:
            result = np.empty((len(farms), weather.speed_ms.size), dtype=np.float32)
        count = i + 1
        try:
            result[i] = output_mw(farm, weather, missing=missing)
        except WindInputError as error:
            found += [Finding(f.problem, f"site {i}: {f.column}", f.rows, f.examples, f.next_step) for f in error.findings]
    if count != len(farms) or next(per_site, None) is not None:
        found.append(Finding("one weather series per farm expected", "weathers", 0, (f"{len(farms)} farms",)))
    raise_if_any("fleet", found)
    return np.empty((0, 0), dtype=np.float32) if result is None else result


def profile_of(farm: WindFarm, weather: WindWeather) -> str:
    """The rule for hub speed that `farm.profile` comes to with this weather: measured, log or power."""
    if farm.profile != "auto":
        return farm.profile
    if weather.upper_speed_ms is not None:
        return "measured"
    return "log" if weather.roughness_m is not None else "power"


def standard_pressure_hpa(elevation_m: float) -> float:
    """Pressure of the standard atmosphere [hPa].

    >>> round(standard_pressure_hpa(500.0), 1)
    954.6
    """
    return 1013.25 * float((1.0 - 0.0065 * elevation_m / 288.15) ** 5.25588)


def climb_m(farm: WindFarm, weather: WindWeather) -> tuple[float, float]:
    """Height of the hub above thermometer and barometer [m]; 0 where their height is not told.

    The standard atmosphere that stands in for a missing pressure is one at the ground.
    """
    hub, thermometer = farm.turbine.hub_height_m, weather.temperature_height_m
    barometer = 0.0 if weather.pressure_hpa is None else weather.pressure_height_m
    return 0.0 if thermometer is None else hub - thermometer, 0.0 if barometer is None else hub - barometer


@lru_cache(maxsize=1024)
def _curve(turbine: Turbine, turbulence_intensity: float, spread_ms: float) -> k.Curve:
    points, power = (np.ascontiguousarray(a) for a in smoothed_curve(turbine, turbulence_intensity, spread_ms))
    count = int(points[-1] * k.CELLS_PER_MS) + 2
    middle = (np.arange(count) + 0.5) / k.CELLS_PER_MS
    piece = np.clip(np.searchsorted(points, middle, side="right") - 1, 0, points.size - 2)
    cells = np.zeros((count, k.CELL_COLUMNS))
    cells[:, k.START_MS], cells[:, k.START_MW], cells[:, k.SLOPE] = points[piece], power[piece], (np.diff(power) / np.diff(points))[piece]
    cells[middle < points[0], : k.MIXED] = 0.0
    # Points on the border of two cells need no search; on which side rounding puts a speed there is all one.
    place = points * k.CELLS_PER_MS
    within = np.abs(place - np.round(place)) > 1e-9
    cells[place[within].astype(np.int64), k.MIXED] = 1.0
    # A search starts at the piece that holds the cell's lower end.
    cells[:, k.PIECE] = np.clip(np.searchsorted(points, middle - 0.5 / k.CELLS_PER_MS - 1e-9, side="right") - 1, 0, points.size - 2)
    exponents = np.interp(points, [7.5, 12.5], [1.0 / 3.0, 2.0 / 3.0])
    return k.Curve(*(read_only(a) for a in (points, power, exponents, cells)))


def _needed(farm: WindFarm, weather: WindWeather) -> list[Finding]:
    profile = profile_of(farm, weather)
    wants = {
        "upper_speed_ms": (profile == "measured", "profile measured needs a second height; choose log or power"),
        "roughness_m": (profile == "log", "profile log needs it; choose power, or pass a roughness length"),
        "temperature_c": (farm.density_rule != "none", "the density rule needs it; or density_rule='none'"),
        "direction_deg": (farm.wake is not None, "the wake model needs it; or wake=None with wake_loss_share"),
        "day": (farm.turbine.restart_ms is not None, "storm hysteresis starts anew each day: pass delivery-day numbers, or zeros for one block"),
    }
    found = [Finding("missing", name, 0, (), step) for name, (wanted, step) in wants.items() if wanted and getattr(weather, name) is None]
    if profile == "log" and not found:
        rows = np.flatnonzero(flat(weather.roughness_m) > 0.5 * min(weather.speed_height_m, farm.turbine.hub_height_m))
        found = [Finding("above half the height", "roughness_m", rows.size, (f"row {rows[0]}",), "metres, about 0.1")] if rows.size else []
    return found


def _rules(farm: WindFarm, weather: WindWeather) -> np.void:
    hub, low, high = farm.turbine.hub_height_m, weather.speed_height_m, weather.upper_height_m
    profile = profile_of(farm, weather)
    between = high is not None and low <= hub <= high
    upper_nearer = high is not None and abs(math.log(hub / high)) < abs(math.log(hub / low))
    exponent_low, exponent_high = (-math.inf, math.inf) if between else farm.shear_bounds
    delta_temperature_m, delta_pressure_m = climb_m(farm, weather)
    values = {
        "hub_factor": 1.0 if hub == low else (hub / low) ** farm.shear_exponent,
        "heights_ratio_log": 1.0 if high is None else math.log(high / low),
        "reference_ratio_log": math.log(hub / (high if high is not None and upper_nearer else low)),
        "exponent_low": exponent_low,
        "exponent_high": exponent_high,
        "hub_log": math.log(hub),
        "measured_log": math.log(low),
        "delta_temperature_m": delta_temperature_m,
        "delta_pressure_m": delta_pressure_m,
        "cut_out_ms": farm.turbine.cut_out_ms or math.inf,
        "restart_ms": farm.turbine.restart_ms or 0.0,
        "scale": farm.machines * farm.retained_share,
        "table_deg": DIRECTION_STEP_DEG,
        "table_ms": SPEED_STEP_MS,
        # At the measured height itself the log law's factor is 1: the cheaper rule says the same.
        "profile": 0 if profile == "log" and hub == low else _PROFILES[profile],
        "air": AIR_LAWS.index(farm.air),
        "density": _RULES[farm.density_rule],
        "wakes": 0 if farm.wake is None else 1 if farm.wake_lookup == "table" else 2,
        "hysteresis": farm.turbine.restart_ms is not None,
        "upper_is_reference": upper_nearer,
    }
    return record(k.RULES, values)


def _series(farm: WindFarm, weather: WindWeather, rules: np.void) -> k.Series:
    upper = read_only(flat(weather.upper_speed_ms)) if rules["profile"] == 1 else _UNUSED
    roughness = read_only(flat(weather.roughness_m)) if rules["profile"] == 2 else _UNUSED
    if roughness.size > 1 and (roughness == roughness[0]).all():
        roughness = roughness[:1]
    celsius, hpa = _UNUSED, _UNUSED
    if rules["density"]:
        celsius = read_only(flat(weather.temperature_c))
        hpa = read_only(flat(standard_pressure_hpa(farm.elevation_m) if weather.pressure_hpa is None else weather.pressure_hpa))
    direction = read_only(flat(weather.direction_deg)) if rules["wakes"] else _UNUSED
    day = read_only(np.ascontiguousarray(np.atleast_1d(weather.day), dtype=np.int64)) if rules["hysteresis"] else _NO_DAY
    return k.Series(read_only(flat(weather.speed_ms)), upper, roughness, celsius, hpa, direction, day)
