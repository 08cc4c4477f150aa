"""The desk's wind farms in the engine's words, and weather through the engine's checks.

What belongs here: one plant's settings and arrays of weather in, output in MW and what was repaired, refused or assumed
out. What does not: the physics (`mathematics.windpower`), where weather is read (`metered`, `plant_file`).

Hub wind comes from the height at the hub, else from the two around it (the two highest below it), with the shear these
have in each interval; from one height by the plant's own rule. Wakes follow the hour's direction.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from energy_pipeline.desk.model import Desk, WindPlant
from energy_pipeline.domain.delivery import BoolArray, FloatArray, IntArray
from energy_pipeline.mathematics import windpower
from energy_pipeline.renewables.physics import Computed, day_by_day, told_method

SAMPLED_DIRECTIONS = 72
AT_THE_HUB = 0.02
"""A height within this share of the hub's is the hub's."""
NO_TURBINE = f"no turbine stated: generic curve of {windpower.SPECIFIC_POWER_W_M2:g} W/m2"
ACCEPTED = ("stuck", "reversed shear", "missing", "time")


def wind_farm(plant: WindPlant) -> windpower.WindFarm:
    """The engine's farm.

    Raises
    ------
    WindInputError
        Naming every setting that cannot be.
    """
    machines = len(plant.layout_m) or plant.turbines
    turbine = _turbine(plant, machines)
    wake = {"none": None, "jensen": windpower.Jensen(), "gaussian": windpower.Gaussian()}[plant.wake]
    return windpower.WindFarm(
        turbine=turbine,
        count=machines or max(round(plant.capacity_mw / turbine.rated_mw), 1),
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


def _turbine(plant: WindPlant, machines: int | None) -> windpower.Turbine:
    """The stated curve, the library's machine, the cubic curve by its name, else the generic one."""
    rated_mw, hub = plant.capacity_mw / (machines or 1), plant.hub_height_m
    if plant.power_curve:
        speeds, power = (list(column) for column in zip(*plant.power_curve, strict=True))
        at, thrust = (list(column) for column in zip(*plant.thrust_curve, strict=True)) if plant.thrust_curve else (None, None)
        return windpower.Turbine("power_curve", max(power), hub, plant.rotor_diameter_m, speeds, power, at, thrust, restart_ms=plant.restart_ms)
    if plant.turbine == "cubic":
        return windpower.cubic_turbine(
            rated_mw=rated_mw,
            cut_in_ms=plant.cut_in_ms,
            rated_ms=plant.rated_ms,
            cut_out_ms=plant.cut_out_ms,
            hub_height_m=hub,
            rotor_diameter_m=plant.rotor_diameter_m,
            restart_ms=plant.restart_ms,
        )
    if plant.turbine in (None, "generic"):
        return windpower.generic_turbine(
            rated_mw=rated_mw,
            hub_height_m=hub,
            specific_power_w_m2=_specific_power_w_m2(plant, rated_mw),
            cut_in_ms=plant.cut_in_ms,
            cut_out_ms=plant.cut_out_ms,
            restart_ms=plant.restart_ms,
        )
    turbine = windpower.turbine(str(plant.turbine), hub)
    return turbine if plant.restart_ms is None else replace(turbine, restart_ms=plant.restart_ms)


def _specific_power_w_m2(plant: WindPlant, rated_mw: float) -> float:
    if plant.rotor_diameter_m is not None:
        return rated_mw * 1e6 / (np.pi / 4.0 * plant.rotor_diameter_m**2)
    return plant.specific_power_w_m2 or windpower.SPECIFIC_POWER_W_M2


def farm_problems(desk: Desk) -> list[str]:
    """What is wrong with a wind plant's machines, a sentence each; the plant runs on the generic curve until it is corrected."""
    return [f"plants.{name}: {problem}" for name, plant in desk.plants.items() if isinstance(plant, WindPlant) for problem in _problems(plant)]


def _problems(plant: WindPlant) -> Iterator[str]:
    try:
        wind_farm(plant)
    except windpower.WindInputError as error:
        yield str(error)


