"""The compiled pass that turns raw normals into joint paths, in place.

What belongs here: the recursion over time and the table look-up. What does not: where
parameters or marginals come from (`path_model`, `marginals`), seeds (`generator`).

Per path and step, with z the raw normals of all series,

    e = L z           L: Cholesky factor of the calm or, in a path-day in stress, of the stressed correlation
    h = sqrt(v) e     v' = (1 - a - b) + a h^2 + b v          GARCH(1, 1) with long-run variance 1
    x = f x + sqrt(1 - f^2) h                                 first-order persistence
    value = T(g x)                                            g: the path-day's t mixing factor

where T maps x to the series' quantile by linear interpolation on knots that are uniform in
x / (1 + |x|). Everything is float32; sums run in a fixed order, so bytes repeat.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

KNOTS = 257
"""Knots of a look-up table, uniform in x / (1 + |x|) from -1 to 1."""

BLOCK = 128
"""Paths handled together: their working set stays in the nearest cache."""


@lru_cache(maxsize=1)
def compiled() -> Callable[..., Any]:
    """The pass as machine code."""
    import numba

    f1, f2, f3 = (numba.types.Array(numba.float32, n, "C") for n in (1, 2, 3))
    bits = numba.types.Array(numba.boolean, 2, "C")
    signature = numba.void(f3, f2, f2, f1, f1, f1, f2, bits, f2, f2, f3, numba.int64)
    return numba.njit(signature, cache=True, nogil=True, error_model="numpy")(_pass)  # type: ignore[no-any-return]


def _pass(values, calm, stressed, persistence, alpha, beta, mixing, stress, state, variance, tables, day_steps):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202, C901, PLR0912 - one compiled loop
    """Overwrite normals by values.

    values (series, steps, paths); calm, stressed (series, series) lower triangles; persistence,
    alpha, beta (series,); mixing, stress (days, paths); state, variance (series, paths), moved to
    the last step; tables (series, steps or 0, KNOTS), with 0 the mixed x itself is kept.
    """
    series, steps, paths = values.shape
    top = tables.shape[2] - 1
    plain = tables.shape[1] == 0
    one = persistence.dtype.type(1.0)
    half = persistence.dtype.type(0.5 * top)
    drawn = values[:, 0, :1].copy()
    for s in range(series):
        drawn[s, 0] = np.sqrt(one - persistence[s] * persistence[s])
    shock = np.empty(BLOCK, persistence.dtype)
    other = np.empty(BLOCK, persistence.dtype)
    raw = np.empty((series, BLOCK), persistence.dtype)
    for first in range(0, paths, BLOCK):
        width = min(BLOCK, paths - first)
        for t in range(steps):
            day = t // day_steps
            any_stress = False
            for p in range(width):
                any_stress |= stress[day, first + p]
            for s in range(series):
                for p in range(width):
                    raw[s, p] = values[s, t, first + p]
            for s in range(series):
                factor = calm[s, 0]
                for p in range(width):
                    shock[p] = factor * raw[0, p]
                for j in range(1, s + 1):
                    factor = calm[s, j]
                    for p in range(width):
                        shock[p] += factor * raw[j, p]
                if any_stress:
                    factor = stressed[s, 0]
                    for p in range(width):
                        other[p] = factor * raw[0, p]
                    for j in range(1, s + 1):
                        factor = stressed[s, j]
                        for p in range(width):
                            other[p] += factor * raw[j, p]
                    for p in range(width):
                        shock[p] = other[p] if stress[day, first + p] else shock[p]
                a, b, f, root = alpha[s], beta[s], persistence[s], drawn[s, 0]
                rest = one - a - b
                for p in range(width):
                    now = variance[s, first + p]
                    h = np.sqrt(now) * shock[p]
                    variance[s, first + p] = rest + a * h * h + b * now
                    x = f * state[s, first + p] + root * h
                    state[s, first + p] = x
                    shock[p] = x * mixing[day, first + p]
                if plain:
                    for p in range(width):
                        values[s, t, first + p] = shock[p]
                else:
                    for p in range(width):
                        x = shock[p]
                        at = half * (x / (one + abs(x)) + one)
                        k = min(int(at), top - 1)
                        low = tables[s, t, k]
                        values[s, t, first + p] = low + (at - k) * (tables[s, t, k + 1] - low)
