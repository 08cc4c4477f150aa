"""Performance: what book, zones, legs, strategies and assets earned day by day, over how much risk, beside what they are compared with.

What belongs here: the tables `performance_days` (one day's results and what the benchmark would have earned) and `performance`
(the measures over the last days). What does not: the ratios' formulas (`mathematics.statistics`), or why a day earned what it did
(`day_attribution`).

The desk's benchmark (`portfolio.benchmark_book`) is the same output and the same costs without a trade's idea: `expected_output`
sells E[g | gate] day-ahead, `flat` sells nothing; neither holds a hedge. An asset earned what `asset_legs` says: cash and inventory.
Results are the headline's: what rests on declared proxy quotes is left out.

The result of a whole book is mostly the price of what its plants make, so its Sharpe ratio tells of the market; what trading
adds stands in the columns against the benchmark.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from energy_pipeline.contracts import table
from energy_pipeline.desk import Desk
from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.domain.seeds import generator
from energy_pipeline.mathematics.statistics.performance import Performance, Relative, performance, relative, trade_results
from energy_pipeline.mathematics.statistics.significance import MINIMUM_DAYS, sharpe_interval, sharpe_test
from energy_pipeline.mathematics.statistics.track import Track, downside_deviation

WINDOWS_DAYS = (30, 90)
DRAWS = 400
LEGS = ("physical", "deviation", "speculative", "imbalance_fee", "hedge", "costs")
NO_BENCHMARK = "none"


def performance_days(desk: Desk, day: date, pnl: pl.DataFrame, asset_legs: pl.DataFrame, backtest_days: pl.DataFrame) -> pl.DataFrame:
    """Table performance_days of D.

    Parameters
    ----------
    pnl, asset_legs : frames
        Of D, settled.
    backtest_days : frame
        Strategies over the window up to D; the rows whose result is of D are taken, index studies left out.
    """
    contract = table("performance_days")
    rows = [*_book(desk, pnl), *_strategies(day, backtest_days), *_assets(asset_legs)]
    frame = contract.frame([{"delivery_day": day, **row} for row in rows] or None)
    return frame.sort(contract.key, maintain_order=True)


def _book(desk: Desk, pnl: pl.DataFrame) -> Iterator[dict[str, Any]]:
    name = desk.portfolio.benchmark_book
    with_benchmark = pnl.with_columns(benchmark_eur=_benchmark(desk, name))
    money = [pl.col("headline_eur", "benchmark_eur").sum(), pl.col("is_estimated").any(), pl.col("held_h").sum()]
    for scope, part in (("book", with_benchmark.select(money).with_columns(name=pl.lit("book"))), ("zone", _by_zone(with_benchmark, money))):
        for row in part.to_dicts():
            yield {
                "scope": scope,
                "name": row["name"],
                "result_eur": row["headline_eur"],
                "benchmark": name,
                "benchmark_eur": row["benchmark_eur"],
                "is_provisional": row["is_estimated"] or row["held_h"] > 0,
            }
    for leg in LEGS:
        yield {"scope": "leg", "name": leg, "result_eur": float(pnl[f"{leg}_eur"].sum()), **_uncompared(bool(pnl["is_estimated"].any()))}


def _by_zone(frame: pl.DataFrame, money: list[pl.Expr]) -> pl.DataFrame:
    return frame.group_by("zone", maintain_order=True).agg(money).rename({"zone": "name"}).sort("name")


def _benchmark(desk: Desk, name: str) -> pl.Expr:
    """EUR of each interval: P s + R (g - s) - c |g - s| and the book's own costs, s being the benchmark's sale."""
    fee = pl.col("zone").replace_strict({z: desk.zones[z].second_price.imbalance_fee_eur_mwh for z in desk.zones}, return_dtype=pl.Float64)
    sold = pl.lit(0.0) if name == "flat" else pl.col("expected_output_mw")
    left = pl.col("output_mw") - sold
    per_hour = pl.col("price_da_eur_mwh") * sold + pl.col("price_second_eur_mwh") * left - fee * (left - pl.col("acted_mw")).abs()
    return pl.col("resolution_minutes") / 60.0 * per_hour + pl.col("costs_eur")


def _uncompared(provisional: bool) -> dict[str, Any]:
    return {"benchmark": NO_BENCHMARK, "benchmark_eur": None, "is_provisional": provisional}


def _strategies(day: date, backtest_days: pl.DataFrame) -> Iterator[dict[str, Any]]:
    own = backtest_days.filter((pl.col("result_day") == day) & pl.col("net_eur").is_not_null())
    for row in own.to_dicts():
        yield {"scope": "strategy", "name": row["strategy"], "result_eur": row["net_eur"], **_uncompared(False)}


def _assets(asset_legs: pl.DataFrame) -> Iterator[dict[str, Any]]:
    for row in asset_legs.to_dicts():
        yield {"scope": "asset", "name": row["asset"], "result_eur": row["total_eur"], **_uncompared(False)}


def performance_table(desk: Desk, day: date, days: pl.DataFrame) -> pl.DataFrame:
    """Table performance of D: each scope's measures over the last 30 and 90 calendar days that were settled.

    Parameters
    ----------
    days : frame of performance_days
        Of the window's days up to D.
    """
    contract = table("performance")
    settled = days.filter(pl.col("delivery_day") <= day).sort("scope", "name", "delivery_day")
    rows = []
    for (scope, name), part in settled.group_by("scope", "name", maintain_order=True):
        for window in WINDOWS_DAYS:
            last = part.filter(pl.col("delivery_day") > pl.lit(day) - pl.duration(days=window))
            if last.height:
                key = {"delivery_day": day, "scope": scope, "name": name, "window_days": window}
                rows.append(key | _measures(desk, day, f"{scope}/{name}/{window}", last))
    return contract.frame(rows or None).sort(contract.key, maintain_order=True)


def _measures(desk: Desk, day: date, name: str, last: pl.DataFrame) -> dict[str, Any]:
    capital = desk.risk.capital_eur
    own = _track(desk, last, "result_eur")
    found, results = performance(own), trade_results(own.pnl_eur)
    enough = len(own.days) >= MINIMUM_DAYS
    downside = downside_deviation(own.pnl_eur)
    return {
        "days": found.days,
        "first_day": own.days[0],
        "provisional_days": int(last["is_provisional"].sum()),
        "result_eur": found.pnl_eur,
        "expectancy_eur": results.expectancy_eur,
        "best_eur": found.best_day_eur,
        "worst_eur": found.worst_day_eur,
        "win_rate": results.win_rate,
        "profit_factor": results.profit_factor,
        "volatility_eur": float(own.pnl_eur.std(ddof=1)) if found.days > 1 else None,
        "downside_deviation_eur": downside,
        "max_drawdown_eur": found.max_drawdown_eur,
        "under_water_days": found.longest_under_water_days,
        "verdict": _verdict(own.pnl_eur),
        **(_ratios(found) if enough else {}),
        **(_tested(own.pnl_eur, day, name, desk.risk.annualisation_days) if enough else {}),
        **_over_capital(found, capital, enough),
        **_against(desk, last, own, enough),
    }


def _track(desk: Desk, last: pl.DataFrame, column: str) -> Track:
    return Track(tuple(last["delivery_day"].to_list()), last[column].to_numpy(), desk.risk.capital_eur or 1.0, desk.risk.annualisation_days)


def _verdict(earned: FloatArray) -> str:
    if earned.size < MINIMUM_DAYS:
        return "too_few"
    return "flat" if _is_flat(earned) else "measured"


def _is_flat(earned: FloatArray) -> bool:
    return not earned.any() or float(earned.std()) <= 1e-12 * abs(float(earned.mean()))


def _ratios(found: Performance) -> dict[str, Any]:
    return {"sharpe": found.sharpe, "sortino": found.sortino, "skewness": found.skewness, "excess_kurtosis": found.excess_kurtosis}


def _tested(earned: FloatArray, day: date, name: str, year_days: int) -> dict[str, Any]:
    """Newey-West's t, two-sided p, and the resampled 95 % interval of the yearly Sharpe ratio."""
    if _is_flat(earned):
        return {}
    test = sharpe_test(earned)
    low, high = sharpe_interval(earned, generator("performance", day, name), draws=DRAWS)
    root = float(np.sqrt(year_days))
    one_sided = min(test.p_newey_west, 1.0 - test.p_newey_west)
    return {"hac_t": test.t_newey_west, "p_value": 2.0 * one_sided, "sharpe_low": low * root, "sharpe_high": high * root}


