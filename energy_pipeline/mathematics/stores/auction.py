"""A store in the day-ahead auction: the day's quantities, or bids with limits, fixed before any of its prices.

What belongs here: the dynamic programme over days, its policy, bid curves. What does not:
decisions that see the interval's price first (`policy`).

The stage is the day. Given what is known at the gate (one number, `seen`), quantities fixed
beforehand earn their conditional mean prices, so the day itself is a store on known prices whose
end is worth the conditional expectation of the next midnight's value: exactly solvable. Value and
mean prices are regressed on hat functions of `seen`, backwards over the days.

Bids. A sale of the plan may be made conditional on a limit price: below V / b + k, with V the
value of a MWh at the coming midnight, the energy is better kept; a purchase above a V - j is
better left. An order is made conditional only if every outcome of all conditional orders keeps
the store within its window, so that what is accepted can always be delivered.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.domain.units import hours_of
from energy_pipeline.mathematics.stores.hats import Hats, fit
from energy_pipeline.mathematics.stores.perfect_foresight import numbers_of, sweep
from energy_pipeline.mathematics.stores.policy import PolicyRun, levels_mwh, run_of, window_mwh
from energy_pipeline.mathematics.stores.store import TOLERANCE_MWH, Store

DAY_KNOTS = (0.0, 0.05, 0.2, 0.4, 0.6, 0.8, 0.95, 1.0)
BISECTIONS = 40
MIDNIGHT_LEVELS = 20


@dataclass(frozen=True)
class DayBids:
    """Orders of one day.

    Attributes
    ----------
    charge_mw, discharge_mw : arrays, shape (intervals,)
        Quantities bid; never both in one interval.
    buy_limit_eur_mwh, sell_limit_eur_mwh : arrays
        Bought only at or below, sold only at or above. Plus and minus infinity: at any price.
    state_of_charge_mwh : array
        If all is accepted.
    midnight_value_eur_mwh : float
        Value of a MWh at the end of the day.
    """

    charge_mw: FloatArray
    discharge_mw: FloatArray
    buy_limit_eur_mwh: FloatArray
    sell_limit_eur_mwh: FloatArray
    state_of_charge_mwh: FloatArray
    midnight_value_eur_mwh: float

    def accepted(self, prices_eur_mwh: FloatArray) -> tuple[FloatArray, FloatArray]:
        """What is bought and sold at the auction's prices [MW]."""
        bought = np.where(prices_eur_mwh <= self.buy_limit_eur_mwh, self.charge_mw, 0.0)
        return bought, np.where(prices_eur_mwh >= self.sell_limit_eur_mwh, self.discharge_mw, 0.0)


def day_bids(
    store: Store,
    mean_prices: FloatArray,
    minutes: int,
    grid_mwh: FloatArray,
    midnight_eur: FloatArray,
    content_mwh: float,
    *,
    limits: bool,
    kept_eur_mwh: float | None = None,
) -> DayBids:
    """The best orders for a day, given its mean prices and what each content is worth at its end.

    Parameters
    ----------
    mean_prices : array, shape (intervals,)
    grid_mwh, midnight_eur : arrays, shape (levels,)
        Expected value at the end of the day by content; made concave where noise has bent it.
    content_mwh : float
        Energy stored at the beginning.
    limits : bool
        Whether orders may be conditional on their price.
    kept_eur_mwh : float, optional
        What a MWh that is not sold is worth; by default the slope of `midnight_eur` where the plan ends.
    """
    slopes, lengths = _concave(grid_mwh, midnight_eur)
    stored, _ = _within_cycles(store, mean_prices, minutes, slopes, lengths, float(grid_mwh[0]), content_mwh)
    before = np.concatenate([[content_mwh], stored[:-1]]) * store.kept(minutes)
    moved = np.where(np.abs(stored - before) < 1e-10, 0.0, stored - before)
    delta = hours_of(minutes)
    charge = np.maximum(moved, 0.0) / (delta * store.charge_efficiency)
    discharge = np.maximum(-moved, 0.0) * store.discharge_efficiency / delta
    at = min(int(np.searchsorted(np.cumsum(lengths), stored[-1] - grid_mwh[0] + 1e-12)), slopes.size - 1) if slopes.size else 0
    worth = kept_eur_mwh if kept_eur_mwh is not None else float(slopes[at]) if slopes.size else 0.0
    buy, sell = np.full(moved.size, np.inf), np.full(moved.size, -np.inf)
    if limits:
        window = (float(grid_mwh[0]), float(grid_mwh[-1]))
        buy, sell = _with_limits(store, moved, content_mwh, minutes, window, worth)
    return DayBids(charge, discharge, buy, sell, stored, worth)


