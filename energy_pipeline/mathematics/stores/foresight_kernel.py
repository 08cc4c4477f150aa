"""Compiled dynamic programme of a store on known prices.

What belongs here: the backward sweep of value functions and the forward walk, on arrays.
What does not: stores, limits on cycles, tables (`foresight`).

The value V_t of the energy stored is piecewise linear. An interval offers a segment of slope
"buy" (cost of adding a MWh) and one of slope "sell" (gain from taking one out). While
buy >= sell the step is a supremal convolution of concave functions: the two segments are
sorted in among those of V_{t+1}, and what sticks out of the window is cut off. That is exact
and costs as many operations as V has segments. Where a price is so negative that buy < sell
(the store cannot charge and discharge at once, so it may not simply earn the difference), V
stops being concave; from there back the step is made on breakpoints, as the larger of two
sliding-window maxima, which is exact for any piecewise linear V; as soon as V is concave
again, segments serve again. No grid anywhere.
"""
# ruff: noqa: ANN001, ANN201, ANN202 - compiled functions carry no annotations
# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

import numpy as np

from energy_pipeline.mathematics.compilation import kernel, part

NEAR = 1e-12
"""Relative: lengths and bends below this are rounding."""


@part
def _merge(slope, length, n, first, buy, most_in, sell, most_out, low, high, kept, new_slope, new_length):
    """One concave step; returns (number of segments, first point) of V_t, or (-1, 0) if no state is left."""
    m, i, k = 0, 0, 0
    while i < n and slope[i] > buy:
        new_slope[m], new_length[m] = slope[i], length[i]
        m, i = m + 1, i + 1
    new_slope[m], new_length[m] = buy, most_in
    m += 1
    while i < n and slope[i] > sell:
        new_slope[m], new_length[m] = slope[i], length[i]
        m, i = m + 1, i + 1
    new_slope[m], new_length[m] = sell, most_out
    m += 1
    while i < n:
        new_slope[m], new_length[m] = slope[i], length[i]
        m, i = m + 1, i + 1
    begin, floor, ceiling = first - most_in, kept * low, kept * high
    at = begin
    start = max(begin, floor)
    small = NEAR * (1.0 + high)
    for j in range(m):
        end = at + new_length[j]
        left, right = max(at, floor), min(end, ceiling)
        if right - left > small:
            if k > 0 and slope[k - 1] == new_slope[j] * kept:
                length[k - 1] += (right - left) / kept
            else:
                slope[k], length[k] = new_slope[j] * kept, (right - left) / kept
                k += 1
        at = end
    if at < floor - small or begin > ceiling + small:
        return -1, 0.0
    return k, start / kept


@part
def _windowed(x, g, n, width, out_x, out_m):
    """M(y) = max of g over [y, y + width], y from x[0] - width to x[n-1]; g piecewise linear. Returns the number of points."""
    edges = np.empty(2 * n)
    i, j, size = 0, 0, 0
    while i < n or j < n:
        if j < n and (i >= n or x[j] - width <= x[i]):
            edges[size] = x[j] - width
            j += 1
        else:
            edges[size] = x[i]
            i += 1
        size += 1
    m = 0
    small = NEAR * (1.0 + abs(x[n - 1]))
    lines_a, lines_b = np.empty(3), np.empty(3)
    for e in range(size - 1):
        a, b = edges[e], edges[e + 1]
        if b - a <= small:
            continue
        count = 0
        middle = 0.5 * (a + b)
        if middle > x[0]:
            lines_a[count], lines_b[count] = _inside(x, g, n, a), _inside(x, g, n, b)
            count += 1
        if middle + width < x[n - 1]:
            lines_a[count], lines_b[count] = _inside(x, g, n, a + width), _inside(x, g, n, b + width)
            count += 1
        best = -np.inf
        for i in range(n):
            if middle <= x[i] <= middle + width:
                best = max(best, g[i])
        if best > -np.inf:
            lines_a[count], lines_b[count] = best, best
            count += 1
        m = _kinks(a, b, lines_a, lines_b, count, out_x, out_m, m)
    return m


