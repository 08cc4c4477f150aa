"""Quantiles: coverage on errors of known law, order."""

import numpy as np
import pytest

from energy_pipeline.contracts.derived import QUANTILES
from energy_pipeline.forecasting.quantiles import PastForecasts, quantiles, recalibrated_levels

LEVELS = np.array(QUANTILES)


def _past(days, seed):
    """Student errors whose size follows a calm and a wild regime and the hour; families that differ more when it is wild."""
    random = np.random.default_rng(seed)
    regime = np.exp(np.repeat(random.normal(0, 0.5, days // 14 + 2), 14)[: days + 1])
    size = regime[:, None] * (1 + np.arange(24) / 12)
    points = random.normal(50, 10, (days + 1, 24))
    families = points + np.array([-1.0, 1.0])[:, None, None] * 0.5 * size
    return points, families, points + size * random.standard_t(5, (days + 1, 24))


def test_bands_cover_what_they_say_when_the_spread_changes():
    hits = {0.9: [], 0.5: []}
    for seed in range(60):
        points, families, came = _past(150, seed)
        found = quantiles(PastForecasts(came[:-1], points[:-1], families[:, :-1]), points[-1], families[:, -1], LEVELS)
        for share, (low, high) in {0.9: (0.05, 0.95), 0.5: (0.25, 0.75)}.items():
            inside = (found[:, low == LEVELS][:, 0] <= came[-1]) & (came[-1] <= found[:, high == LEVELS][:, 0])
            hits[share].append(inside.mean())
    assert np.mean(hits[0.9]) == pytest.approx(0.9, abs=0.025)
    assert np.mean(hits[0.5]) == pytest.approx(0.5, abs=0.04)


@pytest.mark.parametrize("case", ["gaps", "constant", "absent family", "no family", "wild"])
def test_always_sorted_and_finite(case):
    points, families, came = _past(80, 1)
    if case == "gaps":
        came[5:30, 3] = np.nan
    elif case == "constant":
        came[:] = points[:] = 10.0
        families[:] = 10.0
    elif case == "absent family":
        families[0, :60] = np.nan
    elif case == "no family":
        families = families[:0]
    else:
        came[::5] = 3000.0
        came[1::5] = -500.0
    found = quantiles(PastForecasts(came[:-1], points[:-1], families[:, :-1]), points[-1], families[:, -1], LEVELS)
    assert found.shape == (24, len(LEVELS))
    assert np.isfinite(found).all()
    assert (np.diff(found, axis=1) >= 0).all()


def test_too_few_days_make_no_quantiles():
    points, families, came = _past(34, 1)
    assert quantiles(PastForecasts(came[:-1], points[:-1], families[:, :-1]), points[-1], families[:, -1], LEVELS) is None


def test_recalibration_widens_a_band_that_covered_too_little():
    random = np.random.default_rng(0)
    narrow = np.clip((random.random((91, 24)) - 0.5) * 1.4 + 0.5, 0, 1)
    found = recalibrated_levels(narrow, LEVELS)
    assert found[1] < 0.05
    assert found[-2] > 0.95
    assert found + found[::-1] == pytest.approx(1.0)
