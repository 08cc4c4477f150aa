"""The command group `energy-pipeline study`: an asset on measured prices.

What belongs here: options and messages. What does not: the work (`battery_study`).
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer
from rich.console import Console

from energy_pipeline.domain.errors import PipelineError

study_app = typer.Typer(no_args_is_help=True, help="What an asset would have earned on measured prices.")
problems = Console(stderr=True)


@study_app.callback()
def group() -> None:
    """What an asset would have earned on measured prices."""


@study_app.command()
def battery(
    market: Annotated[str, typer.Option("--market", help="de_lu or ercot.")],
    first: Annotated[datetime, typer.Option("--first", formats=["%Y-%m-%d"], help="First delivery day.")],
    last: Annotated[datetime, typer.Option("--last", formats=["%Y-%m-%d"], help="Last delivery day.")],
) -> None:
    """One battery, every rule beside perfect foresight, for the day-ahead auction and for the second price."""
    from energy_pipeline.settings import Settings
    from energy_pipeline.studies.battery_study import MARKETS, page, study

    try:
        if market not in MARKETS:
            raise typer.BadParameter(f"{market!r} is no market; markets: {', '.join(MARKETS)}")
        read = MARKETS[market](Settings.load().data)
        print(page(read, first.date(), last.date(), study(read, first.date(), last.date())))  # noqa: T201 - a page, not a message
    except PipelineError as error:
        problems.print(str(error), style="red", markup=False, highlight=False)
        raise typer.Exit(1) from None
