"""Running a flow in this process: what the command line and the tests call.

What belongs here: a flow and its delivery days in, a result with typed errors out, on
whatever Dagster instance is given. What does not: printing, or what a flow does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Literal, get_args

import dagster as dg

from energy_pipeline.contracts.raw import RAW_TABLES
from energy_pipeline.definitions import build_definitions
from energy_pipeline.desk import Desk
from energy_pipeline.domain.delivery import day_of, days_between
from energy_pipeline.domain.errors import PipelineError, RangeError
from energy_pipeline.orchestration import policies, processes, progress
from energy_pipeline.orchestration.assets.s10_reporting import DAY
from energy_pipeline.orchestration.jobs import flow_assets
from energy_pipeline.orchestration.partitions import key_of, range_tags
from energy_pipeline.orchestration.parts import IN_ORDER, MARTS, REPORT_FILE, Part, part_of
from energy_pipeline.orchestration.resources import Clock, DeskRuntime, utc_now
from energy_pipeline.runner import past
from energy_pipeline.runner.past import PastKind
from energy_pipeline.runner.timeline import on_the_timeline
from energy_pipeline.settings import Settings

FlowName = Literal["ingest", "decide", "settle_da", "settle_final"]
FLOWS: tuple[FlowName, ...] = get_args(FlowName)
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


class RunFailedError(PipelineError):
    """A step failed with an error that is not ours: a defect, told with Dagster's own text."""


class OutsideCalendarError(PipelineError):
    """A delivery day was asked for that the desk does not have."""


@dataclass
class FlowResult:
    """What a run did.

    Attributes
    ----------
    errors : list of (step, PipelineError)
        Why steps failed; empty on success.
    failed_checks : list of str
        "asset: check" of every asset check that did not pass.
    """

    flow: str
    first: date
    last: date
    run_id: str
    success: bool
    errors: list[tuple[str, PipelineError]] = field(default_factory=list)
    failed_checks: list[str] = field(default_factory=list)

    @property
    def failed_days(self) -> list[date]:
        """Days that failed in any step; all of them when a whole step failed."""
        days: set[date] = set()
        for _, error in self.errors:
            days |= set(error.failures) if isinstance(error, RangeError) else set(days_between(self.first, self.last))
        return sorted(days)

    def raise_if_failed(self) -> FlowResult:
        """The result itself, or its first error."""
        if not self.success:
            raise self.errors[0][1] if self.errors else RunFailedError(f"run {self.run_id} of {self.flow} failed")
        return self


class _Ears:
    """Collects failures and passes everything on to the caller's listener."""

    def __init__(self, listener: progress.Listener | None) -> None:
        self.errors: list[tuple[str, PipelineError]] = []
        self._listener = listener

    def done(self, step: str, day: date | None) -> None:
        if self._listener is not None:
            self._listener.done(step, day)

    def failed(self, step: str, error: PipelineError) -> None:
        self.errors.append((step, error))
        if self._listener is not None:
            self._listener.failed(step, error)


