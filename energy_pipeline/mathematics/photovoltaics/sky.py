"""Clear skies and the two indices people mix up.

What belongs here: irradiance under a clear sky, clear-sky index, clearness index. What does
not: the plane of the modules.

Document 003 calls GHI / clear-sky GHI "clearness index" and says it is within [0, 1]. That is
the CLEAR-SKY index, and it exceeds 1 in about a fifth of daytime hours, when clouds beside the
sun add light. The CLEARNESS index divides by irradiance outside the atmosphere.
"""

from __future__ import annotations

import numpy as np

from energy_pipeline.domain.delivery import FloatArray, IntArray
from energy_pipeline.mathematics.photovoltaics import sun

LOWEST_W_M2 = 1.0
"""Below this denominator no index is formed."""


def clear_sky_ghi_w_m2(
    latitude_deg: float,
    longitude_deg: float,
    start_us: IntArray,
    minutes: int,
    *,
    altitude_m: float = 0.0,
    linke_turbidity: float | None = None,
) -> FloatArray:
    """Global horizontal irradiance under a clear sky at the middle of each interval's sunlit part [W/m2].

    Haurwitz 1945 without a turbidity; Ineichen and Perez 2002 with one (2 clean, 3 average, 5 hazy).
    The sunrise and sunset intervals are weighted by their sunlit share.

    Examples
    --------
    >>> noon = np.array([np.datetime64("2020-06-21T11:30", "us").astype(np.int64)])
    >>> bool(800 < clear_sky_ghi_w_m2(48.0, 0.0, noon, 60)[0] < 1000)
    True
    """
    place = sun.sun_position(latitude_deg, longitude_deg, start_us, minutes)
    up = np.where(place.sunlit, np.maximum(np.cos(np.radians(place.zenith_deg)), 0.0), 0.0)
    if linke_turbidity is None:
        clear = 1098.0 * up * np.exp(-0.057 / np.maximum(up, 1e-3))
    else:
        clear = _ineichen(up, place.zenith_deg, sun.track(start_us, minutes).extra_w_m2, altitude_m, linke_turbidity)
    return np.where(place.sunlit, clear * sun.sunlit_share(latitude_deg, longitude_deg, start_us, minutes), 0.0)


def _ineichen(up: FloatArray, zenith_deg: FloatArray, extra: FloatArray, altitude_m: float, turbidity: float) -> FloatArray:
    low, high = np.exp(-altitude_m / 8000.0), np.exp(-altitude_m / 1250.0)
    zenith = np.minimum(zenith_deg, 90.0)
    mass = low / (np.cos(np.radians(zenith)) + 0.50572 * (96.07995 - zenith) ** -1.6364)
    first, second = 5.09e-5 * altitude_m + 0.868, 3.92e-5 * altitude_m + 0.0387
    return np.asarray(first * extra * up * np.exp(-second * mass * (low + high * (turbidity - 1.0))))


def clear_sky_index(ghi_w_m2: FloatArray, clear_sky_ghi: FloatArray) -> FloatArray:
    """GHI over clear-sky GHI; may exceed 1; NaN where the clear sky gives less than 1 W/m2 (night has no index).

    Examples
    --------
    >>> clear_sky_index(np.array([450.0, 990.0, 0.0]), np.array([900.0, 900.0, 0.0])).tolist()
    [0.5, 1.1, nan]
    """
    lit = clear_sky_ghi >= LOWEST_W_M2
    return np.where(lit, ghi_w_m2 / np.where(lit, clear_sky_ghi, 1.0), np.nan)


def clearness_index(ghi_w_m2: FloatArray, latitude_deg: float, longitude_deg: float, start_us: IntArray, minutes: int) -> FloatArray:
    """GHI over horizontal irradiance outside the atmosphere; NaN where that is less than 1 W/m2."""
    place = sun.sun_position(latitude_deg, longitude_deg, start_us, minutes)
    up = np.where(place.sunlit, np.maximum(np.cos(np.radians(place.zenith_deg)), 0.0), 0.0)
    outside = sun.track(start_us, minutes).extra_w_m2 * up * sun.sunlit_share(latitude_deg, longitude_deg, start_us, minutes)
    lit = outside >= LOWEST_W_M2
    return np.where(lit, ghi_w_m2 / np.where(lit, outside, 1.0), np.nan)
