"""Scores against their definitions and against forecasts known to be right or wrong."""

import numpy as np
import polars as pl
import pytest
from scipy.spatial.distance import pdist
from scipy.stats import norm

from energy_pipeline.contracts import table
from energy_pipeline.mathematics.paths.quality import (
    average_rank,
    distances,
    energy_score,
    histogram,
    rank_share,
    tail_dependence,
    uniformity,
    variogram_score,
)
from energy_pipeline.scenarios.verdicts import crooked_ranks, other_tails, worthless_dependence

RNG = np.random.default_rng(5)


def test_in_one_dimension_the_energy_score_is_the_crps():
    drawn, y = RNG.standard_normal(20_000)[:, None], 0.7
    crps = y * (2 * norm.cdf(y) - 1) + 2 * norm.pdf(y) - 1 / np.sqrt(np.pi)
    assert energy_score(drawn[:4000], np.array([y])) == pytest.approx(crps, abs=0.02)


@pytest.mark.parametrize("shape", [(1, 3), (2, 1), (40, 24), (101, 7)])
def test_distances_are_scipys_to_the_last_bit(shape):
    points = RNG.standard_normal(shape) * 30.0
    assert distances(np.ascontiguousarray(points.T)).tobytes() == pdist(points).tobytes()


def test_scores_are_their_double_sums():
    x, y = RNG.standard_normal((7, 5)), RNG.standard_normal(5)
    near = np.mean([np.linalg.norm(a - y) for a in x])
    apart = np.mean([[np.linalg.norm(a - b) for b in x] for a in x])
    assert energy_score(x, y) == pytest.approx(near - apart / 2)
    pairs = [(k, m) for k in range(5) for m in range(k)]
    wanted = np.mean([(abs(y[k] - y[m]) ** 0.5 - np.mean(np.abs(x[:, k] - x[:, m]) ** 0.5)) ** 2 for k, m in pairs])
    assert variogram_score(x, y) == pytest.approx(wanted)


def days(rho_true, rho_said, count=400, size=8):
    def drawn(rho, n):
        return np.sqrt(rho) * RNG.standard_normal((n, 1)) + np.sqrt(1 - rho) * RNG.standard_normal((n, size))

    return [(drawn(rho_said, 200), drawn(rho_true, 1)[0]) for _ in range(count)]


def test_the_variogram_score_prefers_the_right_dependence():
    def mean(said):
        return np.mean([variogram_score(x, y) for x, y in days(0.8, said, 150)])

    assert mean(0.8) < mean(0.0)


def test_ranks_are_uniform_for_the_right_set_and_not_for_the_wrong_one():
    right = np.array([average_rank(x, y) for x, y in days(0.5, 0.5)])
    wrong = np.array([average_rank(x, y + 0.7) for x, y in days(0.5, 0.5)])
    assert uniformity(right) > 1e-3 > uniformity(wrong)
    assert histogram(right).sum() == 400
    assert rank_share(np.arange(9.0), 4.0) == pytest.approx(0.5)
    assert tail_dependence(RNG.random(5000), RNG.random(5000)) == pytest.approx(0.2, abs=0.04)


def score_days(**columns):
    count = 60
    base = {"kind": "day_ahead_price", "name": "NORTH", "unit": "EUR/MWh", "values": 24, "scenarios": 100}
    numbers = {c: 0.5 for c in table("scenario_scores").schema if c not in (*base, "delivery_day")}
    rows = pl.DataFrame({"delivery_day": pl.date_range(pl.date(2025, 1, 1), pl.date(2025, 3, 1), eager=True)[:count]})
    constants = rows.with_columns(**{k: pl.lit(v) for k, v in (base | numbers).items()})
    return constants.with_columns(**{k: pl.Series(v) for k, v in columns.items()})


def test_verdicts_speak_when_they_must_and_only_then():
    even = (np.arange(60) + 0.5) / 60
    sound = score_days(rank_mean=even, rank_multivariate=even, variogram_score=np.full(60, 0.4))
    assert crooked_ranks(sound) == worthless_dependence(sound) == other_tails(sound, 45) == []
    low = score_days(rank_mean=even * 0.3, rank_multivariate=even, variogram_score=np.full(60, 0.6), tail_dependence=np.full(60, 1.0))
    assert "rank_mean" in crooked_ranks(low)[0]
    assert "shuffled" in worthless_dependence(low)[0]
    assert "tail dependence" in other_tails(low, 182)[0]
    few = low.head(20)
    assert crooked_ranks(few) == worthless_dependence(few) == other_tails(few, 182) == []
