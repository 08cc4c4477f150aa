"""Compiled training and running of a store's policy on simulated paths.

What belongs here: regression of continuation values backward in time, and the walk forward,
on arrays. What does not: stores, grids, tables (`policy`).

Least-squares Monte Carlo on a grid of contents. At each step backward the value realised
later from each content (`later`, paths x levels) is regressed on hat functions of what is
seen (one or two numbers per path and step), weighted by path. The action then follows from
the fitted marginal value m(s): charge up to the level where m falls to the cost of a stored
MWh, discharge down to the level where m rises to the gain from one, stand still between
(a base-stock rule, optimal for concave values). The realised value of an action between two
levels is the mean of theirs: a store split in two may do just that, so training never sees a
value no operation can reach. Longstaff and Schwartz, "Valuing American options by simulation",
Rev. Financial Studies 14, 2001; Boogert and de Jong, "Gas storage valuation using a Monte
Carlo method", J. Derivatives 15, 2008.
"""
# ruff: noqa: ANN001, ANN201, ANN202 - compiled functions carry no annotations
# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from energy_pipeline.domain.delivery import FloatArray, IntArray
from energy_pipeline.mathematics.compilation import ANY_ORDER_ANY_ZERO, kernel, part

SMOOTH = 1e-6
"""Weight of equal neighbours in the regression: a knot no path comes near takes its neighbours' value."""

TERMS = np.dtype(
    [(name, np.float64) for name in ("charge_efficiency", "discharge_efficiency", "cycle_cost_eur_mwh", "charge_cost_eur_mwh", "kept_per_step")]
)
"""What the store's actions cost; `kept_per_step` is the share of the content left after an interval."""


class Paths(NamedTuple):
    """Prices and what is seen, steps x paths; `seen2` has one row where there is no second number."""

    prices: FloatArray
    seen: FloatArray
    seen2: FloatArray


class Levels(NamedTuple):
    """Contents, and the energy that can go in and out of the store in an interval at each."""

    grid: FloatArray
    most_in: FloatArray
    most_out: FloatArray


class Knots(NamedTuple):
    """Where the regression bends, as probabilities of what is seen."""

    probabilities: FloatArray
    probabilities2: FloatArray


class Fitted(NamedTuple):
    """Continuation (steps x knots x levels), knots and second knots by step."""

    continuation: FloatArray
    knots: FloatArray
    knots2: FloatArray


class Window(NamedTuple):
    """Least and most content after each step, and the lowest and highest level within."""

    floor: FloatArray
    ceiling: FloatArray
    least: IntArray
    most: IntArray


@part
def _bin(knots, x):
    """Left knot and share of the right one; held beyond the ends."""
    n = knots.size
    if n == 1 or x <= knots[0]:
        return 0, 0.0
    if x >= knots[n - 1]:
        return n - 2, 1.0
    k = 0
    while x >= knots[k + 1]:
        k += 1
    return k, (x - knots[k]) / (knots[k + 1] - knots[k])


@part
def _solve(matrix, rhs):
    """Cholesky in place: rhs becomes the solution."""
    n = rhs.shape[0]
    _factor(matrix)
    for j in range(n):
        for k in range(j):
            rhs[j] -= matrix[j, k] * rhs[k]
        rhs[j] /= matrix[j, j]
    for j in range(n - 1, -1, -1):
        for k in range(j + 1, n):
            rhs[j] -= matrix[k, j] * rhs[k]
        rhs[j] /= matrix[j, j]


@part
def _factor(matrix):
    n = matrix.shape[0]
    for j in range(n):
        for k in range(j):
            factor = matrix[j, k]
            for i in range(j, n):
                matrix[i, j] -= matrix[i, k] * factor
        pivot = np.sqrt(matrix[j, j])
        for i in range(j, n):
            matrix[i, j] /= pivot


