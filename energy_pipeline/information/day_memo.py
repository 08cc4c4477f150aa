"""What was computed for past days, kept as long as the process lives.

What belongs here: values by delivery day, and which days to forget when raw rows or
decision times change. What does not: values that depend on anything but a day's cut (they
are kept for one run, `Archive.cached`), and files.

A value of day d is a pure function of the rows decide(d) may see: those with
known_at <= decision_time(d), of delivery days d - history .. d + horizon, and of the cuts of
earlier days inside that span. So a row that comes, goes or changes makes exactly those
days forget that see it; a decision time that moves, its day and all after it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeVar, cast

T = TypeVar("T")


@dataclass(frozen=True)
class RowChange:
    """Rows of one raw table's delivery day that came, went or changed.

    Attributes
    ----------
    table : str
    day : date
        Their delivery day.
    known_us : int
        The earliest `known_at` among them [us since epoch].
    """

    table: str
    day: date
    known_us: int


class DayMemo:
    """Values of days, in memory.

    Examples
    --------
    >>> memo = DayMemo()
    >>> memo.value(date(2026, 3, 1), 100, ("naive", "FR"), lambda: 1.0)
    1.0
    >>> memo.forget([RowChange("day_ahead_prices", date(2026, 2, 27), 101)], 365, 7)
    0
    >>> memo.forget([RowChange("day_ahead_prices", date(2026, 2, 27), 100)], 365, 7)
    1
    """

    def __init__(self) -> None:
        self._values: dict[date, dict[tuple[object, ...], object]] = {}
        self._decided_us: dict[date, int] = {}

    @property
    def days(self) -> list[date]:
        """Days anything is kept of, ascending."""
        return sorted(self._values)

    def value(self, day: date, decision_us: int, key: tuple[object, ...], make: Callable[[], T]) -> T:
        """`make()`, computed once for that day, decision time and key."""
        held = self._values.setdefault(day, {})
        if self._decided_us.setdefault(day, decision_us) != decision_us:
            return make()  # a look at the day from elsewhere than its run decided: not kept
        if key not in held:
            held[key] = make()
        return cast("T", held[key])

    def forget(self, changes: Iterable[RowChange], history_days: int, horizon_days: int) -> int:
        """Drop the days that see a changed row; returns how many were dropped."""
        earliest: dict[date, int] = {}
        for change in changes:
            earliest[change.day] = min(change.known_us, earliest.get(change.day, change.known_us))
        back, ahead = timedelta(days=history_days), timedelta(days=horizon_days)
        seen = [d for d, at in self._decided_us.items() if any(known <= at and d - back <= x <= d + ahead for x, known in earliest.items())]
        return self._drop(seen)

    def keep_to(self, first: date, decision_us: Mapping[date, int]) -> int:
        """Drop days before `first`, and from the first day whose decision time is another than it was made at."""
        moved = [d for d, at in self._decided_us.items() if decision_us.get(d, at) != at]
        edge = min(moved, default=date.max)
        return self._drop([d for d in self._values if d < first or d >= edge])

    def _drop(self, days: list[date]) -> int:
        for day in days:
            self._values.pop(day, None)
            self._decided_us.pop(day, None)
        return len(days)
