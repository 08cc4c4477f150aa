"""The day's decision as an allocation problem.

What belongs here: variables, limits and scenario P&L of a `Program` in the terms of
`allocation`. What does not: the exact programme (`program`), objectives.

The fee on a deviation depends on the scenario: c |surprise - x|. It never exceeds
c |surprise| + c |x|, and that is what an objective is charged here, so that every
scenario's P&L is linear. Books are measured and settled with the exact fee.
"""

from __future__ import annotations

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.mathematics.allocation import Bounds, Gross, Problem
from energy_pipeline.portfolio.program import Program


def linear_problem(program: Program) -> Problem:
    """Variables: deviations s - E [MW], then the position of each contract (opening and trade) [MW]; money in kEUR.

    Deviations may go one way only (their signal's), so their fee is part of the P&L; a
    contract's half-spread is a cost from the opening position on.
    """
    k, m = program.deviations, program.contracts
    way = np.where(program.upper[:k] > 0, 1.0, -1.0)
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
        scenarios=np.hstack([program.slope[:, :k] - way * program.fee, gain]),
        held=np.concatenate([np.zeros(k), program.opening]),
        buy_cost=cost,
        sell_cost=cost,
        base=program.base - np.abs(program.surprise) @ program.fee - gain @ program.opening,
        limits=tuple(limits),
    )


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
