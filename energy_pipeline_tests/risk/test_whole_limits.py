"""Limits of the whole book: their use, and trades that mend them against a linear programme written down by hand."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest
from scipy.optimize import linprog

from energy_pipeline.book.ledger import open_deals
from energy_pipeline.contracts import table
from energy_pipeline.contracts.enforce import enforce
from energy_pipeline.desk.hedging import Hedging
from energy_pipeline.mathematics.statistics.tail import expected_shortfall
from energy_pipeline.portfolio.forwards.daily import proposals
from energy_pipeline.portfolio.forwards.programme import programme_proposals
from energy_pipeline.portfolio.term_curve import term_quotes
from energy_pipeline.risk.mark_risk import QuoteHistory, moves_of
from energy_pipeline.risk.whole_limits import _energy, _hours, book_limits
from energy_pipeline_tests.risk.test_mark_risk import DAY, vintages_of
from energy_pipeline_tests.risk.test_whole_book import Autumn, desk_with_ledger, trades_of


@pytest.fixture(scope="module")
def autumn():
    return Autumn()


def limited(autumn, limits, **ledger):
    desk = desk_with_ledger(**ledger)
    desk = desk.model_copy(update={"limits": desk.limits.model_copy(update={"amber_share": 0.8, "es_level": 0.9, **limits})})
    info = autumn.archive.at(DAY).with_desk(desk)
    vintages = {zone: vintages_of(autumn, zone)[0] for zone in desk.zones}
    found = book_limits(info, autumn.decided(DAY)[2], vintages, autumn.quotes)
    return info, vintages, *(enforce(table(n), f, DAY) for n, f in zip(("book_limits", "book_repair"), found, strict=True))


def moves(info, vintages, autumn, marks):
    """Quotes, their hours, and past changes of the book and, per MW, of every quoted contract [EUR]."""
    quotes = term_quotes(info, "NORTH", autumn.quotes)
    periods = list(zip(*(marks[n].to_list() for n in ("zone", "block", "target_day", "last_day")), strict=True))
    offered = [("NORTH", q.block, q.first_day, q.last_day) for q in quotes]
    both = moves_of(info, [*periods, *offered], vintages, QuoteHistory(info, autumn.quotes), 1).values
    hours = np.array([_hours(info, q) for q in quotes])
    return quotes, hours, both[:, : len(periods)] @ marks["energy_mwh"].to_numpy(), both[:, len(periods) :] * hours


def test_uses_are_the_sums_of_the_marks(autumn):
    marks = autumn.decided(DAY)[2]
    limits = {"open_mwh": {"year": 1e6, "month": 1e6}, "mark_es_eur": 1e9, "counterparty_share": 0.9}
    _, _, used, repair = limited(autumn, limits)
    by = {(r["limit_name"], r["scope"]): r for r in used.to_dicts()}
    for tenor in ("year", "month"):
        assert by["open_mwh", tenor]["used"] == pytest.approx(abs(marks.filter(pl.col("tenor") == tenor)["energy_mwh"].sum()))
    share = marks.filter(pl.col("counterparty") == "alpha")["energy_mwh"].abs().sum() / marks["energy_mwh"].abs().sum()
    assert by["counterparty_share", "alpha"]["used"] == pytest.approx(share)
    own = marks.filter(pl.col("counterparty") == "alpha")["value_eur"].sum()
    assert by["credit_limit_eur", "alpha"]["used"] > max(own, 0.0)
    assert ("credit_limit_eur", "beta") not in by, "no limit is written"
    assert repair.height == 0
    assert set(used["status"]) <= {"green", "amber"}


def test_trades_that_mend_the_book_are_those_of_a_linear_programme_written_by_hand(autumn):
    marks = autumn.decided(DAY)[2].sort("deal", "target_day")
    info, vintages, used, _ = limited(autumn, {"open_mwh": {"year": 1e6}, "mark_es_eur": 1e9})
    by = {r["limit_name"]: r["used"] for r in used.to_dicts()}
    bound, es = 0.4 * by["open_mwh"], 0.6 * by["mark_es_eur"]
    info, vintages, used, repair = limited(autumn, {"open_mwh": {"year": bound}, "mark_es_eur": es})
    quotes, hours, base, per_mw = moves(info, vintages, autumn, marks)
    base, per_mw = base - base.mean(), per_mw - per_mw.mean(axis=0)
    n, m, level = len(quotes), base.size, 0.9
    half = hours * np.array([(q.ask - q.bid) / 2 for q in quotes])
    net = marks.filter(pl.col("tenor") == "year")["energy_mwh"].sum()
    year = np.array([_energy(info, q, "year") for q in quotes])
    # columns: bought, sold, VaR, loss beyond it by date
    cost = np.concatenate([half, half, [0.0], np.zeros(m)])
    tail = np.hstack([-per_mw, per_mw, -np.ones((m, 1)), -np.eye(m)])
    short = np.concatenate([np.zeros(2 * n), [1.0], np.full(m, 1 / (m * (1 - level)))])
    open_row = np.concatenate([year, -year, np.zeros(m + 1)])
    rows, room = np.vstack([tail, short, open_row, -open_row]), np.concatenate([base, [es, bound - net, bound + net]])
    found = linprog(cost, rows, room, bounds=[(0, 25.0)] * (2 * n) + [(None, None)] + [(0, None)] * m)
    assert found.status == 0
    assert repair["cost_eur"].sum() == pytest.approx(found.fun, rel=1e-5)
    trades = dict(zip(repair["quoted_contract"].to_list(), repair["trade_mw"].to_list(), strict=True))
    mw = np.array([trades.get(f"NORTH {q.block} {q.first_day}..{q.last_day}", 0.0) for q in quotes])
    assert abs(net + year @ mw) <= bound * (1 + 1e-6)
    assert expected_shortfall(-(base + per_mw @ mw), level) <= es * (1 + 1e-6)
    assert used.filter(pl.col("status") == "red")["price_eur"].max() > 0
    assert set(repair["note"]) == {"mends open_mwh [year], mark_es_eur [book]"}


def test_what_no_trades_can_mend_names_the_limits_and_the_smallest_relaxation(autumn):
    _, _, _, repair = limited(autumn, {"open_mwh": {"year": 1.0}}, max_trade_mw=0.5)
    assert repair["quoted_contract"].to_list() == [""]
    assert repair["note"][0].startswith("no trades mend open_mwh [year]: ")
    assert "smallest relaxation" in repair["note"][0]
    _, _, used, repair = limited(autumn, {"counterparty_share": 0.01})
    assert set(used.filter(pl.col("limit_name") == "counterparty_share")["status"]) == {"red"}
    assert "only other deals with the counterparty mend it" in repair["note"][0]


def test_later_targets_of_the_programme_are_proposed_in_the_nearest_quoted_period(autumn):
    """What is held of that period by hand, at bid or ask, no more than may be traded; without a quote the row says so."""
    targets = [
        {"zone": "NORTH", "block": "base", "tenor": "quarter", "position_mw": -30},
        {"zone": "SOUTH", "block": "base", "tenor": "year", "position_mw": 1},
    ]
    desk = autumn.desk.model_copy(
        update={"hedging": Hedging.model_validate({"programme": targets}), "ledger": desk_with_ledger(max_trade_mw=25).ledger}
    )
    info = autumn.archive.at(DAY).with_desk(desk)
    deals = open_deals(desk, info.day.day, info.decision_time, trades_of(desk), autumn.rates)
    rows = programme_proposals(info, deals, autumn.quotes)
    frame = enforce(table("forward_book_proposals"), proposals(info, None, None, rows), DAY)
    quarter, year = (frame.filter(pl.col("zone") == zone).row(0, named=True) for zone in ("NORTH", "SOUTH"))
    own = [q for q in term_quotes(info, "NORTH", autumn.quotes) if q.block == "base" and (q.last_day - q.first_day).days in (89, 90, 91)]
    quote = min(own, key=lambda q: q.first_day)
    assert (quarter["first_day"], quarter["last_day"]) == (quote.first_day, quote.last_day)
    days = [quote.first_day + timedelta(days=n) for n in range((quote.last_day - quote.first_day).days + 1)]
    base = deals.filter(pl.col("zone") == "NORTH", pl.col("block") == "base").to_dicts()
    held = np.mean([sum(r["position_mw"] for r in base if r["first_day"] <= day <= r["last_day"]) for day in days])
    assert held != 0
    assert quarter["held_units"] == pytest.approx(held)
    assert quarter["trade_units"] == pytest.approx(max(-30 - held, -25))
    assert quarter["price_eur_mwh"] == quote.bid
    assert quarter["costs_eur"] == pytest.approx(abs(quarter["trade_units"]) * _hours(info, quote) * (quote.ask - quote.bid) / 2)
    assert quarter["held_by"] == ("ledger.max_trade_mw" if abs(-30 - held) > 25 else "")
    assert (year["trade_units"], year["price_eur_mwh"]) == (0.0, None)
    assert "no year of base is quoted" in year["note"]