def _over_capital(found: Performance, capital: float | None, enough: bool) -> dict[str, Any]:
    if capital is None:
        return {"capital_eur": None}
    yearly = {"return_a_year": found.annualised_return, "volatility_a_year": found.annualised_volatility, "calmar": found.calmar}
    return {"capital_eur": capital, "return_on_capital": found.cumulative_return, **(yearly if enough else {})}


def _against(desk: Desk, last: pl.DataFrame, own: Track, enough: bool) -> dict[str, Any]:
    benchmark = str(last["benchmark"][-1])
    if last["benchmark_eur"].null_count() or last["benchmark"].n_unique() > 1:
        return {"benchmark": benchmark}
    theirs = _track(desk, last, "benchmark_eur")
    found: Relative = relative(own, theirs)
    told = {"benchmark": benchmark, "benchmark_eur": float(theirs.pnl_eur.sum()), "added_eur": found.outperformance_eur}
    if not enough:
        return told
    gap = own.pnl_eur - theirs.pnl_eur
    t = None if _is_flat(gap) else sharpe_test(gap).t_newey_west
    alpha = None if found.alpha is None else found.alpha * own.capital_eur
    return told | {"information_ratio": found.information_ratio, "added_hac_t": t, "beta": found.beta, "alpha_eur": alpha}
