"""Signals, labels and backtests; the weekday rule that must never look like money."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from energy_pipeline.contracts import table
from energy_pipeline.contracts.enforce import enforce
from energy_pipeline.domain.delivery import days_between
from energy_pipeline.domain.errors import ContractError, SourceError
from energy_pipeline.information.archive import Archive
from energy_pipeline.strategies import backtest_metrics, signals
from energy_pipeline.strategies.backtest import sharpe
from energy_pipeline.strategies.instruments import AUCTION, SECOND_PRICES, Trade, signal_rows
from energy_pipeline.strategies.reversal import last_change_z
from energy_pipeline_tests.renewables.hand_made import day_after, day_before, ensemble, raw_rows, tiny_desk

D, SPRING, AUTUMN = date(2026, 2, 11), date(2026, 3, 29), date(2025, 10, 26)
SPREAD = {"kind": "day_ahead_vs_second", "zone": "NORTH", "window_days": 10, "shrinkage_days": 10, "threshold_eur_mwh": 2.0, "max_mw": 8}
REVERSAL = {"kind": "day_ahead_reversal_index", "zone": "NORTH", "window_days": 10, "entry_z": 1.0}


def prices(first, last, auction, second, minutes=15):
    a = raw_rows("day_ahead_prices", {"zone": "NORTH"}, {"price_eur_mwh": auction}, first, last, minutes, day_before(13))
    b = raw_rows("second_prices", {"zone": "NORTH", "price_kind": "intraday"}, {"price_eur_mwh": second}, first, last, minutes, day_after(2))
    return {"day_ahead_prices": a, "second_prices": b}


def decide(desk, frames, day, spread=10.0):
    forecast = ensemble(desk, day, {("NORTH", "day_ahead"): 60.0 + spread, ("NORTH", "second"): 60.0})
    return enforce(table("signals"), signals(Archive(desk, frames).at(day), forecast), day)


@pytest.mark.parametrize(("realised", "forecast", "target", "edge"), [(12, 4, -4.0, 4.0), (-12, -10, 8.0, 6.0), (12, -4, 0.0, 0.0), (2, 9, 0.0, 1.0)])
def test_sell_the_dearer_market_by_the_smaller_of_two_agreeing_edges(realised, forecast, target, edge):
    """10 days of spread shrunk by 10 days of nothing is half of it; from 2 to 6 EUR the size grows from 0 to 8 MW."""
    desk = tiny_desk(strategies={"s": SPREAD})
    rows = decide(desk, prices(D - timedelta(days=30), D - timedelta(days=1), 50.0 + realised, 50.0), D, spread=forecast)
    assert rows["target_mw"].to_list() == pytest.approx([target] * 96)
    assert rows["expected_edge_eur_mwh"].to_list() == pytest.approx([edge] * 96)
    assert rows["label"].unique().to_list() == ["tradable"]
    assert rows.select("entry_price", "exit_price").unique().row(0) == (AUCTION, "intraday price")


@pytest.mark.parametrize(
    ("verdict", "target", "reason"),
    [
        ("skill", -4.0, ""),
        ("no_skill", 0.0, "no skill: t 0.3"),
        ("too_short", 0.0, "no skill: t 0.3"),
        (None, 0.0, ""),
    ],
)
def test_nothing_is_traded_on_a_second_price_whose_forecasts_have_no_skill(verdict, target, reason):
    desk = tiny_desk(strategies={"s": SPREAD})
    frames = prices(D - timedelta(days=30), D - timedelta(days=1), 62.0, 50.0)
    forecast = ensemble(desk, D, {("NORTH", "day_ahead"): 64.0, ("NORTH", "second"): 60.0})
    record = pl.DataFrame({"zone": ["NORTH"], "verdict": [verdict], "reason": [reason]}).filter(pl.col("verdict").is_not_null())
    rows = signals(Archive(desk, frames).at(D), forecast, record)
    assert rows["target_mw"].to_list() == pytest.approx([target] * 96)
    assert rows["expected_edge_eur_mwh"].to_list() == pytest.approx([4.0] * 96)  # what it would have been traded for is still said
    assert set(rows["reason"]) == {reason if verdict else "no record of the second price of NORTH"}


@pytest.mark.parametrize("day", [SPRING, AUTUMN])
def test_clock_changes_and_slots(day):
    desk = tiny_desk(strategies={"s": SPREAD, "r": REVERSAL})
    first = day - timedelta(days=15)
    frames = prices(first, day, lambda d, m: 50.0 + 2 * d.slots(m), 50.0, 15 if day == SPRING else 60)
    minutes = desk.zones["NORTH"].resolution_minutes(day)
    rows = decide(desk, frames, day, spread=1000.0).filter(pl.col("strategy") == "s")
    slots = desk.delivery_day(day).slots(minutes)
    if day == SPRING:
        np.testing.assert_allclose(rows["expected_edge_eur_mwh"], slots)  # half of 2 x slot
    else:
        np.testing.assert_allclose(rows["expected_edge_eur_mwh"], slots // 4)  # hourly history, repeated


def test_a_fee_above_the_threshold_is_the_threshold():
    zones = {**tiny_desk().model_dump()["zones"]}
    zones["NORTH"]["second_price"]["imbalance_fee_eur_mwh"] = 5.5
    desk = tiny_desk(zones=zones, strategies={"s": SPREAD})
    frames = prices(D - timedelta(days=30), D - timedelta(days=1), 60.0, 50.0)
    assert decide(desk, frames, D)["target_mw"].to_list() == [0.0] * 96, "5 EUR of edge do not pay a fee of 5.5"


def test_only_days_to_d_minus_2_count_and_nothing_known_later():
    desk = tiny_desk(strategies={"s": SPREAD, "r": REVERSAL})
    noise = np.random.default_rng(0)
    frames = prices(D - timedelta(days=30), D + timedelta(days=1), lambda d, m: noise.normal(60, 9, d.count(m)), 50.0)
    before = decide(desk, frames, D)
    late = pl.lit(datetime(2026, 3, 1, tzinfo=UTC)).cast(pl.Datetime("us", "UTC"))
    poison = {}
    for name, frame in frames.items():
        known_later = pl.col("known_at") > desk.decision_time(D)
        poison[name] = pl.concat([frame.filter(~known_later), frame.with_columns(price_eur_mwh=pl.lit(-400.0), known_at=late)])
    assert decide(desk, poison, D).equals(before)
    yesterday = pl.when(pl.col("delivery_day") == D - timedelta(days=1)).then(-300.0).otherwise(pl.col("price_eur_mwh")).alias("price_eur_mwh")
    early = frames["second_prices"].with_columns(yesterday)
    known = pl.when(pl.col("delivery_day") == D - timedelta(days=1)).then(pl.col("delivery_start")).otherwise(pl.col("known_at"))
    early = early.with_columns(known_at=known)
    assert decide(desk, {**frames, "second_prices": early}, D).equals(before), "the morning of D-1 is not a day"


def test_a_missing_second_forecast_is_told():
    desk = tiny_desk(strategies={"s": SPREAD})
    with pytest.raises(SourceError, match="strategy s: 0 ensemble forecasts of the second price of NORTH"):
        signals(Archive(desk, {}).at(D), ensemble(desk, D, {("NORTH", "day_ahead"): 1.0}))


def test_the_reversal_study_is_the_z_score_and_carries_no_position():
    desk = tiny_desk(strategies={"r": REVERSAL})
    rng = np.random.default_rng(2)
    history = {D - timedelta(days=lag): rng.normal(50, 10, 96) for lag in range(1, 20)}
    frames = prices(D - timedelta(days=19), D - timedelta(days=1), lambda d, _: history[d.day], 50.0)
    rows = decide(desk, frames, D)
    table_ = np.array([history[D - timedelta(days=lag)] for lag in range(1, 12)])
    changes = table_[:-1] - table_[1:]
    z = (changes[0] - changes.mean(axis=0)) / changes.std(axis=0)
    expected = np.where(np.abs(z) >= 1, np.clip(-z / 3, -1, 1), 0)
    np.testing.assert_allclose(rows["signal"], expected, atol=1e-12)
    assert 0 < np.count_nonzero(expected) < 96
    assert rows["target_mw"].to_list() == [0.0] * 96
    assert rows["label"].unique().to_list() == ["index_only"]
    assert rows["expected_edge_eur_mwh"].null_count() == 96
    assert last_change_z(np.full((11, 3), 5.0)).tolist() == [0.0, 0.0, 0.0]


def settled_days(desk, frames, first, last):
    store = Archive(desk, frames)
    forecast = lambda d: ensemble(desk, d, {("NORTH", "day_ahead"): 70.0, ("NORTH", "second"): 60.0})  # noqa: E731
    return pl.concat([signals(store.at(d), forecast(d)) for d in days_between(first, last)])


def test_the_backtest_is_the_sum_of_its_trades():
    desk = tiny_desk(strategies={"s": SPREAD, "r": REVERSAL})
    rng = np.random.default_rng(1)
    first = D - timedelta(days=30)
    frames = prices(first - timedelta(days=13), D, lambda d, m: 62 + rng.normal(0, 5, d.count(m)), lambda d, m: 50 + rng.normal(0, 20, d.count(m)))
    rows = settled_days(desk, frames, first, D)
    metrics = enforce(table("backtest_metrics"), backtest_metrics(desk, D, rows, frames["day_ahead_prices"], frames["second_prices"]), D)
    joined = rows.join(frames["day_ahead_prices"].select("delivery_start", p="price_eur_mwh"), on="delivery_start").join(
        frames["second_prices"].select("delivery_start", r="price_eur_mwh"), on="delivery_start"
    )
    trades = joined.filter(pl.col("strategy") == "s").sort("delivery_start")
    gains = 0.25 * (trades["target_mw"] * (trades["r"] - trades["p"]) - 1.0 * trades["target_mw"].abs()).to_numpy()
    daily = gains.reshape(31, 96).sum(axis=1)
    money = metrics.filter(pl.col("strategy") == "s").row(0, named=True)
    assert money["days"] == 31
    assert money["pnl_eur"] == pytest.approx(daily.sum())
    assert money["pnl_day_eur"] == pytest.approx(daily[-1])
    assert money["sharpe"] == pytest.approx(daily.mean() / daily.std(ddof=1) * np.sqrt(365))
    assert money["hit_rate"] == pytest.approx((daily > 0).mean())
    worst = max(0.0, *(daily[i : j + 1].sum() * -1 for i in range(31) for j in range(i, 31)))
    assert money["max_drawdown_eur"] == pytest.approx(worst)
    study = metrics.filter(pl.col("strategy") == "r").row(0, named=True)
    assert study["sharpe"] is None
    assert study["pnl_eur"] is None
    assert study["index_points_eur_mwh"] is not None


def test_days_without_a_trade_count_and_unsettled_days_do_not():
    desk = tiny_desk(strategies={"s": SPREAD})
    first = D - timedelta(days=24)
    flat = prices(first - timedelta(days=13), D, 50.0, 50.0)
    rows = settled_days(desk, flat, first, D)
    assert not rows["target_mw"].to_numpy().any()
    quiet = backtest_metrics(desk, D, rows, flat["day_ahead_prices"], flat["second_prices"]).row(0, named=True)
    assert (quiet["days"], quiet["pnl_eur"], quiet["hit_rate"], quiet["sharpe"]) == (25, 0.0, 0.0, None)
    frames = prices(first - timedelta(days=13), D, 62.0, 50.0)
    rows = settled_days(desk, frames, first, D)
    gap = frames["second_prices"].filter(pl.col("delivery_day") != D)
    open_day = backtest_metrics(desk, D, rows, frames["day_ahead_prices"], gap).row(0, named=True)
    assert (open_day["days"], open_day["pnl_day_eur"]) == (24, None)
    early = backtest_metrics(desk, first + timedelta(days=5), rows, frames["day_ahead_prices"], frames["second_prices"]).row(0, named=True)
    assert (early["days"], early["sharpe"]) == (6, None), "later signals are not looked at, and six days make no Sharpe"


def test_the_weekday_rule_looks_like_a_fortune_and_can_only_be_an_index_study():
    """Long Monday, short Saturday on day-ahead price changes: the canary."""
    desk = tiny_desk(strategies={"r": {**REVERSAL, "window_days": 7}})
    first = date(2025, 10, 6)
    last = first + timedelta(days=104)
    rng = np.random.default_rng(3)
    level = {d: 60.0 + (-15 if d.weekday() >= 5 else 0) + rng.normal(0, 7) for d in days_between(first - timedelta(days=1), last)}
    frames = prices(first - timedelta(days=1), last, lambda d, m: np.full(d.count(m), level[d.day]), 50.0)
    store = Archive(desk, frames)
    rows = []
    for day in days_between(first, last):
        wish, size = {0: 1.0, 5: -1.0}.get(day.weekday(), 0.0), store.at(day).day.count(15)
        trade = Trade(AUCTION, "day_ahead auction of the day before")
        rows.append(enforce(table("signals"), signal_rows(store.at(day), "r", "NORTH", trade, np.full(size, wish), 10.0, np.full(size, 15.0)), day))
    wished = pl.concat(rows)
    naive = np.array([{0: 1.0, 5: -1.0}.get(d.weekday(), 0.0) * (level[d] - level[d - timedelta(days=1)]) for d in days_between(first, last)])
    assert naive.mean() / naive.std(ddof=1) * np.sqrt(365) > 7, "the trap is there"
    assert wished["label"].unique().to_list() == ["index_only"]
    assert not wished["target_mw"].to_numpy().any()
    row = backtest_metrics(desk, last, wished, frames["day_ahead_prices"], frames["second_prices"]).row(0, named=True)
    assert row["label"] == "index_only"
    assert (row["sharpe"], row["pnl_eur"], row["pnl_day_eur"], row["max_drawdown_eur"]) == (None, None, None, None)
    assert row["index_points_eur_mwh"] == pytest.approx(naive.sum())
    forged = wished.with_columns(label=pl.lit("tradable"), target_mw=pl.col("signal") * 10)
    with pytest.raises(ContractError, match="not what entry and exit price imply"):
        backtest_metrics(desk, last, forged, frames["day_ahead_prices"], frames["second_prices"])


@given(st.text(max_size=40), st.text(max_size=40))
def test_nothing_but_the_auction_closed_at_a_second_price_is_tradable(entry, leave):
    for trade in (Trade(entry, leave), Trade(AUCTION, leave), Trade(entry, SECOND_PRICES[0])):
        assert (trade.label == "tradable") == (trade.entry_price == AUCTION and trade.exit_price in SECOND_PRICES)
    with pytest.raises(TypeError):
        Trade(entry, leave, "tradable")  # type: ignore[call-arg]


def test_sharpe_needs_twenty_days_and_a_spread():
    daily = np.random.default_rng(0).normal(size=20)
    assert sharpe(daily[:19], 365) is None
    assert sharpe(daily, 365) == pytest.approx(daily.mean() / np.sqrt(np.var(daily, ddof=1)) * 365**0.5)
    assert sharpe(np.full(30, 0.1), 365) is None
