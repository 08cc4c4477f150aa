"""The tables `backtest_metrics` and `backtest_days`: what each strategy earned over the settled days up to D.

What belongs here: daily results of past signals, their sums and statistics. What does not: the
signals, or results of the book (portfolio).

A day counts when everything its signals need is known: for a tradable strategy both prices
wherever the target is not 0 (a day without any target counts and earns 0), for an index
study the auction prices of the day and the day before wherever the signal is not 0.

Tradable days run through the backtest engine: every interval is a contract, opened at the
auction by what was wanted at the decision, closed at the second price.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

from energy_pipeline.contracts import table
from energy_pipeline.desk import Desk
from energy_pipeline.desk.strategies import PairSpread
from energy_pipeline.domain.delivery import DeliveryDay, FloatArray, IntArray, to_us
from energy_pipeline.domain.errors import ContractError, Finding
from energy_pipeline.domain.seeds import generator
from energy_pipeline.domain.units import hours_of
from energy_pipeline.information.resolution import Lookup, frame_lookup, interval_values, slot_starts_us
from energy_pipeline.mathematics.backtester import engine
from energy_pipeline.strategies.allocator import allocate
from energy_pipeline.strategies.fuels import fuel_cost
from energy_pipeline.strategies.instruments import Trade
from energy_pipeline.strategies.results import Result, costs_of, sums_by_period
from energy_pipeline.strategies.validation import verdict

MINIMUM_SHARPE_DAYS = 20
BOOTSTRAP_DRAWS = 400
MICROSECOND = 1


def backtest_tables(
    desk: Desk,
    day: date,
    signals: pl.DataFrame,
    day_ahead_prices: pl.DataFrame,
    second_prices: pl.DataFrame,
    fuel_prices: pl.DataFrame | None = None,
) -> dict[str, pl.DataFrame]:
    """Each strategy of the desk over the days of `signals` up to `day`: `backtest_metrics` and `backtest_days`.

    Parameters
    ----------
    signals : DataFrame
        Rows of `signals` of all days of the window.
    day_ahead_prices, second_prices : DataFrame
        Raw tables that cover the window (for index studies also the day before it); the
        latest vintage counts.
    fuel_prices : DataFrame, optional
        Settlements, for studies of power against a fuel; without them their days are unknown.

    Raises
    ------
    ContractError
        A signal labelled tradable whose exit is not a second price.
    """
    found = results(desk, day, signals, day_ahead_prices, second_prices, fuel_prices)
    metrics = _with_shares(desk, found, [_metrics(desk, day, result) for result in found])
    days = [frame for result in found if (frame := daily_frame(day, result)).height]
    contract, by_day = table("backtest_metrics"), table("backtest_days")
    return {
        "backtest_metrics": contract.frame(metrics) if metrics else contract.frame(),
        "backtest_days": pl.concat(days) if days else by_day.frame(),
    }


def backtest_metrics(desk: Desk, day: date, signals: pl.DataFrame, day_ahead_prices: pl.DataFrame, second_prices: pl.DataFrame) -> pl.DataFrame:
    """Table `backtest_metrics` alone."""
    return backtest_tables(desk, day, signals, day_ahead_prices, second_prices)["backtest_metrics"]


def results(
    desk: Desk,
    day: date,
    signals: pl.DataFrame,
    day_ahead_prices: pl.DataFrame,
    second_prices: pl.DataFrame,
    fuel_prices: pl.DataFrame | None = None,
) -> list[Result]:
    """Daily results of each strategy that has signals up to `day`."""
    past = signals.filter(pl.col("delivery_day") <= day, pl.col("strategy").is_in(list(desk.strategies))).sort(
        "strategy", "delivery_day", "delivery_start", maintain_order=True
    )
    prices = _Raw(day_ahead_prices, second_prices, fuel_prices)
    return [_result(desk, day, part, prices) for part in past.partition_by("strategy", maintain_order=True)]


@dataclass(frozen=True)
class _Raw:
    """Raw frames a result is read from."""

    day_ahead: pl.DataFrame
    second: pl.DataFrame
    fuels: pl.DataFrame | None


def _result(desk: Desk, day: date, rows: pl.DataFrame, prices: _Raw) -> Result:
    label, zone, name = _checked_label(day, rows), rows["zone"][0], rows["strategy"][0]
    auction = frame_lookup(prices.day_ahead, zone=zone)
    parts = rows.partition_by("delivery_day", maintain_order=True)
    if label != "tradable":
        points = {part["delivery_day"][0]: _index_points(desk, part, auction) for part in parts}
        strategy = desk.strategies[name]
        if isinstance(strategy, PairSpread):
            points = {d: v - _second_leg(desk, strategy, part, prices) for (d, v), part in zip(points.items(), parts, strict=True)}
        known = {d: v for d, v in points.items() if np.isfinite(v)}
        zero = np.zeros(len(known))
        return Result(name, label, tuple(known), zero, zero, zero, 0, np.array(list(known.values())))
    second = frame_lookup(prices.second, zone=zone, price_kind=desk.zones[zone].second_price.kind)
    return traded(desk, name, zone, parts, auction, second)


def traded(desk: Desk, name: str, zone: str, parts: Sequence[pl.DataFrame], auction: Lookup, second: Lookup) -> Result:
    """All settled days of a tradable strategy's signals through the engine, every interval a contract of its own."""
    columns: list[tuple[FloatArray, ...]] = []
    settled: list[date] = []
    for part in parts:
        day, minutes, starts = part["delivery_day"][0], int(part["resolution_minutes"][0]), _starts(part)
        target = part["target_mw"].to_numpy() * hours_of(minutes)
        entry, leave = (interval_values(prices, "price_eur_mwh", starts, minutes) for prices in (auction, second))
        traded = target != 0
        if np.isnan(entry[traded]).any() or np.isnan(leave[traded]).any():
            continue
        gate, decided = to_us(desk.gate_closure(day)), to_us(desk.decision_time(day))
        whole = np.ones(starts.size)
        columns.append((gate * whole, decided * whole, target, np.nan_to_num(entry), np.nan_to_num(leave), len(settled) * whole))
        settled.append(day)
    if not settled:
        empty = np.zeros(0)
        return Result(name, "tradable", (), empty, empty, empty, 0, empty)
    gates, known, target, entry, leave, index = (np.concatenate(c) for c in zip(*columns, strict=True))
    gate_us = gates.astype(np.int64)
    bars = engine.auction_bars(gate_us, gate_us + MICROSECOND, entry, leave)
    orders = engine.Decisions(known.astype(np.int64), target, for_bar=np.arange(target.size))
    path = engine.run(bars, orders, engine.Terms(costs_of(desk, zone)))
    sums = sums_by_period(path, index.astype(np.int64))
    zeros = np.zeros(len(settled))
    gross, cost, volume = (sums[c].to_numpy() for c in ("gross_eur", "cost_eur", "traded_mwh"))
    return Result(name, "tradable", tuple(settled), gross, cost, volume, int(np.count_nonzero(path.traded_mwh)), zeros)


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