def _with_limits(
    store: Store, moved: FloatArray, content: float, minutes: int, end_window: tuple[float, float], worth: float
) -> tuple[FloatArray, FloatArray]:
    """Limits of the orders that may safely fail; the latest are looked at first."""
    buy, sell = np.full(moved.size, np.inf), np.full(moved.size, -np.inf)
    kept = store.kept(minutes)
    if kept < 1.0:
        return buy, sell
    may_fail = np.zeros(moved.size, dtype=bool)
    for t in reversed(np.flatnonzero(moved)):
        may_fail[t] = True
        low = content + np.cumsum(np.where(may_fail & (moved > 0), 0.0, moved))
        high = content + np.cumsum(np.where(may_fail & (moved < 0), 0.0, moved))
        fits = low.min() >= store.minimum_mwh - TOLERANCE_MWH and high.max() <= store.energy_mwh + TOLERANCE_MWH
        if not fits or low[-1] < end_window[0] - TOLERANCE_MWH or high[-1] > end_window[1] + TOLERANCE_MWH:
            may_fail[t] = False
        elif moved[t] > 0:
            buy[t] = store.charge_efficiency * worth - store.charge_cost_eur_mwh
        else:
            sell[t] = worth / store.discharge_efficiency + store.cycle_cost_eur_mwh
    return buy, sell


