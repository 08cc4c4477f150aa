"""Wind power: turbines, farms, weather, output, wakes.

What belongs here: the package's public names. What does not: any computation.

Order of reading: `turbines` and `library` (machines), `farm` (rules), `weather` and `checking`
(input), `output` (time series), `wakes` (layouts), `weibull` (yield).
"""

from energy_pipeline.mathematics.windpower.checking import Checked, Limits, checked
from energy_pipeline.mathematics.windpower.errors import WindInputError
from energy_pipeline.mathematics.windpower.farm import Gaussian, Jensen, WindFarm
from energy_pipeline.mathematics.windpower.generic import CUT_IN_MS, CUT_OUT_MS, SPECIFIC_POWER_W_M2, generic_turbine
from energy_pipeline.mathematics.windpower.library import hub_heights_m, turbine, turbine_names
from energy_pipeline.mathematics.windpower.output import fleet_output_mw, output_mw, profile_of, standard_pressure_hpa
from energy_pipeline.mathematics.windpower.profile import air_density, hub_speed_ms, log_law_ms, measured_exponent, power_law_ms
from energy_pipeline.mathematics.windpower.smoothing import smoothed_curve
from energy_pipeline.mathematics.windpower.thrust import estimated_thrust
from energy_pipeline.mathematics.windpower.turbines import BETZ_LIMIT, Turbine, check_betz, cubic_turbine, power_coefficient
from energy_pipeline.mathematics.windpower.wakes import Flow, WakeTable, farm_flow, wake_table
from energy_pipeline.mathematics.windpower.weather import WindWeather
from energy_pipeline.mathematics.windpower.weibull import Weibull, capacity_factor, expected_energy_mwh, expected_mw, weibull_fit

__all__ = [
    "BETZ_LIMIT",
    "CUT_IN_MS",
    "CUT_OUT_MS",
    "SPECIFIC_POWER_W_M2",
    "Checked",
    "Flow",
    "Gaussian",
    "Jensen",
    "Limits",
    "Turbine",
    "WakeTable",
    "Weibull",
    "WindFarm",
    "WindInputError",
    "WindWeather",
    "air_density",
    "capacity_factor",
    "check_betz",
    "checked",
    "cubic_turbine",
    "estimated_thrust",
    "expected_energy_mwh",
    "expected_mw",
    "farm_flow",
    "fleet_output_mw",
    "generic_turbine",
    "hub_heights_m",
    "hub_speed_ms",
    "log_law_ms",
    "measured_exponent",
    "output_mw",
    "power_coefficient",
    "power_law_ms",
    "profile_of",
    "smoothed_curve",
    "standard_pressure_hpa",
    "turbine",
    "turbine_names",
    "wake_table",
    "weibull_fit",
]
