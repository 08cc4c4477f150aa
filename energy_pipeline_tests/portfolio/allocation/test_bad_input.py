"""A clear, typed answer to every problem that has no ordinary one.

What belongs here: singular covariances, contradictions, NaN, one scenario, prices through zero. What does not: ordinary optima.
"""

import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from energy_pipeline.domain.errors import InfeasibleError, PipelineError
from energy_pipeline.portfolio import allocation as al

spec = importlib.util.spec_from_file_location("allocation_books", Path(__file__).resolve().parent / "books.py")
books = importlib.util.module_from_spec(spec)
spec.loader.exec_module(books)

MANY = [al.MinVariance(), al.MinCvar(0.9), al.MeanDeviation(), al.Minimax(), al.MaxMean(), al.MeanCvar(0.5), al.MinDrawdown(0.5), al.Utility(2.0)]


def test_every_mistake_is_listed():
    with pytest.raises(al.BadProblemError) as caught:
        al.Problem(("a", "a"), np.zeros((3, 2)), held=np.zeros(3), probabilities=np.ones(2))
    assert len(caught.value.problems) == 3
    with pytest.raises(al.BadProblemError) as caught:
        al.Problem(
            ("a", "b"),
            np.array([[1.0, np.nan], [0.0, 1.0]]),
            buy_cost=np.array([-1.0, 0.0]),
            probabilities=np.array([0.5, 0.6]),
            limits=(al.Bounds("x"), al.Gross("x", 1.0), al.Linear("y", {"c": 1.0}), al.CvarLimit("z", 1.0, 1.5), al.Gross("w", np.nan)),
        )
    text = str(caught.value)
    for part in (
        "NaN or infinity in 1 row(s) of b",
        "negative",
        "sum to 1.1",
        "'x' repeats",
        "unknown contracts: c",
        "confidence 1.5",
        "'w': high is NaN",
    ):
        assert part in text
    assert isinstance(caught.value, PipelineError)


@pytest.mark.parametrize("shape", [(0, 2), (3, 1), (2,)])
def test_shapes(shape):
    with pytest.raises(al.BadProblemError):
        al.Problem(("a", "b"), np.zeros(shape))


@pytest.mark.parametrize("objective", MANY, ids=lambda o: type(o).__name__)
def test_one_scenario(objective):
    """One scenario has no variance: any weights will do, and the answer says so where the covariance is used."""
    problem = al.weights_problem(["a", "b"], np.array([[0.01, 0.03]]))
    found = al.solve(problem, objective)
    assert found.positions.sum() == pytest.approx(1.0)
    if isinstance(objective, al.MinVariance):
        assert any("singular" in note for note in found.notes)
    if isinstance(objective, (al.MinCvar, al.Minimax)):
        assert found.value == pytest.approx(-0.03)


def test_singular_covariance_is_solved_and_said():
    draw = np.random.default_rng(1)
    problem = al.weights_problem([f"c{k}" for k in range(30)], draw.normal(size=(10, 30)))
    found = al.solve(problem, al.MinVariance())
    assert found.certificate.gap < 1e-9
    assert any("singular" in note for note in found.notes)
    assert al.mean_variance(problem, 10).gaps.max() < 1e-6
    with pytest.raises(al.BadProblemError, match="no risk"):
        al.solve(al.weights_problem(["a", "b"], np.array([[1.0, 0.0], [2.0, 0.0]])), al.RiskBudget())


def test_nothing_beats_the_risk_free_rate():
    problem = books.weights(1)
    for case in (problem, replace(problem, limits=(*problem.limits, al.Linear("idle", {"c0": 1.0}, high=2.0)))):
        with pytest.raises(al.NoExcessReturnError) as caught:
            al.solve(case, al.MaxSharpe(1.0))
        assert caught.value.best == pytest.approx(problem.mean.max())


def test_contradictory_limits_are_named_with_the_smallest_relaxation():
    limits = (
        al.Bounds("size", 0.0, 10.0),
        al.Linear("cover winter", {"a": 1.0, "b": 1.0}, low=26.0),
        al.Linear("idle", {"c": 1.0}, high=5.0),
        al.Gross("margin", 22.0),
    )
    problem = al.Problem(("a", "b", "c"), np.random.default_rng(2).normal(size=(50, 3)), limits=limits)
    for objective in MANY:
        with pytest.raises(al.ConflictingLimitsError) as caught:
            al.solve(problem, objective)
        error = caught.value
        assert isinstance(error, InfeasibleError)
        assert "cover winter" in error.conflicts
        assert "idle" not in error.conflicts
        # irreducible: without any one of the named limits the others hold together
        for name in error.conflicts:
            rest = [limit for limit in limits if limit.name in error.conflicts and limit.name != name]
            assert al.solve(replace(problem, limits=(al.Bounds("room", -100.0, 100.0), *rest)), al.MaxMean()).value is not None
        assert error.amounts
        assert error.relaxation


