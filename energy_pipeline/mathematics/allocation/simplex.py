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

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from energy_pipeline.domain.delivery import BoolArray, FloatArray, IntArray
from energy_pipeline.mathematics.compilation import ANY_ORDER, kernel, part

OPTIMAL, UNBOUNDED, STALLED = 0, 1, 2
REFRESH = 60
"""Steps between fresh inverses."""
SHIFTS = (1e-10, 1e-8)
"""Relative sizes of the shifts that break ties."""
SMALL = 24
"""Kinks that are sorted rather than parted further."""
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


class _Walk(NamedTuple):
    """Where the walk stands; d dimensions.

    Attributes
    ----------
    g, h, low, high : arrays
        The pieces, as in `minimise`.
    basis : array of int, shape (d,)
    inside : array of bool, shape (pieces,)
        The piece is in the basis.
    inverse : array, shape (d, d)
        Rows belong to the pieces of the basis: row k is the direction that moves piece k alone.
    z, pull : arrays, shape (d,)
        The point, and the gradient left to the basis.
    rest, multipliers : arrays, shape (pieces,)
        h - g.z, and the multipliers of the pieces outside the basis.
    times, weights, which : arrays, shape (pieces,)
        Kinks ahead: when they are met, the slope they take, their pieces.
    """

    g: FloatArray
    h: FloatArray
    low: FloatArray
    high: FloatArray
    basis: IntArray
    inside: BoolArray
    inverse: FloatArray
    z: FloatArray
    pull: FloatArray
    rest: FloatArray
    multipliers: FloatArray
    times: FloatArray
    weights: FloatArray
    which: IntArray


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
    g, h, low, high, c = (np.ascontiguousarray(a, dtype=np.float64) for a in (g, h, low, high, c))
    work = basis.astype(np.int64).copy()
    status, z, multipliers, steps = _walk(g, h, low, high, c, work, max_steps, tolerance)
    for size in SHIFTS:
        if status != STALLED:
            break
        # Many pieces through one point let the walk go in circles. Moved apart a little they do not; what is found there
        # is optimal for the pieces where they are up to a small gap, which callers check, and mostly after no further step.
        moved = h + size * (1.0 + np.abs(h)) * np.random.default_rng(0).uniform(0.5, 1.0, h.size)
        status, _, multipliers, more = _walk(g, moved, low, high, c, work, max_steps, tolerance)
        z, steps = np.asarray(np.linalg.solve(g[work], h[work]), dtype=np.float64), steps + more
        again = work.copy()
        ended, *better, more = _walk(g, h, low, high, c, again, max_steps, tolerance)
        if ended == OPTIMAL:
            (z, multipliers), work, steps, status = better, again, steps + more, ended
    return Vertex(int(status), z, work, multipliers, int(steps))


@part
def _begin(g: FloatArray, h: FloatArray, low: FloatArray, high: FloatArray, basis: IntArray) -> _Walk:
    pieces, d = g.shape
    inside = np.zeros(pieces, dtype=np.bool_)
    inside[basis] = True
    point = (np.empty((d, d)), np.empty(d), np.zeros(d), np.zeros(pieces), np.zeros(pieces))
    return _Walk(g, h, low, high, basis, inside, *point, np.empty(pieces), np.empty(pieces), np.empty(pieces, dtype=np.int64))


@part
def _invert(w: _Walk) -> None:
    """Directions and point of the basis, without the rounding of the steps."""
    g, h, basis, inverse, z = w.g, w.h, w.basis, w.inverse, w.z
    inverse[:] = np.linalg.inv(np.ascontiguousarray(g[basis])).T
    z[:] = np.dot(h[basis], inverse)


@part
def _start(w: _Walk, c: FloatArray) -> None:
    """Distances, multipliers and the gradient left to the basis, from the point."""
    g, h, low, high, inside, z, pull, rest, multipliers = w.g, w.h, w.low, w.high, w.inside, w.z, w.pull, w.rest, w.multipliers
    rest[:] = h - np.dot(g, z)
    pull[:] = c
    for i in range(rest.size):
        if inside[i]:
            continue
        multipliers[i] = high[i] if rest[i] > 0.0 else low[i]
        if multipliers[i] != 0.0:
            for j in range(pull.size):
                pull[j] -= multipliers[i] * g[i, j]


