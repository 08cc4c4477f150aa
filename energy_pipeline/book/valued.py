"""A decided book over its scenarios: what every question about its risk starts from.

What belongs here: positions and scenario tables into zone books, outlooks and P&L. What does not: measures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from energy_pipeline.book.outlook import Acting, ZoneOutlook, zone_outlooks
from energy_pipeline.book.pnl import Legs, ZoneBook, at_fair_value, zone_legs
from energy_pipeline.book.positions import zone_books
from energy_pipeline.desk import Desk
from energy_pipeline.domain.delivery import DeliveryDay, FloatArray


@dataclass(frozen=True)
class ValuedBook:
    """A decided book and the scenarios it is valued on; proxy hedges at the scenarios' mean.

    Attributes
    ----------
    books, outlooks : dict of zone
        `books` at quotes, `fair` with proxies at the scenarios' mean.
    """

    desk: Desk
    day: DeliveryDay
    positions: pl.DataFrame
    books: dict[str, ZoneBook]
    fair: dict[str, ZoneBook]
    outlooks: dict[str, ZoneOutlook]

    @property
    def pnl(self) -> FloatArray:
        """P&L per scenario, proxies at fair value [EUR]."""
        by_zone, by_leg = scenario_pnl(self.fair, self.outlooks, self.desk.scenarios.paths)
        return sum(by_zone.values(), np.zeros(next(iter(by_leg.values())).size))


def valued(
    desk: Desk,
    day: DeliveryDay,
    positions: pl.DataFrame,
    scenario_paths: pl.DataFrame,
    plant_output: pl.DataFrame,
    dispatch: pl.DataFrame,
    acting: Sequence[Acting] = (),
) -> ValuedBook:
    """The book of these positions over the scenarios, with the stores that act on prices as they come.

    Raises
    ------
    MissingDayError
        When a zone with a position lacks scenarios, a plant its output or an asset its schedule.
    """
    held = set(positions["zone"].unique().to_list())
    outlooks = zone_outlooks(desk, day, [zone for zone in desk.zones if zone in held], scenario_paths, plant_output, dispatch, acting)
    return book_of_day(desk, day, positions, dispatch, outlooks)


def book_of_day(desk: Desk, day: DeliveryDay, positions: pl.DataFrame, dispatch: pl.DataFrame, outlooks: dict[str, ZoneOutlook]) -> ValuedBook:
    """The book of these positions over outlooks that are there already: of each zone with a position, perhaps of more."""
    books = zone_books(desk, day, positions, dispatch)
    fair = {zone: at_fair_value(book, outlooks[zone].price) for zone, book in books.items()}
    return ValuedBook(desk, day, positions, books, fair, outlooks)


def outlook_legs(book: ZoneBook, outlook: ZoneOutlook) -> Legs:
    """Legs of a zone's book in every scenario: steps as they clear there, and stores that act at R, physical at P and deviation at R - P."""
    rejected, hours = outlook.rejected_mw, outlook.grid.hours
    cleared = replace(book, sold_mw=book.sold_mw - rejected, expected_mw=book.expected_mw - rejected, cost_eur=book.cost_eur - outlook.scheme_eur)
    legs = zone_legs(cleared, outlook.price, outlook.second, outlook.output_mw)
    physical, deviation = (hours * at * outlook.acted_mw for at in (outlook.price, outlook.second - outlook.price))
    return replace(legs, physical=legs.physical + physical, deviation=legs.deviation + deviation, costs=legs.costs - outlook.wear_eur)


def zone_pnl_eur(book: ZoneBook, outlook: ZoneOutlook) -> FloatArray:
    """P&L of a zone's book per scenario [EUR], shape (scenarios,)."""
    result: FloatArray = outlook_legs(book, outlook).total().sum(axis=1)
    return result


def scenario_pnl(books: dict[str, ZoneBook], outlooks: dict[str, ZoneOutlook], paths: int) -> tuple[dict[str, FloatArray], dict[str, FloatArray]]:
    """P&L per scenario by zone and by leg [EUR], shape (scenarios,) each; `paths` is the count for an empty book."""
    by_zone: dict[str, FloatArray] = {}
    by_leg: dict[str, FloatArray] = {}
    for zone, book in books.items():
        outlook = outlooks[zone]
        legs = outlook_legs(book, outlook).by_leg()
        by_zone[zone] = sum(legs.values(), np.zeros(outlook.price.shape[0]))
        by_leg = {name: by_leg.get(name, 0.0) + values for name, values in legs.items()}
    return by_zone, by_leg or {"physical": np.zeros(paths)}
