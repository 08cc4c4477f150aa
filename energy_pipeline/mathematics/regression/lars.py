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
from typing import Any

import numpy as np

from energy_pipeline.domain.delivery import FloatArray

PIVOT = 1e-10
"""A column whose part outside the active ones is smaller than this share of its length stays out."""


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
def _compiled() -> Callable[..., Any]:
    import numba

    return numba.njit(cache=True, nogil=True)(_path)  # type: ignore[no-any-return]


def _path(G, c, yy, n, alpha_stop, noise, floor):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202, C901, PLR0912, PLR0915 - one compiled loop
    p = c.size
    beta = np.zeros(p)
    corr = c.copy()
    active = np.empty(p, dtype=np.int64)
    sign = np.empty(p)
    state = np.zeros(p, dtype=np.int64)  # 0 free, 1 active, 2 collinear with the active ones
    L = np.zeros((p, p))
    d = np.empty(p)
    a = np.empty(p)
    k = 0
    entering = -1
    C = 0.0
    for j in range(p):
        if abs(corr[j]) > C:
            C, entering = abs(corr[j]), j
    best_ic, best_alpha = yy / noise if noise > 0 else 0.0, C / n
    stop = alpha_stop * n
    left = -1
    for _step in range(8 * p + 8):
        if stop >= C or C <= 1e-14 or (k >= n - 1 and entering >= 0):
            break
        if entering >= 0:
            # Append a row to the Cholesky factor of the active Gram matrix.
            rest = G[entering, entering]
            for i in range(k):
                value = G[entering, active[i]]
                for m in range(i):
                    value -= L[i, m] * L[k, m]
                L[k, i] = value / L[i, i]
                rest -= L[k, i] * L[k, i]
            if rest <= PIVOT * G[entering, entering]:
                state[entering] = 2
            else:
                L[k, k] = np.sqrt(rest)
                active[k] = entering
                sign[k] = 1.0 if corr[entering] > 0 else -1.0
                state[entering] = 1
                k += 1
        if k == 0:
            break
        # Direction in which all active correlations fall alike.
        for i in range(k):
            value = sign[i]
            for m in range(i):
                value -= L[i, m] * d[m]
            d[i] = value / L[i, i]
        for i in range(k - 1, -1, -1):
            d[i] /= L[i, i]
            for m in range(i):
                d[m] -= L[i, m] * d[i]
        for j in range(p):
            a[j] = 0.0
        for i in range(k):
            row, w = active[i], d[i]
            for j in range(p):
                a[j] += w * G[row, j]
        gamma, entering, leaving = C - stop, -1, -1
        for j in range(p):
            if state[j] != 0:
                continue
            up, down = C - corr[j], C + corr[j]
            if 1.0 - a[j] > 1e-12 and not (j == left and corr[j] > 0):
                g = max(up, 0.0) / (1.0 - a[j])
                if g < gamma:
                    gamma, entering = g, j
            if 1.0 + a[j] > 1e-12 and not (j == left and corr[j] < 0):
                g = max(down, 0.0) / (1.0 + a[j])
                if g < gamma:
                    gamma, entering = g, j
        for i in range(k):
            b = beta[active[i]]
            if b != 0.0 and b * d[i] < 0.0:
                g = -b / d[i]
                if g < gamma:
                    gamma, entering, leaving = g, -1, i
        for i in range(k):
            beta[active[i]] += gamma * d[i]
        C -= gamma
        left = -1
        if leaving >= 0:
            left = active[leaving]
            beta[left] = 0.0
            state[left] = 0
            for i in range(leaving, k - 1):
                active[i], sign[i] = active[i + 1], sign[i + 1]
            k -= 1
            for j in range(p):
                if state[j] == 2:
                    state[j] = 0
            # Rows below the one that left are factored anew.
            for r in range(leaving, k):
                rest = G[active[r], active[r]]
                for i in range(r):
                    value = G[active[r], active[i]]
                    for m in range(i):
                        value -= L[i, m] * L[r, m]
                    L[r, i] = value / L[i, i]
                    rest -= L[r, i] * L[r, i]
                L[r, r] = np.sqrt(max(rest, 1e-300))
        # Correlations from the coefficients, so that rounding does not add up.
        for j in range(p):
            corr[j] = c[j]
        for i in range(k):
            row, w = active[i], beta[active[i]]
            for j in range(p):
                corr[j] -= w * G[row, j]
        if entering >= 0:
            C = abs(corr[entering]) if abs(abs(corr[entering]) - C) < 1e-6 * (C + 1e-300) else C
        if noise > 0:
            rss = yy
            for i in range(k):
                rss -= beta[active[i]] * (c[active[i]] + corr[active[i]])
            ic = rss / noise + 2.0 * k
            if ic < best_ic:
                best_ic, best_alpha = ic, C / n
            if floor / noise + 2.0 * k > best_ic and 2.0 * k > best_ic - floor / noise:
                break
        if entering < 0 and leaving < 0:
            break
    return beta, best_alpha
