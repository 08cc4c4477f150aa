"""The naive by hand."""

from datetime import date, timedelta

import polars as pl
import pytest

from energy_pipeline.domain.delivery import DeliveryDay, same_slot_starts_us
from energy_pipeline.forecasting.model import ModelUnavailableError
from energy_pipeline.forecasting.naive import comparable_days, naive
from energy_pipeline.information.archive import Archive
from energy_pipeline_tests.features.small_market import AUTUMN, BERLIN, CHANGE, DESK, SPRING, archive_for, frames_for, price, withheld, without


@pytest.mark.parametrize(
    ("target", "lag"),
    [("2026-03-23", 7), ("2026-03-24", 1), ("2026-03-25", 1), ("2026-03-26", 1), ("2026-03-27", 1), ("2026-03-28", 7), ("2026-03-29", 7)],
)
def test_one_day_ahead_it_is_the_usual_rule(target, lag):
    day = date.fromisoformat(target)
    assert comparable_days(day, day - timedelta(days=1))[0] == day - timedelta(days=lag)


def test_further_ahead_only_known_days_are_used():
    known = date(2026, 3, 25)  # a Wednesday; decided for Thursday the 26th
    expected = {
        "2026-03-27": "2026-03-25",
        "2026-03-28": "2026-03-21",
        "2026-03-29": "2026-03-22",
        "2026-03-30": "2026-03-23",
        "2026-04-01": "2026-03-25",
    }
    for target, source in expected.items():
        assert comparable_days(date.fromisoformat(target), known)[0] == date.fromisoformat(source)


@pytest.mark.parametrize(
    ("day", "zone", "minutes", "ahead", "lag"),
    [
        (SPRING, "SOUTH", 60, 0, 7),
        (SPRING, "NORTH", 15, 0, 7),
        (AUTUMN, "NORTH", 15, 0, 7),
        (AUTUMN + timedelta(days=2), "SOUTH", 60, 0, 1),
        (SPRING, "SOUTH", 60, 3, 5),  # Wednesday 1 April from Friday 27 March
        (SPRING - timedelta(days=2), "SOUTH", 60, 2, 7),  # Sunday with 23 hours from the Sunday before
    ],
)
def test_prices_by_hand(day, zone, minutes, ahead, lag):
    frames = frames_for(day)
    target = DeliveryDay(day + timedelta(days=ahead), BERLIN)
    found = naive(archive_for(day).at(day), zone, target)
    starts = same_slot_starts_us(target, target.shift(-lag), minutes)
    assert found.values.tolist() == [price(frames, zone, s) for s in starts]
    assert not found.fallback


def test_quarters_repeat_the_hours_before_the_change():
    day = date(2025, 10, 4)  # a Saturday; D-7 still had hours
    frames = frames_for(CHANGE)
    found = naive(archive_for(CHANGE).at(day), "NORTH", DeliveryDay(day, BERLIN))
    hours = DeliveryDay(day - timedelta(days=7), BERLIN).interval_starts_us(60)
    assert found.values.tolist() == [price(frames, "NORTH", h) for h in hours for _ in range(4)]


def test_a_missing_day_is_taken_from_an_earlier_one_and_said():
    info = archive_for(SPRING).at(SPRING)
    week_before = SPRING - timedelta(days=7)
    gone = (pl.col("zone") == "SOUTH") & (pl.col("delivery_day") == week_before)
    late = Archive(DESK, withheld(frames_for(SPRING), "day_ahead_prices", info.decision_time, gone)).at(SPRING)
    found = naive(late, "SOUTH", late.day)
    starts = same_slot_starts_us(late.day, late.day.shift(-14), 60)
    assert found.values.tolist() == [price(frames_for(SPRING), "SOUTH", s) for s in starts]
    assert str(week_before) in found.fallback
    assert str(SPRING - timedelta(days=14)) in found.fallback


def test_without_any_price_it_is_unavailable():
    info = Archive(DESK, without(frames_for(SPRING), "day_ahead_prices")).at(SPRING)
    with pytest.raises(ModelUnavailableError, match="SOUTH"):
        naive(info, "SOUTH", info.day)
