"""Least-angle regression for the lasso on a Gram matrix, compiled.

What belongs here: the path kernel and its stopping rules. What does not: scaling, choice
of inputs, forecasts.

Problem: minimise ||y - X b||^2 / (2 n) + alpha ||b||_1 given G = X'X, c = X'y. The path is
followed from b = 0 down to the wanted alpha, one variable entering or leaving per step
(Efron, Hastie, Johnstone, Tibshirani 2004), so the answer is exact up to rounding and takes
as many steps as there are events, whatever the number of rows.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from energy_pipeline.domain.delivery import FloatArray, IntArray
from energy_pipeline.mathematics.compilation import inlined, kernel, part

PIVOT = 1e-10
"""A column whose part outside the active ones is smaller than this share of its length stays out."""


FREE, ACTIVE, COLLINEAR = range(3)
"""State of a column; collinear with the active ones."""
LEVEL = 1e-12
"""A correlation that falls no slower than this below the active ones never meets them."""
SLACK = 1.0 + 1e-9
"""Far above the rounding of a product and far below what tells two columns apart."""


class _Path(NamedTuple):
    """Where the path stands. Arrays by member hold as many entries as there are active columns.

    Attributes
    ----------
    beta, corr, a : arrays, shape (p,)
        Coefficients, correlations with what is left, and how fast these fall.
    state : array of int, shape (p,)
    active, sign, forward, d : arrays, shape (p,)
        By member: the column, its correlation's sign, L^-1 of the signs, its coefficient's direction.
    factor, upper : arrays, shape (p, p)
        L: Cholesky factor of the active block of the Gram matrix; L', so that loops over a column of L run along a row.
    work : array, shape (p,)
    """

    beta: FloatArray
    corr: FloatArray
    a: FloatArray
    state: IntArray
    active: IntArray
    sign: FloatArray
    forward: FloatArray
    d: FloatArray
    factor: FloatArray
    upper: FloatArray
    work: FloatArray


def lasso_at(gram: FloatArray, moments: FloatArray, count: int, alphas: FloatArray) -> FloatArray:
    """Lasso coefficients of several responses with the same inputs.

    Parameters
    ----------
    gram : array, shape (p, p)
    moments : array, shape (p, m)
        X'y of each response.
    count : int
        Number of rows n.
    alphas : array, shape (m,)
        Penalty of each response.

    Returns
    -------
    array, shape (p, m)

    Examples
    --------
    >>> lasso_at(np.eye(2) * 4, np.array([[4.0], [1.0]]), 4, np.array([0.5])).tolist()
    [[0.5], [0.0]]
    """
    gram, result = np.ascontiguousarray(gram), np.empty(moments.shape)
    for j in range(moments.shape[1]):
        result[:, j], _ = _path(gram, np.ascontiguousarray(moments[:, j]), 0.0, count, alphas[j], 0.0, 0.0)
    return result


def alpha_by_aic(gram: FloatArray, moments: FloatArray, squares: FloatArray, count: int, noise: FloatArray, floors: FloatArray) -> FloatArray:
    """Penalty with the least AIC along each response's path.

    AIC = RSS / noise variance + 2 x active columns, looked at where the path bends.

    Parameters
    ----------
    squares : array, shape (m,)
        y'y.
    noise : array, shape (m,)
        Noise variance of each response.
    floors : array, shape (m,)
        A lower bound of RSS (0 is always one): the path ends once no later point can win.

    Returns
    -------
    array, shape (m,)
    """
    gram = np.ascontiguousarray(gram)
    best = [_path(gram, np.ascontiguousarray(moments[:, j]), squares[j], count, 0.0, noise[j], floors[j])[1] for j in range(moments.shape[1])]
    return np.array(best)


@part
def _largest(c: FloatArray) -> tuple[float, int]:
    """(correlation, column) of the largest; column -1 where all are zero."""
    C, entering = 0.0, -1
    for j in range(c.size):
        if abs(c[j]) > C:
            C, entering = abs(c[j]), j
    return C, entering


@part
def _factor_row(G: FloatArray, w: _Path, k: int, column: int, kept: int) -> float:
    """Row k of the Cholesky factor for a column, its first `kept` entries known; returns what is left of the column's length."""
    active, factor, upper, work = w.active, w.factor, w.upper, w.work
    rest: float = G[column, column]
    for i in range(kept, k):
        work[i] = G[column, active[i]]
    for m in range(k):  # each element has its subtractions in the same order as row by row, and they run as vectors
        if m >= kept:
            factor[k, m] = work[m] / factor[m, m]
        value = factor[k, m]
        upper[m, k] = value
        rest -= value * value
        for i in range(max(m + 1, kept), k):
            work[i] -= upper[m, i] * value
    return rest


