"""What an order costs, in EUR, per EUR/MWh and MWh.

What belongs here: cost of an order and its parts, of a round trip, of delay and of what was not
filled; calibration from execution records. What does not: when an order is placed (`engine`)
or how a large one is cut up (`execution`).

Every part grows with the volume; at Q = 0 nothing is due. Percentages of value are kept for
brokers that charge them: they are taken of |P|, and are nothing where the price is zero.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from energy_pipeline.domain.delivery import FloatArray


@dataclass(frozen=True)
class Tier:
    """A rate for the part of an order up to a volume; the last tier has no end (None)."""

    up_to_mwh: float | None = None
    eur_mwh: float = 0.0


@dataclass(frozen=True)
class Costs:
    """What an order of Q MWh at price P costs, all of it in EUR.

    Cost = Q (half_spread + fees) + Q k (Q / ADV)^gamma + max(minimum, fixed + per MWh x Q)
    + share x |P| Q + marginal tiers + surcharge on what exceeds a share of ADV.

    Attributes
    ----------
    impact_eur_mwh, impact_exponent : float
        k and gamma.
    daily_volume_mwh : float or None
        ADV: what the market trades a day; None knows no impact.
    value_share : float
        Of |price x volume|.
    tiers : tuple of Tier
        Rising in volume; each part of the order pays its own rate.
    large_order_share : float or None
        Share of ADV above which `large_order_eur_mwh` is due.
    closing_eur_mwh : float
        What every MWh pays that is held to delivery.
    """

    half_spread_eur_mwh: float = 0.0
    impact_eur_mwh: float = 0.0
    impact_exponent: float = 0.5
    daily_volume_mwh: float | None = None
    commission_fixed_eur: float = 0.0
    commission_eur_mwh: float = 0.0
    commission_minimum_eur: float = 0.0
    value_share: float = 0.0
    exchange_fee_eur_mwh: float = 0.0
    clearing_fee_eur_mwh: float = 0.0
    regulatory_fee_eur_mwh: float = 0.0
    tiers: tuple[Tier, ...] = ()
    large_order_share: float | None = None
    large_order_eur_mwh: float = 0.0
    closing_eur_mwh: float = 0.0


NO_COSTS = Costs()


@dataclass(frozen=True)
class OrderCost:
    """Parts of the cost of orders [EUR], each of the shape of the volumes."""

    spread_eur: FloatArray
    impact_eur: FloatArray
    commission_eur: FloatArray
    fees_eur: FloatArray

    @property
    def total_eur(self) -> FloatArray:
        """Their sum."""
        return self.spread_eur + self.impact_eur + self.commission_eur + self.fees_eur


def order_cost(costs: Costs, volume_mwh: FloatArray | float, price_eur_mwh: FloatArray | float = 0.0) -> OrderCost:
    """Cost of orders of |volume| MWh at a price.

    Examples
    --------
    >>> order_cost(Costs(half_spread_eur_mwh=0.2, clearing_fee_eur_mwh=0.05), -10.0, -30.0).total_eur.item()
    2.5
    """
    q, p = np.broadcast_arrays(np.abs(np.asarray(volume_mwh, dtype=np.float64)), np.asarray(price_eur_mwh, dtype=np.float64))
    impact = np.zeros(q.shape)
    if costs.daily_volume_mwh is not None:
        impact = q * costs.impact_eur_mwh * (q / costs.daily_volume_mwh) ** costs.impact_exponent
        if costs.large_order_share is not None:
            impact = impact + costs.large_order_eur_mwh * np.maximum(q - costs.large_order_share * costs.daily_volume_mwh, 0.0)
    plain = np.maximum(costs.commission_minimum_eur, costs.commission_fixed_eur + costs.commission_eur_mwh * q)
    commission = np.where(q > 0, plain, 0.0) + costs.value_share * np.abs(p) * q + tiered_eur(costs, q)
    fees = costs.exchange_fee_eur_mwh + costs.clearing_fee_eur_mwh + costs.regulatory_fee_eur_mwh
    return OrderCost(costs.half_spread_eur_mwh * q, impact, commission, fees * q)


def tiered_eur(costs: Costs, volume_mwh: FloatArray) -> FloatArray:
    """Marginal tiers: the part of the volume in a tier pays that tier's rate.

    >>> c = Costs(tiers=(Tier(100, 0.1), Tier(None, 0.05)))
    >>> tiered_eur(c, np.array([100.0, 101.0])).tolist()
    [10.0, 10.05]
    """
    total, begin = np.zeros(np.shape(volume_mwh)), 0.0
    for tier in costs.tiers:
        end = np.inf if tier.up_to_mwh is None else tier.up_to_mwh
        total = total + tier.eur_mwh * np.clip(volume_mwh - begin, 0.0, end - begin)
        begin = end
    return total


def break_even_eur_mwh(costs: Costs, volume_mwh: float, price_eur_mwh: float = 0.0) -> float:
    """Price move that pays a round trip: its cost over the volume [EUR/MWh]."""
    return round_trip_eur(costs, volume_mwh, price_eur_mwh, price_eur_mwh) / abs(volume_mwh)


def round_trip_eur(costs: Costs, volume_mwh: float, entry_eur_mwh: float, exit_eur_mwh: float) -> float:
    """Cost of opening and closing a position [EUR]."""
    return float(order_cost(costs, volume_mwh, entry_eur_mwh).total_eur + order_cost(costs, volume_mwh, exit_eur_mwh).total_eur)


def realised_slippage_eur_mwh(executed_eur_mwh: FloatArray, signal_eur_mwh: FloatArray, volume_mwh: FloatArray) -> FloatArray:
    """How much worse than the signal's price an order was filled; positive is a loss, for buys and sells alike."""
    return (executed_eur_mwh - signal_eur_mwh) * np.sign(volume_mwh)


