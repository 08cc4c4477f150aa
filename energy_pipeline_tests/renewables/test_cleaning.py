"""Meters as they come: every rule claims what it says, and nothing else."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from energy_pipeline.renewables.cleaning import STATES, clean

PHYSICS, DAY = np.full(12, 0.6), np.ones(12)


@pytest.mark.parametrize(
    ("share", "state", "hours"),
    [
        ([np.nan] * 3 + [0.5, 0.4, 0.6] * 3, "missing", 3),
        ([1.3, -0.2] + [0.5, 0.4] * 5, "impossible", 2),
        ([0.37] * 7 + [0.5, 0.4, 0.6, 0.2, 0.1], "frozen", 7),
        ([0.98] * 12, "frozen", 0),
        ([0.001] * 6 + [0.5, 0.4, 0.6, 0.2, 0.1, 0.3], "idle", 6),
        ([0.001] * 5 + [0.5, 0.4, 0.6, 0.2, 0.1, 0.3, 0.7], "idle", 0),
    ],
)
def test_rules(share, state, hours):
    found = clean(np.array(share), PHYSICS, DAY, "wind")
    assert found.counts[state] == hours
    assert found.counts["good"] == 12 - hours
    assert np.isnan(found.share).sum() == hours


def test_a_calm_day_is_not_an_outage():
    assert clean(np.zeros(12), np.full(12, 0.05), DAY, "wind").counts["idle"] == 0


def test_what_the_file_says_was_lost_is_taken_out():
    share, lost = np.tile([0.3, 0.4, 0.5], 4), np.array([0.0] * 8 + [0.2] * 4)
    assert clean(share, PHYSICS, DAY, "wind", curtailed=lost).counts["curtailed"] == 4
    found = clean(share, PHYSICS, DAY, "wind", unavailable=lost)
    assert found.counts["unavailable"] == found.is_down.sum() == 4


def test_output_at_night_is_no_output():
    night = np.array([0.0] * 6 + [0.5] * 6)
    found = clean(np.tile([0.2, 0.3], 6), PHYSICS, night, "solar")
    assert found.counts["dark"] == 6
    assert (found.share[:6] == 0.0).all()


@given(st.lists(st.one_of(st.floats(-0.5, 1.5), st.just(float("nan")), st.just(0.0)), min_size=12, max_size=12))
def test_every_hour_has_one_state_and_learning_sees_only_what_can_be(share):
    found = clean(np.array(share), PHYSICS, DAY, "wind")
    assert sum(found.counts.values()) == 12
    assert set(found.counts) == set(STATES)
    kept = found.share[~np.isnan(found.share)]
    assert ((kept >= 0.0) & (kept <= 1.1)).all()
