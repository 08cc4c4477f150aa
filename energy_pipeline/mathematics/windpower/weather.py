"""Wind weather at one site, or at many.

What belongs here: the arrays the engine reads, with the heights they were measured at. What
does not: checks of their values (`checking`).
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.domain.errors import Finding
from energy_pipeline.mathematics.windpower.errors import raise_if_any

SERIES = ("speed_ms", "upper_speed_ms", "temperature_c", "pressure_hpa", "direction_deg", "roughness_m", "day")


@dataclass(frozen=True, eq=False)
class WindWeather:
    """Weather at the intervals of a series: shape (n,) for a site, (sites, n) for a fleet.

    Heights are above ground. Only `speed_ms` must be an array; the other series may be
    single numbers.

    Attributes
    ----------
    speed_ms : array
        Wind speed at `speed_height_m` [m/s].
    speed_height_m : float
    upper_speed_ms, upper_height_m : array and float, optional
        Wind speed at a second, greater height: then the shear is measured, interval by interval.
    temperature_c : array or float, optional
        Air temperature [degrees Celsius].
    temperature_height_m : float, optional
        Where it was measured; None: taken to be that at the hub, as SAM does.
    pressure_hpa : array or float, optional
        Air pressure [hPa].
    pressure_height_m : float, optional
        Where it was measured: 0 for surface pressure, minus the elevation for sea-level pressure;
        None: taken to be that at the hub, as SAM does.
    direction_deg : array or float, optional
        Where the wind comes from, clockwise from north, 0 .. 360.
    roughness_m : array or float, optional
        Roughness length of the ground.
    day : array of int, optional
        A number that changes with every delivery day. Storm hysteresis starts anew with it.

    Raises
    ------
    WindInputError
        Shapes that do not fit, heights that make no sense.
    """

    speed_ms: Any
    speed_height_m: float
    upper_speed_ms: Any = None
    upper_height_m: float | None = None
    temperature_c: Any = None
    temperature_height_m: float | None = None
    pressure_hpa: Any = None
    pressure_height_m: float | None = None
    direction_deg: Any = None
    roughness_m: Any = None
    day: Any = None

    def __post_init__(self) -> None:
        """Turn lists into arrays and check shapes."""
        for name in SERIES:
            value = getattr(self, name)
            if value is not None and not isinstance(value, np.ndarray):
                object.__setattr__(self, name, np.asarray(value, dtype=np.int64 if name == "day" else np.float64))
        raise_if_any("weather", _shape_findings(self))

    @property
    def sites(self) -> int | None:
        """Number of sites, None for a single one."""
        return None if self.speed_ms.ndim == 1 else int(self.speed_ms.shape[0])

    def site(self, row: int) -> WindWeather:
        """The weather of one site of a fleet; views, no copies."""
        if self.sites is None:
            return self
        made = object.__new__(WindWeather)
        for field in fields(self):
            value = getattr(self, field.name)
            object.__setattr__(made, field.name, value[row] if isinstance(value, np.ndarray) and value.ndim == 2 else value)
        return made

    def rows(self, first: int, stop: int) -> WindWeather:
        """A part of the series; views, no copies."""
        made = object.__new__(WindWeather)
        for field in fields(self):
            value = getattr(self, field.name)
            cut = isinstance(value, np.ndarray) and value.ndim > 0 and value.shape[-1] > 1
            object.__setattr__(made, field.name, value[..., first:stop] if cut else value)
        return made


def flat(values: Any) -> FloatArray:  # noqa: ANN401 - array or number
    """As a contiguous float64 vector; length 1 stands for a constant."""
    return np.ascontiguousarray(np.atleast_1d(values), dtype=np.float64)


def _shape_findings(weather: WindWeather) -> list[Finding]:
    found = []
    shape = weather.speed_ms.shape
    if weather.speed_ms.ndim not in {1, 2}:
        return [Finding("must be (n,) or (sites, n)", "speed_ms", 0, (str(shape),))]
    for name in SERIES[1:]:
        value = getattr(weather, name)
        if value is not None and value.size != 1 and value.shape not in {shape, shape[-1:]}:
            found.append(Finding(f"does not fit the shape {shape} of speed_ms", name, value.size, (str(value.shape),)))
    if (weather.upper_speed_ms is None) != (weather.upper_height_m is None):
        found.append(Finding("second height and its speeds belong together", "upper_speed_ms, upper_height_m", 0))
    heights = [weather.speed_height_m] if weather.upper_height_m is None else [weather.speed_height_m, weather.upper_height_m]
    if not all(0 < h <= 1000 for h in heights) or (len(heights) == 2 and heights[1] <= heights[0]):
        found.append(Finding("heights are metres above ground, the second one greater", "speed_height_m, upper_height_m", 0, (str(heights),)))
    return found
