"""Any mix of objectives and limits written out in full, for HiGHS and Clarabel.

What belongs here: the programme with a variable per scenario, lots as integers, volatility
limits as cones; the reference for the fast methods and the fallback where limits mix.
What does not: the fast methods (`tail`, `quadratic`, `critical_line`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.mathematics.allocation import conic, highs
from energy_pipeline.mathematics.allocation.covariance import FactorCovariance
from energy_pipeline.mathematics.allocation.limits import CvarLimit, DrawdownLimit, Limit, VolatilityLimit
from energy_pipeline.mathematics.allocation.problem import Problem
from energy_pipeline.mathematics.allocation.space import Space, lower_bound
from energy_pipeline.mathematics.allocation.tail import Tail, cvar_tail

CURVED = (CvarLimit, DrawdownLimit, VolatilityLimit)
"""Limits that are not linear in the positions."""


@dataclass(frozen=True)
class Expression:
    """constant + coefficients . variables.

    Attributes
    ----------
    columns : array of int
    values : array
    constant : float
    """

    columns: Any
    values: FloatArray
    constant: float = 0.0


@dataclass(frozen=True)
class GeneralOptimum:
    """What the full programme gave.

    Attributes
    ----------
    status : str
        highs.OPTIMAL, INFEASIBLE, UNBOUNDED or STOPPED.
    y : array, shape (d,)
        The space's variables.
    value, bound : float
    row_prices : array, shape (m,)
        Of the space's rows.
    curved_prices : mapping of str to float
        Improvement per unit of each CVaR, drawdown and volatility limit.
    slack : mapping of str to float
        By how much each curved limit was exceeded, where it may be.
    source : str
    """

    status: str
    y: FloatArray
    value: float
    bound: float
    row_prices: FloatArray
    curved_prices: dict[str, float]
    slack: dict[str, float]
    source: str


@dataclass
class Assembly:
    """A programme that grows by columns and rows."""

    space: Space
    low: list[FloatArray] = field(default_factory=list)
    high: list[FloatArray] = field(default_factory=list)
    width: int = 0
    rows: list[Any] = field(default_factory=list)
    row_low: list[FloatArray] = field(default_factory=list)
    row_high: list[FloatArray] = field(default_factory=list)
    height: int = 0
    balls: list[tuple[conic.Ball, str]] = field(default_factory=list)
    named: dict[str, int] = field(default_factory=dict)
    slacks: dict[str, int] = field(default_factory=dict)
    whole: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.columns(self.space.size, self.space.low, self.space.high)
        self.block(self.space.rows, self.space.row_low, self.space.row_high)
        if self.space.lots is not None:
            self._lots(self.space.lots)

    def columns(self, count: int, low: FloatArray | float, high: FloatArray | float) -> Any:  # noqa: ANN401
        """New variables; their numbers."""
        self.low.append(np.broadcast_to(np.asarray(low, dtype=np.float64), (count,)))
        self.high.append(np.broadcast_to(np.asarray(high, dtype=np.float64), (count,)))
        self.width += count
        return np.arange(self.width - count, self.width)

    def block(self, matrix: Any, low: FloatArray, high: FloatArray) -> None:  # noqa: ANN401
        """New rows over the variables there are."""
        import scipy.sparse as sp

        self.rows.append(sp.csr_matrix(matrix))
        self.row_low.append(low)
        self.row_high.append(high)
        self.height += len(low)

    def at_most(self, name: str, expression: Expression, high: float, *, soft: bool) -> None:
        """The limit expression <= high, which may give way at a price where `soft`."""
        import scipy.sparse as sp

        columns, values = expression.columns, expression.values
        if soft:
            slack = self.columns(1, 0.0, np.inf)
            self.slacks[name] = int(slack[0])
            columns, values = np.append(columns, slack), np.append(values, -1.0)
        row = sp.csr_matrix((values, (np.zeros(len(columns), dtype=np.int64), columns)), shape=(1, self.width))
        self.named[name] = self.height
        self.block(row, np.array([-np.inf]), np.array([high - expression.constant]))

    def tail(self, tail: Tail) -> Expression:
        """The tail measure plus trading costs, from above."""
        import scipy.sparse as sp

        n, count = self.space.contracts, len(tail.scenarios)
        level = self.columns(int(tail.level), -np.inf, np.inf)
        excess = self.columns(count, 0.0, np.inf)
        parts = [sp.csr_matrix(tail.scenarios), sp.csr_matrix((count, level[0] - n if tail.level else excess[0] - n))]
        parts += [sp.csr_matrix(np.ones((count, 1)))] if tail.level else []
        base = np.zeros(count) if tail.base is None else tail.base
        self.block(sp.hstack([*parts, sp.identity(count)]), -base, np.full(count, np.inf))
        caps = np.full(count, tail.cap) if tail.caps is None else tail.caps
        cost = np.flatnonzero(self.space.cost) if tail.level else np.zeros(0, dtype=np.int64)
        return Expression(np.concatenate([level, excess, cost]), np.concatenate([np.ones(len(level)), caps, self.space.cost[cost]]))

    def drawdown(self, scenarios: FloatArray, base: FloatArray | None, confidence: float) -> Expression:
        """CDaR from above: the highest cumulative P&L so far as variables, then CVaR of the distance to it."""
        import scipy.sparse as sp

        n, count = self.space.contracts, len(scenarios)
        path = sp.csr_matrix(np.cumsum(scenarios, axis=0))
        offset = np.zeros(count) if base is None else np.cumsum(base)
        peak = self.columns(count, 0.0, np.inf)
        gap = sp.csr_matrix((count, peak[0] - n))
        identity = sp.identity(count, format="csr")
        self.block(sp.hstack([-path, gap, identity]), offset, np.full(count, np.inf))
        rise = sp.csr_matrix(identity - sp.eye(count, k=-1))
        self.block(sp.hstack([sp.csr_matrix((count, peak[0])), rise]), np.zeros(count), np.full(count, np.inf))
        level = self.columns(1, -np.inf, np.inf)
        excess = self.columns(count, 0.0, np.inf)
        # what is above the level: peak less path less level
        self.block(sp.hstack([path, gap, -identity, sp.csr_matrix(np.ones((count, 1))), identity]), -offset, np.full(count, np.inf))
        return Expression(np.concatenate([level, excess]), np.concatenate([np.ones(1), np.full(count, 1.0 / (1.0 - confidence) / count)]))

    def ball(self, name: str, matrix: FloatArray, shift: FloatArray, radius: float, *, soft: bool) -> None:
        """|| matrix x + shift || <= radius."""
        import scipy.sparse as sp

        if soft:
            slack = self.columns(1, 0.0, np.inf)
            self.slacks[name] = int(slack[0])
        full = sp.hstack([sp.csr_matrix(matrix), sp.csr_matrix((len(matrix), self.width - self.space.contracts))])
        self.balls.append((conic.Ball(full, shift, radius), name))

    def programme(self, cost: Expression) -> highs.Programme:
        """Everything so far."""
        import scipy.sparse as sp

        full = np.zeros(self.width)
        np.add.at(full, cost.columns, cost.values)
        rows = sp.vstack([sp.hstack([r, sp.csr_matrix((r.shape[0], self.width - r.shape[1]))]) for r in self.rows], format="csr")
        whole = np.zeros(self.width, dtype=bool)
        whole[self.whole] = True
        return highs.Programme(
            cost=full,
            rows=rows,
            row_low=np.concatenate(self.row_low),
            row_high=np.concatenate(self.row_high),
            low=np.concatenate(self.low),
            high=np.concatenate(self.high),
            whole=whole if self.whole else None,
        )

    def _lots(self, sizes: FloatArray) -> None:
        import scipy.sparse as sp

        lots = np.flatnonzero(sizes)
        with np.errstate(invalid="ignore"):
            low, high = np.ceil(self.space.low[lots] / sizes[lots] - 1e-9), np.floor(self.space.high[lots] / sizes[lots] + 1e-9)
        count = self.columns(len(lots), low, high)
        self.whole += count.tolist()
        places = np.arange(len(lots))
        rows = sp.csr_matrix(
            (np.concatenate([np.ones(len(lots)), -sizes[lots]]), (np.tile(places, 2), np.concatenate([lots, count]))), shape=(len(lots), self.width)
        )
        self.block(rows, np.zeros(len(lots)), np.zeros(len(lots)))


def root(covariance: FloatArray) -> FloatArray:
    """A matrix R with R'R = covariance, negative rounding left out, shape (n, n)."""
    values, vectors = np.linalg.eigh(covariance)
    result: FloatArray = np.sqrt(np.maximum(values, 0.0))[:, None] * vectors.T
    return result


