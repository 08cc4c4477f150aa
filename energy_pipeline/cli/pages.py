"""What a day left to look at: its page, and a table of days.

What belongs here: the command `report` and the table printed after flows. What does not: the page itself (`reporting`).
"""

from __future__ import annotations

import webbrowser
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from energy_pipeline.cli.day_table import day_table
from energy_pipeline.cli.options import DayArgument, DeskOption, LakeOption, console, plain_errors, problems, settings_of
from energy_pipeline.settings import Settings


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


def show(settings: Settings, days: list[date]) -> None:
    """Print a column per day, and where report and warehouse lie."""
    from energy_pipeline.desk import load_desk
    from energy_pipeline.lake import Lake
    from energy_pipeline.runner.summary import summarise

    lake = Lake(settings.lake)
    found = [summarise(lake, day) for day in days]
    console.print(day_table(found, load_desk(settings.desk_path).currency))
    pages = [path for day in days if (path := report_path(settings, day)) is not None]
    if pages:
        console.print(f"[bold]Report[/bold]     {pages[-1]}", soft_wrap=True)
    console.print(f"[bold]Warehouse[/bold]  {settings.warehouse}  (DuckDB, schema marts)", soft_wrap=True)
