"""Weights of families, and the mean they make."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from energy_pipeline.forecasting.ensemble import combine, family, family_means, weights


@given(st.integers(0, 1000), st.integers(1, 5), st.integers(0, 60), st.data())
def test_weights_are_shares_and_absent_families_have_none(seed, count, days, data):
    random = np.random.default_rng(seed)
    present = data.draw(st.lists(st.booleans(), min_size=count, max_size=count).filter(any))
    past = random.normal(size=(count, days, 24))
    past[random.random(past.shape) < 0.2] = np.nan
    found = weights(past, random.normal(size=(days, 24)), present)
    assert found.sum() == pytest.approx(1.0)
    assert (found >= 0).all()
    assert (found[~np.array(present)] == 0).all()
    if days < 28:
        assert found[np.array(present)] == pytest.approx(1 / sum(present))


def test_the_better_family_weighs_more_and_scale_does_not_matter():
    came = np.zeros((40, 24))
    past = np.stack([np.full((40, 24), e) for e in (1.0, 1.1, 2.0)])
    found = weights(past, came, [True] * 3)
    raw = np.array([1.0, 1.1**-8, 2.0**-8])
    assert found == pytest.approx(0.8 * raw / raw.sum() + 0.2 / 3)
    assert weights(1000 * past, came, [True] * 3) == pytest.approx(found)


def test_a_new_family_gets_the_mean_weight_of_the_others():
    came = np.zeros((40, 24))
    past = np.stack([np.full((40, 24), 1.0), np.full((40, 24), np.nan)])
    assert weights(past, came, [True, True]) == pytest.approx([0.5, 0.5])


def test_families_count_once_and_missing_members_drop_out():
    nan = float("nan")
    members = {"lear_56": np.array([1.0, nan]), "lear_84": np.array([3.0, 5.0]), "xgboost": np.array([9.0, 9.0])}
    assert family_means(members, ["lear", "xgboost"]).tolist() == [[2.0, 5.0], [9.0, 9.0]]
    found = combine(members, {}, np.empty((0, 2)))
    assert found.values.tolist() == [5.5, 7.0]
    assert family("krr_1456a") == "krr_a"
