"""The command `energy-pipeline audit`, and how an audit's verdict is printed.

What belongs here: its options and messages. What does not: the audit (`runner.audit`).
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from energy_pipeline.cli.options import DayArgument, DeskOption, LakeOption, console, plain_errors, problems, settings_of

if TYPE_CHECKING:
    from energy_pipeline.runner.audit import Verdict


def audit(
    first: DayArgument,
    last: Annotated[datetime | None, typer.Argument(formats=["%Y-%m-%d"], metavar="[LAST]", help="Last delivery day.")] = None,
    desk: DeskOption = None,
    lake: LakeOption = None,
) -> None:
    """Run every table's suite over written days by Great Expectations, and draw its Data Docs."""
    from energy_pipeline.runner.audit import audit_span

    with plain_errors():
        verdict = audit_span(settings_of(desk, lake), first.date(), (last or first).date())
        tell_audit(verdict)
        if verdict.failed:
            raise typer.Exit(1)


def tell_audit(verdict: Verdict) -> None:
    """A line, and one more per table that failed."""
    state = f"[yellow]{len(verdict.failed)} failed[/yellow]" if verdict.failed else "all passed"
    console.print(f"[bold]Audit[/bold]      {verdict.tables} tables, {state}  {verdict.page}", soft_wrap=True)
    for name, expectations in verdict.failed.items():
        problems.print(f"[yellow]audit failed[/yellow] {name}: {', '.join(expectations)}")
