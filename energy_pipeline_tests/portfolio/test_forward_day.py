"""The desk's forward book in the daily flow: as known at the decision, over the week's paths, and its options under stress."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from energy_pipeline.contracts import table
from energy_pipeline.contracts.enforce import enforce
from energy_pipeline.desk.forwards import ForwardBookSettings
from energy_pipeline.desk.risk import NO_STRESS, Stress
from energy_pipeline.domain.errors import DeskError, SourceError
from energy_pipeline.mathematics import allocation as al
from energy_pipeline.portfolio.forwards.daily import held_forwards, proposals, week_market
from energy_pipeline.portfolio.forwards.instruments import payoffs
from energy_pipeline.risk.option_stress import OptionBook
from energy_pipeline.scenarios.week import WeekSet
from energy_pipeline.scenarios.week_series import WeekSeries
from energy_pipeline_tests.portfolio.small_desk import AUTUMN_QUARTERS, PLAIN, Day, desk_of

PATHS = 80
SPARK = Stress(name="s", description="", zones=("NORTH",), day_ahead_factor=1.2, day_ahead_shift_eur_mwh=30.0, fuel_factor=1.5)


def week_of(day):
    """A week of hourly paths of one zone and gas, drawn by hand."""
    days = [day.delivery.shift(n) for n in range(day.desk.forecast.horizon_days)]
    starts = np.concatenate([d.interval_starts_us(60) for d in days])
    rng = np.random.default_rng(4)
    price = 50 + rng.normal(0, 15, (1, PATHS)) + rng.normal(0, 10, (starts.size, PATHS))
    gas = np.repeat(rng.normal(20, 2, (len(days), PATHS)), [d.count(60) for d in days], axis=0)
    nothing = np.zeros((1, 1))
    series = [WeekSeries("day_ahead_price", "NORTH", "EUR/MWh", nothing, nothing, (0, 1)), WeekSeries("gas", "", "EUR/MWh", nothing, nothing, (0, 1))]
    return WeekSet(series, starts, np.stack([price, gas]).astype(np.float32))


def files(folder, day, *, late_quote=False):
    first, last = day.day, day.day + timedelta(days=6)
    rows = [
        ("week base", "forward", first, last, 0.0, 0.0, 20),
        ("cap", "cap", first, last, 60.0, 0.0, 10),
        ("spark", "spread_option", first, first, 5.0, 2.0, 0),
        ("year", "future", date(first.year + 1, 1, 1), date(first.year + 1, 12, 31), 0.0, 0.0, 5),
    ]
    names = ("name", "kind", "first_day", "last_day", "strike_eur_mwh", "heat_rate", "max_trade")
    pl.DataFrame(rows, schema=names, orient="row").with_columns(zone=pl.lit("NORTH")).write_csv(folder / "contracts.csv")
    before, after = (day.info.decision_time + timedelta(minutes=m) for m in (-5, 5))
    quotes = [("week base", 48.0, 48.5, before), ("cap", 4.0, 6.0, before), ("year", 70.0, 71.0, before)]
    quotes += [("week base", 148.0, 148.5, after)] if late_quote else []
    pl.DataFrame([(n, b, a, t.isoformat()) for n, b, a, t in quotes], schema=("contract", "bid", "ask", "known_at"), orient="row").write_csv(
        folder / "quotes.csv"
    )
    trades = [("week base", 5.0, 47.0, before), ("cap", 3.0, 5.0, before), ("spark", 40.0, 1.0, before)]
    trades += [("week base", -9.0, 50.0, after)] if late_quote else []
    pl.DataFrame([(n, p, e, t.isoformat()) for n, p, e, t in trades], schema=("contract", "position", "price", "traded_at"), orient="row").write_csv(
        folder / "trades.csv"
    )
    (folder / "limits.yaml").write_text("- {limit: gross, name: gross MW, high: 60}\n", encoding="utf-8")
    return ForwardBookSettings(contracts="contracts.csv", quotes="quotes.csv", trades="trades.csv", limits="limits.yaml")


def known(day, folder, **how):
    settings = files(folder, day, **how)
    return settings, held_forwards(settings, folder, week_market(day.info, week_of(day)), day.info.decision_time)


@pytest.mark.parametrize("on", [PLAIN, AUTUMN_QUARTERS])
def test_the_best_changes_are_proposed_and_the_later_years_contract_is_left_out(tmp_path, on):
    day = Day(day=on)
    settings, held = known(day, tmp_path)
    found = enforce(table("forward_book_proposals"), proposals(day.info, settings, held), on)
    rows = {r["contract"]: r for r in found.to_dicts()}
    assert rows["year"]["note"] == "delivers beyond the week ahead: no scenarios"
    assert rows["spark"]["note"] == "not quoted"
    assert rows["spark"]["trade_units"] == 0.0
    assert rows["week base"]["held_units"] == 5.0
    # a forward below its mean value with the CVaR counted: the optimum is that of the same problem written out
    from energy_pipeline.portfolio.forwards.book import problem_of

    problem = problem_of(held.book, held.market, held.limits)
    best = al.solve(problem, al.MeanCvar(0.5, 0.95))
    for one, trade in zip(held.book.names, best.trades, strict=True):
        assert rows[one]["trade_units"] == pytest.approx(trade, abs=1e-6)
    assert "bound met to" in rows["book"]["note"]
    assert rows["book"]["expected_pnl_change_eur"] - 0.5 * rows["book"]["cvar_change_eur"] > 0


def test_quotes_and_trades_from_after_the_decision_do_not_count(tmp_path):
    day = Day()
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    before = proposals(day.info, *known(day, tmp_path / "a"))
    assert before.equals(proposals(day.info, *known(day, tmp_path / "b", late_quote=True)))


def test_limits_that_conflict_propose_nothing_and_say_why(tmp_path):
    day = Day()
    settings = files(tmp_path, day)
    (tmp_path / "limits.yaml").write_text("- {limit: net, name: at least, low: 500}\n", encoding="utf-8")
    held = held_forwards(settings, tmp_path, week_market(day.info, week_of(day)), day.info.decision_time)
    found = enforce(table("forward_book_proposals"), proposals(day.info, settings, held), day.day)
    assert found["trade_units"].abs().max() == 0.0
    assert "at least" in found.filter(pl.col("contract") == "book")["note"][0]


def test_options_of_the_book_are_repriced_over_the_paths(tmp_path):
    day = Day()
    _, held = known(day, tmp_path)
    hit = lambda zone: SPARK if zone in SPARK.zones else NO_STRESS  # noqa: E731
    price, gas = held.market.power_eur_mwh["NORTH"], held.market.gas_eur_mwh
    moved = price.copy()
    moved[:, :24] = 1.2 * moved[:, :24] + 30.0
    cap = (np.maximum(moved - 60, 0) - np.maximum(price - 60, 0)).sum(axis=1).mean()
    spark = (np.maximum(moved[:, :24] - 3.0 * gas[:, :1] - 5, 0) - np.maximum(price[:, :24] - 2.0 * gas[:, :1] - 5, 0)).sum(axis=1).mean()
    assert held.options_change_eur(hit) == pytest.approx(3.0 * cap + 40.0 * spark)
    assert held.options_change_eur(lambda _: NO_STRESS) == 0.0
    alone = replace(held, book=replace(held.book, held=np.array([5.0, 0.0, 0.0])))
    assert alone.options_change_eur(hit) is None
    book = OptionBook(day.info, {}, table("forward_curve").frame(), held)
    assert book.change_eur((SPARK,)) == pytest.approx(3.0 * cap + 40.0 * spark)
    assert payoffs(held.book.instruments, held.market).shape == (PATHS, 3)


def test_files_that_are_not_there_are_named(tmp_path):
    day = Day()
    market = week_market(day.info, week_of(day))
    with pytest.raises(SourceError, match=r"contracts: no file .*nothing\.csv; quotes: no file"):
        held_forwards(ForwardBookSettings(contracts="nothing.csv", quotes="none.csv"), tmp_path, market, datetime(2025, 1, 1, tzinfo=UTC))
    with pytest.raises(DeskError, match="forward_book"):
        desk_of(forward_book={"contracts": "a.csv", "quotes": "b.csv", "objective": "luck"})
