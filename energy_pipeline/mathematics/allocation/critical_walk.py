"""The walk along the critical line, compiled with numba.

What belongs here: the kernel alone. What does not: what its corners mean (`critical_line`).

The walk keeps the inverse of the free block, its products with ones, the means and the
bound positions, and the covariance times each of these; freeing or binding a contract
changes all of them by one rank, so a step costs one product of the matrix and a vector.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from energy_pipeline.domain.delivery import FloatArray, IntArray
from energy_pipeline.mathematics.compilation import ANY_ORDER, kernel, part

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
    z, whole, now : arrays, shape (n,)
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
    now: FloatArray


@part
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


@part
def _pull(C: FloatArray, x: FloatArray, state: IntArray) -> FloatArray:
    """The covariance times the positions that are bound."""
    fixed = np.zeros(x.size)
    for i in range(x.size):
        if state[i] != FREE and x[i] != 0.0:
            fixed += C[i] * x[i]
    return fixed


@part
def _across(C: FloatArray, w: _Walk, size: int, add: int) -> float:
    """K times the new contract's covariances, into z and `whole`; returns its variance given the members."""
    members, inverse, z, whole, now = w.members, w.inverse, w.z, w.whole, w.now
    for a in range(size):
        now[a] = C[add, members[a]]
    whole[:] = 0.0
    spare: float = C[add, add]
    for a in range(size):
        total = 0.0
        for b in range(size):
            total += inverse[a, b] * now[b]
        z[a] = total
        whole[members[a]] = total
        spare -= total * now[a]
    return spare


@part
def _free(C: FloatArray, mean: FloatArray, w: _Walk, size: int, add: int) -> int:
    """Add a contract to the free block; returns the block's new size, or -1 where it would be singular."""
    x, state, where, members, inverse, fixed, ku, cu, z, whole = w.x, w.state, w.where, w.members, w.inverse, w.fixed, w.ku, w.cu, w.z, w.whole
    spare = _across(C, w, size, add)
    if spare < 1e-11 * C[add, add]:
        return -1
    if state[add] != FREE:
        # its position was bound until now
        if x[add] != 0.0:
            fixed[:] -= C[add] * x[add]
            for a in range(size):
                ku[2, a] -= x[add] * z[a]
            cu[2] -= x[add] * np.dot(C, whole)
        state[add] = FREE
    whole[add] = -1.0
    across = np.dot(C, whole)
    for u in range(3):
        # the right-hand sides: ones, means, the pull of the bound positions
        value = 1.0 if u == 0 else (mean[add] if u == 1 else fixed[add])
        for a in range(size):
            value -= z[a] * (1.0 if u == 0 else (mean[members[a]] if u == 1 else fixed[members[a]]))
        value = -value / spare
        for a in range(size):
            ku[u, a] += value * z[a]
        ku[u, size] = -value
        cu[u] += value * across
    for a in range(size):
        scaled = z[a] / spare
        for b in range(size):
            inverse[a, b] += scaled * z[b]
        inverse[a, size] = -scaled
        inverse[size, a] = -scaled
    inverse[size, size] = 1.0 / spare
    members[size], where[add] = add, size
    return size + 1


@part
def _bind(C: FloatArray, w: _Walk, size: int, drop: int) -> int:
    """Take a contract out of the free block; returns the block's new size."""
    x, where, members, inverse, ku, cu, z, whole = w.x, w.where, w.members, w.inverse, w.ku, w.cu, w.z, w.whole
    r = where[drop]
    pivot = inverse[r, r]
    whole[:] = 0.0
    for a in range(size):
        z[a] = inverse[a, r] / pivot
        whole[members[a]] = z[a]
    across = np.dot(C, whole)
    for u in range(3):
        value = ku[u, r]
        for a in range(size):
            ku[u, a] -= value * z[a]
        cu[u] -= value * across
    for a in range(size):
        if a != r:
            for b in range(size):
                inverse[a, b] -= z[a] * pivot * z[b]
    _drop_member(w, r, size - 1)
    where[drop] = -1
    if x[drop] != 0.0:
        _fix(C, w, size - 1, drop)
    return size - 1


@part
def _drop_member(w: _Walk, r: int, last: int) -> None:
    """The last member takes the place of member r."""
    where, members, inverse, ku = w.where, w.members, w.inverse, w.ku
    if r == last:
        return
    for a in range(last + 1):
        inverse[a, r] = inverse[a, last]
    for a in range(last + 1):
        inverse[r, a] = inverse[last, a]
    inverse[r, r] = inverse[last, last]
    for u in range(3):
        ku[u, r] = ku[u, last]
    members[r] = members[last]
    where[members[r]] = r


@part
def _fix(C: FloatArray, w: _Walk, size: int, drop: int) -> None:
    """Add a contract that is bound from now on to `fixed` and what follows from it."""
    x, members, inverse, fixed, ku, cu, whole = w.x, w.members, w.inverse, w.fixed, w.ku, w.cu, w.whole
    fixed[:] += C[drop] * x[drop]
    whole[:] = 0.0
    for a in range(size):
        total = 0.0
        for b in range(size):
            total += inverse[a, b] * C[drop, members[b]]
        ku[2, a] += x[drop] * total
        whole[members[a]] = total
    cu[2] += x[drop] * np.dot(C, whole)


