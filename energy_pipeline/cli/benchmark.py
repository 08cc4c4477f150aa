"""The command group `energy-pipeline benchmark`.

What belongs here: its options, progress bar and messages. What does not: the work
(`forecast_benchmark`).
"""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from energy_pipeline.cli.options import plain_errors, problems

benchmark_app = typer.Typer(no_args_is_help=True, help="Measure the models on data of your own.")
console = Console()


@benchmark_app.callback()
def group() -> None:
    """Measure the models on data of your own."""


@benchmark_app.command()
def forecasts(
    data: Annotated[Path, typer.Option("--data", exists=True, dir_okay=False, help="Market file: timestamp, price, exog_1, exog_2, ...")],
    out: Annotated[Path, typer.Option("--out", help="Where the forecasts go.")],
    last_days: Annotated[int, typer.Option("--last-days", min=1, help="Days to forecast, from the end of the file.")] = 728,
    models: Annotated[str, typer.Option("--models", help="Members, separated by commas; default: the committee.")] = "",
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="Worker processes.")] = min(os.cpu_count() or 1, 8),
    holidays: Annotated[
        str, typer.Option("--holidays", help="Countries (DE, DE-BY) whose public holidays count as Sundays, or none; default: by the file's name.")
    ] = "",
) -> None:
    """Walk forward over the last days of a market file with daily recalibration.

    Interrupted, it goes on where it was when called again with the same arguments.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    from energy_pipeline.forecasting.committee import DEFAULT_MEMBERS
    from energy_pipeline.studies.forecast_benchmark import holiday_places, run

    names = [n.strip() for n in models.split(",") if n.strip()] or list(DEFAULT_MEMBERS)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with plain_errors(ValueError), Progress(*columns, console=console) as bar:
        task = bar.add_task(f"{data.name}: four weeks of a member", total=None)
        places = holiday_places(holidays, data)
        report = run(data, out, names, last_days, jobs, lambda done, total: bar.update(task, completed=done, total=total), places)
    console.print(f"{report.days} days {report.first} .. {report.last} -> {out}", highlight=False)
    console.print(f"public holidays as Sundays: {', '.join(places) or 'none (--holidays DE)'}", highlight=False)
    if report.fallbacks:
        console.print(f"{report.fallbacks} days with a note in the column fallback", highlight=False)


@benchmark_app.command()
def score(
    data: Annotated[Path, typer.Option("--data", exists=True, dir_okay=False, help="Market file: timestamp, price.")],
    forecasts: Annotated[
        Path, typer.Option("--forecasts", exists=True, dir_okay=False, help="Forecast file: timestamp, forecast, q0.01 .. q0.99, members.")
    ],
    rivals: Annotated[
        Path | None, typer.Option("--rivals", exists=True, dir_okay=False, help="Further models: timestamp and one column each.")
    ] = None,
    chart: Annotated[Path | None, typer.Option("--chart", help="Write the charts to this SVG file.")] = None,
    value: Annotated[bool, typer.Option(help="Also the battery's value of every model.")] = True,
) -> None:
    """Score a forecast file: errors against both naives, coverage, comparison tests, value in EUR."""
    from energy_pipeline.studies.forecast_score import as_markdown, draw, score_file

    with plain_errors(ValueError):
        found = score_file(data, forecasts, rivals, with_value=value)
    print(as_markdown(found))
    if chart is not None:
        draw(found, chart)


@benchmark_app.command()
def tune(
    data: Annotated[Path, typer.Option("--data", exists=True, dir_okay=False, help="Market file: timestamp, price, exog_1, exog_2, ...")],
    model: Annotated[str, typer.Option("--model", help="Member whose settings are tried.")] = "xgboost",
    grid: Annotated[str, typer.Option("--grid", help="Values to try, such as 'depth=5,6,7 rate=0.05,0.1'.")] = "depth=5,6,7",
    skip_days: Annotated[
        int, typer.Option("--skip-last-days", min=0, help="Days at the end of the file that are not looked at: the test period.")
    ] = 728,
    folds: Annotated[int, typer.Option("--folds", min=1, help="Blocks to forecast, spread over the year before.")] = 4,
    fold_days: Annotated[int, typer.Option("--fold-days", min=1, help="Days of a block; a member is fitted once for each.")] = 14,
) -> None:
    """Try settings of a member by time-series cross-validation on the days before the test period."""
    from rich.progress import Progress

    from energy_pipeline.forecasting.cross_validation import cross_validate, fold_spans
    from energy_pipeline.studies.benchmark_file import market_panel, read_market_file

    with plain_errors(ValueError):
        values = {k: [float(v) if "." in v or "e" in v else int(v) for v in vs.split(",")] for k, _, vs in (g.partition("=") for g in grid.split())}
        panel = market_panel(read_market_file(data), data.name)
        panel = panel.before(panel.origin - timedelta(days=skip_days))
        with Progress(console=problems) as bar:
            task = bar.add_task(f"{data.name}: {model}", total=None)
            spans = fold_spans(panel.origin, folds, fold_days, max(364 // folds, fold_days))
            found = cross_validate(panel, model, values, spans, lambda done, total: bar.update(task, completed=done, total=total))
    console.print(
        f"{model} on {data.name}, folds of {fold_days} days from {', '.join(str(first) for first, _ in spans)}; MAE, EUR/MWh", highlight=False
    )
    for candidate in found:
        settings = " ".join(f"{k}={v:g}" for k, v in candidate.settings.items())
        console.print(f"{candidate.mae_eur_mwh:8.4f}  {settings}  ({', '.join(f'{m:.3f}' for m in candidate.fold_mae_eur_mwh)})", highlight=False)


@benchmark_app.command("desk")
def desk_walk(
    desk: Annotated[Path, typer.Option("--desk", exists=True, dir_okay=False, help="Desk file.")],
    first: Annotated[datetime, typer.Option("--first", formats=["%Y-%m-%d"], help="First delivery day.")],
    last: Annotated[datetime, typer.Option("--last", formats=["%Y-%m-%d"], help="Last delivery day.")],
    zones: Annotated[str, typer.Option("--zones", help="Zones, separated by commas; default: all.")] = "",
    convention: Annotated[str, typer.Option("--tso-res-forecast", help="strict or epf_convention, instead of what the desk file says.")] = "",
    out: Annotated[Path | None, typer.Option("--out", help="Write forecasts and outcomes to this Parquet file.")] = None,
    default_committee: Annotated[bool, typer.Option("--default-committee", help="The package's default forecast settings, not the desk's.")] = False,
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="Worker processes.")] = min(os.cpu_count() or 1, 8),
    models: Annotated[str, typer.Option("--models", help="Members, separated by commas; default: the desk's.")] = "",
    training_days: Annotated[int, typer.Option("--training-days", help="Days members learn from; default: the desk's.")] = 0,
    leads: Annotated[str, typer.Option("--leads", help="Lead days of a table of the mean's bias, such as 1,2,4,7; 1 is the day itself.")] = "",
    own_driver_days: Annotated[
        int, typer.Option("--own-driver-days", help="Days own wind, solar and load are learnt from; default: the desk's.")
    ] = 0,
) -> None:
    """Walk a desk's day-ahead price forecasts over past days, from its own sources, and score them."""
    from energy_pipeline.settings import Settings
    from energy_pipeline.studies.desk_forecasts import run as walk

    with plain_errors(ValueError):
        wanted, chosen = ([n.strip() for n in names.split(",") if n.strip()] for names in (zones, models))
        said = {"members": chosen, "training_days": training_days, "own_driver_days": own_driver_days}
        changes = {key: value for key, value in said.items() if value}
        ahead = [int(n) for n in leads.split(",") if n.strip()]
        found = walk(desk, Settings.load().data, first.date(), last.date(), wanted, convention, jobs, default_committee, changes, ahead)
    if out is not None:
        found.rows.write_parquet(out)
    print(found.page)


