"""Compiled pass from weather to output, one site at a time.

What belongs here: hub speed, storm stop, air density, curve and wakes of each interval, in
blocks that stay in the processor's cache. What does not: choosing the rules and preparing the
tables (`output`).

Every interval is computed by itself with plain double-precision arithmetic (short series
instead of library calls), which gives the same bits in whichever place of a vector it lands:
a day alone has the bytes of the day within a year. Only storm hysteresis looks back, to the
start of its day.
"""
# ruff: noqa: ANN001, ANN201, ANN202 - compiled functions carry no annotations
# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from energy_pipeline.domain.delivery import FloatArray, IntArray
from energy_pipeline.mathematics.compilation import inlined, kernel, part

GAS_CONSTANT = 287.058
GRAVITY = 9.80665
LAPSE_K_M = 0.0065
SPEED_LIMIT_MS = 75.0
STANDARD_DENSITY = 1.225
BLOCK = 512

RULES = np.dtype(
    [
        *((name, np.float64) for name in ("hub_factor", "heights_ratio_log", "reference_ratio_log", "exponent_low", "exponent_high")),
        *((name, np.float64) for name in ("hub_log", "measured_log", "delta_temperature_m", "delta_pressure_m", "cut_out_ms", "restart_ms")),
        *((name, np.float64) for name in ("scale", "table_deg", "table_ms")),
        *((name, np.int64) for name in ("profile", "air", "density", "wakes", "hysteresis", "upper_is_reference")),
    ]
)
"""A farm in numbers, and the choices of its rules.

`profile` is 0 power, 1 measured, 2 log; `density` 0 none, 1 SAM, 2 stretched; `wakes` 0 none, 1 table, 2 exact.
"""


class Series(NamedTuple):
    """Weather; arrays of one entry hold everywhere, or are not looked at."""

    speed: FloatArray
    upper: FloatArray
    roughness: FloatArray
    celsius: FloatArray
    hpa: FloatArray
    direction: FloatArray
    day: IntArray


class Curve(NamedTuple):
    """A power curve prepared for look-up."""

    points: FloatArray
    power: FloatArray
    exponents: FloatArray
    cells: FloatArray


# The curve once more in cells of even width: the line that holds in a cell, or that a point of the curve lies within.
CELLS_PER_MS = 20.0
START_MS, START_MW, SLOPE, MIXED, PIECE = range(5)
CELL_COLUMNS = 5


@inlined
def _exp(x):
    """e^x for |x| < 0.5, within 1e-9."""
    high = 1 / 120 + x * (1 / 720 + x * (1 / 5040 + x * (1 / 40320 + x * (1 / 362880))))
    return 1.0 + x * (1.0 + x * (1 / 2 + x * (1 / 6 + x * (1 / 24 + x * high))))


@inlined
def _short_exp(x):
    """e^x for |x| < 0.1 within 2e-11, for |x| < 0.36 within 2e-7."""
    return 1.0 + x * (1.0 + x * (1 / 2 + x * (1 / 6 + x * (1 / 24 + x * (1 / 120 + x * (1 / 720))))))


@inlined
def _log(x):
    """Natural logarithm by the series in (x - 1) / (x + 1); within 1e-9 from 0.35 to 2."""
    y = (x - 1.0) / (x + 1.0)
    z = y * y
    tail = 1 / 15 + z * (1 / 17 + z * (1 / 19 + z * (1 / 21 + z * (1 / 23 + z * (1 / 25)))))
    return 2.0 * y * (1.0 + z * (1 / 3 + z * (1 / 5 + z * (1 / 7 + z * (1 / 9 + z * (1 / 11 + z * (1 / 13 + z * tail)))))))


@part
def _spread(values, begin, block):
    """A block of a series, or its only value everywhere."""
    if values.size == 1:
        block[:] = values[0]
    else:
        block[:] = values[begin : begin + block.size]


@part
def _hub_block(speed, upper, roughness, profile, factor, rules, hub):
    """Speed at hub height; NaN where the weather cannot be."""
    if profile == 0:
        for i in range(hub.size):
            hub[i] = speed[i] * factor if (speed[i] >= 0.0) & (speed[i] <= SPEED_LIMIT_MS) else math.nan
    elif profile == 1:
        for i in range(hub.size):
            known = 0.0 <= speed[i] <= SPEED_LIMIT_MS and 0.0 <= upper[i] <= SPEED_LIMIT_MS
            exponent = math.log(max(upper[i], 0.1) / max(speed[i], 0.1)) / rules.heights_ratio_log if known else math.nan
            exponent = min(max(exponent, rules.exponent_low), rules.exponent_high) if known else math.nan
            hub[i] = (upper[i] if rules.upper_is_reference else speed[i]) * math.exp(exponent * rules.reference_ratio_log)
    else:
        for i in range(hub.size):
            known = 0.0 <= speed[i] <= SPEED_LIMIT_MS and 0.0 < roughness[i] < 5.0
            z = math.log(roughness[i]) if known else math.nan
            hub[i] = speed[i] * ((rules.hub_log - z) / (rules.measured_log - z))


