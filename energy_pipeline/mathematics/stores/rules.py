"""Simple rules for operating a store, to hold the policy against.

What belongs here: fixed schedule, static thresholds, strip of spread options, intrinsic, rolling
intrinsic; each gives the contents it leads to. What does not: the policy itself (`policy`), perfect
foresight (`foresight`).

All rules see an interval's price before they act on it (information: sequential) and never a later
one. What they may expect of later prices is an `Outlook`: a mean path to which deviations return.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.domain.units import hours_of
from energy_pipeline.mathematics.stores.perfect_foresight import numbers_of, sweep
from energy_pipeline.mathematics.stores.policy import window_mwh
from energy_pipeline.mathematics.stores.store import Store, end_segments

NOON, EVENING = 11, 18
"""First hours of the fixed schedule's charging and discharging."""
QUANTILES = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98)
OPTION_FLOOR_EUR = 1e-9
ROOM_MWH = 1e-9
HALVINGS = 16
"""Of the cost that keeps a plan under a limit: to within a cent."""


@dataclass(frozen=True)
class Outlook:
    """What is expected of prices: E[P_u | P_t] = mean_u + decay^(u - t) (P_t - mean_t).

    Attributes
    ----------
    mean_eur_mwh : array, shape (intervals,)
    decay : float
        Share of a deviation left an interval later.
    deviation_eur_mwh : array, shape (intervals,)
        Standard deviation of each price about its mean.
    """

    mean_eur_mwh: FloatArray
    decay: float
    deviation_eur_mwh: FloatArray

    def given(self, t: int, price_eur_mwh: float) -> FloatArray:
        """Prices from interval t on, the first of them known.

        >>> Outlook(np.array([10.0, 20.0]), 0.5, np.ones(2)).given(0, 14.0).tolist()
        [14.0, 22.0]
        """
        ahead = np.arange(self.mean_eur_mwh.size - t)
        return np.asarray(self.mean_eur_mwh[t:] + self.decay**ahead * (price_eur_mwh - self.mean_eur_mwh[t]))


def clipped(store: Store, wishes_mwh: FloatArray, minutes: int) -> FloatArray:
    """Contents after each interval when each asks for a change of its content [MWh], as far as limits allow.

    Parameters
    ----------
    wishes_mwh : array, shape (paths, intervals)
        Positive: into the store.
    """
    paths, steps = wishes_mwh.shape
    into, out, kept = float(store.charge_step_mwh(minutes)), float(store.discharge_step_mwh(minutes)), store.kept(minutes)
    floor, ceiling = window_mwh(store, steps, minutes)
    stored = np.empty((paths, steps))
    content, room = np.full(paths, store.initial_mwh), np.full(paths, _room_mwh(store))
    for t in range(steps):
        y = kept * content
        wished = np.clip(wishes_mwh[:, t], -out, into)
        content = np.clip(np.clip(y + wished, floor[t], ceiling[t]), y - np.minimum(out, room), y + into)
        stored[:, t] = np.clip(content, store.minimum_mwh, store.energy_mwh)
        content = stored[:, t]
        room = room - np.maximum(y - content, 0.0)
    return stored


def _room_mwh(store: Store) -> float:
    """What the limits on cycles let leave the store [MWh of content]."""
    limits = [c for c in (store.cycles_per_day, store.cycles_per_week, store.cycles_in_all) if c is not None]
    return min(limits, default=np.inf) * store.energy_mwh / store.discharge_efficiency


def _best(store: Store, prices_eur_mwh: FloatArray, minutes: int, content_mwh: float, room_mwh: float) -> FloatArray:
    """Contents of the plan that is best on these prices and lets no more than `room_mwh` leave."""
    prices, ends = np.ascontiguousarray(prices_eur_mwh), end_segments(store)

    def plan(extra: float) -> tuple[FloatArray, float]:
        dearer = replace(store, cycle_cost_eur_mwh=store.cycle_cost_eur_mwh + extra)
        stored, _, _ = sweep(numbers_of(dearer, minutes, store.end_range_mwh[0], content_mwh), prices, *ends)
        return stored, float(np.maximum(store.kept(minutes) * np.append(content_mwh, stored[:-1]) - stored, 0.0).sum())

    found, used = plan(0.0)
    if used <= room_mwh + ROOM_MWH:
        return found
    low, high = 0.0, float(np.ptp(prices)) / min(store.round_trip, 1.0) + abs(float(prices.max())) + 1.0
    found, used = plan(high)
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        tried, used = plan(middle)
        if used <= room_mwh + ROOM_MWH:
            found, high = tried, middle
        else:
            low = middle
    return found


def fixed_schedule(store: Store, hour_of_day: FloatArray, minutes: int) -> FloatArray:
    """Wishes: fill from noon, empty from the evening, every day the same, shape (1, intervals)."""
    into, out = float(store.charge_step_mwh(minutes)), float(store.discharge_step_mwh(minutes))
    delta, room = hours_of(minutes), store.energy_mwh - store.minimum_mwh
    filling, emptying = (room / step * delta for step in (into, out))
    charge = (hour_of_day >= NOON) & (hour_of_day < NOON + min(filling, EVENING - NOON))
    discharge = (hour_of_day >= EVENING) & (hour_of_day < min(EVENING + emptying, 24))
    return np.where(charge, into, np.where(discharge, -out, 0.0))[None]


def threshold_wishes(paths_eur_mwh: FloatArray, low_eur_mwh: float, high_eur_mwh: float) -> FloatArray:
    """Wishes: fill below one price, empty above another."""
    return np.where(paths_eur_mwh <= low_eur_mwh, np.inf, np.where(paths_eur_mwh >= high_eur_mwh, -np.inf, 0.0))