@lru_cache(maxsize=4096)
def _farm(plant: WindPlant) -> tuple[windpower.WindFarm, str]:
    """The plant's farm; where its settings cannot be, one of the generic curve, and what is wrong."""
    try:
        return wind_farm(plant), ""
    except windpower.WindInputError as error:
        plain = {
            "turbine": "generic",
            "power_curve": (),
            "thrust_curve": (),
            "layout_m": (),
            "wake": "none",
            "restart_ms": None,
            "rotor_diameter_m": None,
        }
        limits = {"cut_in_ms": windpower.CUT_IN_MS, "cut_out_ms": windpower.CUT_OUT_MS, "specific_power_w_m2": None, "turbines": None}
        return wind_farm(plant.model_copy(update=plain | limits)), str(error)


def wind_output(plant: WindPlant, day: IntArray, speeds_ms: Mapping[float, FloatArray], weather: Mapping[str, FloatArray]) -> Computed:
    """Output of a wind plant over consecutive or scattered intervals.

    Parameters
    ----------
    day : int array, shape (n,)
        Ordinal of each interval's day: storm stops start anew with it, and what the checks refuse costs it alone.
    speeds_ms : mapping of height to array, shape (n,)
        Wind by height above ground [m]; NaN where unknown.
    weather : mapping
        Where known `temperature_c`, `pressure_hpa` (at the ground), `direction_deg`.

    Returns
    -------
    Computed
        `output_mw` of shape (n,), NaN where no wind is known or the weather is refused.
    """
    farm, wrong = _farm(plant)
    heights = sorted(speeds_ms)
    has: BoolArray = np.stack([~np.isnan(speeds_ms[h]) for h in heights])
    nothing = np.full(day.size, np.nan)
    air, notes = _air(plant, {name: weather.get(name, nothing) for name in ("temperature_c", "pressure_hpa")}, np.asarray(has.any(axis=0)))
    direction = weather.get("direction_deg", nothing)
    turned: BoolArray = ~np.isnan(direction) if farm.wake is not None else np.ones(day.size, dtype=np.bool_)
    calm = int((~turned & has.any(axis=0)).sum())
    notes += [f"wind direction not known in {calm} interval(s): wakes are the rose's mean"] if calm else []
    output, told = np.full(day.size, np.nan), list[str]()
    best = _used(plant, [h for h, known in zip(heights, has, strict=True) if known.any()])
    for used, with_direction, rows in _alike(plant, heights, has, turned):
        if used != best:
            notes.append(f"wind at {', '.join(f'{h:g}' for h in best)} m not known in {rows.size} interval(s): from {used[-1]:g} m")
        site = _Site(plant, farm, used, speeds_ms, air, direction if with_direction and farm.wake is not None else None, day)
        done, refused = day_by_day(day, rows, site.output_mw)
        for part, power, repaired in done:
            # A machine's rating times the count need not be the desk's capacity: that of the desk counts.
            output[part] = np.clip(power * (plant.retained_share * plant.capacity_mw / farm.capacity_mw), 0.0, plant.capacity_mw)
            told += repaired
        told += refused
    if wrong:
        notes.insert(0, f"settings cannot be, generic curve until they are corrected: {wrong}")
    elif _is_unnamed(plant):
        notes.append(NO_TURBINE)
    return Computed(output, tuple(dict.fromkeys([*notes, *told])), told_method(assumed=bool(notes)), is_stand_in=bool(wrong))


def _is_unnamed(plant: WindPlant) -> bool:
    return not plant.power_curve and plant.turbine is None and plant.specific_power_w_m2 is None and plant.rotor_diameter_m is None


def _air(plant: WindPlant, given: dict[str, FloatArray], blown: BoolArray) -> tuple[dict[str, FloatArray], list[str]]:
    """Temperature and pressure without holes where density counts, and what was assumed; pressure is the standard one where unmeasured."""
    if plant.density_rule == "none":
        return {}, []
    temperature, pressure = given["temperature_c"], given["pressure_hpa"]
    standard_c = 15.0 - 0.0065 * plant.elevation_m
    unknown = int((np.isnan(temperature) & blown).sum())
    told = [f"temperature_c not known in {unknown} interval(s): {standard_c:.1f} degC of the standard atmosphere for density"] if unknown else []
    found = {"temperature_c": np.where(np.isnan(temperature), standard_c, temperature)}
    if not np.isnan(pressure).all():
        found["pressure_hpa"] = np.where(np.isnan(pressure), windpower.standard_pressure_hpa(plant.elevation_m), pressure)
    return found, told


