"""What the decided book earned: day-ahead revenue after the auction, full P&L after delivery.

What belongs here: realised prices and outputs into the P&L kernel, and what stands in
where one is missing. What does not: the decision, or scores of forecasts.

Raw frames hold the latest vintages of the day. A missing auction price is an error. A
missing meter (or zone output, for shares) is replaced by the expected output, a missing
second price by the day-ahead price, so that the interval's deviation earns nothing; both
set `is_estimated`, and a later settlement with the late vintage replaces them. A value that is held (table
`held_hours`) is missing in its own table, so it is never booked; `held_h` says how long, and the day is provisional.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

import numpy as np
import polars as pl

from energy_pipeline.book.acceptance import unsold_mw
from energy_pipeline.book.clearing import earned_eur, not_sold_mw, steps_of, taken_share
from energy_pipeline.book.grid import Grid, on_grid, zone_grid
from energy_pipeline.book.outlook import schedule_on
from energy_pipeline.book.pnl import ZoneBook, zone_legs
from energy_pipeline.book.positions import DAY_AHEAD, half_spread_eur_h, hedge_legs, zone_books
from energy_pipeline.contracts import table
from energy_pipeline.desk import Desk
from energy_pipeline.desk.model import SharePlant
from energy_pipeline.domain.delivery import MICROSECONDS_PER_MINUTE, DeliveryDay, FloatArray
from energy_pipeline.domain.errors import MissingDayError
from energy_pipeline.flexibility.execution import Executed
from energy_pipeline.information.raw_frames import first_vintages, last_known

RAW = ("day_ahead_prices", "second_prices", "plant_meters", "generation_actual", "held_hours")
BoolArray = np.ndarray[tuple[int], np.dtype[np.bool_]]


@dataclass(frozen=True)
class Realised:
    """One zone's day as it came, shape (intervals,) each."""

    price: FloatArray
    second: FloatArray
    output_mw: FloatArray
    is_estimated: BoolArray
    held_h: FloatArray


@dataclass(frozen=True)
class Acted:
    """What a sequential store did, shape (intervals,) each: traded at the second price as it came, without fee.

    Attributes
    ----------
    zone : str
    net_mw, cost_eur, price_eur_mwh : arrays
        Given to the grid, wear, and the price it acted on.
    begin_mwh, end_mwh : float
        Content.
    """

    zone: str
    net_mw: FloatArray
    cost_eur: FloatArray
    price_eur_mwh: FloatArray
    begin_mwh: float
    end_mwh: float


@dataclass(frozen=True)
class Came:
    """What came of a day: raw frames, any resolution.

    Attributes
    ----------
    day_ahead_prices, second_prices, plant_meters, generation_actual, held_hours : frames
        In their latest vintages.
    accepted : frame, optional
        What the auction said it took of the day's bid lines (`book.acceptance.of_lines`).
    """

    day_ahead_prices: pl.DataFrame
    second_prices: pl.DataFrame
    plant_meters: pl.DataFrame
    generation_actual: pl.DataFrame
    held_hours: pl.DataFrame
    accepted: pl.DataFrame | None = None

    def first_vintages(self) -> Came:
        """As it was when each row first came."""
        return replace(self, **{name: first_vintages(name, getattr(self, name)) for name in RAW})

    @property
    def known_at(self) -> datetime | None:
        """When the last of it was known, UTC; None when nothing came."""
        return last_known(*(getattr(self, name) for name in RAW))