@part
def _refresh(C: FloatArray, mean: FloatArray, w: _Walk, size: int) -> None:
    """The inverse and its products anew, so that rounding does not add up."""
    members, inverse, fixed, ku, cu, whole = w.members, w.inverse, w.fixed, w.ku, w.cu, w.whole
    block = np.empty((size, size))
    for a in range(size):
        for b in range(size):
            block[a, b] = C[members[a], members[b]]
    inverse[:size, :size] = np.linalg.inv(block)
    for u in range(3):
        whole[:] = 0.0
        for a in range(size):
            total = 0.0
            for b in range(size):
                total += inverse[a, b] * (1.0 if u == 0 else (mean[members[b]] if u == 1 else fixed[members[b]]))
            ku[u, a] = total
            whole[members[a]] = total
        cu[u] = np.dot(C, whole)


@part
def _multiplier(w: _Walk, size: int, budget: float) -> tuple[float, float]:
    """(nu0, nu1): at trade-off t the budget's multiplier is nu0 + t nu1."""
    x, state, ku = w.x, w.state, w.ku
    bound_sum, s11, s1m, s1f = 0.0, 0.0, 0.0, 0.0
    for i in range(x.size):
        if state[i] != FREE:
            bound_sum += x[i]
    for a in range(size):
        s11 += ku[0, a]
        s1m += ku[1, a]
        s1f += ku[2, a]
    return (budget - bound_sum + s1f) / s11, -s1m / s11


@part
def _meets(level: float, slope: float, low: float, high: float) -> tuple[float, int]:
    """(trade-off, kind) at which a free position meets a bound as t falls; kind -1 for never."""
    if slope > FLAT:  # falls as t falls
        return (low - level) / slope, AT_LOW
    if slope < -FLAT:
        return (high - level) / slope, AT_HIGH
    return 0.0, -1


@part
def _comes_free(level: float, slope: float, state: int) -> tuple[float, int]:
    """The same for a bound position: its gradient is >= 0 at its low, <= 0 at its high; see where that ends."""
    if (state == AT_LOW and slope > FLAT) or (state == AT_HIGH and slope < -FLAT):
        return -level / slope, FREE
    return 0.0, -1


@part
def _next_event(
    mean: FloatArray, low: FloatArray, high: FloatArray, w: _Walk, size: int, nu: tuple[float, float], just: int, cap: float
) -> tuple[float, int, int]:
    """(trade-off, contract, kind) of the first change below `cap`; contract -1 for none above zero."""
    state, where, fixed, ku, cu = w.state, w.where, w.fixed, w.ku, w.cu
    nu0, nu1 = nu
    best, who, kind = 0.0, -1, -1
    for i in range(mean.size):
        event, side = 0.0, -1
        if state[i] != FREE:
            if low[i] != high[i]:
                level = nu0 * cu[0, i] - cu[2, i] + fixed[i] - nu0
                event, side = _comes_free(level, cu[1, i] + nu1 * cu[0, i] - mean[i] - nu1, state[i])
        elif size > 1:
            a = where[i]
            event, side = _meets(nu0 * ku[0, a] - ku[2, a], ku[1, a] + nu1 * ku[0, a], low[i], high[i])
        # what has just changed does not change back at once
        if side < 0 or (i == just and event > cap * (1.0 - 1e-9)):
            continue
        event = min(event, cap)
        if event > best:
            best, who, kind = event, i, side
    return best, who, kind


@part
def _roomy(trade_offs: FloatArray, positions: FloatArray, count: int) -> tuple[FloatArray, FloatArray]:
    """The corners, in arrays twice as long where these are full."""
    if count < trade_offs.size:
        return trade_offs, positions
    longer, wider = np.empty(2 * count), np.empty((2 * count, positions.shape[1]))
    longer[:count], wider[:count] = trade_offs, positions
    return longer, wider


@part
def _write(low: FloatArray, high: FloatArray, w: _Walk, size: int, nu: tuple[float, float], t: float, row: FloatArray) -> None:
    """Positions at trade-off t: free ones are va + t vb."""
    x, members, ku = w.x, w.members, w.ku
    for i in range(row.size):
        row[i] = x[i]
    for a in range(size):
        value = nu[0] * ku[0, a] - ku[2, a] + t * (ku[1, a] + nu[1] * ku[0, a])
        row[members[a]] = min(max(value, low[members[a]]), high[members[a]])


@kernel(lambda t: (*[t.reads(1), t.reads(2), t.reads(1), t.reads(1)], t.number, t.count, t.count), sums=ANY_ORDER)
def walk(
    mean: FloatArray, C: FloatArray, low: FloatArray, high: FloatArray, budget: float, max_steps: int, refresh: int
) -> tuple[int, int, FloatArray, FloatArray]:
    """(status, corners, trade-offs, positions); the inverse is computed anew every `refresh` steps."""
    n = mean.size
    x, state = low.copy(), np.zeros(n, dtype=np.int64)
    add, drop = _begin(mean, low, high, budget, x, state), -1
    state[add] = FREE
    fixed = _pull(C, x, state)
    members, where = np.empty(n, dtype=np.int64), np.full(n, -1, dtype=np.int64)
    w = _Walk(x, state, where, members, np.zeros((n, n)), fixed, np.zeros((3, n)), np.zeros((3, n)), np.zeros(n), np.zeros(n), np.zeros(n))
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
