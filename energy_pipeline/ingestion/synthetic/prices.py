"""Prices of the synthetic market: merit order, coupling of zones, second price, quotes.

What belongs here: from residual load and fuels to EUR/MWh. What does not: when a price
is published (tables).

The auction clears on forecasts. What happens afterwards moves the second price: a zone
shorter than forecast pays more than day-ahead, a longer one less.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from energy_pipeline.domain.blocks import Block, profile
from energy_pipeline.domain.delivery import DeliveryDay, FloatArray
from energy_pipeline.ingestion.synthetic import noise
from energy_pipeline.ingestion.synthetic.fuels import Fuels
from energy_pipeline.ingestion.synthetic.zones import QUARTER

TRANSFER_SHARE = 0.13  # of the smaller zone's mean load, per border
_SWEEPS, _HALVINGS = 4, 17
_SENTIMENT: noise.Octaves = ((600.0, 0.6), (150.0, 0.4))
_BIDS: noise.Octaves = ((26.0, 0.40), (8.0, 0.30), (2.5, 0.20), (0.7, 0.10))
_SECOND: noise.Octaves = ((20.0, 0.25), (6.0, 0.30), (2.0, 0.25), (0.6, 0.20))
DAY_AHEAD_MIN, DAY_AHEAD_MAX = -500.0, 4000.0
SECOND_LIMIT = 4000.0
PREMIUM_EUR_MWH: dict[Block, float] = {"base": 0.5, "peak": 0.8, "offpeak": 0.2}


def supply_curve(fuels: Fuels) -> tuple[FloatArray, FloatArray]:
    """Corners of the merit order: residual load / available capacity, and price [EUR/MWh].

    Below zero: wind, sun and must-run plant pay to stay on. Above 0.9: little is left.

    >>> x, y = supply_curve(Fuels(30.0, 100.0, 66.0))
    >>> bool((np.diff(x) > 0).all() and (np.diff(y) > 0).all())
    True
    """
    low = min(fuels.combined_cycle_eur_mwh, fuels.coal_plant_eur_mwh)
    high = max(fuels.combined_cycle_eur_mwh, fuels.coal_plant_eur_mwh, low + 2.0)
    turbine = max(fuels.gas_turbine_eur_mwh, high + 10.0)
    x = [-1.5, -0.60, -0.30, -0.14, -0.04, 0.05, 0.14, 0.26, 0.40, 0.58, 0.78, 0.88, 0.95, 1.01, 1.08, 1.18, 1.6]
    y = [-500.0, -320.0, -110.0, -40.0, -6.0, 1.0, 0.28 * low, 0.62 * low, 0.86 * low, low]
    y += [high, turbine, 1.5 * turbine, 2.2 * turbine + 60.0, 2.2 * turbine + 500.0, 2.2 * turbine + 1_500.0, 2.2 * turbine + 3_500.0]
    return np.array(x), np.array(y)


def couple(curve: tuple[FloatArray, FloatArray], residual: FloatArray, available: FloatArray, limits: Sequence[tuple[int, int, float]]) -> FloatArray:
    """Exports of each zone after trade over its borders [MW], shape (zones, quarters).

    Border by border, the flow that equalises the two prices is taken, up to the limit;
    the curves rise, so a few rounds come close to the joint optimum.

    Parameters
    ----------
    residual, available : arrays, shape (zones, quarters)
        Residual load and thermal capacity [MW].
    limits : sequence of (zone index, zone index, transfer limit in MW)
    """
    x, y = curve
    exports = np.zeros(residual.shape)
    flows = np.zeros((len(limits), residual.shape[1]))
    for _ in range(_SWEEPS):
        for border, (i, j, limit) in enumerate(limits):
            exports[i] -= flows[border]
            exports[j] += flows[border]
            low, high = np.full(residual.shape[1], -limit), np.full(residual.shape[1], limit)
            for _ in range(_HALVINGS):
                middle = 0.5 * (low + high)
                dearer = np.interp((residual[i] + exports[i] + middle) / available[i], x, y) > np.interp(
                    (residual[j] + exports[j] - middle) / available[j], x, y
                )
                high = np.where(dearer, middle, high)
                low = np.where(dearer, low, middle)
            flows[border] = 0.5 * (low + high)
            exports[i] += flows[border]
            exports[j] -= flows[border]
    return exports


def borders(mean_load_mw: Sequence[float]) -> list[tuple[int, int, float]]:
    """A ring of borders through the zones, in the desk's order.

    >>> [(i, j) for i, j, _ in borders([1.0, 2.0, 3.0])]
    [(0, 1), (1, 2), (0, 2)]
    """
    count = len(mean_load_mw)
    pairs = [(i, i + 1) for i in range(count - 1)] + ([(0, count - 1)] if count > 2 else [])
    return [(i, j, TRANSFER_SHARE * min(mean_load_mw[i], mean_load_mw[j])) for i, j in pairs]


def expected_price(seed: int, zone: str, hours: FloatArray, core: FloatArray) -> FloatArray:
    """The merit-order price plus the market's known mood [EUR/MWh]."""
    shared, own = noise.field(noise.keys(seed, ["mood", f"mood|{zone}"]), hours, _SENTIMENT)
    price: FloatArray = core + (1.5 + 0.03 * np.abs(core)) * (0.8 * shared + 0.6 * own)
    return price


