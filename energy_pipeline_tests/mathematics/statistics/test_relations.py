"""Hedge ratios and tests against statsmodels; half-life against its closed form; spreads by hand."""

import math
import warnings

import numpy as np
import pytest

from energy_pipeline.mathematics.statistics import relations as rel


def pair(seed, n=400):
    rng = np.random.default_rng(seed)
    walk = 40 + np.cumsum(rng.normal(0, 1, n))
    noise = np.zeros(n)
    for t in range(1, n):
        noise[t] = 0.8 * noise[t - 1] + rng.normal()
    return 5 + 1.7 * walk + noise, walk


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("lags", [None, 0, 3])
def test_engle_granger_and_hedge_ratio_are_statsmodels(seed, lags):
    import statsmodels.api as sm
    from statsmodels.tsa.stattools import adfuller, coint

    first, second = pair(seed)
    fit = sm.OLS(first, sm.add_constant(second)).fit()
    ours = rel.engle_granger(first, second, lags)
    np.testing.assert_allclose([ours.hedge.intercept_eur_mwh, ours.hedge.ratio], fit.params, rtol=1e-9)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = tuple(coint(first, second, maxlag=lags, autolag="aic" if lags is None else None))[:3]
        adf = adfuller(fit.resid, maxlag=lags, autolag="AIC" if lags is None else None, regression="n")
    assert ours.statistic == pytest.approx(theirs[0], rel=1e-9)
    assert ours.p_value == pytest.approx(theirs[1], rel=1e-7)
    np.testing.assert_allclose(ours.critical, theirs[2], rtol=1e-12)
    if lags is None:
        assert ours.lags == adf[2]


@pytest.mark.parametrize(("constant", "lags"), [(True, 1), (True, 0), (True, 3), (False, 2)])
def test_johansen_is_statsmodels(constant, lags):
    from statsmodels.tsa.vector_ar.vecm import coint_johansen

    first, second = pair(3)
    rng = np.random.default_rng(4)
    prices = np.column_stack([first, second, np.cumsum(rng.normal(size=first.size))])
    ours, theirs = rel.johansen(prices, constant, lags), coint_johansen(prices, 0 if constant else -1, lags)
    np.testing.assert_allclose(ours.eigenvalues, theirs.eig, rtol=1e-9)
    np.testing.assert_allclose(ours.trace, theirs.trace_stat, rtol=1e-9)
    np.testing.assert_allclose(ours.maximum, theirs.max_eig_stat, rtol=1e-9)
    np.testing.assert_allclose(ours.trace_critical, theirs.trace_stat_crit_vals)
    np.testing.assert_allclose(ours.maximum_critical, theirs.max_eig_stat_crit_vals)
    np.testing.assert_allclose(np.abs(ours.weights), np.abs(theirs.evec), rtol=1e-7, atol=1e-9)
    assert ours.rank() >= 1


@pytest.mark.parametrize("b", [0.2, 0.9, 0.999])
def test_half_life_is_the_closed_form_of_the_fitted_ar1(b):
    """A noiseless AR(1) is fitted exactly: the half-life is -ln 2 / ln b."""
    x = np.empty(60)
    x[0] = 90.0
    for t in range(1, 60):
        x[t] = 20 * (1 - b) + b * x[t - 1]
    x = x[: 12 if b < 0.5 else 60]
    found = rel.ornstein_uhlenbeck(x)
    assert found.half_life_steps == pytest.approx(-math.log(2) / math.log(b), rel=1e-9)
    assert found.mean_eur_mwh == pytest.approx(20, rel=1e-6)


def test_half_life_and_volatility_of_a_noisy_series():
    import statsmodels.api as sm

    rng = np.random.default_rng(0)
    x = np.zeros(5000)
    for t in range(1, x.size):
        x[t] = 3 + 0.9 * (x[t - 1] - 3) + rng.normal(0, 2)
    found = rel.ornstein_uhlenbeck(x)
    b = sm.OLS(x[1:], sm.add_constant(x[:-1])).fit().params[1]
    assert found.half_life_steps == pytest.approx(-math.log(2) / math.log(b), rel=1e-9)
    # Stationary variance of the process is that of the AR(1): volatility^2 / (2 speed).
    assert found.volatility_eur_mwh**2 / (2 * found.speed_per_step) == pytest.approx(4 / (1 - 0.81), rel=0.1)
    assert rel.ornstein_uhlenbeck(np.arange(9.0)).half_life_steps == math.inf
    assert math.isnan(rel.ornstein_uhlenbeck(np.array([1.0, -1.1, 0.9, -1.0, 1.0])).half_life_steps)


def test_rolling_ratio_is_the_ratio_of_each_window():
    first, second = pair(5, 80)
    second = second.copy()
    second[40:60] = 7.0
    ratio, intercept = rel.rolling_hedge_ratio(first, second, 15)
    assert np.isnan(ratio[:14]).all()
    assert np.isnan(ratio[54:60]).all(), "a leg that stands still has no ratio"
    for t in (14, 30, 79):
        fit = rel.hedge_ratio(first[t - 14 : t + 1], second[t - 14 : t + 1])
        assert (ratio[t], intercept[t]) == pytest.approx((fit.ratio, fit.intercept_eur_mwh), rel=1e-9)
    with pytest.raises(ValueError, match="does not vary over 15"):
        rel.hedge_ratio(first[:15], np.full(15, 7.0))


def test_spreads_by_hand():
    one = np.array([1.0])
    assert rel.clean_spark_spread(80 * one, 20 * one, 50 * one, 2.0, 0.4)[0] == pytest.approx(80 - 40 - 20)
    assert rel.dark_spread(80 * one, 69.8 * one, 2.5, 6.98, 5.0)[0] == pytest.approx(80 - 25 - 5)
    assert rel.crack_spread_321(3 * one, 6 * one, 1 * one)[0] == pytest.approx((6 + 6 - 3) / 3)
    assert rel.location_spread(-5 * one, 10 * one)[0] == -15
    assert rel.calendar_spread(-5 * one, 10 * one)[0] == -15
