"""The joint book against the programme written out, against brute force, and against itself."""

from dataclasses import replace

import numpy as np
import pytest

from energy_pipeline.domain.errors import InfeasibleError
from energy_pipeline.mathematics.stores.joint import (
    Contracts,
    JointProblem,
    Limits,
    SchedulePolicies,
    SequentialPolicies,
    risk_frontier,
    sequential_book,
)
from energy_pipeline.mathematics.stores.joint import joint_book as joint
from energy_pipeline.mathematics.stores.joint.book import measures, physical_prices_eur
from energy_pipeline.mathematics.stores.joint.master import Column, Master
from energy_pipeline.portfolio.joint_day import advantage_eur
from energy_pipeline_tests.mathematics.stores.extensive import extensive
from energy_pipeline_tests.mathematics.stores.joint_cases import BATTERY, case


def schedules(paths, factors, store=BATTERY):
    return [SchedulePolicies("battery", store, paths, 60, factors)]


@pytest.mark.parametrize("confidence", [0.95, 0.937, 0.5], ids=["tail of 10", "tail of 12.6", "tail of 100"])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_it_equals_the_extensive_programme(seed, confidence):
    paths, problem, factors = case(200, 168, 6, seed, confidence=confidence)
    assets = schedules(paths, factors)
    found, exact = joint(problem, assets, rounds=400, gap=1e-12), extensive(problem, assets)
    assert found.answer.value_eur == pytest.approx(exact.value_eur, rel=1e-6, abs=1e-6)
    assert found.bound_eur == pytest.approx(exact.value_eur, rel=1e-6)
    assert problem.value_eur(found.pnl_eur) == pytest.approx(exact.value_eur, rel=1e-6)
    np.testing.assert_allclose(found.answer.exposure_price_eur_mwh, exact.exposure_price_eur_mwh, rtol=1e-5, atol=1e-5)


def test_two_stores_and_no_limits_and_no_risk_too():
    paths, problem, factors = case(120, 96, 4, 5, limited=False)
    other = replace(BATTERY, charge_mw=2.0, initial_mwh=4.0, terminal_mwh=6.0, energy_mwh=8.0)
    assets = [*schedules(paths, factors), SchedulePolicies("other", other, paths + 3, 60, factors)]
    for risk_aversion in (0.0, 0.3, 4.0):
        one = replace(problem, risk_aversion=risk_aversion)
        assert joint(one, assets, rounds=400, gap=1e-12).answer.value_eur == pytest.approx(extensive(one, assets).value_eur, rel=1e-6)


@pytest.mark.parametrize("scenarios", [7, 40, 41])
def test_the_master_is_the_full_programme_with_every_scenario(scenarios):
    from scipy.optimize import linprog

    _, problem, _ = case(scenarios, 24, 3, 9, confidence=0.9)
    rng = np.random.default_rng(scenarios)
    columns = [Column(a, 500 * rng.standard_normal(scenarios), 50 * rng.standard_normal(2)) for a in (0, 0, 0, 1, 1)]
    master = Master(problem, 2)
    for column in columns:
        master.add(column)
    answer = master.solve()
    # bought, sold, shares, quantile, beyond; every scenario has its row.
    c, limits = problem.contracts, problem.limits
    v, e = np.array([x.pnl_eur for x in columns]).T, np.array([x.exposure_mwh for x in columns]).T
    gains = np.hstack([c.gain_eur_mw - c.cost_eur_mw, -c.gain_eur_mw - c.cost_eur_mw, v, np.zeros((scenarios, 1 + scenarios))])
    loss = -gains + np.hstack([np.zeros((scenarios, 11)), -np.ones((scenarios, 1)), -np.eye(scenarios)])
    rest = np.zeros((2, 1 + scenarios))
    exposure = np.hstack([c.exposure_mwh, -c.exposure_mwh, e, rest])
    budget = np.hstack([[np.ones(6), np.tile(c.margin_eur_mw, 2)], np.zeros((2, 5)), rest])
    one = np.hstack([np.zeros((2, 6)), [[1, 1, 1, 0, 0], [0, 0, 0, 1, 1]], rest])
    cost = -gains.mean(axis=0)
    cost[11], cost[12:] = problem.risk_aversion, problem.risk_aversion / (scenarios * 0.1)
    full = linprog(
        cost,
        A_ub=np.vstack([loss, exposure, -exposure, budget]),
        b_ub=[*problem.base_eur, *limits.exposure_high_mwh, *-limits.exposure_low_mwh, limits.gross_mw, limits.margin_eur],
        A_eq=one,
        b_eq=[1, 1],
        bounds=[(0, m) for m in (*c.most_bought_mw, *c.most_sold_mw)] + [(0, None)] * 5 + [(None, None)] + [(0, None)] * scenarios,
    )
    assert answer.value_eur == pytest.approx(problem.base_eur.mean() - full.fun, rel=1e-6)
    assert answer.weights.sum() == pytest.approx(1 + problem.risk_aversion)
    assert (answer.weights >= 1 / scenarios - 1e-12).all()
    assert answer.weights.max() <= (1 + problem.risk_aversion / 0.1) / scenarios + 1e-9


