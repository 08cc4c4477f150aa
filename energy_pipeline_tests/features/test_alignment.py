"""Resolutions and days: against plain loops."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from energy_pipeline.domain.delivery import DeliveryDay
from energy_pipeline.features import from_quarters, same_slot
from energy_pipeline.features.alignment import reader
from energy_pipeline.information.resolution import convert
from energy_pipeline_tests.features.small_market import CHANGE, archive_for, frames_for, price

hours = st.lists(st.floats(-500, 5000), min_size=23, max_size=25)


@given(hours, st.sampled_from([15, 30, 60]), st.sampled_from([15, 30, 60]))
def test_any_source_resolution_is_seen_and_brought_to_the_wanted_one(values, source, wanted):
    native = np.repeat(values, 60 // source) + np.arange(len(values) * 60 // source)
    quarters = np.full(len(values) * 4, np.nan)
    quarters[:: source // 15] = native
    found = from_quarters(quarters, wanted)
    for i, value in enumerate(found):
        first, last = i * wanted, (i + 1) * wanted
        parts = [native[j] for j in range(native.size) if j * source < last and (j + 1) * source > first]
        assert value == pytest.approx(np.mean(parts))


def test_an_hour_with_an_unknown_quarter_is_unknown():
    assert np.isnan(from_quarters(np.array([1.0, 2.0, np.nan, 4.0, 1.0, 1.0, 1.0, 1.0]), 60)).tolist() == [True, False]


def test_repeating_and_averaging_again_changes_nothing():
    values = np.arange(24.0)
    assert convert(convert(values, 60, 15), 15, 60).tolist() == values.tolist()


@pytest.mark.parametrize("target", [date(2026, 3, 29), date(2025, 10, 26), date(2026, 3, 30)])
def test_same_slot_pairs_wall_clock_hours(target):
    day, source = DeliveryDay(target, "Europe/Berlin"), DeliveryDay(target, "Europe/Berlin").shift(-1)
    slots = source.slots(60).astype(float)
    wanted = [s if s in slots else s - 1 for s in day.slots(60)]
    assert same_slot(day, source, 60, slots).tolist() == wanted


def test_quarters_of_hourly_days_and_hours_of_quarter_days():
    frames, info = frames_for(CHANGE), archive_for(CHANGE).at(CHANGE)
    prices = reader(info, "day_ahead_prices", "price_eur_mwh", zone="NORTH")
    hourly, quarterly = DeliveryDay(date(2025, 9, 30), "Europe/Berlin"), DeliveryDay(date(2025, 10, 1), "Europe/Berlin")
    starts = hourly.interval_starts_us(60)
    assert prices.day(hourly, 15)[4:8].tolist() == [price(frames, "NORTH", starts[1])] * 4
    quarters = [price(frames, "NORTH", s) for s in quarterly.interval_starts_us(15)[8:12]]
    assert prices.day(quarterly, 60)[2] == pytest.approx(np.mean(quarters))
    mixed = prices.own_days([hourly, quarterly], [60, 15])
    assert [v.size for v in mixed] == [24, 96]