def _concave(grid: FloatArray, values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Falling slopes: pooled where they rise (isotonic regression weighted by length)."""
    lengths = np.diff(grid)
    pools: list[list[float]] = []
    for slope, length in zip(np.diff(values) / lengths, lengths, strict=True):
        pools.append([float(slope), float(length)])
        while len(pools) > 1 and pools[-2][0] < pools[-1][0]:
            (a, la), (b, lb) = pools[-2], pools[-1]
            pools[-2:] = [[(a * la + b * lb) / (la + lb), la + lb]]
    found = np.array(pools).reshape(-1, 2)
    return np.ascontiguousarray(found[:, 0]), np.ascontiguousarray(found[:, 1])


def _within_cycles(
    store: Store, prices: FloatArray, minutes: int, slopes: FloatArray, lengths: FloatArray, low: float, content: float
) -> tuple[FloatArray, float]:
    """Contents of the best day, and the shadow cost of a cycle: the smallest that keeps the day's limit.

    At that cost more than one day is optimal; the mean of one that discharges less and one that
    discharges more meets the limit exactly (the problem is linear).
    """
    numbers = numbers_of(store, minutes, low, content)
    prices = np.ascontiguousarray(prices, dtype=np.float64)

    def day(shadow: float) -> tuple[FloatArray, float]:
        given = numbers.copy()
        given[7] += shadow
        stored, _, _ = sweep(given, prices, slopes, lengths)
        moved = stored - np.concatenate([[content], stored[:-1]]) * store.kept(minutes)
        return stored, float(np.maximum(-moved, 0.0).sum())

    stored, out = day(0.0)
    most = np.inf if store.cycles_per_day is None else store.cycles_per_day * store.energy_mwh / store.discharge_efficiency
    if out <= most + TOLERANCE_MWH:
        return stored, 0.0
    below, above = 0.0, float(np.ptp(prices) + np.abs(slopes).max(initial=0.0)) + 1.0
    few, few_out = day(above)
    for _ in range(BISECTIONS):
        middle = 0.5 * (below + above)
        found, found_out = day(middle)
        if found_out > most:
            below, stored, out = middle, found, found_out
        else:
            above, few, few_out = middle, found, found_out
    share = (most - few_out) / (out - few_out) if out > few_out else 0.0
    return few + max(0.0, share) * (stored - few), above


def midnight_curve(store: Store, days: FloatArray, minutes: int, rounds: int = 4) -> tuple[tuple[float, float], ...]:
    """What each content is worth at midnight when days like the given ones follow, as (MWh, EUR) points.

    The fixed point of V(s) = mean over days of the best day from s that ends in V: dynamic programming
    over days whose plans (forecasts) are drawn from the recent ones. Emptiness is worth nothing.

    Parameters
    ----------
    days : array, shape (days, intervals)
        Price curves that days were, or would have been, planned on.

    Examples
    --------
    >>> days = np.tile(np.array([10.0, 50.0]), (3, 1))
    >>> midnight_curve(Store(1.0, 1.0, 1.0), days, 60)[-1]
    (1.0, 10.0)
    """
    grid = np.linspace(store.minimum_mwh, store.energy_mwh, MIDNIGHT_LEVELS + 1)
    slopes = np.zeros(MIDNIGHT_LEVELS)
    for _ in range(rounds):
        slopes = _mean_slopes(replace(store, cycles_per_day=None), [(prices, minutes) for prices in days], grid, slopes)
    return _points(grid, slopes)


def week_curve(store: Store, days: Sequence[tuple[FloatArray, int]], rounds: int = 4) -> tuple[tuple[float, float], ...]:
    """What each content is worth at midnight when the given days follow, in their order, and then weeks like them, as (MWh, EUR) points.

    Dynamic programming over days on expected prices, from the fixed point of an average of the days. A limit on the cycles of
    a day enters by its shadow cost, so that energy kept is not worth what the next day may not deliver.

    Parameters
    ----------
    days : sequence of (prices, minutes)
        Expected prices of each day that follows [EUR/MWh], and the length of its intervals.

    Examples
    --------
    >>> week_curve(Store(1.0, 1.0, 1.0), [(np.array([10.0, 50.0]), 60)] * 3)[-1]
    (1.0, 10.0)
    """
    grid = np.linspace(store.minimum_mwh, store.energy_mwh, MIDNIGHT_LEVELS + 1)
    slopes = np.zeros(MIDNIGHT_LEVELS)
    for _ in range(rounds):
        slopes = _mean_slopes(store, days, grid, slopes)
    for day in reversed(days):
        slopes = _mean_slopes(store, [day], grid, slopes)
    return _points(grid, slopes)


def _points(grid: FloatArray, slopes: FloatArray) -> tuple[tuple[float, float], ...]:
    values = np.concatenate([[0.0], np.cumsum(slopes * np.diff(grid))])
    return tuple((float(s), float(v)) for s, v in zip(grid, values, strict=True))


def _mean_slopes(store: Store, days: Sequence[tuple[FloatArray, int]], grid: FloatArray, slopes: FloatArray) -> FloatArray:
    """Slopes at the begin of a day, averaged over days that each end in `slopes`."""
    from energy_pipeline.mathematics.stores.foresight_kernel import backward

    middle, lengths, found = 0.5 * (grid[1:] + grid[:-1]), np.diff(grid), np.zeros(slopes.size)
    for given, minutes in days:
        prices = np.ascontiguousarray(given, dtype=np.float64)
        numbers = numbers_of(store, minutes, float(grid[0]), float(grid[0]))
        if store.cycles_per_day is not None:
            numbers[7] += _within_cycles(store, prices, minutes, slopes, lengths, float(grid[0]), float(grid[0]))[1]
        flat_slope, flat_length, begins, first, _ = backward(prices, numbers, slopes, lengths)
        begin, end = begins[prices.size], begins[prices.size + 1]
        edges = first[prices.size] + np.cumsum(flat_length[begin:end])
        found += flat_slope[begin + np.minimum(np.searchsorted(edges, middle), end - begin - 1)]
    return _concave_on(grid, found / len(days))[0]


def _concave_on(grid: FloatArray, slopes: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Falling slopes on the same grid."""
    values = np.concatenate([[0.0], np.cumsum(slopes * np.diff(grid))])
    pooled, lengths = _concave(grid, values)
    edges = grid[0] + np.cumsum(lengths)
    middle = 0.5 * (grid[1:] + grid[:-1])
    return np.ascontiguousarray(pooled[np.minimum(np.searchsorted(edges, middle), pooled.size - 1)]), np.diff(grid)


@dataclass(frozen=True)
class AuctionPolicy:
    """A trained policy for the auction.

    Attributes
    ----------
    grid_mwh : array
        Contents at midnight.
    mean_prices, midnight_eur : tuples of Hats, one per day
        Expected prices, and value at the end of the day by content, given what is seen at the gate.
    end_windows_mwh : tuple of (least, most), one per day
        Contents at the end of the day from which the terminal condition can still be met.
    limits : bool
        Whether orders are conditional: whichever earned more on the training paths.
    """

    store: Store
    minutes: int
    grid_mwh: FloatArray
    mean_prices: tuple[Hats, ...]
    midnight_eur: tuple[Hats, ...]
    end_windows_mwh: tuple[tuple[float, float], ...]
    limits: bool

    def bids(self, day: int, seen: float, content_mwh: float) -> DayBids:
        """Orders of a day from what is seen at its gate."""
        at = np.array([seen])
        grid, values = _cut(self.grid_mwh, self.midnight_eur[day].at(at)[0], *self.end_windows_mwh[day])
        return day_bids(self.store, self.mean_prices[day].at(at)[0], self.minutes, grid, values, content_mwh, limits=self.limits)

    def run(self, day_prices_eur_mwh: FloatArray, seen: FloatArray) -> PolicyRun:
        """Bid day by day on fresh paths.

        Parameters
        ----------
        day_prices_eur_mwh : array, shape (paths, days, intervals)
        seen : array, shape (paths, days)
        """
        prices = np.asarray(day_prices_eur_mwh, dtype=np.float64)
        paths, days, hours = prices.shape
        stored = np.empty((paths, days * hours))
        flow, out = hours_of(self.minutes) * self.store.charge_efficiency, hours_of(self.minutes) / self.store.discharge_efficiency
        kept = self.store.kept(self.minutes)
        for i in range(paths):
            content = self.store.initial_mwh
            for d in range(days):
                orders = self.bids(d, float(seen[i, d]), content)
                if not self.limits:
                    stored[i, d * hours : (d + 1) * hours] = orders.state_of_charge_mwh
                else:
                    bought, sold = orders.accepted(prices[i, d])
                    for t in range(hours):
                        content = kept * content + flow * bought[t] - out * sold[t]
                        stored[i, d * hours + t] = content
                content = float(stored[i, (d + 1) * hours - 1])
        stored = np.clip(stored, self.store.minimum_mwh, self.store.energy_mwh)
        return run_of(self.store, stored, prices.reshape(paths, -1), self.minutes)


def _cut(grid: FloatArray, values: FloatArray, low: float, high: float) -> tuple[FloatArray, FloatArray]:
    inside = grid[(grid > low + TOLERANCE_MWH) & (grid < high - TOLERANCE_MWH)]
    points = np.concatenate([[low], inside, [high]]) if high > low else np.array([low])
    return points, np.interp(points, grid, values)


def train_auction(
    store: Store, day_prices_eur_mwh: FloatArray, seen: FloatArray, minutes: int = 60, weights: FloatArray | None = None, try_paths: int = 200
) -> AuctionPolicy:
    """Learn what energy is worth at each midnight, from simulated days.

    Parameters
    ----------
    day_prices_eur_mwh : array, shape (paths, days, intervals)
    seen : array, shape (paths, days)
        What is known at each day's gate: a number its prices and the following days' depend on.
    weights : array, shape (paths,), optional
        How much each path counts.
    try_paths : int
        Training paths on which conditional orders are compared with plain quantities.

    Raises
    ------
    InfeasibleError
    """
    prices = np.asarray(day_prices_eur_mwh, dtype=np.float64)
    _, days, hours = prices.shape
    store.check(days * hours, minutes)
    grid = levels_mwh(store, hours, minutes)
    means: list[Hats] = []
    midnights: list[Hats] = []
    floor, ceiling = window_mwh(store, days * hours, minutes)
    later = np.broadcast_to(store.end_eur(grid), (prices.shape[0], grid.size))
    for d in range(days - 1, -1, -1):
        mean, midnight = fit(seen[:, d], prices[:, d], weights, DAY_KNOTS), fit(seen[:, d], later, weights, DAY_KNOTS)
        means.append(mean)
        midnights.append(midnight)
        if d == 0:
            break
        end = (d + 1) * hours - 1
        begin, _ = _cut(grid, grid, floor[end - hours], ceiling[end - hours])
        ends = [_cut(grid, v, floor[end], ceiling[end]) for v in midnight.values]
        at_knots = np.array([_day_values(store, m, minutes, *e, begin, grid) for m, e in zip(mean.values, ends, strict=True)])
        later = Hats(mean.knots, at_knots).at(seen[:, d])
    windows = tuple((float(floor[e]), float(ceiling[e])) for e in range(hours - 1, days * hours, hours))
    plain = AuctionPolicy(store, minutes, grid, tuple(reversed(means)), tuple(reversed(midnights)), windows, limits=False)
    bold = replace(plain, limits=True)
    few = slice(0, try_paths)
    gain = bold.run(prices[few], seen[few]).value_eur - plain.run(prices[few], seen[few]).value_eur
    counted = np.ones(gain.size) if weights is None else weights[few]
    return bold if float(counted @ gain) > 0 else plain


def _day_values(
    store: Store, mean_prices: FloatArray, minutes: int, end_grid: FloatArray, end_values: FloatArray, begin: FloatArray, grid: FloatArray
) -> FloatArray:
    """Value at the beginning of a day by content; contents it may not have get the nearest allowed one's."""
    slopes, lengths = _concave(end_grid, end_values)
    found = np.empty(begin.size)
    for n, content in enumerate(begin):
        stored, _shadow = _within_cycles(store, mean_prices, minutes, slopes, lengths, float(end_grid[0]), float(content))
        run = run_of(replace(store, initial_mwh=float(content)), stored[None], mean_prices[None], minutes)
        found[n] = run.margin_eur[0] + np.interp(stored[-1], end_grid, end_values)
    return np.asarray(np.interp(grid, begin, found))
