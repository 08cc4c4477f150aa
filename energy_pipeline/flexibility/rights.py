"""Rights used or kept: what a swing contract, a curtailable load and a gas plant do on D, and why.

What belongs here: the decision of each right with both of its numbers, the same for its value over the coming days, and its
schedule. What does not: a store's dispatch (`dispatch_tables`), the tables of values (`asset_valuation`), plants that are
curtailed (`portfolio`: their right is the limit of their bid).

A daily right is decided at the gate on the published mean price of D. What the days after D are worth is learnt on paths of what
their forecasts will be at their own gates: the spread of a lead's forecast less that of the first lead, which no gate resolves.
So the price of D is no path, quantities of D are few (the plan is linear between what the terms make bends of), and each is
worth its payoff and what the rest of the right is worth after it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from energy_pipeline.book.published_forecast import published_forecast
from energy_pipeline.desk.flexibility import CurtailableRight, SwingRight, TollingRight
from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.domain.errors import MissingDayError
from energy_pipeline.domain.seeds import generator
from energy_pipeline.features.columns import last_settlements
from energy_pipeline.information.archive import InformationSet
from energy_pipeline.mathematics.stores.spreads import clean_spread_eur_mwh
from energy_pipeline.mathematics.stores.swing import CurtailableLoad, Swing, train_swing
from energy_pipeline.mathematics.stores.tolling import Tolling, commitment

BoolArray = np.ndarray[tuple[int], np.dtype[np.bool_]]

DAILY_PATHS = 1000
LEVEL_DECAY = 0.8
"""Correlation of a day's forecast error with the next day's."""
WIDE = 1.2815515655446004
"""Deviations between the median and the 90 % quantile of a normal."""
ALL_HOURS = 25.0
"""Of any day."""
SHADOW_STEPS = 64
SOONER_EUR = 0.01
SAME_MWH = 1e-9
MUST_EUR = 1e9
"""So dear that no plan chooses it."""


@dataclass(frozen=True)
class Decision:
    """What a right does on D.

    Attributes
    ----------
    quantity_mwh, considered_mwh : float
        Given on D; and what payoff, cost and keeping are about.
    payoff_eur, cost_eur, keeping_eur : float
    is_exercised, is_forced : bool
    kept_eur : float
        Worth of what is left after D.
    power_mw, cost_eur_h : arrays, shape (intervals,)
        Its schedule.
    why : str
    is_on : array of bool or None
        Of a unit.
    """

    quantity_mwh: float
    considered_mwh: float
    payoff_eur: float
    cost_eur: float
    keeping_eur: float
    is_exercised: bool
    is_forced: bool
    kept_eur: float
    power_mw: FloatArray
    cost_eur_h: FloatArray
    why: str
    is_on: BoolArray | None = None


@dataclass(frozen=True)
class Daily:
    """A daily right before its decision: terms, the published mean of D, and the later days' paths.

    Attributes
    ----------
    swing : Swing
        Terms over the days left, D among them.
    today_eur_mwh : float
        Expected price of D over the hours it gives.
    learn, fresh : arrays, shape (paths, later days)
    whole : bool
        Whether D takes all of the daily maximum or nothing: a call.
    """

    swing: Swing
    today_eur_mwh: float
    learn: FloatArray
    fresh: FloatArray
    whole: bool

    def quantities_mwh(self) -> list[float]:
        """What D may take: the ends of what the terms allow, and where they bend what the rest is worth."""
        s, later = self.swing, self.learn.shape[1]
        s.check(later + 1)
        least = s.daily_min_mwh if s.penalty_eur_mwh is not None else max(s.daily_min_mwh, s.total_min_mwh - later * s.daily_max_mwh)
        most = max(min(s.daily_max_mwh, s.total_max_mwh - later * s.daily_min_mwh), least)
        if self.whole:
            return sorted({0.0, s.daily_max_mwh} if s.total_max_mwh >= s.daily_max_mwh - SAME_MWH else {0.0})
        step = s.daily_max_mwh - s.daily_min_mwh
        bends = [total - later * s.daily_min_mwh - n * step for total in (s.total_min_mwh, s.total_max_mwh) for n in range(later + 1)]
        found = sorted({least, most, *(b for b in bends if least + SAME_MWH < b < most - SAME_MWH)})
        return [q for n, q in enumerate(found) if n == 0 or q > found[n - 1] + SAME_MWH]

    def rest(self, taken_mwh: float) -> Swing:
        """The terms that are left after D took so much."""
        s = self.swing
        left = max(s.total_min_mwh - taken_mwh, 0.0), max(s.total_max_mwh - taken_mwh, 0.0)
        return Swing(s.daily_min_mwh, min(s.daily_max_mwh, max(left[1], s.daily_min_mwh)), *left, s.strike_eur_mwh, s.penalty_eur_mwh)

    def later_eur(self, taken_mwh: float, learn: FloatArray, judge: FloatArray) -> FloatArray:
        """What the later days earn by path after D took so much [EUR]."""
        if not learn.shape[1]:
            short = max(self.swing.total_min_mwh - taken_mwh, 0.0)
            return np.full(judge.shape[0], -(self.swing.penalty_eur_mwh or 0.0) * short)
        rest = self.rest(taken_mwh)
        if rest.total_max_mwh <= SAME_MWH or rest.daily_max_mwh <= SAME_MWH:
            return np.zeros(judge.shape[0])
        return train_swing(rest, learn).run(judge)[0]

    def chosen(self, moved_eur_mwh: float = 0.0, stretched: float = 1.0) -> tuple[float, dict[float, FloatArray], float]:
        """The best quantity of D, what each leaves for later by path, and the price of D; with prices moved, and spread stretched."""
        today = self.today_eur_mwh + moved_eur_mwh
        learn, fresh = (a.mean(axis=0) + stretched * (a - a.mean(axis=0)) + moved_eur_mwh for a in (self.learn, self.fresh))
        options = self.quantities_mwh()
        judged = {q: self.later_eur(q, learn, fresh) for q in options}
        best = options[0]
        for q in options[1:]:  # the larger where they are worth the same: a payoff of what keeping is worth is taken
            if self.worth(q, today, judged) >= self.worth(best, today, judged) - 1e-9:
                best = q
        return best, judged, today

    def worth(self, q: float, today: float, later: dict[float, FloatArray]) -> float:
        """Payoff of D and worth of the rest [EUR]."""
        return q * (today - self.swing.strike_eur_mwh) + float(later[q].mean())

    def value_eur(self, moved_eur_mwh: float = 0.0, stretched: float = 1.0) -> tuple[float, FloatArray]:
        """Worth of the right, and cash by path: D and what follows [EUR]."""
        q, later, today = self.chosen(moved_eur_mwh, stretched)
        cash = np.column_stack([np.full(later[q].size, q * (today - self.swing.strike_eur_mwh)), later[q]])
        return float(cash.sum(axis=1).mean()), cash


def daily_of(info: InformationSet, name: str, right: SwingRight | CurtailableRight, price_forecasts: pl.DataFrame) -> Daily:
    """A daily right of the desk as it stands, with its prices."""
    is_load = isinstance(right, CurtailableRight)
    hours = right.hours if isinstance(right, CurtailableRight) else ALL_HOURS
    mean, deviation = daily_forecasts(info, right.zone, right.days, hours, price_forecasts)
    resolved = np.sqrt(np.maximum(deviation**2 - deviation[0] ** 2, 0.0))
    drawn = generator("flexibility", info.day.day, "rights", name).standard_normal((2 * DAILY_PATHS, mean.size))
    for n in range(1, mean.size):
        drawn[:, n] = LEVEL_DECAY * drawn[:, n - 1] + np.sqrt(1.0 - LEVEL_DECAY**2) * drawn[:, n]
    paths = (mean + resolved * drawn)[:, 1:]
    return Daily(swing_of(right, mean.size), float(mean[0]), paths[:DAILY_PATHS], paths[DAILY_PATHS:], is_load)


def swing_of(right: SwingRight | CurtailableRight, days: int) -> Swing:
    """The terms of a daily right over its days."""
    if isinstance(right, CurtailableRight):
        return CurtailableLoad(right.power_mw, right.hours, right.strike_eur_mwh, right.calls_left).month(days)
    terms = (right.daily_min_mwh, right.daily_max_mwh, right.total_min_mwh, right.total_max_mwh)
    return Swing(*terms, right.strike_eur_mwh, right.penalty_eur_mwh)


def daily_forecasts(info: InformationSet, zone: str, days: int, hours: float, price_forecasts: pl.DataFrame) -> tuple[FloatArray, FloatArray]:
    """Mean over the dearest `hours` of each coming day, and its deviation from the forecast's 10 and 90 % quantiles."""
    mean, deviation = [], []
    for n in range(days):
        part = published_forecast(price_forecasts, zone, info.day.day, lead=n + 1).sort("price_eur_mwh", descending=True, maintain_order=True)
        if part.is_empty():
            break
        part = part.head(max(1, round(hours * 60.0 / int(part["resolution_minutes"][0]))))
        mean.append(float(part["price_eur_mwh"].to_numpy().mean()))
        spread = (part["q90_eur_mwh"] - part["q10_eur_mwh"]).drop_nulls().to_numpy()
        deviation.append(float(spread.mean()) / (2.0 * WIDE) if spread.size else 0.0)
    if not mean:
        raise MissingDayError("price_forecasts", [info.day.day], f"no ensemble day-ahead forecasts of {zone}: make price_forecasts first")
    return np.array(mean), np.array(deviation)


