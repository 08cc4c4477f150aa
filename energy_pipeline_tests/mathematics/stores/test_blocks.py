"""Exclusive groups of block orders: against enumeration of windows, and feasible whatever the auction takes."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energy_pipeline.domain.errors import InfeasibleError
from energy_pipeline.mathematics.stores.blocks import block_orders
from energy_pipeline.mathematics.stores.perfect_foresight import content_mwh, foresight
from energy_pipeline.mathematics.stores.store import Store


def best_in_window(store, prices, moved, *, charges):
    """The window's margin by assignment of whole steps in every order: no sorting, no kernel."""
    rate = float(store.charge_step_mwh(60) if charges else store.discharge_step_mwh(60))
    steps = [min(rate, moved - rate * k) for k in range(int(np.ceil(moved / rate - 1e-9)))]
    if len(steps) > len(prices):
        return -np.inf
    best = -np.inf
    for hours in itertools.permutations(range(len(prices)), len(steps)):
        if charges:
            cash = -sum(prices[h] * s / store.charge_efficiency for h, s in zip(hours, steps, strict=True))
        else:
            cash = sum((prices[h] - store.cycle_cost_eur_mwh) * s * store.discharge_efficiency for h, s in zip(hours, steps, strict=True))
        best = max(best, cash)
    return best


def by_enumeration(store, days):
    """The best sequence of windows by trying all of them."""
    intervals = days.shape[1]

    def after(t, content):
        best = 0.0
        for begin, end in itertools.combinations(range(t, intervals + 1), 2):
            for target in (store.minimum_mwh, store.energy_mwh):
                moved = target - content
                if abs(moved) < 1e-9:
                    continue
                mean = np.mean([best_in_window(store, day[begin:end], abs(moved), charges=moved > 0) for day in days])
                best = max(best, mean + after(end, target))
        return best

    return after(0, store.initial_mwh)


@pytest.mark.parametrize("initial", [0.0, 1.5, 2.0])
def test_windows_are_the_best_of_all(initial):
    store = Store(1.3, 1.0, 2.0, charge_efficiency=0.95, discharge_efficiency=0.9, cycle_cost_eur_mwh=2.0, initial_mwh=initial)
    for seed in range(3):
        days = 30 + 25 * np.random.default_rng(seed).standard_normal((4, 5))
        assert block_orders(store, days, 60).expected_eur == pytest.approx(by_enumeration(store, days), abs=1e-9)


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    initial=st.sampled_from([0.0, 0.25, 0.6, 1.0]),
    terminal=st.sampled_from([0.0, 0.5]),
    cycles=st.sampled_from([None, 1.0, 1.5]),
    most=st.integers(1, 24),
)
def test_whatever_the_auction_takes_the_store_can_do_it(seed, initial, terminal, cycles, most):
    rng = np.random.default_rng(seed)
    store = Store(3.0, 2.0, 6.0, 0.5, 0.93, 0.91, 4.0, initial_mwh=0.5 + 5.5 * initial, terminal_mwh=6.0 * terminal, cycles_per_day=cycles)
    orders = block_orders(store, 40 + 20 * rng.standard_normal((20, 24)), 60, most)
    for _ in range(5):
        prices = 40 + 60 * rng.standard_normal(24)
        bought, sold = orders.accepted(prices)
        stored = content_mwh(store, bought, sold, 60)
        assert stored.min() >= store.minimum_mwh - 1e-9
        assert stored.max() <= store.energy_mwh + 1e-9
        assert stored[-1] >= store.terminal_mwh - 1e-9
        assert bought.max() <= store.charge_mw + 1e-9
        assert sold.max() <= store.discharge_mw + 1e-9
        assert not ((bought > 0) & (sold > 0)).any()
        if cycles is not None:
            assert sold.sum() <= cycles * store.energy_mwh + 1e-6
        margin = store.margins_eur(bought, sold, prices, 60).sum()
        assert margin >= store.margins_eur(*orders.planned(), prices, 60).sum() - 1e-9
        assert margin <= foresight(store, prices, 60).margin_eur + 1e-6


def test_more_profiles_are_never_worse_and_one_is_the_plan():
    rng = np.random.default_rng(1)
    days, fresh = (50 + 15 * np.sin(np.arange(24) / 3.8) + 12 * rng.standard_normal((n, 24)) for n in (60, 200))
    store = Store(1.0, 1.0, 2.0, charge_efficiency=0.93, discharge_efficiency=0.93)
    one, few, many = (block_orders(store, days, 60, most) for most in (1, 6, 24))
    earned = [np.mean([store.margins_eur(*orders.accepted(p), p, 60).sum() for p in fresh]) for orders in (one, few, many)]
    assert earned[0] < earned[1] < earned[2]
    assert [g.profiles_mw.shape[0] for g in one.groups] == [1] * len(one.groups)
    assert max(g.profiles_mw.shape[0] for g in many.groups) <= 24


def test_stores_that_do_not_fit_are_refused():
    days = np.full((3, 24), 40.0)
    with pytest.raises(ValueError, match="self-discharge"):
        block_orders(Store(1.0, 1.0, 2.0, self_discharge_per_day=0.1), days, 60)
    with pytest.raises(InfeasibleError):
        block_orders(Store(1.0, 1.0, 200.0, terminal_mwh=200.0), days, 60)
