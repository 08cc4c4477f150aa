"""The formulas of document 003 as it prints them, under names that say they are simplified.

What belongs here: those formulas and, in each docstring, what is wrong with it. What does
not: anything the pipeline uses; the plants' output comes from `chain`.
"""

from __future__ import annotations

import numpy as np

from energy_pipeline.domain.delivery import FloatArray

SOLAR_CONSTANT_W_M2 = 1367.0


def dc_power_simplified_w(
    efficiency: float, area_m2: float, ghi_w_m2: FloatArray, beta_per_c: float, cell_c: FloatArray, reference_c: float = 25.0
) -> FloatArray:
    """Eta A G [1 - beta (T_cell - T_ref)] as printed, with G the GLOBAL HORIZONTAL irradiance.

    Wrong: G must be plane-of-array irradiance (7-16 % of the year); with the NEGATIVE beta the document
    gives (-0.004 to -0.005) the minus sign makes hot modules gain power: it needs 1 + beta (...), or a positive beta.

    Examples
    --------
    >>> float(dc_power_simplified_w(0.2, 10.0, np.array([1000.0]), -0.004, np.array([50.0]))[0])
    2200.0
    """
    return efficiency * area_m2 * ghi_w_m2 * (1.0 - beta_per_c * (cell_c - reference_c))


def cell_temperature_simplified_c(air_c: FloatArray, noct_c: float, ghi_w_m2: FloatArray) -> FloatArray:
    """T_amb + (NOCT - 20) G / 800 with G the global horizontal irradiance.

    Wrong: NOCT is defined on plane-of-array irradiance, and there is no wind.
    """
    return air_c + (noct_c - 20.0) * ghi_w_m2 / 800.0


def ac_power_simplified_w(dc_w: FloatArray, inverter_efficiency: float, retained_share: float) -> FloatArray:
    """P_dc eta_inv eta_misc.

    Wrong: nothing clips at the inverter's rating, and efficiency does not fall at part load; the
    document's "losses" of 0.85-0.95 are shares RETAINED.
    """
    return dc_w * inverter_efficiency * retained_share


def declination_simplified_deg(day_of_year: FloatArray) -> FloatArray:
    """23.45 sin(360 (284 + n) / 365) degrees (Cooper 1969). Off by up to 1.08 degrees.

    Examples
    --------
    >>> round(float(declination_simplified_deg(np.array([172.0]))[0]), 2)
    23.45
    """
    return 23.45 * np.sin(np.radians(360.0 * (284.0 + day_of_year) / 365.0))


def zenith_cosine_simplified(latitude_deg: float, declination_deg: FloatArray, hour_angle_deg: FloatArray) -> FloatArray:
    """sin(lat) sin(dec) + cos(lat) cos(dec) cos(hour angle).

    Incomplete: the document does not define the hour angle. Clock time for solar time costs up to 5.5
    degrees of zenith; longitude and the equation of time bring that to 1.05.
    """
    latitude, declination = np.radians(latitude_deg), np.radians(declination_deg)
    return np.asarray(np.sin(latitude) * np.sin(declination) + np.cos(latitude) * np.cos(declination) * np.cos(np.radians(hour_angle_deg)))


def clear_sky_simplified_w_m2(cos_zenith: FloatArray, transmittance: float = 0.7) -> FloatArray:
    """1367 cos(z) tau^AM with AM = 1 / cos(z).

    Wrong: no diffuse part, no Earth-sun distance; the document calls tau itself a function of air mass and
    raises it to the air mass; the secant diverges at the horizon (it is 0 there only because tau^AM wins).
    """
    up = np.maximum(cos_zenith, 1e-6)
    return np.where(cos_zenith > 0.0, SOLAR_CONSTANT_W_M2 * up * transmittance ** (1.0 / up), 0.0)


def cloud_index_simplified(ghi_w_m2: FloatArray, clear_sky_ghi: FloatArray) -> FloatArray:
    """G / G_clear cut to [0, 1], which the document calls clearness index.

    Wrong name (it is the clear-sky index, `sky.clear_sky_index`) and wrong range: it exceeds 1 in about a fifth of daytime hours.
    """
    lit = clear_sky_ghi > 0.0
    return np.clip(np.where(lit, ghi_w_m2 / np.where(lit, clear_sky_ghi, 1.0), 0.0), 0.0, 1.0)
