"""Covariances, risk budgets, Black-Litterman and measures against independent solutions.

What belongs here: the pieces around the optimisers. What does not: the optimisers.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energy_pipeline.mathematics import allocation as al
from energy_pipeline.mathematics.allocation import covariance, measures, risk_parity


@pytest.mark.parametrize(("rows", "n"), [(200, 5), (20, 30), (3, 4)])
def test_shrinkage_is_scikit_learns(rows, n):
    from sklearn.covariance import OAS, LedoitWolf

    r = np.random.default_rng(rows).normal(size=(rows, n)) @ np.random.default_rng(n).normal(size=(n, n))
    for ours, theirs in ((covariance.ledoit_wolf, LedoitWolf()), (covariance.oracle_approximating, OAS())):
        matrix, shrinkage = ours(r)
        theirs.fit(r)
        assert matrix == pytest.approx(theirs.covariance_, rel=1e-9, abs=1e-12)
        assert shrinkage == pytest.approx(theirs.shrinkage_, rel=1e-9)


def test_sample_rolling_and_exponential():
    import pandas as pd

    r = np.random.default_rng(1).normal(size=(60, 3))
    assert covariance.sample(r) == pytest.approx(np.cov(r.T))
    windows = covariance.rolling(r, 20)
    assert windows.shape == (41, 3, 3)
    assert windows[-1] == pytest.approx(np.cov(r[-20:].T))
    assert windows[5].tobytes() == covariance.rolling(r[5:25], 20)[0].tobytes()
    expected = pd.DataFrame(r).ewm(halflife=10).cov().to_numpy()[-3:]
    assert covariance.exponentially_weighted(r, 10.0) == pytest.approx(expected, rel=1e-9)
    with pytest.raises(ValueError, match="window"):
        covariance.rolling(r, 61)


def test_statistical_factors_keep_the_variances():
    r = np.random.default_rng(2).normal(size=(100, 6)) @ np.random.default_rng(3).normal(size=(6, 6))
    factors = covariance.statistical_factors(r, 2)
    assert np.diag(factors.dense()) == pytest.approx(np.var(r, axis=0, ddof=1))
    assert covariance.statistical_factors(r, 6).dense() == pytest.approx(covariance.sample(r), abs=1e-9)
    x = np.arange(6.0)
    assert factors.times(x) == pytest.approx(factors.dense() @ x)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 100_000), n=st.integers(1, 20), equal=st.booleans())
def test_risk_shares_are_the_budgets(seed, n, equal):
    draw = np.random.default_rng(seed)
    r = draw.normal(size=(3 * n + 5, n)) @ draw.normal(size=(n, n)) * 10.0 ** draw.uniform(-3, 3, size=n)
    matrix = np.cov(r.T).reshape(n, n)
    budgets = None if equal else 0.05 + draw.random(n)
    found = risk_parity.risk_budget(matrix, budgets)
    wanted = np.full(n, 1 / n) if budgets is None else budgets / budgets.sum()
    assert risk_parity.risk_shares(matrix, found.positions) == pytest.approx(wanted, rel=1e-8)
    assert found.positions.sum() == pytest.approx(1.0)
    assert (found.positions > 0).all()


def test_risk_budgets_with_shorts_and_closed_forms():
    two = np.array([[0.04, 0.006], [0.006, 0.01]])
    # two contracts: parity is inverse volatility whatever the correlation
    assert risk_parity.risk_budget(two).positions == pytest.approx([1 / 3, 2 / 3])
    short = risk_parity.risk_budget(two, signs=np.array([1.0, -1.0])).positions
    assert short == pytest.approx([1 / 3, -2 / 3])
    assert risk_parity.risk_shares(two, short) == pytest.approx([0.5, 0.5])


def test_target_volatility():
    r = np.random.default_rng(5).normal(size=(300, 4)) * [1.0, 2.0, 3.0, 4.0]
    problem = al.Problem(("a", "b", "c", "d"), r)
    found = al.solve(problem, al.TargetVolatility(7.5, al.InverseVolatility()))
    assert np.sqrt(found.positions @ np.cov(r.T) @ found.positions) == pytest.approx(7.5)
    parity = al.solve(problem, al.TargetVolatility(7.5))
    assert risk_parity.risk_shares(np.cov(r.T), parity.positions) == pytest.approx(np.full(4, 0.25))


def test_black_litterman_full_and_partial_views():
    names = ["base", "peak", "gas"]
    sigma = np.array([[4.0, 3.0, 1.0], [3.0, 9.0, 1.5], [1.0, 1.5, 2.0]])
    prior = al.equilibrium(sigma, np.array([0.5, 0.3, 0.2]), 2.0)
    views = [al.View({"peak": 1.0, "base": -1.0}, 1.0, variance=0.3), al.View({"gas": 1.0}, 0.2, variance=0.1)]
    found = al.posterior(names, prior, sigma, views, tau=0.1)
    # the textbook form with inverses
    p = np.array([[-1.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    precision = np.linalg.inv(0.1 * sigma) + p.T @ np.diag([1 / 0.3, 1 / 0.1]) @ p
    mean = np.linalg.solve(precision, np.linalg.inv(0.1 * sigma) @ prior + p.T @ np.array([1.0 / 0.3, 0.2 / 0.1]))
    assert found.mean == pytest.approx(mean)
    assert found.mean_covariance == pytest.approx(np.linalg.inv(precision))
    assert found.covariance == pytest.approx(sigma + np.linalg.inv(precision))
    certain = al.posterior(names, prior, sigma, [al.View({"gas": 1.0}, 0.2, confidence=1.0)])
    assert certain.mean[2] == pytest.approx(0.2)
    ignored = al.posterior(names, prior, sigma, [al.View({"gas": 1.0}, 0.2, confidence=0.0)])
    assert ignored.mean == pytest.approx(prior)
    assert al.posterior(names, prior, sigma, []).mean == pytest.approx(prior)
    with pytest.raises(al.BadProblemError, match="unknown contracts: coal"):
        al.posterior(names, prior, sigma, [al.View({"coal": 1.0}, 0.2)])


def test_without_views_the_benchmark_is_optimal():
    sigma = np.cov(np.random.default_rng(6).normal(size=(100, 4)).T)
    benchmark = np.array([0.1, 0.2, 0.3, 0.4])
    problem = al.Problem(("a", "b", "c", "d"), np.zeros((1, 4)), expected=al.equilibrium(sigma, benchmark, 3.0), covariance=sigma)
    assert al.solve(problem, al.Utility(3.0)).positions == pytest.approx(benchmark, rel=1e-8)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 60), st.sampled_from([0.0, 0.5, 0.9, 0.95, 0.99]))
def test_cvar_is_coherent_and_not_below_var(seed, size, confidence):
    draw = np.random.default_rng(seed)
    a, b = draw.standard_t(3, size=(2, size))
    p = draw.random(size) + 0.01
    p /= p.sum()
    for weights in (None, p):
        value = measures.cvar(a, confidence, weights)
        assert value >= measures.value_at_risk(a, confidence, weights) - 1e-9
        assert measures.cvar(a + b, confidence, weights) <= value + measures.cvar(b, confidence, weights) + 1e-9
        assert measures.cvar(3.0 * a, confidence, weights) == pytest.approx(3.0 * value, abs=1e-9)
        assert measures.cvar(a + 2.0, confidence, weights) == pytest.approx(value + 2.0, abs=1e-9)
        assert measures.cvar(a + np.abs(b), confidence, weights) >= value - 1e-9
    # Rockafellar and Uryasev's minimum over the level
    levels = np.concatenate([a, [a.mean()]])
    least = min(v + np.maximum(a - v, 0).mean() / (1 - confidence) for v in levels)
    assert measures.cvar(a, confidence) == pytest.approx(least, abs=1e-9)


def test_equal_probabilities_are_no_probabilities():
    losses = np.random.default_rng(9).normal(size=1000)
    even = np.full(1000, 1e-3)
    for confidence in (0.9, 0.95, 0.975, 0.999):
        assert measures.cvar(losses, confidence, even) == pytest.approx(measures.cvar(losses, confidence), rel=1e-9)
        assert measures.value_at_risk(losses, confidence, even) == measures.value_at_risk(losses, confidence)


def test_drawdowns_count_from_the_start():
    assert measures.drawdowns(np.array([-2.0, 1.0, 3.0, -4.0])).tolist() == [2.0, 1.0, 0.0, 4.0]
    assert measures.conditional_drawdown(np.array([-2.0, 1.0, 3.0, -4.0]), 0.5) == 3.0
