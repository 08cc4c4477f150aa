"""How the desk stands, for people and for programs.

What belongs here: the commands `status` and `deadline`. What does not: looking (`runner.status`), deciding (`runner.deadline`).
"""

from __future__ import annotations

import json
import os
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from energy_pipeline.cli.options import DeskOption, LakeOption, console, plain_errors, settings_of

if TYPE_CHECKING:
    from energy_pipeline.runner.status import Status

JsonOption = Annotated[bool, typer.Option("--json", help="As JSON, for a monitor.")]


def status(desk: DeskOption = None, lake: LakeOption = None, as_json: JsonOption = False) -> None:
    """Say the last decision, the next gates, late series, failed checks, unfinished days, queue and disk; leave with 1 when one wants a hand."""
    from energy_pipeline.desk import load_desk
    from energy_pipeline.orchestration.resources import utc_now
    from energy_pipeline.runner.instance import home_of, open_instance
    from energy_pipeline.runner.status import look

    with plain_errors():
        settings = settings_of(desk, lake)
        with open_instance(home_of(os.environ)) as instance:
            found = look(settings, load_desk(settings.desk_path), instance, utc_now())
        if as_json:
            print(json.dumps(found.as_json(), indent=1))
        else:
            _tell(found)
        if found.problems:
            raise typer.Exit(1)


def deadline(
    day: Annotated[datetime | None, typer.Argument(formats=["%Y-%m-%d"], metavar="[DAY]", help="Default: the day whose decision is due.")] = None,
    desk: DeskOption = None,
    lake: LakeOption = None,
) -> None:
    """Where DAY is not decided by the desk's deadline: alert, and decide what the desk's `fallback` names. In time: ping. For a schedule or cron."""
    from energy_pipeline.desk import load_desk
    from energy_pipeline.fetching.alerts import ping, send
    from energy_pipeline.orchestration.resources import utc_now
    from energy_pipeline.runner.deadline import keep
    from energy_pipeline.runner.instance import home_of, open_instance

    with plain_errors():
        settings = settings_of(desk, lake)
        with open_instance(home_of(os.environ)) as instance:
            wanted = None if day is None else day.date()
            found = keep(settings, load_desk(settings.desk_path), instance, utc_now, lambda alert: send(settings, alert), wanted)
        for text in [*found.said, *(ping(settings) if found.outcome == "decided" else [])]:
            console.print(text, markup=False, highlight=False, soft_wrap=True)
        if found.outcome in ("fallback", "missed"):
            raise typer.Exit(1)


def _tell(found: Status) -> None:
    last = found.last_decision
    said = "none" if last is None else f"{last.delivery_day}, recorded {last.recorded_at:%Y-%m-%d %H:%M}Z by run {last.run_id[:8]} ({last.state})"
    _line("last decision", said)
    if last is not None and last.life:
        _line("", last.life)
    for g in found.gates:
        _line("next gate", f"{g.market}: {g.delivery_day} at {g.gate:%Y-%m-%d %H:%M}Z, {'decided' if g.decided else 'not decided yet'}")
    if found.unwatched:
        _line("not watched", found.unwatched)
    for name, texts in (("late series", found.stale), ("failed check", found.failed_checks), ("being written", found.being_written)):
        for text in texts or ["none"]:
            _line(name, text)
    _line("queue", ", ".join(f"{count} {state}" for state, count in found.queue.items()))
    if found.free_bytes is not None:
        _line("disk", f"{found.free_bytes / 1e9:.1f} GB free")
    for text in found.problems or ["nothing"]:
        _line("to do", text)


def _line(name: str, text: str) -> None:
    console.print(f"{name:<15}{text}", markup=False, highlight=False, soft_wrap=True)
