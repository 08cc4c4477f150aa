"""Renewables: expected output of each plant.

What belongs here: `plant_output`. What does not: how it is made.
"""

from __future__ import annotations

import dagster as dg
import polars as pl

from energy_pipeline.orchestration.factory import AssetFactory, DayContext


def assets(factory: AssetFactory) -> list[dg.AssetsDefinition]:
    """All assets of the stage."""
    return [factory.table("plant_output", plant_output, ["information_set", "driver_forecasts"])]


def plant_output(day: DayContext) -> pl.DataFrame:
    """E[g | gate] of each plant."""
    from energy_pipeline import renewables

    return renewables.plant_output(day.info)
