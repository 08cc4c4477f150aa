"""Forecasting: prices of D and the week after, with quantiles, from what was known.

What belongs here: price models, their fitted artefacts, quantiles from past errors and
the scores of settled days. What does not: features, scenarios, anything with positions.
"""

from energy_pipeline.forecasting.artefacts import ArtefactStore, MemoryArtefacts
from energy_pipeline.forecasting.forecasts import price_forecasts
from energy_pipeline.forecasting.past_errors import price_errors
from energy_pipeline.forecasting.scores import score
from energy_pipeline.forecasting.settled import forecast_comparison, forecast_value

__all__ = ["ArtefactStore", "MemoryArtefacts", "forecast_comparison", "forecast_value", "price_errors", "price_forecasts", "score"]
