"""Live sources from the command line: fetch what is missing, replay what was kept.

What belongs here: options, the bar, what is printed. What does not: fetching (`fetching.fetch`), replaying (`runner.live`).
"""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer

from energy_pipeline.cli.options import DeskOption, LakeOption, console, plain_errors, problems, settings_of
from energy_pipeline.domain.errors import DeskError, PipelineError

_SPAN_HELP = "Delivery days, such as 2025-10-01..2025-10-31 or one day; default: what the next decision needs."
SpanArgument = Annotated[str | None, typer.Argument(metavar="[DAY..DAY]", help=_SPAN_HELP)]
BudgetOption = Annotated[int, typer.Option("--budget", min=1, help="Requests at most to each source.")]


class SpanError(PipelineError):
    """Days that cannot be read."""


def days_of(text: str) -> tuple[date, date]:
    """The first and last day of DAY or DAY..DAY.

    >>> days_of("2025-10-01..2025-10-03")
    (datetime.date(2025, 10, 1), datetime.date(2025, 10, 3))
    """
    first, _, last = text.partition("..")
    try:
        found = date.fromisoformat(first), date.fromisoformat(last or first)
    except ValueError:
        raise SpanError(f"{text!r} is no span of days -> such as 2025-10-01 or 2025-10-01..2025-10-31") from None
    if found[0] > found[1]:
        raise SpanError(f"{text!r} ends before it begins")
    return found


def fetch(span: SpanArgument = None, desk: DeskOption = None, lake: LakeOption = None, budget: BudgetOption = 1000) -> None:
    """Ask the desk's live sources for what is missing or may have changed, and keep every answer."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from energy_pipeline.desk import load_desk
    from energy_pipeline.fetching.archive import AnswerArchive
    from energy_pipeline.fetching.fetch import default_span
    from energy_pipeline.fetching.fetch import fetch as fetch_days
    from energy_pipeline.fetching.open_client import client_for
    from energy_pipeline.lake import Lake
    from energy_pipeline.orchestration.resources import utc_now

    with plain_errors():
        settings = settings_of(desk, lake)
        found = load_desk(settings.desk_path)
        if not found.sources.live:
            raise DeskError(str(settings.desk_path), ["sources.live: the desk has no live series; energy_pipeline/desk/present.yaml shows some"])
        client = client_for(settings, AnswerArchive(Lake(settings.lake).storage), utc_now, budget)
        first, last = days_of(span) if span else default_span(found, utc_now())
        client.listener = lambda seconds, reason: console.print(f"again in {seconds:.0f} s: {reason}", markup=False)
        columns = (TextColumn("{task.description:<70}"), BarColumn(bar_width=24), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=console) as progress:
            task = progress.add_task("", total=None)

            def told(done: int, planned: int, text: str) -> None:
                new = text != progress.tasks[task].description
                progress.update(task, completed=done, total=planned, description=text)
                if text and new and not console.is_terminal:
                    console.print(f"{done + 1} of {planned}: {text}", markup=False)

            report = fetch_days(found, client, first, last, told)
        asked = ", ".join(f"{source} {count}" for source, count in report.asked.items()) or "nothing was missing"
        console.print(f"questions asked: {asked}; {report.rows} answers with rows, {len(report.not_yet)} not there yet")
        for text in report.not_asked:
            console.print(f"not asked: {text}", markup=False)
        for text in report.second:
            console.print(f"second source: {text}", markup=False)
        for text in report.notes:
            console.print(text, markup=False)
        report.raise_if_any()


def replay(span: SpanArgument = None, desk: DeskOption = None, lake: LakeOption = None) -> None:
    """Parse every archived answer again, and say what differs from the lake."""
    from energy_pipeline.desk import load_desk
    from energy_pipeline.lake import Lake
    from energy_pipeline.orchestration.resources import utc_now
    from energy_pipeline.runner.live import replay as replayed

    with plain_errors():
        settings = settings_of(desk, lake)
        found, today = load_desk(settings.desk_path), utc_now().date()
        first, last = days_of(span) if span else (found.first_delivery_day, date.fromordinal(today.toordinal() + 15))
        result = replayed(found, Lake(settings.lake), first, last)
        for (source, outcome), count in sorted(result.answers.items()):
            console.print(f"{source}: {count} answer(s) say {outcome}")
        for table, rows in result.rows.items():
            console.print(f"{table}: {rows} rows from the archive")
        for text in result.differences:
            problems.print(text, markup=False)
        if result.differences:
            raise typer.Exit(1)
        console.print("the lake is what the archive gives")
