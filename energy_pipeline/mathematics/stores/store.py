"""A store of energy as numbers: limits, losses, costs, and what must hold at the end.

What belongs here: the description of a battery or gas store, and the check that it can be
operated at all. What does not: prices, optimisation, the desk file's models.

Conventions. Powers are at the grid; `s` is the energy stored [MWh]. In an interval of delta
hours, with c charged and d discharged [MW], a and b the one-way efficiencies and sigma the
share of the content lost per day,

    s' = (1 - sigma)^(delta / 24) s + delta (a c - d / b),   minimum <= s' <= energy,

and the margin is delta (p (d - c) - k d - j c): k per MWh discharged, j per MWh charged.
A terminal condition is one of five different problems: `at_least` (energy beyond terminal_mwh is
worth nothing), `equal`, `valued` (each MWh left is worth terminal_value_eur_mwh, and at least
terminal_mwh must be left), `penalised` (each MWh short of terminal_mwh costs
terminal_penalty_eur_mwh) and `curve` (what is left is worth end_curve: (MWh, EUR) points of a
concave function; at least terminal_mwh must be left).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.domain.errors import InfeasibleError
from energy_pipeline.domain.units import hours_of

HOURS_PER_DAY = 24.0
TOLERANCE_MWH = 1e-9

Ratchet = tuple[tuple[float, float], ...]
"""(energy stored [MWh], power [MW]) pairs, rising in energy; linear between, held beyond."""


@dataclass(frozen=True)
class Store:
    """A battery, or a store of gas.

    Attributes
    ----------
    charge_mw, discharge_mw : float
        Largest power taken from and given to the grid [MW].
    energy_mwh, minimum_mwh : float
        The window of the energy stored [MWh].
    charge_efficiency, discharge_efficiency : float
        One-way, in (0, 1].
    cycle_cost_eur_mwh, charge_cost_eur_mwh : float
        Variable cost per MWh discharged and per MWh charged.
    self_discharge_per_day : float
        Share of the content lost in a day, in [0, 1).
    cycles_per_day, cycles_per_week, cycles_in_all : float or None
        MWh discharged in 24 hours (168 hours, the horizon) at most this many times energy_mwh;
        days and weeks are counted from the first interval.
    charge_ratchet, discharge_ratchet : tuple of (MWh, MW) pairs
        Power as a function of the content; empty: constant.

    Examples
    --------
    >>> Store(1.0, 1.0, 4.0, charge_efficiency=0.9, discharge_efficiency=0.9).round_trip
    0.81
    """

    charge_mw: float
    discharge_mw: float
    energy_mwh: float
    minimum_mwh: float = 0.0
    charge_efficiency: float = 1.0
    discharge_efficiency: float = 1.0
    cycle_cost_eur_mwh: float = 0.0
    charge_cost_eur_mwh: float = 0.0
    self_discharge_per_day: float = 0.0
    initial_mwh: float = 0.0
    terminal: Literal["at_least", "equal", "valued", "penalised", "curve"] = "at_least"
    terminal_mwh: float = 0.0
    terminal_value_eur_mwh: float = 0.0
    terminal_penalty_eur_mwh: float = 0.0
    end_curve: tuple[tuple[float, float], ...] = ()
    cycles_per_day: float | None = None
    cycles_per_week: float | None = None
    cycles_in_all: float | None = None
    charge_ratchet: Ratchet = ()
    discharge_ratchet: Ratchet = ()

    @property
    def round_trip(self) -> float:
        """Efficiency there and back."""
        return self.charge_efficiency * self.discharge_efficiency

    @property
    def is_limited_in_cycles(self) -> bool:
        """Whether any cycle limit is set."""
        return any(c is not None for c in (self.cycles_per_day, self.cycles_per_week, self.cycles_in_all))

    @property
    def end_value_eur_mwh(self) -> float:
        """Value of a MWh left at the end."""
        return self.terminal_value_eur_mwh if self.terminal == "valued" else 0.0

    def end_eur(self, stored_mwh: FloatArray) -> FloatArray:
        """What the energy left is worth, less the penalty for what lacks [EUR]."""
        if self.terminal == "curve":
            levels, values = np.array(self.end_curve).T
            return np.asarray(np.interp(stored_mwh, levels, values))
        short = np.maximum(0.0, self.terminal_mwh - stored_mwh) if self.terminal == "penalised" else 0.0
        return np.asarray(self.end_value_eur_mwh * stored_mwh - self.terminal_penalty_eur_mwh * short)

    @property
    def end_range_mwh(self) -> tuple[float, float]:
        """What may be stored at the end."""
        if self.terminal == "penalised":
            return self.minimum_mwh, self.energy_mwh
        return max(self.terminal_mwh, self.minimum_mwh), self.terminal_mwh if self.terminal == "equal" else self.energy_mwh

    def scaled(self, factor: float) -> Store:
        """A store `factor` times as large in power, energy and content."""
        sizes = ("charge_mw", "discharge_mw", "energy_mwh", "minimum_mwh", "initial_mwh", "terminal_mwh")
        changed: dict[str, Any] = {name: getattr(self, name) * factor for name in sizes}
        changed |= {n: tuple((s * factor, p * factor) for s, p in getattr(self, n)) for n in ("charge_ratchet", "discharge_ratchet")}
        return replace(self, **changed)

    def kept(self, minutes: int) -> float:
        """Share of the content left after an interval."""
        return float((1.0 - self.self_discharge_per_day) ** (hours_of(minutes) / HOURS_PER_DAY))

    def charge_step_mwh(self, minutes: int, stored_mwh: FloatArray | float = 0.0) -> FloatArray:
        """Largest energy added to the store in an interval that begins at `stored_mwh`."""
        return _power(self.charge_ratchet, self.charge_mw, stored_mwh) * hours_of(minutes) * self.charge_efficiency

    def discharge_step_mwh(self, minutes: int, stored_mwh: FloatArray | float = 0.0) -> FloatArray:
        """Largest energy taken out of the store in an interval that begins at `stored_mwh`."""
        return _power(self.discharge_ratchet, self.discharge_mw, stored_mwh) * hours_of(minutes) / self.discharge_efficiency

    def steppers(self, minutes: int) -> tuple[Callable[[float], float], Callable[[float], float]]:
        """Largest energy into and out of the store in an interval as functions of the content, in plain floats."""
        if not self.charge_ratchet and not self.discharge_ratchet:
            into, out = float(self.charge_step_mwh(minutes)), float(self.discharge_step_mwh(minutes))
            return lambda _: into, lambda _: out
        return lambda s: float(self.charge_step_mwh(minutes, s)), lambda s: float(self.discharge_step_mwh(minutes, s))

    def margins_eur(self, charge_mw: FloatArray, discharge_mw: FloatArray, prices_eur_mwh: FloatArray, minutes: int) -> FloatArray:
        """Cash of each interval [EUR]; shapes broadcast."""
        paid = (prices_eur_mwh + self.charge_cost_eur_mwh) * charge_mw
        return hours_of(minutes) * ((prices_eur_mwh - self.cycle_cost_eur_mwh) * discharge_mw - paid)

    def check(self, intervals: int, minutes: int) -> None:
        """Raise InfeasibleError, before anything is solved, when no operation keeps the limits.

        Standing still is not always allowed: what leaks below the minimum must be refilled.
        """
        found = [*self._window_problems(), *self._ratchet_problems()]
        if not found:
            found = self._reach_problems(intervals, minutes)
        if found:
            texts, names, ways = zip(*found, strict=True)
            raise InfeasibleError("store: " + "; ".join(texts), sorted({n for some in names for n in some}), ", ".join(ways))

    def _window_problems(self) -> list[tuple[str, list[str], str]]:
        found = []
        if self.minimum_mwh > self.energy_mwh:
            found.append(
                (
                    f"the minimum {self.minimum_mwh:g} MWh is above the capacity {self.energy_mwh:g} MWh",
                    ["minimum_mwh", "energy_mwh"],
                    f"minimum_mwh <= {self.energy_mwh:g}",
                )
            )
        for name, where in (("initial_mwh", "at the start"), ("terminal_mwh", "at the end")):
            value = getattr(self, name)
            if value > self.energy_mwh:
                found.append(
                    (f"{value:g} MWh {where} is more than fits", [name, "energy_mwh"], f"{name} <= {self.energy_mwh:g}"),
                )
        if self.initial_mwh < self.minimum_mwh - TOLERANCE_MWH:
            found.append(
                (
                    f"{self.initial_mwh:g} MWh at the start is below the minimum {self.minimum_mwh:g} MWh",
                    ["initial_mwh", "minimum_mwh"],
                    f"initial_mwh >= {self.minimum_mwh:g}",
                )
            )
        return found

    def _ratchet_problems(self) -> list[tuple[str, list[str], str]]:
        return [
            (f"{name} does not rise in energy or has a negative power", [name], f"sort {name} by energy, powers >= 0")
            for name in ("charge_ratchet", "discharge_ratchet")
            if any(p < 0 for _, p in getattr(self, name)) or list(getattr(self, name)) != sorted(set(getattr(self, name)))
        ]

    def _reach_problems(self, intervals: int, minutes: int) -> list[tuple[str, list[str], str]]:
        kept, low, high = self.kept(minutes), self.initial_mwh, self.initial_mwh
        into, out = self.steppers(minutes)
        for _ in range(intervals):
            most = kept * high + into(high)
            if most < self.minimum_mwh - TOLERANCE_MWH:
                need = (self.minimum_mwh - kept * high) / (hours_of(minutes) * self.charge_efficiency)
                return [("what leaks cannot be refilled", ["self_discharge_per_day", "minimum_mwh", "charge_mw"], f"charge_mw >= {need:g}")]
            before = (low, high)
            high = min(self.energy_mwh, most)
            low = max(self.minimum_mwh, kept * low - out(low))
            if before == (low, high):
                break
        least, allowed = self.end_range_mwh
        if least > high + TOLERANCE_MWH:
            return [
                (
                    f"must end with {self.terminal_mwh:g} MWh but can hold at most {high:g} MWh by then",
                    ["terminal_mwh", "initial_mwh", "charge_mw", "charge_efficiency", "energy_mwh"],
                    f"terminal_mwh <= {high:g}",
                )
            ]
        return self._empty_problems(low, allowed, self._out_by_cycles_mwh(intervals, minutes))

    def _out_by_cycles_mwh(self, intervals: int, minutes: int) -> dict[str, float]:
        """What each cycle limit lets out of the store over all intervals."""
        hours, full = intervals * hours_of(minutes), self.energy_mwh / self.discharge_efficiency
        power = self.discharge_mw / self.discharge_efficiency
        found = {}
        for name, span in (("cycles_per_day", HOURS_PER_DAY), ("cycles_per_week", 7 * HOURS_PER_DAY), ("cycles_in_all", hours)):
            if (limit := getattr(self, name)) is not None:
                whole, rest = divmod(hours, span)
                found[name] = whole * min(limit * full, power * span) + min(limit * full, power * rest)
        return found

    def _empty_problems(self, low: float, allowed: float, out_mwh: dict[str, float]) -> list[tuple[str, list[str], str]]:
        least = max([low, *(self.initial_mwh - o for o in out_mwh.values() if self.self_discharge_per_day == 0)])
        if allowed >= least - TOLERANCE_MWH:
            return []
        names = ["terminal_mwh", "initial_mwh", "discharge_mw", *out_mwh]
        return [(f"must end with {self.terminal_mwh:g} MWh but cannot get below {least:g} MWh by then", names, f"terminal_mwh >= {least:g}")]


def end_segments(store: Store) -> tuple[FloatArray, FloatArray]:
    """Slopes and lengths of what the energy left is worth."""
    low, high = store.end_range_mwh
    if store.terminal in {"at_least", "equal", "valued"} and high > low:
        return np.array([store.end_value_eur_mwh]), np.array([high - low])
    bends = [p[0] for p in store.end_curve] if store.terminal == "curve" else [store.terminal_mwh if store.terminal == "penalised" else low]
    edges = np.unique(np.clip([low, *bends, high], low, high))
    if edges.size < 2:
        return np.zeros(0), np.zeros(0)
    return np.diff(store.end_eur(edges)) / np.diff(edges), np.diff(edges)


def _power(ratchet: Ratchet, constant_mw: float, stored_mwh: FloatArray | float) -> FloatArray:
    if not ratchet:
        return np.full(np.shape(stored_mwh), constant_mw)
    levels, powers = np.array(ratchet).T
    return np.asarray(np.minimum(np.interp(stored_mwh, levels, powers), constant_mw))
