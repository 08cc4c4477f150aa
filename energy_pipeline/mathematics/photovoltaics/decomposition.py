"""Direct and diffuse irradiance when only global irradiance or cloud cover is known.

What belongs here: splitting global irradiance, global irradiance from cloud cover. What does
not: the plane of the modules. The fused pass splits global irradiance alone after Erbs: good for the shape of a clear sky, and fast.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from energy_pipeline.domain.delivery import MICROSECONDS_PER_MINUTE, FloatArray, IntArray
from energy_pipeline.mathematics.photovoltaics import sky, sun

PART_MINUTES = 15
LOWEST_UP = 0.03
"""Sine of the sun's elevation below which no beam is made of its share on the horizontal plane."""

BRIGHT_W_M2 = 20.0  # of the clear sky; below it a share of it says nothing


class Split(NamedTuple):
    """Direct normal and diffuse horizontal irradiance [W/m2], arrays of shape (n,)."""

    dni_w_m2: FloatArray
    dhi_w_m2: FloatArray


def split_global(ghi_w_m2: FloatArray, latitude_deg: float, longitude_deg: float, start_us: IntArray, minutes: int) -> Split:
    """Direct and diffuse from global irradiance by DISC (Maxwell 1987), pvlib's, beam by quarter-hours.

    Chosen by measurement: in front of the pass its year lies within 0.3 % of measured components at 25, 36 and 55 N,
    where Erbs, Boland, DIRINT and Orgill and Hollands lose up to 3 % (docs/renewables-accuracy.md). Global irradiance is
    spread over quarter-hours in the shape of the clear sky times a clearness that goes straight from one hour's to the next;
    the interval keeps their beam on the horizontal plane, and all of its global irradiance. No beam is above extraterrestrial.

    Examples
    --------
    >>> noon = np.array([np.datetime64("2020-06-21T11:30", "us").astype(np.int64)])
    >>> parts = split_global(np.array([200.0]), 48.0, 0.0, noon, 60)
    >>> bool(parts.dhi_w_m2[0] > 190)
    True
    """
    place = sun.sun_position(latitude_deg, longitude_deg, start_us, minutes)
    up = np.where(place.sunlit, np.maximum(np.cos(np.radians(place.zenith_deg)), 0.0), 0.0)
    beam = _beam(np.asarray(ghi_w_m2, dtype=np.float64), latitude_deg, longitude_deg, start_us, minutes)
    extra = sun.track(start_us, minutes).extra_w_m2
    dni = np.where(up > LOWEST_UP, np.minimum(beam / np.maximum(up, LOWEST_UP), extra), 0.0)
    return Split(dni, np.where(place.sunlit, np.maximum(ghi_w_m2 - dni * up, 0.0), 0.0))


def _beam(ghi_w_m2: FloatArray, latitude_deg: float, longitude_deg: float, start_us: IntArray, minutes: int) -> FloatArray:
    """Beam on the horizontal plane, mean of the interval [W/m2]."""
    from pvlib.irradiance import disc

    parts = max(minutes // PART_MINUTES, 1)
    length = minutes // parts
    starts = (np.asarray(start_us, dtype=np.int64)[:, None] + np.arange(parts) * length * MICROSECONDS_PER_MINUTE).reshape(-1)
    clear = sky.clear_sky_ghi_w_m2(latitude_deg, longitude_deg, starts, length)
    ghi = spread(np.repeat(ghi_w_m2, parts), clear * _clearness(ghi_w_m2, clear, np.asarray(start_us), minutes), parts)
    place = sun.sun_position(latitude_deg, longitude_deg, starts, length)
    days = starts.astype("datetime64[us]").astype("datetime64[D]")
    of_year = (days - days.astype("datetime64[Y]").astype("datetime64[D]")).astype(np.int64) + 1
    direct = np.nan_to_num(np.asarray(disc(ghi, place.zenith_deg, of_year)["dni"], dtype=np.float64))
    up = np.where(place.sunlit, np.maximum(np.cos(np.radians(place.zenith_deg)), 0.0), 0.0)
    return np.asarray(np.minimum(direct * up, ghi).reshape(-1, parts).mean(axis=1))


def _clearness(ghi_w_m2: FloatArray, clear_w_m2: FloatArray, start_us: IntArray, minutes: int) -> FloatArray:
    """Share of the clear sky by quarter-hour, straight lines between the middles of intervals; flat towards one that is dark or not there."""
    parts = clear_w_m2.size // ghi_w_m2.size
    bright = clear_w_m2.reshape(-1, parts).mean(axis=1)
    own = np.where(bright > BRIGHT_W_M2, ghi_w_m2 / np.maximum(bright, BRIGHT_W_M2), np.nan)
    found, at = np.repeat(own[:, None], parts, axis=1), (np.arange(parts) + 0.5) / parts - 0.5
    slope = np.where(np.diff(start_us) == minutes * MICROSECONDS_PER_MINUTE, np.diff(own), np.nan)
    for side, near in ((at < 0, np.append(np.nan, slope)), (at > 0, np.append(slope, np.nan))):
        found[:, side] += np.nan_to_num(near)[:, None] * at[side]
    return np.where(np.isfinite(found), np.maximum(found, 0.0), 1.0).reshape(-1)


def spread(mean: FloatArray, shape: FloatArray, parts: int) -> FloatArray:
    """A mean over `parts` steps, repeated on them -> steps shaped like `shape`, same mean; flat where the shape is 0.

    Parameters
    ----------
    mean, shape : arrays, shape (parts n,)

    Examples
    --------
    >>> spread(np.full(4, 100.0), np.array([0.0, 0.0, 1.0, 3.0]), 4).tolist()
    [0.0, 0.0, 100.0, 300.0]
    """
    by_mean = shape.reshape(-1, parts)
    total = by_mean[:, 0].copy()
    for part in range(1, parts):
        total += by_mean[:, part]
    average = (total / parts)[:, None]
    factor = np.where(average > 0, by_mean / np.where(average > 0, average, 1.0), 1.0)
    return np.asarray(mean * factor.reshape(-1))


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
