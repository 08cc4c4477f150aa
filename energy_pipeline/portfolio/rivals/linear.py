"""The day's decision as an allocation problem.

What belongs here: variables, limits and scenario P&L of a `Program` in the terms of
`allocation`. What does not: the exact programme (`program`), objectives.

The fee on a deviation depends on the scenario: c |surprise - x|. It never exceeds
c |surprise| + c |x|, and a trading cost never its chord over the box: that is what an objective is charged
here, so that every scenario's P&L is linear. Books are measured and settled with the exact fee.
"""

from __future__ import annotations

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.domain.errors import InfeasibleError
from energy_pipeline.mathematics.allocation import Bounds, Gross, Linear, Problem
from energy_pipeline.portfolio.program import Program


def linear_problem(program: Program) -> Problem:
    """Variables: deviations s - E [MW], then the position of each contract (opening and trade) [MW]; money in kEUR.

    Deviations may go one way only (their signal's), so their fee is part of the P&L; a
    contract's half-spread is a cost from the opening position on.
    """
    k, m = program.deviations, program.contracts
    gain, spread = contract_columns(program)
    limits: list[Bounds | Gross] = [
        Bounds(
            "limits of the day",
            np.concatenate([program.lower[:k], program.opening - program.upper[k + m :]]),
            np.concatenate([program.upper[:k], program.opening + program.upper[k : k + m]]),
        )
    ]
    if program.gross_room is not None and m:
        limits.append(Gross("gross_contracts_mw", program.gross_room, np.concatenate([np.zeros(k), np.ones(m)])))
    cost = np.concatenate([np.zeros(k), spread])
    return Problem(
        names=tuple(f"deviation {i}" for i in range(k)) + tuple(f"contract {i}" for i in range(m)),
        scenarios=np.hstack([program.slope[:, :k] - program.charged_rate, gain]),
        held=np.concatenate([np.zeros(k), program.opening]),
        buy_cost=cost,
        sell_cost=cost,
        base=program.base - np.abs(program.surprise) @ program.fee - gain @ program.opening,
        limits=tuple(limits),
    )


def further_rows(program: Program, by: FloatArray, margin_by: float) -> list[Linear | Gross]:
    """The further limits on positions, widened by what no decision can keep."""
    further, k, m = program.further, program.deviations, program.contracts
    if further is None:
        return []
    found: list[Linear | Gross] = []
    for (name, scope), row, room in zip(further.names, further.rows, further.room + by, strict=True):
        trade = row[k : k + m]  # a sale uses what a purchase gives
        weights = np.concatenate([row[:k], trade])
        found.append(Linear(f"{name} [{scope}]", weights, -np.inf, room + float(trade @ program.opening)))
    if further.margin_mwh is not None and further.margin_offset_mwh is not None:
        found.append(_margin_row(program, further.margin_mwh, further.margin_offset_mwh, further.margin_room + margin_by))
    return found


def _margin_row(program: Program, mwh: FloatArray, offset: FloatArray, room: float) -> Linear | Gross:
    """The margin limit on positions: as it is where nothing is held beyond the day, or where what is held outweighs any trade.

    Raises
    ------
    InfeasibleError
        Where it is neither: only the objectives that `cuts` solves bind it then.
    """
    none = np.zeros(program.deviations)
    if not offset.any():
        return Gross("margin_eur", room, np.concatenate([none, mwh]))
    k, m = program.deviations, program.contracts
    most = mwh * (np.abs(program.opening) + np.maximum(program.upper[k : k + m], program.upper[k + m :]))
    if (np.abs(offset) < most).any():
        step = "portfolio.objective: mean_cvar, min_cvar, minimax or max_mean, which bind it"
        raise InfeasibleError("portfolio: margin of what is held beyond the day turns with a trade", ["margin_eur"], step)
    way = np.sign(offset)
    return Linear("margin_eur", np.concatenate([none, way * mwh]), -np.inf, room - float(np.abs(offset).sum()))


def contract_columns(program: Program) -> tuple[FloatArray, FloatArray]:
    """Gain at mid per MW bought, shape (scenarios, contracts), and half-spread per MW [kEUR/MW]."""
    k, m = program.deviations, program.contracts
    buys, sells = program.slope[:, k : k + m], program.slope[:, k + m :]
    return (buys - sells) / 2.0, -(buys + sells)[0] / 2.0


def as_variables(program: Program, positions: FloatArray) -> FloatArray:
    """Positions of the allocation problem as the programme's variables (deviations, purchases, sales), within their box."""
    k = program.deviations
    trades = positions[k:] - program.opening
    x = np.concatenate([positions[:k], np.maximum(trades, 0.0), np.maximum(-trades, 0.0)])
    result: FloatArray = np.clip(x, program.lower, program.upper)
    return result


def from_decisions(program: Program, decisions: FloatArray) -> FloatArray:
    """Deviations and net trades [MW] as the programme's variables."""
    k = program.deviations
    return np.concatenate([decisions[:k], np.maximum(decisions[k:], 0.0), np.maximum(-decisions[k:], 0.0)])
