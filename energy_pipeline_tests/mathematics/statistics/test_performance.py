"""Performance over capital against brute force, the source's formulas and properties."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from energy_pipeline.mathematics.statistics.performance import drawdown_eur, drawdowns, performance, relative, rolling, sharpe_of, trade_results
from energy_pipeline.mathematics.statistics.significance import (
    bootstrap_sharpe,
    deflated_probability,
    expected_best_of,
    newey_west_variance,
    sharpe_interval,
    sharpe_test,
)
from energy_pipeline.mathematics.statistics.track import Track, track

FIRST = date(2024, 2, 27)
daily = arrays(np.float64, st.integers(1, 40), elements=st.floats(-900, 900).map(lambda x: round(x, 2)))


def made(pnl, capital=100_000.0, **settings) -> Track:
    return track([FIRST + timedelta(days=i) for i in range(len(pnl))], pnl, capital, **settings)


def test_the_formulas_of_the_source():
    rng = np.random.default_rng(4)
    pnl = rng.normal(40, 300, 200)
    found = performance(made(pnl, 50_000.0, annualisation_days=252, risk_free_annual=0.02, basis="wealth"))
    value = 50_000 + np.concatenate([[0], np.cumsum(pnl)])
    r = value[1:] / value[:-1] - 1
    free = 0.02 / 252
    sigma, below = r.std(ddof=1), np.sqrt(np.minimum(r - r.mean(), 0) @ np.minimum(r - r.mean(), 0) / 199)
    worst = max((value[: t + 1].max() - value[t]) / value[: t + 1].max() for t in range(201))
    total = value[-1] / value[0] - 1
    assert found.cumulative_return == pytest.approx(total)
    assert found.annualised_return == pytest.approx((1 + total) ** (252 / 200) - 1)
    assert found.annualised_volatility == pytest.approx(sigma * np.sqrt(252))
    assert found.sharpe_daily == pytest.approx((r.mean() - free) / sigma)
    assert found.sortino == pytest.approx((r.mean() - free) / below * np.sqrt(252))
    assert found.max_drawdown_share == pytest.approx(worst)
    assert found.calmar == pytest.approx(found.annualised_return / worst)
    np.testing.assert_allclose(made(pnl, 50_000.0).log_returns, np.log1p(r))


def test_a_benchmark():
    rng = np.random.default_rng(5)
    b = rng.normal(10, 100, 300)
    x = 1.7 * b + rng.normal(5, 30, 300)
    found = relative(made(x), made(b))
    beta = np.cov(x, b)[0, 1] / np.var(b, ddof=1)
    assert found.beta == pytest.approx(beta)
    assert found.alpha == pytest.approx((x.mean() - beta * b.mean()) / 1e5 * 365)
    assert found.tracking_error == pytest.approx(np.std(x - b, ddof=1) / 1e5 * np.sqrt(365))
    assert found.information_ratio == pytest.approx((x - b).mean() / np.std(x - b, ddof=1) * np.sqrt(365))
    assert found.correlation == pytest.approx(np.corrcoef(x, b)[0, 1])
    same = relative(made(x), made(x))
    assert (same.beta, same.information_ratio) == (pytest.approx(1), None)
    with pytest.raises(ValueError, match="same days"):
        relative(made(x), made(x[:-1]))


@given(daily)
def test_drawdowns_are_brute_force_ones(pnl):
    t = made(pnl)
    value = t.wealth_eur
    under = [max(value[: i + 1]) - value[i] for i in range(value.size)]
    np.testing.assert_allclose(drawdown_eur(t), under[1:], atol=1e-9)
    found = drawdowns(t)
    assert max((d.depth_eur for d in found), default=0.0) == pytest.approx(max(under), abs=1e-9)
    assert sum(d.days_under_water for d in found) == sum(u > 0 for u in under)
    at = {None: t.capital_eur, **dict(zip(t.days, value[1:], strict=True))}
    for d in found:
        assert at[d.peak] - at[d.trough] == pytest.approx(d.depth_eur, abs=1e-9)
        assert d.recovered is None or at[d.recovered] >= at[d.peak]
        assert d.peak is None or d.peak < d.trough


@given(daily, st.floats(0.1, 10), st.sampled_from(["fixed", "wealth"]))
def test_ratios_do_not_know_the_unit_of_money(pnl, factor, basis):
    one = performance(made(pnl, basis=basis)).as_dict()
    other = performance(made(pnl * factor, 1e5 * factor, basis=basis)).as_dict()
    for name, value in one.items():
        if value is not None and other[name] is not None:
            assert other[name] == pytest.approx(value * (factor if name.endswith("_eur") else 1), rel=1e-6, abs=1e-6)


def test_rolling_is_the_measure_of_each_window():
    pnl = np.random.default_rng(1).normal(0, 100, 60)
    for basis in ("fixed", "wealth"):
        t = made(pnl, basis=basis)
        found = rolling(t, 30, sharpe_of)
        assert np.isnan(found[:29]).all()
        r = t.returns[20:50]
        assert found[49] == pytest.approx(r.mean() / r.std(ddof=1) * np.sqrt(365))


def test_trades():
    found = trade_results(np.array([10.0, -5.0, 0.0, -15.0, 30.0]))
    assert (found.win_rate, found.loss_rate, found.profit_factor, found.win_loss_ratio) == (0.4, 0.4, 2.0, 2.0)
    assert found.expectancy_eur == pytest.approx(0.4 * 20 - 0.4 * 10) == pytest.approx(4.0)
    assert trade_results(np.array([1.0])).profit_factor is None
    with pytest.raises(ValueError, match="no trade"):
        trade_results(np.array([]))


@pytest.mark.parametrize(
    ("pnl", "capital", "settings", "words"),
    [
        ([1.0, np.nan], 10.0, {}, "not finite"),
        ([1.0], 0.0, {}, "positive capital"),
        ([-6.0, -6.0], 10.0, {"basis": "wealth"}, "is lost on 2024-02-28"),
        ([], 10.0, {}, "at least one"),
    ],
)
def test_bad_input_is_named(pnl, capital, settings, words):
    with pytest.raises(ValueError, match=words):
        made(pnl, capital, **settings)


def test_days_without_spread_have_no_ratio():
    found = performance(made(np.full(30, 5.1)))
    assert (found.sharpe, found.sortino, found.calmar, found.max_drawdown_eur) == (None, None, None, 0.0)
    with pytest.raises(ValueError, match="all days earn the same"):
        sharpe_test(np.full(30, 5.1))
    with pytest.raises(ValueError, match="at least 20"):
        sharpe_test(np.arange(10.0))


def test_sharpe_errors_match_the_spread_over_many_histories():
    rng = np.random.default_rng(2)
    draws = rng.standard_gamma(4.0, (1500, 250)) - 3.8  # skewed, fat-tailed, mean 0.2
    tests = [sharpe_test(x) for x in draws]
    assert np.mean([t.standard_error for t in tests]) == pytest.approx(np.std([t.sharpe_daily for t in tests]), rel=0.06)
    boot = bootstrap_sharpe(draws[0], np.random.default_rng(0), 1500, block_days=1.0)
    assert boot.std() == pytest.approx(tests[0].standard_error, rel=0.12)


def test_newey_west_is_statsmodels():
    from statsmodels.regression.linear_model import OLS

    x = np.convolve(np.random.default_rng(3).normal(0.1, 1, 320), np.ones(4) / 2)[10:310]
    found = sharpe_test(x, lags=6)
    fit = OLS(x, np.ones_like(x)).fit(cov_type="HAC", cov_kwds={"maxlags": 6, "use_correction": True})
    assert found.t_newey_west == pytest.approx(float(fit.tvalues[0]), rel=1e-9)
    assert found.t_iid == pytest.approx(float(OLS(x, np.ones_like(x)).fit().tvalues[0]), rel=1e-9)
    assert newey_west_variance(x, 6) > 2 * x.var()


def test_the_interval_covers_and_luck_is_discounted():
    rng = np.random.default_rng(6)
    hits = 0
    for _ in range(60):
        low, high = sharpe_interval(rng.normal(0.1, 1, 300), rng, 0.9, draws=300, block_days=2)
        hits += low <= 0.1 <= high
    assert 46 <= hits <= 60
    best = max((rng.normal(0, 1, 300) for _ in range(100)), key=lambda x: x.mean() / x.std())
    assert deflated_probability(best, 1, 0.0) > 0.98
    assert deflated_probability(best, 100, 1 / np.sqrt(300)) < 0.9
    maxima = [rng.normal(0, 0.1, 100).max() for _ in range(4000)]
    assert expected_best_of(100, 0.1) == pytest.approx(np.mean(maxima), rel=0.02)
