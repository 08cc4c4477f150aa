"""Wind farms: from wind speed at measuring height to output.

What belongs here: height extrapolation and the power curve. What does not: wakes, density
and farm smoothing, which `retained_share` stands for.
"""

from __future__ import annotations

import numpy as np

from energy_pipeline.desk.model import WindPlant
from energy_pipeline.domain.delivery import FloatArray


def hub_speed_ms(speed_ms: FloatArray, measured_at_m: float, hub_height_m: float, shear_exponent: float) -> FloatArray:
    """Wind speed at hub height by the power law [m/s].

    >>> hub_speed_ms(np.array([8.0]), 100.0, 100.0, 0.14).tolist()
    [8.0]
    """
    return speed_ms * float((hub_height_m / measured_at_m) ** shear_exponent)


def power_curve_share(speed_ms: FloatArray, cut_in_ms: float, rated_ms: float, cut_out_ms: float) -> FloatArray:
    """Share of rated power at hub-height wind speed: cubic from cut-in to rated, flat, 0 from cut-out on.

    Between cut-in a and rated r the share is (v^3 - a^3) / (r^3 - a^3). Real machines hold
    more at middle speeds, so `rated_ms` is to be set where the farm's own curve flattens, a
    little below the maker's number.

    >>> power_curve_share(np.array([2.9, 3.0, 12.5, 20.0, 25.0]), 3.0, 12.5, 25.0).tolist()
    [0.0, 0.0, 1.0, 1.0, 0.0]
    """
    rising = (speed_ms**3 - cut_in_ms**3) / (rated_ms**3 - cut_in_ms**3)
    share = np.clip(rising, 0.0, 1.0)
    return np.where(speed_ms >= cut_out_ms, 0.0, share)


def wind_output_mw(plant: WindPlant, measured_at_m: float, speed_ms: FloatArray) -> FloatArray:
    """Farm output [MW], shape as `speed_ms`; NaN where the speed is NaN."""
    speed = hub_speed_ms(speed_ms, measured_at_m, plant.hub_height_m, plant.shear_exponent)
    output = plant.capacity_mw * plant.retained_share * power_curve_share(speed, plant.cut_in_ms, plant.rated_ms, plant.cut_out_ms)
    return np.where(np.isnan(speed_ms), np.nan, output)
