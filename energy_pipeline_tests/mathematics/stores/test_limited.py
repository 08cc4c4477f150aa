"""Policies under limits on fresh paths, against exact dynamic programmes that know the prices: cycles, ends, takes."""

from dataclasses import replace

import numpy as np
import pytest

from energy_pipeline.domain.errors import InfeasibleError
from energy_pipeline.mathematics.stores.joint import Contracts, JointProblem, Limits, SequentialPolicies
from energy_pipeline.mathematics.stores.joint import joint_book as joint
from energy_pipeline.mathematics.stores.limited import limits_of
from energy_pipeline.mathematics.stores.perfect_foresight import foresight
from energy_pipeline.mathematics.stores.policy import run_of, train
from energy_pipeline.mathematics.stores.store import Store
from energy_pipeline.mathematics.stores.swing import Swing, train_swing
from energy_pipeline_tests.mathematics.stores.oracle_limited import Sizes, best_limited, run_best_limited
from energy_pipeline_tests.mathematics.stores.oracles import Chain, best_policy, normal_transition, run_best
from energy_pipeline_tests.mathematics.stores.price_models import OrnsteinUhlenbeck, seasonal_gas

STEPS = 48
HOUR = np.arange(STEPS) % 24
SHAPE = 45 + 14 * np.exp(-0.5 * ((HOUR - 8) / 1.8) ** 2) + 28 * np.exp(-0.5 * ((HOUR - 19) / 2) ** 2) - 38 * np.exp(-0.5 * ((HOUR - 13) / 2.6) ** 2)
LIVELY, QUIET = OrnsteinUhlenbeck(SHAPE, 0.105, 7.4), OrnsteinUhlenbeck(SHAPE, 0.105, 0.5)
EVEN = Store(1.0, 1.0, 4.0, cycle_cost_eur_mwh=2.0)
LOSSY = Store(1.0, 1.0, 3.0, charge_efficiency=0.9, discharge_efficiency=1 / 1.2, cycle_cost_eur_mwh=2.0)
HALF_FULL = {"initial_mwh": 2.0, "terminal": "equal", "terminal_mwh": 2.0}


def judged(store, model, unit, paths=(3000, 2000)):
    """(policy's run, the plan's values, the optimum's values) on the same fresh paths."""
    learn, fresh = (model.states(n, np.random.default_rng(seed)) for n, seed in zip(paths, (1, 2), strict=True))
    grid = np.linspace(-4, 4, 21) * model.step_deviation / np.sqrt(1 - model.decay**2)
    move = normal_transition(grid, model.decay, model.step_deviation)
    sizes = Sizes.of(store, store.cycles_per_day, unit)
    exact = best_limited(store, SHAPE[:, None] + grid, move, sizes, 24)
    best = run_best_limited(store, exact, sizes, SHAPE + fresh, fresh, grid, 24)
    plan = foresight(store, (SHAPE + learn).mean(axis=0), 60).state_of_charge_mwh
    fixed = run_of(store, np.broadcast_to(plan, fresh.shape), SHAPE + fresh, 60).value_eur
    return train(store, SHAPE + learn, 60).run(SHAPE + fresh), fixed, best


@pytest.mark.parametrize("cycles", [2.0, 1.0, 0.5, 0.25])
@pytest.mark.parametrize(("store", "unit", "end"), [(EVEN, 0.5, {}), (EVEN, 0.5, HALF_FULL), (LOSSY, 0.3, {"terminal_mwh": 1.5})])
@pytest.mark.parametrize("model", [LIVELY, QUIET], ids=["lively", "quiet"])
def test_what_is_left_of_the_days_cycles_is_known(model, store, unit, end, cycles):
    limited = replace(store, cycles_per_day=cycles, **end)
    ours, fixed, best = judged(limited, model, unit)
    assert ours.value_eur.mean() >= 0.99 * best.mean(), f"{ours.value_eur.mean() / best.mean():.3%} of the optimum"
    lead = ours.value_eur - fixed
    assert lead.mean() >= -2 * lead.std() / np.sqrt(lead.size)
    assert ours.discharge_mw.reshape(-1, 24).sum(axis=1).max() <= cycles * store.energy_mwh + 1e-9
    low, high = limited.end_range_mwh
    assert low - 1e-9 <= ours.state_of_charge_mwh[:, -1].min() <= ours.state_of_charge_mwh[:, -1].max() <= high + 1e-9


