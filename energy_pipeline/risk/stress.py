"""Stresses: the expected day of the decided book, repriced when named things go wrong.

What belongs here: the shifts of prices and output, and the P&L under them. What does
not: which stresses there are (the desk says).

The expected day has the scenario means as prices and the expected outputs. A stress
multiplies and shifts the day-ahead price, shifts the second price (it does not follow the
day-ahead price by itself; where a zone has none, R = P moves along), and scales wind and
solar plants, at most to their capacity. Sales, schedules and hedges stay as decided.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from energy_pipeline.contracts import table
from energy_pipeline.desk import Desk
from energy_pipeline.desk.model import Stress
from energy_pipeline.domain.delivery import DeliveryDay, FloatArray
from energy_pipeline.portfolio.outlook import PlantExpectation, ZoneOutlook
from energy_pipeline.portfolio.pnl import ZoneBook, zone_legs

NO_STRESS = Stress(name="expected", description="The expected day.")


def stress_results(desk: Desk, day: DeliveryDay, books: dict[str, ZoneBook], outlooks: dict[str, ZoneOutlook]) -> pl.DataFrame:
    """P&L of the day under each stress of the desk; frame of the table stress_results."""
    expected = stressed_pnl_eur(NO_STRESS, books, outlooks)
    rows = []
    for stress in desk.stress:
        pnl = stressed_pnl_eur(stress, books, outlooks)
        row = {"stress": stress.name, "description": stress.description, "pnl_eur": pnl, "change_eur": pnl - expected}
        rows.append({"delivery_day": day.day, **row})
    return table("stress_results").frame(rows or None)


def stressed_pnl_eur(stress: Stress, books: dict[str, ZoneBook], outlooks: dict[str, ZoneOutlook]) -> float:
    """P&L of the book on the expected day under one stress [EUR]."""
    total = 0.0
    for zone, book in books.items():
        hit = stress if not stress.zones or zone in stress.zones else NO_STRESS
        total += float(_zone_pnl(hit, book, outlooks[zone]).sum())
    return total


def _zone_pnl(stress: Stress, book: ZoneBook, outlook: ZoneOutlook) -> FloatArray:
    price = outlook.price.mean(axis=0) * stress.day_ahead_factor + stress.day_ahead_shift_eur_mwh
    second = outlook.second.mean(axis=0) + stress.second_shift_eur_mwh if outlook.has_second else price
    output = outlook.schedule_mw + sum((_stressed_output(stress, p) for p in outlook.plants), np.zeros(outlook.grid.size))
    return zone_legs(book, price, second, output).total()


def _stressed_output(stress: Stress, plant: PlantExpectation) -> FloatArray:
    scaled = plant.output_mw * (stress.wind_factor if plant.technology == "wind" else stress.solar_factor)
    if plant.capacity_mw is None:
        return scaled
    return np.minimum(scaled, np.maximum(plant.capacity_mw, plant.output_mw))
