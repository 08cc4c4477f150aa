"""Tail measures against Rockafellar and Uryasev's programme, and coherence."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import linprog

from energy_pipeline.mathematics.statistics.tail import expected_shortfall, other_value_at_risk, tail_weights, value_at_risk

losses = st.integers(2, 40).flatmap(lambda n: arrays(np.float64, n, elements=st.floats(-1e5, 1e5)))
levels = st.sampled_from([0.5, 0.51, 0.9, 0.95, 0.97, 0.975, 0.99])


def programme(loss, level):
    """min a + sum u / ((1 - level) n), u >= loss - a, as a linear programme."""
    n = loss.size
    cost = np.concatenate([[1.0], np.full(n, 1 / ((1 - level) * n))])
    matrix = np.hstack([-np.ones((n, 1)), -np.eye(n)])
    return linprog(cost, A_ub=matrix, b_ub=-loss, bounds=[(None, None), *[(0, None)] * n]).fun


@pytest.mark.parametrize(("n", "level"), [(40, 0.975), (37, 0.95), (10, 0.99), (1000, 0.95), (61, 0.9)])
def test_shortfall_is_the_optimum_of_the_linear_programme_also_where_the_tail_is_not_whole(n, level):
    loss = np.random.default_rng(n).normal(0, 100, n)
    assert expected_shortfall(loss, level) == pytest.approx(programme(loss, level), rel=1e-9)


def test_the_edge_is_weighted():
    assert expected_shortfall(np.array([10.0, 4.0, 1.0, 0.0]), 0.625) == pytest.approx((10 + 0.5 * 4) / 1.5)


@given(losses, levels)
def test_weights_are_a_distribution_and_shortfall_is_at_least_var(loss, level):
    weights = tail_weights(loss, level)
    assert weights.sum() == pytest.approx(1)
    assert weights.min() >= 0
    slack = 1e-9 * (1 + np.abs(loss).max())
    assert expected_shortfall(loss, level) >= value_at_risk(loss, level) - slack


@given(losses, levels)
def test_var_is_exceeded_no_more_often_than_its_level_allows(loss, level):
    var = value_at_risk(loss, level)
    assert np.mean(loss <= var) >= level - 1e-9
    assert np.mean(loss < var) < level


@given(losses, levels, st.floats(-1e4, 1e4), st.floats(0, 50))
def test_shortfall_is_translation_equivariant_and_homogeneous(loss, level, cash, scale):
    slack = 1e-7 * (1 + np.abs(loss).max() * (1 + scale) + abs(cash))
    es = expected_shortfall(loss, level)
    assert expected_shortfall(loss + cash, level) == pytest.approx(es + cash, abs=slack)
    assert expected_shortfall(scale * loss, level) == pytest.approx(scale * es, abs=slack)


@given(st.integers(2, 30).flatmap(lambda n: st.tuples(*[arrays(np.float64, n, elements=st.floats(-1e4, 1e4))] * 2)), levels)
def test_shortfall_is_subadditive_and_monotone(pair, level):
    one, two = pair
    assert expected_shortfall(one + two, level) <= expected_shortfall(one, level) + expected_shortfall(two, level) + 1e-6
    assert expected_shortfall(np.maximum(one, two), level) >= expected_shortfall(one, level) - 1e-6


def test_a_level_without_tail_is_refused():
    with pytest.raises(ValueError, match="leaves no tail"):
        tail_weights(np.ones(3), 1.0)


@pytest.mark.parametrize(("count", "level", "worst"), [(1000, 0.95, 50), (1000, 0.99, 10), (1010, 0.95, None), (40, 0.975, 1), (41, 0.975, None)])
def test_the_other_value_at_a_whole_tail_is_the_one_document_003_takes(count, level, worst):
    """ceil(alpha T) worst losses in document 003 and Riskfolio; where alpha T is not whole both take the same order statistic."""
    losses = np.random.default_rng(2).permutation(np.arange(float(count)))
    rank = int(np.ceil(round(count * (1 - level), 9)))
    theirs = float(np.sort(losses)[-rank])
    found = other_value_at_risk(losses, level)
    if worst is None:
        assert found is None
        assert theirs == value_at_risk(losses, level)
    else:
        assert found == theirs == count - worst
        assert found > value_at_risk(losses, level)
