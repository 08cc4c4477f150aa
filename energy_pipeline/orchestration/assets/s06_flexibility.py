"""Flexibility: the state, schedule, value and orders of each asset and right, and what they earned.

What belongs here: `flexible_day` with its tables (decide), `dispatch_settled` (settle_final). What does not: any optimisation.

The tables of a decision are one step: each hangs on the day before, in its own tables, and days of a run come in order.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import dagster as dg
import polars as pl

from energy_pipeline.flexibility.states import LOOK_BACK_DAYS
from energy_pipeline.orchestration.assets.s05_scenarios import fresh_paths
from energy_pipeline.orchestration.factory import AssetFactory, DayContext, Frame, Frames, Info
from energy_pipeline.orchestration.reads import Day, DaysBefore, Information, Raw

if TYPE_CHECKING:
    from energy_pipeline.flexibility import Executed
    from energy_pipeline.flexibility.sending import JointSchedules

FLEXIBLE_TABLES = (
    "asset_states",
    "end_values",
    "right_decisions",
    "dispatch",
    "orders_sent",
    "asset_values",
    "asset_thresholds",
    "bid_curves",
    "block_orders",
    "service_plans",
)
SENT = ("orders_sent", "bid_curves", "block_orders")


def assets(factory: AssetFactory) -> list[dg.AssetsDefinition]:
    """All assets of the stage."""
    forecasts, paths = Day("price_forecasts"), Day("scenario_paths")
    before = (DaysBefore("asset_states", LOOK_BACK_DAYS), DaysBefore("asset_thresholds", 2), DaysBefore("dispatch"), *map(DaysBefore, SENT))
    state = (Day("asset_states"), Day("end_values"), Day("asset_thresholds"))
    decided = (Day("dispatch"), *map(Day, SENT), paths, *state)
    joint = (Day("plant_output"), Day("spread_forecasts"), Day("deals")) if factory.desk.flexibility.orders == "joint" else ()
    return [
        factory.tables("flexible_day", FLEXIBLE_TABLES, flexible_day, Information(), forecasts, paths, *before, *joint),
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
    orders_sent: Frame,
    bid_curves: Frame,
    block_orders: Frame,
    **joint: Frame,
) -> Frames:
    """Where every asset and right stands, what it does, why, and what it is worth."""
    from energy_pipeline import flexibility

    before = flexibility.Before(asset_states, asset_thresholds, dispatch, corrections(day), orders_sent, bid_curves, block_orders, acceptance(day))
    both = partial(_joint, day, information_set, price_forecasts, scenario_paths, joint) if joint else None
    return flexibility.flexible_day(information_set, price_forecasts, scenario_paths, before, both)


def _joint(
    day: DayContext, info: Info, price_forecasts: Frame, scenario_paths: Frame, more: Frames, standing: Info, dispatch: Frame, thresholds: Frame
) -> JointSchedules:
    """The joint answer's schedules, judged on a second scenario set."""
    from energy_pipeline import flexibility
    from energy_pipeline.book.ledger import with_deals
    from energy_pipeline.portfolio.joint_day import joint_schedules

    standing = standing.with_desk(with_deals(standing.desk, more["deals"]))
    fresh = fresh_paths(day, info, price_forecasts, more["plant_output"], more["spread_forecasts"])
    return joint_schedules(standing, scenario_paths, fresh, more["plant_output"], dispatch, flexibility.acting(standing.desk, thresholds))


def corrections(day: DayContext) -> Frame:
    """The operator's file; empty where the desk names none."""
    from energy_pipeline import flexibility

    file = day.desk.flexibility.state_corrections
    return pl.DataFrame() if file is None else flexibility.checked_corrections(day.session.runtime.sources.load(file.path, file), file)


def acceptance(day: DayContext) -> Frame:
    """The auction's answers; empty where the desk names no file."""
    from energy_pipeline.book.acceptance import checked_acceptance, nothing

    file = day.desk.flexibility.acceptance
    return nothing() if file is None else checked_acceptance(day.session.runtime.sources.load(file.path, file), file)


def accepted_of(day: DayContext, nomination_lines: Frame) -> Frame | None:
    """What the auction said it took of the day's bid lines; None where the desk names no file."""
    from energy_pipeline.book.acceptance import of_lines

    file = day.desk.flexibility.acceptance
    return None if file is None else of_lines(acceptance(day), nomination_lines, file.path)


def executed_of(
    day: DayContext, dispatch: Frame, asset_states: Frame, end_values: Frame, day_ahead_prices: Frame, orders_sent: Frame, **orders: Frame
) -> Executed:
    """The batteries' orders as the auction took them."""
    from energy_pipeline import flexibility
    from energy_pipeline.book.grid import on_grid, zone_grid

    desk, prices = flexibility.desk_of_day(day.desk, day.day, asset_states, end_values), {}
    for name, battery in desk.assets.items():
        if name in orders_sent["asset"]:
            grid = zone_grid(desk, desk.delivery_day(day.day), battery.zone)
            prices[name] = on_grid(day_ahead_prices.filter(pl.col("zone") == battery.zone), "price_eur_mwh", grid)
    return flexibility.executed(desk, dispatch, flexibility.Orders(orders_sent, **orders, accepted=acceptance(day)), prices)


def dispatch_settled(
    day: DayContext,
    *,
    dispatch: Frame,
    orders_sent: Frame,
    bid_curves: Frame,
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
    sent = {"orders_sent": orders_sent, "bid_curves": bid_curves, "block_orders": block_orders}
    given = executed_of(day, dispatch, asset_states, end_values, day_ahead_prices, **sent).dispatch
    decided = {"dispatch": dispatch, "given": given, "block_orders": block_orders, "scenario_paths": scenario_paths, "thresholds": asset_thresholds}
    return flexibility.settle_dispatch(desk, day.day, **decided, day_ahead_prices=day_ahead_prices, second_prices=second_prices)
