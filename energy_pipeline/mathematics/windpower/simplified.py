"""The document's wind formulas as printed, with their errata.

What belongs here: simplified formulas kept for comparison, named so. What does not: anything
the pipeline computes with.
"""

from __future__ import annotations

import numpy as np

from energy_pipeline.domain.delivery import FloatArray


def simplified_power_mw(
    speed_ms: FloatArray, rated_mw: float, cut_in_ms: float = 3.0, rated_ms: float = 12.0, cut_out_ms: float = 25.0
) -> FloatArray:
    """Piecewise cubic curve as printed.

    Erratum: its power coefficient at rated speed of a typical machine is only 0.23 and falls
    off below, where real machines are best; with the maker's rated speed it loses up to half
    the energy. Density, hysteresis and wakes are not in it. Use `turbine(name)`.

    >>> simplified_power_mw(np.array([2.0, 12.0, 25.0]), 2.0).tolist()
    [0.0, 2.0, 0.0]
    """
    rising = rated_mw * (speed_ms**3 - cut_in_ms**3) / (rated_ms**3 - cut_in_ms**3)
    running = (speed_ms >= cut_in_ms) & (speed_ms < cut_out_ms)
    return np.where(running, np.where(speed_ms < rated_ms, rising, rated_mw), 0.0)


def simplified_available_power_mw(
    speed_ms: FloatArray, rotor_diameter_m: float, power_coefficient: float = 0.593, density: float = 1.225
) -> FloatArray:
    """0.5 rho A v^3 Cp as printed ("Betz limit") [MW].

    Errata: without the limit at rated power; the limit is 16/27 = 0.59259..., which the
    printed 0.593 exceeds; rho is taken as that of sea level everywhere.

    >>> simplified_available_power_mw(np.array([10.0]), 80.0).round(3).tolist()
    [1.826]
    """
    return 0.5e-6 * density * np.pi / 4.0 * rotor_diameter_m**2 * speed_ms**3 * power_coefficient


def simplified_hub_speed_ms(speed_ms: FloatArray, measured_at_m: float, hub_height_m: float, exponent: float = 0.17) -> FloatArray:
    """v2 = v1 (h2 / h1)^alpha with one alpha of 0.14-0.2, as printed.

    Erratum: measured exponents leave that range by day and night (0.257 on average in one data
    set); the exponent matters more for the yield than the turbine. Use two heights.

    >>> simplified_hub_speed_ms(np.array([5.0]), 10.0, 100.0, 0.2).round(3).tolist()
    [7.924]
    """
    return speed_ms * float((hub_height_m / measured_at_m) ** exponent)


def simplified_weibull_density(speed_ms: FloatArray, shape: float, scale_ms: float) -> FloatArray:
    """f(v; k, lambda) as printed; correct, but it holds no calms.

    >>> simplified_weibull_density(np.array([8.0]), 2.0, 8.0).round(4).tolist()
    [0.092]
    """
    z = speed_ms / scale_ms
    return shape / scale_ms * z ** (shape - 1.0) * np.exp(-(z**shape))


def simplified_capacity_factor(energy_mwh: float, rated_mw: float, hours: float) -> float:
    """Output over capacity times period; the document mixes MW and MWh, here energy is MWh."""
    return energy_mwh / (rated_mw * hours)
