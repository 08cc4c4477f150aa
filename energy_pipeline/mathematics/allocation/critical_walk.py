"""The walk along the critical line, compiled with numba.

What belongs here: the kernel alone. What does not: what its corners mean (`critical_line`).

The walk keeps the inverse of the free block, its products with ones, the means and the
bound positions, and the covariance times each of these; freeing or binding a contract
changes all of them by one rank, so a step costs one product of the matrix and a vector.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from energy_pipeline.domain.delivery import FloatArray, IntArray

SOLVED, OUT_OF_STEPS, SINGULAR = range(3)
AT_LOW, AT_HIGH, FREE = range(3)
"""State of a contract; the first two are also the bound that a free one meets."""
CORNERS = 64
"""Room for corners at the start."""
FLAT = 1e-15
"""A slope smaller than this never meets a bound."""


class _Walk(NamedTuple):
    """Where the walk stands. Arrays by member hold `size` entries, in the order in which contracts were freed.

    Attributes
    ----------
    x : array, shape (n,)
        Positions of the bound contracts.
    state, where : arrays of int, shape (n,)
        State of each contract, and its place among the members.
    members : array of int, shape (n,)
        Free contracts.
    inverse : array, shape (n, n)
        K: inverse of the free block of the covariance, by member.
    fixed : array, shape (n,)
        Covariance times the positions that are bound.
    ku, cu : arrays, shape (3, n)
        K times ones, means and `fixed` (by member), and the covariance times each of these (by contract).
    z, whole : arrays, shape (n,)
        Working space.
    """

    x: FloatArray
    state: IntArray
    where: IntArray
    members: IntArray
    inverse: FloatArray
    fixed: FloatArray
    ku: FloatArray
    cu: FloatArray
    z: FloatArray
    whole: FloatArray


@lru_cache(maxsize=1)
def compiled() -> Callable[..., tuple[int, int, FloatArray, FloatArray]]:
    """The walk, compiled at first use: (mean, covariance, low, high, budget, steps, refresh) to (status, corners, trade-offs, positions)."""
    import numba
    from numba.extending import register_jitable

    for part in (_begin, _pull, _right, _across, _free, _bind, _drop_member, _fix, _refresh, _multiplier, _event, _next_event, _roomy, _write):
        register_jitable(part)
    # sums may be reordered (the order is fixed at compile time), which lets them use vector instructions
    return numba.njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})(_trace)  # type: ignore[no-any-return]


def _begin(mean: FloatArray, low: FloatArray, high: FloatArray, budget: float, x: FloatArray, state: IntArray) -> int:
    """Fill up the contracts of highest mean; returns the one that takes what is left, the first free one."""
    n = mean.size
    left = budget - low.sum()
    order = np.argsort(-mean)
    free = -1
    for k in range(n):
        i = order[k]
        room = high[i] - low[i]
        if left < room or k == n - 1:
            x[i] += left
            free = i
            break
        x[i] = high[i]
        state[i] = AT_HIGH
        left -= room
    return free


def _pull(C: FloatArray, x: FloatArray, state: IntArray) -> FloatArray:
    """The covariance times the positions that are bound."""
    fixed = np.zeros(x.size)
    for i in range(x.size):
        if state[i] != FREE and x[i] != 0.0:
            fixed += C[i] * x[i]
    return fixed


def _right(u: int, mean: FloatArray, fixed: FloatArray, i: int) -> float:
    """Entry i of the u-th right-hand side: ones, means, or the pull of the bound positions."""
    return 1.0 if u == 0 else (mean[i] if u == 1 else fixed[i])


def _across(C: FloatArray, w: _Walk, size: int, add: int) -> float:
    """K times the new contract's covariances, into z and `whole`; returns its variance given the members."""
    spare = C[add, add]
    w.whole[:] = 0.0
    for a in range(size):
        total = 0.0
        for b in range(size):
            total += w.inverse[a, b] * C[add, w.members[b]]
        w.z[a] = total
        w.whole[w.members[a]] = total
        spare -= total * C[add, w.members[a]]
    return spare


