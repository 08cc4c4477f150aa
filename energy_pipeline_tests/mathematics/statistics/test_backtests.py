"""Tests over settled days: published values, size and power."""

import numpy as np
import pytest
from scipy import stats

from energy_pipeline.mathematics.statistics.exception_tests import (
    BacktestError,
    acerbi_szekely,
    backtest,
    christoffersen,
    kupiec,
    pit_test,
    pit_values,
    traffic_light,
)


def test_kupiec_is_the_likelihood_ratio():
    for x, n, level in ((11, 365, 0.95), (3, 365, 0.99), (0, 100, 0.99), (100, 100, 0.95)):
        tail = 1 - level
        alternative = stats.binom.logpmf(x, n, x / n)
        assert kupiec(x, n, level)[0] == pytest.approx(2 * (alternative - stats.binom.logpmf(x, n, tail)), abs=1e-9)
    # Kupiec's non-rejection region for 99 %, 255 days: fewer than 7 exceptions.
    assert [kupiec(x, 255, 0.99)[1] > 0.05 for x in (1, 6, 7)] == [True, True, False]


def test_christoffersen_sees_clusters_only():
    spread, cluster = np.zeros(400, dtype=bool), np.zeros(400, dtype=bool)
    spread[10::20] = True
    cluster[100:120] = True
    assert christoffersen(spread)[1] > 0.1
    assert christoffersen(cluster)[1] < 1e-6
    assert christoffersen(np.zeros(50, dtype=bool)) == (0.0, 1.0)


def test_the_zones_are_basels():
    assert [traffic_light(x, 250, 0.99) for x in range(11)] == ["green"] * 5 + ["yellow"] * 5 + ["red"]


def right_days(rng, days=500, factor=1.0):
    forecast = [rng.normal(0, 100, 800) for _ in range(days)]
    losses = rng.normal(0, 100 * factor, days)
    return losses, forecast, np.full(days, 100 * stats.norm.ppf(0.95)), np.full(days, 100 * stats.norm.pdf(stats.norm.ppf(0.95)) / 0.05)


def test_a_right_model_is_kept_and_a_wrong_one_rejected():
    rng = np.random.default_rng(1)
    kept = []
    for _ in range(20):
        losses, forecast, var, es = right_days(rng)
        kept.append(backtest(losses, var, 0.95, es, forecast, rng))
    for name in ("kupiec_p", "independence_p", "conditional_p", "es_p"):
        assert sum(getattr(k, name) < 0.05 for k in kept) <= 4, name
    assert abs(np.mean([k.es_statistic for k in kept])) < 0.1
    losses, forecast, var, es = right_days(rng, factor=1.5)
    wrong = backtest(losses, var, 0.95, es, forecast, rng)
    assert max(wrong.kupiec_p, wrong.conditional_p, wrong.es_p) < 0.001
    assert wrong.es_statistic < -0.5
    assert wrong.zone == "red"


def test_the_pit_of_a_right_model_is_uniform():
    rng = np.random.default_rng(5)
    losses, forecast, _, _ = right_days(rng)
    found = pit_test(pit_values(losses, forecast))
    assert min(found.kolmogorov_p, found.chi2_p, found.berkowitz_p) > 0.01
    assert sum(found.counts) == 500
    biased = pit_test(pit_values(losses + 60, forecast))
    assert max(biased.kolmogorov_p, biased.berkowitz_p) < 1e-6
    slow = np.convolve(rng.normal(size=520), np.ones(8) / np.sqrt(8), "valid")[:500] * 100
    assert pit_test(pit_values(slow, forecast)).berkowitz_p < 1e-6, "days that follow each other"


def test_expected_shortfall_that_is_right_has_statistic_zero():
    x = np.sort(np.random.default_rng(0).normal(size=10_000))
    var, es = x[9749], x[9750:].mean()
    assert acerbi_szekely(x, np.full(x.size, var), np.full(x.size, es), 0.975) == pytest.approx(0, abs=1e-9)


def test_days_that_cannot_be_tested():
    with pytest.raises(BacktestError, match="at least one"):
        backtest(np.array([]), np.array([]), 0.95)
    with pytest.raises(BacktestError, match="not finite"):
        backtest(np.array([np.nan]), np.array([1.0]), 0.95)
    with pytest.raises(BacktestError, match="at least 20"):
        pit_test(np.full(5, 0.5))
