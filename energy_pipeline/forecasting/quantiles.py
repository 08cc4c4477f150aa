"""Quantiles of a price from the past errors of its forecasts.

What belongs here: the scale of the error, quantile regression averaging, conformal
quantiles, recalibration. What does not: the forecasts.

1. Scale: log |error| is regressed on what is known beforehand: a decaying mean of the
   slot's absolute errors, of the last week's, and how far the families lie apart.
2. Residual quantiles of errors over scale, half from the slot and its two neighbours,
   half from the slots of the same volatility tercile, that is third of the forecast scale.
3. Quantile regression averaging: quantiles of error over scale by linear regression on the
   families' deviations from the ensemble, smoothed pinball loss
   (`mathematics.regression.quantile`).
4. The mean of 2 and 3, sorted, then recalibrated: a level t is moved to the empirical
   t-quantile of the probability transforms of the last 91 days, made symmetric, and
   drawn outwards for the finite number of days, since days, not hours, are independent.

Settings were chosen on the 364 days before the test periods of NP, BE and DE.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.mathematics.regression.quantile import smoothed_quantile_regression
from energy_pipeline.mathematics.statistics.quantiles import sample_quantiles

WARM_UP_DAYS = 14
LEAST_DAYS = 21
LEAST_VALUES = 50
"""Fewer errors make no quantiles of a tercile; those of all slots then stand in."""
BLOCK_DAYS = 7
RECALIBRATION_DAYS = 91
HALF_LIFE_DAYS = 15.0
BANDWIDTH = 0.15
TINY = 1e-6


@dataclass(frozen=True)
class PastForecasts:
    """What was forecast on past days and what came.

    Attributes
    ----------
    outcomes, points : array, shape (days, slots)
        [EUR/MWh]; NaN where unknown.
    families : array, shape (families, days, slots)
        Family forecasts; NaN where a family was absent (it then deviates by nothing).
    """

    outcomes: FloatArray
    points: FloatArray
    families: FloatArray


@dataclass(frozen=True)
class _Base:
    scale: FloatArray
    factor: float
    local: FloatArray  # (slots, levels) quantiles of error over scale, of a slot and its two neighbours
    edges: FloatArray  # (2,) between the terciles of the scale
    terciles: FloatArray  # (3, levels) quantiles of the ratios in each
    slopes: FloatArray  # (levels, 1 + families)


def quantiles(past: PastForecasts, point: FloatArray, families: FloatArray, levels: FloatArray) -> FloatArray | None:
    """Quantiles of today's prices.

    Parameters
    ----------
    past : PastForecasts
        Oldest first, ending on the last day whose outcome is known.
    point : array, shape (slots,)
    families : array, shape (families, slots)
    levels : array, shape (m,)
        Ascending, in (0, 1), symmetric about 0.5.

    Returns
    -------
    array, shape (slots, m), ascending along the second axis; None with fewer than 35 known days.
    """
    known = np.isfinite(past.outcomes).all(axis=1) & np.isfinite(past.points).all(axis=1)
    y, f = past.outcomes[known], past.points[known]
    deviation = np.where(np.isfinite(past.families[:, known]), past.families[:, known] - f, 0.0)
    now = np.where(np.isfinite(families), families - point, 0.0)
    days = len(y)
    if days < WARM_UP_DAYS + LEAST_DAYS:
        return None
    error, absolute = y - f, np.abs(y - f)
    signs = np.stack([_signs(absolute[:k], deviation[:, k] if k < days else now) for k in range(WARM_UP_DAYS, days + 1)])
    # Past quantiles for recalibration, from models fitted on the days before each block.
    transforms = []
    first = max(WARM_UP_DAYS + LEAST_DAYS, days - RECALIBRATION_DAYS)
    for start in range(first, days, BLOCK_DAYS):
        base = _fitted(error[WARM_UP_DAYS:start], signs[: start - WARM_UP_DAYS], deviation[:, WARM_UP_DAYS:start], levels)
        for k in range(start, min(start + BLOCK_DAYS, days)):
            found = _applied(base, signs[k - WARM_UP_DAYS], deviation[:, k])
            transforms.append(_transform(error[k], found, levels))
    base = _fitted(error[WARM_UP_DAYS:], signs[:-1], deviation[:, WARM_UP_DAYS:], levels)
    found = _applied(base, signs[-1], now)
    if transforms:
        moved = recalibrated_levels(np.array(transforms), levels, days)
        found = np.stack([_at_levels(row, levels, moved) for row in found])
    return np.asarray(point[:, None] + np.sort(found, axis=1))


def recalibrated_levels(transforms: FloatArray, levels: FloatArray, known_days: int | None = None) -> FloatArray:
    """Levels to read off instead, from past probability transforms of shape (days, slots).

    `known_days`: days the quantiles were learnt from, as many as there are transforms unless given.

    >>> even = np.linspace(0.005, 0.995, 100)[None, :].repeat(2000, axis=0)
    >>> recalibrated_levels(even, np.array([0.05, 0.5, 0.95])).round(2).tolist()
    [0.05, 0.5, 0.95]
    """
    days = len(transforms)
    empirical = sample_quantiles(transforms.ravel(), levels)
    empirical = (empirical + 1 - empirical[::-1]) / 2
    trust = days / (days + WARM_UP_DAYS)
    mixed = trust * empirical + (1 - trust) * levels
    return np.asarray(np.clip(0.5 + (mixed - 0.5) * (1 + 1 / ((known_days or days) + 1)), 0.001, 0.999))


def _signs(absolute: FloatArray, deviation: FloatArray) -> FloatArray:
    """What foretells the size of the error of the day after `absolute`, shape (slots, 3)."""
    recent = absolute[-60:]
    decay = 0.5 ** (np.arange(len(recent))[::-1] / HALF_LIFE_DAYS)
    slot = (decay[:, None] * recent).sum(axis=0) / decay.sum()
    mean, week = float(slot.mean()), float(absolute[-7:].mean())
    apart = deviation.std(axis=0) if len(deviation) else np.zeros(slot.size)
    return np.log(np.stack([slot + 0.3 * mean, np.full(slot.size, week + 0.1 * mean), apart + 0.05 * mean], axis=1) + TINY)


def _fitted(error: FloatArray, signs: FloatArray, deviation: FloatArray, levels: FloatArray) -> _Base:
    X = np.column_stack([np.ones(error.size), signs.reshape(-1, signs.shape[2])])
    size = np.log(np.abs(error).ravel() + 0.02 * np.abs(error).mean() + TINY)
    penalty = 1e-3 * len(X) * np.diag([1e-9, 1.0, 1.0, 1.0])
    scale = np.linalg.solve(X.T @ X + penalty, X.T @ size)
    spread = np.exp(X @ scale).reshape(error.shape)
    factor = max(float(np.median(np.abs(error / spread))), TINY)
    spread = spread * factor
    ratios = error / spread
    regressors = np.column_stack([np.ones(error.size), np.clip(deviation / spread, -5, 5).reshape(len(deviation), error.size).T])
    slots = ratios.shape[1]
    padded = np.concatenate([ratios[:, :1], ratios, ratios[:, -1:]], axis=1)
    near = np.stack([padded[:, h : h + slots] for h in range(3)])  # (3, days, slots)
    local = sample_quantiles(near.reshape(-1, slots).T, levels).T
    edges = sample_quantiles(spread.ravel(), np.array([1 / 3, 2 / 3]))
    third = np.searchsorted(edges, spread)
    parts = [ratios[third == k] for k in range(3)]
    terciles = np.stack([sample_quantiles(part if part.size >= LEAST_VALUES else ratios.ravel(), levels) for part in parts])
    return _Base(scale, factor, local, edges, terciles, smoothed_quantile_regression(regressors, ratios.ravel(), levels, bandwidth=BANDWIDTH))


def _applied(base: _Base, signs: FloatArray, deviation: FloatArray) -> FloatArray:
    """Error quantiles of one day, shape (slots, levels), before recalibration."""
    slots = signs.shape[0]
    spread = np.exp(np.column_stack([np.ones(slots), signs]) @ base.scale) * base.factor
    alike = base.terciles[np.searchsorted(base.edges, spread)]
    regressors = np.column_stack([np.ones(slots), np.clip(deviation / spread, -5, 5).T])
    regressed = regressors @ base.slopes.T
    return np.asarray(spread[:, None] * np.sort((0.5 * base.local + 0.5 * alike + regressed) / 2, axis=1))


def _transform(error: FloatArray, found: FloatArray, levels: FloatArray) -> FloatArray:
    """Probability transform of each slot's error in its quantiles, shape (slots,)."""
    return np.array([np.interp(e, row, levels, left=0.0, right=1.0) for e, row in zip(error, found, strict=True)])


def _at_levels(row: FloatArray, levels: FloatArray, moved: FloatArray) -> FloatArray:
    """Quantiles at other levels; beyond the outermost the last step is carried on at 30 % of its slope."""
    found = np.interp(moved, levels, row)
    low, high = moved < levels[0], moved > levels[-1]
    found[low] = row[0] - (levels[0] - moved[low]) / levels[0] * 0.3 * (row[1] - row[0])
    found[high] = row[-1] + (moved[high] - levels[-1]) / (1 - levels[-1]) * 0.3 * (row[-1] - row[-2])
    return found
