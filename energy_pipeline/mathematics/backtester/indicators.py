"""Technical indicators, each in one place and each variant named.

What belongs here: indicators of price series, with their seed and smoothing said. What does
not: rules that trade on them (`rules`), or pairs of series (`relations`).

Arrays in, arrays of the same length out; NaN before the first value that can be known. The
value at t uses bars up to and including t, so it may fill an order at t + 1 at the earliest
(`engine` enforces it). Prices must be finite; those with gaps are closed up by the caller.

Variants: `wilder` smooths by 1/n (New Concepts in Technical Trading Systems, 1978), `ema` by
2/(n+1). Seeds of an exponential mean: `sma` (mean of the first n values), `first` (the first
value), and for MACD `aligned` (both means are seeded by the values that end where the slow
one begins; TA-Lib's default).

Prices of power go through zero, where a percentage means nothing: `rate_of_change` is NaN
when the earlier price is not positive; `change` in EUR/MWh is always defined.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.mathematics.backtester.smoothing_kernel import directional, recursion

Seed = Literal["sma", "first"]


class Macd(NamedTuple):
    """MACD line, its signal line and their difference [EUR/MWh]."""

    line: FloatArray
    signal: FloatArray
    histogram: FloatArray


class Bands(NamedTuple):
    """Upper, middle and lower band [EUR/MWh]."""

    upper: FloatArray
    middle: FloatArray
    lower: FloatArray


def checked(values: FloatArray, n: int = 1) -> FloatArray:
    """The series as contiguous floats.

    Raises
    ------
    ValueError
        A value is not finite, or a period is below 1.
    """
    series = np.ascontiguousarray(values, dtype=np.float64)
    bad = np.flatnonzero(~np.isfinite(series))
    if bad.size:
        raise ValueError(f"{bad.size} of {series.size} values are not finite, the first at position {bad[0]} -> close gaps up before an indicator")
    if n < 1:
        raise ValueError(f"a period of {n} bars; give 1 or more")
    return series


def windows(values: FloatArray, n: int, reduce: Literal["mean", "std"]) -> FloatArray:
    """Mean or population standard deviation of the last n values; each window by itself, so a value never depends on the span.

    >>> windows(np.array([1.0, 3.0, 5.0]), 2, "mean").tolist()
    [nan, 2.0, 4.0]
    """
    series, out = checked(values, n), np.full(np.size(values), np.nan)
    if series.size >= n:
        parts = sliding_window_view(series, n)
        out[n - 1 :] = parts.mean(axis=1) if reduce == "mean" else parts.std(axis=1)
    return out


def _recursive(x: FloatArray, first: int, seed: float, keep: float, gain: float) -> FloatArray:
    out = np.full(x.size, np.nan)
    if first < x.size:
        recursion(x, first, seed, keep, gain, out)
    return out


def exponential_mean(values: FloatArray, n: int, seed: Seed = "sma") -> FloatArray:
    """EMA with weight 2/(n+1), seeded by the mean of the first n values (`sma`) or the first one (`first`).

    >>> exponential_mean(np.array([1.0, 2.0, 3.0]), 3, "first").tolist()
    [1.0, 1.5, 2.25]
    """
    x, weight = checked(values, n), 2.0 / (n + 1)
    first = n - 1 if seed == "sma" else 0
    start = float(x[:n].mean()) if x.size >= n and seed == "sma" else float(x[0]) if x.size else 0.0
    return _recursive(x, first, start, 1.0 - weight, weight)


def wilder_mean(values: FloatArray, n: int) -> FloatArray:
    """Wilder's mean: weight 1/n, seeded by the mean of the first n values."""
    x = checked(values, n)
    return _recursive(x, n - 1, float(x[:n].mean()) if x.size >= n else 0.0, (n - 1) / n, 1.0 / n)


def change(values: FloatArray, n: int) -> FloatArray:
    """p(t) - p(t-n) [EUR/MWh]: momentum that is right at any price."""
    x, out = checked(values, n), np.full(np.size(values), np.nan)
    out[n:] = x[n:] - x[:-n]
    return out


def rate_of_change(values: FloatArray, n: int) -> FloatArray:
    """ROC = 100 (p(t) / p(t-n) - 1) [%]; NaN where p(t-n) <= 0.

    >>> rate_of_change(np.array([50.0, 60.0, -10.0, 30.0]), 1).tolist()
    [nan, 19.999999999999996, -116.66666666666667, nan]
    """
    x, out = checked(values, n), np.full(np.size(values), np.nan)
    before = x[:-n]
    out[n:] = np.where(before > 0, 100.0 * (x[n:] / np.where(before > 0, before, 1.0) - 1.0), np.nan)
    return out


