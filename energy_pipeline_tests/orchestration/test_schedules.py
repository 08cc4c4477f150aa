"""Which delivery day each tick means, on both clock-change days too."""

from datetime import UTC, date, datetime, time
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import dagster as dg
import pytest
from dagster._utils.schedules import cron_string_iterator

from energy_pipeline.definitions import build_definitions
from energy_pipeline.desk import demo_desk_path, load_desk
from energy_pipeline.desk.markets import Gate
from energy_pipeline.domain.errors import PipelineError
from energy_pipeline.orchestration import policies
from energy_pipeline.orchestration.partitions import RANGE_END_TAG, RANGE_START_TAG, delivery_days
from energy_pipeline.settings import Settings
from energy_pipeline_tests.integration.lakes import TINY

TINY_DESK = load_desk(TINY)
BERLIN = ZoneInfo("Europe/Berlin")
# tick (market time) -> schedule -> delivery day
TICKS = [
    # an ordinary day, the day before, of and after the spring change (23 hours on 29 March 2026)
    ("decide_before_gate", "2026-02-10T11:20", "2026-02-11"),
    ("decide_before_gate", "2026-03-28T11:20", "2026-03-29"),
    ("decide_before_gate", "2026-03-29T11:20", "2026-03-30"),
    ("settle_da_after_auction", "2026-03-28T13:05", "2026-03-29"),
    ("settle_final_yesterday", "2026-03-29T14:30", "2026-03-28"),
    ("settle_final_yesterday", "2026-03-30T14:30", "2026-03-29"),
    # the autumn change (25 hours on 25 October 2026)
    ("decide_before_gate", "2026-10-24T11:20", "2026-10-25"),
    ("decide_before_gate", "2026-10-25T11:20", "2026-10-26"),
    ("settle_da_after_auction", "2026-10-25T13:05", "2026-10-26"),
    ("settle_final_yesterday", "2026-10-26T14:30", "2026-10-25"),
]


@pytest.fixture(scope="module")
def definitions():
    return build_definitions(settings=Settings(desk=demo_desk_path()), described=False)


def tick(definitions, name, moment):
    schedule = definitions.resolve_schedule_def(name)
    when = datetime.fromisoformat(moment).replace(tzinfo=BERLIN).astimezone(UTC)
    context = dg.build_schedule_context(scheduled_execution_time=when, repository_def=definitions.get_repository_def())
    return schedule.evaluate_tick(context).run_requests


@pytest.mark.parametrize(("name", "moment", "day"), TICKS)
def test_the_day_of_a_tick(definitions, name, moment, day):
    (request,) = tick(definitions, name, moment)
    assert request.partition_key == day


def gated(days_before, at, decision_at, zone="Europe/Berlin"):
    """The tiny desk with another gate."""
    markets = {n: m.model_copy(update={"time_zone": zone, "gate": Gate(days_before=days_before, at=at)}) for n, m in TINY_DESK.markets.items()}
    return TINY_DESK.model_copy(update={"markets": markets, "decision_at": decision_at})


@pytest.mark.parametrize(
    ("desk", "decided", "settled"),
    [
        (gated(0, time(5), time(3)), ("2026-02-10T03:05", "2026-02-10"), ("2026-02-10T06:05", "2026-02-10")),
        (gated(1, time(12), time(11, 15)), ("2026-02-10T11:20", "2026-02-11"), ("2026-02-10T13:05", "2026-02-11")),
        (gated(2, time(9), time(8, 30)), ("2026-02-10T08:35", "2026-02-12"), ("2026-02-10T10:05", "2026-02-12")),
        (gated(1, time(23, 30), time(22)), ("2026-02-10T22:05", "2026-02-11"), ("2026-02-10T00:35", "2026-02-10")),
        (gated(1, time(12), time(11, 56)), ("2026-02-10T11:58", "2026-02-11"), ("2026-02-10T13:05", "2026-02-11")),
        (gated(1, time(10), time(10, 30), "America/New_York"), ("2026-02-10T10:35", "2026-02-11"), ("2026-02-10T17:05", "2026-02-11")),
    ],
)
def test_each_gate_has_its_ticks_and_its_day(desk, decided, settled):
    found = build_definitions(settings=Settings(desk=TINY), desk=desk, checks=False, described=False)
    for name, (moment, day) in (("decide_before_gate", decided), ("settle_da_after_auction", settled)):
        hour, minute = moment[11:].split(":")
        assert found.resolve_schedule_def(name).cron_schedule == f"{int(minute)} {int(hour)} * * *"
        (request,) = tick(found, name, moment)
        assert request.partition_key == day
    (week,) = tick(found, "ingest_before_decision", decided[0])
    assert week.tags[RANGE_END_TAG] == max(decided[1], "2026-02-11")
    moment, day = datetime.fromisoformat(decided[0]).replace(tzinfo=BERLIN), date.fromisoformat(decided[1])
    assert desk.decision_time(day) <= moment < desk.gate_closure(day)
    assert decided[1] in delivery_days(desk).get_partition_keys(current_time=moment)


