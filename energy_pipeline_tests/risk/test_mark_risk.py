"""Mark VaR: moves by lead and tenor from the same dates, contributions, tests, and no dense product."""

import tracemalloc
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from energy_pipeline.contracts import table
from energy_pipeline.contracts.enforce import enforce
from energy_pipeline.domain.history import PriceVintages
from energy_pipeline.mathematics.statistics.decomposition import euler, measured
from energy_pipeline.mathematics.statistics.factor_risk import FactorRisk
from energy_pipeline.risk.exceptions import mark_var_backtests, mark_var_exceptions
from energy_pipeline.risk.mark_risk import book_mark_risk
from energy_pipeline_tests.risk.test_whole_book import Autumn

DAY = date(2025, 11, 3)
COUNT, LEADS, PAST = 30, 7, 78


@pytest.fixture(scope="module")
def autumn():
    return Autumn()


def vintages_of(autumn, zone, seed=5):
    """Forecasts that err by a walk towards the outcome: what is known of a target grows with each day."""
    rng = np.random.default_rng(seed + len(zone))
    news = rng.normal(0, 2, (COUNT + LEADS, LEADS, 24))  # news[t, k]: what the k-th day before delivery taught of target t
    errors = np.full((COUNT, LEADS, 24), np.nan)
    for s in range(COUNT):
        for lead in range(1, LEADS + 1):
            if s + lead - 1 < COUNT:
                errors[s, lead - 1] = news[s + lead - 1, :lead].sum(axis=0)
    daily = np.array([autumn.hourly(zone, DAY - timedelta(days=PAST - n)).mean() for n in range(PAST)])
    return PriceVintages(DAY - timedelta(days=COUNT), COUNT - LEADS + 1, errors, daily), news


def risk_of(autumn, marks=None, **changes):
    desk = autumn.desk.model_copy(update={"risk": autumn.desk.risk.model_copy(update={"mark_horizons_days": (1, 3), **changes})})
    info = autumn.archive.at(DAY).with_desk(desk)
    vintages = {zone: vintages_of(autumn, zone)[0] for zone in desk.zones}
    found = book_mark_risk(info, autumn.decided(DAY)[2] if marks is None else marks, vintages, autumn.quotes)
    return [enforce(table(name), frame, DAY) for name, frame in zip(("mark_risk", "mark_contributions"), found, strict=True)]


def one_deal(zone, block, first, last, mwh):
    row = {"delivery_day": DAY, "deal": "one", "zone": zone, "block": block, "target_day": first, "last_day": last, "energy_mwh": mwh}
    money = {"entry_price_eur_mwh": 50.0, "curve_price_eur_mwh": 50.0, "value_eur": 0.0, "basis": "quotes", "is_proxy": False}
    return table("mark_to_market").frame([{**row, **money, "tenor": "day", "counterparty": "alpha", "mark_level": "quoted", "error_eur": 0.0}])


@pytest.mark.parametrize(("lead", "horizon"), [(1, 1), (4, 1), (4, 3), (2, 3)])
def test_inside_the_week_a_mark_moves_by_the_revision_of_the_forecast_and_by_the_outcome_where_it_is_delivered(autumn, lead, horizon):
    target = DAY + timedelta(days=lead - 1)
    risk, _ = risk_of(autumn, one_deal("NORTH", "base", target, target, 24.0), mark_horizons_days=(horizon,))
    _, news = vintages_of(autumn, "NORTH")
    moves = [24.0 * news[s + lead - 1, max(lead - horizon, 0) : lead].sum(axis=0).mean() for s in range(COUNT - LEADS + 1)]
    own = risk.filter(pl.col("scope") == "book", pl.col("measure") == "volatility")
    assert own["value_eur"].to_list() == pytest.approx([np.std(moves, ddof=1)])
    assert own["dates"].to_list() == [COUNT - LEADS + 1]


def test_beyond_the_week_a_mark_moves_by_quotes_as_far_ahead_or_by_past_prices_where_there_were_none(autumn):
    quarter = autumn.quotes.filter(pl.col("block") == "base", pl.col("last_day") == date(2026, 3, 31)).sort("known_at")

    def mid(at):
        seen = quarter.filter(pl.col("known_at") <= autumn.desk.decision_time(at)).tail(1)
        return (seen["bid"][0] + seen["ask"][0]) / 2

    first = date(2026, 4, 1)
    risk, _ = risk_of(autumn, one_deal("NORTH", "base", first, date(2026, 6, 30), 100.0))
    dates = [DAY - timedelta(days=COUNT - n) for n in range(COUNT - LEADS + 1)]
    assert all(date(2026, 1, 1) <= first - (DAY - at) <= date(2026, 3, 31) for at in dates), "as far ahead was the first quarter, quoted by itself"
    moves = [100.0 * (mid(at + timedelta(days=1)) - mid(at)) for at in dates]
    own = risk.filter(pl.col("scope") == "book", pl.col("measure") == "volatility", pl.col("horizon_days") == 1)
    assert own["value_eur"].to_list() == pytest.approx([np.std(moves, ddof=1)])
    assert own["note"].to_list() == [""]
    risk, _ = risk_of(autumn, one_deal("SOUTH", "base", first, date(2026, 6, 30), 100.0))
    daily = vintages_of(autumn, "SOUTH")[0].daily
    levels = [daily[PAST - COUNT + n - 28 : PAST - COUNT + n].mean() for n in range(COUNT - LEADS + 2)]
    own = risk.filter(pl.col("scope") == "book", pl.col("measure") == "volatility", pl.col("horizon_days") == 1)
    assert own["value_eur"].to_list() == pytest.approx([100.0 * np.std(np.diff(levels), ddof=1)])
    assert "1 period(s) move with past prices: nobody quoted them" in own["note"][0]


