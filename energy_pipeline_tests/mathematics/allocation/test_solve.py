"""Every objective against an independent solution, and what must hold for any optimum.

What belongs here: optimality, certificates, shadow prices, limits. What does not: bad input (`test_bad_input`), peers.
"""

import importlib.util
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energy_pipeline.mathematics import allocation as al
from energy_pipeline.mathematics.allocation import simplex, tail
from energy_pipeline.mathematics.allocation.found import covariance_of
from energy_pipeline.mathematics.allocation.space import build

spec = importlib.util.spec_from_file_location("allocation_books", Path(__file__).resolve().parent / "books.py")
books = importlib.util.module_from_spec(spec)
spec.loader.exec_module(books)

LINEAR = [
    al.MaxMean(),
    al.MinVariance(),
    al.Utility(0.01),
    al.MeanDeviation(),
    al.Minimax(),
    al.MinCvar(0.9),
    al.MeanCvar(0.4, 0.9),
    al.MinDrawdown(0.8),
    al.WorstStress(),
    al.TargetRisk(150.0),
]


def fresh(problem, **changes):
    return replace(problem, **changes)


@pytest.mark.parametrize("objective", LINEAR, ids=lambda o: type(o).__name__)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_certified_admissible_and_not_beaten_by_random_positions(objective, seed):
    problem = books.power_book(seed)
    found = al.solve(problem, objective)
    assert found.certificate.relative_gap < 1e-7
    space = build(problem)
    change = found.trades
    parts = [np.maximum(change, 0), np.maximum(-change, 0), np.maximum(found.positions, 0), np.maximum(-found.positions, 0)]
    assert space.violation(np.concatenate([found.positions, *parts])) < 1e-7
    assert al.evaluate(problem, objective, found.positions) == pytest.approx(found.value, rel=1e-9, abs=1e-9)
    draw = np.random.default_rng(seed)
    sign = 1.0 if found.sense == "min" else -1.0
    for _ in range(300):
        x = found.positions + draw.normal(size=problem.count) * draw.choice([0.01, 0.3, 3.0])
        change = x - problem.start
        if np.abs(x).max() > 20 or np.abs(x).sum() > 70 or np.abs(change).sum() > 45 or abs(x[0] - x[1]) > 4:
            continue
        if isinstance(objective, al.TargetRisk) and al.evaluate(problem, al.MinVariance(), x) > 150.0**2:
            continue
        assert sign * al.evaluate(problem, objective, x) >= sign * found.certificate.bound - 1e-7 * abs(found.value)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), confidence=st.sampled_from([0.0, 0.5, 0.85, 0.9, 0.99]))
def test_cvar_is_the_full_linear_programmes(seed, confidence):
    problem = books.power_book(seed, 120, 5)
    found = al.solve(problem, al.MinCvar(confidence))
    assert found.value == pytest.approx(books.cvar_programme(problem, confidence), rel=1e-8, abs=1e-8)
    assert found.certificate.gap <= 1e-8 * max(abs(found.value), 1.0)


@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.975])
def test_probabilities_count_as_repeated_scenarios(confidence):
    problem = books.weights(5, 40, 4)
    times = np.random.default_rng(0).integers(1, 4, size=40)
    repeated = al.weights_problem(problem.names, np.repeat(problem.scenarios, times, axis=0))
    weighted = fresh(problem, probabilities=times / times.sum())
    for objective in (al.MinCvar(confidence), al.MeanDeviation(), al.Minimax(), al.MinVar(confidence, 20.0)):
        assert al.solve(weighted, objective).value == pytest.approx(al.solve(repeated, objective).value, rel=1e-8)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), scale=st.sampled_from([1e-6, 0.1, 50.0, 1e5]), shift=st.floats(-0.5, 0.5))
def test_scale_and_shift(seed, scale, shift):
    """Weights sum to one, so a constant added to every result moves every loss by it and no deviation."""
    problem = books.weights(seed, 150, 5)
    moved = fresh(problem, scenarios=scale * (problem.scenarios + shift))
    for objective, power, move in ((al.MinCvar(0.9), 1, -1), (al.Minimax(), 1, -1), (al.MeanDeviation(), 1, 0), (al.MinVariance(), 2, 0)):
        before, after = al.solve(problem, objective).value, al.solve(moved, objective).value
        assert after == pytest.approx(scale**power * (before + move * shift), rel=1e-6, abs=1e-9 * scale**power)


def test_cvar_of_many_scenarios_uses_few_of_them():
    problem = books.weights(3, 20_000, 12)
    measure = tail.cvar_tail(problem.scenarios, None, 0.95, None)
    found = tail.minimise(build(problem), np.zeros(12), 1.0, measure, np.full(12, 1 / 12))
    assert found.used < 3_000
    assert 0 <= found.value - found.bound + 1e-15 < 1e-10 * found.value