def settle_day_ahead(
    desk: Desk,
    day: date,
    positions: pl.DataFrame,
    day_ahead_prices: pl.DataFrame,
    plant_output: pl.DataFrame | None = None,
    accepted: pl.DataFrame | None = None,
    executed: Executed | None = None,
) -> pl.DataFrame:
    """Revenue of the auction and result of the hedges, per instrument and interval.

    `entry_price_eur_mwh` of a contract is the average of its opening and traded prices by
    size; where all are bought (or all sold), revenue is position x (price - entry).

    Parameters
    ----------
    day : date
        Delivery day.
    positions, day_ahead_prices : frames
        Of the day; prices in their latest vintage.
    plant_output : frame, optional
        Of the day: what was bid in steps (`book.clearing`); without it no step was bid.
    accepted, executed : frame and Executed, optional
        What the auction said it took, and the batteries' orders as it took them.

    Returns
    -------
    frame of the table pnl_day_ahead

    Raises
    ------
    MissingDayError
        When a zone with a position lacks an auction price.
    """
    delivery = desk.delivery_day(day)
    frames = [table("pnl_day_ahead").frame()]
    for part in positions.sort("zone", "instrument", "delivery_start").partition_by("zone", "instrument", maintain_order=True):
        grid = zone_grid(desk, delivery, part["zone"][0])
        price = auction_price(day_ahead_prices, part["zone"][0], grid)
        rejected = np.zeros(grid.size)
        if plant_output is not None and part["instrument"][0] == DAY_AHEAD:
            zone = part["zone"][0]
            rejected = not_sold_mw(desk, zone, grid, plant_output, price, accepted) + not_taken_mw(executed, zone, grid)
            rejected = rejected + unsold_mw(accepted, zone, grid)
        frames.append(_day_ahead_rows(desk, delivery, part, grid, price, rejected))
    return pl.concat(frames)


def _day_ahead_rows(desk: Desk, day: DeliveryDay, rows: pl.DataFrame, grid: Grid, price: FloatArray, rejected_mw: FloatArray) -> pl.DataFrame:
    position = on_grid(rows, "position_mw", grid) + rejected_mw
    entry, proxy, cost = None, False, np.zeros(grid.size)
    revenue = -grid.hours * price * position
    if rows["instrument"][0] != DAY_AHEAD:
        legs = hedge_legs(desk, day, rows, grid)
        none = np.zeros(grid.size)
        found = zone_legs(ZoneBook(grid.hours, none, none, none, 0.0, legs), price, price, none)
        revenue, cost = found.hedge + found.hedge_proxy, grid.hours * half_spread_eur_h(rows, grid)
        size = sum(float(np.abs(leg.power_mw).max()) for leg in legs)
        paid = sum(float(np.abs(leg.power_mw).max()) * leg.price_eur_mwh for leg in legs)
        entry = paid / size if size else float(rows["reference_price_eur_mwh"][0])
        proxy = any(leg.is_proxy for leg in legs)
    data = {
        "delivery_day": [day.day] * grid.size,
        "zone": [rows["zone"][0]] * grid.size,
        "instrument": [rows["instrument"][0]] * grid.size,
        "delivery_start": grid.starts(),
        "resolution_minutes": [grid.minutes] * grid.size,
        "position_mw": position,
        "price_eur_mwh": price,
        "entry_price_eur_mwh": [entry] * grid.size,
        "revenue_eur": revenue + 0.0,
        "cost_eur": cost,
        "is_proxy": [proxy] * grid.size,
    }
    return table("pnl_day_ahead").frame(data).filter(pl.Series(~np.isnan(position)))


def settle_final(
    desk: Desk,
    day: date,
    positions: pl.DataFrame,
    plant_output: pl.DataFrame,
    dispatch: pl.DataFrame,
    came: Came,
    acts: Iterable[Acted] = (),
    executed: Executed | None = None,
) -> pl.DataFrame:
    """P&L of a delivered day per zone and interval, in legs that add up.

    Parameters
    ----------
    positions, plant_output, dispatch : frames
        What was decided and expected.
    came : Came
        What came; the latest `known_at` of it is the `settled_as_of` of the rows.
    acts : iterable of Acted
        Sequential stores: their output is physical at P and deviation at R - P, their wear a cost.
    executed : Executed, optional
        Batteries' orders as the auction took them; without it all is as planned.

    Returns
    -------
    frame of the table pnl

    Raises
    ------
    MissingDayError
        When a zone with a position lacks an auction price.
    """
    delivery = desk.delivery_day(day)
    frames, given = [table("pnl").frame()], dispatch if executed is None else executed.dispatch
    for zone, book in zone_books(desk, delivery, positions, given).items():
        grid = zone_grid(desk, delivery, zone)
        price = auction_price(came.day_ahead_prices, zone, grid)
        second, no_second = second_price(desk, zone, grid, came.second_prices, price)
        output, no_meter, earned = _output(desk, zone, grid, plant_output, came, price)
        rejected = not_sold_mw(desk, zone, grid, plant_output, price, came.accepted) + not_taken_mw(executed, zone, grid)
        sold, cost = book.sold_mw - rejected - unsold_mw(came.accepted, zone, grid), book.cost_eur - earned
        cleared_book = replace(book, sold_mw=sold, expected_mw=book.expected_mw - rejected, cost_eur=cost)
        held_h = held_hours_of(desk, zone, grid, came.held_hours)
        realised = Realised(price, second, output + schedule_on(given, zone, grid), no_second | no_meter, held_h)
        frames.append(_pnl_rows(desk, zone, grid, cleared_book, realised, came.known_at, [act for act in acts if act.zone == zone]))
    return pl.concat(frames).sort("zone", "delivery_start")


