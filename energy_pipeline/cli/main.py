"""The command line: energy-pipeline.

What belongs here: commands, progress bars, tables, and errors as plain messages. What
does not: anything another program would call (`runner.flows`).
"""

from __future__ import annotations

import importlib.util
import logging
import os
import subprocess
import sys
import warnings
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

import energy_pipeline.threads  # noqa: F401 - before numpy
from energy_pipeline.cli.backtest import backtest
from energy_pipeline.cli.benchmark import benchmark_app
from energy_pipeline.cli.book import book_app
from energy_pipeline.cli.day_table import day_table
from energy_pipeline.cli.risk import risk_app
from energy_pipeline.cli.study import study_app
from energy_pipeline.domain.errors import PipelineError
from energy_pipeline.settings import Settings

if TYPE_CHECKING:
    from energy_pipeline.runner.flows import FlowName, Runner
    from energy_pipeline.runner.spans import SpanResult

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
app.add_typer(benchmark_app, name="benchmark")
app.add_typer(book_app, name="book")
app.command()(backtest)
app.add_typer(risk_app, name="risk")
app.add_typer(study_app, name="study")
console = Console(width=None if sys.stdout.isatty() else 120)
problems = Console(stderr=True)

DEMO_SPANS = ((date(2025, 10, 25), date(2025, 10, 27)), (date(2026, 3, 28), date(2026, 3, 30)))
"""The demo's days: around both clock changes."""

ALL_FLOWS = "ingest,decide,settle_da,settle_final"
DeskOption = Annotated[Path | None, typer.Option("--desk", help="Desk file; the demo desk when not given.")]
LakeOption = Annotated[Path | None, typer.Option("--lake", help="Root of the lake; data_lake when not given.")]
DayArgument = Annotated[datetime, typer.Argument(formats=["%Y-%m-%d"], metavar="DAY", help="Delivery day.")]


@contextmanager
def plain_errors() -> Iterator[None]:
    """Our own errors are messages, not tracebacks."""
    warnings.simplefilter("ignore")
    logging.getLogger("alembic").setLevel(logging.ERROR)
    try:
        yield
    except PipelineError as error:
        problems.print(f"[red]{type(error).__name__}[/red]")
        problems.print(str(error), markup=False, highlight=False)
        raise typer.Exit(1) from error


def settings_of(desk: Path | None, lake: Path | None) -> Settings:
    """Settings of the environment with the command line's on top."""
    given = {name: value for name, value in (("desk", desk), ("lake", lake)) if value is not None}
    return Settings.load().model_copy(update=given)


@contextmanager
def running(settings: Settings) -> Iterator[Runner]:
    """A runner on this machine's Dagster instance."""
    from energy_pipeline.runner.flows import Runner
    from energy_pipeline.runner.instance import home_of, open_instance

    with open_instance(home_of(os.environ)) as instance:
        yield Runner(settings, instance=instance)


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
    from energy_pipeline.runner.flows import FLOWS

    wanted = [part.strip() for part in text.split(",") if part.strip()]
    unknown = [name for name in wanted if name not in FLOWS]
    if unknown or not wanted:
        raise typer.BadParameter(f"{', '.join(unknown) or 'nothing'} is no flow; flows: {', '.join(FLOWS)}")
    return [flow for flow in FLOWS if flow in wanted]


@app.command()
def demo(desk: DeskOption = None, lake: LakeOption = None) -> None:
    """Decide and settle six days of the demo desk, among them one of 23 and one of 25 hours."""
    from energy_pipeline.domain.delivery import days_between
    from energy_pipeline.runner.flows import FLOWS
    from energy_pipeline.runner.spans import SpanResult

    with plain_errors():
        settings = settings_of(desk, lake)
        total = SpanResult()
        with running(settings) as runner:
            for span in DEMO_SPANS:
                total.merge(run_flows(runner, list(FLOWS), *span))
        show(settings, [day for span in DEMO_SPANS for day in days_between(*span)])
        tell(total)


