"""The table `backtest_metrics`: what each strategy earned over the settled days up to D.

What belongs here: daily results of past signals and their statistics. What does not: the
signals, or results of the book (portfolio).

A day counts when everything its signals need is known: for a tradable strategy both prices
wherever the target is not 0 (a day without any target counts and earns 0), for an index
study the auction prices of the day and the day before wherever the signal is not 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

from energy_pipeline.contracts import table
from energy_pipeline.desk import Desk
from energy_pipeline.domain.delivery import DeliveryDay, FloatArray, IntArray
from energy_pipeline.domain.errors import ContractError, Finding
from energy_pipeline.domain.resolution import Lookup, frame_lookup, interval_values, slot_starts_us
from energy_pipeline.domain.units import hours_of
from energy_pipeline.strategies.instruments import Trade

MINIMUM_SHARPE_DAYS = 20


def backtest_metrics(desk: Desk, day: date, signals: pl.DataFrame, day_ahead_prices: pl.DataFrame, second_prices: pl.DataFrame) -> pl.DataFrame:
    """Each strategy of the desk over the days of `signals` up to `day`, table `backtest_metrics`.

    Parameters
    ----------
    signals : DataFrame
        Rows of `signals` of all days of the window.
    day_ahead_prices, second_prices : DataFrame
        Raw tables that cover the window (for index studies also the day before it); the
        latest vintage counts.

    Raises
    ------
    ContractError
        A signal labelled tradable whose exit is not a second price.
    """
    contract = table("backtest_metrics")
    past = signals.filter(pl.col("delivery_day") <= day, pl.col("strategy").is_in(list(desk.strategies))).sort(
        "strategy", "delivery_day", "delivery_start", maintain_order=True
    )
    rows = [_metrics(desk, day, part, day_ahead_prices, second_prices) for part in past.partition_by("strategy", maintain_order=True)]
    return contract.frame(rows) if rows else contract.frame()


@dataclass(frozen=True)
class _Prices:
    """Look-ups of one zone's settled prices."""

    auction: Lookup
    second: Lookup


def _metrics(desk: Desk, day: date, rows: pl.DataFrame, day_ahead_prices: pl.DataFrame, second_prices: pl.DataFrame) -> dict[str, object]:
    label, zone = _checked_label(day, rows), rows["zone"][0]
    kind = desk.zones[zone].second_price.kind
    prices = _Prices(frame_lookup(day_ahead_prices, zone=zone), frame_lookup(second_prices, zone=zone, price_kind=kind))
    results: dict[date, float] = {}
    for part in rows.partition_by("delivery_day", maintain_order=True):
        value = _pnl_eur(desk, zone, part, prices) if label == "tradable" else _index_points(desk, part, prices)
        if np.isfinite(value):
            results[part["delivery_day"][0]] = value
    series = np.array(list(results.values()))
    metrics = {"delivery_day": day, "strategy": rows["strategy"][0], "label": label, "days": series.size}
    return metrics | (_money(desk, series, results.get(day)) if label == "tradable" else _points(series))


def _checked_label(day: date, rows: pl.DataFrame) -> str:
    """The label that entry and exit imply, which must be the one stored."""
    name = rows["strategy"][0]
    stored = rows.select("label", "entry_price", "exit_price").unique(maintain_order=True).rows()
    wrong = [row for row in stored if Trade(row[1], row[2]).label != row[0]]
    if wrong or len({row[0] for row in stored}) > 1:
        examples = tuple(f"strategy={name}, label={label}, entry={entry!r}, exit={leave!r}" for label, entry, leave in (wrong or stored)[:3])
        finding = Finding("label is not what entry and exit price imply", "label", rows.height, examples, "make the signals again")
        raise ContractError("signals", day, [finding])
    return str(stored[0][0])


def _pnl_eur(desk: Desk, zone: str, rows: pl.DataFrame, prices: _Prices) -> float:
    """Net P&L of a day: bought `target` in the auction at P, sold at R, the fee on every MWh."""
    minutes, starts, target = int(rows["resolution_minutes"][0]), _starts(rows), rows["target_mw"].to_numpy()
    traded = target != 0
    auction = interval_values(prices.auction, "price_eur_mwh", starts[traded], minutes)
    second = interval_values(prices.second, "price_eur_mwh", starts[traded], minutes)
    fee = desk.zones[zone].second_price.imbalance_fee_eur_mwh
    gains = target[traded] * (second - auction) - fee * np.abs(target[traded])
    return float(hours_of(minutes) * gains.sum())


def _index_points(desk: Desk, rows: pl.DataFrame, prices: _Prices) -> float:
    """Mean over the day of signal x change of the slot's price since the day before [EUR/MWh]."""
    minutes, starts, signal = int(rows["resolution_minutes"][0]), _starts(rows), rows["signal"].to_numpy()
    active = signal != 0
    delivery = DeliveryDay(rows["delivery_day"][0], desk.time_zone)
    before = slot_starts_us([delivery.day - timedelta(days=1)], desk.time_zone, minutes)[0][delivery.slots(minutes)]
    now = interval_values(prices.auction, "price_eur_mwh", starts[active], minutes)
    earlier = interval_values(prices.auction, "price_eur_mwh", before[active], minutes)
    # A slot that spring skipped the day before has no change: it adds nothing.
    change = np.where(before[active] < 0, 0.0, now - earlier)
    return float((signal[active] * change).sum() / signal.size)


def _starts(rows: pl.DataFrame) -> IntArray:
    return rows["delivery_start"].cast(pl.Int64).to_numpy()


def _money(desk: Desk, daily_eur: FloatArray, of_day: float | None) -> dict[str, object]:
    if daily_eur.size == 0:
        return dict.fromkeys(("pnl_eur", "pnl_day_eur", "index_points_eur_mwh", "sharpe", "hit_rate", "max_drawdown_eur"))
    total = np.concatenate([[0.0], np.cumsum(daily_eur)])
    return {
        "pnl_eur": float(total[-1]),
        "pnl_day_eur": of_day,
        "index_points_eur_mwh": None,
        "sharpe": sharpe(daily_eur, desk.risk.annualisation_days),
        "hit_rate": float((daily_eur > 0).mean()),
        "max_drawdown_eur": float((np.maximum.accumulate(total) - total).max()),
    }


def _points(daily: FloatArray) -> dict[str, object]:
    return {
        "pnl_eur": None,
        "pnl_day_eur": None,
        "index_points_eur_mwh": float(daily.sum()),
        "sharpe": None,
        "hit_rate": float((daily > 0).mean()) if daily.size else None,
        "max_drawdown_eur": None,
    }


def sharpe(daily_eur: FloatArray, annualisation_days: int) -> float | None:
    """Mean over standard deviation (divisor n - 1) of daily P&L x sqrt(days a year); None under 20 days or without spread.

    >>> sharpe(np.ones(30), 365) is None
    True
    """
    if daily_eur.size < MINIMUM_SHARPE_DAYS:
        return None
    mean, spread = float(daily_eur.mean()), float(daily_eur.std(ddof=1))
    # Equal days leave rounding noise as their spread.
    return mean / spread * float(np.sqrt(annualisation_days)) if spread > 1e-12 * abs(mean) else None
