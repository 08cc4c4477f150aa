"""Swing, curtailable load, tolling and spread options against identities, closed forms and mixed-integer programmes."""

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.stats import multivariate_normal

from energy_pipeline.domain.errors import InfeasibleError
from energy_pipeline.mathematics.stores.spreads import bachelier, black, clean_spread_eur_mwh, margrabe, spread_option
from energy_pipeline.mathematics.stores.swing import CurtailableLoad, Swing, swing_foresight_eur, train_curtailable, train_swing
from energy_pipeline.mathematics.stores.tolling import Tolling, commitment, train_tolling
from energy_pipeline_tests.mathematics.stores.price_models import OrnsteinUhlenbeck

DAYS = 30
DAILY = OrnsteinUhlenbeck(50 + 4 * np.sin(np.arange(DAYS) / 4), 0.1, 4.0)
LEARN, FRESH = (DAILY.paths(n, np.random.default_rng(seed)) for n, seed in ((4000, 1), (3000, 2)))


def test_a_swing_that_must_take_all_is_the_forward_strip():
    value, taken = train_swing(Swing(0, 2.0, 2.0 * DAYS, 2.0 * DAYS, 48.0), LEARN).run(FRESH)
    np.testing.assert_allclose(value, 2.0 * (FRESH - 48.0).sum(axis=1), atol=1e-7)
    np.testing.assert_allclose(taken, 2.0)


def test_a_swing_without_limits_is_the_strip_of_calls():
    value, _ = train_swing(Swing(0, 2.0, 0.0, 2.0 * DAYS, 48.0), LEARN).run(FRESH)
    np.testing.assert_allclose(value, 2.0 * np.maximum(FRESH - 48.0, 0).sum(axis=1), atol=1e-7)


def test_a_swing_is_worth_more_the_wider_its_band():
    bands = [(30, 30), (20, 30), (10, 30), (0, 30)]
    values = [train_swing(Swing(0, 1.0, low, high, 50.0), LEARN).run(FRESH)[0] for low, high in bands]
    means = [v.mean() for v in values]
    assert means == sorted(means)
    narrow = [train_swing(Swing(0, 1.0, 0, high, 50.0), LEARN).run(FRESH)[0].mean() for high in (5, 10, 20, 30)]
    assert narrow == sorted(narrow)
    bound = np.array([swing_foresight_eur(Swing(0, 1.0, 10, 20, 50.0), p) for p in FRESH[:200]])
    assert (bound >= train_swing(Swing(0, 1.0, 10, 20, 50.0), LEARN).run(FRESH[:200])[0] - 1e-7).all()


def test_the_totals_and_days_of_a_swing_are_kept():
    _, taken = train_swing(Swing(0.5, 2.0, 20.0, 35.0, 50.0), LEARN).run(FRESH)
    assert taken.min() >= 0.5 - 1e-9
    assert taken.max() <= 2.0 + 1e-9
    assert taken.sum(axis=1).min() >= 20.0 - 1e-6
    assert taken.sum(axis=1).max() <= 35.0 + 1e-6


def test_a_swing_with_a_penalty_equals_the_linear_programme_on_known_prices():
    from scipy.optimize import linprog

    swing = Swing(0.2, 1.0, 25.0, 28.0, 55.0, penalty_eur_mwh=3.0)
    for prices in FRESH[:20]:
        cost = np.concatenate([55.0 - prices, [3.0]])
        total = np.concatenate([np.ones(DAYS), [0.0]])
        short = np.concatenate([-np.ones(DAYS), [-1.0]])
        bounds = [(0.2, 1.0)] * DAYS + [(0, None)]
        found = linprog(cost, A_ub=np.vstack([total, short]), b_ub=[28.0, -25.0], bounds=bounds)
        assert swing_foresight_eur(swing, prices) == pytest.approx(-found.fun, abs=1e-7)
    value, _ = train_swing(swing, LEARN).run(FRESH[:20])
    assert (value <= np.array([swing_foresight_eur(swing, p) for p in FRESH[:20]]) + 1e-7).all()


