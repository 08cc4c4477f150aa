"""Frontiers: exact, convex, monotone, certified.

What belongs here: the critical line and both frontiers. What does not: single optima.
"""

import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energy_pipeline.mathematics import allocation as al
from energy_pipeline.mathematics.allocation import critical_line

spec = importlib.util.spec_from_file_location("allocation_books", Path(__file__).resolve().parent / "books.py")
books = importlib.util.module_from_spec(spec)
spec.loader.exec_module(books)


def relative_gaps(corners):
    size = np.diag(corners.covariance).mean() * max(corners.budget**2, 1e-12) + corners.trade_offs * np.abs(corners.mean).max()
    return corners.gaps(corners.trade_offs, corners.positions) / size


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 100_000),
    n=st.integers(2, 15),
    rows=st.integers(3, 60),
    low=st.sampled_from([0.0, -0.2]),
    high=st.sampled_from([0.35, 1.0, 5.0]),
)
def test_corners_are_optimal_and_the_frontier_convex_and_monotone(seed, n, rows, low, high):
    draw = np.random.default_rng(seed)
    r = draw.normal(size=(rows, 3)) @ draw.normal(size=(3, n)) + draw.normal(size=(rows, n)) * (rows > n)
    mean, covariance = r.mean(axis=0), np.cov(r.T).reshape(n, n)
    if high * n < 1.0:
        high = 1.0
    try:
        corners = critical_line.trace(mean, covariance, np.full(n, low), np.full(n, high))
    except al.SolverError:
        # a singular covariance may have no certain corners; it must then be singular
        assert np.linalg.matrix_rank(covariance) < n
        return
    assert relative_gaps(corners).max() < 1e-7
    assert corners.positions.sum(axis=1) == pytest.approx(np.ones(len(corners.positions)), abs=1e-8)
    assert (corners.positions >= low - 1e-9).all()
    assert (corners.positions <= high + 1e-9).all()
    assert (np.diff(corners.trade_offs) <= 0).all()
    assert (np.diff(corners.returns) <= 1e-9).all()
    targets = np.linspace(corners.returns[-1], corners.returns[0], 12)
    points = corners.at_return(targets)
    variance = np.einsum("ki,ki->k", points @ covariance, points)
    assert points @ mean == pytest.approx(targets, abs=1e-8)
    assert (np.diff(variance) >= -1e-9 * variance.max()).all()
    sigma = np.sqrt(np.maximum(variance, 0))
    assert (sigma[1:-1] <= 0.5 * (sigma[:-2] + sigma[2:]) + 1e-6 * sigma.max()).all()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_points_against_one_problem_at_a_time(seed):
    problem = books.weights(seed, 200, 10)
    frontier = al.mean_variance(problem, 9)
    assert frontier.gaps.max() < 1e-12
    for expected, risk in list(zip(frontier.expected, frontier.risk, strict=True))[:-1]:
        assert al.solve(problem, al.TargetReturn(float(expected))).value == pytest.approx(risk**2, rel=1e-8)
    assert frontier.risk[0] ** 2 == pytest.approx(al.solve(problem, al.MinVariance()).value, rel=1e-9)
    assert frontier.expected[-1] == pytest.approx(problem.mean.max())


def test_trade_off_risk_and_sharpe_points():
    problem = books.weights(4, 200, 10)
    covariance = np.cov(problem.scenarios.T)
    corners = critical_line.trace(problem.mean, covariance, np.zeros(10), np.ones(10))
    x = corners.at_trade_off(0.05)
    assert x == pytest.approx(al.solve(problem, al.Utility(1 / 0.05)).positions, abs=1e-7)
    sigma = float(np.sqrt(x @ covariance @ x))
    assert corners.at_risk(sigma) == pytest.approx(x, abs=1e-6)
    top = corners.largest_sharpe(0.0)
    ratio = (top @ problem.mean) / np.sqrt(top @ covariance @ top)
    for target in np.linspace(corners.returns[-1], corners.returns[0], 400):
        y = corners.at_return(np.array([target]))[0]
        assert (y @ problem.mean) / np.sqrt(y @ covariance @ y) <= ratio * (1 + 1e-10)


def test_duplicate_contracts_share_and_change_nothing():
    problem = books.weights(5, 200, 6)
    doubled = np.hstack([problem.scenarios, problem.scenarios[:, :2]])
    twice = al.weights_problem([f"c{k}" for k in range(8)], doubled)
    one, two = al.mean_variance(problem, 15), al.mean_variance(twice, 15)
    assert two.risk == pytest.approx(one.risk, rel=1e-9)
    assert two.positions[:, :2] == pytest.approx(two.positions[:, 6:], abs=1e-12)
    assert al.solve(twice, al.MinCvar(0.9)).value == pytest.approx(al.solve(problem, al.MinCvar(0.9)).value, rel=1e-9)
    assert al.solve(twice, al.MinVariance()).value == pytest.approx(al.solve(problem, al.MinVariance()).value, rel=1e-8)


def test_equal_means_are_a_single_point():
    problem = replace(books.weights(6, 200, 7), expected=np.zeros(7))
    corners = critical_line.trace(problem.mean, np.cov(problem.scenarios.T), np.zeros(7), np.ones(7))
    assert len(corners.positions) == 1
    assert corners.positions[0] == pytest.approx(al.solve(problem, al.MinVariance()).positions, abs=1e-6)


@pytest.mark.parametrize("make", [books.weights, books.power_book])
def test_general_frontiers_are_convex_monotone_and_certified(make):
    problem = make(7)
    for frontier in (al.mean_cvar(problem, 0.9, 8), al.mean_variance(problem, 8)):
        assert (np.diff(frontier.expected) > 0).all()
        assert (np.diff(frontier.risk) >= -1e-7 * np.abs(frontier.risk).max()).all()
        slopes = np.diff(frontier.risk) / np.diff(frontier.expected)
        assert (np.diff(slopes) >= -1e-5 * np.abs(slopes).max()).all()
        assert (frontier.gaps <= 1e-6 * np.maximum(np.abs(frontier.risk), frontier.risk**2) + 1e-9).all()


def test_target_out_of_reach():
    problem = books.weights(8)
    corners = critical_line.trace(problem.mean, np.cov(problem.scenarios.T), np.zeros(8), np.ones(8))
    with pytest.raises(al.BadProblemError, match="above the highest"):
        corners.at_return(np.array([problem.mean.max() * 2]))
    with pytest.raises(al.BadProblemError, match="below the least"):
        corners.at_risk(1e-9)
    with pytest.raises(al.BadProblemError, match="does not fit"):
        critical_line.trace(problem.mean, np.cov(problem.scenarios.T), np.zeros(8), np.full(8, 0.1))
