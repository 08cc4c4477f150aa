"""What people do with a day's decision.

What belongs here: the commands `approve`, `send` and `acknowledge`, and flows around days that were sent. What does not: what they do
(`runner.decision_life`).
"""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from energy_pipeline.cli.options import DayArgument, DeskOption, LakeOption, console, plain_errors, settings_of

if TYPE_CHECKING:
    from energy_pipeline.runner.decision_life import By
    from energy_pipeline.runner.finished import Go
    from energy_pipeline.runner.flows import FlowName
    from energy_pipeline.runner.results import SpanResult
    from energy_pipeline.settings import Settings

ByOption = Annotated[str | None, typer.Option("--by", help="Who; by default the name this account has.")]
OverrideOption = Annotated[bool, typer.Option("--override", help="Do it although something stands against it; --reason says why.")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why.")]


def approve(
    day: DayArgument,
    desk: DeskOption = None,
    lake: LakeOption = None,
    by: ByOption = None,
    override: OverrideOption = False,
    reason: ReasonOption = "",
) -> None:
    """Release DAY's decision, unless it is unfinished, a fallback, or breaks a limit."""
    from energy_pipeline.desk import load_desk
    from energy_pipeline.runner import decision_life

    with plain_errors():
        settings = settings_of(desk, lake)
        _say(decision_life.approve(settings, load_desk(settings.desk_path), day.date(), _by(by, override=override, reason=reason)))


def send(
    day: DayArgument,
    desk: DeskOption = None,
    lake: LakeOption = None,
    by: ByOption = None,
    override: OverrideOption = False,
    reason: ReasonOption = "",
    to: Annotated[Path | None, typer.Option("--to", help="Folder the bids are copied to.", file_okay=False)] = None,
) -> None:
    """Note that DAY's approved bids leave the house; from then on no run writes the decision anew."""
    from energy_pipeline.desk import load_desk
    from energy_pipeline.runner import decision_life

    with plain_errors():
        settings = settings_of(desk, lake)
        found, bids = decision_life.send(settings, load_desk(settings.desk_path), day.date(), _by(by, override=override, reason=reason), to)
        _say(found)
        console.print(f"{len(bids.splitlines()) - 1} lines of bids, {lake_place(settings.lake, found.nomination)}", highlight=False, soft_wrap=True)


def acknowledge(
    day: DayArgument,
    desk: DeskOption = None,
    lake: LakeOption = None,
    by: ByOption = None,
    reference: Annotated[str, typer.Option("--reference", help="What the other side calls it.")] = "",
) -> None:
    """Note that the other side has what was sent for DAY."""
    from energy_pipeline.desk import load_desk
    from energy_pipeline.runner import decision_life

    with plain_errors():
        settings = settings_of(desk, lake)
        _say(decision_life.acknowledge(settings, load_desk(settings.desk_path), day.date(), _by(by), reference))


def own_name() -> str:
    """The name this account has; `unknown` where the system has none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def lake_place(root: object, path: str) -> str:
    """Where a path below the lake's root is, for people."""
    return f"{root}/{path}"


def refuse_sent(settings: Settings, day: date) -> None:
    """DecisionSentError where the day's decision was sent."""
    from energy_pipeline.lake import Lake
    from energy_pipeline.runner.sent import parts

    parts(Lake(settings.lake), [day], ["decide"])


def around_sent(settings: Settings, go: Go) -> Go:
    """As `go`, but decisions that were sent are left as they are: their days get the other flows alone.

    Raises
    ------
    DecisionSentError
        By what is given back, where nothing else was asked for.
    """

    def around(left: Sequence[date], flows: Sequence[FlowName]) -> SpanResult:
        from energy_pipeline.lake import Lake
        from energy_pipeline.runner.results import SpanResult
        from energy_pipeline.runner.sent import parts, say

        total = SpanResult()
        for days, wanted, sent in parts(Lake(settings.lake), left, flows):
            if sent:
                console.print(f"[bold]Sent[/bold]       {say(days)}", highlight=False, soft_wrap=True)
            if wanted:
                total.merge(go(days, wanted))
        return total

    return around


def _by(person: str | None, *, override: bool = False, reason: str = "") -> By:
    from energy_pipeline.orchestration.resources import utc_now
    from energy_pipeline.runner.decision_life import By

    if override != bool(reason):
        raise typer.BadParameter("--override and --reason go together")
    return By(person or own_name(), utc_now(), reason)


def _say(found: object) -> None:
    console.print(str(found), markup=False, highlight=False, soft_wrap=True)
