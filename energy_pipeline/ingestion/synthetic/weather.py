"""Weather of the synthetic market: what happens, and what each forecast run says will.

What belongs here: sun geometry, correlated wind, temperature and cloud at a place, and
the errors of forecast runs by lead time. What does not: power.

Weather systems travel from west to east, so a place sees what a western one saw hours
before; a north-south pattern and a local part are added.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.ingestion.synthetic import noise

VARIABLES = ("wind", "temperature", "cloud")
_OCTAVES: dict[str, noise.Octaves] = {
    "wind": ((90.0, 0.42), (36.0, 0.30), (14.0, 0.16), (5.0, 0.08), (1.5, 0.04)),
    "temperature": ((240.0, 0.45), (90.0, 0.35), (30.0, 0.15), (8.0, 0.05)),
    "cloud": ((72.0, 0.35), (28.0, 0.30), (9.0, 0.20), (3.0, 0.10), (0.8, 0.05)),
}
_ERROR_OCTAVES: noise.Octaves = ((16.0, 0.45), (8.0, 0.30), (4.0, 0.15), (1.5, 0.10))
_REGIONAL, _BAND, _LOCAL = 0.50, 0.28, 0.22
_HOURS_PER_DEGREE_EAST = 1.6  # a front moves about 45 km/h along 50 degrees north
_BAND_DEGREES = 8.0
_YEAR_DAYS = 365.2425
_SHEAR = 0.14
# Error of a run at lead 0 and its growth per hour of lead, in standard deviations of the variable.
_ERROR_START = np.array([0.09, 0.08, 0.24])
_ERROR_GROWTH = np.array([0.0024, 0.0022, 0.0045])
_ERROR_CAP = 0.9


@dataclass(frozen=True)
class Place:
    """A place with weather; wind is given at `height_m`."""

    name: str
    latitude_deg: float
    longitude_deg: float
    height_m: float


@dataclass(frozen=True)
class Weather:
    """Weather at one place; wind [m/s] at its height, temperature [degC], irradiances [W/m2], equal shapes.

    `direction_deg` goes on beyond 360 instead of jumping, so that its mean is one; pressure is at the ground.
    """

    wind_ms: FloatArray
    temperature_c: FloatArray
    ghi_w_m2: FloatArray
    dni_w_m2: FloatArray
    dhi_w_m2: FloatArray
    direction_deg: FloatArray
    pressure_hpa: FloatArray
    snow_depth_cm: FloatArray

    def at(self, index: int) -> Weather:
        """One run of several."""
        return Weather(*(getattr(self, f.name)[index] for f in fields(self)))

    def wind_at(self, height_m: float, measured_at_m: float, shear: float = _SHEAR) -> FloatArray:
        """Wind speed at another height by the power law [m/s]."""
        factor: float = (height_m / measured_at_m) ** shear
        return self.wind_ms * factor


def sun_vector(place: Place, hours: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Unit vector to the sun (east, north, up), each shape (n,); up is the sine of elevation.

    Declination and equation of time by Spencer's (1971) series, good to half a degree.

    >>> noon_in_june = np.array([(365.2425 * 30 + 171) // 1 * 24 + 12.0])
    >>> up = sun_vector(Place("x", 50.0, 0.0, 10.0), noon_in_june)[2][0]
    >>> bool(abs(np.degrees(np.arcsin(up)) - 63.4) < 0.5)
    True
    """
    year = 2 * np.pi * ((hours / 24.0) % _YEAR_DAYS) / _YEAR_DAYS
    c1, s1, c2, s2 = np.cos(year), np.sin(year), np.cos(2 * year), np.sin(2 * year)
    declination = 0.006918 - 0.399912 * c1 + 0.070257 * s1 - 0.006758 * c2 + 0.000907 * s2 - 0.002697 * np.cos(3 * year) + 0.00148 * np.sin(3 * year)
    time_equation_min = 229.18 * (0.000075 + 0.001868 * c1 - 0.032077 * s1 - 0.014615 * c2 - 0.040849 * s2)
    angle = np.radians(15.0 * (hours % 24.0 + place.longitude_deg / 15.0 + time_equation_min / 60.0 - 12.0))
    lat = np.radians(place.latitude_deg)
    east = -np.cos(declination) * np.sin(angle)
    north = np.cos(lat) * np.sin(declination) - np.sin(lat) * np.cos(declination) * np.cos(angle)
    up = np.sin(lat) * np.sin(declination) + np.cos(lat) * np.cos(declination) * np.cos(angle)
    return east, north, up


def clear_sky_w_m2(up: FloatArray) -> FloatArray:
    """Global irradiance under a clear sky by Haurwitz (1945) from the sine of the sun's elevation [W/m2]."""
    sine = np.maximum(up, 1e-3)
    clear: FloatArray = np.where(up > 1e-3, 1098.0 * sine * np.exp(-0.057 / sine), 0.0)
    return clear


