"""Public holidays of countries and their parts: computed, nothing is asked over a network.

What belongs here: whether a day is one. What does not: what a model makes of it (`features.calendar`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import lru_cache


def is_holiday(places: Sequence[str], day: date) -> bool:
    """Whether a day is a public holiday in all of the places; False where there is none.

    Parameters
    ----------
    places : sequence of str
        Countries (DE) or subdivisions (DE-BY).

    Examples
    --------
    >>> is_holiday(("DE", "FR"), date(2019, 7, 14)), is_holiday(("FR",), date(2019, 7, 14)), is_holiday((), date(2019, 7, 14))
    (False, True, False)
    """
    return bool(places) and all(day in _holidays(place, day.year) for place in places)


@lru_cache(maxsize=512)
def _holidays(place: str, year: int) -> frozenset[date]:
    from holidays import country_holidays

    country, _, part = place.partition("-")
    return frozenset(country_holidays(country, subdiv=part or None, years=[year]))
