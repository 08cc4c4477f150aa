"""Flexibility: the committed schedule of each asset, and what it earned.

What belongs here: `dispatch` (decide), `dispatch_settled` (settle_final). What does not:
any optimisation.
"""

from __future__ import annotations

import dagster as dg
import polars as pl

from energy_pipeline.orchestration.factory import AssetFactory, DayContext


def assets(factory: AssetFactory) -> list[dg.AssetsDefinition]:
    """All assets of the stage."""
    return [
        factory.table("dispatch", dispatch, ["information_set", "price_forecasts"]),
        factory.table("dispatch_settled", dispatch_settled, ["dispatch", "day_ahead_prices"]),
    ]


def dispatch(day: DayContext) -> pl.DataFrame:
    """Schedules fixed before any price of D is known."""
    from energy_pipeline import flexibility

    return flexibility.dispatch(day.info, day.read("price_forecasts"))


def dispatch_settled(day: DayContext) -> pl.DataFrame:
    """Realised margin beside perfect foresight."""
    from energy_pipeline import flexibility

    return flexibility.settle_dispatch(day.desk, day.day, day.read("dispatch"), day.raw("day_ahead_prices"))
