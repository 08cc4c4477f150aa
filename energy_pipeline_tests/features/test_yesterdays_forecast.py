"""What an operator published after the gate is known a day later: it is learnt from, and it is what a lag reads."""

import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from energy_pipeline.domain.delivery import DeliveryDay
from energy_pipeline.features import zone_drivers
from energy_pipeline.features.drivers import published_since
from energy_pipeline.features.history import zone_history
from energy_pipeline.features.yesterdays_forecast import from_eves
from energy_pipeline.forecasting.market import zone_panel
from energy_pipeline.forecasting.trees import slot_inputs, slot_owners
from energy_pipeline.information.archive import Archive
from energy_pipeline_tests.features.small_market import BERLIN, DESK, SPRING, desk_with, frames_for, without

GERMANY = Path(os.environ.get("ENERGY_PIPELINE_DATA", "../shared/data")) / "de_day_ahead_with_tso_forecasts_2015_2019" / "hourly.parquet"
EVE = SPRING - timedelta(days=1)
SOUTH_WIND = (pl.col("zone") == "SOUTH") & (pl.col("technology") == "wind")


def made_up(days, noise=0.0, seed=3):
    """Output that goes half of the way to a level of its own, and an operator who sees it but for some noise."""
    random = np.random.default_rng(seed)
    level = np.zeros(days)
    for day in range(1, days):
        level[day] = 0.8 * level[day - 1] + random.normal()
    came = 5000 + 800 * level[:, None] + 300 * np.sin(np.arange(24) / 4)
    return came + noise * random.normal(size=came.shape), came


def test_a_day_follows_its_eve_as_the_past_ones_did():
    told, came = made_up(120)
    errors = []
    for day in range(80, 120):
        known = came[:day].copy()
        known[-1, 9:] = np.nan
        errors.append(np.abs(from_eves(told[:day], known, "output") - came[day]).mean())
    assert np.mean(errors) < 0.9 * np.abs(came[80:] - came[80:].mean(axis=0)).mean()


def test_a_load_keeps_the_weekday():
    week = 40_000 + 3_000 * np.cos(np.arange(7))[:, None] + 5_000 * np.sin(np.arange(24) / 4)
    came = np.vstack([week] * 7)
    told = came.copy()
    known = came.copy()
    known[-1, 9:] = np.nan
    assert from_eves(told, known, "load") == pytest.approx(came[-7], rel=1e-6)


def test_quarter_hours_and_gaps_are_learnt_from_and_a_short_past_is_not():
    told, came = made_up(60)
    fine = np.repeat(came, 4, axis=1)
    fine[20:25] = np.nan
    fine[-1, 36:] = np.nan
    assert from_eves(told, fine, "output").shape == (96,)
    assert from_eves(told[-15:], fine[-15:], "output") is None


def test_what_was_published_after_the_gate_of_the_eve_is_what_its_lag_reads():
    info = Archive(DESK, frames_for(SPRING)).at(SPRING)
    told = frames_for(SPRING)["generation_forecast"].filter(SOUTH_WIND, pl.col("delivery_day") == EVE).sort("delivery_start")["generation_mw"]
    assert published_since(info, "SOUTH")["wind"].values_mw == pytest.approx(told.to_numpy())
    assert not np.allclose(zone_drivers(info.at(EVE), "SOUTH")["wind"].values_mw, told.to_numpy())
    history, panel = zone_history(info, "SOUTH"), zone_panel(info, "SOUTH").repaired()
    at = history.names.index("wind_solar_mw")
    assert np.array_equal(history.since[:, -1], history.columns[:, -1])
    blocks = np.cumsum([0, *(width for _, width, _ in panel.blocks)])
    lag = next(i for i, (name, _, own) in enumerate(panel.blocks) if name == "wind_solar_mw" and not own)
    assert np.array_equal(panel.inputs[-1, blocks[lag] : blocks[lag + 1]], history.since[at, -2])
    change = slot_inputs(panel)[0][-1, :, slot_owners(panel.columns).index("wind_solar_mw") + 1]
    assert change == pytest.approx(history.columns[at, -1] - history.since[at, -2])


def test_a_zone_whose_forecasts_come_before_the_gate_reads_the_same_twice():
    assert zone_history(Archive(DESK, frames_for(SPRING)).at(SPRING), "NORTH").since is None


def test_a_forecast_of_the_eve_that_comes_after_the_decision_is_neither_learnt_from_nor_read():
    frames = without(frames_for(SPRING), "weather_forecast")
    late = pl.lit(DeliveryDay(SPRING, BERLIN).start).cast(pl.Datetime("us", "UTC"))
    moved = pl.when(SOUTH_WIND & (pl.col("delivery_day") == EVE)).then(late).otherwise(pl.col("known_at")).alias("known_at")
    info = Archive(DESK, {**frames, "generation_forecast": frames["generation_forecast"].with_columns(moved)}).at(SPRING)
    assert set(zone_drivers(info, "SOUTH")["wind"].methods) == {"autoregression"}
    assert np.array_equal(published_since(info, "SOUTH")["wind"].values_mw, zone_drivers(info.at(EVE), "SOUTH")["wind"].values_mw)


def test_more_days_to_learn_from_ask_for_as_much_more_history():
    longer = DESK.model_copy(update={"forecast": DESK.forecast.model_copy(update={"own_driver_days": 100})})
    assert longer.history_days - DESK.history_days == 65
    assert desk_with("SOUTH").own_lag_days == DESK.max_lag_days


@pytest.mark.skipif(not GERMANY.is_file(), reason=f"{GERMANY} is not there: set ENERGY_PIPELINE_DATA")
@pytest.mark.parametrize(("technology", "at_most_mw"), [("wind", 5_000), ("sun", 1_250)])
def test_german_wind_and_sun_of_2019_with_a_year_to_learn_from(technology, at_most_mw):
    name = {"wind": "wind_de", "sun": "solar_de"}[technology]
    first, known = date(2017, 12, 1), 9  # at 10:30 the hour to 9:00 and those before it are out
    columns = [f"{name}_mw", f"{name}_forecast_da_mw"]
    hours = pl.DataFrame({"ts_utc": pl.datetime_range(datetime(2017, 12, 1, tzinfo=UTC), datetime(2019, 9, 30, 23, tzinfo=UTC), "1h", eager=True)})
    frame = pl.read_parquet(GERMANY, columns=["ts_utc", *columns]).with_columns(pl.col("ts_utc").cast(hours.schema["ts_utc"]))
    came, told = (hours.join(frame, on="ts_utc", how="left").sort("ts_utc")[c].to_numpy().reshape(-1, 24) for c in columns)
    errors = []
    for day in range((date(2019, 1, 1) - first).days, len(came), 3):
        seen = came[day - 370 : day].copy()
        seen[-1, known:] = np.nan
        errors.append(np.abs(from_eves(told[day - 370 : day], seen, "output") - came[day]).mean())
    assert len(errors) == 91
    assert np.nanmean(errors) < at_most_mw