@part
def _leaving(w: _Walk, held: FloatArray, tolerance: float) -> tuple[int, float]:
    """(place in the basis, excess) of the multiplier farthest outside its range per length of its direction; place -1 for none."""
    low, high, basis, inverse = w.low, w.high, w.basis, w.inverse
    leave, worst, excess = -1, 0.0, 0.0
    for k in range(held.size):
        i = basis[k]
        over = held[k] - high[i]
        under = low[i] - held[k]
        gap = max(over, under)
        if gap > tolerance:
            size = 0.0
            for j in range(held.size):
                size += inverse[k, j] * inverse[k, j]
            score = gap * gap / size
            if score > worst:
                worst, leave, excess = score, k, (over if over > under else -under)
    return leave, excess


@part
def _kinks(w: _Walk, along: FloatArray) -> int:
    """Write the kinks ahead; returns how many."""
    low, high, inside, rest, times, weights, which = w.low, w.high, w.inside, w.rest, w.times, w.weights, w.which
    count = 0
    for i in range(rest.size):
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
    return count


@part
def _swap(times: FloatArray, weights: FloatArray, which: IntArray, a: int, b: int) -> None:
    times[a], times[b] = times[b], times[a]
    weights[a], weights[b] = weights[b], weights[a]
    which[a], which[b] = which[b], which[a]


@part
def _gather(times: FloatArray, weights: FloatArray, which: IntArray, first: int, last: int, pivot: float, equal: bool) -> tuple[int, float]:
    """Move the kinks before the pivot, or those at it, to the front; returns (their end, their weight)."""
    store, total = first, 0.0
    for a in range(first, last):
        if (times[a] == pivot) if equal else (times[a] < pivot):
            total += weights[a]
            _swap(times, weights, which, a, store)
            store += 1
    return store, total


@part
def _sorted_turn(times: FloatArray, weights: FloatArray, which: IntArray, first: int, last: int, slope: float) -> int:
    """Sort a few kinks by time, at one time the heaviest first; returns the one that uses up the slope, or -1."""
    for a in range(first + 1, last):
        t, w, i = times[a], weights[a], which[a]
        b = a - 1
        while b >= first and (times[b] > t or (times[b] == t and weights[b] < w)):
            times[b + 1], weights[b + 1], which[b + 1] = times[b], weights[b], which[b]
            b -= 1
        times[b + 1], weights[b + 1], which[b + 1] = t, w, i
    for a in range(first, last):
        slope -= weights[a]
        if slope <= 0.0:
            return a
    return -1


@part
def _heaviest(weights: FloatArray, first: int, last: int) -> int:
    found = first
    for a in range(first, last):
        if weights[a] > weights[found]:
            found = a
    return found


