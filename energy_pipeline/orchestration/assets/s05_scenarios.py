"""Scenarios: joint day paths of prices and output, small sets beside them, and their scores.

What belongs here: `scenario_paths`, `scenario_summary`, `scenario_sets` (decide),
`scenario_scores` (settle_final). What does not: how paths are drawn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import dagster as dg

from energy_pipeline.orchestration.factory import AssetFactory, DayContext, Frame, Info
from energy_pipeline.orchestration.reads import Day, Information

if TYPE_CHECKING:
    from energy_pipeline.domain.history import ErrorHistory


def assets(factory: AssetFactory) -> list[dg.AssetsDefinition]:
    """All assets of the stage."""
    forecasts = (Information(), Day("price_forecasts"), Day("plant_output"))
    paths, sets = Day("scenario_paths"), Day("scenario_sets")
    return [
        factory.table("scenario_paths", scenario_paths, *forecasts, Day("spread_forecasts")),
        factory.table("scenario_summary", scenario_summary, paths),
        factory.table("scenario_sets", scenario_sets, *forecasts, paths),
        factory.table("scenario_scores", scenario_scores, paths, sets, Day("pnl"), Day("dispatch")),
    ]


def scenario_paths(day: DayContext, *, information_set: Info, price_forecasts: Frame, plant_output: Frame, spread_forecasts: Frame) -> Frame:
    """Paths around the forecasts, drawn from their joint past errors."""
    from energy_pipeline import scenarios

    return scenarios.scenario_paths(information_set, price_forecasts, plant_output, past_errors(day, information_set), spread_forecasts)


def fresh_paths(day: DayContext, info: Info, price_forecasts: Frame, plant_output: Frame, spread_forecasts: Frame) -> Frame:
    """A second set of paths, to judge what was decided on the first."""
    from energy_pipeline import scenarios

    return scenarios.scenario_paths(info, price_forecasts, plant_output, past_errors(day, info), spread_forecasts, stream="fresh")


def past_errors(day: DayContext, information_set: Info) -> list[ErrorHistory]:
    """Past errors of every price and plant."""
    from energy_pipeline import forecasting, renewables

    return [*forecasting.price_errors(information_set, day.artefacts), *renewables.output_errors(information_set, day.artefacts)]


def scenario_summary(day: DayContext, *, scenario_paths: Frame) -> Frame:
    """Mean, spread and quantiles of the paths, and of plants together."""
    from energy_pipeline import scenarios

    return scenarios.scenario_summary(scenario_paths, day.desk)


def scenario_sets(day: DayContext, *, information_set: Info, price_forecasts: Frame, plant_output: Frame, scenario_paths: Frame) -> Frame:
    """Past days, stresses, and representatives of day and week."""
    from energy_pipeline import scenarios

    return scenarios.scenario_sets(information_set, price_forecasts, plant_output, past_errors(day, information_set), scenario_paths)


def scenario_scores(day: DayContext, *, scenario_paths: Frame, scenario_sets: Frame, pnl: Frame, dispatch: Frame) -> Frame:
    """The day's set against what came."""
    from energy_pipeline import scenarios

    return scenarios.scenario_scores(day.desk, day.day, paths=scenario_paths, sets=scenario_sets, pnl=pnl, dispatch=dispatch)
