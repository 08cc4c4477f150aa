"""Least-angle regression for the lasso on a Gram matrix, compiled.

What belongs here: the path kernel and its stopping rules. What does not: scaling, choice
of inputs, forecasts.

Problem: minimise ||y - X b||^2 / (2 n) + alpha ||b||_1 given G = X'X, c = X'y. The path is
followed from b = 0 down to the wanted alpha, one variable entering or leaving per step
(Efron, Hastie, Johnstone, Tibshirani 2004), so the answer is exact up to rounding and takes
as many steps as there are events, whatever the number of rows.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from energy_pipeline.domain.delivery import FloatArray, IntArray

PIVOT = 1e-10
"""A column whose part outside the active ones is smaller than this share of its length stays out."""


FREE, ACTIVE, COLLINEAR = range(3)
"""State of a column; collinear with the active ones."""
LEVEL = 1e-12
"""A correlation that falls no slower than this below the active ones never meets them."""


class _Path(NamedTuple):
    """Where the path stands. Arrays by member hold as many entries as there are active columns.

    Attributes
    ----------
    beta, corr, a : arrays, shape (p,)
        Coefficients, correlations with what is left, and how fast these fall.
    state : array of int, shape (p,)
    active, sign, d : arrays, shape (p,)
        By member: the column, its correlation's sign, its coefficient's direction.
    factor : array, shape (p, p)
        L: Cholesky factor of the active block of the Gram matrix.
    """

    beta: FloatArray
    corr: FloatArray
    a: FloatArray
    state: IntArray
    active: IntArray
    sign: FloatArray
    d: FloatArray
    factor: FloatArray


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
    kernel = _compiled()
    result = np.empty_like(moments)
    for j in range(moments.shape[1]):
        result[:, j], _ = kernel(gram, np.ascontiguousarray(moments[:, j]), 0.0, count, alphas[j], 0.0, 0.0)
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
    kernel = _compiled()
    best = [kernel(gram, np.ascontiguousarray(moments[:, j]), squares[j], count, 0.0, noise[j], floors[j])[1] for j in range(moments.shape[1])]
    return np.array(best)


@lru_cache(maxsize=1)
def _compiled() -> Callable[..., tuple[FloatArray, float]]:
    import numba
    from numba.extending import register_jitable

    for part in (_largest, _factor_row, _enter, _direction, _fall, _meeting, _next, _go, _leave, _correlate, _level, _rss):
        register_jitable(part)
    return numba.njit(cache=True, nogil=True)(_path)  # type: ignore[no-any-return]


def _largest(c: FloatArray) -> tuple[float, int]:
    """(correlation, column) of the largest; column -1 where all are zero."""
    C, entering = 0.0, -1
    for j in range(c.size):
        if abs(c[j]) > C:
            C, entering = abs(c[j]), j
    return C, entering


def _factor_row(G: FloatArray, w: _Path, k: int, column: int) -> float:
    """Row k of the Cholesky factor for a column; returns what is left of the column's length."""
    rest = G[column, column]
    for i in range(k):
        value = G[column, w.active[i]]
        for m in range(i):
            value -= w.factor[i, m] * w.factor[k, m]
        w.factor[k, i] = value / w.factor[i, i]
        rest -= w.factor[k, i] * w.factor[k, i]
    return rest


def _enter(G: FloatArray, w: _Path, k: int, entering: int) -> int:
    """Make a column active unless it is collinear with those that are; returns how many are active."""
    rest = _factor_row(G, w, k, entering)
    if rest <= PIVOT * G[entering, entering]:
        w.state[entering] = COLLINEAR
        return k
    w.factor[k, k] = np.sqrt(rest)
    w.active[k] = entering
    w.sign[k] = 1.0 if w.corr[entering] > 0 else -1.0
    w.state[entering] = ACTIVE
    return k + 1


def _direction(w: _Path, k: int) -> None:
    """Direction in which all active correlations fall alike."""
    for i in range(k):
        value = w.sign[i]
        for m in range(i):
            value -= w.factor[i, m] * w.d[m]
        w.d[i] = value / w.factor[i, i]
    for i in range(k - 1, -1, -1):
        w.d[i] /= w.factor[i, i]
        for m in range(i):
            w.d[m] -= w.factor[i, m] * w.d[i]


def _fall(G: FloatArray, w: _Path, k: int) -> None:
    """How fast every correlation falls along the direction."""
    for j in range(w.a.size):
        w.a[j] = 0.0
    for i in range(k):
        row, weight = w.active[i], w.d[i]
        for j in range(w.a.size):
            w.a[j] += weight * G[row, j]


