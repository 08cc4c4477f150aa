"""A store over past days, day by day, under every rule: what each earned of perfect foresight.

What belongs here: the walk for both information structures, on arrays of whole days. What does
not: reading markets (`studies.battery_study`), the rules themselves.

*Sequential.* The store trades at the second price (intraday, real time), seen interval by interval.
At midnight of day d it knows the day-ahead prices up to d and the second prices before d. The
second price is expected at the day-ahead price plus the mean difference of the last WINDOW days: one
number, for the mean by time of day is mostly noise where spikes are. Deviations from it fade by a
decay per hour: the one of DECAYS_PER_HOUR whose rolling plan has earned most on the days settled so far.
The policy's paths are an AR(1) with that decay; innovations are drawn one by one from those of the
same time of day and its neighbours and scaled to the size of a whole day's.

*Auction.* The store bids day-ahead. At the gate of d it knows the prices before d and a forecast of
d made by the caller. Limit orders are the intrinsic plan with limits where an order may fail; the
policy bids exclusive groups of blocks (`blocks`) chosen on scenarios: the forecast plus the whole-day
errors of the last WINDOW forecasts.

The auction's rolling intrinsic ends the day in the value of energy at midnight that days shaped like
the last WINDOW ones give (`auction.midnight_curve`), and shows what that costs; all else ends the day in
nothing.

A warranty's throughput is spread over the days that are left: each MWh discharged costs a rule the least of WEAR_COSTS at which perfect
foresight of the last WINDOW days would have kept the pace, in its decisions and not in what it earns. Cycles a day
are limits of the store and hold in every rule.

The *shipped* rule of a day is the candidate that earned most on all days settled so far; RECORD_DAYS days
before the first one counted begin that record.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.domain.units import hours_of
from energy_pipeline.mathematics.stores import rules
from energy_pipeline.mathematics.stores.auction import day_bids, midnight_curve
from energy_pipeline.mathematics.stores.blocks import block_orders
from energy_pipeline.mathematics.stores.perfect_foresight import content_mwh, foresight
from energy_pipeline.mathematics.stores.policy import run_of, train
from energy_pipeline.mathematics.stores.store import Store

WINDOW, SEARCH_DAYS, RECORD_DAYS = 56, 28, 90
DAYS_A_WEEK = 7
STEP_SHARE = 0.5
"""Of the mean step in level from a weekday to the next, over eight weeks, what is believed."""
PATHS = 2000
NEIGHBOURS = 1
"""Intervals either side whose innovations are drawn from."""
DECAYS_PER_HOUR = (0.6, 0.7, 0.8, 0.85, 0.9, 0.95)
NAIVE = ("fixed schedule", "static thresholds")
DAY_RULES = (*NAIVE, "strip of spread options", "intrinsic", "rolling intrinsic")
SHIPPED, CANDIDATES = "shipped", ("policy", "rolling intrinsic", "intrinsic")
MINUTES_PER_DAY = 1440
WEAR_COSTS_EUR_MWH = (0.0, 1.0, 2.0, 3.0, 5.0, 7.0, 10.0, 14.0, 20.0, 28.0, 40.0, 60.0, 100.0, 200.0, 500.0)
HISTORY_DAYS = WINDOW + RECORD_DAYS + 1
RESAMPLES = 5000

Day = Callable[[int, Callable[[str], Store], Callable[[str], float]], dict[str, FloatArray]]
"""(day, store as a rule left it, margin a rule has earned so far) -> contents by rule."""


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

    def lead(self, rule: str, over: str, rng: np.random.Generator) -> tuple[float, float, float]:
        """Mean lead of a rule over another [EUR a day], and its 95 % interval from resampled weeks.

        Weeks are taken whole because days resemble their neighbours; the days left over at the end count in the mean only.

        Examples
        --------
        >>> walk = Walk({"a": np.full(14, 3.0), "b": np.full(14, 1.0)}, np.full(14, 9.0))
        >>> walk.lead("a", "b", np.random.default_rng(0))
        (2.0, 2.0, 2.0)
        """
        apart = self.margins_eur[rule] - self.margins_eur[over]
        weeks = apart[: apart.size // DAYS_A_WEEK * DAYS_A_WEEK].reshape(-1, DAYS_A_WEEK).mean(axis=1)
        drawn = weeks[rng.integers(0, weeks.size, (RESAMPLES, weeks.size))].mean(axis=1)
        low, high = np.quantile(drawn, [0.025, 0.975])
        return float(apart.mean()), float(low), float(high)


def sequential_walk(
    store: Store,
    second: FloatArray,
    day_ahead: FloatArray,
    first: int,
    rng_of: Callable[[int], np.random.Generator],
    warranty_mwh: float | None = None,
) -> Walk:
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
    warranty_mwh : float, optional
        Discharged over all days counted at most.
    """
    minutes = MINUTES_PER_DAY // second.shape[1]

    def day(d: int, store_of: Callable[[str], Store], earned: Callable[[str], float]) -> dict[str, FloatArray]:
        decay = max(DECAYS_PER_HOUR, key=lambda hourly: earned(_shadow(hourly)))
        return _sequential_day(store_of, second, day_ahead, d, minutes, decay, rng_of(d))

    return _walk(store, second, first, minutes, (*DAY_RULES, "policy"), day, tuple(map(_shadow, DECAYS_PER_HOUR)), warranty_mwh)