def latent(seed: int, place: Place, hours: FloatArray) -> FloatArray:
    """Standard normal wind, temperature and cloud at a place, shape (3, n)."""
    shifted = hours - _HOURS_PER_DEGREE_EAST * place.longitude_deg
    turn = place.latitude_deg / _BAND_DEGREES
    rows = []
    for variable in VARIABLES:
        names = noise.keys(seed, [f"{variable}|region", f"{variable}|band a", f"{variable}|band b", f"{variable}|{place.name}"])
        region, band_a, band_b, local = noise.field(names, shifted, _OCTAVES[variable])
        rows.append(_REGIONAL**0.5 * region + _BAND**0.5 * (np.cos(turn) * band_a + np.sin(turn) * band_b) + _LOCAL**0.5 * local)
    wind, temperature, cloud = rows
    return np.stack([wind, temperature, 0.35 * wind + (1 - 0.35**2) ** 0.5 * cloud])


def physical(place: Place, hours: FloatArray, state: FloatArray) -> Weather:
    """Weather from standard normal states; `state` has shape (3, ..., n), the result (..., n)."""
    wind, temperature, cloud = state
    season = np.cos(2 * np.pi * ((hours / 24.0) % _YEAR_DAYS - 19.0) / _YEAR_DAYS)  # 1 in the coldest week
    up = sun_vector(place, hours)[2]
    # A power of a normal is close to the Weibull distribution wind speeds have.
    root = (2.78 + 0.03 * (place.latitude_deg - 50.0)) * (1.0 + 0.07 * season) + 0.80 * wind
    wind_100m = np.maximum(root, 0.3) ** 1.8
    cover = 1.0 / (1.0 + np.exp(-(0.35 + 0.35 * season + 1.35 * cloud)))
    solar_hour = hours % 24.0 + place.longitude_deg / 15.0
    diurnal = (1.5 + 3.5 * (1.0 - cover)) * (1.0 - 0.4 * season) * np.cos(2 * np.pi * (solar_hour - 15.0) / 24.0)
    degrees = 10.5 - 0.6 * (place.latitude_deg - 50.0) - 9.0 * season + 3.6 * temperature + diurnal
    irradiance = clear_sky_w_m2(up) * (1.0 - 0.75 * cover**3.4)  # cloud factor of Kasten and Czeplak (1980)
    direct, diffuse = components(irradiance, up)
    direction = 245.0 + 50.0 * temperature - 25.0 * cloud  # cold air comes with wind from the west and north
    pressure = 1015.0 - 6.0 * wind - 4.0 * cloud
    snow = 2.5 * np.maximum(-2.0 - (degrees - diurnal), 0.0)
    return Weather(wind_100m * (place.height_m / 100.0) ** _SHEAR, degrees, irradiance, direct, diffuse, direction, pressure, snow)


def diffuse_w_m2(ghi_w_m2: FloatArray, up: FloatArray) -> FloatArray:
    """Diffuse horizontal irradiance by the clearness index (logistic, Boland et al. 2008) [W/m2]."""
    clearness = np.where(up > 0.03, ghi_w_m2 / (1361.0 * np.maximum(up, 0.03)), 0.0)
    diffuse: FloatArray = ghi_w_m2 / (1.0 + np.exp(8.6025 * clearness - 5.0033))
    return diffuse


def components(ghi_w_m2: FloatArray, up: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Direct normal and diffuse horizontal irradiance [W/m2]; the beam of a sun below two degrees is diffuse."""
    direct = np.where(up > 0.03, (ghi_w_m2 - diffuse_w_m2(ghi_w_m2, up)) / np.maximum(up, 0.06), 0.0)
    return direct, ghi_w_m2 - direct * np.maximum(up, 0.0)


def forecast_states(seed: int, place: Place, hours: FloatArray, truth: FloatArray, issued: Sequence[float]) -> FloatArray:
    """What the runs issued at `issued` [hours since epoch] say, as states, shape (3, runs, n).

    A run errs by a part all runs share (the situation is hard to forecast) and a part of
    its own, both partly common to all places. The sum is shrunk, so that the forecast is
    the expectation given itself, as a calibrated one is.
    """
    where = ("", f"|{place.name}")
    common = noise.field(noise.keys(seed, [f"error|{v}{w}" for v in VARIABLES for w in where]), hours, _ERROR_OCTAVES)
    names = [f"error|{v}{w}|{run:g}" for v in VARIABLES for run in issued for w in where]
    own = noise.field(noise.keys(seed, names), hours, _ERROR_OCTAVES).reshape(3, len(issued), 2, hours.size)
    both = 0.6**0.5 * common.reshape(3, 1, 2, hours.size) + 0.4**0.5 * own
    error = 0.55**0.5 * both[:, :, 0] + 0.45**0.5 * both[:, :, 1]
    lead = np.maximum(hours[None, :] - np.array(issued)[:, None], 0.0)
    sigma = np.minimum(_ERROR_START[:, None, None] + _ERROR_GROWTH[:, None, None] * lead, _ERROR_CAP)
    states: FloatArray = (truth[:, None, :] + sigma * error) / (1.0 + sigma * sigma)
    return states
