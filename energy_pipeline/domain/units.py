"""Units: power is MW, energy is MWh = MW x hours.

What belongs here: conversions between them. What does not: anything with a price.
"""

from __future__ import annotations

from energy_pipeline.domain.delivery import FloatArray


def hours_of(resolution_minutes: int) -> float:
    """Length of an interval [h].

    >>> hours_of(15)
    0.25
    """
    return resolution_minutes / 60.0


def energy_mwh(power_mw: FloatArray, resolution_minutes: int) -> FloatArray:
    """Energy [MWh] of a mean power [MW] held for one interval."""
    return power_mw * hours_of(resolution_minutes)
