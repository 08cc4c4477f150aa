"""Driver forecasts: which method when, and its numbers."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from energy_pipeline.domain.delivery import DeliveryDay
from energy_pipeline.features import driver_forecasts, zone_drivers
from energy_pipeline.features.weather_regression import ridge_predict
from energy_pipeline.information.archive import Archive
from energy_pipeline_tests.features.small_market import (
    AUTUMN,
    BERLIN,
    CHANGE,
    DESK,
    SPRING,
    archive_for,
    desk_with,
    frames_for,
    poisoned,
    withheld,
    without,
)


def _methods(info, zone, driver):
    found = zone_drivers(info, zone)[driver]
    return set(found.methods), set(found.is_fallback.tolist())


def _mean_of(frames, name, column, zone, starts, **key):
    rows = frames[name].filter(pl.col("zone") == zone, *[pl.col(k) == v for k, v in key.items()])
    found = dict(zip(rows["delivery_start"].cast(pl.Int64), rows[column], strict=True))
    return np.mean([found[int(s)] for s in starts])


@pytest.mark.parametrize(("day", "counts"), [(SPRING, {"NORTH": 92, "SOUTH": 23}), (AUTUMN, {"NORTH": 100, "SOUTH": 25}), (CHANGE, {"NORTH": 96})])
def test_every_interval_of_the_day_has_every_driver(day, counts):
    frame = driver_forecasts(archive_for(day).at(day))
    for zone, count in counts.items():
        for driver in DESK.zones[zone].drivers:
            rows = frame.filter(pl.col("zone") == zone, pl.col("driver") == driver)
            assert rows.height == count
            assert rows["value_mw"].null_count() == 0


def test_forecasts_published_after_the_gate_are_replaced_by_our_own():
    info = archive_for(SPRING).at(SPRING)
    assert _methods(info, "NORTH", "wind") == ({"tso"}, {False})
    assert _methods(info, "SOUTH", "wind") == ({"weather_regression"}, {False})
    assert _methods(info, "SOUTH", "load") == ({"tso"}, {False})


def test_the_regression_finds_the_law_of_the_small_market():
    info = archive_for(SPRING).at(SPRING)
    frames = frames_for(SPRING)
    for technology in ("wind", "solar"):
        expected = zone_drivers(info, "SOUTH")[technology].values_mw
        rows = frames["generation_actual"].filter(pl.col("zone") == "SOUTH", pl.col("technology") == technology, pl.col("delivery_day") == SPRING)
        came = rows.sort("delivery_start")["generation_mw"].to_numpy()
        assert np.abs(expected - came).mean() < 0.05 * came.max()
        assert (expected[came == 0.0] == 0.0).all() or technology == "wind"


def test_ridge_equals_scikit_learn():
    from sklearn.linear_model import Ridge

    rng = np.random.default_rng(3)
    X, y, new = rng.normal(size=(200, 4)) * [1, 10, 0.1, 5], rng.normal(size=200), rng.normal(size=(7, 4))
    centre, spread = X.mean(axis=0), X.std(axis=0)
    model = Ridge(alpha=0.5 * 200).fit((X - centre) / spread, y)
    assert ridge_predict(X, y, new, ridge=0.5) == pytest.approx(model.predict((new - centre) / spread), abs=1e-10)


def test_the_literatures_convention_is_named_and_absence_of_it_is_a_fallback():
    desk = desk_with("NORTH", tso_res_forecast="epf_convention")
    assert _methods(Archive(desk, frames_for(SPRING)).at(SPRING), "NORTH", "wind") == ({"vendor_convention"}, {False})
    late = Archive(desk, without(frames_for(SPRING), "generation_forecast")).at(SPRING)
    assert _methods(late, "NORTH", "wind") == ({"weather_regression"}, {True})


def test_none_ignores_the_tso():
    desk = desk_with("NORTH", tso_res_forecast="none")
    assert _methods(Archive(desk, frames_for(SPRING)).at(SPRING), "NORTH", "wind") == ({"weather_regression"}, {False})


def short(frames, day, days):
    """Only the last days of the raw history: too few to learn from."""
    return {name: f.filter(pl.col("delivery_day") >= day - timedelta(days=days)) if "delivery_day" in f.columns else f for name, f in frames.items()}


def test_without_weather_wind_is_learnt_from_what_was_forecast_for_its_eve_and_where_nobody_did_from_its_own_past():
    told = Archive(DESK, without(frames_for(SPRING), "weather_forecast")).at(SPRING)
    assert _methods(told, "SOUTH", "wind") == ({"yesterdays_forecast"}, {True})
    assert zone_drivers(told, "SOUTH")["solar"].values_mw[:3].tolist() == [0.0, 0.0, 0.0]
    frames = without(frames_for(SPRING), "weather_forecast", "generation_forecast")
    info = Archive(DESK, frames).at(SPRING)
    assert _methods(info, "SOUTH", "wind") == ({"autoregression"}, {True})
    assert _methods(info, "SOUTH", "solar") == ({"autoregression"}, {True})
    sun = zone_drivers(info, "SOUTH")["solar"].values_mw
    assert sun[:3].tolist() == [0.0, 0.0, 0.0]
    assert sun.max() > 0.0


def test_with_a_short_past_wind_is_the_mean_of_the_last_days_known_in_full():
    frames = short(without(frames_for(SPRING), "weather_forecast"), SPRING, 8)
    info = Archive(DESK, frames).at(SPRING)
    assert _methods(info, "SOUTH", "wind") == ({"persistence"}, {True})
    target = DeliveryDay(SPRING, BERLIN)
    starts = [DeliveryDay(SPRING - timedelta(days=lag), BERLIN).interval_starts_us(60)[12] for lag in (2, 3, 4)]
    slot_12 = int(np.flatnonzero(target.slots(60) == 12)[0])
    expected = _mean_of(frames, "generation_actual", "generation_mw", "SOUTH", starts, technology="wind")
    assert zone_drivers(info, "SOUTH")["wind"].values_mw[slot_12] == pytest.approx(expected)


def test_without_a_load_forecast_load_is_learnt_from_its_own_past():
    info = Archive(DESK, without(frames_for(SPRING), "load_forecast")).at(SPRING)
    found = zone_drivers(info, "SOUTH")["load"]
    assert set(found.methods) == {"autoregression"}
    assert found.is_fallback.all()


def test_with_a_short_past_load_is_the_same_slot_a_week_ago():
    frames = short(without(frames_for(SPRING), "load_forecast"), SPRING, 8)
    info = Archive(DESK, frames).at(SPRING)
    found = zone_drivers(info, "SOUTH")["load"]
    assert set(found.methods) == {"persistence"}
    assert found.is_fallback.all()
    start = DeliveryDay(SPRING - timedelta(days=7), BERLIN).interval_starts_us(60)[0]
    assert found.values_mw[0] == _mean_of(frames, "load_actual", "load_mw", "SOUTH", [start])


def test_one_gap_is_filled_and_flagged_alone():
    info = archive_for(SPRING).at(SPRING)
    start = info.day.interval_starts_us(60)[5]
    hole = (pl.col("zone") == "SOUTH") & (pl.col("delivery_start").cast(pl.Int64) == int(start))
    gap = Archive(DESK, withheld(frames_for(SPRING), "load_forecast", info.decision_time, hole)).at(SPRING)
    found = zone_drivers(gap, "SOUTH")["load"]
    assert [i for i, m in enumerate(found.methods) if m == "yesterdays_forecast"] == [5]
    assert np.flatnonzero(found.is_fallback).tolist() == [5]


def test_nothing_known_is_stated():
    frame = driver_forecasts(Archive(DESK, {}).at(SPRING))
    assert frame["value_mw"].null_count() == frame.height == 3 * (92 + 23)
    assert frame["method"].unique().to_list() == ["none"]


@pytest.mark.parametrize("day", [SPRING, CHANGE])
def test_later_knowledge_changes_nothing(day):
    info = archive_for(day).at(day)
    for lost in ((), ("weather_forecast", "load_forecast")):
        frames = without(frames_for(day), *lost)
        known = Archive(DESK, frames).at(day)
        other = Archive(DESK, poisoned(frames, info.decision_time)).at(day)
        assert driver_forecasts(known).equals(driver_forecasts(other))
