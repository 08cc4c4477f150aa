"""Plant output of a day: inputs, fallbacks, errors, look-ahead, clock changes."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from energy_pipeline.contracts import table
from energy_pipeline.contracts.enforce import enforce
from energy_pipeline.domain.errors import SourceError
from energy_pipeline.features.drivers import DriverDay
from energy_pipeline.information.archive import Archive
from energy_pipeline.renewables import output_errors, plant_output
from energy_pipeline_tests.renewables.hand_made import meters, tiny_desk, weather

D = date(2025, 10, 27)
FIRST = D - timedelta(days=60)
NEXT_MONTH = pl.lit(datetime(2025, 11, 5, tzinfo=UTC)).cast(pl.Datetime("us", "UTC"))
SPRING, AUTUMN = date(2025, 3, 30), date(2025, 10, 26)
WIND = {
    "coast_wind": {
        "kind": "wind",
        "zone": "NORTH",
        "location": "coast",
        "capacity_mw": 100,
        "hub_height_m": 110,
        "turbine": "cubic",
        "density_rule": "none",
    }
}
SOLAR = {"valley_solar": {"kind": "pv", "zone": "SOUTH", "location": "valley", "peak_mw": 60, "inverter_mw": 50}}
ROOF = {"roof": {"kind": "metered", "zone": "SOUTH", "technology": "solar", "capacity_mw": 10}}
SHARE = {"share": {"kind": "share", "zone": "SOUTH", "technology": "wind", "share_of_zone": 0.01}}


def windy(day, minutes):
    """Another wind each day and hour."""
    return 7 + 3 * np.sin(np.arange(day.count(minutes)) * minutes / 60 + day.day.toordinal())


def cubic_mw(plant, measured_at_m, speed_ms):
    """The document's curve at hub height, by hand."""
    hub = np.asarray(speed_ms) * (plant.hub_height_m / measured_at_m) ** plant.shear_exponent
    share = np.clip((hub**3 - plant.cut_in_ms**3) / (plant.rated_ms**3 - plant.cut_in_ms**3), 0.0, 1.0)
    return plant.capacity_mw * plant.retained_share * np.where(hub > plant.cut_out_ms, 0.0, share)


def archive(desk, **frames):
    return Archive(desk, frames)


