"""The shape inside the hour."""

import numpy as np
import pytest

from energy_pipeline.forecasting.quarters import hourly_panel, shaped
from energy_pipeline_tests.forecasting.markets import market


def test_the_hourly_mean_is_kept_and_a_ramp_pattern_learnt():
    panel, came = market(days=80, slots=96)
    hourly = came[0].reshape(24, 4).mean(axis=1)
    saw = np.tile([6.0, 2.0, -2.0, -6.0], 24)
    panel.prices[:] = np.repeat(panel.prices.reshape(-1, 24, 4).mean(axis=2), 4, axis=1) + saw
    found = shaped(panel, hourly)
    assert found.reshape(24, 4).mean(axis=1) == pytest.approx(hourly)
    assert found - np.repeat(hourly, 4) == pytest.approx(saw, abs=1.5)


def test_a_market_that_has_just_changed_repeats_the_hour():
    panel, _ = market(days=40, slots=96)
    panel.prices[:] = np.repeat(panel.prices[:, ::4], 4, axis=1)
    assert shaped(panel, np.arange(24.0)).tolist() == np.repeat(np.arange(24.0), 4).tolist()


def test_the_hourly_panel_holds_means():
    panel, _ = market(days=10, slots=48)
    assert hourly_panel(panel).prices[3, 5] == pytest.approx(panel.prices[3, 10:12].mean())
    assert hourly_panel(panel).exog.shape == (2, 11, 24)
