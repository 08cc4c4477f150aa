"""The backtest as a plain loop over plain numbers: the oracle of the engine's tests.

What belongs here: the same contract as `engine.run`, written anew from its text. What does not:
speed, or anything of the engine's code.
"""

import math


def order_cost(costs, volume, price):
    """EUR of an order, from the text of TradingCosts."""
    q = abs(volume)
    if q == 0:
        return 0.0
    total = q * (costs.half_spread_eur_mwh + costs.exchange_fee_eur_mwh + costs.clearing_fee_eur_mwh + costs.regulatory_fee_eur_mwh)
    if costs.daily_volume_mwh is not None:
        total += costs.impact_eur_mwh * (q / costs.daily_volume_mwh) ** costs.impact_exponent * q
        if costs.large_order_share is not None:
            total += max(0.0, q - costs.large_order_share * costs.daily_volume_mwh) * costs.large_order_eur_mwh
    total += max(costs.commission_minimum_eur, costs.commission_fixed_eur + costs.commission_eur_mwh * q)
    total += costs.value_share * abs(price * q)
    left, begin = q, 0.0
    for tier in costs.tiers:
        width = math.inf if tier.up_to_mwh is None else tier.up_to_mwh - begin
        part = min(left, width)
        total += part * tier.eur_mwh
        left -= part
        begin += width
    return total


def loop(bars, known_us, targets, terms):
    """List of (position, traded, gross, cost) by bar."""
    rows = []
    position, cash_flow, last_price = 0.0, terms.capital_eur, None
    for t in range(len(bars.price_eur_mwh)):
        # The newest decision among those known by this bar's gate that says anything at all.
        order = None
        for moment, wish in zip(known_us, targets, strict=True):
            if moment <= bars.gate_us[t] and not math.isnan(wish):
                order = wish
        price = float(bars.price_eur_mwh[t])
        gross = cost = traded = 0.0
        if not math.isnan(price):
            if position:
                gross = position * (price - last_price)
            last_price = price
            cash_flow += gross
            goal = position if order is None else order
            most = terms.limit_mwh
            goal = max(-most, min(most, goal))
            if terms.margin_eur_mwh:
                most = max(cash_flow, 0.0) / terms.margin_eur_mwh
                goal = max(-most, min(most, goal))
            traded = goal - position
            if bars.volume_mwh is not None and abs(traded) > bars.volume_mwh[t]:
                traded = math.copysign(bars.volume_mwh[t], traded)
                position += traded
            else:
                position = goal
            cost = order_cost(terms.costs, traded, price)
            cash_flow -= cost
        after_trade = position
        final = t + 1 == len(bars.price_eur_mwh)
        ends = final or (bars.contract is not None and bars.contract[t + 1] != bars.contract[t])
        settles = bars.settlement_eur_mwh is not None and not math.isnan(bars.settlement_eur_mwh[t])
        if ends and settles:
            won = position * (bars.settlement_eur_mwh[t] - (last_price or 0.0)) if position else 0.0
            charge = abs(position) * terms.costs.closing_eur_mwh
            gross, cost, cash_flow, position = gross + won, cost + charge, cash_flow + won - charge, 0.0
        elif ends and not final:
            position = 0.0
        rows.append((after_trade, traded, gross, cost))
    return rows