@part
def _solve_forward(w: _Path, first: int, k: int) -> None:
    """L^-1 of the signs from member `first` on: those before it do not change. Subtractions as in `_factor_row`."""
    sign, forward, factor, upper = w.sign, w.forward, w.factor, w.upper
    for i in range(first, k):
        forward[i] = sign[i]
    for m in range(k):
        if m >= first:
            forward[m] /= factor[m, m]
        value = forward[m]
        for i in range(max(m + 1, first), k):
            forward[i] -= upper[m, i] * value


@part
def _enter(G: FloatArray, w: _Path, k: int, entering: int) -> int:
    """Make a column active unless it is collinear with those that are; returns how many are active."""
    corr, state, active, sign, factor = w.corr, w.state, w.active, w.sign, w.factor
    rest = _factor_row(G, w, k, entering, 0)
    if rest <= PIVOT * G[entering, entering]:
        state[entering] = COLLINEAR
        return k
    factor[k, k] = np.sqrt(rest)
    active[k] = entering
    sign[k] = 1.0 if corr[entering] > 0 else -1.0
    state[entering] = ACTIVE
    _solve_forward(w, k, k + 1)
    return k + 1


@inlined
def _direction(w: _Path, k: int) -> None:
    """Direction in which all active correlations fall alike."""
    forward, d, factor = w.forward, w.d, w.factor
    for i in range(k):
        d[i] = forward[i]
    for i in range(k - 1, -1, -1):
        d[i] /= factor[i, i]
        for m in range(i):
            d[m] -= factor[i, m] * d[i]


@inlined
def _sweep(G: FloatArray, c: FloatArray, w: _Path, k: int) -> None:
    """One pass over the active rows: correlations from the coefficients, so that rounding does not add up, and how fast each falls."""
    beta, corr, a, active, d = w.beta, w.corr, w.a, w.active, w.d
    for j in range(c.size):
        corr[j] = c[j]
        a[j] = 0.0
    whole = k - k % 4  # four rows at a time, in order: a quarter of the passes over `corr` and `a`
    for i in range(0, whole, 4):
        r0, r1, r2, r3 = active[i], active[i + 1], active[i + 2], active[i + 3]
        b0, b1, b2, b3 = beta[r0], beta[r1], beta[r2], beta[r3]
        d0, d1, d2, d3 = d[i], d[i + 1], d[i + 2], d[i + 3]
        for j in range(c.size):
            g0, g1, g2, g3 = G[r0, j], G[r1, j], G[r2, j], G[r3, j]
            corr[j] = corr[j] - b0 * g0 - b1 * g1 - b2 * g2 - b3 * g3
            a[j] = a[j] + d0 * g0 + d1 * g1 + d2 * g2 + d3 * g3
    for i in range(whole, k):
        row, b, weight = active[i], beta[active[i]], d[i]
        for j in range(c.size):
            corr[j] -= b * G[row, j]
            a[j] += weight * G[row, j]


@part
def _meeting(C: float, corr: float, a: float, gamma: float, just_left: bool) -> float:
    """Step at which a column's correlation meets the active ones at C, if shorter than gamma; gamma otherwise."""
    if 1.0 - a > LEVEL and not (just_left and corr > 0):
        g = max(C - corr, 0.0) / (1.0 - a)
        gamma = min(gamma, g)
    if 1.0 + a > LEVEL and not (just_left and corr < 0):
        g = max(C + corr, 0.0) / (1.0 + a)
        gamma = min(gamma, g)
    return gamma


@part
def _next(w: _Path, k: int, C: float, stop: float, left: int) -> tuple[float, int, int]:
    """(step, entering column, leaving member): the first event on the way down to `stop`; -1 for no column, no member."""
    beta, corr, a, state, active, d = w.beta, w.corr, w.a, w.state, w.active, w.d
    gamma, entering, leaving = C - stop, -1, -1
    near = gamma * SLACK
    for j in range(corr.size):
        # Few columns can be next: only theirs are worth a division.
        if state[j] == FREE and (C - corr[j] < near * (1.0 - a[j]) or C + corr[j] < near * (1.0 + a[j])):
            g = _meeting(C, corr[j], a[j], gamma, j == left)
            if g < gamma:
                gamma, entering, near = g, j, g * SLACK
    for i in range(k):
        b = beta[active[i]]
        if b != 0.0 and b * d[i] < 0.0:
            g = -b / d[i]
            if g < gamma:
                gamma, entering, leaving = g, -1, i
    return gamma, entering, leaving


