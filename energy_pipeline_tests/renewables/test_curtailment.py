"""Curtailment at low prices: the rule, its probability and quantiles against draws."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from energy_pipeline.information.archive import Archive
from energy_pipeline.renewables.curtailment import held_back_probability, is_held_back, quantiles_with_stops, silent_below_eur_mwh
from energy_pipeline.renewables.output import output_errors
from energy_pipeline.renewables.quantiles import LEVELS
from energy_pipeline_tests.renewables.hand_made import day_before, meters, raw_rows, tiny_desk


def test_the_limit_itself_is_no_stop():
    assert is_held_back(np.array([-20.01, -20.0, 0.0]), -20.0).tolist() == [True, False, False]


def test_the_probability_is_the_share_of_draws_below_the_limit():
    levels = np.round(np.arange(0.01, 1.0, 0.01), 2)
    draws = np.random.default_rng(3).normal(10, 20, 200_000)
    quantiles = np.quantile(draws, levels)[None, :]
    for limit in (-30.0, 0.0, 25.0):
        found = held_back_probability(limit, np.array([10.0]), levels, quantiles)
        assert abs(found[0] - (draws < limit).mean()) < 0.005
    assert held_back_probability(1e4, np.array([10.0]), levels, quantiles).tolist() == [1.0]
    assert held_back_probability(-1e4, np.array([10.0]), levels, quantiles).tolist() == [0.0]


def test_without_quantiles_the_point_forecast_decides():
    none = np.full((2, 3), np.nan)
    assert held_back_probability(0.0, np.array([-1.0, 1.0]), np.array([0.1, 0.5, 0.9]), none).tolist() == [1.0, 0.0]


def test_quantiles_of_output_that_may_stop_are_those_of_draws():
    random = np.random.default_rng(4)
    available = random.gamma(4.0, 3.0, 400_000)
    stopped = np.where(random.random(available.size) < 0.3, 0.0, available)
    found = quantiles_with_stops(LEVELS, np.quantile(available, LEVELS)[None, :], np.array([0.3]))[0]
    # Below the lowest level the lowest quantile stands in: compare from there on.
    inner = LEVELS >= 0.3 + 0.7 * 0.05
    np.testing.assert_allclose(found[inner], np.quantile(stopped, LEVELS)[inner], rtol=0.02)  # straight lines between levels
    assert (found[LEVELS <= 0.3] == 0.0).all()


@given(st.floats(0, 1), st.lists(st.floats(0, 100), min_size=19, max_size=19))
def test_quantiles_stay_sorted_and_never_rise(chance, values):
    before = np.sort(np.array(values))[None, :]
    after = quantiles_with_stops(LEVELS, before, np.array([chance]))
    assert (np.diff(after[0]) >= -1e-9).all()
    assert (after <= before + 1e-9).all()


D = date(2025, 6, 20)
ROOF = {"kind": "metered", "zone": "SOUTH", "technology": "solar", "capacity_mw": 10}
STEP = {"kind": "renewable", "zone": "SOUTH", "plant": "roof", "certificate_eur_mwh": 4, "variable_cost_eur_mwh": 1}


@pytest.mark.parametrize(
    ("right", "plant", "limit"),
    [
        ({}, {}, -2.995),
        ({"meter": "available"}, {}, None),
        ({"scheme": "capacity"}, {}, 1.005),
        ({}, {"curtail_below_eur_mwh": 0.0}, 0.005),  # its step is raised to there
        ({"meter": "available"}, {"curtail_below_eur_mwh": -9.0}, -9.0),
    ],
)
def test_what_a_meter_said_of_a_rejected_step_is_no_error_of_the_forecast(right, plant, limit):
    desk = tiny_desk(plants={"roof": ROOF | plant}, rights={"off": STEP | right})
    found = silent_below_eur_mwh(desk, "roof")
    assert found == (None if limit is None else pytest.approx(limit))
    first = D - timedelta(days=60)
    price = raw_rows("day_ahead_prices", {"zone": "SOUTH"}, {"price_eur_mwh": lambda d, m: d.slots(m) * 2.0 - 10.0}, first, D, 60, day_before(13))
    metered = meters("roof", first, D - timedelta(days=1), 60, 5.0)
    errors = output_errors(Archive(desk, {"day_ahead_prices": price, "plant_meters": metered}).at(D))[0].errors
    silent = np.zeros(24, dtype=bool) if limit is None else np.arange(24) * 2.0 - 10.0 < limit
    assert (np.isnan(errors) == silent).all()
    assert np.nanmax(np.abs(errors)) == pytest.approx(0.0, abs=1e-9)
