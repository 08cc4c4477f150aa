"""The study of settled days: VaR and ES decided day by day on real markets, and what came.

What belongs here: which markets and books, choosing the setting on an earlier year, the page. What
does not: the replay (`studies.replay`), tests (`mathematics.statistics.exception_tests`), reading files (`real_days`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from itertools import product
from pathlib import Path

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.domain.seeds import generator
from energy_pipeline.mathematics.statistics.estimators import METHODS, estimate
from energy_pipeline.mathematics.statistics.exception_tests import PitTest, VarBacktest, backtest, pit_test, pit_values
from energy_pipeline.mathematics.statistics.simulation import simulate, simulated_estimate
from energy_pipeline.studies.real_days import EUROPE, GENERATION, GERMAN, price_forecasts, read
from energy_pipeline.studies.replay import ReplayedDay, ReplayMarket, ReplayRule, replay

LEVELS = (0.95, 0.975, 0.99)
SETTINGS = tuple(product((182, 365), (1.0, 0.985, 0.97, 0.94)))
"""(error_days, volatility_decay) that the choice is made from."""
DE_FIRST, DE_LAST = date(2018, 10, 1), date(2019, 9, 30)
CHOICE_FIRST, CHOICE_LAST = date(2017, 10, 1), date(2018, 9, 30)
IDENTITIES = ("legs against P s + R (g - s) - c abs(g - s) + w (P - F) - costs", "zero book", "hedge at the realised price")
TESTS_HEAD = (
    "| level | mean VaR, EUR | mean ES, EUR | exceptions | expected | Kupiec p | Christoffersen p (independence) | (both) | zone | ES Z2 | ES p |"
)
LATER = (date(2021, 1, 1), date(2022, 12, 31))


@dataclass(frozen=True)
class Study:
    """One market over settled days."""

    market: ReplayMarket
    rule: ReplayRule
    days: list[ReplayedDay]
    tests: list[VarBacktest]
    pit: PitTest


def german_market(data: Path, first: date = date(2016, 9, 1), last: date = DE_LAST) -> ReplayMarket:
    """A thousandth of German wind, nominated at the TSO's forecast, intraday as second price."""
    columns = {"price": "price_da_eur_mwh", "second": "price_id_eur_mwh", "wind": "wind_de_mw", "wind_forecast": "wind_de_forecast_da_mw"}
    columns |= {"load_forecast": "load_de_forecast_da_mw", "solar_forecast": "solar_de_forecast_da_mw"}
    found = read(data, GERMAN, columns, date(2015, 10, 1), last)
    v = found.values
    forecast = price_forecasts(v["price"], [v["load_forecast"], v["wind_forecast"], v["solar_forecast"]], found.first, first)
    cut = found.since(first).values
    return ReplayMarket("DE-LU", found.since(first).days, cut["price"], forecast, cut["wind"] / 1000, cut["wind_forecast"] / 1000, cut["second"])


def flat_market(data: Path, zone: str, first: date, last: date) -> ReplayMarket:
    """Ten megawatts around the clock in a zone of which only prices are known: R = P, s = E."""
    clock = "Europe/Madrid" if zone == "ES" else "Europe/Berlin"
    begin = date(2019, 1, 1)
    found = read(data, EUROPE, {"price": "price_eur_mwh"}, begin, last, zone, clock)
    forecast = price_forecasts(found.values["price"], [], begin, first)
    cut = found.since(first)
    flat = np.full(cut.values["price"].shape, 10.0)
    return ReplayMarket(zone.replace("_", "-"), cut.days, cut.values["price"], forecast, flat, flat)


def wind_market(data: Path, zone: str, first: date, last: date) -> ReplayMarket:
    """A thousandth of a country's wind with nothing but its own past as forecast; R = P, s = E.

    Expected output of a slot: half the mean of day D - 2, half the slot's mean over the 28 days before.
    """
    clock = "Europe/Madrid" if zone == "ES" else "Europe/Berlin"
    begin = date(2017, 1, 2)
    price = read(data, EUROPE, {"price": "price_eur_mwh"}, begin, last, zone, clock)
    wind = read(data, GENERATION, {"wind": "wind_onshore_mw"}, begin, last, zone, clock).values["wind"] / 1000
    forecast = price_forecasts(price.values["price"], [], begin, first)
    expected = np.stack([_persistence(wind, i) for i in range(len(wind))])
    skip = (first - begin).days
    return ReplayMarket(f"{zone} wind", price.since(first).days, price.values["price"][skip:], forecast, wind[skip:], expected[skip:])


