"""Past days decided, valued and settled again for one simple book: the evidence for the risk numbers.

What belongs here: the book's rule, its risk on every day from what was known there, its settlement
with the kernel of the market page. What does not: reading data or forecasting (commands), the
estimates (`estimators`) and tests (`backtests`).

The book of a day: output of a plant (a share of a zone's wind, say) nominated at the gate at its
expectation E; a base forward sold against it at a declared proxy quote; a deviation of the nomination
where the second price was on one side of the day-ahead price over the last weeks. Where the market
has no second price, R = P, s = E and a fee is paid on the deviation.

What is known when day D is decided: day-ahead prices, so their forecast errors, of days through D - 1;
second prices and outputs of days through D - 2. Risk uses days through D - 2, where all are known.

Proxy hedges are valued at the scenarios' mean in decision and risk (`book.pnl.at_fair_value`),
and settled against their quote; loss is the settled P&L against the expectation with hedges at quotes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from energy_pipeline.book.pnl import HedgeLeg, Legs, ZoneBook, zone_legs
from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.domain.errors import PipelineError
from energy_pipeline.mathematics.statistics.estimators import decay_weights, rescaled, weighted_tail


class ReplayError(PipelineError):
    """Days that cannot be replayed."""


@dataclass(frozen=True)
class ReplayMarket:
    """A market's days as arrays of shape (days, intervals).

    Attributes
    ----------
    days : tuple of date
        Consecutive delivery days.
    price, price_forecast : EUR/MWh; a forecast is made with what was known at its gate.
    output_mw, expected_mw : MW; expected at the gate.
    second : EUR/MWh or None where the market has none.
    hours : length of an interval.
    """

    name: str
    days: tuple[date, ...]
    price: FloatArray
    price_forecast: FloatArray
    output_mw: FloatArray
    expected_mw: FloatArray
    second: FloatArray | None = None
    hours: float = 1.0

    def __post_init__(self) -> None:
        shapes = {a.shape for a in (self.price, self.price_forecast, self.output_mw, self.expected_mw)}
        shapes |= set() if self.second is None else {self.second.shape}
        if len(shapes) != 1 or self.price.shape[0] != len(self.days):
            raise ReplayError(f"{self.name}: {len(self.days)} days but arrays of shapes {sorted(shapes)} -> one row a day in each")
        bad = [d for i, d in enumerate(self.days) if not all(np.isfinite(a[i]).all() for a in (self.price, self.output_mw, self.expected_mw))]
        if bad:
            raise ReplayError(
                f"{self.name}: price or output of {bad[0]} and {len(bad) - 1} more day(s) are not finite -> fill or leave out, and say so"
            )


@dataclass(frozen=True)
class ReplayRule:
    """How a day's book is decided and its risk estimated.

    Attributes
    ----------
    hedged_share : of the mean output of the last `window_days` known days, sold as base forward.
    premium_eur_mwh, half_spread_eur_mwh : of the proxy quote over the mean price of those days.
    spread_share : of that mean output, bought or sold day-ahead against the second price.
    threshold_eur_mwh : smallest mean spread acted on.
    fee_eur_mwh : c_imb.
    error_days : past days of errors the risk is read off.
    decay : weight of a past day over that of the day after it.
    volatility_decay : of the EWMA volatility that losses are rescaled by; 1: not rescaled.
    """

    hedged_share: float = 0.7
    window_days: int = 28
    premium_eur_mwh: float = 0.5
    half_spread_eur_mwh: float = 0.25
    spread_share: float = 0.1
    threshold_eur_mwh: float = 0.5
    fee_eur_mwh: float = 0.5
    error_days: int = 365
    decay: float = 1.0
    volatility_decay: float = 0.97


@dataclass(frozen=True)
class ReplayedDay:
    """One day: what was expected and feared, and what came.

    Attributes
    ----------
    losses : array, shape (error days,)
        Equally distributed losses against expectation of the day's book, rescaled to today's volatility.
    weights : array, shape (error days,)
    pnl : dict of leg to EUR, settled; they add to `total_eur`.
    expected_legs : dict of leg to EUR, the mean over the errors, hedges at their quotes.
    """

    day: date
    losses: FloatArray
    weights: FloatArray
    pnl: dict[str, float]
    expected_legs: dict[str, float]

    @property
    def total_eur(self) -> float:
        """Settled P&L."""
        return sum(self.pnl.values())

    @property
    def expected_eur(self) -> float:
        """Expected P&L, hedges at their quotes."""
        return sum(self.expected_legs.values())

    @property
    def loss_eur(self) -> float:
        """Expected less settled."""
        return self.expected_eur - self.total_eur

    def tail(self, level: float) -> tuple[float, float]:
        """VaR and ES decided with."""
        return weighted_tail(self.losses, self.weights, level)

    @property
    def cause(self) -> tuple[str, float]:
        """The leg that fell furthest short of its expectation, and by how much [EUR]."""
        short = {name: self.expected_legs[name] - value for name, value in self.pnl.items()}
        worst = max(short, key=lambda name: short[name])
        return worst, short[worst]


def decide_book(market: ReplayMarket, rule: ReplayRule, i: int) -> ZoneBook:
    """The book of day i from what is known at its gate."""
    known_output = market.output_mw[max(i - 1 - rule.window_days, 0) : i - 1]
    known_price = market.price[max(i - rule.window_days, 0) : i]
    level = float(known_output.mean())
    sold_forward = rule.hedged_share * level
    quote = float(known_price.mean()) + rule.premium_eur_mwh
    intervals = market.price.shape[1]
    expected = market.expected_mw[i]
    sold = expected + _spread_position(market, rule, i, level) if market.second is not None else expected
    cost = np.full(intervals, market.hours * rule.half_spread_eur_mwh * abs(sold_forward))
    return ZoneBook(market.hours, sold, expected, cost, rule.fee_eur_mwh, (HedgeLeg(np.full(intervals, -sold_forward), quote, is_proxy=True),))


def _spread_position(market: ReplayMarket, rule: ReplayRule, i: int, level: float) -> FloatArray:
    """MW sold beyond the expectation: against an hour's mean spread R - P of the known days."""
    if market.second is None or rule.spread_share == 0.0:
        return np.zeros(market.price.shape[1])
    window = slice(max(i - 1 - rule.window_days, 0), i - 1)
    spread = (market.second[window] - market.price[window]).mean(axis=0)
    return np.asarray(-np.sign(spread) * (np.abs(spread) > rule.threshold_eur_mwh) * rule.spread_share * level)