def decided_daily(info: InformationSet, name: str, right: SwingRight | CurtailableRight, prices: pl.DataFrame, forecasts: pl.DataFrame) -> Decision:
    """Whether a swing contract takes, or a load is called, on D.

    Parameters
    ----------
    prices : frame
        The published forecast of D in the right's zone.
    """
    daily = daily_of(info, name, right, forecasts)
    q, later, today = daily.chosen()
    low = min(later)
    considered = q if q > low else max(later)
    strike, more = right.strike_eur_mwh, considered - low
    payoff, cost = more * today, more * strike
    keeping = float((later[low] - later[considered]).mean())
    forced = low > SAME_MWH
    minutes = int(prices["resolution_minutes"][0])
    power = _powers(right, q, prices["price_eur_mwh"].to_numpy(), minutes)
    verb = ("called" if isinstance(right, CurtailableRight) else "taken") if q > low else "kept"
    is_more = "is at least" if q > low else "is below"
    why = f"{verb}: payoff {payoff:.0f} less {cost:.0f} for {more:g} MWh {is_more} {keeping:.0f} of keeping"
    if more <= SAME_MWH:
        why = "the terms leave no choice" if forced else "nothing is left of it"
    if forced:
        why += f"; {low:g} MWh must be taken"
    numbers = (payoff, cost, keeping) if more > SAME_MWH else (0.0, 0.0, 0.0)
    kept, cost_h = float(later[q].mean()), power * strike
    if right.days == 1:  # what still lacks of the least take is paid with the last day, and nothing is left
        kept, cost_h = 0.0, cost_h - kept * 60.0 / (minutes * power.size)
    return Decision(q, considered, *numbers, q > SAME_MWH, forced, kept, power, cost_h, why)


