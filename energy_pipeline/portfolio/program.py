"""The day's optimisation as data, and its exact value at any point.

What belongs here: variables, scenario P&L as a function of them, and linear
under-estimates of the losses. What does not: solving (`cuts`), desk tables.

Variables x [MW]: first the deviations s - E[g | gate] of the intervals that may deviate,
then one purchase and one sale per contract. P&L of scenario i [kEUR]:

    base_i + slope_i . x - sum_j fee_j |surprise_ij - x_j| - sum_j charge_j(x_j)       (j: the deviations)

where surprise is g - E and charge what trading costs, convex. It is concave in x, so a loss never lies below its tangent.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from energy_pipeline.book.trading_costs import Charge
from energy_pipeline.domain.delivery import FloatArray, IntArray
from energy_pipeline.mathematics.statistics.tail import expected_shortfall, value_at_risk
from energy_pipeline.portfolio.week_rows import WeekRows

K_EUR = 1000.0
"""Money is in kEUR inside the solver, so that MW and money have like sizes."""


@dataclass(frozen=True)
class FurtherLimits:
    """Named limits of the desk beside box, gross room and shortfall.

    Attributes
    ----------
    names : tuple of (limit, scope)
        Of the rows.
    rows : array, shape (limits, variables)
        rows @ x <= room: what a MW uses [kEUR/MW].
    room : array, shape (limits,)
        [kEUR]
    margin_mwh, margin_offset_mwh : arrays, shape (contracts,), or None
        sum |margin_mwh position + offset| <= margin_room [MWh]: what each contract still has to deliver.
    margin_room : float
    """

    names: tuple[tuple[str, str], ...]
    rows: FloatArray
    room: FloatArray
    margin_mwh: FloatArray | None = None
    margin_offset_mwh: FloatArray | None = None
    margin_room: float = np.inf

    def kept(self, x: FloatArray, margin_mwh: float) -> bool:
        """Whether a decision keeps all of them."""
        return bool((np.einsum("ij,j->i", self.rows, x) <= self.room).all()) and margin_mwh <= self.margin_room

    def without_room(self) -> FurtherLimits:
        """No limit at all."""
        return FurtherLimits((), self.rows[:0], self.room[:0])

    def widened(self, by: FloatArray, margin_by: float) -> FurtherLimits:
        """With more room."""
        return replace(self, room=self.room + by, margin_room=self.margin_room + margin_by)


@dataclass(frozen=True)
class StressRows:
    """Loss against the expected day in each stress, rows @ x + constant, shape (stresses, variables) and (stresses,) [kEUR/MW, kEUR]."""

    names: tuple[str, ...]
    rows: FloatArray
    constant: FloatArray

    def worst(self, x: FloatArray) -> float:
        """The largest of them [kEUR]."""
        return float((np.einsum("ij,j->i", self.rows, x) + self.constant).max(initial=-np.inf))


@dataclass(frozen=True)
class Program:
    """max E[P&L] - risk_aversion CVaR under limits.

    Attributes
    ----------
    base : array, shape (scenarios,)
        P&L at x = 0 [kEUR] without the fees of the deviations.
    slope : array, shape (scenarios, variables)
        P&L per MW [kEUR/MW].
    surprise : array, shape (scenarios, deviations)
        g - E [MW].
    fee : array, shape (deviations,)
        Imbalance fee [kEUR/MW].
    lower, upper : arrays, shape (variables,)
        Box [MW].
    opening : array, shape (contracts,)
        MW held of each tradable contract.
    gross_room : float or None
        Sum of |position| the tradable contracts may use [MW].
    risk_aversion, confidence : float
    es_limit : float or None
        Expected shortfall against the mean day at es_level at most [kEUR].
    further : FurtherLimits or None
    charge : Charge or None
        Trading costs of the deviations; None: they trade for nothing.
    stress : StressRows or None
        Of the desk's stresses, for an objective that looks at them.
    benchmark : array, shape (deviations + contracts,), or None
        Deviations and positions that tracking error is measured from [MW].
    week : WeekRows or None
        The same decisions on the paths of the week ahead.
    zones : tuple of str, length variables
        Zone of each; empty where nothing asks for it.
    """

    base: FloatArray
    slope: FloatArray
    surprise: FloatArray
    fee: FloatArray
    lower: FloatArray
    upper: FloatArray
    opening: FloatArray
    gross_room: float | None
    risk_aversion: float
    confidence: float
    es_limit: float | None
    es_level: float
    further: FurtherLimits | None = None
    charge: Charge | None = None
    stress: StressRows | None = None
    benchmark: FloatArray | None = None
    week: WeekRows | None = None
    zones: tuple[str, ...] = ()

    @property
    def variables(self) -> int:
        """Number of variables."""
        return self.lower.size

    @property
    def deviations(self) -> int:
        """How many of them are deviations."""
        return self.fee.size

    @property
    def charged_rate(self) -> FloatArray:
        """Fee and trading cost per MW of a deviation that a scenario is charged at most [kEUR/MW], shape (deviations,)."""
        k = self.deviations
        way = np.where(self.upper[:k] > 0, 1.0, -1.0)
        most = np.where(way > 0, self.upper[:k], self.lower[:k])
        return np.asarray(way * self.fee + self.charge_value(most) / np.where(most == 0.0, 1.0, most))

    @property
    def contracts(self) -> int:
        """Number of tradable contracts."""
        return self.opening.size

    def margin_mwh(self, x: FloatArray) -> float:
        """Energy that margin is paid for at a decision [MWh]."""
        own = self.further
        if own is None or own.margin_mwh is None or own.margin_offset_mwh is None:
            return 0.0
        trade = x[self.deviations : self.deviations + self.contracts] - x[self.deviations + self.contracts :]
        return float(np.abs(own.margin_mwh * (self.opening + trade) + own.margin_offset_mwh).sum())

    def keeps_further(self, x: FloatArray) -> bool:
        """Whether a decision keeps the further limits."""
        return self.further is None or self.further.kept(x, self.margin_mwh(x))

    def losses(self, x: FloatArray) -> FloatArray:
        """Exact loss of each scenario [kEUR], shape (scenarios,)."""
        # einsum rather than BLAS: its sums do not depend on the number of threads
        gain = self.base + np.einsum("ij,j->i", self.slope, x)
        fees = np.einsum("ij,j->i", np.abs(self.surprise - x[: self.deviations]), self.fee)
        result: FloatArray = fees - gain
        return result if self.charge is None else result + self.charge_value(x).sum()

    def charge_value(self, x: FloatArray) -> FloatArray:
        """Trading cost of each deviation [kEUR], shape (deviations,)."""
        return np.zeros(self.deviations) if self.charge is None else self.charge.value_eur(x[: self.deviations]) / K_EUR

    def charge_slope(self, x: FloatArray) -> FloatArray:
        """Its slope [kEUR/MW], shape (deviations,)."""
        return np.zeros(self.deviations) if self.charge is None else self.charge.slope_eur_mw(x[: self.deviations]) / K_EUR

    def loss_tangents(self, x: FloatArray, rows: IntArray) -> tuple[FloatArray, FloatArray]:
        """Constant and gradient of the tangents at x: loss_i(y) >= constant_i + gradient_i . y for every y."""
        gradient = -self.slope[rows]
        gradient[:, : self.deviations] += self.fee * np.sign(x[: self.deviations] - self.surprise[rows]) + self.charge_slope(x)
        return self.losses(x)[rows] - np.einsum("ij,j->i", gradient, x), gradient

    def fee_tangents(self, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Constant and slope of the tangents of each deviation's mean fee and charge at x, shapes (deviations,)."""
        gap = x[: self.deviations] - self.surprise
        slope = self.fee * np.sign(gap).mean(axis=0) + self.charge_slope(x)
        return self.fee * np.abs(gap).mean(axis=0) + self.charge_value(x) - slope * x[: self.deviations], slope

    def value(self, x: FloatArray) -> float:
        """Exact objective [kEUR]."""
        losses = self.losses(x)
        return -float(losses.mean()) - self.risk_aversion * expected_shortfall(losses, self.confidence)

    @property
    def mean_slope(self) -> FloatArray:
        """Mean P&L per MW [kEUR/MW], shape (variables,), without the fees of the deviations."""
        result: FloatArray = self.slope.mean(axis=0)
        return result

    def shortfall(self, x: FloatArray) -> float:
        """Expected shortfall at es_level against the mean day [kEUR].

        The mean is taken without the fees of the deviations, which makes it linear and
        errs on the safe side by the mean fee.
        """
        return expected_shortfall(self.losses(x), self.es_level) + float(self.base.mean() + (self.mean_slope * x).sum())

    def tail(self, losses: FloatArray, level: float) -> IntArray:
        """Scenarios whose loss is at least the VaR, in scenario order."""
        return np.flatnonzero(losses >= value_at_risk(losses, level))
