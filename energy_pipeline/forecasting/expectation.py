"""The one published distribution of a price: where it lies, its shape, its tails, and its mean.

What belongs here: from quantiles around a point forecast to the distribution that is published. What does not: the
point or its quantiles (`ensemble`, `quantiles`), rows of a table, whoever reads the distribution.

- Location: the point plus `GAIN` of its recent mean error (half-life `HALF_LIFE_DAYS`) and `HOUR_GAIN` of what the hour
  and its two neighbours add to it. The plain integral of 45 days' quantiles is unbiased but noisier than the point.
- Spread within the day: a mean of cautious members is flatter than what comes. The point's distance from its day's mean grows by
  `SLOPE_GAIN` of the share that the same distances lacked on past days (half-life `HALF_LIFE_DAYS`), as far as it exceeds one standard
  error over days; it shrinks where they were too large. Of D's own forecast alone: on later leads past shares did not foretell the next.
- Shape: the quantiles' deviations, `SYMMETRY` of them mirrored: skewness of few days is mostly noise.
- Tails: generalised Pareto beyond the outermost quantiles, shapes from the past errors over their slot's spread.
- Mean: the integral of all that, price limits included. The whole distribution is moved so that the mean is the location.

The four numbers were chosen by squared error of the mean, absolute error of the median and pinball loss on 2019 days of
DE-LU, FR and ES; IT-North was not looked at, and has not been run yet (docs/forecast-accuracy.md). `SLOPE_GAIN`
and its standard error had the smallest squared error of 13 rules on the days of docs/forecast-accuracy.md.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from energy_pipeline.contracts.derived import QUANTILES
from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.mathematics.paths.marginals import Marginals, tail_shape

GAIN = 0.5
HOUR_GAIN = 0.25
SLOPE_GAIN = 0.7
MOST_SLOPE = 1.0
"""Past distances are never believed to have lacked, or exceeded, more than themselves: nearly flat past days say little."""
HALF_LIFE_DAYS = 20.0
SYMMETRY = 0.75
HOURS = 24
LEVELS: FloatArray = np.array(QUANTILES)


@dataclass(frozen=True)
class Published:
    """One zone's distribution by slot.

    Attributes
    ----------
    quantiles : array, shape (slots, levels)
        [EUR/MWh], at the levels every forecast carries.
    tail_lower, tail_upper : float
        Shapes of the tails beyond the outermost quantiles.
    mean : array, shape (slots,)
        Integral of the distribution [EUR/MWh]. NaN, like the quantiles, in a slot without a forecast.
    limits : (lowest, highest)
        Price limits that cut the distribution [EUR/MWh].
    """

    quantiles: FloatArray
    tail_lower: float
    tail_upper: float
    mean: FloatArray
    limits: tuple[float, float]


def published(
    point: FloatArray,
    errors: FloatArray,
    quantiles: FloatArray,
    limits: tuple[float, float],
    location: FloatArray | None = None,
    past: FloatArray | None = None,
) -> Published:
    """The distribution of a day.

    Parameters
    ----------
    point : array, shape (slots,)
        [EUR/MWh]
    errors : array, shape (days, slots)
        Outcome less point of past days, oldest first; NaN where unknown.
    quantiles : array, shape (slots, levels)
        Rising along the second axis.
    limits : (lowest, highest)
        Of the market's price [EUR/MWh].
    location : array, shape (slots,), optional
        Where the mean shall lie instead of at the point and its recent errors: another price's mean that it follows.
    past : array, shape (days, slots), optional
        Points of the past days: with them the spread within the day is corrected too.
    """
    known = np.isfinite(errors)
    count = np.maximum(known.sum(axis=0), 1)
    centred = np.where(known, errors - np.where(known, errors, 0.0).sum(axis=0) / count, 0.0)
    spread = np.sqrt((centred**2).sum(axis=0) / count)
    standard = np.where(known, errors, np.nan)[:, spread > 0] / spread[spread > 0]
    tails = (tail_shape(-standard), tail_shape(standard))
    there = np.isfinite(point) & np.isfinite(quantiles).all(axis=1)  # the slot that spring skips has no price
    own = quantiles[there]
    middle = distribution(own, tails, limits).mean()[0]
    shape = (1.0 - SYMMETRY) * (own - middle[:, None]) + SYMMETRY * (own - own[:, ::-1]) / 2.0
    mean_at = location
    if mean_at is None:
        mean_at = point + location_shift(errors) + (0.0 if past is None else spread_shift(point, past, errors))
    found = moved(shape, np.clip(mean_at[there], *limits), tails, limits)
    levels, mean = np.full(quantiles.shape, np.nan), np.full(point.size, np.nan)
    levels[there], mean[there] = found.quantiles, found.mean
    return Published(levels, *tails, mean, limits)


def moved(shape: FloatArray, mean: FloatArray, tails: tuple[float, float], limits: tuple[float, float]) -> Published:
    """Quantiles shifted as a whole so that the distribution's mean is `mean`; price limits then cut both."""
    shape = np.maximum.accumulate(shape, axis=1)  # a mixture of rising levels falls by its rounding at most
    free = distribution(shape, tails, (-np.inf, np.inf)).mean()[0]
    held = np.clip(shape + (mean - free)[:, None], *limits)
    return Published(held, *tails, distribution(held, tails, limits).mean()[0], limits)


