"""The outer LP of the day's programme with every limit, written out for HiGHS.

What belongs here: rows and columns of one LP, its answer as an optimum. What does not: which tangents it has (`cuts`), limits as numbers
(`day_limits`).

Columns: x; a fee per deviation; per tail its VaR and what lies beyond it by scenario; |position| per contract; |energy that margin is
paid for| per contract. Box sides are rows, so that each has a price.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.mathematics.allocation import highs
from energy_pipeline.portfolio.program import Program

if TYPE_CHECKING:
    from energy_pipeline.portfolio.cuts import Cuts, Goal, Optimum, TailCuts


class _Lp:
    """An LP under construction: min cost.y, rows low <= A y <= high."""

    def __init__(self, variables: int) -> None:
        self.size = variables
        self.cost = [np.zeros(variables)]
        self.low, self.high = [np.full(variables, -np.inf)], [np.full(variables, np.inf)]
        self.rows: list[tuple[dict[int, Any], FloatArray, FloatArray]] = []
        self.places: dict[str, slice] = {}
        self._count = 0

    def columns(self, count: int, cost: float, low: float = 0.0) -> int:
        """Place of further columns."""
        first = self.size
        self.size += count
        self.cost.append(np.full(count, cost))
        self.low.append(np.full(count, low))
        self.high.append(np.full(count, np.inf))
        return first

    def add(self, name: str, blocks: dict[int, Any], low: Any, high: Any, count: int) -> None:  # noqa: ANN401 - arrays or numbers
        """Rows: blocks of a matrix by the column they begin at."""
        self.rows.append((blocks, np.broadcast_to(np.asarray(low, float), count), np.broadcast_to(np.asarray(high, float), count)))
        self.places[name] = slice(self._count, self._count + count)
        self._count += count

    def solved(self) -> tuple[FloatArray, float, FloatArray]:
        """y, least cost, price of each row."""
        import scipy.sparse as sp

        parts = []
        for blocks, low, _ in self.rows:
            whole = sp.lil_matrix((low.size, self.size)) if not blocks else None
            pieces, at = [], 0
            for first in sorted(blocks):
                block = sp.csr_matrix(blocks[first])
                pieces += [sp.csr_matrix((low.size, first - at)), block] if first > at else [block]
                at = first + block.shape[1]
            pieces += [sp.csr_matrix((low.size, self.size - at))] if at < self.size else []
            parts.append(sp.hstack(pieces, format="csr") if whole is None else whole.tocsr())
        low, high = (np.concatenate([r[k] for r in self.rows]) for k in (1, 2))
        answer = highs.solve(
            highs.Programme(np.concatenate(self.cost), sp.vstack(parts, format="csr"), low, high, np.concatenate(self.low), np.concatenate(self.high))
        )
        if answer.status != highs.OPTIMAL:
            from energy_pipeline.portfolio.cuts import NoPointError

            raise NoPointError(f"portfolio: HiGHS stopped with status {answer.status}; report the day and its scenario set")
        return answer.y, answer.value, answer.row_prices


def outer_lp(program: Program, goal: Goal, es_bound: float | None, cuts: Cuts) -> Optimum:
    """One LP with the tangents found so far.

    Raises
    ------
    NoPointError
    """
    import scipy.sparse as sp

    from energy_pipeline.portfolio.cuts import Optimum

    n, d = program.variables, program.deviations
    lp = _Lp(n)
    lp.cost[0] = -goal.mean * program.mean_slope
    lp.add("box", {0: sp.identity(n)}, program.lower, program.upper, n)
    constant = -goal.mean * float(program.base.mean())
    if d:
        fee = lp.columns(d, goal.mean)
        for k, (value, slope) in enumerate(zip(cuts.fee_constants, cuts.fee_slopes, strict=True)):
            lp.add(f"fee {k}", {0: -sp.diags(slope), fee: sp.identity(d)}, value, np.inf, d)
    if goal.cvar > 0:
        _tail(lp, "cvar", program, cuts.cvar, program.confidence if goal.level is None else goal.level, goal.cvar)
    if goal.shortfall > 0 or es_bound is not None:
        tail = _tail(lp, "shortfall", program, cuts.shortfall, program.es_level, goal.shortfall)
        lp.cost[0] = lp.cost[0] + goal.shortfall * program.mean_slope
        constant += goal.shortfall * float(program.base.mean())
        if es_bound is not None:
            place, weights = tail
            lp.add("es", {0: program.mean_slope[None, :], place: weights[None, :]}, -np.inf, es_bound - float(program.base.mean()), 1)
    _room(lp, program)
    y, least, prices = lp.solved()
    at = {name: np.abs(prices[place]) for name, place in lp.places.items()}
    box = prices[lp.places["box"]]
    sides = np.stack([np.maximum(box, 0.0), np.maximum(-box, 0.0)], axis=1)
    price = {name: float(at[name][0]) if name in at else 0.0 for name in ("gross", "es", "margin")}
    return Optimum(
        x=np.clip(y[:n], program.lower, program.upper),
        bound=-(least + constant),
        box_price=sides,
        gross_price=price["gross"],
        es_price=price["es"],
        further_price=at.get("further"),
        margin_price=price["margin"],
    )


def _tail(lp: _Lp, name: str, program: Program, cuts: TailCuts, level: float, weight: float) -> tuple[int, FloatArray]:
    """Rockafellar and Uryasev's rows of the scenarios that have tangents: where the columns begin, and their weights in the shortfall."""
    import scipy.sparse as sp

    scenario, constant, gradient = np.concatenate(cuts.scenarios), np.concatenate(cuts.constants), np.concatenate(cuts.gradients)
    if not program.deviations:  # without a fee every tangent of a scenario is its loss
        _, once = np.unique(scenario, return_index=True)
        scenario, constant, gradient = scenario[once], constant[once], gradient[once]
    known, column = np.unique(scenario, return_inverse=True)
    each = 1.0 / (program.base.size * (1.0 - level))
    place = lp.columns(1, weight, low=-np.inf)
    lp.columns(known.size, weight * each)
    pick = sp.csr_matrix((np.ones(scenario.size), (np.arange(scenario.size), column + 1)), shape=(scenario.size, known.size + 1))
    ones = sp.csr_matrix((np.ones(scenario.size), (np.arange(scenario.size), np.zeros(scenario.size, dtype=int))), shape=pick.shape)
    lp.add(name, {0: -gradient, place: pick + ones}, constant, np.inf, scenario.size)
    return place, np.concatenate([[1.0], np.full(known.size, each)])


