"""Renewable arbitrage: what the auction left on the table on days like tomorrow, and what renewables do to prices.

What belongs here: the neighbour rule, and the figures of the field (duck curve, curtailment,
capture price, cannibalisation, volatility by decile, REC margin, complementarity). What does
not: forecasts of output (features, renewables).
"""

from __future__ import annotations

import numpy as np

from energy_pipeline.domain.delivery import FloatArray

DUCK_HOURS = frozenset({11, 12, 13, 14, 15, 17, 18, 19, 20, 21})
"""Midday valley and evening ramp, local hours."""
MINIMUM_NEIGHBOURS = 5


def nearest_days(expected: FloatArray, today: float, count: int) -> np.ndarray:
    """Positions of the days whose expected output is nearest to today's; days without a forecast are left out.

    >>> nearest_days(np.array([1.0, np.nan, 5.0, 4.0]), 4.4, 2).tolist()
    [3, 2]
    """
    distance = np.where(np.isnan(expected), np.inf, np.abs(expected - today))
    order = np.argsort(distance, kind="stable")[:count]
    return order[np.isfinite(distance[order])]


def neighbour_edge(gains: FloatArray, minimum_t: float) -> FloatArray:
    """Mean gain of a bought MWh over like days by slot, 0 where it is under `minimum_t` standard errors [EUR/MWh].

    Parameters
    ----------
    gains : array, shape (days, slots)
        R - P of the neighbours; NaN where unknown.
    """
    known = ~np.isnan(gains)
    count = known.sum(axis=0)
    mean = np.where(known, gains, 0.0).sum(axis=0) / np.maximum(count, 1)
    square = np.where(known, (gains - mean) ** 2, 0.0).sum(axis=0)
    error = np.sqrt(square / np.maximum(count - 1, 1) / np.maximum(count, 1))
    return np.where((count >= MINIMUM_NEIGHBOURS) & (np.abs(mean) > minimum_t * error), mean, 0.0)


def duck_profit_eur(evening_eur_mwh: float, midday_eur_mwh: float, bought_mwh: float, efficiency: float, cycle_cost_eur_mwh: float) -> float:
    """Buying at midday, selling what is left in the evening, less the cycle cost of each MWh discharged [EUR].

    >>> duck_profit_eur(100.0, -10.0, 10.0, 0.8, 5.0)
    860.0
    """
    sold = efficiency * bought_mwh
    return sold * (evening_eur_mwh - cycle_cost_eur_mwh) - bought_mwh * midday_eur_mwh


def curtailment_gain_eur(price_eur_mwh: FloatArray, output_mwh: FloatArray, support_eur_mwh: float = 0.0) -> float:
    """What switching off earns where price + support is negative [EUR]."""
    worth = price_eur_mwh + support_eur_mwh
    return float(np.maximum(-worth, 0.0) @ output_mwh)


def capture_price_eur_mwh(price_eur_mwh: FloatArray, output_mwh: FloatArray) -> float:
    """Output-weighted mean price; its ratio to the plain mean is the capture rate. NaN without output."""
    total = float(output_mwh.sum())
    return float(price_eur_mwh @ output_mwh) / total if total > 0 else float("nan")


def cannibalisation_eur_mwh(price_eur_mwh: FloatArray, output_mwh: FloatArray) -> float:
    """Slope of price on total renewable output by least squares [EUR/MWh per MWh]; negative: more output, lower prices."""
    centred = output_mwh - output_mwh.mean()
    return float(centred @ (price_eur_mwh - price_eur_mwh.mean()) / (centred @ centred))


def volatility_by_decile(change_eur_mwh: FloatArray, renewable_share: FloatArray, groups: int = 10) -> FloatArray:
    """Standard deviation (divisor n - 1) of price changes in each group of rising renewable share [EUR/MWh]."""
    order = np.argsort(renewable_share, kind="stable")
    return np.array([change_eur_mwh[part].std(ddof=1) for part in np.array_split(order, groups)])


def complementarity(wind_mw: FloatArray, solar_mw: FloatArray) -> float:
    """1 - correlation of two outputs, 0 .. 2: above 1 they make up for each other."""
    return 1.0 - float(np.corrcoef(wind_mw, solar_mw)[0, 1])


def rec_margin_eur_mwh(energy_eur_mwh: float, certificate_eur_mwh: float, lcoe_eur_mwh: float) -> float:
    """Energy plus certificate less levelised cost [EUR/MWh].

    >>> rec_margin_eur_mwh(40.0, 8.0, 45.0)
    3.0
    """
    return energy_eur_mwh + certificate_eur_mwh - lcoe_eur_mwh
