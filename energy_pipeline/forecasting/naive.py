"""The seasonal naive: the price of the same slot on the last comparable known day.

What belongs here: which day is comparable, and reading it. What does not: any fit.

For Monday, Saturday and Sunday that is the last known day of the same weekday; for
Tuesday to Friday the last known Monday-to-Friday day. One day ahead this is the usual
rule (D-7 for Monday, Saturday and Sunday, else D-1); further ahead it uses the same
known days, for prices are known through D-1 only.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from energy_pipeline.domain.delivery import DeliveryDay
from energy_pipeline.features import same_slot
from energy_pipeline.features.alignment import reader
from energy_pipeline.forecasting.model import ModelUnavailableError, PointForecast
from energy_pipeline.information.archive import InformationSet
from energy_pipeline.information.cut_keys import Reads
from energy_pipeline.information.past_days import Past, pack, unpack

WINDOW_DAYS = 28


def comparable_days(target: date, last_known: date) -> list[date]:
    """Days to read, the nearest first, at most 28 days back from `last_known`.

    >>> comparable_days(date(2019, 4, 1), date(2019, 3, 31))[0]  # a Monday
    datetime.date(2019, 3, 25)
    >>> comparable_days(date(2019, 4, 2), date(2019, 4, 1))[0]  # a Tuesday
    datetime.date(2019, 4, 1)
    """
    days = [last_known - timedelta(days=i) for i in range(WINDOW_DAYS)]
    if target.weekday() in (0, 5, 6):
        return [d for d in days if d.weekday() == target.weekday()]
    return [d for d in days if d.weekday() < 5]


def naive(info: InformationSet, zone: str, target: DeliveryDay) -> PointForecast:
    """Naive forecast of `target` (D or later) made at D's decision time.

    Raises
    ------
    ModelUnavailableError
        When a slot is unknown on every comparable day of four weeks.
    """

    def past() -> Past[PointForecast]:
        return Past("forecasting", zone, (Reads("day_ahead_prices", (("zone", zone),)),), WINDOW_DAYS + 1, _packed, _unpacked)

    return info.kept("naive", zone, target.day, make=lambda: _naive(info, zone, target), past=past)


def _packed(found: PointForecast) -> bytes:
    return pack({"values": found.values}, found.fallback)


def _unpacked(data: bytes) -> PointForecast:
    arrays, fallback = unpack(data)
    return PointForecast(arrays["values"], str(fallback))


def _naive(info: InformationSet, zone: str, target: DeliveryDay) -> PointForecast:
    minutes = info.desk.zones[zone].resolution_minutes(target.day)
    prices = reader(info, "day_ahead_prices", "price_eur_mwh", zone=zone)
    values = np.full(target.count(minutes), np.nan)
    days = comparable_days(target.day, info.day.day - timedelta(days=1))
    used: list[str] = []
    for day in days:
        source = DeliveryDay(day, target.time_zone)
        found = same_slot(target, source, minutes, prices.day(source, minutes))
        filled = ~np.isfinite(values) & np.isfinite(found)
        if filled.any():
            values[filled] = found[filled]
            used.append(f"{day} ({int(filled.sum())})")
        if np.isfinite(values).all():
            break
    if not np.isfinite(values).all():
        raise ModelUnavailableError(f"no price of {zone} is known for some slots on {days[-1]} .. {days[0]}")
    exact = used == [f"{days[0]} ({values.size})"]
    return PointForecast(values, "" if exact else f"prices of {days[0]} not all known; slots taken from {', '.join(used)}")