@part
def _inside(x, g, n, at):
    """Linear between points; at the ends held."""
    if at <= x[0]:
        return g[0]
    if at >= x[n - 1]:
        return g[n - 1]
    k = np.searchsorted(x[:n], at, side="right") - 1
    return g[k] + (at - x[k]) / (x[k + 1] - x[k]) * (g[k + 1] - g[k])


@part
def _kinks(a, b, left, right, count, out_x, out_m, m):
    """Append the upper envelope of `count` lines over [a, b], given by their ends."""
    shares = np.empty(5)
    shares[0], shares[1] = 0.0, 1.0
    found = 2
    for i in range(count):
        for j in range(i):
            before, after = left[i] - left[j], right[i] - right[j]
            if before * after < 0.0:
                shares[found] = before / (before - after)
                found += 1
    shares[:found].sort()
    for s in range(found):
        value = -np.inf
        for i in range(count):
            value = max(value, left[i] + shares[s] * (right[i] - left[i]))
        out_x[m], out_m[m] = a + shares[s] * (b - a), value
        m += 1
    return m


@part
def _tidy(x, v, m, small):
    """Drop doubled points and points on a line, in place; returns how many stay."""
    k = 0
    for i in range(m):
        if k > 0 and x[i] - x[k - 1] <= small:
            v[k - 1] = max(v[k - 1], v[i])
            continue
        while k > 1:
            share = (x[k - 1] - x[k - 2]) / (x[i] - x[k - 2])
            on_line = v[k - 2] + share * (v[i] - v[k - 2])
            if abs(v[k - 1] - on_line) > NEAR * (1.0 + abs(v[k - 1])):
                break
            k -= 1
        x[k], v[k] = x[i], v[i]
        k += 1
    return k


@part
def _larger(xa, va, na, xb, vb, nb, out_x, out_v):
    """The larger of two piecewise linear functions, each minus infinity outside its points."""
    edges = np.empty(na + nb)
    edges[:na], edges[na:] = xa[:na], xb[:nb]
    edges.sort()
    small = NEAR * (1.0 + abs(edges[na + nb - 1]))
    left, right = np.empty(3), np.empty(3)
    m = 0
    for e in range(na + nb - 1):
        a, b = edges[e], edges[e + 1]
        if b - a <= small:
            continue
        count, middle = 0, 0.5 * (a + b)
        if xa[0] < middle < xa[na - 1]:
            left[count], right[count] = _inside(xa, va, na, a), _inside(xa, va, na, b)
            count += 1
        if xb[0] < middle < xb[nb - 1]:
            left[count], right[count] = _inside(xb, vb, nb, a), _inside(xb, vb, nb, b)
            count += 1
        if count > 0:
            m = _kinks(a, b, left, right, count, out_x, out_v, m)
    return m


@part
def _window(x, v, m, low, high):
    """Cut a piecewise linear function to [low, high], in place; returns the number of points."""
    low, high = max(low, x[0]), min(high, x[m - 1])
    begin, end = _inside(x, v, m, low), _inside(x, v, m, high)
    k = 0
    keep_x, keep_v = np.empty(m + 2), np.empty(m + 2)
    keep_x[0], keep_v[0] = low, begin
    k = 1
    for i in range(m):
        if low < x[i] < high:
            keep_x[k], keep_v[k] = x[i], v[i]
            k += 1
    if high > low:
        keep_x[k], keep_v[k] = high, end
        k += 1
    x[:k], v[:k] = keep_x[:k], keep_v[:k]
    return k


