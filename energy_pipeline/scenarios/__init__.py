"""Scenarios: joint paths of prices, output, load and fuels for the day and the week.

What belongs here: drawing paths, summing them up, choosing few for many, scoring them. What
does not: the point forecasts and their errors (forecasting, renewables), or what the paths are
worth (flexibility, portfolio, risk).
"""

from energy_pipeline.scenarios.paths import scenario_paths
from energy_pipeline.scenarios.scores import scenario_scores
from energy_pipeline.scenarios.sets import scenario_sets
from energy_pipeline.scenarios.summary import scenario_summary
from energy_pipeline.scenarios.week import WeekSet, week_set

__all__ = ["WeekSet", "scenario_paths", "scenario_scores", "scenario_sets", "scenario_summary", "week_set"]
