"""A zone's history as the models' panel, read through the information set.

What belongs here: prices and drivers of past days by wall-clock slot. What does not: the
panel itself, models.

Prices are as known at D's decision time; the drivers of a past day d are those decide(d) had.
Days before the first known price are not part of the history.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache

import numpy as np

from energy_pipeline.domain.delivery import MICROSECONDS_PER_MINUTE, FloatArray, IntArray
from energy_pipeline.features.calendar import day_kinds
from energy_pipeline.features.drivers import zone_drivers
from energy_pipeline.forecasting.model import ModelUnavailableError
from energy_pipeline.forecasting.panel import Panel
from energy_pipeline.information.archive import InformationSet
from energy_pipeline.information.resolution import NO_START, by_slot, convert, information_lookup, slot_starts_us

QUARTER_US = 15 * MICROSECONDS_PER_MINUTE
PROBED_SLOTS = (3, 12)


def zone_panel(info: InformationSet, zone: str, lead: int = 1) -> Panel:
    """History of one zone at D's decision time at the target's resolution.

    The exogenous columns are load, and wind plus solar, for D itself; a longer lead has
    none, since no driver is forecast beyond D. Public holidays of the zone's countries count as
    Sundays and the working day between one and a weekend as a Saturday (`features.calendar`).

    Raises
    ------
    ModelUnavailableError
        When no price is known at all.
    """
    return info.cached("zone_panel", zone, lead, make=lambda: _zone_panel(info, zone, lead))


def _zone_panel(info: InformationSet, zone: str, lead: int) -> Panel:
    minutes = info.desk.zones[zone].resolution_minutes(info.day.day + timedelta(days=lead - 1))
    first = info.day.day - timedelta(days=info.desk.forecast.training_days)
    prices = day_prices(info, zone, "day_ahead_prices", first, info.desk.forecast.training_days, minutes)
    known = np.flatnonzero(np.isfinite(prices).any(axis=1))
    if known.size == 0:
        raise ModelUnavailableError(f"no price of {zone} is known on {first} .. {info.day.day - timedelta(days=1)}")
    start = int(known[0])
    prices = prices[start:]
    first += timedelta(days=start)
    kinds = day_kinds(info.desk.zones[zone].holidays, first, len(prices) + lead) if "holidays" in info.desk.forecast.features else None
    if lead > 1 or "drivers" not in info.desk.forecast.features:
        return Panel(first, prices, np.empty((0, len(prices) + lead, prices.shape[1])), lead, kinds=kinds)
    rows = [_exogenous(info.at(first + timedelta(days=i)), zone, minutes) for i in range(len(prices) + 1)]
    return Panel(first, prices, np.ascontiguousarray(np.stack(rows, axis=1)), names=_names(info, zone), kinds=kinds)


def _names(info: InformationSet, zone: str) -> tuple[str, ...]:
    """Of the exogenous columns, in their order."""
    drivers = info.desk.zones[zone].drivers
    renewable = "_".join(name for name in ("wind", "solar") if name in drivers)
    return tuple(f"{name}_mw" for name in ("load" if "load" in drivers else "", renewable) if name)


def day_prices(info: InformationSet, zone: str, table: str, first: date, days: int, minutes: int) -> FloatArray:
    """Prices of consecutive days by wall-clock slot [EUR/MWh], shape (days, 1440 / minutes).

    NaN where unknown; the slot that spring skips is the mean of its neighbours.
    """
    key: dict[str, str] = {"zone": zone} | ({"price_kind": info.desk.zones[zone].second_price.kind} if table == "second_prices" else {})
    series = information_lookup(info, table, **key)
    starts = np.stack([_hour_starts(first + timedelta(days=i), info.day.time_zone) for i in range(days)])
    values = series("price_eur_mwh", starts)
    quarters = np.repeat(values[:, :, None], 60 // 15, axis=2)
    # Days with rows inside the hour are read in full; the others need no more look-ups.
    probes = starts[:, PROBED_SLOTS, None] + np.arange(1, 4) * QUARTER_US
    fine = np.flatnonzero(np.isfinite(series("price_eur_mwh", probes)).any(axis=(1, 2)))
    if fine.size:
        inside = starts[fine][:, :, None] + np.arange(4) * QUARTER_US
        found = series("price_eur_mwh", inside)
        halves = ~np.isfinite(found[:, :, [1, 3]]).any(axis=(1, 2))
        found[halves] = np.repeat(found[halves][:, :, [0, 2]], 2, axis=2)
        quarters[fine] = found
    quarters[starts == NO_START] = np.nan
    rows = convert(quarters.reshape(days, -1), 15, minutes)
    return _spring_filled(rows, np.repeat(starts == NO_START, 60 // minutes, axis=1))


@lru_cache(maxsize=16384)
def _hour_starts(day: date, time_zone: str) -> IntArray:
    starts: IntArray = slot_starts_us([day], time_zone, 60)[0]
    starts.setflags(write=False)
    return starts


def _spring_filled(rows: FloatArray, skipped: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> FloatArray:
    for row in np.flatnonzero(skipped.any(axis=1)):
        gone = np.flatnonzero(skipped[row])
        before, after = gone[0] - 1, gone[-1] + 1
        rows[row, gone] = (rows[row, before] + rows[row, min(after, rows.shape[1] - 1)]) / 2
    return rows


def _exogenous(info: InformationSet, zone: str, minutes: int) -> FloatArray:
    """Load, and wind plus solar, of one day as its own decision had them [MW], shape (columns, slots)."""

    def make() -> FloatArray:
        own = info.desk.zones[zone].resolution_minutes(info.day.day)
        drivers = {name: by_slot(convert(found.values_mw, own, minutes), info.day, minutes) for name, found in zone_drivers(info, zone).items()}
        for values in drivers.values():
            gone = np.setdiff1d(np.arange(values.size), info.day.slots(minutes))
            _spring_filled(values[None], np.isin(np.arange(values.size), gone)[None])
        columns = [drivers["load"]] if "load" in drivers else []
        renewable = [drivers[name] for name in ("wind", "solar") if name in drivers]
        columns += [renewable[0] + renewable[1] if len(renewable) > 1 else renewable[0]] if renewable else []
        return np.array(columns).reshape(len(columns), 1440 // minutes)

    return info.kept("panel_exogenous", zone, minutes, make=make)
