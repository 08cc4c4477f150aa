"""A store's non-anticipative policy: trained on simulated paths, run on any others.

What belongs here: training (`train`), the trained policy, what it earns on paths, its
thresholds. What does not: the compiled sweeps (`policy_kernel`), the day-ahead auction, where
a day's quantities are fixed before any of its prices (`auction`), price models (`models`).

Information is sequential: the price of an interval is seen, then acted on. The policy knows
of the past only what `seen` (and `seen2`) say; by default that is the price itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from energy_pipeline.domain.delivery import FloatArray, IntArray
from energy_pipeline.domain.errors import InfeasibleError
from energy_pipeline.domain.units import hours_of
from energy_pipeline.mathematics.compilation import read_only, record
from energy_pipeline.mathematics.stores.limited import fewer, learnt, limits_of
from energy_pipeline.mathematics.stores.store import Store

FILL_LEVELS = 12
RUNGS = 40
MOST_LEVELS = 400
LIMITED_FILL_LEVELS, LIMITED_LEVELS = 10, 24
TRIED_PATHS = 1500
"""On which a policy with limited cycles is compared with the fixed plan."""
MOST_PARTS, NEAR_MULTIPLE = 6, 0.07
"""Steps of charging and discharging that have a common part: contents after any number of both lie on one ladder."""
NARROW = 0.02
"""Levels closer than this share of a step are one."""
KNOTS = (0.0, 0.01, 0.05, 0.14, 0.26, 0.4, 0.55, 0.7, 0.82, 0.91, 0.97, 1.0)
"""Where, in the distribution of what is seen, the regression bends."""
KNOTS_2 = (0.01, 0.25, 0.6, 0.99)


@dataclass(frozen=True)
class PolicyRun:
    """What a policy did on paths.

    Attributes
    ----------
    margin_eur : array, shape (paths,)
        Cash, without what the energy left is worth.
    value_eur : array, shape (paths,)
        Margin plus the value of the energy left.
    charge_mw, discharge_mw : arrays, shape (paths, intervals)
        Never both in one interval.
    state_of_charge_mwh : array, shape (paths, intervals)
        At the end of each interval.
    """

    margin_eur: FloatArray
    value_eur: FloatArray
    charge_mw: FloatArray
    discharge_mw: FloatArray
    state_of_charge_mwh: FloatArray

    @property
    def net_mw(self) -> FloatArray:
        """Discharge less charge [MW]."""
        return self.discharge_mw - self.charge_mw


@dataclass(frozen=True)
class StoragePolicy:
    """A trained policy.

    Attributes
    ----------
    store : Store
    minutes : int
        Interval length.
    grid_mwh : array, shape (levels,)
        Contents the continuation is known at.
    continuation_eur : array, shape (intervals, knots, levels)
        Expected value from the end of the interval on; with cycles limited a block of levels for each state of the limits
        (`limited`), the first with nothing spent.
    knots, knots2 : arrays, shape (intervals, knots of each)
        Where it is known in what is seen.
    plan_mwh : array, shape (intervals,), or None
        Contents that are kept whatever is seen: the fixed plan, where it earned more on the training paths.
    """

    store: Store
    minutes: int
    grid_mwh: FloatArray
    continuation_eur: FloatArray
    knots: FloatArray
    knots2: FloatArray
    plan_mwh: FloatArray | None = None

    def run(self, paths_eur_mwh: FloatArray, seen: FloatArray | None = None, seen2: FloatArray | None = None) -> PolicyRun:
        """Operate the store on paths; each interval is decided on what was seen up to it.

        Parameters
        ----------
        paths_eur_mwh : array, shape (paths, intervals)
        seen, seen2 : arrays of that shape
            As in training; the prices by default.

        Raises
        ------
        ValueError
            The number of intervals differs from training, or a price is not finite.
        """
        prices = _by_step(paths_eur_mwh)
        if prices.shape[0] != self.knots.shape[0]:
            raise ValueError(f"paths have {prices.shape[0]} intervals, the policy was trained on {self.knots.shape[0]}")
        stored = _walk(self, prices, prices if seen is None else _by_step(seen), _by_step(seen2))
        return run_of(self.store, stored, np.asarray(paths_eur_mwh, dtype=np.float64), self.minutes)

    def energy_value_eur_mwh(self, seen: FloatArray) -> FloatArray:
        """V_t: the expected gain from one more MWh at each level, when `seen` (intervals,) is seen.

        Returns
        -------
        array, shape (intervals, levels - 1)
            Between the levels of `grid_mwh`.
        """
        if self.knots2.shape[1] > 1:
            raise ValueError("V_t of a policy that sees two numbers needs both")
        rows = [
            [np.interp(x, knots, fitted[:, level]) for level in range(self.grid_mwh.size)]
            for x, knots, fitted in zip(seen, self.knots, self.continuation_eur, strict=True)
        ]
        return np.diff(np.array(rows), axis=1) / np.diff(self.grid_mwh)

    def thresholds_eur_mwh(self, content_mwh: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Charge below, discharge above: prices by interval and content, for a policy that sees the price, while no cycle is spent.

        Found as the fixed points p + j = a V_t(p) and p - k = V_t(p) / b, since V itself moves with
        the price seen. Where cycles are limited, what a MWh of the limit is worth is added to V_t in the second.
        Beyond the prices of training they are held at its range.

        Returns
        -------
        arrays, shape (intervals, contents)
        """
        tries = np.linspace(0.0, 1.0, 200)
        store, cost = self.store, self.store.cycle_cost_eur_mwh
        at = np.clip(np.searchsorted(self.grid_mwh, content_mwh, side="right") - 1, 0, self.grid_mwh.size - 2)
        charge, discharge = (np.empty((self.knots.shape[0], np.size(content_mwh))) for _ in range(2))
        limits = limits_of(store, self.knots.shape[0], self.minutes)
        cycles_eur_mwh = np.zeros(self.continuation_eur[..., : self.grid_mwh.size].shape) if limits is None else limits.worth(self.continuation_eur)
        for t in range(self.knots.shape[0]):
            prices = self.knots[t, 0] + tries * (self.knots[t, -1] - self.knots[t, 0])
            fitted = np.column_stack([np.interp(prices, self.knots[t], self.continuation_eur[t][:, c]) for c in range(self.grid_mwh.size)])
            values = (np.diff(fitted, axis=1) / np.diff(self.grid_mwh))[:, at]
            buys = prices[:, None] + store.charge_cost_eur_mwh <= store.charge_efficiency * values
            spent = np.column_stack([np.interp(prices, self.knots[t], cycles_eur_mwh[t][:, c]) for c in at])
            sells = prices[:, None] - cost >= (values + spent) / store.discharge_efficiency
            # From the lowest price up while it buys; from the highest down while it sells: the two never cross.
            bought, sold = np.cumprod(buys, axis=0).sum(0), np.cumprod(sells[::-1], axis=0).sum(0)
            charge[t] = prices[np.maximum(bought - 1, 0)]
            discharge[t] = prices[prices.size - np.maximum(sold, 1)]
        return charge, discharge


