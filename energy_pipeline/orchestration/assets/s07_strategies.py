"""Strategies: what each wants for D, and how it did over the settled days.

What belongs here: `signals` (decide), `backtest_metrics` (settle_final). What does not:
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
    window = [look_back(t, 1 - WINDOW_DAYS) for t in ("signals", "day_ahead_prices", "second_prices")]
    return [
        factory.table("signals", signals, ["information_set", "price_forecasts"]),
        factory.table("backtest_metrics", backtest_metrics, window),
    ]


def signals(day: DayContext) -> pl.DataFrame:
    """Wanted trades for D."""
    from energy_pipeline import strategies

    return strategies.signals(day.info, day.read("price_forecasts"))


def backtest_metrics(day: DayContext) -> pl.DataFrame:
    """Each strategy over the settled days up to D."""
    from energy_pipeline import strategies

    day.read("signals")  # a day that was never decided has no metrics
    first = window_start(day.desk, day.day)
    wanted = day.window("signals", first)
    return strategies.backtest_metrics(day.desk, day.day, wanted, day.raw("day_ahead_prices", first), day.raw("second_prices", first))


def window_start(desk: Desk, day: date) -> date:
    """First day of the metrics' window: the longest strategy window, at most `WINDOW_DAYS`."""
    longest = max((s.window_days for s in desk.strategies.values()), default=1)
    return day - timedelta(days=min(longest, WINDOW_DAYS) - 1)