def _meeting(C: float, corr: float, a: float, gamma: float, just_left: bool) -> float:
    """Step at which a column's correlation meets the active ones at C, if shorter than gamma; gamma otherwise."""
    if 1.0 - a > LEVEL and not (just_left and corr > 0):
        g = max(C - corr, 0.0) / (1.0 - a)
        gamma = min(gamma, g)
    if 1.0 + a > LEVEL and not (just_left and corr < 0):
        g = max(C + corr, 0.0) / (1.0 + a)
        gamma = min(gamma, g)
    return gamma


def _next(w: _Path, k: int, C: float, stop: float, left: int) -> tuple[float, int, int]:
    """(step, entering column, leaving member): the first event on the way down to `stop`; -1 for no column, no member."""
    gamma, entering, leaving = C - stop, -1, -1
    for j in range(w.corr.size):
        if w.state[j] != FREE:
            continue
        g = _meeting(C, w.corr[j], w.a[j], gamma, j == left)
        if g < gamma:
            gamma, entering = g, j
    for i in range(k):
        b = w.beta[w.active[i]]
        if b != 0.0 and b * w.d[i] < 0.0:
            g = -b / w.d[i]
            if g < gamma:
                gamma, entering, leaving = g, -1, i
    return gamma, entering, leaving


def _go(w: _Path, k: int, gamma: float) -> None:
    """Move the active coefficients by a step."""
    for i in range(k):
        w.beta[w.active[i]] += gamma * w.d[i]


def _leave(G: FloatArray, w: _Path, k: int, leaving: int) -> int:
    """Take a member out; those collinear may come again. Returns how many are active."""
    left = w.active[leaving]
    w.beta[left] = 0.0
    w.state[left] = FREE
    for i in range(leaving, k - 1):
        w.active[i], w.sign[i] = w.active[i + 1], w.sign[i + 1]
    for j in range(w.state.size):
        if w.state[j] == COLLINEAR:
            w.state[j] = FREE
    # Rows below the one that left are factored anew.
    for r in range(leaving, k - 1):
        w.factor[r, r] = np.sqrt(max(_factor_row(G, w, r, w.active[r]), 1e-300))
    return k - 1


def _correlate(G: FloatArray, c: FloatArray, w: _Path, k: int) -> None:
    """Correlations from the coefficients, so that rounding does not add up."""
    for j in range(c.size):
        w.corr[j] = c[j]
    for i in range(k):
        row, weight = w.active[i], w.beta[w.active[i]]
        for j in range(c.size):
            w.corr[j] -= weight * G[row, j]


def _level(w: _Path, entering: int, C: float) -> float:
    """The active correlations: C, or where a column enters its own, which has less rounding."""
    if entering >= 0 and abs(abs(w.corr[entering]) - C) < 1e-6 * (C + 1e-300):
        return abs(w.corr[entering])
    return C


def _rss(c: FloatArray, yy: float, w: _Path, k: int) -> float:
    rss = yy
    for i in range(k):
        rss -= w.beta[w.active[i]] * (c[w.active[i]] + w.corr[w.active[i]])
    return rss


def _path(G: FloatArray, c: FloatArray, yy: float, n: int, alpha_stop: float, noise: float, floor: float) -> tuple[FloatArray, float]:
    """Coefficients at `alpha_stop` and the penalty of the least AIC on the way (without noise, that of the start)."""
    p = c.size
    active, state = np.empty(p, dtype=np.int64), np.zeros(p, dtype=np.int64)
    w = _Path(np.zeros(p), c.copy(), np.empty(p), state, active, np.empty(p), np.empty(p), np.zeros((p, p)))
    C, entering = _largest(c)
    k, left = 0, -1
    best_ic, best_alpha = yy / noise if noise > 0 else 0.0, C / n
    stop = alpha_stop * n
    for _step in range(8 * p + 8):
        if stop >= C or C <= 1e-14 or (k >= n - 1 and entering >= 0):
            break
        if entering >= 0:
            k = _enter(G, w, k, entering)
        if k == 0:
            break
        _direction(w, k)
        _fall(G, w, k)
        gamma, entering, leaving = _next(w, k, C, stop, left)
        _go(w, k, gamma)
        left = active[leaving] if leaving >= 0 else -1
        if leaving >= 0:
            k = _leave(G, w, k, leaving)
        _correlate(G, c, w, k)
        C = _level(w, entering, C - gamma)
        if noise > 0:
            ic = _rss(c, yy, w, k) / noise + 2.0 * k
            if ic < best_ic:
                best_ic, best_alpha = ic, C / n
            if floor / noise + 2.0 * k > best_ic and 2.0 * k > best_ic - floor / noise:
                break
        if entering < 0 and leaving < 0:
            break
    return w.beta, best_alpha
