"""A few representative scenarios that stand for many.

What belongs here: fast forward selection (Heitsch and Roemisch 2003) and its error. What does
not: which scenarios.

The kept set J minimises, one scenario at a time, the Kantorovich distance

    D(J) = sum_i p_i min_{j in J} ||x_i - x_j||

to the full set; every scenario's probability then goes to its nearest kept one, which is the
best any probabilities on J can do. The gain of a candidate never grows as J grows, so a gain
computed earlier is a bound, and only the candidates that still might win are computed again:
the same choice as full fast forward selection at a fraction of its work.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from energy_pipeline.domain.delivery import Float32Array, FloatArray, IntArray
from energy_pipeline.mathematics.compilation import ANY_ORDER, kernel

TILE = 64
"""Scenarios compared together: two tiles stay in the nearest cache."""


@dataclass(frozen=True)
class Reduction:
    """Which scenarios stand for all.

    Attributes
    ----------
    kept : array of int, shape (k,)
        In the order chosen.
    probabilities : array, shape (k,)
    nearest : array of int, shape (n,)
        Place in `kept` of every scenario's stand-in.
    distance : float
        Kantorovich distance to the full set, in the unit of the features.
    relative : float
        The same as a share of the distance of the best single scenario; 0 when nothing is lost.
    """

    kept: IntArray
    probabilities: FloatArray
    nearest: IntArray
    distance: float
    relative: float


def reduce(features: FloatArray, count: int, probabilities: FloatArray | None = None) -> Reduction:
    """Fast forward selection.

    Parameters
    ----------
    features : array, shape (n, d)
        Scenarios as points; scale columns first, distances are Euclidean.
    count : int
        How many to keep; all when there are no more.
    probabilities : array, shape (n,), optional
        Equal unless given.

    Examples
    --------
    >>> found = reduce(np.array([[0.0], [0.1], [10.0], [10.2]]), 2)
    >>> sorted(found.kept.tolist()), found.probabilities.tolist(), round(found.distance, 3)
    ([1, 2], [0.5, 0.5], 0.075)
    """
    points = np.ascontiguousarray(features, dtype=np.float32)
    size = len(points)
    weights = np.full(size, 1.0 / size) if probabilities is None else np.ascontiguousarray(probabilities, dtype=np.float64)
    kept, nearest, distance, first = _select(points, weights, min(count, size))
    mass: FloatArray = np.bincount(nearest, weights=weights, minlength=kept.size).astype(np.float64)
    return Reduction(kept, mass, nearest, float(distance), float(distance / first) if first > 0 else 0.0)


@kernel(lambda t: (t.reads(2, "float32"), t.reads(1), t.count), sums=ANY_ORDER)
def _select(points: Float32Array, weights: FloatArray, count: int) -> tuple[IntArray, IntArray, float, float]:  # noqa: C901, PLR0912 - one loop
    """(kept, nearest kept, distance, distance with one kept)."""
    size, width = points.shape
    best = np.full(size, np.inf)
    nearest = np.zeros(size, dtype=np.int64)
    # First round: every candidate's cost, each distance computed once.
    cost = np.zeros(size)
    for row_tile in range(0, size, TILE):
        for column_tile in range(row_tile, size, TILE):
            for i in range(row_tile, min(row_tile + TILE, size)):
                for j in range(max(column_tile, i + 1), min(column_tile + TILE, size)):
                    total = np.float32(0.0)
                    for k in range(width):
                        gap = points[i, k] - points[j, k]
                        total += gap * gap
                    away = np.sqrt(np.float64(total))
                    cost[i] += weights[j] * away
                    cost[j] += weights[i] * away
    kept = np.empty(count, dtype=np.int64)
    fresh = np.zeros(size, dtype=np.int64)
    gain = -cost  # of the first round; later rounds: drop of the distance, larger is better
    first_cost = 0.0
    row = np.empty(size)
    for step in range(count):
        while True:
            top = np.argmax(gain)
            if fresh[top] == step or step == 0:
                break
            drop = 0.0
            for j in range(size):
                total = np.float32(0.0)
                for k in range(width):
                    gap = points[top, k] - points[j, k]
                    total += gap * gap
                away = np.sqrt(np.float64(total))
                if away < best[j]:
                    drop += weights[j] * (best[j] - away)
            gain[top] = drop
            fresh[top] = step
        if step == 0:
            first_cost = cost[top]
        kept[step] = top
        for j in range(size):
            total = np.float32(0.0)
            for k in range(width):
                gap = points[top, k] - points[j, k]
                total += gap * gap
            row[j] = np.sqrt(np.float64(total))
        for j in range(size):
            if row[j] < best[j]:
                best[j] = row[j]
                nearest[j] = step
        if step == 0:
            # |d(u, first) - d(first, j)| <= d(u, j) bounds what any other candidate can bring.
            for u in range(size):
                bound = 0.0
                for j in range(size):
                    bound += weights[j] * max(0.0, row[j] - abs(row[u] - row[j]))
                gain[u] = bound
        gain[top] = -np.inf
    distance = 0.0
    for j in range(size):
        distance += weights[j] * best[j]
    return kept, nearest, distance, first_cost
