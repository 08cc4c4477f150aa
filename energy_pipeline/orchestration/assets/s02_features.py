"""Features: what decide knows about load, wind, solar and past prices.

What belongs here: `driver_forecasts`, `driver_outlook`, `price_features`, `feature_statistics`. What does not: how they are made.
"""

from __future__ import annotations

import dagster as dg

from energy_pipeline.orchestration.factory import AssetFactory, DayContext, Frame, Info
from energy_pipeline.orchestration.reads import Information, OrderOnly

DRIVERS = OrderOnly("driver_forecasts", "the same drivers are then in the run's memory, and their failures are told by their own step")


def assets(factory: AssetFactory) -> list[dg.AssetsDefinition]:
    """All assets of the stage."""
    return [
        factory.table("driver_forecasts", driver_forecasts, Information()),
        factory.table("driver_outlook", driver_outlook, Information()),
        factory.table("price_features", price_features, Information(), DRIVERS),
        factory.table("feature_statistics", feature_statistics, Information(), DRIVERS),
    ]


def driver_forecasts(_day: DayContext, *, information_set: Info) -> Frame:
    """Load, wind and solar of each zone for D."""
    from energy_pipeline import features

    return features.driver_forecasts(information_set)


def driver_outlook(_day: DayContext, *, information_set: Info) -> Frame:
    """Load, wind and solar of each zone on the days after D."""
    from energy_pipeline import features

    return features.driver_outlook(information_set)


def price_features(_day: DayContext, *, information_set: Info) -> Frame:
    """Inputs of the price models for D."""
    from energy_pipeline import features

    return features.price_features(information_set)


def feature_statistics(_day: DayContext, *, information_set: Info) -> Frame:
    """What of those inputs is missing or has moved."""
    from energy_pipeline import features

    return features.feature_statistics(information_set)
