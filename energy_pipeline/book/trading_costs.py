"""What trading a deviation costs by the desk's `trading_costs`: exactly, and as the day's programme can hold it.

What belongs here: the desk file's costs as numbers, the cost of a decided deviation, its convex form. What does not: the formulas
(`mathematics.backtester.costs`), the imbalance fee, which hangs on what comes (`pnl`).

Only s - E[g | gate] is charged: what every book sells of its expected output costs the same whatever is decided.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from energy_pipeline.desk import Desk
from energy_pipeline.desk.strategies import TradingCosts
from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.mathematics.backtester.costs import Costs, Tier, order_cost, tiered_eur

NO_TRADE_MW = 1e-6
"""A deviation this small is the solver's rounding: no order, so no commission."""


def as_numbers(costs: TradingCosts) -> Costs:
    """The desk file's costs as the backtester takes them."""
    names = [name for name in Costs.__dataclass_fields__ if name not in ("tiers", "closing_eur_mwh")]
    tiers = tuple(Tier(t.up_to_mwh, t.eur_mwh) for t in costs.tiers)
    return Costs(**{name: getattr(costs, name) for name in names}, tiers=tiers, closing_eur_mwh=costs.closing_eur_mwh)


def deviation_cost_eur(desk: Desk, zone: str, deviation_mw: FloatArray, hours: float, price_eur_mwh: FloatArray) -> FloatArray:
    """Cost of each interval's deviation as an order of its own, held to delivery [EUR], shape (intervals,).

    Parameters
    ----------
    price_eur_mwh : array, shape (intervals,)
        The published forecast; shares of value are taken of it.
    """
    terms = desk.trading_costs.get(zone)
    if terms is None:
        return np.zeros(deviation_mw.shape)
    costs, mwh = as_numbers(terms), hours * np.where(np.abs(deviation_mw) > NO_TRADE_MW, np.abs(deviation_mw), 0.0)
    return order_cost(costs, mwh, np.nan_to_num(price_eur_mwh)).total_eur + costs.closing_eur_mwh * mwh


@dataclass(frozen=True)
class Charge:
    """Convex cost of deviations of one sign each: rate q + k q (q / ADV)^gamma + sum of hinges, q = hours x |MW|.

    Commissions by order and tiers that fall are not convex: the steepest line below them over the box stands for them, so the charge is
    never more than the cost.

    Attributes
    ----------
    way, hours, rate, impact, exponent, daily_mwh : arrays, shape (deviations,)
        Sign of the box; [h]; [EUR/MWh]; k [EUR/MWh]; gamma; ADV [MWh].
    begins, extra : arrays, shape (deviations, hinges)
        [MWh] from which [EUR/MWh] more are due.
    """

    way: FloatArray
    hours: FloatArray
    rate: FloatArray
    impact: FloatArray
    exponent: FloatArray
    daily_mwh: FloatArray
    begins: FloatArray
    extra: FloatArray

    def value_eur(self, deviation_mw: FloatArray) -> FloatArray:
        """Cost of each deviation [EUR], shape (deviations,)."""
        q = self.hours * np.abs(deviation_mw)
        hinged: FloatArray = (self.extra * np.maximum(q[:, None] - self.begins, 0.0)).sum(axis=1)
        result: FloatArray = q * (self.rate + self.impact * (q / self.daily_mwh) ** self.exponent) + hinged
        return result

    def slope_eur_mw(self, deviation_mw: FloatArray) -> FloatArray:
        """Its slope in the deviation [EUR/MW], shape (deviations,)."""
        q = self.hours * np.abs(deviation_mw)
        rate = self.rate + self.impact * (1.0 + self.exponent) * (q / self.daily_mwh) ** self.exponent
        result: FloatArray = self.way * self.hours * (rate + (self.extra * (q[:, None] > self.begins)).sum(axis=1))
        return result


