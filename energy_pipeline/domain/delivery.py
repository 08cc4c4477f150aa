"""Delivery days: local calendar days of 23, 24 or 25 hours, in UTC intervals.

What belongs here: the arithmetic of days, intervals and wall-clock slots. What
does not: which market has which gate (the desk says), or any data.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property, lru_cache
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from energy_pipeline.domain.errors import DeskError

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]
Float32Array = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]

MICROSECONDS_PER_MINUTE = 60_000_000


def to_us(moment: datetime) -> int:
    """Microseconds since the epoch of an aware datetime.

    >>> to_us(datetime(1970, 1, 1, 0, 1, tzinfo=UTC))
    60000000
    """
    if moment.tzinfo is None:
        raise ValueError(f"naive datetime {moment!r}: give it a time zone")
    delta = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def from_us(value: int) -> datetime:
    """The UTC datetime of microseconds since the epoch."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(value))


def local_instant(day: date, at: time, time_zone: str) -> datetime:
    """The UTC instant of a wall-clock time on a local day.

    A time that the spring change skips is read with the offset before it, a time
    that the autumn change repeats is its first occurrence.

    >>> local_instant(date(2019, 3, 31), time(12), "Europe/Berlin")
    datetime.datetime(2019, 3, 31, 10, 0, tzinfo=datetime.timezone.utc)
    """
    return datetime.combine(day, at, tzinfo=ZoneInfo(time_zone)).astimezone(UTC)


@dataclass(frozen=True)
class DeliveryDay:
    """One local calendar day of a market.

    Intervals are labelled by their UTC start; `[start, end)`.

    >>> day = DeliveryDay(date(2019, 3, 31), "Europe/Berlin")
    >>> day.hours, day.count(15)
    (23, 92)
    """

    day: date
    time_zone: str

    @cached_property
    def start(self) -> datetime:
        """First instant of the day, UTC."""
        return local_instant(self.day, time(0), self.time_zone)

    @cached_property
    def end(self) -> datetime:
        """First instant after the day, UTC."""
        return local_instant(self.day + timedelta(days=1), time(0), self.time_zone)

    @property
    def hours(self) -> int:
        """23, 24 or 25; half an hour more or less is refused."""
        return self.count(60)

    def count(self, minutes: int) -> int:
        """Number of intervals of `minutes` length.

        Raises
        ------
        DeskError
            On a day that they do not fill: a zone that shifts by half an hour has no such hours.
        """
        count, rest = divmod(int((self.end - self.start).total_seconds()), 60 * minutes)
        if rest:
            problem = f"{self.day} in {self.time_zone} is not a whole number of {minutes} minutes long -> use a shorter interval, or another zone"
            raise DeskError("time_zone", [problem])
        return count

    def interval_starts_us(self, minutes: int) -> IntArray:
        """UTC starts of the day's intervals [us since epoch], shape (count,)."""
        return _interval_starts_us(self.day, self.time_zone, minutes)

    def slots(self, minutes: int) -> IntArray:
        """Wall-clock slot of each interval: 0 .. 1440/minutes - 1, shape (count,).

        The repeated autumn hour has the same slots twice; the skipped spring hour's
        slots are absent. Same-hour comparisons between days go by slot.

        >>> DeliveryDay(date(2019, 3, 31), "Europe/Berlin").slots(60)[:4].tolist()
        [0, 1, 3, 4]
        """
        return _slots(self.day, self.time_zone, minutes)

    def shift(self, days: int) -> DeliveryDay:
        """The delivery day `days` later (negative: earlier)."""
        return DeliveryDay(self.day + timedelta(days=days), self.time_zone)


@lru_cache(maxsize=16_384)
def _interval_starts_us(day: date, time_zone: str, minutes: int) -> IntArray:
    owner = DeliveryDay(day, time_zone)
    starts = to_us(owner.start) + np.arange(owner.count(minutes), dtype=np.int64) * minutes * MICROSECONDS_PER_MINUTE
    starts.setflags(write=False)
    return starts


@lru_cache(maxsize=16_384)
def _slots(day: date, time_zone: str, minutes: int) -> IntArray:
    zone = ZoneInfo(time_zone)
    local = [from_us(int(t)).astimezone(zone) for t in _interval_starts_us(day, time_zone, minutes)]
    slots = np.array([(t.hour * 60 + t.minute) // minutes for t in local], dtype=np.int64)
    slots.setflags(write=False)
    return slots


def same_slot_starts_us(target: DeliveryDay, source: DeliveryDay, minutes: int) -> IntArray:
    """For each interval of `target`, the start of the same wall-clock slot on `source` [us].

    A slot repeated in autumn on `source` is read at its first occurrence; a slot that
    `source` skips in spring takes the slot one hour earlier, or later where the skipped hour is the day's first.

    >>> a, b = DeliveryDay(date(2019, 4, 1), "Europe/Berlin"), DeliveryDay(date(2019, 3, 31), "Europe/Berlin")
    >>> len(same_slot_starts_us(a, b, 60))
    24
    """
    return _same_slot_starts_us(target.day, source.day, target.time_zone, minutes)


@lru_cache(maxsize=65_536)
def _same_slot_starts_us(target: date, source: date, time_zone: str, minutes: int) -> IntArray:
    starts = _interval_starts_us(source, time_zone, minutes)
    first = {int(slot): int(start) for slot, start in zip(_slots(source, time_zone, minutes)[::-1], starts[::-1], strict=True)}
    hour, hours = 60 // minutes, (0, *(sign * h for sign in (-1, 1) for h in range(1, 24)))
    wanted = _slots(target, time_zone, minutes)
    result = np.array([first[next(n for h in hours if (n := int(s) + h * hour) in first)] for s in wanted], dtype=np.int64)
    result.setflags(write=False)
    return result


def day_of(moment: datetime, time_zone: str) -> date:
    """The local delivery day an instant falls into."""
    return moment.astimezone(ZoneInfo(time_zone)).date()


def days_between(first: date, last: date) -> list[date]:
    """All days from `first` to `last`, both included.

    >>> len(days_between(date(2019, 3, 18), date(2019, 4, 14)))
    28
    """
    return [first + timedelta(days=i) for i in range((last - first).days + 1)]
