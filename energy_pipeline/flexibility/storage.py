"""The best schedule of one battery of the desk on known prices.

What belongs here: the desk file's battery in the terms of `foresight`. What does not: the
optimisation itself (`foresight`, `milp`), which prices it is given, tables.

    maximise   sum delta (p (d - c) - k d)
    subject to s_t = s_{t-1} + delta (a c_t - d_t / b),  0 <= s_t <= energy,  s_T >= terminal,
               0 <= c_t, d_t <= power, never both,  sum delta d_t <= cycles x energy.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from energy_pipeline.desk.flexibility import Battery
from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.mathematics.stores import milp
from energy_pipeline.mathematics.stores.milp import SolverError
from energy_pipeline.mathematics.stores.perfect_foresight import foresight
from energy_pipeline.mathematics.stores.store import Store

__all__ = ["Schedule", "SolverError", "margin_eur", "needs_binary", "schedule", "store_of"]


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
        None where prices are so negative that it need not fall with the content.
    """

    charge_mw: FloatArray
    discharge_mw: FloatArray
    state_of_charge_mwh: FloatArray
    margin_eur: float
    energy_value_eur_mwh: FloatArray | None


def store_of(battery: Battery) -> Store:
    """A battery of the desk file as numbers."""
    return Store(
        charge_mw=battery.power_mw,
        discharge_mw=battery.discharge_mw or battery.power_mw,
        minimum_mwh=battery.minimum_mwh,
        self_discharge_per_day=battery.self_discharge_per_day,
        terminal="at_least" if battery.terminal == "curve" and not battery.end_curve else battery.terminal,
        end_curve=battery.end_curve if battery.terminal == "curve" else (),
        terminal_value_eur_mwh=battery.terminal_value_eur_mwh,
        energy_mwh=battery.energy_mwh,
        charge_efficiency=battery.charge_efficiency,
        discharge_efficiency=battery.discharge_efficiency,
        cycle_cost_eur_mwh=battery.cycle_cost_eur_mwh,
        initial_mwh=battery.initial_mwh,
        terminal_mwh=battery.terminal_mwh,
        cycles_per_day=battery.cycles_per_day,
    )


def margin_eur(battery: Battery, charge_mw: FloatArray, discharge_mw: FloatArray, prices_eur_mwh: FloatArray, minutes: int) -> float:
    """Revenue less cost of charging and cycle cost of a schedule at given prices [EUR]."""
    return float(store_of(battery).margins_eur(charge_mw, discharge_mw, prices_eur_mwh, minutes).sum())


def needs_binary(battery: Battery, prices_eur_mwh: FloatArray) -> npt.NDArray[np.bool_]:
    """Intervals where charging and discharging at once could pay: p < -k eta / (1 - eta)."""
    return milp.needs_binary(store_of(battery), prices_eur_mwh)


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
    plan = foresight(store_of(battery), prices_eur_mwh, minutes)
    values = plan.energy_value_eur_mwh if plan.is_concave else None
    return Schedule(plan.charge_mw, plan.discharge_mw, plan.state_of_charge_mwh, plan.margin_eur, values)
