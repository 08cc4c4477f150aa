"""What may happen on the day, as arrays: scenarios of prices and output per zone.

What belongs here: reading scenario paths, expected outputs and schedules into arrays
that the optimiser and risk share, and what an auction takes and stores do in each scenario: the same
as at settlement. What does not: drawing scenarios.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from energy_pipeline.book.clearing import Step, cleared, earned_eur, steps_of
from energy_pipeline.book.grid import Grid, on_grid, zone_grid
from energy_pipeline.book.scenario_matrix import ScenarioMatrix, scenario_matrices
from energy_pipeline.desk import Desk
from energy_pipeline.desk.flexibility import AtLimit
from energy_pipeline.domain.delivery import DeliveryDay, FloatArray
from energy_pipeline.domain.errors import MissingDayError
from energy_pipeline.information.resolution import convert


@dataclass(frozen=True)
class PlantExpectation:
    """Expected output of one plant on its zone's intervals, and the step it is bid in, if any."""

    plant: str
    technology: str
    output_mw: FloatArray
    capacity_mw: float | None
    step: Step | None = None


@dataclass(frozen=True)
class Acting:
    """A store whose day hangs on the price: one that acts on the second price as it comes, without a fee, or orders an auction clears.

    Attributes
    ----------
    asset, zone : str
    run : function of prices (scenarios, intervals)
        What it gives to the grid [MW] and its wear [EUR], of that shape each.
    planned : tuple of arrays, shape (intervals,), or None
        Of orders in the auction: what the schedule says it gives [MW], and its wear [EUR]. None: it acts on the second price.
    """

    asset: str
    zone: str
    run: Callable[[FloatArray], tuple[FloatArray, FloatArray]]
    planned: tuple[FloatArray, FloatArray] | None = None


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
    rejected_mw, scheme_eur : arrays, shape (scenarios or 1, intervals)
        What of the expected output stands in orders that are rejected, and what schemes pay less variable cost and wear beyond plan.
    acted_mw, wear_eur : arrays, shape (scenarios or 1, intervals)
        What stores that act on R give to the grid beside `output_mw`, and their wear.
    """

    zone: str
    grid: Grid
    price: FloatArray
    second: FloatArray
    output_mw: FloatArray
    has_second: bool
    plants: tuple[PlantExpectation, ...]
    schedule_mw: FloatArray
    rejected_mw: FloatArray
    scheme_eur: FloatArray
    acted_mw: FloatArray
    wear_eur: FloatArray
    acting: tuple[Acting, ...] = ()
    at_limit: AtLimit = "none"

    @property
    def expected_mw(self) -> FloatArray:
        """E[g | gate]: expected plant output and committed schedule, shape (intervals,)."""
        return self.schedule_mw + sum((p.output_mw for p in self.plants), np.zeros(self.grid.size))

    @property
    def acted_eur(self) -> FloatArray:
        """What acting stores earn at R less wear [EUR], shape (scenarios or 1, intervals)."""
        return np.asarray(self.grid.hours * self.second * self.acted_mw - self.wear_eur)

    def came(self, price: FloatArray, second: FloatArray, outputs_mw: Sequence[FloatArray]) -> ZoneOutlook:
        """The outlook as these prices and outputs come, shape (scenarios, intervals) each; outputs in the order of the plants."""
        none = np.zeros((1, self.grid.size))
        output, rejected, scheme, acted, wear = np.broadcast_to(self.schedule_mw, price.shape).copy(), none, none, none, none
        for plant, possible in zip(self.plants, outputs_mw, strict=True):
            given = possible
            if plant.step is not None:
                taken = cleared(plant.step.limit_eur_mwh, price, self.at_limit)
                given = taken * possible
                rejected = rejected + (1.0 - taken) * plant.output_mw
                scheme = scheme + earned_eur(plant.step, self.grid.hours, given, price)
            output += given
        for store in self.acting:
            if store.planned is None:
                net, cost = store.run(second)
                acted, wear = acted + net, wear + cost
                continue
            net, cost = store.run(price)
            planned_mw, planned_eur = store.planned
            output += net - planned_mw
            rejected, scheme = rejected + planned_mw - net, scheme - (cost - planned_eur)
        cleared_part = replace(self, price=price, second=second, output_mw=output, rejected_mw=rejected, scheme_eur=scheme)
        return replace(cleared_part, acted_mw=acted, wear_eur=wear)


def schedule_on(dispatch: pl.DataFrame, zone: str, grid: Grid) -> FloatArray:
    """Net committed schedule of a zone's assets [MW], shape (intervals,)."""
    total = np.zeros(grid.size)
    for part in dispatch.filter(pl.col("zone") == zone).sort("asset", "delivery_start").partition_by("asset", maintain_order=True):
        total = total + _complete(on_grid(part, "net_mw", grid), "dispatch", grid, f"asset {part['asset'][0]}")
    return total


def zone_outlooks(
    desk: Desk,
    day: DeliveryDay,
    zones: list[str],
    scenario_paths: pl.DataFrame,
    plant_output: pl.DataFrame,
    dispatch: pl.DataFrame,
    acting: Sequence[Acting] = (),
) -> dict[str, ZoneOutlook]:
    """Outlook of each zone, in the order given; with what stores do that act on prices as they come.

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
    return {
        zone: _zone_outlook(desk, zone, zone_grid(desk, day, zone), series, plant_output, dispatch, tuple(a for a in acting if a.zone == zone))
        for zone in zones
    }


def _zone_outlook(
    desk: Desk,
    zone: str,
    grid: Grid,
    series: dict[tuple[str, str], ScenarioMatrix],
    plant_output: pl.DataFrame,
    dispatch: pl.DataFrame,
    acting: tuple[Acting, ...],
) -> ZoneOutlook:
    price = _paths(series.get(("day_ahead_price", zone)), grid)
    if price is None:
        raise MissingDayError("scenario_paths", [grid.day.day], f"zone {zone} has a position but no day_ahead_price scenarios; run scenarios for it")
    second = _paths(series.get(("second_price", zone)), grid)
    schedule, none = schedule_on(dispatch, zone, grid), np.zeros((1, grid.size))
    plants = _plants(desk, plant_output, zone, grid)
    paths = [_paths(series.get(("plant_output", plant.plant)), grid) for plant in plants]
    outputs = [plant.output_mw if path is None else path for plant, path in zip(plants, paths, strict=True)]
    empty = ZoneOutlook(
        zone=zone,
        grid=grid,
        price=price,
        second=price if second is None else second,
        output_mw=none,
        has_second=second is not None,
        plants=plants,
        schedule_mw=schedule,
        rejected_mw=none,
        scheme_eur=none,
        acted_mw=none,
        wear_eur=none,
        acting=acting,
        at_limit=desk.flexibility.at_limit,
    )
    return empty.came(empty.price, empty.second, outputs)


def _plants(desk: Desk, plant_output: pl.DataFrame, zone: str, grid: Grid) -> tuple[PlantExpectation, ...]:
    rows, steps = plant_output.filter(pl.col("zone") == zone).sort("plant", "delivery_start"), steps_of(desk, zone)
    return tuple(
        PlantExpectation(
            plant=part["plant"][0],
            technology=part["technology"][0],
            output_mw=_complete(on_grid(part, "output_mw", grid), "plant_output", grid, f"plant {part['plant'][0]}"),
            capacity_mw=part["capacity_mw"][0],
            step=steps.get(part["plant"][0]),
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
