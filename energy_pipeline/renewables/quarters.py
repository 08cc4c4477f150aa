"""From corrected hours to the zone's interval length.

What belongs here: how an hourly correction is put on the quarter-hours that physics has computed. What
does not: the correction itself (`correction`), physics (`metered`).

Meters are learnt from by the hour, physics is finer. A corrected hour keeps its mean:

- less than physics: every quarter is scaled down alike;
- more, wind: the room up to capacity is filled by the same share in every quarter;
- more, sun: quarters are scaled up alike, and what a full inverter cannot take goes to the others; where
  physics sees nothing the shape is the clear sky's.
"""

from __future__ import annotations

import numpy as np

from energy_pipeline.domain.delivery import FloatArray

PARTS = 4
DARK = 1e-9
"""Share of capacity below which physics sees nothing: a watt of a gigawatt has no shape to scale."""


def in_quarters(hourly: FloatArray, physical: FloatArray, potential: FloatArray, technology: str) -> FloatArray:
    """Quarter-hours of corrected hours, shares of capacity.

    Parameters
    ----------
    hourly : array, shape (hours,)
        Corrected output, 0 .. 1; NaN where unknown.
    physical, potential : array, shape (4 hours,)
    technology : {"wind", "solar"}

    Examples
    --------
    >>> in_quarters(np.array([0.3]), np.array([0.2, 0.4, 0.6, 0.8]), np.ones(4), "wind").round(3).tolist()
    [0.12, 0.24, 0.36, 0.48]
    >>> in_quarters(np.array([0.75]), np.array([0.2, 0.4, 0.6, 0.8]), np.ones(4), "wind").round(3).tolist()
    [0.6, 0.7, 0.8, 0.9]
    """
    quarter = np.where(physical < DARK, 0.0, physical).reshape(-1, PARTS)
    mean = _mean(quarter)
    lower = hourly <= mean
    down = quarter * np.where(mean > 0, hourly / np.where(mean > 0, mean, 1.0), 0.0)[:, None]
    up = _scaled_up(hourly, quarter, potential.reshape(-1, PARTS)) if technology == "solar" else _room_filled(hourly, quarter, mean)
    return np.where(lower[:, None], down, up).reshape(-1)


def _mean(quarter: FloatArray) -> FloatArray:
    return np.asarray((quarter[:, 0] + quarter[:, 1] + quarter[:, 2] + quarter[:, 3]) / PARTS)


def _room_filled(hourly: FloatArray, quarter: FloatArray, mean: FloatArray) -> FloatArray:
    room = 1.0 - mean
    share = np.where(room > 0, (hourly - mean) / np.where(room > 0, room, 1.0), 0.0)
    return np.asarray(quarter + (1.0 - quarter) * share[:, None])


def _scaled_up(hourly: FloatArray, quarter: FloatArray, potential: FloatArray) -> FloatArray:
    dark, clear = _mean(quarter) <= 0, _mean(potential) > 0
    shape = np.where(dark[:, None], np.where(clear[:, None], potential, 1.0), quarter)
    found = shape * (hourly / _mean(shape))[:, None]
    for _ in range(PARTS - 1):  # each round fills at least one quarter
        found = np.minimum(found, 1.0)
        open_part = np.where(found < 1.0, found, 0.0)
        left, held = hourly - _mean(found), _mean(open_part)
        found = found + open_part * np.where(held > 0, left / np.where(held > 0, held, 1.0), 0.0)[:, None]
    return np.minimum(found, 1.0)
