"""Compiled loops of the backtester.

What belongs here: the accounting of one path bar by bar, and the sweep of threshold rules over
many parameter sets. What does not: checks of the inputs and what they mean (`engine`).

Both loops share the cost of an order; the tests hold the path against a plain Python loop and
the sweep against the path.
"""
# ruff: noqa: ANN001, ANN201, ANN202, C901 - compiled functions carry no annotations; one loop is one function
# mypy: allow-untyped-defs, allow-untyped-calls

from __future__ import annotations

import math

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.mathematics.backtester.costs import Costs
from energy_pipeline.mathematics.compilation import kernel, part

PER_MWH, VALUE_SHARE, IMPACT, EXPONENT, VOLUME, FIXED, COMMISSION, MINIMUM, LARGE, SURCHARGE, CLOSING = range(11)
"""Places in the array of cost terms."""
FEATURE, DIRECTION, ENTRY, EXIT, STOP, SIZE, SCALE = range(7)
"""Places in a row of rules."""
NET, SQUARES, GROSS, COST, TRADED, ORDERS, HELD, DRAWDOWN = range(8)
"""Places in a row of results."""


@part
def _order_cost(q, price, terms, tiers):
    """Cost of an order of q >= 0 MWh [EUR]."""
    if q <= 0.0:
        return 0.0
    cost = q * (terms[0] + terms[1] * abs(price))
    if terms[2] > 0.0:
        cost += q * terms[2] * (q / terms[4]) ** terms[3]
    cost += max(terms[7], terms[5] + terms[6] * q)
    if q > terms[8]:
        cost += (q - terms[8]) * terms[9]
    begin = 0.0
    for i in range(tiers.shape[0]):
        if q > begin:
            cost += (min(q, tiers[i, 0]) - begin) * tiers[i, 1]
        begin = tiers[i, 0]
    return cost


@kernel(
    lambda t: (
        t.reads(1),
        t.reads(1, "boolean"),
        t.reads(1),
        t.reads(1),
        t.reads(1, "int64"),
        t.reads(1),
        t.reads(1),
        t.reads(1),
        t.reads(2),
        t.writes(2),
    ),
    division="ieee",
)
def one_path(price, last_bar, settlement, volume, source, targets, limits, terms, tiers, out):
    """One set of targets through all bars; rows of out: position, traded, gross, cost, delivered."""
    most, capital, margin = limits[0], limits[1], limits[2]
    position, mark, equity = 0.0, 0.0, capital
    for t in range(price.size):
        gross, cost, traded, p = 0.0, 0.0, 0.0, price[t]
        want = targets[source[t]] if source[t] >= 0 else math.nan
        if not math.isnan(p):
            if position != 0.0:
                gross = position * (p - mark)
                equity += gross
            mark = p
            aim = position if math.isnan(want) else want
            aim = min(most, max(-most, aim))
            if margin > 0.0:
                room = max(0.0, equity) / margin
                aim = min(room, max(-room, aim))
            traded = aim - position
            if abs(traded) > volume[t]:
                traded = math.copysign(volume[t], traded)
                aim = position + traded
            if traded != 0.0:
                cost = _order_cost(abs(traded), p, terms, tiers)
                position = aim  # not position + traded: rounding would leave crumbs to trade, at a fee
                equity -= cost
        out[0, t], out[1, t], out[4, t] = position, traded, 0.0
        if last_bar[t]:
            if not math.isnan(settlement[t]):
                settled = position * (settlement[t] - mark)
                gross += settled
                fee = abs(position) * terms[10]
                cost += fee
                equity += settled - fee
                out[4, t] = position
                position = 0.0
            elif t + 1 < price.size:
                # A contract without a settlement price ends at its last price.
                out[4, t] = position
                position = 0.0
        out[2, t], out[3, t] = gross, cost


@part
def _next_side(z, side, blocked, entry, leave, stop):
    """Side (sign of z at entry) and blocked side after a new value of z."""
    if math.isnan(z):
        return side, blocked
    if side != 0.0:
        out = side * z
        if out >= stop:
            return 0.0, side
        if out > leave:
            return side, 0.0
        side = 0.0
    if blocked != 0.0 and blocked * z <= leave:
        blocked = 0.0
    if z >= entry and z < stop and blocked != 1.0:
        side = 1.0
    elif z <= -entry and z > -stop and blocked != -1.0:
        side = -1.0
    return side, blocked