@part
def _storm_block(hub, day, begin, stopped, rules):
    """Sets the speed to -1 while the machines stand after a storm; returns whether they still do."""
    for i in range(hub.size):
        t = begin + i
        if t == 0 or (day.size > 1 and day[t] != day[t - 1]):
            stopped = False
        if hub[i] > rules.cut_out_ms:
            stopped = True
        elif hub[i] < rules.restart_ms:
            stopped = False
        if stopped:
            hub[i] = -1.0
    return stopped


@part
def _density_block(celsius, hpa, rules, log_ratio):
    """ln(rho / 1.225) at the hub; NaN where temperature or pressure cannot be."""
    cooler, up = 273.15 - LAPSE_K_M * rules.delta_temperature_m, rules.delta_pressure_m
    if rules.air == 0:
        # Pressure falls with the mean temperature of the layer between barometer and hub.
        per_kelvin, half = -GRAVITY / GAS_CONSTANT * up, 0.5 * LAPSE_K_M * up
        for i in range(log_ratio.size):
            kelvin = celsius[i] + cooler
            density = hpa[i] * _exp(per_kelvin / (kelvin + half)) * (100.0 / GAS_CONSTANT) / kelvin
            known = (celsius[i] > -80.0) & (celsius[i] < 60.0) & (hpa[i] > 400.0) & (hpa[i] < 1100.0)
            log_ratio[i] = _log(density * (1.0 / STANDARD_DENSITY)) if known else math.nan
    else:
        constant = 1.225 * 288.15 * 100.0 / 101330.0 if rules.air == 1 else 100.0 / GAS_CONSTANT
        for i in range(log_ratio.size):
            density = (hpa[i] - up * 0.125) * constant / (celsius[i] + cooler)
            known = (celsius[i] > -80.0) & (celsius[i] < 60.0) & (hpa[i] > 400.0) & (hpa[i] < 1100.0)
            log_ratio[i] = _log(density * (1.0 / STANDARD_DENSITY)) if known else math.nan


@part
def _standard_mw(speed, cells, points, power):
    """Output at a speed on the standard curve, 0 outside it."""
    if not 0.0 <= speed <= points[points.size - 1]:
        return 0.0
    c = int(speed * CELLS_PER_MS)
    if cells[c, MIXED] == 0.0:
        return max(0.0, cells[c, START_MW] + (speed - cells[c, START_MS]) * cells[c, SLOPE])
    # A point of the curve lies within this cell.
    if speed < points[0]:
        return 0.0
    k = int(cells[c, PIECE])
    while k < points.size - 2 and speed >= points[k + 1]:
        k += 1
    return power[k] + (speed - points[k]) / (points[k + 1] - points[k]) * (power[k + 1] - power[k])


@part
def _stretched(speed, log_ratio, k, points, exponents):
    """Speed on the standard curve, starting the search at piece k; beyond the curve's ends a speed beyond them."""
    last = points.size - 1
    low = points[k] * _short_exp(-log_ratio * exponents[k])
    high = points[k + 1] * _short_exp(-log_ratio * exponents[k + 1])
    while speed < low and k > 0:
        k -= 1
        high = low
        low = points[k] * _short_exp(-log_ratio * exponents[k])
    while speed > high and k < last - 1:
        k += 1
        low = high
        high = points[k + 1] * _short_exp(-log_ratio * exponents[k + 1])
    if speed < low:
        return points[0] * speed / low
    if speed > high:
        return points[last] * speed / high
    return min(points[k] + (speed - low) / (high - low) * (points[k + 1] - points[k]), points[k + 1])


