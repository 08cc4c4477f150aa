"""Risk tables of a decided book: sums, conventions, stresses, limits, exceptions."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from energy_pipeline.book.positions import Book
from energy_pipeline.contracts import table
from energy_pipeline.contracts.enforce import enforce
from energy_pipeline.desk.load import desk_from
from energy_pipeline.domain.errors import DeskError, MissingDayError
from energy_pipeline.mathematics.statistics.measures import shortfall_contributions, summary, volatility, volatility_contributions
from energy_pipeline.mathematics.statistics.tail import expected_shortfall
from energy_pipeline.risk import RiskTables, assess, var_exceptions
from energy_pipeline_tests.book.by_hand import pnl_of
from energy_pipeline_tests.portfolio.small_desk import AUTUMN_QUARTERS, PLAIN, SPRING, Day, desk_of

components = st.tuples(st.integers(1, 5), st.integers(2, 30)).flatmap(lambda shape: arrays(np.float64, shape, elements=st.floats(-1e5, 1e5)))


def risk_of(day: Day, book: Book | None = None) -> RiskTables:
    return assess(day.info, book or day.decide(), day.scenarios, day.plant_output, day.dispatch)


def value(tables: RiskTables, scope: str, measure: str, level: float) -> float:
    found = tables.measures.filter(pl.col("scope") == scope, pl.col("measure") == measure, pl.col("level") == level)["value_eur"]
    assert found.len() == 1
    return found[0]


def limit(tables: RiskTables, name: str, scope: str = "book") -> dict:
    return tables.limits.filter(pl.col("limit_name") == name, pl.col("scope") == scope).row(0, named=True)


@given(components, st.sampled_from([0.5, 0.9, 0.975]))
def test_contributions_add_up(parts, level):
    total = parts.sum(axis=0)
    size = 1 + np.abs(parts).sum()
    assert volatility_contributions(parts).sum() == pytest.approx(volatility(total), abs=1e-9 * size)
    assert shortfall_contributions(parts, level).sum() == pytest.approx(expected_shortfall(total.mean() - total, level), abs=1e-9 * size)


def test_contributions_are_the_derivatives_of_the_measures():
    rng = np.random.default_rng(1)
    parts = rng.normal(0, 100, (3, 83)) + rng.normal(0, 50, 83)
    step = 1e-6
    for i in range(3):
        total = parts.sum(axis=0)
        bumped = total + step * parts[i]
        slope = (volatility(bumped) - volatility(total)) / step
        assert volatility_contributions(parts)[i] == pytest.approx(slope, rel=1e-4)
        slope = (expected_shortfall(bumped.mean() - bumped, 0.95) - expected_shortfall(total.mean() - total, 0.95)) / step
        assert shortfall_contributions(parts, 0.95)[i] == pytest.approx(slope, rel=1e-4)


@pytest.mark.parametrize("day", [Day(), Day(day=SPRING), Day(day=AUTUMN_QUARTERS, paths=20), Day(price_level=-40.0), Day(with_second=False)])
def test_tables_are_legal_and_contributions_add_to_the_measures(day):
    tables = risk_of(day)
    for name, frame in (
        ("risk_measures", tables.measures),
        ("risk_contributions", tables.contributions),
        ("stress_results", tables.stress),
        ("limits", tables.limits),
    ):
        enforce(table(name), frame, day.day)
    sums = tables.contributions.group_by("measure", "level", "component_kind").agg(pl.col("contribution_eur").sum(), pl.col("share_of_total").sum())
    assert sums.height == 4 * 6
    for row in sums.to_dicts():
        assert row["contribution_eur"] == pytest.approx(value(tables, "book", row["measure"], row["level"]), rel=1e-9)
        assert row["share_of_total"] == pytest.approx(1)


def test_expected_pnl_is_the_optimisers_and_zones_add_to_the_book():
    day = Day()
    book = day.decide()
    tables = risk_of(day, book)
    assert value(tables, "book", "expected_pnl", 0.0) == pytest.approx(book.solution["expected_pnl_eur"][0], rel=1e-9)
    zones = value(tables, "NORTH", "expected_pnl", 0.0) + value(tables, "SOUTH", "expected_pnl", 0.0)
    assert zones == pytest.approx(value(tables, "book", "expected_pnl", 0.0), rel=1e-9)
    assert value(tables, "book", "es", 0.975) <= value(tables, "NORTH", "es", 0.975) + value(tables, "SOUTH", "es", 0.975)
    assert set(tables.measures["level"]) == {0.0, 0.95, 0.975, 0.99}


@given(components, st.sampled_from([0.5, 0.9, 0.975]), st.floats(-1e6, 1e6))
def test_a_constant_added_to_the_pnl_changes_the_expectation_only(parts, level, constant):
    shifts = constant * np.arange(1, parts.shape[0] + 1)[:, None]  # a sure gain of each component
    size = 1 + np.abs(parts).sum() + np.abs(shifts).sum() * parts.shape[1]
    total, moved = parts.sum(axis=0), (parts + shifts).sum(axis=0)
    before, after = ({r["measure"]: r for r in summary(pnl, [level])} for pnl in (total, moved))
    for name in ("volatility", "var", "es"):
        assert after[name]["value_eur"] == pytest.approx(before[name]["value_eur"], abs=1e-11 * size)
    assert after["expected_pnl"]["value_eur"] - before["expected_pnl"]["value_eur"] == pytest.approx(shifts.sum(), abs=1e-11 * size)
    assert shortfall_contributions(parts + shifts, level).sum() == pytest.approx(after["es"]["value_eur"], abs=1e-11 * size)


def test_a_sure_gain_moves_no_risk_of_the_decided_book():
    """A better entry price of what is already held is earned in every scenario alike."""
    opening = desk_of().opening_book[0].model_dump()
    low, high = (Day(desk=desk_of(opening_book=[{**opening, "price_eur_mwh": price}])) for price in (20.0, 900.0))
    book = low.decide()
    one, two = risk_of(low, book), risk_of(high, book)
    gain = 10.0 * 24 * (900.0 - 20.0)
    assert value(two, "book", "expected_pnl", 0.0) - value(one, "book", "expected_pnl", 0.0) == pytest.approx(gain)
    rest = [t.measures.filter(pl.col("measure") != "expected_pnl") for t in (one, two)]
    for column in ("value_eur", "standard_error_eur"):
        np.testing.assert_allclose(rest[0][column], rest[1][column], rtol=1e-9)
    np.testing.assert_allclose(one.contributions["contribution_eur"], two.contributions["contribution_eur"], rtol=1e-6, atol=1e-6)
    for name in ("es_eur", "worst_stress_eur"):
        assert limit(two, name)["used"] == pytest.approx(limit(one, name)["used"], rel=1e-9)
        assert limit(one, name)["used"] > 0


@pytest.mark.parametrize("draw", [lambda rng: rng.normal(0, 100, 400), lambda rng: 5000 - 100 * rng.exponential(1, 400)], ids=["normal", "skewed"])
def test_standard_errors_match_the_spread_over_many_sets(draw):
    rng = np.random.default_rng(0)
    sets = [summary(draw(rng), [0.95]) for _ in range(400)]
    for i, name in enumerate(["expected_pnl", "volatility", "var", "es"]):
        spread = np.std([rows[i]["value_eur"] for rows in sets])
        stated = np.mean([rows[i]["standard_error_eur"] for rows in sets])
        assert stated == pytest.approx(spread, rel=0.25), name


def test_a_shortfall_from_one_scenario_states_no_error():
    es = summary(np.arange(60.0), [0.99])[-1]
    assert (es["value_eur"], es["standard_error_eur"]) == (29.5, None)  # 0 where 29.5 was expected


def test_stresses_reprice_the_expected_day():
    day = Day()
    book = day.decide()
    tables = risk_of(day, book)
    draws = day.draw()
    P, R = draws[("day_ahead_price", "NORTH")].mean(axis=0), draws[("second_price", "NORTH")].mean(axis=0)
    P2 = draws[("day_ahead_price", "SOUTH")].mean(axis=0)
    fair = P2[8:20].mean()  # a proxy: entered at the expected price, which no stress moves
    net = day.dispatch["net_mw"].to_numpy()
    rows = book.positions.sort("delivery_start")

    def pnl(P, R, P2, wind):
        g = wind + net
        s = -rows.filter(pl.col("zone") == "NORTH", pl.col("instrument") == "day_ahead")["position_mw"].to_numpy()
        total = (P * s + R * (g - s) - 1.5 * np.abs(g - s)).sum() + P2 @ day.expected("share") - 4 * day.dispatch["discharge_mw"].sum()
        for zone, block, price, mid, spread in (("NORTH", "base", P, 61.0, 0.4), ("SOUTH", "peak", P2[8:20], fair, 0.3)):
            row = rows.filter(pl.col("zone") == zone, pl.col("instrument") == block).row(0, named=True)
            total += row["opening_mw"] * (price - 70).sum() + row["traded_mw"] * (price - mid).sum() - spread * abs(row["traded_mw"]) * price.size
        return total

    wind = day.expected("wind")
    expected = pnl(P, R, P2, wind)
    negative, calm = (tables.stress.filter(pl.col("stress") == name).row(0, named=True) for name in ("negative", "calm"))
    assert negative["pnl_eur"] == pytest.approx(pnl(P - 120, R, P2 - 120, wind))
    assert negative["change_eur"] == pytest.approx(pnl(P - 120, R, P2 - 120, wind) - expected)
    assert calm["pnl_eur"] == pytest.approx(pnl(P, R + 50, P2, 0 * wind))  # NORTH only


def test_without_second_price_missing_output_is_bought_back_at_the_stressed_day_ahead_price():
    stress = {
        "name": "dark",
        "description": "Half the sun.",
        "zones": ["SOUTH"],
        "solar_factor": 0.5,
        "day_ahead_shift_eur_mwh": 100,
        "second_shift_eur_mwh": 999,
    }
    day = Day(desk=desk_of(stress=[stress], contracts=[]))
    sun, price = day.expected("share"), day.draw()[("day_ahead_price", "SOUTH")].mean(axis=0)
    expected = ((price + 100) * 0.5 * sun - 2.0 * 0.5 * sun - price * sun).sum()  # R = P moves along, the fee is 2
    assert risk_of(day).stress["change_eur"][0] == pytest.approx(expected)


def test_a_stress_cannot_lift_a_plant_over_its_capacity():
    def change(factor):
        day = Day(desk=desk_of(stress=[{"name": "storm", "description": "Wind.", "wind_factor": factor, "zones": ["NORTH"]}]))
        return risk_of(day).stress["change_eur"][0]

    assert change(100.0) == pytest.approx(change(1000.0))
    assert change(1.1) != pytest.approx(change(1.5))


def test_limits_show_every_limit_of_the_desk():
    day = Day(target_mw=50.0, edge=20.0)
    book = day.decide()
    tables = risk_of(day, book)
    assert {(r["limit_name"], r["scope"]) for r in tables.limits.to_dicts()} == {
        ("day_ahead_deviation_mw", "NORTH"),
        ("day_ahead_deviation_mw", "SOUTH"),
        ("max_trade_mw", "NORTH base"),
        ("max_trade_mw", "SOUTH peak"),
        ("gross_contracts_mw", "book"),
        ("es_eur", "book"),
        ("worst_stress_eur", "book"),
    }
    north = limit(tables, "day_ahead_deviation_mw", "NORTH")
    assert (north["used"], north["bound"], north["status"]) == (pytest.approx(8.0), 8.0, "amber")
    assert north["shadow_price_eur"] == book.shadow_prices[("day_ahead_deviation_mw", "NORTH")] > 0
    assert limit(tables, "day_ahead_deviation_mw", "SOUTH")["use_share"] == 0
    assert limit(tables, "worst_stress_eur")["shadow_price_eur"] == 0.0
    held = book.positions.filter(pl.col("instrument") != "day_ahead").unique(["zone", "instrument"])
    assert limit(tables, "gross_contracts_mw")["used"] == pytest.approx(held["position_mw"].abs().sum())
    assert not (tables.limits["status"] == "red").any()


@pytest.mark.parametrize(("price_level", "status"), [(-60.0, "green"), (60.0, "red"), (1000.0, "red")])
def test_shortfall_and_stress_turn_red_whatever_the_day_is_expected_to_earn(price_level, status):
    limits = {"day_ahead_deviation_mw": {"NORTH": 8}, "es_eur": 1000, "worst_stress_eur": 2000}
    day = Day(price_level=price_level, desk=desk_of(limits=limits))
    tables = risk_of(day)
    es = limit(tables, "es_eur")
    assert es["used"] == pytest.approx(value(tables, "book", "es", 0.975))
    assert es["status"] == "red"
    assert es["use_share"] == pytest.approx(es["used"] / 1000)
    stress = limit(tables, "worst_stress_eur")
    assert stress["used"] == pytest.approx(max(-tables.stress["change_eur"].min(), 0.0))
    assert stress["status"] == status
    assert day.decide().solution["status"][0].startswith("relaxed")


def test_a_book_beyond_its_deviation_limit_is_red_also_where_the_limit_is_zero():
    day = Day()
    book = day.decide()
    moved = book.positions.with_columns(
        position_mw=pl.when(pl.col("instrument") == "day_ahead").then(pl.col("position_mw") - 20.0).otherwise(pl.col("position_mw"))
    )
    tables = risk_of(day, Book(moved, book.solution, book.shadow_prices))
    assert limit(tables, "day_ahead_deviation_mw", "NORTH")["status"] == "red"
    assert limit(tables, "day_ahead_deviation_mw", "SOUTH")["status"] == "red"


def test_a_book_read_back_has_the_same_risk():
    day = Day()
    book = day.decide()
    again = risk_of(day, Book.from_frames(book.positions, book.solution))
    for name, frame in vars(risk_of(day, book)).items():
        assert frame.equals(getattr(again, name))


def test_an_empty_book_has_no_risk():
    day = Day()
    book = day.decide()
    tables = risk_of(day, Book(book.positions.clear(), book.solution, {}))
    enforce(table("risk_measures"), tables.measures, PLAIN)
    enforce(table("risk_contributions"), tables.contributions, PLAIN)
    assert tables.measures["value_eur"].abs().max() == 0
    assert tables.stress["change_eur"].abs().max() == 0


def test_a_ten_day_horizon_is_refused():
    data = desk_of().model_dump(mode="json")
    data["risk"]["horizon_days"] = 10
    with pytest.raises(DeskError, match=r"risk\.horizon_days"):
        desk_from(data, "test")


def settled(day: Day, total: float) -> pl.DataFrame:
    """Rows of pnl that add to a total."""
    rows = dict.fromkeys(table("pnl").schema) | {"delivery_day": day.day, "zone": "NORTH", "delivery_start": day.starts(60)[0]}
    return table("pnl").frame([{**rows, "total_eur": total - 1.0}, {**rows, "zone": "SOUTH", "total_eur": 1.0}])


def test_exceptions_compare_what_fell_short_of_the_expectation_with_the_var():
    day = Day()
    book = day.decide()
    tables = risk_of(day, book)
    var, expected = value(tables, "book", "var", 0.95), pnl_of(day, book, proxies_at_quotes=True).mean()
    assert expected - var > 0, "a day may earn and still be an exception"

    worse = enforce(table("var_exceptions"), var_exceptions(day.desk, PLAIN, tables.measures, settled(day, expected - var - 1)), PLAIN)
    assert worse["level"].to_list() == [0.95, 0.99]
    assert worse["is_exception"][0]
    assert worse["pnl_eur"][0] == pytest.approx(expected - var - 1)
    assert worse["expected_pnl_eur"].to_list() == pytest.approx([expected] * 2)
    assert worse["es_eur"][0] == value(tables, "book", "es", 0.95)
    assert not var_exceptions(day.desk, PLAIN, tables.measures, settled(day, expected - var + 1))["is_exception"][0]
    assert var_exceptions(day.desk, PLAIN, tables.measures, settled(day, 0.0).clear()).is_empty()
    with pytest.raises(MissingDayError, match=r"no expected_pnl of the book at level 0;"):
        var_exceptions(day.desk, PLAIN, tables.measures.clear(), settled(day, 0.0))
    with pytest.raises(MissingDayError, match=r"no expected_pnl of the proxy hedges at level 0;"):
        var_exceptions(day.desk, PLAIN, tables.measures.filter(pl.col("scope") != "proxy hedges"), settled(day, 0.0))
    with pytest.raises(MissingDayError, match=r"no var of the book at level 0\.95"):
        var_exceptions(day.desk, PLAIN, tables.measures.filter(pl.col("measure") != "var"), settled(day, 0.0))


PROXY_OPENING = [{**desk_of().opening_book[0].model_dump(), "is_proxy": True}]


@pytest.mark.parametrize(
    "day",
    [
        Day(peak_premium=-50.0),
        Day(desk=desk_of(opening_book=PROXY_OPENING), day=SPRING),
        Day(desk=desk_of(opening_book=PROXY_OPENING), peak_premium=80.0),
    ],
    ids=["trade", "opening", "opening and trade"],
)
def test_what_proxies_are_expected_to_earn_stands_apart_and_the_exceptions_count_it(day):
    book = day.decide()
    tables = risk_of(day, book)
    fair, quoted = pnl_of(day, book), pnl_of(day, book, proxies_at_quotes=True)
    view = quoted.mean() - fair.mean()
    assert abs(view) > 100
    assert value(tables, "proxy hedges", "expected_pnl", 0.0) == pytest.approx(view, abs=1e-6)
    assert value(tables, "book", "expected_pnl", 0.0) == pytest.approx(fair.mean(), rel=1e-9)
    assert tables.measures.filter(pl.col("scope") == "proxy hedges").height == 1
    # a day that settles as one of the scenarios (at the quotes) is an exception just where its shortfall is in the tail
    for level in day.desk.risk.var_levels:
        var = value(tables, "book", "var", level)
        short = fair.mean() - fair
        tail = short > var + 1e-6
        near = np.abs(short - var) <= 1e-6
        flags = [
            var_exceptions(day.desk, day.day, tables.measures, settled(day, float(total))).filter(pl.col("level") == level)["is_exception"][0]
            for total in quoted
        ]
        assert np.array_equal(np.array(flags)[~near], tail[~near])
        assert near.sum() == 1
        assert tail.sum() == int(day.paths * (1 - level) + 1e-9)


def test_without_proxies_nothing_stands_apart():
    tables = risk_of(Day(peak_is_proxy=False))
    assert value(tables, "proxy hedges", "expected_pnl", 0.0) == 0.0
