"""The study of a hedge programme over a real year: chosen on one half of each day's paths, judged on the other, and settled.

What belongs here: the walk over settled days, the year's figures with bootstrap intervals, the page. What does not: the programme of a
desk's day (`portfolio.hedge_programme`), reading files (`real_days`), the book's arithmetic (`book.pnl`).

A path of a day is its forecast plus the errors of price, second price and output together; every second one chooses, the others
judge. Quotes are declared proxies (`ReplayRule`): nobody gave them, so what they would have earned is no result, while what they take off
the risk is: it hangs on a quote's movement and not on its level. Views are sized against the same proxies and told as such.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from energy_pipeline.book.pnl import ZoneBook, zone_legs
from energy_pipeline.desk.hedging import Views
from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.domain.seeds import generator
from energy_pipeline.mathematics.statistics.tail import expected_shortfall
from energy_pipeline.portfolio.hedge_programme import slope_of, trust_of
from energy_pipeline.studies.real_days import GERMAN, price_forecasts, read
from energy_pipeline.studies.replay import ReplayError, ReplayMarket, ReplayRule
from energy_pipeline.studies.settled_days import DE_FIRST, DE_LAST

ES_LEVEL = 0.975
TARGET_RATIO = 0.8
BLOCK_DAYS, DRAWS = 7, 2000
SHARES = {"wind": 0.003, "solar": 0.002}
SIZES = np.linspace(-1.0, 1.0, 81)
"""Sizes of a view that are tried, of its room."""
VIEWS = Views(max_mw=2.0, es_eur=300.0)


@dataclass(frozen=True)
class HedgedDay:
    """One day: what the programme held, was judged by and came to.

    Attributes
    ----------
    ratio : float
        Of the expected output that the programme sold.
    effectiveness : float
        1 - variance with / without, on paths that did not choose it.
    trust, view_mw : float
        k and the view.
    view_es_eur : float
        Expected shortfall at 97.5 % of the contracts less the programme's, which is the view.
    shortfalls : dict
        Settled less expected P&L [EUR]: physical, with the programme, with view too.
    view_eur : float
        Settled P&L of the view, at a proxy quote.
    """

    day: date
    ratio: float
    effectiveness: float
    trust: float
    view_mw: float
    view_es_eur: float
    shortfalls: dict[str, float]
    view_eur: float


def desk_market(data: Path, first: date = date(2016, 9, 1), last: date = DE_LAST) -> ReplayMarket:
    """The German plants of the tests' real desk: 0.3 % of the wind and 0.2 % of the sun, nominated at the operators' forecasts."""
    names = {"price": "price_da_eur_mwh", "second": "price_id_eur_mwh", "load": "load_de_forecast_da_mw"}
    for kind in SHARES:
        names |= {kind: f"{kind}_de_mw", f"{kind}_forecast": f"{kind}_de_forecast_da_mw"}
    found = read(data, GERMAN, names, date(2015, 10, 1), last)
    v = found.values
    forecast = price_forecasts(v["price"], [v["load"], v["wind_forecast"], v["solar_forecast"]], found.first, first)
    cut = found.since(first)
    output, expected = (sum(share * cut.values[f"{kind}{what}"] for kind, share in SHARES.items()) for what in ("", "_forecast"))
    return ReplayMarket("DE-LU", cut.days, cut.values["price"], forecast, np.asarray(output), np.asarray(expected), cut.values["second"])


def hedged_year(market: ReplayMarket, rule: ReplayRule, first: date, last: date, ratio: float = TARGET_RATIO) -> list[HedgedDay]:
    """All days from `first` through `last`.

    Raises
    ------
    ReplayError
        A day lies outside the market's days, or too few errors are known before it.
    """
    if first not in market.days or last not in market.days:
        raise ReplayError(f"{market.name} has days {market.days[0]} .. {market.days[-1]}, not {first} .. {last} -> choose days inside")
    return [hedged_day(market, rule, i, ratio) for i in range(market.days.index(first), market.days.index(last) + 1)]


def hedged_day(market: ReplayMarket, rule: ReplayRule, i: int, ratio: float = TARGET_RATIO) -> HedgedDay:
    """Decide, judge and settle day i."""
    views = VIEWS
    past = slice(max(i - 1 - rule.error_days, 0), i - 1)  # through D - 2
    if past.stop - past.start < views.minimum_days or not np.isfinite(market.price_forecast[past]).all():
        raise ReplayError(f"{market.name}, {market.days[i]}: fewer than {views.minimum_days} past days with forecast errors -> begin later")
    price = market.price_forecast[i] + (market.price - market.price_forecast)[past]
    output = np.maximum(market.expected_mw[i] + (market.output_mw - market.expected_mw)[past], 0.0)
    second = price if market.second is None else price + (market.second - market.price)[past]
    none = np.zeros(price.shape[1])
    own = ZoneBook(market.hours, market.expected_mw[i], market.expected_mw[i], none, rule.fee_eur_mwh)
    physical = zone_legs(own, price, second, output).total().sum(axis=1)
    base = market.hours * price.sum(axis=1)
    expected = float(market.expected_mw[i].mean())
    programme = least_variance_mw(base[::2], physical[::2], -ratio * expected)
    with_it = physical + programme * base
    quote = _quote(market, rule, i)
    gain = base - market.hours * none.size * quote
    trust = _trust(market, rule, i, views)
    view = _view_mw(gain, with_it[::2], trust, views)
    came = float(market.hours * market.price[i].sum())
    realised = zone_legs(own, market.price[i], market.price[i] if market.second is None else market.second[i], market.output_mw[i])
    earned = float(realised.total().sum())
    told = {"physical": (earned, physical), "programme": (earned + programme * came, with_it)}
    told["programme and view"] = (earned + (programme + view) * came, with_it + view * base)
    return HedgedDay(
        day=market.days[i],
        ratio=-programme / expected if expected > 0 else 0.0,
        effectiveness=1.0 - float(with_it[1::2].var()) / float(physical[1::2].var()),
        trust=trust,
        view_mw=view,
        view_es_eur=expected_shortfall(view * (gain.mean() - gain), ES_LEVEL),
        shortfalls={name: value - float(paths.mean()) for name, (value, paths) in told.items()},
        view_eur=view * (came - market.hours * none.size * quote) - abs(view) * market.hours * none.size * rule.half_spread_eur_mwh,
    )


def least_variance_mw(gain: FloatArray, physical: FloatArray, target_mw: float) -> float:
    """The position between 0 and the target with the least variance of physical + position x gain.

    >>> least_variance_mw(np.array([1.0, -1.0]), np.array([5.0, -5.0]), -4.0)
    -4.0
    """
    centred = gain - gain.mean()
    best = -float((centred * (physical - physical.mean())).sum()) / float((centred * centred).sum())
    return float(np.clip(best, min(target_mw, 0.0), max(target_mw, 0.0)))


def _quote(market: ReplayMarket, rule: ReplayRule, i: int) -> float:
    return float(market.price[max(i - rule.window_days, 0) : i].mean()) + rule.premium_eur_mwh


def _trust(market: ReplayMarket, rule: ReplayRule, i: int, views: Views) -> float:
    """K from the last 60 settled days."""
    days = range(max(i - 61, rule.window_days), i - 1)
    quotes = np.array([_quote(market, rule, d) for d in days])
    expected, earned = (np.array([values[d].mean() for d in days]) - quotes for values in (market.price_forecast, market.price))
    return trust_of(*slope_of(expected, earned), len(days), views)


def _view_mw(gain: FloatArray, book: FloatArray, trust: float, views: Views) -> float:
    """The size with the largest believed mean less half the CVaR at 95 %, on the choosing paths; its limit is on all of them."""
    if trust == 0.0:
        return 0.0
    worst = max(expected_shortfall(sign * (gain.mean() - gain), ES_LEVEL) for sign in (1.0, -1.0))
    room = min(views.max_mw, np.inf if views.es_eur is None else views.es_eur / worst)
    half = gain[::2]
    believed = half - (1.0 - trust) * half.mean()
    worth = [float(pnl.mean()) - 0.5 * expected_shortfall(-pnl, 0.95) for pnl in (book + room * size * believed for size in SIZES)]
    return float(room * SIZES[int(np.argmax(worth))])


def reduction(days: Sequence[HedgedDay], name: str) -> tuple[float, float, float]:
    """1 - variance of the settled shortfalls with / without, and its 95 % interval by circular blocks of a week."""
    alone, hedged = (np.array([d.shortfalls[n] for d in days]) for n in ("physical", name))
    rng, blocks = generator("hedge_year", days[0].day, name), -(-len(days) // BLOCK_DAYS)
    starts = rng.integers(0, len(days), (DRAWS, blocks))
    picked = (starts[:, :, None] + np.arange(BLOCK_DAYS)).reshape(DRAWS, -1)[:, : len(days)] % len(days)
    drawn = 1.0 - hedged[picked].var(axis=1) / alone[picked].var(axis=1)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return 1.0 - float(hedged.var() / alone.var()), float(low), float(high)


def page(data: Path, first: date = DE_FIRST, last: date = DE_LAST, ratio: float = TARGET_RATIO) -> list[str]:
    """Markdown of the German year."""
    days = hedged_year(desk_market(data), ReplayRule(), first, last, ratio)
    ratios, worth = np.array([d.ratio for d in days]), np.array([d.effectiveness for d in days])
    lines = [f"{len(days)} days {days[0].day} .. {days[-1].day}; target {ratio:.0%} of the expected output; all quotes are declared proxies.", ""]
    lines += ["| what | value |", "|---|---|"]
    lines.append(f"| median ratio sold by the programme | {np.median(ratios):.2f} |")
    lines.append(f"| variance taken off, on paths that did not choose it: median | {np.median(worth):.2f} |")
    lines.append(f"| days on which it is at least 0.1 | {np.mean(worth >= 0.1):.1%} |")
    for name in ("programme", "programme and view"):
        value, low, high = reduction(days, name)
        lines.append(f"| variance of settled less expected P&L taken off, {name} | {value:.2f} ({low:.2f} .. {high:.2f}) |")
    limit = VIEWS.es_eur or np.inf
    lines.append(f"| days with a view; largest ES of book less programme, limit {limit:,.0f} EUR | {view_days(days)} |")
    lines.append(f"| views settled, at proxy quotes: in no headline | {sum(d.view_eur for d in days):,.0f} EUR |")
    return lines


def view_days(days: Sequence[HedgedDay]) -> str:
    """How many days had a view, and the largest shortfall of one."""
    return f"{sum(d.view_mw != 0.0 for d in days)}; {max(d.view_es_eur for d in days):,.0f} EUR"
