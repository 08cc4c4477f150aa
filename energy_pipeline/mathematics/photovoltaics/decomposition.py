"""Direct and diffuse irradiance when only global irradiance or cloud cover is known.

What belongs here: splitting global irradiance, global irradiance from cloud cover. What does
not: the plane of the modules; the fused pass splits by itself when only GHI is given.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from energy_pipeline.domain.delivery import FloatArray, IntArray
from energy_pipeline.mathematics.photovoltaics import kernel, sky, sun


class Split(NamedTuple):
    """Direct normal and diffuse horizontal irradiance [W/m2], arrays of shape (n,)."""

    dni_w_m2: FloatArray
    dhi_w_m2: FloatArray


def split_global(ghi_w_m2: FloatArray, latitude_deg: float, longitude_deg: float, start_us: IntArray, minutes: int) -> Split:
    """Direct and diffuse from global irradiance after Erbs et al. 1982, as the fused pass does it.

    Examples
    --------
    >>> noon = np.array([np.datetime64("2020-06-21T11:30", "us").astype(np.int64)])
    >>> parts = split_global(np.array([200.0]), 48.0, 0.0, noon, 60)
    >>> bool(parts.dhi_w_m2[0] > 190)
    True
    """
    place = sun.sun_position(latitude_deg, longitude_deg, start_us, minutes)
    extra = sun.track(start_us, minutes).extra_w_m2
    up = np.cos(np.radians(place.zenith_deg))
    erbs: Callable[[float, float, float], tuple[float, float]] = kernel.erbs
    split = [erbs(g, e, u) if lit else (0.0, 0.0) for g, e, u, lit in zip(ghi_w_m2, extra, up, place.sunlit, strict=True)]
    parts = np.array(split, dtype=np.float64).reshape(-1, 2)
    return Split(parts[:, 0].copy(), parts[:, 1].copy())


def ghi_from_cloud_cover(
    cloud_cover: FloatArray, latitude_deg: float, longitude_deg: float, start_us: IntArray, minutes: int, *, altitude_m: float = 0.0
) -> FloatArray:
    """Global irradiance from cloud cover, a share of 0 to 1: clear sky times 1 - 0.75 N^3.4 (Kasten and Czeplak 1980).

    Examples
    --------
    >>> noon = np.array([np.datetime64("2020-06-21T11:30", "us").astype(np.int64)])
    >>> clear, grey = (ghi_from_cloud_cover(np.array([n]), 48.0, 0.0, noon, 60)[0] for n in (0.0, 1.0))
    >>> round(float(grey / clear), 2)
    0.25
    """
    cloud_cover = np.asarray(cloud_cover, dtype=np.float64)
    if not ((cloud_cover >= 0.0) & (cloud_cover <= 1.0)).all():
        from energy_pipeline.domain.errors import Finding
        from energy_pipeline.mathematics.photovoltaics.checks import WeatherError

        rows = np.flatnonzero(~((cloud_cover >= 0.0) & (cloud_cover <= 1.0)))
        examples = tuple(f"row {row}: {cloud_cover[row]:g}" for row in rows[:3])
        raise WeatherError("weather", [Finding("outside 0..1", "cloud_cover", len(rows), examples, "give a share: oktas over 8, percent over 100")])
    clear = sky.clear_sky_ghi_w_m2(latitude_deg, longitude_deg, start_us, minutes, altitude_m=altitude_m)
    return clear * (1.0 - 0.75 * cloud_cover**3.4)
