"""VaR and ES by every method: closed forms, coherence, sampling errors, bad input."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import integrate, stats

from energy_pipeline.mathematics.statistics.estimators import (
    METHODS,
    RiskInputError,
    cornish_fisher_quantile,
    decay_weights,
    estimate,
    estimates,
    ewma_volatility,
    rescaled,
    student_t_fit,
    weighted_tail,
)
from energy_pipeline.mathematics.statistics.garch import garch_fit, garch_paths
from energy_pipeline.mathematics.statistics.simulation import (
    copula_fit,
    covariance_factor,
    empirical_quantile,
    historical_var,
    kendall_correlation,
    normal_var,
    simulate,
    simulated_estimate,
    tail_of,
)
from energy_pipeline.mathematics.statistics.tail import expected_shortfall, value_at_risk

levels = st.sampled_from([0.9, 0.95, 0.975, 0.99])
losses = arrays(np.float64, st.integers(20, 60), elements=st.floats(-1e4, 1e4))
pairs = st.integers(20, 60).flatmap(lambda n: arrays(np.float64, (2, n), elements=st.floats(-1e4, 1e4)))


@given(losses, levels)
def test_equal_weights_are_the_order_statistics(x, level):
    var, es = weighted_tail(x, decay_weights(x.size, 1.0), level)
    assert var == value_at_risk(x, level)
    assert es == pytest.approx(expected_shortfall(x, level), rel=1e-9, abs=1e-6)
    assert tail_of(x.copy(), level) == (var, pytest.approx(es, rel=1e-9, abs=1e-6))


@settings(max_examples=60, deadline=None)
@given(losses, levels, st.sampled_from([1.0, 0.97]), st.sampled_from(METHODS), st.floats(0.1, 50), st.floats(-1e4, 1e4))
def test_scale_shift_and_order(x, level, decay, method, factor, shift):
    found = estimate(x, level, method, decay)
    size = 1e-7 * (1 + np.abs(x).max())
    if method != "cornish_fisher" or not found.note:
        assert found.es_eur >= found.var_eur - size
    if method == "student_t":  # its fit is iterative
        return
    scaled, moved = estimate(x * factor, level, method, decay), estimate(x + shift, level, method, decay)
    assert scaled.var_eur == pytest.approx(found.var_eur * factor, rel=1e-6, abs=size * factor + 1e-9)
    assert scaled.es_eur == pytest.approx(found.es_eur * factor, rel=1e-6, abs=size * factor + 1e-9)
    # A sure gain is expected: it moves no risk.
    assert moved.var_eur == pytest.approx(found.var_eur, rel=1e-5, abs=size * 100 + 1e-6 * abs(shift))


@given(pairs, levels, st.sampled_from([1.0, 0.96]))
def test_expected_shortfall_is_coherent(xy, level, decay):
    weights = decay_weights(xy.shape[1], decay)
    x, y = xy
    es = [weighted_tail(v, weights, level)[1] for v in (x, y, x + y)]
    size = 1e-9 * (1 + np.abs(xy).sum())
    assert es[2] <= es[0] + es[1] + size  # subadditive
    assert weighted_tail(np.maximum(x, y), weights, level)[1] >= max(es[0], es[1]) - size  # monotone
    assert weighted_tail(2 * x, weights, level)[1] == pytest.approx(2 * es[0], abs=size)
    assert weighted_tail(x + 7, weights, level)[1] == pytest.approx(es[0] + 7, abs=size)


def test_parametric_methods_recover_their_own_distribution():
    rng = np.random.default_rng(3)
    x = rng.normal(5, 100, 20_000)
    for method in METHODS:
        for level in (0.95, 0.99):
            z = stats.norm.ppf(level)
            found = estimate(x, level, method, volatility_decay=0.9999)
            assert found.var_eur == pytest.approx(100 * z, rel=0.05), method
            assert found.es_eur == pytest.approx(100 * stats.norm.pdf(z) / (1 - level), rel=0.05), method
    t = stats.t(4).rvs(10_000, random_state=rng) * 30
    found = estimate(t, 0.99, "student_t")
    q = stats.t.ppf(0.99, 4)
    assert found.var_eur == pytest.approx(30 * q, rel=0.06)
    assert found.es_eur == pytest.approx(30 * integrate.quad(lambda v: v * stats.t.pdf(v, 4), q, np.inf)[0] / 0.01, rel=0.1)
    assert student_t_fit(t)[1] == pytest.approx(4, rel=0.15)


def test_the_tail_of_cornish_fisher_is_its_integral():
    for level in (0.95, 0.99):
        es = integrate.quad(lambda u: cornish_fisher_quantile(u, 0.4, 1.5)[0], level, 1, limit=400)[0] / (1 - level)
        assert cornish_fisher_quantile(level, 0.4, 1.5)[1] == pytest.approx(es, rel=1e-5)


@pytest.mark.parametrize("method", [*METHODS, "monte_carlo"])
def test_standard_errors_match_the_spread_over_many_histories(method):
    rng = np.random.default_rng(8)
    found = []
    # The expansion rests on the fourth moment, whose error no resampling of fat tails finds: thin ones for it.
    tails = 50 if method == "cornish_fisher" else 6
    for _ in range(60 if method in ("student_t", "cornish_fisher") else 150):
        x = stats.t(tails).rvs(300, random_state=rng) * 100
        found.append(simulated_estimate(x, 0.95, method) if method == "monte_carlo" else estimate(x, 0.95, method, volatility_decay=0.9999))
    for value, error in (("var_eur", "var_error_eur"), ("es_eur", "es_error_eur")):
        spread = np.std([getattr(e, value) for e in found])
        assert np.mean([getattr(e, error) for e in found]) == pytest.approx(spread, rel=0.3), value


def test_recent_days_weigh_more_and_calm_days_are_scaled_up():
    x = np.concatenate([np.tile([-10.0, 10.0], 100), np.tile([-50.0, 50.0], 15)])
    plain, weighted, filtered = (estimate(x, 0.95, m, d) for m, d in (("historical", 1.0), ("historical", 0.95), ("filtered", 1.0)))
    assert plain.es_eur == pytest.approx(50)
    assert weighted.es_eur != plain.es_eur
    assert filtered.var_eur == pytest.approx(50, rel=0.2)
    assert ewma_volatility(x)[-1] == pytest.approx(45, rel=0.1)
    assert np.abs(rescaled(x)[:100]).min() > 20


@pytest.mark.parametrize(
    ("x", "level", "method", "words"),
    [
        (np.zeros(5), 0.95, "historical", "at least 20"),
        (np.full(30, np.nan), 0.95, "normal", "not finite"),
        (np.zeros(30), 0.05, "normal", "confidence between"),
        (np.zeros((2, 20)), 0.95, "normal", "one value a day"),
        (np.arange(30.0), 0.95, "magic", "unknown"),
    ],
)
def test_bad_input_is_named(x, level, method, words):
    with pytest.raises(RiskInputError, match=words):
        estimate(x, level, method)


def test_a_book_that_cannot_lose_has_no_risk():
    for found in estimates(np.full(40, 3.0), (0.95, 0.99)):
        assert (found.var_eur, found.es_eur) == (pytest.approx(0, abs=1e-9), pytest.approx(0, abs=1e-9))
    assert np.abs(simulate(np.zeros((40, 2)), np.random.default_rng(0)).losses).max() < 1e-6


ARCH = {  # arch 8.0: arch_model(x / s, mean="Zero", vol="GARCH").fit(backcast=1.0): omega, alpha, beta, next volatility, log-likelihood
    (1, 600, (20.0, 0.08, 0.88), 6): (281.71084, 0.158945, 0.28696, 20.095584, -2710.5841),
    (2, 1000, (5.0, 0.15, 0.8), 8): (5.377545, 0.103709, 0.842656, 9.520497, -3667.5247),
    (3, 1500, (50.0, 0.05, 0.9), 5): (246.321729, 0.074582, 0.677864, 32.060933, -7290.7547),
    (4, 365, (10.0, 0.2, 0.6), 100): (17.271039, 0.151496, 0.464934, 5.938339, -1207.0381),
}


@pytest.mark.parametrize("case", ARCH)
def test_garch_has_the_likelihood_and_the_next_volatility_that_arch_finds(case):
    seed, n, (omega, alpha, beta), freedom = case
    shocks = np.random.default_rng(seed).standard_t(freedom, n) * np.sqrt((freedom - 2) / freedom)
    x, variance = np.empty(n), omega / (1 - alpha - beta)
    for t in range(n):
        x[t] = np.sqrt(variance) * shocks[t]
        variance = omega + alpha * x[t] ** 2 + beta * variance
    model = garch_fit(x)
    sigma, centred = model.sigma[:-1], x - x.mean()
    likelihood = -0.5 * np.sum(np.log(2 * np.pi * sigma**2) + (centred / sigma) ** 2)
    assert likelihood == pytest.approx(ARCH[case][4], abs=0.005)  # arch begins a step earlier, at the same variance
    assert (model.omega, model.alpha, model.beta, model.sigma[-1]) == pytest.approx(ARCH[case][:4], rel=0.005)


def test_garch_is_found_again_and_simulates_its_own_volatility():
    rng = np.random.default_rng(5)
    x, variance = np.empty(2000), 100.0
    for t in range(x.size):
        x[t] = np.sqrt(variance) * rng.standard_normal()
        variance = 5.0 + 0.1 * x[t] ** 2 + 0.85 * variance
    model = garch_fit(x)
    assert model.alpha == pytest.approx(0.1, abs=0.04)
    assert model.beta == pytest.approx(0.85, abs=0.08)
    assert model.residuals.std() == pytest.approx(1, abs=0.02)
    paths = garch_paths(model, rng.standard_normal((20_000, 5)))
    today = model.sigma[-1] ** 2
    expected = [today]
    for _ in range(4):
        expected.append(model.omega + (model.alpha + model.beta) * expected[-1])
    np.testing.assert_allclose(paths.var(axis=0), expected, rtol=0.06)
    assert "EWMA" in garch_fit(x[:60]).note


def test_simulation_keeps_margins_dependence_and_reaches_past_the_worst_day():
    rng = np.random.default_rng(2)
    base = rng.standard_t(5, (500, 2)) * [100, 50]
    base[:, 1] += 0.5 * base[:, 0]
    found = simulate(base, np.random.default_rng(1))
    assert np.corrcoef(found.losses.T)[0, 1] == pytest.approx(np.corrcoef(base.T)[0, 1], abs=0.08)
    total = estimate(base.sum(axis=1), 0.95, "historical")
    assert simulated_estimate(found.losses.sum(axis=1), 0.95, "monte_carlo").var_eur == pytest.approx(total.var_eur, rel=0.25)
    ten = simulate(base, np.random.default_rng(1), horizon_days=10).losses.sum(axis=1)
    assert ten.std() == pytest.approx(np.sqrt(10) * found.losses.sum(axis=1).std(), rel=0.15)
    u = np.array([1e-6, 0.5, 1 - 1e-6])
    low, _, high = empirical_quantile(base[:, 0], u)
    assert low < base[:, 0].min() < base[:, 0].max() < high
    np.testing.assert_allclose(kendall_correlation(np.column_stack([base[:, 0], base[:, 0]]))[0], 1.0, atol=1e-5)
    assert found.note == ""


def test_pairs_that_are_no_correlation_matrix_are_projected_and_the_distance_is_told():
    # With few days Kendall's pairs contradict each other: the matrix has an eigenvalue of -0.077.
    days = np.random.default_rng(9).standard_normal((12, 10))
    found, distance = kendall_correlation(days)
    assert np.linalg.eigvalsh(found)[0] == pytest.approx(1e-6, rel=0.1)
    assert np.diag(found).tolist() == [1.0] * 10
    assert distance == copula_fit(days).distance > 0.01
    pairs = np.array([[np.sin(np.pi / 2 * stats.kendalltau(a, b).statistic) for a in days.T] for b in days.T])
    assert distance == pytest.approx(np.linalg.norm(found - pairs))
    many = np.random.default_rng(3).standard_t(3, (40, 45)).round(0)
    assert "moved by" in simulate(many, np.random.default_rng(0), 200).note


def test_linear_books():
    rng = np.random.default_rng(7)
    root = rng.normal(size=(6, 4))  # a singular covariance of rank 4
    covariance, w = root @ root.T, rng.normal(size=6)
    z, sigma = stats.norm.ppf(0.99), np.sqrt(w @ covariance @ w)
    var, es = normal_var(covariance, w, 0.99, rng, 400_000)
    assert var == pytest.approx(z * sigma, rel=0.01)
    assert es == pytest.approx(stats.norm.pdf(z) / 0.01 * sigma, rel=0.01)
    scenarios = rng.normal(size=(5001, 6))
    pnl = scenarios @ w
    assert historical_var(scenarios, w, 0.975) == pytest.approx((value_at_risk(pnl.mean() - pnl, 0.975), expected_shortfall(pnl.mean() - pnl, 0.975)))
    np.testing.assert_allclose(covariance_factor(covariance) @ covariance_factor(covariance).T, covariance, atol=1e-10)
    # Contracts held twice over, long and short, cancel.
    assert historical_var(np.hstack([scenarios, scenarios]), np.concatenate([w, -w]), 0.99)[0] == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    ("covariance", "words"),
    [
        (np.array([[1.0, np.nan], [np.nan, 1.0]]), "not finite"),
        (np.array([[1.0, 0.5], [0.2, 1.0]]), "not symmetric"),
        (np.array([[1.0, 2.0], [2.0, 1.0]]), "eigenvalue -1"),
    ],
)
def test_no_covariance(covariance, words):
    with pytest.raises(RiskInputError, match=words):
        normal_var(covariance, np.ones(2), 0.99, np.random.default_rng(0), 1000)


def test_scenarios_with_gaps_name_the_contract():
    with pytest.raises(RiskInputError, match=r"contract\(s\) 1 are not finite"):
        historical_var(np.array([[1.0, np.nan], [2.0, 1.0]]), np.ones(2), 0.95)
    with pytest.raises(RiskInputError, match="one finite position each"):
        historical_var(np.ones((30, 2)), np.ones(3), 0.95)


def test_cornish_fisher_is_refused_where_it_is_no_quantile_function():
    skewed = np.concatenate([np.random.default_rng(2).normal(0.0, 1.0, 200), [30.0, 40.0]])
    inside, outside = estimate(np.random.default_rng(1).standard_t(12, 400), 0.975, "cornish_fisher"), estimate(skewed, 0.975, "cornish_fisher")
    assert not inside.refused
    assert outside.refused
    assert outside.note.startswith("refused: skewness")
