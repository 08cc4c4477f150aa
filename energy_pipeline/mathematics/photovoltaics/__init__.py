"""Photovoltaic plants, from weather to AC power, as good as the reference engines and fast for fleets.

What belongs here: the plant (`PvSystem`), its weather (`Irradiance`), checks of that weather, the
physics, the fleet. What does not: which plants a desk owns (`desk`), forecasts of weather, corrections
learnt from meters.

    output_mw(system, weather)                       one plant -> (n,) MW
    detail(system, weather)                          its steps by name
    fleet_output_mw(systems, weathers, start_us, minutes)   many plants -> (sites, n) MW
    checked(weather, latitude_deg=..., longitude_deg=...)   weather and its stated repairs, or one error
    pvwatts_system(...), modelchain_system(...)      plants in the words of the reference engines
"""

from energy_pipeline.mathematics.photovoltaics.chain import detail, fleet_output_mw, output_mw
from energy_pipeline.mathematics.photovoltaics.checks import Checked, Repair, WeatherError, checked
from energy_pipeline.mathematics.photovoltaics.decomposition import Split, ghi_from_cloud_cover, split_global, spread
from energy_pipeline.mathematics.photovoltaics.presets import modelchain_system, pvwatts_system
from energy_pipeline.mathematics.photovoltaics.sky import clear_sky_ghi_w_m2, clear_sky_index, clearness_index
from energy_pipeline.mathematics.photovoltaics.sun import SunPosition, sun_position, sunlit_share
from energy_pipeline.mathematics.photovoltaics.system import PvSystem, PvSystemError
from energy_pipeline.mathematics.photovoltaics.weather import Irradiance, starts_us

__all__ = [
    "Checked",
    "Irradiance",
    "PvSystem",
    "PvSystemError",
    "Repair",
    "Split",
    "SunPosition",
    "WeatherError",
    "checked",
    "clear_sky_ghi_w_m2",
    "clear_sky_index",
    "clearness_index",
    "detail",
    "fleet_output_mw",
    "ghi_from_cloud_cover",
    "modelchain_system",
    "output_mw",
    "pvwatts_system",
    "split_global",
    "spread",
    "starts_us",
    "sun_position",
    "sunlit_share",
]