@inlined
def _go(w: _Path, k: int, gamma: float) -> None:
    """Move the active coefficients by a step."""
    beta, active, d = w.beta, w.active, w.d
    for i in range(k):
        beta[active[i]] += gamma * d[i]


@part
def _leave(G: FloatArray, w: _Path, k: int, leaving: int) -> int:
    """Take a member out; those collinear may come again. Returns how many are active."""
    beta, state, active, sign, factor = w.beta, w.state, w.active, w.sign, w.factor
    left = active[leaving]
    beta[left] = 0.0
    state[left] = FREE
    for i in range(leaving, k - 1):
        active[i], sign[i] = active[i + 1], sign[i + 1]
    for j in range(state.size):
        if state[j] == COLLINEAR:
            state[j] = FREE
    # Rows below the one that left are factored anew, from its column on.
    for r in range(leaving, k - 1):
        for m in range(leaving):
            factor[r, m] = factor[r + 1, m]
        factor[r, r] = np.sqrt(max(_factor_row(G, w, r, active[r], leaving), 1e-300))
    _solve_forward(w, leaving, k - 1)
    return k - 1


@part
def _level(G: FloatArray, c: FloatArray, w: _Path, k: int, entering: int, C: float) -> float:
    """The active correlations: C, or where a column enters its own, which has less rounding and is the one `_sweep` will find."""
    beta, corr, active = w.beta, w.corr, w.active
    if entering >= 0:
        corr[entering] = c[entering]
        for i in range(k):
            corr[entering] -= beta[active[i]] * G[active[i], entering]
        if abs(abs(corr[entering]) - C) < 1e-6 * (C + 1e-300):
            C = abs(corr[entering])
    return C


@part
def _rss(c: FloatArray, yy: float, w: _Path, k: int) -> float:
    beta, corr, active = w.beta, w.corr, w.active
    rss = yy
    for i in range(k):
        rss -= beta[active[i]] * (c[active[i]] + corr[active[i]])
    return rss


@part
def _is_past(best_ic: float, least: float, price: float) -> bool:
    """Whether no later point of the path can have a lower criterion."""
    return least + price > best_ic and price > best_ic - least


@kernel(lambda t: (t.reads(2), t.reads(1), t.number, t.count, *[t.number] * 3))
def _path(G: FloatArray, c: FloatArray, yy: float, n: int, alpha_stop: float, noise: float, floor: float) -> tuple[FloatArray, float]:  # noqa: C901 - one loop, its events in order
    """Coefficients at `alpha_stop` and the penalty of the least AIC on the way (without noise, that of the start)."""
    p = c.size
    active, state = np.empty(p, dtype=np.int64), np.zeros(p, dtype=np.int64)
    most = min(p, n) + 1
    factor, upper = np.zeros((most, most)), np.zeros((most, most))
    w = _Path(np.zeros(p), c.copy(), np.empty(p), state, active, np.empty(p), np.empty(p), np.empty(p), factor, upper, np.empty(p))
    C, entering = _largest(c)
    k, left = 0, -1
    best_ic, best_alpha = yy / noise if noise > 0 else 0.0, C / n
    stop = alpha_stop * n
    bent, members = False, 0
    for _step in range(8 * p + 8):
        if stop >= C or C <= 1e-14 or (k >= n - 1 and entering >= 0):
            break
        members = k
        if entering >= 0:
            k = _enter(G, w, k, entering)
        if k == 0:
            break
        _direction(w, k)
        _sweep(G, c, w, k)
        if bent and noise > 0:
            bent, ic = False, _rss(c, yy, w, members) / noise + 2.0 * members
            if ic < best_ic:
                best_ic, best_alpha = ic, C / n
            if _is_past(best_ic, floor / noise, 2.0 * members):
                break
        gamma, entering, leaving = _next(w, k, C, stop, left)
        _go(w, k, gamma)
        left = active[leaving] if leaving >= 0 else -1
        if leaving >= 0:
            k = _leave(G, w, k, leaving)
        C, bent = _level(G, c, w, k, entering, C - gamma), True
        if entering < 0 and leaving < 0:
            break
    if bent and noise > 0:
        _sweep(G, c, w, k)
        if _rss(c, yy, w, k) / noise + 2.0 * k < best_ic:
            best_alpha = C / n
    return w.beta, best_alpha
