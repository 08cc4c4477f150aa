"""The command group `energy-pipeline book`.

What belongs here: its options and tables. What does not: the work (`portfolio.forwards`).
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, get_args

import typer
from rich.console import Console
from rich.table import Table

from energy_pipeline.cli.options import DayArgument, DeskOption, LakeOption, plain_errors, settings_of
from energy_pipeline.desk import load_desk
from energy_pipeline.desk.forwards import ForwardObjective
from energy_pipeline.lake import Lake

if TYPE_CHECKING:
    from energy_pipeline.portfolio.forwards import BookAnswer

book_app = typer.Typer(no_args_is_help=True, help="A forward book from files: the best changes at today's quotes.")
console = Console(width=160)

File = typer.Option(exists=True, dir_okay=False)
OBJECTIVES = get_args(ForwardObjective)


@book_app.callback()
def group() -> None:
    """A forward book from files: the best changes at today's quotes."""


@book_app.command()
def improve(
    contracts: Annotated[Path, File],
    quotes: Annotated[Path, File],
    prices: Annotated[Path, File],
    trades: Annotated[Path | None, File] = None,
    limits: Annotated[Path | None, File] = None,
    objective: Annotated[str, typer.Option(help=f"One of {', '.join(OBJECTIVES)}.")] = "mean_cvar",
    risk_aversion: Annotated[float, typer.Option(min=0.0)] = 0.5,
    confidence: Annotated[float, typer.Option(min=0.0, max=0.9999)] = 0.95,
    time_zone: Annotated[str, typer.Option(help="Of the delivery days.")] = "Europe/Berlin",
    as_of: Annotated[datetime | None, typer.Option(help="Quotes and trades known then, UTC; default: all.")] = None,
    decimal: Annotated[str | None, typer.Option(help="Decimal mark of the CSV files, . or , where a file leaves it open.")] = None,
) -> None:
    """Read the book, its quotes and scenarios, and show which trades improve it most (file formats: portfolio/forwards/files.py)."""
    from energy_pipeline.desk.layout import FileLayout
    from energy_pipeline.portfolio.forwards import improve as best
    from energy_pipeline.portfolio.forwards import objective_of, read_book, read_limits, read_market

    with plain_errors(ValueError):
        layout = FileLayout.model_validate({"decimal": decimal})
        book = read_book(contracts, quotes, trades, None if as_of is None else as_of.replace(tzinfo=UTC), layout)
        market = read_market(prices, time_zone, layout)
        rules = read_limits(limits, book, market) if limits is not None else []
        answer = best(book, market, objective_of(objective, risk_aversion, confidence), rules, confidence=confidence)
    show(answer)


@book_app.command()
def bids(
    day: DayArgument,
    desk: DeskOption = None,
    lake: LakeOption = None,
    to: Annotated[Path, typer.Option(help="Folder the two files are written to.", file_okay=False)] = Path(),
) -> None:
    """Write DAY's bids in the form of a coupled auction: price curves by zone and interval, and blocks."""
    from energy_pipeline.portfolio.auction_files import blocks, price_curves

    with plain_errors():
        settings = settings_of(desk, lake)
        own = load_desk(settings.desk_path)
        store = Lake(settings.lake)
        store.unfinished().refuse(day.date(), "decide", "nomination_lines")
        lines = store.read("nomination_lines", day.date(), day.date())
        limits = {z: own.markets[own.zones[z].market].price_limit("day_ahead", day.date()) for z in own.zones}
        lowest, highest = ({z: getattr(v, n) if v else w for z, v in limits.items()} for n, w in (("lowest", -9999.0), ("highest", 9999.0)))
        to.mkdir(parents=True, exist_ok=True)
        for name, text in (("curves", price_curves(lines, lowest, highest)), ("blocks", blocks(lines))):
            path = to / f"{day:%Y-%m-%d}_{name}.csv"
            path.write_text(text)
            console.print(f"{path}: {text.count(chr(10)) - 1} rows", highlight=False)


def show(answer: BookAnswer) -> None:
    """Trades, what they change, and which limits hold them."""
    table = Table("contract", "held", "trade", "at", "held by", title="Changes of the book")
    for row in answer.rows():
        price = "-" if row["price"] is None else f"{row['price']:,.2f}"
        table.add_row(str(row["contract"]), f"{row['held']:,.2f}", f"{row['trade']:+,.2f}", price, str(row["held_by"]))
    console.print(table)
    measures = Table("EUR", "before", "after", title="The book")
    for name in answer.before:
        measures.add_row(name.removesuffix("_eur").replace("_", " "), f"{answer.before[name]:,.0f}", f"{answer.after[name]:,.0f}")
    console.print(measures)
    certificate = answer.solution.certificate
    console.print(f"{answer.solution.objective} {certificate.value:,.2f}, bound {certificate.bound:,.2f} ({certificate.source})", highlight=False)
    for name, worth in answer.solution.shadow_prices.items():
        console.print(f"one unit more of {name} is worth {worth:,.4f}", highlight=False)
    for note in answer.solution.notes:
        console.print(note, highlight=False)
