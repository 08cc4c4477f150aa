"""A late or corrected vintage has its settlement made again: exactly what reads it, once, and no decision."""

import json
from datetime import UTC, date, datetime, timedelta

import dagster as dg
import pytest

from energy_pipeline.contracts import TABLES, table
from energy_pipeline.definitions import assets
from energy_pipeline.desk import load_desk
from energy_pipeline.orchestration import late_vintages
from energy_pipeline.orchestration.factory import AssetFactory
from energy_pipeline.orchestration.resources import DeskRuntime
from energy_pipeline.settings import Settings
from energy_pipeline.warehouse.sql_project import SqlProject
from energy_pipeline_tests.contracts.legal_frames import legal_rows
from energy_pipeline_tests.integration.lakes import TINY

DESK = load_desk(TINY)
DAYS = [date(2026, 3, n) for n in range(10, 21)]
NOW = datetime(2026, 3, 25, 12, tzinfo=UTC)
SEEN = datetime(2026, 3, 24, tzinfo=UTC)
DAY = DAYS[4]


@pytest.fixture(scope="module")
def graph():
    factory = AssetFactory(DESK)
    assets(factory, SqlProject(Settings().sql_root), described=False)
    return factory.steps, factory.made


@pytest.fixture
def runtime(tmp_path):
    """Settled days of which all rows were known."""
    found = DeskRuntime(Settings(desk=TINY, lake=tmp_path), DESK, lambda: NOW)
    for day in DAYS:
        start = DESK.delivery_day(day).start
        found.lake.write_day(
            "pnl", day, legal_rows(table("pnl"), [{"delivery_day": day, "zone": "NORTH", "delivery_start": start, "settled_as_of": SEEN}])
        )
        add(found, "second_prices", day, SEEN - timedelta(days=1))
    return found


def add(runtime, name, day, known_at):
    start = DESK.delivery_day(day).start
    row = {"delivery_day": day, "delivery_start": start, "resolution_minutes": 60, "known_at": known_at}
    runtime.lake.add_vintage(name, day, legal_rows(table(name), [row]))


def look(runtime, graph, cursor=None):
    return late_vintages.tick(cursor, runtime, *graph)


def test_where_nothing_came_late_nothing_is_asked_for(runtime, graph):
    assert isinstance(look(runtime, graph), dg.SkipReason)


def test_a_correction_is_answered_once(runtime, graph):
    add(runtime, "second_prices", DAY, SEEN + timedelta(hours=1))
    found = look(runtime, graph)
    (request,) = found.run_requests
    assert {"pnl", "runs", "daily_report"} <= {key.path[0] for key in request.asset_selection}
    assert isinstance(look(runtime, graph, found.cursor), dg.SkipReason)
    add(runtime, "second_prices", DAY, NOW + timedelta(hours=1))
    assert isinstance(look(runtime, graph, found.cursor), dg.SkipReason), "what is known later than now is no vintage yet"
    runtime.now = lambda: NOW + timedelta(hours=2)
    assert json.loads(look(runtime, graph, found.cursor).cursor)[str(DAY)] == (NOW + timedelta(hours=2)).isoformat()


def test_exactly_the_steps_and_days_that_read_it_are_touched(graph):
    steps, made = graph
    found = late_vintages.touched(DESK, steps, made, {DAY: {"plant_meters"}}, DAYS).tables
    assert min(found) == DAY, "no day before it reads it"
    assert "pnl" in found[DAY]
    assert "pnl" not in found.get(DAY + timedelta(days=1), set()), "the next day's own settlement has its own meters"
    assert "performance" in found[DAYS[-1]], "windows of later days look back to it"
    assert "pnl_day_ahead" not in found[DAY], "the auction's revenue reads no meter"
    assert "forecast_scores" not in found[DAY], "no price was corrected"
    assert {TABLES[name].flow for names in found.values() for name in names} <= {"settle_da", "settle_final"}, "no decision is touched"


def test_a_price_touches_scores_as_far_as_they_look_back(graph):
    steps, made = graph
    found = late_vintages.touched(DESK, steps, made, {DAYS[-2]: {"day_ahead_prices"}}, DAYS).tables
    assert {"forecast_scores", "pnl_day_ahead", "pnl"} <= found[DAYS[-2]]
    assert "forecast_scores" in found[DAYS[-1]]
    assert "pnl_day_ahead" not in found[DAYS[-1]]


def test_the_sensor_is_stopped_until_the_schedules_run(graph):
    job = dg.define_asset_job("day")
    found = [late_vintages.sensor(*graph, job, running=running).default_status for running in (False, True)]
    assert found == [dg.DefaultSensorStatus.STOPPED, dg.DefaultSensorStatus.RUNNING]
