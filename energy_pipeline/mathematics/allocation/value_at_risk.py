"""The exact least VaR.

What belongs here: the mixed-integer programme with tight constants and a good first
answer; subdivision of boxes as a second, independent proof for few contracts. What does
not: measuring VaR (`measures`).

VaR is not convex: which scenarios may lie beyond it is a choice. A binary per scenario says
so. Scenarios that always or never lie beyond the best VaR known are settled beforehand,
and each remaining constant is the largest loss that scenario can have.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from energy_pipeline.domain.delivery import FloatArray, IntArray
from energy_pipeline.mathematics.allocation import highs, tail
from energy_pipeline.mathematics.allocation.critical_line import fill
from energy_pipeline.mathematics.allocation.errors import BadProblemError, UnboundedError
from energy_pipeline.mathematics.allocation.measures import EDGE, value_at_risk
from energy_pipeline.mathematics.allocation.space import Space

CHUNK = 512


@dataclass(frozen=True)
class VarOptimum:
    """Positions, their VaR, a proven lower bound, how many binaries were left."""

    y: FloatArray
    value: float
    bound: float
    binaries: int
    proven: bool


@dataclass(frozen=True)
class _Data:
    space: Space
    scenarios: FloatArray
    base: FloatArray
    weights: FloatArray
    confidence: float
    probabilities: FloatArray | None

    def losses(self, y: FloatArray) -> FloatArray:
        result: FloatArray = self.space.cost @ y - self.base - self.scenarios @ y[: self.space.contracts]
        return result

    def var(self, y: FloatArray) -> float:
        return value_at_risk(self.losses(y), self.confidence, self.probabilities)


def minimise(
    space: Space,
    scenarios: FloatArray,
    base: FloatArray | None,
    probabilities: FloatArray | None,
    confidence: float,
    start: FloatArray,
    seconds: float,
    gap: float = 1e-9,
    nodes: int | None = None,
) -> VarOptimum:
    """Least VaR over the set, with a bound that proves it.

    Parameters
    ----------
    seconds, nodes : float, int or None
        HiGHS stops then; `proven` is False and the bound shows what is open.

    Raises
    ------
    UnboundedError
        When a scenario's loss is not bounded over the set.
    """
    count = len(scenarios)
    weights = np.full(count, 1.0 / count) if probabilities is None else probabilities
    data = _Data(space, scenarios, np.zeros(count) if base is None else base, weights, confidence, probabilities)
    best = _first(data, start)
    upper = data.var(best)
    least, most = _ranges(data)
    lower = value_at_risk(least, confidence, probabilities)
    beyond = least > upper
    # a scenario that can never exceed the lower bound does not hold the VaR up
    idle = most <= lower
    open_ = np.flatnonzero(~beyond & ~idle)
    mass = 1.0 - confidence + EDGE - float(weights[beyond].sum())
    if not open_.size or upper - lower <= gap * max(abs(upper), 1e-300):
        return VarOptimum(best, upper, max(lower, min(upper, lower)), 0, proven=upper - lower <= gap * max(abs(upper), 1e-300))
    answer, whole = _programme(data, open_, most, lower, upper, mass, best, highs.Effort(seconds, gap, nodes))
    if answer.status == highs.INFEASIBLE:
        return VarOptimum(best, upper, upper, int(open_.size), proven=True)
    y = answer.y[: space.size] if answer.y.size else best
    y = np.clip(y, space.low, space.high)
    if space.violation(y) <= 1e-8 and data.var(y) < upper:
        best, upper = y, data.var(y)
    bound = min(max(answer.bound, lower), upper)
    return VarOptimum(best, upper, bound, whole, proven=answer.status == highs.OPTIMAL)


def _programme(
    data: _Data, open_: IntArray, most: FloatArray, lower: float, upper: float, mass: float, best: FloatArray, effort: highs.Effort
) -> tuple[highs.Answer, int]:
    import scipy.sparse as sp

    space, rows_n = data.space, open_.size
    d, unit = space.size, max(abs(upper), abs(lower), 1e-300)
    big = np.maximum(most[open_] - lower, 0.0) / unit
    gains = np.zeros((rows_n, d))
    gains[:, : space.contracts] = data.scenarios[open_]
    gains -= space.cost
    # v + gain + M z >= -base
    scenario_rows = sp.hstack([sp.csr_matrix(gains / unit), sp.csr_matrix(np.ones((rows_n, 1))), sp.diags(big)])
    set_rows = sp.hstack([sp.csr_matrix(space.rows), sp.csr_matrix((len(space.rows), 1 + rows_n))])
    mass_row = sp.csr_matrix(np.concatenate([np.zeros(d + 1), data.weights[open_]])[None, :])
    programme = highs.Programme(
        cost=np.concatenate([np.zeros(d), [1.0], np.zeros(rows_n)]),
        rows=sp.vstack([set_rows, scenario_rows, mass_row], format="csr"),
        row_low=np.concatenate([space.row_low, -data.base[open_] / unit, [-np.inf]]),
        row_high=np.concatenate([space.row_high, np.full(rows_n, np.inf), [mass]]),
        low=np.concatenate([space.low, [lower / unit], np.zeros(rows_n)]),
        high=np.concatenate([space.high, [upper / unit + 1e-9], np.ones(rows_n)]),
        whole=np.concatenate([np.zeros(d + 1, dtype=bool), np.ones(rows_n, dtype=bool)]),
    )
    losses = data.losses(best)
    first = np.concatenate([best, [upper / unit], (losses[open_] > upper + 1e-12 * abs(upper)).astype(float)])
    answer = highs.solve(programme, effort.seconds, first, effort.gap, effort.nodes)
    scaled = highs.Answer(answer.status, answer.y, answer.value * unit, answer.bound * unit, answer.row_prices)
    return scaled, int(rows_n)


def _first(data: _Data, start: FloatArray) -> FloatArray:
    """A good VaR: from CVaR optima at several levels, then repeatedly the minimax over the scenarios not beyond the VaR."""
    best, least = start, data.var(start)
    for level in (data.confidence, 0.5 * data.confidence, 0.75 * data.confidence):
        measure = tail.cvar_tail(data.scenarios, data.base, level, data.probabilities)
        y = tail.minimise(data.space, data.space.cost, 1.0, measure, start).y
        value = data.var(y)
        for _ in range(50):
            inside = data.losses(y) <= value
            nearer = tail.minimise(data.space, data.space.cost, 1.0, tail.worst_tail(data.scenarios[inside], data.base[inside]), y).y
            better = data.var(nearer)
            if better >= value - 1e-12 * abs(value):
                break
            y, value = nearer, better
        if value < least:
            best, least = y, value
    return best


def _ranges(data: _Data) -> tuple[FloatArray, FloatArray]:
    """Least and largest loss of every scenario over the set."""
    space = data.space
    if space.is_simple and np.isfinite(space.low).all() and np.isfinite(space.high).all():
        budget = float(space.row_low[0])
        low = np.einsum("ki,ki->k", -data.scenarios, fill(-data.scenarios, space.low, space.high, budget))
        high = np.einsum("ki,ki->k", -data.scenarios, fill(data.scenarios, space.low, space.high, budget))
        return low - data.base, high - data.base
    least, most = np.empty(len(data.scenarios)), np.empty(len(data.scenarios))
    for k, row in enumerate(data.scenarios):
        cost = space.cost - space.lift(row)
        for sign, store in ((1.0, least), (-1.0, most)):
            answer = highs.solve(space.programme(sign * cost))
            if answer.status != highs.OPTIMAL:
                raise UnboundedError([])
            store[k] = sign * answer.value - data.base[k]
    return least, most


def by_boxes(
    low: FloatArray, high: FloatArray, scenarios: FloatArray, base: FloatArray, confidence: float, tolerance: float, max_boxes: int = 2_000_000
) -> tuple[FloatArray, float, float]:
    """Least VaR over a box by subdivision: position, value, proven lower bound. For up to about three contracts.

    Over a box, no position's VaR is below the VaR of each scenario's least loss; boxes that cannot beat the
    best position found are dropped, the others halved along the side that moves losses most.

    Raises
    ------
    BadProblemError
        For more than four contracts, where boxes are too many.
    """
    if low.size > 4:
        raise BadProblemError([f"subdivision of boxes suits up to 4 contracts, not {low.size}"])
    lows, highs_ = low[None, :].copy(), high[None, :].copy()
    middle = (low + high) / 2.0
    best, value = middle, value_at_risk(-base - scenarios @ middle, confidence)
    reach = np.abs(scenarios).mean(axis=0)
    seen = 0
    open_bound = -np.inf
    while len(lows):
        centres, halves = (lows + highs_) / 2.0, (highs_ - lows) / 2.0
        bounds = np.empty(len(lows))
        for first in range(0, len(lows), CHUNK):
            part = slice(first, first + CHUNK)
            losses = -base[:, None] - scenarios @ centres[part].T
            rank = min(max(int(np.ceil(len(base) * confidence - len(base) * EDGE)), 1), len(base)) - 1
            values = np.partition(losses, rank, axis=0)[rank]
            k = int(np.argmin(values))
            if values[k] < value:
                best, value = centres[part][k], float(values[k])
            bounds[part] = np.partition(losses - np.abs(scenarios) @ halves[part].T, rank, axis=0)[rank]
        alive = bounds < value - tolerance
        open_bound = float(bounds.min()) if len(bounds) else value
        lows, highs_, halves = lows[alive], highs_[alive], halves[alive]
        seen += len(bounds)
        if not len(lows):
            return best, value, value - tolerance
        if seen > max_boxes:
            break
        side = np.argmax(halves * reach, axis=1)
        rows = np.arange(len(lows))
        cut = (lows[rows, side] + highs_[rows, side]) / 2.0
        left, right = highs_.copy(), lows.copy()
        left[rows, side], right[rows, side] = cut, cut
        lows, highs_ = np.concatenate([lows, right]), np.concatenate([left, highs_])
    return best, value, min(open_bound, value)
