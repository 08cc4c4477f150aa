"""The search for a schedule ends, and what it ends with is legal and near a bound found another way."""

from dataclasses import replace

import numpy as np
from scipy.optimize import Bounds, LinearConstraint

from energy_pipeline.mathematics.stores import mixed_integer
from energy_pipeline.mathematics.stores.perfect_foresight import foresight
from energy_pipeline.mathematics.stores.store import Store
from energy_pipeline_tests.mathematics.stores.test_foresight import is_legal

STORE = Store(20.0, 20.0, 40.0, charge_efficiency=0.93, discharge_efficiency=0.93, cycle_cost_eur_mwh=6.0, cycles_per_day=1.5)
QUARTERS = np.arange(96)
PRICES = -140 - 30 * np.sin(2 * np.pi * QUARTERS / 96) - 18 * np.cos(6 * np.pi * QUARTERS / 96) + 0.5 * np.sin(1e3 * QUARTERS)


def dual_bound_eur(store, prices, minutes):
    """Least value over prices of a cycle: the limit is charged for instead of kept, which the dynamic programme solves exactly."""
    free, allowed_mwh = replace(store, cycles_per_day=None), store.cycles_per_day * store.energy_mwh
    dear = [replace(free, cycle_cost_eur_mwh=store.cycle_cost_eur_mwh + price) for price in np.linspace(0.0, 60.0, 121)]
    return min(foresight(s, prices, minutes).value_eur + allowed_mwh * p for s, p in zip(dear, np.linspace(0.0, 60.0, 121), strict=True))


def test_a_day_of_deeply_negative_quarter_hours_is_scheduled_within_a_thousandth_of_the_dual_bound(monkeypatch):
    monkeypatch.setattr(mixed_integer, "NODES", 50)
    plan = foresight(STORE, PRICES, 15)
    assert is_legal(STORE, plan, 15)
    assert plan.discharge_mw.sum() / 4 <= STORE.cycles_per_day * STORE.energy_mwh + 1e-6
    assert 0.999 * dual_bound_eur(STORE, PRICES, 15) <= plan.value_eur <= dual_bound_eur(STORE, PRICES, 15) + 1e-6
    assert plan.method.startswith("mixed-integer programme")


def test_a_search_that_ends_at_its_limit_gives_what_it_found_and_the_gap(monkeypatch):
    monkeypatch.setattr(mixed_integer, "NODES", 1)
    random = np.random.default_rng(0)
    weights, worth = random.integers(50, 100, size=(5, 40)), random.integers(50, 100, 40)
    found = mixed_integer.solved(-worth, LinearConstraint(weights, -np.inf, weights.sum(axis=1) / 2), Bounds(0, 1), np.ones(40), 1e-9)
    assert found.status == 0
    assert found.success
    assert found.mip_gap > 1e-9
    assert (weights @ found.x <= weights.sum(axis=1) / 2 + 1e-6).all()
    assert np.allclose(found.x, found.x.round())
