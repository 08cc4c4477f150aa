"""What each plant earned: the plants' part of the book's legs.

What belongs here: `plant_results`. What does not: the book's legs (`settle`), or what rights and stores earn (`asset_cash`).
"""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from energy_pipeline.book.clearing import steps_of, taken_share
from energy_pipeline.book.grid import on_grid, zone_grid
from energy_pipeline.contracts import table
from energy_pipeline.desk import Desk
from energy_pipeline.portfolio.settle import Came, auction_price, plant_given, second_price


def plant_results(desk: Desk, day: date, plant_output: pl.DataFrame, came: Came) -> pl.DataFrame:
    """What each plant earned on a delivered day, per interval: the plants' part of the legs `physical` and `deviation` of pnl.

    Returns
    -------
    frame of the table plant_results

    Raises
    ------
    MissingDayError
        When a plant's zone lacks an auction price.
    """
    frames = [table("plant_results").frame()]
    for name, plant in sorted(desk.plants.items()):
        grid = zone_grid(desk, desk.delivery_day(day), plant.zone)
        price = auction_price(came.day_ahead_prices, plant.zone, grid)
        second, no_second = second_price(desk, plant.zone, grid, came.second_prices, price)
        given, _, no_meter = plant_given(desk, name, grid, plant_output, came, price)
        expected = np.nan_to_num(on_grid(plant_output.filter(pl.col("plant") == name), "output_mw", grid))
        if step := steps_of(desk, plant.zone).get(name):
            expected = expected * taken_share(desk, step, grid, price, came.accepted)
        physical, deviation = grid.hours * price * given, grid.hours * (second - price) * (given - expected)
        data = {
            "delivery_day": [day] * grid.size,
            "plant": [name] * grid.size,
            "zone": [plant.zone] * grid.size,
            "delivery_start": grid.starts(),
            "resolution_minutes": [grid.minutes] * grid.size,
            "expected_mw": expected + 0.0,
            "output_mw": given + 0.0,
            "output_mwh": grid.hours * given + 0.0,
            "is_estimated": no_meter | no_second,
            "price_da_eur_mwh": price,
            "price_second_eur_mwh": second,
            "physical_eur": physical + 0.0,
            "deviation_eur": deviation + 0.0,
            "pnl_eur": physical + deviation + 0.0,
        }
        frames.append(table("plant_results").frame(data))
    return pl.concat(frames)
