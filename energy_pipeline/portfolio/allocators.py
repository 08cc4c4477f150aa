"""Sizes of strategies: alpha, risk model and allocator as three things that can each be swapped.

What belongs here: what a strategy is expected to earn, how strategies move together, the
sizes that follow under limits. What does not: signals and backtests (`strategies`), the
solvers (`allocation`).

An alpha is any function of (history, names) that gives the expected daily P&L per unit of
size; a risk model any that gives their covariance; an objective any of `allocation`. The
history holds the daily P&L of each strategy at its full size, so a size of 0.5 is half of it.
Index studies earn nothing that can be traded and are refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.mathematics import allocation as al
from energy_pipeline.mathematics.allocation import covariance
from energy_pipeline.mathematics.allocation.limits import Limit
from energy_pipeline.mathematics.allocation.objectives import Objective

Alpha = Callable[[FloatArray, Sequence[str]], FloatArray]
"""(history (days, strategies), names) -> expected daily P&L at full size, shape (strategies,)."""
RiskModel = Callable[[FloatArray, Sequence[str]], FloatArray | al.FactorCovariance]
"""(history, names) -> covariance of the daily P&L at full size."""

INDEX_ONLY = "index_only"


def shrunk_mean(shrinkage_days: float = 60.0) -> Alpha:
    """Past mean, pulled to zero as if so many days without gain or loss had been seen besides.

    >>> shrunk_mean(2.0)(np.array([[4.0], [2.0]]), ["a"]).tolist()
    [1.5]
    """

    def alpha(history: FloatArray, names: Sequence[str]) -> FloatArray:
        del names
        result: FloatArray = history.sum(axis=0) / (len(history) + shrinkage_days)
        return result

    return alpha


def forecast(expected_eur: Mapping[str, float]) -> Alpha:
    """Today's own forecasts: expected P&L by strategy, from signals and expected edges; a strategy not named expects nothing."""

    def alpha(history: FloatArray, names: Sequence[str]) -> FloatArray:
        del history
        return np.array([expected_eur.get(n, 0.0) for n in names])

    return alpha


def blended(prior: Alpha, expected_eur: Mapping[str, float], confidence: float, tau: float = 0.05) -> Alpha:
    """Black-Litterman: a prior alpha moved to today's forecasts as far as their confidence says."""

    def alpha(history: FloatArray, names: Sequence[str]) -> FloatArray:
        views = [al.View({n: 1.0}, expected_eur[n], confidence) for n in names if n in expected_eur]
        return al.posterior(names, prior(history, names), covariance.sample(history), views, tau).mean

    return alpha


def sample_risk(history: FloatArray, names: Sequence[str]) -> FloatArray:
    """Sample covariance."""
    del names
    return covariance.sample(history)


def shrunk_risk(history: FloatArray, names: Sequence[str]) -> FloatArray:
    """Ledoit and Wolf's shrinkage."""
    del names
    return covariance.ledoit_wolf(history)[0]


def weighted_risk(half_life_days: float = 30.0) -> RiskModel:
    """Exponentially weighted covariance: what is a half-life older counts half."""

    def risk(history: FloatArray, names: Sequence[str]) -> FloatArray:
        del names
        return covariance.exponentially_weighted(history, half_life_days)

    return risk


@dataclass(frozen=True)
class StrategyAllocator:
    """Three exchangeable parts.

    Attributes
    ----------
    alpha : Alpha
    risk : RiskModel
    objective : Objective
    """

    alpha: Alpha
    risk: RiskModel
    objective: Objective

    def sizes(
        self, names: Sequence[str], labels: Sequence[str], history: FloatArray, limits: Sequence[Limit] = (), held: FloatArray | None = None
    ) -> al.Solution:
        """Sizes between 0 and 1 of each strategy.

        Parameters
        ----------
        labels : sequence of str
            As in the signals table; anything but tradable is refused.
        history : array, shape (days, strategies)
            Settled daily P&L at full size, known at the decision.
        held : array or None
            Today's sizes, for turnover limits.

        Raises
        ------
        BadProblemError
            An index study among the strategies, or a history that is not finite.
        """
        studies = [n for n, label in zip(names, labels, strict=True) if label == INDEX_ONLY]
        if studies:
            raise al.BadProblemError([f"{n} is an index study: it has no instrument, so no size" for n in studies])
        fully = isinstance(self.objective, al.RiskBudget | al.InverseVolatility)
        problem = al.Problem(
            names=tuple(names),
            scenarios=history,
            held=held,
            budget=1.0 if fully else None,
            limits=(al.Bounds("full size", 0.0, 1.0), *limits),
            expected=self.alpha(history, names),
            covariance=self.risk(history, names),
        )
        return al.solve(problem, self.objective)