def _free(C: FloatArray, mean: FloatArray, w: _Walk, size: int, add: int) -> int:
    """Add a contract to the free block; returns the block's new size, or -1 where it would be singular."""
    spare = _across(C, w, size, add)
    if spare < 1e-11 * C[add, add]:
        return -1
    if w.state[add] != FREE:
        # its position was bound until now
        if w.x[add] != 0.0:
            w.fixed[:] -= C[add] * w.x[add]
            for a in range(size):
                w.ku[2, a] -= w.x[add] * w.z[a]
            w.cu[2] -= w.x[add] * np.dot(C, w.whole)
        w.state[add] = FREE
    w.whole[add] = -1.0
    across = np.dot(C, w.whole)
    for u in range(3):
        value = _right(u, mean, w.fixed, add)
        for a in range(size):
            value -= w.z[a] * _right(u, mean, w.fixed, w.members[a])
        value = -value / spare
        for a in range(size):
            w.ku[u, a] += value * w.z[a]
        w.ku[u, size] = -value
        w.cu[u] += value * across
    for a in range(size):
        scaled = w.z[a] / spare
        for b in range(size):
            w.inverse[a, b] += scaled * w.z[b]
        w.inverse[a, size] = -scaled
        w.inverse[size, a] = -scaled
    w.inverse[size, size] = 1.0 / spare
    w.members[size], w.where[add] = add, size
    return size + 1


def _bind(C: FloatArray, w: _Walk, size: int, drop: int) -> int:
    """Take a contract out of the free block; returns the block's new size."""
    r = w.where[drop]
    pivot = w.inverse[r, r]
    w.whole[:] = 0.0
    for a in range(size):
        w.z[a] = w.inverse[a, r] / pivot
        w.whole[w.members[a]] = w.z[a]
    across = np.dot(C, w.whole)
    for u in range(3):
        value = w.ku[u, r]
        for a in range(size):
            w.ku[u, a] -= value * w.z[a]
        w.cu[u] -= value * across
    for a in range(size):
        if a != r:
            for b in range(size):
                w.inverse[a, b] -= w.z[a] * pivot * w.z[b]
    _drop_member(w, r, size - 1)
    w.where[drop] = -1
    if w.x[drop] != 0.0:
        _fix(C, w, size - 1, drop)
    return size - 1


def _drop_member(w: _Walk, r: int, last: int) -> None:
    """The last member takes the place of member r."""
    if r == last:
        return
    for a in range(last + 1):
        w.inverse[a, r] = w.inverse[a, last]
    for a in range(last + 1):
        w.inverse[r, a] = w.inverse[last, a]
    w.inverse[r, r] = w.inverse[last, last]
    for u in range(3):
        w.ku[u, r] = w.ku[u, last]
    w.members[r] = w.members[last]
    w.where[w.members[r]] = r


def _fix(C: FloatArray, w: _Walk, size: int, drop: int) -> None:
    """Add a contract that is bound from now on to `fixed` and what follows from it."""
    w.fixed[:] += C[drop] * w.x[drop]
    w.whole[:] = 0.0
    for a in range(size):
        total = 0.0
        for b in range(size):
            total += w.inverse[a, b] * C[drop, w.members[b]]
        w.ku[2, a] += w.x[drop] * total
        w.whole[w.members[a]] = total
    w.cu[2] += w.x[drop] * np.dot(C, w.whole)


def _refresh(C: FloatArray, mean: FloatArray, w: _Walk, size: int) -> None:
    """The inverse and its products anew, so that rounding does not add up."""
    block = np.empty((size, size))
    for a in range(size):
        for b in range(size):
            block[a, b] = C[w.members[a], w.members[b]]
    w.inverse[:size, :size] = np.linalg.inv(block)
    for u in range(3):
        w.whole[:] = 0.0
        for a in range(size):
            total = 0.0
            for b in range(size):
                total += w.inverse[a, b] * _right(u, mean, w.fixed, w.members[b])
            w.ku[u, a] = total
            w.whole[w.members[a]] = total
        w.cu[u] = np.dot(C, w.whole)


def _multiplier(w: _Walk, size: int, budget: float) -> tuple[float, float]:
    """(nu0, nu1): at trade-off t the budget's multiplier is nu0 + t nu1."""
    bound_sum, s11, s1m, s1f = 0.0, 0.0, 0.0, 0.0
    for i in range(w.x.size):
        if w.state[i] != FREE:
            bound_sum += w.x[i]
    for a in range(size):
        s11 += w.ku[0, a]
        s1m += w.ku[1, a]
        s1f += w.ku[2, a]
    return (budget - bound_sum + s1f) / s11, -s1m / s11


