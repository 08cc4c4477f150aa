"""Compiled loops of the sun seen from the Earth's centre (Solar Position Algorithm).

What belongs here: series sums at midnights, the cubic between them, the Earth's turn.
What does not: sites, irradiance; tables of the series (they come from pvlib).

Reda and Andreas, "Solar position algorithm for solar radiation applications", NREL/TP-560-34302.
"""

# ruff: noqa: ANN001, ANN201, ANN202 - compiled functions carry no annotations
# mypy: disable-error-code="no-untyped-def,no-untyped-call"
from __future__ import annotations

from typing import NamedTuple

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.mathematics.compilation import kernel, part

DAY_US = 86_400_000_000
J2000_DAY = 10_957.5
"""Days from 1970-01-01 to the epoch J2000."""
ABERRATION_DEG = 20.4898 / 3600.0


class SunTrack(NamedTuple):
    """The sun over intervals as seen from Greenwich, arrays of shape (n,), at the middle of each interval.

    Attributes
    ----------
    cosine, sine : cos(declination) times cosine and sine of the Greenwich hour angle.
    polar : sine of the declination.
    distance_au : distance of the sun.
    extra_w_m2 : irradiance outside the atmosphere, normal to the beam.
    half_turn_rad : how far the Earth turns in half an interval.
    """

    cosine: FloatArray
    sine: FloatArray
    polar: FloatArray
    distance_au: FloatArray
    extra_w_m2: FloatArray
    half_turn_rad: float


@part
def _series(table, millennia):
    total = 0.0
    for k in range(table.shape[0]):
        total += table[k, 0] * np.cos(table[k, 1] + table[k, 2] * millennia)
    return total


@part
def _nutation(century, abcd, terms):
    # Mean elongation and anomalies of moon and sun, moon's argument of latitude and node [degrees].
    x0 = 297.85036 + century * (445267.111480 + century * (-0.0019142 + century / 189474.0))
    x1 = 357.52772 + century * (35999.050340 + century * (-0.0001603 - century / 300000.0))
    x2 = 134.96298 + century * (477198.867398 + century * (0.0086972 + century / 56250.0))
    x3 = 93.27191 + century * (483202.017538 + century * (-0.0036825 + century / 327270.0))
    x4 = 125.04452 + century * (-1934.136261 + century * (0.0020708 + century / 450000.0))
    in_longitude, in_obliquity = 0.0, 0.0
    for k in range(terms.shape[0]):
        angle = np.radians(terms[k, 0] * x0 + terms[k, 1] * x1 + terms[k, 2] * x2 + terms[k, 3] * x3 + terms[k, 4] * x4)
        in_longitude += (abcd[k, 0] + abcd[k, 1] * century) * np.sin(angle)
        in_obliquity += (abcd[k, 2] + abcd[k, 3] * century) * np.cos(angle)
    return in_longitude / 36_000_000.0, in_obliquity / 36_000_000.0


@part
def _midnight(day, longitude, latitude, radius, abcd, terms, delta_t):
    century = (day - J2000_DAY + delta_t / 86400.0) / 36525.0
    millennia = century / 10.0
    L = _series(longitude[5], millennia)
    for k in range(5):
        L = L * millennia + _series(longitude[4 - k], millennia)
    B = _series(latitude[1], millennia) * millennia + _series(latitude[0], millennia)
    R = _series(radius[4], millennia)
    for k in range(4):
        R = R * millennia + _series(radius[3 - k], millennia)
    R /= 1e8
    psi, eps = _nutation(century, abcd, terms)
    u = millennia / 10.0
    mean = 84381.448 + u * (
        -4680.93 + u * (-1.55 + u * (1999.25 + u * (-51.38 + u * (-249.67 + u * (-39.05 + u * (7.12 + u * (27.87 + u * (5.79 + u * 2.45))))))))
    )
    obliquity = np.radians(mean / 3600.0 + eps)
    apparent = L / 1e8 + np.pi + np.radians(psi - ABERRATION_DEG / R)
    beta = -B / 1e8
    x = np.cos(beta) * np.cos(apparent)
    y = np.cos(beta) * np.sin(apparent) * np.cos(obliquity) - np.sin(beta) * np.sin(obliquity)
    z = np.cos(beta) * np.sin(apparent) * np.sin(obliquity) + np.sin(beta) * np.cos(obliquity)
    return x, y, z, R, np.radians(psi) * np.cos(obliquity)