def _powers(right: SwingRight | CurtailableRight, quantity_mwh: float, prices: FloatArray, minutes: int) -> FloatArray:
    """Even over the day, or over the dearest hours of a call [MW]."""
    if not isinstance(right, CurtailableRight):
        return np.full(prices.size, quantity_mwh * 60.0 / (minutes * prices.size))
    count = max(1, round(right.hours * 60.0 / minutes))
    power = np.zeros(prices.size)
    power[np.argsort(-prices, kind="stable")[:count]] = quantity_mwh * 60.0 / (minutes * count)
    return power


def tolling_of(right: TollingRight, minutes: int) -> Tolling:
    """The plant of a right as it stands, on intervals of this length [min]."""
    per_hour = 60 // minutes
    return Tolling(
        right.power_mw,
        right.heat_rate,
        right.tonnes_per_mwh_fuel,
        right.vom_eur_mwh,
        MUST_EUR if right.starts_per_year == 0 else right.start_cost_eur,
        right.minimum_mw,
        right.minimum_up_hours * per_hour,
        right.minimum_down_hours * per_hour,
        is_on=right.is_on,
        intervals_so_far=max(round(right.hours_so_far * per_hour), 1),
    )


def has_fuels(info: InformationSet) -> bool:
    """Whether gas and carbon have settled before the decision, if the desk has a unit that burns them."""
    if not any(isinstance(right, TollingRight) for right in info.desk.rights.values()):
        return True
    fuels = last_settlements(info)
    return bool(np.isfinite([fuels["gas"], fuels["carbon"]]).all())


def unknown_unit(intervals: int) -> Decision:
    """A unit whose fuel nobody can price: it stands still, and the row says why."""
    nothing, off = np.zeros(intervals), np.zeros(intervals, dtype=bool)
    why = "stands still: no settlement of gas and carbon is known before the decision, so it has no cost to run at"
    return Decision(
        0.0, 0.0, 0.0, 0.0, 0.0, is_exercised=False, is_forced=False, kept_eur=0.0, power_mw=nothing, cost_eur_h=nothing, why=why, is_on=off
    )


def settled_fuels(info: InformationSet, name: str) -> tuple[float, float]:
    """Last settlement of gas [EUR/MWh] and carbon [EUR/t] before the decision.

    Raises
    ------
    MissingDayError
        Either is not there.
    """
    fuels = last_settlements(info)
    if not np.isfinite([fuels["gas"], fuels["carbon"]]).all():
        raise MissingDayError("fuel_prices", [info.day.day], f"tolling {name} needs a settlement of gas and carbon before the decision")
    return fuels["gas"], fuels["carbon"]


