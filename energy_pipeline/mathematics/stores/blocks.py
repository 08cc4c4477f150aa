"""Exclusive groups of block orders: a store's day-ahead orders that let the auction choose the hours.

What belongs here: which windows of the day to fill and to empty in, the profiles of each window's
group, which of them an auction's prices take. What does not: hourly orders (`auction`), walks over
past days (`backtest`).

The day is cut into windows in which the store is filled, emptied, filled, ... Each window carries one
exclusive group: at most MOST_PROFILES blocks in one direction, all of the same volume and limit, of
which the auction executes exactly one, the one with the largest surplus (European coupling: exclusive
groups of block orders; profiles need not be consecutive hours). Whichever it is, the window ends full
or empty: every combination of outcomes is feasible, and no price is known when the orders are made.
Windows are chosen by dynamic programming on price scenarios; a window's profiles are those that were
best in some scenario, taken greedily by what each adds to the mean of the best.

Stores with losses over time or power that depends on the content do not fit: they keep hourly orders.
"""
# ruff: noqa: ANN001, ANN202 - compiled functions carry no annotations
# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.domain.units import hours_of
from energy_pipeline.mathematics.compilation import kernel, part
from energy_pipeline.mathematics.stores.store import TOLERANCE_MWH, Store

MOST_PROFILES = 24
"""Blocks in an exclusive group; what the European exchanges allow is of this size."""
SCENARIOS = 200
"""Scenarios windows are chosen on, at most."""
MOST_EMPTYINGS = 4
"""In a day, where no limit on cycles says less."""
IMPOSSIBLE, LAST = -1e18, -1

Window = tuple[int, int, bool, float]
"""(begin, end, charges, energy moved [MWh of content])."""


@dataclass(frozen=True)
class Group:
    """One exclusive group.

    Attributes
    ----------
    begin, end : int
        Intervals begin .. end - 1 are its window.
    charges : bool
        Direction of all its blocks.
    profiles_mw : array, shape (profiles, end - begin)
        Power of each block, positive; the first is the best on the mean of the scenarios.
    """

    begin: int
    end: int
    charges: bool
    profiles_mw: FloatArray

    def executed(self, prices_eur_mwh: FloatArray) -> int:
        """The block with the largest surplus at the day's prices."""
        paid = self.profiles_mw @ prices_eur_mwh[self.begin : self.end]
        return int(np.argmin(paid) if self.charges else np.argmax(paid))


@dataclass(frozen=True)
class BlockOrders:
    """A day's groups, in order of time.

    Attributes
    ----------
    intervals : int
    groups : tuple of Group
    expected_eur : float
        Mean margin on the scenarios if groups had no limit of size.
    """

    intervals: int
    groups: tuple[Group, ...]
    expected_eur: float

    def accepted(self, prices_eur_mwh: FloatArray) -> tuple[FloatArray, FloatArray]:
        """What is bought and sold at the auction's prices [MW]."""
        return self._powers([g.executed(prices_eur_mwh) for g in self.groups])

    def planned(self) -> tuple[FloatArray, FloatArray]:
        """What is bought and sold if every group's first block is executed [MW]."""
        return self._powers([0] * len(self.groups))

    def _powers(self, chosen: list[int]) -> tuple[FloatArray, FloatArray]:
        bought, sold = np.zeros(self.intervals), np.zeros(self.intervals)
        for group, n in zip(self.groups, chosen, strict=True):
            (bought if group.charges else sold)[group.begin : group.end] = group.profiles_mw[n]
        return bought, sold


def fits(store: Store) -> bool:
    """Whether a store can be run by whole fillings and emptyings: no losses over time, no ratchets, nothing to refill."""
    return store.self_discharge_per_day == 0 and not store.charge_ratchet and not store.discharge_ratchet


