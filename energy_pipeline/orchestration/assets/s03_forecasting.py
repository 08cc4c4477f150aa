"""Forecasting: price forecasts for D, and their scores and value once D has come.

What belongs here: `price_forecasts`, `spread_forecasts`, `second_price_skill`, `forward_curve`, `forecast_models`,
`forecast_contributions` and `forecast_tuning` (decide), `forecast_diagnostics`, `forecast_scores`, `forecast_lead_errors`,
`forecast_value` and `forecast_comparison` (settle_final). What does not: any model.
"""

from __future__ import annotations

import dagster as dg

from energy_pipeline.orchestration.factory import AssetFactory, DayContext, Frame, Info
from energy_pipeline.orchestration.reads import Day, Information, OrderOnly, Raw, Window

COMPARISON_DAYS = 91
SCORE_DAYS = 8
"""The weekly naive needs the outcome of D-7."""
FITTED = OrderOnly("price_forecasts", "fits the models that are told about here")


def assets(factory: AssetFactory) -> list[dg.AssetsDefinition]:
    """All assets of the stage."""
    forecasts, outcomes = Day("price_forecasts"), (Raw("day_ahead_prices", SCORE_DAYS), Raw("second_prices", SCORE_DAYS))
    return [
        factory.table("price_forecasts", price_forecasts, Information()),
        factory.table("spread_forecasts", spread_forecasts, Information(), forecasts),
        factory.table("second_price_skill", second_price_skill, Information()),
        factory.table("forward_curve", forward_curve, Information(), forecasts),
        factory.table("forecast_models", forecast_models, Information(), FITTED),
        factory.table("forecast_contributions", forecast_contributions, Information(), FITTED),
        factory.table("forecast_tuning", forecast_tuning, Information()),
        factory.table("forecast_diagnostics", forecast_diagnostics, Information(), FITTED),
        factory.table("forecast_scores", forecast_scores, forecasts, *outcomes),
        factory.table(
            "forecast_lead_errors",
            forecast_lead_errors,
            Window("price_forecasts", lambda desk: desk.forecast.horizon_days, required=False),
            Raw("day_ahead_prices"),
            Raw("second_prices"),
        ),
        factory.table("forecast_value", forecast_value, forecasts, Raw("day_ahead_prices")),
        factory.table("forecast_comparison", forecast_comparison, Window("forecast_scores", COMPARISON_DAYS, required=False)),
    ]


def price_forecasts(day: DayContext, *, information_set: Info) -> Frame:
    """Every model's forecast for D."""
    from energy_pipeline import forecasting

    found = forecasting.price_forecasts(information_set, day.artefacts)
    day.session.keep_past()
    return found


def spread_forecasts(_day: DayContext, *, information_set: Info, price_forecasts: Frame) -> Frame:
    """Second price less day-ahead price."""
    from energy_pipeline import forecasting

    return forecasting.spread_forecasts(information_set, price_forecasts)


def second_price_skill(_day: DayContext, *, information_set: Info) -> Frame:
    """What past forecasts of the second price were worth."""
    from energy_pipeline import forecasting

    return forecasting.second_price_skill(information_set)


def forward_curve(_day: DayContext, *, information_set: Info, price_forecasts: Frame) -> Frame:
    """The forecast's shape at the level of the quotes."""
    from energy_pipeline import forecasting

    return forecasting.forward_curve(information_set, price_forecasts)


def forecast_models(day: DayContext, *, information_set: Info) -> Frame:
    """The committee's members: training, settings, recent errors, weights."""
    from energy_pipeline import forecasting

    return forecasting.forecast_models(information_set, day.artefacts)


def forecast_contributions(day: DayContext, *, information_set: Info) -> Frame:
    """Why each member says what it says."""
    from energy_pipeline import forecasting

    return forecasting.forecast_contributions(information_set, day.artefacts)


def forecast_tuning(_day: DayContext, *, information_set: Info) -> Frame:
    """Settings that training jobs search: what was used, and why."""
    from energy_pipeline import forecasting

    return forecasting.forecast_tuning(information_set)


def forecast_diagnostics(day: DayContext, *, information_set: Info) -> Frame:
    """Whether past errors look like noise."""
    from energy_pipeline import forecasting

    return forecasting.forecast_diagnostics(information_set, day.artefacts)


def forecast_scores(day: DayContext, *, price_forecasts: Frame, day_ahead_prices: Frame, second_prices: Frame) -> Frame:
    """Scores of D's forecasts against what came."""
    from energy_pipeline import forecasting

    return forecasting.score(day.desk, day.day, price_forecasts, day_ahead_prices, second_prices)


def forecast_lead_errors(day: DayContext, *, price_forecasts: Frame, day_ahead_prices: Frame, second_prices: Frame) -> Frame:
    """The published mean for D, by lead, against what came."""
    from energy_pipeline import forecasting

    return forecasting.lead_errors(day.desk, day.day, price_forecasts, day_ahead_prices, second_prices)


def forecast_value(day: DayContext, *, price_forecasts: Frame, day_ahead_prices: Frame) -> Frame:
    """What a battery committed on each of D's forecasts earned."""
    from energy_pipeline import forecasting

    return forecasting.forecast_value(day.desk, day.day, price_forecasts, day_ahead_prices)


def forecast_comparison(day: DayContext, *, forecast_scores: Frame) -> Frame:
    """The ensemble against each rival over the last settled days."""
    from energy_pipeline import forecasting

    return forecasting.forecast_comparison(day.day, forecast_scores)
