"""Trades thought of, hedges proposed, stresses and methods of a decided book."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from energy_pipeline.book.hedges import day_hedges
from energy_pipeline.book.valued import valued
from energy_pipeline.contracts import table
from energy_pipeline.contracts.enforce import enforce
from energy_pipeline.desk.load import desk_from
from energy_pipeline.domain.errors import DeskError
from energy_pipeline.domain.history import ErrorHistory
from energy_pipeline.mathematics.statistics.tail import expected_shortfall
from energy_pipeline.risk import assess
from energy_pipeline.risk.trades import Trade, TradeError, parse_trade
from energy_pipeline.risk.whatif import limits_of, revalued, what_if
from energy_pipeline_tests.portfolio.small_desk import Day, desk_of

MARGIN = {"margin": {"eur_mwh": 2.0, "limit_eur": 50_000}}


def valued_day(day: Day):
    return valued(day.desk, day.delivery, day.decide().positions, day.scenarios, day.plant_output, day.dispatch)


def errors_of(day: Day, days=60) -> list[ErrorHistory]:
    rng = np.random.default_rng(5)
    past = tuple(day.day - timedelta(days=days + 1 - i) for i in range(days))
    found = [
        ErrorHistory("day_ahead_price", zone, day.minutes(zone), past, rng.normal(0, 20, (days, 1440 // day.minutes(zone))))
        for zone in day.desk.zones
    ]
    found.append(ErrorHistory("second_price", "NORTH", day.minutes("NORTH"), past, rng.normal(0, 25, (days, 1440 // day.minutes("NORTH")))))
    for plant in day.desk.plants:
        size = 1440 // day.minutes(day.desk.plants[plant].zone)
        found.append(ErrorHistory("plant_output", plant, 1440 // size, past, rng.normal(0, 3, (days, size))))
    return found


def test_a_what_if_is_the_book_with_the_trade_done():
    day = Day(desk=desk_of(risk=MARGIN))
    held = valued_day(day)
    hedges = day_hedges(day.desk, held.day, day.quotes)
    found = what_if(held, [Trade("NORTH", "base", 25.0)], hedges, day.dispatch)
    gain = 25.0 * (held.outlooks["NORTH"].price - 61.0).sum(axis=1) - 25.0 * 24 * 0.4  # mid 61, half-spread .4
    before, after = held.pnl, held.pnl + gain
    measures = {r["measure"]: r for r in found.measures.to_dicts()}
    # Costs are of the net trade, which the decision may already have done a part of.
    assert measures["ES 0.975"]["before_eur"] == pytest.approx(expected_shortfall(before.mean() - before, 0.975))
    assert measures["ES 0.975"]["after_eur"] == pytest.approx(expected_shortfall(after.mean() - after, 0.975))
    row = found.limits.filter(pl.col("limit_name") == "gross_contracts_mw").row(0, named=True)
    assert row["used_after"] != row["used_before"]
    north = found.positions.filter(pl.col("zone") == "NORTH", pl.col("instrument") == "base")
    mw = held.positions.filter(pl.col("zone") == "NORTH", pl.col("instrument") == "base")["position_mw"][0]
    assert north["position_mw"][0] == pytest.approx(mw + 25)
    # 10 MW are held short through 2027-01-01, which a day's trade offsets for one day only.
    rest = -10 * (date(2027, 1, 1) - day.day).days * 24
    change = measures["margin"]["after_eur"] - measures["margin"]["before_eur"]
    assert change == pytest.approx(2.0 * (abs((mw + 25) * 24 + rest) - abs(mw * 24 + rest)))
    enforce(table("positions"), found.positions, day.day)


def test_a_trade_and_its_reverse_change_nothing():
    day = Day()
    held = valued_day(day)
    hedges = day_hedges(day.desk, held.day, day.quotes)
    found = what_if(held, [Trade("SOUTH", "base", 5.0), Trade("SOUTH", "base", -5.0)], hedges, day.dispatch)
    np.testing.assert_allclose(found.measures["change_eur"], 0.0, atol=1e-6)


def test_trades_in_words():
    desk = desk_of()
    assert parse_trade("add 25 MW base NO", desk) == Trade("NORTH", "base", 25.0)
    assert parse_trade("sell 2.5 peak south", desk) == Trade("SOUTH", "peak", -2.5)
    for text, words in (("buy base", "not understood"), ("buy 5 base EAST", "unknown"), ("buy 5 base", "not understood")):
        with pytest.raises(TradeError, match=words):
            parse_trade(text, desk)
    day = Day(day=date(2025, 9, 20))  # a Saturday
    held = valued_day(day)
    with pytest.raises(TradeError, match="does not deliver"):
        what_if(held, [Trade("SOUTH", "peak", 1.0)], [], day.dispatch)
    with pytest.raises(TradeError, match="no size"):
        what_if(held, [Trade("SOUTH", "base", float("nan"))], [], day.dispatch)


def red_day(**limits) -> Day:
    return Day(
        desk=desk_of(
            limits={"day_ahead_deviation_mw": {"NORTH": 8}, **limits},
            assets={},
            plants={},
            stress=[],
            contracts=[{"zone": "NORTH", "block": "base", "max_trade_mw": 40}, {"zone": "NORTH", "block": "peak", "max_trade_mw": 40}],
        ),
        target_mw=0.0,
    )


def test_the_cheapest_trades_bring_the_shortfall_from_red_to_green():
    day = red_day()
    held = valued_day(day)
    undone = held.positions.with_columns(traded_mw=pl.lit(0.0), position_mw=pl.col("opening_mw"))
    bare = revalued(held, undone, day.dispatch)
    es = expected_shortfall(bare.pnl.mean() - bare.pnl, 0.975)
    strict = red_day(es_eur=es / 2)
    book = replace(strict.decide(), positions=undone)
    tables = assess(strict.info, book, strict.scenarios, strict.plant_output, strict.dispatch)
    assert tables.limits.filter(pl.col("limit_name") == "es_eur")["status"][0] == "red"
    proposed = enforce(table("hedge_proposals"), tables.proposals, strict.day)
    trades = [Trade(*r["contract"].split(), r["trade_mw"]) for r in proposed.to_dicts()]  # type: ignore[call-arg]
    assert trades
    assert all(t.mw > 0 for t in trades), "a short is bought back"
    after = what_if(replace(bare, desk=strict.desk), trades, day_hedges(strict.desk, bare.day, strict.quotes), day.dispatch)
    row = after.limits.filter(pl.col("limit_name") == "es_eur").row(0, named=True)
    assert (row["status_before"], row["status_after"]) == ("red", "green")
    # Cheapest: the same trades a hundredth smaller leave it amber.
    smaller = [replace(t, mw=0.99 * t.mw) for t in trades]
    less = what_if(replace(bare, desk=strict.desk), smaller, day_hedges(strict.desk, bare.day, strict.quotes), day.dispatch)
    assert less.limits.filter(pl.col("limit_name") == "es_eur")["status_after"][0] != "green"


def test_where_no_trade_helps_the_note_says_why():
    day = red_day(es_eur=1.0)
    book = day.decide()
    tables = assess(day.info, book, day.scenarios, day.plant_output, day.dispatch)
    if tables.limits.filter(pl.col("limit_name") == "es_eur")["status"][0] == "red":
        assert "es_eur" in tables.proposals["note"][0]
    without = replace(day, with_quotes=False)
    tables = assess(without.info, without.decide(), day.scenarios, day.plant_output, day.dispatch)
    assert tables.proposals["note"][0] == "es_eur red, but no contract has a quote"


def test_methods_horizons_and_past_days():
    risk = {"standard_stresses": True, "worst_days": 3, "living_book_days": [5, 30], "draws": 2000}
    day = Day(desk=desk_of(risk=risk))
    errors = errors_of(day)
    tables = assess(day.info, day.decide(), day.scenarios, day.plant_output, day.dispatch, errors)
    methods = enforce(table("risk_methods"), tables.methods, day.day)
    one = methods.filter(pl.col("horizon_days") == 1)
    assert one.height == 6 * 3
    assert (one["es_eur"] >= one["var_eur"]).drop_nulls().all()
    by = {r["method"]: r["var_eur"] for r in one.filter(pl.col("level") == 0.95, pl.col("var_eur").is_not_null()).to_dicts()}
    assert max(by.values()) < 2 * min(by.values())
    living = methods.filter(pl.col("scope") == "living book", pl.col("level") == 0.95)
    scaled, simulated = (living.filter(pl.col("scaling") == s).sort("horizon_days")["var_eur"].to_list() for s in ("sqrt_time", "simulated"))
    assert scaled[1] == pytest.approx(scaled[0] * np.sqrt(6))
    assert simulated == pytest.approx(scaled, rel=0.5)
    stress = enforce(table("stress_results"), tables.stress, day.day)
    assert tables.stress["repriced_change_eur"].is_sorted()
    assert {"scarcity", "outage", "transmission_split", "correlation_one"} <= set(stress["stress"])
    worst = stress.filter(pl.col("stress").str.starts_with("past day"))
    assert worst.height == 3
    assert stress.filter(pl.col("stress") == "correlation_one")["change_eur"][0] <= worst["change_eur"].min() + 1e-6
    assert (stress["redispatch_eur"].drop_nulls() >= -1e-6).all(), "a new schedule on the stressed prices cannot be worse there"
    again = assess(day.info, day.decide(), day.scenarios, day.plant_output, day.dispatch, errors)
    assert again.methods.equals(tables.methods)


def test_a_book_that_expires_has_no_longer_horizon():
    opening = {**desk_of().opening_book[0].model_dump(), "last_day": date(2025, 9, 19)}
    day = Day(desk=desk_of(opening_book=[opening], risk={"living_book_days": [10]}))
    tables = assess(day.info, day.decide(), day.scenarios, day.plant_output, day.dispatch, errors_of(day))
    rows = tables.methods.filter(pl.col("horizon_days") == 10)
    assert rows["var_eur"].null_count() == rows.height > 0
    assert rows["note"].str.contains("refused").all()
    data = desk_of().model_dump(mode="json")
    data["risk"]["living_book_days"] = [10]
    data["opening_book"] = []
    with pytest.raises(DeskError, match=r"risk\.living_book_days: nothing is held"):
        desk_from(data, "test")


def test_limits_count_the_margin():
    day = Day(desk=desk_of(risk=MARGIN))
    row = limits_of(valued_day(day)).filter(pl.col("limit_name") == "margin_eur").row(0, named=True)
    assert row["bound"] == 50_000
    assert row["used"] > 0