def block_orders(store: Store, scenarios_eur_mwh: FloatArray, minutes: int, most: int = MOST_PROFILES) -> BlockOrders:
    """The day's groups with the largest mean margin on the scenarios.

    Parameters
    ----------
    scenarios_eur_mwh : array, shape (scenarios, intervals)
        Equally likely days, their dependence between hours kept.
    minutes : int
    most : int
        Blocks a group may have.

    Raises
    ------
    InfeasibleError
    ValueError
        The store does not fit.

    Examples
    --------
    >>> days = np.array([[10.0, 20.0, 50.0, 40.0], [20.0, 10.0, 40.0, 50.0]])
    >>> orders = block_orders(Store(1.0, 1.0, 1.0), days, 60)
    >>> [g.profiles_mw.shape[0] for g in orders.groups], orders.expected_eur
    ([2, 2], 40.0)
    >>> bought, sold = orders.accepted(np.array([30.0, 5.0, 60.0, 70.0]))
    >>> bought.tolist(), sold.tolist()
    ([0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0])
    """
    if not fits(store):
        raise ValueError("block orders need a store without self-discharge and ratchets")
    days = np.ascontiguousarray(scenarios_eur_mwh, dtype=np.float64)
    days = days[:: -(-days.shape[0] // SCENARIOS)]
    store.check(days.shape[1], minutes)
    windows, expected = _windows(store, days, minutes)
    if expected <= IMPOSSIBLE / 2:
        raise ValueError("no whole fillings and emptyings meet the terminal condition in a day; use hourly orders")
    groups = tuple(_group(store, days, minutes, *window, most) for window in windows)
    return BlockOrders(days.shape[1], groups, expected)


def _steps(store: Store, need_mwh: float, minutes: int, *, charges: bool) -> FloatArray:
    """Power in the best, second best, .. interval that moves `need_mwh` of content [MW]."""
    rate = float(store.charge_step_mwh(minutes) if charges else store.discharge_step_mwh(minutes))
    if need_mwh <= TOLERANCE_MWH or rate <= 0:
        return np.zeros(0)
    moved = np.clip(need_mwh - rate * np.arange(int(np.ceil(need_mwh / rate - 1e-9))), 0.0, rate)
    return np.asarray(moved / store.charge_efficiency if charges else moved * store.discharge_efficiency) / hours_of(minutes)


def _cash(store: Store, power: FloatArray, minutes: int, *, charges: bool) -> tuple[FloatArray, float]:
    """(EUR per EUR/MWh of each interval's price, cost besides) of powers: margin = factors x price - cost."""
    energy = power * hours_of(minutes)
    if charges:
        return -energy, float(energy.sum() * store.charge_cost_eur_mwh)
    return energy, float(energy.sum() * store.cycle_cost_eur_mwh)


def _windows(store: Store, days: FloatArray, minutes: int) -> tuple[list[Window], float]:
    """Each window in turn, by dynamic programming over (emptyings left, interval, empty or full), and their mean margin.

    The first window may begin at the content of the start, the last may end at the least content allowed at the end.
    """
    intervals, (low, high, start, last) = days.shape[1], (store.minimum_mwh, store.energy_mwh, store.initial_mwh, store.end_range_mwh[0])
    needs = {"fill": high - low, "empty": high - low, "fill first": high - start, "empty first": start - low}
    needs |= {"fill last": last - low, "empty last": high - last} if last > low + TOLERANCE_MWH else {}
    values = {}
    for name, need in needs.items():
        charges = name.startswith("fill")
        factors, cost = _cash(store, _steps(store, need, minutes, charges=charges), minutes, charges=charges)
        values[name] = _window_values(np.ascontiguousarray(days), factors, cost, 1 if name.endswith("first") else intervals)
    ends = [_end_value(store, content) for content in (low, high, start, last)]
    cycles = _most_emptyings(store, intervals)
    worth = np.full((cycles + 1, intervals + 1, 2), IMPOSSIBLE)
    to = np.zeros((cycles + 1, intervals, 2), dtype=np.int64)  # end of the window that begins here; LAST: the day's last; 0: stay
    for c in range(cycles + 1):
        worth[c, intervals] = ends[:2]
        for t in range(intervals - 1, -1, -1):
            for state, name in ((0, "fill"), (1, "empty")):
                worth[c, t, state] = ends[state]
                if c < state:
                    continue
                found = values[name][t, t + 1 :] + worth[c - state, t + 1 :, 1 - state]
                best = int(np.argmax(found))
                if found[best] > worth[c, t, state] + TOLERANCE_MWH:
                    worth[c, t, state], to[c, t, state] = found[best], t + 1 + best
                if f"{name} last" in values and values[f"{name} last"][t, intervals] + ends[3] > worth[c, t, state] + TOLERANCE_MWH:
                    worth[c, t, state], to[c, t, state] = values[f"{name} last"][t, intervals] + ends[3], LAST
    return _path(values, worth, to, ends[2], needs)


def _path(
    values: dict[str, FloatArray], worth: FloatArray, to: np.ndarray[Any, np.dtype[np.int64]], stay: float, needs: dict[str, float]
) -> tuple[list[Window], float]:
    """Follow the best choices from the start, whose content may lie between empty and full (`stay`: doing nothing at all)."""
    c, intervals = worth.shape[0] - 1, worth.shape[1] - 1
    windows: list[Window] = []
    t, state, best = 0, -1, stay
    if needs["empty first"] <= TOLERANCE_MWH:
        state, best = 0, float(worth[c, 0, 0])
    elif needs["fill first"] <= TOLERANCE_MWH:
        state, best = 1, float(worth[c, 0, 1])
    else:
        for name, after in (("fill first", 1), ("empty first", 0)):
            if c - (1 - after) < 0:
                continue
            found = values[name][0, 1:] + worth[c - (1 - after), 1:, after]
            if found.max() > best:
                best, t, state = float(found.max()), 1 + int(np.argmax(found)), after
                windows = [(0, t, after == 1, needs[name])]
        c -= int(state == 0)
    while state >= 0 and t < intervals and to[c, t, state]:
        name, end = ("fill", "empty")[state], int(to[c, t, state])
        if end == LAST:
            return [*windows, (t, intervals, state == 0, needs[f"{name} last"])], best
        windows.append((t, end, state == 0, needs[name]))
        t, state, c = end, 1 - state, c - state
    return windows, best


def _most_emptyings(store: Store, intervals: int) -> int:
    """Whole emptyings that the limits on cycles allow in a day."""
    whole = store.energy_mwh - store.minimum_mwh
    limits = [c for c in (store.cycles_per_day, store.cycles_per_week, store.cycles_in_all) if c is not None]
    room = min((c * store.energy_mwh / store.discharge_efficiency / whole for c in limits), default=np.inf)
    return int(min(room + 1e-9, MOST_EMPTYINGS, intervals // 2))


def _end_value(store: Store, content: float) -> float:
    low, high = store.end_range_mwh
    return float(store.end_eur(np.array([content]))[0]) if low - TOLERANCE_MWH <= content <= high + TOLERANCE_MWH else IMPOSSIBLE


def _group(store: Store, days: FloatArray, minutes: int, begin: int, end: int, charges: bool, need: float, most: int) -> Group:
    """The window's profiles: first the best on the mean, then the one that adds most to the mean of the best, and so on."""
    prices, steps = days[:, begin:end], _steps(store, need, minutes, charges=charges)
    ranked = np.vstack([prices.mean(axis=0), prices])
    order = np.argsort(ranked if charges else -ranked, axis=1, kind="stable")[:, : steps.size]
    profiles = np.zeros(ranked.shape)
    np.put_along_axis(profiles, order, np.broadcast_to(steps, order.shape), axis=1)
    first: Any = np.unique(profiles, axis=0, return_index=True)[1]
    profiles = profiles[np.sort(first)]
    earned = np.asarray((-1.0 if charges else 1.0) * profiles @ prices.T)
    chosen, best = [0], np.array(earned[0])
    while len(chosen) < min(most, profiles.shape[0]):
        adds = np.maximum(earned - best, 0.0).mean(axis=1)
        n = int(np.argmax(adds))
        if adds.max() <= TOLERANCE_MWH:
            break
        chosen.append(n)
        best = np.maximum(best, earned[n])
    return Group(begin, end, charges, profiles[chosen])


@kernel(lambda t: (t.reads(2), t.reads(1), t.number, t.count))
def _window_values(days, factors, cost, begins):
    """For begin < begins: mean over days of the best assignment of `factors` to the window's prices, less `cost`.

    Factors all have one sign and fall in size: the largest goes to the lowest price (negative
    factors) or the highest. The `m` best prices of a window are kept sorted while it grows.
    """
    count, intervals = days.shape
    m = factors.size
    found = np.full((begins, intervals + 1), -1e18)
    sign = 1.0 if m > 0 and factors[0] > 0 else -1.0
    top = np.empty(m)
    for begin in range(begins):
        for end in range(begin + max(m, 1), intervals + 1):
            found[begin, end] = -cost
        for day in range(count):
            size = 0
            for t in range(begin, intervals):
                size = _insert(top, size, sign * days[day, t])
                if size == m:
                    total = 0.0
                    for k in range(m):
                        total += factors[k] * sign * top[k]
                    found[begin, t + 1] += total / count
    return found


@part
def _insert(top, size, x):
    """Keep `x` among the largest, sorted falling; returns how many there are."""
    m = top.size
    if size < m:
        at, size = size, size + 1
    elif m > 0 and x > top[m - 1]:
        at = m - 1
    else:
        return size
    while at > 0 and top[at - 1] < x:
        top[at] = top[at - 1]
        at -= 1
    top[at] = x
    return size
