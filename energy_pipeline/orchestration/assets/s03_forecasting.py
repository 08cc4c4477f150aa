"""Forecasting: price forecasts for D, and their scores and value once D has come.

What belongs here: `price_forecasts`, `spread_forecasts`, `forward_curve`, `forecast_models` and
`forecast_contributions` (decide), `forecast_scores`, `forecast_value` and `forecast_comparison` (settle_final). What does not: any model.
"""

from __future__ import annotations

from datetime import timedelta

import dagster as dg
import polars as pl

from energy_pipeline.orchestration.factory import AssetFactory, DayContext
from energy_pipeline.orchestration.partitions import look_back

COMPARISON_DAYS = 90
SCORE_DAYS = 7
"""The weekly naive needs the outcome of D-7."""


def assets(factory: AssetFactory) -> list[dg.AssetsDefinition]:
    """All assets of the stage."""
    outcomes = [look_back("day_ahead_prices", -SCORE_DAYS), look_back("second_prices", -SCORE_DAYS)]
    return [
        factory.table("price_forecasts", price_forecasts, ["information_set", "price_features"]),
        factory.table("spread_forecasts", spread_forecasts, ["information_set", "price_features"]),
        factory.table("forward_curve", forward_curve, ["information_set", "price_forecasts"]),
        factory.table("forecast_models", forecast_models, ["information_set", "price_forecasts"]),
        factory.table("forecast_contributions", forecast_contributions, ["information_set", "price_forecasts"]),
        factory.table("forecast_scores", forecast_scores, ["price_forecasts", *outcomes]),
        factory.table("forecast_value", forecast_value, ["price_forecasts", "day_ahead_prices"]),
        factory.table("forecast_comparison", forecast_comparison, [look_back("forecast_scores", -COMPARISON_DAYS)]),
    ]


def price_forecasts(day: DayContext) -> pl.DataFrame:
    """Every model's forecast for D."""
    from energy_pipeline import forecasting

    found = forecasting.price_forecasts(day.info, day.artefacts)
    day.session.keep_past()
    return found


def spread_forecasts(day: DayContext) -> pl.DataFrame:
    """Second price less day-ahead price."""
    from energy_pipeline import forecasting

    return forecasting.spread_forecasts(day.info)


def forward_curve(day: DayContext) -> pl.DataFrame:
    """The forecast's shape at the level of the quotes."""
    from energy_pipeline import forecasting

    return forecasting.forward_curve(day.info, day.read("price_forecasts"))


def forecast_models(day: DayContext) -> pl.DataFrame:
    """The committee's members: training, settings, recent errors, weights."""
    from energy_pipeline import forecasting

    return forecasting.forecast_models(day.info, day.artefacts)


def forecast_contributions(day: DayContext) -> pl.DataFrame:
    """Why the boosted trees say what they say."""
    from energy_pipeline import forecasting

    return forecasting.forecast_contributions(day.info, day.artefacts)


def forecast_scores(day: DayContext) -> pl.DataFrame:
    """Scores of D's forecasts against what came."""
    from energy_pipeline import forecasting

    first = day.day - timedelta(days=SCORE_DAYS)
    return forecasting.score(day.desk, day.day, day.read("price_forecasts"), day.raw("day_ahead_prices", first), day.raw("second_prices", first))


def forecast_value(day: DayContext) -> pl.DataFrame:
    """What a battery committed on each of D's forecasts earned."""
    from energy_pipeline import forecasting

    return forecasting.forecast_value(day.desk, day.day, day.read("price_forecasts"), day.raw("day_ahead_prices", day.day))


def forecast_comparison(day: DayContext) -> pl.DataFrame:
    """The ensemble against each rival over the last settled days."""
    from energy_pipeline import forecasting

    return forecasting.forecast_comparison(day.day, day.window("forecast_scores", day.day - timedelta(days=COMPARISON_DAYS)))
