"""Meters of the desk's plants in the synthetic market.

What belongs here: the plants' own physics, simpler than and different from the
renewables stage's models, so that a forecast made there errs as forecasts do.
What does not: any forecast.
"""

from __future__ import annotations

import numpy as np

from energy_pipeline.desk.model import MeteredPlant, PvPlant, WindPlant
from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.ingestion.synthetic import noise
from energy_pipeline.ingestion.synthetic.weather import Place, Weather, clear_sky_w_m2, diffuse_w_m2, sun_vector

_LOCAL: noise.Octaves = ((60.0, 0.3), (12.0, 0.3), (3.0, 0.25), (0.7, 0.15))
_AVAILABILITY: noise.Octaves = ((900.0, 0.6), (150.0, 0.4))
_ALBEDO = 0.2


def _noises(seed: int, name: str, hours: FloatArray) -> tuple[FloatArray, FloatArray]:
    local = noise.field(noise.keys(seed, [f"plant|{name}"]), hours, _LOCAL)[0]
    upkeep = noise.field(noise.keys(seed, [f"upkeep|{name}"]), hours, _AVAILABILITY)[0]
    # Now and then part of the plant is out: never above 1, down to about 0.85.
    return local, 1.0 - 0.05 * np.maximum(upkeep - 0.5, 0.0)


def wind_output(seed: int, name: str, plant: WindPlant, place: Place, weather: Weather, hours: FloatArray) -> FloatArray:
    """Output of a wind farm [MW], shape (quarters,): hub-height wind through a cubic curve."""
    local, available = _noises(seed, name, hours)
    speed = weather.wind_at(plant.hub_height_m, place.height_m, plant.shear_exponent) * (1.0 + 0.05 * local)
    cube = (speed**3 - plant.cut_in_ms**3) / (plant.rated_ms**3 - plant.cut_in_ms**3)
    # Turbines of a farm cut out one after the other around the limit, not at one instant.
    running = np.clip((plant.cut_out_ms + 1.0 - speed) / 2.0, 0.0, 1.0)
    power: FloatArray = plant.capacity_mw * plant.retained_share * available * np.clip(cube, 0.0, 1.0) * running
    return power


def pv_output(seed: int, name: str, plant: PvPlant, place: Place, weather: Weather, hours: FloatArray) -> FloatArray:
    """Output of a photovoltaic plant [MW], shape (quarters,).

    Global irradiance is split by the clearness index (logistic, Boland et al. 2008) and
    put on the tilted plane with an isotropic sky; cells heat up by NOCT.
    """
    local, available = _noises(seed, name, hours)
    east, north, up = sun_vector(place, hours)
    ghi = weather.ghi_w_m2
    diffuse = diffuse_w_m2(ghi, up)
    tilt, azimuth = np.radians(plant.tilt_deg), np.radians(plant.azimuth_at(place.latitude_deg))
    facing = np.maximum(np.sin(tilt) * (np.sin(azimuth) * east + np.cos(azimuth) * north) + np.cos(tilt) * up, 0.0)
    beam = np.minimum((ghi - diffuse) * facing / np.maximum(up, 0.06), clear_sky_w_m2(facing) * 1.1)
    plane = beam + diffuse * (1.0 + np.cos(tilt)) / 2.0 + _ALBEDO * ghi * (1.0 - np.cos(tilt)) / 2.0
    cell_c = weather.temperature_c + (plant.noct_c - 20.0) / 800.0 * plane
    power = plant.peak_mw * plane / 1000.0 * (1.0 + plant.temperature_coefficient_per_c * (cell_c - 25.0))
    output: FloatArray = np.clip(power * plant.retained_share * available * (1.0 + 0.04 * local), 0.0, plant.inverter_mw)
    return output


def metered_output(seed: int, name: str, plant: MeteredPlant, zone_share: FloatArray, hours: FloatArray) -> FloatArray:
    """Output of a plant known by its meter only: the zone's share of capacity with its own noise [MW]."""
    local, available = _noises(seed, name, hours)
    return plant.capacity_mw * np.clip(zone_share * available * (1.0 + 0.12 * local), 0.0, 1.0)
