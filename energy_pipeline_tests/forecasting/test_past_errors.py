"""Past errors and their quantiles."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from energy_pipeline.contracts.derived import QUANTILES
from energy_pipeline.domain.delivery import DeliveryDay
from energy_pipeline.domain.information import Archive
from energy_pipeline.forecasting import MemoryArtefacts, price_errors
from energy_pipeline.forecasting.naive import naive
from energy_pipeline.forecasting.past_errors import add_quantiles, empirical_quantiles, model_errors, naive_errors
from energy_pipeline.forecasting.point import point
from energy_pipeline_tests.features.small_market import AUTUMN, BERLIN, CHANGE, DESK, SPRING, archive_for, frames_for, price, without

STORE = MemoryArtefacts()


@given(hnp.arrays(np.float64, (3, 30), elements=st.one_of(st.floats(-1e4, 1e4), st.just(float("nan")))))
def test_quantiles_equal_numpys_on_the_known_values(samples):
    found = empirical_quantiles(samples)
    for row, levels in zip(samples, found, strict=True):
        known = row[np.isfinite(row)]
        if known.size == 0:
            assert np.isnan(levels).all()
        else:
            assert levels == pytest.approx(np.quantile(known, QUANTILES), abs=1e-6)
            assert (np.diff(levels) >= 0).all()


def test_neighbouring_hours_are_pooled_and_the_edges_have_one_neighbour_less():
    errors = np.tile(np.arange(24.0), (15, 1))
    day = DeliveryDay(date(2026, 3, 25), BERLIN)
    found = add_quantiles(np.full(24, 100.0), errors, day, 60)
    assert found[5, 3] == 105.0
    assert (found[5, 0], found[5, -1]) == (104.0, 106.0)
    assert (found[0, 0], found[0, -1]) == (100.0, 101.0)


def test_under_a_week_of_errors_there_are_no_quantiles():
    errors = np.full((15, 96), np.nan)
    errors[:6] = 1.0
    errors[6, 40] = 2.0
    found = add_quantiles(np.zeros(96), errors, DeliveryDay(date(2026, 3, 25), BERLIN), 15)
    assert np.flatnonzero(np.isfinite(found).all(axis=1)).tolist() == list(range(36, 45))


def test_days_kinds_and_shapes():
    histories = price_errors(archive_for(SPRING).at(SPRING), STORE)
    assert [(h.kind, h.name, h.resolution_minutes) for h in histories] == [
        ("day_ahead_price", "NORTH", 15),
        ("second_price", "NORTH", 15),
        ("day_ahead_price", "SOUTH", 60),
    ]
    for history in histories:
        assert history.days[0] == SPRING - timedelta(days=1 + DESK.forecast.error_days)
        assert history.days[-1] == SPRING - timedelta(days=2)
        assert len(history.days) == DESK.forecast.error_days
        assert history.errors.shape == (DESK.forecast.error_days, 1440 // history.resolution_minutes)
        assert np.isfinite(history.errors).all()
        assert history.aligned(DeliveryDay(SPRING, BERLIN)).shape == (10, 92 if history.resolution_minutes == 15 else 23)


def test_an_error_is_the_outcome_less_what_decide_forecast_that_day():
    info, frames = archive_for(SPRING).at(SPRING), frames_for(SPRING)
    past = SPRING - timedelta(days=4)
    row = model_errors(info, "SOUTH", "day_ahead", "ensemble", STORE)[list(price_errors(info, STORE)[0].days).index(past)]
    forecast = point(archive_for(SPRING).at(past), "SOUTH", "day_ahead", "ensemble", MemoryArtefacts()).values
    outcome = [price(frames, "SOUTH", s) for s in DeliveryDay(past, BERLIN).interval_starts_us(60)]
    assert row == pytest.approx(np.array(outcome) - forecast)


@pytest.mark.parametrize(("past", "unknown"), [(SPRING, [2]), (AUTUMN, [])])
def test_clock_changes_leave_a_hole_or_keep_the_first_occurrence(past, unknown):
    day = past + timedelta(days=2)
    info, frames = archive_for(past).at(day), frames_for(past)
    row = model_errors(info, "SOUTH", "day_ahead", "naive", STORE)[-1]
    assert np.flatnonzero(np.isnan(row)).tolist() == unknown
    starts = DeliveryDay(past, BERLIN).interval_starts_us(60)
    simple = naive(info.at(past), "SOUTH", DeliveryDay(past, BERLIN)).values
    i = 3 if unknown else 2  # the hour after the hole; the first of the two hours 02
    slot = 4 if unknown else 2
    assert row[slot] == pytest.approx(price(frames, "SOUTH", starts[i]) - simple[i])


def test_hourly_errors_serve_quarter_hour_days():
    info = archive_for(CHANGE).at(CHANGE)
    errors = model_errors(info, "NORTH", "day_ahead", "naive", STORE)
    assert errors.shape == (10, 96)  # all ten past days were hourly
    assert (errors.reshape(10, 24, 4) == errors.reshape(10, 24, 4)[:, :, :1]).all()


def test_errors_further_ahead_use_only_targets_already_known():
    info = archive_for(SPRING).at(SPRING)
    assert naive_errors(info, "SOUTH", 2).shape[0] == DESK.forecast.error_days
    assert naive_errors(info, "SOUTH", 7).shape[0] == DESK.forecast.error_days - 5
    assert np.isfinite(naive_errors(info, "SOUTH", 7)).all()


def test_unknown_second_prices_are_unknown_errors():
    info = Archive(DESK, without(frames_for(SPRING), "second_prices")).at(SPRING)
    second = next(h for h in price_errors(info, STORE) if h.kind == "second_price")
    assert np.isnan(second.errors).all()


def test_history_shorter_than_the_window_is_unknown_not_invented():
    frames = {n: f.filter(pl.col("delivery_day") >= SPRING - timedelta(days=8)) for n, f in frames_for(SPRING).items()}
    errors = model_errors(Archive(DESK, frames).at(SPRING), "SOUTH", "day_ahead", "ensemble", STORE)
    assert np.isnan(errors[0]).all()
