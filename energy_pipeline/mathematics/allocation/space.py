"""The set of admissible positions as rows and bounds with names.

What belongs here: turning a problem's limits into a polyhedron, minima of linear
functions over it, bounds from multipliers. What does not: objectives, explanations of
infeasibility (`elastic`).

Variables y: the n positions first; where trading costs or a turnover limit need them,
bought and sold amounts; where a gross limit needs them, long and short parts. A row
without a name defines one of these parts and is not a limit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from energy_pipeline.domain.delivery import FloatArray, IntArray
from energy_pipeline.mathematics.allocation import highs
from energy_pipeline.mathematics.allocation.limits import Bounds, Gross, Limit, Linear, Lots, MeanFloor, StressLimit, Turnover
from energy_pipeline.mathematics.allocation.problem import Problem

BoolArray = npt.NDArray[np.bool_]

BUDGET = "budget"


@dataclass(frozen=True)
class Space:
    """row_low <= rows y <= row_high, low <= y <= high.

    Attributes
    ----------
    contracts : int
        The first this many variables are the positions.
    rows : array, shape (m, d)
    row_names : tuple of str, m
    low, high : arrays, shape (d,)
    low_names, high_names : tuples of str, d
        Which limit set the side; empty where none did.
    cost : array, shape (d,)
        Trading cost per unit of each variable.
    lots : array, shape (n,), or None
        Lot sizes, 0 for any size.
    traded, parted : arrays of int
        Contracts with bought and sold amounts, and with long and short parts, as variables after the positions.
    """

    contracts: int
    rows: FloatArray
    row_low: FloatArray
    row_high: FloatArray
    row_names: tuple[str, ...]
    low: FloatArray
    high: FloatArray
    low_names: tuple[str, ...]
    high_names: tuple[str, ...]
    cost: FloatArray
    lots: FloatArray | None = None
    traded: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    parted: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))

    @property
    def owners(self) -> IntArray:
        """Which contract each variable belongs to, shape (d,)."""
        return np.concatenate([np.arange(self.contracts), self.traded, self.traded, self.parted, self.parted])

    @property
    def size(self) -> int:
        """Number of variables d."""
        return self.low.size

    @property
    def is_simple(self) -> bool:
        """Whether it is a box with one budget row and nothing else."""
        return self.size == self.contracts and self.row_names == (BUDGET,) and self.lots is None

    def lift(self, gradient: FloatArray) -> FloatArray:
        """A cost on positions as a cost on all variables, shape (d,)."""
        return np.concatenate([gradient, np.zeros(self.size - self.contracts)])

    def with_row(self, name: str, row: FloatArray, low: float, high: float) -> Space:
        """The same set with one more limit."""
        return replace(
            self,
            rows=np.vstack([self.rows, row]),
            row_low=np.append(self.row_low, low),
            row_high=np.append(self.row_high, high),
            row_names=(*self.row_names, name),
        )

    def programme(self, cost: FloatArray) -> highs.Programme:
        """A linear programme over the set (lots not included)."""
        return highs.Programme(cost, self.rows, self.row_low, self.row_high, self.low, self.high)

    def violation(self, y: FloatArray) -> float:
        """Largest breach of a row or bound, relative to the size of its side."""
        value = self.rows @ y
        excess = [0.0]
        for low, high, at in ((self.row_low, self.row_high, value), (self.low, self.high, y)):
            for side, over in ((low, low - at), (high, at - high)):
                finite = np.isfinite(side)
                if finite.any():
                    excess.append(float((over[finite] / (1.0 + np.abs(side[finite]))).max()))
        return max(excess)

    def dual_bound(self, cost: FloatArray, prices: FloatArray, forgive: float = 0.0) -> float:
        """Lower bound on min cost.y from any row prices: price times row side, plus what the boxes can still give.

        Parameters
        ----------
        forgive : float
            A reduced cost this small (relative to the largest cost) towards an infinite side counts as rounding.
        """
        return lower_bound(self.programme(cost), prices, forgive)


def lower_bound(programme: highs.Programme, prices: FloatArray, forgive: float = 0.0) -> float:
    """See `Space.dual_bound`; for any linear programme."""
    cost = programme.cost
    prices = np.where((prices > 0) & ~np.isfinite(programme.row_low), 0.0, prices)
    prices = np.where((prices < 0) & ~np.isfinite(programme.row_high), 0.0, prices)
    reduced = cost - prices @ programme.rows
    side = np.where(reduced > 0, programme.low, programme.high)
    tiny = np.abs(reduced) <= forgive * (1.0 + np.abs(cost).max())
    reduced = np.where(~np.isfinite(side) & tiny, 0.0, reduced)
    row_side = np.where(prices > 0, programme.row_low, programme.row_high)
    with np.errstate(invalid="ignore"):
        total = np.where(prices != 0, prices * row_side, 0.0).sum() + np.where(reduced != 0, reduced * side, 0.0).sum()
    return float(total)


def build(problem: Problem, limits: Sequence[Limit] | None = None, *, budget: bool = True) -> Space:
    """The admissible set of a problem, or of some of its limits.

    Limits that are not linear (CVaR, volatility, drawdown) are left to the solvers.
    """
    limits = problem.limits if limits is None else limits
    n = problem.count
    low, high, low_names, high_names = _box(problem, limits)
    grosses = [limit for limit in limits if isinstance(limit, Gross)]
    parted = np.flatnonzero(_weighted(problem, grosses) & (low < 0))
    traded = np.flatnonzero(_weighted(problem, [limit for limit in limits if isinstance(limit, Turnover)]) | _costly(problem))
    bought, long = n, n + 2 * traded.size
    size = long + 2 * parted.size
    box_low = np.concatenate([low, np.zeros(size - n)])
    box_high = np.concatenate([high, *_part_bounds(low, high, problem.start, traded), *_part_bounds(low, high, np.zeros(n), parted)])
    blocks: list[tuple[FloatArray, FloatArray, FloatArray, tuple[str, ...]]] = []
    if budget and problem.budget is not None:
        blocks.append(_one(BUDGET, np.ones(n), problem.budget, problem.budget, size))
    for which, first, origin in ((traded, bought, problem.start), (parted, long, np.zeros(n))):
        k = which.size
        if k:
            split, unit = np.zeros((k, size)), np.eye(k)
            split[:, which] += unit
            split[:, first : first + k], split[:, first + k : first + 2 * k] = -unit, unit
            blocks.append((split, origin[which], origin[which], ("",) * k))
    cost = np.zeros(size)
    for side, first in ((problem.buy_cost, bought), (problem.sell_cost, bought + traded.size)):
        if side is not None:
            cost[first : first + traded.size] = side[traded]
    for limit in limits:
        blocks += _limit_rows(problem, limit, cost, traded, parted)
    return Space(
        contracts=n,
        rows=np.vstack([b[0] for b in blocks]) if blocks else np.zeros((0, size)),
        row_low=np.concatenate([np.zeros(0), *(b[1] for b in blocks)]),
        row_high=np.concatenate([np.zeros(0), *(b[2] for b in blocks)]),
        row_names=tuple(name for b in blocks for name in b[3]),
        low=box_low,
        high=box_high,
        low_names=(*low_names, *[""] * (size - n)),
        high_names=(*high_names, *[""] * (size - n)),
        cost=cost,
        lots=_lots(problem, limits),
        traded=traded,
        parted=parted,
    )


def _weighted(problem: Problem, limits: Sequence[Gross | Turnover]) -> BoolArray:
    """Contracts that any of these limits counts, shape (n,)."""
    counted = np.zeros(problem.count, dtype=bool)
    for limit in limits:
        counted |= problem.per_contract(limit.weights, 0.0) != 0
    return counted


def _costly(problem: Problem) -> BoolArray:
    """Contracts whose trading costs something, shape (n,)."""
    costly = np.zeros(problem.count, dtype=bool)
    for side in (problem.buy_cost, problem.sell_cost):
        if side is not None:
            costly |= side > 0
    return costly


def _part_bounds(low: FloatArray, high: FloatArray, origin: FloatArray, which: IntArray) -> tuple[FloatArray, FloatArray]:
    """Largest rise above and fall below the origin that the box leaves; more of both at once is never of use."""
    return np.maximum(high - origin, 0.0)[which], np.maximum(origin - low, 0.0)[which]


def _box(problem: Problem, limits: Sequence[Limit]) -> tuple[FloatArray, FloatArray, list[str], list[str]]:
    n = problem.count
    low, high = np.full(n, -np.inf), np.full(n, np.inf)
    low_names, high_names = [""] * n, [""] * n
    for limit in limits:
        if not isinstance(limit, Bounds):
            continue
        new_low, new_high = problem.per_contract(limit.low, -np.inf), problem.per_contract(limit.high, np.inf)
        for j in range(n):
            if new_low[j] > low[j]:
                low[j], low_names[j] = new_low[j], limit.name
            if new_high[j] < high[j]:
                high[j], high_names[j] = new_high[j], limit.name
    return low, high, low_names, high_names


def _one(name: str, row: FloatArray, low: float, high: float, size: int) -> tuple[FloatArray, FloatArray, FloatArray, tuple[str, ...]]:
    full = np.zeros((1, size))
    full[0, : row.size] = row
    return full, np.array([low]), np.array([high]), (name,)


def _limit_rows(
    problem: Problem, limit: Limit, cost: FloatArray, traded: IntArray, parted: IntArray
) -> list[tuple[FloatArray, FloatArray, FloatArray, tuple[str, ...]]]:
    n, size = problem.count, cost.size
    row = np.zeros(size)
    if isinstance(limit, Linear):
        return [_one(limit.name, problem.per_contract(limit.coefficients, 0.0), limit.low, limit.high, size)]
    if isinstance(limit, Gross):
        weights = problem.per_contract(limit.weights, 0.0)
        row[:n] = weights
        row[parted] = 0.0
        row[n + 2 * traded.size :] = np.tile(weights[parted], 2)
        return [_one(limit.name, row, -np.inf, limit.high, size)]
    if isinstance(limit, Turnover):
        weights = problem.per_contract(limit.weights, 0.0)
        row[n : n + 2 * traded.size] = np.tile(weights[traded], 2)
        return [_one(limit.name, row, -np.inf, limit.high, size)]
    if isinstance(limit, MeanFloor):
        row = -cost
        row[:n] = problem.mean
        base = 0.0 if problem.base is None else float(problem.weights @ problem.base)
        return [_one(limit.name, row, limit.low - base, np.inf, size)]
    if isinstance(limit, StressLimit):
        stress = np.zeros((0, n)) if problem.stress is None else problem.stress
        return [_one(limit.name, np.concatenate([shock, -cost[n:]]), -limit.high, np.inf, size) for shock in stress]
    return []


def _lots(problem: Problem, limits: Sequence[Limit]) -> FloatArray | None:
    sizes = [problem.per_contract(limit.size, 0.0) for limit in limits if isinstance(limit, Lots)]
    return np.max(sizes, axis=0) if sizes else None
