"""The battery kernel against cvxpy with a binary in every interval, and against enumeration."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energy_pipeline.desk.flexibility import Battery
from energy_pipeline.domain.errors import InfeasibleError
from energy_pipeline.flexibility.storage import margin_eur, needs_binary, schedule


def battery(**changes):
    settings_ = {"kind": "battery", "zone": "Z", "power_mw": 2.0, "energy_mwh": 4.0, "cycle_cost_eur_mwh": 5.0} | changes
    return Battery(**settings_)


def by_cvxpy(b: Battery, prices: np.ndarray, minutes: int, *, binaries: bool) -> float:
    """The same problem written independently; `binaries` forbids overlap in every interval."""
    import cvxpy as cp

    n, hours = prices.size, minutes / 60
    charge, discharge, stored = cp.Variable(n), cp.Variable(n), cp.Variable(n + 1)
    rules = [charge >= 0, discharge >= 0, charge <= b.power_mw, discharge <= b.power_mw, stored >= 0, stored <= b.energy_mwh]
    rules += [stored[0] == b.initial_mwh, stored[n] >= b.terminal_mwh]
    rules += [stored[1:] == stored[:-1] + hours * (b.charge_efficiency * charge - discharge / b.discharge_efficiency)]
    if b.cycles_per_day is not None:
        rules.append(hours * cp.sum(discharge) <= b.cycles_per_day * b.energy_mwh)
    if binaries:
        on = cp.Variable(n, boolean=True)
        rules += [charge <= b.power_mw * on, discharge <= b.power_mw * (1 - on)]
    problem = cp.Problem(cp.Maximize(hours * (prices @ (discharge - charge) - b.cycle_cost_eur_mwh * cp.sum(discharge))), rules)
    problem.solve(solver=cp.HIGHS)
    return float(problem.value)


def is_legal(b: Battery, plan, minutes: int) -> bool:
    """Every limit of the battery, checked from the powers alone."""
    hours = minutes / 60
    stored = b.initial_mwh + np.cumsum(hours * (b.charge_efficiency * plan.charge_mw - plan.discharge_mw / b.discharge_efficiency))
    near = 1e-6
    return bool(
        (plan.charge_mw >= 0).all()
        and (plan.discharge_mw >= 0).all()
        and plan.charge_mw.max() <= b.power_mw
        and plan.discharge_mw.max() <= b.power_mw
        and not ((plan.charge_mw > 0) & (plan.discharge_mw > 0)).any()
        and stored.min() >= -near
        and stored.max() <= b.energy_mwh + near
        and stored[-1] >= b.terminal_mwh - near
        and (b.cycles_per_day is None or hours * plan.discharge_mw.sum() <= b.cycles_per_day * b.energy_mwh + near)
        and np.allclose(stored, plan.state_of_charge_mwh, atol=near)
    )


CASES = {
    "plain": (battery(), 60),
    "quarters": (battery(power_mw=3.0), 15),
    "one cycle": (battery(cycles_per_day=1.0), 60),
    "must refill": (battery(initial_mwh=1.0, terminal_mwh=3.5), 60),
    "lossless": (battery(charge_efficiency=1.0, discharge_efficiency=1.0), 60),
    "poor": (battery(charge_efficiency=0.7, discharge_efficiency=0.8, cycle_cost_eur_mwh=0.0), 60),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("level", [60.0, 0.0, -120.0])
def test_the_margin_is_the_optimum_with_a_binary_in_every_interval(case, level):
    b, minutes = CASES[case]
    prices = level + 60 * np.random.default_rng(len(case)).standard_normal(24)
    plan = schedule(b, prices, minutes)
    assert is_legal(b, plan, minutes)
    assert plan.margin_eur == pytest.approx(by_cvxpy(b, prices, minutes, binaries=True), abs=1e-5)
    assert plan.margin_eur == pytest.approx(margin_eur(b, plan.charge_mw, plan.discharge_mw, prices, minutes), abs=1e-9)


def test_deeply_negative_prices_need_the_binaries():
    b = battery(initial_mwh=4.0, charge_efficiency=0.8, discharge_efficiency=0.8, cycle_cost_eur_mwh=1.0)
    prices = np.array([-200.0, -180.0, -220.0, -150.0])
    plan = schedule(b, prices, 60)
    relaxed = by_cvxpy(b, prices, 60, binaries=False)
    assert plan.energy_value_eur_mwh is None
    assert plan.margin_eur < relaxed - 1.0, "the relaxation would burn energy in a battery that cannot do both"
    assert plan.margin_eur == pytest.approx(by_cvxpy(b, prices, 60, binaries=True), abs=1e-6)


def test_the_threshold_of_the_binaries():
    b = battery(charge_efficiency=0.9, discharge_efficiency=0.9, cycle_cost_eur_mwh=10.0)
    threshold = -10 * 0.81 / 0.19
    assert needs_binary(b, np.array([threshold - 1e-6, threshold + 1e-6])).tolist() == [True, False]
    assert not needs_binary(battery(charge_efficiency=1, discharge_efficiency=1), np.array([-500.0])).any()


def test_against_enumeration_of_every_unit_step():
    """Lossless, so that whole steps of 1 MWh are an exact grid: the optimum lies on a vertex of it."""
    b = battery(
        power_mw=1.0, energy_mwh=2.0, charge_efficiency=1.0, discharge_efficiency=1.0, cycle_cost_eur_mwh=3.0, initial_mwh=1.0, terminal_mwh=1.0
    )
    rng = np.random.default_rng(0)
    for _ in range(5):
        prices = rng.normal(20, 40, 7).round(2)
        best = -np.inf
        for steps in itertools.product((-1, 0, 1), repeat=7):  # +1 charges 1 MWh
            stored = 1 + np.cumsum(steps)
            if stored.min() >= 0 and stored.max() <= 2 and stored[-1] >= 1:
                power = np.array(steps, dtype=float)
                best = max(best, margin_eur(b, np.maximum(power, 0), np.maximum(-power, 0), prices, 60))
        assert schedule(b, prices, 60).margin_eur == pytest.approx(best, abs=1e-8)


def test_the_energy_value_is_the_gain_from_a_little_more_energy():
    b = battery(initial_mwh=1.0)
    prices = 60 + 40 * np.sin(np.arange(24)) + np.random.default_rng(4).normal(size=24)
    plan = schedule(b, prices, 60)
    step = 1e-3
    more = schedule(battery(initial_mwh=1.0 + step), prices, 60).margin_eur
    less = schedule(battery(initial_mwh=1.0 - step), prices, 60).margin_eur
    assert plan.energy_value_eur_mwh is not None
    right, left = (more - plan.margin_eur) / step, (plan.margin_eur - less) / step
    # The value function is concave: its dual lies between the one-sided slopes.
    assert right - 1e-6 <= plan.energy_value_eur_mwh[0] <= left + 1e-6
    # Per stored MWh: charging pays only below a V, discharging only above V / b + k.
    value = plan.energy_value_eur_mwh
    assert (prices[plan.charge_mw > 1e-6] <= 0.92 * value[plan.charge_mw > 1e-6] + 1e-6).all()
    assert (prices[plan.discharge_mw > 1e-6] >= value[plan.discharge_mw > 1e-6] / 0.92 + 5 - 1e-6).all()


def test_flat_prices_leave_the_battery_alone():
    plan = schedule(battery(), np.full(24, 50.0), 60)
    assert plan.margin_eur == 0.0
    assert not plan.charge_mw.any()
    assert not plan.discharge_mw.any()


def test_unreachable_terminal_charge_is_told_before_solving():
    with pytest.raises(InfeasibleError) as caught:
        schedule(battery(power_mw=1.0, charge_efficiency=0.5, terminal_mwh=3.0), np.zeros(4), 60)
    assert "terminal_mwh" in caught.value.conflicts
    assert caught.value.relaxation == "terminal_mwh <= 2"
    reachable = schedule(battery(power_mw=1.0, charge_efficiency=0.5, terminal_mwh=2.0), np.zeros(4), 60)
    assert reachable.state_of_charge_mwh[-1] == pytest.approx(2.0)


def test_an_unknown_price_is_refused():
    with pytest.raises(ValueError, match="finite"):
        schedule(battery(), np.array([1.0, np.nan]), 60)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(-500, 500), min_size=3, max_size=12),
    st.floats(0.6, 1.0),
    st.floats(0.6, 1.0),
    st.floats(0, 30),
    st.sampled_from([None, 0.5, 2.0]),
    st.floats(0, 4),
)
def test_any_plan_is_legal_earns_no_less_than_standing_still_and_scales(prices, a, b_, k, cycles, initial):
    b = battery(charge_efficiency=a, discharge_efficiency=b_, cycle_cost_eur_mwh=k, cycles_per_day=cycles, initial_mwh=initial)
    values = np.array(prices)
    plan = schedule(b, values, 60)
    assert is_legal(b, plan, 60)
    assert plan.margin_eur >= -1e-6
    doubled = schedule(battery(**{**b.model_dump(), "power_mw": 4.0, "energy_mwh": 8.0, "initial_mwh": 2 * initial}), values, 60).margin_eur
    assert doubled == pytest.approx(2 * plan.margin_eur, rel=1e-6, abs=1e-4), "twice the battery earns twice as much"
