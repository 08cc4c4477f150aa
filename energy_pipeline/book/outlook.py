"""What may happen on the day, as arrays: scenarios of prices and output per zone.

What belongs here: reading scenario paths, expected outputs and schedules into arrays
that the optimiser and risk share. What does not: drawing scenarios.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from energy_pipeline.book.grid import Grid, on_grid, zone_grid
from energy_pipeline.book.scenario_matrix import ScenarioMatrix, scenario_matrices
from energy_pipeline.desk import Desk
from energy_pipeline.domain.delivery import DeliveryDay, FloatArray
from energy_pipeline.domain.errors import MissingDayError
from energy_pipeline.information.resolution import convert


@dataclass(frozen=True)
class PlantExpectation:
    """Expected output of one plant on its zone's intervals."""

    plant: str
    technology: str
    output_mw: FloatArray
    capacity_mw: float | None


@dataclass(frozen=True)
class ZoneOutlook:
    """One zone's day: expected and in scenarios.

    Attributes
    ----------
    price, second, output_mw : arrays, shape (scenarios, intervals)
        P, R (= P where the zone has no second price) [EUR/MWh] and g [MW].
    has_second : bool
        Whether R is a price of its own.
    plants : tuple of PlantExpectation
    schedule_mw : array, shape (intervals,)
        Net committed schedule of the flexible assets.
    """

    zone: str
    grid: Grid
    price: FloatArray
    second: FloatArray
    output_mw: FloatArray
    has_second: bool
    plants: tuple[PlantExpectation, ...]
    schedule_mw: FloatArray

    @property
    def expected_mw(self) -> FloatArray:
        """E[g | gate]: expected plant output and committed schedule, shape (intervals,)."""
        return self.schedule_mw + sum((p.output_mw for p in self.plants), np.zeros(self.grid.size))


def schedule_on(dispatch: pl.DataFrame, zone: str, grid: Grid) -> FloatArray:
    """Net committed schedule of a zone's assets [MW], shape (intervals,)."""
    total = np.zeros(grid.size)
    for part in dispatch.filter(pl.col("zone") == zone).sort("asset", "delivery_start").partition_by("asset", maintain_order=True):
        total = total + _complete(on_grid(part, "net_mw", grid), "dispatch", grid, f"asset {part['asset'][0]}")
    return total


def zone_outlooks(
    desk: Desk, day: DeliveryDay, zones: list[str], scenario_paths: pl.DataFrame, plant_output: pl.DataFrame, dispatch: pl.DataFrame
) -> dict[str, ZoneOutlook]:
    """Outlook of each zone, in the order given.

    A plant without scenario rows keeps its expected output in every scenario. A zone
    without second-price rows has R = P.

    Raises
    ------
    MissingDayError
        When a zone has no price scenarios, or a plant or auction asset of the desk no rows.
    ContractError
        When the scenarios of a series have a hole or a row twice.
    """
    _require_all(desk, day, zones, plant_output, dispatch)
    series = scenario_matrices(scenario_paths, day)
    return {zone: _zone_outlook(zone, zone_grid(desk, day, zone), series, plant_output, dispatch) for zone in zones}


def _zone_outlook(
    zone: str, grid: Grid, series: dict[tuple[str, str], ScenarioMatrix], plant_output: pl.DataFrame, dispatch: pl.DataFrame
) -> ZoneOutlook:
    price = _paths(series.get(("day_ahead_price", zone)), grid)
    if price is None:
        raise MissingDayError("scenario_paths", [grid.day.day], f"zone {zone} has a position but no day_ahead_price scenarios; run scenarios for it")
    second = _paths(series.get(("second_price", zone)), grid)
    schedule = schedule_on(dispatch, zone, grid)
    plants = _plants(plant_output, zone, grid)
    output = np.broadcast_to(schedule, price.shape).copy()
    for plant in plants:
        path = _paths(series.get(("plant_output", plant.plant)), grid)
        output += plant.output_mw if path is None else path
    return ZoneOutlook(
        zone=zone,
        grid=grid,
        price=price,
        second=price if second is None else second,
        output_mw=output,
        has_second=second is not None,
        plants=plants,
        schedule_mw=schedule,
    )


def _plants(plant_output: pl.DataFrame, zone: str, grid: Grid) -> tuple[PlantExpectation, ...]:
    rows = plant_output.filter(pl.col("zone") == zone).sort("plant", "delivery_start")
    return tuple(
        PlantExpectation(
            plant=part["plant"][0],
            technology=part["technology"][0],
            output_mw=_complete(on_grid(part, "output_mw", grid), "plant_output", grid, f"plant {part['plant'][0]}"),
            capacity_mw=part["capacity_mw"][0],
        )
        for part in rows.partition_by("plant", maintain_order=True)
    )


def _paths(series: ScenarioMatrix | None, grid: Grid) -> FloatArray | None:
    """Scenario values on the zone's intervals, shape (scenarios, intervals); None when the series has none."""
    return None if series is None else convert(series.values, series.minutes, grid.minutes)


def _complete(values: FloatArray, table: str, grid: Grid, what: str) -> FloatArray:
    missing = int(np.isnan(values).sum())
    if missing:
        raise MissingDayError(table, [grid.day.day], f"{what} lacks {missing} of {grid.size} intervals; rerun the stage")
    return values


def _require_all(desk: Desk, day: DeliveryDay, zones: list[str], plant_output: pl.DataFrame, dispatch: pl.DataFrame) -> None:
    plants = set(plant_output["plant"].unique().to_list())
    assets = set(dispatch["asset"].unique().to_list())
    no_plant = [n for n, p in desk.plants.items() if p.zone in zones and n not in plants]
    no_asset = [n for n, a in desk.assets.items() if a.zone in zones and a.information == "auction" and n not in assets]
    if no_plant:
        raise MissingDayError("plant_output", [day.day], f"no rows for plants {', '.join(no_plant)}; rerun renewables")
    if no_asset:
        raise MissingDayError("dispatch", [day.day], f"no rows for assets {', '.join(no_asset)}; rerun flexibility")