def decided_unit(info: InformationSet, name: str, right: TollingRight, prices: pl.DataFrame, price_forecasts: pl.DataFrame) -> Decision:
    """When a gas plant runs on D: the best commitment over the days forecast, from where it stands.

    Its payoff is about running on D at all, the rest of the plan included in what keeping is worth.
    """
    gas, carbon = (np.array(price) for price in settled_fuels(info, name))
    today, minutes = prices["price_eur_mwh"].to_numpy(), int(prices["resolution_minutes"][0])
    plant, n, hours = tolling_of(right, minutes), today.size, minutes / 60.0
    week = np.concatenate([today, *_later_prices(info, right.zone, minutes, price_forecasts)])
    margins, in_day = plant.margins_eur(week, gas, carbon, minutes), np.arange(week.size) < today.size
    left, start_eur = right.starts_per_year, right.start_cost_eur
    best = _committed(plant, margins, n, left)
    off = commitment(plant, np.where(in_day, -MUST_EUR, margins)).on[0]
    forced = bool(off[:n].any())
    dearest = np.arange(week.size) == int(np.argmax(margins[:n]))
    run = best if best[:n].any() or (left == 0 and not right.is_on) else _committed(plant, margins + np.where(dearest, MUST_EUR, 0.0), n, left)
    spread = clean_spread_eur_mwh(today, gas, carbon, right.heat_rate, right.tonnes_per_mwh_fuel, right.vom_eur_mwh)
    level = np.where(spread > 0, right.power_mw, right.minimum_mw)

    def later_eur(plan: BoolArray) -> float:
        """Worth of a plan after D."""
        return float((margins * plan)[n:].sum()) - start_eur * float(_starts(plant, plan)[n:].sum())

    payoff = float((run[:n] * level * today).sum() * hours)
    cost = float((run[:n] * level * (today - spread)).sum() * hours) + start_eur * float(_starts(plant, run)[:n].sum())
    keeping = 0.0 if forced else later_eur(off) - later_eur(run)
    power = np.where(best[:n], level, 0.0)
    cost_h = power * (today - spread) + _starts(plant, best)[:n] * start_eur / hours
    runs, is_more = bool(best[:n].any()), "is at least" if payoff - cost >= keeping else "is below"
    verb = "must run" if forced else "runs" if runs else "stands still"
    why = f"{verb}: payoff {payoff:.0f} less {cost:.0f} of fuel and starts {is_more} {keeping:.0f} of keeping"
    if left == 0 and not run[:n].any():
        why = "stands still: no start is left this year"
    energy, considered = float(power.sum() * hours), float((run[:n] * level).sum() * hours)
    return Decision(energy, considered, payoff, cost, keeping, runs, forced, later_eur(best), power, cost_h, why, best[:n])


def _committed(plant: Tolling, margins: FloatArray, intervals: int, starts: int | None) -> BoolArray:
    """The best commitment with at most so many starts in the first intervals, by the shadow cost of a start."""
    found: BoolArray = commitment(plant, margins).on[0]
    if starts is None or int(_starts(plant, found)[:intervals].sum()) <= starts:
        return found
    low, high = plant.start_cost_eur, MUST_EUR
    margins = margins - SOONER_EUR * np.arange(margins.size) / margins.size  # of two peaks that are worth the same, the first
    for _ in range(SHADOW_STEPS):
        middle = 0.5 * (low + high)
        tried: BoolArray = commitment(replace(plant, start_cost_eur=middle), margins).on[0]
        if int(_starts(plant, tried)[:intervals].sum()) <= starts:
            high, found = middle, tried
        else:
            low = middle
    return found


def _starts(plant: Tolling, on: BoolArray) -> BoolArray:
    """Intervals in which it starts."""
    return np.asarray(on & ~np.concatenate([[plant.is_on], on[:-1]]))


def _later_prices(info: InformationSet, zone: str, minutes: int, price_forecasts: pl.DataFrame) -> Iterable[FloatArray]:
    """Published means of the days after D, as far as they are forecast in the same intervals."""
    for lead in range(2, info.desk.forecast.horizon_days + 1):
        part = published_forecast(price_forecasts, zone, info.day.day, lead=lead)
        if part.is_empty() or int(part["resolution_minutes"][0]) != minutes:
            return
        yield part["price_eur_mwh"].to_numpy()