class Runner:
    """Runs flows of one desk and lake in this process.

    Parameters
    ----------
    settings : Settings
    desk : Desk, optional
    instance : DagsterInstance, optional
        Where runs are recorded; an ephemeral one when not given.
    now : callable
        The clock.
    checks : bool
        Whether asset checks run.

    Attributes
    ----------
    reopen : (str, str)
        Who has decisions that were sent made anew, and why.
    """

    def __init__(
        self, settings: Settings, desk: Desk | None = None, instance: dg.DagsterInstance | None = None, now: Clock = utc_now, *, checks: bool = True
    ) -> None:
        self.settings = settings
        self.instance = instance or dg.DagsterInstance.ephemeral()
        self.definitions = build_definitions(settings=settings, desk=desk, now=now, checks=checks, described=False)
        resource = (self.definitions.resources or {})["runtime"]
        if not isinstance(resource, DeskRuntime):
            raise TypeError("the runtime resource is a DeskRuntime")
        self.runtime = resource
        self.desk = resource.desk
        self.reopen: tuple[str, str] = ("", "")

    def run(
        self,
        flow: FlowName,
        first: date,
        last: date | None = None,
        *,
        listener: progress.Listener | None = None,
        as_of: datetime | None = None,
        record_marts: bool = True,
        part: Part | None = None,
        fallback: str = "",
    ) -> FlowResult:
        """Run a flow, or what of it lies in one of the parts of a day, over `first` .. `last` as one Dagster run.

        `record_marts=False`: a later flow of the same line records them; the warehouse is published all the same.
        `fallback`: which decision stands in for the desk's own, recorded as such.
        """
        last = last or first
        self._check_calendar(first, last)
        tags = {} if first == last else range_tags(first, last)
        if as_of is not None:
            tags[policies.AS_OF_TAG] = as_of.astimezone(UTC).isoformat()
        tags |= ({policies.FALLBACK_TAG: fallback} if fallback else {}) | ({policies.NOT_LAST_TAG: part} if part and part != IN_ORDER[-1] else {})
        key = key_of(first) if first == last else None
        selection = self._selection(flow, part, marts=record_marts and as_of is None) if part or as_of or not record_marts else None
        return self._execute(flow, first, last, listener, tags=tags, selection=selection, partition_key=key)

    def run_over(
        self,
        first: date,
        last: date | None = None,
        *,
        flows: Sequence[FlowName] = FLOWS,
        listener: progress.Listener | None = None,
        is_last: bool = True,
        part: Part | None = None,
    ) -> FlowResult:
        """All flows, or some, over days that are over, as one Dagster run; of one of the parts of a day, where it is named.

        `is_last=False`: later runs on the same days draw the page and record the marts.
        """
        tags: dict[str, str] = {} if is_last else {policies.NOT_LAST_TAG: part or IN_ORDER[0]}
        selection = None if tuple(flows) == FLOWS and is_last and part is None else self._assets_of(flows, part, is_last=is_last)
        return self._over(first, last or first, listener, tags, selection)

    def _over(
        self, first: date, last: date, listener: progress.Listener | None, tags: dict[str, str], selection: Sequence[dg.AssetKey] | None
    ) -> FlowResult:
        """Assets of the job of all flows over days."""
        self._check_calendar(first, last)
        tags |= {} if first == last else range_tags(first, last)
        return self._execute(DAY, first, last, listener, tags=tags, selection=selection, partition_key=key_of(first) if first == last else None)

    def _check_calendar(self, first: date, last: date) -> None:
        """Days that the desk has, up to tomorrow, or the later day that it decides today."""
        ahead = max(1, self.desk.days_ahead)
        begin, end = self.desk.first_delivery_day, day_of(self.runtime.now(), self.desk.time_zone) + timedelta(days=ahead)
        until = "tomorrow" if ahead == 1 else "the last day decided today"
        if first > last:
            raise OutsideCalendarError(f"{first} .. {last}: the last day is before the first -> turn them round")
        if first < begin:
            raise OutsideCalendarError(f"{first} is before the desk's first_delivery_day {begin} -> ask for a later day, or correct the desk file")
        if last > end:
            raise OutsideCalendarError(f"{last} is after {until}, {end}: no day after it can be decided yet -> ask for an earlier day")

    def _assets_of(self, flows: Sequence[FlowName], part: Part | None, *, is_last: bool) -> list[dg.AssetKey]:
        """Assets of some flows; pages and marts only of the last."""
        whole = self.definitions.resolve_job_def(DAY).asset_layer.executable_asset_keys
        marts = [key.path[1] for key in whole if key.path[0] == MARTS]
        found = {key for flow in flows for key in flow_assets(flow, marts)} & set(whole)
        left = {key for key in found if is_last or (key.path[-1] != REPORT_FILE and key.path[0] != MARTS)}
        return sorted(key for key in left if part is None or part_of(key) == part)

    def is_over(self, day: date) -> bool:
        """Whether a delivery day has ended."""
        return self.runtime.now() >= self.desk.delivery_day(day).end

    def _selection(self, flow: str, part: Part | None, *, marts: bool) -> list[dg.AssetKey]:
        """A flow's assets of a part, with or without the marts."""
        keys = self.definitions.resolve_job_def(flow).asset_layer.executable_asset_keys
        return sorted(key for key in keys if (marts or key.path[0] != MARTS) and (part is None or part_of(key) == part))

    def _execute(
        self,
        job: str,
        first: date,
        last: date,
        listener: progress.Listener | None,
        *,
        tags: dict[str, str] | None = None,
        selection: Sequence[dg.AssetKey] | None = None,
        partition_key: str | None = None,
        run_config: Mapping[str, object] | None = None,
    ) -> FlowResult:
        ears = _Ears(listener)
        named = {policies.LABEL_TAG: self.settings.label} if self.settings.label else {}
        with progress.listening(ears), self.runtime.holding(), on_the_timeline(self.instance, job):
            result = self.definitions.resolve_job_def(job).execute_in_process(
                run_config={**QUIET, **(run_config or {})},
                instance=self.instance,
                partition_key=partition_key,
                tags={**processes.own_tags(), **policies.NO_RETRY, **named, **self._reopened(), **(tags or {})},
                asset_selection=selection,
                raise_on_error=False,
            )
        checks = [e for e in result.get_asset_check_evaluations() if not e.passed]
        found = FlowResult(job, first, last, result.run_id, result.success, ears.errors)
        found.failed_checks = list(dict.fromkeys(f"{e.asset_key.to_user_string()}: {e.check_name}" for e in checks))  # each once
        if not result.success and not found.errors:
            found.errors = [(e.step_key or job, RunFailedError(_text(e))) for e in result.all_events if e.is_step_failure]
        return found

    def _reopened(self) -> dict[str, str]:
        person, reason = self.reopen
        return {policies.PERSON_TAG: person, policies.REOPEN_TAG: reason} if reason else {}

    def ensure_history(self, first: date, last: date | None = None, *, listener: progress.Listener | None = None) -> bool:
        """Load the raw days around `first` .. `last` that their decisions may see, as far as the lake lacks them.

        Before: the look-backs of the first day. After: the horizon of the last one (a weather
        run of today speaks of the week), so that a day sees the same alone as inside a range.

        Returns
        -------
        bool
            Whether anything was loaded.
        """
        last, one = last or first, timedelta(days=1)
        self._check_calendar(first, last)
        before = (first - self.desk.history_days * one, first - one)
        after = (last + one, last + self.desk.forecast.horizon_days * one)
        lacking = [span for span in (before, after) if any(self._missing(table.name, *span) for table in RAW_TABLES)]
        for span in lacking:
            self.load(*span, listener=listener).raise_if_failed()
        return bool(lacking)

    def make_past(self, kind: PastKind, days: tuple[date, date], needed_by: tuple[date, date]) -> None:
        """Make what decisions of `needed_by` look back to on some past days, and keep it in the lake; raw days are there."""
        session = self.runtime.session(f"{kind} {days[0]}", *needed_by)
        for day in days_between(*days):
            past.make(kind, session.info(day), session.artefacts, needed_by[0])
        session.keep_past()

    def tune(self, day: date, *, listener: progress.Listener | None = None) -> FlowResult:
        """Search the settings that decisions of `day` and later read; raw days are loaded first."""
        self.ensure_history(day, listener=listener)
        self.load(day, day, listener=listener).raise_if_failed()
        config = {"ops": {"search_settings": {"config": {"day": day.isoformat()}}}}
        return self._execute("tuning", day, day, listener, run_config=config)

    def train(self, day: date, weeks: int, *, listener: progress.Listener | None = None) -> FlowResult:
        """Train the joint networks that decisions of the weeks up to `day` read, as far as there are none; raw days are loaded first."""
        from energy_pipeline.forecasting.training import training_days

        days = training_days(day, weeks)
        self.ensure_history(days[0], days[-1], listener=listener)
        self.load(days[0], days[-1], listener=listener).raise_if_failed()
        config = {"ops": {"train_joint_network": {"config": {"day": day.isoformat(), "weeks": weeks}}}}
        return self._execute("training", days[0], days[-1], listener, run_config=config)

    def load(self, first: date, last: date, *, listener: progress.Listener | None = None) -> FlowResult:
        """Load the raw tables of `first` .. `last` in one step, as far as the lake lacks them."""
        config = {"ops": {"raw_history": {"config": {"first_day": first.isoformat(), "last_day": last.isoformat()}}}}
        return self._execute("history", first, last, listener, run_config=config)

    def _missing(self, table: str, begin: date, end: date) -> bool:
        held = [day for day in self.runtime.lake.days(table) if begin <= day <= end]
        return len(held) < (end - begin).days + 1


def _text(event: dg.DagsterEvent) -> str:
    error = event.step_failure_data.error
    return error.to_string() if error is not None else "no text"


def run_flow(
    flow: FlowName | Literal["history"],
    days: Sequence[date],
    settings: Settings,
    *,
    listener: progress.Listener | None = None,
    instance: dg.DagsterInstance | None = None,
    desk: Desk | None = None,
    as_of: datetime | None = None,
    checks: bool = True,
) -> FlowResult:
    """Run one flow over consecutive delivery days as one Dagster run; raise its error when it failed.

    For decide, the history it looks back to is loaded first where the lake lacks it.
    `history` loads the raw tables of exactly the days given.
    """
    runner = Runner(settings, desk, instance, checks=checks)
    first, last = days[0], days[-1]
    if flow == "history":
        return runner.load(first, last, listener=listener).raise_if_failed()
    if flow == "decide":
        runner.ensure_history(first, last, listener=listener)
    return runner.run(flow, first, last, listener=listener, as_of=as_of).raise_if_failed()