@app.command()
def run(
    day: DayArgument,
    desk: DeskOption = None,
    lake: LakeOption = None,
    as_of: Annotated[str | None, typer.Option("--as-of", help="Decide on what was known at this instant (ISO 8601); into a lake of its own.")] = None,
    flows: Annotated[str | None, typer.Option("--flows", help=f"Some of {ALL_FLOWS}; default: all, settling only days that are over.")] = None,
) -> None:
    """Ingest and decide DAY, and settle it when it is over."""
    with plain_errors():
        settings = settings_of(desk, lake)
        with running(settings) as runner:
            target = day.date()
            if as_of is not None:
                decide_as_of(runner, target, instant(as_of))
                return
            over = runner.runtime.now() >= runner.desk.delivery_day(target).end
            result = run_flows(runner, flows_of(flows or (ALL_FLOWS if over else "ingest,decide")), target, target)
        show(settings, [target])
        tell(result)


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


@app.command()
def backfill(
    first: DayArgument,
    last: DayArgument,
    desk: DeskOption = None,
    lake: LakeOption = None,
    flows: Annotated[str, typer.Option("--flows", help="Which flows, comma-separated.")] = ALL_FLOWS,
    chunk: Annotated[int, typer.Option("--chunk", min=1, max=90, help="Delivery days per Dagster run.")] = 30,
    workers: Annotated[int, typer.Option("--workers", min=1, help="Chunks at the same time, a process each.")] = 1,
) -> None:
    """Run flows for all days from FIRST to LAST."""
    from energy_pipeline.runner.spans import SpanResult, chunks

    with plain_errors():
        if last < first:
            raise typer.BadParameter(f"LAST {last.date()} is before FIRST {first.date()}")
        settings, wanted, total = settings_of(desk, lake), flows_of(flows), SpanResult()
        spans = list(chunks(first.date(), last.date(), chunk))
        if workers == 1 or len(spans) == 1:
            with running(settings) as runner:
                for span in spans:
                    total.merge(run_flows(runner, wanted, *span))
        else:
            total = backfill_parallel(settings, wanted, spans, workers)
        show(settings, [first.date(), last.date()] if first != last else [first.date()])
        tell(total)


def backfill_parallel(settings: Settings, flows: list[FlowName], spans: list[tuple[date, date]], workers: int) -> SpanResult:
    """Chunks on several processes; raw data comes first, once, so that workers only read it."""
    from energy_pipeline.runner.instance import home_of, prepare_home
    from energy_pipeline.runner.spans import SpanResult, run_parallel

    total = SpanResult()
    home = prepare_home(home_of(os.environ))
    first, last = spans[0][0], spans[-1][1]
    if "ingest" in flows:
        with running(settings) as runner:
            runner.ensure_history(first, last)
            for span in spans:
                total.merge(run_flows(runner, ["ingest"], *span))
    # Settling looks back over earlier days' signals: all decisions come first, whatever chunk they are in.
    decides: list[FlowName] = [flow for flow in flows if flow == "decide"]
    settles: list[FlowName] = [flow for flow in flows if flow.startswith("settle")]
    for phase in (decides, settles):
        if phase:
            with bar(f"{', '.join(phase)}  {first} .. {last} on {workers} workers") as listener:
                for span, result in run_parallel(settings, home, phase, spans, workers):
                    total.merge(result)
                    listener.done("chunk up to", span[1])
    return total


@app.command()
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
        show(settings, [first.date()] if end == first.date() else [first.date(), end])
        tell(result)


@app.command()
def report(
    day: DayArgument,
    desk: DeskOption = None,
    lake: LakeOption = None,
    open_page: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
) -> None:
    """Say where DAY's page is."""
    with plain_errors():
        path = report_path(settings_of(desk, lake), day.date())
        if path is None:
            problems.print(f"no report of {day.date()} in the lake -> energy-pipeline run {day.date()}")
            raise typer.Exit(1)
        console.print(str(path), soft_wrap=True)
        if open_page:
            webbrowser.open(path.resolve().as_uri())


