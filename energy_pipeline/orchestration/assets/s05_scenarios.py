"""Scenarios: joint day paths of prices and output, small sets beside them, and their scores.

What belongs here: `scenario_paths`, `scenario_summary`, `scenario_sets` (decide),
`scenario_scores` (settle_final). What does not: how paths are drawn.
"""

from __future__ import annotations

import dagster as dg
import polars as pl

from energy_pipeline.domain.history import ErrorHistory
from energy_pipeline.orchestration.factory import AssetFactory, DayContext


def assets(factory: AssetFactory) -> list[dg.AssetsDefinition]:
    """All assets of the stage."""
    return [
        factory.table("scenario_paths", scenario_paths, ["information_set", "price_forecasts", "plant_output"]),
        factory.table("scenario_summary", scenario_summary, ["scenario_paths"]),
        factory.table("scenario_sets", scenario_sets, ["information_set", "price_forecasts", "plant_output", "scenario_paths"]),
        factory.table("scenario_scores", scenario_scores, ["scenario_paths", "scenario_sets", "pnl", "dispatch"]),
    ]


def scenario_paths(day: DayContext) -> pl.DataFrame:
    """Paths around the forecasts, drawn from their joint past errors."""
    from energy_pipeline import scenarios

    return scenarios.scenario_paths(day.info, day.read("price_forecasts"), day.read("plant_output"), past_errors(day))


def past_errors(day: DayContext) -> list[ErrorHistory]:
    """Past errors of every price and plant."""
    from energy_pipeline import forecasting, renewables

    return [*forecasting.price_errors(day.info, day.artefacts), *renewables.output_errors(day.info, day.artefacts)]


def scenario_summary(day: DayContext) -> pl.DataFrame:
    """Mean, spread and quantiles of the paths."""
    from energy_pipeline import scenarios

    return scenarios.scenario_summary(day.read("scenario_paths"))


def scenario_sets(day: DayContext) -> pl.DataFrame:
    """Past days, stresses, and representatives of day and week."""
    from energy_pipeline import scenarios

    return scenarios.scenario_sets(day.info, day.read("price_forecasts"), day.read("plant_output"), past_errors(day), day.read("scenario_paths"))


def scenario_scores(day: DayContext) -> pl.DataFrame:
    """The day's set against what came."""
    from energy_pipeline import scenarios

    return scenarios.scenario_scores(day.desk, day.day, *(day.read(t) for t in ("scenario_paths", "scenario_sets", "pnl", "dispatch")))
