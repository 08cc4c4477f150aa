"""The master programme: the best hedges and mix of the columns known so far.

What belongs here: one linear programme that grows by columns and by tail scenarios, kept warm.
What does not: where columns come from (`columns`), when to stop (`book`).

Rockafellar and Uryasev's CVaR needs a row per scenario; only those in or near the tail ever
bind. So rows are added for scenarios found beyond the quantile and the programme is solved
again from its last basis, until none is missing: then its value is exact, at a fraction of the
rows. Money is in kEUR inside. The tail weight lambda / ((1 - alpha) N) holds for any N: where
(1 - alpha) N is not whole the scenario at the edge gets the fraction that is left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from energy_pipeline.domain.delivery import FloatArray, IntArray
from energy_pipeline.domain.errors import InfeasibleError
from energy_pipeline.mathematics.stores.joint.problem import JointBookError, JointProblem

K_EUR = 1000.0
MISSED_KEUR = 1e-9
MAX_PASSES = 100
FIRST_TAIL = 1.3
"""Rows to begin with, in tail sizes."""

INFINITE = 1e30
RELAXED = 1e-7


@dataclass(frozen=True)
class Column:
    """One way to use one asset.

    Attributes
    ----------
    asset : int
    pnl_eur : array, shape (N,)
    exposure_mwh : array, shape (F,)
    """

    asset: int
    pnl_eur: FloatArray
    exposure_mwh: FloatArray


@dataclass(frozen=True)
class MasterAnswer:
    """An optimum of the master and its prices.

    Attributes
    ----------
    bought_mw, sold_mw : arrays, shape (K,)
    shares : array, shape (columns,)
        Of each column; sums to 1 per asset.
    value_eur : float
    weights : array, shape (N,)
        What one EUR in each scenario is worth: 1/N plus lambda times its part in the tail.
    asset_price_eur : array, shape (assets,)
        Value of one more of each asset, used as it is.
    exposure_price_eur_mwh : array, shape (F,)
        Value of one more MWh of room; positive where the upper limit binds, negative where the lower does.
    box_price_eur_mw : array, shape (2, K)
        Value of one more MW to buy and to sell.
    gross_price_eur_mw, margin_price : float
    """

    bought_mw: FloatArray
    sold_mw: FloatArray
    shares: FloatArray
    value_eur: float
    weights: FloatArray
    asset_price_eur: FloatArray
    exposure_price_eur_mwh: FloatArray
    box_price_eur_mw: FloatArray
    gross_price_eur_mw: float
    margin_price: float


@dataclass
class Master:
    """The growing programme; solved again after every change."""

    problem: JointProblem
    assets: int
    columns: list[Column] = field(default_factory=list)
    _highs: Any = None
    _rows: IntArray = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    _places: list[int] = field(default_factory=list)
    _ready: bool = False

    def __post_init__(self) -> None:
        """Variables of the contracts, the quantile, and the rows that are always there."""
        import highspy

        problem, contracts, limits = self.problem, self.problem.contracts, self.problem.limits
        self._highs = highspy.Highs()
        self._highs.setOptionValue("output_flag", False)
        self._highs.setOptionValue("threads", 1)
        for tolerance in ("primal_feasibility_tolerance", "dual_feasibility_tolerance"):
            self._highs.setOptionValue(tolerance, 1e-9)
        k = self.contracts
        empty = np.zeros(0, dtype=np.int32), np.zeros(0)
        for low, high in zip(limits.exposure_low_mwh, limits.exposure_high_mwh, strict=True):
            self._highs.addRow(_finite(low), _finite(high), 0, *empty)
        self._highs.addRow(-INFINITE, _finite(limits.gross_mw), 0, *empty)
        self._highs.addRow(-INFINITE, _finite(limits.margin_eur) / K_EUR if limits.margin_eur is not None else INFINITE, 0, *empty)
        for _ in range(self.assets):
            self._highs.addRow(1.0, 1.0, 0, *empty)
        for sign, most in ((1.0, contracts.most_bought_mw), (-1.0, contracts.most_sold_mw)):
            mean = (sign * contracts.gain_eur_mw.mean(axis=0) - contracts.cost_eur_mw) / K_EUR
            for j in range(k):
                rows, values = _sparse([*(sign * contracts.exposure_mwh[:, j]), contracts.gross[j], contracts.margin_eur_mw[j] / K_EUR])
                self._highs.addCol(-mean[j], 0.0, _finite(most[j]), rows.size, rows, values)
        self._highs.addCol(problem.risk_aversion, -INFINITE, INFINITE, 0, *empty)
        self._risk_costs = problem.risk_aversion / (problem.base_eur.size * (1.0 - problem.confidence))

    @property
    def contracts(self) -> int:
        """Number of contracts."""
        return len(self.problem.contracts.names)

    @property
    def _factors(self) -> int:
        return len(self.problem.limits.factors)

    @property
    def _first_tail_row(self) -> int:
        return self._factors + 2 + self.assets

    def add(self, column: Column) -> None:
        """One more way to use an asset."""
        fixed = [*column.exposure_mwh, 0.0, 0.0, *np.zeros(self.assets)]
        fixed[self._factors + 2 + column.asset] = 1.0
        rows, values = _sparse([*fixed, *(column.pnl_eur[self._rows] / K_EUR)])
        self._highs.addCol(-float(column.pnl_eur.mean()) / K_EUR, 0.0, INFINITE, rows.size, rows, values)
        self._places.append(self._highs.getNumCol() - 1)
        self.columns.append(column)

    def solve(self) -> MasterAnswer:
        """The optimum over the columns known, exact in the tail.

        Raises
        ------
        InfeasibleError
            Naming the limits that no mix of the known columns can keep, and the smallest relaxation.
        JointBookError
            The solver stopped without an optimum.
        """
        if self.problem.risk_aversion == 0:
            self._run()
            return self._answer()
        if not self._ready:
            self._ready = True
            first = self.problem.pnl_eur(np.zeros(self.contracts), np.zeros(self.contracts), self._even())
            tail = int(np.ceil(FIRST_TAIL * first.size * (1.0 - self.problem.confidence))) + 1
            self._extend(np.sort(np.argsort(first, kind="stable")[:tail]))
        for _ in range(MAX_PASSES):
            self._run()
            x = np.array(self._highs.getSolution().col_value)
            losses = -self._pnl_keur(x)
            beyond = losses - x[2 * self.contracts]
            beyond[self._rows] = 0.0
            missed = np.flatnonzero(beyond > MISSED_KEUR)
            if missed.size == 0:
                return self._answer()
            # Those far out first: the quantile moves, and what lies near it may not be needed.
            most = max(int(losses.size * (1.0 - self.problem.confidence) / 2), 20)
            self._extend(np.sort(missed[np.argsort(-beyond[missed], kind="stable")[:most]]))
        raise JointBookError(f"joint book: {MAX_PASSES} passes left tail scenarios out; report the case")

    def _even(self) -> list[FloatArray]:
        return [np.mean([c.pnl_eur for c in self.columns if c.asset == a], axis=0) for a in range(self.assets)]

    def _extend(self, scenarios: IntArray) -> None:
        """Rows pnl_i + quantile + beyond_i >= 0, with `beyond_i` a variable of its own."""
        contracts, k = self.problem.contracts, self.contracts
        gain = contracts.gain_eur_mw[scenarios]
        known = np.array([c.pnl_eur[scenarios] for c in self.columns]).reshape(len(self.columns), scenarios.size).T
        block = np.concatenate([gain - contracts.cost_eur_mw, -gain - contracts.cost_eur_mw], axis=1) / K_EUR
        first = self._highs.getNumCol()
        count = scenarios.size
        none = np.zeros(0, dtype=np.int32)
        self._highs.addCols(
            count, np.full(count, self._risk_costs), np.zeros(count), np.full(count, INFINITE), 0, np.zeros(count, np.int32), none, []
        )
        dense = np.concatenate([block, np.ones((count, 1)), known / K_EUR, np.ones((count, 1))], axis=1)
        width = dense.shape[1]
        index = np.empty((count, width), dtype=np.int32)
        index[:, : 2 * k + 1] = np.arange(2 * k + 1)
        index[:, 2 * k + 1 : -1] = self._places
        index[:, -1] = first + np.arange(count)
        lower = -self.problem.base_eur[scenarios] / K_EUR
        starts = np.arange(count, dtype=np.int32) * width
        self._highs.addRows(count, lower, np.full(count, INFINITE), dense.size, starts, index.ravel(), dense.ravel())
        self._rows = np.concatenate([self._rows, scenarios])

    def _pnl_keur(self, x: FloatArray) -> FloatArray:
        k = self.contracts
        used = [share * c.pnl_eur for share, c in zip(x[self._shares_at()], self.columns, strict=True) if share != 0.0]
        return self.problem.pnl_eur(x[:k], x[k : 2 * k], used) / K_EUR

    def _shares_at(self) -> IntArray:
        return np.asarray(self._places, dtype=np.int64)

    def _run(self) -> None:
        import highspy

        self._highs.run()
        status = self._highs.getModelStatus()
        if status == highspy.HighsModelStatus.kOptimal:
            return
        if status in (highspy.HighsModelStatus.kInfeasible, highspy.HighsModelStatus.kUnboundedOrInfeasible):
            raise self._infeasible()
        raise JointBookError(f"joint book: HiGHS stopped with status {self._highs.modelStatusToString(status)}; report the case")

    def _infeasible(self) -> InfeasibleError:
        """Which limits cannot be kept, from the least sum of relaxations."""
        from scipy.optimize import linprog

        solve: Any = linprog  # its stubs have an overload per method and accept no optional matrix
        limits, contracts, k, m = self.problem.limits, self.problem.contracts, self.contracts, len(self.columns)
        exposure = np.concatenate([contracts.exposure_mwh, -contracts.exposure_mwh, *(c.exposure_mwh[:, None] for c in self.columns)], axis=1)
        budgets = [np.concatenate([np.tile(per_mw, 2), np.zeros(m)]) for per_mw in (contracts.gross, contracts.margin_eur_mw)]
        rows = np.concatenate([exposure, -exposure, budgets])
        caps = [np.inf if c is None else c for c in (limits.gross_mw, limits.margin_eur)]
        most = np.concatenate([limits.exposure_high_mwh, -limits.exposure_low_mwh, caps])
        names = [f"exposure {f} {side} [MWh]" for side in ("high", "low") for f in limits.factors] + ["gross [MW]", "margin [EUR]"]
        kept = np.isfinite(most)
        one = np.array([[0.0] * (2 * k) + [float(c.asset == a) for c in self.columns] + [0.0] * int(kept.sum()) for a in range(self.assets)])
        found = solve(
            np.concatenate([np.zeros(2 * k + m), np.ones(int(kept.sum()))]),
            A_ub=np.concatenate([rows[kept], -np.eye(int(kept.sum()))], axis=1),
            b_ub=most[kept],
            A_eq=one if self.assets else None,
            b_eq=np.ones(self.assets) if self.assets else None,
            bounds=[*((0, u) for u in (*contracts.most_bought_mw, *contracts.most_sold_mw)), *[(0, None)] * (m + int(kept.sum()))],
        )
        slack = found.x[2 * k + m :] if found.status == 0 else np.zeros(int(kept.sum()))
        named = [(name, by) for name, by in zip(np.array(names)[kept].tolist(), slack.tolist(), strict=True) if by > RELAXED]
        text = "joint book: no position within the contracts' limits keeps every other limit"
        return InfeasibleError(text, [n for n, _ in named] or ["limits"], ", ".join(f"{n} by {by:.3f}" for n, by in named) or "none found")

    def _answer(self) -> MasterAnswer:
        solution, problem, k, f = self._highs.getSolution(), self.problem, self.contracts, self._factors
        x, duals, reduced = np.array(solution.col_value), np.array(solution.row_dual), np.array(solution.col_dual)
        bought, sold, shares = np.maximum(x[:k], 0.0), np.maximum(x[k : 2 * k], 0.0), np.maximum(x[self._shares_at()], 0.0)
        pnl = problem.pnl_eur(bought, sold, [s * c.pnl_eur for s, c in zip(shares, self.columns, strict=True)])
        weights = np.full(pnl.size, 1.0 / pnl.size)
        # HiGHS minimises the negative: a tail row's dual is the cost of one more kEUR on its right-hand side.
        weights[self._rows] += np.maximum(duals[self._first_tail_row :], 0.0)
        return MasterAnswer(
            bought,
            sold,
            shares,
            problem.value_eur(pnl),
            weights,
            -K_EUR * duals[f + 2 : self._first_tail_row],
            -K_EUR * duals[:f],
            np.maximum(-K_EUR * reduced[: 2 * k], 0.0).reshape(2, k),
            max(-K_EUR * float(duals[f]), 0.0),
            max(-float(duals[f + 1]), 0.0),
        )


def _finite(value: float | None) -> float:
    return INFINITE if value is None else float(np.clip(value, -INFINITE, INFINITE))


def _sparse(values: Sequence[float]) -> tuple[np.ndarray[Any, np.dtype[np.int32]], FloatArray]:
    dense = np.asarray(values, dtype=np.float64)
    rows = np.flatnonzero(dense)
    return rows.astype(np.int32), dense[rows]
