"""A store over past days, day by day, under every rule: what each earned of perfect foresight.

What belongs here: the walk for both information structures, on arrays of whole days. What does
not: reading markets (`commands.battery_study`), the rules themselves.

*Sequential.* The store trades at the second price (intraday, real time), seen interval by interval.
At midnight of day d it knows the day-ahead prices up to d and the second prices before d. The
difference of the two is taken as an AR(1) about its mean by time of day, estimated on the last
WINDOW days; innovations are drawn one by one from those of the same time of day and its neighbours.

*Auction.* The store bids day-ahead. At the gate of d it knows the prices before d and a forecast of
d made by the caller.

In the auction, rolling intrinsic and policy end the day in the value of energy at midnight that days
shaped like the last WINDOW ones give (`auction.midnight_curve`), and the policy's sales may carry
limits. All else ends the day in nothing: carrying energy over midnight on a guess of the next day
cost more than it brought on the days looked at while this was written (docs/battery-value.md).

The *shipped* rule of a day is chosen on settled days only. Days before the first one counted warm it up.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.flexibility import rules
from energy_pipeline.flexibility.auction import DayBids, day_bids, midnight_curve
from energy_pipeline.flexibility.foresight import content_mwh, foresight
from energy_pipeline.flexibility.policy import run_of, train
from energy_pipeline.flexibility.store import Store

Curve = tuple[tuple[float, float], ...]
WINDOW, SEARCH_DAYS = 56, 28
DAYS_A_WEEK = 7
STEP_SHARE = 0.5
"""Of the mean step in level from a weekday to the next, over eight weeks, what is believed."""
PATHS = 2000
NEIGHBOURS = 1
"""Intervals either side whose innovations are drawn from."""
DAY_RULES = ("fixed schedule", "static thresholds", "strip of spread options", "intrinsic", "rolling intrinsic", "policy")
SHIPPED, CANDIDATES = "shipped", ("policy", "rolling intrinsic", "intrinsic")
"""What the desk would run: the candidate whose settled margin over the last SEARCH_DAYS days was largest."""
MINUTES_PER_DAY = 1440
HISTORY_DAYS = WINDOW + SEARCH_DAYS + 1


@dataclass(frozen=True)
class Walk:
    """Margins of every rule.

    Attributes
    ----------
    margins_eur : dict of rule to array, shape (days,)
    foresight_eur : array, shape (days,)
        Perfect foresight of the whole span, carrying energy over midnights, by day.
    """

    margins_eur: dict[str, FloatArray]
    foresight_eur: FloatArray

    def shares(self) -> dict[str, float]:
        """Each rule's total margin over perfect foresight's."""
        return {rule: float(m.sum() / self.foresight_eur.sum()) for rule, m in self.margins_eur.items()}


def sequential_walk(store: Store, second: FloatArray, day_ahead: FloatArray, first: int, rng_of: Callable[[int], np.random.Generator]) -> Walk:
    """Trade the second price of days `first` .. with what was known.

    Parameters
    ----------
    second : array, shape (days, intervals)
    day_ahead : array, shape (days, intervals)
        At the second price's resolution.
    first : int
        The first day traded; HISTORY_DAYS days or more come before it.
    rng_of : callable
        A generator for each day.
    """
    minutes = MINUTES_PER_DAY // second.shape[1]
    return _walk(store, second, first, minutes, lambda d, store_of: _sequential_day(store_of, second, day_ahead, d, minutes, rng_of(d)))


def auction_walk(store: Store, day_ahead: FloatArray, forecasts: FloatArray, first: int) -> Walk:
    """Bid days `first` .. day-ahead.

    Parameters
    ----------
    day_ahead, forecasts : arrays, shape (days, intervals)
        Forecasts of a day were made before its gate; HISTORY_DAYS days of both come before `first`.
    """
    minutes = MINUTES_PER_DAY // day_ahead.shape[1]
    return _walk(store, day_ahead, first, minutes, lambda d, store_of: _auction_day(store_of, day_ahead, forecasts, d, minutes))


def _walk(store: Store, prices: FloatArray, first: int, minutes: int, day: Callable[[int, Callable[[str], Store]], dict[str, FloatArray]]) -> Walk:
    """Carry each rule's content over midnights and value what it did at the prices that came."""
    names = (*DAY_RULES, SHIPPED)
    contents = dict.fromkeys(names, store.initial_mwh)
    margins: dict[str, list[float]] = {rule: [] for rule in names}
    for d in range(first - SEARCH_DAYS, prices.shape[0]):
        held = {rule: replace(store, initial_mwh=content) for rule, content in contents.items()}
        plans = day(d, held.__getitem__)
        best = max(CANDIDATES, key=lambda rule: sum(margins[rule][-SEARCH_DAYS:]))
        same = contents[SHIPPED] == contents[best]
        plans[SHIPPED] = plans[best] if same else day(d, lambda _: held[SHIPPED])[best]  # noqa: B023 - called at once
        for rule, stored in plans.items():
            margins[rule].append(float(run_of(held[rule], stored[None], prices[d][None], minutes).margin_eur[0]))
            contents[rule] = float(np.clip(stored[-1], store.minimum_mwh, store.energy_mwh))
    plan = foresight(store, prices[first:].ravel(), minutes)
    best_margin = store.margins_eur(plan.charge_mw, plan.discharge_mw, prices[first:].ravel(), minutes)
    counted = {rule: np.array(m[SEARCH_DAYS:]) for rule, m in margins.items()}
    return Walk(counted, best_margin.reshape(-1, prices.shape[1]).sum(axis=1))


