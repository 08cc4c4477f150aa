"""Quantile functions: inside as given, beyond as the generalised Pareto tail through both outer quantiles."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import genpareto

from energy_pipeline.mathematics.paths.marginals import Marginals, tail_shape

LEVELS = np.array([0.01, 0.05, 0.5, 0.95, 0.99])


def one(quantiles, xi=0.2, low=-np.inf, high=np.inf):
    return Marginals(LEVELS, np.array([[quantiles]], dtype=float), np.array([xi]), np.array([xi]), np.array([[low]]), np.array([[high]]))


@given(arrays(np.float64, 5, elements=st.floats(-500, 3000)), st.floats(0, 0.45))
def test_the_quantile_function_never_falls_and_meets_the_levels(values, xi):
    marginal = one(np.sort(values), xi)
    u = np.sort(np.concatenate([LEVELS, np.linspace(1e-6, 1 - 1e-6, 400)]))
    found = marginal.at(u[None, None])[0, 0]
    assert (np.diff(found) >= -1e-9 * (1 + np.abs(found[:-1]))).all()
    np.testing.assert_allclose(marginal.at(LEVELS[None, None])[0, 0], np.sort(values), atol=1e-9)


@pytest.mark.parametrize("xi", [0.0, 0.1, 0.3])
def test_a_pareto_tail_is_given_back_beyond_its_quantiles(xi):
    tail = genpareto(xi, loc=100, scale=20)  # of what exceeds the 95 % quantile, 100
    outer = tail.ppf(0.8)  # the 99 % quantile
    marginal = one([0, 10, 50, 100, outer], xi)
    u = np.array([0.995, 0.999, 0.99999])
    np.testing.assert_allclose(marginal.at(u[None, None])[0, 0], tail.ppf(1 - (1 - u) / 0.05), rtol=1e-9)


def test_limits_hold_and_nonsense_is_refused():
    assert one([-400, -100, 0, 100, 900], 0.4, -500, 1000).at(np.array([[[1e-9, 1 - 1e-9]]])).tolist() == [[[-500.0, 1000.0]]]
    with pytest.raises(ValueError, match="must not fall"):
        one([1, 0, 2, 3, 4])
    with pytest.raises(ValueError, match="rise"):
        Marginals(np.array([0.5, 0.5]), np.zeros((1, 1, 2)), *np.zeros((2, 1)), *np.zeros((2, 1, 1)))


@pytest.mark.parametrize("xi", [0.05, 0.2, 0.35])
def test_tail_shapes_are_found_in_samples(xi):
    drawn = genpareto(xi).rvs(size=200_000, random_state=np.random.default_rng(4))
    assert tail_shape(drawn) == pytest.approx(xi, abs=0.05)
    assert tail_shape(np.array([1.0, 2.0, np.nan])) == 0.15
