"""The command `export`: the warehouse's tables as files.

What belongs here: its options and what it prints. What does not: writing (`warehouse.export`).
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from energy_pipeline.cli.options import DeskOption, LakeOption, console, plain_errors, settings_of
from energy_pipeline.cli.pages import tell_unfinished


def export(
    tables: Annotated[list[str] | None, typer.Argument(metavar="[TABLE]...", help="Tables of the warehouse; all when none is named.")] = None,
    to: Annotated[Path, typer.Option("--to", help="Folder the files go into.")] = Path("export"),
    kind: Annotated[Literal["parquet", "csv", "excel"], typer.Option("--format", help="Excel: one workbook.")] = "parquet",
    first: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First delivery day.")] = None,
    last: Annotated[datetime | None, typer.Option("--to-day", formats=["%Y-%m-%d"], help="Last delivery day.")] = None,
    desk: DeskOption = None,
    lake: LakeOption = None,
) -> None:
    """Write tables of the warehouse as Parquet, CSV or Excel."""
    from energy_pipeline.warehouse.export import export as write

    with plain_errors():
        settings = settings_of(desk, lake)
        tell_unfinished(settings)
        rows = write(settings.warehouse, to, kind, tables or (), first and first.date(), last and last.date())
        for name, count in rows.items():
            console.print(f"{name:32}{count:>12,}", highlight=False)
        console.print(f"{len(rows)} tables, {sum(rows.values()):,} rows: {to}", soft_wrap=True)
