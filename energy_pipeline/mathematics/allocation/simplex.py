"""Minimum of a convex piecewise-linear function: a simplex method that walks past kinks.

What belongs here: the kernel, compiled with numba, and its initial vertex. What does not:
what the pieces mean (`tail`), which of them are needed, the certificate.

The function is f(z) = c.z + sum_i max over lambda_i in [low_i, high_i] of
lambda_i (h_i - g_i.z): hinges (0..q: a scenario's excess loss), constraints (0..large,
-large..0, or both) and placeholders (0..0, which only hold the first vertex). A vertex is
where d pieces have h = g.z. A multiplier outside its range shows a direction of descent;
the step goes on past kinks until the slope turns, so a few hundred steps suffice where
textbook pivoting needs tens of thousands.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from energy_pipeline.domain.delivery import FloatArray, IntArray

OPTIMAL, UNBOUNDED, STALLED = 0, 1, 2
REFRESH = 60
"""Steps between fresh inverses."""
SHIFTS = (1e-10, 1e-8)
"""Relative sizes of the shifts that break ties."""
IDLE = 1e-13
"""Descent along a stretch of steps, relative to the pieces' offsets, below which they only go in circles."""


@dataclass
class Vertex:
    """Where the walk stands.

    Attributes
    ----------
    status : int
        OPTIMAL, UNBOUNDED or STALLED.
    z : array, shape (d,)
    basis : array, shape (d,)
        Pieces that hold the vertex.
    multipliers : array, shape (pieces,)
    steps : int
    """

    status: int
    z: FloatArray
    basis: IntArray
    multipliers: FloatArray
    steps: int


def minimise(
    g: FloatArray, h: FloatArray, low: FloatArray, high: FloatArray, c: FloatArray, basis: IntArray, max_steps: int = 20_000, tolerance: float = 1e-11
) -> Vertex:
    """Walk to the minimum from the vertex that `basis` holds.

    Parameters
    ----------
    g : array, shape (pieces, d), C order
    h, low, high : arrays, shape (pieces,)
        Finite; low <= 0 <= high.
    c : array, shape (d,)
    basis : array of int, shape (d,)
        Linearly independent pieces.

    Examples
    --------
    The median of three numbers minimises the sum of distances:

    >>> g, h = np.ones((4, 1)), np.array([3.0, 1.0, 2.0, 9.0])
    >>> low, high = np.array([-1.0, -1, -1, 0]), np.array([1.0, 1, 1, 0])
    >>> minimise(g, h, low, high, np.zeros(1), np.array([3])).z.tolist()
    [2.0]
    """
    work = basis.astype(np.int64).copy()
    status, z, multipliers, steps = _compiled()(g, h, low, high, c, work, max_steps, tolerance)
    for size in SHIFTS:
        if status != STALLED:
            break
        # Many pieces through one point let the walk go in circles. Moved apart a little they do not; what is found there
        # is optimal for the pieces where they are up to a small gap, which callers check, and mostly after no further step.
        moved = h + size * (1.0 + np.abs(h)) * np.random.default_rng(0).uniform(0.5, 1.0, h.size)
        status, _, multipliers, more = _compiled()(g, moved, low, high, c, work, max_steps, tolerance)
        z, steps = np.asarray(np.linalg.solve(g[work], h[work]), dtype=np.float64), steps + more
        again = work.copy()
        ended, *better, more = _compiled()(g, h, low, high, c, again, max_steps, tolerance)
        if ended == OPTIMAL:
            (z, multipliers), work, steps, status = better, again, steps + more, ended
    return Vertex(int(status), z, work, multipliers, int(steps))


@lru_cache(maxsize=1)
def _compiled() -> Callable[..., tuple[int, FloatArray, FloatArray, int]]:
    import numba

    # sums may be reordered (the order is fixed at compile time), which lets them use vector instructions
    return numba.njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})(_walk)  # type: ignore[no-any-return]


