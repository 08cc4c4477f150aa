"""Flows from the command line: demo, run, backfill, settle.

What belongs here: these commands, their progress bars, and what is printed of their results. What does
not: anything another program would call (`runner.flows`, `runner.spans`).
"""

from __future__ import annotations

import math
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from energy_pipeline.cli.cluster import broker_of, crew_of
from energy_pipeline.cli.decision import around_sent, own_name, refuse_sent
from energy_pipeline.cli.options import DayArgument, DeskOption, LakeOption, WorkersOption, console, cores, plain_errors, problems, settings_of
from energy_pipeline.cli.pages import show
from energy_pipeline.domain.errors import PipelineError
from energy_pipeline.settings import Settings

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from energy_pipeline.runner.finished import Go
    from energy_pipeline.runner.flows import FlowName, Runner
    from energy_pipeline.runner.results import SpanResult

DEMO_SPANS = ((date(2025, 10, 25), date(2025, 10, 27)), (date(2026, 3, 28), date(2026, 3, 30)))
"""The demo's days: around both clock changes."""

ALL_FLOWS = "ingest,decide,settle_da,settle_final"

CHUNK_DAYS = 30
"""Delivery days a Dagster run covers at most where nothing else is asked for."""
LEAST_DAYS, WEEK = 3, 7
"""No chunk of several workers is shorter, and none is shorter than a week that need not be."""

MANY = 8
"""Of days or reasons, said one by one."""

AuditOption = Annotated[bool, typer.Option(help="Whether Great Expectations audits the days afterwards.")]
AgainOption = Annotated[bool, typer.Option("--again", help="Also the days that are finished.")]


@contextmanager
def running(settings: Settings, reopen: tuple[str, str] = ("", "")) -> Iterator[Runner]:
    """A runner on this machine's Dagster instance; `reopen`: who has sent decisions made anew, and why."""
    from energy_pipeline.runner.flows import Runner
    from energy_pipeline.runner.instance import home_of, open_instance

    with open_instance(home_of(os.environ)) as instance:
        runner = Runner(settings, instance=instance)
        runner.reopen = reopen
        yield runner


class Bar:
    """A progress bar fed by finished (step, day) pairs."""

    def __init__(self, progress: Progress, text: str) -> None:
        self._progress = progress
        self._text = text
        self._task: TaskID = progress.add_task(text, total=None)

    def done(self, step: str, day: date | None) -> None:
        """Advance."""
        self._progress.update(self._task, advance=1, description=f"{self._text}: {step} {day or ''}")

    def failed(self, step: str, error: PipelineError) -> None:
        """Say which step failed; the text comes at the end."""
        self._progress.console.print(f"[red]{step} failed[/red] ({type(error).__name__})")

    def close(self) -> None:
        """Show the bar as full."""
        finished = self._progress.tasks[self._task].completed
        self._progress.update(self._task, total=max(finished, 1), completed=max(finished, 1), description=self._text)


