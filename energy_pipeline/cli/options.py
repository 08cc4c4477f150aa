"""What all commands share: their common options, consoles, and errors as plain messages.

What belongs here: option types, settings with the command line's on top, printing. What does not:
a command.
"""

from __future__ import annotations

import logging
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from energy_pipeline.domain.errors import PipelineError
from energy_pipeline.settings import Settings

console = Console(width=None if sys.stdout.isatty() else 120)
problems = Console(stderr=True)

DeskOption = Annotated[Path | None, typer.Option("--desk", help="Desk file; the demo desk when not given.")]
LakeOption = Annotated[str | None, typer.Option("--lake", help="Root of the lake, a folder or s3://bucket/prefix; data_lake when not given.")]
DataOption = Annotated[Path | None, typer.Option("--data", help="Data folder; default: ENERGY_PIPELINE_DATA.")]
DayArgument = Annotated[datetime, typer.Argument(formats=["%Y-%m-%d"], metavar="DAY", help="Delivery day.")]
DayOption = Annotated[datetime | None, typer.Option("--day", formats=["%Y-%m-%d"], help="Decided delivery day; default: the last one.")]

WorkersOption = Annotated[int | None, typer.Option("--workers", min=1, help="Processes at the same time; default: one per core.")]


def cores() -> int:
    """Processors this process may use, at least one."""
    return max(1, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


@contextmanager
def plain_errors(*also: type[Exception]) -> Iterator[None]:
    """Our own errors, and the kinds given, are messages and exit code 1, not tracebacks."""
    told: tuple[type[Exception], ...] = (PipelineError, *also)
    warnings.simplefilter("ignore")
    logging.getLogger("alembic").setLevel(logging.ERROR)
    try:
        yield
    except KeyboardInterrupt:
        problems.print("[yellow]Interrupted.[/yellow] What was written is whole; the same command goes on from there.")
        raise typer.Exit(130) from None
    except told as error:
        problems.print(f"[red]{type(error).__name__}[/red]")
        problems.print(str(error), markup=False, highlight=False)
        raise typer.Exit(1) from error


def settings_of(desk: Path | None, lake: Path | str | None) -> Settings:
    """Settings of the environment with the command line's on top."""
    root = Path(lake) if lake is not None and "://" not in str(lake) else lake
    given = {name: value for name, value in (("desk", desk), ("lake", root)) if value is not None}
    return Settings.load().model_copy(update=given)


def data_folder(data: Path | None) -> Path:
    """The data folder given, or that of the environment."""
    return data or Settings.load().data


def say(lines: list[str]) -> None:
    """A page on standard output."""
    print("\n".join(lines))
