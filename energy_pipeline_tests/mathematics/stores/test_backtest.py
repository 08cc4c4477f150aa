"""The walk over past days: no look-ahead, foresight on top."""

import os
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from energy_pipeline.mathematics.stores import backtest, rules
from energy_pipeline.mathematics.stores.perfect_foresight import foresight
from energy_pipeline.mathematics.stores.policy import run_of
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


def discharged(walk_of, store, monkeypatch):
    """MWh each rule discharged on each day walked."""
    found = []

    def noted(*args):
        run = run_of(*args)
        found.append(float(run.discharge_mw.sum()))
        return run

    monkeypatch.setattr(backtest, "run_of", noted)
    walk = walk_of(store)
    monkeypatch.setattr(backtest, "run_of", run_of)
    return walk, np.array(found).reshape(RECORD_DAYS + walk.foresight_eur.size, -1)


@pytest.mark.parametrize("kind", ["auction", "sequential"])
@pytest.mark.parametrize("cycles", [0.3, 1.0])
def test_every_rule_keeps_a_limit_on_cycles_a_day_and_none_beats_foresight_under_it(kind, cycles, monkeypatch):
    day_ahead, second = market(FIRST + 3)
    forecasts = day_ahead + np.random.default_rng(1).standard_normal(day_ahead.shape)

    def walk_of(store):
        if kind == "auction":
            return backtest.auction_walk(store, day_ahead, forecasts, FIRST)
        return backtest.sequential_walk(store, second, day_ahead, FIRST, np.random.default_rng)

    store = replace(STORE, cycles_per_day=cycles)
    walk, each = discharged(walk_of, store, monkeypatch)
    assert each.max() <= cycles * STORE.energy_mwh + 1e-6
    assert each.max() > 0.5 * cycles * STORE.energy_mwh
    prices = (day_ahead if kind == "auction" else second)[FIRST:].ravel()
    best = foresight(replace(store, initial_mwh=STORE.energy_mwh), prices, 60).margin_eur
    assert max(margins.sum() for margins in walk.margins_eur.values()) <= best + 1e-6


def test_a_warranty_is_spread_over_the_days_and_never_overspent(monkeypatch):
    day_ahead, _ = market(FIRST + 6)
    forecasts = day_ahead + np.random.default_rng(1).standard_normal(day_ahead.shape)
    free = backtest.auction_walk(STORE, day_ahead, forecasts, FIRST)
    _, used = discharged(lambda s: backtest.auction_walk(s, day_ahead, forecasts, FIRST), STORE, monkeypatch)
    warranty = 0.5 * used[RECORD_DAYS:, 3].sum()
    walk, each = discharged(lambda s: backtest.auction_walk(s, day_ahead, forecasts, FIRST, warranty), STORE, monkeypatch)
    assert each[RECORD_DAYS:].sum(axis=0).max() <= warranty + 1e-6
    assert each[RECORD_DAYS:, 3].sum() > 0.3 * warranty
    assert each[-2:, 3].sum() > 0.0  # something is left for the last days
    assert walk.foresight_eur.sum() <= free.foresight_eur.sum() + 1e-9
    assert max(m.sum() for m in walk.margins_eur.values()) <= walk.foresight_eur.sum() + STORE.energy_mwh * day_ahead.max()


def test_a_plan_under_a_limit_is_the_programmes_where_whole_steps_meet_it():
    prices = 50 + 20 * np.sin(np.arange(24) / 3) + np.random.default_rng(3).standard_normal(24)
    store = replace(STORE, cycles_per_day=0.93)  # two hours of discharge
    plan = foresight(store, prices, 60)
    stored = rules.intrinsic(store, rules.Outlook(prices, 0.0, np.zeros(24)), 60)
    earned = run_of(store, stored[None], prices[None], 60).margin_eur[0]
    assert 0.9 * plan.margin_eur <= earned <= plan.margin_eur + 1e-9