@pytest.mark.parametrize(
    ("moment", "first", "last"), [("2026-03-29T12:55", "2026-03-22", "2026-03-30"), ("2026-10-25T12:55", "2026-10-18", "2026-10-26")]
)
def test_ingest_covers_a_week_ago_to_tomorrow_in_one_run(definitions, moment, first, last):
    (request,) = tick(definitions, "ingest_after_auction", moment)
    assert request.partition_key is None
    assert (request.tags[RANGE_START_TAG], request.tags[RANGE_END_TAG]) == (first, last)


@pytest.mark.parametrize("day", ["2026-03-28", "2026-03-29", "2026-10-25", "2026-10-26"])
def test_decide_ticks_once_a_day_after_the_decision_and_before_the_gate(definitions, day):
    desk = definitions.resources["runtime"].desk
    start = datetime.fromisoformat(f"{day}T00:00").replace(tzinfo=BERLIN)
    ticks = []
    schedule = definitions.resolve_schedule_def("decide_before_gate")
    for moment in cron_string_iterator(start.timestamp(), schedule.cron_schedule, schedule.execution_timezone):
        if moment.astimezone(BERLIN).date().isoformat() != day:
            break
        ticks.append(moment)
    assert len(ticks) == 1
    (request,) = tick(definitions, "decide_before_gate", ticks[0].astimezone(BERLIN).replace(tzinfo=None).isoformat())
    tomorrow = date.fromisoformat(request.partition_key)
    assert desk.decision_time(tomorrow) < ticks[0] < desk.gate_closure(tomorrow)


def test_tomorrow_has_a_partition_today_and_the_day_after_has_none():
    specs = build_definitions(settings=Settings(desk=demo_desk_path()), described=False).resolve_all_asset_specs()
    partitions = next(spec for spec in specs if spec.key.to_user_string() == "positions").partitions_def
    keys = partitions.get_partition_keys(current_time=datetime(2026, 3, 28, 9, tzinfo=UTC))
    assert keys[-1] == "2026-03-29"


def test_schedules_are_off_unless_the_environment_says_so():
    def statuses(**given):
        found = build_definitions(settings=Settings(desk=demo_desk_path(), **given), described=False).schedules
        return {s.default_status for s in found}

    assert statuses() == {dg.DefaultScheduleStatus.STOPPED}
    assert statuses(schedules="running") == {dg.DefaultScheduleStatus.RUNNING}


@pytest.mark.parametrize(
    ("tags", "kind", "retry_number", "seconds"),
    [
        ({"dagster/schedule_name": "a"}, "ingest", 0, 120),
        ({"dagster/sensor_name": "a"}, "publish", 1, 60),
        ({"dagster/sensor_name": "a"}, "publish", 2, None),
        ({}, "ingest", 0, None),
    ],
)
def test_what_may_pass_is_tried_again_where_nobody_waits(tags, kind, retry_number, seconds):
    context = SimpleNamespace(run=SimpleNamespace(tags=tags), retry_number=retry_number)
    told: BaseException | None = None
    try:
        with policies.retrying(context, kind):
            raise PipelineError("the disk is full")
    except (dg.RetryRequested, PipelineError) as error:
        told = error
    assert getattr(told, "seconds_to_wait", None) == seconds
