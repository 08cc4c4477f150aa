"""From a plant and its weather to megawatts, one site or a fleet.

What belongs here: packing a plant into numbers and tables, calling the fused pass, chunks.
What does not: physics (`kernel`), checks of weather (`checks`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from energy_pipeline.domain.delivery import FloatArray, IntArray
from energy_pipeline.mathematics.compilation import read_only, record
from energy_pipeline.mathematics.photovoltaics import cells, kernel, optics, records
from energy_pipeline.mathematics.photovoltaics.astronomy import SunTrack
from energy_pipeline.mathematics.photovoltaics.sun import track
from energy_pipeline.mathematics.photovoltaics.system import SUN_RULES, PvSystem
from energy_pipeline.mathematics.photovoltaics.weather import COLUMNS, Irradiance

NAMEPLATE_W = 300.0
"""Module of the row geometry, as PVWatts v8 assumes it: 300 W, 1.7 times as long as wide, seven in a string."""
ASPECT = 1.7
STRING_MODULES = 7
CHUNK_INTERVALS = 65_536
"""Intervals a fleet is computed for at a time: bounds the sun's arrays and the working copies."""
NOTHING = read_only(np.empty(0))
AnyArray = np.ndarray[Any, Any]
Weathers = Sequence[Irradiance] | Mapping[str, AnyArray]
NO_DETAIL = np.empty((0, 0))


class _Prepared(NamedTuple):
    plant: np.void
    tables: records.Tables


def output_mw(system: PvSystem, weather: Irradiance) -> FloatArray:
    """AC output of each interval [MW], float64, shape (n,).

    Weather must be finite (`checks.checked` finds and repairs what is not).

    Examples
    --------
    >>> start = np.array([np.datetime64("2020-06-21T11:30", "us").astype(np.int64)])
    >>> sky = Irradiance(start, 60, np.array([20.0]), np.array([2.0]), dni_w_m2=np.array([900.0]), dhi_w_m2=np.array([100.0]))
    >>> bool(0.6 < output_mw(PvSystem(latitude_deg=45.0, longitude_deg=0.0), sky)[0] < 0.9)
    True
    """
    return _computed(system, weather, NO_DETAIL)


def detail(system: PvSystem, weather: Irradiance) -> dict[str, FloatArray]:
    """Each step of the pass by name (`records.DETAIL`): powers, plane-of-array irradiance, cell temperature, angles."""
    steps = np.empty((len(records.DETAIL), len(weather)))
    _computed(system, weather, steps)
    return dict(zip(records.DETAIL, steps, strict=True))


def fleet_output_mw(
    systems: Sequence[PvSystem],
    weathers: Weathers,
    start_us: IntArray,
    minutes: int,
    *,
    out: np.ndarray[Any, np.dtype[np.float32]] | None = None,
    chunk_intervals: int = CHUNK_INTERVALS,
) -> np.ndarray[Any, np.dtype[np.float32]]:
    """AC output of many plants over the same intervals [MW], float32, shape (sites, n).

    The sun's geocentric part is computed once per interval for all plants. A plant's bytes do not depend
    on which others are there, on the chunks, or on the range.

    Parameters
    ----------
    systems : sequence of PvSystem
    weathers : one Irradiance per plant, or a mapping of arrays of shape (sites, n)
        Keys as Irradiance's attributes: temperature_c, wind_speed_ms and the irradiances. A row may be any
        float type; memory-mapped arrays are read chunk by chunk. (n,) arrays are shared by all plants.
    out : array of shape (sites, n), optional
        Where to write, such as a memory-mapped array.
    """
    from energy_pipeline.mathematics.photovoltaics.checks import require_finite, require_same_intervals

    start_us = np.ascontiguousarray(start_us, dtype=np.int64)
    count = len(start_us)
    require_same_intervals(weathers, len(systems), start_us, minutes)
    result = np.empty((len(systems), count), dtype=np.float32) if out is None else out
    ratings = [_single_below(system.ac_mw) for system in systems]
    prepared = [_prepared(system) for system in systems]
    for low in range(0, count, chunk_intervals):
        part = slice(low, min(low + chunk_intervals, count))
        sky = track(start_us[part], minutes)
        ac = np.empty(part.stop - part.start)
        for k, system in enumerate(systems):
            arrays, kind, pressure = _rows(weathers, k, part)
            require_finite(arrays, f"plant {k}")
            kept = _snow_kept(system, weathers, k, start_us, minutes, part)
            _pass(prepared[k], sky, kind, arrays, pressure, kept, ac, NO_DETAIL)
            # Rounding to single precision must not lift a clipped interval above the rating.
            result[k, part] = np.minimum(ac.astype(np.float32), ratings[k])
    return result