def replay_day(market: ReplayMarket, rule: ReplayRule, i: int) -> ReplayedDay:
    """Decide, value and settle day i."""
    past = slice(max(i - 1 - rule.error_days, 0), i - 1)  # through D - 2
    if past.stop - past.start < 20 or not np.isfinite(market.price_forecast[past]).all():
        raise ReplayError(f"{market.name}, {market.days[i]}: fewer than 20 past days with forecast errors -> begin later or forecast more days")
    book = decide_book(market, rule, i)
    price = market.price_forecast[i] + (market.price - market.price_forecast)[past]
    output = np.maximum(market.expected_mw[i] + (market.output_mw - market.expected_mw)[past], 0.0)
    second = price if market.second is None else price + (market.second - market.price)[past]
    scenario = zone_legs(book, price, second, output)
    pnl = scenario.total().sum(axis=1)
    weights = decay_weights(pnl.size, rule.decay)
    losses = float(weights @ pnl) - pnl
    if rule.volatility_decay < 1.0:
        losses = rescaled(losses, rule.volatility_decay)
    came = zone_legs(book, market.price[i], market.price[i] if market.second is None else market.second[i], market.output_mw[i])
    expected = {name: float(weights @ values) for name, values in scenario.by_leg().items()}
    return ReplayedDay(market.days[i], losses - float(weights @ losses), weights, _sums(came), expected)


def _sums(legs: Legs) -> dict[str, float]:
    return {name: float(value) for name, value in legs.by_leg().items()}


def replay(market: ReplayMarket, rule: ReplayRule, first: date, last: date) -> list[ReplayedDay]:
    """All days from `first` through `last`.

    Raises
    ------
    ReplayError
        When a day lies outside the market's days or too few errors are known before it.
    """
    if first not in market.days or last not in market.days:
        raise ReplayError(f"{market.name} has days {market.days[0]} .. {market.days[-1]}, not {first} .. {last} -> choose days inside")
    return [replay_day(market, rule, i) for i in range(market.days.index(first), market.days.index(last) + 1)]