def _persistence(output: FloatArray, i: int) -> FloatArray:
    past = output[max(i - 30, 0) : max(i - 2, 1)]
    return np.asarray(0.5 * output[max(i - 2, 0)].mean() + 0.5 * past.mean(axis=0))


def tick_loss(days: Iterable[ReplayedDay], levels: tuple[float, ...] = LEVELS) -> float:
    """Mean quantile score of the VaR over days and levels, per unit of mean absolute loss: what a setting is chosen by."""
    found = list(days)
    losses = np.array([d.loss_eur for d in found])
    score = 0.0
    for level in levels:
        gap = losses - np.array([d.tail(level)[0] for d in found])
        score += float(np.mean(np.where(gap > 0, level * gap, (level - 1.0) * gap)))
    return score / len(levels) / float(np.abs(losses).mean())


def chosen_rule(market: ReplayMarket, first: date = CHOICE_FIRST, last: date = CHOICE_LAST) -> tuple[ReplayRule, str]:
    """The setting with the smallest tick loss on the year before the test, and the table it was chosen from."""
    rule, scores = ReplayRule(), {}
    for error_days, volatility_decay in SETTINGS:
        tried = replace(rule, error_days=error_days, volatility_decay=volatility_decay)
        scores[tried] = tick_loss(replay(market, tried, first, last))
    lines = ["| error days | volatility decay | tick loss |", "|---|---|---|"]
    lines += [f"| {r.error_days} | {r.volatility_decay:g} | {s:.4f} |" for r, s in scores.items()]
    return min(scores, key=lambda r: scores[r]), "\n".join(lines)


def study(market: ReplayMarket, rule: ReplayRule, first: date, last: date) -> Study:
    """Replay, then every test at every level."""
    days = replay(market, rule, first, last)
    losses = np.array([d.loss_eur for d in days])
    rng = generator("settled_days", first, market.name)
    tests = []
    for level in LEVELS:
        tails = np.array([d.tail(level) for d in days])
        tests.append(backtest(losses, tails[:, 0], level, tails[:, 1], [d.losses for d in days], rng))
    return Study(market, rule, days, tests, pit_test(pit_values(losses, [d.losses for d in days])))


def by_method(found: Study, level: float) -> dict[str, VarBacktest]:
    """The same days with every method's VaR and ES, on the unscaled losses of the book's past errors."""
    plain = replay(found.market, replace(found.rule, volatility_decay=1.0), found.days[0].day, found.days[-1].day)
    losses = np.array([d.loss_eur for d in plain])
    result = {}
    for method in METHODS:
        tails = [estimate(d.losses, level, method, 0.99 if method == "historical" else 1.0) for d in plain]
        name = "historical, decay 0.99" if method == "historical" else method
        result[name] = backtest(losses, np.array([e.var_eur for e in tails]), level, np.array([e.es_eur for e in tails]))
    drawn = [_simulated(d, level) for d in plain]
    result["monte_carlo (GARCH)"] = backtest(losses, np.array([e[0] for e in drawn]), level, np.array([e[1] for e in drawn]))
    return result


def _simulated(day: ReplayedDay, level: float) -> tuple[float, float]:
    drawn = simulate(day.losses[:, None], generator("settled_days", day.day, "monte_carlo"), 4000)
    found = simulated_estimate(drawn.losses[:, 0], level, "monte_carlo")
    return found.var_eur, found.es_eur


def identities(found: Study) -> dict[str, float]:
    """Largest breach, over the days, of what must hold on every one of them [EUR]."""
    from energy_pipeline.book.pnl import HedgeLeg, ZoneBook, zone_legs
    from energy_pipeline.studies.replay import decide_book

    market, worst = found.market, dict.fromkeys(IDENTITIES, 0.0)
    zero = np.zeros(24)
    for day in found.days:
        i = market.days.index(day.day)
        book = decide_book(market, found.rule, i)
        P, g = market.price[i], market.output_mw[i]
        R = P if market.second is None else market.second[i]
        hedge = book.hedges[0]
        direct = P @ book.sold_mw + R @ (g - book.sold_mw) - book.fee_eur_mwh * np.abs(g - book.sold_mw).sum()
        direct += hedge.power_mw @ (P - hedge.price_eur_mwh) - book.cost_eur.sum()
        gaps = (day.total_eur - direct, zone_legs(ZoneBook(1.0, zero, zero, zero, 1.0), P, R, zero).total().sum(), _fair(HedgeLeg, ZoneBook, P))
        for name, gap in zip(worst, gaps, strict=True):
            worst[name] = max(worst[name], abs(float(gap)))
    return worst


