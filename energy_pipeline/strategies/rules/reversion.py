"""Mean reversion: against a deviation, by z-score, with exit, stop and half-life.

What belongs here: the rule and its pair-spread form. What does not: the statistics
(`relations`, `indicators`).
"""

from __future__ import annotations

import numpy as np

from energy_pipeline.desk.strategies import MeanReversion, PairSpread
from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.mathematics.backtester.engine import Rule, rule_targets
from energy_pipeline.mathematics.backtester.indicators import z_score
from energy_pipeline.mathematics.statistics.relations import engle_granger, ornstein_uhlenbeck, rolling_hedge_ratio

MINIMUM_VALUES = 20


def look_back_days(strategy: MeanReversion | PairSpread) -> int:
    """A window for the first z-score, and one in which the position can have been opened."""
    return 2 * strategy.window_days


def reversion_wish(values: FloatArray, strategy: MeanReversion) -> float:
    """Position wanted next, -1 .. 1, from a series without gaps (newest last).

    Entry at |z| >= entry_z against it, size K |z| / max_mw, out at exit_z or at stop_z.
    """
    if values.size < strategy.window_days + 1 or not _returns(values[-strategy.window_days :], strategy.max_half_life_days):
        return 0.0
    scale = 0.0 if strategy.mw_per_z is None else strategy.mw_per_z / strategy.max_mw
    rule = Rule(strategy.entry_z, strategy.exit_z, strategy.stop_z, -1, 1.0, scale)
    return float(rule_targets(z_score(values, strategy.window_days), rule, 1.0)[-1])


def reversion_edge(values: FloatArray, wish: float, window_days: int) -> float:
    """What the wish expects per MWh: the AR(1)'s next value on its side [EUR/MWh]; NaN where nothing is wanted."""
    part = values[-window_days:]
    if wish == 0.0 or part.size < 3 or float(np.ptp(part)) == 0.0:
        return float("nan")
    fit = ornstein_uhlenbeck(part)
    mean = float(part.mean())
    return float(np.sign(wish) * (mean + fit.persistence * (part[-1] - mean)))


def _returns(values: FloatArray, most_days: float | None) -> bool:
    if most_days is None:
        return True
    return bool(np.ptp(values) > 0 and ornstein_uhlenbeck(values).half_life_steps <= most_days)


def pair_wish(first: FloatArray, second: FloatArray, strategy: PairSpread) -> float:
    """Wish for the spread first - ratio x second (+1 buys the first leg), from series without gaps."""
    n = strategy.window_days
    if first.size < max(n + 1, MINIMUM_VALUES):
        return 0.0
    if strategy.hedge == "ols":
        ratio, intercept = rolling_hedge_ratio(first, second, n)
        spread = first - ratio * second - intercept
    else:
        spread = first - second
    if strategy.cointegrated and not _cointegrated(first[-n:], second[-n:]):
        return 0.0
    known = ~np.isnan(spread)
    if known.sum() < n + 1:
        return 0.0
    return float(rule_targets(z_score(spread[known], n), Rule(strategy.entry_z, strategy.exit_z, strategy.stop_z), 1.0)[-1])


def _cointegrated(first: FloatArray, second: FloatArray) -> bool:
    return bool(np.ptp(second) > 0 and engle_granger(first, second, lags=1).p_value < 0.05)