@kernel(lambda t: (t.reads(1), t.reads(1), t.number, t.writes(1)), division="ieee")
def rule_states(z, rule, limit, out):
    """Target of a threshold rule after each value of its feature [MWh]."""
    side, blocked, target = 0.0, 0.0, 0.0
    for t in range(z.size):
        before = side
        side, blocked = _next_side(z[t], side, blocked, rule[ENTRY], rule[EXIT], rule[STOP])
        if side != before:
            size = rule[SCALE] * abs(z[t]) if rule[SCALE] > 0.0 else rule[SIZE]
            target = rule[DIRECTION] * side * min(limit, size) + 0.0
        out[t] = target


@part
def _advance(sums, day, at, bar, position, last, day_of, day_end):
    """Account for a position held from bar `at` to `bar`, closing the periods between.

    Sums: net, squares, gross, cost, peak, fall, and of the open period gross and cost. They travel
    as a tuple, so that they stay in registers.
    """
    net, squares, gross, cost, peak, fall, open_gross, open_cost = sums
    wanted = day_of[bar]
    while day < wanted:
        end = day_end[day] - 1
        open_gross += position * (last[end] - last[at])
        result = open_gross - open_cost
        net += result
        squares += result * result
        gross += open_gross
        cost += open_cost
        peak = max(peak, net)
        fall = max(fall, peak - net)
        open_gross, open_cost = 0.0, 0.0
        at, day = end, day + 1
        if position == 0.0:
            at, day = day_end[wanted - 1] - 1, wanted
    open_gross += position * (last[bar] - last[at])
    return net, squares, gross, cost, peak, fall, open_gross, open_cost


@kernel(
    lambda t: (
        t.reads(1),
        t.reads(1, "int64"),
        t.reads(1, "int64"),
        t.reads(1, "int64"),
        t.reads(2),
        t.reads(2),
        t.reads(1),
        t.reads(2),
        t.number,
        t.writes(2),
    ),
    division="ieee",
)
def sweep_rules(last, fill, day_of, day_end, features, rules, terms, tiers, limit, out):
    """Threshold rules, set by set.

    Between two values of the feature that change something a position is one number and its P&L
    a difference of prices: only those values cost time.
    """
    n = last.size
    for s in range(rules.shape[0]):
        z = features[int(rules[s, FEATURE])]
        direction, entry, leave, stop = rules[s, DIRECTION], rules[s, ENTRY], rules[s, EXIT], rules[s, STOP]
        size, scale = rules[s, SIZE], rules[s, SCALE]
        position, target, side, blocked = 0.0, 0.0, 0.0, 0.0
        sums = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
        traded, orders, held, day, at, since = 0.0, 0, 0, 0, 0, 0
        k, due, wish = 0, -1, 0.0
        low, high = -entry, entry
        while True:
            # Values strictly between low and high change nothing.
            while k < n and low < z[k] < high:
                k += 1
            final = k == n or fill[k] == n
            if not final:
                before = side
                side, blocked = _next_side(z[k], side, blocked, entry, leave, stop)
                if side == before:
                    if side == 0.0 and blocked == 0.0:
                        low, high = -entry, entry
                    k += 1
                    continue
                wish = direction * side * min(limit, scale * abs(z[k]) if scale > 0.0 else size) + 0.0
                # Blocked: each value may lift it, so none is skipped.
                low = leave if side > 0.0 else -stop if side < 0.0 else math.inf if blocked != 0.0 else -entry
                high = stop if side > 0.0 else -leave if side < 0.0 else entry
            if due >= 0 and target != position and (final or fill[k] != due):
                sums = _advance(sums, day, at, due, position, last, day_of, day_end)
                day, at = day_of[due], due
                q = abs(target - position)
                fee = _order_cost(q, last[due], terms, tiers)
                sums = (sums[0], sums[1], sums[2], sums[3], sums[4], sums[5], sums[6], sums[7] + fee)
                traded += q
                orders += 1
                held += due - since if position != 0.0 else 0
                since, position = due, target
            if final:
                break
            due, target = fill[k], wish
            k += 1
        if n > 0:
            sums = _advance(sums, day, at, n - 1, position, last, day_of, day_end)
        result = sums[6] - sums[7]
        net, peak = sums[0] + result, max(sums[4], sums[0] + result)
        held += n - since if position != 0.0 else 0
        out[s, NET], out[s, SQUARES], out[s, GROSS], out[s, COST] = net, sums[1] + result * result, sums[2] + sums[6], sums[3] + sums[7]
        out[s, TRADED], out[s, ORDERS], out[s, HELD], out[s, DRAWDOWN] = traded, orders, held, max(sums[5], peak - net)


