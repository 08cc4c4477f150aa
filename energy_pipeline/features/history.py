"""A zone's named inputs over its whole history: the arrays that the price models read and the feature tables are written from.

What belongs here: prices and columns of past days through the target, by wall-clock slot. What does not: one day's columns
(`columns`), repair and lags (`forecasting.panel`), tables (`prices`, `statistics`).

Prices are as known at D's decision time; the columns of a past day d are those decide(d) had. Days before the first known price are
not part of the history. Table and models take the same arrays from here, so a number of the table is the number that was read.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from energy_pipeline.domain.delivery import FloatArray, IntArray
from energy_pipeline.features.calendar import day_kinds
from energy_pipeline.features.columns import columns_since, day_columns
from energy_pipeline.features.day_prices import day_prices
from energy_pipeline.features.lead_drivers import lead_columns
from energy_pipeline.information.archive import InformationSet


@dataclass(frozen=True)
class ZoneHistory:
    """What the models of one zone and lead are given.

    Attributes
    ----------
    first_day : date
        Day of row 0; D itself where no price is known.
    minutes : int
        Interval of the target day.
    lead : int
        The target is the day `lead - 1` after D.
    prices : array, shape (n, slots)
        Of the n days before D [EUR/MWh]; NaN where unknown.
    names : tuple of str, length k
        Columns of `price_features`.
    columns : array, shape (k, n + lead, slots)
        Their values as known at the gate of each day; the last row is the target's. A longer lead has load less wind and sun
        as the weather runs of that lead tell them (`lead_drivers`), or none.
    kinds : array of int, shape (n + lead,), or None
        The weekday each day counts as; None: its own.
    since : array, shape of `columns`, or None
        The columns as the decision of the day after has them: what stands for a day that is past. None: no different.
    """

    first_day: date
    minutes: int
    lead: int
    prices: FloatArray
    names: tuple[str, ...]
    columns: FloatArray
    kinds: IntArray | None
    since: FloatArray | None = None


def zone_history(info: InformationSet, zone: str, lead: int = 1) -> ZoneHistory:
    """History of one zone at D's decision time at the target's resolution; computed once a run, day, zone and lead."""
    return info.cached("zone_history", zone, lead, make=lambda: _zone_history(info, zone, lead))


def _zone_history(info: InformationSet, zone: str, lead: int) -> ZoneHistory:
    settings = info.desk.forecast
    minutes = info.desk.zones[zone].resolution_minutes(info.day.day + timedelta(days=lead - 1))
    first = info.day.day - timedelta(days=settings.training_days)
    prices = day_prices(info, zone, "day_ahead_prices", first, settings.training_days, minutes)
    known = np.flatnonzero(np.isfinite(prices).any(axis=1))
    start = int(known[0]) if known.size else len(prices)
    prices, first = prices[start:], first + timedelta(days=start)
    kinds = day_kinds(info.desk.zones[zone].holidays, first, len(prices) + lead) if "holidays" in settings.features else None
    if lead > 1:
        ahead = lead_columns(info, zone, lead, minutes, len(prices)) if "drivers" in settings.features else {}
        later = np.array(list(ahead.values())).reshape(len(ahead), len(prices) + lead, prices.shape[1])
        return ZoneHistory(first, minutes, lead, prices, tuple(ahead), later, kinds)
    rows = [day_columns(info.at(first + timedelta(days=i)), zone, minutes) for i in range(len(prices) + 1)]
    names = tuple(rows[-1])
    columns = np.array([[row[name] for row in rows] for name in names]).reshape(len(names), len(rows), prices.shape[1])
    return ZoneHistory(first, minutes, lead, prices, names, columns, kinds, _since(info, zone, minutes, columns, names))


def _since(info: InformationSet, zone: str, minutes: int, columns: FloatArray, names: tuple[str, ...]) -> FloatArray | None:
    if all(info.desk.zones[z].tso_res_forecast != "strict" for z in (zone, *info.desk.zones[zone].neighbours)):
        return None
    days = columns.shape[1] - 1
    rows = [columns_since(info.at(info.day.day - timedelta(days=days - 1 - i)), zone, minutes) for i in range(days)]
    found = columns.copy()
    found[:, :-1] = np.array([[row[name] for row in rows] for name in names]).reshape(len(names), days, columns.shape[2])
    return None if np.array_equal(found, columns, equal_nan=True) else found