def _walk(  # noqa: C901, PLR0912, PLR0915 - one loop, compiled as a whole
    g: FloatArray, h: FloatArray, low: FloatArray, high: FloatArray, c: FloatArray, basis: IntArray, max_steps: int, tolerance: float
) -> tuple[int, FloatArray, FloatArray, int]:
    pieces, d = g.shape
    multipliers = np.zeros(pieces)
    inside = np.zeros(pieces, dtype=np.bool_)
    for k in range(d):
        inside[basis[k]] = True
    # rows of `inverse` belong to the pieces of the basis: inverse[k] is the direction that moves piece k alone
    inverse = np.ascontiguousarray(np.linalg.inv(np.ascontiguousarray(g[basis])).T)
    z = np.dot(h[basis], inverse)
    rest = np.zeros(pieces)
    pull = np.zeros(d)
    held = np.zeros(d)
    times, weights, which = np.empty(pieces), np.empty(pieces), np.empty(pieces, dtype=np.int64)
    fresh = True
    since = 0
    status = STALLED
    step = 0
    stretch, descent, idle = 50 + 2 * d, np.inf, IDLE * (1.0 + np.abs(h).max())
    while step < max_steps:
        if step % stretch == 0:
            if descent <= idle:
                break
            descent = 0.0
        if fresh:
            rest[:] = h - np.dot(g, z)
            pull[:] = c
            for i in range(pieces):
                if inside[i]:
                    continue
                multipliers[i] = high[i] if rest[i] > 0.0 else low[i]
                if multipliers[i] != 0.0:
                    for j in range(d):
                        pull[j] -= multipliers[i] * g[i, j]
            fresh = False
            since = 0
        held[:] = np.dot(inverse, pull)
        leave, worst, excess = -1, 0.0, 0.0
        for k in range(d):
            i = basis[k]
            over = held[k] - high[i]
            under = low[i] - held[k]
            gap = max(over, under)
            if gap > tolerance:
                size = 0.0
                for j in range(d):
                    size += inverse[k, j] * inverse[k, j]
                score = gap * gap / size
                if score > worst:
                    worst, leave, excess = score, k, (over if over > under else -under)
        if leave < 0:
            if since == 0:
                status = OPTIMAL
                break
            # confirm with a fresh inverse before believing it
            inverse = np.ascontiguousarray(np.linalg.inv(np.ascontiguousarray(g[basis])).T)
            z = np.dot(h[basis], inverse)
            fresh = True
            continue
        # too large a multiplier: the piece should be violated (rest > 0), so move against its gradient
        sign = -1.0 if excess > 0.0 else 1.0
        direction = sign * inverse[leave]
        along = np.dot(g, direction)
        slope = abs(excess)
        count = 0
        for i in range(pieces):
            if inside[i]:
                continue
            a = along[i]
            if (rest[i] > 0.0 and a > 1e-13) or (rest[i] <= 0.0 and a < -1e-13):
                if high[i] - low[i] <= 0.0:
                    continue
                times[count] = rest[i] / a if rest[i] != 0.0 else 0.0
                weights[count] = abs(a) * (high[i] - low[i])
                which[count] = i
                count += 1
        # smallest time at which the passed kinks have used up the slope: weighted selection
        first, last = 0, count
        found = -1
        while last > first:
            if last - first <= 24:
                for a_ in range(first + 1, last):
                    t_, w_, i_ = times[a_], weights[a_], which[a_]
                    b_ = a_ - 1
                    while b_ >= first and (times[b_] > t_ or (times[b_] == t_ and weights[b_] < w_)):
                        times[b_ + 1], weights[b_ + 1], which[b_ + 1] = times[b_], weights[b_], which[b_]
                        b_ -= 1
                    times[b_ + 1], weights[b_ + 1], which[b_ + 1] = t_, w_, i_
                for a_ in range(first, last):
                    slope -= weights[a_]
                    if slope <= 0.0:
                        found = a_
                        break
                break
            x0, x1, x2 = times[first], times[(first + last) // 2], times[last - 1]
            pivot = max(min(x0, x1), min(max(x0, x1), x2))
            store, total = first, 0.0
            for a_ in range(first, last):
                if times[a_] < pivot:
                    total += weights[a_]
                    times[a_], times[store] = times[store], times[a_]
                    weights[a_], weights[store] = weights[store], weights[a_]
                    which[a_], which[store] = which[store], which[a_]
                    store += 1
            if slope - total <= 0.0:
                last = store
                continue
            slope -= total
            middle = store
            equal = 0.0
            for a_ in range(middle, last):
                if times[a_] == pivot:
                    equal += weights[a_]
                    times[a_], times[store] = times[store], times[a_]
                    weights[a_], weights[store] = weights[store], weights[a_]
                    which[a_], which[store] = which[store], which[a_]
                    store += 1
            if slope - equal <= 0.0:
                found = middle
                for a_ in range(middle, store):
                    if weights[a_] > weights[found]:
                        found = a_
                break
            slope -= equal
            first = store
        if found < 0:
            status = UNBOUNDED
            break
        enter, t = which[found], times[found]
        descent += t * abs(excess)
        if abs(along[enter]) < 1e-9 and since > 0:
            inverse = np.ascontiguousarray(np.linalg.inv(np.ascontiguousarray(g[basis])).T)
            z = np.dot(h[basis], inverse)
            fresh = True
            step += 1
            continue
        for i in range(pieces):
            if inside[i]:
                continue
            rest[i] -= t * along[i]
            if i == enter:
                continue
            # a kink passed on the way turns its multiplier
            target = multipliers[i]
            if rest[i] > 1e-15 and along[i] < 0.0:
                target = high[i]
            elif rest[i] < -1e-15 and along[i] > 0.0:
                target = low[i]
            if target != multipliers[i]:
                move = target - multipliers[i]
                multipliers[i] = target
                for j in range(d):
                    pull[j] -= move * g[i, j]
        out = basis[leave]
        rest[out] = t if sign < 0.0 else -t
        multipliers[out] = high[out] if excess > 0.0 else low[out]
        for j in range(d):
            pull[j] += multipliers[enter] * g[enter, j] - multipliers[out] * g[out, j]
            z[j] += t * direction[j]
        multipliers[enter], rest[enter] = 0.0, 0.0
        inside[out], inside[enter] = False, True
        # new directions: every one keeps its own piece and leaves the entering one alone
        across = np.dot(inverse, g[enter])
        inverse[leave] /= across[leave]
        for k in range(d):
            if k != leave and across[k] != 0.0:
                for j in range(d):
                    inverse[k, j] -= across[k] * inverse[leave, j]
        basis[leave] = enter
        since += 1
        step += 1
        if since >= REFRESH:
            inverse = np.ascontiguousarray(np.linalg.inv(np.ascontiguousarray(g[basis])).T)
            z = np.dot(h[basis], inverse)
            fresh = True
    for k in range(d):
        multipliers[basis[k]] = held[k]
    return status, z, multipliers, step
