"""The day's copulas: exact marginals for each, their own dependence, tails that differ."""

import numpy as np
import pytest
from scipy.stats import norm, t

from energy_pipeline.mathematics.paths.copulas import latent, normal_scores, ranks, uniforms
from energy_pipeline.mathematics.paths.quality import tail_dependence


def past(days=400, rho=0.5, seed=1):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((days, 2)) @ np.linalg.cholesky([[1, rho], [rho, 1]]).T


@pytest.mark.parametrize("copula", ["schaake", "gaussian", "t"])
def test_every_column_has_every_rank_once(copula):
    u = uniforms(latent(copula, past(40), 101, np.random.default_rng(2)))
    np.testing.assert_allclose(np.sort(u, axis=1), np.tile((np.arange(101) + 0.5) / 101, (2, 1)))


def test_the_empirical_copula_has_the_ranks_of_the_past_days():
    errors = past(30)
    drawn = latent("schaake", errors, 30, np.random.default_rng(3), smoothing=0.0)
    found, wanted = ranks(drawn), ranks(errors.T)
    assert sorted(zip(*found.tolist(), strict=True)) == sorted(zip(*wanted.tolist(), strict=True))


def test_the_gaussian_copula_has_the_correlation_of_the_scores():
    errors = past()
    drawn = latent("gaussian", np.exp(errors), 30_000, np.random.default_rng(4))  # any rising map leaves a copula as it is
    scores = normal_scores(errors)
    assert np.corrcoef(drawn)[0, 1] == pytest.approx((scores[:, 0] * scores[:, 1]).mean(), abs=0.02)
    assert tail_dependence(drawn[0], drawn[1], 0.99) < 0.2


def test_the_t_copula_has_its_tail_dependence():
    errors = past(120, 0.5)
    drawn = latent("t", errors, 100_000, np.random.default_rng(5), degrees=3.0, stress_share=0.0)
    rho = (normal_scores(errors)[:, 0] * normal_scores(errors)[:, 1]).mean()
    limit = 2 * t.cdf(-np.sqrt(4 * (1 - rho) / (1 + rho)), 4)
    assert tail_dependence(drawn[0], drawn[1], 0.999) == pytest.approx(limit, abs=0.1)


def test_stressed_paths_take_the_correlation_of_the_far_days():
    rng = np.random.default_rng(6)
    calm = 0.3 * rng.standard_normal((180, 2))
    far = rng.standard_normal((20, 1)) * [3.0, 3.0] + 0.1 * rng.standard_normal((20, 2))
    errors = np.concatenate([calm, far])
    plain, stressed = (latent("t", errors, 40_000, np.random.default_rng(7), degrees=4.0, stress_share=s) for s in (0.0, 0.1))
    assert tail_dependence(stressed[0], stressed[1], 0.98) > tail_dependence(plain[0], plain[1], 0.98) + 0.03


def test_columns_without_spread_stay_put():
    errors = np.column_stack([past(50)[:, 0], np.zeros(50)])
    assert (normal_scores(errors)[:, 1] == 0).all()
    assert np.abs(normal_scores(errors)[:, 0]).max() < norm.ppf(0.999)
