"""Price features by hand, and the information cut."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from energy_pipeline.contracts import table
from energy_pipeline.domain.delivery import DeliveryDay, same_slot_starts_us
from energy_pipeline.features import FEATURES, price_features, zone_drivers, zone_features
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


def test_feature_names_are_the_tables_columns():
    contract = table("price_features")
    assert ("delivery_day", "zone", "delivery_start", "resolution_minutes", *FEATURES) == tuple(contract.schema)


@pytest.mark.parametrize("day", [SPRING, AUTUMN, SPRING + timedelta(days=1)])
def test_lags_and_statistics_by_hand(day):
    frames, info = frames_for(day), archive_for(day).at(day)
    found = zone_features(info, "SOUTH")
    target = DeliveryDay(day, BERLIN)
    for lag in (1, 2, 3, 7):
        starts = same_slot_starts_us(target, target.shift(-lag), 60)
        assert found.column(f"price_lag_{lag}d_eur_mwh").tolist() == [price(frames, "SOUTH", s) for s in starts]
    rows = frames["day_ahead_prices"].filter(pl.col("zone") == "SOUTH")
    past = {n: rows.filter(pl.col("delivery_day").is_between(day - timedelta(days=n), day - timedelta(days=1))) for n in (1, 7, 28)}
    yesterday = past[1].sort("delivery_start")["price_eur_mwh"]
    month = past[28]["price_eur_mwh"]
    expected = {
        "price_mean_1d_eur_mwh": yesterday.mean(),
        "price_min_1d_eur_mwh": yesterday.min(),
        "price_max_1d_eur_mwh": yesterday.max(),
        "price_last_1d_eur_mwh": yesterday[-1],
        "price_median_7d_eur_mwh": past[7]["price_eur_mwh"].median(),
        "price_mad_28d_eur_mwh": (month - month.median()).abs().median(),
    }
    for name, value in expected.items():
        assert found.column(name) == pytest.approx(np.full(target.hours, value))


def test_lags_of_quarters_repeat_the_hours_before_the_change():
    frames, info = frames_for(CHANGE), archive_for(CHANGE).at(CHANGE)
    target = DeliveryDay(CHANGE, BERLIN)
    found = zone_features(info, "NORTH")
    assert found.minutes == 15
    hours = target.shift(-2).interval_starts_us(60)
    assert found.column("price_lag_2d_eur_mwh").tolist() == [price(frames, "NORTH", h) for h in hours for _ in range(4)]
    quarters = target.shift(-1).interval_starts_us(15)
    assert found.column("price_lag_1d_eur_mwh").tolist() == [price(frames, "NORTH", q) for q in quarters]


def test_residual_load_and_its_change_follow_the_driver_forecasts():
    info = archive_for(SPRING).at(SPRING)
    residual = {}
    for past in (info, info.at(SPRING - timedelta(days=1))):
        drivers = zone_drivers(past, "SOUTH")
        residual[past.day.day] = drivers["load"].values_mw - drivers["wind"].values_mw - drivers["solar"].values_mw
    found = zone_features(info, "SOUTH")
    assert found.column("residual_load_mw") == pytest.approx(residual[SPRING])
    slots = info.day.slots(60)
    assert found.column("residual_load_change_1d_mw") == pytest.approx(residual[SPRING] - residual[SPRING - timedelta(days=1)][slots])


def test_a_zone_without_solar_has_residual_load_without_it():
    info = Archive(desk_with("SOUTH", drivers=("load", "wind")), frames_for(SPRING)).at(SPRING)
    drivers, found = zone_drivers(info, "SOUTH"), zone_features(info, "SOUTH")
    assert np.isnan(found.column("solar_mw")).all()
    assert found.column("residual_load_mw") == pytest.approx(drivers["load"].values_mw - drivers["wind"].values_mw)


def test_fuels_are_fridays_on_sunday_and_monday():
    # Delivery Monday 30 March 2026, decided on Sunday: Friday the 27th is the last settlement known.
    day = SPRING + timedelta(days=1)
    found = zone_features(archive_for(day).at(day), "SOUTH")
    assert found.column("gas_eur_mwh").tolist() == [32.7] * 24
    assert found.column("carbon_eur_t").tolist() == [72.7] * 24


def test_a_short_history_is_null_not_a_guess():
    frames = only(frames_for(SPRING), SPRING - timedelta(days=3), SPRING)
    frame = price_features(Archive(DESK, frames).at(SPRING)).filter(pl.col("zone") == "SOUTH")
    assert frame["price_lag_1d_eur_mwh"].null_count() == 0
    for name in ("price_lag_7d_eur_mwh", "price_mad_28d_eur_mwh"):
        assert frame[name].null_count() == frame.height
    empty = price_features(Archive(DESK, without(frames, "day_ahead_prices")).at(SPRING))
    assert empty["price_mean_1d_eur_mwh"].null_count() == empty.height


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