def best_thresholds(store: Store, paths_eur_mwh: FloatArray, minutes: int) -> tuple[float, float]:
    """The pair of static thresholds that earned most on the given (past or simulated) paths."""
    levels = np.quantile(paths_eur_mwh, QUANTILES)
    pairs = [(float(a), float(b)) for a, b in itertools.combinations(levels, 2)]
    paths, steps = paths_eur_mwh.shape
    wishes = np.concatenate([threshold_wishes(paths_eur_mwh, *pair) for pair in pairs])
    stored = clipped(store, wishes, minutes)
    prices = np.broadcast_to(paths_eur_mwh, (len(pairs), paths, steps)).reshape(-1, steps)
    earned = _values(store, stored, prices, minutes).reshape(len(pairs), paths).sum(axis=1)
    return pairs[int(np.argmax(earned))]


def intrinsic(store: Store, outlook: Outlook, minutes: int) -> FloatArray:
    """Contents of the plan that is best on the mean path, made once, shape (intervals,)."""
    return _best(store, outlook.mean_eur_mwh, minutes, store.initial_mwh, _room_mwh(store))


def rolling_intrinsic(store: Store, outlook: Outlook, prices_eur_mwh: FloatArray, minutes: int) -> FloatArray:
    """Contents when the plan is made anew in every interval on what is then expected, shape (intervals,)."""
    content, room, stored = store.initial_mwh, _room_mwh(store), np.empty(prices_eur_mwh.size)
    for t, price in enumerate(prices_eur_mwh):
        next_content = float(_best(store, outlook.given(t, float(price)), minutes, content, room)[0])
        room -= max(store.kept(minutes) * content - next_content, 0.0)
        content = stored[t] = next_content
    return stored


@dataclass(frozen=True)
class Strip:
    """Spread options the store is cut into: buy in interval i, sell in interval j, `share` of the power each."""

    buy: np.ndarray[tuple[int, ...], np.dtype[np.int64]]
    sell: np.ndarray[tuple[int, ...], np.dtype[np.int64]]
    share: FloatArray
    value_eur: float


def strip_of_options(store: Store, outlook: Outlook, minutes: int) -> Strip:
    """The most valuable set of spread options the store can serve, chosen once, by linear programme.

    An option on (i, j) is exercised at i if b (E[P_j | P_i] - k) > (P_i + j) / a. Its value is that of
    a normal spread option (`spreads.bachelier`), a lower bound to the store's.
    """
    from scipy.optimize import linprog
    from scipy.sparse import csr_array, vstack
    from scipy.stats import norm

    steps = outlook.mean_eur_mwh.size
    first, second = np.triu_indices(steps, 1)
    mean, a, b = outlook.mean_eur_mwh, store.charge_efficiency, store.discharge_efficiency
    gain = b * (mean[second] - store.cycle_cost_eur_mwh) - (mean[first] + store.charge_cost_eur_mwh) / a
    spread = np.maximum(np.abs(b * outlook.decay ** (second - first) - 1.0 / a) * outlook.deviation_eur_mwh[first], 1e-12)
    into, out = float(store.charge_step_mwh(minutes)), float(store.discharge_step_mwh(minutes))
    worth = into * (gain * norm.cdf(gain / spread) + spread * norm.pdf(gain / spread))
    keep = worth > OPTION_FLOOR_EUR + 1e-3 * worth.max(initial=0.0)
    first, second, worth = first[keep], second[keep], worth[keep]
    if not first.size:
        return Strip(first, second, np.zeros(0), 0.0)
    column = np.arange(first.size)
    bought = csr_array((np.ones(first.size), (first, column)), shape=(steps, first.size))
    sold = csr_array((np.full(first.size, into / out), (second, column)), shape=(steps, first.size))
    time = np.arange(steps)[:, None]
    held = csr_array(((time >= first) & (time < second)) * into)
    room = np.concatenate([np.ones(2 * steps), np.full(steps, store.energy_mwh - store.initial_mwh)])
    found: Any = linprog(-worth, A_ub=vstack([bought + sold, sold, held]), b_ub=room, bounds=(0, 1), method="highs")
    chosen = found.x > 1e-9
    return Strip(first[chosen].astype(np.int64), second[chosen].astype(np.int64), np.asarray(found.x[chosen]), float(-found.fun))


def strip_wishes(store: Store, outlook: Outlook, strip: Strip, prices_eur_mwh: FloatArray, minutes: int) -> FloatArray:
    """Wishes of a strip on paths: an option exercised at i fills there and empties at j."""
    prices = np.atleast_2d(prices_eur_mwh)
    into = float(store.charge_step_mwh(minutes))
    wishes = np.zeros(prices.shape)
    for i, j, share in zip(strip.buy, strip.sell, strip.share, strict=True):
        expected = outlook.mean_eur_mwh[j] + outlook.decay ** int(j - i) * (prices[:, i] - outlook.mean_eur_mwh[i])
        cost = (prices[:, i] + store.charge_cost_eur_mwh) / store.charge_efficiency
        exercised = store.discharge_efficiency * (expected - store.cycle_cost_eur_mwh) > cost
        wishes[:, i] += np.where(exercised, share * into, 0.0)
        wishes[:, j] -= np.where(exercised, share * into, 0.0)
    return wishes


def _values(store: Store, stored: FloatArray, prices: FloatArray, minutes: int) -> FloatArray:
    from energy_pipeline.mathematics.stores.policy import run_of

    return run_of(replace(store), stored, prices, minutes).value_eur
