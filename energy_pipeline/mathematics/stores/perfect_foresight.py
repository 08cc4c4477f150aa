"""Perfect foresight: the largest margin of a store on known prices, exactly, and the value of its energy.

What belongs here: choosing the exact method and shaping its answer. What does not: policies
that do not know the prices (`policy`), compiled sweeps (`foresight_kernel`), the mixed-integer
programme (`milp`).

Stores without cycle limits and ratchets are solved by dynamic programming on value functions,
with no grid and no solver, negative prices included. Limits on cycles tie hours together, and
ratchets bend them: those go to HiGHS, with a binary only where charging and discharging at
once could pay.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.domain.units import hours_of
from energy_pipeline.mathematics.stores.concave_kernel import SNAP_MW
from energy_pipeline.mathematics.stores.store import Store, end_segments

SEGMENTS = 6
"""Segments of a value function there is room for, on average."""


@dataclass(frozen=True)
class Plan:
    """A store's operation on known prices.

    Attributes
    ----------
    charge_mw, discharge_mw : arrays, shape (intervals,)
        Never both in one interval.
    state_of_charge_mwh : array
        Energy stored at the end of each interval.
    margin_eur : float
        Cash, without what the energy left is worth.
    value_eur : float
        Margin plus the value of the energy left, if the store's terminal condition has one.
    energy_value_eur_mwh : array or None
        V_t: gain from one more MWh stored during the interval. None where a mixed-integer
        programme was needed.
    is_concave : bool
        Whether more energy was worth less and less in every interval, so that V_t is a price.
    method : str
        "dynamic programme", "linear programme" or "mixed-integer programme"; the last says how far from the best it may be
        where the search ended before the proof.
    """

    charge_mw: FloatArray
    discharge_mw: FloatArray
    state_of_charge_mwh: FloatArray
    margin_eur: float
    value_eur: float
    energy_value_eur_mwh: FloatArray | None
    is_concave: bool
    method: str


def foresight(store: Store, prices_eur_mwh: FloatArray, minutes: int) -> Plan:
    """The best operation on these prices.

    Parameters
    ----------
    prices_eur_mwh : array, shape (intervals,)
        Finite; may be negative.
    minutes : int
        Interval length.

    Raises
    ------
    InfeasibleError
        Before solving, naming the limits that conflict.
    ValueError
        A price is not finite.

    Examples
    --------
    >>> plan = foresight(Store(1.0, 1.0, 1.0), np.array([10.0, 50.0, 20.0, 35.0]), 60)
    >>> plan.margin_eur, plan.energy_value_eur_mwh.tolist()
    (55.0, [50.0, 50.0, 35.0, 35.0])
    """
    prices = np.ascontiguousarray(prices_eur_mwh, dtype=np.float64)
    if not np.isfinite(prices).all():
        raise ValueError("prices must be finite; an unknown price cannot be scheduled on")
    store.check(prices.size, minutes)
    if store.is_limited_in_cycles or store.charge_ratchet or store.discharge_ratchet:
        from energy_pipeline.mathematics.stores.milp import solve

        charge, discharge, values, method = solve(store, prices, minutes)
        stored = np.clip(content_mwh(store, charge, discharge, minutes), store.minimum_mwh, store.energy_mwh)
        return _plan(store, prices, minutes, charge, discharge, stored, values, values is not None, method)
    return _by_dynamic_programme(store, prices, minutes)


def numbers_of(store: Store, minutes: int, end_low_mwh: float, initial_mwh: float) -> FloatArray:
    """The store as the compiled sweeps take it."""
    return np.array(
        [
            hours_of(minutes),
            store.minimum_mwh,
            store.energy_mwh,
            float(store.charge_step_mwh(minutes)),
            float(store.discharge_step_mwh(minutes)),
            store.charge_efficiency,
            store.discharge_efficiency,
            store.cycle_cost_eur_mwh,
            store.charge_cost_eur_mwh,
            store.kept(minutes),
            end_low_mwh,
            initial_mwh,
        ]
    )


def _by_dynamic_programme(store: Store, prices: FloatArray, minutes: int) -> Plan:
    numbers, ends = numbers_of(store, minutes, store.end_range_mwh[0], store.initial_mwh), end_segments(store)
    quick = _concave(numbers, prices, *ends)
    if quick is not None:
        stored, values, charge, discharge = quick
        return _plan(store, prices, minutes, charge, discharge, stored, values, True, "dynamic programme")
    stored, values, odd = _sweep_any(numbers, prices, *ends)
    before = np.concatenate([[store.initial_mwh], stored[:-1]])[: stored.size]
    moved = stored - store.kept(minutes) * before
    delta = hours_of(minutes)
    charge = np.clip(moved / (delta * store.charge_efficiency), 0.0, store.charge_mw)
    discharge = np.clip(moved * (-store.discharge_efficiency / delta), 0.0, store.discharge_mw)
    return _plan(store, prices, minutes, charge, discharge, stored, values, odd == 0, "dynamic programme")


def sweep(numbers: FloatArray, prices: FloatArray, end_slope: FloatArray, end_length: FloatArray) -> tuple[FloatArray, FloatArray, int]:
    """Content after each interval, V_t, and in how many intervals the value was not concave."""
    quick = _concave(numbers, prices, end_slope, end_length)
    return (*quick[:2], 0) if quick is not None else _sweep_any(numbers, prices, end_slope, end_length)


def _concave(
    numbers: FloatArray, prices: FloatArray, end_slope: FloatArray, end_length: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray] | None:
    """Contents, V_t, charge and discharge by the quick kernel, where values stay concave throughout."""
    from energy_pipeline.mathematics.stores import concave_kernel

    # buy >= sell holds for all prices if it does for the lowest: the difference rises with the price.
    lowest = float(prices.min()) if prices.size else 0.0
    if (lowest + numbers[8]) / numbers[5] >= numbers[6] * (lowest - numbers[7]):
        for room in (SEGMENTS * prices.size + 64 + end_slope.size, 40 * SEGMENTS * prices.size + 4096 + end_slope.size):
            *found, status = concave_kernel.solve(prices, numbers, end_slope, end_length, room)
            if status == 0:
                stored, values, charge, discharge = found
                return stored, values, charge, discharge
    return None


def _sweep_any(numbers: FloatArray, prices: FloatArray, end_slope: FloatArray, end_length: FloatArray) -> tuple[FloatArray, FloatArray, int]:
    from energy_pipeline.mathematics.stores.foresight_kernel import backward, forward

    slope, length, begins, first, odd = backward(prices, numbers, end_slope, end_length)
    if odd < 0:
        raise ArithmeticError("no feasible state although the store was checked -> report this store as a defect")
    stored = np.empty(prices.size)
    return stored, forward(prices, numbers, slope, length, begins, first, stored), odd


def _plan(
    store: Store,
    prices: FloatArray,
    minutes: int,
    charge: FloatArray,
    discharge: FloatArray,
    stored: FloatArray,
    values: FloatArray | None,
    concave: bool,
    method: str,
) -> Plan:
    charge *= charge >= SNAP_MW
    discharge *= discharge >= SNAP_MW
    energy = float(prices @ discharge - prices @ charge)
    costs = store.cycle_cost_eur_mwh * float(discharge.sum()) + store.charge_cost_eur_mwh * float(charge.sum())
    margin = hours_of(minutes) * (energy - costs)
    end = float(store.end_eur(stored[-1] if stored.size else np.array(store.initial_mwh)))
    return Plan(charge, discharge, stored, margin, margin + end, values, concave, method)


def content_mwh(store: Store, charge_mw: FloatArray, discharge_mw: FloatArray, minutes: int) -> FloatArray:
    """Energy stored after each interval of an operation, from its powers alone [MWh]."""
    from scipy.signal import lfilter

    delta, kept = hours_of(minutes), store.kept(minutes)
    flow = delta * (store.charge_efficiency * charge_mw - discharge_mw / store.discharge_efficiency)
    found, _ = lfilter([1.0], [1.0, -kept], flow, zi=[kept * store.initial_mwh])
    return np.asarray(found)
