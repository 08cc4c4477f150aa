"""The day's book on the paths of the week ahead: P&L by path and hour against the expected week, linear in the day's decisions.

What belongs here: how the rows follow from the representatives of the week (set `week` of `scenario_sets`, with their probabilities).
What does not: their measures (`week_rows`), the programmes (`least_risk`), drawing paths (`scenarios.week`).

What the desk owns over the week: on D what it is expected to make at the auction's price, and at the second price what comes more or
less, with its fee; on later days its plants' output at the auction's price; on all days what it holds of contracts. A plant makes of its
zone's wind or sun what it is expected to make of D's on average; without such a path it repeats D. Stores are on their schedule of D, and
idle later. All is taken against the mean over the paths: a drawdown is a fall below what the week was expected to bring. Fees and
half-spreads of what is decided are losses; a fee is charged by what it never exceeds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from energy_pipeline.book.hedges import Hedge, block_profile, opening_positions
from energy_pipeline.book.outlook import ZoneOutlook
from energy_pipeline.book.pnl import ZoneBook
from energy_pipeline.book.scenario_matrix import ScenarioMatrix, scenario_matrices
from energy_pipeline.desk import Desk
from energy_pipeline.domain.delivery import BoolArray, DeliveryDay, FloatArray
from energy_pipeline.portfolio.program import K_EUR
from energy_pipeline.portfolio.week_rows import WeekRows

Box = tuple[FloatArray, BoolArray]
Series = Mapping[tuple[str, str], ScenarioMatrix]


def week_rows(
    desk: Desk,
    day: DeliveryDay,
    sets: pl.DataFrame,
    outlooks: Mapping[str, ZoneOutlook],
    standing: Mapping[str, ZoneBook],
    boxes: Mapping[str, Box],
    hedges: Sequence[Hedge],
    charged: FloatArray,
) -> WeekRows | None:
    """The rows of a day; None where the set has no prices of a zone of the book.

    Parameters
    ----------
    sets : frame of scenario_sets
    standing : mapping of zone to ZoneBook
        The book when nothing is decided.
    boxes : mapping of zone to Box
        In the order of the programme's deviations.
    hedges : sequence of Hedge
        The programme's contracts.
    charged : array, shape (deviations,)
        What a MW of a deviation is charged at most [kEUR/MW].
    """
    series = scenario_matrices(sets.filter(pl.col("set") == "week"), None, "scenario_sets")
    prices = {zone: series.get(("day_ahead_price", zone)) for zone in outlooks}
    first = next(iter(prices.values()), None)
    if first is None or first.probabilities is None or any(p is None for p in prices.values()):
        return None
    weight, size = first.probabilities / first.probabilities.sum(), day.count(60)
    total = sum((_standing_eur(desk, day, series, o, standing[z], weight) for z, o in outlooks.items()), np.zeros(first.values.shape))
    total = (total - weight @ total) / K_EUR
    columns = [np.zeros((weight.size, size, 0))]
    for zone, (_, free) in boxes.items():
        columns.append(_deviation_slopes(day, series, outlooks[zone], free, weight))
    slope = np.concatenate(columns, axis=2)
    slope -= charged * np.concatenate([_hour_of(day, outlooks[z])[:, f] for z, (_, f) in boxes.items()] or [np.zeros((size, 0))], axis=1)
    gains, spreads = np.zeros((weight.size, size, len(hedges))), np.zeros((size, len(hedges)))
    for i, hedge in enumerate(hedges):
        profile = block_profile(hedge.block, day, 60)
        price = series["day_ahead_price", hedge.zone].values[:, :size]
        gains[:, :, i] = profile * (price - weight @ price) / K_EUR
        spreads[:, i] = profile * hedge.half_spread_eur_mwh / K_EUR
    slope = np.concatenate([slope, gains - spreads, -gains - spreads], axis=2)
    return WeekRows(weight, total[:, :size], slope, total[:, size:], desk.portfolio.confidence)


def _hour_of(day: DeliveryDay, outlook: ZoneOutlook) -> FloatArray:
    """1 where an interval lies in an hour, shape (hours of D, intervals)."""
    return np.repeat(np.eye(day.count(60)), round(60 / outlook.grid.minutes), axis=1)


def _deviation_slopes(day: DeliveryDay, series: Series, outlook: ZoneOutlook, free: BoolArray, weight: FloatArray) -> FloatArray:
    """P&L of a MW sold more, against its mean, in its own hour, without its charge, shape (paths, hours of D, deviations)."""
    size, second = day.count(60), series.get(("second_price", outlook.zone))
    price = series["day_ahead_price", outlook.zone].values[:, :size]
    gain = np.zeros(price.shape) if second is None else price - second.values[:, :size]
    gain = (gain - weight @ gain) * outlook.grid.hours / K_EUR
    return np.asarray(gain[:, :, None] * _hour_of(day, outlook)[:, free])


def _standing_eur(desk: Desk, day: DeliveryDay, series: Series, outlook: ZoneOutlook, book: ZoneBook, weight: FloatArray) -> FloatArray:
    """P&L of a zone by path and hour when nothing is decided [EUR]; contracts at the price, as their entry is the same on every path."""
    zone, size = outlook.zone, day.count(60)
    price = series["day_ahead_price", zone].values
    second = series.get(("second_price", zone))
    balance = price if second is None else second.values
    now, later = np.zeros((len(price), size)), np.zeros((len(price), price.shape[1] - size))
    for plant in outlook.plants:
        own = series.get((plant.technology, zone))
        on_day, after = _output_mw(own, price.shape, _hourly(day, plant.output_mw), plant.capacity_mw, weight)
        now, later = now + on_day, later + after
    expected = _hourly(day, outlook.expected_mw)
    surprise = now - _hourly(day, outlook.expected_mw - outlook.schedule_mw)
    held = _hourly(day, sum((leg.power_mw for leg in book.hedges), np.zeros(outlook.grid.size)))
    fee = desk.zones[zone].second_price.imbalance_fee_eur_mwh
    today = price[:, :size] * (expected + held) + balance[:, :size] * surprise - fee * np.abs(surprise)
    return np.concatenate([today, price[:, size:] * (later + _held_later(desk, day, zone, price.shape[1] - size))], axis=1)


def _hourly(day: DeliveryDay, values: FloatArray) -> FloatArray:
    """Means of D's hours."""
    result: FloatArray = values.reshape(day.count(60), -1).mean(axis=1)
    return result