def relative_strength(values: FloatArray, n: int = 14, variant: Literal["wilder", "simple"] = "wilder") -> FloatArray:
    """RSI = 100 gain / (gain + loss) over n changes, smoothed by Wilder's or a simple mean; NaN where nothing moved."""
    moves = np.diff(checked(values, n))
    mean = wilder_mean if variant == "wilder" else lambda x, m: windows(x, m, "mean")
    gain, loss = mean(np.maximum(moves, 0.0), n), mean(np.maximum(-moves, 0.0), n)
    total = gain + loss
    out = np.full(np.size(values), np.nan)
    out[1:] = np.where(total > 0, 100.0 * gain / np.where(total > 0, total, 1.0), np.nan)
    return out


def macd(values: FloatArray, fast: int = 12, slow: int = 26, signal: int = 9, seed: Literal["aligned", "sma", "first"] = "aligned") -> Macd:
    """EMA(fast) - EMA(slow), its EMA(signal), and the difference."""
    x = checked(values, min(fast, slow, signal))
    if seed == "aligned":
        skip = max(slow - fast, 0)
        quick = np.concatenate([np.full(min(skip, x.size), np.nan), exponential_mean(x[skip:], fast)])
    else:
        quick = exponential_mean(x, fast, seed)
    line = quick - exponential_mean(x, slow, "first" if seed == "first" else "sma")
    known = ~np.isnan(line)
    smooth = np.full(x.size, np.nan)
    smooth[known] = exponential_mean(line[known], signal, "first" if seed == "first" else "sma")
    shown = line if seed == "first" else np.where(np.isnan(smooth), np.nan, line)
    return Macd(shown, smooth, shown - smooth)


def bollinger(values: FloatArray, n: int = 20, width: float = 2.0) -> Bands:
    """Mean of n bars and `width` population standard deviations (divisor n) around it."""
    middle, spread = windows(values, n, "mean"), width * windows(values, n, "std")
    return Bands(middle + spread, middle, middle - spread)


def z_score(values: FloatArray, n: int) -> FloatArray:
    """(p - mean) / population standard deviation of the last n bars; NaN where they do not vary."""
    mean, spread = windows(values, n, "mean"), windows(values, n, "std")
    varies = spread > 1e-12 * np.maximum(1.0, np.abs(mean))
    return np.where(varies, (np.asarray(values) - mean) / np.where(varies, spread, 1.0), np.nan)


def true_range(high: FloatArray, low: FloatArray, close: FloatArray) -> FloatArray:
    """Largest of high - low and the distances of both from the last close [EUR/MWh]; NaN at the first bar."""
    h, lo, c = checked(high), checked(low), checked(close)
    out = np.full(h.size, np.nan)
    out[1:] = np.maximum(h[1:], c[:-1]) - np.minimum(lo[1:], c[:-1])
    return out


def average_true_range(high: FloatArray, low: FloatArray, close: FloatArray, n: int = 14) -> FloatArray:
    """ATR: Wilder's mean of the true range [EUR/MWh]; a stop distance that needs no percentage."""
    ranges = true_range(high, low, close)
    return np.concatenate([ranges[:1], wilder_mean(ranges[1:], n)])


def directional_index(high: FloatArray, low: FloatArray, close: FloatArray, n: int = 14, variant: Literal["wilder", "ema"] = "wilder") -> FloatArray:
    """ADX, strength of a trend without its sign, 0..100.

    `wilder`: movements and range summed with decay 1/n (seeded by n - 1 bars), DX averaged by
    Wilder's mean seeded by n values. `ema`: EMA(n) of |+DI - -DI| / (+DI + -DI), movements
    smoothed by EMA(n); a variant found in print, which is quicker and reads higher.
    """
    h, lo = checked(high, n), checked(low, n)
    ranges = true_range(h, lo, close)[1:]
    up, down = np.diff(h), -np.diff(lo)
    plus, minus = np.where((up > down) & (up > 0), up, 0.0), np.where((down > up) & (down > 0), down, 0.0)
    out = np.full(h.size, np.nan)
    if variant == "ema":
        p, m = exponential_mean(plus, n), exponential_mean(minus, n)
        total = p + m
        known = total > 0
        dx = np.where(known, 100.0 * np.abs(p - m) / np.where(known, total, 1.0), 0.0)[n - 1 :]
        out[n:] = exponential_mean(dx, n)
        return out
    if h.size >= 2 * n and n >= 2:
        smooth = [_recursive(x, n - 2, float(x[: n - 1].sum()), 1.0 - 1.0 / n, 1.0) for x in (plus, minus, ranges)]
        plus, minus, ranges = (np.concatenate([[np.nan], s]) for s in smooth)
        directional(plus, minus, ranges, n, out)
    return out
