"""The walk over past days: no look-ahead, foresight on top."""

from dataclasses import replace

import numpy as np
import pytest

from energy_pipeline.flexibility import backtest
from energy_pipeline.flexibility.foresight import foresight
from energy_pipeline.flexibility.store import Store

STORE = Store(1.0, 1.0, 2.0, charge_efficiency=0.93, discharge_efficiency=0.93, cycle_cost_eur_mwh=3.0)
SEARCH_DAYS = 4
RECORD_DAYS = 5
FIRST = backtest.WINDOW + RECORD_DAYS + 1


def market(days):
    rng = np.random.default_rng(0)
    day_ahead = 50 + 15 * np.sin(np.arange(24) / 4) + 5 * rng.standard_normal((days, 24))
    return day_ahead, day_ahead + 6 * rng.standard_normal((days, 24))


@pytest.fixture(autouse=True)
def few_paths(monkeypatch):
    monkeypatch.setattr(backtest, "PATHS", 100)
    monkeypatch.setattr(backtest, "SEARCH_DAYS", SEARCH_DAYS)
    monkeypatch.setattr(backtest, "RECORD_DAYS", RECORD_DAYS)


def most(prices):
    """Foresight from a full store: the warm-up may leave a rule some energy."""
    return foresight(replace(STORE, initial_mwh=STORE.energy_mwh), prices[FIRST:].ravel(), 60).margin_eur


def test_a_days_decisions_do_not_depend_on_its_later_prices_or_on_later_days():
    day_ahead, second = market(FIRST + 3)
    walk = backtest.sequential_walk(STORE, second, day_ahead, FIRST, np.random.default_rng)
    changed = second.copy()
    changed[-1] += 40.0
    other = backtest.sequential_walk(STORE, changed, day_ahead, FIRST, np.random.default_rng)
    for rule, margins in walk.margins_eur.items():
        np.testing.assert_array_equal(margins[:-1], other.margins_eur[rule][:-1])
        assert margins.sum() <= most(second) + 1e-6


def test_bids_are_made_on_the_forecast_alone():
    day_ahead, _ = market(FIRST + 2)
    forecasts = day_ahead + np.random.default_rng(1).standard_normal(day_ahead.shape)
    walk = backtest.auction_walk(STORE, day_ahead, forecasts, FIRST)
    shifted = day_ahead.copy()
    shifted[-1] += 1.0
    other = backtest.auction_walk(STORE, shifted, forecasts, FIRST)
    for rule, margins in walk.margins_eur.items():
        np.testing.assert_array_equal(margins[:-1], other.margins_eur[rule][:-1])
        assert margins.sum() <= most(day_ahead) + 1e-6
