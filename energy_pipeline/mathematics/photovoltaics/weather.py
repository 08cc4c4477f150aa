"""Weather at a plant as arrays.

What belongs here: the container and which irradiances it carries. What does not: checks
(`checks`), decomposition (`decomposition`, `kernel`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from energy_pipeline.domain.delivery import MICROSECONDS_PER_MINUTE, FloatArray, IntArray

IRRADIANCES = ("ghi_w_m2", "dni_w_m2", "dhi_w_m2")
COLUMNS = ("temperature_c", "wind_speed_ms", *IRRADIANCES, "albedo", "snow_depth_cm")
LABELS = {"start": 0.0, "middle": 0.5, "end": 1.0}


@dataclass(frozen=True)
class Irradiance:
    """Weather over equal intervals, arrays of shape (n,).

    Attributes
    ----------
    start_us : int64 array
        Interval STARTS, microseconds since 1970 UTC. Irradiance is the mean over the interval. Sources
        that label hours by their end or middle (satellite half-hours, typical-year files) must be moved
        first: with a label half an hour off the year is 1-1.6 % wrong.
    resolution_minutes : int
        Length of every interval: 60, 30, 15 or any other.
    ghi_w_m2, dni_w_m2, dhi_w_m2 : float arrays or None
        Global horizontal, direct normal, diffuse horizontal. Direct and diffuse are used when both are
        there; one of them with global gives the other by the sun's height; global alone is split after Erbs.
    temperature_c, wind_speed_ms : float arrays
        Air temperature; wind at 10 m (as in PVWatts).
    pressure_hpa : float or None
        Air pressure for refraction; None takes it from the plant's altitude.
    albedo : float array or None
        Share of light the ground throws back, where the weather knows it (snow); None takes the plant's.
    snow_depth_cm : float array or None
        Needed by plants with `snow`.
    """

    start_us: IntArray
    resolution_minutes: int
    temperature_c: FloatArray
    wind_speed_ms: FloatArray
    ghi_w_m2: FloatArray | None = None
    dni_w_m2: FloatArray | None = None
    dhi_w_m2: FloatArray | None = None
    pressure_hpa: float | None = None
    albedo: FloatArray | None = None
    snow_depth_cm: FloatArray | None = None

    def __len__(self) -> int:
        return int(np.shape(self.start_us)[0])


def starts_us(labels_us: IntArray, minutes: int, label: str) -> IntArray:
    """Interval starts from labels that mark an interval's start, middle or end.

    Typical-year files (TMY2, TMY3, EPW) count hours 1 to 24 by their END; pvlib's readers already
    move them to the start. PVGIS and NSRDB half-hours are mostly labelled by the middle.

    Parameters
    ----------
    labels_us : int64 array, shape (n,)
        Microseconds since 1970 UTC.
    minutes : int
        Length of an interval.
    label : {'start', 'middle', 'end'}

    Examples
    --------
    >>> starts_us(np.array([3_600_000_000]), 60, "end").tolist()
    [0]
    """
    shift = round(LABELS[label] * minutes * MICROSECONDS_PER_MINUTE)
    return np.asarray(labels_us, dtype=np.int64) - shift
