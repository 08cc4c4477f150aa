"""How the desk stands now: its last decision, its next gates, and everything that wants somebody's hand.

What belongs here: looking at lake, queue and disk, as data. What does not: printing (`cli.status`), whether the installation
is ready (`doctor`).
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from energy_pipeline.desk import Desk
from energy_pipeline.domain.delivery import day_of, local_instant
from energy_pipeline.lake import Lake, lease
from energy_pipeline.lake.decision_log import DecisionEvent, standing
from energy_pipeline.orchestration.freshness import SETTLED_BY
from energy_pipeline.orchestration.schedules import AUCTION_MINUTES
from energy_pipeline.settings import Settings

if TYPE_CHECKING:
    import dagster as dg

LOOK_BACK_DAYS = 14
"""Days in which the last decision is looked for."""
GRACE = timedelta(minutes=15)
"""After its decision time a day is expected to be decided."""
SETTLING = timedelta(hours=1)
"""After the auction's prices are out."""
SPARE_BYTES = 500_000_000
DECIDED = ("written", "fallback")
TROUBLED = ("gap", "error", "not_yet", "second_source", "held")
"""Of `data_quality`: a series that does not say what it should."""


@dataclass(frozen=True)
class GateAhead:
    """The next gate of a market.

    Attributes
    ----------
    market : str
    delivery_day : date
    decision_time, gate : datetime
        UTC.
    decided : bool
        Whether the lake holds the day's decision.
    """

    market: str
    delivery_day: date
    decision_time: datetime
    gate: datetime
    decided: bool


@dataclass(frozen=True)
class LastDecision:
    """The newest decision of the latest decided day."""

    delivery_day: date
    recorded_at: datetime
    run_id: str
    state: str
    life: str = ""
    """What people did with it last; empty where nobody did anything."""

    def __str__(self) -> str:
        """For people."""
        return f"{self.delivery_day} is decided ({self.state}), recorded at {self.recorded_at:%Y-%m-%d %H:%M}Z"


@dataclass
class Status:
    """What `energy-pipeline status` says.

    Attributes
    ----------
    now : datetime
    last_decision : LastDecision or None
    gates : list of GateAhead
    missed : str
        The day whose decision came due last, where its gate closed without one; empty for a desk that decides no days of late.
    unwatched : str
        Why closed gates are not told as missed: how long nothing was decided.
    unsettled : list of str
        Decided days whose settlement is due and not there, each with the next step.
    unsent : list of str
        Decided days whose gate is ahead and whose bids were not sent, for a desk that notes what it sends.
    stale : list of str
        Series of the last decided day that were late, replaced or not whole.
    failed_checks : list of str
        Of the run that made the last decision.
    unfinished, being_written : list of str
        Days that a run did not get through, and days that one is at now.
    queue : dict of str to int
        Dagster runs by status.
    free_bytes, needed_bytes : int or None
        On the lake's disk, and what a publish of the warehouse may need; None for a lake on S3.
    problems : list of str
        What wants a hand, each with the next step; empty when all is well.
    """

    now: datetime
    last_decision: LastDecision | None = None
    gates: list[GateAhead] = field(default_factory=list)
    missed: str = ""
    unwatched: str = ""
    unsettled: list[str] = field(default_factory=list)
    unsent: list[str] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)
    failed_checks: list[str] = field(default_factory=list)
    unfinished: list[str] = field(default_factory=list)
    being_written: list[str] = field(default_factory=list)
    queue: dict[str, int] = field(default_factory=dict)
    free_bytes: int | None = None
    needed_bytes: int | None = None
    problems: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """For programs: days and instants as ISO 8601."""
        found: dict[str, Any] = _plain({"ok": not self.problems, **asdict(self)})
        return found


def _plain(value: object) -> Any:  # noqa: ANN401 - any depth of JSON
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_plain(v) for v in value]
    return value.isoformat() if isinstance(value, date) else value


