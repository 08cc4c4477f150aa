"""Hedging apart from views: the steps of the portfolio stage that choose and judge the hedge programme.

What belongs here: compute functions of `hedge_programme`, `view_results`, `hedge_results`. What does not: what they read
(`s08_portfolio` declares it), how they are computed.
"""

from __future__ import annotations

from energy_pipeline.contracts import TABLES
from energy_pipeline.orchestration.assets.standing import acting_of, holding
from energy_pipeline.orchestration.factory import DayContext, Frame, Info


def hedge_programme(
    day: DayContext, *, information_set: Info, scenario_paths: Frame, plant_output: Frame, dispatch: Frame, deals: Frame, **stood: Frame
) -> Frame:
    """What the programme trades, and what views may."""
    from energy_pipeline import forecasting
    from energy_pipeline.portfolio import case_of
    from energy_pipeline.portfolio import hedge_programme as stage

    if day.desk.hedging is None:
        return TABLES["hedge_programme"].frame()
    held = information_set.with_desk(holding(information_set.desk, deals))
    case = case_of(held, scenario_paths, plant_output, dispatch, TABLES["signals"].frame(), acting_of(day, dispatch, **stood))
    return stage.hedge_programme(case, dispatch, deals, forecasting.price_errors(information_set, day.artefacts), held)


def view_results(day: DayContext, *, hedge_programme: Frame, positions: Frame, day_ahead_prices: Frame) -> Frame:
    """What programme and views earned."""
    from energy_pipeline.portfolio import view_results as stage

    return stage.view_results(day.desk, day.day, hedge_programme, positions, day_ahead_prices)


def hedge_results(day: DayContext, *, pnl: Frame, pnl_day_ahead: Frame) -> Frame:
    """What the contracts took off the settled days' risk, up to D."""
    from energy_pipeline.portfolio import rivals as stage

    return stage.hedge_results(day.desk, day.day, pnl, pnl_day_ahead)
