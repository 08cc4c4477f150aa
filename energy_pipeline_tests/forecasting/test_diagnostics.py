"""Tests of residuals against residuals of a known kind, and the table of a day."""

import numpy as np
import pytest

from energy_pipeline.forecasting import forecast_diagnostics
from energy_pipeline.forecasting.diagnostics import diagnosed
from energy_pipeline_tests.features.small_market import DESK, SPRING, STORE, clean


def test_what_follows_what_clusters_and_what_is_skewed_is_told_from_noise():
    random = np.random.default_rng(3)
    noise = random.standard_normal((300, 24))
    calm = diagnosed(noise)
    assert min(calm["ljung_box_p"], calm["arch_lm_p"], calm["jarque_bera_p"]) > 0.05
    assert abs(calm["acf_24h"]) < 0.05
    follows = noise.copy()
    for day in range(1, len(follows)):
        follows[day] += 0.7 * follows[day - 1]
    assert diagnosed(follows)["ljung_box_p"] < 1e-6
    assert diagnosed(follows)["acf_24h"] == pytest.approx(0.7, abs=0.1)
    clusters = noise * np.repeat(np.where(np.arange(30) % 2, 0.2, 3.0), 10)[:, None]
    assert diagnosed(clusters)["arch_lm_p"] < 0.01
    skewed = np.repeat(random.exponential(size=(300, 1)), 24, axis=1)
    assert diagnosed(skewed)["jarque_bera_p"] < 1e-6
    assert diagnosed(skewed)["skew"] > 1
    assert set(diagnosed(np.ones((30, 24))).values()) == {None}  # nothing moves: nothing can be said


def test_the_table_has_the_ensemble_and_every_member():
    found = forecast_diagnostics(clean(SPRING), STORE)
    assert set(found["model"]) == {"ensemble", *DESK.forecast.members}
    assert set(found["days"]) == {21}
    assert found["ljung_box_p"].is_between(0, 1).all()