@benchmark_app.command()
def ablation(
    desk: Annotated[Path, typer.Option("--desk", exists=True, dir_okay=False, help="Desk file.")],
    first: Annotated[datetime, typer.Option("--first", formats=["%Y-%m-%d"], help="First delivery day.")],
    last: Annotated[datetime, typer.Option("--last", formats=["%Y-%m-%d"], help="Last delivery day.")],
    zones: Annotated[str, typer.Option("--zones", help="Zones, separated by commas; default: all.")] = "",
    every: Annotated[int, typer.Option("--every", min=1, help="Walk every so many days.")] = 8,
    models: Annotated[str, typer.Option("--models", help="Members, separated by commas; default: quick ones.")] = "",
    lead: Annotated[int, typer.Option("--lead", min=1, max=14, help="1: the day decided; 2: the day after it, ...")] = 1,
) -> None:
    """What each group of inputs (`forecast.features`) gives a desk's day-ahead price forecasts on past days."""
    from energy_pipeline.settings import Settings
    from energy_pipeline.studies.ablation import QUICK
    from energy_pipeline.studies.ablation import ablation as study

    with plain_errors(ValueError):
        wanted, chosen = ([n.strip() for n in names.split(",") if n.strip()] for names in (zones, models))
        print(study(desk, Settings.load().data, first.date(), last.date(), wanted, every, chosen or QUICK, lead))


@benchmark_app.command()
def plants(
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="Folder of measured plants (docs/renewables-accuracy.md).")],
    names: Annotated[str, typer.Option("--plants", help="Plants, separated by commas; default: all of the folder.")] = "",
    first: Annotated[datetime | None, typer.Option("--first", formats=["%Y-%m-%d"], help="First test day.")] = None,
    last: Annotated[datetime | None, typer.Option("--last", formats=["%Y-%m-%d"], help="Last test day.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder for each plant's forecasts and outcomes, one Parquet file a plant.")] = None,
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="Worker processes.")] = 1,
) -> None:
    """Forecast measured wind and solar plants day by day, and score physics, correction and naive rivals."""
    from energy_pipeline.studies.renewables_benchmark import as_markdown, run, write

    wanted = [n.strip() for n in names.split(",") if n.strip()]
    with plain_errors(ValueError):
        found = run(folder, wanted, first.date() if first else None, last.date() if last else None, jobs)
    if out is not None:
        write(found, out)
    print(as_markdown(found))
