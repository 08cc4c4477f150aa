"""The whole efficient frontier of a box with a budget, exactly: Markowitz's critical line.

What belongs here: the corner portfolios, everything that follows from them in closed form
(any return, any risk, the largest Sharpe ratio). What does not: other limits (`frontier`).

Between two corners the efficient positions are linear in the trade-off t of
min 1/2 x'Cx - t mean.x, so the corners are the frontier. The walk goes from the highest
mean (t infinite) to the least variance (t = 0); each step frees or binds one contract,
and the inverse of the free block is updated, not recomputed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from energy_pipeline.domain.delivery import FloatArray, IntArray
from energy_pipeline.mathematics.allocation.covariance import require_covariance
from energy_pipeline.mathematics.allocation.critical_walk import SINGULAR, walk
from energy_pipeline.mathematics.allocation.errors import BadProblemError, NoExcessReturnError, SolverError

RIDGE = 1e-8
DOUBTFUL = 1e-7
REFRESH = 150
TIE = 1e-12


@dataclass(frozen=True)
class Corners:
    """Corner portfolios from the highest mean to the least variance.

    Attributes
    ----------
    trade_offs : array, shape (k,)
        t at each corner, falling, the last 0.
    positions : array, shape (k, n)
    mean : array, shape (n,)
    covariance : array, shape (n, n)
    low, high : arrays, shape (n,)
    budget : float
    """

    trade_offs: FloatArray
    positions: FloatArray
    mean: FloatArray
    covariance: FloatArray
    low: FloatArray
    high: FloatArray
    budget: float

    @property
    def returns(self) -> FloatArray:
        """Expected result at each corner, falling."""
        result: FloatArray = self.positions @ self.mean
        return result

    def at_return(self, targets: FloatArray) -> FloatArray:
        """Efficient positions with these expected results, shape (targets, n).

        A target below the least-variance one gets that portfolio; one above the highest is an error.
        """
        returns = self.returns
        if (targets > returns[0] + 1e-12 * (1.0 + abs(returns[0]))).any():
            raise BadProblemError([f"target {float(targets.max()):.6g} is above the highest expected result {returns[0]:.6g}"])
        found = np.clip(targets, returns[-1], returns[0])
        after = np.clip(np.searchsorted(-returns, -found), min(1, len(returns) - 1), len(returns) - 1).astype(np.int64)
        return self._between(after, found, returns)

    def at_risk(self, volatility: float) -> FloatArray:
        """The efficient position with this volatility (or the highest mean, if all stay below), shape (n,).

        Raises
        ------
        BadProblemError
            When even the least variance is riskier.
        """
        sigma = np.sqrt(np.maximum(np.einsum("ki,ki->k", self.positions @ self.covariance, self.positions), 0.0))
        if volatility < sigma[-1] * (1.0 - 1e-12):
            raise BadProblemError([f"volatility {volatility:.6g} is below the least possible {sigma[-1]:.6g}"])
        if volatility >= sigma[0]:
            top: FloatArray = self.positions[0]
            return top
        k = int(np.flatnonzero(sigma <= volatility)[0]) if (sigma <= volatility).any() else len(sigma) - 1
        start, step = self.positions[k], self.positions[k - 1] - self.positions[k]
        a, b = float(step @ self.covariance @ step), 2.0 * float(step @ self.covariance @ start)
        c = float(start @ self.covariance @ start) - volatility**2
        share = (-b + np.sqrt(max(b * b - 4.0 * a * c, 0.0))) / (2.0 * a)
        result: FloatArray = start + np.clip(share, 0.0, 1.0) * step
        return result

    def at_trade_off(self, t: float) -> FloatArray:
        """Maximum of t mean.x - 1/2 x'Cx, shape (n,)."""
        if t >= self.trade_offs[0] or len(self.trade_offs) == 1:
            top: FloatArray = self.positions[0]
            return top
        k = int(np.searchsorted(-self.trade_offs, -t))
        wide = self.trade_offs[k - 1] - self.trade_offs[k] if np.isfinite(self.trade_offs[k - 1]) else 1.0
        share = (t - self.trade_offs[k]) / wide
        result: FloatArray = self.positions[k] + share * (self.positions[k - 1] - self.positions[k])
        return result

    def largest_sharpe(self, risk_free: float) -> FloatArray:
        """Positions of the largest (mean.x - risk_free) / volatility, shape (n,).

        Raises
        ------
        NoExcessReturnError
            When no expected result exceeds the risk-free one.
        """
        if self.returns[0] <= risk_free:
            raise NoExcessReturnError(float(self.returns[0]), risk_free)
        best, best_ratio = self.positions[0], -np.inf
        for k in range(len(self.positions)):
            start = self.positions[k]
            step = self.positions[max(k - 1, 0)] - start
            for share in {0.0, _sharpe_share(self.covariance, self.mean, start, step, risk_free)}:
                x = start + share * step
                variance = float(x @ self.covariance @ x)
                excess = float(self.mean @ x) - risk_free
                ratio = excess / np.sqrt(variance) if variance > 0 else np.inf * np.sign(excess)
                if ratio > best_ratio:
                    best, best_ratio = x, ratio
        result: FloatArray = best
        return result

    def gaps(self, trade_offs: FloatArray, positions: FloatArray) -> FloatArray:
        """Certificate: how far 1/2 x'Cx - t mean.x may lie above its minimum, shape (k,).

        The function lies above its tangent at x; the tangent's minimum over box and budget is a sorted filling.
        """
        gradient = positions @ self.covariance - trade_offs[:, None] * self.mean
        lowest = fill(gradient, self.low, self.high, self.budget)
        result: FloatArray = np.einsum("ki,ki->k", gradient, positions - lowest)
        return result

    def _between(self, after: IntArray, targets: FloatArray, returns: FloatArray) -> FloatArray:
        before = np.maximum(after - 1, 0)
        wide = returns[before] - returns[after]
        share = np.where(wide > 0, (targets - returns[after]) / np.where(wide > 0, wide, 1.0), 0.0)
        result: FloatArray = self.positions[after] + share[:, None] * (self.positions[before] - self.positions[after])
        return result


