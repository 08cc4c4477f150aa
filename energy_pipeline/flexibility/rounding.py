"""A store's orders in the market's steps of power, so that what is sent can be done.

What belongs here: rounding quantities of one day. What does not: limits' ticks (`book.clearing.in_ticks`), the orders themselves.
"""

from __future__ import annotations

import math

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.domain.units import hours_of
from energy_pipeline.mathematics.stores.store import Store

TICK_MW = 0.1
SAME_MWH = 1e-9
BoolArray = np.ndarray[tuple[int], np.dtype[np.bool_]]


def in_steps_mw(store: Store, net_mw: FloatArray, minutes: int, may_fail: BoolArray | None = None) -> FloatArray:
    """Quantities in steps of 0.1 MW near those planned, that keep the store within power, window and cycles whatever fails.

    Each is rounded to the nearest step within its power. Where the contents then leave the window (or what the plan itself
    reaches beyond it), the latest sale before is a step smaller, or the latest purchase where it overflows, until they do not.

    Parameters
    ----------
    store : Store
        With the content the day begins with.
    net_mw : array, shape (intervals,)
        Sales positive.
    may_fail : array of bool, optional
        Orders with a limit: each may be taken or not.

    Examples
    --------
    >>> in_steps_mw(Store(1.0, 1.0, 1.0), np.array([-0.96, 0.96]), 60).tolist()
    [-1.0, 1.0]
    >>> in_steps_mw(Store(0.97, 1.0, 1.0), np.array([-0.97, 0.97]), 60).tolist()
    [-0.9, 0.9]
    """
    most = np.where(net_mw > 0, math.floor(store.discharge_mw / TICK_MW + SAME_MWH), math.floor(store.charge_mw / TICK_MW + SAME_MWH))
    steps = np.minimum(np.rint(np.abs(net_mw) / TICK_MW), most)
    sells, fails = net_mw > 0, np.zeros(net_mw.size, dtype=bool) if may_fail is None else may_fail
    per_step = TICK_MW * hours_of(minutes) * np.where(sells, -1.0 / store.discharge_efficiency, store.charge_efficiency)
    _fewer_cycles(store, net_mw, steps, sells)

    def reached(moved_mwh: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Contents if all purchases that may fail do, and if all sales that may fail do."""
        without_buys, without_sales = np.where(fails & ~sells, 0.0, moved_mwh), np.where(fails & sells, 0.0, moved_mwh)
        return _contents(store, without_buys, minutes), _contents(store, without_sales, minutes)

    planned = reached(np.abs(net_mw) / TICK_MW * per_step)
    least, most_mwh = min(store.minimum_mwh, float(planned[0].min())), max(store.energy_mwh, float(planned[1].max()))
    while True:
        low, high = reached(steps * per_step)
        short, over = np.flatnonzero(low < least - SAME_MWH), np.flatnonzero(high > most_mwh + SAME_MWH)
        at, kind = (short[0], sells) if short.size else (over[0], ~sells) if over.size else (-1, sells)
        before = np.flatnonzero(kind[: at + 1] & (steps[: at + 1] > 0))
        if at < 0 or before.size == 0:
            return np.where(sells, 1.0, -1.0) * np.round(steps * TICK_MW, 1) + 0.0
        steps[before[-1]] -= 1.0


def _fewer_cycles(store: Store, net_mw: FloatArray, steps: FloatArray, sells: BoolArray) -> None:
    """Sales no larger in all than planned, where cycles are limited."""
    if not store.is_limited_in_cycles:
        return
    planned = float(net_mw[sells].sum()) / TICK_MW + SAME_MWH
    while float(steps[sells].sum()) > planned:
        steps[np.flatnonzero(sells & (steps > 0))[-1]] -= 1.0


def _contents(store: Store, moved_mwh: FloatArray, minutes: int) -> FloatArray:
    """Content after each interval [MWh]."""
    kept, now, found = store.kept(minutes), store.initial_mwh, np.empty(moved_mwh.size)
    for t, moved in enumerate(moved_mwh):
        now = now * kept + moved
        found[t] = now
    return found