def crowded_corner(seed, one_way, two_way):
    """Held positions that meet their gross limit, one-way columns at zero, costs: many pieces through the first point."""
    draw = np.random.default_rng(seed)
    count = one_way + two_way
    common = draw.normal(size=(600, 4))
    zero = np.zeros(one_way)
    cost = np.concatenate([zero, np.full(two_way, 0.05)])
    return al.Problem(
        names=tuple(f"c{i}" for i in range(count)),
        scenarios=common @ draw.normal(size=(4, count)) + draw.normal(size=(600, count)) + 0.3,
        held=np.concatenate([zero, np.ones(two_way)]),
        buy_cost=cost,
        sell_cost=cost,
        base=20.0 * common[:, 0],
        limits=(
            al.Bounds("box", np.concatenate([zero, np.full(two_way, -3.0)]), np.concatenate([np.full(one_way, 2.0), np.full(two_way, 3.0)])),
            al.Gross("gross", float(two_way), np.concatenate([zero, np.ones(two_way)])),
        ),
    )


@pytest.mark.parametrize("objective", [al.MeanCvar(0.5, 0.95), al.MinCvar(0.95), al.MeanDeviation()], ids=lambda o: type(o).__name__)
@pytest.mark.parametrize(("seed", "one_way", "two_way"), [(0, 10, 3), (0, 30, 6), (4, 50, 12)])
def test_the_walk_leaves_a_corner_where_many_limits_meet(objective, seed, one_way, two_way):
    problem = crowded_corner(seed, one_way, two_way)
    found = al.solve(problem, objective)
    assert "simplex" in found.solver
    assert found.certificate.relative_gap < 1e-9


def test_highs_takes_over_where_the_walk_stalls(monkeypatch):
    problem = books.power_book(4)
    expected = al.solve(problem, al.MinCvar(0.9)).value

    def stalled(g, h, low, high, c, basis):
        del g, low, high
        return simplex.Vertex(simplex.STALLED, np.zeros(len(c)), basis, np.zeros(len(h)), 0)

    monkeypatch.setattr(simplex, "minimise", stalled)
    found = al.solve(problem, al.MinCvar(0.9))
    assert "HiGHS" in found.solver
    assert found.value == pytest.approx(expected, rel=1e-9)
    assert found.certificate.relative_gap < 1e-7


@pytest.mark.parametrize("objective", [al.MinCvar(0.9), al.MinVariance(), al.MaxMean(), al.MeanCvar(0.5)], ids=lambda o: type(o).__name__)
def test_shadow_price_is_what_a_looser_limit_gains(objective):
    problem = fresh(books.power_book(7), limits=(al.Bounds("size", -6.0, 6.0), al.Gross("gross", 20.0), al.Turnover("turnover", 12.0)))
    found = al.solve(problem, objective)
    step = 1e-4
    for name in ("gross", "turnover"):
        limits = tuple(replace(limit, high=limit.high + step) if limit.name == name else limit for limit in problem.limits)
        gain = al.solve(fresh(problem, limits=limits), objective).value - found.value
        gain = -gain if found.sense == "min" else gain
        assert found.shadow_prices.get(name, 0.0) == pytest.approx(gain / step, rel=2e-3, abs=2e-4 * (1 + abs(found.value)))
        assert (name in found.binding) or found.shadow_prices.get(name, 0.0) < 1e-6 * (1 + abs(found.value))


def test_trading_costs_stop_small_improvements():
    problem = books.power_book(9)
    costly = fresh(problem, buy_cost=np.full(8, 1e6), sell_cost=np.full(8, 1e6), limits=(al.Bounds("size", -50.0, 50.0),))
    assert np.abs(al.solve(costly, al.MeanCvar(1.0, 0.9)).trades).max() < 1e-9
    free = fresh(problem, buy_cost=None, sell_cost=None, limits=(al.Bounds("size", -50.0, 50.0),))
    assert al.solve(free, al.MinCvar(0.9)).value <= al.solve(fresh(problem, limits=(al.Bounds("size", -50.0, 50.0),)), al.MinCvar(0.9)).value + 1e-9


