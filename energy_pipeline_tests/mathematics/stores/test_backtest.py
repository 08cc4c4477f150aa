"""The walk over past days: no look-ahead, foresight on top."""

import os
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from energy_pipeline.mathematics.stores import backtest
from energy_pipeline.mathematics.stores.perfect_foresight import foresight
from energy_pipeline.mathematics.stores.store import Store
from energy_pipeline.studies import battery_study

STORE = Store(1.0, 1.0, 2.0, charge_efficiency=0.93, discharge_efficiency=0.93, cycle_cost_eur_mwh=3.0)
DATA = Path(os.environ.get("ENERGY_PIPELINE_DATA", "../shared/data"))
GERMAN = DATA / "de_day_ahead_with_tso_forecasts_2015_2019" / "hourly.parquet"
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


@pytest.mark.skipif(not GERMAN.exists(), reason="the market files are not there (ENERGY_PIPELINE_DATA)")
def test_on_four_measured_weeks_letting_the_auction_choose_beats_the_plan(monkeypatch):
    monkeypatch.setattr(backtest, "RECORD_DAYS", 7)
    market = battery_study.german(DATA)
    first, last = ((date(2018, 3, d) - market.first_day).days for d in (4, 31))
    begin = first - backtest.WINDOW - 7 - 1
    prices = market.day_ahead[begin - 7 : last + 1]
    forecasts = np.array([prices[d - 7 : d].mean(axis=0) for d in range(7, len(prices))])
    walk = backtest.auction_walk(battery_study.BATTERY, prices[7:], forecasts, first - begin)
    assert walk.foresight_eur.size == 28
    earned = {rule: margins.sum() for rule, margins in walk.margins_eur.items()}
    assert earned["policy"] > earned["intrinsic"] + 0.05 * walk.foresight_eur.sum()
    assert max(earned.values()) <= walk.foresight_eur.sum() + 1e-6
    assert walk.lead("policy", "intrinsic", np.random.default_rng(0))[0] == pytest.approx((earned["policy"] - earned["intrinsic"]) / 28)


def test_expected_second_prices_are_the_auctions_and_paths_are_about_them():
    day_ahead, second = market(FIRST + 1)
    second += 3.0
    paths = backtest.simulated_second(second, day_ahead, FIRST, 0.8, 4000, np.random.default_rng(0))
    expected = backtest.expected_second(second, day_ahead, FIRST)
    usual = (second[FIRST - backtest.WINDOW : FIRST] - day_ahead[FIRST - backtest.WINDOW : FIRST]).mean()
    np.testing.assert_allclose(expected, day_ahead[FIRST] + usual)
    last = second[FIRST - 1, -1] - day_ahead[FIRST - 1, -1] - usual
    np.testing.assert_allclose(paths.mean(axis=0), expected + last * 0.8 ** np.arange(1, 25), atol=1e-9)
    assert paths.std(axis=0).min() > 3.0
