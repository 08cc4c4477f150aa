"""The expected spread of the second price to the day-ahead price by hour, and what its past forecasts were worth.

What belongs here: the regression, the shrinkage by its own record, the record's test. Arrays in, arrays out. What does
not: where the arrays come from (`second_price`), the distribution around the expectation, tables.

1. Everything is in units of the spread's usual size (median of |spread| over D-92 .. D-2) and clipped at `CLIP` of it:
   one hour at the price limit says nothing about the next one.
2. Ridge regression over `WINDOW_DAYS` on what the gate knows: the hour's usual spread (decaying over four weeks), the
   level of D-2 and of its three last days, this morning's known hours, and the conditions of the day as given.
3. `GAIN` of it counts, less where the last `RECORD_DAYS` forecasts do not bear it out: times 1 - 1/t^2 of the slope of
   what came on what was forecast, 0 below t = 1. A market whose spread cannot be foretold keeps the day-ahead mean.
4. The record is that of `GAIN` times the regression, whatever counts of it today.

Window, clip and gain were chosen by squared error on DE-LU October 2016 to September 2018.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from energy_pipeline.domain.delivery import FloatArray, IntArray
from energy_pipeline.mathematics.statistics.comparison import long_run_variance, mean_t

CLIP = 2.0
GAIN = 0.5
RIDGE = 0.2
WINDOW_DAYS = 180
RECORD_DAYS = 180
SCALE_DAYS = 91
USUAL_DAYS = 28
USUAL_HALF_LIFE_DAYS = 10.0
PRIOR_DAYS = 5.0
WARM_UP_DAYS = 60
"""Days before the first one that is learnt from or forecast."""
LEAST_DAYS = 60
"""Fewer past forecasts are no record."""
SKILL_T = 1.645
"""One-sided, 5 %."""

Verdict = Literal["skill", "no_skill", "too_short"]


@dataclass(frozen=True)
class Record:
    """What past forecasts of the spread were worth, on days whose second price is known.

    Attributes
    ----------
    errors : array, shape (3, days)
        Mean squared error by day of the forecast, of no spread at all, and of the last known day's spread.
    absolute : array, shape (3, days)
        Mean absolute errors of the same.
    """

    errors: FloatArray
    absolute: FloatArray

    @property
    def days(self) -> int:
        """Days in the record."""
        return int(self.errors.shape[1])

    def t_against(self, rival: int) -> float:
        """T of the squared error's gain on a naive (1: no spread, 2: the last known one), Newey-West; NaN without a record or a gain."""
        return mean_t(self.errors[rival] - self.errors[0])[0] if self.days >= LEAST_DAYS else math.nan

    @property
    def verdict(self) -> Verdict:
        """Skill only where both naives are beaten at 5 %: what equals the naive has none."""
        if self.days < LEAST_DAYS:
            return "too_short"
        return "skill" if all(self.t_against(rival) > SKILL_T for rival in (1, 2)) else "no_skill"


@dataclass(frozen=True)
class Spread:
    """The expected spread of D.

    Attributes
    ----------
    values : array, shape (24,)
        Second less day-ahead price by wall-clock hour [EUR/MWh].
    gain : float
        Share of the regression that counts.
    record : Record
    """

    values: FloatArray
    gain: float
    record: Record


NOTHING_KNOWN = Spread(np.zeros(24), 0.0, Record(np.empty((3, 0)), np.empty((3, 0))))


