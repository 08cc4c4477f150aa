"""Renewables: expected output of the desk's wind and solar plants, and how wrong it was before.

What belongs here: physical plant models, what meters teach about their errors, shares of zone
output, persistence of meters, sums over plants, and the past errors of all of them. What does not: forecasts of the zone's wind and solar
(features), scenario draws (scenarios), settlement against meters (portfolio).
"""

from energy_pipeline.renewables.fleet import fleet_output, fleet_summary
from energy_pipeline.renewables.output import output_errors, plant_output

__all__ = ["fleet_output", "fleet_summary", "output_errors", "plant_output"]
