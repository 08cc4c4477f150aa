"""Compiled recursions behind the indicators.

What belongs here: the two loops that cannot be written as array operations. What does not:
any indicator's definition (`indicators`).
"""
# ruff: noqa: ANN001, ANN202 - compiled functions carry no annotations
# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any


@lru_cache(maxsize=1)
def compiled() -> dict[str, Callable[..., Any]]:
    """The loops, compiled once and kept on disk."""
    import numba

    floats = numba.types.Array(numba.float64, 1, "C", readonly=True)
    out = numba.float64[::1]
    build = {
        "recursion": (_recursion, numba.void(floats, numba.int64, numba.float64, numba.float64, numba.float64, out)),
        "directional": (_directional, numba.void(floats, floats, floats, numba.int64, out)),
    }
    return {name: numba.njit(signature, cache=True, nogil=True)(function) for name, (function, signature) in build.items()}


def _recursion(x, first, seed, keep, gain, out):
    """y[first] = seed, then y[t] = keep y[t-1] + gain x[t]."""
    y = seed
    out[first] = y
    for t in range(first + 1, x.size):
        y = keep * y + gain * x[t]
        out[t] = y


def _directional(plus, minus, true_range, n, out):
    """Wilder's ADX from smoothed movements that begin at n - 1; a bar without range or movement leaves it as it was."""
    total, adx = 0.0, 0.0
    for t in range(n, plus.size):
        moved = plus[t] + minus[t]
        dx = 100.0 * abs(plus[t] - minus[t]) / moved if true_range[t] > 0 and moved > 0 else -1.0
        done = t - n + 1
        if done <= n:
            if dx >= 0:
                total += dx
            if done == n:
                adx = total / n
                out[t] = adx
        else:
            if dx >= 0:
                adx = (adx * (n - 1) + dx) / n
            out[t] = adx