@part
def _fit(later, weights, total, where, share, where2, share2, knots, knots2, matrix, fitted):
    """Continuation at the knots, into `fitted` (knots x levels)."""
    n1, n2, levels = knots.size, knots2.size, later.shape[1]
    matrix[:], fitted[:] = 0.0, 0.0
    rows, phi = np.empty(4, np.int64), np.empty(4)
    for i in range(later.shape[0]):
        if weights[i] == 0.0:
            continue
        touched = _touched(where[i], share[i], where2[i], share2[i], n1, n2, rows, phi)
        for p in range(touched):
            row, scaled = rows[p], weights[i] * phi[p]
            for c in range(levels):
                fitted[row, c] += scaled * later[i, c]
            for q in range(touched):
                matrix[row, rows[q]] += scaled * phi[q]
    _smooth(matrix, n1, n2, total)
    _solve(matrix, fitted)


@part
def _touched(k, share, k2, share2, n1, n2, rows, phi):
    """Hat functions that are not zero at a state; returns how many."""
    rows[0], phi[0] = k * n2 + k2, 1.0
    count = 1
    if n1 > 1:
        rows[1], phi[1], phi[0] = rows[0] + n2, share, 1.0 - share
        count = 2
    if n2 > 1:
        for p in range(count):
            rows[count + p], phi[count + p] = rows[p] + 1, phi[p] * share2
            phi[p] *= 1.0 - share2
        count *= 2
    return count