def expected(spreads: FloatArray, conditions: FloatArray) -> Spread:
    """The spread of the day after the last row.

    Parameters
    ----------
    spreads : array, shape (n, 24)
        Second less day-ahead price of D-n .. D-1 [EUR/MWh]; NaN where unknown, most of D-1 for one.
    conditions : array, shape (k, n + 1, 24)
        What each day's own gate knew of the day, D last; NaN counts as usual.

    Examples
    --------
    Nothing is expected of noise, and the rule is found where there is one:

    >>> random = np.random.default_rng(0)
    >>> noise, rule = random.normal(0, 5, (240, 24)), random.normal(0, 1, (1, 241, 24))
    >>> expected(noise, rule).record.verdict, expected(noise + 5 * rule[0, :-1], rule).record.verdict
    ('no_skill', 'skill')
    """
    n = len(spreads)
    if n <= WARM_UP_DAYS or not np.isfinite(spreads[:-1]).any():
        return NOTHING_KNOWN
    scale = _scales(spreads)
    relative = spreads / scale[:-1, None]
    raw = _walked(relative, _inputs(relative, conditions, np.flatnonzero(np.isfinite(spreads[-1]))))
    first = max(WARM_UP_DAYS, n - 1 - RECORD_DAYS)
    gain = _gain(raw[first : n - 1], relative[first : n - 1])
    return Spread(gain * raw[n] * scale[n], gain, _record(spreads, GAIN * raw[first : n - 1] * scale[first : n - 1, None], first))


def _scales(spreads: FloatArray) -> FloatArray:
    """Usual size of the spread as known for each day and the one after the last, shape (n + 1,)."""
    sizes, days = np.abs(spreads), len(spreads) + 1
    usual = [_usual(sizes[: max(day - 1, 1)]) for day in range(min(days, SCALE_DAYS + 1))]
    if days > SCALE_DAYS + 1:
        windows = np.lib.stride_tricks.sliding_window_view(sizes[:-1], SCALE_DAYS, axis=0).reshape(days - 1 - SCALE_DAYS, -1)
        whole = np.isfinite(windows).all(axis=1)
        middle = iter(np.median(windows[whole], axis=1).tolist())
        usual += [next(middle) if known else _usual(window) for known, window in zip(whole, windows, strict=True)]
    known = [u for u in usual if math.isfinite(u) and u > 0]
    return np.array([u if math.isfinite(u) and u > 0 else (known[0] if known else 1.0) for u in usual]) * 1.4826


def _usual(sizes: FloatArray) -> float:
    """Median of what is known; NaN where nothing is."""
    known = sizes[np.isfinite(sizes)]
    return float(np.median(known)) if known.size else math.nan


def _inputs(relative: FloatArray, conditions: FloatArray, morning: IntArray) -> FloatArray:
    """Inputs of every day, shape (n + 1, 24, columns); the first four weeks have none but the intercept."""
    days, start = len(relative) + 1, USUAL_DAYS + 1
    clipped = np.clip(np.where(np.isfinite(relative), relative, 0.0), -CLIP, CLIP)
    decay = 0.5 ** (np.arange(USUAL_DAYS)[::-1] / USUAL_HALF_LIFE_DAYS)
    windows = np.lib.stride_tricks.sliding_window_view(clipped[:-1], USUAL_DAYS, axis=0)  # (days, 24, window), D-29 .. D-2 of each
    usual = np.einsum("dhw,w->dh", windows, decay) / (decay.sum() + PRIOR_DAYS)
    level, this_morning = clipped.mean(axis=1), clipped[:, morning].mean(axis=1) if morning.size else np.zeros(days - 1)
    found = np.zeros((days, 24, 6 + len(conditions)))
    found[:, :, 0] = 1.0
    found[start:, :, 1] = (np.roll(usual, 1, axis=1) + usual + np.roll(usual, -1, axis=1)) / 3.0
    found[start:, :, 2] = level[start - 2 : -1, None]
    found[start:, :, 3] = ((level[start - 2 : -1] + level[start - 3 : -2] + level[start - 4 : -3]) / 3.0)[:, None]
    found[start:, :, 4] = this_morning[start - 1 :, None]
    found[start:, :, 5] = usual.mean(axis=1)[:, None]
    for j, condition in enumerate(conditions):
        found[start:, :, 6 + j] = _standard(condition, start)
    return found


