"""The walk along the critical line, compiled with numba.

What belongs here: the kernel alone. What does not: what its corners mean (`critical_line`).

The walk keeps the inverse of the free block, its products with ones, the means and the
bound positions, and the covariance times each of these; freeing or binding a contract
changes all of them by one rank, so a step costs one product of the matrix and a vector.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from energy_pipeline.domain.delivery import FloatArray

SINGULAR = 2


@lru_cache(maxsize=1)
def compiled() -> Callable[..., tuple[int, int, FloatArray, FloatArray]]:
    """The walk, compiled at first use: (mean, covariance, low, high, budget, steps, refresh) to (status, corners, trade-offs, positions)."""
    import numba

    # sums may be reordered (the order is fixed at compile time), which lets them use vector instructions
    return numba.njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})(_trace)  # type: ignore[no-any-return]


def _trace(  # noqa: C901, PLR0912, PLR0915 - one loop, compiled as a whole
    mean: FloatArray, C: FloatArray, low: FloatArray, high: FloatArray, budget: float, max_steps: int, refresh: int
) -> tuple[int, int, FloatArray, FloatArray]:
    n = mean.size
    x = low.copy()
    state = np.zeros(n, dtype=np.int64)  # 0 at low, 1 at high, 2 free
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
        state[i] = 1
        left -= room
    state[free] = 2
    members = np.empty(n, dtype=np.int64)
    where = np.full(n, -1, dtype=np.int64)
    K = np.zeros((n, n))  # inverse of the free block
    size = 0
    fixed = np.zeros(n)  # C times the positions that are bound
    for i in range(n):
        if state[i] != 2 and x[i] != 0.0:
            fixed += C[i] * x[i]
    # K times ones, mean and fixed (by member), and C times each of these (by contract); kept up to date step by step
    ku = np.zeros((3, n))
    cu = np.zeros((3, n))
    corners = 64
    trade_offs = np.empty(corners)
    positions = np.empty((corners, n))
    z, whole, now = np.zeros(n), np.zeros(n), np.zeros(n)
    count = 0
    t = np.inf
    just = -1
    since = 0
    add, drop = free, -1
    for _step in range(max_steps):
        if add >= 0:
            for a in range(size):
                now[a] = C[add, members[a]]
            whole[:] = 0.0
            spare = C[add, add]
            for a in range(size):
                total = 0.0
                for b in range(size):
                    total += K[a, b] * now[b]
                z[a] = total
                whole[members[a]] = total
                spare -= total * now[a]
            if spare < 1e-11 * C[add, add]:
                return SINGULAR, count, trade_offs, positions
            if state[add] != 2:
                # its position was bound until now
                if x[add] != 0.0:
                    fixed -= C[add] * x[add]
                    for a in range(size):
                        ku[2, a] -= x[add] * z[a]
                    cu[2] -= x[add] * np.dot(C, whole)
                state[add] = 2
            whole[add] = -1.0
            across = np.dot(C, whole)
            for u in range(3):
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
                    K[a, b] += scaled * z[b]
                K[a, size] = -scaled
                K[size, a] = -scaled
            K[size, size] = 1.0 / spare
            members[size], where[add] = add, size
            size += 1
        elif drop >= 0:
            r = where[drop]
            pivot = K[r, r]
            whole[:] = 0.0
            for a in range(size):
                z[a] = K[a, r] / pivot
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
                        K[a, b] -= z[a] * pivot * z[b]
            last = size - 1
            if r != last:
                for a in range(size):
                    K[a, r] = K[a, last]
                for a in range(size):
                    K[r, a] = K[last, a]
                K[r, r] = K[last, last]
                for u in range(3):
                    ku[u, r] = ku[u, last]
                members[r] = members[last]
                where[members[r]] = r
            where[drop] = -1
            size -= 1
            if x[drop] != 0.0:
                fixed += C[drop] * x[drop]
                whole[:] = 0.0
                for a in range(size):
                    total = 0.0
                    for b in range(size):
                        total += K[a, b] * C[drop, members[b]]
                    ku[2, a] += x[drop] * total
                    whole[members[a]] = total
                cu[2] += x[drop] * np.dot(C, whole)
        since += 1
        if since >= refresh and size > 1:
            block = np.empty((size, size))
            for a in range(size):
                for b in range(size):
                    block[a, b] = C[members[a], members[b]]
            K[:size, :size] = np.linalg.inv(block)
            for u in range(3):
                whole[:] = 0.0
                for a in range(size):
                    total = 0.0
                    for b in range(size):
                        total += K[a, b] * (1.0 if u == 0 else (mean[members[b]] if u == 1 else fixed[members[b]]))
                    ku[u, a] = total
                    whole[members[a]] = total
                cu[u] = np.dot(C, whole)
            since = 0
        # free positions are va + t vb, with the multiplier of the budget nu0 + t nu1
        bound_sum, s11, s1m, s1f = 0.0, 0.0, 0.0, 0.0
        for i in range(n):
            if state[i] != 2:
                bound_sum += x[i]
        for a in range(size):
            s11 += ku[0, a]
            s1m += ku[1, a]
            s1f += ku[2, a]
        nu0, nu1 = (budget - bound_sum + s1f) / s11, -s1m / s11
        best, who, kind = 0.0, -1, -1
        cap = t
        for i in range(n):
            if state[i] == 2:
                if size == 1:
                    continue
                a = where[i]
                level, slope = nu0 * ku[0, a] - ku[2, a], ku[1, a] + nu1 * ku[0, a]
                if slope > 1e-15:  # falls as t falls: meets its low
                    event, side = (low[i] - level) / slope, 0
                elif slope < -1e-15:
                    event, side = (high[i] - level) / slope, 1
                else:
                    continue
            else:
                if low[i] == high[i]:
                    continue
                # gradient of a bound position: at low it stays >= 0, at high <= 0; look for where that ends as t falls
                level = nu0 * cu[0, i] - cu[2, i] + fixed[i] - nu0
                slope = cu[1, i] + nu1 * cu[0, i] - mean[i] - nu1
                if (state[i] == 0 and slope <= 1e-15) or (state[i] == 1 and slope >= -1e-15):
                    continue
                event, side = -level / slope, 2
            if i == just and event > cap * (1.0 - 1e-9):
                continue
            event = min(event, cap)
            if event > best:
                best, who, kind = event, i, side
        if count == corners:
            corners *= 2
            wider, longer = np.empty((corners, n)), np.empty(corners)
            wider[:count], longer[:count] = positions[:count], trade_offs[:count]
            positions, trade_offs = wider, longer
        if count > 0 and best >= trade_offs[count - 1] and who >= 0:
            count -= 1
        for i in range(n):
            positions[count, i] = x[i]
        for a in range(size):
            value = nu0 * ku[0, a] - ku[2, a] + best * (ku[1, a] + nu1 * ku[0, a])
            positions[count, members[a]] = min(max(value, low[members[a]]), high[members[a]])
        trade_offs[count] = best
        count += 1
        if who < 0:
            return 0, count, trade_offs, positions
        t = best
        just = who
        add, drop = (who, -1) if kind == 2 else (-1, who)
        if kind != 2:
            state[who] = kind
            x[who] = low[who] if kind == 0 else high[who]
    return 1, count, trade_offs, positions
