"""Momentum: with the movement while time frames agree, with a trailing stop in EUR/MWh.

What belongs here: direction, trend filter, volume confirmation, stop, size. What does not: the
indicators.

For a tradable series the price that is followed is the running sum of what a bought MWh earned,
day by day: the value of the strategy "always long". Its level is no price, so a rate of change
is asked only of a price (`trades: day_ahead`), where it is undefined at 0 and below.
"""

from __future__ import annotations

import numpy as np

from energy_pipeline.desk.strategies import Momentum
from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.mathematics.backtester import indicators


def look_back_days(strategy: Momentum) -> int:
    """Bars for the slowest indicator, three times over, in the longest time frame."""
    return 3 * (strategy.window_days + 2) * max(strategy.time_frames)


def level(values: FloatArray, trades: str) -> FloatArray:
    """The price that is followed: the index itself, or the running sum of daily gains."""
    return values if trades == "day_ahead" else np.cumsum(values)


def direction(prices: FloatArray, strategy: Momentum) -> FloatArray:
    """-1, 0 or +1 after each bar, by the indicator."""
    n = strategy.window_days
    if strategy.indicator == "roc":
        found = indicators.rate_of_change(prices, n) if prices.size > n else np.full(prices.size, np.nan)
    elif strategy.indicator == "rsi":
        found = indicators.relative_strength(prices, n) - 50.0
    elif strategy.indicator == "macd":
        fast = max(n // 2, 1)
        lines = indicators.macd(prices, fast, n, max(n // 3, 1), "first")
        # Both above their reference or both below: the line over its signal, and over zero.
        found = np.where(np.sign(lines.histogram) == np.sign(lines.line), lines.line, 0.0)
    else:
        found = indicators.change(prices, n) if prices.size > n else np.full(prices.size, np.nan)
    return np.sign(np.nan_to_num(found))


def agreed_direction(prices: FloatArray, strategy: Momentum) -> FloatArray:
    """Direction on which every time frame agrees, 0 elsewhere; a longer bar counts once it is complete."""
    found = np.ones(prices.size) * np.nan
    for days in strategy.time_frames:
        closes = prices[days - 1 :: days] if days > 1 else prices
        own = np.zeros(prices.size)
        for i, side in enumerate(direction(closes, strategy)):
            own[(i + 1) * days - 1 :] = side
        found = own if np.isnan(found).all() else np.where(found == own, own, 0.0)
    if strategy.minimum_trend > 0 and prices.size:
        strength = indicators.directional_index(prices, prices, prices, max(strategy.window_days, 2))
        found = np.where(np.nan_to_num(strength) >= strategy.minimum_trend, found, 0.0)
    return found


def confirmed(side: FloatArray, volume: FloatArray, strategy: Momentum) -> FloatArray:
    """`side` where the bar's volume is at least `minimum_volume_share` of its mean over the window, else 0."""
    usual = indicators.windows(volume, strategy.window_days, "mean")
    return np.where(volume >= strategy.minimum_volume_share * np.nan_to_num(usual, nan=np.inf), side, 0.0)


def stopped(prices: FloatArray, side: FloatArray, stop_eur_mwh: float | None) -> FloatArray:
    """Side kept after a trailing stop: out once the price is `stop` below the best since entry, until the side changes."""
    if stop_eur_mwh is None:
        return side
    out, held, best, banned = np.zeros(side.size), 0.0, 0.0, 0.0
    for t in range(side.size):
        if side[t] != held:
            banned = banned if side[t] == banned else 0.0
            held = 0.0 if side[t] == banned else side[t]
            best = held * prices[t]
        elif held:
            best = max(best, held * prices[t])
            if best - held * prices[t] >= stop_eur_mwh:
                banned, held = held, 0.0
        out[t] = held
    return out


def size_mw(strategy: Momentum, hours: float) -> float:
    """Account risk over the loss of a MW at the stop (stop x hours held), at most max_mw.

    >>> size_mw(Momentum(kind="momentum", zone="Z", stop_eur_mwh=10.0, account_risk_eur=1200.0, max_mw=50.0), 24.0)
    5.0
    """
    if strategy.account_risk_eur is None or strategy.stop_eur_mwh is None:
        return strategy.max_mw
    return min(strategy.max_mw, strategy.account_risk_eur / (strategy.stop_eur_mwh * hours))


def momentum_wish(values: FloatArray, strategy: Momentum, volume: FloatArray | None = None) -> float:
    """Position wanted next, -1 .. 1 of `max_mw`, from a series without gaps (newest last)."""
    if values.size <= strategy.window_days:
        return 0.0
    prices = level(values, strategy.trades)
    side = agreed_direction(prices, strategy)
    if volume is not None:
        side = confirmed(side, volume, strategy)
    held = stopped(prices, side, strategy.stop_eur_mwh)[-1]
    return float(held * size_mw(strategy, float(strategy.block_hours)) / strategy.max_mw)