def train(
    store: Store,
    paths_eur_mwh: FloatArray,
    minutes: int,
    weights: FloatArray | None = None,
    seen: FloatArray | None = None,
    seen2: FloatArray | None = None,
) -> StoragePolicy:
    """Learn the policy with the largest weighted mean margin.

    Parameters
    ----------
    paths_eur_mwh : array, shape (paths, intervals)
        Simulated prices.
    weights : array, shape (paths,), optional
        Not negative: how much each path counts (a risk-averse book counts its tail more).
    seen : array, shape of the paths, optional
        The number a decision may depend on besides time and content; the price by default.
    seen2 : array, shape of the paths, optional
        A second one.

    Raises
    ------
    InfeasibleError
        Before training, naming the limits that conflict.
    ValueError
        A price is not finite, or weights are negative or all zero.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> paths = 50 + 20 * rng.standard_normal((2000, 24))
    >>> policy = train(Store(1.0, 1.0, 2.0), paths, 60)
    >>> bool(policy.run(paths).margin_eur.mean() > 200)
    True
    """
    prices = _by_step(paths_eur_mwh)
    steps, paths = prices.shape
    store.check(steps, minutes)
    counted = np.ones(paths) if weights is None else np.ascontiguousarray(weights, dtype=np.float64)
    if (counted < 0).any() or counted.sum() <= 0:
        raise ValueError("weights must not be negative, nor all zero")
    if store.end_range_mwh[0] > store.end_range_mwh[1] + 1e-12:
        raise InfeasibleError("store: the terminal condition is below the minimum", ["terminal_mwh", "minimum_mwh"], "terminal_mwh >= minimum_mwh")
    states = (prices if seen is None else _by_step(seen), _by_step(seen2))
    counted = counted / counted.mean()
    return _trained(store, prices, states, counted, minutes)


