"""Rows of `signals` of the rules that follow a daily series.

What belongs here: from an information set to a rule's arrays and back to rows. What does not:
the rules (`rules`), the table (`signals`).
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl

from energy_pipeline.desk.strategies import MeanReversion, Momentum, PairSpread, RenewableArbitrage
from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.information.archive import InformationSet
from energy_pipeline.information.resolution import information_lookup, interval_values, slot_starts_us
from energy_pipeline.strategies.fuels import fuel_cost
from energy_pipeline.strategies.history import block_of_intervals, closed_up, history, hours_of_intervals, slot_prices
from energy_pipeline.strategies.instruments import AUCTION, DAY_BEFORE, Trade, exit_name, signal_rows
from energy_pipeline.strategies.rules import momentum, renewables, reversion
from energy_pipeline.strategies.spread import sized


def trade_of(info: InformationSet, zone: str, trades: str) -> Trade:
    """Auction against the zone's second price, or an index that cannot be held."""
    return Trade(AUCTION, exit_name(info.desk.zones[zone].second_price.kind) if trades == "spread" else DAY_BEFORE)


def reversion_rows(info: InformationSet, name: str, strategy: MeanReversion) -> pl.DataFrame:
    """Mean reversion, block by block."""
    past = history(info, strategy.zone, strategy.trades, reversion.look_back_days(strategy)).blocks(strategy.block_hours)
    series = [closed_up(column) for column in past.T]
    wish = np.array([reversion.reversion_wish(s, strategy) for s in series])
    edge = np.array([reversion.reversion_edge(s, w, strategy.window_days) for s, w in zip(series, wish, strict=True)])
    block = block_of_intervals(info, strategy.zone, strategy.block_hours)
    return signal_rows(info, name, strategy.zone, trade_of(info, strategy.zone, strategy.trades), wish[block], strategy.max_mw, edge[block])


def momentum_rows(info: InformationSet, name: str, strategy: Momentum) -> pl.DataFrame:
    """Momentum, block by block; hours without liquidity are left alone."""
    past = history(info, strategy.zone, strategy.trades, momentum.look_back_days(strategy)).blocks(strategy.block_hours)
    wish = np.array([momentum.momentum_wish(closed_up(column), strategy) for column in past.T])
    signal = wish[block_of_intervals(info, strategy.zone, strategy.block_hours)]
    signal = np.where(np.isin(hours_of_intervals(info, strategy.zone), strategy.skip_hours), 0.0, signal)
    return signal_rows(info, name, strategy.zone, trade_of(info, strategy.zone, strategy.trades), signal, strategy.max_mw, None)


def renewable_rows(info: InformationSet, name: str, strategy: RenewableArbitrage) -> pl.DataFrame:
    """What like days in expected wind and solar output earned, slot by slot; nothing without a forecast known in time."""
    past = history(info, strategy.zone, strategy.trades, strategy.window_days)
    today = expected_renewables_mw(info, strategy.zone)
    before = np.array([expected_renewables_mw(info.at(day), strategy.zone) for day in past.days])
    like = renewables.nearest_days(before, today, strategy.neighbours) if np.isfinite(today) else np.zeros(0, dtype=np.int64)
    values = past.values_eur_mwh if strategy.trades == "spread" else np.diff(past.values_eur_mwh, axis=0, prepend=np.nan)
    slots = info.day.slots(past.minutes)
    edge = renewables.neighbour_edge(values[like], strategy.minimum_t)[slots] if like.size else np.zeros(slots.size)
    if strategy.hours == "duck":
        edge = np.where(np.isin(hours_of_intervals(info, strategy.zone), list(renewables.DUCK_HOURS)), edge, 0.0)
    fee = info.desk.zones[strategy.zone].second_price.imbalance_fee_eur_mwh
    signal = sized(edge, max(strategy.threshold_eur_mwh, fee))
    return signal_rows(info, name, strategy.zone, trade_of(info, strategy.zone, strategy.trades), signal, strategy.max_mw, np.abs(edge))


def expected_renewables_mw(info: InformationSet, zone: str) -> float:
    """Mean of the day's forecast wind and solar output that is known at its decision; NaN when neither is [MW]."""

    def make() -> float:
        minutes = info.desk.zones[zone].resolution_minutes(info.day.day)
        starts = info.day.interval_starts_us(minutes)
        parts = [
            interval_values(information_lookup(info, "generation_forecast", zone=zone, technology=t), "generation_mw", starts, minutes)
            for t in ("wind", "solar")
        ]
        means = [float(p[~np.isnan(p)].mean()) for p in parts if not np.isnan(p).all()]
        return sum(means) if means else float("nan")

    return info.cached("expected_renewables", zone, make=make)


def pair_rows(info: InformationSet, name: str, strategy: PairSpread) -> pl.DataFrame:
    """Daily base price against another zone or a fuel."""
    days = [info.day.day - timedelta(days=lag) for lag in range(reversion.look_back_days(strategy), 0, -1)]
    first = base_prices(info, strategy.zone, days)
    if strategy.other_zone is not None:
        second = base_prices(info, strategy.other_zone, days)
    else:
        second = np.array([fuel_cost_eur_mwh(info.at(day), strategy) for day in days])
    known = ~np.isnan(first) & ~np.isnan(second)
    wish = reversion.pair_wish(first[known], second[known], strategy)
    size = info.day.count(info.desk.zones[strategy.zone].resolution_minutes(info.day.day))
    leave = f"day_ahead index of {strategy.other_zone or strategy.against}"
    return signal_rows(info, name, strategy.zone, Trade(AUCTION, leave), np.full(size, wish), 0.0, None)


def base_prices(info: InformationSet, zone: str, days: list[date]) -> FloatArray:
    """Mean day-ahead price of whole days, as known now; NaN where an hour is unknown."""
    minutes = info.desk.zones[zone].resolution_minutes(info.day.day)
    starts = slot_starts_us(days, info.day.time_zone, minutes)
    values = slot_prices(information_lookup(info, "day_ahead_prices", zone=zone), starts, minutes)
    there = starts >= 0
    unknown = (np.isnan(values) & there).any(axis=1)
    total = np.where(there, np.nan_to_num(values), 0.0).sum(axis=1)
    return np.where(unknown, np.nan, total / np.maximum(there.sum(axis=1), 1))


def fuel_cost_eur_mwh(info: InformationSet, strategy: PairSpread) -> float:
    """Fuel and carbon of a MWh of power at the last settlements known when that day was decided; NaN where one is missing."""
    key = (strategy.against, strategy.heat_rate, strategy.tonnes_per_mwh)
    return info.cached("fuel_cost", *key, make=lambda: fuel_cost(info.frame("fuel_prices"), info.decision_time, strategy))
