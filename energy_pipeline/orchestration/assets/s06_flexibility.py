"""Flexibility: the committed schedule of each asset, and what it earned.

What belongs here: `dispatch`, `asset_values` and its companions (decide), `dispatch_settled` (settle_final). What does not:
any optimisation.
"""

from __future__ import annotations

import dagster as dg
import polars as pl

from energy_pipeline.orchestration.factory import AssetFactory, DayContext, Frames


def assets(factory: AssetFactory) -> list[dg.AssetsDefinition]:
    """All assets of the stage."""
    return [
        factory.table("dispatch", dispatch, ["information_set", "price_forecasts"]),
        factory.tables(
            "asset_valuation",
            ["asset_values", "asset_thresholds", "bid_curves", "block_orders", "service_plans"],
            asset_valuation,
            ["information_set", "price_forecasts", "scenario_paths"],
        ),
        factory.table("dispatch_settled", dispatch_settled, ["dispatch", "block_orders", "scenario_paths", "day_ahead_prices", "second_prices"]),
    ]


def dispatch(day: DayContext) -> pl.DataFrame:
    """Schedules fixed before any price of D is known."""
    from energy_pipeline import flexibility

    return flexibility.dispatch(day.info, day.read("price_forecasts"))


def asset_valuation(day: DayContext) -> Frames:
    """What assets and rights are worth, their thresholds, bids, blocks and capacity sold."""
    from energy_pipeline import flexibility

    return flexibility.valuation(day.info, day.read("price_forecasts"), day.read("scenario_paths"))


def dispatch_settled(day: DayContext) -> pl.DataFrame:
    """Realised margin beside perfect foresight."""
    from energy_pipeline import flexibility

    known = (day.raw("day_ahead_prices"), day.raw("second_prices"))
    return flexibility.settle_dispatch(day.desk, day.day, day.read("dispatch"), *known, day.read("scenario_paths"), day.read("block_orders"))
