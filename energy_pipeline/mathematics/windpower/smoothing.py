"""Power curves smoothed by turbulence.

What belongs here: the mean of the curve over a Gaussian spread of speeds, in closed form.
What does not: turbines, farms.
"""

from __future__ import annotations

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.mathematics.windpower.turbines import Turbine

GRID_MS = 0.1


def smoothed_curve(turbine: Turbine, turbulence_intensity: float, spread_ms: float = 0.0) -> tuple[FloatArray, FloatArray]:
    """(speeds, power): mean output over speeds with standard deviation intensity * v + spread.

    The curve is linear between points, so its mean over a normal distribution is a sum of
    normal probabilities and densities: no quadrature. Speeds run every 0.1 m/s to where
    nothing is left beyond cut-out. The mean includes the drop at cut-out: some of the minutes
    of an hour with a mean a little above it still produce.

    Source: Norgaard and Holttinen, "A multi-turbine power curve approach", 2004.

    >>> from energy_pipeline.mathematics.windpower.turbines import cubic_turbine
    >>> v, p = smoothed_curve(cubic_turbine(), 0.1)
    >>> bool(p.max() <= 2.0), bool(p[v == 25.0][0] < 1.1)
    (True, True)
    """
    if turbulence_intensity <= 0 and spread_ms <= 0:
        return turbine.speeds_ms, turbine.power_mw
    from scipy.special import ndtr

    points, power = turbine.speeds_ms, turbine.power_mw
    slope = np.diff(power) / np.diff(points)
    offset = power[:-1] - slope * points[:-1]
    reach = (points[-1] + 4.0 * spread_ms) / (1.0 - min(4.0 * turbulence_intensity, 0.75))
    speeds = np.arange(round(reach / GRID_MS) + 1) * GRID_MS
    deviation = np.maximum(turbulence_intensity * speeds + spread_ms, 1e-9)
    z = (points[None, :] - speeds[:, None]) / deviation[:, None]
    below, height = ndtr(z), np.exp(-0.5 * z**2) / np.sqrt(2.0 * np.pi)
    share = np.diff(below, axis=1)
    mean = (offset + slope * speeds[:, None]) * share - slope * deviation[:, None] * np.diff(height, axis=1)
    return speeds, np.clip(mean.sum(axis=1), 0.0, float(power.max()))