def look(settings: Settings, desk: Desk, instance: dg.DagsterInstance, now: datetime) -> Status:
    """Look at everything; nothing is changed."""
    lake, found = Lake(settings.lake), Status(now)
    decisions = decisions_of(lake)
    found.gates, due = gates(desk, now, set(decisions)), due_day(desk, now)
    idle_days = (due - max(decisions)).days if decisions else 0
    if idle_days >= LOOK_BACK_DAYS:
        found.unwatched = f"the last day decided is {idle_days} days before the one due, {due}: a closed gate is no alarm here"
    elif due not in decisions and desk.gate_closure(due) <= now and decisions:
        found.missed = f"{due} was not decided, its gate closed at {desk.gate_closure(due):%Y-%m-%d %H:%M}Z"
    if decisions:
        found.last_decision = last = _with_life(lake, decisions[max(decisions)])
        found.unsent = _unsent(lake, desk, decisions, now)
        found.unsettled = [] if found.unwatched else _unsettled(lake, desk, decisions, now)
        found.stale = stale_series(lake, last.delivery_day)
        found.failed_checks = _failed_checks(instance, last.run_id)
    for mark in lake.unfinished().all():
        (found.being_written if lease.is_held(lake.storage, mark.day, mark.flow) else found.unfinished).append(str(mark))
    found.queue = _queue(instance)
    if isinstance(settings.lake, Path):
        found.free_bytes, found.needed_bytes = _free(settings.lake), SPARE_BYTES + 2 * _size(settings.warehouse)
    found.problems = list(_problems(found))
    return found


def decisions_of(lake: Lake, days: Sequence[date] = ()) -> dict[date, LastDecision]:
    """The newest finished decision of each of the days, by default the latest that `runs` speaks of."""
    days = days or lake.days("runs")[-LOOK_BACK_DAYS:]
    rows = lake.read("runs", days[0], days[-1], missing="skip") if days else pl.DataFrame()
    wanted = rows.filter(pl.col("run_flow") == "decide", pl.col("state").is_in(DECIDED)).sort("recorded_at") if days else rows
    return {row["delivery_day"]: LastDecision(*(row[n] for n in ("delivery_day", "recorded_at", "run_id", "state"))) for row in wanted.to_dicts()}


def settlement_due(desk: Desk, day: date) -> dict[str, datetime]:
    """When the settlement flows of a delivery day are through: after the auction, and the day after delivery in the afternoon."""
    final = local_instant(day + timedelta(days=1), SETTLED_BY, desk.time_zone)
    return {"settle_da": desk.last_gate_closure(day) + timedelta(minutes=AUCTION_MINUTES) + SETTLING, "settle_final": final}


def _unsettled(lake: Lake, desk: Desk, decisions: Mapping[date, LastDecision], now: datetime) -> list[str]:
    """Decided days whose settlement is due and not there: by delivery day, so that a backfill of old days hides nothing."""
    days = sorted(decisions)
    rows = lake.read("runs", days[0], days[-1], missing="skip").filter(pl.col("state") == "written")
    done = set(rows.select("delivery_day", "run_flow").iter_rows())
    return [
        f"{day} is not settled ({flow}), it was due at {due:%Y-%m-%d %H:%M}Z -> energy-pipeline run {day} --flows ingest,{flow}"
        for day in days
        for flow, due in settlement_due(desk, day).items()
        if due < now and (day, flow) not in done
    ]


def _with_life(lake: Lake, last: LastDecision) -> LastDecision:
    """The decision with what people did with it last."""
    events = lake.decisions().of(last.delivery_day)
    return replace(last, life=str(events[-1])) if events else last


def _unsent(lake: Lake, desk: Desk, decisions: Mapping[date, LastDecision], now: datetime) -> list[str]:
    """Decided days that nobody sent, of a desk that notes what it sends; and sent days of which the lake holds another decision."""
    logs = {day: lake.decisions().of(day) for day in decisions}
    sent = {day: stands for day, events in logs.items() if (stands := standing(events, "")).is_frozen}
    found = [
        f"{day}: the lake holds another decision than the one {stands.last} -> energy-pipeline doctor; send it anew, or restore the tables"
        for day, stands in sent.items()
        if stands.decision_hash != lake.decisions().content(day)
    ]
    ahead = [day for day in decisions if day not in sent and now < desk.gate_closure(day)] if sent else []
    return found + [
        f"{day} is decided and not sent, its gate closes at {desk.gate_closure(day):%Y-%m-%d %H:%M}Z -> {_next(logs[day])} {day}" for day in ahead
    ]


