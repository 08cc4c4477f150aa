"""Why no position is admissible, and the smallest way out.

What belongs here: the conflicting limits by name (an irreducible set) and the elastic
programme. What does not: solving admissible problems.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.mathematics.allocation import highs
from energy_pipeline.mathematics.allocation.errors import ConflictingLimitsError
from energy_pipeline.mathematics.allocation.limits import Bounds, Limit
from energy_pipeline.mathematics.allocation.problem import Problem
from energy_pipeline.mathematics.allocation.space import BUDGET, Space, build


def explain(problem: Problem) -> ConflictingLimitsError | None:
    """The error to raise when the linear limits cannot hold together; None when they can.

    Examples
    --------
    >>> from energy_pipeline.mathematics.allocation.limits import Linear
    >>> limits = (Bounds("size", 0.0, 10.0), Linear("cover", {"a": 1.0}, low=12.0), Linear("idle", {"b": 1.0}, high=5.0))
    >>> error = explain(Problem(("a", "b"), np.ones((1, 2)), limits=limits))
    >>> error.conflicts, round(sum(error.amounts.values()), 9)
    (('size', 'cover'), 2.0)
    """
    if _feasible(build(problem)):
        return None
    names = [BUDGET] if problem.budget is not None else []
    names += [limit.name for limit in problem.limits]
    # deletion filter: what can be dropped without making the rest feasible is no part of the conflict
    kept = list(names)
    for name in names:
        trial = [k for k in kept if k != name]
        if not _feasible(build(problem, _named(problem.limits, trial), budget=BUDGET in trial)):
            kept = trial
    return ConflictingLimitsError("no position satisfies all limits", kept, relaxation(problem, kept))


def relaxation(problem: Problem, names: Sequence[str]) -> dict[str, float]:
    """How far each of these limits would have to give way, every other one kept, by the smallest total relative to their sizes."""
    amounts = _elastic(problem, names)
    return amounts or _elastic(problem, [BUDGET, *(limit.name for limit in problem.limits)])


def _elastic(problem: Problem, names: Sequence[str]) -> dict[str, float]:
    soft = _with_bounds_as_rows(problem, build(problem), names)
    m = len(soft.row_names)
    elastic = np.array([name in names for name in soft.row_names])
    sides = np.where(np.isfinite(soft.row_low), np.abs(soft.row_low), 0.0), np.where(np.isfinite(soft.row_high), np.abs(soft.row_high), 0.0)
    weight = 1.0 / np.maximum(np.maximum(*sides), 1.0)
    room = np.where(elastic, np.inf, 0.0)
    programme = highs.Programme(
        cost=np.concatenate([np.zeros(soft.size), weight, weight]),
        rows=np.hstack([soft.rows, np.eye(m), -np.eye(m)]),
        row_low=soft.row_low,
        row_high=soft.row_high,
        low=np.concatenate([soft.low, np.zeros(2 * m)]),
        high=np.concatenate([soft.high, room, room]),
    )
    answer = highs.solve(programme)
    if answer.status != highs.OPTIMAL:
        return {}
    slack = answer.y[soft.size : soft.size + m] + answer.y[soft.size + m :]
    amounts: dict[str, float] = {}
    for name, amount in zip(soft.row_names, slack, strict=True):
        if amount > 1e-9:
            amounts[name] = max(amounts.get(name, 0.0), float(amount))
    return amounts


def _with_bounds_as_rows(problem: Problem, space: Space, names: Sequence[str]) -> Space:
    """Bounds become rows that can give way, each under its limit's name."""
    free = Space(**{**vars(space), "low": space.low.copy(), "high": space.high.copy()})
    n = space.contracts
    free.low[:n], free.high[:n] = -np.inf, np.inf
    free.high[n:] = np.inf  # what is bought or sold is bounded by the box only
    rows: list[FloatArray] = []
    sides: list[tuple[float, float, str]] = []
    for limit in problem.limits:
        if not isinstance(limit, Bounds):
            continue
        low, high = problem.per_contract(limit.low, -np.inf), problem.per_contract(limit.high, np.inf)
        if limit.name not in names:
            free.low[:n], free.high[:n] = np.maximum(free.low[:n], low), np.minimum(free.high[:n], high)
            continue
        for j in np.flatnonzero(np.isfinite(low) | np.isfinite(high)):
            rows.append(np.eye(1, space.size, int(j))[0])
            sides.append((low[j], high[j], limit.name))
    if not rows:
        return free
    return Space(
        **{
            **vars(free),
            "rows": np.vstack([free.rows, *rows]),
            "row_low": np.concatenate([free.row_low, [s[0] for s in sides]]),
            "row_high": np.concatenate([free.row_high, [s[1] for s in sides]]),
            "row_names": (*free.row_names, *(s[2] for s in sides)),
        }
    )


def _named(limits: Sequence[Limit], names: Sequence[str]) -> list[Limit]:
    return [limit for limit in limits if limit.name in names]


def _feasible(space: Space) -> bool:
    if (space.low > space.high).any() or (space.row_low > space.row_high).any():
        return False
    return highs.solve(space.programme(np.zeros(space.size))).status != highs.INFEASIBLE
