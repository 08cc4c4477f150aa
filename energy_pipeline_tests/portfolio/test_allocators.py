"""Alpha, risk model and allocator swap independently; index studies get no size."""

import numpy as np
import pytest

from energy_pipeline.mathematics import allocation as al
from energy_pipeline.mathematics.allocation import covariance
from energy_pipeline.portfolio import allocators

NAMES = ("wind spread", "evening", "gas")
TRADABLE = ["tradable"] * 3


def history(days=250):
    draw = np.random.default_rng(3)
    return draw.normal(size=(days, 2)) @ draw.normal(size=(2, 3)) * 80 + draw.normal(size=(days, 3)) * 60 + np.array([30.0, 5.0, -20.0])


ALPHAS = {
    "shrunk mean": allocators.shrunk_mean(),
    "forecast": allocators.forecast({"evening": 40.0}),
    "blended": allocators.blended(allocators.shrunk_mean(), {"evening": 40.0}, 0.5),
}
RISKS = {"sample": allocators.sample_risk, "shrunk": allocators.shrunk_risk, "weighted": allocators.weighted_risk(20.0)}
OBJECTIVES = {"utility": al.Utility(0.002), "mean - CVaR": al.MeanCvar(0.1), "risk parity": al.RiskBudget(), "variance": al.TargetReturn(5.0)}


@pytest.mark.parametrize("alpha", ALPHAS)
@pytest.mark.parametrize("risk", RISKS)
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_every_combination_gives_sizes_with_a_proof(alpha, risk, objective):
    found = allocators.StrategyAllocator(ALPHAS[alpha], RISKS[risk], OBJECTIVES[objective]).sizes(NAMES, TRADABLE, history())
    assert (found.positions >= -1e-9).all()
    assert (found.positions <= 1 + 1e-9).all()
    assert found.certificate.relative_gap < 1e-6


def test_the_parts_are_what_they_say():
    days = history(100)
    assert allocators.shrunk_mean(100.0)(days, NAMES) == pytest.approx(days.mean(axis=0) / 2)
    prior = allocators.shrunk_mean(0.0)
    half = allocators.blended(prior, {"evening": 40.0}, 0.5)(days, NAMES)
    assert half[1] == pytest.approx((prior(days, NAMES)[1] + 40.0) / 2)
    weights = 0.5 ** (np.arange(100)[::-1] / 20.0)
    assert allocators.weighted_risk(20.0)(days, NAMES) == pytest.approx(np.cov(days.T, aweights=weights))


def test_alpha_decides_the_sizes_and_risk_the_rest():
    days = history()
    sure = allocators.StrategyAllocator(allocators.forecast({"evening": 40.0}), allocators.sample_risk, al.MaxMean())
    assert sure.sizes(NAMES, TRADABLE, days).positions[1] == 1.0
    utility = allocators.StrategyAllocator(allocators.shrunk_mean(), allocators.sample_risk, al.Utility(0.01))
    free = utility.sizes(NAMES, TRADABLE, days).positions
    matrix, mean = covariance.sample(days), allocators.shrunk_mean()(days, NAMES)
    inside = (free > 1e-6) & (free < 1 - 1e-6)
    assert (mean - 0.01 * matrix @ free)[inside] == pytest.approx(0.0, abs=1e-6)
    held = np.array([0.2, 0.2, 0.2])
    calm = utility.sizes(NAMES, TRADABLE, days, (al.Turnover("turnover", 0.1),), held)
    assert np.abs(calm.trades).sum() <= 0.1 + 1e-9


def test_an_index_study_has_no_size():
    allocator = allocators.StrategyAllocator(allocators.shrunk_mean(), allocators.sample_risk, al.MaxMean())
    with pytest.raises(al.BadProblemError, match="evening is an index study"):
        allocator.sizes(NAMES, ["tradable", "index_only", "tradable"], history())
