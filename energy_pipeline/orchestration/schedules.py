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
DEADLINE_MINUTES = 20
"""Before the gate, where the desk names no fallback."""
AUCTION_MINUTES = 55
"""From a gate to its published prices, at most."""
ORDINARY_DAY = date(2026, 1, 15)
"""A delivery day without a clock change near it, on which the clocks of desk and markets are compared."""
Request = Callable[[date], dg.RunRequest | dg.SkipReason]
Sent = Callable[[date], bool]


def schedules(desk: Desk, jobs: Mapping[str, AnyJob], running: bool, sent: Sent = lambda _: False) -> list[dg.ScheduleDefinition]:
    """All schedules of the desk: each delivery day is decided before its gates, unless it is sent already, and settled after the last of them."""
    decided, ahead = _moment(desk, desk.decision_time(ORDINARY_DAY))
    decide_at, before_decision = _later(decided, _minutes_left(desk)), _later(decided, -15)
    auction, settled_ahead = _moment(desk, desk.last_gate_closure(ORDINARY_DAY) + timedelta(minutes=AUCTION_MINUTES))
    minutes = desk.fallback.minutes_before_gate if desk.fallback is not None else DEADLINE_MINUTES
    deadline, due = _moment(desk, desk.gate_closure(ORDINARY_DAY) - timedelta(minutes=minutes))
    status = dg.DefaultScheduleStatus.RUNNING if running else dg.DefaultScheduleStatus.STOPPED
    decided_day, week = _unless(sent, _one("decide", ahead), ahead), _week(max(1, ahead))
    rows: list[tuple[str, str, str, Request, str]] = [
        ("ingest_before_decision", "ingest", _cron(before_decision), week, "Delivery days from a week ago to the one decided, just before."),
        ("ingest_after_auction", "ingest", _cron(auction), week, "The same once the auction has cleared."),
        ("decide_before_gate", "decide", _cron(decide_at), decided_day, "The day whose decision time has come, just after it."),
        ("deadline_before_gate", "deadline", _cron(deadline), _deadline(due), "The desk's deadline: what is not decided is told, and falls back."),
        ("settle_da_after_auction", "settle_da", _cron(_later(auction, 10)), _one("settle_da", settled_ahead), "The day whose auction has cleared."),
        ("settle_final_yesterday", "settle_final", "30 14 * * *", _one("settle_final", -1), "Yesterday, once meters are in."),
        ("maintenance_monthly", "maintenance", "0 3 3 * *", _plain, "Merge last month's small files."),
        ("tuning_monthly", "tuning", "0 15 2 * *", _tuning, "Search members' settings on what the decision of today's delivery knew."),
        ("training_weekly", "training", "30 11 * * 6", _training, "The joint network, on what the decision of Sunday's delivery knew."),
    ]
    return [_schedule(name, jobs[job], cron, desk.time_zone, request, text, status) for name, job, cron, request, text in rows]


def _moment(desk: Desk, instant: datetime) -> tuple[time, int]:
    """Wall clock of the desk at an instant of the ordinary day's, and the days from there to its delivery."""
    local = instant.astimezone(ZoneInfo(desk.time_zone))
    return local.time(), (ORDINARY_DAY - local.date()).days


def _minutes_left(desk: Desk) -> int:
    """Minutes after the decision time at which a run begins: not later than half way to the gate."""
    left = desk.gate_closure(ORDINARY_DAY) - desk.decision_time(ORDINARY_DAY)
    return min(MINUTES_AFTER_DECISION, int(left.total_seconds() // 120))


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


def _unless(sent: Sent, request: Request, offset: int) -> Request:
    """The request, but for a day whose decision was sent."""

    def asked(local_day: date) -> dg.RunRequest | dg.SkipReason:
        day = local_day + timedelta(days=offset)
        return dg.SkipReason(f"the decision of {day} was sent; it stays as it is") if sent(day) else request(local_day)

    return asked


def _week(ahead: int) -> Request:
    """A request for the delivery days from a week ago to `ahead` days from the tick's, in one run."""

    def request(local_day: date) -> dg.RunRequest:
        return dg.RunRequest(tags=range_tags(local_day - timedelta(days=7), local_day + timedelta(days=ahead)))

    return request


def _tuning(local_day: date) -> dg.RunRequest:
    return dg.RunRequest(run_config={"ops": {"search_settings": {"config": {"day": local_day.isoformat()}}}})


def _deadline(ahead: int) -> Request:
    """A request for the delivery day `ahead` days from the tick's local day."""

    def request(local_day: date) -> dg.RunRequest:
        day = local_day + timedelta(days=ahead)
        return dg.RunRequest(run_config={"ops": {"keep_deadline": {"config": {"day": day.isoformat()}}}})

    return request


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
    def _tick(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        return request(context.scheduled_execution_time.astimezone(ZoneInfo(zone)).date())

    return _tick