@part
def _general(x, v, n, buy, most_in, sell, most_out, low, high, kept):
    """One step on breakpoints, for any V; returns new (x, v, n)."""
    room = 10 * n + 20
    ax, av = np.empty(room), np.empty(room)
    g = np.empty(n)
    for i in range(n):
        g[i] = v[i] - buy * x[i]
    na = _windowed(x, g, n, most_in, ax, av)
    for i in range(na):
        av[i] += buy * ax[i]
    bx, bv, mirrored = np.empty(room), np.empty(room), np.empty(n)
    for i in range(n):
        mirrored[i] = -x[n - 1 - i]
        g[i] = v[n - 1 - i] + sell * mirrored[i]
    nb = _windowed(mirrored, g, n, most_out, bx, bv)
    cx, cv = np.empty(room), np.empty(room)
    for i in range(nb):
        cx[i] = -bx[nb - 1 - i]
        cv[i] = bv[nb - 1 - i] + sell * cx[i]
    small = NEAR * (1.0 + high)
    na, nb = _tidy(ax, av, na, small), _tidy(cx, cv, nb, small)
    out_x, out_v = np.empty(5 * (na + nb) + 4), np.empty(5 * (na + nb) + 4)
    m = _tidy(out_x, out_v, _larger(ax, av, na, cx, cv, nb, out_x, out_v), small)
    m = _window(out_x, out_v, m, kept * low, kept * high)
    for i in range(m):
        out_x[i] /= kept
    return out_x, out_v, m


@part
def _is_concave(x, v, n):
    for i in range(1, n - 1):
        before, after = (v[i] - v[i - 1]) / (x[i] - x[i - 1]), (v[i + 1] - v[i]) / (x[i + 1] - x[i])
        if after > before + 1e-10 * (1.0 + abs(before)):
            return False
    return True


@part
def _to_segments(x, v, n, slope, length):
    for i in range(n - 1):
        length[i] = x[i + 1] - x[i]
        slope[i] = (v[i + 1] - v[i]) / length[i]
    return n - 1


@part
def _to_points(slope, length, n, at):
    x, v = np.empty(n + 1), np.empty(n + 1)
    x[0], v[0] = at, 0.0
    for i in range(n):
        x[i + 1], v[i + 1] = x[i] + length[i], v[i] + slope[i] * length[i]
    return x, v, n + 1


@part
def _roomy(array, size):
    """The array, or a copy with room for `size` entries and as many more."""
    if size <= array.size:
        return array
    grown = np.empty(2 * size)
    grown[: array.size] = array
    return grown


@kernel(lambda t: tuple([t.reads(1)] * 4), division="ieee")
def backward(prices, numbers, end_slope, end_length):
    """Value functions of the whole horizon.

    `numbers`: delta, low, high, most in, most out [MWh stored], a, b, k, j, kept, end low,
    initial. The value at the end is given by its segments (slope, length) from `end low` on.
    Returns V_T .. V_0 as flat segments (slope, length), where each begins in the flat arrays and
    on the axis, and how many steps were not concave (-1: no feasible state).
    """
    low, high, most_in, most_out = numbers[1], numbers[2], numbers[3], numbers[4]
    a, b, k, j, kept = numbers[5], numbers[6], numbers[7], numbers[8], numbers[9]
    steps = prices.size
    room = 64 + 4 * steps
    slope, length = np.empty(room), np.empty(room)
    new_slope, new_length = np.empty(room), np.empty(room)
    flat_slope, flat_length = np.empty(16 * steps + 64), np.empty(16 * steps + 64)
    begins, first = np.zeros(steps + 2, dtype=np.int64), np.zeros(steps + 1)
    n, at = end_slope.size, numbers[10]
    slope, length = _roomy(slope, n), _roomy(length, n)
    slope[:n], length[:n] = end_slope, end_length
    bx, bv, points, general, odd = np.empty(1), np.empty(1), 0, False, 0
    size = 0
    for step in range(steps + 1):
        # Segments of V_{T - step} are stored at place `step`.
        if general:
            slope, length = _roomy(slope, points), _roomy(length, points)
            n, at = _to_segments(bx, bv, points, slope, length), bx[0]
        flat_slope, flat_length = _roomy(flat_slope, size + n), _roomy(flat_length, size + n)
        flat_slope[size : size + n], flat_length[size : size + n] = slope[:n], length[:n]
        first[step] = at
        size += n
        begins[step + 1] = size
        if step == steps:
            break
        price = prices[steps - 1 - step]
        buy, sell = (price + j) / a, b * (price - k)
        if not general and buy >= sell - NEAR * (1.0 + abs(sell)):
            slope, length = _roomy(slope, n + 4), _roomy(length, n + 4)
            new_slope, new_length = _roomy(new_slope, n + 4), _roomy(new_length, n + 4)
            n, at = _merge(slope, length, n, at, buy, most_in, sell, most_out, low, high, kept, new_slope, new_length)
            if n < 0:
                return flat_slope, flat_length, begins, first, -1
            continue
        odd += 1
        if not general:
            bx, bv, points = _to_points(slope, length, n, at)
        bx, bv, points = _general(bx, bv, points, buy, most_in, sell, most_out, low, high, kept)
        if points < 1:
            return flat_slope, flat_length, begins, first, -1
        general = not _is_concave(bx, bv, points)
        bv = bv - bv[0]
        if not general:
            slope, length = _roomy(slope, points), _roomy(length, points)
            n, at = _to_segments(bx, bv, points, slope, length), bx[0]
    return flat_slope[:size].copy(), flat_length[:size].copy(), begins, first, odd


