"""Columns of the joint book: ways to use a store, each the best under some weighting of the scenarios.

What belongs here: training under weights and exposure prices, and what a policy earns on paths.
What does not: how stores are optimised or policies learnt (`flexibility`), the master.

A column is priced by sum_i w_i v_i - y . e with w the worth of one EUR in each scenario and y
the price of factor exposure, and what is left is the store's own problem under weights and shifted
prices: the policy is retrained where the book hurts. Exposure is an expectation over equally likely
scenarios, so a schedule's price shifts by exactly y phi / sum w. For a policy each path's share would be
y phi / (N w_i), which no decision can know and regression drowns in (columns lost half their worth in
trials); it is trained and run on the shift's weighted mean, y phi / sum w again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.domain.units import hours_of

if TYPE_CHECKING:
    from energy_pipeline.mathematics.stores.policy import StoragePolicy
    from energy_pipeline.mathematics.stores.store import Store


def shifts_by_path(weights: FloatArray, exposure_price_eur_mwh: FloatArray, factors: FloatArray) -> FloatArray:
    """What exposure costs per MWh on each path, shape (N, T): who knew the path could count it so."""
    return np.asarray((exposure_price_eur_mwh @ factors)[None, :] / (weights.size * weights)[:, None])


class Usage(Protocol):
    """A trained way to use an asset."""

    def on(self, paths_eur_mwh: FloatArray) -> tuple[FloatArray, FloatArray]:
        """P&L [EUR] per path, shape (N,), and factor exposure [MWh], shape (F,)."""
        ...


class Policies(Protocol):
    """All ways to use one asset."""

    @property
    def name(self) -> str:
        """As in the desk file."""
        ...

    @property
    def paths_eur_mwh(self) -> FloatArray:
        """The prices it faces, shape (N, T)."""
        ...

    def train(self, weights: FloatArray, exposure_price_eur_mwh: FloatArray) -> Usage:
        """The way with the largest weighted P&L less priced exposure."""
        ...

    def bound_eur(self, weights: FloatArray, exposure_price_eur_mwh: FloatArray) -> float:
        """No way to use the asset has a larger weighted P&L less priced exposure."""
        ...

    def resized(self, limit: str, factor: float) -> Policies:
        """The same asset with one physical limit scaled."""
        ...

    @property
    def physical_limits(self) -> Mapping[str, float]:
        """Limits that have a shadow price, by name."""
        ...

    @property
    def limit_step(self) -> float:
        """Relative change of a limit that is large enough to be seen over the method's own error."""
        ...


@dataclass(frozen=True)
class Schedule:
    """Quantities fixed before any price is known.

    Attributes
    ----------
    net_mw, discharge_mw, charge_mw : arrays, shape (T,)
    constant_eur : float
        Worth of the energy left at the end.
    """

    owner: SchedulePolicies
    charge_mw: FloatArray
    discharge_mw: FloatArray
    constant_eur: float

    @property
    def net_mw(self) -> FloatArray:
        """Discharge less charge."""
        return np.asarray(self.discharge_mw - self.charge_mw)

    def on(self, paths_eur_mwh: FloatArray) -> tuple[FloatArray, FloatArray]:
        """P&L [EUR] per path and factor exposure [MWh]."""
        owner, hours = self.owner, hours_of(self.owner.minutes)
        cost = owner.store.cycle_cost_eur_mwh * self.discharge_mw.sum() + owner.store.charge_cost_eur_mwh * self.charge_mw.sum()
        pnl = hours * (np.einsum("nt,t->n", paths_eur_mwh, self.net_mw) - cost) + self.constant_eur
        return np.asarray(pnl), np.asarray(hours * owner.factors @ self.net_mw)


@dataclass(frozen=True)
class _Stores:
    """A store, the price paths it faces, and where the factors look.

    Attributes
    ----------
    paths_eur_mwh : array, shape (N, T)
    factors : array, shape (F, T)
        1 where a factor counts the store's net output, else 0 (or any weight).
    """

    name: str
    store: Store
    paths_eur_mwh: FloatArray
    minutes: int
    factors: FloatArray

    @property
    def physical_limits(self) -> Mapping[str, float]:
        """Power either way and energy."""
        return {name: float(getattr(self.store, name)) for name in ("charge_mw", "discharge_mw", "energy_mwh")}

    def _resized_store(self, limit: str, factor: float) -> Store:
        return replace(self.store, **{limit: getattr(self.store, limit) * factor})


