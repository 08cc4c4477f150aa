"""Day-ahead against the second price: sell where the auction is expected to be dearer (tradable).

What belongs here: expected spread, size. What does not: the price forecasts themselves.

Two estimates of the spread E[P - R] are asked: the difference of the ensemble forecasts, and
the mean of realised spreads of the same wall-clock slot over the window (D-1-window .. D-2;
second prices of D-1 are not complete), shrunk towards zero by n / (n + shrinkage_days). The
edge is the smaller of the two where they agree in sign and zero where they do not.

Where the record of the second price's forecasts shows no skill (`second_price_skill`), nothing is traded and the row says why.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from energy_pipeline.book.published_forecast import published_forecast
from energy_pipeline.desk.strategies import SpreadStrategy
from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.domain.errors import SourceError
from energy_pipeline.information.archive import InformationSet
from energy_pipeline.strategies.history import history
from energy_pipeline.strategies.instruments import AUCTION, Trade, exit_name, signal_rows

FULL_SIZE_THRESHOLDS = 3.0
"""The full size is wanted at this many thresholds of edge."""
FULL_SIZE_WITHOUT_THRESHOLD_EUR_MWH = 1.0


def spread_signals(
    info: InformationSet, name: str, strategy: SpreadStrategy, price_forecasts: pl.DataFrame | None, skill: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Rows of `signals` for one day-ahead against second price strategy.

    Without forecasts (None) the realised spreads speak alone: the plainest form of the strategy. `skill` is the table
    second_price_skill of D; None for studies of the rule itself, which then trades whatever the record says.

    Raises
    ------
    SourceError
        The ensemble forecast of either price is not there.
    """
    zone = info.desk.zones[strategy.zone]
    realised = shrunken_spread(info, strategy)
    edge = realised if price_forecasts is None else agreed(expected_spread(info, name, strategy.zone, price_forecasts), realised)
    # Below the fee a trade loses what it expects to win, whatever the desk set.
    threshold = max(strategy.threshold_eur_mwh, zone.second_price.imbalance_fee_eur_mwh)
    trade = Trade(AUCTION, exit_name(zone.second_price.kind))
    reason = "" if skill is None else without_skill(skill, strategy.zone)
    signal = np.zeros(edge.size) if reason else -sized(edge, threshold)
    return signal_rows(info, name, strategy.zone, trade, signal, strategy.max_mw, np.abs(edge), reason)


def without_skill(skill: pl.DataFrame, zone: str) -> str:
    """Why the zone's second price is not traded on, from table second_price_skill of D; empty where its forecasts have skill.

    >>> without_skill(pl.DataFrame({"zone": ["A"], "verdict": ["skill"], "reason": [""]}), "B")
    'no record of the second price of B'
    """
    rows = skill.filter(pl.col("zone") == zone)
    if rows.is_empty():
        return f"no record of the second price of {zone}"
    return "" if rows["verdict"][0] == "skill" else str(rows["reason"][0])


def expected_spread(info: InformationSet, name: str, zone: str, price_forecasts: pl.DataFrame) -> FloatArray:
    """Difference of the ensemble forecasts of both prices [EUR/MWh]."""
    return _forecast(info, name, zone, "day_ahead", price_forecasts) - _forecast(info, name, zone, "second", price_forecasts)


def agreed(first: FloatArray, second: FloatArray) -> FloatArray:
    """The value nearer to zero where both have the same sign, else 0.

    >>> agreed(np.array([2.0, -2.0, 1.0]), np.array([3.0, -1.0, -1.0])).tolist()
    [2.0, -1.0, 0.0]
    """
    smaller = np.where(np.abs(first) <= np.abs(second), first, second)
    return np.where(first * second > 0, smaller, 0.0)


def sized(edge_eur_mwh: FloatArray, threshold_eur_mwh: float) -> FloatArray:
    """Size of a trade, -1 .. 1: 0 up to the threshold of edge, then linear to 1 at three thresholds.

    >>> sized(np.array([-3.0, 1.0, 2.0, 9.0]), 1.0).tolist()
    [-1.0, 0.0, 0.5, 1.0]
    """
    full = FULL_SIZE_THRESHOLDS * threshold_eur_mwh if threshold_eur_mwh > 0 else FULL_SIZE_WITHOUT_THRESHOLD_EUR_MWH
    size: FloatArray = np.clip((np.abs(edge_eur_mwh) - threshold_eur_mwh) / (full - threshold_eur_mwh), 0.0, 1.0)
    signed: FloatArray = np.where(edge_eur_mwh < 0, -size, size)
    return signed


def shrunken_spread(info: InformationSet, strategy: SpreadStrategy) -> FloatArray:
    """Mean realised P - R of each interval's slot over the window, shrunk to zero [EUR/MWh]; 0 with no history."""
    past = history(info, strategy.zone, "spread", strategy.window_days)
    spread = -past.values_eur_mwh[:, info.day.slots(past.minutes)]
    known = ~np.isnan(spread)
    weight = known.sum(axis=0) + strategy.shrinkage_days
    total: FloatArray = np.where(known, spread, 0.0).sum(axis=0)
    return total / np.where(weight > 0, weight, 1.0)


def _forecast(info: InformationSet, name: str, zone: str, price_kind: str, price_forecasts: pl.DataFrame) -> FloatArray:
    rows = published_forecast(price_forecasts, zone, info.day.day, price_kind)
    expected = info.day.count(info.desk.zones[zone].resolution_minutes(info.day.day))
    if rows.height != expected:
        raise SourceError(
            f"signals, day {info.day.day}, strategy {name}: {rows.height} ensemble forecasts of the {price_kind} price of {zone}, "
            f"the day has {expected} intervals -> make price_forecasts of the day first"
        )
    return rows["price_eur_mwh"].to_numpy()