@part
def _stretch_block(hub, log_ratio, cells, points, exponents, work):
    """Speeds on the standard curve, for a curve whose speeds are stretched by (1.225 / rho)^p. Standing and missing stay so.

    Arithmetic in loops without branches, look-ups in a loop of their own; the few whose piece
    was not guessed right are searched for.
    """
    last = points[points.size - 1]
    start, end, start_p, end_p, piece = work[0], work[1], work[2], work[3], work[4]
    for i in range(hub.size):
        x = log_ratio[i] * (1.0 / 3.0 + min(max((hub[i] - 7.5) * (1.0 / 15.0), 0.0), 1.0 / 3.0))
        guess = min(hub[i] * (1.0 + x + 0.5 * x * x), last)
        piece[i] = guess if guess >= 0.0 else 0.0  # noqa: FURB136 - NaN becomes 0 here
    for i in range(hub.size):
        k = int(cells[int(piece[i] * CELLS_PER_MS), PIECE])
        piece[i] = k
        start[i], end[i], start_p[i], end_p[i] = points[k], points[k + 1], exponents[k], exponents[k + 1]
    for i in range(hub.size):
        low, high = start[i] * _short_exp(-log_ratio[i] * start_p[i]), end[i] * _short_exp(-log_ratio[i] * end_p[i])
        standard = min(start[i] + (hub[i] - low) / (high - low) * (end[i] - start[i]), end[i])
        start[i] = standard if (hub[i] >= low) & (hub[i] <= high) else -2.0
    for i in range(hub.size):
        if start[i] != -2.0:
            hub[i] = start[i]
        elif hub[i] >= 0.0 and not math.isnan(log_ratio[i]):
            hub[i] = _stretched(hub[i], log_ratio[i], int(piece[i]), points, exponents)
        else:
            hub[i] += log_ratio[i]


@part
def _wake_share(speed, direction, table, rules):
    a = direction / rules.table_deg
    b = speed / rules.table_ms
    i = min(int(a), table.shape[0] - 2)
    j = min(int(b), table.shape[1] - 2)
    a -= i
    b = min(b - j, 1.0)
    low = table[i, j] + b * (table[i, j + 1] - table[i, j])
    high = table[i + 1, j] + b * (table[i + 1, j + 1] - table[i + 1, j])
    return low + a * (high - low)


@kernel(
    lambda t: (
        t.bundle(Series, *[t.reads(1)] * 6, t.reads(1, "int64")),
        t.bundle(Curve, *[t.reads(1)] * 3, t.reads(2)),
        t.reads(2, "float32"),
        t.record(RULES),
        t.writes(1),
    ),
    division="ieee",
)
def site(series, curve, table, rules, out):  # noqa: C901, PLR0912
    """Fills `out`: MW, or for exact wakes the speed on the standard curve (-1 while standing); NaN where an input cannot be."""
    speed, upper, roughness, celsius, hpa, direction, day = series
    points, power, exponents, cells = curve
    profile, factor, wakes, scale = rules.profile, rules.hub_factor, rules.wakes, rules.scale
    store, work = np.empty((7, BLOCK)), np.empty((5, BLOCK))
    stopped = False
    if profile == 2 and roughness.size == 1 and 0.0 < roughness[0] < 5.0:
        profile = 0
        factor = (rules.hub_log - math.log(roughness[0])) / (rules.measured_log - math.log(roughness[0]))
    for begin in range(0, speed.size, BLOCK):
        m = min(BLOCK, speed.size - begin)
        hub, log_ratio, turned = store[0, :m], store[1, :m], store[2, :m]
        if profile == 1:
            _spread(upper, begin, store[3, :m])
        elif profile == 2:
            _spread(roughness, begin, store[4, :m])
        _hub_block(speed[begin : begin + m], store[3], store[4], profile, factor, rules, hub)
        if rules.hysteresis:
            stopped = _storm_block(hub, day, begin, stopped, rules)
        if rules.density:
            _spread(celsius, begin, store[5, :m])
            _spread(hpa, begin, store[6, :m])
            _density_block(store[5], store[6], rules, log_ratio)
        if rules.density == 1:
            for i in range(m):
                hub[i] *= _exp(log_ratio[i] * (1.0 / 3.0))
        elif rules.density == 2:
            _stretch_block(hub, log_ratio, cells, points, exponents, work)
        if wakes:
            _spread(direction, begin, turned)
        for i in range(m):
            v = hub[i]
            mw = scale * _standard_mw(v, cells, points, power) if not math.isnan(v) else v
            if wakes:
                if not 0.0 <= turned[i] <= 360.0:
                    mw = math.nan
                elif wakes == 2:
                    mw = v
                elif mw > 0.0:
                    mw *= _wake_share(v, turned[i], table, rules)
            out[begin + i] = mw
