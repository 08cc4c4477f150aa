"""Swing, curtailable load and tolling as columns of the joint book: known cases, and never worse than value first."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from energy_pipeline.mathematics.stores.joint import SequentialPolicies, SwingPolicies, TollingPolicies, joint_book, sequential_book
from energy_pipeline.mathematics.stores.joint.book import physical_prices_eur
from energy_pipeline.mathematics.stores.swing import CurtailableLoad, Swing
from energy_pipeline.mathematics.stores.tolling import Tolling
from energy_pipeline_tests.mathematics.stores.extensive import extensive
from energy_pipeline_tests.mathematics.stores.joint_cases import BATTERY, case

DAYS = 7
FUEL, CARBON = 18.0, 60.0
FREE = Tolling(10.0, 2.0, vom_eur_mwh=1.0)
PLANT = replace(FREE, minimum_mw=4.0, start_cost_eur=300.0, minimum_up=4, minimum_down=3)


@pytest.fixture(scope="module")
def market():
    paths, problem, factors = case(300, 24 * DAYS, 4, 3, risk_aversion=2.0)
    return paths, problem, factors


def daily(paths, factors):
    return paths.reshape(len(paths), DAYS, 24).mean(axis=2), factors.reshape(len(factors), DAYS, 24).mean(axis=2)


def known(problem, pnl, exposure):
    """The book with an asset that leaves no choice: its P&L is part of the base, its exposure takes room."""
    limits = replace(
        problem.limits,
        exposure_low_mwh=problem.limits.exposure_low_mwh - exposure,
        exposure_high_mwh=problem.limits.exposure_high_mwh - exposure,
    )
    return extensive(replace(problem, base_eur=problem.base_eur + pnl, limits=limits), []).value_eur


def test_a_forced_swing_is_a_forward_strip(market):
    paths, problem, factors = market
    prices, look = daily(paths, factors)
    forced = SwingPolicies("swing", Swing(20.0, 20.0, 140.0, 140.0, 48.0), prices, look)
    book = joint_book(problem, [forced], rounds=30)
    strip = 20.0 * (prices - 48.0).sum(axis=1)
    assert book.answer.value_eur == pytest.approx(known(problem, strip, 20.0 * look.sum(axis=1)), rel=1e-7)


def test_a_plant_without_ties_is_a_strip_of_calls_on_the_spread(market):
    paths, problem, factors = market
    free = TollingPolicies("plant", FREE, paths, 60, factors, FUEL, CARBON)
    spread = paths - 2.0 * (FUEL + 0.202 * CARBON) - 1.0
    pnl, exposure = free.train(np.full(300, 1 / 300), np.zeros(2)).on(paths)
    np.testing.assert_allclose(pnl, 10.0 * np.maximum(spread, 0.0).sum(axis=1), rtol=1e-9)
    np.testing.assert_allclose(exposure, factors @ (10.0 * (spread > 0).mean(axis=0)), rtol=1e-9)
    assert sequential_book(problem, [free]).answer.value_eur == pytest.approx(known(problem, pnl, exposure), rel=1e-7)


@pytest.mark.parametrize("which", ["swing", "load", "plant", "all"])
def test_together_is_never_worse_than_value_first(market, which):
    paths, problem, factors = market
    prices, look = daily(paths, factors)
    every: dict[str, Any] = {
        "swing": SwingPolicies("swing", Swing(0.0, 60.0, 100.0, 250.0, 50.0), prices, look),
        "load": SwingPolicies("load", CurtailableLoad(5.0, 24.0, 60.0, 2).month(DAYS), prices, look),
        "plant": TollingPolicies("plant", PLANT, paths, 60, factors, FUEL, CARBON),
    }
    assets = [a for name, a in every.items() if which in {name, "all"}]
    first, together = sequential_book(problem, assets), joint_book(problem, assets, rounds=4)
    assert together.answer.value_eur >= first.answer.value_eur - 1e-6
    assert problem.value_eur(together.pnl_eur) == pytest.approx(together.answer.value_eur, rel=1e-6)
    worth = physical_prices_eur(together.answer, assets)
    assert set(worth) == {(limit, a.name) for a in assets for limit in a.physical_limits}


def test_weights_move_nominations_to_where_the_book_hurts(market):
    paths, _, factors = market
    prices, look = daily(paths, factors)
    swing = SwingPolicies("swing", Swing(0.0, 60.0, 0.0, 120.0, 50.0), prices, look)
    dear = prices[:, -1] > np.quantile(prices[:, -1], 0.8)
    weights = np.where(dear, 4.0, 0.25) / 300
    plain, moved = (swing.train(w, np.zeros(2)).on(prices)[0] for w in (np.full(300, 1 / 300), weights))
    assert weights @ moved >= weights @ plain - 1e-9
    priced = swing.train(np.full(300, 1 / 300), np.array([25.0, 0.0])).on(prices)[1]
    assert priced[0] < swing.train(np.full(300, 1 / 300), np.zeros(2)).on(prices)[1][0], "exposure that costs is taken less"


def test_a_column_is_the_better_one_at_the_prices_it_was_trained_for(market):
    paths, _, factors = market
    prices, look = daily(paths, factors)
    assets: list[Any] = [
        SwingPolicies("swing", Swing(0.0, 60.0, 0.0, 250.0, 50.0), prices, look),
        TollingPolicies("plant", PLANT, paths, 60, factors, FUEL, CARBON),
        SequentialPolicies("battery", replace(BATTERY, initial_mwh=10.0), paths, 60, factors),
    ]
    weights = np.random.default_rng(7).uniform(0.5, 1.5, 300) / 100
    for asset in assets:
        for price in (np.array([40.0, 0.0]), np.array([0.0, 60.0])):
            worth = []
            for trained_at in (price, np.zeros(2)):
                pnl, exposure = asset.train(weights, trained_at).on(asset.paths_eur_mwh)
                worth.append(weights @ pnl - price @ exposure)
            assert worth[0] > worth[1], asset.name