def simulated_second(second: FloatArray, day_ahead: FloatArray, d: int, paths: int, rng: np.random.Generator) -> tuple[FloatArray, float]:
    """Simulated second prices of day d, and the decay of the AR(1)."""
    from scipy.signal import lfilter

    past, slots = slice(d - WINDOW, d), second.shape[1]
    spread = second[past] - day_ahead[past]
    usual = spread.mean(axis=0)
    apart = (spread - usual).ravel()
    decay = float(np.clip(apart[1:] @ apart[:-1] / max(float(apart[:-1] @ apart[:-1]), 1e-9), 0.0, 0.98))
    innovations = np.concatenate([[0.0], apart[1:] - decay * apart[:-1]]).reshape(spread.shape)
    scale = np.maximum(np.abs(innovations - innovations.mean()).mean(axis=1), 1e-6)
    column = (np.arange(slots) + rng.integers(-NEIGHBOURS, NEIGHBOURS + 1, (paths, slots))) % slots
    noise = ((innovations - innovations.mean()) / scale[:, None])[rng.integers(0, WINDOW, (paths, slots)), column]
    noise = noise * scale[rng.integers(0, WINDOW, paths)][:, None]
    noise[:, 0] += decay * apart[-1]
    return day_ahead[d] + usual + np.asarray(lfilter([1.0], [1.0, -decay], noise, axis=1)), decay


def days_to_come(curves: FloatArray, today: FloatArray) -> FloatArray:
    """What the next day may be planned on: the shapes of past days, at today's level plus the usual step from such a weekday.

    A level taken from past days instead would make a cheap day look like a bargain to be carried over
    midnight, which it seldom is.

    Parameters
    ----------
    curves : array, shape (days, intervals)
        Consecutive days before today, whole weeks, oldest first.
    today : array, shape (intervals,)
    """
    level = curves.mean(axis=1)
    steps = np.diff(np.append(level, today.mean()))[:-1]  # the last one leads to today
    same_weekday = steps[-DAYS_A_WEEK + 1 :: -DAYS_A_WEEK]
    return np.asarray(curves - level[:, None] + today.mean() + STEP_SHARE * same_weekday.mean())


