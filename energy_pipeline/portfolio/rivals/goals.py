"""Which objectives the day's book is compared with.

What belongs here: the list and how each follows from the desk's settings. What does not:
solving them (`choose`).

Left out: Sharpe ratio and tracking error (a desk may choose its book by them, `chosen`), least VaR of the day (a mixed-integer problem:
minutes a day on quarter-hours, even on a tenth of the scenarios; `week_var` has the week's few paths).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from energy_pipeline.desk import Desk
from energy_pipeline.desk.portfolio import OF_DECISIONS
from energy_pipeline.mathematics import allocation as al
from energy_pipeline.mathematics.allocation.objectives import Objective

DESK, FLAT, NAIVE_HEDGE = "desk", "flat", "naive_hedge"
"""The decided book; nothing beyond selling the expected output; the expected output sold forward as far as allowed."""


def goals(desk: Desk, problem: al.Problem) -> Mapping[str, tuple[al.Problem, Objective]]:
    """Name, problem and objective of each rival that is optimised.

    - `mean_variance`: the variance's price is the one at which a normal P&L as volatile as
      today's flat book costs as much as the desk's CVaR does.
    - `black_litterman`: the market's own view of every decision is the benchmark book (sell
      the expected output, trade nothing: no gain expected); the scenarios' mean is our view,
      held with the desk's `view_confidence`.
    """
    settings = desk.portfolio
    risk = problem.base if problem.base is not None else np.zeros(1)
    volatility = float(risk.std(ddof=1)) if risk.size > 1 else 0.0
    aversion = settings.risk_aversion * _tail_of_normal(settings.confidence) / volatility if volatility > 0 else 0.0
    confidence = settings.confidence
    return {
        "max_mean": (problem, al.MaxMean()),
        "min_variance": (problem, al.MinVariance()),
        "mean_variance": (problem, al.Utility(aversion)),
        "black_litterman": (_with_posterior(problem, settings.view_confidence), al.Utility(aversion)),
        "min_mad": (problem, al.MeanDeviation()),
        "min_cvar": (problem, al.MinCvar(confidence)),
        "mean_cvar": (problem, al.MeanCvar(settings.risk_aversion, confidence)),
        "minimax": (problem, al.Minimax()),
    }


RIVALS = (
    DESK,
    FLAT,
    NAIVE_HEDGE,
    "max_mean",
    "min_variance",
    "mean_variance",
    "black_litterman",
    "min_mad",
    "min_cvar",
    "mean_cvar",
    "minimax",
    *OF_DECISIONS,
)


def _tail_of_normal(confidence: float) -> float:
    """CVaR of a standard normal loss."""
    from scipy.stats import norm

    return float(norm.pdf(norm.ppf(confidence)) / (1.0 - confidence))


def _with_posterior(problem: al.Problem, confidence: float) -> al.Problem:
    """Alpha and risk model after our views of every decision."""
    covariance = al.sample(problem.scenarios)
    prior = np.zeros(problem.count)
    known = zip(problem.names, problem.mean, np.diag(covariance), strict=True)
    views = [al.View({name: 1.0}, float(mean), confidence) for name, mean, variance in known if variance > 0]
    after = al.posterior(problem.names, prior, covariance, views)
    return replace(problem, expected=after.mean)
