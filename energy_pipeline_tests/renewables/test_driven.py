"""Share and metered plants learn from their zone's driver: where it pays, and never from what came late."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from energy_pipeline.contracts import table
from energy_pipeline.contracts.enforce import enforce
from energy_pipeline.information.archive import Archive
from energy_pipeline.information.artefacts import MemoryArtefacts
from energy_pipeline.renewables import plant_output
from energy_pipeline_tests.renewables.hand_made import day_after, day_before, meters, raw_rows, tiny_desk
from energy_pipeline_tests.renewables.test_metered import D

SETTINGS = {**tiny_desk().forecast.model_dump(), "error_days": 10}
SHARE = {"kind": "share", "zone": "SOUTH", "technology": "wind", "share_of_zone": 0.01}
FARM = {"kind": "metered", "zone": "SOUTH", "technology": "wind", "capacity_mw": 40}
ZONE_KEY = {"zone": "SOUTH", "technology": "wind"}
FIRST = D - timedelta(days=tiny_desk(forecast=SETTINGS).history_days + 3)


def zone_mw(day, minutes):
    """The zone's wind of 5,000 MW: another each day and hour."""
    hours = (day.interval_starts_us(minutes) // 60_000_000) / 60.0
    return 1800.0 + 1100.0 * np.sin(hours / 31.0) + 500.0 * np.sin(hours / 5.3)


def farm_mw(day, minutes):
    """A farm that follows the zone, not in a straight line."""
    return 40.0 * (zone_mw(day, minutes) / 5000.0) ** 1.3


@pytest.fixture(scope="module")
def frames():
    actual = {"generation_mw": lambda day, minutes: 1.25 * zone_mw(day, minutes)}
    return {
        "generation_forecast": raw_rows("generation_forecast", ZONE_KEY, {"generation_mw": zone_mw}, FIRST, D, 60, day_before(8)),
        "generation_actual": raw_rows("generation_actual", ZONE_KEY, actual, FIRST, D - timedelta(days=1), 60, day_after(1)),
        "plant_meters": meters("farm", FIRST, D - timedelta(days=1), 60, farm_mw),
    }


def desk(plant, **changes):
    return tiny_desk(plants={"farm": plant | changes}, forecast=SETTINGS)


def output(frames, plant, day=D, **changes):
    return enforce(table("plant_output"), plant_output(Archive(desk(plant, **changes), frames).at(day), None, MemoryArtefacts()), day)


def test_a_share_learns_what_the_zones_forecast_misses_and_says_so(frames):
    rows = output(frames, SHARE)
    forecast = 0.01 * zone_mw(desk(SHARE).delivery_day(D), 60)
    assert rows["method"].unique().to_list() == ["share_of_zone_corrected"]
    off = np.abs(rows["output_mw"].to_numpy() - 1.25 * forecast).mean()
    assert off < 0.25 * np.abs(0.25 * forecast).mean()
    assert (rows["q95_mw"] >= rows["q05_mw"]).all()
    assert rows["note"].unique().to_list() == [""]


def test_a_share_of_a_zone_that_is_forecast_right_is_left_alone_and_says_why(frames):
    noise = np.random.default_rng(1).normal(0.0, 150.0, frames["generation_actual"].height)
    right = frames | {"generation_actual": frames["generation_actual"].with_columns((pl.col("generation_mw") / 1.25 + noise).clip(0.0))}
    rows = output(right, SHARE)
    assert rows["method"].unique().to_list() == ["share_of_zone"]
    np.testing.assert_allclose(rows["output_mw"].to_numpy(), 0.01 * zone_mw(desk(SHARE).delivery_day(D), 60))
    assert rows["note"][0].startswith("share_of_zone only: the correction's gain over")


@pytest.fixture(scope="module")
def farm_rows(frames):
    return output(frames, FARM)


def test_a_metered_plant_follows_its_zones_driver(farm_rows):
    rows = farm_rows
    truth = farm_mw(desk(FARM).delivery_day(D), 60)
    past = np.mean([farm_mw(desk(FARM).delivery_day(D - timedelta(days=lag)), 60) for lag in range(2, 9)], axis=0)
    assert rows["method"].unique().to_list() == ["driver_learnt"]
    assert np.abs(rows["output_mw"].to_numpy() - truth).mean() < 0.25 * np.abs(past - truth).mean()
    assert not rows["is_fallback"].any()


def test_without_a_driver_or_a_capacity_the_method_in_place_stays_and_the_note_names_the_key(frames):
    no_driver = output({"plant_meters": frames["plant_meters"]}, FARM)
    assert no_driver["method"].unique().to_list() == ["persistence"]
    assert no_driver["note"][0] == "no correction: no driver forecast of wind in SOUTH is known"
    zones = desk(SHARE).model_dump(mode="json")["zones"]
    zones["SOUTH"]["installed_wind_mw"] = None
    bare = tiny_desk(plants={"farm": SHARE}, forecast=SETTINGS, zones=zones)
    rows = plant_output(Archive(bare, frames).at(D))
    assert rows["note"][0] == "no correction: installed_wind_mw of SOUTH is not stated"


def test_a_day_alone_equals_the_range_and_what_came_late_teaches_nothing(frames, farm_rows):
    made = desk(FARM)
    cut, first = made.decision_time(D), D - timedelta(days=made.history_days)
    column = {"plant_meters": "output_mw"}
    held = {}
    for name, frame in frames.items():
        value = column.get(name, "generation_mw")
        poisoned = frame.with_columns(pl.when(pl.col("known_at") > cut).then(7.0).otherwise(pl.col(value)).alias(value))
        held[name] = poisoned.filter(pl.col("delivery_day") >= first, pl.col("delivery_day") <= D)
    assert plant_output(Archive(made, held).at(D), None, MemoryArtefacts()).equals(farm_rows)
