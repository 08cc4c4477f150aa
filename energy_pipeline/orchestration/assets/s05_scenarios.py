"""Scenarios: joint day paths of prices and output.

What belongs here: `scenario_paths`, `scenario_summary`. What does not: how paths are drawn.
"""

from __future__ import annotations

import dagster as dg
import polars as pl

from energy_pipeline.orchestration.factory import AssetFactory, DayContext


def assets(factory: AssetFactory) -> list[dg.AssetsDefinition]:
    """All assets of the stage."""
    return [
        factory.table("scenario_paths", scenario_paths, ["information_set", "price_forecasts", "plant_output"]),
        factory.table("scenario_summary", scenario_summary, ["scenario_paths"]),
    ]


def scenario_paths(day: DayContext) -> pl.DataFrame:
    """Paths around the forecasts, drawn from their joint past errors."""
    from energy_pipeline import forecasting, renewables, scenarios

    errors = [*forecasting.price_errors(day.info, day.artefacts), *renewables.output_errors(day.info, day.artefacts)]
    return scenarios.scenario_paths(day.info, day.read("price_forecasts"), day.read("plant_output"), errors)


def scenario_summary(day: DayContext) -> pl.DataFrame:
    """Mean, spread and quantiles of the paths."""
    from energy_pipeline import scenarios

    return scenarios.scenario_summary(day.read("scenario_paths"))
