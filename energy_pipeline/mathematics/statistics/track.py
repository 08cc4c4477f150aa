"""Daily P&L over a stated capital: returns, wealth, and the building blocks of every ratio.

What belongs here: the series and its plain statistics. What does not: measures of it (`performance`, where the
definitions stand), tests (`significance`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np

from energy_pipeline.domain.delivery import FloatArray

Basis = Literal["fixed", "wealth"]
FLAT = 1e-12
"""A spread this small against the mean is rounding noise of equal days."""


@dataclass(frozen=True)
class Track:
    """Daily P&L over capital.

    Attributes
    ----------
    days : tuple of date
        Delivery days, ascending.
    pnl_eur : array, shape (days,)
    capital_eur : float
        What the P&L is measured against, > 0.
    annualisation_days : int
        A, days a year.
    risk_free_annual : float
        Simple rate a year; its daily part is rate / A.
    basis : str
        `fixed` or `wealth`, see the module.

    Raises
    ------
    ValueError
        For no day, lengths that differ, days not ascending, P&L that is not finite, capital
        that is not positive, or `wealth` returns after the capital is lost.
    """

    days: tuple[date, ...]
    pnl_eur: FloatArray
    capital_eur: float
    annualisation_days: int = 365
    risk_free_annual: float = 0.0
    basis: Basis = "fixed"

    def __post_init__(self) -> None:
        if problems := self._problems():
            raise ValueError(f"P&L of {len(self.days)} day(s): " + "; ".join(problems))

    def _problems(self) -> list[str]:
        if not self.days or self.pnl_eur.shape != (len(self.days),):
            return [f"P&L has shape {self.pnl_eur.shape} -> give one value a day, at least one"]
        problems = []
        if late := [b for a, b in zip(self.days[:-1], self.days[1:], strict=True) if b <= a]:
            problems.append(f"day {late[0]} follows a later or equal one -> sort the days, one row each")
        if bad := [d for d, x in zip(self.days, self.pnl_eur, strict=True) if not np.isfinite(x)]:
            problems.append(f"P&L of {bad[0]} and {len(bad) - 1} more is not finite -> leave out days that are not settled")
        if not self.capital_eur > 0 or not np.isfinite(self.capital_eur):
            problems.append(f"capital is {self.capital_eur:g} EUR -> state a positive capital; returns are over capital, never over a price")
        if not problems and self.basis == "wealth" and self.wealth_eur.min() <= 0:
            lost = self.days[int(np.argmax(self.wealth_eur <= 0)) - 1]
            problems.append(f"the capital of {self.capital_eur:g} EUR is lost on {lost} -> use basis='fixed' or state the capital really held")
        return problems

    @property
    def wealth_eur(self) -> FloatArray:
        """V_0 .. V_T, shape (days + 1,)."""
        return self.capital_eur + np.concatenate([[0.0], np.cumsum(self.pnl_eur)])

    @property
    def returns(self) -> FloatArray:
        """r_t on the track's basis, shape (days,)."""
        base = self.capital_eur if self.basis == "fixed" else self.wealth_eur[:-1]
        return np.asarray(self.pnl_eur / base, dtype=np.float64)

    @property
    def log_returns(self) -> FloatArray:
        """ln(V_t / V_{t-1}), shape (days,); NaN from the day the capital is lost."""
        wealth = self.wealth_eur
        alive = np.logical_and.accumulate(wealth > 0)
        return np.diff(np.log(np.where(alive, wealth, np.nan)))

    @property
    def excess(self) -> FloatArray:
        """Returns over the risk-free return a day, shape (days,)."""
        return self.returns - self.risk_free_annual / self.annualisation_days

    @property
    def cumulative(self) -> FloatArray:
        """(V_t - V_0) / V_0, shape (days,)."""
        return np.asarray(self.wealth_eur[1:] / self.capital_eur - 1.0)


def annualised_return(track: Track) -> float:
    """`fixed`: mean x A; `wealth`: (1 + cumulative)^(A / T) - 1.

    >>> round(annualised_return(Track((date(2025, 1, 1), date(2025, 1, 2)), np.array([10.0, -5.0]), 1000.0)), 6)
    0.9125
    """
    if track.basis == "fixed":
        return float(track.returns.mean()) * track.annualisation_days
    return float((1.0 + track.cumulative[-1]) ** (track.annualisation_days / len(track.days)) - 1.0)


def deviation(values: FloatArray) -> float | None:
    """Standard deviation, divisor n - 1; None for one value."""
    return float(values.std(ddof=1)) if values.size > 1 else None


def downside_deviation(returns: FloatArray, target: float | None = None) -> float | None:
    """`below_mean` (divisor n - 1) without a target, else `below_target` (divisor n).

    >>> round(downside_deviation(np.array([0.02, -0.02, 0.0]), 0.0), 6)
    0.011547
    """
    if target is not None:
        return float(np.sqrt(np.mean(np.minimum(returns - target, 0.0) ** 2)))
    if returns.size < 2:
        return None
    return float(np.sqrt((np.minimum(returns - returns.mean(), 0.0) ** 2).sum() / (returns.size - 1)))


def ratio(mean: float, spread: float | None, scale: float = 1.0) -> float | None:
    """Mean over spread x scale; None where there is no spread to speak of.

    >>> ratio(1.0, 0.0) is None
    True
    """
    return None if spread is None or spread <= FLAT * abs(mean) or spread == 0.0 else mean / spread * scale


def track(days: Sequence[date], pnl_eur: Sequence[float] | FloatArray, capital_eur: float, **settings: object) -> Track:
    """A `Track` of any sequences.

    >>> track([date(2025, 1, 1)], [3], 10).returns.tolist()
    [0.3]
    """
    return Track(tuple(days), np.asarray(pnl_eur, dtype=np.float64), float(capital_eur), **settings)  # type: ignore[arg-type]