def not_taken_mw(executed: Executed | None, zone: str, grid: Grid) -> FloatArray:
    """What of a zone's planned schedules was not sold, less what of its purchases was not bought [MW], shape (intervals,)."""
    if executed is None or executed.is_as_planned:
        return np.zeros(grid.size)
    return schedule_on(executed.planned, zone, grid) - schedule_on(executed.sold, zone, grid)


def _pnl_rows(
    desk: Desk, zone: str, grid: Grid, book: ZoneBook, came: Realised, settled_as_of: datetime | None, acts: Sequence[Acted]
) -> pl.DataFrame:
    legs = zone_legs(book, came.price, came.second, came.output_mw)
    acted_mw = sum((act.net_mw for act in acts), np.zeros(grid.size))
    physical, deviation = (grid.hours * acted_mw * at for at in (came.price, came.second - came.price))
    wear = sum((act.cost_eur for act in acts), np.zeros(grid.size))
    legs = replace(legs, physical=legs.physical + physical, deviation=legs.deviation + deviation, costs=legs.costs - wear)
    data = {
        "delivery_day": [grid.day.day] * grid.size,
        "zone": [zone] * grid.size,
        "delivery_start": grid.starts(),
        "resolution_minutes": [grid.minutes] * grid.size,
        "price_da_eur_mwh": came.price,
        "price_second_eur_mwh": came.second,
        "second_price_kind": [desk.zones[zone].second_price.kind] * grid.size,
        "sold_mw": book.sold_mw + 0.0,
        "expected_output_mw": book.expected_mw,
        "output_mw": came.output_mw + acted_mw,
        "physical_eur": legs.physical + 0.0,
        "deviation_eur": legs.deviation + 0.0,
        "speculative_eur": legs.speculative + 0.0,
        "imbalance_fee_eur": legs.imbalance_fee + 0.0,
        "hedge_eur": legs.hedge + 0.0,
        "hedge_proxy_eur": legs.hedge_proxy + 0.0,
        "costs_eur": legs.costs + 0.0,
        "total_eur": legs.total() + 0.0,
        "headline_eur": legs.total() - legs.hedge_proxy + 0.0,
        "settled_as_of": [settled_as_of] * grid.size,
        "is_estimated": came.is_estimated,
        "held_h": came.held_h,
        "acted_mw": acted_mw + 0.0,
    }
    return table("pnl").frame(data)


def auction_price(prices: pl.DataFrame, zone: str, grid: Grid) -> FloatArray:
    """The day-ahead price on a zone's intervals [EUR/MWh].

    Raises
    ------
    MissingDayError
    """
    price = on_grid(prices.filter(pl.col("zone") == zone), "price_eur_mwh", grid)
    missing = int(np.isnan(price).sum())
    if missing:
        step = (
            f"zone {zone} lacks {missing} of {grid.size} auction prices; ingest the day, "
            "or release what is held of it (table held_hours), then settle"
        )
        raise MissingDayError("day_ahead_prices", [grid.day.day], step)
    return price


def second_price(desk: Desk, zone: str, grid: Grid, prices: pl.DataFrame, price: FloatArray) -> tuple[FloatArray, BoolArray]:
    """R, and where the day-ahead price stands in for it."""
    kind = desk.zones[zone].second_price.kind
    if kind == "none":
        return price, np.zeros(grid.size, dtype=bool)
    second = on_grid(prices.filter(pl.col("zone") == zone, pl.col("price_kind") == kind), "price_eur_mwh", grid)
    missing = np.isnan(second)
    return np.where(missing, price, second), missing


