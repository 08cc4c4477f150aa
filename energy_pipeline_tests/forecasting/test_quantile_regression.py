"""Smoothed quantile regression: the first-order condition by numpy, the unsmoothed one of scikit-learn, levels in any number."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr
from sklearn.linear_model import QuantileRegressor

from energy_pipeline.mathematics.regression.quantile import smoothed_quantile_regression


def test_it_is_near_the_unsmoothed_one():
    random = np.random.default_rng(2)
    X = np.column_stack([np.ones(3000), random.normal(size=(3000, 2))])
    y = X @ [0.3, 1.0, -0.5] + (1 + 0.3 * np.abs(X[:, 1])) * random.normal(size=3000)
    found = smoothed_quantile_regression(X, y, np.array([0.1, 0.5, 0.9]), bandwidth=0.15, ridge=0.0, steps=50)
    for row, level in zip(found, (0.1, 0.5, 0.9), strict=True):
        reference = QuantileRegressor(quantile=level, alpha=0.0, fit_intercept=False, solver="highs").fit(X, y)
        assert row == pytest.approx(reference.coef_, abs=0.06)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10**6), st.integers(1, 5), st.floats(0.05, 2.0), st.floats(0.0, 0.1))
def test_the_gradient_of_the_smoothed_loss_is_zero(seed, columns, bandwidth, ridge):
    random = np.random.default_rng(seed)
    X = np.column_stack([np.ones(400), random.normal(size=(400, columns - 1))])
    y = random.standard_t(4, 400) + X.sum(axis=1)
    levels = np.array([0.1, 0.3, 0.5, 0.7, 0.9])
    found = smoothed_quantile_regression(X, y, levels, bandwidth=bandwidth, ridge=ridge, steps=60)
    penalty = np.r_[0.0, np.full(columns - 1, ridge)]
    for b, level in zip(found, levels, strict=True):
        gradient = X.T @ (ndtr(-(y - X @ b) / bandwidth) - level) / len(y) + penalty * b
        assert np.abs(gradient).max() < 1e-4