@pytest.mark.parametrize("seed", [1, 2])
def test_mean_under_a_cvar_limit(seed):
    """The price search against the full programme, and against mean - price x CVaR at the price found."""
    problem = books.power_book(seed)
    least = al.solve(problem, al.MinCvar(0.9)).value
    cap = al.CvarLimit("tail", least + 0.3 * abs(least) + 10.0, 0.9)
    found = al.solve(fresh(problem, limits=(*problem.limits, cap)), al.MaxMean())
    assert found.certificate.relative_gap < 1e-8
    assert al.evaluate(problem, al.MinCvar(0.9), found.positions) <= cap.high * (1 + 1e-9)
    twice = al.CvarLimit("tail again", cap.high, 0.9)
    general = al.solve(fresh(problem, limits=(*problem.limits, cap, twice)), al.MaxMean())
    assert general.solver == "HiGHS"
    assert found.value == pytest.approx(general.value, rel=1e-7)
    price = found.shadow_prices["tail"]
    assert al.solve(problem, al.MeanCvar(price, 0.9)).value == pytest.approx(found.value - price * cap.high, rel=1e-7)


def test_curved_limits_together():
    problem = books.power_book(3)
    calm = al.solve(problem, al.MinVariance())
    caps = (
        al.VolatilityLimit("volatility", 1.3 * np.sqrt(calm.value)),
        al.CvarLimit("tail", 1.2 * al.evaluate(problem, al.MinCvar(0.9), calm.positions), 0.9),
        al.DrawdownLimit("drawdown", 1.3 * al.evaluate(problem, al.MinDrawdown(0.9), calm.positions), 0.9),
        al.StressLimit("stress", 1.2 * al.evaluate(problem, al.WorstStress(), calm.positions) + 50.0),
    )
    found = al.solve(fresh(problem, limits=(*problem.limits, *caps)), al.MaxMean())
    assert found.certificate.relative_gap < 1e-6
    x = found.positions
    assert np.sqrt(al.evaluate(problem, al.MinVariance(), x)) <= caps[0].high * (1 + 1e-7)
    assert al.evaluate(problem, al.MinCvar(0.9), x) <= caps[1].high * (1 + 1e-7)
    assert al.evaluate(problem, al.MinDrawdown(0.9), x) <= caps[2].high * (1 + 1e-7)
    assert al.evaluate(problem, al.WorstStress(), x) <= caps[3].high + 1e-6
    assert found.expected > calm.expected
    assert set(found.shadow_prices) & {c.name for c in caps}


def test_target_return_and_target_risk_are_two_views_of_one_frontier():
    for problem in (books.weights(11), books.power_book(11)):
        best = al.solve(problem, al.MaxMean())
        calm = al.solve(problem, al.MinVariance())
        target = 0.5 * (best.value + calm.expected)
        by_return = al.solve(problem, al.TargetReturn(target))
        by_risk = al.solve(problem, al.TargetRisk(float(np.sqrt(by_return.value))))
        assert by_return.expected == pytest.approx(target, rel=1e-8)
        assert by_risk.value == pytest.approx(target, rel=1e-7)
        assert by_risk.positions == pytest.approx(by_return.positions, abs=1e-4 * np.abs(by_return.positions).max())


def test_largest_sharpe_with_and_without_the_critical_line():
    plain = books.weights(21)
    exact = al.solve(plain, al.MaxSharpe(0.0002))
    # a limit that cannot bind sends the problem another way
    other = al.solve(fresh(plain, limits=(*plain.limits, al.Linear("idle", {"c0": 1.0}, high=5.0))), al.MaxSharpe(0.0002))
    assert exact.solver != other.solver
    assert exact.value == pytest.approx(other.value, rel=1e-8)
    assert max(exact.certificate.relative_gap, other.certificate.relative_gap) < 1e-7
    assert exact.value >= al.solve(plain, al.Utility(3.0)).expected / 1e9


def test_tracking_error_of_a_copy_is_zero_and_market_neutral_is_variance():
    problem = books.weights(2)
    even = np.full(8, 1 / 8)
    assert al.solve(problem, al.TrackingError(even, "even")).value == pytest.approx(0.0, abs=1e-12)
    assert al.solve(problem, al.TrackingError(np.zeros(8), "market neutral")).value == pytest.approx(
        al.solve(problem, al.MinVariance()).value, rel=1e-9
    )


def test_whole_lots():
    problem = books.power_book(5, 120, 4, al.Lots("lots", {"c0": 5.0, "c1": 5.0, "c2": 2.0}))
    relaxed = al.solve(fresh(problem, limits=problem.limits[:-1]), al.MinCvar(0.9))
    found = al.solve(problem, al.MinCvar(0.9))
    lots = found.positions[:3] / np.array([5.0, 5.0, 2.0])
    assert lots == pytest.approx(np.round(lots), abs=1e-7)
    assert found.value >= relaxed.value - 1e-9
    assert found.certificate.relative_gap < 1e-7
    # every neighbour in whole lots, the fourth contract free
    for a in (-1, 0, 1):
        for b in (-1, 0, 1):
            fixed = {"c0": 5.0 * (np.round(lots[0]) + a), "c1": 5.0 * (np.round(lots[1]) + b), "c2": 2.0 * np.round(lots[2])}
            try:
                other = al.solve(fresh(problem, limits=(*problem.limits[:-1], al.Bounds("fixed", fixed, fixed))), al.MinCvar(0.9))
            except al.ConflictingLimitsError:
                continue
            assert other.value >= found.value - 1e-7