@part
def _turn(times: FloatArray, weights: FloatArray, which: IntArray, count: int, slope: float) -> int:
    """Place of the first kink by whose time the passed kinks have used up the slope, or -1: weighted selection."""
    first, last = 0, count
    while last > first:
        if last - first <= SMALL:
            return _sorted_turn(times, weights, which, first, last, slope)
        x0, x1, x2 = times[first], times[(first + last) // 2], times[last - 1]
        pivot = max(min(x0, x1), min(max(x0, x1), x2))
        middle, before = _gather(times, weights, which, first, last, pivot, False)
        if slope - before <= 0.0:
            last = middle
            continue
        slope -= before
        first, at = _gather(times, weights, which, middle, last, pivot, True)
        if slope - at <= 0.0:
            return _heaviest(weights, middle, first)
        slope -= at
    return -1


@part
def _pass_kinks(w: _Walk, along: FloatArray, t: float, enter: int) -> None:
    """Go on by t: distances fall, and a kink passed on the way turns its multiplier."""
    g, low, high, inside, pull, rest, multipliers = w.g, w.low, w.high, w.inside, w.pull, w.rest, w.multipliers
    for i in range(rest.size):
        if inside[i]:
            continue
        rest[i] -= t * along[i]
        if i == enter:
            continue
        target = multipliers[i]
        if rest[i] > 1e-15 and along[i] < 0.0:
            target = high[i]
        elif rest[i] < -1e-15 and along[i] > 0.0:
            target = low[i]
        if target != multipliers[i]:
            move = target - multipliers[i]
            multipliers[i] = target
            for j in range(pull.size):
                pull[j] -= move * g[i, j]


@part
def _exchange(inverse: FloatArray, entering: FloatArray, leave: int) -> None:
    """New directions: every one keeps its own piece and leaves the entering one alone."""
    across = np.dot(inverse, entering)
    inverse[leave] /= across[leave]
    for k in range(across.size):
        if k != leave and across[k] != 0.0:
            for j in range(across.size):
                inverse[k, j] -= across[k] * inverse[leave, j]


@part
def _enter(w: _Walk, leave: int, excess: float, enter: int, t: float, direction: FloatArray) -> None:
    """The piece met at time t takes the place in the basis of the one that goes out."""
    g, low, high, basis, inside, inverse, z, pull, rest, multipliers = (
        w.g,
        w.low,
        w.high,
        w.basis,
        w.inside,
        w.inverse,
        w.z,
        w.pull,
        w.rest,
        w.multipliers,
    )
    out = basis[leave]
    rest[out] = t if excess > 0.0 else -t
    multipliers[out] = high[out] if excess > 0.0 else low[out]
    for j in range(direction.size):
        pull[j] += multipliers[enter] * g[enter, j] - multipliers[out] * g[out, j]
        z[j] += t * direction[j]
    multipliers[enter], rest[enter] = 0.0, 0.0
    inside[out], inside[enter] = False, True
    _exchange(inverse, g[enter], leave)
    basis[leave] = enter


@kernel(lambda t: (t.reads(2), *[t.reads(1)] * 4, t.writes(1, "int64"), t.count, t.number), sums=ANY_ORDER)
def _walk(
    g: FloatArray, h: FloatArray, low: FloatArray, high: FloatArray, c: FloatArray, basis: IntArray, max_steps: int, tolerance: float
) -> tuple[int, FloatArray, FloatArray, int]:
    w = _begin(g, h, low, high, basis)
    _invert(w)
    held = np.zeros(c.size)
    fresh, since, status, step = True, 0, STALLED, 0
    stretch, descent, idle = 50 + 2 * c.size, np.inf, IDLE * (1.0 + np.abs(h).max())
    while step < max_steps:
        if step % stretch == 0:
            if descent <= idle:
                break
            descent = 0.0
        if fresh:
            _start(w, c)
            fresh, since = False, 0
        held[:] = np.dot(w.inverse, w.pull)
        leave, excess = _leaving(w, held, tolerance)
        if leave < 0:
            if since == 0:
                status = OPTIMAL
                break
            # confirm with a fresh inverse before believing it
            _invert(w)
            fresh = True
            continue
        # too large a multiplier: the piece should be violated (rest > 0), so move against its gradient
        direction = (-1.0 if excess > 0.0 else 1.0) * w.inverse[leave]
        along = np.dot(g, direction)
        found = _turn(w.times, w.weights, w.which, _kinks(w, along), abs(excess))
        if found < 0:
            status = UNBOUNDED
            break
        enter, t = w.which[found], w.times[found]
        descent += t * abs(excess)
        step += 1
        if abs(along[enter]) < 1e-9 and since > 0:
            # too flat to enter by an inverse that has rounding
            _invert(w)
            fresh = True
            continue
        _pass_kinks(w, along, t, enter)
        _enter(w, leave, excess, enter, t, direction)
        since += 1
        if since >= REFRESH:
            _invert(w)
            fresh = True
    w.multipliers[basis] = held
    return status, w.z, w.multipliers, step
