"""What several steps of a run read is read once, and never older than what the run wrote."""

from datetime import date, timedelta

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from energy_pipeline.contracts import table
from energy_pipeline.domain.delivery import days_between
from energy_pipeline.domain.errors import MissingDayError
from energy_pipeline.lake import Lake
from energy_pipeline.orchestration.shared_reads import SharedReads
from energy_pipeline_tests.made_up_day import MadeUpDay

DAY = date(2026, 1, 15)
NAME = "var_exceptions"


class CountingLake(Lake):
    """A lake that counts what it is asked to read."""

    reads = 0

    def read(self, *given, **named):
        """Count, and read."""
        self.reads += 1
        return super().read(*given, **named)


@pytest.fixture
def lake(tmp_path):
    found = CountingLake(tmp_path)
    for n in range(2):
        found.write_day(NAME, DAY + timedelta(days=n), table(NAME).frame())
    return found


def test_a_day_is_read_once_whoever_asks(lake):
    shared = SharedReads(lake)
    first, again = (shared.read(NAME, DAY, DAY, "error") for _ in range(2))
    assert_frame_equal(first, again)
    assert lake.reads == 1
    shared.read(NAME, DAY, DAY + timedelta(days=1), "error")
    assert lake.reads == 2


def test_a_frame_changed_in_place_changes_for_nobody_else(lake):
    shared = SharedReads(lake)
    whole = shared.read(NAME, DAY, DAY, "error").columns
    shared.read(NAME, DAY, DAY, "error").drop_in_place(whole[0])
    assert shared.read(NAME, DAY, DAY, "error").columns == whole


def test_after_a_write_the_day_is_read_anew_and_room_is_given_back(lake):
    shared = SharedReads(lake)
    shared.read(NAME, DAY, DAY, "error")
    shared.forget(NAME, DAY)
    shared.read(NAME, DAY, DAY, "error")
    assert lake.reads == 2
    assert shared._bytes == sum(frame.estimated_size() for frame in shared._held[NAME].values())


def test_windows_of_successive_days_read_each_day_once(tmp_path):
    asked = []

    class Noting(Lake):
        def read(self, name, first, last, missing="error"):
            asked.extend(days_between(first, last))
            return super().read(name, first, last, missing)

    lake, days = Noting(tmp_path), [DAY + timedelta(days=n) for n in range(6)]
    shared = SharedReads(lake)
    rows = MadeUpDay(DAY).tables[NAME]
    for n, day in enumerate(days):
        lake.write_day(NAME, day, rows.with_columns(delivery_day=pl.lit(day)))
        shared.forget(NAME, day)
        found = shared.read(NAME, days[0] - timedelta(days=9), day, "skip")
        assert_frame_equal(found, Lake(tmp_path).read(NAME, days[0], day))
        assert found["delivery_day"].n_unique() == n + 1
    assert sorted(set(asked)) == sorted(asked)  # those before the first, which are not there, too


def test_what_does_not_fit_is_read_by_each(lake):
    shared = SharedReads(lake, most_bytes=-1)
    shared.read(NAME, DAY, DAY, "error")
    shared.read(NAME, DAY, DAY, "error")
    assert lake.reads == 2


def test_a_missing_day_is_missing_each_time(lake):
    shared = SharedReads(lake)
    for _ in range(2):
        with pytest.raises(MissingDayError):
            shared.read(NAME, DAY - timedelta(days=1), DAY, "error")
    assert shared.read(NAME, DAY - timedelta(days=1), DAY, "skip").height == 0
