"""The hedge programme apart from views: targets, half the paths choose and the other half judge, k from skill, own limits and results."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energy_pipeline.book.ledger import open_deals
from energy_pipeline.book.pnl import HedgeLeg
from energy_pipeline.book.positions import zone_books
from energy_pipeline.contracts import table
from energy_pipeline.contracts.enforce import enforce
from energy_pipeline.desk.hedging import Views
from energy_pipeline.domain.errors import DeskError
from energy_pipeline.domain.history import ErrorHistory
from energy_pipeline.information.archive import Archive
from energy_pipeline.mathematics.statistics.tail import expected_shortfall
from energy_pipeline.portfolio import book_of, case_of
from energy_pipeline.portfolio.contract_columns import ProgrammeTrade, hedge_gain
from energy_pipeline.portfolio.hedge_programme import chosen, hedge_programme, programme_of, skill_of, slope_of
from energy_pipeline.portfolio.programme_check import odd_programme_rows
from energy_pipeline.portfolio.rivals import rivals
from energy_pipeline.portfolio.view_results import view_results
from energy_pipeline.risk.limits import view_uses
from energy_pipeline_tests.portfolio.small_desk import KNOWN, Day, desk_of

BASE = {"zone": "NORTH", "block": "base", "ratio": 0.8}
VIEWS = {"max_mw": 10.0, "es_eur": 4_000.0}


def a_day(programme=(BASE,), objective="tracking_error", views=None, desk=None, **more):
    hedging = {"programme": list(programme), "objective": objective, "views": views}
    return Day(desk=desk_of(hedging=hedging, **(desk or {})), paths=60, peak_is_proxy=False, **more)


def case_for(day, programme=None):
    return case_of(day.info, day.scenarios, day.plant_output, day.dispatch, day.signals, programme=programme)


def rows_of(day, errors=()):
    deals = open_deals(day.desk, day.day, day.info.decision_time)
    return enforce(table("hedge_programme"), hedge_programme(case_for(day), day.dispatch, deals, errors, day.info), day.day)


def row(rows, zone="NORTH", tenor="day"):
    return rows.filter(pl.col("zone") == zone, pl.col("tenor") == tenor).row(0, named=True)


def test_the_programme_fills_what_is_held_up_to_its_ratio_of_the_expected_output():
    day = a_day()
    found, outlook = row(rows_of(day)), case_for(day).outlooks["NORTH"]
    assert found["target_mw"] == pytest.approx(-0.8 * outlook.expected_mw.mean())
    assert found["held_mw"] + found["programme_mw"] == pytest.approx(found["target_mw"])
    assert found["ratio"] == pytest.approx(0.8)


def test_its_effectiveness_is_of_the_other_half_of_the_paths_by_hand():
    day = a_day(desk={"opening_book": []})
    case, rows = case_for(day), rows_of(day)
    book, mw = row(rows, "book"), row(rows)["programme_mw"]
    without = -1000 * case.program.losses(np.zeros(case.program.variables))
    with_it = without + mw * hedge_gain(case.day, case.tradable[0], case.outlooks["NORTH"])
    assert book["judged_paths"] == 30
    assert book["effectiveness"] == pytest.approx(1 - with_it[1::2].var() / without[1::2].var())
    tails = [expected_shortfall(p.mean() - p, 0.9) for p in (without[1::2], with_it[1::2])]
    assert book["tail_effectiveness"] == pytest.approx(1 - tails[1] / tails[0])
    assert book["effectiveness"] > 0.1


def test_paths_that_judge_choose_nothing():
    day = a_day(objective="least_variance")
    before, case = chosen(case_for(day), day.dispatch, day.desk.hedging), case_for(day)
    prices = {z: o.price.copy() for z, o in case.outlooks.items()}
    for price in prices.values():
        price[1::2] += np.random.default_rng(0).normal(0, 200, price[1::2].shape)
    outlooks = {z: o.__class__(**{**o.__dict__, "price": prices[z]}) for z, o in case.outlooks.items()}
    after = chosen(case.__class__(**{**case.__dict__, "outlooks": outlooks}), day.dispatch, day.desk.hedging)
    assert after.position.tolist() == before.position.tolist()
    assert after.effectiveness != before.effectiveness


@settings(max_examples=6)
@given(st.floats(0, 1.2), st.floats(0, 1.2), st.floats(12, 60), st.integers(0, 50))
def test_least_variance_is_the_best_of_a_grid_and_never_beyond_its_targets(north, south, gross, seed):
    programme = [BASE | {"ratio": north}, {"zone": "SOUTH", "block": "peak", "ratio": south}]
    limits = {"day_ahead_deviation_mw": {"NORTH": 8}, "gross_contracts_mw": gross}
    day = Day(desk=desk_of(hedging={"programme": programme, "objective": "least_variance"}, limits=limits), paths=40, seed=seed)
    case = case_for(day)
    found = chosen(case, day.dispatch, day.desk.hedging)
    opening = np.array([h.opening_mw for h in case.tradable])
    room = np.array([25.0, 15.0])
    low = np.maximum(np.minimum(opening, found.target), opening - room)
    high = np.minimum(np.maximum(opening, found.target), opening + room)
    assert (found.position >= low - 1e-6).all()
    assert (found.position <= high + 1e-6).all()
    assert np.abs(found.position).sum() <= gross + 1e-6
    gains = np.column_stack([hedge_gain(case.day, h, case.outlooks[h.zone]) for h in case.tradable])[::2]
    free = -1000 * case.program.losses(np.zeros(case.program.variables))[::2] - gains @ opening
    best = (free + gains @ found.position).std()
    for share in np.random.default_rng(seed).uniform(0, 1, (60, 2)):
        other = low + share * (high - low)
        if np.abs(other).sum() <= gross:
            assert best <= (free + gains @ other).std() + 1e-3


def test_where_limits_keep_it_from_its_target_it_is_as_near_as_they_allow_and_says_so():
    tight = a_day(desk={"limits": {"gross_contracts_mw": 12.0}})
    rows = rows_of(tight)
    assert row(rows)["held_mw"] + row(rows)["programme_mw"] == pytest.approx(-12.0, abs=1e-4)
    assert row(rows)["note"] == "gross_contracts_mw binds"
    assert row(rows, "book")["tracking_error_eur"] > 0
    small = a_day(desk={"contracts": [{"zone": "NORTH", "block": "base", "max_trade_mw": 2}]})
    assert row(rows_of(small))["programme_mw"] == pytest.approx(-2.0)
    assert "max_trade_mw" in row(rows_of(small))["note"]


def test_later_tenors_are_told_with_what_is_lacking():
    held = {"zone": "NORTH", "block": "base", "position_mw": -4, "price_eur_mwh": 70, "first_day": date(2025, 10, 1), "last_day": date(2025, 12, 31)}
    day = a_day([BASE, {"zone": "NORTH", "block": "base", "tenor": "quarter", "position_mw": -10}], desk={"opening_book": [held]})
    found = row(rows_of(day), tenor="quarter")
    assert (found["target_mw"], found["held_mw"]) == (-10, -4)
    assert found["note"].startswith("-6.0 MW to its target")


def test_a_target_without_a_quote_is_told_and_what_is_held_stays():
    found = row(rows_of(a_day(with_quotes=False)))
    assert (found["held_mw"], found["programme_mw"]) == (-10.0, 0.0)
    assert found["target_mw"] < -10
    assert found["note"].startswith("no quote today")
    weekend = a_day([BASE, {"zone": "SOUTH", "block": "peak", "ratio": 0.5}], day=date(2025, 9, 21))
    assert row(rows_of(weekend), "SOUTH")["note"] == "the block does not deliver on the day"


def decided(day, trade):
    case = case_for(day, {"NORTH base": trade})
    return case, book_of(case, day.forecasts, day.dispatch)


def test_without_trust_no_view_is_taken_and_the_programme_is_all_that_is_traded():
    day = a_day()
    _, book = decided(day, ProgrammeTrade(-7.0, 0.0, 0.0))
    contracts = book.positions.filter(pl.col("instrument") != "day_ahead").unique(["zone", "instrument"]).sort("zone")
    assert contracts["traded_mw"].to_list() == [-7.0, 0.0]


@pytest.mark.parametrize("programme", [-7.0, 0.0, 6.0])
@pytest.mark.parametrize("trust", [0.3, 1.0])
def test_the_optimum_with_programme_and_view_is_what_the_books_own_arithmetic_gives(programme, trust):
    """The bound of the programme meets the objective of the P&L kernel: half-spreads are of the net trade, the edge is k of it."""
    day = a_day(edge=9.0)
    case, book = decided(day, ProgrammeTrade(programme, 10.0, trust))
    found = book.solution.row(0, named=True)
    assert found["objective_eur"] == pytest.approx(found["bound_eur"], abs=0.05)
    view = case.decided(book.positions)[case.program.deviations :]
    assert view.max() <= 10.0 + 1e-9
    for step in (-0.5, 0.5):  # no other view is better by the book's own arithmetic
        hedge = case.tradable[0]
        net = float(view[0] - view[2]) + step
        if -hedge.room_mw[1] <= net <= hedge.room_mw[0]:
            x = case.decided(book.positions)
            x[case.program.deviations], x[case.program.deviations + 2] = max(net, 0.0), max(-net, 0.0)
            assert case.program.value(x) <= case.program.value(case.decided(book.positions)) + 1e-5


def test_views_are_inside_their_limit_and_book_less_programme_has_no_more_risk_than_they_may():
    day = a_day(views=VIEWS, edge=9.0, price_level=80.0)
    rows = rows_of(day).with_columns(
        trust=pl.when(pl.col("zone") == "NORTH").then(1.0).otherwise(0.0),
        view_limit_mw=pl.when(pl.col("zone") == "NORTH").then(room(day)).otherwise(0.0),
    )
    case = case_for(day, programme_of(rows))
    book = book_of(case, day.forecasts, day.dispatch)
    net = book.positions.filter(pl.col("zone") == "NORTH", pl.col("instrument") == "base")["traded_mw"][0] - row(rows)["programme_mw"]
    gain = net * hedge_gain(case.day, case.tradable[0], case.outlooks["NORTH"])
    assert abs(net) > 0.1
    assert expected_shortfall(gain.mean() - gain, day.desk.limits.es_level) <= VIEWS["es_eur"] + 1e-6


def room(day):
    case = case_for(day)
    gain = hedge_gain(case.day, case.tradable[0], case.outlooks["NORTH"])
    worst = max(expected_shortfall(s * (gain.mean() - gain), day.desk.limits.es_level) for s in (1, -1))
    return min(VIEWS["max_mw"], VIEWS["es_eur"] / worst)


def skilled(k, noise, days=40, is_proxy=False):
    """Past days on which the price came at quote + k x expected edge + noise: errors and an archive that tell so."""
    day = a_day(views=VIEWS)
    rng = np.random.default_rng(7)
    past = [day.day - timedelta(days=n) for n in range(days + 1, 1, -1)]
    edge, rest = rng.normal(0, 6, days), rng.normal(0, noise, days)
    price = 60.0 + k * edge + rest
    quotes = [
        {
            "delivery_day": d,
            "known_at": datetime(d.year, d.month, d.day, 9, tzinfo=UTC) - timedelta(days=1),
            "zone": "NORTH",
            "contract": "base",
            "price_eur_mwh": 60.0,
        }
        for d in past
    ]
    frame = table("forward_quotes").frame([{**q, "half_spread_eur_mwh": 0.4, "is_proxy": is_proxy, "source": "t"} for q in quotes])
    prices = [
        day.rows("day_ahead_prices", 60, zone="NORTH", known_at=KNOWN, price_eur_mwh=float(p), source="t").with_columns(
            delivery_day=pl.lit(d), delivery_start=pl.col("delivery_start") - timedelta(days=(day.day - d).days)
        )
        for d, p in zip(past, price, strict=True)
    ]
    info = Archive(day.desk, {"forward_quotes": frame, "day_ahead_prices": pl.concat(prices)}).at(day.day)
    missed = np.repeat((price - (60.0 + edge))[:, None], 24, axis=1)
    errors = [ErrorHistory("day_ahead_price", "NORTH", 60, tuple(past), missed)]
    return skill_of(info, case_for(day).tradable[0], errors, Views(**VIEWS)), slope_of(edge, price - 60.0)


def test_k_is_the_slope_against_the_quote_shrunk_by_its_t_and_nothing_without_skill():
    good, (slope, t) = skilled(0.6, 1.0)
    assert good.days == 40
    assert good.t == pytest.approx(t)
    assert good.trust == pytest.approx(slope * t * t / (1 + t * t))
    assert 0.5 < good.trust < 0.7
    assert skilled(-0.4, 1.0)[0].trust == 0.0
    assert skilled(0.0, 9.0)[0].trust < 0.2
    assert skilled(0.6, 1.0, days=8)[0].trust == 0.0
    assert skilled(0.6, 1.0, is_proxy=True)[0].trust == 0.0


def test_rivals_stand_on_the_same_programme():
    day = a_day(edge=9.0)
    case, book = decided(day, ProgrammeTrade(-7.0, 5.0, 1.0))
    found = rivals(case, book.positions)
    desk = found.comparison.filter(pl.col("objective_name") == "desk").row(0, named=True)
    assert desk["expected_pnl_eur"] == pytest.approx(book.solution["expected_pnl_eur"][0], abs=0.01)
    best = found.comparison.with_columns(value=pl.col("expected_pnl_eur") - 0.5 * pl.col("cvar_eur"))
    assert best.filter(pl.col("objective_name") == "desk")["value"][0] >= best["value"].max() - 0.05
    north = found.positions.filter(pl.col("zone") == "NORTH", pl.col("instrument") == "base")
    assert north["opening_mw"].unique().to_list() == [-17.0]
    assert north["decision_mw"].abs().max() <= 5.0 + 1e-9


def test_programme_and_view_earn_apart_and_together_what_the_contract_earned():
    day = a_day(edge=9.0)
    case, book = decided(day, ProgrammeTrade(-7.0, 5.0, 1.0))
    rows = rows_of(day).with_columns(programme_mw=pl.when(pl.col("zone") == "NORTH").then(-7.0).otherwise(pl.col("programme_mw")))
    price = day.rows("day_ahead_prices", 60, zone="NORTH", known_at=KNOWN, price_eur_mwh=np.linspace(20.0, 90.0, 24), source="t")
    found = enforce(table("view_results"), view_results(day.desk, day.day, rows, book.positions, price), day.day).row(0, named=True)
    held = zone_books(day.desk, case.day, book.positions, day.dispatch)["NORTH"]
    trade = next(leg for leg in held.hedges if isinstance(leg, HedgeLeg) and leg.price_eur_mwh == 61.0)
    gain = float((trade.power_mw * (np.linspace(20.0, 90.0, 24) - 61.0)).sum())
    paid = 0.4 * 24 * abs(found["programme_mw"] + found["view_mw"])
    assert found["programme_eur"] + found["view_eur"] == pytest.approx(gain - paid)
    assert found["programme_eur"] == pytest.approx(-7 * 24 * (55.0 - 61.0) - 7 * 24 * 0.4)


def test_what_a_desk_file_may_not_say_is_told():
    with pytest.raises(DeskError, match="ratio or position_mw"):
        a_day([{"zone": "NORTH"}])
    with pytest.raises(DeskError, match="offpeak of NORTH is none of the desk's contracts"):
        a_day([BASE | {"block": "offpeak"}])
    with pytest.raises(DeskError, match="NORTH base day: two targets"):
        a_day([BASE, BASE])
    with pytest.raises(DeskError, match="no quarter has"):
        a_day([BASE | {"tenor": "quarter"}])


@pytest.mark.parametrize("objective", ["tracking_error", "least_variance"])
@settings(max_examples=6)
@given(st.floats(0.1, 1.4), st.floats(-15, 15), st.floats(1, 40), st.integers(0, 20))
def test_the_check_finds_nothing_in_what_the_programme_writes(objective, ratio, position, gross, seed):
    """Whatever the targets and the gross room."""
    targets = [{**BASE, "ratio": ratio}, {"zone": "SOUTH", "block": "peak", "position_mw": position}]
    desk = {"limits": {"day_ahead_deviation_mw": {"NORTH": 8}, "gross_contracts_mw": max(gross, 10.0), "es_eur": None}}
    day = a_day(targets, objective, views=VIEWS, desk=desk, seed=seed)
    assert odd_programme_rows(day.desk, rows_of(day)).to_dicts() == []


@pytest.mark.parametrize(
    ("column", "value", "rule"),
    [
        ("programme_mw", -60.0, "trades beyond its target"),
        ("programme_mw", 1.0, "trades beyond its target"),
        ("target_mw", None, "trades without a target and a quote of the day"),
        ("view_limit_mw", 3.0, "a view has more room than it may"),
        ("held_mw", -11.0, "the book is not the sum of its contracts"),
    ],
)
def test_the_check_names_each_planted_fault(column, value, rule):
    day = a_day(views=VIEWS)
    rows = rows_of(day).with_columns(pl.when(pl.col("zone") == "NORTH").then(pl.lit(value, pl.Float64)).otherwise(pl.col(column)).alias(column))
    assert rule in odd_programme_rows(day.desk, rows)["rule"].to_list()


def test_views_use_their_limits_and_no_more():
    """Room for NORTH, none for SOUTH: what is traded beside the programme, and its shortfall by hand."""
    day = a_day(views=VIEWS, edge=0.0)
    rows = rows_of(day).with_columns(
        view_limit_mw=pl.when(pl.col("zone") == "NORTH").then(4.0).otherwise(0.0), trust=pl.when(pl.col("zone") == "NORTH").then(1.0).otherwise(0.0)
    )
    case = case_for(day, programme_of(rows))
    positions = book_of(case, day.forecasts, day.dispatch).positions
    uses = {(u.limit_name, u.scope): u for u in view_uses(day.desk, case.day, positions, rows, case.outlooks)}
    traded = positions.filter(pl.col("instrument") == "base")["traded_mw"][0] - row(rows)["programme_mw"]
    assert uses["view_mw", "NORTH base"].used == pytest.approx(abs(traded), abs=1e-9)
    assert 0 < uses["view_mw", "NORTH base"].used <= 4.0 + 1e-9
    assert uses["view_mw", "SOUTH peak"].used == pytest.approx(0.0, abs=1e-9)
    gain = traded * hedge_gain(case.day, case.tradable[0], case.outlooks["NORTH"])
    assert uses["view_es_eur", "book"].used == pytest.approx(expected_shortfall(gain.mean() - gain, day.desk.limits.es_level))
    assert uses["view_es_eur", "book"].bound == 4_000.0
    assert view_uses(day.desk, case.day, positions, table("hedge_programme").frame(), case.outlooks) == []
