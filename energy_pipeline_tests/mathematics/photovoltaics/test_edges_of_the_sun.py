"""Defaults and formulas at the edges: south of the equator, and a sun near the horizon."""

import numpy as np
import pytest

from energy_pipeline.desk.model import PvPlant, WeatherLocation
from energy_pipeline.mathematics.photovoltaics import decomposition, sun
from energy_pipeline.renewables.sun_plants import pv_system


@pytest.mark.parametrize(("latitude", "azimuth"), [(48.0, 180.0), (-33.0, 0.0), (0.0, 180.0)])
def test_a_plant_without_azimuth_faces_the_equator(latitude, azimuth):
    plant = PvPlant(kind="pv", zone="Z", location="here", peak_mw=1, inverter_mw=1)
    assert pv_system(plant, WeatherLocation(latitude_deg=latitude, longitude_deg=151)).azimuth_deg == azimuth
    assert pv_system(plant.model_copy(update={"azimuth_deg": 90.0}), WeatherLocation(latitude_deg=latitude, longitude_deg=151)).azimuth_deg == 90.0


@pytest.mark.parametrize("ghi", [5.0, 40.0, 120.0, 400.0])
def test_direct_light_is_never_above_the_suns_and_global_light_is_kept(ghi):
    starts = np.datetime64("2024-01-01", "us").astype(np.int64) + np.arange(8784, dtype=np.int64) * 3_600_000_000
    split = decomposition.split_global(np.full(8784, ghi), 48.0, 11.0, starts, 60)
    place, extra = sun.sun_position(48.0, 11.0, starts, 60), sun.track(starts, 60).extra_w_m2
    assert (split.dni_w_m2 <= extra + 1e-9).all()
    assert split.dni_w_m2.max() > 0 or ghi < 40.0  # so little light is all diffuse
    lit = place.sunlit & (split.dni_w_m2 > 0)
    assert np.allclose((split.dni_w_m2 * np.cos(np.radians(place.zenith_deg)) + split.dhi_w_m2)[lit], ghi)
