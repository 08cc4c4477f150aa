"""Reading a series at another interval length than its own."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from energy_pipeline.domain.delivery import DeliveryDay
from energy_pipeline.information.as_of_series import AsOfSeries
from energy_pipeline.information.resolution import by_slot, convert, frame_lookup, interval_values, slot_starts_us
from energy_pipeline_tests.renewables.hand_made import BERLIN, day_before, raw_rows

DAYS = [date(2025, 3, 30), date(2025, 6, 1), date(2025, 10, 26)]


def counted(day, minutes):
    return np.arange(float(day.count(minutes)))


def read(rows, day, minutes):
    return interval_values(frame_lookup(rows, zone="Z"), "price_eur_mwh", DeliveryDay(day, BERLIN).interval_starts_us(minutes), minutes)


def prices(day, minutes):
    return raw_rows("day_ahead_prices", {"zone": "Z"}, {"price_eur_mwh": counted}, day, day, minutes, day_before(13))


@pytest.mark.parametrize("day", DAYS)
@pytest.mark.parametrize("native", [15, 30, 60])
@pytest.mark.parametrize("wanted", [15, 30, 60])
def test_coarser_rows_are_repeated_and_finer_ones_averaged(day, native, wanted):
    expected = convert(counted(DeliveryDay(day, BERLIN), native), native, wanted)
    np.testing.assert_array_equal(read(prices(day, native), day, wanted), expected)


def test_part_of_an_hour_is_not_an_hour():
    day = DAYS[1]
    found = read(prices(day, 15).filter(pl.col("delivery_start").dt.minute() != 45), day, 60)
    assert np.isnan(found).all(), "three quarters are no hour, and the first is not taken for one"


def test_the_latest_vintage_counts_also_when_it_says_unknown():
    day = DAYS[1]
    first = prices(day, 60)
    later = first.with_columns(known_at=pl.col("known_at") + timedelta(hours=1), price_eur_mwh=pl.lit(None, dtype=pl.Float64))
    assert np.isnan(read(pl.concat([later, first]), day, 60)).all()


@pytest.mark.parametrize("minutes", [15, 60])
def test_slots_of_clock_change_days(minutes):
    starts = slot_starts_us(DAYS, BERLIN, minutes)
    for row, day in enumerate(DAYS):
        delivery = DeliveryDay(day, BERLIN)
        expected = by_slot(delivery.interval_starts_us(minutes).astype(float), delivery, minutes)
        np.testing.assert_array_equal(np.where(starts[row] < 0, np.nan, starts[row]), expected)
    assert (starts[0] < 0).sum() == 60 // minutes
    assert (starts[2] >= 0).all()
    assert starts[2][120 // minutes] == DeliveryDay(DAYS[2], BERLIN).interval_starts_us(minutes)[120 // minutes], "the first of the two 2 o'clocks"


@pytest.mark.parametrize("zone", ["Australia/Adelaide", "Asia/Kolkata", "Asia/Kathmandu", "Europe/Berlin"])
@pytest.mark.parametrize(("rows_minutes", "minutes"), [(60, 60), (60, 15), (60, 30), (30, 60), (30, 15), (15, 60)])
def test_rows_are_found_on_the_grid_of_any_zone(zone, rows_minutes, minutes):
    day = DeliveryDay(date(2024, 10, 19), zone)
    rows = day.interval_starts_us(rows_minutes)
    values = np.arange(rows.size, dtype=np.float64)
    series = {"x": AsOfSeries(rows, rows, values), "resolution_minutes": AsOfSeries(rows, rows, np.full(rows.size, float(rows_minutes)))}
    wanted = day.interval_starts_us(minutes)
    cuts = np.full((wanted.size, minutes // 15), np.iinfo(np.int64).max)  # a cut of each part, as look-backs have
    found = interval_values(lambda column, starts: series[column].lookup(starts, cuts), "x", wanted, minutes)
    np.testing.assert_allclose(found, convert(values, rows_minutes, minutes))