@pytest.mark.parametrize(("cycles", "unit"), [(0.3, 0.2), (0.75, 0.5)])
def test_so_it_is_with_limits_between_and_another_end(cycles, unit):
    limited = replace(EVEN, cycles_per_day=cycles, initial_mwh=1.0, terminal_mwh=3.0)
    ours, fixed, best = judged(limited, LIVELY, unit)
    assert ours.value_eur.mean() >= 0.99 * best.mean()
    assert ours.value_eur.mean() > fixed.mean()


def test_limits_of_several_spans_are_kept_and_no_tighter_one_earns_more():
    paths, fresh = (np.tile(SHAPE, 4) + 8 * np.random.default_rng(s).standard_normal((1500, 192)) for s in (1, 2))
    limits = [{"cycles_per_day": 1.0}, {"cycles_per_day": 1.0, "cycles_per_week": 4.0}, {"cycles_per_week": 4.0, "cycles_in_all": 3.0}]
    runs = [train(replace(EVEN, **limit), paths, 60).run(fresh) for limit in limits]
    values = [run.value_eur.mean() for run in runs]
    assert values == sorted(values, reverse=True)
    for run, limit in zip(runs, limits, strict=True):
        assert run.discharge_mw[:, :24].sum(axis=1).max() <= 4.0 * limit.get("cycles_per_day", 24.0) + 1e-6
        assert run.discharge_mw[:, :168].sum(axis=1).max() <= 4.0 * limit.get("cycles_per_week", 99.0) + 1e-6
        assert run.discharge_mw.sum(axis=1).max() <= 4.0 * limit.get("cycles_in_all", 99.0) + 1e-6


def test_a_limit_that_power_keeps_anyway_changes_nothing():
    paths = LIVELY.paths(500, np.random.default_rng(1))
    wide = replace(EVEN, cycles_per_day=4.0, cycles_per_week=99.0)
    assert limits_of(wide, STEPS, 60) is None
    np.testing.assert_array_equal(train(wide, paths, 60).run(paths).value_eur, train(EVEN, paths, 60).run(paths).value_eur)
    assert limits_of(replace(EVEN, cycles_per_day=1.0, cycles_per_week=7.0), STEPS, 60).most_mwh.tolist() == [4.0]
    none = train(replace(EVEN, cycles_per_day=0.0, initial_mwh=4.0), paths, 60).run(paths)
    assert none.discharge_mw.max() < 1e-6


def test_a_second_number_seen_is_part_of_a_limited_policy():
    rng = np.random.default_rng(3)
    tomorrow = np.repeat(rng.choice([-30.0, 30.0], (3000, 1)), STEPS, axis=1)
    paths = SHAPE + rng.standard_normal((3000, STEPS)) + np.where(np.arange(STEPS) >= 24, tomorrow, 0.0)
    store = replace(EVEN, cycles_in_all=1.0, initial_mwh=4.0)
    blind, told = train(store, paths, 60).run(paths), train(store, paths, 60, seen2=tomorrow).run(paths, seen2=tomorrow)
    assert told.value_eur.mean() > blind.value_eur.mean() + 30.0


def test_the_price_to_sell_at_is_higher_the_fewer_cycles_there_are():
    paths = LIVELY.paths(2000, np.random.default_rng(1))
    above = [train(replace(EVEN, cycles_per_day=c), paths, 60).thresholds_eur_mwh(np.array([2.0]))[1].mean() for c in (2.0, 1.0, 0.25)]
    assert above == sorted(above)


def test_an_end_that_the_cycles_do_not_reach_is_told_before_solving():
    with pytest.raises(InfeasibleError) as caught:
        train(replace(EVEN, cycles_per_day=0.25, initial_mwh=4.0, terminal="equal"), LIVELY.paths(100, np.random.default_rng(1)), 60)
    assert "cycles_per_day" in caught.value.conflicts