@part
def _marginal(moved, left, right, buy, sell, brim):
    """A slope between the one-sided ones that agrees with the action."""
    if moved > 0.0:
        return left if brim else min(left, max(right, buy))  # brim: filled up by full power
    if moved < 0.0:
        return max(right, min(left, sell))
    return min(left, max(right, min(sell, buy)))


@kernel(lambda t: (*[t.reads(1)] * 4, t.reads(1, "int64"), t.reads(1), t.writes(1)), division="ieee")
def forward(prices, numbers, flat_slope, flat_length, begins, first, stored):
    """Walk from numbers[11]; fills the energy stored after each interval and returns the marginal value during each."""
    low, high, most_in, most_out = numbers[1], numbers[2], numbers[3], numbers[4]
    a, b, k, j, kept = numbers[5], numbers[6], numbers[7], numbers[8], numbers[9]
    steps = prices.size
    value = np.empty(steps)
    s = numbers[11]
    for t in range(steps):
        place = steps - 1 - t
        y = kept * s
        buy, sell = (prices[t] + j) / a, b * (prices[t] - k)
        begin, end, x = begins[place], begins[place + 1], first[place]
        last = x
        for i in range(begin, end):
            last += flat_length[i]
        bottom, top = max(y - most_out, x), min(y + most_in, last)
        bottom, top = min(bottom, top), max(bottom, top)
        # The best point is an end, a bend, or standing still.
        best, target, left, right = -1e300, y, np.inf, -np.inf
        worth = 0.0
        for i in range(begin, end + 1):
            # Points of [x, x + length_i] that lie within reach; x itself, bottom, y and top.
            step_length = flat_length[i] if i < end else 0.0
            step_slope = flat_slope[i] if i < end else 0.0
            for c in range(4):
                z = x if c == 0 else (bottom if c == 1 else (y if c == 2 else top))
                if z < x or (z >= x + step_length and i < end) or (i == end and z > x):
                    continue
                if z < bottom or z > top:
                    continue
                gain = worth + step_slope * (z - x) - (buy * (z - y) if z > y else sell * (z - y))
                if gain > best + NEAR * (1.0 + abs(best)):
                    best, target = gain, z
                    right = step_slope if i < end else -np.inf
                    left = step_slope if z > x else (flat_slope[i - 1] if i > begin else np.inf)
            worth += step_slope * step_length
            x += step_length
        brim = right == -np.inf and target >= y + most_in - NEAR * high
        value[t] = _marginal(target - y, left, right, buy, sell, brim)
        s = min(max(target, low), high)
        stored[t] = s
    return value