def _trained(store: Store, prices: FloatArray, states: tuple[FloatArray, FloatArray], counted: FloatArray, minutes: int) -> StoragePolicy:
    from energy_pipeline.mathematics.stores.policy_kernel import Knots, Levels, Paths
    from energy_pipeline.mathematics.stores.policy_kernel import train as learn

    steps = prices.shape[0]
    limits = limits_of(store, steps, minutes)
    grid = read_only(levels_mwh(store, steps, minutes, None if limits is None else limits.most_mwh))
    most_in = np.minimum(store.charge_step_mwh(minutes, grid), store.energy_mwh - store.kept(minutes) * grid)
    most_out = np.minimum(store.discharge_step_mwh(minutes, grid), np.maximum(0.0, store.kept(minutes) * grid - store.minimum_mwh))
    levels, terms = Levels(grid, read_only(most_in), read_only(most_out)), _terms(store, minutes)
    bends = Knots(read_only(np.array(KNOTS)), read_only(np.array(KNOTS_2)))
    if limits is not None:
        few = fewer(prices.shape[1], limits, grid.size)
        paths = Paths(*(read_only(a[:, few] if a.shape[0] == steps else a) for a in (prices, *states)))
        found = learnt(store, limits, minutes, paths, np.ascontiguousarray(counted[few]), levels, terms, bends)
        return _or_plan(StoragePolicy(store, minutes, grid, *found), prices, states, counted)
    least, most = _levels_within(grid, *window_mwh(store, steps, minutes))
    end = store.end_eur(grid)
    fitted, at, at2, _ = learn(Paths(prices, *states), np.ascontiguousarray(counted), levels, terms, end, least, most, bends)
    return StoragePolicy(store, minutes, grid, fitted, at, at2)