def add_curved(assembly: Assembly, problem: Problem, joint: FloatArray, limits: Sequence[Limit], *, soft: bool = False) -> None:
    """The limits that are not linear.

    Parameters
    ----------
    joint : array, shape (n + 1, n + 1)
        Covariance of the contracts and, last, of the base.
    """
    for limit in limits:
        if isinstance(limit, CvarLimit):
            expression = assembly.tail(cvar_tail(problem.scenarios, problem.base, limit.confidence, problem.probabilities))
            assembly.at_most(limit.name, expression, limit.high, soft=soft)
        elif isinstance(limit, DrawdownLimit):
            assembly.at_most(limit.name, assembly.drawdown(problem.scenarios, problem.base, limit.confidence), limit.high, soft=soft)
        elif isinstance(limit, VolatilityLimit):
            square = root(joint)
            assembly.ball(limit.name, square[:, :-1], square[:, -1], limit.high, soft=soft)


def solve(assembly: Assembly, cost: Expression, quadratic: FloatArray | FactorCovariance | None = None, seconds: float = np.inf) -> GeneralOptimum:
    """Minimise cost + 1/2 x'Qx: HiGHS where everything is linear, Clarabel where something is curved.

    A bound of a linear programme is recomputed from its row prices; Clarabel's is its dual objective.
    """
    import scipy.sparse as sp

    programme = assembly.programme(cost)
    d, m = assembly.space.size, len(assembly.space.row_low)
    if quadratic is None and not assembly.balls:
        answer = highs.solve(programme, seconds)
        linear = programme.whole is None and answer.status == highs.OPTIMAL
        bound = lower_bound(programme, answer.row_prices, forgive=1e-7) if linear else answer.bound
        prices = {name: abs(float(answer.row_prices[row])) if linear else 0.0 for name, row in assembly.named.items()}
        slack = {name: float(answer.y[c]) for name, c in assembly.slacks.items()} if answer.status == highs.OPTIMAL else {}
        source = "row prices of the full programme (HiGHS)" if linear else "branch and bound (HiGHS)"
        found = np.asarray(answer.y[:d]), answer.value + cost.constant, bound + cost.constant, answer.row_prices[:m]
        return GeneralOptimum(answer.status, *found, prices, slack, source)
    n = assembly.space.contracts
    square: Any = sp.csc_matrix((assembly.width, assembly.width))
    if quadratic is not None:
        matrix = quadratic.dense() if isinstance(quadratic, FactorCovariance) else quadratic
        square = sp.block_diag([matrix, sp.csc_matrix((assembly.width - n, assembly.width - n))], format="csc")
    balls = [
        conic.Ball(sp.hstack([b.matrix, sp.csr_matrix((b.matrix.shape[0], assembly.width - b.matrix.shape[1]))]), b.shift, b.radius)
        for b, _ in assembly.balls
    ]
    reached = conic.solve(programme, square, balls)
    status = {"solved": highs.OPTIMAL, "infeasible": highs.INFEASIBLE, "unbounded": highs.UNBOUNDED}[reached.status]
    prices = {name: abs(float(reached.row_prices[row])) for name, row in assembly.named.items()}
    prices |= {name: abs(float(p)) for (_, name), p in zip(assembly.balls, reached.ball_prices, strict=True)}
    slack = {name: float(reached.y[c]) for name, c in assembly.slacks.items()}
    found = reached.y[:d], reached.value + cost.constant, reached.bound + cost.constant, reached.row_prices[:m]
    return GeneralOptimum(status, *found, prices, slack, "dual objective of Clarabel")
