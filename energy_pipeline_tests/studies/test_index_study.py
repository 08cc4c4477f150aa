"""The index study: weights, bounds, label, statistics."""

import os
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from energy_pipeline.mathematics.statistics.tail import expected_shortfall
from energy_pipeline.studies.index_study import LABEL, Exchange, arch_lm_p, exchange, least_cvar, page, statistics
from energy_pipeline.studies.real_days import EUROPE

DATA = Path(os.environ.get("ENERGY_PIPELINE_DATA", "../shared/data"))


def made(name="A", days=300, seed=0) -> Exchange:
    rng = np.random.default_rng(seed)
    share = 1 + 0.3 * np.sin(np.arange(24) / 24 * 2 * np.pi)
    return Exchange(name, rng.standard_t(4, (days, 24)) * (5 + np.arange(24)), share / share.sum())


@pytest.mark.parametrize("long", [True, False])
def test_portfolios_keep_budget_and_bounds_and_are_not_beaten(long):
    both = [made(), made("B", seed=1)]
    rng = np.random.default_rng(2)
    for part in (both[:1], both):
        for factor in (None, 1.05, 1.025):
            found = least_cvar(part, factor, long=long)
            assert found.weights.sum() == pytest.approx(1)
            assert (found.weights >= -1e-9).all()
            assert (found.weights <= found.upper + 1e-9).all()
            assert found.gap < 1e-9
            gain = np.hstack([e.changes for e in part]) * (1 if long else -1)
            assert found.cvar == pytest.approx(expected_shortfall(-(gain @ found.weights), 0.95))
            for _ in range(50):
                # any admissible mixture: the bounds filled in a random order
                order, other, left = rng.permutation(found.upper.size), np.zeros(found.upper.size), 1.0
                for h in order:
                    other[h] = min(found.upper[h], left)
                    left -= other[h]
                assert expected_shortfall(-(gain @ other), 0.95) >= found.cvar - 1e-9
    tight, loose = least_cvar(both, 1.025, long=long), least_cvar(both, None, long=long)
    assert loose.cvar <= tight.cvar


def test_arch_lm_is_statsmodels():
    from statsmodels.stats.diagnostic import acorr_lm

    rng = np.random.default_rng(1)
    x = rng.normal(size=400) * np.repeat([1.0, 3.0, 1.0, 2.0], 100)
    assert arch_lm_p(x) == pytest.approx(float(acorr_lm(x**2, nlags=7, result_object=False)[1]), rel=1e-9)
    assert arch_lm_p(rng.normal(size=400)) > 0.01


@pytest.mark.skipif(not (DATA / EUROPE).exists(), reason="no public data")
def test_a_quarter_of_real_days():
    de = exchange(DATA, "DE_LU", date(2019, 1, 1), date(2019, 3, 31))
    assert de.changes.shape == (89, 24)
    assert de.demand_share.sum() == pytest.approx(1)
    assert statistics(de.changes)["deviation"].min() > 1
    lines = page(DATA, ("DE_LU", "IT_NORD"), date(2019, 1, 1), date(2019, 3, 31))
    assert any(LABEL in line for line in lines)
    assert sum(line.startswith("### Table") for line in lines) == 6
    assert not any("Sharpe" in line for line in lines)