def _single_below(value: float) -> np.float32:
    """The largest single-precision number that is not above `value`."""
    single = np.float32(value)
    return single if float(single) <= value else np.nextafter(single, np.float32(0.0))


def _computed(system: PvSystem, weather: Irradiance, steps: FloatArray) -> FloatArray:
    from energy_pipeline.mathematics.photovoltaics.checks import require_finite, require_same_intervals

    require_same_intervals([weather], 1, weather.start_us, weather.resolution_minutes)
    arrays, kind = _arrays(weather, slice(None))
    require_finite(arrays, "plant")
    ac = np.empty(len(weather))
    sky = track(weather.start_us, weather.resolution_minutes)
    kept = _snow_kept(system, [weather], 0, weather.start_us, weather.resolution_minutes, slice(None))
    _pass(_prepared(system), sky, kind, arrays, weather.pressure_hpa, kept, ac, steps)
    return ac


def _pass(
    ready: _Prepared,
    sky: SunTrack,
    kind: int,
    arrays: dict[str, FloatArray],
    pressure_hpa: float | None,
    snow_kept: FloatArray,
    ac: FloatArray,
    steps: FloatArray,
) -> None:
    plant = ready.plant
    if pressure_hpa is not None:
        plant = plant.copy()
        plant["pressure_hpa"] = pressure_hpa
    air = arrays["temperature_c"]
    # An irradiance that is not given is never read; any array of the right length stands in.
    ghi, dni, dhi = (arrays.get(name, air) for name in ("ghi_w_m2", "dni_w_m2", "dhi_w_m2"))
    weather = records.Weather(ghi, dni, dhi, air, arrays["wind_speed_ms"], arrays.get("albedo", NOTHING), read_only(snow_kept))
    kernel.run(sky, plant, ready.tables, kind, weather, ac, steps)


def _arrays(weather: Irradiance, part: slice) -> tuple[dict[str, FloatArray], int]:
    given = {name: getattr(weather, name) for name in COLUMNS if name != "snow_depth_cm" and getattr(weather, name) is not None}
    return {name: _row(array, part) for name, array in given.items()}, _kind(given)


def _rows(weathers: Weathers, k: int, part: slice) -> tuple[dict[str, FloatArray], int, float | None]:
    if not isinstance(weathers, Mapping):
        arrays, kind = _arrays(weathers[k], part)
        return arrays, kind, weathers[k].pressure_hpa
    given = {name: array for name, array in weathers.items() if array is not None and name != "snow_depth_cm"}
    rows = {name: _row(array if np.ndim(array) == 1 else array[k], part) for name, array in given.items()}
    return rows, _kind(given), None


def _row(array: AnyArray, part: slice) -> FloatArray:
    return read_only(np.asarray(array[part], dtype=np.float64))


def _kind(given: Iterable[str]) -> int:
    have = {name for name in given if name in {"ghi_w_m2", "dni_w_m2", "dhi_w_m2"}}
    if {"dni_w_m2", "dhi_w_m2"} <= have:
        return kernel.DIRECT_AND_DIFFUSE
    if have == {"ghi_w_m2"}:
        return kernel.GLOBAL_ONLY
    if have == {"ghi_w_m2", "dhi_w_m2"}:
        return kernel.GLOBAL_AND_DIFFUSE
    if have == {"ghi_w_m2", "dni_w_m2"}:
        return kernel.GLOBAL_AND_DIRECT
    from energy_pipeline.mathematics.photovoltaics.checks import no_irradiance

    raise no_irradiance(have)


def _snow_kept(system: PvSystem, weathers: Weathers, k: int, start_us: IntArray, minutes: int, part: slice) -> FloatArray:
    """Share the snow leaves, per interval, or nothing for plants without snow.

    Snow has a memory, so it is followed over the whole range even when the rest goes by chunks.
    """
    if not system.snow:
        return NOTHING
    from energy_pipeline.mathematics.photovoltaics import snow

    whole = _irradiance(weathers, k, start_us, minutes)
    if whole.snow_depth_cm is None:
        raise snow.no_depth(k)
    steps = detail(system.with_(snow=False), whole)
    rows_high = 1 if system.mounting == "single_axis" else 2
    air = np.asarray(whole.temperature_c, dtype=np.float64)
    kept = snow.kept_share(whole.snow_depth_cm, air, steps["plane_w_m2"], steps["tilt_deg"], steps["sunlit"] > 0, minutes, rows_high)
    return kept[part]