def distribution(quantiles: FloatArray, tails: tuple[float, float], limits: tuple[float, float]) -> Marginals:
    """Quantiles with tails as one series of marginals."""
    low, high = (np.full((1, len(quantiles)), limit) for limit in limits)
    return Marginals(LEVELS, quantiles[None], np.array([tails[0]]), np.array([tails[1]]), low, high)


def location_shift(errors: FloatArray) -> FloatArray:
    """How far the mean lies from the point, shape (slots,) [EUR/MWh].

    >>> location_shift(np.full((10, 24), 2.0)).round(9).tolist()[0]
    1.0
    """
    known = np.isfinite(errors)
    decay = 0.5 ** (np.arange(len(errors))[::-1, None] / HALF_LIFE_DAYS)
    weight = np.where(known, decay, 0.0)
    total = weight.sum(axis=0)
    by_slot = np.where(known, errors, 0.0)
    recent = (weight * by_slot).sum(axis=0) / np.where(total > 0, total, 1.0)
    hourly = recent.reshape(HOURS, -1).mean(axis=1)
    level = float(hourly.mean())
    around = (np.roll(hourly, 1) + hourly + np.roll(hourly, -1)) / 3.0 - level
    return np.repeat(GAIN * level + HOUR_GAIN * around, errors.shape[1] // HOURS)


def spread_shift(point: FloatArray, past: FloatArray, errors: FloatArray) -> FloatArray:
    """How far the mean lies from the point because points lie too close to (or too far from) their day's mean, shape (slots,) [EUR/MWh].

    Parameters
    ----------
    point : array, shape (slots,)
    past, errors : arrays, shape (days, slots)
        Points of past days, oldest first, and outcome less point; NaN where unknown.

    Examples
    --------
    >>> past = np.tile([40.0, 60.0], (5, 12))
    >>> came = np.tile([38.0, 62.0], (5, 12))  # a fifth farther out, every day
    >>> spread_shift(np.tile([30.0, 70.0], 12), past, came - past)[:2].round(9).tolist()
    [-2.8, 2.8]
    """
    known = np.isfinite(errors) & np.isfinite(past)
    apart, lacking = _from_mean(past, known), _from_mean(errors, known)
    decay = 0.5 ** (np.arange(len(past))[::-1] / HALF_LIFE_DAYS)
    power, shared = (apart**2).sum(axis=1), (apart * lacking).sum(axis=1)
    total = float((decay * power).sum())
    if total <= 0:
        return np.zeros(point.size)
    slope = float((decay * shared).sum()) / total
    error = float(np.sqrt(((decay * (shared - slope * power)) ** 2).sum())) / total
    believed = np.sign(slope) * min(max(abs(slope) - error, 0.0), MOST_SLOPE)
    return np.asarray(SLOPE_GAIN * believed * (point - np.nanmean(point)))


def _from_mean(values: FloatArray, known: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> FloatArray:
    """Known values less their row's mean, 0 where unknown."""
    count = np.maximum(known.sum(axis=1, keepdims=True), 1)
    held = np.where(known, values, 0.0)
    return np.where(known, held - held.sum(axis=1, keepdims=True) / count, 0.0)