@contextmanager
def bar(text: str) -> Iterator[Bar]:
    """A progress bar for the length of a block."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description:<58}"), BarColumn(bar_width=24), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=False) as progress:
        found = Bar(progress, text)
        yield found
        found.close()


def run_flows(runner: Runner, flows: list[FlowName], first: date, last: date) -> SpanResult:
    """Flows over a span with a bar; failures are printed."""
    from energy_pipeline.runner.spans import run_span

    span = str(first) if first == last else f"{first} .. {last}"
    with bar(f"{', '.join(flows)}  {span}") as listener:
        return run_span(runner, flows, first, last, listener)


def run_left(settings: Settings, days: list[date], go: Go | None = None, *, again: bool, flows: list[FlowName] | None = None) -> SpanResult:
    """Flows over those of the days that are not finished; `go` runs them, by default consecutive days in one span."""
    from energy_pipeline.runner.finished import ALL, until_finished

    def one_by_one(left: Sequence[date], wanted: Sequence[FlowName]) -> SpanResult:
        from energy_pipeline.runner.results import SpanResult
        from energy_pipeline.runner.spans import stretches

        total = SpanResult()
        with running(settings) as runner:
            for span in stretches(left):
                total.merge(run_flows(runner, list(wanted), *span))
        return total

    return until_finished(settings, days, go or one_by_one, again=again, flows=flows or ALL, say=say_finished)


def audited(settings: Settings, days: Sequence[date], total: SpanResult, *, wanted: bool) -> SpanResult:
    """The result with what an audit of the days found; Great Expectations runs in a process of its own."""
    from energy_pipeline.cli.audit import tell_audit
    from energy_pipeline.runner.audit import AuditProcess

    if wanted and total.failed_days != set(days):
        verdict = AuditProcess(settings, days[0], days[-1]).verdict()
        tell_audit(verdict)
        total.failed_checks += [f"audit {name}: {', '.join(texts)}" for name, texts in verdict.failed.items()]
    return total


def shared_size(days: int, workers: int) -> int:
    """Days of a chunk where several workers share a span: two chunks each up to a week, then four, so that the chain follows closely.

    >>> [shared_size(days, 2) for days in (2, 7, 14, 28, 60, 120)]
    [3, 3, 4, 7, 8, 15]
    """
    return max(LEAST_DAYS, min(WEEK, math.ceil(days / (2 * workers))), math.ceil(days / (4 * workers)))


def run_chunks(
    settings: Settings,
    flows: list[FlowName],
    days: Sequence[date],
    chunk: int = CHUNK_DAYS,
    workers: int | None = None,
    reopen: tuple[str, str] = ("", ""),
    crew: Sequence[str] = (),
) -> SpanResult:
    """Flows over days in chunks, in this process or on several (one per core and chunk, where no number was asked for), or on a cluster's crew."""
    from energy_pipeline.runner.instance import home_of, prepare_home
    from energy_pipeline.runner.results import SpanResult
    from energy_pipeline.runner.spans import chunks, stretches

    if len(days) > 1:
        settings = settings.model_copy(update={"label": settings.label or f"{', '.join(flows)} {days[0]} to {days[-1]}, {len(days)} days"})
    most = len(crew) or workers or (cores() if len(days) > chunk else 1)
    size = chunk if most == 1 else min(chunk, shared_size(len(days), most))
    groups = [list(chunks(*stretch, size)) for stretch in stretches(days)]
    spans = [span for group in groups for span in group]
    if crew:
        from energy_pipeline.runner.cluster import run_on_cluster

        with bar(f"{', '.join(flows)}  {days[0]} .. {days[-1]} on {len(crew)} workers of the cluster") as listener:
            return run_on_cluster(settings, broker_of(settings), crew, flows, groups, listener)
    count = min(workers or cores(), len(spans))
    if count > 1 and "decide" in flows:
        from energy_pipeline.runner.workers import run_on_workers

        with bar(f"{', '.join(flows)}  {days[0]} .. {days[-1]} on {count} workers") as listener:
            return run_on_workers(settings, prepare_home(home_of(os.environ)), flows, groups, count, listener)
    total = SpanResult()
    with running(settings, reopen) as runner:
        for span in spans:
            total.merge(run_flows(runner, flows, *span))
    return total


def say_finished(why: Mapping[date, list[str]]) -> None:
    """Print which days are finished, and why finished days are run again."""
    from energy_pipeline.runner.finished import NEVER

    done = [str(day) for day, reasons in why.items() if not reasons]
    if done:
        text = ", ".join(done) if len(done) <= MANY else f"{len(done)} days from {done[0]} to {done[-1]}"
        console.print(f"[bold]Finished[/bold]   {text}: nothing has changed since (--again runs them all the same)")
    for day, reasons in why.items():
        if reasons and reasons != [NEVER]:
            more = f" and {len(reasons) - MANY} more" if len(reasons) > MANY else ""
            console.print(f"[bold]Again[/bold]      {day}: {', '.join(reasons[:MANY])}{more}")


def tell(result: SpanResult) -> None:
    """Print what failed and leave with 1 when a day did."""
    for name in result.failed_checks:
        problems.print(f"[yellow]check failed[/yellow] {name}")
    for flow, step, text in result.errors:
        problems.print(f"[red]{flow}, {step}[/red]")
        problems.print(text, markup=False, highlight=False)
    if result.failed_days:
        problems.print(f"[red]{len(result.failed_days)} day(s) not finished:[/red] {', '.join(map(str, sorted(result.failed_days)))}")
        raise typer.Exit(1)


def flows_of(text: str) -> list[FlowName]:
    """Flow names from a comma-separated list, in the order of the day."""
    from energy_pipeline.runner.finished import ALL as FLOWS

    wanted = [part.strip() for part in text.split(",") if part.strip()]
    unknown = [name for name in wanted if name not in FLOWS]
    if unknown or not wanted:
        raise typer.BadParameter(f"{', '.join(unknown) or 'nothing'} is no flow; flows: {', '.join(FLOWS)}")
    return [flow for flow in FLOWS if flow in wanted]


