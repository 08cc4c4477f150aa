"""The draw: moments in the limit, jointness, fill rule, determinism."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from energy_pipeline.domain.seeds import generator
from energy_pipeline.mathematics.paths.bootstrap import balanced_days, fill_unknown, smoothed_bootstrap


def past(days=40, columns=6, seed=3):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((days, columns)) @ rng.standard_normal((columns, columns)) + np.arange(columns)


@pytest.mark.parametrize("smoothing", [0.0, 0.3, 0.9])
def test_mean_and_covariance_are_those_of_the_past_days_in_the_limit(smoothing):
    errors = past()
    drawn = smoothed_bootstrap(errors, 60_000, smoothing, np.random.default_rng(1))
    covariance = np.cov(errors.T, bias=True)
    scale = np.sqrt(np.outer(np.diag(covariance), np.diag(covariance)))
    # Sampling error of a correlation over 60,000 paths is about 0.004; four of them.
    assert np.abs((np.cov(drawn, bias=True) - covariance) / scale).max() < 0.03
    np.testing.assert_allclose(drawn.mean(axis=1), errors.mean(axis=0), atol=4 * np.sqrt(np.diag(covariance).max() / 60_000))


def test_without_smoothing_each_path_is_one_past_day_in_all_columns():
    errors = past()
    drawn = smoothed_bootstrap(errors, 400, 0.0, np.random.default_rng(1)).T
    distance = np.abs(drawn[:, None, :] - errors[None]).max(axis=2)
    assert (distance.min(axis=1) < 1e-9).all()
    assert np.bincount(distance.argmin(axis=1)).tolist() == [10] * 40


def test_smoothing_makes_paths_that_are_no_past_day():
    errors = past()
    drawn = smoothed_bootstrap(errors, 400, 0.3, np.random.default_rng(1)).T
    assert np.abs(drawn[:, None, :] - errors[None]).max(axis=2).min() > 1e-3


def test_the_product_is_the_formula():
    errors, b2 = past(7, 3), 0.4
    drawn = smoothed_bootstrap(errors, 5, b2, np.random.default_rng(9))
    rng = np.random.default_rng(9)
    z = rng.standard_normal((5, 7))
    j = balanced_days(rng, 7, 5)
    mean = errors.mean(axis=0)
    for i in range(5):
        path = mean + np.sqrt(1 - b2) * (errors[j[i]] - mean) + np.sqrt(b2) * sum(z[i, k] * (errors[k] - mean) for k in range(7)) / np.sqrt(7)
        np.testing.assert_allclose(drawn[:, i], path, rtol=1e-12)


@given(st.integers(1, 30), st.integers(1, 200))
def test_days_are_drawn_equally_often(days, paths):
    counts = np.bincount(balanced_days(generator("test", None, days, paths), days, paths), minlength=days)
    assert counts.sum() == paths
    assert counts.max() - counts.min() <= 1


@settings(max_examples=50)
@given(arrays(np.float64, (6, 4), elements=st.one_of(st.floats(-1e3, 1e3), st.just(np.nan))))
def test_filling_moves_no_mean_and_leaves_no_gap(errors):
    filled, count = fill_unknown(errors)
    assert count == np.isnan(errors).sum()
    assert np.isfinite(filled).all()
    for column in range(4):
        known = errors[~np.isnan(errors[:, column]), column]
        assert filled[:, column].mean() == pytest.approx(known.mean() if known.size else 0.0, abs=1e-9)
