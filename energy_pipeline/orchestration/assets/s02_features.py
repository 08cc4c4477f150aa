"""Features: what decide knows about load, wind, solar and past prices.

What belongs here: `driver_forecasts`, `price_features`. What does not: how they are made.
"""

from __future__ import annotations

import dagster as dg
import polars as pl

from energy_pipeline.orchestration.factory import AssetFactory, DayContext


def assets(factory: AssetFactory) -> list[dg.AssetsDefinition]:
    """All assets of the stage."""
    return [
        factory.table("driver_forecasts", driver_forecasts, ["information_set"]),
        factory.table("price_features", price_features, ["information_set", "driver_forecasts"]),
    ]


def driver_forecasts(day: DayContext) -> pl.DataFrame:
    """Load, wind and solar of each zone for D."""
    from energy_pipeline import features

    return features.driver_forecasts(day.info)


def price_features(day: DayContext) -> pl.DataFrame:
    """Inputs of the price models for D."""
    from energy_pipeline import features

    return features.price_features(day.info)