@kernel(
    lambda t: (
        t.reads(1),
        t.reads(1),
        t.reads(1, "boolean"),
        t.reads(1),
        t.reads(1, "boolean"),
        t.reads(1, "int64"),
        t.reads(2),
        t.reads(1, "int64"),
        t.reads(2),
        t.reads(1),
        t.reads(2),
        t.number,
        t.writes(2),
    ),
    division="ieee",
)
def sweep_contracts(price, mark, open_, settled, last_bar, source, features, period, rules, terms, tiers, limit, out):
    """The same bar by bar, for instruments whose contracts end and begin anew."""
    for s in range(rules.shape[0]):
        z = features[int(rules[s, FEATURE])]
        direction, entry, leave, stop = rules[s, DIRECTION], rules[s, ENTRY], rules[s, EXIT], rules[s, STOP]
        size, scale = rules[s, SIZE], rules[s, SCALE]
        position, target, side, blocked = 0.0, 0.0, 0.0, 0.0
        total, squares, gross, costs, traded, orders, held, peak, fall = 0.0, 0.0, 0.0, 0.0, 0.0, 0, 0, 0.0, 0.0
        k = 0
        for d in range(period.size - 1):
            day_gross, day_cost = 0.0, 0.0
            for t in range(period[d], period[d + 1]):
                day_gross += position * mark[t]
                while k <= source[t]:
                    zk = z[k]
                    # Most values change nothing: test that first.
                    if (side == 0.0 and blocked == 0.0 and abs(zk) < entry) or (side != 0.0 and leave < side * zk < stop):
                        k += 1
                        continue
                    before = side
                    side, blocked = _next_side(zk, side, blocked, entry, leave, stop)
                    if side != before:
                        target = direction * side * min(limit, scale * abs(zk) if scale > 0.0 else size) + 0.0
                    k += 1
                if target != position and open_[t]:
                    q = abs(target - position)
                    day_cost += _order_cost(q, price[t], terms, tiers)
                    traded += q
                    orders += 1
                    position = target
                if position != 0.0:
                    held += 1
                if last_bar[t]:
                    if not math.isnan(settled[t]):
                        day_gross += position * settled[t]
                        day_cost += abs(position) * terms[CLOSING]
                    position = 0.0
            gross += day_gross
            costs += day_cost
            net = day_gross - day_cost
            total += net
            squares += net * net
            peak = max(peak, total)
            fall = max(fall, peak - total)
        out[s, NET], out[s, SQUARES], out[s, GROSS], out[s, COST] = total, squares, gross, costs
        out[s, TRADED], out[s, ORDERS], out[s, HELD], out[s, DRAWDOWN] = traded, orders, held, fall


def cost_terms(costs: Costs) -> tuple[FloatArray, FloatArray]:
    """Costs as the arrays the loops take: terms, and tiers as (end, rate)."""
    terms = np.zeros(11)
    terms[PER_MWH] = costs.half_spread_eur_mwh + costs.exchange_fee_eur_mwh + costs.clearing_fee_eur_mwh + costs.regulatory_fee_eur_mwh
    terms[VALUE_SHARE], terms[IMPACT], terms[EXPONENT] = costs.value_share, costs.impact_eur_mwh, costs.impact_exponent
    terms[VOLUME] = 1.0 if costs.daily_volume_mwh is None else costs.daily_volume_mwh
    terms[FIXED], terms[COMMISSION], terms[MINIMUM] = costs.commission_fixed_eur, costs.commission_eur_mwh, costs.commission_minimum_eur
    terms[LARGE] = np.inf if costs.large_order_share is None else costs.large_order_share * terms[VOLUME]
    terms[SURCHARGE], terms[CLOSING] = costs.large_order_eur_mwh, costs.closing_eur_mwh
    tiers = [(np.inf if t.up_to_mwh is None else t.up_to_mwh, t.eur_mwh) for t in costs.tiers]
    return terms, np.array(tiers, dtype=np.float64).reshape(-1, 2)