def test_contributions_of_every_split_add_up_to_the_whole_book(autumn):
    risk, parts = risk_of(autumn)
    book = {(r["horizon_days"], r["measure"], r["level"]): r["value_eur"] for r in risk.filter(pl.col("scope") == "book").to_dicts()}
    open_mwh = autumn.decided(DAY)[2]["energy_mwh"].sum()
    for (horizon, measure, level, _), part in parts.group_by("horizon_days", "measure", "level", "component_kind"):
        assert part["contribution_eur"].sum() == pytest.approx(book[horizon, measure, level], rel=1e-9)
        assert part["energy_mwh"].sum() == pytest.approx(open_mwh)
    assert {"day", "month", "year"} == set(parts.filter(pl.col("component_kind") == "tenor")["component"])
    assert {"alpha", "beta", "opening book"} == set(parts.filter(pl.col("component_kind") == "counterparty")["component"])
    assert all(book[1, "es", level] >= book[1, "var", level] for level in (0.95, 0.99))
    assert "the tail holds 0.2 of 24 dates" in risk.filter(pl.col("scope") == "book", pl.col("level") == 0.99)["note"][0]


def test_too_few_dates_give_no_number(autumn):
    info = autumn.archive.at(DAY)
    short = {z: PriceVintages(DAY - timedelta(days=12), 6, np.zeros((12, LEADS, 24)), np.zeros(60)) for z in autumn.desk.zones}
    risk, parts = book_mark_risk(info, autumn.decided(DAY)[2], short)
    assert risk["value_eur"].to_list() == [None]
    assert risk["note"].to_list() == ["6 past dates with every lead's outcome, at least 10 are needed"]
    assert parts.height == 0


@pytest.mark.parametrize(("measure", "level"), [("volatility", 0.0), ("var", 0.95), ("es", 0.975)])
def test_risk_on_factors_is_that_of_the_dense_product(measure, level):
    rng = np.random.default_rng(3)
    moves, factor, size = rng.standard_t(4, (400, 5)), rng.integers(0, 5, 60), rng.normal(0, 10, 60)
    dense = (moves[:, factor] * size).T
    book = FactorRisk(moves, factor, size)
    assert book.measured(measure, level) == pytest.approx(measured(dense.sum(axis=0), measure, level))
    assert book.contributions(measure, level) == pytest.approx(euler(dense, measure, level))


def test_a_book_of_two_thousand_contracts_never_becomes_a_dense_product():
    rng = np.random.default_rng(1)
    moves, factor, size = rng.normal(0, 3, (10_000, 26)), rng.integers(0, 26, 2000), rng.normal(0, 100, 2000)
    tracemalloc.start()
    book = FactorRisk(moves, factor, size)
    assert book.contributions("es", 0.975).sum() == pytest.approx(book.measured("es", 0.975))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10_000 * 2000 * 8 / 10, "a tenth of the memory of paths x contracts"


def record(falls, var=100.0):
    day = date(2024, 1, 1)
    frames = []
    for n, fall in enumerate(falls):
        at = day + timedelta(days=n)
        own = {"delivery_day": at - timedelta(days=1), "horizon_days": 1, "scope": "book", "level": 0.95, "dates": 60, "note": ""}
        held = [{**own, "measure": m, "value_eur": v} for m, v in (("var", var), ("es", 1.3 * var))]
        whole = {"delivery_day": at, "deal": "book", "zone": "", "block": "", "counterparty": "", "note": ""}
        legs = [("quarter", "curve", -fall - 7.0), ("day", "delivered", 7.0), ("year", "new", -1e6), ("all", "change", -1e6 - fall)]
        explained = [{**whole, "tenor": t, "leg": leg, "value_eur": v} for t, leg, v in legs]
        frames.append(mark_var_exceptions(at, table("mark_risk").frame(held), table("book_explain").frame(explained)))
    return enforce(table("mark_var_exceptions"), frames[-1], at), pl.concat(frames), at


def test_a_fall_beyond_the_var_of_the_decision_before_is_an_exception_and_new_deals_are_none():
    last, _, _ = record([90.0, 130.0])
    assert last["change_eur"].to_list() == [-130.0]
    assert last["is_exception"].to_list() == [True]
    nothing = table("book_explain").frame()
    assert mark_var_exceptions(date(2024, 1, 2), table("mark_risk").frame(), nothing).height == 0


@pytest.mark.parametrize(("days", "expected"), [(40, "too_few"), (249, "too_few"), (250, "green")])
def test_under_250_days_there_is_no_verdict(days, expected):
    falls = np.where(np.arange(days) % 25 == 7, 150.0, 10.0)
    _, past, day = record(falls)
    found = enforce(table("mark_var_backtests"), mark_var_backtests(day, past), day).row(0, named=True)
    assert found["traffic_light"] == expected
    assert found["days"] == days
    assert found["exceptions"] == int((falls > 100).sum())
    if days == 250:
        assert found["kupiec_p"] > 0.3
        assert found["es_statistic"] == pytest.approx(1 - 10 * 150.0 / (0.05 * 250 * 130.0), abs=1e-9)
