"""What kind of day a date is for a market: its weekday, unless people stay at home.

What belongs here: public holidays and bridge days as weekdays. What does not: how a model uses a weekday, clock changes.

A public holiday counts as a Sunday, a working day between one and a weekend (bridge day) as a Saturday. Indicators of their own
would need years to be learnt; the Sunday is there every week. Holidays are computed, nothing is asked over a network, and known
years ahead: no decision learns of one too early. Where several countries are named a day is a holiday if it is one in all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from functools import lru_cache

import numpy as np

from energy_pipeline.domain.delivery import IntArray
from energy_pipeline.domain.public_holidays import is_holiday

SATURDAY, SUNDAY = 5, 6


def day_kinds(places: Sequence[str], first: date, days: int) -> IntArray | None:
    """Weekday each of `days` days from `first` counts as, shape (days,), Monday 0; None without places.

    Parameters
    ----------
    places : sequence of str
        Countries (DE) or subdivisions (DE-BY).

    Examples
    --------
    >>> day_kinds(["DE"], date(2019, 5, 29), 4).tolist()  # Wednesday, Ascension Day, its bridge day, Saturday
    [2, 6, 5, 5]
    """
    if not places:
        return None
    return np.array([_kind(tuple(places), first + timedelta(days=i)) for i in range(days)], dtype=np.int64)


@lru_cache(maxsize=65536)
def _kind(places: tuple[str, ...], day: date) -> int:
    if is_holiday(places, day):
        return SUNDAY
    weekday = day.weekday()
    before, after = (_free(places, day + timedelta(days=step)) for step in (-1, 1))
    return SATURDAY if weekday < SATURDAY and before and after else weekday


def _free(places: tuple[str, ...], day: date) -> bool:
    return day.weekday() >= SATURDAY or is_holiday(places, day)