def auction_walk(store: Store, day_ahead: FloatArray, forecasts: FloatArray, first: int, warranty_mwh: float | None = None) -> Walk:
    """Bid days `first` .. day-ahead.

    Parameters
    ----------
    day_ahead, forecasts : arrays, shape (days, intervals)
        Forecasts of a day were made before its gate; HISTORY_DAYS days of both come before `first`.
    warranty_mwh : float, optional
        Discharged over all days counted at most.
    """
    minutes = MINUTES_PER_DAY // day_ahead.shape[1]
    names = (*DAY_RULES, "limit orders", "policy")

    def day(d: int, store_of: Callable[[str], Store], _: Callable[[str], float]) -> dict[str, FloatArray]:
        return _auction_day(store_of, day_ahead, forecasts, d, minutes)

    return _walk(store, day_ahead, first, minutes, names, day, warranty_mwh=warranty_mwh)


def _walk(
    store: Store,
    prices: FloatArray,
    first: int,
    minutes: int,
    names: tuple[str, ...],
    day: Day,
    shadows: tuple[str, ...] = (),
    warranty_mwh: float | None = None,
) -> Walk:
    """Carry each rule's content over midnights and value what it did at the prices that came; shadows are not reported."""
    contents = dict.fromkeys((*names, SHIPPED, *shadows), store.initial_mwh)
    left = dict.fromkeys(contents, warranty_mwh)
    margins: dict[str, list[float]] = {rule: [] for rule in contents}

    def earned(rule: str) -> float:
        return sum(margins[rule])

    for d in range(first - RECORD_DAYS, prices.shape[0]):
        spread = None if warranty_mwh is None else _Spread(store, prices[d - WINDOW : d], minutes, prices.shape[0] - max(d, first))
        held = {rule: replace(store if spread is None else spread.of(left[rule]), initial_mwh=content) for rule, content in contents.items()}
        plans = day(d, held.__getitem__, earned)
        best = max(CANDIDATES, key=earned)
        same = contents[SHIPPED] == contents[best]
        plans[SHIPPED] = plans[best] if same else day(d, lambda _: held[SHIPPED], earned)[best]  # noqa: B023 - called at once
        for rule, stored in plans.items():
            run = run_of(replace(store, initial_mwh=contents[rule]), stored[None], prices[d][None], minutes)
            margins[rule].append(float(run.margin_eur[0]))
            if (rest := left[rule]) is not None and d >= first:
                left[rule] = max(rest - float(run.discharge_mw.sum()) * hours_of(minutes), 0.0)
            contents[rule] = float(np.clip(stored[-1], store.minimum_mwh, store.energy_mwh))
    whole = store if warranty_mwh is None else replace(store, cycles_in_all=warranty_mwh / store.energy_mwh)
    plan = foresight(whole, prices[first:].ravel(), minutes)
    best_margin = store.margins_eur(plan.charge_mw, plan.discharge_mw, prices[first:].ravel(), minutes)
    counted = {rule: np.array(margins[rule][RECORD_DAYS:]) for rule in (*names, SHIPPED)}
    return Walk(counted, best_margin.reshape(-1, prices.shape[1]).sum(axis=1))


class _Spread:
    """A warranty's throughput spread over the days left, by what wear costs had been worth on past days."""

    def __init__(self, store: Store, past: FloatArray, minutes: int, days_left: int) -> None:
        self._store, self._days_left = store, days_left
        free = replace(store, cycles_per_day=None, cycles_per_week=None, cycles_in_all=None)
        plans = (foresight(self._at(free, cost), past.ravel(), minutes) for cost in WEAR_COSTS_EUR_MWH)
        self._used_mwh = [float(plan.discharge_mw.sum()) * hours_of(minutes) / len(past) for plan in plans]

    @staticmethod
    def _at(store: Store, cost: float) -> Store:
        return replace(store, cycle_cost_eur_mwh=store.cycle_cost_eur_mwh + cost)

    def of(self, left_mwh: float | None) -> Store:
        """The store as a rule with so much left decides with it."""
        left = 0.0 if left_mwh is None else left_mwh
        cost = next((c for c, used in zip(WEAR_COSTS_EUR_MWH, self._used_mwh, strict=True) if used <= left / self._days_left), WEAR_COSTS_EUR_MWH[-1])
        return replace(self._at(self._store, cost), cycles_in_all=left / self._store.energy_mwh)


