"""Delivery days: lengths, slots and same-slot look-ups, against pandas and by property."""

from datetime import UTC, date, datetime, time, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from energy_pipeline.domain.blocks import profile
from energy_pipeline.domain.delivery import DeliveryDay, days_between, from_us, local_instant, same_slot_starts_us, to_us
from energy_pipeline.domain.seeds import generator

DAYS = st.dates(date(2015, 1, 1), date(2030, 12, 31))
ZONES = st.sampled_from(["Europe/Berlin", "Europe/London", "America/Chicago", "Europe/Warsaw", "UTC"])
MINUTES = st.sampled_from([15, 30, 60])


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 29), 23), (date(2025, 10, 26), 25), (date(2026, 1, 1), 24)])
def test_lengths_on_clock_changes(day, hours):
    owner = DeliveryDay(day, "Europe/Berlin")
    assert owner.hours == hours
    assert [owner.count(m) for m in (60, 30, 15)] == [hours, 2 * hours, 4 * hours]


@given(DAYS, ZONES, MINUTES)
def test_intervals_equal_pandas(day, zone, minutes):
    owner = DeliveryDay(day, zone)
    expected = pd.date_range(str(day), str(day + timedelta(days=1)), freq=f"{minutes}min", tz=zone, inclusive="left")
    assert owner.interval_starts_us(minutes).tolist() == [to_us(t.to_pydatetime()) for t in expected.tz_convert("UTC")]
    assert owner.slots(minutes).tolist() == [(t.hour * 60 + t.minute) // minutes for t in expected]


@given(DAYS, ZONES)
def test_days_tile_time(day, zone):
    owner = DeliveryDay(day, zone)
    assert owner.end == owner.shift(1).start
    assert owner.hours in (23, 24, 25)


@given(DAYS, st.integers(1, 400), MINUTES)
def test_same_slot_is_the_same_wall_clock(day, back, minutes):
    target, source = DeliveryDay(day, "Europe/Berlin"), DeliveryDay(day - timedelta(days=back), "Europe/Berlin")
    starts = same_slot_starts_us(target, source, minutes)
    inside = set(source.interval_starts_us(minutes).tolist())
    assert set(starts.tolist()) <= inside
    slot_of = dict(zip(source.interval_starts_us(minutes).tolist(), source.slots(minutes).tolist(), strict=True))
    for slot, start in zip(target.slots(minutes).tolist(), starts.tolist(), strict=True):
        assert slot_of[start] == slot or slot not in slot_of.values()


def test_instants_round_trip_and_need_a_zone():
    moment = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert from_us(to_us(moment)) == moment
    with pytest.raises(ValueError, match="time zone"):
        to_us(datetime(2026, 3, 29))  # noqa: DTZ001 - the naive datetime is the point


def test_gate_instants_on_clock_change_days():
    assert local_instant(date(2026, 3, 29), time(12), "Europe/Berlin").hour == 10
    assert local_instant(date(2025, 10, 26), time(12), "Europe/Berlin").hour == 11


@given(DAYS, MINUTES)
def test_peak_and_offpeak_make_base(day, minutes):
    owner = DeliveryDay(day, "Europe/Berlin")
    both = profile("peak", owner, minutes) + profile("offpeak", owner, minutes)
    assert np.array_equal(both, profile("base", owner, minutes))
    # Clock changes fall on Sundays: they never touch peak hours.
    assert profile("peak", owner, minutes).sum() in (0, 12 * 60 / minutes)


def test_seeds_depend_on_every_part_of_the_name():
    draws = {
        generator(*name).integers(2**62)
        for name in [("a", None), ("a", date(2026, 1, 1)), ("a", date(2026, 1, 2)), ("a", date(2026, 1, 1), "x"), ("b", None)]
    }
    assert len(draws) == 5


def test_days_between_is_inclusive():
    assert days_between(date(2026, 2, 27), date(2026, 3, 1)) == [date(2026, 2, 27), date(2026, 2, 28), date(2026, 3, 1)]
