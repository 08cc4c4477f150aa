"""The path generator: marginals kept, dependence as asked for, fat tails, the same bytes again."""

import numpy as np
import pytest
from scipy.stats import norm

from energy_pipeline.domain.seeds import generator
from energy_pipeline.mathematics.paths.generator import generate
from energy_pipeline.mathematics.paths.marginals import Marginals
from energy_pipeline.mathematics.paths.path_kernel import KNOTS, follow
from energy_pipeline.mathematics.paths.path_model import PathModel, fit
from energy_pipeline.mathematics.paths.quality import tail_dependence

LEVELS = np.array([0.01, *np.arange(0.05, 0.96, 0.05), 0.99])


def marginals(series, steps):
    shape = 40 + 10 * np.sin(np.arange(steps) / 24 * 2 * np.pi)[None, :, None] * np.ones((series, 1, 1))
    skew = norm.ppf(LEVELS) + 0.15 * (norm.ppf(LEVELS) ** 2 - 1)  # lopsided, still rising
    quantiles = shape + 20 * skew[None, None]
    limits = np.full((series, steps), 500.0)
    return Marginals(LEVELS, quantiles, np.full(series, 0.1), np.full(series, 0.2), -limits, limits * 10)


def model(series, *, calm=0.5, stressed=0.5, degrees=np.inf, share=0.0, persistence=0.7, alpha=0.0, beta=0.0):
    def even(rho):
        return (1 - rho) * np.eye(series) + rho

    one = np.ones(series)
    return PathModel(tuple("abcdef"[:series]), even(calm), even(stressed), share, degrees, persistence * one, alpha * one, beta * one)


@pytest.mark.parametrize(("degrees", "alpha", "beta"), [(np.inf, 0.0, 0.0), (4.0, 0.15, 0.8)])
def test_marginals_are_the_quantiles_given(degrees, alpha, beta):
    wanted = marginals(3, 48)
    paths = generate(model(3, degrees=degrees, alpha=alpha, beta=beta, share=0.1, stressed=0.8), wanted, 8000, generator("test", None, 1))
    for t in (0, 1, 20, 47):
        share = (paths[:, t, :, None] <= wanted.quantiles[:, t, None, :]).mean(axis=1)
        error = np.sqrt(LEVELS * (1 - LEVELS) / 8000)
        # Four standard errors, and one more percent of the spread for the pilot that measures the scale.
        assert (np.abs(share - LEVELS) < 4 * error + 0.006).all(), t


