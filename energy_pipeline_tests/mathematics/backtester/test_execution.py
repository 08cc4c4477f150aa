"""Slices add up, cost what their parts cost, and follow the volume."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from energy_pipeline.mathematics.backtester import execution as ex
from energy_pipeline.mathematics.backtester.costs import Costs

COSTS = Costs(half_spread_eur_mwh=0.1, impact_eur_mwh=4.0, impact_exponent=0.6, daily_volume_mwh=1000.0)
volumes = st.lists(st.floats(1, 500), min_size=2, max_size=12).map(np.array)


@given(st.floats(-200, 200).filter(lambda q: abs(q) > 1e-3), volumes)
def test_slices_are_the_order_and_spreading_is_cheaper(order, volume):
    for schedule in (ex.twap(order, volume.size), ex.vwap(order, volume)):
        assert schedule.slices_mwh.sum() == pytest.approx(order)
    at_once = ex.Schedule(np.append(order, np.zeros(volume.size - 1)), abs(order))
    spread = ex.expected_cost(ex.vwap(order, volume), COSTS, volume, volatility_eur_mwh=2.0)
    assert spread.cost_eur <= ex.expected_cost(at_once, COSTS, volume).cost_eur + 1e-9
    assert ex.expected_cost(at_once, COSTS, volume, volatility_eur_mwh=2.0).risk_eur == pytest.approx(0.0, abs=1e-9)
    assert spread.risk_eur > 0
    # With every slice the same share q / volume, the cost has a closed form; no other split is cheaper for power-law impact.
    share = abs(order) / volume.sum()
    assert spread.cost_eur == pytest.approx(abs(order) * (0.1 + 4.0 * share**0.6))
    assert spread.cost_eur <= ex.expected_cost(ex.twap(order, volume.size), COSTS, volume).cost_eur + 1e-9


def test_the_risk_of_waiting_is_that_of_simulated_prices():
    rng = np.random.default_rng(0)
    schedule = ex.twap(12.0, 6)
    moves = rng.normal(0, 1.5, (100_000, 5))
    paid = (np.cumsum(moves, axis=1) * schedule.slices_mwh[1:]).sum(axis=1)
    assert ex.expected_cost(schedule, COSTS, np.full(6, 100.0), volatility_eur_mwh=1.5).risk_eur == pytest.approx(paid.std(), rel=0.02)


@given(st.floats(-50, 50), st.floats(0.5, 20), volumes)
def test_an_iceberg_never_shows_or_fills_more(order, shown, room):
    found = np.abs(ex.iceberg(order, shown, room).slices_mwh)
    assert (found <= np.minimum(shown, room) + 1e-12).all()
    assert found.sum() <= abs(order) + 1e-9
    if (np.minimum(shown, room)).sum() >= abs(order):
        assert found.sum() == pytest.approx(abs(order))


def test_wrong_schedules_are_refused():
    with pytest.raises(ValueError, match="0 slices"):
        ex.twap(1.0, 0)
    with pytest.raises(ValueError, match="not all zero"):
        ex.vwap(1.0, np.zeros(3))
    with pytest.raises(ValueError, match="more than 0"):
        ex.iceberg(1.0, 0.0, np.ones(3))