def report_path(settings: Settings, day: date) -> Path | None:
    """The page of a day; None when there is none (or the lake is not a folder)."""
    from energy_pipeline.lake.layout import day_folder

    path = Path(settings.lake) / day_folder("report", day) / "report.html"
    return path if path.is_file() else None


@app.command()
def ui(
    desk: DeskOption = None,
    lake: LakeOption = None,
    host: Annotated[str, typer.Option("--host")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port")] = 3000,
) -> None:
    """Open Dagster's web page on the same state as the other commands."""
    from energy_pipeline.runner.instance import home_of, prepare_home

    with plain_errors():
        settings = settings_of(desk, lake)
        home = prepare_home(home_of(os.environ))
        given = {"DAGSTER_HOME": str(home), "ENERGY_PIPELINE_DESK": str(settings.desk_path), "ENERGY_PIPELINE_LAKE": str(settings.lake)}
        workspace = Path("workspace.yaml")
        target = ["-w", str(workspace)] if workspace.is_file() else ["-m", "energy_pipeline.definitions"]
        console.print(f"[bold]http://{host}:{port}[/bold]  (DAGSTER_HOME={home}; stop with Ctrl-C)")
        os.execve(sys.executable, [sys.executable, "-m", "dagster", "dev", *target, "-h", host, "-p", str(port)], {**os.environ, **given})  # noqa: S606 - our own program


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def bench(context: typer.Context) -> None:
    """Measure, and write docs/benchmarks.md (needs a clone: the benchmarks live with the tests)."""
    module = "energy_pipeline_tests.benchmarks"
    if importlib.util.find_spec("energy_pipeline_tests") is None or importlib.util.find_spec(module) is None:
        problems.print("the benchmarks are not here -> run this in a clone of the project")
        raise typer.Exit(1)
    raise typer.Exit(subprocess.run([sys.executable, "-m", module, *context.args], check=False).returncode)  # noqa: S603 - our own module


@app.command()
def doctor(desk: DeskOption = None, lake: LakeOption = None) -> None:
    """Look at the desk file, its sources, the lake and Dagster's home, and say what is wrong."""
    from energy_pipeline.orchestration.resources import utc_now
    from energy_pipeline.runner.doctor import examine

    with plain_errors():
        table = Table("", "what", "found", title="doctor", show_lines=False)
        findings = examine(settings_of(desk, lake), os.environ, utc_now().date())
        for finding in findings:
            table.add_row("[green]ok[/green]" if finding.ok else "[red]no[/red]", finding.what, finding.found)
        console.print(table)
        if not all(finding.ok for finding in findings):
            raise typer.Exit(1)


@app.command()
def docs(path: Annotated[Path, typer.Option("--to", help="Where the data dictionary goes.")] = Path("docs/data-dictionary.md")) -> None:
    """Write what the contracts generate: staging views, plain marts and YAML of the SQL project, and the data dictionary."""
    from energy_pipeline.warehouse.dictionary import full_dictionary
    from energy_pipeline.warehouse.generated import write_files
    from energy_pipeline.warehouse.sql_project import SqlProject

    with plain_errors():
        root = Settings.load().sql_root
        for name in write_files(root):
            console.print(str(root / name))
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(full_dictionary(SqlProject(root)), encoding="utf-8")
        console.print(str(path))


def show(settings: Settings, days: list[date]) -> None:
    """Print a column per day, and where report and warehouse lie."""
    from energy_pipeline.lake import Lake
    from energy_pipeline.runner.summary import summarise

    lake = Lake(settings.lake)
    found = [summarise(lake, day) for day in days]
    console.print(day_table(found))
    pages = [path for day in days if (path := report_path(settings, day)) is not None]
    if pages:
        console.print(f"[bold]Report[/bold]     {pages[-1]}", soft_wrap=True)
    console.print(f"[bold]Warehouse[/bold]  {settings.warehouse}  (DuckDB, schema marts)", soft_wrap=True)


if __name__ == "__main__":
    app()