def _standard(condition: FloatArray, start: int) -> FloatArray:
    """A condition in units of its spread over the four weeks before each day, clipped; 0 where unknown or without a spread."""
    known = np.isfinite(condition)
    values = np.where(known, condition, 0.0)
    sums = [np.vstack([np.zeros(1), np.cumsum(part.sum(axis=1))[:, None]])[:, 0] for part in (known.astype(np.float64), values, values**2)]
    count, total, squares = (s[start:-1] - s[start - USUAL_DAYS : -1 - USUAL_DAYS] for s in sums)
    mean = total / np.maximum(count, 1.0)
    size = np.sqrt(np.maximum(squares / np.maximum(count, 1.0) - mean**2, 0.0))
    there = known[start:] & (size > 1e-6 * np.maximum(np.abs(mean), 1e-9))[:, None]
    return np.where(there, np.clip((values[start:] - mean[:, None]) / np.where(size > 0, size, 1.0)[:, None], -3.0, 3.0), 0.0)


def _walked(relative: FloatArray, inputs: FloatArray) -> FloatArray:
    """The regression's forecast of every day from the days known at its gate, in units of its scale, shape (n + 1, 24)."""
    days, hours, columns = inputs.shape
    outcome = np.vstack([relative, np.full((1, hours), np.nan)])
    known = np.isfinite(outcome)
    known[: USUAL_DAYS + 4] = False
    x = np.where(known[:, :, None], inputs, 0.0)
    y = np.where(known, np.clip(outcome, -CLIP, CLIP), 0.0)
    # einsum without BLAS: the same bits whatever the number of threads
    gram = np.einsum("dhi,dhj->dij", x, x)
    moment = np.einsum("dhi,dh->di", x, y)
    counts = known.sum(axis=1).astype(np.float64)
    penalty = RIDGE * np.diag([0.1, *([1.0] * (columns - 1))])
    found = np.zeros((days, hours))
    for day in range(WARM_UP_DAYS, days):
        part = slice(max(0, day - 1 - WINDOW_DAYS), day - 1)
        total = float(counts[part].sum())
        if total > 0:
            weights = np.linalg.solve(gram[part].sum(axis=0) / total + penalty, moment[part].sum(axis=0) / total)
            found[day] = np.einsum("hi,i->h", inputs[day], weights)
    return found


def _gain(forecast: FloatArray, came: FloatArray) -> float:
    """Share of the forecast that counts, from past forecasts and what came, both clipped and in units of the scale."""
    known = np.isfinite(came)
    rows = known.any(axis=1)
    if int(rows.sum()) < LEAST_DAYS // 2:
        return 0.0
    outcome = np.clip(np.where(known, came, 0.0), -CLIP, CLIP)[rows]
    own = np.where(known, forecast, 0.0)[rows]
    size, product = (own * own).mean(axis=1), (own * outcome).mean(axis=1)
    if size.sum() <= 0.0:
        return 0.0
    slope = float(product.sum() / size.sum())
    noise = long_run_variance(product - slope * size) * size.size
    t = slope * float(size.sum()) / math.sqrt(noise) if noise > 0 else 0.0
    return min(slope, GAIN) * (1.0 - 1.0 / t**2) if t > 1.0 else 0.0


def _record(spreads: FloatArray, found: FloatArray, first: int) -> Record:
    """Errors of the forecasts of days `first` .. D-2 and of the naives."""
    days = np.arange(first, first + len(found))
    came = spreads[days]
    last = spreads[days - 2]
    known = np.isfinite(came) & np.isfinite(last)
    rows = known.any(axis=1)
    misses = np.stack([came - found, came, came - last])[:, rows]
    count = known[rows].sum(axis=1)
    misses = np.where(known[rows], misses, 0.0)
    return Record((misses**2).sum(axis=2) / count, np.abs(misses).sum(axis=2) / count)
