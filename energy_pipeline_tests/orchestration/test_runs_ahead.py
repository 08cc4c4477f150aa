"""Weather runs of the days after D are in the lake before D is decided, and a day's own ingest finds nothing else later."""

from datetime import UTC, date, datetime, timedelta

import pytest

from energy_pipeline.contracts import TABLES
from energy_pipeline.domain.delivery import days_between
from energy_pipeline.domain.errors import DayFailures
from energy_pipeline.orchestration.assets.s01_ingestion import add_ahead, add_days
from energy_pipeline.orchestration.resources import DeskRuntime
from energy_pipeline.settings import Settings
from energy_pipeline_tests.features.small_market import DESK

DAY = date(2026, 3, 20)
CONTRACT = TABLES["weather_forecast"]


@pytest.fixture
def runtime(tmp_path):
    return lambda name: DeskRuntime(Settings(lake=tmp_path / name), DESK, lambda: datetime(2026, 4, 1, tzinfo=UTC))


def ingest(runtime, *days):
    failures = DayFailures(CONTRACT.name)
    add_days(runtime, CONTRACT, list(days), failures)
    assert not failures.failures
    add_ahead(runtime, CONTRACT, days[-1])


def test_what_days_after_the_decision_are_forecast_from_is_there_and_no_more(runtime):
    one = runtime("one")
    ingest(one, DAY)
    assert one.lake.days(CONTRACT.name) == days_between(DAY, DAY + timedelta(days=DESK.forecast.horizon_days - 1))


def test_a_range_and_day_by_day_leave_the_same_rows(runtime):
    days = days_between(DAY, DAY + timedelta(days=2))
    together, apart = runtime("together"), runtime("apart")
    ingest(together, *days)
    for day in days:
        ingest(apart, day)
    held = [r.lake.read(CONTRACT.name, DAY, DAY + timedelta(days=8)) for r in (together, apart)]
    assert held[0].equals(held[1])
    assert together.lake.days(CONTRACT.name) == apart.lake.days(CONTRACT.name)
