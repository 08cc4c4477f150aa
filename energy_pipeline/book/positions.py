"""The decided book as tables, and back to arrays.

What belongs here: `Book`, the rows of the positions table, and reading them as the
zone books of the P&L kernel. What does not: deciding (`optimise`) or valuing (`pnl`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from energy_pipeline.book.grid import Grid, on_grid, zone_grid
from energy_pipeline.book.hedges import Hedge, block_profile, opening_positions
from energy_pipeline.book.pnl import HedgeLeg, ZoneBook
from energy_pipeline.book.trading_costs import deviation_cost_eur
from energy_pipeline.contracts import table
from energy_pipeline.desk import Desk
from energy_pipeline.domain.delivery import DeliveryDay, FloatArray
from energy_pipeline.domain.errors import ContractError, Finding

ShadowPrices = dict[tuple[str, str], float]
"""(limit name, scope) -> gain of the objective per unit of the limit [EUR per MW or EUR]."""

DAY_AHEAD = "day_ahead"
SAME_MW = 1e-6
"""Two powers this near [MW] are the same; far below any tick of a market."""


@dataclass(frozen=True)
class Book:
    """What was decided for a day.

    Attributes
    ----------
    positions, solution : frames of the tables positions and portfolio_solution
    shadow_prices : dict
        Of every limit the optimisation knew, also those that do not bind (0).
    """

    positions: pl.DataFrame
    solution: pl.DataFrame
    shadow_prices: ShadowPrices

    @classmethod
    def from_frames(cls, positions: pl.DataFrame, solution: pl.DataFrame) -> Book:
        """The book as read back from the lake; shadow prices stand in the solution."""
        return cls(positions, solution, parse_shadow_prices(solution["shadow_prices"][0]))


def format_shadow_prices(prices: ShadowPrices) -> str:
    """Shadow prices as one text.

    >>> format_shadow_prices({("gross_contracts_mw", "book"): 1.5})
    'gross_contracts_mw@book=1.5'
    """
    return ";".join(f"{name}@{scope}={value!r}" for (name, scope), value in prices.items())


def parse_shadow_prices(text: str) -> ShadowPrices:
    """The inverse of `format_shadow_prices`.

    >>> parse_shadow_prices("max_trade_mw@NORTH base=0.25;es_eur@book=0.0")
    {('max_trade_mw', 'NORTH base'): 0.25, ('es_eur', 'book'): 0.0}
    """
    result: ShadowPrices = {}
    for item in filter(None, text.split(";")):
        place, value = item.rsplit("=", 1)
        name, scope = place.split("@", 1)
        result[(name, scope)] = float(value)
    return result


def day_ahead_rows(
    day: DeliveryDay, zone: str, grid: Grid, expected_mw: FloatArray, sold_mw: FloatArray, box_mw: tuple[FloatArray, FloatArray], price: FloatArray
) -> pl.DataFrame:
    """Rows of the day-ahead bid of a zone; `box_mw` are the limits of s - E."""
    return _rows(
        day,
        zone,
        DAY_AHEAD,
        grid,
        np.ones(grid.size, dtype=bool),
        {
            "position_mw": -sold_mw,
            "opening_mw": 0.0,
            "traded_mw": -sold_mw,
            "expected_output_mw": expected_mw,
            "lower_mw": -(expected_mw + box_mw[1]),
            "upper_mw": -(expected_mw + box_mw[0]),
            "reference_price_eur_mwh": price,
            "half_spread_eur_mwh": 0.0,
            "is_proxy": False,
        },
    )


def contract_rows(day: DeliveryDay, grid: Grid, hedge: Hedge, traded_mw: float) -> pl.DataFrame:
    """Rows of one contract (held, or with a visible quote), in the intervals it delivers in."""
    done = traded_mw != 0.0
    reference = hedge.mid_eur_mwh if done or not hedge.opening else hedge.opening_price_eur_mwh
    return _rows(
        day,
        hedge.zone,
        hedge.block,
        grid,
        block_profile(hedge.block, day, grid.minutes) > 0,
        {
            "position_mw": hedge.opening_mw + traded_mw,
            "opening_mw": hedge.opening_mw,
            "traded_mw": traded_mw,
            "expected_output_mw": None,
            "lower_mw": hedge.opening_mw - hedge.max_trade_mw,
            "upper_mw": hedge.opening_mw + hedge.max_trade_mw,
            "reference_price_eur_mwh": reference,
            "half_spread_eur_mwh": hedge.half_spread_eur_mwh,
            "is_proxy": hedge.quote_is_proxy if done or not hedge.opening else any(o.is_proxy for o in hedge.opening),
        },
    )


def _rows(
    day: DeliveryDay, zone: str, instrument: str, grid: Grid, keep: np.ndarray[tuple[int], np.dtype[np.bool_]], values: Mapping[str, object]
) -> pl.DataFrame:
    data = {
        "delivery_day": [day.day] * grid.size,
        "zone": [zone] * grid.size,
        "instrument": [instrument] * grid.size,
        "delivery_start": grid.starts(),
        "resolution_minutes": [grid.minutes] * grid.size,
        **{name: (value + 0.0 if isinstance(value, np.ndarray) else [value] * grid.size) for name, value in values.items()},  # + 0.0: no -0.0
    }
    return table("positions").frame(data).filter(pl.Series(keep))


def traded_contracts(positions: pl.DataFrame) -> pl.DataFrame:
    """One row per zone and contract of the positions (first interval of each), sorted."""
    rows = positions.filter(pl.col("instrument") != DAY_AHEAD).sort("zone", "instrument", "delivery_start")
    return rows.unique(subset=["zone", "instrument"], keep="first", maintain_order=True)


def hedge_legs(desk: Desk, day: DeliveryDay, rows: pl.DataFrame, grid: Grid) -> tuple[HedgeLeg, ...]:
    """The legs of one contract's rows: each opening position at its price, the trade at its quote.

    Raises
    ------
    ContractError
        When the rows do not carry the desk's opening book: they were decided with another desk.
    """
    zone, instrument = rows["zone"][0], rows["instrument"][0]
    held = opening_positions(desk, day, zone, instrument)
    profile = np.where(np.isnan(on_grid(rows, "position_mw", grid)), 0.0, 1.0)
    found, expected = float(rows["opening_mw"][0]), sum(o.position_mw for o in held)
    if abs(found - expected) > SAME_MW:
        example = f"{zone} {instrument}: opening_mw={found:g}, desk's opening_book={expected:g}"
        finding = Finding(
            "differs from the desk's opening book", "opening_mw", rows.height, (example,), "settle with the desk the day was decided with"
        )
        raise ContractError("positions", day.day, [finding])
    legs = [HedgeLeg(profile * o.position_mw, o.price_eur_mwh, o.is_proxy, instrument) for o in held]
    traded = float(rows["traded_mw"][0])
    if traded != 0.0:
        legs.append(HedgeLeg(profile * traded, float(rows["reference_price_eur_mwh"][0]), bool(rows["is_proxy"][0]), instrument))
    return tuple(legs)


def zone_books(desk: Desk, day: DeliveryDay, positions: pl.DataFrame, dispatch: pl.DataFrame) -> dict[str, ZoneBook]:
    """The book of each zone with a position, in the desk's zone order.

    Costs are those of the zone's schedules (cycles, strikes, fuel and starts, less what grid services are paid), the
    half-spreads of what is traded, and the desk's trading costs of what is sold beyond the expected output.
    """
    zones = set(positions["zone"].unique().to_list())
    return {zone: _zone_book(desk, day, zone, positions, dispatch) for zone in desk.zones if zone in zones}


def _zone_book(desk: Desk, day: DeliveryDay, zone: str, positions: pl.DataFrame, dispatch: pl.DataFrame) -> ZoneBook:
    grid = zone_grid(desk, day, zone)
    rows = positions.filter(pl.col("zone") == zone)
    auction = rows.filter(pl.col("instrument") == DAY_AHEAD)
    sold, expected = np.zeros(grid.size), np.zeros(grid.size)
    if auction.height:
        sold, expected = -on_grid(auction, "position_mw", grid), on_grid(auction, "expected_output_mw", grid)
    cost = schedule_cost_eur(zone, dispatch, grid)
    if auction.height:
        cost = cost + deviation_cost_eur(desk, zone, sold - expected, grid.hours, on_grid(auction, "reference_price_eur_mwh", grid))
    legs: list[HedgeLeg] = []
    contracts = rows.filter(pl.col("instrument") != DAY_AHEAD).sort("instrument", "delivery_start")
    for part in contracts.partition_by("instrument", maintain_order=True):
        legs += hedge_legs(desk, day, part, grid)
        cost = cost + grid.hours * half_spread_eur_h(part, grid)
    return ZoneBook(grid.hours, sold, expected, cost, desk.zones[zone].second_price.imbalance_fee_eur_mwh, tuple(legs))


def half_spread_eur_h(rows: pl.DataFrame, grid: Grid) -> FloatArray:
    """Half-spread paid on a contract's trade per hour of delivery [EUR/h], shape (intervals,)."""
    paid = rows.with_columns(paid=pl.col("half_spread_eur_mwh") * pl.col("traded_mw").abs())
    return np.nan_to_num(on_grid(paid, "paid", grid))


def schedule_cost_eur(zone: str, dispatch: pl.DataFrame, grid: Grid) -> FloatArray:
    """Costs of a zone's committed schedules, known beforehand [EUR], shape (intervals,)."""
    cost = np.zeros(grid.size)
    for part in dispatch.filter(pl.col("zone") == zone).sort("asset", "delivery_start").partition_by("asset", maintain_order=True):
        cost += grid.hours * np.nan_to_num(on_grid(part, "cost_eur_h", grid))
    return cost