def demo(
    desk: DeskOption = None, lake: LakeOption = None, again: AgainOption = False, workers: WorkersOption = None, audit: AuditOption = True
) -> None:
    """Decide and settle six days of the demo desk, among them one of 23 and one of 25 hours."""
    from energy_pipeline.domain.delivery import days_between

    with plain_errors():
        settings = settings_of(desk, lake)
        days = [day for span in DEMO_SPANS for day in days_between(*span)]

        def go(left: Sequence[date], flows: Sequence[FlowName]) -> SpanResult:
            if max(left) >= DEMO_SPANS[-1][0]:
                train_apart(settings, DEMO_SPANS[-1][0])
            return audited(settings, left, run_chunks(settings, list(flows), left, workers=workers), wanted=audit)

        total = run_left(settings, days, go, again=again)
        show(settings, days, total.failed_days)
        tell(total)


def tune(day: DayArgument, desk: DeskOption = None, lake: LakeOption = None) -> None:
    """Search the settings that decisions of DAY and later read: SARIMAX's orders, the trees' depth and rate (a training job)."""
    from energy_pipeline.forecasting.tuning import SEARCHED
    from energy_pipeline.lake import Lake

    with plain_errors():
        settings = settings_of(desk, lake)
        with running(settings) as runner, bar(f"tune  {day.date()}") as listener:
            if not set(SEARCHED) & set(runner.desk.forecast.every_member):
                raise typer.BadParameter(f"forecast.members and challengers have none of {', '.join(SEARCHED)}: there is nothing to search")
            runner.tune(day.date(), listener=listener).raise_if_failed()
        found = Lake(settings.lake).trained().read().get(day.date(), {})
        for zone, members in found.items():
            for name, own in members.items():
                said = " ".join(f"{k}={v:g}" for k, v in own.settings.items())
                usual = "" if own.declared_value is None else f" (declared settings: {own.declared_value:.3f})"
                console.print(f"{zone} {name}: {said}; {own.criterion} {own.value:.3f}{usual}", highlight=False)
        if not found:
            problems.print("nothing could be searched: too little history; the declared settings hold")


def train(
    day: DayArgument,
    desk: DeskOption = None,
    lake: LakeOption = None,
    weeks: Annotated[int, typer.Option("--weeks", min=1, max=60, help="Weeks up to that day's: a network earns its weight on four of them.")] = 5,
) -> None:
    """Train the desk's joint network for the weeks that decisions up to DAY read, as far as they lack one (TensorFlow)."""
    with plain_errors():
        settings = settings_of(desk, lake)
        with running(settings) as runner, bar(f"train  {weeks} weeks to {day.date()}") as listener:
            if "joint" not in runner.desk.forecast.every_member:
                raise typer.BadParameter("the desk's forecast.members and challengers do not name joint: nothing would read the network")
            runner.train(day.date(), weeks, listener=listener).raise_if_failed()


def train_apart(settings: Settings, day: date) -> None:
    """`train` in a process of its own, so that TensorFlow is in none that decides; where it fails, that is said and days go on without."""
    from energy_pipeline.desk import load_desk

    if "joint" not in load_desk(settings.desk_path).forecast.every_member:
        return
    words = ["train", day.isoformat(), "--desk", str(settings.desk_path), "--lake", str(settings.lake)]
    done = subprocess.run([sys.executable, "-m", "energy_pipeline.cli", *words], check=False)  # noqa: S603 - this package, with paths of the settings
    if done.returncode:
        problems.print(f"the joint network was not trained; decisions go on without it (energy-pipeline train {day})")