def _fair(leg: type, book: type, price: FloatArray) -> float:
    """A megawatt of each hour bought at the price that came."""
    from energy_pipeline.book.pnl import zone_legs

    zero = np.zeros(24)
    hedges = tuple(leg(np.eye(24)[h], float(price[h]), False) for h in range(24))
    return float(zone_legs(book(1.0, zero, zero, zero, 0.0, hedges), price, price, zero).total().sum())


def foresight_gap(found: Study, days: int | None = None) -> tuple[float, float, float]:
    """Reference battery on each day: settled EUR, perfect foresight EUR, and the largest excess of the former over the latter."""
    from energy_pipeline.forecasting.value import value_eur

    earned, best, excess = 0.0, 0.0, -np.inf
    for day in found.days[:days]:
        i = found.market.days.index(day.day)
        own, ideal = (value_eur(f[i], found.market.price[i]) for f in (found.market.price_forecast, found.market.price))
        earned, best, excess = earned + own, best + ideal, max(excess, own - ideal)
    return earned, best, excess


def page(found: Study, *, with_methods: bool) -> list[str]:
    """Markdown of one market's study."""
    days, rule = found.days, found.rule
    expected, total = sum(d.expected_eur for d in days), sum(d.total_eur for d in days)
    setting = f"{rule.error_days} days of errors, volatility decay {rule.volatility_decay:g}"
    money = f"Expected P&L {expected:,.0f} EUR, settled {total:,.0f} EUR."
    lines = [f"{len(days)} days {days[0].day} .. {days[-1].day}; {setting}. {money}", "", TESTS_HEAD, "|---" * 11 + "|"]
    for t in found.tests:
        var, es = np.mean([d.tail(t.level) for d in days], axis=0)
        values = f"{t.kupiec_p:.3f} | {t.independence_p:.3f} | {t.conditional_p:.3f} | {t.zone} | {t.es_statistic:.2f} | {t.es_p:.3f}"
        lines.append(f"| {t.level:.1%} | {var:,.0f} | {es:,.0f} | {t.exceptions} | {t.expected:.1f} | {values} |")
    pit = found.pit
    uniform = f"Kolmogorov p {pit.kolmogorov_p:.3f}, chi-square p {pit.chi2_p:.3f}, Berkowitz p {pit.berkowitz_p:.3f}"
    lines += [
        "",
        f"PIT: {uniform}; days in each tenth {', '.join(map(str, pit.counts))}.",
        "",
        "| what must hold on every day | largest breach, EUR |",
        "|---|---|",
        *[f"| {name} | {gap:.2e} |" for name, gap in identities(found).items()],
    ]
    legs = {name: sum(d.pnl[name] for d in days) for name in days[0].pnl}
    lines += ["", "P&L by leg: " + ", ".join(f"{n} {v:,.0f}" for n, v in legs.items()) + " EUR."]
    if with_methods:
        lines += ["", *_methods_table(found)]
        lines += ["", *_exceptions_table(found)]
    return lines


def _methods_table(found: Study) -> list[str]:
    lines = ["| method | level | exceptions | Kupiec p | Christoffersen p (both) | zone | ES Z2 |", "|---|---|---|---|---|---|---|"]
    for level in (0.95, 0.99):
        for name, t in by_method(found, level).items():
            lines.append(f"| {name} | {level:.0%} | {t.exceptions} | {t.kupiec_p:.3f} | {t.conditional_p:.3f} | {t.zone} | {t.es_statistic:.2f} |")
    return lines


def _exceptions_table(found: Study) -> list[str]:
    lines = ["Exceptions at 99 % and their cause (the leg furthest below its expectation):", ""]
    lines += ["| day | loss, EUR | VaR 99, EUR | cause | its shortfall, EUR |", "|---|---|---|---|---|"]
    for d in found.days:
        var = d.tail(0.99)[0]
        if d.loss_eur > var:
            leg, short = d.cause
            lines.append(f"| {d.day} | {d.loss_eur:,.0f} | {var:,.0f} | {leg} | {short:,.0f} |")
    return lines