@pytest.mark.parametrize("day", [D, AUTUMN, SPRING])
def test_wind_from_hourly_weather_in_the_zones_resolution(day):
    desk = tiny_desk(plants=WIND)
    first = day - timedelta(days=30)
    store = archive(desk, weather_forecast=weather("coast", first, day, wind_speed_ms=windy))
    rows = enforce(table("plant_output"), plant_output(store.at(day)), day)
    minutes = desk.zones["NORTH"].resolution_minutes(day)
    hourly = cubic_mw(desk.plants["coast_wind"], 100.0, windy(desk.delivery_day(day), 60))
    np.testing.assert_allclose(rows["output_mw"].to_numpy(), np.repeat(hourly, 60 // minutes), rtol=1e-4)
    assert rows["method"].unique().to_list() == ["physical"]
    assert rows["q10_mw"].null_count() == rows.height, "no meter, so no error and no quantile"


def test_quarter_hour_weather_in_an_hourly_zone_averages_power_not_speed():
    desk = tiny_desk(plants={"w": {**WIND["coast_wind"], "zone": "SOUTH"}})
    store = archive(desk, weather_forecast=weather("coast", D, D, 15, wind_speed_ms=windy))
    power = cubic_mw(desk.plants["w"], 100.0, windy(desk.delivery_day(D), 15)).reshape(-1, 4).mean(axis=1)
    np.testing.assert_allclose(plant_output(store.at(D))["output_mw"].to_numpy(), power, rtol=1e-4)


def test_a_later_run_counts_once_it_is_known():
    desk = tiny_desk(plants=WIND)
    old, new = weather("coast", D, D, wind_speed_ms=5.0), weather("coast", D, D, wind_speed_ms=9.0)
    decision = desk.decision_time(D)
    for shift, speed in ((timedelta(0), 9.0), (timedelta(microseconds=1), 5.0)):
        later = new.with_columns(issued_at=pl.col("issued_at") + timedelta(hours=6), known_at=pl.lit(decision + shift).cast(pl.Datetime("us", "UTC")))
        found = plant_output(archive(desk, weather_forecast=pl.concat([old, later])).at(D))["output_mw"]
        np.testing.assert_allclose(found, cubic_mw(desk.plants["coast_wind"], 100.0, np.array([speed]))[0], rtol=1e-4)


def test_without_weather_the_plants_own_past_stands_in_flagged():
    desk = tiny_desk(plants=SOLAR)
    level = {D - timedelta(days=lag): float(lag) for lag in range(1, 40)}
    metered = meters("valley_solar", D - timedelta(days=39), D - timedelta(days=1), 15, lambda day, m: np.full(day.count(m), level[day.day]))
    rows = enforce(table("plant_output"), plant_output(archive(desk, plant_meters=metered).at(D)), D)
    # D-1 is not known; the autumn day D-1 .. and D-2 .. D-8 have levels 2 .. 8.
    np.testing.assert_allclose(rows["output_mw"].to_numpy(), np.mean(range(2, 9)))
    assert rows["is_fallback"].all()
    assert rows["method"].unique().to_list() == ["persistence"]


def test_one_missing_hour_of_weather_falls_back_for_that_hour_only():
    desk = tiny_desk(plants=WIND)
    forecast = weather("coast", FIRST, D, wind_speed_ms=10.0).with_columns(
        wind_speed_ms=pl.when(pl.col("delivery_start").dt.hour() == 5).then(None).otherwise(pl.col("wind_speed_ms"))
    )
    store = archive(desk, weather_forecast=forecast, plant_meters=meters("coast_wind", FIRST, D - timedelta(days=1), 60, 33.0))
    rows = plant_output(store.at(D))
    hour = rows.filter(pl.col("delivery_start").dt.hour() == 5)
    assert hour["output_mw"].to_list() == [33.0] * 4
    assert hour["is_fallback"].all()
    assert rows["is_fallback"].sum() == 4


def test_nothing_known_is_an_error_that_names_every_plant_and_the_next_step():
    desk = tiny_desk(plants=WIND | SOLAR | ROOF)
    with pytest.raises(SourceError) as caught:
        plant_output(archive(desk).at(D))
    text = str(caught.value)
    assert all(name in text for name in ("coast_wind", "valley_solar", "roof", "2025-10-27"))
    assert "-> ingest weather_forecast of coast or plant_meters of coast_wind" in text


def test_a_metered_plant_is_its_own_past_and_that_is_no_fallback():
    desk = tiny_desk(plants=ROOF)
    metered = meters("roof", FIRST, D - timedelta(days=1), 60, lambda day, _: day.slots(60) / 4.0)
    rows = enforce(table("plant_output"), plant_output(archive(desk, plant_meters=metered).at(D)), D)
    assert rows["output_mw"].to_list() == [slot / 4.0 for slot in range(24)]
    assert not rows["is_fallback"].any()
    # Every past day was the same, so past errors are 0 and the quantiles are the value.
    assert rows["q10_mw"].to_list() == rows["output_mw"].to_list() == rows["q90_mw"].to_list()


def fake_features(monkeypatch, value_mw):
    """Stand-in for the features stage: one constant driver, or none."""

    def zone_drivers(info, zone):
        count = info.day.count(60)
        value = np.full(count, np.nan if value_mw is None else value_mw)
        return {"wind": DriverDay(value, ("tso",) * count, np.full(count, value_mw is None))}

    monkeypatch.setattr("energy_pipeline.renewables.driven.zone_drivers", zone_drivers)


def generation(first, last, value):
    rows = meters("x", first, last, 60, value).rename({"output_mw": "generation_mw", "plant": "zone"})
    return rows.with_columns(zone=pl.lit("SOUTH"), technology=pl.lit("wind")).select(list(table("generation_actual").schema))


def test_a_share_is_the_share_of_the_zones_driver(monkeypatch):
    fake_features(monkeypatch, 3000.0)
    desk = tiny_desk(plants=SHARE)
    rows = plant_output(archive(desk, generation_actual=generation(FIRST, D - timedelta(days=2), 3500.0)).at(D))
    assert rows["output_mw"].to_list() == [30.0] * 24
    assert rows["capacity_mw"].unique().to_list() == [50.0]
    assert rows["method"].unique().to_list() == ["share_of_zone"]
    # Actual output was 500 MW more than the driver on every past day: 5 MW of the share.
    np.testing.assert_allclose(rows["q90_mw"].to_numpy(), 35.0)


def test_a_share_without_a_driver_takes_the_zones_past(monkeypatch):
    fake_features(monkeypatch, None)
    rows = plant_output(archive(tiny_desk(plants=SHARE), generation_actual=generation(FIRST, D - timedelta(days=2), 1500.0)).at(D))
    np.testing.assert_allclose(rows["output_mw"].to_numpy(), 15.0)
    assert rows["is_fallback"].all()


def full_store(last, first=FIRST):
    settings = {**tiny_desk().forecast.model_dump(), "error_days": 10}
    desk = tiny_desk(plants=WIND | SOLAR | ROOF, forecast=settings)

    def noisy(seed, scale):
        return lambda day, minutes: scale * np.random.default_rng([seed, day.day.toordinal()]).random(day.count(minutes))

    sunny = pl.concat([weather("valley", first, last, ghi_w_m2=noisy(1, 600.0)), weather("coast", first, last, wind_speed_ms=noisy(2, 14.0))])
    metered = [meters(n, first, last - timedelta(days=1), 15, noisy(i, 20.0)) for i, n in enumerate(desk.plants, 3)]
    return desk, {"weather_forecast": sunny, "plant_meters": pl.concat(metered)}


def test_errors_are_outcome_less_what_was_decided_day_by_day():
    desk, frames = full_store(D)
    store = archive(desk, **frames)
    for history in output_errors(store.at(D)):
        assert history.days == tuple(D - timedelta(days=lag) for lag in range(desk.forecast.error_days + 1, 1, -1))
        zone = desk.plants[history.name].zone
        minutes = desk.zones[zone].resolution_minutes(D)
        for row, day in enumerate(history.days):
            decided = plant_output(store.at(day)).filter(pl.col("plant") == history.name)
            measured = frames["plant_meters"].filter(pl.col("plant") == history.name, pl.col("delivery_day") == day)
            outcome = measured["output_mw"].to_numpy().reshape(-1, minutes // 15).mean(axis=1)
            expected = np.full(1440 // minutes, np.nan)
            slots = desk.delivery_day(day).slots(minutes)
            for slot, error in zip(slots[::-1], (outcome - decided["output_mw"].to_numpy())[::-1], strict=True):
                expected[slot] = error
            np.testing.assert_allclose(history.errors[row], expected, atol=1e-9)


def test_errors_reach_across_a_change_of_resolution():
    desk, frames = full_store(date(2025, 10, 4))
    history = output_errors(archive(desk, **frames).at(date(2025, 10, 4)))[0]
    assert history.resolution_minutes == 15
    assert history.errors.shape == (desk.forecast.error_days, 96)
    assert not np.isnan(history.errors).any(), "hourly days before October are repeated"


def test_a_day_alone_equals_the_day_in_a_range_with_more_data_loaded():
    desk, frames = full_store(D)
    range_store = archive(desk, **frames)
    for back in range(5, -1, -1):
        in_range = plant_output(range_store.at(D - timedelta(days=back)))
    oldest = D - timedelta(days=desk.forecast.error_days + 1 + desk.max_lag_days)
    alone = plant_output(archive(desk, **{k: f.filter(pl.col("delivery_day") >= oldest) for k, f in frames.items()}).at(D))
    assert alone.equals(in_range)


def test_what_became_known_later_changes_nothing():
    desk, frames = full_store(D)
    before = plant_output(archive(desk, **frames).at(D))
    cut = pl.col("known_at") > desk.decision_time(D)
    poisoned = {
        "weather_forecast": frames["weather_forecast"].with_columns(wind_speed_ms=pl.when(cut).then(70.0).otherwise(pl.col("wind_speed_ms"))),
        "plant_meters": frames["plant_meters"].with_columns(output_mw=pl.when(cut).then(-500.0).otherwise(pl.col("output_mw"))),
    }
    late = frames["plant_meters"].with_columns(output_mw=pl.lit(999.0), known_at=NEXT_MONTH)
    poisoned["plant_meters"] = pl.concat([poisoned["plant_meters"].filter(~cut), late])
    assert plant_output(archive(desk, **poisoned).at(D)).equals(before)
    moved = {**frames, "plant_meters": frames["plant_meters"].with_columns(known_at=NEXT_MONTH)}
    with pytest.raises(SourceError, match="roof"):
        plant_output(archive(desk, **moved).at(D))