def test_var_optimum_against_every_choice_of_scenarios():
    """Ten scenarios, VaR 0.8: try every pair of scenarios beyond it."""
    from itertools import combinations

    problem = books.weights(31, 10, 3)
    found = al.solve(problem, al.MinVar(0.8, 30.0))
    best = min(
        al.solve(al.weights_problem(problem.names, np.delete(problem.scenarios, out, axis=0)), al.Minimax()).value
        for out in combinations(range(10), 2)
    )
    assert found.value == pytest.approx(best, rel=1e-8)
    assert found.certificate.relative_gap < 1e-8
    assert found.value <= al.solve(problem, al.MinCvar(0.8)).value


def test_same_input_same_bytes():
    for objective in (al.MinCvar(0.9), al.MinVariance(), al.MeanDeviation()):
        a, b = (al.solve(books.power_book(8), objective) for _ in range(2))
        assert a.positions.tobytes() == b.positions.tobytes()


def test_timings_come_from_the_callers_clock():
    ticks = iter(range(10))
    found = al.solve(books.weights(1), al.MinCvar(), clock=lambda: float(next(ticks)))
    assert found.timings == {"checks": 1.0, "solve": 1.0, "explain": 1.0}
    assert not al.solve(books.weights(1), al.MinCvar()).timings


def test_factor_covariance_gives_the_dense_answer():
    draw = np.random.default_rng(4)
    factors = al.FactorCovariance(draw.normal(size=(40, 3)), np.diag([2.0, 1.0, 0.5]), 0.5 + draw.random(40))
    problem = al.weights_problem(
        [f"c{k}" for k in range(40)], draw.normal(size=(50, 40)), al.Linear("first ten", dict.fromkeys([f"c{k}" for k in range(10)], 1.0), high=0.1)
    )
    in_factors = al.solve(fresh(problem, covariance=factors), al.MinVariance())
    full = al.solve(fresh(problem, covariance=factors.dense()), al.MinVariance())
    assert in_factors.value == pytest.approx(full.value, rel=1e-9)
    assert in_factors.positions == pytest.approx(full.positions, abs=1e-7)


def test_alpha_and_risk_model_can_come_from_elsewhere():
    problem = books.weights(6)
    alpha = np.arange(8.0)
    assert al.solve(fresh(problem, expected=alpha), al.MaxMean()).positions[-1] == pytest.approx(1.0)
    calm = al.solve(fresh(problem, covariance=np.diag([1.0] + [100.0] * 7)), al.MinVariance())
    assert calm.positions[0] == pytest.approx(1 / (1 + 7 / 100), rel=1e-9)
    assert covariance_of(problem) == pytest.approx(np.cov(problem.scenarios.T))


OTHER = {
    "scenarios": lambda p, draw: draw.permuted(p.scenarios, axis=1),
    "probabilities": lambda p, draw: draw.dirichlet(np.ones(len(p.scenarios))),
    "expected": lambda p, draw: draw.normal(size=p.count) * 5,
    "covariance": lambda p, draw: al.sample(draw.normal(size=(50, p.count)) * 4),
    "held": lambda p, draw: draw.normal(size=p.count),
    "base": lambda p, draw: draw.normal(size=len(p.scenarios)) * 30,
    "limits": lambda _p, draw: (al.Bounds("size", -float(draw.uniform(1.0, 5.0)), 5.0),),
}


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    field=st.sampled_from(sorted(OTHER)),
    objective=st.sampled_from([al.MaxMean(), al.MinVariance(), al.Utility(0.1), al.MeanCvar(0.5, 0.9), al.MeanDeviation()]),
)
def test_a_changed_copy_is_solved_as_a_problem_made_anew(seed, field, objective):
    """Whatever was asked of the first one before the copy was made."""
    problem = books.power_book(seed, 60, 4)
    al.solve(problem, objective)
    changed = {field: OTHER[field](problem, np.random.default_rng(seed))}
    anew = al.Problem(**{f.name: getattr(problem, f.name) for f in fields(problem)} | changed)
    copy, made = al.solve(replace(problem, **changed), objective), al.solve(anew, objective)
    assert copy.positions.tobytes() == made.positions.tobytes()
    assert (copy.value, copy.certificate.gap) == (made.value, made.certificate.gap)
    assert copy.expected == pytest.approx(anew.pnl(copy.positions) @ anew.weights) or "expected" in changed