def test_a_load_is_called_on_the_best_days_it_can_know_and_no_more_often_than_agreed():
    load = CurtailableLoad(5.0, 4.0, 52.0, 6)
    value, taken = train_curtailable(load, LEARN).run(FRESH)
    assert taken.sum(axis=1).max() <= 6 * 20.0 + 1e-6
    six_best = 20.0 * np.maximum(np.sort(FRESH, axis=1)[:, -6:] - 52.0, 0).sum(axis=1)
    assert (value <= six_best + 1e-6).all()
    assert value.mean() > 0.7 * six_best.mean()


INFEASIBLE = {
    "more than the days allow": (Swing(0, 1.0, 40.0, 50.0, 50.0), "total_min_mwh"),
    "less than the days take": (Swing(1.0, 2.0, 0.0, 20.0, 50.0), "total_max_mwh"),
    "crossed totals": (Swing(0, 1.0, 20.0, 10.0, 50.0), "total_max_mwh"),
    "crossed days": (Swing(2.0, 1.0, 0.0, 90.0, 50.0), "daily_min_mwh"),
}


@pytest.mark.parametrize("case", INFEASIBLE)
def test_a_swing_that_cannot_be_is_told_before_solving(case):
    swing, limit = INFEASIBLE[case]
    with pytest.raises(InfeasibleError) as caught:
        train_swing(swing, LEARN)
    assert limit in caught.value.conflicts


@pytest.mark.parametrize("changes", [{"minimum_up": 200}, {"minimum_down": 0}, {"minimum_mw": 9.0}])
def test_a_plant_that_cannot_be_is_told_before_solving(changes):
    with pytest.raises(InfeasibleError) as caught:
        commitment(Tolling(5.0, 2.0, **changes), np.zeros(168))
    assert set(changes) & set(caught.value.conflicts)


def by_solver(plant, margins):
    """Commitment as a mixed-integer programme: on, start, stop per interval."""
    n = margins.size
    cost = np.concatenate([-margins, np.full(n, plant.start_cost_eur), np.zeros(n)])
    rows, low, high = [], [], []

    def rule(entries, least, most):
        row = np.zeros(3 * n)
        for place, factor in entries:
            row[place] += factor
        rows.append(row)
        low.append(least)
        high.append(most)

    for t in range(n):
        before = [(t - 1, -1.0)] if t else []
        rule([(t, 1.0), *before, (n + t, -1.0), (2 * n + t, 1.0)], *([0.0, 0.0] if t else [float(plant.is_on)] * 2))
        rule([(n + s, 1.0) for s in range(max(0, t - plant.minimum_up + 1), t + 1)] + [(t, -1.0)], -np.inf, 0.0)
        rule([(2 * n + s, 1.0) for s in range(max(0, t - plant.minimum_down + 1), t + 1)] + [(t, 1.0)], -np.inf, 1.0)
    least = np.zeros(3 * n)
    most = np.ones(3 * n)
    owed = max(0, (plant.minimum_up if plant.is_on else plant.minimum_down) - plant.intervals_so_far)
    (least if plant.is_on else most)[:owed] = float(plant.is_on)
    found = milp(cost, constraints=LinearConstraint(np.array(rows), low, high), bounds=Bounds(least, most), integrality=np.ones(3 * n))
    return -found.fun


@pytest.mark.parametrize("seed", range(8))
def test_tolling_equals_the_mixed_integer_programme(seed):
    rng = np.random.default_rng(seed)
    plant = Tolling(
        100.0,
        2.0,
        vom_eur_mwh=2.0,
        start_cost_eur=float(rng.choice([0, 2000, 8000])),
        minimum_mw=float(rng.choice([0, 40])),
        minimum_up=int(rng.integers(1, 7)),
        minimum_down=int(rng.integers(1, 7)),
        is_on=bool(seed % 2),
        intervals_so_far=int(rng.integers(1, 4)),
    )
    power = 62 + 25 * np.sin(np.arange(72) / 4) + 10 * rng.standard_normal(72)
    margins = plant.margins_eur(power, np.full(72, 22.0), np.full(72, 25.0), 60)
    plan = commitment(plant, margins)
    assert plan.value_eur[0] == pytest.approx(by_solver(plant, margins), rel=1e-7, abs=1e-5)
    before = np.concatenate([[plant.is_on], plan.on[0, :-1]])
    assert plan.value_eur[0] == pytest.approx((plan.on[0] * margins).sum() - plant.start_cost_eur * (plan.on[0] & ~before).sum())


