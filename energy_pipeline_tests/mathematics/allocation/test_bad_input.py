"""A clear, typed answer to every problem that has no ordinary one.

What belongs here: singular covariances, contradictions, NaN, one scenario, prices through zero. What does not: ordinary optima.
"""

import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energy_pipeline.domain.errors import InfeasibleError, PipelineError
from energy_pipeline.mathematics import allocation as al
from energy_pipeline.mathematics.allocation import critical_line, risk_parity
from energy_pipeline.mathematics.allocation.covariance import covariance_problems

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


INDEFINITE = np.array([[1.0, 2.0], [2.0, 1.0]])
"""Eigenvalues 3 and -1."""
LOPSIDED = np.array([[1.0, 0.5], [0.2, 1.0]])
TAKING = {
    "problem": lambda c: al.Problem(("a", "b"), np.zeros((3, 2)), covariance=c),
    "risk budget": risk_parity.risk_budget,
    "risk shares": lambda c: risk_parity.risk_shares(c, np.ones(2)),
    "inverse volatility": risk_parity.inverse_volatility,
    "critical line": lambda c: critical_line.trace(np.array([1.0, 2.0]), c, np.zeros(2), np.ones(2)),
    "equilibrium": lambda c: al.equilibrium(c, np.ones(2), 1.0),
    "posterior": lambda c: al.posterior(["a", "b"], np.zeros(2), c, [al.View({"a": 1.0}, 1.0)]),
    "factors": lambda c: al.FactorCovariance(np.eye(2), c, np.ones(2)),
}


@pytest.mark.parametrize("take", TAKING.values(), ids=TAKING)
def test_a_matrix_that_is_no_covariance_is_refused(take):
    with pytest.raises(al.BadProblemError, match=r"not positive semidefinite: smallest eigenvalue -1;"):
        take(INDEFINITE)
    with pytest.raises(al.BadProblemError, match=r"not symmetric: (a|1) with (b|2) 0\.5, (b|2) with (a|1) 0\.2"):
        take(LOPSIDED)
    with pytest.raises(al.BadProblemError, match="NaN or infinity"):
        take(np.array([[1.0, np.nan], [np.nan, 1.0]]))
    take(np.array([[1.0, 0.5], [0.5 + 1e-13, 1.0]]))


def test_an_indefinite_pair_shows_beside_contracts_of_any_size():
    matrix = np.zeros((4, 4))
    matrix[:2, :2], matrix[2:, 2:] = 1e-4 * INDEFINITE, 1e6 * np.eye(2)
    with pytest.raises(al.BadProblemError, match=r"smallest eigenvalue -0\.0001"):
        al.Problem(("a", "b", "c", "d"), np.zeros((3, 4)), covariance=matrix)
    with pytest.raises(al.BadProblemError, match=r"1 specific variance\(s\) are negative"):
        al.FactorCovariance(np.eye(2), np.eye(2), np.array([1.0, -1.0]))


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 100_000), rows=st.integers(1, 8), n=st.integers(1, 12), weighted=st.booleans())
def test_estimates_of_any_rank_and_size_are_covariances(seed, rows, n, weighted):
    """Rounding is no mistake: constant contracts, copies, spreads of large numbers, fewer rows than contracts."""
    draw = np.random.default_rng(seed)
    r = draw.normal(size=(rows, n)) * 10.0 ** draw.uniform(-6, 6, size=n) + 10.0 ** draw.uniform(-3, 6, size=n)
    r = np.column_stack([r, r[:, 0], np.full(rows, 1234.567), r[:, 0] - r[:, -1]])
    p = draw.dirichlet(np.ones(rows)) if weighted else None
    assert covariance_problems(al.sample(r, p)) == []


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 100_000), n=st.integers(2, 8))
def test_the_nearest_matrix_is_semidefinite_and_none_near_it_is_nearer(seed, n):
    draw = np.random.default_rng(seed)
    raw = draw.uniform(-1, 1, size=(n, n))
    raw = (raw + raw.T) / 2.0
    np.fill_diagonal(raw, 1.0)
    found, distance = al.nearest_psd(raw)
    assert covariance_problems(found) == []
    assert np.diag(found).tolist() == [1.0] * n
    assert distance == pytest.approx(np.linalg.norm(found - raw))
    for _ in range(20):
        other = al.sample(draw.normal(size=(n + 2, n)))
        scale = np.sqrt(np.diag(other))
        toward = found + draw.choice([1e-3, 0.1, 1.0]) * (other / np.outer(scale, scale) - found)
        assert np.linalg.norm(toward - raw) >= distance - 1e-6
    again, none = al.nearest_psd(found, -1e-12)
    assert again is found
    assert none == 0.0
    assert al.nearest_psd(raw, 1e-4)[1] >= distance - 1e-9


def test_the_nearest_covariance_by_hand():
    """Eigenvalues 3 and -1: without the second, 1.5 everywhere; the published correlation case of Higham (2002)."""
    found, distance = al.nearest_psd(INDEFINITE * 1.000001)
    assert found == pytest.approx(np.full((2, 2), 1.5), rel=1e-5)
    assert distance == pytest.approx(1.0, rel=1e-5)
    found, distance = al.nearest_psd(np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0], [0.0, 1.0, 1.0]]))
    assert found[0] == pytest.approx([1.0, 0.7607, 0.1573], abs=1e-4)
    assert distance == pytest.approx(0.5278, abs=1e-4)