def test_cvar_is_exact_where_the_tail_is_not_a_whole_number():
    rng = np.random.default_rng(1)
    none = np.zeros((0, 0))
    for scenarios, confidence in ((7, 0.9), (10, 0.75), (33, 0.95)):
        pnl = 100 * rng.standard_normal(scenarios)
        empty = Contracts((), np.zeros((scenarios, 0)), *[np.zeros(0)] * 4, none)  # type: ignore[call-arg]
        problem = JointProblem(pnl, empty, Limits(), 1.0, confidence)
        tail = scenarios * (1 - confidence)
        by_definition = min(z + np.maximum(-pnl - z, 0).sum() / tail for z in -pnl)  # a kink is a minimum
        assert measures(problem, pnl)[2] == pytest.approx(by_definition)
        assert Master(problem, 0).solve().value_eur == pytest.approx(pnl.mean() - by_definition)


def test_cvar_does_not_rise_with_risk_aversion():
    paths, problem, factors = case(600, 48, 5, 3)
    small = SequentialPolicies("battery", BATTERY, paths, 60, factors)
    for assets in (schedules(paths, factors), [small]):
        books = risk_frontier(problem, assets, [0.0, 0.3, 1.0, 10.0], rounds=3)
        cvars = [measures(problem, book.pnl_eur)[2] for book in books]
        means = [measures(problem, book.pnl_eur)[1] for book in books]
        assert (np.diff(cvars) <= 1e-6 * np.abs(cvars[0])).all()
        assert (np.diff(means) <= 1e-6 * np.abs(cvars[0])).all()
        assert cvars[0] > cvars[-1]


def test_shadow_prices_are_the_gain_of_a_little_more():
    paths, problem, factors = case(150, 96, 4, 4)
    assets = schedules(paths, factors)

    def value(one, used=assets):
        return joint(one, used, rounds=400, gap=1e-12).answer.value_eur

    answer, here, step = joint(problem, assets, rounds=400, gap=1e-12).answer, value(problem), 1e-4
    limits, contracts = problem.limits, problem.contracts
    wider = {
        "gross": (replace(problem, limits=replace(limits, gross_mw=limits.gross_mw + step)), answer.gross_price_eur_mw),
        "margin": (replace(problem, limits=replace(limits, margin_eur=limits.margin_eur + step)), answer.margin_price),
    }
    for j in range(2):
        more = limits.exposure_high_mwh + step * np.eye(2)[j]
        wider[f"high {j}"] = (replace(problem, limits=replace(limits, exposure_high_mwh=more)), max(answer.exposure_price_eur_mwh[j], 0))
        less = limits.exposure_low_mwh - step * np.eye(2)[j]
        wider[f"low {j}"] = (replace(problem, limits=replace(limits, exposure_low_mwh=less)), max(-answer.exposure_price_eur_mwh[j], 0))
    for k in range(4):
        for side, name in enumerate(("most_bought_mw", "most_sold_mw")):
            more = getattr(contracts, name) + step * np.eye(4)[k]
            wider[f"{name} {k}"] = (replace(problem, contracts=replace(contracts, **{name: more})), answer.box_price_eur_mw[side, k])
    for name, (one, price) in wider.items():
        assert (value(one) - here) / step == pytest.approx(price, rel=0.02, abs=0.05), name
    assert sum(price > 0 for _, price in wider.values()) >= 2
    for (limit, _), price in physical_prices_eur(answer, assets).items():
        larger = schedules(paths, factors, replace(BATTERY, **{limit: getattr(BATTERY, limit) + 1e-3}))
        assert (value(problem, larger) - here) / 1e-3 == pytest.approx(price, rel=0.02, abs=0.05), limit


def test_the_tail_changes_the_policy_and_the_answer_is_judged_on_fresh_paths():
    # One scarce hedge: what the contract cannot cover, the battery must.
    paths, problem, factors = case(2000, 72, 1, 7, risk_aversion=3.0, limited=False)
    fresh_paths, fresh, _ = case(2000, 72, 1, 7, risk_aversion=3.0, limited=False, stream=1)
    tight = replace(problem.contracts, most_bought_mw=np.ones(1), most_sold_mw=np.ones(1))
    problem, fresh = (replace(p, contracts=replace(tight, gain_eur_mw=p.contracts.gain_eur_mw)) for p in (problem, fresh))
    assets = [SequentialPolicies("battery", BATTERY, paths, 60, factors)]
    both, first = joint(problem, assets, rounds=5), sequential_book(problem, assets)
    assert both.answer.value_eur >= first.answer.value_eur - 1e-6
    assert list(both.history_eur) == sorted(both.history_eur)
    np.testing.assert_allclose(both.pnl_on(problem, [paths]), both.pnl_eur, rtol=1e-9)
    judged = [book.pnl_on(fresh, [fresh_paths]) for book in (both, first)]
    gain, error = advantage_eur(fresh, *judged)
    assert gain == pytest.approx(fresh.value_eur(judged[0]) - fresh.value_eur(judged[1]))
    assert error > 0
    assert advantage_eur(fresh, judged[0], judged[0]) == (0.0, 0.0)


def test_limits_that_conflict_are_named():
    paths, problem, factors = case(50, 24, 2, 2)
    low = replace(problem.limits, exposure_low_mwh=np.array([5000.0, -200.0]), exposure_high_mwh=np.array([6000.0, 100.0]))
    with pytest.raises(InfeasibleError) as caught:
        joint(replace(problem, limits=low), schedules(paths, factors))
    assert "exposure all low" in str(caught.value)
    with pytest.raises(ValueError, match="low is above high"):
        replace(problem, limits=replace(low, exposure_high_mwh=np.zeros(2)))
    with pytest.raises(InfeasibleError):
        joint(problem, schedules(paths, factors, replace(BATTERY, initial_mwh=99.0)))
