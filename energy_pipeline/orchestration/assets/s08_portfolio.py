"""Portfolio: the day's book, the bids to submit, and its P&L.

What belongs here: `positions`, `portfolio_solution`, `nominations`, `joint_book`, `forward_book_proposals`, the rivals (decide),
`pnl_day_ahead` (settle_da), `pnl` and the rivals' results (settle_final). What does not: the optimiser.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import dagster as dg
import polars as pl

from energy_pipeline.contracts import TABLES
from energy_pipeline.orchestration import metadata, policies, progress
from energy_pipeline.orchestration.factory import AssetFactory, DayContext, RowMetadata, materialised, run_days, session_of, write_frames
from energy_pipeline.orchestration.partitions import look_back
from energy_pipeline.orchestration.resources import DeskRuntime, TooEarlyError

if TYPE_CHECKING:
    from energy_pipeline.portfolio.forwards.daily import HeldForwards

DECIDED_ON = ("information_set", "scenario_paths", "price_forecasts", "plant_output", "dispatch", "signals")
JOINED_ON = ("information_set", "scenario_paths", "price_forecasts", "plant_output", "dispatch")
SETTLED_ON = ("positions", "plant_output", "dispatch", "day_ahead_prices", "second_prices", "plant_meters", "generation_actual")
BOOK_TABLES = ("positions", "portfolio_solution", "nomination_lines")
RIVAL_TABLES = ("objective_comparison", "objective_positions", "hedge_effectiveness")
SCORE_DAYS = 60
"""Settled days the rivals are scored over, at most; an edge stays below Dagster's 100 partitions."""


def assets(factory: AssetFactory) -> list[dg.AssetsDefinition]:
    """All assets of the stage."""
    return [
        positions(factory),
        factory.table("joint_book", joint_book, JOINED_ON),
        factory.table("forward_book_proposals", forward_book_proposals, ["information_set", "price_forecasts"]),
        factory.table("pnl_day_ahead", pnl_day_ahead, ["positions", "day_ahead_prices"]),
        factory.table("pnl", pnl, SETTLED_ON),
        factory.tables("rivals", RIVAL_TABLES, rivals, [*DECIDED_ON, "positions"]),
        factory.table("hedge_results", hedge_results, [look_back(name, 1 - SCORE_DAYS) for name in ("pnl", "pnl_day_ahead")]),
        factory.table("objective_results", objective_results, ["positions", "objective_positions", "pnl"]),
        factory.table("objective_scores", objective_scores, [look_back("objective_results", 1 - SCORE_DAYS)]),
    ]


def positions(factory: AssetFactory) -> dg.AssetsDefinition:
    """Book, solution, bid lines and their CSV, from one optimisation."""
    tables = [metadata.table_spec(TABLES[t], DECIDED_ON, factory.partitions) for t in BOOK_TABLES]
    nominations = dg.AssetSpec(
        key="nominations",
        deps=list(DECIDED_ON),
        description="The bids to submit, as CSV; later ones supersede earlier ones under the next number.",
        group_name="portfolio",
        kinds={"csv"},
        owners=list(metadata.OWNERS),
        partitions_def=factory.partitions,
        tags={"flow": "decide"},
    )

    @dg.multi_asset(name="positions", specs=[*tables, nominations], backfill_policy=policies.BACKFILL, can_subset=True)
    def _positions(context: dg.AssetExecutionContext, runtime: dg.ResourceParam[DeskRuntime]) -> Iterator[dg.MaterializeResult[None]]:
        with progress.reporting("positions"):
            run_days(context, "positions", session_of(context, runtime), write_book)
        yield from materialised(context, (*BOOK_TABLES, "nominations"))

    return _positions


def write_book(day: DayContext) -> Mapping[str, RowMetadata]:
    """Optimise, write book, solution and bids, submit the bids."""
    from energy_pipeline import portfolio

    paths, price_forecasts, plant_output, dispatch, signals = (day.read(t) for t in DECIDED_ON[1:])
    case = portfolio.case_of(day.info, paths, plant_output, dispatch, signals)
    book = portfolio.book_of(case, price_forecasts, dispatch)
    lines = portfolio.nomination_lines(case, book.positions, dispatch)
    frames = {"positions": book.positions, "portfolio_solution": book.solution, "nomination_lines": lines}
    written = write_frames(day.lake, day.day, frames)
    path = day.lake.submit(day.day, portfolio.nominations_csv(lines).encode())
    return {**written, "nominations": {"path": path}}