@kernel(lambda t: (t.count, *[t.several(t.writes(2), n) for n in (6, 2, 5)], t.reads(2), t.reads(2), t.number, t.writes(2)))
def knots(first_day, longitude, latitude, radius, abcd, terms, delta_t, out):
    """Fills unit vector, distance and equation of the equinoxes at the midnights from `first_day` on."""
    for k in range(out.shape[0]):
        x, y, z, distance, equinox = _midnight(first_day + k, longitude, latitude, radius, abcd, terms, delta_t)
        out[k, 0], out[k, 1], out[k, 2], out[k, 3], out[k, 4] = x, y, z, distance, equinox


@kernel(lambda t: (t.reads(1, "int64"), t.reads(2), t.count, t.writes(2)))
def track(middle_us, knots, first_day, out):
    """Fills cos d cos H, cos d sin H (at Greenwich), sin d, distance [au] and extraterrestrial irradiance [W/m2] of instants."""
    day_of_extra, extra = -10_000_000, 0.0
    for i in range(middle_us.shape[0]):
        day = middle_us[i] // DAY_US
        f = (middle_us[i] - day * DAY_US) / DAY_US
        k = day - first_day
        # Cubic through the midnights before, at the start of, at the end of and after the day.
        w0 = -f * (f - 1.0) * (f - 2.0) / 6.0
        w1 = (f + 1.0) * (f - 1.0) * (f - 2.0) / 2.0
        w2 = -(f + 1.0) * f * (f - 2.0) / 2.0
        w3 = (f + 1.0) * f * (f - 1.0) / 6.0
        x = w0 * knots[k - 1, 0] + w1 * knots[k, 0] + w2 * knots[k + 1, 0] + w3 * knots[k + 2, 0]
        y = w0 * knots[k - 1, 1] + w1 * knots[k, 1] + w2 * knots[k + 1, 1] + w3 * knots[k + 2, 1]
        z = w0 * knots[k - 1, 2] + w1 * knots[k, 2] + w2 * knots[k + 1, 2] + w3 * knots[k + 2, 2]
        distance = w0 * knots[k - 1, 3] + w1 * knots[k, 3] + w2 * knots[k + 1, 3] + w3 * knots[k + 2, 3]
        equinox = w0 * knots[k - 1, 4] + w1 * knots[k, 4] + w2 * knots[k + 1, 4] + w3 * knots[k + 2, 4]
        # Sidereal time at Greenwich: whole turns are dropped before adding, so that nothing is lost.
        whole = float(day) - J2000_DAY
        century = (whole + f) / 36525.0
        # 360 degrees a day times `whole`, which ends in one half, is half a turn.
        turn = 280.46061837 + 0.98564736629 * whole + 360.98564736629 * f - 180.0 + century * century * (0.000387933 - century / 38710000.0)
        angle = np.radians(turn % 360.0) + equinox
        c, s = np.cos(angle), np.sin(angle)
        out[0, i] = x * c + y * s
        out[1, i] = x * s - y * c
        out[2, i] = z
        out[3, i] = distance
        if day != day_of_extra:
            day_of_extra, extra = day, _extra(_day_of_year(day))
        out[4, i] = extra


@part
def _extra(day_of_year):
    # Spencer 1971, as pvlib's get_extra_radiation.
    angle = 2.0 * np.pi / 365.0 * (day_of_year - 1)
    once = 1.00011 + 0.034221 * np.cos(angle) + 0.00128 * np.sin(angle)
    return 1366.1 * (once + 0.000719 * np.cos(2.0 * angle) + 7.7e-05 * np.sin(2.0 * angle))


@part
def _day_of_year(day):
    # Proleptic Gregorian: days since 1600-03-01 in 400-year eras.
    shifted = day + 135_080
    era = shifted // 146_097
    in_era = shifted - era * 146_097
    year = (in_era - in_era // 1460 + in_era // 36_524 - in_era // 146_096) // 365
    from_march = in_era - (365 * year + year // 4 - year // 100)
    # March 1st is day 60 of a common year.
    if from_march >= 306:
        return from_march - 305
    civil = 1600 + era * 400 + year
    leap = 1 if (civil % 4 == 0 and civil % 100 != 0) or civil % 400 == 0 else 0
    return from_march + 60 + leap
