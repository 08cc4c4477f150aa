"""What the decided book would have lost on each past day's forecast errors, oldest first.

What belongs here: past joint errors through the kernel of the market page, for the current book. What
does not: estimates (`estimators`), drawing scenarios (scenarios), making errors (forecasting, renewables).

Past day t says: prices, second prices and outputs are today's expectation plus that day's errors (less
their mean over the days: a bias is expected, not risked). All series share the day, so their joint
behaviour is kept. An unknown error counts as none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from energy_pipeline.book.outlook import ZoneOutlook
from energy_pipeline.book.pnl import ZoneBook
from energy_pipeline.book.valued import outlook_legs
from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.domain.history import ErrorHistory, SeriesKind
from energy_pipeline.information.resolution import convert


@dataclass(frozen=True)
class BookHistory:
    """Losses against expectation of today's book on past days' errors.

    Attributes
    ----------
    days : tuple of date
        Days all series of the book share.
    by_zone : dict of zone to array, shape (days,) [EUR]
    living : array, shape (days,)
        The same of the contracts alone that are held on (`living_book`).
    """

    days: tuple[date, ...]
    by_zone: dict[str, FloatArray]
    living: FloatArray

    @property
    def book(self) -> FloatArray:
        """Losses of the whole book, shape (days,)."""
        return sum(self.by_zone.values(), np.zeros(len(self.days)))

    @property
    def components(self) -> FloatArray:
        """Losses by zone, shape (days, zones); one column of zeros for an empty book."""
        return np.stack(list(self.by_zone.values()), axis=1) if self.by_zone else np.zeros((len(self.days), 1))


def book_history(
    books: Mapping[str, ZoneBook], outlooks: Mapping[str, ZoneOutlook], errors: Sequence[ErrorHistory], living: Mapping[str, FloatArray] | None = None
) -> BookHistory:
    """Losses of the book on every past day all its series share.

    Parameters
    ----------
    living : mapping of zone to array (intervals,), optional
        MW held on by contracts.
    """
    known = {(h.kind, h.name): h for h in errors}
    wanted = [key for zone, outlook in outlooks.items() if zone in books for key in _series(zone, outlook) if key in known]
    shared = tuple(sorted(set.intersection(*({*known[k].days} for k in wanted)))) if wanted else ()
    by_zone, held = {}, np.zeros(len(shared))
    for zone, book in books.items():
        outlook = outlooks[zone]
        price_error = _errors(known.get(("day_ahead_price", zone)), outlook, shared)
        by_zone[zone] = _losses(book, _past_outlook(outlook, price_error, known, shared))
        if living and zone in living:
            gain = book.hours * price_error @ living[zone]
            held = held + gain.mean() - gain if gain.size else held
    return BookHistory(shared, by_zone, held)


def _series(zone: str, outlook: ZoneOutlook) -> list[tuple[SeriesKind, str]]:
    found: list[tuple[SeriesKind, str]] = [("day_ahead_price", zone)]
    found += [("second_price", zone)] if outlook.has_second else []
    return [*found, *(("plant_output", p.plant) for p in outlook.plants)]


def _errors(history: ErrorHistory | None, outlook: ZoneOutlook, shared: tuple[date, ...]) -> FloatArray:
    """Errors on the zone's intervals, their mean over the days taken off, unknown ones 0, shape (days, intervals)."""
    if history is None or not shared:
        return np.zeros((len(shared), outlook.grid.size))
    rows = [history.days.index(d) for d in shared]
    found = history.aligned(outlook.grid.day)[rows]
    known = np.isfinite(found)
    mean = np.where(known, found, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    return convert(np.where(known, found - mean, 0.0), history.resolution_minutes, outlook.grid.minutes)


def _past_outlook(
    outlook: ZoneOutlook, price_error: FloatArray, known: Mapping[tuple[SeriesKind, str], ErrorHistory], shared: tuple[date, ...]
) -> ZoneOutlook:
    price = outlook.price.mean(axis=0) + price_error
    second = price
    if outlook.has_second:
        second = outlook.second.mean(axis=0) + _errors(known.get(("second_price", outlook.zone)), outlook, shared)
    outputs = []
    for plant in outlook.plants:
        came = plant.output_mw + _errors(known.get(("plant_output", plant.plant)), outlook, shared)
        most = np.inf if plant.capacity_mw is None else max(plant.capacity_mw, float(plant.output_mw.max(initial=0.0)))
        outputs.append(np.clip(came, 0.0, most))
    return outlook.came(price, second, outputs)


def _losses(book: ZoneBook, outlook: ZoneOutlook) -> FloatArray:
    pnl = outlook_legs(book, outlook).total().sum(axis=-1)
    return np.asarray(pnl.mean() - pnl) if pnl.size else pnl
