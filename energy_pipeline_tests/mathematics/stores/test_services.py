"""Capacity stacked with energy: against another formulation, closed forms, and every call the contract allows."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energy_pipeline.domain.errors import InfeasibleError
from energy_pipeline.mathematics.stores.perfect_foresight import foresight
from energy_pipeline.mathematics.stores.services import Service, content_when_called, per_mw_eur, stacked
from energy_pipeline.mathematics.stores.store import Store

STORE = Store(5.0, 6.0, 12.0, 1.0, 0.94, 0.92, 4.0, initial_mwh=5.0, terminal_mwh=5.0)
UP = Service("up", 9.0, hold_hours=0.5, call_share=0.05, premium_eur_mwh=25.0)
DOWN = Service("down", 6.0, hold_hours=0.75, call_share=0.1, premium_eur_mwh=10.0, most_mw=2.0)
BOTH = Service("both", 16.0, hold_hours=0.25, band_hours=4.0, restored=False)


def prices_of(seed, hours=24, level=45.0):
    rng = np.random.default_rng(seed)
    return level + 30 * np.sin(np.arange(hours) / 3.8) + 10 * rng.standard_normal(hours)


def by_cvxpy(store, services, prices):
    """The same day written hour by hour, with the worst sequence of calls as contents of its own."""
    import cvxpy as cp

    n = prices.size
    c, d, s = cp.Variable(n, nonneg=True), cp.Variable(n, nonneg=True), cp.Variable(n + 1)
    can_charge = cp.Variable(n, boolean=True)
    r = {name: cp.Variable(int(np.ceil(n / x.band_hours)), nonneg=True) for name, x in services.items()}
    rules = [s[0] == store.initial_mwh, s[n] >= store.terminal_mwh, c <= store.charge_mw * can_charge, d <= store.discharge_mw * (1 - can_charge)]
    rules += [r[name] <= x.most_mw for name, x in services.items() if np.isfinite(x.most_mw)]
    gain = 0.0
    for t in range(n):
        rules.append(s[t + 1] == s[t] + store.charge_efficiency * c[t] - d[t] / store.discharge_efficiency)
        gain += prices[t] * (d[t] - c[t]) - store.cycle_cost_eur_mwh * d[t]
        up = down = lowest = highest = 0.0
        for name, x in services.items():
            band = int(t // x.band_hours)
            first = band if x.restored else 0
            taken = sum(r[name][b] for b in range(first, band + 1)) * x.hold_hours / store.discharge_efficiency
            gain += r[name][band] * x.capacity_eur_mw_h
            if x.direction != "down":
                up, lowest = up + r[name][band], lowest + taken
                back = prices[t] / (store.charge_efficiency * store.discharge_efficiency)
                gain += r[name][band] * x.call_share * (prices[t] + x.premium_eur_mwh - store.cycle_cost_eur_mwh - back)
            if x.direction != "up":
                down, highest = down + r[name][band], highest + taken
                again = store.charge_efficiency * store.discharge_efficiency * (prices[t] - store.cycle_cost_eur_mwh)
                gain += r[name][band] * x.call_share * (again - prices[t] + x.premium_eur_mwh)
        rules += [d[t] - c[t] + up <= store.discharge_mw, c[t] - d[t] + down <= store.charge_mw]
        for content in (s[t], s[t + 1]):
            rules += [content - lowest >= store.minimum_mwh, content + highest <= store.energy_mwh]
    problem = cp.Problem(cp.Maximize(gain), rules)
    problem.solve(solver=cp.HIGHS, highs_options={"mip_rel_gap": 1e-10})
    return problem.value


@pytest.mark.parametrize("services", [{"up": UP}, {"down": DOWN}, {"both": BOTH}, {"up": UP, "down": DOWN, "both": BOTH}])
@pytest.mark.parametrize(("seed", "level"), [(0, 45.0), (1, -20.0)])
def test_equals_another_formulation(services, seed, level):
    prices = prices_of(seed, level=level)
    assert stacked(STORE, services, prices, 60).value_eur == pytest.approx(by_cvxpy(STORE, services, prices), rel=1e-6)


@pytest.mark.parametrize("cycles", [None, 1.0])
@pytest.mark.parametrize("level", [45.0, -30.0])
def test_without_services_it_is_the_store_alone(cycles, level):
    store = replace(STORE, cycles_per_day=cycles)
    prices = prices_of(2, level=level)
    assert stacked(store, {}, prices, 60).value_eur == pytest.approx(foresight(store, prices, 60).value_eur, abs=1e-6)
    unpaid = {"up": replace(UP, capacity_eur_mw_h=-1.0, call_share=0.0)}
    assert stacked(store, unpaid, prices, 60).value_eur == pytest.approx(foresight(store, prices, 60).value_eur, abs=1e-6)


def test_flat_prices_leave_the_capacity_that_energy_allows():
    # 0.5 h of r upwards out of 5 - 1 MWh of content at 1 / 0.92 each: r = 7.36, more than the 6 MW there are.
    flat = np.full(24, 40.0)
    plan = stacked(STORE, {"up": replace(UP, call_share=0.0)}, flat, 60)
    assert plan.value_eur == pytest.approx(24 * 9.0 * 6.0, abs=1e-6)
    longer = stacked(STORE, {"up": replace(UP, call_share=0.0, hold_hours=1.0, capacity_eur_mw_h=0.1)}, flat, 60)
    assert longer.value_eur == pytest.approx(24 * 0.1 * 4.0 * 0.92, abs=1e-6), "too little is paid to charge for it"
    np.testing.assert_allclose(longer.held_energy_up_mwh, 4.0, atol=1e-6)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), which=st.sampled_from(["up", "down", "both", "all"]), extreme=st.booleans(), restored=st.booleans())
def test_no_calls_within_the_contract_are_ever_short(seed, which, extreme, restored):
    every = {"up": UP, "down": DOWN, "both": BOTH}
    services = {n: replace(s, restored=restored) for n, s in every.items() if which in {n, "all"}}
    rng = np.random.default_rng(seed)
    plan = stacked(STORE, services, prices_of(seed % 40), 60)
    calls = {True: np.zeros(24), False: np.zeros(24)}
    for name, service in services.items():
        for up, sold in zip((True, False), service.ways, strict=True):
            if not sold:
                continue
            for begin in range(0, 24, 4):
                most = float(plan.capacity_mw[name][begin])
                left, order = service.hold_hours * most, rng.permutation(4)
                only = bool(rng.integers(0, 2)) if extreme else None
                for t in order if only in (None, up) else []:
                    called = min(left, most * (1.0 if extreme else rng.random()))
                    calls[up][begin + t] += called
                    left -= called
    stored = content_when_called(STORE, plan, services, calls[True], calls[False], 60)
    assert stored.min() >= STORE.minimum_mwh - 1e-6
    assert stored.max() <= STORE.energy_mwh + 1e-6
    net = plan.discharge_mw - plan.charge_mw
    assert (net + calls[True] <= STORE.discharge_mw + 1e-6).all()
    assert (net - calls[False] >= -STORE.charge_mw - 1e-6).all()


def test_services_only_add_and_bands_are_constant():
    prices = prices_of(5)
    alone = foresight(STORE, prices, 60).value_eur
    one, two = stacked(STORE, {"up": UP}, prices, 60), stacked(STORE, {"up": UP, "down": DOWN}, prices, 60)
    assert alone < one.value_eur < two.value_eur
    assert two.energy_margin_eur <= alone + 1e-6
    for capacity in two.capacity_mw.values():
        assert (np.ptp(capacity.reshape(6, 4), axis=1) < 1e-9).all()
    assert two.service_margin_eur["down"] == pytest.approx(float(two.capacity_mw["down"] @ per_mw_eur(STORE, DOWN, prices, 60)))


def test_terms_that_contradict_each_other_are_named():
    with pytest.raises(InfeasibleError, match=r"much: expected calls of 2 h.*odd: a band") as caught:
        stacked(STORE, {"much": replace(UP, call_share=0.5), "odd": replace(UP, band_hours=1.3)}, prices_of(1), 60)
    assert caught.value.conflicts == ("much.call_share", "odd.band_hours")