def _output_mw(
    own: ScenarioMatrix | None, shape: tuple[int, ...], expected: FloatArray, capacity: float | None, weight: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """A plant's output on D and later [MW], shape (paths, hours) each, from the zone's and what is expected of D's hours."""
    size = expected.size
    mean = np.zeros(size) if own is None else weight @ own.values[:, :size]
    if own is None or not mean.sum() > 0:
        repeated = np.tile(np.resize(expected, shape[1]), (shape[0], 1))
        return repeated[:, :size], repeated[:, size:]
    most = np.inf if capacity is None else capacity
    now = np.where(mean > 0, own.values[:, :size] * np.divide(expected, mean, out=np.zeros(size), where=mean > 0), expected)
    return np.minimum(now, most), np.minimum(own.values[:, size:] * (expected.sum() / mean.sum()), most)


def _held_later(desk: Desk, day: DeliveryDay, zone: str, hours: int) -> FloatArray:
    """What is held of contracts in the hours after D [MW]."""
    parts, ahead = [np.zeros(0)], 1
    while sum(p.size for p in parts) < hours:
        later = day.shift(ahead)
        total = np.zeros(later.count(60))
        for block in sorted({o.block for o in desk.opening_book if o.zone == zone}):
            total = total + sum(o.position_mw for o in opening_positions(desk, later, zone, block)) * block_profile(block, later, 60)
        parts.append(total)
        ahead += 1
    return np.concatenate(parts)[:hours]