def day_ahead_price(seed: int, zone: str, hours: FloatArray, expected: FloatArray) -> FloatArray:
    """What the auction made of the expectation: plus the surprise in the bids [EUR/MWh]."""
    shared, own = noise.field(noise.keys(seed, ["bids", f"bids|{zone}"]), hours, _BIDS)
    surprise: FloatArray = (2.0 + 0.045 * np.abs(expected)) * (0.8 * shared + 0.6 * own)
    return np.clip(expected + surprise, DAY_AHEAD_MIN, DAY_AHEAD_MAX)


def second_price(
    seed: int,
    zone: str,
    kind: str,
    hours: FloatArray,
    day_ahead: FloatArray,
    shortage_share: FloatArray,
    slope: FloatArray,
) -> FloatArray:
    """The price a deviation is traded back at [EUR/MWh].

    Parameters
    ----------
    shortage_share : array
        By how much the zone is short, as a share of its capacity; negative: long.
    slope : array
        Rise of the merit order per unit of that share [EUR/MWh].
    """
    calm, wild = noise.field(noise.keys(seed, [f"{kind}|{zone}|calm", f"{kind}|{zone}|wild"]), hours, _SECOND)
    if kind == "intraday":
        move = 0.8 * slope * shortage_share + (4.5 + 0.03 * np.abs(day_ahead)) * calm + 1.6 * wild**3
    else:  # one imbalance price: dearer, and jumping with the sign of the system
        move = 1.3 * slope * shortage_share + 14.0 * np.tanh(shortage_share / 0.025) + (12.0 + 0.05 * np.abs(day_ahead)) * calm + 7.0 * wild**3
    price: FloatArray = np.clip(day_ahead + move, -SECOND_LIMIT, SECOND_LIMIT)
    return price


def slope_of(curve: tuple[FloatArray, FloatArray], position: FloatArray) -> FloatArray:
    """Mean rise of the merit order around `position`, per unit of capacity share [EUR/MWh]."""
    x, y = curve
    step = 0.06
    rise = (np.interp(position + step, x, y) - np.interp(position - step, x, y)) / (2 * step)
    bounded: FloatArray = np.clip(rise, 60.0, 1_500.0)
    return bounded


def quotes(seed: int, zone: str, day: DeliveryDay, hour: float, expected: FloatArray) -> list[tuple[Block, float, float]]:
    """(block, mid, half-spread) for every block that delivers on the day [EUR/MWh].

    The mid is the block mean of the market's expectation, plus a premium that buyers
    pay, plus the quoter's error. Peak does not deliver, and has no quote, at weekends.

    Parameters
    ----------
    hour : float
        When the quotes are made, hours since the epoch.
    """
    errors = noise.field(noise.keys(seed, [f"quote|{zone}|{b}" for b in ("peak", "offpeak")]), np.array([hour]), ((30.0, 1.0),))[:, 0]
    peak = profile("peak", day, QUARTER) > 0
    level = float(np.abs(expected).mean())
    made = expected + (0.8 + 0.02 * level) * np.where(peak, errors[0], errors[1])
    found: list[tuple[Block, float, float]] = []
    blocks: tuple[Block, ...] = ("base", "offpeak", "peak")
    for block in blocks:
        delivers = profile(block, day, QUARTER) > 0
        if delivers.any():
            mid = float(np.clip(made[delivers].mean() + PREMIUM_EUR_MWH[block], DAY_AHEAD_MIN, DAY_AHEAD_MAX))
            spread = (0.15 if block == "base" else 0.25) + 0.003 * abs(mid)
            found.append((block, round(mid, 2), round(spread, 2)))
    return found
