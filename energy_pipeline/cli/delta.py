"""What changed since a day was decided.

What belongs here: the command `delta`. What does not: looking and valuing (`runner.delta`).
"""

from __future__ import annotations

import json
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from energy_pipeline.cli.flows import bar, instant, running
from energy_pipeline.cli.options import DayArgument, DeskOption, LakeOption, plain_errors, say, settings_of

if TYPE_CHECKING:
    from energy_pipeline.runner.delta import Delta


def delta(
    day: DayArgument,
    desk: DeskOption = None,
    lake: LakeOption = None,
    at: Annotated[str | None, typer.Option("--at", help="What is known at this instant (ISO 8601); default: now.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    to: Annotated[Path | None, typer.Option("--to", help="CSV file of the volumes to correct, by zone and interval.", dir_okay=False)] = None,
) -> None:
    """Say what changed since DAY was decided, its EUR on the open book, and the volumes to correct."""
    from energy_pipeline.orchestration.resources import utc_now
    from energy_pipeline.runner.delta import delta as look

    with plain_errors():
        settings, target = settings_of(desk, lake), day.date()
        when = utc_now() if at is None else instant(at).astimezone(UTC)
        with running(settings) as runner, bar(f"delta  {target} at {when:%Y-%m-%d %H:%M}Z") as listener:
            found = look(runner, target, when, listener)
        if to is not None:
            found.book.corrections.write_csv(to, datetime_format="%Y-%m-%dT%H:%M:%SZ")
        say([json.dumps(_plain(found), indent=1, default=str)] if as_json else _lines(found, runner.desk.currency))


def _plain(found: Delta) -> dict[str, object]:
    book = found.book
    told = {"day": found.day, "decided_at": found.decided_at, "at": found.at, "before_eur": book.before_eur, "after_eur": book.after_eur}
    told |= {"expected_again_eur": found.expected_again_eur, "steps": book.steps.to_dicts(), "changed": found.changed.to_dicts()}
    return told | {"corrections": book.corrections.to_dicts()}


def _lines(found: Delta, currency: str) -> list[str]:
    book = found.book
    lines = [f"{found.day}: decided with what was known at {found.decided_at:%Y-%m-%d %H:%M}Z, and what is known at {found.at:%Y-%m-%d %H:%M}Z"]
    changed = [f"changed  {r['raw_table']} {r['series']}: {r['rows_now'] - r['rows_before']:+d} rows" for r in found.changed.to_dicts()]
    lines += changed or ["nothing changed"]
    lines += [f"{r['zone']:<12}{r['step']:<10}{r['value_eur']:>+14,.0f} {currency}" for r in book.steps.to_dicts()]
    change = book.after_eur - book.before_eur
    lines.append(f"the book as it is held: {book.before_eur:,.0f} {currency} then, {book.after_eur:,.0f} now ({change:+,.0f})")
    for (zone,), part in book.corrections.group_by("zone", maintain_order=True):
        mwh = float((part["correction_mw"] * part["resolution_minutes"] / 60).sum())
        worth = float(part["value_eur"].sum())
        lines.append(f"{zone}: {mwh:+,.1f} MWh to correct, {worth:+,.0f} {currency} at the second price expected now")
    return lines