def _used(plant: WindPlant, heights: list[float]) -> tuple[float, ...]:
    """Heights that hub wind is made from; the log law carries it from the nearest alone."""
    if plant.roughness_m is not None and heights:
        return (min(heights, key=lambda h: abs(float(np.log(h / plant.hub_height_m)))),)
    return _around(heights, plant.hub_height_m)


def _alike(plant: WindPlant, heights: list[float], has: BoolArray, turned: BoolArray) -> Iterator[tuple[tuple[float, ...], bool, IntArray]]:
    """(heights used, direction known, rows) of intervals that know the same."""
    bits = (has * (1 << np.arange(len(heights)))[:, None]).sum(axis=0)
    for kind in np.unique(bits[bits > 0]):
        used = _used(plant, [h for i, h in enumerate(heights) if int(kind) >> i & 1])
        for with_direction in (True, False):
            rows = np.flatnonzero((bits == kind) & (turned == with_direction))
            if rows.size:
                yield used, with_direction, rows


def _around(heights: list[float], hub_m: float) -> tuple[float, ...]:
    """The height that is the hub's, else the two around it, else the two nearest below or above.

    >>> _around([10.0, 80.0, 100.0, 120.0], 115.0), _around([10.0, 80.0], 120.0), _around([10.0, 100.0], 99.0)
    ((100.0, 120.0), (10.0, 80.0), (100.0,))
    """
    same = [h for h in heights if abs(h - hub_m) < AT_THE_HUB * hub_m]
    if same or len(heights) < 2:
        return tuple((same or heights)[:1])
    above = next((i for i, h in enumerate(heights) if h > hub_m), len(heights) - 1)
    high = max(above, 1)
    return heights[high - 1], heights[high]


@dataclass(frozen=True, eq=False)
class _Site:
    """A farm with the weather of all intervals, and which of it is used."""

    plant: WindPlant
    farm: windpower.WindFarm
    used: tuple[float, ...]
    speeds_ms: Mapping[float, FloatArray]
    air: Mapping[str, FloatArray]
    direction_deg: FloatArray | None
    day: IntArray

    def output_mw(self, part: IntArray) -> tuple[IntArray, FloatArray, list[str]]:
        """The rows, their output and what was repaired; raises what the checks refuse."""
        good = windpower.checked(self._weather(part), repair=True, accept=ACCEPTED)
        return part, _with_rose(self.farm, self.plant, good.weather), [str(r) for r in good.repairs]

    def _weather(self, part: IntArray) -> windpower.WindWeather:
        lower, upper = self.used[0], self.used[1] if len(self.used) > 1 else None
        celsius, hpa = self.air.get("temperature_c"), self.air.get("pressure_hpa")
        return windpower.WindWeather(
            self.speeds_ms[lower][part],
            lower,
            upper_speed_ms=None if upper is None else self.speeds_ms[upper][part],
            upper_height_m=upper,
            temperature_c=None if celsius is None else celsius[part],
            temperature_height_m=None if celsius is None else 2.0,
            pressure_hpa=None if hpa is None else hpa[part],
            pressure_height_m=None if hpa is None else 0.0,
            direction_deg=None if self.direction_deg is None else self.direction_deg[part],
            roughness_m=self.plant.roughness_m,
            day=self.day[part],
        )


def _with_rose(farm: windpower.WindFarm, plant: WindPlant, weather: windpower.WindWeather) -> FloatArray:
    """Output; without directions in the weather, the mean over the rose of what wakes leave.

    The rose's first sector is centred on north, as roses are; directions are sampled beside the axes of a layout.
    """
    if farm.wake is None or weather.direction_deg is not None:
        return windpower.output_mw(farm, weather)
    total, weight_sum, sectors = np.zeros(weather.speed_ms.size), 0.0, len(plant.wind_rose)
    for sample in range(SAMPLED_DIRECTIONS):
        degrees = (sample + 0.5) * 360.0 / SAMPLED_DIRECTIONS
        share = plant.wind_rose[round(degrees / 360.0 * sectors) % sectors] if sectors else 1.0
        total += share * windpower.output_mw(farm, replace(weather, direction_deg=np.full(weather.speed_ms.size, degrees)))
        weight_sum += share
    return total / weight_sum
