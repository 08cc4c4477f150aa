"""Compiled recursions behind the indicators.

What belongs here: the two loops that cannot be written as array operations. What does not:
any indicator's definition (`indicators`).
"""

from __future__ import annotations

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.mathematics.compilation import kernel


@kernel(lambda t: (t.reads(1), t.count, t.number, t.number, t.number, t.writes(1)))
def recursion(x: FloatArray, first: int, seed: float, keep: float, gain: float, out: FloatArray) -> None:
    """y[first] = seed, then y[t] = keep y[t-1] + gain x[t]."""
    y = seed
    out[first] = y
    for t in range(first + 1, x.size):
        y = keep * y + gain * x[t]
        out[t] = y


@kernel(lambda t: (t.reads(1), t.reads(1), t.reads(1), t.count, t.writes(1)))
def directional(plus: FloatArray, minus: FloatArray, true_range: FloatArray, n: int, out: FloatArray) -> None:
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
