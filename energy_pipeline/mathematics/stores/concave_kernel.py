"""Compiled dynamic programme of a store while its value stays concave: the common case, and the quickest.

What belongs here: the backward sweep and the forward walk where every price leaves buy >= sell. What
does not: prices so negative that this fails, for which `foresight_kernel` stands in; it explains the step.

Segments of V_t are written where those of V_{t+1} end, in one flat array: nothing is copied.
"""
# ruff: noqa: ANN001, ANN201, ANN202 - compiled functions carry no annotations
# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

import numpy as np

from energy_pipeline.mathematics.compilation import kernel, part

NEAR = 1e-12
SNAP_MW = 1e-9
"""Power below this is rounding."""


@part
def _step(slope, length, begin, end, room, first, buy, most_in, sell, most_out, floor, ceiling, kept):
    """Write the segments of V_t from `end` on; returns (their end, first point, charge up to, discharge down to), or -1 for no room."""
    at, i, stage, out = first - most_in, begin, 0, end
    up = down = first
    seen = first
    start = max(at, floor)
    small = NEAR * (1.0 + abs(ceiling))
    while stage < 3:
        if i < end and (stage == 2 or slope[i] > (buy if stage == 0 else sell)):
            g, w = slope[i], length[i]
            seen += w
            i += 1
        elif stage == 0:
            g, w, up, stage = buy, most_in, seen, 1
        elif stage == 1:
            g, w, down, stage = sell, most_out, seen, 2
        else:
            break
        stop = at + w
        left, right = max(at, floor), min(stop, ceiling)
        at = stop
        if right - left > small:
            if out >= room:
                return -1, 0.0, 0.0, 0.0
            slope[out], length[out] = g * kept, (right - left) / kept
            out += 1
    if at < floor - small or start > ceiling + small:
        return -2, 0.0, 0.0, 0.0
    return out, start / kept, up, down


@part
def _sweep(prices, numbers, slope, length, begins, first, up, down):
    """Backwards over all steps; returns 0, -1 (no room) or -2 (no feasible state)."""
    low, high, most_in, most_out = numbers[1], numbers[2], numbers[3], numbers[4]
    a, b, k, j, kept = numbers[5], numbers[6], numbers[7], numbers[8], numbers[9]
    floor, ceiling = kept * low, kept * high
    steps = prices.size
    for t in range(steps - 1, -1, -1):
        place = steps - 1 - t
        price = prices[t]
        out, begin, u, d = _step(
            slope,
            length,
            begins[place],
            begins[place + 1],
            slope.size,
            first[place],
            (price + j) / a,
            most_in,
            b * (price - k),
            most_out,
            floor,
            ceiling,
            kept,
        )
        if out < 0:
            return out
        begins[place + 2], first[place + 1], up[t], down[t] = out, begin, u, d
    return 0


@part
def _slopes_at(slope, length, begin, end, x, z):
    """Slopes to the left and right of z."""
    left = np.inf
    for i in range(begin, end):
        if z < x + length[i]:
            return (left if z <= x else slope[i]), slope[i]
        x += length[i]
        left = slope[i]
    return left, -np.inf


@part
def _walk(prices, numbers, slope, length, begins, first, up, down, stored, value, charge, discharge):
    low, high, most_in, most_out = numbers[1], numbers[2], numbers[3], numbers[4]
    a, b, k, j, kept = numbers[5], numbers[6], numbers[7], numbers[8], numbers[9]
    steps = prices.size
    s = numbers[11]
    to_charge, to_discharge = 1.0 / (numbers[0] * a), b / numbers[0]
    most_charge, most_discharge = most_in * to_charge, most_out * to_discharge
    for t in range(steps):
        place = steps - 1 - t
        y = kept * s
        buy, sell = (prices[t] + j) / a, b * (prices[t] - k)
        target = y
        if y < up[t]:
            target = min(up[t], y + most_in)
        elif y > down[t]:
            target = max(down[t], y - most_out)
        target = min(max(target, low), high)
        left, right = _slopes_at(slope, length, begins[place], begins[place + 1], first[place], target)
        if target > y:
            brim = right == -np.inf and target >= y + most_in - NEAR * high
            value[t] = left if brim else min(left, max(right, buy))
        elif target < y:
            value[t] = max(right, min(left, sell))
        else:
            value[t] = min(left, max(right, min(sell, buy)))
        charge[t] = discharge[t] = 0.0
        if target > y and (target - y) * to_charge >= SNAP_MW:
            charge[t] = min((target - y) * to_charge, most_charge)
        elif target < y and (y - target) * to_discharge >= SNAP_MW:
            discharge[t] = min((y - target) * to_discharge, most_discharge)
        s = target
        stored[t] = s


@kernel(lambda t: (*[t.reads(1)] * 4, t.count), division="ieee")
def solve(prices, numbers, end_slope, end_length, room):
    """Contents, V_t, charge and discharge; status 0, or -1 (no room) or -2 (no feasible state)."""
    steps = prices.size
    slope, length = np.empty(room), np.empty(room)
    begins, first = np.zeros(steps + 2, np.int64), np.empty(steps + 1)
    up, down, stored, value = np.empty(steps), np.empty(steps), np.empty(steps), np.empty(steps)
    charge, discharge = np.empty(steps), np.empty(steps)
    slope[: end_slope.size], length[: end_slope.size] = end_slope, end_length
    begins[1], first[0] = end_slope.size, numbers[10]
    status = _sweep(prices, numbers, slope, length, begins, first, up, down)
    if status == 0:
        _walk(prices, numbers, slope, length, begins, first, up, down, stored, value, charge, discharge)
    return stored, value, charge, discharge, status