def _index_points(desk: Desk, rows: pl.DataFrame, auction: Lookup) -> float:
    """Mean over the day of signal x change of the slot's price since the day before [EUR/MWh]."""
    minutes, starts, signal = int(rows["resolution_minutes"][0]), _starts(rows), rows["signal"].to_numpy()
    active = signal != 0
    delivery = DeliveryDay(rows["delivery_day"][0], desk.time_zone)
    before = slot_starts_us([delivery.day - timedelta(days=1)], desk.time_zone, minutes)[0][delivery.slots(minutes)]
    now = interval_values(auction, "price_eur_mwh", starts[active], minutes)
    earlier = interval_values(auction, "price_eur_mwh", before[active], minutes)
    # A slot that spring skipped the day before has no change: it adds nothing.
    change = np.where(before[active] < 0, 0.0, now - earlier)
    return float((signal[active] * change).sum() / signal.size)


def _second_leg(desk: Desk, strategy: PairSpread, rows: pl.DataFrame, prices: _Raw) -> float:
    """Signal x change of the other leg since the day before [EUR/MWh]; NaN where that is unknown."""
    if strategy.other_zone is not None:
        return _index_points(desk, rows, frame_lookup(prices.day_ahead, zone=strategy.other_zone))
    day, signal = rows["delivery_day"][0], float(rows["signal"][0])
    if signal == 0.0:
        return 0.0
    if prices.fuels is None:
        return float("nan")
    now, before = (fuel_cost(prices.fuels, desk.decision_time(d), strategy) for d in (day, day - timedelta(days=1)))
    return signal * (now - before)