@dataclass(frozen=True)
class SchedulePolicies(_Stores):
    """Schedules: the information structure of an auction within its day. Training is exact."""

    @property
    def limit_step(self) -> float:
        """The optimum is piecewise linear in a limit."""
        return 1e-5

    def train(self, weights: FloatArray, exposure_price_eur_mwh: FloatArray) -> Schedule:
        """Perfect foresight on the weighted mean price."""
        from energy_pipeline.mathematics.stores.perfect_foresight import foresight

        mass = float(weights.sum())
        price = (np.einsum("n,nt->t", weights, self.paths_eur_mwh) - exposure_price_eur_mwh @ self.factors) / mass
        plan = foresight(self.store, price, self.minutes)
        return Schedule(self, plan.charge_mw, plan.discharge_mw, plan.value_eur - plan.margin_eur)

    def bound_eur(self, weights: FloatArray, exposure_price_eur_mwh: FloatArray) -> float:
        """What training finds: it is exact."""
        pnl, exposure = self.train(weights, exposure_price_eur_mwh).on(self.paths_eur_mwh)
        return float(weights @ pnl - exposure_price_eur_mwh @ exposure)

    def resized(self, limit: str, factor: float) -> SchedulePolicies:
        """The same asset with one physical limit scaled."""
        return replace(self, store=self._resized_store(limit, factor))


@dataclass(frozen=True)
class Policy:
    """A non-anticipative policy: each interval is decided on its price, less what exposure costs.

    Attributes
    ----------
    shift_eur_mwh : array, shape (T,)
        Price of the exposure of a MWh sold, y phi / sum w.
    """

    owner: SequentialPolicies
    trained: StoragePolicy
    shift_eur_mwh: FloatArray

    def on(self, paths_eur_mwh: FloatArray) -> tuple[FloatArray, FloatArray]:
        """P&L [EUR] per path and factor exposure [MWh]."""
        from energy_pipeline.mathematics.stores.policy import run_of

        run = self.trained.run(paths_eur_mwh)
        if np.any(self.shift_eur_mwh):
            acted = self.trained.run(paths_eur_mwh - self.shift_eur_mwh, seen=paths_eur_mwh)
            run = run_of(self.owner.store, acted.state_of_charge_mwh, paths_eur_mwh, self.owner.minutes)
        mean = run.net_mw.mean(axis=0)
        return run.value_eur, np.asarray(hours_of(self.owner.minutes) * self.owner.factors @ mean)


@dataclass(frozen=True)
class SequentialPolicies(_Stores):
    """Policies learnt by regression: intraday and real time. Training is approximate."""

    @property
    def limit_step(self) -> float:
        """Levels follow the limits, so a small change drowns in interpolation."""
        return 0.05

    def train(self, weights: FloatArray, exposure_price_eur_mwh: FloatArray) -> Policy:
        """Least-squares Monte Carlo under the weights."""
        from energy_pipeline.mathematics.stores.policy import train

        shift = np.asarray(exposure_price_eur_mwh @ self.factors / weights.sum())
        moved = self.paths_eur_mwh - shift if np.any(shift) else self.paths_eur_mwh
        return Policy(self, train(self.store, moved, self.minutes, weights, seen=self.paths_eur_mwh), shift)

    def bound_eur(self, weights: FloatArray, exposure_price_eur_mwh: FloatArray) -> float:
        """Perfect foresight on every path, cycle limits that no one limit on the horizon says left out."""
        from energy_pipeline.mathematics.stores.bounds import foresight_bounds_eur

        known = self.paths_eur_mwh - shifts_by_path(weights, exposure_price_eur_mwh, self.factors)
        return float(weights @ foresight_bounds_eur(self.store, known, self.minutes))

    def resized(self, limit: str, factor: float) -> SequentialPolicies:
        """The same asset with one physical limit scaled."""
        return replace(self, store=self._resized_store(limit, factor))
