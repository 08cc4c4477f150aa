"""Portfolio: the day's book, the bids to submit, and its P&L.

What belongs here: `positions`, `portfolio_solution`, `nominations` (decide),
`pnl_day_ahead` (settle_da), `pnl` (settle_final). What does not: the optimiser.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime

import dagster as dg
import polars as pl

from energy_pipeline.contracts import TABLES
from energy_pipeline.orchestration import metadata, policies, progress
from energy_pipeline.orchestration.factory import AssetFactory, DayContext, RowMetadata, materialised, run_days, session_of, write_frames
from energy_pipeline.orchestration.resources import DeskRuntime, TooEarlyError

DECIDED_ON = ("information_set", "scenario_paths", "price_forecasts", "plant_output", "dispatch", "signals")
SETTLED_ON = ("positions", "plant_output", "dispatch", "day_ahead_prices", "second_prices", "plant_meters", "generation_actual")


def assets(factory: AssetFactory) -> list[dg.AssetsDefinition]:
    """All assets of the stage."""
    return [
        positions(factory),
        factory.table("pnl_day_ahead", pnl_day_ahead, ["positions", "day_ahead_prices"]),
        factory.table("pnl", pnl, SETTLED_ON),
    ]


def positions(factory: AssetFactory) -> dg.AssetsDefinition:
    """Book, solution and the CSV of bids, from one optimisation."""
    tables = [metadata.table_spec(TABLES[t], DECIDED_ON, factory.partitions) for t in ("positions", "portfolio_solution")]
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
        yield from materialised(context, ("positions", "portfolio_solution", "nominations"))

    return _positions


def write_book(day: DayContext) -> Mapping[str, RowMetadata]:
    """Optimise, write both tables, submit the bids."""
    from energy_pipeline import portfolio

    book = portfolio.optimise(day.info, *(day.read(t) for t in DECIDED_ON[1:]))
    written = write_frames(day.lake, day.day, {"positions": book.positions, "portfolio_solution": book.solution})
    path = day.lake.submit(day.day, portfolio.nominations_csv(book.positions).encode())
    return {**written, "nominations": {"path": path}}


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