def _irradiance(weathers: Weathers, k: int, start_us: IntArray, minutes: int) -> Irradiance:
    if not isinstance(weathers, Mapping):
        return weathers[k]
    rows: dict[str, Any] = {name: a if np.ndim(a) == 1 else a[k] for name, a in weathers.items() if a is not None}
    return Irradiance(start_us, minutes, **rows)


@lru_cache(maxsize=4096)
def _prepared(system: PvSystem) -> _Prepared:
    """A plant as numbers and tables; kept, since a fleet is computed again and again."""
    sam = system.setting == "sam_like"
    module = cells.MODULES[system.module_type]
    plant = record(records.PLANT, _numbers(system, module))
    cover = optics.coated_glass() if sam else optics.bare_glass()
    cover = cover if system.diffuse_cover_loss else optics.beam_only(cover)
    open_sky = optics.visible_sky(system.ground_coverage_ratio) if plant["shaded"] else np.ones(optics.TILT_NODES)
    coefficients = records.PEREZ_SAM if sam else records.PEREZ_PRINTED
    tables = (coefficients, *cover, open_sky, cells.relative_efficiency(system.module_type), *optics.air(sam))
    return _Prepared(plant, records.Tables(*(read_only(table) for table in tables)))


def _numbers(system: PvSystem, module: cells.Module) -> dict[str, float]:
    """The plant's record, by name."""
    lat, lon = np.radians(system.latitude_deg), np.radians(system.longitude_deg)
    sam, tracked = system.setting == "sam_like", system.mounting == "single_axis"
    own = module.coefficient_per_c
    wanted = system.temperature_coefficient_per_c
    rows, side, length, short = _geometry(system, module)
    return {
        "sin_lat": float(np.sin(lat)),
        "cos_lat": float(np.cos(lat)),
        "sin_lon": float(np.sin(lon)),
        "cos_lon": float(np.cos(lon)),
        "altitude_factor": float(np.exp(-0.0001184 * max(system.altitude_m, 0.0))),
        "dc_mw": system.dc_mw,
        "ac_mw": system.ac_mw,
        "tilt_rad": float(np.radians(system.tilt_deg)),
        "azimuth_rad": float(np.radians(system.azimuth_deg)),
        "limit_rad": float(np.radians(system.limit_angle_deg)),
        "gcr": system.ground_coverage_ratio,
        "beta_per_c": own if wanted is None else wanted,
        "module_beta_per_c": own,
        "noct_c": system.noct_c,
        "kept": 1.0 - system.lost_share,
        "soil_kept": 1.0 - system.poa_soiling_share,
        "inverter_efficiency": system.inverter_efficiency,
        "ac_kept": 1.0 - system.ac_losses_share,
        "albedo": system.albedo,
        "module_efficiency": module.efficiency,
        "pressure_hpa": 1013.25 * (1.0 - 2.25577e-5 * system.altitude_m) ** 5.25588,
        "row_count": rows,
        "row_side_m": side,
        "row_length_m": length,
        "short_row": short,
        "sun_rule": SUN_RULES.index(system.sun_rule),
        "tracked": tracked,
        "backtrack": tracked and system.backtracking,
        "shaded": system.row_self_shading,
        "sam": sam,
        "cell_model": {"noct": kernel.NOCT, "noct_sam": kernel.NOCT_SAM, "sapm": kernel.SAPM}[system.cell_temperature_model],
    }


def _geometry(system: PvSystem, module: cells.Module) -> tuple[float, float, float, bool]:
    """(rows, side along the slope [m], row length [m], row is short) of a square layout, as PVWatts v8."""
    width = np.sqrt(NAMEPLATE_W / module.nameplate_efficiency / 1000.0 / ASPECT)
    count = max(np.ceil(system.dc_mw * 1e6 / NAMEPLATE_W), 1.0)
    high = 1 if system.mounting == "single_axis" else 2
    rows = np.ceil(np.sqrt(count / high))
    across = max(np.ceil(count / (rows * high)), 1.0)
    return float(rows), float(width * ASPECT * high), float(across * width), int(across / STRING_MODULES) <= 1
