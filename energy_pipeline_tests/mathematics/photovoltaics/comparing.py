"""Helpers of these tests: weather and plants of the reference runs, differences in percent."""

import numpy as np

from energy_pipeline.mathematics.photovoltaics import Irradiance, PvSystem, pvwatts_system
from energy_pipeline_tests.mathematics.photovoltaics.typical_years import TypicalYear

RENAMED = {"losses": "losses_percent", "inv_eff": "inv_eff_percent", "soiling": "soiling_percent", "system_capacity": "system_capacity_kw"}


def weather(year: TypicalYear, **changes) -> Irradiance:
    arguments = {
        "start_us": year.start_us,
        "resolution_minutes": 60,
        "temperature_c": year.temperature_c,
        "wind_speed_ms": year.wind_ms,
        "ghi_w_m2": year.ghi,
        "dni_w_m2": year.dni,
        "dhi_w_m2": year.dhi,
    }
    return Irradiance(**(arguments | changes))


def plant(year: TypicalYear, setup: dict[str, float], **changes) -> PvSystem:
    arguments = {RENAMED.get(name, name): value for name, value in setup.items()}
    return pvwatts_system(year.latitude_deg, year.longitude_deg, elevation_m=year.altitude_m, **arguments, **changes)


def apart(ours_mw: np.ndarray, theirs_mw: np.ndarray, rating_mw: float) -> tuple[float, float]:
    """(difference of the year's energy, hourly RMSE over the AC rating), both in percent."""
    energy = (ours_mw.sum() / theirs_mw.sum() - 1.0) * 100.0
    return float(energy), float(np.sqrt(np.mean((ours_mw - theirs_mw) ** 2)) / rating_mw * 100.0)
