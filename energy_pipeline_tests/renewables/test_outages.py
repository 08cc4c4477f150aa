"""Outages of a plant: what is known at the gate is taken off, by interval, and nothing else."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from energy_pipeline.contracts import table
from energy_pipeline.domain.errors import PipelineError
from energy_pipeline.information.archive import Archive
from energy_pipeline.renewables import plant_output
from energy_pipeline.renewables.metered import DeskPlant
from energy_pipeline.renewables.outages import lost_share, outage_of
from energy_pipeline.scenarios.paths import _plants
from energy_pipeline_tests.renewables.hand_made import meters, tiny_desk, weather

D, AUTUMN, SPRING = date(2025, 10, 27), date(2025, 10, 26), date(2025, 3, 30)
WIND = {"kind": "wind", "zone": "NORTH", "location": "coast", "capacity_mw": 100, "hub_height_m": 110, "turbine": "cubic"}


def row(day, outage_id, mw, begins, hours, known, zone="NORTH"):
    told = {"delivery_day": [day], "zone": [zone], "outage_id": [outage_id], "fuel": ["wind"], "unavailable_mw": [float(mw)], "source": ["test"]}
    utc = {"starts_at": begins, "ends_at": begins + timedelta(hours=hours), "known_at": known}
    frame = pl.DataFrame(told).with_columns(**{k: pl.lit(v).cast(pl.Datetime("us", "UTC")) for k, v in utc.items()})
    return frame.select(list(table("outages").schema)).cast(table("outages").schema)


def seen(rows, outages=("FARM-*", "OTHER"), day=D, more=None):
    desk = tiny_desk(plants={"farm": {**WIND, "outages": list(outages)}})
    frames = {"weather_forecast": weather("coast", day - timedelta(days=40), day, wind_speed_ms=9.0)}
    return Archive(desk, frames | ({"outages": pl.concat(rows)} if rows else {}) | (more or {}))


def output(store, day=D):
    return plant_output(store.at(day))


@pytest.mark.parametrize("day", [D, AUTUMN, SPRING])
def test_the_share_out_is_taken_off_in_its_hours_and_the_note_says_so(day):
    start = tiny_desk().delivery_day(day).start
    known = start - timedelta(hours=30)
    rows = [row(day, "FARM-7", 25, start + timedelta(hours=6), 2.5, known), row(day, "FARM-9", 90, start + timedelta(hours=7), 1, known)]
    free, found = output(seen([], day=day), day), output(seen(rows, day=day), day)
    minutes = found["resolution_minutes"][0]
    at = np.arange(found.height) * minutes / 60
    last = 0.25 if minutes < 60 else 0.125  # half of the hour
    share = np.select([(at >= 7) & (at < 8), (at >= 6) & (at < 7), (at >= 8) & (at < 8.5)], [1.0, 0.25, last], 0.0)
    np.testing.assert_allclose(found["output_mw"], free["output_mw"] * (1 - share), rtol=1e-6)
    assert found["note"][0].endswith("outage FARM-7, FARM-9: up to 100 of 100 MW out")
    assert free["note"][0] == ""


def test_what_is_not_the_plants_or_came_after_the_gate_changes_nothing():
    store = seen([])
    free, start, gate = output(store), store.at(D).day.start, store.at(D).decision_time
    strangers = [
        row(D, "FARM-1", 50, start, 5, gate + timedelta(seconds=1)),
        row(D, "FARMER", 50, start, 5, gate),
        row(D, "OTHER-2", 50, start, 5, gate),
        row(D, "FARM-2", 50, start, 5, gate, zone="SOUTH"),
        row(D, "FARM-3", 50, start - timedelta(hours=9), 9, gate),
    ]
    found = output(seen(strangers))
    assert found.equals(free)
    assert not output(seen([*strangers, row(D, "OTHER", 50, start, 5, gate)])).equals(free)


def test_learning_is_told_of_each_past_hour_what_its_own_gate_knew():
    past = D - timedelta(days=20)
    start = tiny_desk().delivery_day(past).start
    rows = [row(past, "FARM-1", 40, start + timedelta(hours=3), 2, start - timedelta(hours=30)), row(past, "FARM-2", 60, start, 9, start)]
    info = seen(rows).at(D)
    hours = info.at(past).day.interval_starts_us(60)
    expected = np.where((np.arange(24) == 3) | (np.arange(24) == 4), 0.4, 0.0)
    np.testing.assert_allclose(lost_share(info, "farm", hours), expected)
    np.testing.assert_allclose(lost_share(info, "farm", np.stack([hours, np.full(24, -1)])), [expected, np.zeros(24)])
    _, lost = DeskPlant(info, "farm").held_back(hours, info.decision_us)
    np.testing.assert_allclose(lost, expected)
    assert lost_share(seen(rows, outages=()).at(D), "farm", hours) is None
    assert outage_of(seen(rows, outages=()).at(past), "farm", 60).note == ""


def test_a_share_of_a_zone_has_no_outages_of_its_own():
    share = {"kind": "share", "zone": "SOUTH", "technology": "wind", "share_of_zone": 0.01, "outages": ["X-1"]}
    with pytest.raises(PipelineError, match="outages"):
        tiny_desk(plants={"share": share})


def test_bands_and_scenarios_end_where_the_outage_leaves_off():
    start = tiny_desk().delivery_day(D).start
    rows = [
        row(D, "FARM-1", 100, start, 6, start - timedelta(hours=30)),
        row(D, "FARM-2", 60, start + timedelta(hours=6), 6, start - timedelta(hours=30)),
    ]
    noise = meters(
        "farm", D - timedelta(days=40), D - timedelta(days=1), 15, lambda day, _: 30.0 + 20 * np.sin(np.arange(day.count(15)) + day.day.day)
    )
    found = plant_output(seen(rows, more={"plant_meters": noise}).at(D))
    left = np.select([np.arange(found.height) * found["resolution_minutes"][0] < 360, np.arange(found.height) * 15 < 720], [0.0, 40.0], 100.0)
    np.testing.assert_allclose(100.0 - found["unavailable_mw"], left)
    assert found["q90_mw"].null_count() == 0
    assert (found["q90_mw"].to_numpy() <= left + 1e-9).all()
    assert found["q90_mw"].to_numpy()[-1] > found["output_mw"].to_numpy()[-1]
    np.testing.assert_allclose(np.ravel(_plants(found)[0].maximum), left)
