"""Performance: each measure equals its definition computed another way, benchmarks add up, few days have no ratio."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pytest

from energy_pipeline.book.pnl import ZoneBook, zone_legs
from energy_pipeline.contracts import table
from energy_pipeline.contracts.enforce import enforce
from energy_pipeline.desk import load_desk
from energy_pipeline.desk.load import demo_desk_path
from energy_pipeline.risk import performance_days, performance_table
from energy_pipeline_tests.contracts.legal_frames import legal_rows

DAY = date(2026, 3, 30)
ANALYSES = Path(__file__).parents[2] / "dbt_like_sql" / "analyses"
DESK = load_desk(demo_desk_path())


def record(results, benchmark=None, capital=1000.0):
    """The table of a book with these results, the last of them on D."""
    desk = DESK.model_copy(update={"risk": DESK.risk.model_copy(update={"capital_eur": capital})})
    return enforce(table("performance"), performance_table(desk, DAY, days_of(results, benchmark)), DAY)


def days_of(results, benchmark=None):
    past = [DAY - timedelta(days=n) for n in reversed(range(len(results)))]
    rows = [
        {"delivery_day": d, "scope": "book", "name": "book", "result_eur": float(x), "is_provisional": False}
        | {"benchmark": "none" if benchmark is None else "expected_output", "benchmark_eur": None if benchmark is None else float(benchmark[n])}
        for n, (d, x) in enumerate(zip(past, results, strict=True))
    ]
    return legal_rows(table("performance_days"), rows)


def test_every_measure_is_its_definition():
    rng = np.random.default_rng(3)
    x, b = rng.normal(10, 40, 90), rng.normal(5, 30, 90)
    row = record(x, b).filter(pl.col("window_days") == 90).to_dicts()[0]
    s, m = pd.Series(x), pd.Series(b)
    wealth = pd.concat([pd.Series([1000.0]), 1000.0 + s.cumsum()])
    fall = wealth.cummax() - wealth
    gap, root = s - m, np.sqrt(365)
    below = np.sqrt((np.minimum(s - s.mean(), 0) ** 2).sum() / 89)
    slope = np.polyfit(b, x, 1)[0]
    expected = {
        "result_eur": s.sum(),
        "expectancy_eur": s.mean(),
        "volatility_eur": s.std(),
        "downside_deviation_eur": below,
        "max_drawdown_eur": fall.max(),
        "win_rate": (s > 0).mean(),
        "profit_factor": s[s > 0].sum() / -s[s < 0].sum(),
        "sharpe": s.mean() / s.std() * root,
        "sortino": s.mean() / below * root,
        "skewness": s.skew() * 88 / np.sqrt(90 * 89),
        "return_on_capital": s.sum() / 1000,
        "return_a_year": s.mean() * 365 / 1000,
        "volatility_a_year": s.std() * root / 1000,
        "calmar": s.mean() * 365 / 1000 / (fall / wealth.cummax()).max(),
        "added_eur": gap.sum(),
        "information_ratio": gap.mean() / gap.std() * root,
        "beta": slope,
        "alpha_eur": (s.mean() - slope * m.mean()) * 365,
    }
    assert {k: row[k] for k in expected} == pytest.approx(expected, rel=1e-9)
    assert row["sharpe_low"] < row["sharpe"] < row["sharpe_high"]
    assert row["verdict"] == "measured"


def test_under_twenty_days_there_is_money_and_no_ratio():
    row = record([1.0, -2.0, 3.0] * 6).filter(pl.col("window_days") == 30).to_dicts()[0]
    assert (row["days"], row["verdict"], row["result_eur"]) == (18, "too_few", 12.0)
    assert all(row[k] is None for k in ("sharpe", "sortino", "hac_t", "calmar", "p_value", "skewness"))


def test_days_that_all_earn_the_same_have_no_ratio_and_no_capital_means_no_return():
    row = record([7.0] * 30, capital=None).to_dicts()[0]
    assert row["verdict"] == "flat"
    assert all(row[k] is None for k in ("sharpe", "hac_t", "capital_eur", "return_on_capital", "return_a_year", "calmar"))


def test_a_short_window_sees_its_own_days_only():
    found = {r["window_days"]: r["result_eur"] for r in record([100.0] * 40 + [1.0] * 30).to_dicts()}
    assert found == {30: 30.0, 90: 4030.0}


def test_what_a_store_traded_on_prices_as_they_came_pays_no_fee_in_the_benchmark_either():
    zone, sold, given, acted = "NORTH", 3.0, 2.0, -5.0
    assert DESK.assets["north_fast_battery"].information == "sequential"
    fee = DESK.zones[zone].second_price.imbalance_fee_eur_mwh * abs(given - sold)
    prices = {
        "price_da_eur_mwh": 50.0,
        "price_second_eur_mwh": 70.0,
        "sold_mw": sold,
        "expected_output_mw": sold,
        "output_mw": given + acted,
        "acted_mw": acted,
    }
    row = {"delivery_day": DAY, "zone": zone, "delivery_start": datetime(2026, 3, 29, 22, tzinfo=UTC), "resolution_minutes": 60, **prices}
    row |= {"imbalance_fee_eur": -fee, "costs_eur": -4.0, "is_estimated": False, "held_h": 0.0}
    none = [legal_rows(table(t), []) for t in ("dispatch_settled", "backtest_days")]
    found = performance_days(DESK, DAY, legal_rows(table("pnl"), [row]), *none)
    assert found.filter(pl.col("scope") == "book")["benchmark_eur"][0] == pytest.approx(50 * sold + 70 * (given + acted - sold) - fee - 4)


@pytest.mark.parametrize(("name", "sold"), [("expected_output", [3.0, 8.0]), ("flat", [0.0, 0.0])])
def test_the_benchmark_is_the_same_output_sold_without_an_idea(name, sold):
    zone = next(z for z in DESK.zones if DESK.zones[z].second_price.kind != "none")
    price, second, output = np.array([50.0, -20.0]), np.array([70.0, -30.0]), np.array([2.0, 9.0])
    expected_mw = np.array([3.0, 8.0])
    fee = DESK.zones[zone].second_price.imbalance_fee_eur_mwh
    settled = zone_legs(ZoneBook(1.0, np.array(sold), expected_mw, np.array([4.0, 4.0]), fee), price, second, output)
    start = datetime(2026, 3, 29, 22, tzinfo=UTC)
    rows = [
        {"delivery_day": DAY, "zone": zone, "delivery_start": start + timedelta(hours=n), "resolution_minutes": 60, "costs_eur": -4.0}
        | {"price_da_eur_mwh": price[n], "price_second_eur_mwh": second[n], "output_mw": output[n], "expected_output_mw": expected_mw[n]}
        | {"total_eur": 1.0, "headline_eur": 1.0, "is_estimated": False, "held_h": 0.0}
        for n in range(2)
    ]
    desk = DESK.model_copy(update={"portfolio": DESK.portfolio.model_copy(update={"benchmark_book": name})})
    legs = [{"delivery_day": DAY, "asset": "b", "cash_eur": -5.0, "inventory_eur": 12.0, "total_eur": 7.0}]
    found = performance_days(desk, DAY, legal_rows(table("pnl"), rows), legal_rows(table("asset_legs"), legs), legal_rows(table("backtest_days"), []))
    assert found.filter(pl.col("scope") == "asset").select("name", "result_eur", "benchmark").rows() == [("b", 7.0, "none")]
    book = enforce(table("performance_days"), found, DAY).filter(pl.col("scope") == "book").to_dicts()[0]
    assert (book["benchmark"], book["benchmark_eur"]) == (name, pytest.approx(float(settled.total().sum())))


def test_the_rolling_query_agrees_with_the_table():
    rng = np.random.default_rng(5)
    days = days_of(rng.normal(3, 20, 90), rng.normal(2, 20, 90))
    with duckdb.connect() as connection:
        connection.execute("CREATE SCHEMA marts")
        connection.register("days", days.to_arrow())
        connection.execute("CREATE TABLE marts.performance_days AS SELECT * FROM days")
        rolled = connection.execute((ANALYSES / "performance_rolling.sql").read_text(encoding="utf-8")).fetch_df()
    own = performance_table(DESK, DAY, days)
    both = own.join(pl.from_pandas(rolled).filter(pl.col("delivery_day").cast(pl.Date) == DAY), on=["scope", "name", "window_days"], suffix="_rolled")
    assert both.height == 2
    for column in ("days", "result_eur", "expectancy_eur", "volatility_eur", "sharpe", "win_rate", "added_eur"):
        assert both[column].to_list() == pytest.approx(both[f"{column}_rolled"].to_list(), rel=1e-9)
