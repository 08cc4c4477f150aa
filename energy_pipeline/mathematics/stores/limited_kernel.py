"""Compiled training and running of a policy whose cycles are limited: what is left of each limit is a state.

What belongs here: one step backward over contents and spent budgets, the walk forward. What does not: the
regression (`policy_kernel.regress`), grids and options (`limited`), stores.

A state is a content and, for each limit, the energy already taken out of the store in its span. Values lie in blocks
of contents, one block per point of the budgets' grids; the first block has spent nothing. From a state an action is
idling, charging to one of the levels within reach or as far as power allows, or discharging likewise: the value is concave
along both ways, so its best point is one of those. Between the grid's points values are mixed (multilinear), as in
`policy_kernel`: a store split in parts may do just that.
"""
# ruff: noqa: ANN001, ANN201, ANN202 - compiled functions carry no annotations
# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from energy_pipeline.domain.delivery import FloatArray, IntArray
from energy_pipeline.mathematics.compilation import ANY_ORDER_ANY_ZERO, kernel, part
from energy_pipeline.mathematics.stores.policy_kernel import TERMS, Fitted, Levels, Paths


class Options(NamedTuple):
    """Ways out of each state. Those of state s are first[s] .. first[s + 1]: the first is idling.

    Attributes
    ----------
    first : array, shape (states + 1,)
    moved_mwh : array, shape (options,)
        Into the store; negative: out of it.
    corner, weight : arrays, shape (options, corners)
        The states its target lies between.
    """

    first: IntArray
    moved_mwh: FloatArray
    corner: IntArray
    weight: FloatArray


class Window(NamedTuple):
    """Least and most content after each step, and the most at the end."""

    floor: FloatArray
    ceiling: FloatArray
    end_mwh: float


class Budgets(NamedTuple):
    """Limits on the energy taken out of the store, in groups of steps.

    Attributes
    ----------
    most_mwh : array, shape (rules,)
        In a group.
    points : array, shape (rules,)
        Of the even grid from 0 to the most.
    stride : array, shape (rules,)
        Blocks from one point to the next.
    begins : array, shape (rules, steps)
        1 where a group begins.
    later_mwh, rest_mwh : arrays, shape (rules, steps)
        What can be taken out after the group, and within it by power alone, once the step is over.
    """

    most_mwh: FloatArray
    points: IntArray
    stride: IntArray
    begins: IntArray
    later_mwh: FloatArray
    rest_mwh: FloatArray


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
def _seen_at(fitted, n1, n2, k, share, k2, share2, value):
    """Continuation of every state at what is seen, into `value`."""
    value[:] = 0.0
    for p in range(4):
        right, right2 = p % 2, p // 2
        weight = (share if right else 1.0 - share) * (share2 if right2 else 1.0 - share2)
        if weight > 0.0:
            row = fitted[min(k + right, n1 - 1) * n2 + min(k2 + right2, n2 - 1)]
            for s in range(value.size):
                value[s] += weight * row[s]


@part
def _mean(values, corner, weight, option):
    found = weight[option, 0] * values[corner[option, 0]] + weight[option, 1] * values[corner[option, 1]]
    for p in range(2, corner.shape[1]):
        found += weight[option, p] * values[corner[option, p]]
    return found


@kernel(
    lambda t: (
        t.reads(1),
        t.reads(2),
        t.count,
        *[t.reads(1, "int64"), t.reads(1)] * 2,
        t.bundle(Options, t.reads(1, "int64"), t.reads(1), t.reads(2, "int64"), t.reads(2)),
        t.record(TERMS),
        t.writes(2),
    ),
    sums=ANY_ORDER_ANY_ZERO,
    division="ieee",
)
def back(prices, fitted, n2, where, share, where2, share2, options, terms, later):
    """Replace the value realised after a step by that before it (paths x states), given the fitted continuation and its second knots' number."""
    first, moved, corner, weight = options
    states, count = later.shape[1], moved.size
    n1 = fitted.shape[0] // n2
    into, outward, at_knots = np.maximum(moved, 0.0), np.maximum(-moved, 0.0), np.empty((fitted.shape[0], count))
    for row in range(fitted.shape[0]):
        for option in range(count):
            at_knots[row, option] = _mean(fitted[row], corner, weight, option)
    worth, before = np.empty(count), np.empty(states)
    for i in range(prices.size):
        _seen_at(at_knots, n1, n2, where[i], share[i], where2[i], share2[i], worth)
        buy = (prices[i] + terms.charge_cost_eur_mwh) / terms.charge_efficiency
        sell = terms.discharge_efficiency * (prices[i] - terms.cycle_cost_eur_mwh)
        for option in range(count):
            worth[option] += sell * outward[option] - buy * into[option]
        after = later[i]
        for s in range(states):
            best, most = first[s], worth[first[s]]
            for option in range(first[s] + 1, first[s + 1]):
                if worth[option] > most:
                    best, most = option, worth[option]
            before[s] = _mean(after, corner, weight, best) + sell * outward[best] - buy * into[best]
        for s in range(states):
            after[s] = before[s]