def _event(mean: FloatArray, low: FloatArray, high: FloatArray, w: _Walk, size: int, nu0: float, nu1: float, i: int) -> tuple[float, int]:
    """(trade-off, kind) at which contract i changes its state as t falls; kind -1 for never."""
    if w.state[i] == FREE:
        a = w.where[i]
        level, slope = nu0 * w.ku[0, a] - w.ku[2, a], w.ku[1, a] + nu1 * w.ku[0, a]
        if size > 1 and slope > FLAT:  # falls as t falls: meets its low
            return (low[i] - level) / slope, AT_LOW
        if size > 1 and slope < -FLAT:
            return (high[i] - level) / slope, AT_HIGH
        return 0.0, -1
    # gradient of a bound position: at low it stays >= 0, at high <= 0; look for where that ends as t falls
    level = nu0 * w.cu[0, i] - w.cu[2, i] + w.fixed[i] - nu0
    slope = w.cu[1, i] + nu1 * w.cu[0, i] - mean[i] - nu1
    moves = slope > FLAT if w.state[i] == AT_LOW else slope < -FLAT
    if moves and low[i] != high[i]:
        return -level / slope, FREE
    return 0.0, -1


def _next_event(
    mean: FloatArray, low: FloatArray, high: FloatArray, w: _Walk, size: int, nu: tuple[float, float], just: int, cap: float
) -> tuple[float, int, int]:
    """(trade-off, contract, kind) of the first change below `cap`; contract -1 for none above zero."""
    best, who, kind = 0.0, -1, -1
    for i in range(mean.size):
        event, side = _event(mean, low, high, w, size, nu[0], nu[1], i)
        # what has just changed does not change back at once
        if side < 0 or (i == just and event > cap * (1.0 - 1e-9)):
            continue
        event = min(event, cap)
        if event > best:
            best, who, kind = event, i, side
    return best, who, kind


def _roomy(trade_offs: FloatArray, positions: FloatArray, count: int) -> tuple[FloatArray, FloatArray]:
    """The corners, in arrays twice as long where these are full."""
    if count < trade_offs.size:
        return trade_offs, positions
    longer, wider = np.empty(2 * count), np.empty((2 * count, positions.shape[1]))
    longer[:count], wider[:count] = trade_offs, positions
    return longer, wider


def _write(low: FloatArray, high: FloatArray, w: _Walk, size: int, nu: tuple[float, float], t: float, row: FloatArray) -> None:
    """Positions at trade-off t: free ones are va + t vb."""
    for i in range(row.size):
        row[i] = w.x[i]
    for a in range(size):
        value = nu[0] * w.ku[0, a] - w.ku[2, a] + t * (w.ku[1, a] + nu[1] * w.ku[0, a])
        row[w.members[a]] = min(max(value, low[w.members[a]]), high[w.members[a]])


def _trace(
    mean: FloatArray, C: FloatArray, low: FloatArray, high: FloatArray, budget: float, max_steps: int, refresh: int
) -> tuple[int, int, FloatArray, FloatArray]:
    n = mean.size
    x, state = low.copy(), np.zeros(n, dtype=np.int64)
    add, drop = _begin(mean, low, high, budget, x, state), -1
    state[add] = FREE
    fixed = _pull(C, x, state)
    members, where = np.empty(n, dtype=np.int64), np.full(n, -1, dtype=np.int64)
    w = _Walk(x, state, where, members, np.zeros((n, n)), fixed, np.zeros((3, n)), np.zeros((3, n)), np.zeros(n), np.zeros(n))
    trade_offs, positions = np.empty(CORNERS), np.empty((CORNERS, n))
    size, count, since, t, just = 0, 0, 0, np.inf, -1
    for _step in range(max_steps):
        if add >= 0:
            size = _free(C, mean, w, size, add)
            if size < 0:
                return SINGULAR, count, trade_offs, positions
        elif drop >= 0:
            size = _bind(C, w, size, drop)
        since += 1
        if since >= refresh and size > 1:
            _refresh(C, mean, w, size)
            since = 0
        nu = _multiplier(w, size, budget)
        best, who, kind = _next_event(mean, low, high, w, size, nu, just, t)
        trade_offs, positions = _roomy(trade_offs, positions, count)
        if count > 0 and best >= trade_offs[count - 1] and who >= 0:
            count -= 1
        _write(low, high, w, size, nu, best, positions[count])
        trade_offs[count] = best
        count += 1
        if who < 0:
            return SOLVED, count, trade_offs, positions
        t, just = best, who
        add, drop = (who, -1) if kind == FREE else (-1, who)
        if kind != FREE:
            state[who] = kind
            x[who] = low[who] if kind == AT_LOW else high[who]
    return OUT_OF_STEPS, count, trade_offs, positions
