"""Thrust where the maker does not tell.

What belongs here: an estimate of the thrust curve from the power curve. What does not: wakes.
"""

from __future__ import annotations

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.mathematics.windpower.turbines import Turbine, power_coefficient

DESIGN_INDUCTION = 0.28
"""Axial induction at the best power coefficient; Ct there is 4 a (1 - a) = 0.806."""


def estimated_thrust(turbine: Turbine) -> FloatArray:
    """Thrust coefficient at the points of the power curve, shape (points,).

    An estimate: up to the speed of the best power coefficient Cp the machine runs at the
    design induction a = 0.28; beyond it Cp falls as 4 a (1 - a)^2 does when a falls, the
    ratio of the two held constant. 0 where there is no output. From the power curve of a V80
    it gives that machine's published thrust within 0.03 up to 10 m/s and from 13 m/s on; at 11
    and 12 m/s, where the published table holds on longer, it is 0.06 and 0.16 too low.

    >>> from energy_pipeline.mathematics.windpower.library import turbine
    >>> v80 = turbine("V80/2000", 80.0)
    >>> [round(float(c), 2) for c in np.interp([8.0, 12.0, 20.0], v80.speeds_ms, estimated_thrust(v80))]
    [0.8, 0.52, 0.11]
    """
    cp = power_coefficient(turbine)
    best = int(np.argmax(cp))
    induction = np.linspace(0.0, DESIGN_INDUCTION, 2001)
    share = 4.0 * induction * (1.0 - induction) ** 2
    at = np.interp(cp * (share[-1] / cp[best]), share, induction)
    at[: best + 1] = DESIGN_INDUCTION
    return np.where(turbine.power_mw > 0, 4.0 * at * (1.0 - at), 0.0)


def thrust_curve(turbine: Turbine) -> tuple[FloatArray, FloatArray]:
    """(speeds, thrust): the maker's where given, else the estimate."""
    if turbine.thrust is None:
        return turbine.speeds_ms, estimated_thrust(turbine)
    return turbine.thrust_speeds_ms, turbine.thrust
