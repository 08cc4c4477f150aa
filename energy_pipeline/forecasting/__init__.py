"""Forecasting: prices of D and the week after, with quantiles, from what was known.

What belongs here: price models, their fitted artefacts, quantiles from past errors, the
forward curve, and the scores of settled days. What does not: features, scenarios, anything with positions.
"""

from energy_pipeline.forecasting.diagnostics import forecast_diagnostics
from energy_pipeline.forecasting.explain import forecast_contributions
from energy_pipeline.forecasting.forecasts import price_forecasts
from energy_pipeline.forecasting.forward_prices import forward_curve
from energy_pipeline.forecasting.model_card import forecast_models
from energy_pipeline.forecasting.past_errors import price_errors
from energy_pipeline.forecasting.scores import lead_errors, score
from energy_pipeline.forecasting.second_price import second_price_skill
from energy_pipeline.forecasting.settled import forecast_comparison, forecast_value
from energy_pipeline.forecasting.spread import spread_forecasts
from energy_pipeline.forecasting.tuning import forecast_tuning
from energy_pipeline.forecasting.vintages import price_vintages

__all__ = [
    "forecast_comparison",
    "forecast_contributions",
    "forecast_diagnostics",
    "forecast_models",
    "forecast_tuning",
    "forecast_value",
    "forward_curve",
    "lead_errors",
    "price_errors",
    "price_forecasts",
    "price_vintages",
    "score",
    "second_price_skill",
    "spread_forecasts",
]