def _shadow(decay_per_hour: float) -> str:
    return f"rolling at {decay_per_hour:g}"


def expected_second(second: FloatArray, day_ahead: FloatArray, d: int) -> FloatArray:
    """What the second price of day d is expected to be at midnight: the day-ahead price and the usual difference."""
    past = slice(d - WINDOW, d)
    return np.asarray(day_ahead[d] + (second[past] - day_ahead[past]).mean())


def simulated_second(second: FloatArray, day_ahead: FloatArray, d: int, decay: float, paths: int, rng: np.random.Generator) -> FloatArray:
    """Simulated second prices of day d, shape (paths, intervals); their mean is what the state at midnight makes expected.

    Parameters
    ----------
    decay : float
        Of the AR(1), per interval.
    """
    from scipy.signal import lfilter

    past, slots = slice(d - WINDOW, d), second.shape[1]
    spread = second[past] - day_ahead[past]
    apart = (spread - spread.mean()).ravel()
    innovations = np.concatenate([[0.0], apart[1:] - decay * apart[:-1]]).reshape(spread.shape)
    innovations -= innovations.mean()
    scale = np.maximum(np.abs(innovations).mean(axis=1), 1e-6)
    column = (np.arange(slots) + rng.integers(-NEIGHBOURS, NEIGHBOURS + 1, (paths, slots))) % slots
    noise = (innovations / scale[:, None])[rng.integers(0, WINDOW, (paths, slots)), column]
    noise = noise * scale[rng.integers(0, WINDOW, paths)][:, None]
    moves = np.asarray(lfilter([1.0], [1.0, -decay], noise, axis=1))
    after = apart[-1] * decay ** np.arange(1, slots + 1)
    return np.asarray(expected_second(second, day_ahead, d) + after + moves - moves.mean(axis=0))


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
    store_of: Callable[[str], Store], second: FloatArray, day_ahead: FloatArray, d: int, minutes: int, decay_per_hour: float, rng: np.random.Generator
) -> dict[str, FloatArray]:
    mean, per_interval = expected_second(second, day_ahead, d), {h: h ** (minutes / 60.0) for h in DECAYS_PER_HOUR}
    paths = simulated_second(second, day_ahead, d, per_interval[decay_per_hour], PATHS, rng)
    outlook = rules.Outlook(mean, per_interval[decay_per_hour], paths.std(axis=0))
    today = second[d]
    found = _simple(store_of, today[None], second[d - SEARCH_DAYS : d], outlook, minutes)
    found["intrinsic"] = rules.intrinsic(store_of("intrinsic"), outlook, minutes)
    found["rolling intrinsic"] = rules.rolling_intrinsic(store_of("rolling intrinsic"), outlook, today, minutes)
    for hourly, decay in per_interval.items():
        found[_shadow(hourly)] = rules.rolling_intrinsic(store_of(_shadow(hourly)), replace(outlook, decay=decay), today, minutes)
    found["policy"] = train(store_of("policy"), paths, minutes).run(today[None]).state_of_charge_mwh[0]
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
    forecast, past = forecasts[d], slice(d - WINDOW, d)
    certain = rules.Outlook(forecast, 0.0, np.zeros(forecast.size))  # nothing is seen between the bids
    found = _simple(store_of, forecast[None], day_ahead[d - SEARCH_DAYS : d], certain, minutes)
    found["intrinsic"] = rules.intrinsic(store_of("intrinsic"), certain, minutes)
    rolling = store_of("rolling intrinsic")
    curve = midnight_curve(rolling, days_to_come(forecasts[past], forecast), minutes)
    found["rolling intrinsic"] = rules.intrinsic(replace(rolling, terminal="curve", end_curve=curve), certain, minutes)
    held = store_of("limit orders")
    ends = np.array([held.minimum_mwh, held.energy_mwh])
    orders = day_bids(held, forecast, minutes, ends, held.end_eur(ends), held.initial_mwh, limits=True)
    found["limit orders"] = content_mwh(held, *orders.accepted(day_ahead[d]), minutes)
    bidding, errors = store_of("policy"), day_ahead[past] - forecasts[past]
    blocks = block_orders(bidding, forecast + errors - errors.mean(axis=0), minutes)
    found["policy"] = content_mwh(bidding, *blocks.accepted(day_ahead[d]), minutes)
    return found
