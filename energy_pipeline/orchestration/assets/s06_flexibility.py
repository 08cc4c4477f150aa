"""Flexibility: the committed schedule of each asset, and what it earned.

What belongs here: `dispatch`, `asset_values` and its companions (decide), `dispatch_settled` (settle_final). What does not:
any optimisation.
"""

from __future__ import annotations

import dagster as dg

from energy_pipeline.orchestration.factory import AssetFactory, DayContext, Frame, Frames, Info
from energy_pipeline.orchestration.reads import Day, Information, Raw

VALUED_TABLES = ("asset_values", "asset_thresholds", "bid_curves", "block_orders", "service_plans")


def assets(factory: AssetFactory) -> list[dg.AssetsDefinition]:
    """All assets of the stage."""
    forecasts, paths = Day("price_forecasts"), Day("scenario_paths")
    decided = (Day("dispatch"), Day("block_orders"), paths)
    return [
        factory.table("dispatch", dispatch, Information(), forecasts),
        factory.tables("asset_valuation", VALUED_TABLES, asset_valuation, Information(), forecasts, paths),
        factory.table("dispatch_settled", dispatch_settled, *decided, Raw("day_ahead_prices"), Raw("second_prices")),
    ]


def dispatch(_day: DayContext, *, information_set: Info, price_forecasts: Frame) -> Frame:
    """Schedules fixed before any price of D is known."""
    from energy_pipeline import flexibility

    return flexibility.dispatch(information_set, price_forecasts)


def asset_valuation(_day: DayContext, *, information_set: Info, price_forecasts: Frame, scenario_paths: Frame) -> Frames:
    """What assets and rights are worth, their thresholds, bids, blocks and capacity sold."""
    from energy_pipeline import flexibility

    return flexibility.valuation(information_set, price_forecasts, scenario_paths)


def dispatch_settled(
    day: DayContext, *, dispatch: Frame, block_orders: Frame, scenario_paths: Frame, day_ahead_prices: Frame, second_prices: Frame
) -> Frame:
    """Realised margin beside perfect foresight."""
    from energy_pipeline import flexibility

    decided = {"dispatch": dispatch, "block_orders": block_orders, "scenario_paths": scenario_paths}
    return flexibility.settle_dispatch(day.desk, day.day, **decided, day_ahead_prices=day_ahead_prices, second_prices=second_prices)
