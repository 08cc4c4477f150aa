"""Typical-year weather of three climates from the files pvlib installs, and the plants compared on it.

Needs only pvlib and numpy, so that the reference engine's environment can use it too.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np

FILES = {"miami": "12839.tm2", "sand_point": "703165TY.csv", "greensboro": "723170TYA.CSV"}
YEAR = 2018

# PVWatts v8 inputs by its own names; 1 MW of modules.
RACK = {"system_capacity": 1000.0, "dc_ac_ratio": 1.2, "array_type": 0, "tilt": 30.0, "azimuth": 180.0, "gcr": 0.4}
SETUPS = {
    "rack": RACK,
    "roof": RACK | {"array_type": 1},
    "rack_default_gcr_flat_ratio": RACK | {"gcr": 0.3, "dc_ac_ratio": 1.1, "tilt": 20.0},
    "rack_oversized_bright": RACK | {"dc_ac_ratio": 1.6, "albedo": 0.5, "gcr": 0.6},
    "roof_east": RACK | {"array_type": 1, "azimuth": 95.0, "tilt": 45.0},
    "roof_horizontal_premium": RACK | {"array_type": 1, "tilt": 0.0, "module_type": 1, "losses": 5.0, "inv_eff": 98.0},
    "wall_west_thin_film": RACK | {"array_type": 1, "azimuth": 260.0, "tilt": 90.0, "module_type": 2},
    "rack_north_soiled": RACK | {"azimuth": 0.0, "tilt": 15.0, "soiling": 5.0},
    "tracker": RACK | {"array_type": 3, "tilt": 0.0, "rotlim": 60.0},
    "tracker_no_backtracking": RACK | {"array_type": 2, "tilt": 0.0},
}
FILE_MODE = ("rack", "roof", "tracker")
"""Also run on SAM's own reading of the file: hourly means, so that SAM moves the sun at sunrise and sunset."""


class TypicalYear(NamedTuple):
    """Hourly weather of a year; hours start at `start_us` (UTC)."""

    latitude_deg: float
    longitude_deg: float
    utc_offset_h: float
    altitude_m: float
    start_us: np.ndarray
    ghi: np.ndarray
    dni: np.ndarray
    dhi: np.ndarray
    temperature_c: np.ndarray
    wind_ms: np.ndarray
    pressure_hpa: np.ndarray
    albedo: np.ndarray


def path(site: str) -> Path:
    """Where pvlib installed the file."""
    import pvlib

    return Path(pvlib.__file__).parent / "data" / FILES[site]


def typical_year(site: str) -> TypicalYear:
    """The weather as pvlib reads it; units are made SI (the TMY2 file holds tenths)."""
    import pvlib

    if FILES[site].endswith("tm2"):
        frame, place = pvlib.iotools.read_tmy2(str(path(site)))
        names, scale = ("GHI", "DNI", "DHI", "DryBulb", "Wspd", "Pressure"), (1, 1, 1, 0.1, 0.1, 1)
        albedo = np.full(len(frame), 0.2)
    else:
        frame, place = pvlib.iotools.read_tmy3(str(path(site)), map_variables=True)
        names, scale = ("ghi", "dni", "dhi", "temp_air", "wind_speed", "pressure"), (1, 1, 1, 1, 1, 1)
        albedo = frame["albedo"].to_numpy(dtype=float)
        # Filler becomes 0.2, as SAM has it.
        albedo = np.where((albedo > 0.0) & (albedo < 1.0), albedo, 0.2)
    columns = [frame[name].to_numpy(dtype=float) * factor for name, factor in zip(names, scale, strict=True)]
    offset = float(place["TZ"])
    first = int(np.datetime64(f"{YEAR}-01-01", "us").astype(np.int64)) - int(offset * 3_600_000_000)
    start = first + np.arange(len(frame)) * 3_600_000_000
    return TypicalYear(float(place["latitude"]), float(place["longitude"]), offset, float(place["altitude"]), start, *columns, albedo)  # type: ignore[call-arg]
