"""What a store could earn at most on each of many price paths: perfect foresight, values only.

What belongs here: the upper bound that a valuation sets beside its policy. What does not: schedules
(`perfect_foresight`), the programme of a single path (`milp`).

A limit on cycles ties the hours of a day together, and a solver per path costs milliseconds. With a price
lambda on each MWh discharged the limit L goes, and the compiled dynamic programme is left:

    f(lambda) = max over operations of value - lambda (D - L),   D the MWh discharged.

f is convex and piecewise linear, and its least value over lambda >= 0 is the value under the limit (duality of
linear programmes). One operation that discharges too much and one that does not give two of its lines; where they meet,
f is evaluated again, and one of the two is replaced until f lies on both: then their mixture with D = L earns
just that. This ends after at most as many steps as f has pieces between.

Prices so negative that charging and discharging at once would pay make operations that cannot be mixed: the
mixture is kept where it does neither at once in such an interval, and otherwise the path goes to the solver.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.domain.units import hours_of
from energy_pipeline.mathematics.stores.concave_kernel import SNAP_MW
from energy_pipeline.mathematics.stores.milp import DAYS_PER_WEEK, needs_binary
from energy_pipeline.mathematics.stores.perfect_foresight import foresight, numbers_of, sweep
from energy_pipeline.mathematics.stores.store import HOURS_PER_DAY, Store, end_segments

CYCLE_COST = 7
"""Place of the cycle cost in `numbers_of`."""
MOST_EUR_MWH = 1e7
"""A limit that a higher price than this does not keep cannot be kept."""
NEAR = 1e-12
"""Relative: f lies on the lines."""
MOST_STEPS = 200


@dataclass(frozen=True)
class _Operation:
    """One way to run the store: what it earns, what it discharges."""

    value_eur: float
    discharged_mwh: float
    charge_mw: FloatArray
    discharge_mw: FloatArray


def foresight_values_eur(store: Store, paths_eur_mwh: FloatArray, minutes: int) -> FloatArray:
    """Margin and value of what is left under perfect foresight, by path [EUR].

    Parameters
    ----------
    paths_eur_mwh : array, shape (paths, intervals)
        Finite.

    Returns
    -------
    array, shape (paths,)
        `foresight(store, path, minutes).value_eur` of each; without limits on cycles to the bit, with them within 1e-9 of its size.

    Raises
    ------
    InfeasibleError
        Before solving, naming the limits that conflict.

    Examples
    --------
    >>> store = Store(1.0, 1.0, 1.0, cycles_per_day=1.5)
    >>> foresight_values_eur(store, np.array([[10.0, 50.0, 20.0, 35.0], [10.0, 50.0, 50.0, 10.0]]), 60).tolist()
    [47.5, 40.0]
    """
    store.check(paths_eur_mwh.shape[1], minutes)
    limit = _one_limit_mwh(store, paths_eur_mwh.shape[1], minutes)
    found = []
    for path in np.ascontiguousarray(paths_eur_mwh, dtype=np.float64):
        quick = _under_limit(store, path, minutes, limit) if limit is not None and np.isfinite(path).all() else None
        found.append(foresight(store, path, minutes).value_eur if quick is None else quick)
    return np.array(found)


def foresight_bounds_eur(store: Store, paths_eur_mwh: FloatArray, minutes: int) -> FloatArray:
    """At least perfect foresight's value, by path [EUR], without a solver: limits on cycles of several days' spans are left out.

    Where charging and discharging at once would pay the slopes are not enough, and the solver is asked after all.
    """
    free = replace(store, cycles_per_day=None, cycles_per_week=None, cycles_in_all=None)
    is_known = _one_limit_mwh(store, paths_eur_mwh.shape[1], minutes) is not None
    return foresight_values_eur(store if is_known else free, paths_eur_mwh, minutes)


def _one_limit_mwh(store: Store, intervals: int, minutes: int) -> float | None:
    """The limit on all that is discharged over the horizon [MWh]; None where that does not say everything."""
    if not store.is_limited_in_cycles or store.charge_ratchet or store.discharge_ratchet or store.terminal == "penalised":
        return None
    hours = intervals * hours_of(minutes)
    found = np.inf
    for cycles, span in (
        (store.cycles_per_day, HOURS_PER_DAY),
        (store.cycles_per_week, HOURS_PER_DAY * DAYS_PER_WEEK),
        (store.cycles_in_all, np.inf),
    ):
        if cycles is None:
            continue
        most = cycles * store.energy_mwh
        if hours <= span:
            found = min(found, most)
        elif store.discharge_mw * min(span, hours) > most:
            return None
    return found


def _under_limit(store: Store, prices: FloatArray, minutes: int, limit_mwh: float) -> float | None:
    """The value under one limit, or None where the operations found cannot be mixed."""
    small = NEAR * (1.0 + limit_mwh)
    over = _best(store, prices, minutes, 0.0)
    if over.discharged_mwh <= limit_mwh + small:
        return over.value_eur
    price, under = float(prices.max() - min(prices.min(), 0.0)) + 1.0, over
    while under.discharged_mwh > limit_mwh + small:
        if price > MOST_EUR_MWH:
            return None
        under, price = _best(store, prices, minutes, price), 8.0 * price
    for _ in range(MOST_STEPS):
        meet = max(0.0, (over.value_eur - under.value_eur) / (over.discharged_mwh - under.discharged_mwh))
        line = over.value_eur - meet * (over.discharged_mwh - limit_mwh)
        best = _best(store, prices, minutes, meet)
        at = best.value_eur - meet * (best.discharged_mwh - limit_mwh)
        if at <= line + NEAR * (1.0 + abs(line) + meet * limit_mwh):
            return _mixed(store, prices, over, under, limit_mwh)
        over, under = (best, under) if best.discharged_mwh > limit_mwh else (over, best)
    return None


def _best(store: Store, prices: FloatArray, minutes: int, price_eur_mwh: float) -> _Operation:
    """The best operation without limit when each MWh discharged costs so much more."""
    numbers = numbers_of(store, minutes, store.end_range_mwh[0], store.initial_mwh)
    numbers[CYCLE_COST] += price_eur_mwh
    stored, _, _ = sweep(numbers, prices, *end_segments(store))
    delta = hours_of(minutes)
    moved = stored - store.kept(minutes) * np.concatenate([[store.initial_mwh], stored[:-1]])
    charge, discharge = np.maximum(moved, 0.0) / (delta * store.charge_efficiency), np.maximum(-moved, 0.0) * (store.discharge_efficiency / delta)
    charge, discharge = charge * (charge >= SNAP_MW), discharge * (discharge >= SNAP_MW)
    cash = prices @ (discharge - charge) - store.cycle_cost_eur_mwh * discharge.sum() - store.charge_cost_eur_mwh * charge.sum()
    return _Operation(delta * float(cash) + float(store.end_eur(stored[-1])), delta * float(discharge.sum()), charge, discharge)


def _mixed(store: Store, prices: FloatArray, over: _Operation, under: _Operation, limit_mwh: float) -> float | None:
    """Value of the mixture that discharges just the limit."""
    share = (limit_mwh - under.discharged_mwh) / (over.discharged_mwh - under.discharged_mwh)
    if 0.0 < share < 1.0:
        binary = needs_binary(store, prices)
        both = np.minimum(np.maximum(over.charge_mw, under.charge_mw), np.maximum(over.discharge_mw, under.discharge_mw))
        if (both[binary] > 0.0).any():
            return None
    return under.value_eur + share * (over.value_eur - under.value_eur)