@part
def _smooth(matrix, n1, n2, total):
    equal = SMOOTH * total
    for here in range(n1 * n2):
        matrix[here, here] += 1e-12 * total
        for direction in range(2):
            other = here + n2 if direction == 0 else here + 1
            if (direction == 0 and here // n2 + 1 < n1) or (direction == 1 and here % n2 + 1 < n2):
                matrix[here, here] += equal
                matrix[other, other] += equal
                matrix[here, other] -= equal
                matrix[other, here] -= equal


@part
def _place(row, probabilities, sample, knots, where, share):
    """Knots at quantiles of what is seen, strictly rising, and every path's place among them."""
    stride = max(1, row.size // 1500)
    for i in range(sample.size):
        sample[i] = row[i * stride]
    sample.sort()
    for q in range(knots.size):
        knots[q] = sample[int(probabilities[q] * (sample.size - 1) + 0.5)]
        if q > 0 and knots[q] <= knots[q - 1]:
            knots[q] = knots[q - 1] + 1e-9 * (1.0 + abs(knots[q - 1]))
    for i in range(row.size):
        where[i], share[i] = _bin(knots, row[i])


@part
def _at(fitted, knots, knots2, k, share, k2, share2, value):
    """Continuation by level at a state, into `value`."""
    n2, levels = knots2.size, value.size
    row = k * n2 + k2
    if n2 == 1:
        if knots.size == 1:
            for c in range(levels):
                value[c] = fitted[row, c]
        else:
            for c in range(levels):
                value[c] = (1.0 - share) * fitted[row, c] + share * fitted[row + 1, c]
        return
    down = row + n2 if knots.size > 1 else row
    for c in range(levels):
        left = (1.0 - share2) * fitted[row, c] + share2 * fitted[row + 1, c]
        right = (1.0 - share2) * fitted[down, c] + share2 * fitted[down + 1, c]
        value[c] = (1.0 - share) * left + share * right


@part
def _targets(value, grid, buy, sell, least, most):
    """Levels to charge up to and to discharge down to, among those from which the end can be met: beyond them no value is known."""
    up = least
    while up < most and value[up + 1] - value[up] > buy * (grid[up + 1] - grid[up]):
        up += 1
    down = most
    while down > least and value[down] - value[down - 1] < sell * (grid[down] - grid[down - 1]):
        down -= 1
    return min(up, most), max(down, min(least, most))


@part
def _step_of(value, grid, z):
    """Continuation at a content between levels."""
    k, share = _bin(grid, z)
    return value[k] + share * (value[k + 1] - value[k])


@part
def _best(value, grid, y, most_in, most_out, up, down, buy, sell, floor, ceiling):
    """Content after the action, from y after leakage."""
    charged, discharged = min(grid[up], y + most_in), max(grid[down], y - most_out)
    target = y
    if up <= down:
        if y < grid[up]:
            target = charged
        elif y > grid[down]:
            target = discharged
    else:
        # So negative a price that both would pay: the better of the three.
        best = _step_of(value, grid, y)
        if charged > y:
            gain = _step_of(value, grid, charged) - buy * (charged - y)
            if gain > best:
                best, target = gain, charged
        if discharged < y:
            gain = _step_of(value, grid, discharged) + sell * (y - discharged)
            if gain > best:
                target = discharged
    return min(max(target, floor), ceiling)


@part
def _levels_after(later, row, grid, kept_grid, most_in, most_out, full_in, share_in, full_out, share_out, idle, share_idle, up, down, buy, sell, out):
    """Realised value from every level for one path whose targets are ordered (up <= down), into `out`."""
    bottom, top = grid[up], grid[down]
    for c in range(grid.size):
        y = kept_grid[c]
        if y < bottom:
            if y + most_in[c] >= bottom:
                out[c] = later[row, up] - buy * (bottom - y)
            else:
                k = full_in[c]
                out[c] = later[row, k] + share_in[c] * (later[row, k + 1] - later[row, k]) - buy * most_in[c]
        elif y > top:
            if y - most_out[c] <= top:
                out[c] = later[row, down] + sell * (y - top)
            else:
                k = full_out[c]
                out[c] = later[row, k] + share_out[c] * (later[row, k + 1] - later[row, k]) + sell * most_out[c]
        else:
            k = idle[c]
            out[c] = later[row, k] + share_idle[c] * (later[row, k + 1] - later[row, k])


@part
def _levels_odd(later, row, value, grid, kept_grid, most_in, most_out, up, down, buy, sell, window, out):
    """The same at a price so negative that both charging and discharging would pay."""
    for c in range(grid.size):
        y = kept_grid[c]
        z = _best(value, grid, y, most_in[c], most_out[c], up, down, buy, sell, window[0], window[1])
        k, part = _bin(grid, z)
        out[c] = later[row, k] + part * (later[row, k + 1] - later[row, k]) - (buy * (z - y) if z > y else sell * (z - y))


@kernel(
    lambda t: (
        t.bundle(Paths, *[t.reads(2)] * 3),
        t.reads(1),
        t.bundle(Levels, *[t.reads(1)] * 3),
        t.record(TERMS),
        t.reads(1),
        *[t.reads(1, "int64")] * 2,
        t.bundle(Knots, *[t.reads(1)] * 2),
    ),
    sums=ANY_ORDER_ANY_ZERO,
    division="ieee",
)
def train(simulated, weights, contents, terms, end_value, least, most, bends):
    """Fitted continuation, knots, second knots, and the value realised from each content at the start; `least`, `most`: levels after a step."""
    prices, seen, seen2 = simulated
    grid, most_in, most_out = contents
    probabilities, probabilities2 = bends
    steps, paths, levels = prices.shape[0], prices.shape[1], grid.size
    a, b, kept = terms.charge_efficiency, terms.discharge_efficiency, terms.kept_per_step
    k_cost, j_cost = terms.cycle_cost_eur_mwh, terms.charge_cost_eur_mwh
    two = seen2.shape[0] == steps
    n1, n2 = probabilities.size, probabilities2.size if two else 1
    all_fitted = np.empty((steps, n1 * n2, levels))
    all_knots, all_knots2 = np.empty((steps, n1)), np.zeros((steps, n2))
    matrix = np.empty((n1 * n2, n1 * n2))
    later, out, value = np.empty((paths, levels)), np.empty(levels), np.empty(levels)
    for i in range(paths):
        for c in range(levels):
            later[i, c] = end_value[c]
    kept_grid = kept * grid
    full_in, full_out, idle = np.empty(levels, np.int64), np.empty(levels, np.int64), np.empty(levels, np.int64)
    share_in, share_out, share_idle = np.empty(levels), np.empty(levels), np.empty(levels)
    for c in range(levels):
        full_in[c], share_in[c] = _bin(grid, kept_grid[c] + most_in[c])
        full_out[c], share_out[c] = _bin(grid, kept_grid[c] - most_out[c])
        idle[c], share_idle[c] = _bin(grid, kept_grid[c])
    where, where2 = np.zeros(paths, np.int64), np.zeros(paths, np.int64)
    share, share2 = np.zeros(paths), np.zeros(paths)
    total, stride = weights.sum(), max(1, paths // 1500)
    sample = np.empty((paths + stride - 1) // stride)
    for t in range(steps - 1, -1, -1):
        knots, knots2, fitted = all_knots[t], all_knots2[t], all_fitted[t]
        _place(seen[t], probabilities, sample, knots, where, share)
        if two:
            _place(seen2[t], probabilities2, sample, knots2, where2, share2)
        _fit(later, weights, total, where, share, where2, share2, knots, knots2, matrix, fitted)
        for i in range(paths):
            buy, sell = (prices[t, i] + j_cost) / a, b * (prices[t, i] - k_cost)
            _at(fitted, knots, knots2, where[i], share[i], where2[i], share2[i], value)
            up, down = _targets(value, grid, buy, sell, least[t], most[t])
            if up <= down:
                ends = (full_in, share_in, full_out, share_out, idle, share_idle)
                _levels_after(later, i, grid, kept_grid, most_in, most_out, *ends, up, down, buy, sell, out)
            else:
                window = (grid[least[t]], grid[most[t]])
                _levels_odd(later, i, value, grid, kept_grid, most_in, most_out, up, down, buy, sell, window, out)
            for c in range(levels):
                later[i, c] = out[c]
    return all_fitted, all_knots, all_knots2, later


@kernel(
    lambda t: (
        t.bundle(Paths, *[t.reads(2)] * 3),
        t.bundle(Levels, *[t.reads(1)] * 3),
        t.record(TERMS),
        t.bundle(Window, *[t.reads(1)] * 2, *[t.reads(1, "int64")] * 2),
        t.number,
        t.bundle(Fitted, t.reads(3), t.reads(2), t.reads(2)),
        t.writes(2),
    ),
    sums=ANY_ORDER_ANY_ZERO,
    division="ieee",
)
def run(given, contents, terms, window, initial, policy, stored):
    """Walk every path forward; fills the content after each step (paths x steps)."""
    prices, seen, seen2 = given
    grid, in_by_level, out_by_level = contents
    floor, ceiling, least, most = window
    fitted, knots, knots2 = policy
    steps, paths = prices.shape
    a, b, kept = terms.charge_efficiency, terms.discharge_efficiency, terms.kept_per_step
    k_cost, j_cost = terms.cycle_cost_eur_mwh, terms.charge_cost_eur_mwh
    two = seen2.shape[0] == steps
    value, content = np.empty(grid.size), np.full(paths, initial)
    for t in range(steps):
        for i in range(paths):
            k, share = _bin(knots[t], seen[t, i])
            k2, share2 = _bin(knots2[t], seen2[t, i]) if two else (0, 0.0)
            _at(fitted[t], knots[t], knots2[t], k, share, k2, share2, value)
            buy, sell = (prices[t, i] + j_cost) / a, b * (prices[t, i] - k_cost)
            up, down = _targets(value, grid, buy, sell, least[t], most[t])
            c, part = _bin(grid, content[i])
            most_in = in_by_level[c] + part * (in_by_level[c + 1] - in_by_level[c])
            most_out = out_by_level[c] + part * (out_by_level[c + 1] - out_by_level[c])
            y = kept * content[i]
            z = _best(value, grid, y, most_in, most_out, up, down, buy, sell, floor[t], ceiling[t])
            z = min(max(z, y - most_out), y + most_in)
            content[i] = stored[i, t] = z


@kernel(
    lambda t: (t.reads(2), *[t.reads(1)] * 3, t.bundle(Knots, *[t.reads(1)] * 2), *[t.writes(1, "int64"), t.writes(1)] * 2),
    sums=ANY_ORDER_ANY_ZERO,
    division="ieee",
)
def regress(later, weights, seen, seen2, bends, where, share, where2, share2):
    """One step of the regression: continuation at the knots, the knots, and every path's place among them (seen2 may be empty)."""
    probabilities, probabilities2 = bends
    stride = max(1, seen.size // 1500)
    sample = np.empty((seen.size + stride - 1) // stride)
    n1, n2 = probabilities.size, probabilities2.size if seen2.size else 1
    knots, knots2 = np.empty(n1), np.zeros(n2)
    _place(seen, probabilities, sample, knots, where, share)
    if seen2.size:
        _place(seen2, probabilities2, sample, knots2, where2, share2)
    matrix, fitted = np.empty((n1 * n2, n1 * n2)), np.empty((n1 * n2, later.shape[1]))
    _fit(later, weights, weights.sum(), where, share, where2, share2, knots, knots2, matrix, fitted)
    return fitted, knots, knots2
