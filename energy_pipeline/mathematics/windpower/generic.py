"""A machine nobody named: its power curve from its specific power.

What belongs here: the generic curve and its two numbers. What does not: real machines (`library`), the cubic curve of
document 003 (`turbines.cubic_turbine`).

A variable-speed machine takes a constant share of the wind's power up to its rating, and the turbulence of ten minutes
rounds the corner: power = min(rating, Cp rho/2 A v^3), averaged over a normal distribution of standard deviation
10 % of v. Cp = 0.44 and 10 % are the pair that lies nearest to the 63 machines of the library, given each one's specific
power: at sites with a mean of 6, 7.5 and 9 m/s the year's energy is 0.4 % off in the mean, 2 % in the mean of absolutes.
What a rotor may take is in Burton et al., Wind Energy Handbook, ch. 3; the averaging is Norgaard and Holttinen's (2004).
"""

from __future__ import annotations

import numpy as np

from energy_pipeline.mathematics.windpower.smoothing import smoothed_curve
from energy_pipeline.mathematics.windpower.turbines import STANDARD_DENSITY, Turbine

POWER_COEFFICIENT = 0.44
TURBULENCE = 0.10
SPECIFIC_POWER_W_M2 = 320.0
"""Rating over rotor area where nobody states it: the median machine of the library; new ones on land lie between 240 and 330."""
CUT_IN_MS, CUT_OUT_MS = 3.0, 25.0
STEP_MS = 0.05
HIGHEST_MS = 45.0


def generic_turbine(
    *,
    rated_mw: float,
    hub_height_m: float,
    specific_power_w_m2: float = SPECIFIC_POWER_W_M2,
    cut_in_ms: float = CUT_IN_MS,
    cut_out_ms: float = CUT_OUT_MS,
    restart_ms: float | None = None,
) -> Turbine:
    """A machine of a rating and a specific power.

    Parameters
    ----------
    rated_mw : float
        Of one machine.
    specific_power_w_m2 : float
        Rating over rotor area: about 200 for weak winds, 320 in the middle, 450 at sea.

    Raises
    ------
    WindInputError
        Limits that make no sense.

    Examples
    --------
    >>> machine = generic_turbine(rated_mw=4.2, hub_height_m=120.0, specific_power_w_m2=330.0)
    >>> [round(float(p) / 4.2, 2) for p in machine.power_at(np.array([3.0, 6.0, 9.0, 12.0, 15.0, 26.0]))]
    [0.02, 0.18, 0.61, 0.98, 1.0, 0.0]
    """
    rotor_m = float(np.sqrt(4.0 / np.pi * rated_mw * 1e6 / specific_power_w_m2))
    rated_ms = (specific_power_w_m2 / (0.5 * STANDARD_DENSITY * POWER_COEFFICIENT)) ** (1.0 / 3.0)
    rising = np.append(np.arange(0.0, rated_ms, STEP_MS), rated_ms)
    share = np.append((rising / rated_ms) ** 3, 1.0)
    sharp = Turbine("sharp", rated_mw, hub_height_m, rotor_m, np.append(rising, HIGHEST_MS), rated_mw * share)
    speeds, power = smoothed_curve(sharp, TURBULENCE)
    kept = speeds <= HIGHEST_MS / 1.4  # beyond, the curve's own end would be averaged in
    return Turbine(
        f"generic, {specific_power_w_m2:g} W/m2",
        rated_mw,
        hub_height_m,
        rotor_m,
        speeds[kept],
        power[kept],
        cut_in_ms=cut_in_ms,
        cut_out_ms=cut_out_ms,
        restart_ms=restart_ms,
    )