DAYS = 30
DAILY = OrnsteinUhlenbeck(np.full(DAYS, 40.0), 0.03, 3.0)


@pytest.mark.parametrize("takes", [(10, 15), (15, 15), (20, 25), (24, 25), (22, 27)])
def test_a_swing_with_a_minimum_take_earns_the_optimum(takes):
    learn, fresh = (DAILY.states(n, np.random.default_rng(seed)) for n, seed in ((6000, 1), (6000, 2)))
    grid = np.linspace(-4.5, 4.5, 41) * DAILY.step_deviation / np.sqrt(1 - DAILY.decay**2)
    least, most = takes
    swing = Swing(0.0, 1.0, least, most, 40.0)
    store = swing.store(DAYS)
    chain = Chain(-np.repeat(grid[None], DAYS, axis=0), normal_transition(grid, DAILY.decay, DAILY.step_deviation))
    contents, exact = best_policy(store, chain, takes[1] + 1, 1440)
    best = run_best(store, contents, exact, -fresh, fresh, grid, 1440)
    ours, _ = train_swing(swing, 40.0 + learn).run(40.0 + fresh)
    lost = best - ours
    assert lost.mean() <= 0.01 * abs(best.mean()) + 2 * lost.std() / np.sqrt(lost.size), f"{ours.mean():.2f} of {best.mean():.2f}"


def test_a_hard_minimum_is_worth_what_a_penalty_that_never_falls_due_is():
    learn, fresh = (DAILY.paths(n, np.random.default_rng(seed)) for n, seed in ((4000, 1), (2000, 2)))
    hard, penalised = (train_swing(Swing(0, 1, 24, 30, 40, penalty_eur_mwh=p), learn).run(fresh)[0] for p in (None, 500.0))
    assert hard.mean() == pytest.approx(penalised.mean(), rel=1e-9)


def test_a_store_to_be_filled_by_a_day_earns_more_than_the_fixed_plan():
    gas = seasonal_gas(200)
    learn, fresh = (gas.paths(1500, np.random.default_rng(seed)) for seed in (1, 2))
    store = Store(1 / 24, 1 / 24, 100.0, terminal_mwh=90.0)
    plan = foresight(store, learn.mean(axis=0), 1440).state_of_charge_mwh
    lead = train(store, learn, 1440).run(fresh).value_eur - run_of(store, np.broadcast_to(plan, fresh.shape), fresh, 1440).value_eur
    assert lead.mean() > 2 * lead.std() / np.sqrt(lead.size)


@pytest.mark.parametrize("risk_aversion", [0.0, 1.0, 5.0])
def test_no_policy_on_a_tree_is_worth_more_than_the_joint_books_bound(risk_aversion):
    """Prices branch twice; all ways to sell one MWh in three intervals, sold in tenths, are tried."""
    paths = np.array([[50.0, 50 + a, 50 + a + b] for a in (-20.0, 20.0) for b in (-30.0, 30.0)])
    store = Store(1.0, 1.0, 1.0, initial_mwh=1.0)
    nothing = np.zeros(0)
    none = Contracts((), np.zeros((4, 0)), nothing, nothing, nothing, nothing, np.zeros((0, 0)))
    problem = JointProblem(np.array([0.0, 30.0, -60.0, 10.0]), none, Limits(), risk_aversion, 0.5)
    book = joint(problem, [SequentialPolicies("battery", store, paths, 60, np.zeros((0, 3)))])
    tenths, best = np.linspace(0, 1, 11), -np.inf
    for first in tenths:
        for down in tenths[tenths <= 1 - first + 1e-9]:
            for up in tenths[tenths <= 1 - first + 1e-9]:
                second = np.array([down, down, up, up])
                best = max(
                    best, problem.value_eur(problem.base_eur + paths @ [first, 0, 0] + second * paths[:, 1] + (1 - first - second) * paths[:, 2])
                )
    assert book.bound_eur >= best - 1e-9
    assert book.bound_eur >= book.answer.value_eur