def _sequential_day(
    store_of: Callable[[str], Store], second: FloatArray, day_ahead: FloatArray, d: int, minutes: int, rng: np.random.Generator
) -> dict[str, FloatArray]:
    paths, decay = simulated_second(second, day_ahead, d, PATHS, rng)
    outlook = rules.Outlook(paths.mean(axis=0), decay, paths.std(axis=0))
    learned, rolling, planned = (store_of(r) for r in ("policy", "rolling intrinsic", "intrinsic"))
    policy, plan = train(learned, paths, minutes), rules.intrinsic(learned, outlook, minutes)
    by_plan = run_of(learned, np.broadcast_to(plan, paths.shape), paths, minutes).value_eur.mean()
    ships = policy.run(paths).value_eur.mean() >= by_plan
    today = second[d][None]
    found = _simple(store_of, today, second[d - SEARCH_DAYS : d], outlook, minutes)
    found["intrinsic"] = rules.intrinsic(planned, outlook, minutes)
    found["rolling intrinsic"] = rules.rolling_intrinsic(rolling, outlook, today[0], minutes)
    found["policy"] = policy.run(today).state_of_charge_mwh[0] if ships else plan
    return found


def _simple(store_of: Callable[[str], Store], acted_on: FloatArray, past: FloatArray, outlook: rules.Outlook, minutes: int) -> dict[str, FloatArray]:
    """Fixed schedule, thresholds that did best in the last weeks, strip of options."""
    slots = acted_on.shape[1]
    hour = np.arange(slots) * minutes / 60.0
    fixed, still, cut = (store_of(r) for r in DAY_RULES[:3])
    low, high = rules.best_thresholds(replace(still, initial_mwh=still.minimum_mwh), past.reshape(1, -1), minutes)
    strip = rules.strip_of_options(cut, outlook, minutes)
    return {
        "fixed schedule": rules.clipped(fixed, rules.fixed_schedule(fixed, hour, minutes), minutes)[0],
        "static thresholds": rules.clipped(still, rules.threshold_wishes(acted_on, low, high), minutes)[0],
        "strip of spread options": rules.clipped(cut, rules.strip_wishes(cut, outlook, strip, acted_on, minutes), minutes)[0],
    }


def _auction_day(store_of: Callable[[str], Store], day_ahead: FloatArray, forecasts: FloatArray, d: int, minutes: int) -> dict[str, FloatArray]:
    certain = rules.Outlook(forecasts[d], 0.0, np.zeros(day_ahead.shape[1]))  # nothing is seen between the bids
    found = _simple(store_of, forecasts[d][None], day_ahead[d - SEARCH_DAYS : d], certain, minutes)
    curve = midnight_curve(store_of("policy"), days_to_come(forecasts[d - WINDOW : d], forecasts[d]), minutes)
    found["intrinsic"] = rules.intrinsic(store_of("intrinsic"), certain, minutes)
    found["rolling intrinsic"] = rules.intrinsic(replace(store_of("rolling intrinsic"), terminal="curve", end_curve=curve), certain, minutes)
    held = store_of("policy")
    past = slice(d - SEARCH_DAYS, d)
    earned = {limits: _earned(held, curve, forecasts[past], day_ahead[past], minutes, limits=limits) for limits in (False, True)}
    orders = _orders(held, curve, forecasts[d], minutes, limits=earned[True] > earned[False])
    found["policy"] = content_mwh(held, *orders.accepted(day_ahead[d]), minutes)
    return found


def _orders(store: Store, curve: Curve, forecast: FloatArray, minutes: int, *, limits: bool) -> DayBids:
    grid, values = np.array(curve).T
    return day_bids(store, forecast, minutes, grid, values, store.initial_mwh, limits=limits)


def _earned(store: Store, curve: Curve, forecasts: FloatArray, outcomes: FloatArray, minutes: int, *, limits: bool) -> float:
    """What orders of past days would have brought, midnight's value included: to choose between both kinds."""
    grid, values = np.array(curve).T
    total = 0.0
    for forecast, outcome in zip(forecasts, outcomes, strict=True):
        bought, sold = _orders(store, curve, forecast, minutes, limits=limits).accepted(outcome)
        left = content_mwh(store, bought, sold, minutes)[-1]
        total += float(store.margins_eur(bought, sold, outcome, minutes).sum() + np.interp(left, grid, values))
    return total
