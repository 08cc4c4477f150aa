"""The stock chain against pvlib's ModelChain, run here."""

import numpy as np
import pytest

from energy_pipeline.mathematics.photovoltaics import modelchain_system, output_mw
from energy_pipeline_tests.mathematics.photovoltaics.comparing import apart, weather
from energy_pipeline_tests.mathematics.photovoltaics.typical_years import FILES, typical_year

PLANTS = {
    "south": {"tilt_deg": 30.0, "azimuth_deg": 180.0},
    "east": {"tilt_deg": 10.0, "azimuth_deg": 110.0},
    "west": {"tilt_deg": 60.0, "azimuth_deg": 250.0},
    "tracker": {"mounting": "single_axis", "tilt_deg": 0.0, "azimuth_deg": 180.0, "limit_angle_deg": 50.0},
}


def modelchain_mw(year, settings, dc_mw, ac_mw):
    import pandas as pd
    from pvlib.location import Location
    from pvlib.modelchain import ModelChain
    from pvlib.pvsystem import Array, FixedMount, PVSystem, SingleAxisTrackerMount
    from pvlib.temperature import TEMPERATURE_MODEL_PARAMETERS

    if settings.get("mounting") == "single_axis":
        mount = SingleAxisTrackerMount(axis_tilt=0, axis_azimuth=180, max_angle=settings["limit_angle_deg"], backtrack=True, gcr=0.4)
    else:
        mount = FixedMount(settings["tilt_deg"], settings["azimuth_deg"])
    array = Array(
        mount,
        albedo=0.2,
        module_parameters={"pdc0": dc_mw * 1e6, "gamma_pdc": -0.0037},
        temperature_model_parameters=TEMPERATURE_MODEL_PARAMETERS["sapm"]["open_rack_glass_polymer"],
    )
    inverter = {"pdc0": ac_mw * 1e6 / 0.96, "eta_inv_nom": 0.96}
    chain = ModelChain.with_pvwatts(
        PVSystem(arrays=[array], inverter_parameters=inverter), Location(year.latitude_deg, year.longitude_deg, altitude=year.altitude_m)
    )
    middle = pd.to_datetime(year.start_us + 1_800_000_000, unit="us", utc=True)
    columns = {"ghi": year.ghi, "dni": year.dni, "dhi": year.dhi, "temp_air": year.temperature_c, "wind_speed": year.wind_ms}
    chain.run_model(pd.DataFrame(columns, index=middle))
    return np.nan_to_num(chain.results.ac.to_numpy() / 1e6)


@pytest.mark.filterwarnings("ignore:DatetimeIndex.dayofyear")  # inside pvlib
@pytest.mark.parametrize("site", FILES)
@pytest.mark.parametrize("name", PLANTS)
def test_stock_chain_is_modelchain(site, name):
    year = typical_year(site)
    system = modelchain_system(year.latitude_deg, year.longitude_deg, altitude_m=year.altitude_m, dc_mw=1.2, ac_mw=1.0, **PLANTS[name])
    energy, rmse = apart(output_mw(system, weather(year)), modelchain_mw(year, PLANTS[name], 1.2, 1.0), 1.0)
    assert abs(energy) < 0.05
    assert rmse < 0.05
