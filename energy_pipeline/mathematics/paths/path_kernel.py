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

import numpy as np

from energy_pipeline.domain.delivery import BoolArray, Float32Array
from energy_pipeline.mathematics.compilation import kernel

KNOTS = 257
"""Knots of a look-up table, uniform in x / (1 + |x|) from -1 to 1."""

BLOCK = 128
"""Paths handled together: their working set stays in the nearest cache."""


@kernel(
    lambda t: (
        *(t.writes(dimensions, "float32") for dimensions in (3, 2, 2, 1, 1, 1, 2)),
        t.writes(2, "boolean"),
        *(t.writes(dimensions, "float32") for dimensions in (2, 2, 3)),
        t.count,
    ),
    division="ieee",
)
def follow(  # noqa: C901, PLR0912 - one loop
    values: Float32Array,
    calm: Float32Array,
    stressed: Float32Array,
    persistence: Float32Array,
    alpha: Float32Array,
    beta: Float32Array,
    mixing: Float32Array,
    stress: BoolArray,
    state: Float32Array,
    variance: Float32Array,
    tables: Float32Array,
    day_steps: int,
) -> None:
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
