"""Strategies: what each wants for D, and how it did over the settled days.

What belongs here: `signals` (decide), `backtest_metrics` and `backtest_days` (settle_final, every day). What does not:
any rule of a strategy.
"""

from __future__ import annotations

from datetime import date, timedelta

import dagster as dg
import polars as pl

from energy_pipeline.desk import Desk
from energy_pipeline.orchestration.factory import AssetFactory, DayContext
from energy_pipeline.orchestration.partitions import look_back

WINDOW_DAYS = 60
"""Settled days a metric looks back over, at most; an edge stays below Dagster's 100 partitions."""


def assets(factory: AssetFactory) -> list[dg.AssetsDefinition]:
    """All assets of the stage."""
    reach = {"signals": 1 - WINDOW_DAYS, "day_ahead_prices": -WINDOW_DAYS, "second_prices": 1 - WINDOW_DAYS, "fuel_prices": -WINDOW_DAYS - 14}
    window = [look_back(table, days) for table, days in reach.items()]
    return [
        factory.table("signals", signals, ["information_set", "price_forecasts"]),
        factory.tables("backtest_metrics", ["backtest_metrics", "backtest_days"], backtest_tables, window),
    ]


def signals(day: DayContext) -> pl.DataFrame:
    """Wanted trades for D."""
    from energy_pipeline import strategies

    return strategies.signals(day.info, day.read("price_forecasts"))


def backtest_tables(day: DayContext) -> dict[str, pl.DataFrame]:
    """Each strategy over the settled days up to D."""
    from energy_pipeline import strategies

    day.read("signals")  # a day that was never decided has no metrics
    first = window_start(day.desk, day.day)
    wanted = day.window("signals", first)
    # Index studies look at the change since the day before.
    before = first - timedelta(days=1)
    auction, second = day.raw("day_ahead_prices", before), day.raw("second_prices", first)
    # A fortnight more: the last settlement before a long holiday.
    fuels = day.raw("fuel_prices", before - timedelta(days=14))
    return strategies.backtest_tables(day.desk, day.day, wanted, auction, second, fuels)


def window_start(desk: Desk, day: date) -> date:
    """First day of the metrics' window, `WINDOW_DAYS` with D; D alone for a desk without strategies."""
    return day - timedelta(days=WINDOW_DAYS - 1) if desk.strategies else day
