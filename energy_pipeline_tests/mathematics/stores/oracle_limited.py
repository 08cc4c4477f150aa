"""The optimum with what is left of a span's cycles as a state: slow, and independent of the product.

Dynamic programming over content, energy taken out in the span, and the price's state. Everything is a whole number of
`unit` MWh: contents, what power moves in a step, budgets, the end. Such an optimum is exact for these stores, since
between whole numbers the value is linear. Its policy is run on fresh paths, beside the one under test.
"""

from dataclasses import dataclass

import numpy as np

LOST = -1e6


@dataclass
class Sizes:
    """The store in units."""

    unit: float
    levels: int
    into: int
    out: int
    budget: int
    low: int
    high: int
    initial: int

    @classmethod
    def of(cls, store, cycles, unit, hours=1.0):
        low, high = store.end_range_mwh
        budget = cycles * store.energy_mwh / store.discharge_efficiency
        moved = store.charge_mw * hours * store.charge_efficiency, store.discharge_mw * hours / store.discharge_efficiency
        found = [x / unit for x in (store.energy_mwh, *moved, budget, low, high, store.initial_mwh)]
        assert np.allclose(found, np.rint(found)), "the case is not in whole units"
        levels, *rest = (round(x) for x in found)
        return cls(unit, levels + 1, *rest)


def costs(store, price):
    return (price + store.charge_cost_eur_mwh) / store.charge_efficiency, store.discharge_efficiency * (price - store.cycle_cost_eur_mwh)


def best_limited(store, price, transition, sizes, span):
    """Expected continuation by step (contents, spent, states) when at most the budget leaves the store in every `span` steps."""
    steps, states = price.shape
    n, m = sizes.levels, sizes.budget + 1
    level = np.arange(n)
    end = np.where((level < sizes.low) | (level > sizes.high), LOST, store.end_eur(level * sizes.unit))
    value = np.broadcast_to(end[:, None, None], (n, m, states)).copy()
    found = np.empty((steps, n, m, states), dtype=np.float32)
    for t in range(steps - 1, -1, -1):
        expected = (value.reshape(-1, states) @ transition.T).reshape(n, m, states)
        found[t] = expected
        buy, sell = (c * sizes.unit for c in costs(store, price[t]))
        value = expected.copy()
        for k in range(1, min(sizes.into, n - 1) + 1):
            np.maximum(value[:-k], expected[k:] - k * buy, out=value[:-k])
        for k in range(1, min(sizes.out, n - 1, sizes.budget) + 1):
            np.maximum(value[k:, : m - k], expected[:-k, k:] + k * sell, out=value[k:, : m - k])
        if t % span == 0:
            value = np.repeat(value[:, :1], m, axis=1)
    return found


def run_best_limited(store, found, sizes, prices, states, grid, span):
    """Margins plus end value on paths; the price's state (paths x steps) is interpolated in `grid`."""
    paths, steps = prices.shape
    content, spent, cash = np.full(paths, sizes.initial), np.zeros(paths, dtype=int), np.zeros(paths)
    for t in range(steps):
        if t % span == 0:
            spent[:] = 0
        k = np.clip(np.searchsorted(grid, states[:, t]) - 1, 0, grid.size - 2)
        share = np.clip((states[:, t] - grid[k]) / (grid[k + 1] - grid[k]), 0, 1)
        buy, sell = (c * sizes.unit for c in costs(store, prices[:, t]))
        best, moved = np.full(paths, -np.inf), np.zeros(paths, dtype=int)
        for move in range(-sizes.out, sizes.into + 1):
            to, used = content + move, spent + max(-move, 0)
            fits = (to >= 0) & (to < sizes.levels) & (used <= sizes.budget)
            at = np.where(fits, to, 0), np.where(fits, used, 0)
            worth = (1 - share) * found[t][at[0], at[1], k] + share * found[t][at[0], at[1], k + 1] - move * (buy if move > 0 else sell)
            better = fits & (worth > best)
            best, moved = np.where(better, worth, best), np.where(better, move, moved)
        cash -= moved * np.where(moved > 0, buy, sell)
        content, spent = content + moved, spent + np.maximum(-moved, 0)
    return cash + store.end_eur(content * sizes.unit)
