"""The book with the largest expected P&L per unit of volatility, plant and all.

What belongs here: the search, and a bound that proves it. What does not: what the day's problem is (`rivals.linear`), other objectives.

Where the largest ratio mu / sigma is, the gradient of mu is mu / sigma^2 times half the gradient of sigma^2: it is the best of
mu - a / 2 sigma^2 at a = mu / sigma^2. That a is found by bracketing. Bound: mu - theta sigma is concave; over all decisions it exceeds its
value at the one found by at most what its tangent gains (a linear programme), so no ratio exceeds theta by more than that gain over the
least volatility there is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.mathematics import allocation as al

SAME_RATIO = 1e-12


@dataclass(frozen=True)
class BestRatio:
    """The answer of the last programme, mu / sigma there, and what no decision exceeds; without gain or risk the largest mean."""

    solution: al.Solution
    ratio: float
    bound: float


def largest_ratio(problem: al.Problem, offset: float = 0.0) -> BestRatio:
    """The best decision under the problem's limits.

    Parameters
    ----------
    offset : float
        Part of the mean P&L that the problem's base lacks.

    Raises
    ------
    AllocationError
    """
    from scipy.optimize import brentq

    top = al.solve(problem, al.MaxMean())
    mean, variance = _moments(problem, top.positions, offset)
    if mean <= 0.0 or variance == 0.0:
        return BestRatio(top, mean / np.sqrt(variance) if variance > 0 else 0.0, 0.0)
    calm = al.solve(problem, al.MinVariance())
    low, high = (m / v for m, v in ((mean, variance), _moments(problem, calm.positions, offset)))

    def too_timid(aversion: float) -> float:
        m, v = _moments(problem, al.solve(problem, al.Utility(aversion)).positions, offset)
        return m / v - aversion

    low, high = max(min(low, high), 1e-9 * max(low, high)), max(low, high)
    edges = [edge for edge, sign in ((low, 1.0), (high, -1.0)) if sign * too_timid(edge) <= 0]
    aversion = edges[0] if edges or high <= low else float(brentq(too_timid, low, high, xtol=1e-15 * high, rtol=SAME_RATIO))
    found = al.solve(problem, al.Utility(aversion))
    mean, variance = _moments(problem, found.positions, offset)
    ratio = mean / np.sqrt(variance)
    return BestRatio(found, ratio, ratio + _excess(problem, found.positions, ratio) / np.sqrt(max(calm.certificate.bound, 1e-300)))


def _moments(problem: al.Problem, x: FloatArray, offset: float) -> tuple[float, float]:
    base = 0.0 if problem.base is None else float(problem.base.mean())
    return base + offset + float(problem.mean @ x) - problem.trading_cost(x), float(problem.pnl(x).var(ddof=1))


def _excess(problem: al.Problem, x: FloatArray, ratio: float) -> float:
    """What the tangent of mu - ratio sigma gains at most over its value at x."""
    pnl = problem.pnl(x)
    centred = pnl - pnl.mean()
    slope = np.einsum("i,ij->j", centred, problem.scenarios - problem.scenarios.mean(axis=0)) / ((pnl.size - 1) * float(pnl.std(ddof=1)))
    gain = problem.mean - ratio * slope
    best = al.solve(replace(problem, expected=gain), al.MaxMean())

    def value(y: FloatArray) -> float:
        return float(gain @ y) - problem.trading_cost(y)

    return max(value(best.positions) - value(x), 0.0)
