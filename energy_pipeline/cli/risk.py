"""The command group `energy-pipeline risk`.

What belongs here: its options and messages. What does not: the work.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer

from energy_pipeline.cli.options import DataOption, DayOption, DeskOption, LakeOption, data_folder, plain_errors, say, settings_of
from energy_pipeline.cli.pages import tell_unfinished

risk_app = typer.Typer(no_args_is_help=True, help="Risk of a book: studies over settled days, and what a trade would change.")


@risk_app.callback()
def group() -> None:
    """Risk of a book: studies over settled days, and what a trade would change."""


@risk_app.command("settled-days")
def settled_days(
    data: DataOption = None, quick: Annotated[bool, typer.Option("--quick", help="Germany only, without the table of methods.")] = False
) -> None:
    """Decide, fear and settle every day of real markets again, and test VaR and ES (minutes)."""
    from energy_pipeline.studies import settled_days as work

    with plain_errors(ValueError):
        where = data_folder(data)
        market = work.german_market(where)
        rule, choice = work.chosen_rule(market)
        say(["## A thousandth of German wind, 2018-10-01 .. 2019-09-30", "", "Chosen on 2017-10-01 .. 2018-09-30:", "", choice, ""])
        found = work.study(market, rule, work.DE_FIRST, work.DE_LAST)
        say(work.page(found, with_methods=not quick))
        if quick:
            return
        earned, best, excess = work.foresight_gap(found)
        say(
            ["", f"Reference battery: settled {earned:,.0f} EUR, foresight {best:,.0f} EUR; largest excess over foresight on a day {excess:.2e} EUR."]
        )
        for zone in ("FR", "ES"):
            wind = work.wind_market(where, zone, date(2017, 9, 1), work.DE_LAST)
            say(["", f"## A thousandth of the wind of {zone}, 2018-10-01 .. 2019-09-30", ""])
            say(work.page(work.study(wind, rule, work.DE_FIRST, work.DE_LAST), with_methods=False))
        for zone in ("FR", "ES", "DE_LU"):
            flat = work.flat_market(where, zone, date(2019, 12, 1), work.LATER[1])
            say(["", f"## Ten megawatts in {zone}, {work.LATER[0]} .. {work.LATER[1]}", ""])
            say(work.page(work.study(flat, rule, *work.LATER), with_methods=False))
            say(["", "The same with losses rescaled to today's volatility:", ""])
            say(work.page(work.study(flat, replace(rule, volatility_decay=0.94), *work.LATER), with_methods=False)[:7])


@risk_app.command("hedge-year")
def hedge_year(data: DataOption = None, ratio: Annotated[float, typer.Option("--ratio", help="Of the expected output, to be sold.")] = 0.8) -> None:
    """A hedge programme of German wind, 2018-10-01 .. 2019-09-30: chosen on half of each day's paths, judged on the others, settled."""
    from energy_pipeline.studies.hedge_year import page

    with plain_errors(ValueError):
        say(page(data_folder(data), ratio=ratio))


@risk_app.command("deviation-loss")
def deviation_loss(data: DataOption = None) -> None:
    """What a thousandth of German wind lost by its deviations, and less by a better nomination."""
    from energy_pipeline.studies.deviation_loss import page

    with plain_errors(ValueError):
        say(page(data_folder(data)))


@risk_app.command("index-study")
def index_study(
    data: DataOption = None, zones: Annotated[str, typer.Option("--zones", help="Two zones, separated by a comma.")] = "DE_LU,FR"
) -> None:
    """CVaR portfolios of hourly contracts on two exchanges (index_only: nothing here can be traded)."""
    from energy_pipeline.studies.index_study import page

    with plain_errors(ValueError):
        pair = tuple(z.strip() for z in zones.split(","))
        if len(pair) != 2:
            raise ValueError(f"--zones {zones}: name two zones, e.g. DE_LU,FR")
        say(page(data_folder(data), (pair[0], pair[1])))


@risk_app.command("what-if")
def what_if(
    trades: Annotated[list[str], typer.Argument(help="Trades in words, each in quotes: 'add 25 MW base DE'.")],
    day: DayOption = None,
    desk: DeskOption = None,
    lake: LakeOption = None,
) -> None:
    """What trades would change in the decided book: VaR, ES, margin and limits, before and after."""
    from energy_pipeline.desk import load_desk
    from energy_pipeline.lake import Lake
    from energy_pipeline.runner.what_if import answer, as_text, latest_day

    with plain_errors(ValueError):
        began = perf_counter()
        settings = settings_of(desk, lake)
        store = Lake(settings.lake)
        when = day.date() if day else latest_day(store)
        known = load_desk(settings.desk_path)
        found = answer(known, store, when, trades)
        say([f"{when}: {'; '.join(trades)}", "", *as_text(found, known.currency), "", f"answered in {perf_counter() - began:.2f} s"])


@risk_app.command("factors")
def factors(
    scope: Annotated[str, typer.Option("--scope", help="book, or a zone.")] = "book",
    file: Annotated[
        Path | None, typer.Option("--file", help="Factor returns (date, known_at, one column a factor): explain settled P&L by them instead.")
    ] = None,
    decay: Annotated[float, typer.Option("--decay", min=0.5, max=1.0, help="With --file: weight of a day over that of the next.")] = 0.98,
    day: DayOption = None,
    lake: LakeOption = None,
) -> None:
    """Which factors a decided book's risk goes with, or what settled P&L went with factors of your own."""
    from energy_pipeline.lake import Lake
    from energy_pipeline.runner.what_if import latest_day
    from energy_pipeline.studies import factor_report

    with plain_errors(ValueError):
        settings = settings_of(None, lake)
        store = Lake(settings.lake)
        if file is not None:
            say(factor_report.settled(store, file, scope, decay))
            return
        when = day.date() if day else latest_day(store)
        tell_unfinished(settings, [when])
        say([f"{when}, {scope}", "", *factor_report.decided(store, when, scope)])
