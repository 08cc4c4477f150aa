"""Contracts: what one unit pays in each scenario, and how futures cascade.

What belongs here: contract kinds, their payoffs, cascading. What does not: quotes,
positions (`book`).

Units: power contracts are in MW over their delivery hours, gas in MW day and night,
carbon in t. Quotes and strikes are per MWh (options: premium per MWh of the block), per t
for carbon. Options are strips: one option per interval of the block.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal, get_args

import numpy as np

from energy_pipeline.domain.blocks import Block
from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.mathematics.allocation import BadProblemError
from energy_pipeline.portfolio.forwards.market import Market

Kind = Literal["hourly", "forward", "future", "cap", "floor", "spread_option", "transmission_option", "transmission_obligation", "gas", "carbon"]
KINDS: tuple[str, ...] = get_args(Kind)
Tenor = Literal["day", "week", "month", "quarter", "year", "other"]


@dataclass(frozen=True)
class Instrument:
    """A tradable contract.

    Attributes
    ----------
    name : str
    kind : Kind
    zone : str
        Of delivery; a transmission right pays from `zone` to `zone_to`.
    block : Block
    first_day, last_day : date
        Local delivery days, both included.
    hour : int or None
        Hour of the day [0..23] of an hourly contract; each interval that starts in it (a repeated hour twice).
    strike_eur_mwh : float
        Of caps, floors and spread options.
    zone_to : str
    heat_rate : float
        MWh of gas per MWh of power of a spread option; 0: no gas leg.
    emission_t_mwh : float
        t of carbon per MWh of power of a spread option.
    margin_eur : float
        Initial margin per unit held.
    credit_eur : float
        Credit line used per unit held.
    lot : float
        Smallest tradable step in units; 0: any size.
    max_trade : float
        Largest trade either way.
    exposures : mapping
        Of one unit to named factors, for factor limits.
    """

    name: str
    kind: Kind
    first_day: date
    last_day: date
    zone: str = ""
    block: Block = "base"
    hour: int | None = None
    strike_eur_mwh: float = 0.0
    zone_to: str = ""
    heat_rate: float = 0.0
    emission_t_mwh: float = 0.0
    margin_eur: float = 0.0
    credit_eur: float = 0.0
    lot: float = 0.0
    max_trade: float = np.inf
    exposures: tuple[tuple[str, float], ...] = ()

    @property
    def tenor(self) -> Tenor:
        """Day, week, month, quarter or year, where the dates are exactly one."""
        first, last = self.first_day, self.last_day
        if first == last:
            return "day"
        if (last - first).days == 6 and first.weekday() == 0:
            return "week"
        if first.day == 1 and last.day == monthrange(last.year, last.month)[1] and first.year == last.year:
            months = last.month - first.month + 1
            if months == 1:
                return "month"
            if months == 3 and first.month % 3 == 1:
                return "quarter"
            if months == 12:
                return "year"
        return "other"

    def quantity(self, market: Market) -> float:
        """MWh (t for carbon) that one unit stands for: a quote times this is EUR per unit."""
        if self.kind == "carbon":
            return 1.0
        return float(self.hours(market).sum())

    def hours(self, market: Market) -> FloatArray:
        """Delivery hours per interval, shape (intervals,)."""
        whole = market.hours(self.block, self.first_day, self.last_day)
        if self.hour is None:
            return whole
        from energy_pipeline.domain.delivery import DeliveryDay

        slots = np.concatenate([DeliveryDay(d, market.time_zone).slots(market.minutes) for d in market.days])
        result: FloatArray = np.where(slots * market.minutes // 60 == self.hour, whole, 0.0)
        return result


def payoffs(instruments: Sequence[Instrument], market: Market) -> FloatArray:
    """What one unit of each contract is worth in each scenario [EUR], shape (scenarios, contracts).

    Raises
    ------
    BadProblemError
        Listing every contract that delivers outside the scenarios or needs a price they lack.

    Examples
    --------
    A cap at 50 on two scenarios of a flat day:

    >>> market = Market((date(2025, 1, 15),), "Europe/Berlin", 60, {"DE": np.array([[40.0] * 24, [60.0] * 24])})
    >>> payoffs([Instrument("cap", "cap", date(2025, 1, 15), date(2025, 1, 15), "DE", strike_eur_mwh=50.0)], market).ravel().tolist()
    [0.0, 240.0]
    """
    problems = [p for i in instruments for p in _problems(i, market)]
    if problems:
        raise BadProblemError(problems)
    return np.column_stack([_payoff(i, market) for i in instruments]) if instruments else np.zeros((market.scenarios, 0))


def _problems(one: Instrument, market: Market) -> list[str]:
    found = []
    if one.last_day < one.first_day:
        found.append(f"{one.name}: last day {one.last_day} is before first day {one.first_day}")
    if one.first_day < market.days[0] or one.last_day > market.days[-1]:
        found.append(f"{one.name}: delivers {one.first_day}..{one.last_day}, scenarios cover {market.days[0]}..{market.days[-1]}")
    zones = [z for z in (one.zone, one.zone_to if one.kind.startswith("transmission") else one.zone) if one.kind not in {"gas", "carbon"}]
    found += [f"{one.name}: no power scenarios of zone {z!r}" for z in dict.fromkeys(zones) if z not in market.power_eur_mwh]
    gas = one.kind == "gas" or (one.kind == "spread_option" and one.heat_rate != 0)
    carbon = one.kind == "carbon" or (one.kind == "spread_option" and one.emission_t_mwh != 0)
    found += [f"{one.name}: no gas scenarios"] if gas and market.gas_eur_mwh is None else []
    found += [f"{one.name}: no carbon scenarios"] if carbon and market.carbon_eur_t is None else []
    if one.kind == "hourly" and one.hour is None:
        found.append(f"{one.name}: an hourly contract needs its hour")
    return found


def _payoff(one: Instrument, market: Market) -> FloatArray:
    if one.kind == "carbon":
        # a certificate is worth its price on the last day it can be held for
        return _daily(market.carbon_eur_t)[:, market.days.index(one.last_day)].copy()
    hours = one.hours(market)
    if one.kind == "gas":
        return market.by_interval(_daily(market.gas_eur_mwh)) @ hours
    price = market.power_eur_mwh[one.zone]
    if one.kind in {"hourly", "forward", "future"}:
        return price @ hours
    result: FloatArray = _optional(one, market, price) @ hours
    return result


def _optional(one: Instrument, market: Market, price: FloatArray) -> FloatArray:
    """Value per MWh of each interval, shape (scenarios, intervals)."""
    if one.kind == "cap":
        return np.maximum(price - one.strike_eur_mwh, 0.0)
    if one.kind == "floor":
        return np.maximum(one.strike_eur_mwh - price, 0.0)
    if one.kind == "spread_option":
        fuel = one.heat_rate * market.by_interval(_daily(market.gas_eur_mwh)) if one.heat_rate else 0.0
        carbon = one.emission_t_mwh * market.by_interval(_daily(market.carbon_eur_t)) if one.emission_t_mwh else 0.0
        return np.maximum(price - fuel - carbon - one.strike_eur_mwh, 0.0)
    spread = market.power_eur_mwh[one.zone_to] - price
    result: FloatArray = np.maximum(spread, 0.0) if one.kind == "transmission_option" else spread
    return result


def _daily(values: FloatArray | None) -> FloatArray:
    return np.zeros((0, 0)) if values is None else values


def cascade(one: Instrument) -> tuple[Instrument, ...]:
    """What a future becomes at the end of its trading; other contracts stay what they are.

    A year becomes its first three months and later quarters, a quarter its months, a month or week its days.
    The parts deliver the same MW in the same hours, so the position is worth the same before and after.

    Examples
    --------
    >>> year = Instrument("cal", "future", date(2026, 1, 1), date(2026, 12, 31), "DE")
    >>> [part.name for part in cascade(year)]
    ['cal/2026-01', 'cal/2026-02', 'cal/2026-03', 'cal/2026-Q2', 'cal/2026-Q3', 'cal/2026-Q4']
    """
    if one.kind != "future":
        return (one,)
    year, first = one.first_day.year, one.first_day.month
    if one.tenor == "year":
        return (*(_month(one, year, m) for m in (1, 2, 3)), *(_quarter(one, year, q) for q in (2, 3, 4)))
    if one.tenor == "quarter":
        return tuple(_month(one, year, first + k) for k in range(3))
    if one.tenor in {"month", "week"}:
        count = (one.last_day - one.first_day).days + 1
        days = [one.first_day + timedelta(days=k) for k in range(count)]
        return tuple(replace(one, name=f"{one.name}/{d.isoformat()}", first_day=d, last_day=d) for d in days)
    return (one,)


def _month(one: Instrument, year: int, month: int) -> Instrument:
    last = date(year, month, monthrange(year, month)[1])
    return replace(one, name=f"{one.name}/{year}-{month:02d}", first_day=date(year, month, 1), last_day=last)


def _quarter(one: Instrument, year: int, quarter: int) -> Instrument:
    last = 3 * quarter
    end = date(year, last, monthrange(year, last)[1])
    return replace(one, name=f"{one.name}/{year}-Q{quarter}", first_day=date(year, last - 2, 1), last_day=end)
