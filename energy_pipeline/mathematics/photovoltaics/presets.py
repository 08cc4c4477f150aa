"""Plants in the words of the reference engines.

What belongs here: the translation of PVWatts v8's and ModelChain's arguments. What does not:
running those engines.
"""

from __future__ import annotations

from typing import Any

from energy_pipeline.mathematics.photovoltaics.system import MODULE_TYPES, PvSystem, PvSystemError

ROOF_NOCT_C, RACK_NOCT_C = 49.0, 45.0


def pvwatts_system(
    latitude_deg: float,
    longitude_deg: float,
    *,
    elevation_m: float = 0.0,
    system_capacity_kw: float = 1000.0,
    dc_ac_ratio: float = 1.1,
    array_type: int = 0,
    tilt: float = 20.0,
    azimuth: float = 180.0,
    gcr: float = 0.3,
    losses_percent: float = 14.0757,
    inv_eff_percent: float = 96.0,
    module_type: int = 0,
    rotlim: float = 45.0,
    albedo: float = 0.2,
    soiling_percent: float = 0.0,
    **changes: Any,  # noqa: ANN401 - attributes of several types
) -> PvSystem:
    """A plant by the input names of SAM's PVWatts v8; `changes` are PvSystem attributes, such as setting='stock'.

    Parameters
    ----------
    array_type : int
        0 fixed open racks in rows, 1 fixed on a roof, 2 one-axis tracking, 3 one-axis with backtracking.
        4 (two axes) is not built.

    Examples
    --------
    >>> plant = pvwatts_system(36.1, -79.95, system_capacity_kw=1200, dc_ac_ratio=1.2, array_type=3, tilt=0)
    >>> plant.mounting, round(plant.ac_mw, 6), plant.backtracking
    ('single_axis', 1.0, True)
    """
    if array_type not in (0, 1, 2, 3):
        raise PvSystemError([f"array_type is {array_type}, allowed: 0, 1, 2, 3"])
    arguments = {
        "latitude_deg": latitude_deg,
        "longitude_deg": longitude_deg,
        "altitude_m": elevation_m,
        "dc_mw": system_capacity_kw / 1000.0,
        "ac_mw": system_capacity_kw / 1000.0 / dc_ac_ratio,
        "mounting": "fixed" if array_type < 2 else "single_axis",
        "tilt_deg": tilt,
        "azimuth_deg": azimuth,
        "limit_angle_deg": rotlim,
        "ground_coverage_ratio": gcr,
        "backtracking": array_type == 3,
        "row_self_shading": array_type != 1,
        "noct_c": ROOF_NOCT_C if array_type == 1 else RACK_NOCT_C,
        "module_type": MODULE_TYPES[module_type],
        "losses_share": losses_percent / 100.0,
        "inverter_efficiency": inv_eff_percent / 100.0,
        "albedo": albedo,
        "poa_soiling_share": soiling_percent / 100.0,
    }
    return PvSystem(**{**arguments, **changes})


def modelchain_system(latitude_deg: float, longitude_deg: float, **changes: Any) -> PvSystem:  # noqa: ANN401 - attributes of several types
    """A plant as pvlib's ModelChain.with_pvwatts computes it.

    Cover loss on the beam only, Sandia's cell temperature on open racks, rows without shade. Times
    passed to ModelChain are interval middles, so the sun's rule is 'pvlib_middle'.

    Examples
    --------
    >>> modelchain_system(36.1, -79.95, tilt_deg=30.0).setting
    'stock'
    """
    arguments = {
        "latitude_deg": latitude_deg,
        "longitude_deg": longitude_deg,
        "setting": "stock",
        "diffuse_cover_loss": False,
        "cell_temperature_model": "sapm",
        "row_self_shading": False,
        "sun_rule": "pvlib_middle",
    }
    return PvSystem(**{**arguments, **changes})