def _sharpe_share(covariance: FloatArray, mean: FloatArray, start: FloatArray, step: FloatArray, risk_free: float) -> float:
    """Where the ratio peaks on start + share step, share in 0..1."""
    e0, e1 = float(mean @ start) - risk_free, float(mean @ step)
    v0, v1, v2 = float(start @ covariance @ start), float(step @ covariance @ start), float(step @ covariance @ step)
    bottom = e0 * v2 - e1 * v1
    return float(np.clip((e1 * v0 - e0 * v1) / bottom, 0.0, 1.0)) if bottom > 0 else 0.0


def fill(gradient: FloatArray, low: FloatArray, high: FloatArray, budget: float) -> FloatArray:
    """Least gradient.x over low <= x <= high, sum x = budget, row by row, shape (k, n).

    >>> fill(np.array([[3.0, 1.0, 2.0]]), np.zeros(3), np.ones(3), 1.5).tolist()
    [[0.0, 1.0, 0.5]]
    """
    order = np.argsort(gradient, axis=1, kind="stable")
    room = (high - low)[order]
    before = np.cumsum(room, axis=1) - room
    taken = np.clip(budget - low.sum() - before, 0.0, room)
    result = np.empty_like(gradient)
    np.put_along_axis(result, order, low[order] + taken, axis=1)
    return result


