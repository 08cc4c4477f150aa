"""Snow on modules: how much of the power it leaves.

What belongs here: Marion et al. 2013 ("Measured and modeled photovoltaic system energy losses
from snow"), as PVWatts v8 has it. What does not: how much snow lies.

Fresh snow covers all; it slides by 1.97 tenths of the row an hour times sin(tilt) while air
temperature + irradiance / 80 is above 0. A row of modules is dark as soon as its lower edge is covered.
The cover has a memory: a range must begin before the snow, or some days before the days wanted.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.domain.errors import Finding
from energy_pipeline.mathematics.photovoltaics.checks import WeatherError

BoolArray = npt.NDArray[np.bool_]
SLIDE_PER_HOUR = 0.197
MELT_W_M2_PER_C = 80.0
FALL_CM_PER_HOUR = 1.0
LEAST_DEPTH_CM = 1.0


def kept_share(
    depth_cm: FloatArray,
    air_c: FloatArray,
    plane_w_m2: FloatArray,
    tilt_deg: FloatArray,
    sunlit: BoolArray,
    minutes: int,
    modules_high: int = 2,
) -> FloatArray:
    """Share of power the snow leaves, shape (n,).

    Parameters
    ----------
    depth_cm : array, shape (n,)
        Snow depth on the ground.
    sunlit : bool array, shape (n,)
        Intervals with sun. The cover stands still in between, as in PVWatts v8: night's snow is found at dawn.
    modules_high : int
        Modules one above the other in a row, each dark as soon as snow touches it.

    Examples
    --------
    >>> warm = np.full(8, 5.0)
    >>> kept_share(np.full(8, 20.0), warm, np.full(8, 500.0), np.full(8, 40.0), warm > 0, 60).tolist()
    [0.0, 0.0, 0.0, 0.5, 0.5, 0.5, 0.5, 1.0]
    """
    hours = minutes / 60.0
    slide = SLIDE_PER_HOUR * hours * np.sin(np.radians(tilt_deg))
    warm = np.asarray(air_c) + np.asarray(plane_w_m2) / MELT_W_M2_PER_C > 0.0
    kept = np.empty(len(depth_cm))
    cover, before = 0.0, 0.0
    for i, depth in enumerate(np.asarray(depth_cm, dtype=np.float64)):
        if not sunlit[i]:
            kept[i] = kept[i - 1] if i else 1.0
            continue
        if depth < LEAST_DEPTH_CM:
            cover = 0.0
        elif depth - before >= FALL_CM_PER_HOUR * hours:
            cover = 1.0
        if warm[i]:
            cover = max(cover - slide[i], 0.0)
        kept[i] = 1.0 - math.ceil(cover * modules_high) / modules_high
        before = depth
    return kept


def no_depth(plant: int) -> WeatherError:
    """The error for a plant with snow but weather without."""
    return WeatherError(f"plant {plant}", [Finding("missing", "snow_depth_cm", 0, (), "give snow depth, or set the plant's `snow` to False")])
