"""The best schedule of one battery on known prices, as a linear programme.

What belongs here: the optimisation, on plain arrays. What does not: which prices it is
given, tables, several assets.

With delta the interval length [h], p the price, c charge and d discharge [MW], s the energy
stored at the end of an interval [MWh], a and b the one-way efficiencies and k the cycle cost
per MWh discharged:

    maximise   sum delta (p (d - c) - k d)
    subject to s_t = s_{t-1} + delta (a c_t - d_t / b),  0 <= s_t <= energy,  s_T >= terminal,
               0 <= c_t, d_t <= power,  sum delta d_t <= cycles x energy.

Charging and discharging at once. Where both are positive, lower c by x and d by eta x with
eta = a b: every s stays as it is, no limit tightens, and the objective changes by
delta x (p (1 - eta) + k eta). That is not negative unless p < -k eta / (1 - eta), so only
such intervals get a binary variable; in all others an optimum without overlap exists, and
`_without_overlap` makes it. With eta = 1 no interval needs one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from energy_pipeline.desk.model import Battery
from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.domain.errors import InfeasibleError, PipelineError
from energy_pipeline.domain.units import hours_of

FEASIBILITY_TOLERANCE_MWH = 1e-9
SNAP_MW = 1e-9
"""Solver noise below this is zero."""


class SolverError(PipelineError):
    """The solver stopped without an optimum although the problem has one."""


@dataclass(frozen=True)
class Schedule:
    """A battery's day.

    Attributes
    ----------
    charge_mw, discharge_mw : arrays, shape (intervals,)
        Power from and to the grid; never both in one interval.
    state_of_charge_mwh : array
        Energy stored at the end of each interval.
    margin_eur : float
        Value at the prices it was made for, net of cycle cost.
    energy_value_eur_mwh : array or None
        Gain from one more MWh stored during the interval (dual of its energy balance);
        None when binaries were needed.
    """

    charge_mw: FloatArray
    discharge_mw: FloatArray
    state_of_charge_mwh: FloatArray
    margin_eur: float
    energy_value_eur_mwh: FloatArray | None


def margin_eur(battery: Battery, charge_mw: FloatArray, discharge_mw: FloatArray, prices_eur_mwh: FloatArray, minutes: int) -> float:
    """Revenue less cost of charging and cycle cost of a schedule at given prices [EUR]."""
    gains = prices_eur_mwh * (discharge_mw - charge_mw) - battery.cycle_cost_eur_mwh * discharge_mw
    return float(hours_of(minutes) * gains.sum())


def needs_binary(battery: Battery, prices_eur_mwh: FloatArray) -> npt.NDArray[np.bool_]:
    """Intervals where charging and discharging at once could pay: p < -k eta / (1 - eta)."""
    eta = battery.charge_efficiency * battery.discharge_efficiency
    if eta >= 1.0:
        return np.zeros(prices_eur_mwh.size, dtype=np.bool_)
    return prices_eur_mwh < -battery.cycle_cost_eur_mwh * eta / (1.0 - eta)


def check_feasible(battery: Battery, intervals: int, minutes: int) -> None:
    """Raise InfeasibleError when the terminal charge cannot be reached, or the initial is out of range.

    The terminal condition is ">=": energy beyond it has no value, and standing still is
    always allowed, so these two are the only ways to fail.
    """
    if battery.initial_mwh > battery.energy_mwh:
        raise InfeasibleError(
            f"battery holds {battery.initial_mwh:g} MWh at the start, more than fits",
            ["initial_mwh", "energy_mwh"],
            f"initial_mwh <= {battery.energy_mwh:g}",
        )
    reach = min(battery.initial_mwh + intervals * hours_of(minutes) * battery.power_mw * battery.charge_efficiency, battery.energy_mwh)
    if battery.terminal_mwh > reach + FEASIBILITY_TOLERANCE_MWH:
        raise InfeasibleError(
            f"battery must end with {battery.terminal_mwh:g} MWh but can hold at most {reach:g} MWh by then",
            ["terminal_mwh", "initial_mwh", "power_mw", "charge_efficiency", "energy_mwh"],
            f"terminal_mwh <= {reach:g}",
        )


def schedule(battery: Battery, prices_eur_mwh: FloatArray, minutes: int) -> Schedule:
    """The schedule with the largest margin on these prices.

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
    SolverError

    Examples
    --------
    >>> b = Battery(kind="battery", zone="Z", power_mw=1, energy_mwh=1, charge_efficiency=1, discharge_efficiency=1, cycle_cost_eur_mwh=0)
    >>> schedule(b, np.array([10.0, 50.0]), 60).margin_eur
    40.0
    """
    if not np.isfinite(prices_eur_mwh).all():
        raise ValueError("prices must be finite; an unknown price cannot be scheduled on")
    check_feasible(battery, prices_eur_mwh.size, minutes)
    binary = needs_binary(battery, prices_eur_mwh)
    solution, duals = _solve(battery, prices_eur_mwh, minutes, binary)
    count = prices_eur_mwh.size
    charge, discharge = _without_overlap(battery, _snapped(battery, solution[:count]), _snapped(battery, solution[count : 2 * count]))
    delta = hours_of(minutes)
    stored = battery.initial_mwh + np.cumsum(delta * (battery.charge_efficiency * charge - discharge / battery.discharge_efficiency))
    return Schedule(
        charge_mw=charge,
        discharge_mw=discharge,
        state_of_charge_mwh=np.clip(stored, 0.0, battery.energy_mwh),
        margin_eur=margin_eur(battery, charge, discharge, prices_eur_mwh, minutes),
        energy_value_eur_mwh=duals,
    )


def _solve(battery: Battery, prices: FloatArray, minutes: int, binary: npt.NDArray[np.bool_]) -> tuple[FloatArray, FloatArray | None]:
    """Solve for (c, d, s, u), stacked; u is 1 where the battery may charge, one per binary interval."""
    from scipy.optimize import linprog

    solve: Any = linprog  # its stubs have an overload per method and accept no optional matrix
    n, m, delta = prices.size, int(binary.sum()), hours_of(minutes)
    rows, limits = _inequalities(battery, n, delta, binary)
    lowest, start = np.zeros(n), np.zeros(n)
    lowest[-1], start[0] = battery.terminal_mwh, battery.initial_mwh
    result = solve(
        np.concatenate([delta * prices, delta * (battery.cycle_cost_eur_mwh - prices), np.zeros(n + m)]),
        A_ub=rows if limits.size else None,
        b_ub=limits if limits.size else None,
        A_eq=_balance(battery, n, m, delta),
        b_eq=start,
        bounds=np.column_stack(
            [
                np.concatenate([np.zeros(2 * n), lowest, np.zeros(m)]),
                np.concatenate([np.full(2 * n, battery.power_mw), np.full(n, battery.energy_mwh), np.ones(m)]),
            ]
        ),
        method="highs",
        integrality=np.concatenate([np.zeros(3 * n, dtype=np.int64), np.ones(m, dtype=np.int64)]) if m else None,
        options={"mip_rel_gap": 1e-7} if m else {},
    )
    if result.status != 0:
        raise SolverError(f"HiGHS: {result.message} ({n} intervals, {m} binaries) -> check the battery's settings and the price forecast")
    # The dual is of the minimisation: one more MWh on the right-hand side lowers the cost by its value.
    return np.asarray(result.x), None if m else -np.asarray(result.eqlin.marginals)


def _balance(battery: Battery, n: int, m: int, delta: float) -> FloatArray:
    # A day has at most 100 intervals: dense matrices are quicker to build than sparse ones.
    eye = np.eye(n)
    return np.hstack([-delta * battery.charge_efficiency * eye, delta / battery.discharge_efficiency * eye, eye - np.eye(n, k=-1), np.zeros((n, m))])


def _inequalities(battery: Battery, n: int, delta: float, binary: npt.NDArray[np.bool_]) -> tuple[FloatArray, FloatArray]:
    m = int(binary.sum())
    charge, discharge = np.zeros((m, 3 * n + m)), np.zeros((m, 3 * n + m))
    row, where = np.arange(m), np.flatnonzero(binary)
    charge[row, where], charge[row, 3 * n + row] = 1.0, -battery.power_mw
    discharge[row, n + where], discharge[row, 3 * n + row] = 1.0, battery.power_mw
    cycles = np.zeros((0 if battery.cycles_per_day is None else 1, 3 * n + m))
    cycles[:, n : 2 * n] = delta
    most = np.full(cycles.shape[0], (battery.cycles_per_day or 0.0) * battery.energy_mwh)
    return np.vstack([cycles, charge, discharge]), np.concatenate([most, np.zeros(m), np.full(m, battery.power_mw)])


def _snapped(battery: Battery, power: FloatArray) -> FloatArray:
    clipped = np.clip(power, 0.0, battery.power_mw)
    return np.where(clipped < SNAP_MW, 0.0, clipped)


def _without_overlap(battery: Battery, charge: FloatArray, discharge: FloatArray) -> tuple[FloatArray, FloatArray]:
    eta = battery.charge_efficiency * battery.discharge_efficiency
    both = np.minimum(charge, discharge / eta)
    return _snapped(battery, charge - both), _snapped(battery, discharge - eta * both)
