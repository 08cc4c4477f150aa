"""Flexibility: the state, schedule, value and orders of each asset and right, and what they earned.

What belongs here: `flexible_day` with its tables (decide), `dispatch_settled` (settle_final). What does not: any optimisation.

The tables of a decision are one step: each hangs on the day before, in its own tables, and days of a run come in order.
"""

from __future__ import annotations

import dagster as dg
import polars as pl

from energy_pipeline.flexibility.states import LOOK_BACK_DAYS
from energy_pipeline.orchestration.factory import AssetFactory, DayContext, Frame, Frames, Info
from energy_pipeline.orchestration.reads import Day, DaysBefore, Information, Raw

FLEXIBLE_TABLES = (
    "asset_states",
    "end_values",
    "right_decisions",
    "dispatch",
    "asset_values",
    "asset_thresholds",
    "bid_curves",
    "block_orders",
    "service_plans",
)


def assets(factory: AssetFactory) -> list[dg.AssetsDefinition]:
    """All assets of the stage."""
    forecasts, paths = Day("price_forecasts"), Day("scenario_paths")
    before = (DaysBefore("asset_states", LOOK_BACK_DAYS), DaysBefore("asset_thresholds", 2), DaysBefore("dispatch"))
    state = (Day("asset_states"), Day("end_values"), Day("asset_thresholds"))
    decided = (Day("dispatch"), Day("block_orders"), paths, *state)
    return [
        factory.tables("flexible_day", FLEXIBLE_TABLES, flexible_day, Information(), forecasts, paths, *before),
        factory.table("dispatch_settled", dispatch_settled, *decided, Raw("day_ahead_prices"), Raw("second_prices")),
    ]


def flexible_day(
    day: DayContext,
    *,
    information_set: Info,
    price_forecasts: Frame,
    scenario_paths: Frame,
    asset_states: Frame,
    asset_thresholds: Frame,
    dispatch: Frame,
) -> Frames:
    """Where every asset and right stands, what it does, why, and what it is worth."""
    from energy_pipeline import flexibility

    before = flexibility.Before(asset_states, asset_thresholds, dispatch, corrections(day))
    return flexibility.flexible_day(information_set, price_forecasts, scenario_paths, before)


def corrections(day: DayContext) -> Frame:
    """The operator's file; empty where the desk names none."""
    from energy_pipeline import flexibility

    file = day.desk.flexibility.state_corrections
    return pl.DataFrame() if file is None else flexibility.checked_corrections(day.session.runtime.sources.load(file.path, file), file)


def dispatch_settled(
    day: DayContext,
    *,
    dispatch: Frame,
    block_orders: Frame,
    scenario_paths: Frame,
    asset_states: Frame,
    end_values: Frame,
    asset_thresholds: Frame,
    day_ahead_prices: Frame,
    second_prices: Frame,
) -> Frame:
    """Realised margin beside perfect foresight."""
    from energy_pipeline import flexibility

    desk = flexibility.desk_of_day(day.desk, day.day, asset_states, end_values)
    decided = {"dispatch": dispatch, "block_orders": block_orders, "scenario_paths": scenario_paths, "thresholds": asset_thresholds}
    return flexibility.settle_dispatch(desk, day.day, **decided, day_ahead_prices=day_ahead_prices, second_prices=second_prices)