def trace(mean: FloatArray, covariance: FloatArray, low: FloatArray, high: FloatArray, budget: float = 1.0) -> Corners:
    """All corner portfolios.

    Parameters
    ----------
    low, high : arrays, shape (n,)
        Finite lows; a high may be infinite.

    Raises
    ------
    BadProblemError
        When the budget does not fit the box, a low is infinite, or the covariance is none.
    SolverError
        When the covariance is singular beyond duplicates and the corners cannot be certified.

    Examples
    --------
    >>> c = trace(np.array([2.0, 1.0]), np.diag([4.0, 1.0]), np.zeros(2), np.ones(2))
    >>> c.positions.round(6).tolist(), c.trade_offs.tolist()
    ([[1.0, 0.0], [0.2, 0.8]], [4.0, 0.0])
    """
    if not np.isfinite(low).all():
        raise BadProblemError(["the critical line needs finite lower bounds"])
    require_covariance(covariance)
    low = np.ascontiguousarray(low, dtype=np.float64)
    # no position can exceed what the budget leaves when all others are at their low
    high = np.minimum(high, low + (budget - low.sum()) + 1.0)
    if low.sum() > budget + 1e-12 or high.sum() < budget - 1e-12 or (low > high).any():
        raise BadProblemError([f"the budget {budget:.6g} does not fit bounds that sum to {low.sum():.6g} .. {high.sum():.6g}"])
    unit = float(np.trace(covariance)) / len(mean) or 1.0
    size = float(np.abs(mean).max()) or 1.0
    scaled = np.ascontiguousarray(covariance / unit)
    limit = 40 * len(mean) + 100
    status, count, trade_offs, positions = walk(_untied(mean / size), scaled, low, high, budget, limit, REFRESH)
    if status == SINGULAR:
        groups = duplicates(mean, covariance)
        if len(groups) < len(mean):
            return _spread(trace(*_merged(groups, mean, covariance, low, high), budget), groups, mean, covariance, low, high)
        scaled[np.diag_indices_from(scaled)] += RIDGE
        status, count, trade_offs, positions = walk(_untied(mean / size), scaled, low, high, budget, limit, 1)
        walked = Corners(trade_offs[:count], positions[:count], mean / size, covariance / unit, low, high, budget)
        if status == 0 and (walked.gaps(walked.trade_offs, walked.positions) > DOUBTFUL * (1.0 + walked.trade_offs) * max(budget**2, 1.0)).any():
            status = SINGULAR
    if status != 0:
        raise SolverError("the covariance is singular (or not positive semidefinite) and the critical line has no certain corners: shrink it")
    # portfolios that differ only among contracts of equal mean are one point of the frontier: the last of them
    returns = positions[:count] @ mean
    first = int(np.argmax(np.append(returns[:-1] - returns[1:] > 1e-10 * size, True)))
    return Corners(trade_offs[first:count] * (unit / size), positions[first:count], mean, covariance, low, high, budget)


def duplicates(mean: FloatArray, covariance: FloatArray) -> list[IntArray]:
    """Groups of contracts that are one and the same in mean, variance and every covariance.

    >>> [g.tolist() for g in duplicates(np.array([1.0, 2.0, 1.0]), np.array([[1.0, 0, 1], [0, 1, 0], [1, 0, 1]]))]
    [[0, 2], [1]]
    """
    sigma = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    left = np.ones(len(mean), dtype=bool)
    groups = []
    for i in range(len(mean)):
        if left[i]:
            near = np.abs(covariance - covariance[i]).max(axis=1) <= 1e-10 * sigma[i] * sigma.max()
            same = left & near & (np.abs(mean - mean[i]) <= 1e-10 * np.abs(mean).max())
            same[i] = True
            groups.append(np.flatnonzero(same))
            left &= ~same
    return groups


def _merged(
    groups: list[IntArray], mean: FloatArray, covariance: FloatArray, low: FloatArray, high: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    first = np.array([g[0] for g in groups])
    lows, highs = np.array([low[g].sum() for g in groups]), np.array([high[g].sum() for g in groups])
    return mean[first], covariance[np.ix_(first, first)], lows, highs


def _spread(merged: Corners, groups: list[IntArray], mean: FloatArray, covariance: FloatArray, low: FloatArray, high: FloatArray) -> Corners:
    """A group's position shared out in proportion to the room of each member."""
    positions = np.empty((len(merged.positions), len(mean)))
    for k, group in enumerate(groups):
        room = high[group] - low[group]
        share = room / room.sum() if room.sum() > 0 else np.full(len(group), 1.0 / len(group))
        positions[:, group] = low[group] + (merged.positions[:, k] - low[group].sum())[:, None] * share
    return Corners(merged.trade_offs, positions, mean, covariance, low, high, merged.budget)


def _untied(mean: FloatArray) -> FloatArray:
    """Means of which no two are equal: with ties the highest mean is not one portfolio, and the walk would start at any of them."""
    order = np.argsort(mean, kind="stable")
    if (np.diff(mean[order]) > TIE).all():
        return mean
    result = mean.copy()
    result[order] += TIE * np.arange(len(mean))
    return result
