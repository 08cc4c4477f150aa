"""A day's page, and what the day was made from.

What belongs here: the command `report`. What does not: the page itself (`reporting`), finding what a day was made from
(`runner.provenance`).
"""

from __future__ import annotations

import json
import tempfile
import webbrowser
from datetime import UTC, date
from pathlib import Path
from typing import Annotated

import typer

from energy_pipeline.cli.flows import decide_as_of, instant, running
from energy_pipeline.cli.options import DayArgument, DeskOption, LakeOption, console, plain_errors, problems, say, settings_of
from energy_pipeline.cli.pages import desk_of, report_path, show_table, tell_unfinished
from energy_pipeline.settings import Settings


def report(
    day: DayArgument,
    desk: DeskOption = None,
    lake: LakeOption = None,
    open_page: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
    as_of: Annotated[str | None, typer.Option("--as-of", help="The day decided on what was known at this instant (ISO 8601).")] = None,
    sources: Annotated[bool, typer.Option("--sources", help="Say what the day was made from: code, data, models, raw answers.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="With --sources: as JSON.")] = False,
) -> None:
    """Say where DAY's page is, or what it was made from; --as-of decides it anew on less, into a lake of its own, and shows that page."""
    with plain_errors():
        settings = settings_of(desk, lake) if as_of is None else _decided_as_of(settings_of(desk, lake), day.date(), as_of)
        tell_unfinished(settings, [day.date()])
        if sources:
            _tell_sources(settings, day.date(), as_json=as_json)
            return
        path = report_path(settings, day.date())
        if path is None:
            problems.print(f"no report of {day.date()} in the lake -> energy-pipeline run {day.date()}")
            raise typer.Exit(1)
        console.print(path, soft_wrap=True)
        if open_page:
            webbrowser.open(_at_hand(settings, day.date(), path).resolve().as_uri())


def _decided_as_of(settings: Settings, day: date, text: str) -> Settings:
    """Settings of the lake that holds the day as decided at an instant; decided now where there is none."""
    from energy_pipeline.orchestration.resources import as_of_root

    when = instant(text).astimezone(UTC)
    found = settings.model_copy(update={"lake": type(settings.lake)(as_of_root(str(settings.lake), when))})
    if report_path(found, day) is None:
        with running(settings) as runner:
            decide_as_of(runner, day, when)
    desk = desk_of(settings)
    for what, own in ((f"as of {when:%Y-%m-%d %H:%M}Z", found), ("as decided", settings)):
        if report_path(own, day) is not None:
            console.print(f"[bold]{what}[/bold]")
            show_table(own, desk, [day])
    return found


def _tell_sources(settings: Settings, day: date, *, as_json: bool) -> None:
    from energy_pipeline.lake import Lake
    from energy_pipeline.runner.provenance import trace

    found = trace(Lake(settings.lake), day)
    if as_json:
        print(json.dumps(found.as_json(), indent=1, default=str))
        return
    lines = [f"{day}, cut at {found.decision_time:%Y-%m-%d %H:%M}Z"]
    lines += [
        f"run      {r['run_flow']} {r['run_id'][:8]}: code {r['code_version']}, desk {r['desk']} {r['desk_hash']}, {r['state']}" for r in found.runs
    ]
    lines += [
        f"data     {s.raw_table} {s.series}: {s.rows} rows, {s.content_hash}, last known {s.last_known_at:%Y-%m-%d %H:%M}Z, {s.status}"
        for s in found.series
    ]
    lines += [f"rows     {table}: {', '.join(names)}" for table, names in found.vintages.items() if names]
    lines += [
        f"model    {a.zone} {a.model} {a.content_hash}: {a.path}{'' if a.is_there else ' (swept; it is fitted again)'}" for a in found.artefacts
    ]
    lines += [f"answer   {path}" for path in found.answers]
    say(lines)


def _at_hand(settings: Settings, day: date, path: str) -> Path:
    """A file that a browser opens: the page itself, or a copy of the object."""
    if "://" not in path:
        return Path(path)
    from energy_pipeline.lake import Lake

    with tempfile.NamedTemporaryFile(prefix=f"report-{day}-", suffix=".html", delete=False) as copy:
        copy.write(Lake(settings.lake).read_file("report", day, "report.html"))
    return Path(copy.name)
