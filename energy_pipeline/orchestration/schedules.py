"""When flows run, in market time, each with the delivery day it means.

What belongs here: cron lines and the partition of each tick. What does not: the flows.

Written by hand: Dagster's own partition schedule would give every flow the same day.
Delivery days are counted on the local calendar, so a clock change shifts nothing.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import dagster as dg

from energy_pipeline.desk import Desk
from energy_pipeline.orchestration.jobs import AnyJob
from energy_pipeline.orchestration.partitions import key_of, range_tags

MINUTES_AFTER_DECISION = 5
Request = Callable[[date], dg.RunRequest]


def schedules(desk: Desk, jobs: Mapping[str, AnyJob], running: bool) -> list[dg.ScheduleDefinition]:
    """All schedules of the desk."""
    decide_at = _later(desk.decision_at, MINUTES_AFTER_DECISION)
    before_decision = _later(desk.decision_at, -15)
    status = dg.DefaultScheduleStatus.RUNNING if running else dg.DefaultScheduleStatus.STOPPED
    rows: list[tuple[str, str, str, Request, str]] = [
        ("ingest_before_decision", "ingest", _cron(before_decision), _week, "Delivery days from a week ago to tomorrow, just before the decision."),
        ("ingest_after_auction", "ingest", "55 12 * * *", _week, "The same once the auction has cleared."),
        ("decide_tomorrow", "decide", _cron(decide_at), _one("decide", 1), "Tomorrow, just after the decision time."),
        ("settle_da_tomorrow", "settle_da", "5 13 * * *", _one("settle_da", 1), "Tomorrow, after the auction."),
        ("settle_final_yesterday", "settle_final", "30 14 * * *", _one("settle_final", -1), "Yesterday, once meters are in."),
        ("maintenance_monthly", "maintenance", "0 3 3 * *", _plain, "Merge last month's small files."),
        ("tuning_monthly", "tuning", "0 15 2 * *", _tuning, "Search members' settings on what the decision of today's delivery knew."),
        ("training_weekly", "training", "30 11 * * 6", _training, "The joint network, on what the decision of Sunday's delivery knew."),
    ]
    return [_schedule(name, jobs[job], cron, desk.time_zone, request, text, status) for name, job, cron, request, text in rows]


def _later(at: time, minutes: int) -> time:
    return (datetime.combine(date(2000, 1, 1), at) + timedelta(minutes=minutes)).time()


def _cron(at: time) -> str:
    return f"{at.minute} {at.hour} * * *"


def _one(flow: str, offset: int) -> Request:
    """A request for the delivery day `offset` days from the tick's local day."""

    def request(local_day: date) -> dg.RunRequest:
        day = local_day + timedelta(days=offset)
        return dg.RunRequest(run_key=f"{flow}:{key_of(day)}:{key_of(local_day)}", partition_key=key_of(day))

    return request


def _week(local_day: date) -> dg.RunRequest:
    """A request for the delivery days from a week ago to tomorrow, in one run."""
    first, last = local_day - timedelta(days=7), local_day + timedelta(days=1)
    return dg.RunRequest(tags=range_tags(first, last))


def _tuning(local_day: date) -> dg.RunRequest:
    return dg.RunRequest(run_config={"ops": {"search_settings": {"config": {"day": local_day.isoformat()}}}})


def _training(local_day: date) -> dg.RunRequest:
    """A request for the week that begins with tomorrow's delivery, read from the day after it on."""
    day = local_day + timedelta(days=2)
    return dg.RunRequest(run_config={"ops": {"train_joint_network": {"config": {"day": day.isoformat()}}}})


def _plain(_local_day: date) -> dg.RunRequest:
    return dg.RunRequest()


def _schedule(
    name: str,
    job: AnyJob,
    cron: str,
    zone: str,
    request: Request,
    text: str,
    status: dg.DefaultScheduleStatus,
) -> dg.ScheduleDefinition:
    @dg.schedule(name=name, job=job, cron_schedule=cron, execution_timezone=zone, description=text, default_status=status)
    def _tick(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        return request(context.scheduled_execution_time.astimezone(ZoneInfo(zone)).date())

    return _tick
