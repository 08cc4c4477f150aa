"""Price features by hand, and the information cut."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from energy_pipeline.contracts import table
from energy_pipeline.domain.delivery import DeliveryDay
from energy_pipeline.features import FEATURES, feature_statistics, price_features, zone_drivers, zone_features
from energy_pipeline.features.groups import COLUMNS, GROUP_OF, switchable
from energy_pipeline.information.archive import Archive, InformationSet
from energy_pipeline_tests.features.small_market import (
    AUTUMN,
    BERLIN,
    CHANGE,
    DESK,
    SPRING,
    archive_for,
    desk_with,
    frames_for,
    only,
    poisoned,
    price,
    withheld,
    without,
)

EVERY_GROUP = DESK.model_copy(update={"forecast": DESK.forecast.model_copy(update={"features": switchable()})})


def features_of(day, zone, desk=EVERY_GROUP, frames=None):
    return zone_features(Archive(desk, frames or frames_for(day)).at(day), zone)


def test_every_column_of_the_table_belongs_to_one_group_and_every_group_has_its_columns_there():
    assert set(GROUP_OF) == set(FEATURES)
    assert sum(map(len, COLUMNS.values())) == len(FEATURES)
    assert {*switchable(), "prices", "calendar"} == set(COLUMNS)


@pytest.mark.parametrize("day", [SPRING, AUTUMN, SPRING + timedelta(days=1)])
def test_lags_and_levels_by_hand(day):
    frames, info = frames_for(day), archive_for(day).at(day)
    found = zone_features(info, "SOUTH")
    past = np.stack([by_hand(frames, day - timedelta(days=back)) for back in range(28, 0, -1)])
    for lag in (1, 2, 3, 4, 5, 6, 7, 14):
        assert found.column(f"price_lag_{lag}d_eur_mwh") == pytest.approx(past[-lag][info.day.slots(60)])
    month = past.ravel()
    expected = {
        "price_mean_1d_eur_mwh": past[-1].mean(),
        "price_min_1d_eur_mwh": past[-1].min(),
        "price_max_1d_eur_mwh": past[-1].max(),
        "price_last_1d_eur_mwh": past[-1][-1],
        "price_mean_2d_eur_mwh": past[-2].mean(),
        "price_median_7d_eur_mwh": np.median(past[-7:]),
        "price_mad_28d_eur_mwh": np.abs(month - np.median(month)).mean(),
    }
    for name, value in expected.items():
        assert found.column(name) == pytest.approx(np.full(info.day.hours, value))


def by_hand(frames, day):
    """SOUTH's prices of a day by wall-clock hour: of a double hour the first, of a missing one its neighbours' mean."""
    delivery = DeliveryDay(day, BERLIN)
    row = np.full(24, np.nan)
    for start, slot in reversed(list(zip(delivery.interval_starts_us(60), delivery.slots(60), strict=True))):
        row[slot] = price(frames, "SOUTH", start)
    gone = np.flatnonzero(np.isnan(row))
    row[gone] = (row[gone - 1] + row[gone + 1]) / 2
    return row


def test_lags_of_quarters_repeat_the_hours_before_the_change():
    frames, info = frames_for(CHANGE), archive_for(CHANGE).at(CHANGE)
    target = DeliveryDay(CHANGE, BERLIN)
    found = zone_features(info, "NORTH")
    assert found.minutes == 15
    hours = target.shift(-2).interval_starts_us(60)
    assert found.column("price_lag_2d_eur_mwh").tolist() == [price(frames, "NORTH", h) for h in hours for _ in range(4)]
    quarters = target.shift(-1).interval_starts_us(15)
    assert found.column("price_lag_1d_eur_mwh").tolist() == [price(frames, "NORTH", q) for q in quarters]


def test_residual_load_its_change_and_its_ramp_follow_the_driver_forecasts():
    info = Archive(EVERY_GROUP, frames_for(SPRING)).at(SPRING)
    residual = {}
    for past in (info, info.at(SPRING - timedelta(days=1))):
        drivers = zone_drivers(past, "SOUTH")
        residual[past.day.day] = drivers["load"].values_mw - drivers["wind"].values_mw - drivers["solar"].values_mw
    found, before = zone_features(info, "SOUTH"), residual[SPRING - timedelta(days=1)]
    assert found.column("residual_load_mw") == pytest.approx(residual[SPRING])
    slots = info.day.slots(60)
    assert found.column("residual_load_change_1d_mw") == pytest.approx(residual[SPRING] - before[slots])
    assert found.column("residual_load_ramp_mw")[[0, 1]] == pytest.approx(residual[SPRING][[0, 1]] - [before[-1], residual[SPRING][0]])


def test_wind_and_solar_are_read_together_unless_the_desk_wants_them_apart():
    info = archive_for(SPRING).at(SPRING)
    drivers, found = zone_drivers(info, "SOUTH"), zone_features(info, "SOUTH")
    assert found.column("wind_solar_mw") == pytest.approx(drivers["wind"].values_mw + drivers["solar"].values_mw)
    assert {"wind_mw", "solar_mw"}.isdisjoint(found.values)
    apart = features_of(SPRING, "SOUTH")
    assert apart.column("wind_mw") == pytest.approx(drivers["wind"].values_mw)
    assert "wind_solar_mw" not in apart.values


def test_a_zone_without_solar_has_residual_load_without_it():
    info = Archive(desk_with("SOUTH", drivers=("load", "wind")), frames_for(SPRING)).at(SPRING)
    drivers, found = zone_drivers(info, "SOUTH"), zone_features(info, "SOUTH")
    assert "solar_mw" not in found.values
    assert found.column("residual_load_mw") == pytest.approx(drivers["load"].values_mw - drivers["wind"].values_mw)


def test_fuels_are_fridays_on_sunday_and_monday_and_an_unknown_one_stays_unknown():
    # Delivery Monday 30 March 2026, decided on Sunday: Friday the 27th is the last settlement known.
    found = features_of(SPRING + timedelta(days=1), "SOUTH")
    assert found.column("gas_eur_mwh").tolist() == [32.7] * 24
    assert found.column("carbon_eur_t").tolist() == [72.7] * 24
    assert np.isnan(found.column("coal_eur_t")).all()


def outage(zone, fuel, mw, first, last, known):
    utc = [pl.lit(v).cast(pl.Datetime("us", "UTC")) for v in (first, last, known)]
    told = {"delivery_day": [SPRING], "zone": [zone], "outage_id": [f"{fuel}-1"], "fuel": [fuel], "unavailable_mw": [mw], "source": ["test"]}
    row = pl.DataFrame(told).with_columns(starts_at=utc[0], ends_at=utc[1], known_at=utc[2])
    return row.select(list(table("outages").schema)).cast(table("outages").schema)


def test_outages_count_by_technology_for_the_part_of_the_hour_they_last():
    day = DeliveryDay(SPRING, BERLIN)
    known, start = day.start - timedelta(days=3), day.start + timedelta(hours=4, minutes=30)
    rows = [outage("SOUTH", "Hard coal", 400.0, start, start + timedelta(hours=2), known), outage("NORTH", "peat", 50.0, day.start, day.end, known)]
    frames = {**frames_for(SPRING), "outages": pl.concat(rows)}
    south, north = (features_of(SPRING, zone, frames=frames) for zone in ("SOUTH", "NORTH"))
    assert south.column("unavailable_coal_mw")[3:8].tolist() == [0.0, 200.0, 400.0, 200.0, 0.0]
    assert not south.column("unavailable_other_mw").any()
    assert north.column("unavailable_other_mw").tolist() == [50.0] * 92
    # Where a desk knows of no outage at all, nothing is known of them.
    assert np.isnan(features_of(SPRING, "SOUTH").column("unavailable_coal_mw")).all()


def test_neighbours_are_read_at_yesterdays_price_and_todays_residual_load():
    zones = {**EVERY_GROUP.zones, "SOUTH": EVERY_GROUP.zones["SOUTH"].model_copy(update={"neighbours": ("NORTH",)})}
    desk = EVERY_GROUP.model_copy(update={"zones": zones})
    info = Archive(desk, frames_for(SPRING)).at(SPRING)
    found, north = zone_features(info, "SOUTH"), zone_features(info, "NORTH")
    hours = north.column("price_lag_1d_eur_mwh").reshape(-1, 4).mean(axis=1), north.column("residual_load_mw").reshape(-1, 4).mean(axis=1)
    assert found.column("neighbour_price_lag_1d_eur_mwh") == pytest.approx(hours[0])
    assert found.column("neighbour_residual_load_mw") == pytest.approx(hours[1])
    assert "neighbour_residual_load_mw" not in north.values


def test_weather_and_daylight_are_of_the_zones_places():
    found = features_of(SPRING, "SOUTH")
    rows = frames_for(SPRING)["weather_forecast"].filter(pl.col("location") == "valley", pl.col("delivery_day") == SPRING)
    last = rows.sort("delivery_start", "known_at").unique("delivery_start", keep="last", maintain_order=True)
    assert found.column("wind_speed_ms").tolist() == last["wind_speed_ms"].to_list()
    sun = found.column("daylight")
    assert (sun[[0, 1, 22]] == 0).all()
    assert sun[10:14].min() > 0.6


def test_a_group_that_is_off_is_null_in_the_table():
    frame = price_features(archive_for(SPRING).at(SPRING))
    empty = {name for name in FEATURES if frame[name].null_count() == frame.height}
    assert {GROUP_OF[name] for name in empty} >= {"fuels", "outages", "weather", "ramps", "daylight"}
    assert {"load_mw", "wind_solar_mw", "weekday", *(n for n in COLUMNS["prices"])}.isdisjoint(empty)


def test_a_short_history_is_null_not_a_guess():
    frames = only(frames_for(SPRING), SPRING - timedelta(days=3), SPRING)
    frame = price_features(Archive(DESK, frames).at(SPRING)).filter(pl.col("zone") == "SOUTH", pl.col("horizon_days") == 1)
    assert frame["price_lag_1d_eur_mwh"].null_count() == 0
    for name in ("price_lag_7d_eur_mwh", "price_mad_28d_eur_mwh"):
        assert frame[name].null_count() == frame.height
    empty = price_features(Archive(DESK, without(frames, "day_ahead_prices")).at(SPRING))
    assert empty["price_mean_1d_eur_mwh"].null_count() == empty.height


def test_statistics_tell_what_is_missing_what_moved_and_which_group_is_off():
    frames = frames_for(SPRING)
    moved = (pl.col("zone") == "SOUTH") & (pl.col("delivery_day") > SPRING - timedelta(days=25))
    load = frames["load_forecast"].with_columns(load_mw=pl.col("load_mw") + pl.when(moved).then(9_000.0).otherwise(0.0))
    first = DeliveryDay(SPRING, BERLIN).start
    held = (pl.col("zone") == "SOUTH") & (pl.col("delivery_day") == SPRING - timedelta(days=1)) & (pl.col("delivery_start").dt.hour() < 6)
    prices = frames["day_ahead_prices"].filter(~held | (pl.col("delivery_start") >= first))
    found = feature_statistics(Archive(DESK, {**frames, "load_forecast": load, "day_ahead_prices": prices}).at(SPRING))
    at = {(r["zone"], r["feature"]): r for r in found.iter_rows(named=True)}
    assert at["SOUTH", "load_mw"]["psi"] > 0.25 > at["NORTH", "load_mw"]["psi"]
    assert at["SOUTH", "price_lag_1d_eur_mwh"]["missing_share"] == pytest.approx(6 / 24)
    assert at["NORTH", "price_lag_1d_eur_mwh"]["missing_share"] == 0
    assert at["SOUTH", "gas_eur_mwh"]["status"] == "group_off"
    assert at["SOUTH", "gas_eur_mwh"]["psi"] is None
    assert at["SOUTH", "wind_solar_mw"]["status"] == "read"


@pytest.mark.parametrize("day", [SPRING, CHANGE])
def test_later_knowledge_changes_nothing(day):
    info = archive_for(day).at(day)
    other = Archive(DESK, poisoned(frames_for(day), info.decision_time)).at(day)
    assert price_features(info).equals(price_features(other))


def test_a_used_price_known_too_late_does_change_the_day():
    info = archive_for(SPRING).at(SPRING)
    used = (pl.col("zone") == "SOUTH") & (pl.col("delivery_day") == SPRING - timedelta(days=1))
    late = Archive(DESK, withheld(frames_for(SPRING), "day_ahead_prices", info.decision_time, used)).at(SPRING)
    frame = price_features(late).filter(pl.col("zone") == "SOUTH")
    assert frame["price_lag_1d_eur_mwh"].null_count() == frame.height
    assert not price_features(info).equals(price_features(late))


def test_a_planted_leak_is_found_by_the_same_test(monkeypatch):
    honest = InformationSet.values

    def leaky(self, name, value, start_us, *, cut_us=None, **key):
        if name != "generation_forecast":
            return honest(self, name, value, start_us, cut_us=cut_us, **key)
        return self._archive.series(name, value, key).lookup(start_us, self.decision_us + 8 * 3_600_000_000)

    monkeypatch.setattr(InformationSet, "values", leaky)
    info = archive_for(SPRING).at(SPRING)
    other = Archive(DESK, poisoned(frames_for(SPRING), info.decision_time)).at(SPRING)
    assert not price_features(info).equals(price_features(other))
