"""Renewables: expected output of the desk's wind and solar plants, and how wrong it was before.

What belongs here: physical plant models, shares of zone output, persistence of meters, and
the past errors of all of them. What does not: forecasts of the zone's wind and solar
(features), scenario draws (scenarios), settlement against meters (portfolio).
"""

from energy_pipeline.renewables.output import output_errors, plant_output

__all__ = ["output_errors", "plant_output"]
