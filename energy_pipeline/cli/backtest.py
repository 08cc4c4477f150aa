"""The command `energy-pipeline backtest`.

What belongs here: its options, progress bar and messages. What does not: the work
(`strategy_backtest`) or the page (`backtest_page`).
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from energy_pipeline.cli.options import plain_errors, problems

console = Console()


def backtest(
    strategy: Annotated[str, typer.Option("--strategy", help="Names in the desk file, separated by commas.")],
    start: Annotated[datetime, typer.Option("--start", formats=["%Y-%m-%d"], help="First delivery day.")],
    end: Annotated[datetime, typer.Option("--end", formats=["%Y-%m-%d"], help="Last delivery day.")],
    desk: Annotated[Path | None, typer.Option("--desk", exists=True, dir_okay=False, help="Desk file; the demo desk when not given.")] = None,
    out: Annotated[Path, typer.Option("--out", help="Folder of the pages.")] = Path("backtests"),
    stability: Annotated[bool, typer.Option(help="Also neighbours in parameters and the walk-forward choice among them.")] = True,
    costs: Annotated[bool, typer.Option(help="--no-costs: what would be earned if trading were free.")] = True,
) -> None:
    """Backtest strategies of a desk from its own sources; a page each. A result too good and not explained leaves with 1."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    from energy_pipeline.desk import demo_desk_path
    from energy_pipeline.orchestration.resources import utc_now
    from energy_pipeline.settings import Settings
    from energy_pipeline.strategies.validation import require_explained
    from energy_pipeline.studies import backtest_page, strategy_backtest, trials_file

    settings, verdicts = Settings.load(), {}
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with plain_errors(ValueError):
        for name in (n.strip() for n in strategy.split(",")):
            with Progress(*columns, console=problems) as bar:
                task = bar.add_task(f"{name}: days", total=None)
                found = strategy_backtest.run(
                    desk or settings.desk or demo_desk_path(),
                    settings.data,
                    name,
                    start.date(),
                    end.date(),
                    with_variants=stability,
                    without_costs=not costs,
                    told=lambda done, total, task=task, bar=bar: bar.update(task, completed=done, total=total),  # type: ignore[misc]
                )
            if found.judged is not None:
                verdicts[name] = found.judged
            added = trials_file.record(found, settings.data, utc_now()) if costs else 0
            if added:
                problems.print(f"{added} new trial(s) in {found.desk.record.trials}", highlight=False)
            print(backtest_page.row(found))
            path = backtest_page.write(found, out / f"{found.desk.name}_{name}.html")
            problems.print(str(path), highlight=False)
        require_explained(verdicts)