def test_the_compiled_pass_is_the_formula():
    rng = np.random.default_rng(2)
    f = np.float32
    normals = rng.standard_normal((3, 5, 7)).astype(f)
    calm, stressed = (np.linalg.cholesky(0.5 * np.eye(3) + r).astype(f) for r in (0.5, 0.5 * np.ones((3, 3)) * 0.9 + 0.05 * np.eye(3)))
    persistence, alpha, beta = f([0.5, 0.8, 0.0]), f([0.1, 0.0, 0.2]), f([0.8, 0.0, 0.7])
    mixing, stress = rng.uniform(0.5, 2, (2, 7)).astype(f), rng.random((2, 7)) < 0.5
    state, variance = rng.standard_normal((3, 7)).astype(f), rng.uniform(0.5, 2, (3, 7)).astype(f)
    values, x, v = normals.copy(), state.astype(float), variance.astype(float)
    follow(values, calm, stressed, persistence, alpha, beta, mixing, stress, state.copy(), variance.copy(), np.empty((3, 0, KNOTS), f), 3)
    for t in range(5):
        e = np.where(stress[t // 3], stressed.astype(float) @ normals[:, t], calm.astype(float) @ normals[:, t])
        h = np.sqrt(v) * e
        v = (1 - alpha - beta)[:, None] + alpha[:, None] * h**2 + beta[:, None] * v
        x = persistence[:, None] * x + np.sqrt(1 - persistence.astype(float) ** 2)[:, None] * h
        np.testing.assert_allclose(values[:, t], x * mixing[t // 3], rtol=2e-4, atol=2e-4)


def test_dependence_is_that_of_the_model():
    paths = generate(model(2, calm=0.6, persistence=0.8), marginals(2, 24), 20_000, generator("test", None, 2))
    scores = norm.ppf((np.argsort(np.argsort(paths, axis=2), axis=2) + 0.5) / paths.shape[2])
    across = (scores[0, 12] * scores[1, 12]).mean()
    along = (scores[0, 12] * scores[0, 11]).mean()
    assert across == pytest.approx(0.6, abs=0.03)
    assert along == pytest.approx(0.8, abs=0.02)


def test_stress_and_t_mixing_make_tails_move_together():
    wanted = marginals(2, 24)

    def together(chosen, seed):
        paths = generate(chosen, wanted, 20_000, generator("test", None, seed))
        return tail_dependence(paths[0, 12], paths[1, 12], 0.98)

    gauss = together(model(2, calm=0.3), 3)
    t_only = together(model(2, calm=0.3, degrees=3.0), 4)
    with_stress = together(model(2, calm=0.3, stressed=0.95, degrees=3.0, share=0.1), 5)
    assert gauss + 0.05 < t_only < with_stress - 0.05


def test_volatility_clusters_where_garch_says_so():
    def clustering(chosen):
        paths = generate(chosen, marginals(1, 96), 4000, generator("test", None, 6))
        scores = norm.ppf((np.argsort(np.argsort(paths, axis=2), axis=2) + 0.5) / paths.shape[2])[0]
        squares = scores**2
        return np.corrcoef(squares[60], squares[62])[0, 1]

    assert clustering(model(1, persistence=0.0, alpha=0.2, beta=0.75)) > clustering(model(1, persistence=0.0)) + 0.1


def test_spikes_and_negative_prices_are_there():
    paths = generate(model(2, degrees=4.0), marginals(2, 168), 5000, generator("test", None, 7))
    wanted = marginals(2, 168)
    assert paths.min() < 0
    assert paths.max() > wanted.quantiles.max() + 40  # beyond the 99 % quantile by two spreads
    assert paths.dtype == np.float32


def test_the_same_seed_gives_the_same_bytes():
    chosen, wanted = model(2, degrees=5.0, share=0.1, stressed=0.9, alpha=0.1, beta=0.8), marginals(2, 30)
    first, again = (generate(chosen, wanted, 300, generator("scenarios", None, 8)) for _ in range(2))
    assert first.tobytes() == again.tobytes()
    assert first.tobytes() != generate(chosen, wanted, 300, generator("scenarios", None, 9)).tobytes()


def test_the_fit_finds_what_the_paths_were_made_with():
    made_with = model(3, calm=0.6, persistence=0.75, alpha=0.15, beta=0.8)
    rng = np.random.default_rng(3)
    factor = np.linalg.cholesky(made_with.calm)
    scores, x, v = np.empty((200 * 24, 3)), np.zeros(3), np.ones(3)
    for t in range(len(scores)):
        h = np.sqrt(v) * (factor @ rng.standard_normal(3))
        v = 0.05 + 0.15 * h**2 + 0.8 * v
        x = 0.75 * x + np.sqrt(1 - 0.75**2) * h
        scores[t] = x
    found = fit(made_with.names, scores.reshape(200, 24, 3))
    np.testing.assert_allclose(found.persistence, 0.75, atol=0.04)
    assert (found.alpha >= 0.07).all()
    assert (found.alpha + found.beta >= 0.85).all()
    off = found.calm[np.triu_indices(3, 1)]
    np.testing.assert_allclose(off, 0.6 * 180 / 200, atol=0.08)  # shrunk as the fit says
    with pytest.raises(ValueError, match="persistence must be in"):
        model(2, persistence=1.0)