def _output(desk: Desk, zone: str, grid: Grid, plant_output: pl.DataFrame, came: Came, price: FloatArray) -> tuple[FloatArray, BoolArray, FloatArray]:
    """Output of a zone's plants [MW], where an expected output stands in, and what rights earn beside the price [EUR].

    A plant whose step was rejected stands still where its meter says what it could give; where the meter says what it gave,
    that counts, and is deviation.
    """
    total, estimated, earned = np.zeros(grid.size), np.zeros(grid.size, dtype=bool), np.zeros(grid.size)
    steps = steps_of(desk, zone)
    for name, plant in sorted(desk.plants.items()):
        if plant.zone != zone:
            continue
        given, _, missing = plant_given(desk, name, grid, plant_output, came, price)
        if name in steps:
            earned += earned_eur(steps[name], grid.hours, given, price)
        total += given
        estimated |= missing
    return total, estimated, earned


def plant_given(
    desk: Desk, name: str, grid: Grid, plant_output: pl.DataFrame, came: Came, price: FloatArray
) -> tuple[FloatArray, FloatArray, BoolArray]:
    """What a plant gave, what it could have given [MW], and where an expected output stands in.

    Raises
    ------
    MissingDayError
        Neither metered nor expected.
    """
    plant = desk.plants[name]
    if isinstance(plant, SharePlant):
        rows = came.generation_actual.filter(pl.col("zone") == plant.zone, pl.col("technology") == plant.technology)
        metered = plant.share_of_zone * on_grid(rows, "generation_mw", grid)
    else:
        metered = on_grid(came.plant_meters.filter(pl.col("plant") == name), "output_mw", grid)
    missing = np.isnan(metered)
    expected = on_grid(plant_output.filter(pl.col("plant") == name), "output_mw", grid)
    if np.isnan(expected[missing]).any():
        raise MissingDayError("plant_output", [grid.day.day], f"plant {name} has neither a meter nor an expected output; rerun renewables")
    possible = np.where(missing, expected, metered)
    step = steps_of(desk, plant.zone).get(name)
    if step is None:
        return possible, possible, missing
    taken = taken_share(desk, step, grid, price, came.accepted)
    return possible * np.where(missing | (step.terms.meter == "available"), taken, 1.0), possible, missing


def held_hours_of(desk: Desk, zone: str, grid: Grid, held_hours: pl.DataFrame) -> FloatArray:
    """Hours of each interval of which a value that a zone's settlement needs is held, shape (intervals,)."""
    contract = table("held_hours")
    latest = held_hours.sort(*contract.sort_key, maintain_order=True).unique(list(contract.key), keep="last", maintain_order=True)
    needed = settled_series(desk, zone)
    mine = latest.filter(pl.col("status") == "held").filter(
        pl.struct("raw_table", "series").is_in([{"raw_table": t, "series": s} for t, s in needed])
    )
    found = np.zeros(grid.size)
    length = grid.minutes * MICROSECONDS_PER_MINUTE
    for start, minutes in zip(mine["delivery_start"].cast(pl.Int64).to_list(), mine["resolution_minutes"].to_list(), strict=True):
        overlaps = (grid.starts_us < start + minutes * MICROSECONDS_PER_MINUTE) & (grid.starts_us + length > start)
        found[overlaps] = np.maximum(found[overlaps], min(minutes, grid.minutes) / 60.0)
    return found


def settled_series(desk: Desk, zone: str) -> list[tuple[str, str]]:
    """(raw table, series) of everything a zone's settlement reads."""
    plants = {name: plant for name, plant in desk.plants.items() if plant.zone == zone}
    shares = {plant.technology for plant in plants.values() if isinstance(plant, SharePlant)}
    return [
        ("day_ahead_prices", f"zone={zone}"),
        ("second_prices", f"zone={zone},price_kind={desk.zones[zone].second_price.kind}"),
        *(("plant_meters", f"plant={name}") for name, plant in plants.items() if not isinstance(plant, SharePlant)),
        *(("generation_actual", f"zone={zone},technology={technology}") for technology in sorted(shares)),
    ]
