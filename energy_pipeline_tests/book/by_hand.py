"""The day's P&L and its best decision, written out by hand for the tests of portfolio and risk.

What belongs here: a second solution that shares no code with the package's kernel or
programme. What does not: tests, or the inputs (`small_desk`).
"""

import numpy as np
import polars as pl
import scipy.sparse as sp
from scipy.optimize import linprog

from energy_pipeline.book.positions import Book
from energy_pipeline.domain.blocks import profile
from energy_pipeline_tests.portfolio.small_desk import Day


def sold(book: Book, zone: str) -> np.ndarray:
    rows = book.positions.filter(pl.col("zone") == zone, pl.col("instrument") == "day_ahead").sort("delivery_start")
    return -rows["position_mw"].to_numpy()


def pnl_of(day: Day, book: Book, *, proxies_at_quotes: bool = False) -> np.ndarray:
    """P&L per scenario from the decided rows, written out without the kernel; proxies earn nothing on average, or what their quotes say."""
    draws, hours = day.draw(), day.minutes("NORTH") / 60
    P, R = draws[("day_ahead_price", "NORTH")], draws.get(("second_price", "NORTH"), draws[("day_ahead_price", "NORTH")])
    g, s = draws[("plant_output", "wind")] + day.dispatch["net_mw"].to_numpy(), sold(book, "NORTH")
    total = hours * (P * s + R * (g - s) - 1.5 * np.abs(g - s)).sum(axis=1) - 4.0 * hours * day.dispatch["discharge_mw"].sum()
    P2, g2, s2 = draws[("day_ahead_price", "SOUTH")], draws[("plant_output", "share")], sold(book, "SOUTH")
    total += (P2 * g2 - 2.0 * np.abs(g2 - s2)).sum(axis=1)
    quotes = {"NORTH": (day.price_level + 1, 0.4, False), "SOUTH": (day.price_level + day.peak_premium, 0.3, day.peak_is_proxy)}
    held_is_proxy = any(o.is_proxy for o in day.desk.opening_book)
    for zone, block, price, minutes in (("NORTH", "base", P, day.minutes("NORTH")), ("SOUTH", "peak", P2, 60)):
        rows = book.positions.filter(pl.col("zone") == zone, pl.col("instrument") == block)
        if rows.height:
            on = profile(block, day.delivery, minutes) * minutes / 60
            opening, trade = rows["opening_mw"][0], rows["traded_mw"][0]
            quote, half_spread, is_proxy = quotes[zone]
            fair = (price @ on).mean() / on.sum()
            held_at = fair if held_is_proxy and not proxies_at_quotes else 70.0
            done_at = fair if is_proxy and not proxies_at_quotes else quote
            total += opening * (price - held_at) @ on + trade * (price - done_at) @ on - half_spread * abs(trade) * on.sum()
    return total


def mean_fee(day: Day, book: Book) -> float:
    """Mean imbalance fee of NORTH, where sales may deviate [EUR]."""
    g = day.draw()[("plant_output", "wind")] + day.dispatch["net_mw"].to_numpy()
    return float(1.5 * day.minutes("NORTH") / 60 * np.abs(g - sold(book, "NORTH")).sum(axis=1).mean())


def shortfall(day: Day, book: Book) -> float:
    """Expected shortfall against the mean day at the limit's level [EUR]."""
    pnl = np.sort(pnl_of(day, book))
    mass = (1 - day.desk.limits.es_level) * pnl.size
    whole = int(mass)
    return float(pnl.mean() - (pnl[:whole].sum() + (mass - whole) * pnl[whole]) / mass)


