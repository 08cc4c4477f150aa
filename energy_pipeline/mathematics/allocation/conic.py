"""Quadratic and second-order cone programmes by Clarabel.

What belongs here: one call with scaled data, its result in plain arrays. What does not:
what the rows mean, polishing (`quadratic`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.mathematics.allocation.errors import SolverError
from energy_pipeline.mathematics.allocation.highs import Programme

ACCURACY = 1e-11


@dataclass(frozen=True)
class Ball:
    """|| matrix y + shift || <= radius.

    Attributes
    ----------
    matrix : array or sparse, shape (k, d)
    shift : array, shape (k,)
    radius : float
    """

    matrix: Any
    shift: FloatArray
    radius: float


@dataclass(frozen=True)
class ConicAnswer:
    """What Clarabel found.

    Attributes
    ----------
    status : str
        "solved", "infeasible" or "unbounded".
    y : array, shape (d,)
    value, bound : float
        Primal and dual objective.
    row_prices : array, shape (m,)
        As in `highs.Answer`.
    ball_prices : array, shape (balls,)
        Change of the least objective per unit of each radius (at most 0).
    """

    status: str
    y: FloatArray
    value: float
    bound: float
    row_prices: FloatArray
    ball_prices: FloatArray


def solve(programme: Programme, quadratic: Any, balls: Sequence[Ball] = ()) -> ConicAnswer:  # noqa: ANN401 - dense or sparse
    """Minimise 1/2 y'Qy + cost.y under the programme's rows and bounds and the balls.

    Raises
    ------
    SolverError
        When Clarabel stops without an answer.
    """
    import clarabel
    import scipy.sparse as sp

    d = programme.cost.size
    rows = sp.csr_matrix(programme.rows)
    identity = sp.identity(d, format="csr")
    equal = programme.row_low == programme.row_high
    low, high = ~equal & np.isfinite(programme.row_low), ~equal & np.isfinite(programme.row_high)
    box_low, box_high = np.isfinite(programme.low), np.isfinite(programme.high)
    blocks = [rows[equal], -rows[low], rows[high], -identity[box_low], identity[box_high]]
    sides = [programme.row_low[equal], -programme.row_low[low], programme.row_high[high], -programme.low[box_low], programme.high[box_high]]
    inequalities = int(low.sum() + high.sum() + box_low.sum() + box_high.sum())
    cones = [clarabel.ZeroConeT(int(equal.sum())), clarabel.NonnegativeConeT(inequalities)]
    for ball in balls:
        blocks += [sp.csr_matrix((1, d)), -sp.csr_matrix(ball.matrix)]
        sides += [np.array([ball.radius]), ball.shift]
        cones.append(clarabel.SecondOrderConeT(1 + ball.shift.size))
    size = max(float(abs(quadratic).max()) if getattr(quadratic, "nnz", 1) else 0.0, float(np.abs(programme.cost).max(initial=0.0))) or 1.0
    solver = clarabel.DefaultSolver(
        sp.csc_matrix(sp.triu(sp.csc_matrix(quadratic) / size)),
        programme.cost / size,
        sp.csc_matrix(sp.vstack(blocks)),
        np.concatenate(sides),
        cones,
        _settings(),
    )
    found = solver.solve()
    word = _word(str(found.status))
    z = np.asarray(found.z)
    prices = np.zeros(rows.shape[0])
    cut = np.cumsum([int(equal.sum()), int(low.sum()), int(high.sum())])
    prices[equal] = -z[: cut[0]]
    prices[low] += z[cut[0] : cut[1]]
    prices[high] -= z[cut[1] : cut[2]]
    ball_prices, at = [], int(equal.sum()) + inequalities
    for ball in balls:
        ball_prices.append(-z[at])
        at += 1 + ball.shift.size
    y = np.asarray(found.x)
    return ConicAnswer(word, y, float(found.obj_val) * size, float(found.obj_val_dual) * size, prices * size, np.array(ball_prices) * size)


def _settings() -> Any:  # noqa: ANN401 - clarabel ships no types
    import clarabel

    settings = clarabel.DefaultSettings()
    settings.verbose = False
    settings.max_threads = 1
    settings.tol_gap_abs, settings.tol_gap_rel, settings.tol_feas = ACCURACY, ACCURACY, ACCURACY
    return settings


def _word(status: str) -> str:
    if status in {"Solved", "AlmostSolved", "InsufficientProgress"}:
        return "solved"
    if status in {"PrimalInfeasible", "AlmostPrimalInfeasible"}:
        return "infeasible"
    if status in {"DualInfeasible", "AlmostDualInfeasible"}:
        return "unbounded"
    raise SolverError(f"Clarabel stopped with status {status}")