def _starts(rows: pl.DataFrame) -> IntArray:
    return rows["delivery_start"].cast(pl.Int64).to_numpy()


def _with_shares(desk: Desk, found: Sequence[Result], metrics: list[dict[str, object]]) -> list[dict[str, object]]:
    """The metrics with each strategy's share under the desk's allocation; None for who takes no part."""
    mix = allocate(desk.allocation, {r.strategy: r for r in found}, {str(m["strategy"]): str(m["verdict"]) for m in metrics})
    shares = {name: min(max(share, 0.0), 1.0) for name, share in mix.shares.items()}  # a solver's -1e-12 is 0
    return [m | {"allocation_share": shares.get(str(m["strategy"])), "left_out": mix.left_out.get(str(m["strategy"]), "")} for m in metrics]


def _metrics(desk: Desk, day: date, result: Result) -> dict[str, object]:
    common = {"delivery_day": day, "strategy": result.strategy, "label": result.label, "days": len(result.days)}
    columns = dict.fromkeys(c.name for c in table("backtest_metrics").columns)
    own = _money(desk, day, result) if result.label == "tradable" else _points(result)
    return columns | common | own


def _money(desk: Desk, day: date, result: Result) -> dict[str, object]:
    if not result.days:
        return {"verdict": "too_short"}
    net, strategy = result.net_eur, desk.strategies[result.strategy]
    judged = verdict(
        net,
        generator("strategies", day, result.strategy, "bootstrap"),
        trials=strategy.trials,
        explanation=strategy.explanation,
        annualisation_days=desk.risk.annualisation_days,
        draws=BOOTSTRAP_DRAWS,
    )
    gains = float(np.abs(result.gross_eur).sum())
    return {
        "gross_eur": float(result.gross_eur.sum()),
        "cost_eur": float(result.cost_eur.sum()),
        "pnl_eur": float(net.sum()),
        "pnl_day_eur": float(net[-1]) if result.days[-1] == day else None,
        "traded_mwh": float(result.traded_mwh.sum()),
        "orders": result.orders,
        "cost_share": float(result.cost_eur.sum()) / gains if gains > 0 else None,
        "sharpe": judged.sharpe,
        "sharpe_low": judged.low,
        "sharpe_high": judged.high,
        "deflated_probability": judged.probability,
        "trials": judged.trials,
        "verdict": judged.status,
        "hit_rate": float((net > 0).mean()),
        "max_drawdown_eur": float(drawdown(net).max()),
    }


def _points(result: Result) -> dict[str, object]:
    daily = result.points_eur_mwh
    return {
        "index_points_eur_mwh": float(daily.sum()),
        "hit_rate": float((daily > 0).mean()) if daily.size else None,
        "verdict": "index_only",
    }


def daily_frame(day: date, result: Result) -> pl.DataFrame:
    """Rows of `backtest_days`: money of a tradable strategy, points of an index study."""
    money = result.label == "tradable"
    net, n = result.net_eur, len(result.days)

    def column(values: FloatArray, shown: bool) -> pl.Series:
        return pl.Series(values if shown else np.full(n, np.nan), dtype=pl.Float64, nan_to_null=True)

    rows = {
        "delivery_day": pl.Series([day] * n, dtype=pl.Date),
        "strategy": pl.Series([result.strategy] * n, dtype=pl.String),
        "result_day": pl.Series(list(result.days), dtype=pl.Date),
        "label": pl.Series([result.label] * n, dtype=pl.String),
        "gross_eur": column(result.gross_eur, money),
        "cost_eur": column(result.cost_eur, money),
        "net_eur": column(net, money),
        "traded_mwh": column(result.traded_mwh, money),
        "equity_gross_eur": column(np.cumsum(result.gross_eur), money),
        "equity_net_eur": column(np.cumsum(net), money),
        "drawdown_eur": column(drawdown(net), money),
        "index_points_eur_mwh": column(result.points_eur_mwh, not money),
    }
    return pl.DataFrame(rows, schema=table("backtest_days").schema)


def drawdown(net_eur: FloatArray) -> FloatArray:
    """Peak of the running sum so far (at least 0) less the running sum; not negative [EUR].

    >>> drawdown(np.array([2.0, -3.0, 2.0])).tolist()
    [0.0, 3.0, 1.0]
    """
    total = np.cumsum(net_eur)
    return np.maximum(np.maximum.accumulate(total), 0.0) - total


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
