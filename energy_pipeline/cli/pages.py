"""What a day left to look at: its page, and a table of days.

What belongs here: the command `index`, where a page is, and the table printed after flows. What does not: the page itself (`reporting`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import TYPE_CHECKING

from energy_pipeline.cli.day_table import day_table, totals
from energy_pipeline.cli.options import DeskOption, LakeOption, console, plain_errors, problems, settings_of
from energy_pipeline.settings import Settings

if TYPE_CHECKING:
    from energy_pipeline.desk import Desk


def report_path(settings: Settings, day: date) -> str | None:
    """Where the page of a day is, a file or an object's address; None when there is none."""
    from energy_pipeline.lake import Lake
    from energy_pipeline.lake.layout import day_folder

    storage, path = Lake(settings.lake).storage, f"{day_folder('report', day)}/report.html"
    return storage.location(path) if storage.exists(path) else None


def tell_unfinished(settings: Settings, days: Collection[date] | None = None) -> None:
    """Say which of the days, by default of all, are of several runs."""
    from energy_pipeline.lake import Lake

    for mark in Lake(settings.lake).unfinished().all():
        if days is None or mark.day in days:
            problems.print(f"[yellow]not finished[/yellow] {mark}", highlight=False)


def index(desk: DeskOption = None, lake: LakeOption = None) -> None:
    """Write the page of all days again, and say where it is."""
    from energy_pipeline.lake import Lake
    from energy_pipeline.runner.index import write_index

    with plain_errors():
        settings = settings_of(desk, lake)
        console.print(write_index(Lake(settings.lake), desk_of(settings)), soft_wrap=True)
        tell_unfinished(settings)


def show(settings: Settings, days: list[date], failed: Collection[date] = (), span: Sequence[date] = ()) -> None:
    """Print a column per day, the sums of the span, and where report, page of all days and warehouse lie.

    Parameters
    ----------
    failed : collection of date
        Days that this command could not finish. The lake may hold an older decision of them: none of its numbers is printed.
    span : sequence of date
        All days of a command that shows some of them.
    """
    from energy_pipeline.lake import Lake
    from energy_pipeline.runner.index import records, write_index

    lake, desk = Lake(settings.lake), desk_of(settings)
    show_table(settings, desk, [day for day in days if day not in failed])
    if len(span) > 2:
        console.print(totals([r for r in records(lake) if r.day in set(span) - set(failed)], len(span)), markup=False)
    for day in sorted(set(days) & set(failed)):
        problems.print(f"{day}: not finished; what the lake and the page hold of it may be of an earlier run, and is not shown here")
    tell_unfinished(settings, days)
    pages = [path for day in days if day not in failed and (path := report_path(settings, day)) is not None]
    if pages:
        console.print(f"[bold]Report[/bold]     {pages[-1]}", soft_wrap=True)
        console.print(f"[bold]All days[/bold]   {write_index(lake, desk)}", soft_wrap=True)
    console.print(f"[bold]Warehouse[/bold]  {settings.warehouse}  (DuckDB, schema marts)", soft_wrap=True)


def show_table(settings: Settings, desk: Desk, days: list[date]) -> None:
    """Print a column for each of the days that is decided."""
    from energy_pipeline.lake import Lake
    from energy_pipeline.runner.summary import summarise

    found = [summary for day in days if (summary := summarise(Lake(settings.lake), day, desk.limits.es_level)).positions_mwh]
    if found:
        console.print(day_table(found, desk.currency))


def desk_of(settings: Settings) -> Desk:
    """The desk of the settings."""
    from energy_pipeline.desk.load import load_desk

    return load_desk(settings.desk_path)
