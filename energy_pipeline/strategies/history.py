"""What a rule looks back on: one value a day for each block of hours, as known at the decision.

What belongs here: daily series of the spread or the day-ahead price from an information set.
What does not: rules.

The series of a tradable rule is what a MWh bought in the auction and sold at the second price
has earned: R - P. It ends at D-2, since second prices of D-1 are not complete in the morning of
D-1. A day-ahead price is known for all of D-1.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

import numpy as np

from energy_pipeline.domain.delivery import FloatArray, IntArray
from energy_pipeline.information.archive import InformationSet
from energy_pipeline.information.resolution import Lookup, information_lookup, interval_values, slot_starts_us

Series = Literal["spread", "day_ahead"]


@dataclass(frozen=True)
class History:
    """Values by day (oldest first) and wall-clock slot; NaN where unknown.

    Attributes
    ----------
    days : list of date
    values_eur_mwh : array, shape (days, slots)
    minutes : int
        Length of a slot.
    """

    days: list[date]
    values_eur_mwh: FloatArray
    minutes: int

    def blocks(self, hours: int) -> FloatArray:
        """Means over blocks of so many hours, shape (days, 24 / hours); NaN where under half of a block is known."""
        slots = hours * 60 // self.minutes
        parts = self.values_eur_mwh.reshape(len(self.days), -1, slots)
        known = ~np.isnan(parts)
        count = known.sum(axis=2)
        total: FloatArray = np.where(known, parts, 0.0).sum(axis=2)
        return np.where(2 * count >= slots, total / np.maximum(count, 1), np.nan)


def history(info: InformationSet, zone: str, series: Series, days: int) -> History:
    """The last `days` days of a series that are known when D is decided."""
    minutes = info.desk.zones[zone].resolution_minutes(info.day.day)
    newest = 2 if series == "spread" else 1
    wanted = [info.day.day - timedelta(days=lag) for lag in range(newest + days - 1, newest - 1, -1)]
    starts = slot_starts_us(wanted, info.day.time_zone, minutes)
    values = slot_prices(information_lookup(info, "day_ahead_prices", zone=zone), starts, minutes)
    if series == "spread":
        second = information_lookup(info, "second_prices", zone=zone, price_kind=info.desk.zones[zone].second_price.kind)
        values = slot_prices(second, starts, minutes) - values
    return History(wanted, values, minutes)


def slot_prices(lookup: Lookup, starts_us: IntArray, minutes: int) -> FloatArray:
    """Prices at interval starts; rows of just this length are taken as they are, others converted."""
    native = lookup("resolution_minutes", starts_us) == minutes
    found = np.where(native, lookup("price_eur_mwh", starts_us), np.nan)
    rest = ~native & (starts_us >= 0)
    if rest.any():
        found[rest] = interval_values(lookup, "price_eur_mwh", starts_us[rest], minutes)
    return found


def block_of_intervals(info: InformationSet, zone: str, hours: int) -> IntArray:
    """Block each interval of D belongs to, by wall clock."""
    minutes = info.desk.zones[zone].resolution_minutes(info.day.day)
    return info.day.slots(minutes) // (hours * 60 // minutes)


def hours_of_intervals(info: InformationSet, zone: str) -> IntArray:
    """Local hour of each interval of D."""
    return block_of_intervals(info, zone, 1)


def closed_up(values: FloatArray) -> FloatArray:
    """A series without its unknown days."""
    return values[~np.isnan(values)]
