"""Where the sun stands: the part all sites share, once per interval, and its public face.

What belongs here: the sun seen from the Earth's centre, and the sun of a site as arrays
for people and checks. What does not: the fused pass over a site's intervals (`kernel`).

The sun's place among the stars is the Solar Position Algorithm (Reda and Andreas 2004) at
each UTC midnight; between midnights a cubic through the four nearest ones is exact to less
than 1e-5 degrees. The Earth's turn is then the only thing left to do per interval, and the
site only adds a rotation, so a hundred sites cost no sine and no cosine of time.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from energy_pipeline.domain.delivery import FloatArray, IntArray
from energy_pipeline.mathematics.compilation import read_only
from energy_pipeline.mathematics.photovoltaics import astronomy, kernel, optics
from energy_pipeline.mathematics.photovoltaics.astronomy import SunTrack
from energy_pipeline.mathematics.photovoltaics.system import SUN_RULES

DAY_US = 86_400_000_000
DELTA_T_S = 69.0
"""Terrestrial less universal time: 57 s in 1990, about 70 s from 2020; 15 s move the sun by 2e-4 degrees."""
BLOCK_DAYS = 1024
"""Midnights are computed and kept in blocks fixed by the calendar."""
KEPT_INTERVALS = 100
"""The sun of so many intervals, a day of quarter-hours, is kept for the next who asks."""


class SunPosition(NamedTuple):
    """The sun of a site, arrays of shape (n,): refracted zenith and azimuth from north [degrees], sunlit or not."""

    zenith_deg: FloatArray
    azimuth_deg: FloatArray
    sunlit: np.ndarray[Any, np.dtype[np.bool_]]


def track(start_us: IntArray, minutes: int) -> SunTrack:
    """The sun at the middle of intervals, for all sites at once.

    Parameters
    ----------
    start_us : int64 array, shape (n,)
        Interval starts, microseconds since 1970 UTC.
    minutes : int
        Length of an interval.
    """
    start_us = np.asarray(start_us, dtype=np.int64)
    if not len(start_us):
        none = read_only(np.empty(0))
        return SunTrack(none, none, none, none, none, 0.0)
    return _day_track(start_us.tobytes(), minutes) if len(start_us) <= KEPT_INTERVALS else _track(start_us, minutes)


@lru_cache(maxsize=2048)
def _day_track(starts: bytes, minutes: int) -> SunTrack:
    """A day's sun is asked for by every check, clear sky and plant of that day."""
    return _track(np.frombuffer(starts, dtype=np.int64).copy(), minutes)


def _track(start_us: IntArray, minutes: int) -> SunTrack:
    middle_us = start_us + minutes * 30_000_000
    first, last = int(middle_us.min() // DAY_US) - 1, int(middle_us.max() // DAY_US) + 2
    blocks = range(first // BLOCK_DAYS, last // BLOCK_DAYS + 1)
    knots = np.concatenate([_knots(block) for block in blocks])
    out = np.empty((5, len(middle_us)))
    astronomy.track(middle_us, knots, blocks.start * BLOCK_DAYS, out)
    out.flags.writeable = False
    return SunTrack(out[0], out[1], out[2], out[3], out[4], minutes / 1440.0 * 2.0 * np.pi * 1.0027379093 / 2.0)


def sun_position(
    latitude_deg: float,
    longitude_deg: float,
    start_us: IntArray,
    minutes: int,
    *,
    rule: str = "sunlit_middle",
    pressure_hpa: float = 1013.25,
    temperature_c: float = 12.0,
) -> SunPosition:
    """The sun of a site, over the middle of each interval or of its sunlit part.

    Parameters
    ----------
    rule : {'sunlit_middle', 'middle', 'pvlib_middle'}
        At sunrise and sunset, 'sunlit_middle' takes the middle of the part of the interval in
        which the sun's upper edge is above the horizon (centre 0.8333 degrees below, refraction
        included); all other intervals take their middle. See `PvSystem.sun_rule`.

    Examples
    --------
    >>> noon = np.array([np.datetime64("2020-03-20T11:30", "us").astype(np.int64)])
    >>> place = sun_position(0.0, 0.0, noon, 60)
    >>> bool(place.zenith_deg[0] < 3.0)
    True
    """
    out = _placed(latitude_deg, longitude_deg, start_us, minutes, rule, pressure_hpa, temperature_c)
    return SunPosition(out[0], out[1], out[2] > 0)


def sunlit_share(latitude_deg: float, longitude_deg: float, start_us: IntArray, minutes: int) -> FloatArray:
    """Share of each interval in which the sun's upper edge is above the horizon, shape (n,).

    Examples
    --------
    >>> dawn = np.array([np.datetime64("2020-03-20T05:30", "us").astype(np.int64)])
    >>> bool(0.4 < sunlit_share(0.0, 0.0, dawn, 60)[0] < 0.6)
    True
    """
    return np.asarray(_placed(latitude_deg, longitude_deg, start_us, minutes, "middle", 1013.25, 12.0)[3])


def _placed(
    latitude_deg: float, longitude_deg: float, start_us: IntArray, minutes: int, rule: str, pressure_hpa: float, temperature_c: float
) -> FloatArray:
    sky = track(start_us, minutes)
    out = np.empty((4, len(sky.polar)))
    kernel.position(
        sky.cosine,
        sky.sine,
        sky.polar,
        sky.distance_au,
        sky.half_turn_rad,
        np.radians(latitude_deg),
        np.radians(longitude_deg),
        SUN_RULES.index(rule),
        pressure_hpa,
        temperature_c,
        optics.air(True).bends,
        out,
    )
    return out


@lru_cache(maxsize=64)
def _knots(block: int) -> FloatArray:
    """Unit vector, distance and equation of the equinoxes at the midnights of a block, shape (BLOCK_DAYS, 5)."""
    from pvlib import spa

    out = np.empty((BLOCK_DAYS, 5))
    longitude = tuple(np.ascontiguousarray(t) for t in (spa.L0, spa.L1, spa.L2, spa.L3, spa.L4, spa.L5))
    latitude = tuple(np.ascontiguousarray(t) for t in (spa.B0, spa.B1))
    radius = tuple(np.ascontiguousarray(t) for t in (spa.R0, spa.R1, spa.R2, spa.R3, spa.R4))
    astronomy.knots(
        block * BLOCK_DAYS,
        longitude,
        latitude,
        radius,
        np.ascontiguousarray(spa.NUTATION_ABCD_ARRAY, dtype=np.float64),
        np.ascontiguousarray(spa.NUTATION_YTERM_ARRAY, dtype=np.float64),
        DELTA_T_S,
        out,
    )
    return out
