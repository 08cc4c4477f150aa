"""A made-up wind farm on file, whose meter errs from physics in a way that can be learnt.

What belongs here: the series and its truth. What does not: tests.
"""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl

from energy_pipeline.desk.model import WeatherLocation, WindPlant
from energy_pipeline.studies.plant_file import FileSource, PlantFile, read_plant

FIRST = datetime(2023, 1, 1, tzinfo=UTC)
FARM = WindPlant(kind="wind", zone="measured", location="measured", capacity_mw=10.0, hub_height_m=100.0, shear_exponent=0.14, turbine="cubic")
PLACE = WeatherLocation(latitude_deg=50.0, longitude_deg=8.0, wind_height_m=100.0)


def series(days: int = 130, seed: int = 1, *, loses: float = 0.3, bias_from_deg: float = 180.0, mean_ms: float = 7.5) -> pl.DataFrame:
    """Hours whose output is the cubic curve, less a share of it for wind from beyond a direction, with noise."""
    random = np.random.default_rng(seed)
    hours = 24 * days
    slow = np.convolve(random.standard_normal(hours + 48), np.ones(49) / 7.0, "valid")
    speed = np.clip(mean_ms + 2.5 * slow, 0.0, 22.0)
    direction = (180.0 + 60.0 * np.convolve(random.standard_normal(hours + 48), np.ones(49) / 7.0, "valid")) % 360.0
    cube = np.clip((speed**3 - 27.0) / (12.5**3 - 27.0), 0.0, 1.0)
    output = np.clip(9.0 * cube * np.where(direction > bias_from_deg, 1.0 - loses, 1.0) + 0.3 * random.standard_normal(hours), 0.0, 10.0)
    return pl.DataFrame(
        {
            "timestamp": [FIRST + timedelta(hours=h) for h in range(hours)],
            "output_mw": output,
            "wind_speed_100m_ms": speed,
            "wind_direction_100m_deg": direction,
        }
    )


def source(frame: pl.DataFrame | None = None, **changes: object) -> FileSource:
    """The farm read from a frame."""
    told = {"name": "made_up", "plant": FARM, "location": PLACE} | changes
    return read_plant(PlantFile(**told), series() if frame is None else frame)
