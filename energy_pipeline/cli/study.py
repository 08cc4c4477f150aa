"""The command group `energy-pipeline study`: an asset on measured prices, and a small book worked through.

What belongs here: options and messages. What does not: the work (`studies`).
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from energy_pipeline.cli.options import console, data_folder, plain_errors, say

study_app = typer.Typer(no_args_is_help=True, help="What an asset would have earned on measured prices; a small book worked through.")


@study_app.callback()
def group() -> None:
    """What an asset would have earned on measured prices; a small book worked through."""


@study_app.command()
def battery(
    market: Annotated[str, typer.Option("--market", help="de_lu or ercot.")],
    first: Annotated[datetime, typer.Option("--first", formats=["%Y-%m-%d"], help="First delivery day.")],
    last: Annotated[datetime, typer.Option("--last", formats=["%Y-%m-%d"], help="Last delivery day.")],
    cycles_per_day: Annotated[float | None, typer.Option("--cycles-per-day", min=0.05, help="Discharged a day at most, over its 20 MWh.")] = None,
    warranty_mwh: Annotated[float | None, typer.Option("--warranty-mwh", min=1, help="Discharged over all days at most.")] = None,
) -> None:
    """One battery, every rule beside perfect foresight, for the day-ahead auction and for the second price."""
    from dataclasses import replace

    from energy_pipeline.studies.battery_study import BATTERY, MARKETS, page, study

    with plain_errors():
        if market not in MARKETS:
            raise typer.BadParameter(f"{market!r} is no market; markets: {', '.join(MARKETS)}")
        read = MARKETS[market](data_folder(None))
        found = study(read, first.date(), last.date(), replace(BATTERY, cycles_per_day=cycles_per_day), warranty_mwh)
        say([page(read, first.date(), last.date(), found)])


@study_app.command()
def sugarcane(
    data: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="Folder of the notebook's five files.")],
    out: Annotated[Path, typer.Option("--out", help="Folder of the page and its figures.")] = Path("docs/examples"),
) -> None:
    """A sugarcane mill under six risk measures: the worked example docs/examples/sugarcane.md."""
    from energy_pipeline.studies.sugarcane_page import write

    with plain_errors():
        console.print(str(write(data, out)), soft_wrap=True)
