"""Columns of the joint book for rights that are no stores: swing contracts, curtailable load, tolling plants.

What belongs here: the protocol of `columns.Policies` over what `flexibility` trains. What does not: stores
(`columns`), how the rights are trained (`mathematics.stores.swing`, `mathematics.stores.tolling`).

A price of exposure shifts the prices a policy is trained on and decides on, as in `columns`; what it
earns is always counted at the true ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.domain.units import hours_of
from energy_pipeline.mathematics.stores.joint.columns import shifts_by_path

if TYPE_CHECKING:
    from energy_pipeline.mathematics.stores.swing import Swing, SwingPolicy
    from energy_pipeline.mathematics.stores.tolling import Tolling, TollingPolicy

LEARNT_STEP = 0.05
"""Relative change of a limit that is seen over the error of learning."""


@dataclass(frozen=True)
class SwingUsage:
    """A trained nomination policy."""

    owner: SwingPolicies
    trained: SwingPolicy
    shift_eur_mwh: FloatArray

    def on(self, paths_eur_mwh: FloatArray) -> tuple[FloatArray, FloatArray]:
        """P&L [EUR] per path and factor exposure [MWh]."""
        value, taken = self.trained.run(paths_eur_mwh, paths_eur_mwh - self.shift_eur_mwh)
        return value, np.asarray(self.owner.factors @ taken.mean(axis=0))


@dataclass(frozen=True)
class SwingPolicies:
    """All ways to nominate a swing contract, or to call a load (`CurtailableLoad.month`).

    Attributes
    ----------
    paths_eur_mwh : array, shape (N, days)
        Daily prices; scenario n is the same as the book's.
    factors : array, shape (F, days)
        1 where a factor counts the energy taken.
    """

    name: str
    swing: Swing
    paths_eur_mwh: FloatArray
    factors: FloatArray

    @property
    def physical_limits(self) -> Mapping[str, float]:
        """Energy a day and in all."""
        return {name: float(getattr(self.swing, name)) for name in ("daily_max_mwh", "total_max_mwh")}

    @property
    def limit_step(self) -> float:
        """Of learning."""
        return LEARNT_STEP

    def train(self, weights: FloatArray, exposure_price_eur_mwh: FloatArray) -> SwingUsage:
        """Least-squares Monte Carlo under the weights."""
        from energy_pipeline.mathematics.stores.swing import train_swing

        shift = np.asarray(exposure_price_eur_mwh @ self.factors / weights.sum())
        return SwingUsage(self, train_swing(self.swing, self.paths_eur_mwh - shift, weights, seen_eur_mwh=self.paths_eur_mwh), shift)

    def bound_eur(self, weights: FloatArray, exposure_price_eur_mwh: FloatArray) -> float:
        """Perfect foresight on every path."""
        from energy_pipeline.mathematics.stores.swing import swing_foresight_eur

        known = self.paths_eur_mwh - shifts_by_path(weights, exposure_price_eur_mwh, self.factors)
        return float(weights @ np.array([swing_foresight_eur(self.swing, path) for path in known]))

    def resized(self, limit: str, factor: float) -> SwingPolicies:
        """The same contract with one limit scaled."""
        return replace(self, swing=replace(self.swing, **{limit: getattr(self.swing, limit) * factor}))


@dataclass(frozen=True)
class TollingUsage:
    """Trained start and stop decisions."""

    owner: TollingPolicies
    trained: TollingPolicy
    shift_eur_mwh: FloatArray

    def on(self, paths_eur_mwh: FloatArray) -> tuple[FloatArray, FloatArray]:
        """P&L [EUR] per path and factor exposure [MWh]."""
        owner, plant = self.owner, self.owner.plant
        decided = owner.margins_eur(paths_eur_mwh - self.shift_eur_mwh)
        plan = self.trained.run(decided)
        output = np.where(decided > 0, plant.power_mw, plant.minimum_mw) * plan.on
        starts = (plan.on * decided).sum(axis=1) - plan.value_eur
        # The shift is paid on the output and nowhere else: what was decided on, and the shift back, is what is earned.
        earned = (plan.on * decided).sum(axis=1) + hours_of(owner.minutes) * (output * self.shift_eur_mwh).sum(axis=1)
        return earned - starts, np.asarray(hours_of(owner.minutes) * owner.factors @ output.mean(axis=0))


@dataclass(frozen=True)
class TollingPolicies:
    """All ways to run a tolling plant, fuel and carbon at known prices.

    Attributes
    ----------
    paths_eur_mwh : array, shape (N, T)
    factors : array, shape (F, T)
        1 where a factor counts the plant's output.
    """

    name: str
    plant: Tolling
    paths_eur_mwh: FloatArray
    minutes: int
    factors: FloatArray
    fuel_eur_mwh: float
    carbon_eur_t: float

    @property
    def physical_limits(self) -> Mapping[str, float]:
        """Power."""
        return {"power_mw": float(self.plant.power_mw)}

    @property
    def limit_step(self) -> float:
        """Of learning."""
        return LEARNT_STEP

    def margins_eur(self, paths_eur_mwh: FloatArray) -> FloatArray:
        """Margin of each interval while running."""
        return self.plant.margins_eur(paths_eur_mwh, np.array(self.fuel_eur_mwh), np.array(self.carbon_eur_t), self.minutes)

    def train(self, weights: FloatArray, exposure_price_eur_mwh: FloatArray) -> TollingUsage:
        """Least-squares Monte Carlo under the weights."""
        from energy_pipeline.mathematics.stores.tolling import train_tolling

        shift = np.asarray(exposure_price_eur_mwh @ self.factors / weights.sum())
        return TollingUsage(self, train_tolling(self.plant, self.margins_eur(self.paths_eur_mwh - shift), weights), shift)

    def bound_eur(self, weights: FloatArray, exposure_price_eur_mwh: FloatArray) -> float:
        """Perfect foresight on every path."""
        from energy_pipeline.mathematics.stores.tolling import commitment

        known = self.paths_eur_mwh - shifts_by_path(weights, exposure_price_eur_mwh, self.factors)
        return float(weights @ commitment(self.plant, self.margins_eur(known)).value_eur)

    def resized(self, limit: str, factor: float) -> TollingPolicies:
        """The same plant with one limit scaled."""
        return replace(self, plant=replace(self.plant, **{limit: getattr(self.plant, limit) * factor}))