def delay_eur(volume_mwh: float, price_eur_mwh: float, later_eur_mwh: float) -> float:
    """What waiting cost: Q (later - now); positive is a loss for a buyer (Q > 0) in a rising market.

    >>> delay_eur(-10.0, 50.0, 48.0)
    20.0
    """
    return volume_mwh * (later_eur_mwh - price_eur_mwh)


def missed_eur(volume_mwh: float, filled_share: float, limit_eur_mwh: float, later_eur_mwh: float) -> float:
    """What the unfilled part of an order would have gained: (1 - f) Q (later - limit)."""
    return (1.0 - filled_share) * volume_mwh * (later_eur_mwh - limit_eur_mwh)


def calibrated(
    costs: Costs,
    volume_mwh: FloatArray,
    daily_volume_mwh: FloatArray,
    signal_eur_mwh: FloatArray,
    executed_eur_mwh: FloatArray,
    minimum_records: int = 30,
) -> Costs:
    """Half-spread, k and gamma from execution records; the desk's own figures when there are fewer than `minimum_records`.

    Realised slippage is fitted by half_spread + k (Q / ADV)^gamma, both not negative, gamma on
    a grid of 0.3, 0.35 .. 1.2.

    Parameters
    ----------
    volume_mwh : array
        Signed: bought is positive.
    daily_volume_mwh : array
        What the market traded on each order's day.
    """
    from scipy.optimize import nnls

    volume = np.asarray(volume_mwh, dtype=np.float64)
    if volume.size < minimum_records:
        return costs
    paid, share = realised_slippage_eur_mwh(executed_eur_mwh, signal_eur_mwh, volume), np.abs(volume) / daily_volume_mwh
    fits = []
    for gamma in np.arange(30, 121, 5) / 100.0:
        weights, error = nnls(np.column_stack([np.ones(share.size), share**gamma]), paid)
        fits.append((float(error), float(gamma), weights))
    _, gamma, weights = min(fits, key=lambda f: f[0])
    return replace(
        costs,
        half_spread_eur_mwh=float(weights[0]),
        impact_eur_mwh=float(weights[1]),
        impact_exponent=gamma,
        daily_volume_mwh=float(np.mean(daily_volume_mwh)),
    )