def test_the_relaxation_named_is_enough():
    problem = al.Problem(("a", "b"), np.ones((1, 2)), limits=(al.Bounds("size", 0.0, 10.0), al.Linear("cover", {"a": 1.0, "b": 1.0}, low=23.0)))
    with pytest.raises(al.ConflictingLimitsError) as caught:
        al.solve(problem, al.MaxMean())
    assert sum(caught.value.amounts.values()) == pytest.approx(3.0)
    relaxed = al.Linear("cover", {"a": 1.0, "b": 1.0}, low=23.0 - caught.value.amounts["cover"])
    assert al.solve(replace(problem, limits=(problem.limits[0], relaxed)), al.MaxMean()).value == pytest.approx(20.0)


def test_budget_that_does_not_fit():
    problem = al.weights_problem(["a", "b"], np.ones((2, 2)), al.Bounds("small", high=0.3))
    with pytest.raises(al.ConflictingLimitsError) as caught:
        al.solve(problem, al.MinCvar())
    assert set(caught.value.conflicts) == {"budget", "small"}


@pytest.mark.parametrize("objective", [al.MaxMean(), al.MinVariance(), al.MeanDeviation()], ids=lambda o: type(o).__name__)
def test_tail_limit_below_what_is_possible(objective):
    problem = books.power_book(3)
    least = al.solve(problem, al.MinCvar(0.9)).value
    with pytest.raises(al.ConflictingLimitsError) as caught:
        al.solve(replace(problem, limits=(*problem.limits, al.CvarLimit("tail", least - 7.0, 0.9))), objective)
    assert caught.value.conflicts[0] == "tail"
    assert caught.value.amounts["tail"] == pytest.approx(7.0, rel=1e-4)


def test_targets_out_of_reach():
    problem = books.weights(4)
    with pytest.raises(al.ConflictingLimitsError) as caught:
        al.solve(problem, al.TargetReturn(1.0))
    assert "target return" in caught.value.conflicts
    with pytest.raises(al.ConflictingLimitsError) as caught:
        al.solve(problem, al.TargetRisk(1e-6))
    assert "target risk" in caught.value.conflicts


@pytest.mark.parametrize("objective", [al.MaxMean(), al.MeanCvar(0.1, 0.9), al.Utility(1.0)], ids=lambda o: type(o).__name__)
def test_unlimited_positions(objective):
    draw = np.random.default_rng(5)
    safe_gain = np.column_stack([draw.normal(size=200), 1.0 + 0.0 * draw.normal(size=200)])
    with pytest.raises(al.UnboundedError, match="nothing limits"):
        al.solve(al.Problem(("risky", "gift"), safe_gain), objective)


def test_quotes_through_zero():
    """Negative and zero prices are prices: P&L per unit, no relative return anywhere."""
    draw = np.random.default_rng(6)
    payoff = draw.normal(size=(400, 3)) * 30 + np.array([-20.0, 0.0, 5.0])
    bid, ask = np.array([-21.0, -0.5, 4.0]), np.array([-20.0, 0.5, 4.6])
    problem = al.quoted_problem(["night", "noon", "evening"], payoff, bid, ask, np.array([5.0, -5.0, 0.0]), al.Bounds("size", -10.0, 10.0))
    for objective in MANY:
        found = al.solve(problem, objective)
        assert np.isfinite(found.positions).all()
        assert al.evaluate(problem, objective, found.positions) == pytest.approx(found.value, rel=1e-8, abs=1e-8)
    # P&L of a buy at the ask and of a sale at the bid, by hand
    x = np.array([7.0, -6.0, 1.0])
    trades = x - problem.start
    cash = np.where(trades > 0, trades * ask, trades * bid)
    held_at_mid = problem.start * (bid + ask) / 2
    assert problem.pnl(x) == pytest.approx(payoff @ x - held_at_mid.sum() - cash.sum())
    with pytest.raises(al.BadProblemError, match="bid above ask"):
        al.quoted_problem(["x"], payoff[:, :1], np.array([1.0]), np.array([0.0]), np.zeros(1))


def test_lots_that_leave_no_position():
    problem = al.Problem(
        ("a",), np.ones((2, 1)), limits=(al.Bounds("size", 0.0, 10.0), al.Lots("lots", 7.0), al.Linear("cover", {"a": 1.0}, 8.0, 9.0))
    )
    with pytest.raises((al.ConflictingLimitsError, al.SolverError)):
        al.solve(problem, al.MaxMean())


def test_combinations_without_a_method_say_so():
    problem = books.power_book(1, 50, 3, al.Lots("lots", 1.0))
    with pytest.raises(al.UnsupportedError, match="whole lots"):
        al.solve(problem, al.MinVariance())
    with pytest.raises(al.UnsupportedError):
        al.solve(problem, al.MaxSharpe())
    with pytest.raises(al.ConflictingLimitsError, match="one set of positions"):
        al.solve(al.weights_problem(["a", "b", "c"], np.diag([1.0, 2.0, 30.0]), al.Linear("cap", {"a": 1.0}, high=0.4)), al.InverseVolatility())
