"""Joint scenarios of what contracts settle on: power prices by zone, gas, carbon.

What belongs here: the arrays and their checks, block profiles over many days. What does
not: drawing them, contracts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

import numpy as np

from energy_pipeline.domain.blocks import Block, profile
from energy_pipeline.domain.delivery import DeliveryDay, FloatArray, IntArray
from energy_pipeline.mathematics.allocation import BadProblemError


@dataclass(frozen=True)
class Market:
    """Scenarios over consecutive delivery days.

    Attributes
    ----------
    days : tuple of date
        Local delivery days, without gaps.
    time_zone : str
    minutes : int
        Length of an interval.
    power_eur_mwh : mapping of zone to array, shape (scenarios, intervals)
        The days' intervals one after the other (23, 24 or 25 hours each).
    gas_eur_mwh, carbon_eur_t : arrays, shape (scenarios, days), or None
        Daily settlements.
    """

    days: tuple[date, ...]
    time_zone: str
    minutes: int
    power_eur_mwh: Mapping[str, FloatArray]
    gas_eur_mwh: FloatArray | None = None
    carbon_eur_t: FloatArray | None = None
    _profiles: dict[Block, FloatArray] = field(init=False, default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        problems = []
        counts = {zone: p.shape for zone, p in self.power_eur_mwh.items()}
        for zone, shape in counts.items():
            if len(shape) != 2 or shape[1] != self.intervals:
                problems.append(f"power prices of {zone} have shape {shape}, need (scenarios, {self.intervals}) for {len(self.days)} days")
        for name, daily in (("gas", self.gas_eur_mwh), ("carbon", self.carbon_eur_t)):
            if daily is not None and (daily.ndim != 2 or daily.shape[1] != len(self.days)):
                problems.append(f"{name} prices have shape {daily.shape}, need (scenarios, {len(self.days)})")
        if len({a.shape[0] for a in self._arrays()}) > 1:
            problems.append("power, gas and carbon have different numbers of scenarios")
        problems += [f"{(~np.isfinite(a)).sum()} price(s) are not finite" for a in self._arrays() if not np.isfinite(a).all()]
        if problems:
            raise BadProblemError(problems)

    def _arrays(self) -> list[FloatArray]:
        return [*self.power_eur_mwh.values(), *(a for a in (self.gas_eur_mwh, self.carbon_eur_t) if a is not None)]

    @cached_property
    def sizes(self) -> IntArray:
        """Intervals of each day, shape (days,)."""
        return np.array([DeliveryDay(d, self.time_zone).count(self.minutes) for d in self.days], dtype=np.int64)

    @property
    def intervals(self) -> int:
        """Intervals of all days."""
        return int(self.sizes.sum())

    @property
    def scenarios(self) -> int:
        """Number of scenarios."""
        arrays = self._arrays()
        return arrays[0].shape[0] if arrays else 0

    def hours(self, block: Block, first: date, last: date) -> FloatArray:
        """Delivery hours of a block between two days per interval, shape (intervals,)."""
        if block not in self._profiles:
            parts = [profile(block, DeliveryDay(d, self.time_zone), self.minutes) for d in self.days]
            self._profiles[block] = np.concatenate(parts) * self.minutes / 60.0
        inside = self.between(first, last)
        result: FloatArray = np.where(np.repeat(inside, self.sizes), self._profiles[block], 0.0)
        return result

    def between(self, first: date, last: date) -> FloatArray:
        """1 for days from first to last, shape (days,)."""
        return np.array([1.0 if first <= d <= last else 0.0 for d in self.days])

    def by_interval(self, daily: FloatArray) -> FloatArray:
        """Daily values on the days' intervals, shape (scenarios, intervals)."""
        return np.repeat(daily, self.sizes, axis=1)