def test_the_tolling_policy_lies_between_the_best_fixed_plan_and_foresight():
    model = OrnsteinUhlenbeck(60 + 15 * np.sin(np.arange(120) * 2 * np.pi / 24), 0.1, 8.0)
    plant = Tolling(100.0, 2.0, start_cost_eur=3000.0, minimum_mw=40.0, minimum_up=4, minimum_down=3)
    learn, fresh = (plant.margins_eur(model.paths(3000, np.random.default_rng(s)), np.array(20.0), np.array(30.0), 60) for s in (1, 2))
    policy = train_tolling(plant, learn).run(fresh)
    fixed = commitment(plant, learn.mean(axis=0)).on[0]
    starts = (fixed & ~np.concatenate([[False], fixed[:-1]])).sum()
    fixed_value = (fresh * fixed).sum(axis=1) - plant.start_cost_eur * starts
    bound = commitment(plant, fresh).value_eur
    assert fixed_value.mean() < policy.value_eur.mean() < bound.mean()
    assert (policy.value_eur <= bound + 1e-6).all()


def test_a_plant_without_constraints_is_a_strip_of_spread_options():
    """No start cost, no minimum: the dispatch value is the sum of exact option values."""
    rng = np.random.default_rng(5)
    paths, hours = 60_000, 6
    z = rng.multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]], size=(paths, hours))
    power, gas = 60 * np.exp(0.4 * z[..., 0] - 0.08), 25 * np.exp(0.3 * z[..., 1] - 0.045)
    plant = Tolling(1.0, 2.0, tonnes_per_mwh_fuel=0.0, vom_eur_mwh=3.0)
    dispatched = commitment(plant, plant.margins_eur(power, gas, np.array(0.0), 60)).value_eur
    exact = hours * spread_option(60, 25, 3.0, 0.4, 0.3, 0.6, heat_rate=2.0)
    assert abs(dispatched.mean() - exact) < 4 * dispatched.std() / np.sqrt(paths)


@pytest.mark.parametrize("rho", [-1.0, -0.4, 0.0, 0.7, 0.999, 1.0])
def test_spread_options_equal_the_closed_forms(rho):
    deviation = np.sqrt(0.35**2 + 0.25**2 - 2 * rho * 0.35 * 0.25)
    assert spread_option(55, 28, 0.0, 0.35, 0.25, rho, 2.0) == pytest.approx(margrabe(55, 56, deviation), abs=1e-9)
    assert spread_option(55, 28, 7.0, 0.35, 0.0, rho) == pytest.approx(float(black(np.array(55.0), np.array(35.0), 0.35)), abs=1e-9)


def test_spread_options_equal_the_integral_over_both_prices():
    from scipy.integrate import dblquad

    first, second, strike, rho = (60.0, 0.3), (50.0, 0.2), 4.0, 0.5
    density = multivariate_normal([0, 0], [[1, rho], [rho, 1]])

    def payoff(u, v):
        a, b = (m * np.exp(s * z - s * s / 2) for (m, s), z in ((first, u), (second, v)))
        return max(a - b - strike, 0.0) * density.pdf([u, v])

    def border(v):
        return (np.log((second[0] * np.exp(second[1] * v - second[1] ** 2 / 2) + strike) / first[0]) + first[1] ** 2 / 2) / first[1]

    found, _ = dblquad(payoff, -6.5, 6.5, border, 7.5, epsabs=1e-6)
    assert spread_option(60, 50, strike, 0.3, 0.2, rho) == pytest.approx(found, abs=2e-5)


def test_the_normal_option_and_what_is_refused():
    x = np.random.default_rng(0).normal(-3, 10, 400_000)
    assert bachelier(-3.0, 10.0) == pytest.approx(np.maximum(x, 0).mean(), abs=0.04)
    assert bachelier(2.0, 0.0) == 2.0
    with pytest.raises(ValueError, match="positive forwards"):
        spread_option(-5.0, 20.0, 0.0, 0.3, 0.3, 0.0)
    assert clean_spread_eur_mwh(np.array([50.0]), np.array([20.0]), np.array([0.0]), 2.0, 0.2).tolist() == [10.0]
