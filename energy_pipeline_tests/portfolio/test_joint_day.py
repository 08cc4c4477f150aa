"""The joint book of a desk's day: its sequential answer is the portfolio's own, and the table keeps its promises."""

from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from energy_pipeline.book.positions import parse_shadow_prices
from energy_pipeline.contracts import table
from energy_pipeline.contracts.enforce import enforce
from energy_pipeline.domain.errors import InfeasibleError
from energy_pipeline.flexibility import Orders
from energy_pipeline.flexibility.sending import sent
from energy_pipeline.information.archive import Archive
from energy_pipeline.mathematics.stores.joint import sequential_book
from energy_pipeline.portfolio import book_of, case_of, joint_day, nomination_lines, optimise, pinned
from energy_pipeline.portfolio.joint_day import day_case, joint_book_table, joint_schedules, trades_of
from energy_pipeline_tests.portfolio.small_desk import AUTUMN_QUARTERS, KNOWN, PLAIN, SPRING, Day, desk_of

LIMITS = {"gross_contracts_mw": 12, "day_ahead_deviation_mw": {"NORTH": 0}}


def desk(gross=12, **changes):
    return desk_of(limits={**LIMITS, "gross_contracts_mw": gross}, **changes)


def with_schedule(day, schedule):
    rows = day.dispatch.sort("delivery_start")
    return rows.with_columns(
        charge_mw=pl.Series(schedule.charge_mw),
        discharge_mw=pl.Series(schedule.discharge_mw),
        net_mw=pl.Series(schedule.net_mw),
        cost_eur_h=pl.Series(schedule.discharge_mw) * day.desk.assets["battery"].cycle_cost_eur_mwh,
    )


@pytest.mark.parametrize("gross", [12, 30, None], ids=["only closing", "some room", "no limit"])
@pytest.mark.parametrize("date", [PLAIN, SPRING, AUTUMN_QUARTERS], ids=str)
def test_value_first_then_hedge_is_what_the_portfolio_decides(date, gross):
    day = Day(desk=desk(gross), day=date, target_mw=0.0, seed=4)
    case = day_case(day.info, day.scenarios, day.plant_output, day.dispatch)
    book = sequential_book(case.problem, case.assets)
    dispatch = with_schedule(day, book.used[0][2])
    decided = optimise(day.info, day.scenarios, day.forecasts, day.plant_output, dispatch, day.signals)
    assert book.answer.value_eur == pytest.approx(decided.solution["objective_eur"][0], rel=1e-6, abs=0.02)


def test_the_table_says_which_answer_is_better_on_fresh_scenarios():
    day, other = (Day(desk=desk(30, joint_book={"zone_exposure_mwh": {"NORTH": 200}, "margin_limit_eur": 2000}), seed=s, paths=60) for s in (3, 4))
    found = joint_book_table(day.info, day.scenarios, other.scenarios, day.plant_output, day.dispatch)
    enforce(table("joint_book"), found, day.day)
    rows = {r["answer"]: r for r in found.to_dicts()}
    joint, first = rows["joint"], rows["sequential"]
    assert joint["objective_eur"] >= first["objective_eur"] - 1e-6
    assert joint["objective_eur"] <= joint["bound_eur"] + 0.01
    gain = joint["objective_fresh_eur"] - first["objective_fresh_eur"]
    assert joint["advantage_eur"] == pytest.approx(gain, abs=1e-6)
    assert joint["accepted"] == (gain > 2 * joint["advantage_error_eur"]) != first["accepted"]
    for row in rows.values():
        assert row["objective_eur"] == pytest.approx(row["expected_pnl_eur"] - 0.5 * row["cvar_eur"])
    prices = parse_shadow_prices(joint["shadow_prices"])
    assert {name for name, _ in prices} >= {"most_bought_mw", "exposure_mwh", "gross_contracts_mw", "margin_eur", "charge_mw", "energy_mwh"}
    assert prices["energy_mwh", "battery"] >= 0
    again = joint_book_table(day.info, day.scenarios, other.scenarios, day.plant_output, day.dispatch)
    assert again.equals(found)


