"""Scenarios: joint day paths of prices and plant output from past forecast errors.

What belongs here: drawing paths and summing them up. What does not: the point forecasts
and their errors (forecasting, renewables), or what the paths are worth (portfolio, risk).
"""

from energy_pipeline.scenarios.paths import scenario_paths
from energy_pipeline.scenarios.summary import scenario_summary

__all__ = ["scenario_paths", "scenario_summary"]
