"""Fine-grid dynamic programming that knows the price process: what the best policy decides.

The oracle's expected continuation is exact up to its grids (content, state); its policy is then
run on the same fresh paths as ours, so that the comparison has hardly any sampling error.
"""

from dataclasses import dataclass

import numpy as np


@dataclass
class Chain:
    """A Markov price process on a state grid: price by step and state, transition by step (state now -> next)."""

    price: np.ndarray  # steps x states
    transition: np.ndarray  # states x states, or steps x states x states


def best_policy(store, chain, levels, minutes=60):
    """Expected continuation (steps x levels x states) on an even grid of `levels` contents."""
    steps, states = chain.price.shape
    grid = np.linspace(store.minimum_mwh, store.energy_mwh, levels)
    low, high = store.end_range_mwh
    value = np.where((grid[:, None] < low - 1e-9) | (grid[:, None] > high + 1e-9), -1e7, store.end_value_eur_mwh * grid[:, None]) * np.ones(states)
    found = np.empty((steps, levels, states))
    into = store.charge_step_mwh(minutes, grid)[:, None]
    out = store.discharge_step_mwh(minutes, grid)[:, None]
    for t in range(steps - 1, -1, -1):
        move = chain.transition if chain.transition.ndim == 2 else chain.transition[t]
        found[t] = value @ move.T
        target = decide(store, grid, found[t], chain.price[t], store.kept(minutes) * grid[:, None], into, out)
        value = gain(store, chain.price[t], store.kept(minutes) * grid[:, None], target) + interpolated(grid, found[t], target)
    return grid, found


def decide(store, grid, expected, price, y, into, out):
    """Content after acting, from content y: the best base-stock levels of each state (a column)."""
    buy, sell = (price + store.charge_cost_eur_mwh) / store.charge_efficiency, store.discharge_efficiency * (price - store.cycle_cost_eur_mwh)
    up = grid[np.argmax(expected - buy * grid[:, None], axis=0)]
    down = grid[np.argmax(expected - sell * grid[:, None], axis=0)]
    return np.where(y < up, np.minimum(up, y + into), np.where(y > down, np.maximum(down, y - out), y))


def gain(store, price, y, z):
    buy, sell = (price + store.charge_cost_eur_mwh) / store.charge_efficiency, store.discharge_efficiency * (price - store.cycle_cost_eur_mwh)
    return np.where(z > y, -buy * (z - y), sell * (y - z))


def interpolated(grid, values, at):
    """Column-wise linear interpolation on an even grid."""
    place = np.clip((at - grid[0]) / (grid[1] - grid[0]), 0, grid.size - 1.000001)
    k = place.astype(int)
    share = place - k
    column = np.broadcast_to(np.arange(values.shape[1]), at.shape)
    return (1 - share) * values[k, column] + share * values[k + 1, column]


def run_best(store, grid, found, prices, states, grids, minutes=60):
    """Margins plus end value of the oracle's policy on paths. `states`: paths x steps, interpolated linearly in `grids` (states,)
    or, if integer, taken as the state itself."""
    content = np.full(prices.shape[0], store.initial_mwh)
    cash = np.zeros(prices.shape[0])
    for t in range(prices.shape[1]):
        if np.issubdtype(states.dtype, np.integer):
            expected = found[t][:, states[:, t]]
        else:
            k = np.clip(np.searchsorted(grids, states[:, t]) - 1, 0, grids.size - 2)
            share = np.clip((states[:, t] - grids[k]) / (grids[k + 1] - grids[k]), 0, 1)
            expected = (1 - share) * found[t][:, k] + share * found[t][:, k + 1]
        y = store.kept(minutes) * content
        into, out = store.charge_step_mwh(minutes, content), store.discharge_step_mwh(minutes, content)
        z = decide(store, grid, expected, prices[:, t], y, into, out)
        cash += gain(store, prices[:, t], y, z)
        content = z
    return cash + store.end_value_eur_mwh * content


def normal_transition(grid, decay, spread):
    """Transition of x' = decay x + spread e between points of an even grid: hat functions integrated against the normal."""
    from scipy.stats import norm

    step = grid[1] - grid[0]

    def ramp(edge, mean):  # E[max(x - edge, 0)]
        d = (mean - edge) / spread
        return spread * (norm.pdf(d) + d * norm.cdf(d))

    mean = decay * grid[:, None]
    hats = (ramp(grid - step, mean) - 2 * ramp(grid, mean) + ramp(grid + step, mean)) / step
    return hats / hats.sum(axis=1, keepdims=True)