def _room(lp: _Lp, program: Program) -> None:
    """Gross room, the further limits, and the margin."""
    from energy_pipeline.portfolio.cuts import SHRUNK

    further, k, m = program.further, program.deviations, program.contracts
    if program.gross_room is not None and m:
        _absolute(lp, "gross", k, np.ones(m), program.opening, program.gross_room)
    if further is None:
        return
    if further.rows.size:
        lp.add("further", {0: further.rows}, -np.inf, further.room - SHRUNK, further.room.size)
    if further.margin_mwh is not None and further.margin_offset_mwh is not None:
        held = further.margin_mwh * program.opening + further.margin_offset_mwh
        _absolute(lp, "margin", k, further.margin_mwh, held, further.margin_room - SHRUNK)


def _absolute(lp: _Lp, name: str, first: int, weights: FloatArray, at: FloatArray, room: float) -> None:
    """Sum |at + weights (bought - sold)| <= room."""
    import scipy.sparse as sp

    m = weights.size
    place = lp.columns(m, 0.0)
    trade = sp.hstack([sp.diags(weights), -sp.diags(weights)])
    lp.add(f"{name} up", {first: -trade, place: sp.identity(m)}, at, np.inf, m)
    lp.add(f"{name} down", {first: trade, place: sp.identity(m)}, -at, np.inf, m)
    lp.add(name, {place: np.ones((1, m))}, -np.inf, room, 1)
