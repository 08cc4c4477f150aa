"""Perfect foresight on many paths at once is perfect foresight on each."""

from dataclasses import replace

import numpy as np
import pytest

from energy_pipeline.domain.errors import InfeasibleError
from energy_pipeline.mathematics.stores import bounds, milp
from energy_pipeline.mathematics.stores.bounds import foresight_values_eur
from energy_pipeline.mathematics.stores.perfect_foresight import foresight
from energy_pipeline.mathematics.stores.store import Store

STORE = Store(20.0, 20.0, 40.0, charge_efficiency=0.93, discharge_efficiency=0.93, cycle_cost_eur_mwh=6.0, cycles_per_day=1.5)
STORES = {
    "a cycle and a half a day": STORE,
    "few in all": replace(STORE, cycles_per_day=None, cycles_in_all=0.4),
    "an end that is given": replace(STORE, initial_mwh=30.0, terminal="equal", terminal_mwh=5.0),
    "an end that is paid": replace(STORE, terminal="valued", terminal_value_eur_mwh=60.0, cycles_per_day=0.7),
    "leaks": replace(STORE, initial_mwh=10.0, minimum_mwh=4.0, self_discharge_per_day=0.05),
    "no losses": replace(STORE, charge_efficiency=1.0, discharge_efficiency=1.0, charge_cost_eur_mwh=2.0),
    "a limit that never binds": replace(STORE, cycles_per_day=50.0),
    "a week's limit too": replace(STORE, cycles_per_week=1.2),
    "no limit": replace(STORE, cycles_per_day=None),
    "a ratchet": replace(STORE, charge_ratchet=((0.0, 20.0), (40.0, 5.0))),
}


def paths(count: int, intervals: int, mean: float, seed: int = 0) -> np.ndarray:
    """Two peaks a day, and noise that grows."""
    shape = 40.0 * np.sin(np.arange(intervals) / intervals * 4.0 * np.pi)
    return mean + shape + np.cumsum(np.random.default_rng(seed).normal(0.0, 12.0, (count, intervals)), axis=1)


@pytest.mark.parametrize("mean", [80.0, 5.0, -60.0])
@pytest.mark.parametrize("store", STORES.values(), ids=STORES)
def test_every_value_is_that_of_the_path_alone(store, mean):
    found = paths(25, 24, mean)
    one_by_one = np.array([foresight(store, path, 60).value_eur for path in found])
    np.testing.assert_allclose(foresight_values_eur(store, found, 60), one_by_one, rtol=1e-9, atol=1e-7)


@pytest.mark.parametrize("hours", [23, 25, 48])
def test_the_limits_of_long_days_and_of_several_are_kept(hours):
    found = paths(10, hours, 60.0)
    store = replace(STORE, cycles_per_day=0.4)
    one_by_one = np.array([foresight(store, path, 60).value_eur for path in found])
    np.testing.assert_allclose(foresight_values_eur(store, found, 60), one_by_one, rtol=1e-9, atol=1e-7)


def test_without_limits_not_a_bit_differs():
    found = paths(20, 96, 40.0)
    store = replace(STORE, cycles_per_day=None)
    assert foresight_values_eur(store, found, 15).tolist() == [foresight(store, path, 15).value_eur for path in found]


def test_no_path_with_ordinary_prices_needs_the_solver(monkeypatch):
    monkeypatch.setattr(milp, "solve", lambda *_: pytest.fail("the solver was called"))
    assert (foresight_values_eur(STORE, np.maximum(paths(50, 96, 80.0), -20.0), 15) > 0).all()


def test_limits_that_contradict_each_other_are_named_as_for_one_path():
    store = replace(STORE, initial_mwh=30.0, terminal="equal", terminal_mwh=0.0, cycles_per_day=0.1)
    with pytest.raises(InfeasibleError, match="cycles_per_day") as error:
        foresight_values_eur(store, paths(2, 24, 50.0), 60)
    assert "cycles_per_day" in error.value.conflicts


def test_mixtures_that_charge_and_discharge_at_once_where_that_pays_are_not_believed(monkeypatch):
    """A limit on cycles and deeply negative prices: some of the paths must go to the solver, and do."""
    calls, solve = [], milp.solve

    def counted(*arguments):
        calls.append(1)
        return solve(*arguments)

    monkeypatch.setattr(milp, "solve", counted)
    store, found = replace(STORE, charge_efficiency=0.6, initial_mwh=20.0), paths(60, 24, -80.0)
    found_eur = foresight_values_eur(store, found, 60)
    assert 0 < len(calls) < 60
    mixed = [bounds._under_limit(store, path, 60, 1e9) for path in found]
    assert all(a <= b + 1e-6 for a, b in zip(found_eur, mixed, strict=True))