def _or_plan(policy: StoragePolicy, prices: FloatArray, states: tuple[FloatArray, FloatArray], counted: FloatArray) -> StoragePolicy:
    """The policy, told to keep the best fixed plan where that earns more: with little to learn, grids cost more than learning brings."""
    from energy_pipeline.mathematics.stores.perfect_foresight import foresight

    few = slice(None, None, max(1, prices.shape[1] // TRIED_PATHS))
    tried, seen, seen2 = (read_only(a[:, few]) if a.shape[0] == prices.shape[0] else a for a in (prices, *states))
    plan = foresight(policy.store, np.einsum("tn,n->t", prices, counted) / counted.sum(), policy.minutes).state_of_charge_mwh
    acted, kept = (
        run_of(policy.store, s, tried.T, policy.minutes) for s in (_walk(policy, tried, seen, seen2), np.broadcast_to(plan, tried.T.shape))
    )
    return replace(policy, plan_mwh=plan) if float(counted[few] @ (kept.value_eur - acted.value_eur)) > 0 else policy


def _levels_within(grid: FloatArray, floor: FloatArray, ceiling: FloatArray) -> tuple[IntArray, IntArray]:
    """The lowest and highest level from which the terminal condition can still be met, after each interval."""
    return np.searchsorted(grid, floor - 1e-9), np.searchsorted(grid, ceiling + 1e-9, side="right") - 1


def _terms(store: Store, minutes: int) -> np.void:
    from energy_pipeline.mathematics.stores.policy_kernel import TERMS

    values = {
        "charge_efficiency": store.charge_efficiency,
        "discharge_efficiency": store.discharge_efficiency,
        "cycle_cost_eur_mwh": store.cycle_cost_eur_mwh,
        "charge_cost_eur_mwh": store.charge_cost_eur_mwh,
        "kept_per_step": store.kept(minutes),
    }
    return record(TERMS, values)


def _walk(policy: StoragePolicy, prices: FloatArray, seen: FloatArray, seen2: FloatArray) -> FloatArray:
    """Content after each interval, paths x intervals."""
    from energy_pipeline.mathematics.stores import limited_kernel
    from energy_pipeline.mathematics.stores.policy_kernel import Fitted, Levels, Paths, Window
    from energy_pipeline.mathematics.stores.policy_kernel import run as walk

    store, minutes, grid = policy.store, policy.minutes, policy.grid_mwh
    steps, paths = prices.shape
    if policy.plan_mwh is not None:
        return np.array(np.broadcast_to(policy.plan_mwh, (paths, steps)))
    floor, ceiling = window_mwh(store, steps, minutes)
    stored = np.empty((paths, steps))
    levels = Levels(*(read_only(a) for a in (grid, store.charge_step_mwh(minutes, grid), store.discharge_step_mwh(minutes, grid))))
    fitted = Fitted(*(read_only(a) for a in (policy.continuation_eur, policy.knots, policy.knots2)))
    given, terms, limits = Paths(prices, seen, seen2), _terms(store, minutes), limits_of(store, steps, minutes)
    if limits is not None:
        bounds = limited_kernel.Window(read_only(floor), read_only(ceiling), store.end_range_mwh[1])
        limited_kernel.run(given, levels, terms, limits.budgets(), bounds, store.initial_mwh, fitted, stored)
        return stored
    least, most = _levels_within(grid, floor, ceiling)
    window = Window(read_only(floor), read_only(ceiling), read_only(least), read_only(most))
    walk(given, levels, terms, window, store.initial_mwh, fitted, stored)
    return stored


def run_of(store: Store, stored: FloatArray, prices: FloatArray, minutes: int) -> PolicyRun:
    """Powers and margins from contents after each interval and prices, both paths x intervals."""
    before = np.empty_like(stored)
    before[:, 0], before[:, 1:] = store.initial_mwh, stored[:, :-1]
    moved = stored - store.kept(minutes) * before
    moved[np.abs(moved) < 1e-12] = 0.0
    delta = hours_of(minutes)
    charge = np.maximum(moved, 0.0) / (delta * store.charge_efficiency)
    discharge = np.maximum(-moved, 0.0) * (store.discharge_efficiency / delta)
    margin = store.margins_eur(charge, discharge, prices, minutes).sum(axis=1)
    return PolicyRun(margin, margin + store.end_eur(stored[:, -1]), charge, discharge, stored)


def levels_mwh(store: Store, steps: int, minutes: int, budgets_mwh: FloatArray | None = None) -> FloatArray:
    """Contents that whole steps of charging or discharging reach from the ends and the start, and an even fill.

    Aligned with the steps, few levels do: on a coarse even grid 12 % of the value is lost.
    """
    low, high = store.minimum_mwh, store.energy_mwh
    into, out = float(store.charge_step_mwh(minutes, 0.5 * (low + high))), float(store.discharge_step_mwh(minutes, 0.5 * (low + high)))
    least, most = store.end_range_mwh
    ladders_of = [(low, into), (high, -out), (store.initial_mwh, into), (store.initial_mwh, -out), (least, -into), (most, out)]
    fill = FILL_LEVELS
    if budgets_mwh is not None:
        # With cycles limited it pays to hold just what the budget can sell, and to have room for just what it has sold.
        fill = LIMITED_FILL_LEVELS
        ladders_of += [(least, out), (low, out)]
        for budget in budgets_mwh:
            ladders_of += [(low + budget, -out), (least + budget, -out), (high - budget, into), (most - budget, into)]
        common = _common_step(into, out)
        if common * LIMITED_LEVELS >= high - low:
            ladders_of += [(begin, sign * common) for begin in (low, high, store.initial_mwh, least, most) for sign in (1, -1)]
    ladders: list[FloatArray] = [np.asarray(np.linspace(low, high, fill + 1))]
    for begin, step in ladders_of:
        if abs(step) * RUNGS < high - low or step == 0:
            continue
        rungs = begin + step * np.arange(min(steps, RUNGS) + 1)
        ladders.append(np.asarray(rungs[(rungs >= low) & (rungs <= high)], dtype=np.float64))
    step = min((s for s in (into, out) if s > 0), default=high - low)
    if step * RUNGS < high - low:
        whole = min(MOST_LEVELS, round((high - low) / step))
        ladders = [np.asarray(np.linspace(low, high, whole + 1))]
    found = np.unique(np.concatenate([*ladders, [store.initial_mwh, least, most]]))
    apart = np.concatenate([[True], np.diff(found) > NARROW * min(step, high - low)])
    found = found[apart]
    found[-1] = high
    return np.asarray(found)


def _common_step(into: float, out: float) -> float:
    """The largest part of a step of charging that a step of discharging is nearly a multiple of; 0 without one."""
    for parts in range(1, MOST_PARTS + 1):
        if into > 0 and abs(out * parts / into - round(out * parts / into)) < NEAR_MULTIPLE:
            return into / parts
    return 0.0


def window_mwh(store: Store, steps: int, minutes: int) -> tuple[FloatArray, FloatArray]:
    """Least and most content after each interval from which the terminal condition can still be met."""
    floor, ceiling = np.empty(steps), np.empty(steps)
    low, high = store.end_range_mwh
    kept = store.kept(minutes)
    into, out = store.steppers(minutes)
    for t in range(steps - 1, -1, -1):
        floor[t], ceiling[t] = low, high
        low = max(store.minimum_mwh, (low - into(low)) / kept)
        high = min(store.energy_mwh, (high + out(high)) / kept)
    return floor, ceiling


def _by_step(paths: FloatArray | None) -> FloatArray:
    """Intervals x paths, contiguous; one empty row for nothing."""
    if paths is None:
        return read_only(np.zeros((0, 1)))
    found = np.ascontiguousarray(np.asarray(paths, dtype=np.float64).T)
    if found.ndim != 2 or not np.isfinite(found).all():
        raise ValueError("paths must be a finite array of paths x intervals")
    return read_only(found)