def joint_book(day: DayContext) -> pl.DataFrame:
    """Hedges and batteries at once, against value first and then hedge, judged on a second scenario set."""
    from energy_pipeline import scenarios
    from energy_pipeline.orchestration.assets.s05_scenarios import past_errors
    from energy_pipeline.portfolio.joint_day import joint_book_table

    forecasts, output = day.read("price_forecasts"), day.read("plant_output")
    fresh = scenarios.scenario_paths(day.info, forecasts, output, past_errors(day), stream="fresh")
    return joint_book_table(day.info, day.read("scenario_paths"), fresh, output, day.read("dispatch"))


def forward_book_proposals(day: DayContext) -> pl.DataFrame:
    """What would improve the desk's forward book; empty for a desk without one."""
    from energy_pipeline.portfolio.forwards.daily import proposals

    held, settings = held_forwards(day), day.desk.forward_book
    return TABLES["forward_book_proposals"].frame() if held is None or settings is None else proposals(day.info, settings, held)


def held_forwards(day: DayContext) -> "HeldForwards | None":
    """The forward book as known at the decision, over the paths of the week ahead; None for a desk without one."""
    settings = day.desk.forward_book
    if settings is None:
        return None

    def make() -> "HeldForwards | None":
        from energy_pipeline import forecasting, scenarios
        from energy_pipeline.portfolio.forwards import daily

        errors = forecasting.price_errors(day.info, day.artefacts)
        week = scenarios.week_set(day.info, day.read("price_forecasts"), errors)
        if week is None:
            return None
        market = daily.week_market(day.info, week)
        return daily.held_forwards(settings, day.session.runtime.settings.data, market, day.info.decision_time)

    return day.info.cached("held_forwards", make=make)


def pnl_day_ahead(day: DayContext) -> pl.DataFrame:
    """Day-ahead revenue and hedges, once the auction has cleared."""
    from energy_pipeline import portfolio

    return portfolio.settle_day_ahead(day.desk, day.day, day.read("positions"), auction_prices(day))


def auction_prices(day: DayContext) -> pl.DataFrame:
    """Day-ahead prices of D; an error before they are published."""
    prices = day.raw("day_ahead_prices")
    if prices.height == 0:
        raise TooEarlyError(f"no day-ahead price of {day.day} is known yet -> settle after the auction, and ingest the day first")
    return prices


def pnl(day: DayContext) -> pl.DataFrame:
    """P&L in legs with what is known now."""
    from energy_pipeline import portfolio

    positions, plant_output, dispatch = (day.read(t) for t in SETTLED_ON[:3])
    prices, second, meters, generation = auction_prices(day), day.raw("second_prices"), day.raw("plant_meters"), day.raw("generation_actual")
    known: list[datetime] = pl.concat([f["known_at"] for f in (prices, second, meters, generation)]).to_list()
    return portfolio.settle_final(day.desk, day.day, positions, plant_output, dispatch, prices, second, meters, generation, max(known))


def rivals(day: DayContext) -> Mapping[str, pl.DataFrame]:
    """Other objectives on the day's scenarios, and what the hedges save."""
    from energy_pipeline.portfolio import rivals as stage
    from energy_pipeline.portfolio.decision import case_of

    positions, dispatch = day.read("positions"), day.read("dispatch")
    case = case_of(day.info, day.read("scenario_paths"), day.read("plant_output"), dispatch, day.read("signals"))
    found = stage.rivals(case, positions)
    effectiveness = stage.hedge_effectiveness(case, positions, dispatch)
    return {"objective_comparison": found.comparison, "objective_positions": found.positions, "hedge_effectiveness": effectiveness}


def hedge_results(day: DayContext) -> pl.DataFrame:
    """What the contracts took off the settled days' risk, up to D."""
    from energy_pipeline.portfolio import rivals as stage

    day.read("pnl")  # a day that was never settled has no results
    first = day.day - timedelta(days=SCORE_DAYS - 1)
    return stage.hedge_results(day.desk, day.day, day.window("pnl", first), day.window("pnl_day_ahead", first))


def objective_results(day: DayContext) -> pl.DataFrame:
    """What every rival would have made of the settled day."""
    from energy_pipeline.portfolio import rivals as stage

    return stage.objective_results(day.desk, day.day, day.read("positions"), day.read("objective_positions"), day.read("pnl"))


def objective_scores(day: DayContext) -> pl.DataFrame:
    """The rivals over the settled days up to D."""
    from energy_pipeline.portfolio import rivals as stage

    day.read("objective_results")  # a day that was never settled has no scores
    return stage.objective_scores(day.desk, day.day, day.window("objective_results", day.day - timedelta(days=SCORE_DAYS - 1)))
