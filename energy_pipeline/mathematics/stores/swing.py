"""Swing contracts and curtailable load: rights to take, or not to take, a limited number of times.

What belongs here: the contract's terms, its translation into a store, what it earns under a
policy. What does not: training of policies (`policy`).

A swing contract takes q_t in [daily_min, daily_max] MWh on each of N days at the strike K, in all
between total_min and total_max, and pays sum q_t (P_t - K). What must be taken daily is a forward;
the rest is a store that is only ever filled: its content is what has been taken, charging it
earns P - K. A curtailable load gives up `power_mw` for `hours` on a called day, at most so many
days a month, and is worth max(P - K, 0) on those: a swing per month.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.domain.errors import InfeasibleError
from energy_pipeline.mathematics.stores.perfect_foresight import foresight
from energy_pipeline.mathematics.stores.policy import StoragePolicy, run_of, train
from energy_pipeline.mathematics.stores.store import Store

DAY_MINUTES = 1440
HOURS = 24.0


@dataclass(frozen=True)
class Swing:
    """Terms of a swing contract over a number of nominations (days).

    Attributes
    ----------
    daily_min_mwh, daily_max_mwh, total_min_mwh, total_max_mwh : float
    strike_eur_mwh : float
    penalty_eur_mwh : float or None
        Paid per MWh short of total_min; None: falling short is not allowed.
    """

    daily_min_mwh: float
    daily_max_mwh: float
    total_min_mwh: float
    total_max_mwh: float
    strike_eur_mwh: float
    penalty_eur_mwh: float | None = None

    def check(self, days: int) -> None:
        """Raise InfeasibleError, before anything is solved, when the terms contradict each other."""
        found = []
        if not 0 <= self.daily_min_mwh <= self.daily_max_mwh:
            found.append(("daily_min is not between 0 and daily_max", ["daily_min_mwh", "daily_max_mwh"], f"daily_min_mwh <= {self.daily_max_mwh:g}"))
        if self.total_min_mwh > self.total_max_mwh:
            found.append(("total_min is above total_max", ["total_min_mwh", "total_max_mwh"], f"total_min_mwh <= {self.total_max_mwh:g}"))
        most, least = days * self.daily_max_mwh, days * self.daily_min_mwh
        if self.penalty_eur_mwh is None and self.total_min_mwh > most:
            found.append((f"{days} days allow {most:g} MWh at most", ["total_min_mwh", "daily_max_mwh"], f"total_min_mwh <= {most:g}"))
        if least > self.total_max_mwh:
            found.append((f"{days} days take {least:g} MWh at least", ["total_max_mwh", "daily_min_mwh"], f"total_max_mwh >= {least:g}"))
        if found:
            texts, names, ways = zip(*found, strict=True)
            raise InfeasibleError("swing: " + "; ".join(texts), sorted({n for some in names for n in some}), ", ".join(ways))

    def store(self, days: int) -> Store:
        """The right beyond the daily minimum, as a store that is filled."""
        self.check(days)
        extra, owed = self.daily_max_mwh - self.daily_min_mwh, days * self.daily_min_mwh
        room = min(self.total_max_mwh - owed, days * extra)
        must = max(0.0, self.total_min_mwh - owed)
        if self.penalty_eur_mwh is None:
            return Store(extra / HOURS, 0.0, room, terminal_mwh=min(must, room))
        # Where total_min cannot be reached at all, what lacks is owed in any case (see `owed_eur`).
        return Store(extra / HOURS, 0.0, room, terminal="penalised", terminal_mwh=min(must, room), terminal_penalty_eur_mwh=self.penalty_eur_mwh)

    def owed_eur(self, days: int) -> float:
        """Penalty for what no nomination could deliver."""
        most = min(days * self.daily_max_mwh, self.total_max_mwh)
        return (self.penalty_eur_mwh or 0.0) * max(0.0, self.total_min_mwh - most)


@dataclass(frozen=True)
class SwingPolicy:
    """A trained nomination policy."""

    swing: Swing
    inner: StoragePolicy | None
    days: int

    def run(self, paths_eur_mwh: FloatArray, decided_on_eur_mwh: FloatArray | None = None) -> tuple[FloatArray, FloatArray]:
        """Value by path [EUR], penalties included, and nominations, paths x days [MWh].

        Parameters
        ----------
        decided_on_eur_mwh : array, shape of the paths, optional
            What a day's energy counts as in the decision, if not its price: a book that limits
            exposure charges for it.
        """
        swing, prices = self.swing, np.asarray(paths_eur_mwh, dtype=np.float64)
        taken = np.full(prices.shape, swing.daily_min_mwh)
        value = (prices - swing.strike_eur_mwh).sum(axis=1) * swing.daily_min_mwh - swing.owed_eur(self.days)
        if self.inner is None:
            return value, taken
        seen = swing.strike_eur_mwh - prices
        run = self.inner.run(seen)
        if decided_on_eur_mwh is not None:
            acted = self.inner.run(swing.strike_eur_mwh - decided_on_eur_mwh, seen=seen)
            run = run_of(self.inner.store, acted.state_of_charge_mwh, seen, DAY_MINUTES)
        return value + run.value_eur, taken + run.charge_mw * HOURS


def train_swing(swing: Swing, paths_eur_mwh: FloatArray, weights: FloatArray | None = None, seen_eur_mwh: FloatArray | None = None) -> SwingPolicy:
    """Learn when to nominate, on simulated daily prices (paths x days).

    Parameters
    ----------
    seen_eur_mwh : array, paths x days, optional
        The prices a nomination is decided on, if other than those it is valued at.

    Raises
    ------
    InfeasibleError
        Naming the terms that contradict each other.

    Examples
    --------
    >>> paths = np.random.default_rng(0).normal(50, 10, (500, 6))
    >>> forced = train_swing(Swing(0, 1, 6, 6, 48.0), paths)
    >>> bool(np.allclose(forced.run(paths)[0], (paths - 48).sum(axis=1)))
    True
    """
    prices = np.asarray(paths_eur_mwh, dtype=np.float64)
    store = swing.store(prices.shape[1])
    free = store.charge_mw > 0 and store.energy_mwh > 0
    seen = None if seen_eur_mwh is None else swing.strike_eur_mwh - seen_eur_mwh
    inner = train(store, swing.strike_eur_mwh - prices, DAY_MINUTES, weights, seen=seen) if free else None
    return SwingPolicy(swing, inner, prices.shape[1])


def swing_foresight_eur(swing: Swing, prices_eur_mwh: FloatArray) -> float:
    """Best value on known daily prices [EUR]."""
    days = prices_eur_mwh.size
    value = float((prices_eur_mwh - swing.strike_eur_mwh).sum() * swing.daily_min_mwh) - swing.owed_eur(days)
    store = swing.store(days)
    if store.charge_mw <= 0 or store.energy_mwh <= 0:
        return value
    return value + foresight(store, swing.strike_eur_mwh - prices_eur_mwh, DAY_MINUTES).value_eur


@dataclass(frozen=True)
class CurtailableLoad:
    """A load that may be called off.

    Attributes
    ----------
    power_mw, hours : float
        Given up on a called day.
    strike_eur_mwh : float
        What the load is paid per MWh given up.
    calls_per_month : int
    """

    power_mw: float
    hours: float
    strike_eur_mwh: float
    calls_per_month: int

    @property
    def energy_mwh(self) -> float:
        """Energy of a call."""
        return self.power_mw * self.hours

    def month(self, days: int) -> Swing:
        """The right of one month as a swing.

        Raises
        ------
        InfeasibleError
            No hours, no power or no calls.
        """
        if self.energy_mwh <= 0 or self.hours > HOURS or self.calls_per_month < 0:
            raise InfeasibleError(
                "curtailable load: power and hours must be positive, hours at most 24, calls not negative",
                ["power_mw", "hours", "calls_per_month"],
                "power_mw > 0, 0 < hours <= 24, calls_per_month >= 0",
            )
        return Swing(0.0, self.energy_mwh, 0.0, self.energy_mwh * min(self.calls_per_month, days), self.strike_eur_mwh)


def train_curtailable(load: CurtailableLoad, paths_eur_mwh: FloatArray, weights: FloatArray | None = None) -> SwingPolicy:
    """Learn when to call within one month; the prices are means over the load's hours, paths x days."""
    return train_swing(load.month(np.shape(paths_eur_mwh)[1]), paths_eur_mwh, weights)
