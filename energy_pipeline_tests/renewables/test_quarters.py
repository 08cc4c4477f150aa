"""Corrected hours on quarter-hours: the hour's mean stays, nothing leaves 0 .. capacity."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from energy_pipeline.renewables.quarters import DARK, in_quarters

shares = st.floats(0, 1)


@pytest.mark.parametrize("technology", ["wind", "solar"])
@given(st.lists(shares, min_size=4, max_size=4), shares)
def test_the_hour_keeps_its_mean_within_bounds(technology, quarters, corrected):
    found = in_quarters(np.array([corrected]), np.array(quarters), np.ones(4), technology)
    assert found.min() >= 0.0
    assert found.max() <= 1.0 + 1e-12
    assert abs(found.mean() - corrected) < 1e-9 or (technology == "solar" and min(quarters) < DARK)


def test_quarters_before_sunrise_stay_dark():
    found = in_quarters(np.array([0.02]), np.array([0.0, 0.0, 0.01, 0.03]), np.array([0.0, 0.0, 0.02, 0.05]), "solar")
    assert found[:2].tolist() == [0.0, 0.0]
    assert found.mean() == pytest.approx(0.02)


def test_a_trace_of_light_is_darkness():
    found = in_quarters(np.array([1.0]), np.array([0.0, 0.0, 1.0, 5e-324]), np.ones(4), "solar")
    assert found.tolist() == [0.0, 0.0, 1.0, 0.0]


def test_unknown_physics_stays_unknown():
    assert np.isnan(in_quarters(np.array([np.nan]), np.full(4, np.nan), np.ones(4), "wind")).all()
