"""Renewables: expected output of each plant and of the fleet.

What belongs here: `plant_output`, `fleet_output`, `fleet_summary`. What does not: how they are made.
"""

from __future__ import annotations

import dagster as dg
import polars as pl

from energy_pipeline.orchestration.factory import AssetFactory, DayContext


def assets(factory: AssetFactory) -> list[dg.AssetsDefinition]:
    """All assets of the stage."""
    return [
        factory.table("plant_output", plant_output, ["information_set", "driver_forecasts", "price_forecasts"]),
        factory.table("fleet_output", fleet_output, ["plant_output"]),
        factory.table("fleet_summary", fleet_summary, ["information_set", "fleet_output"]),
    ]


def plant_output(day: DayContext) -> pl.DataFrame:
    """E[g | gate] of each plant."""
    from energy_pipeline import renewables

    has_rule = any(plant.curtail_below_eur_mwh is not None for plant in day.desk.plants.values())
    found = renewables.plant_output(day.info, day.read("price_forecasts") if has_rule else None, day.artefacts)
    day.session.keep_past()
    return found


def fleet_output(day: DayContext) -> pl.DataFrame:
    """Expected output per plant, zone and portfolio."""
    from energy_pipeline import renewables

    return renewables.fleet_output(day.read("plant_output"), day.desk.name)


def fleet_summary(day: DayContext) -> pl.DataFrame:
    """Energy, capacity factor and complementarity."""
    from energy_pipeline import renewables

    return renewables.fleet_summary(day.info, day.read("fleet_output"))