@part
def _at(value, levels, budgets, spent, out, c, part_up):
    """Value at a content (level c, and a share of the next) when `out` more has been spent of every budget."""
    scale, points, stride = budgets
    if scale.size == 1:
        place = min((spent[0] + out) * scale[0], points[0] - 1.0)
        k = min(int(place), points[0] - 2)
        at, share, beyond = k * levels + c, place - k, (k + 1) * levels + c
        if part_up == 0.0:
            return (1.0 - share) * value[at] + share * value[beyond]
        lower = (1.0 - part_up) * value[at] + part_up * value[at + 1]
        return (1.0 - share) * lower + share * ((1.0 - part_up) * value[beyond] + part_up * value[beyond + 1])
    found = 0.0
    for p in range(1 << scale.size):
        weight, block = 1.0, 0
        for r in range(scale.size):
            place = min((spent[r] + out) * scale[r], points[r] - 1.0)
            k = min(int(place), points[r] - 2)
            upper = (p >> r) & 1
            weight *= place - k if upper else 1.0 - (place - k)
            block += (k + upper) * stride[r]
        at = block * levels + c
        found += weight * ((1.0 - part_up) * value[at] + (part_up * value[at + 1] if part_up > 0.0 else 0.0))
    return found


@part
def _charged(value, grid, budgets, spent, y, most_in, buy, idle):
    """The best content to charge to, and its worth; y where idling is better."""
    top = min(grid[grid.size - 1], y + most_in)
    best, target = idle, y
    if top <= y:
        return target, best
    c, part_up = _bin(grid, top)
    worth = _at(value, grid.size, budgets, spent, 0.0, c, part_up) - buy * (top - y)
    if worth > best:
        best, target = worth, top
    j = c
    while j >= 0 and grid[j] > y:
        j -= 1
    for k in range(j + 1, c + 1):
        if grid[k] < top:
            worth = _at(value, grid.size, budgets, spent, 0.0, k, 0.0) - buy * (grid[k] - y)
            if worth > best:
                best, target = worth, grid[k]
    return target, best


@part
def _discharged(value, grid, budgets, spent, y, most_out, sell, best, target):
    """The best content to discharge to; `target`, worth `best`, where that is better."""
    bottom = max(grid[0], y - most_out)
    if bottom >= y:
        return target
    c, part_up = _bin(grid, bottom)
    worth = _at(value, grid.size, budgets, spent, y - bottom, c, part_up) + sell * (y - bottom)
    if worth > best:
        best, target = worth, bottom
    k = c + 1
    while k + 1 < grid.size and grid[k + 1] < y:
        k += 1
    while k > c:
        if bottom < grid[k] < y:
            worth = _at(value, grid.size, budgets, spent, y - grid[k], k, 0.0) + sell * (y - grid[k])
            if worth > best:
                best, target = worth, grid[k]
        k -= 1
    return target


@kernel(
    lambda t: (
        t.bundle(Paths, *[t.reads(2)] * 3),
        t.bundle(Levels, *[t.reads(1)] * 3),
        t.record(TERMS),
        t.bundle(Budgets, t.reads(1), *[t.reads(1, "int64")] * 2, t.reads(2, "int64"), *[t.reads(2)] * 2),
        t.bundle(Window, *[t.reads(1)] * 2, t.number),
        t.number,
        t.bundle(Fitted, t.reads(3), t.reads(2), t.reads(2)),
        t.writes(2),
    ),
    sums=ANY_ORDER_ANY_ZERO,
    division="ieee",
)
def run(given, contents, terms, limits, window, initial, policy, stored):
    """Walk every path forward; fills the content after each step (paths x steps)."""
    prices, seen, seen2 = given
    grid, in_by_level, out_by_level = contents
    most, points, stride, begins, later, rest = limits
    floor, ceiling, end = window
    fitted, knots, knots2 = policy
    steps, paths, rules = prices.shape[0], prices.shape[1], most.size
    two = seen2.shape[0] == steps
    budgets = ((points - 1.0) / most, points, stride)
    value = np.empty(fitted.shape[2])
    content, spent = np.empty(paths), np.zeros((paths, rules))
    content[:] = initial
    for t in range(steps):
        for i in range(paths):
            k, share = _bin(knots[t], seen[t, i])
            k2, share2 = 0, 0.0
            if two:
                k2, share2 = _bin(knots2[t], seen2[t, i])
            _seen_at(fitted[t], knots.shape[1], knots2.shape[1], k, share, k2, share2, value)
            buy = (prices[t, i] + terms.charge_cost_eur_mwh) / terms.charge_efficiency
            sell = terms.discharge_efficiency * (prices[t, i] - terms.cycle_cost_eur_mwh)
            c, part_up = _bin(grid, content[i])
            most_in = in_by_level[c] + part_up * (in_by_level[c + 1] - in_by_level[c])
            most_out = out_by_level[c] + part_up * (out_by_level[c + 1] - out_by_level[c])
            y = terms.kept_per_step * content[i]
            highest, charged_to = ceiling[t], ceiling[t]
            for r in range(rules):
                if begins[r, t] == 1:
                    spent[i, r] = 0.0
                left = max(0.0, most[r] - spent[i, r])
                most_out = min(most_out, left)
                # Above this what must be out by the end no longer fits the limits.
                highest = min(highest, end + later[r, t] + rest[r, t])
                charged_to = min(charged_to, end + later[r, t] + min(rest[r, t], left))
            c, part_up = _bin(grid, y)
            idle = _at(value, grid.size, budgets, spent[i], 0.0, c, part_up)
            z, worth = _charged(value, grid, budgets, spent[i], y, most_in, buy, idle)
            z = _discharged(value, grid, budgets, spent[i], y, most_out, sell, worth, z)
            z = min(max(min(max(z, floor[t]), highest), y - most_out), y + most_in)
            z = min(z, max(y, charged_to))
            for r in range(rules):
                spent[i, r] += max(0.0, y - z)
            content[i] = z
            stored[i, t] = z