def _next(events: Sequence[DecisionEvent]) -> str:
    return "energy-pipeline send" if events and events[-1].event == "approved" else "energy-pipeline approve"


def due_day(desk: Desk, now: datetime) -> date:
    """The newest delivery day whose decision time has come."""
    day = day_of(now, desk.time_zone) + timedelta(days=desk.days_ahead)
    while desk.decision_time(day) > now:
        day -= timedelta(days=1)
    return day


def gates(desk: Desk, now: datetime, decided: set[date]) -> list[GateAhead]:
    """The next gate of each market, soonest first."""
    found = []
    for name, market in desk.markets.items():
        day = day_of(now, desk.time_zone)
        while (gate := local_instant(day - timedelta(days=market.gate.days_before), market.gate.at, market.time_zone)) <= now:
            day += timedelta(days=1)
        found.append(GateAhead(name, day, desk.decision_time(day), gate, day in decided))
    return sorted(found, key=lambda g: (g.gate, g.market))


def stale_series(lake: Lake, day: date) -> list[str]:
    """Series of a decided day that were not on time, or not whole."""
    cut, quality = (lake.read(name, day, day, missing="skip") for name in ("information_set", "data_quality"))
    late = cut.filter(pl.col("status") != "on_time").select("raw_table", "series", "status").unique(maintain_order=True)
    odd = quality.filter(pl.col("status").is_in(TROUBLED))
    texts = [f"{row['raw_table']} {row['series']}: {row['status']} at the decision" for row in late.to_dicts()]
    texts += [f"{row['raw_table']} {row['series']}: {row['status']}, {row['detail']}" for row in odd.to_dicts()]
    return list(dict.fromkeys(texts))


def _failed_checks(instance: dg.DagsterInstance, run_id: str) -> list[str]:
    import dagster as dg

    events = (entry.dagster_event for entry in instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION))
    found = [event.asset_check_evaluation_data for event in events if event is not None]
    return sorted({f"{e.asset_key.to_user_string()}: {e.check_name}" for e in found if not e.passed})


def _queue(instance: dg.DagsterInstance) -> dict[str, int]:
    import dagster as dg

    states = dg.DagsterRunStatus
    return {s.value.lower(): instance.get_runs_count(dg.RunsFilter(statuses=[s])) for s in (states.QUEUED, states.STARTING, states.STARTED)}


def _free(folder: Path) -> int:
    while not folder.exists():
        folder = folder.absolute().parent
    return shutil.disk_usage(folder).free


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _problems(found: Status) -> Sequence[str]:
    """What wants a hand, in the order of its weight."""
    texts = [
        f"{g.delivery_day} is not decided, its gate at {g.market} closes at {g.gate:%Y-%m-%d %H:%M}Z -> energy-pipeline run {g.delivery_day}"
        for g in found.gates
        if not g.decided and found.now > g.decision_time + GRACE
    ]
    if found.missed:
        texts.append(f"{found.missed} -> trade the day by hand; see why: the failed runs in `energy-pipeline ui`")
    last = found.last_decision
    if last is not None and last.state == "fallback":
        texts.append(f"{last.delivery_day} stands on the desk's fallback -> energy-pipeline run {last.delivery_day} --again, before the gate")
    texts += [*found.unsent, *found.unsettled, *found.unfinished]
    if last is not None and found.failed_checks:
        texts.append(f"{len(found.failed_checks)} check(s) of {last.delivery_day} failed: {', '.join(found.failed_checks)} -> energy-pipeline report")
    if found.free_bytes is not None and found.free_bytes < (found.needed_bytes or 0):
        need = f"{found.free_bytes / 1e9:.1f} GB free, a publish may need {(found.needed_bytes or 0) / 1e9:.1f} GB"
        texts.append(f"disk: {need} -> make room, or move the lake")
    if found.queue.get("queued") and not found.queue.get("started"):
        texts.append(f"{found.queue['queued']} run(s) queued and none under way -> is dagster-daemon running?")
    return texts