def charge_of(desk: Desk, zone: str, most_mw: FloatArray, hours: float, price_eur_mwh: FloatArray) -> Charge:
    """The charge of a zone's deviations.

    Parameters
    ----------
    most_mw : array, shape (deviations,)
        The side of each box that is not 0.
    price_eur_mwh : array, shape (deviations,)
        The published forecast.
    """
    terms, n = desk.trading_costs.get(zone, TradingCosts()), most_mw.size
    costs, most = as_numbers(terms), hours * np.abs(most_mw)
    rates = [t.eur_mwh for t in costs.tiers]
    rising = rates == sorted(rates) and bool(costs.tiers) and costs.tiers[-1].up_to_mwh is None
    hinges = [(t.up_to_mwh, b - a) for t, a, b in zip(costs.tiers, rates, rates[1:], strict=False)] if rising else []
    if costs.large_order_share is not None and costs.daily_volume_mwh is not None:
        hinges.append((costs.large_order_share * costs.daily_volume_mwh, costs.large_order_eur_mwh))
    fees = costs.half_spread_eur_mwh + costs.exchange_fee_eur_mwh + costs.clearing_fee_eur_mwh + costs.regulatory_fee_eur_mwh
    rate = fees + costs.closing_eur_mwh + costs.value_share * np.abs(price_eur_mwh) + _line_below(costs, most, with_tiers=not rising)
    return Charge(
        way=np.sign(most_mw),
        hours=np.full(n, hours),
        rate=rate + (rates[0] if rising else 0.0),
        impact=np.full(n, costs.impact_eur_mwh if costs.daily_volume_mwh is not None else 0.0),
        exponent=np.full(n, costs.impact_exponent),
        daily_mwh=np.full(n, costs.daily_volume_mwh or 1.0),
        begins=np.tile(np.array([h[0] for h in hinges], dtype=np.float64), (n, 1)),
        extra=np.tile(np.array([h[1] for h in hinges], dtype=np.float64), (n, 1)),
    )


def _line_below(costs: Costs, most_mwh: FloatArray, *, with_tiers: bool) -> FloatArray:
    """Rate of the steepest line through 0 below commissions (and tiers) up to the box's end [EUR/MWh], shape (deviations,)."""
    bends = [t.up_to_mwh for t in costs.tiers if t.up_to_mwh is not None]
    if costs.commission_eur_mwh > 0:
        bends.append(max(costs.commission_minimum_eur - costs.commission_fixed_eur, 0.0) / costs.commission_eur_mwh)
    # Between bends the cost is linear, so the line is steepest where it touches at a bend or the end.
    volumes = np.minimum(np.array([*bends, np.inf]), most_mwh[:, None])
    volumes = np.where(volumes > 0, volumes, most_mwh[:, None])
    due = np.maximum(costs.commission_minimum_eur, costs.commission_fixed_eur + costs.commission_eur_mwh * volumes)
    due = due + tiered_eur(costs, volumes) if with_tiers else due
    return np.asarray((due / np.where(volumes > 0, volumes, 1.0)).min(axis=1))


def charge_of_zones(desk: Desk, zones: Mapping[str, tuple[FloatArray, float, FloatArray]]) -> Charge | None:
    """The charges of several zones as one, in their order; None where nobody pays any.

    Parameters
    ----------
    zones : mapping of zone to (most_mw, hours, price_eur_mwh) of `charge_of`
    """
    if not any(zone in desk.trading_costs and given[0].size for zone, given in zones.items()):
        return None
    charges = [charge_of(desk, zone, *given) for zone, given in zones.items()]
    width = max(c.begins.shape[1] for c in charges)

    def padded(values: FloatArray) -> FloatArray:
        return np.pad(values, ((0, 0), (0, width - values.shape[1])))

    flat = {name: np.concatenate([getattr(c, name) for c in charges]) for name in Charge.__dataclass_fields__ if name not in ("begins", "extra")}
    return Charge(**flat, begins=np.concatenate([padded(c.begins) for c in charges]), extra=np.concatenate([padded(c.extra) for c in charges]))
