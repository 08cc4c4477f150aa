"""Compiled sweep of wakes through a layout.

What belongs here: deficits between pairs, their sum, machine by machine downwind. What does
not: layouts, tables, parameters (`wakes`, `farm`).

Jensen, "A note on wind generator interaction", Riso-M-2411, 1983. Bastankhah and Porte-Agel,
"A new analytical model for wind-turbine wakes", Renewable Energy 70, 2014. Induction: Madsen
et al., Wind Energ. Sci. 5, 2020.
"""
# ruff: noqa: ANN001, ANN201, ANN202 - compiled functions carry no annotations
# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

import math

import numpy as np

from energy_pipeline.mathematics.compilation import kernel, part

JUST_BEHIND_M = 1e-6
"""Machines side by side differ downwind by rounding only: no wake between them."""
FAR_OFF_SIGMAS = 7.0


@part
def _induction(ct, momentum):
    if momentum:
        return 0.5 * (1.0 - math.sqrt(1.0 - min(1.0, ct)))
    return ct * (0.2460 + ct * (0.0586 + ct * 0.0883))


@part
def _covered(wake, rotor, apart):
    """Share of a rotor's area inside a circle of radius `wake`, centres `apart`."""
    if apart >= wake + rotor:
        return 0.0
    if apart <= abs(wake - rotor):
        return 1.0 if wake >= rotor else (wake / rotor) ** 2
    a = math.acos(min(1.0, max(-1.0, (apart * apart + wake * wake - rotor * rotor) / (2.0 * apart * wake))))
    b = math.acos(min(1.0, max(-1.0, (apart * apart + rotor * rotor - wake * wake) / (2.0 * apart * rotor))))
    lens = wake * wake * (a - math.sin(a) * math.cos(a)) + rotor * rotor * (b - math.sin(b) * math.cos(b))
    return lens / (math.pi * rotor * rotor)


@part
def _look_up(speed, at, values):
    """Linear between points, held beyond them."""
    if speed <= at[0]:
        return values[0]
    if speed >= at[at.size - 1]:
        return values[at.size - 1]
    k = np.searchsorted(at, speed, side="right") - 1
    return values[k] + (speed - at[k]) / (at[k + 1] - at[k]) * (values[k + 1] - values[k])


@part
def _gaussian_share(down, across, ct, momentum, numbers):
    k, diameter, epsilon, limit = numbers[0], numbers[1], numbers[2], numbers[3]
    root = math.sqrt(1.0 - min(limit, ct))
    sigma = k * down + epsilon * math.sqrt(0.5 * (1.0 + root) / root) * diameter
    spread = sigma * sigma
    centre = min(1.0, 2.0 * _induction(ct * diameter * diameter / (8.0 * spread), momentum))
    return centre * math.exp(-0.5 * across * across / spread)


@part
def _turn(degrees, x, y, down, across):
    """Positions in the wind's frame; the wind comes from `degrees`, downwind is away from it."""
    sine, cosine = math.sin(math.radians(degrees)), math.cos(math.radians(degrees))
    for j in range(x.size):
        down[j] = -sine * x[j] - cosine * y[j]
        across[j] = cosine * x[j] - sine * y[j]
    return np.argsort(down, kind="mergesort")


@part
def _pairs(order, down, across, gaussian, numbers, first, source, factor):
    """Lists, for each place in the order, the places upwind whose wake can reach it, with Jensen's constant factor."""
    k, diameter = numbers[0], numbers[1]
    radius = 0.5 * diameter
    root = math.sqrt(1.0 - numbers[3])
    widest = numbers[2] * math.sqrt(0.5 * (1.0 + root) / root) * diameter
    size = 0
    for j in range(order.size):
        for i in range(j):
            behind = down[order[j]] - down[order[i]]
            apart = abs(across[order[j]] - across[order[i]])
            if behind <= JUST_BEHIND_M:
                continue
            if gaussian:
                share = 1.0 if apart < FAR_OFF_SIGMAS * (k * behind + widest) else 0.0
            else:
                wake = k * behind + radius
                share = (radius / wake) ** 2 * _covered(wake, radius, apart)
            if share > 0.0:
                source[size], factor[size] = i, share
                size += 1
        first[j + 1] = size


@part
def _machine(j, free, order, down, across, first, source, factor, ct, seen, gaussian, superposition, momentum, local, numbers):
    """Speed at the j-th machine in downwind order; those before it are known."""
    total = 0.0
    for p in range(first[j], first[j + 1]):
        i = source[p]
        if ct[i] <= 0.0:
            continue
        if gaussian:
            behind = down[order[j]] - down[order[i]]
            share = _gaussian_share(behind, across[order[j]] - across[order[i]], ct[i], momentum, numbers)
        else:
            share = 2.0 * _induction(ct[i], momentum) * factor[p]
        deficit = share * (seen[i] if local else free)
        if superposition == 0:
            total += deficit * deficit
        elif superposition == 1:
            total += deficit
        else:
            total = max(total, deficit)
    return max(0.0, free - (math.sqrt(total) if superposition == 0 else total))


@kernel(lambda t: (*[t.reads(1)] * 5, *[t.count] * 4, *[t.reads(1)] * 4, t.writes(2), t.writes(1)), division="ieee")
def sweep(speeds, degrees, x, y, numbers, gaussian, superposition, momentum, local, at, power, thrust_at, thrust, waked, farm_mw):
    """Fills speeds at the machines and the sum of their output, row by row; rows of one direction in a row share its geometry."""
    n = x.size
    down, across, seen, ct = np.empty(n), np.empty(n), np.empty(n), np.empty(n)
    first, source, factor = np.zeros(n + 1, dtype=np.int64), np.empty(n * n // 2 + 1, dtype=np.int64), np.empty(n * n // 2 + 1)
    order = np.arange(n)
    last = at[at.size - 1]
    for row in range(speeds.size):
        if row == 0 or degrees[row] != degrees[row - 1]:
            order = _turn(degrees[row], x, y, down, across)
            _pairs(order, down, across, gaussian, numbers, first, source, factor)
        total = 0.0
        for j in range(n):
            v = _machine(
                *(j, speeds[row], order, down, across, first, source, factor, ct, seen),
                *(gaussian, superposition, momentum, local, numbers),
            )
            seen[j], waked[row, order[j]] = v, v
            ct[j] = _look_up(v, thrust_at, thrust) if v <= last else 0.0
            total += _look_up(v, at, power) if at[0] <= v <= last else 0.0
        farm_mw[row] = total