def run(
    day: DayArgument,
    desk: DeskOption = None,
    lake: LakeOption = None,
    as_of: Annotated[str | None, typer.Option("--as-of", help="Decide on what was known at this instant (ISO 8601); into a lake of its own.")] = None,
    flows: Annotated[str | None, typer.Option("--flows", help=f"Some of {ALL_FLOWS}; default: all, settling only days that are over.")] = None,
    again: AgainOption = False,
    audit: AuditOption = True,
    reason: Annotated[str, typer.Option("--reason", help="With --again: why a decision that was sent is made anew.")] = "",
    by: Annotated[str | None, typer.Option("--by", help="With --reason: who says so; by default the name this account has.")] = None,
) -> None:
    """Ingest and decide DAY, and settle it when it is over; a finished day is left alone, and so is a decision that was sent."""
    from energy_pipeline.runner.finished import Finished

    with plain_errors():
        if reason and not again:
            raise typer.BadParameter("--reason goes with --again")
        reopen = (by or own_name(), reason) if reason else ("", "")
        settings, target = settings_of(desk, lake), day.date()
        if as_of is not None:
            with running(settings) as runner:
                decide_as_of(runner, target, instant(as_of))
            return
        over = Finished(settings).is_over(target)
        made: list[date] = []

        def go(left: Sequence[date], wanted: Sequence[FlowName]) -> SpanResult:
            made.extend(left)
            return run_chunks(settings, list(wanted), left, workers=1, reopen=reopen)

        wanted = flows_of(flows or (ALL_FLOWS if over else "ingest,decide"))
        if again and not reason and "decide" in wanted:
            refuse_sent(settings, target)
        result = run_left(settings, [target], go if reason else around_sent(settings, go), again=again, flows=wanted)
        show(settings, [target], result.failed_days)
        tell(audited(settings, made, result, wanted=audit and bool(made)))


def instant(text: str) -> datetime:
    """An ISO 8601 instant; without an offset it is UTC."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no ISO 8601 instant such as 2026-03-28T10:15+01:00") from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def decide_as_of(runner: Runner, day: date, when: datetime) -> None:
    """Recompute a decision as it could have been made at an instant."""
    runner.ensure_history(day)
    runner.load(day, day).raise_if_failed()
    with bar(f"decide  {day} as of {when}") as listener:
        runner.run("decide", day, listener=listener, as_of=when).raise_if_failed()
    root = runner.runtime.session("", day, day, when).lake.root
    console.print(f"[bold]Recomputed into[/bold] {root} (the lake and the warehouse are as they were)")


def backfill(
    first: DayArgument,
    last: DayArgument,
    desk: DeskOption = None,
    lake: LakeOption = None,
    flows: Annotated[str, typer.Option("--flows", help="Which flows, comma-separated.")] = ALL_FLOWS,
    chunk: Annotated[int, typer.Option("--chunk", min=1, max=90, help="Delivery days per Dagster run.")] = CHUNK_DAYS,
    workers: WorkersOption = None,
    cluster: Annotated[bool, typer.Option("--cluster", help="On the workers of the broker ENERGY_PIPELINE_BROKER.")] = False,
    again: AgainOption = False,
    audit: AuditOption = True,
) -> None:
    """Run flows for all days from FIRST to LAST that are not finished."""
    from energy_pipeline.domain.delivery import days_between

    with plain_errors():
        if last < first:
            raise typer.BadParameter(f"LAST {last.date()} is before FIRST {first.date()}")
        settings = settings_of(desk, lake)

        def go(left: Sequence[date], flows: Sequence[FlowName]) -> SpanResult:
            total = run_chunks(settings, list(flows), left, chunk, workers, crew=crew_of(settings) if cluster else ())
            forget_old_runs()
            return audited(settings, left, total, wanted=audit)

        span = days_between(first.date(), last.date())
        total = run_left(settings, span, around_sent(settings, go), again=again, flows=flows_of(flows))
        show(settings, sorted({span[0], span[-1]}), total.failed_days, span)
        tell(total)


def forget_old_runs() -> None:
    """Event retention: a long backfill alone can make more records than the pages of assets need."""
    from energy_pipeline.orchestration.event_retention import forget
    from energy_pipeline.orchestration.resources import utc_now
    from energy_pipeline.runner.instance import home_of, open_instance

    with open_instance(home_of(os.environ)) as instance:
        found = forget(instance, utc_now())
    if found.runs:
        console.print(f"{found.runs} older runs: logs deleted, what assets show is kept")


def settle(
    first: DayArgument,
    last: Annotated[datetime | None, typer.Argument(formats=["%Y-%m-%d"], metavar="[LAST]", help="Last delivery day.")] = None,
    desk: DeskOption = None,
    lake: LakeOption = None,
) -> None:
    """Settle decided days, with the newest vintages the lake holds."""
    with plain_errors():
        settings = settings_of(desk, lake)
        end = (last or first).date()
        with running(settings) as runner:
            result = run_flows(runner, ["settle_da", "settle_final"], first.date(), end)
        show(settings, sorted({first.date(), end}), result.failed_days)
        tell(result)