@pytest.mark.parametrize("gross", [20, 14], ids=["one policy, two contracts", "a mix of two policies"])
def test_where_the_joint_book_wins_schedule_positions_and_bids_are_its_own(monkeypatch, gross):
    """What it expects is what the book that is sent expects, trade by trade and interval by interval."""
    monkeypatch.setattr(joint_day, "ACCEPTED_ERRORS", -1e9)
    averse = {"risk_aversion": 5.0, "confidence": 0.9}
    day = Day(desk=desk(gross, flexibility={"orders": "joint"}, portfolio=averse), seed=7, paths=60, target_mw=0.0)
    other = Day(desk=day.desk, seed=4, paths=60)
    inputs = (day.info, day.scenarios, other.scenarios, day.plant_output, day.dispatch)
    table_rows = joint_book_table(*inputs)
    valued = {n: table(n).frame() for n in ("bid_curves", "block_orders", "asset_thresholds")}
    dispatch, orders = sent(day.info, day.dispatch, valued, day.scenarios, lambda info, plan, _: joint_schedules(info, *inputs[1:4], plan, ()))
    assert orders["form"].to_list() == ["joint"]
    assert not dispatch["net_mw"].equals(day.dispatch.sort("asset", "delivery_start")["net_mw"])
    case = case_of(day.info, day.scenarios, day.plant_output, dispatch, day.signals)
    trades = trades_of(table_rows)
    book = book_of(pinned(case, trades), day.forecasts, dispatch)
    joint = table_rows.filter(answer="joint").row(0, named=True)
    assert book.solution["expected_pnl_eur"][0] == pytest.approx(joint["expected_pnl_eur"], rel=1e-5)
    assert book.solution["status"].to_list() == ["joint book"]
    done = {f"{r['zone']} {r['instrument']}": r["traded_mw"] for r in book.positions.filter(pl.col("instrument") != "day_ahead").to_dicts()}
    assert {n: mw for n, mw in done.items() if mw} == pytest.approx(trades)
    lines = nomination_lines(case, book.positions, dispatch, {}, Orders(orders, valued["bid_curves"], valued["block_orders"]))
    bid = lines.filter(kind="loop_block").sort("delivery_start")
    net = dispatch.filter(pl.col("net_mw").abs() > 0.06).sort("delivery_start")
    assert bid["volume_mw"].to_numpy() == pytest.approx(net["net_mw"].abs().to_numpy(), abs=0.11)
    monkeypatch.setattr(joint_day, "ACCEPTED_ERRORS", 1e9)
    kept, orders = sent(day.info, day.dispatch, valued, day.scenarios, lambda info, plan, _: joint_schedules(info, *inputs[1:4], plan, ()))
    assert orders["form"].to_list() == ["plan"]
    assert "the plan stays" in orders["why"][0]
    assert kept.equals(day.dispatch)
    assert trades_of(joint_book_table(*inputs)) is None


def test_a_sequential_battery_trades_at_the_second_price():
    asset = {"battery": {"kind": "battery", "zone": "NORTH", "power_mw": 10, "energy_mwh": 20, "information": "sequential"}}
    day = Day(desk=desk(30, assets=asset), seed=5, paths=60)
    none = table("dispatch").frame()
    case = day_case(day.info, day.scenarios, day.plant_output, none)
    np.testing.assert_allclose(case.assets[0].paths_eur_mwh, day.draw()["second_price", "NORTH"], rtol=1e-6)
    found = joint_book_table(day.info, day.scenarios, day.scenarios, day.plant_output, none)
    assert found.height == 2


def test_nothing_to_decide_and_limits_that_conflict():
    bare = Day(desk=desk(30, assets={}), with_quotes=False)
    assert joint_book_table(bare.info, bare.scenarios, bare.scenarios, bare.plant_output, table("dispatch").frame()).height == 0
    stuck = Day(desk=desk(5), with_quotes=False)
    with pytest.raises(InfeasibleError, match="gross"):
        joint_book_table(stuck.info, stuck.scenarios, stuck.scenarios, stuck.plant_output, stuck.dispatch)


def test_a_tolling_plant_is_decided_with_the_book_once_its_fuels_have_settled():
    right = {"kind": "tolling", "zone": "SOUTH", "power_mw": 20, "minimum_mw": 8, "heat_rate": 1.9, "start_cost_eur": 200, "minimum_up_hours": 3}
    day = Day(desk=desk(30, rights={"plant": right}), seed=3, paths=60)
    without = day_case(day.info, day.scenarios, day.plant_output, day.dispatch)
    assert [a.name for a in without.assets] == ["battery"], "no settlement is known"
    settled = [
        {"delivery_day": day.day - timedelta(days=4), "commodity": c, "price": p, "unit": u, "known_at": KNOWN, "source": "test"}
        for c, p, u in (("gas", 18.0, "EUR/MWh"), ("carbon", 50.0, "EUR/t"))
    ]
    info = Archive(day.desk, {"forward_quotes": day.quotes, "fuel_prices": table("fuel_prices").frame(settled)}).at(day.day)
    case = day_case(info, day.scenarios, day.plant_output, day.dispatch)
    assert [a.name for a in case.assets] == ["battery", "plant"]
    first = sequential_book(case.problem, case.assets)
    assert first.answer.value_eur > sequential_book(without.problem, without.assets).answer.value_eur, "an option adds to the book"
    found = joint_book_table(info, day.scenarios, Day(desk=day.desk, seed=4, paths=60).scenarios, day.plant_output, day.dispatch)
    enforce(table("joint_book"), found, day.day)
    assert ("power_mw", "plant") in parse_shadow_prices(found.filter(pl.col("answer") == "joint")["shadow_prices"][0])


def test_a_battery_bound_by_grid_services_keeps_to_its_schedule():
    service = {"asset": "battery", "direction": "up", "capacity_eur_mw_h": 5, "max_mw": 5}
    free, bound = Day(desk=desk(30), seed=3, paths=60), Day(desk=desk(30, services={"reserve": service}), seed=3, paths=60)
    cases = [day_case(d.info, d.scenarios, d.plant_output, d.dispatch) for d in (free, bound)]
    assert [len(c.assets) for c in cases] == [1, 0]
    energy = free.dispatch["net_mw"].to_numpy()
    hours = free.dispatch["resolution_minutes"][0] / 60
    earned = hours * (free.draw()["day_ahead_price", "NORTH"] @ energy - free.dispatch["cost_eur_h"].sum())
    np.testing.assert_allclose(cases[1].problem.base_eur - cases[0].problem.base_eur, earned, rtol=1e-6, atol=1e-3)
