"""Renewables: expected output of each plant and of the fleet.

What belongs here: `plant_output`, `fleet_output`, `fleet_summary`. What does not: how they are made.
"""

from __future__ import annotations

import dagster as dg

from energy_pipeline.orchestration.assets.s02_features import DRIVERS
from energy_pipeline.orchestration.factory import AssetFactory, DayContext, Frame, Info
from energy_pipeline.orchestration.reads import Day, Information


def assets(factory: AssetFactory) -> list[dg.AssetsDefinition]:
    """All assets of the stage."""
    return [
        factory.table("plant_output", plant_output, Information(), DRIVERS, Day("price_forecasts")),
        factory.table("fleet_output", fleet_output, Day("plant_output")),
        factory.table("fleet_summary", fleet_summary, Information(), Day("fleet_output")),
    ]


def plant_output(day: DayContext, *, information_set: Info, price_forecasts: Frame) -> Frame:
    """E[g | gate] of each plant."""
    from energy_pipeline import renewables

    found = renewables.plant_output(information_set, price_forecasts, day.artefacts)
    day.session.keep_past()
    return found


def fleet_output(day: DayContext, *, plant_output: Frame) -> Frame:
    """Expected output per plant, zone and portfolio."""
    from energy_pipeline import renewables

    return renewables.fleet_output(plant_output, day.desk.name)


def fleet_summary(_day: DayContext, *, information_set: Info, fleet_output: Frame) -> Frame:
    """Energy, capacity factor and complementarity."""
    from energy_pipeline import renewables

    return renewables.fleet_summary(information_set, fleet_output)
