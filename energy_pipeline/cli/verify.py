"""Looking at every file of the lake, and making again what is not right.

What belongs here: the command `verify`. What does not: looking (`lake.verify`), what is to be done (`runner.repair`).
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

import typer

from energy_pipeline.cli.flows import run_flows, running, tell
from energy_pipeline.cli.options import DeskOption, LakeOption, console, plain_errors, problems, settings_of


def verify(
    desk: DeskOption = None,
    lake: LakeOption = None,
    since: Annotated[datetime | None, typer.Option("--since", formats=["%Y-%m-%d"], help="First delivery day; default: all.")] = None,
    repair: Annotated[bool, typer.Option("--repair", help="Set damaged files aside and make their days again.")] = False,
) -> None:
    """Read every file of the lake to its end: checksums, places, schemas, missing tables; leave with 1 when something is not right."""
    from energy_pipeline.lake import Lake
    from energy_pipeline.lake.verify import verify as look
    from energy_pipeline.runner.repair import prepare

    with plain_errors():
        settings = settings_of(desk, lake)
        held = Lake(settings.lake)
        first = date.min if since is None else since.date()
        found = look(held, first)
        for text in found.texts:
            problems.print(text, markup=False, highlight=False, soft_wrap=True)
        console.print(f"{found.files} files read, {len(found.bad)} not as written, {len(found.gaps)} day(s) with tables missing", highlight=False)
        if not repair or not found.texts:
            raise typer.Exit(1 if found.texts else 0)
        plan = prepare(held, found)
        for place in plan.moved:
            console.print(f"set aside  {place}", highlight=False, soft_wrap=True)
        with running(settings) as runner:
            for day, flows in plan.again:
                result = run_flows(runner, flows, day, day)
                tell(result)
        left = look(held, first).texts
        for text in left:
            problems.print(text, markup=False, highlight=False, soft_wrap=True)
        console.print(f"{len(plan.again)} day(s) made again, {len(left)} problem(s) left", highlight=False)
        raise typer.Exit(1 if left else 0)