def independent_optimum(day: Day, *, least_shortfall: bool = False) -> float:  # noqa: PLR0915 - one programme, written out from top to bottom
    """The same decision written out in full: absolute sales, every |g - s| a variable, no tangents (EUR, MW).

    Gives the best E[P&L] - lambda CVaR under the limits, or with `least_shortfall` the smallest
    shortfall against the mean day that the limits in MW allow, whatever es_eur says.

    Variables: s (NORTH), w base, w peak, size of each trade, size of each position, z[i, t], a, u[i], b, v[i].
    """
    desk, draws = day.desk, day.draw()
    n, hours = day.paths, day.minutes("NORTH") / 60
    t = day.delivery.count(day.minutes("NORTH"))
    net = {"NORTH": day.dispatch["net_mw"].to_numpy(), "SOUTH": np.zeros(day.delivery.count(60))}
    P, R = draws[("day_ahead_price", "NORTH")], draws[("second_price", "NORTH")]
    g = draws[("plant_output", "wind")] + net["NORTH"]
    E = day.expected("wind") + net["NORTH"]
    wanted, limit = -day.target_mw, desk.limits.day_ahead_deviation_mw["NORTH"]
    low, high = max(min(0, wanted), -limit), min(max(0, wanted), limit)
    south_P, south_g = draws[("day_ahead_price", "SOUTH")], draws[("plant_output", "share")]
    fixed = (south_P * south_g - 2.0 * np.abs(south_g - day.expected("share"))).sum(axis=1)
    fixed -= 4.0 * hours * day.dispatch["discharge_mw"].sum()
    base_P = (hours * P).sum(axis=1)
    peak_P = south_P @ profile("peak", day.delivery, 60)
    base_h, peak_h = hours * t, profile("peak", day.delivery, 60).sum()
    base_q = day.price_level + 1
    peak_q = day.price_level + day.peak_premium
    if day.peak_is_proxy and peak_h:
        peak_q = peak_P.mean() / peak_h  # nobody gains on a proxy on average
    held_at = base_P.mean() / base_h if desk.opening_book[0].is_proxy else 70.0
    fixed += -10 * (base_P - held_at * base_h) + 10 * (base_P - base_q * base_h)  # the opening, then w counts from a flat book at the quote

    count = t + 6 + n * t + 2 * (1 + n)
    zs, a, b = t + 6, t + 6 + n * t, t + 7 + n * t + n
    pnl = sp.lil_array((n, count))
    pnl[:, :t] = hours * (P - R)
    pnl[:, t] = base_P - base_q * base_h
    pnl[:, t + 1] = peak_P - peak_q * peak_h
    pnl[:, t + 2], pnl[:, t + 3] = -0.4 * base_h, -0.3 * peak_h
    free_of_fees = pnl.tocsr()
    for i in range(n):
        pnl[i, zs + i * t : zs + (i + 1) * t] = -1.5 * hours
    pnl = pnl.tocsr()  # type: ignore[assignment]
    constant = (hours * R * g).sum(axis=1) + fixed

    rows, bounds_ub = [], []

    def at_most(matrix, bound):
        rows.append(sp.csr_array(matrix))
        bounds_ub.append(np.atleast_1d(bound))

    pick_s = sp.hstack([sp.eye_array(t), sp.csr_array((t, count - t))])
    all_s = sp.vstack([pick_s] * n)
    z = sp.hstack([sp.csr_array((n * t, zs)), sp.eye_array(n * t), sp.csr_array((n * t, count - zs - n * t))])
    at_most(all_s - z, g.ravel())
    at_most(-all_s - z, -g.ravel())
    for index, opening in ((t, -10.0), (t + 1, 0.0)):
        for sign in (1.0, -1.0):
            trade, size = np.zeros((1, count)), np.zeros((1, count))
            trade[0, index], trade[0, index + 2] = sign, -1
            size[0, index], size[0, index + 4] = sign, -1
            at_most(trade, sign * opening)
            at_most(size, 0.0)
    gross = np.zeros((1, count))
    gross[0, t + 4 : t + 6] = 1
    at_most(gross, desk.limits.gross_contracts_mw)
    for first, level in ((a, desk.portfolio.confidence), (b, desk.limits.es_level)):
        beyond = sp.lil_array((n, count))
        beyond[:, first] = -1.0
        beyond[np.arange(n), first + 1 + np.arange(n)] = -1.0
        at_most(beyond.tocsr() - pnl, constant)
        if first == b:
            es = np.asarray(free_of_fees.mean(axis=0)).reshape(1, -1)  # losses count from the mean day, taken before these fees
            es[0, b], es[0, b + 1 :] = 1, 1 / ((1 - level) * n)
            if not least_shortfall:
                at_most(es, desk.limits.es_eur - constant.mean())
    cost = -np.asarray(pnl.mean(axis=0)).ravel()
    cost[a] += desk.portfolio.risk_aversion
    cost[a + 1 : a + 1 + n] += desk.portfolio.risk_aversion / ((1 - desk.portfolio.confidence) * n)
    if least_shortfall:
        cost = es.ravel()
    bounds = [(e + low, e + high) for e in E] + [(-35, 15), (-15, 15)] + [(0, 25), (0, 15), (0, None), (0, None)]
    bounds += [(0, None)] * (n * t) + [(None, None), *[(0, None)] * n] * 2
    found = linprog(cost, A_ub=sp.vstack(rows).tocsr(), b_ub=np.concatenate(bounds_ub), bounds=bounds, method="highs")  # type: ignore[call-overload]
    assert found.status == 0, found.message
    return constant.mean() + (found.fun if least_shortfall else -found.fun)
