"""Perfect foresight against a mixed-integer programme with a binary in every interval, on invented and on measured prices."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energy_pipeline.domain.errors import InfeasibleError
from energy_pipeline.mathematics.stores.perfect_foresight import content_mwh, foresight
from energy_pipeline.mathematics.stores.store import Store
from energy_pipeline_tests.mathematics.stores.by_solver import value_by_solver

FILE = Path(os.environ.get("ENERGY_PIPELINE_DATA", "../shared/data")) / "de_day_ahead_with_tso_forecasts_2015_2019" / "hourly.parquet"
BATTERY = Store(2.0, 2.0, 6.0, charge_efficiency=0.92, discharge_efficiency=0.93, cycle_cost_eur_mwh=4.0)
CASES = {
    "plain": BATTERY,
    "no cycle cost": replace(BATTERY, cycle_cost_eur_mwh=0.0),
    "poor": replace(BATTERY, charge_efficiency=0.7, discharge_efficiency=0.8, cycle_cost_eur_mwh=0.0),
    "lossless": replace(BATTERY, charge_efficiency=1.0, discharge_efficiency=1.0),
    "leaks": replace(BATTERY, self_discharge_per_day=0.2, minimum_mwh=0.5, initial_mwh=1.0),
    "ends as it began": replace(BATTERY, initial_mwh=3.0, terminal="equal", terminal_mwh=3.0),
    "ends at least": replace(BATTERY, initial_mwh=1.0, terminal_mwh=4.0),
    "end has a value": replace(BATTERY, initial_mwh=2.0, terminal="valued", terminal_value_eur_mwh=35.0),
    "slow out": replace(BATTERY, discharge_mw=0.7, charge_cost_eur_mwh=1.5),
    "a cycle a day": replace(BATTERY, cycles_per_day=1.0),
    "few in all": replace(BATTERY, cycles_in_all=1.5, initial_mwh=2.0),
}


def is_legal(store, plan, minutes):
    """Every limit, from the powers alone."""
    stored = content_mwh(store, plan.charge_mw, plan.discharge_mw, minutes)
    low, high = store.end_range_mwh
    near = 1e-7
    return bool(
        plan.charge_mw.min() >= 0
        and plan.discharge_mw.min() >= 0
        and plan.charge_mw.max() <= store.charge_mw + near
        and plan.discharge_mw.max() <= store.discharge_mw + near
        and not ((plan.charge_mw > 0) & (plan.discharge_mw > 0)).any()
        and stored.min() >= store.minimum_mwh - near
        and stored.max() <= store.energy_mwh + near
        and low - near <= stored[-1] <= high + near
    )


@pytest.fixture(scope="module")
def measured():
    """DE-LU intraday prices of 2018-2019 [EUR/MWh]."""
    if not FILE.exists():
        pytest.skip(f"{FILE} is not there: set ENERGY_PIPELINE_DATA")
    import polars as pl

    return pl.read_parquet(FILE)["price_id_eur_mwh"].to_numpy().astype(np.float64)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("level", [60.0, -90.0])
def test_two_days_equal_the_mixed_integer_optimum(case, level):
    store = CASES[case]
    prices = level + 70 * np.random.default_rng(len(case)).standard_normal(48)
    plan = foresight(store, prices, 60)
    assert is_legal(store, plan, 60)
    assert plan.value_eur == pytest.approx(value_by_solver(store, prices, 60), rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("case", CASES)
def test_a_measured_week_with_negative_hours_equals_the_mixed_integer_optimum(case, measured):
    week = measured[24 * 1180 : 24 * 1187] if (measured[24 * 1180 : 24 * 1187] < 0).any() else measured[np.argmin(measured) - 84 :][:168]
    assert (week < 0).any()
    store = CASES[case]
    plan = foresight(store, week, 60)
    assert is_legal(store, plan, 60)
    assert plan.value_eur == pytest.approx(value_by_solver(store, week, 60, gap=1e-8), rel=1e-6)


def test_a_measured_year_equals_the_linear_optimum(measured):
    year = measured[-8760:]
    store = replace(BATTERY, cycle_cost_eur_mwh=40.0)  # dear enough that no hour needs a binary
    assert year.min() > -40.0 * store.round_trip / (1 - store.round_trip)
    plan = foresight(store, year, 60)
    assert plan.is_concave
    assert is_legal(store, plan, 60)
    assert plan.value_eur == pytest.approx(value_by_solver(store, year, 60, binaries=False), rel=1e-9)


def test_quarters_of_an_hour():
    prices = 40 + 50 * np.random.default_rng(3).standard_normal(96)
    plan = foresight(BATTERY, prices, 15)
    assert is_legal(BATTERY, plan, 15)
    assert plan.value_eur == pytest.approx(value_by_solver(BATTERY, prices, 15), rel=1e-6)


def test_the_value_of_energy_is_the_gain_from_a_little_more():
    prices = 60 + 40 * np.sin(np.arange(48)) + np.random.default_rng(4).normal(size=48)
    store = replace(BATTERY, initial_mwh=1.0)
    plan, step = foresight(store, prices, 60), 1e-4
    more = foresight(replace(store, initial_mwh=1.0 + step), prices, 60).value_eur
    less = foresight(replace(store, initial_mwh=1.0 - step), prices, 60).value_eur
    value = plan.energy_value_eur_mwh
    assert (more - plan.value_eur) / step - 1e-6 <= value[0] <= (plan.value_eur - less) / step + 1e-6
    assert (prices[plan.charge_mw > 0] <= 0.92 * value[plan.charge_mw > 0] + 1e-9).all()
    assert (prices[plan.discharge_mw > 0] >= value[plan.discharge_mw > 0] / 0.93 + 4 - 1e-9).all()


def test_ratchets_equal_the_linear_programme_with_powers_that_fall_with_the_content():
    import cvxpy as cp

    store = replace(BATTERY, charge_ratchet=((0.0, 2.0), (6.0, 0.5)), discharge_ratchet=((0.0, 0.2), (3.0, 2.0), (6.0, 2.0)), initial_mwh=3.0)
    prices = 60 + 30 * np.random.default_rng(8).standard_normal(48)
    charge, discharge, stored = cp.Variable(48, nonneg=True), cp.Variable(48, nonneg=True), cp.Variable(49, nonneg=True)
    rules = [stored[0] == 3.0, stored <= 6.0, stored[1:] == stored[:-1] + 0.92 * charge - discharge / 0.93]
    rules += [charge <= 2.0 - 0.25 * stored[:-1], discharge <= 0.2 + 0.6 * stored[:-1], discharge <= 2.0]
    problem = cp.Problem(cp.Maximize(prices @ (discharge - charge) - 4.0 * cp.sum(discharge)), rules)
    problem.solve(solver=cp.HIGHS)
    assert foresight(store, prices, 60).value_eur == pytest.approx(problem.value, rel=1e-6)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(-300, 300), min_size=2, max_size=10),
    st.floats(0.6, 1.0),
    st.floats(0.6, 1.0),
    st.floats(0, 20),
    st.floats(0, 0.3),
    st.floats(0, 1),
)
def test_any_store_is_legal_and_scales_and_knowing_more_never_hurts(prices, a, b, k, leak, share):
    store = Store(
        1.0, 1.5, 3.0, charge_efficiency=a, discharge_efficiency=b, cycle_cost_eur_mwh=k, self_discharge_per_day=leak, initial_mwh=3 * share
    )
    values = np.array(prices)
    plan = foresight(store, values, 60)
    assert is_legal(store, plan, 60)
    assert plan.value_eur >= -1e-9
    assert foresight(store.scaled(2.0), values, 60).value_eur == pytest.approx(2 * plan.value_eur, rel=1e-9, abs=1e-7)
    halves = np.repeat(values, 2)
    assert foresight(store, halves, 30).value_eur >= plan.value_eur - 1e-6 * max(1.0, abs(plan.value_eur)) or leak > 0


INFEASIBLE = {
    "too full": (replace(BATTERY, initial_mwh=7.0), "initial_mwh"),
    "below the minimum": (replace(BATTERY, minimum_mwh=1.0, initial_mwh=0.5), "initial_mwh"),
    "an end out of reach": (replace(BATTERY, terminal_mwh=5.9), "terminal_mwh"),
    "cannot empty": (replace(BATTERY, initial_mwh=6.0, discharge_mw=0.1, terminal="equal"), "terminal_mwh"),
    "no cycles to empty with": (replace(BATTERY, initial_mwh=6.0, cycles_in_all=0.1, terminal="equal"), "cycles_in_all"),
    "leaks more than it charges": (replace(BATTERY, charge_mw=0.001, self_discharge_per_day=0.9, minimum_mwh=5.0, initial_mwh=5.0), "minimum_mwh"),
    "an odd window": (replace(BATTERY, minimum_mwh=9.0, initial_mwh=9.0), "minimum_mwh"),
    "a ratchet in disorder": (replace(BATTERY, charge_ratchet=((4.0, 1.0), (2.0, 1.0))), "charge_ratchet"),
}


@pytest.mark.parametrize("case", INFEASIBLE)
def test_what_cannot_be_is_told_before_solving(case):
    store, limit = INFEASIBLE[case]
    with pytest.raises(InfeasibleError, match="smallest relaxation") as caught:
        foresight(store, np.zeros(3), 60)
    assert limit in caught.value.conflicts
