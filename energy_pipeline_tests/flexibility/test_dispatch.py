"""The dispatch tables: what is committed, and what it earned beside foresight."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from energy_pipeline.contracts import table
from energy_pipeline.contracts.enforce import enforce
from energy_pipeline.domain.errors import InfeasibleError, MissingDayError, SourceError
from energy_pipeline.flexibility import dispatch, dispatch_tables, schedule, settle_dispatch
from energy_pipeline.flexibility.storage import SolverError
from energy_pipeline.information.archive import Archive
from energy_pipeline_tests.renewables.hand_made import day_before, ensemble, raw_rows, tiny_desk

D, SPRING, AUTUMN = date(2025, 10, 27), date(2026, 3, 29), date(2025, 10, 26)


def wavy(seed, level=50.0, size=40.0):
    def values(day, minutes):
        noise = np.random.default_rng([seed, day.day.toordinal()]).standard_normal(day.count(minutes))
        return level + size * np.sin(day.slots(minutes) * minutes / 60 * np.pi / 6) + size / 4 * noise

    return values


def committed(desk, day, seed=1, level=50.0):
    return dispatch(Archive(desk, {}).at(day), ensemble(desk, day, {("NORTH", "day_ahead"): wavy(seed, level), ("SOUTH", "day_ahead"): 10.0}))


def auction(day, seed, minutes, level=50.0):
    rows = {"price_eur_mwh": wavy(seed, level)}
    return raw_rows("day_ahead_prices", {"zone": "NORTH"}, rows, day, day, minutes, day_before(13))


@pytest.mark.parametrize(("day", "intervals"), [(D, 96), (SPRING, 92), (AUTUMN, 100), (date(2025, 3, 30), 23)])
def test_each_auction_asset_is_scheduled_on_its_zones_forecast(day, intervals):
    desk = tiny_desk()
    rows = enforce(table("dispatch"), committed(desk, day), day)
    assert rows.height == intervals
    minutes = rows["resolution_minutes"][0]
    prices = wavy(1)(desk.delivery_day(day), minutes)
    best = schedule(desk.assets["battery"], prices, minutes)
    np.testing.assert_array_equal(rows["charge_mw"], best.charge_mw)
    np.testing.assert_array_equal(rows["net_mw"], best.discharge_mw - best.charge_mw)
    np.testing.assert_array_equal(rows["price_forecast_eur_mwh"], prices)
    assert rows["energy_value_eur_mwh"].null_count() == 0


def test_a_sequential_asset_has_no_committed_schedule():
    battery = {"kind": "battery", "zone": "NORTH", "power_mw": 1, "energy_mwh": 2, "information": "sequential"}
    rows = committed(tiny_desk(assets={"seq": battery}), D)
    assert enforce(table("dispatch"), rows, D).height == 0


def test_all_impossible_assets_are_named_at_once():
    bad = {"kind": "battery", "zone": "NORTH", "power_mw": 0.1, "energy_mwh": 20, "terminal_mwh": 15}
    with pytest.raises(InfeasibleError) as caught:
        committed(tiny_desk(assets={"one": bad, "two": {**bad, "zone": "SOUTH"}}), D)
    assert {"assets.one.terminal_mwh", "assets.two.terminal_mwh"} <= set(caught.value.conflicts)
    assert "assets.one.terminal_mwh <= 2.2" in caught.value.relaxation


def test_a_missing_forecast_is_named():
    desk = tiny_desk()
    with pytest.raises(SourceError, match=r"asset battery.*of NORTH"):
        dispatch(Archive(desk, {}).at(D), ensemble(desk, D, {("SOUTH", "day_ahead"): 10.0}))


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("level", [50.0, -100.0])
def test_realised_never_exceeds_foresight(seed, level):
    desk = tiny_desk()
    settled = settle_dispatch(desk, D, committed(desk, D, 100 + seed, level), auction(D, seed, 15, level))
    row = enforce(table("dispatch_settled"), settled, D).row(0, named=True)
    assert row["margin_realised_eur"] <= row["margin_foresight_eur"]
    assert row["share_of_foresight"] <= 1.0
    if level > 0:
        assert row["margin_realised_eur"] < row["margin_foresight_eur"], "noise costs something"


def test_settling_on_the_forecast_itself_earns_what_was_expected():
    desk = tiny_desk()
    row = settle_dispatch(desk, D, committed(desk, D, 3), auction(D, 3, 15)).row(0, named=True)
    assert row["margin_realised_eur"] == pytest.approx(row["margin_expected_eur"], abs=1e-9)
    assert row["share_of_foresight"] == pytest.approx(1.0, abs=1e-9)
    assert row["margin_foresight_eur"] == pytest.approx(row["margin_realised_eur"], abs=1e-6)


def test_the_latest_vintage_settles_and_a_missing_price_stops():
    desk = tiny_desk()
    plan, first = committed(desk, D, 3), auction(D, 3, 15)
    corrected = first.with_columns(price_eur_mwh=pl.col("price_eur_mwh") + 100, known_at=pl.col("known_at") + timedelta(days=2))
    row = settle_dispatch(desk, D, plan, pl.concat([corrected, first])).row(0, named=True)
    throughput = (plan["discharge_mw"] - plan["charge_mw"]).sum() / 4
    assert row["margin_realised_eur"] == pytest.approx(row["margin_expected_eur"] + 100 * throughput)
    with pytest.raises(MissingDayError, match="1 of 96 prices of NORTH"):
        settle_dispatch(desk, D, plan, first.slice(1))
    assert enforce(table("dispatch_settled"), settle_dispatch(desk, D, plan.clear(), first), D).height == 0


VALUED = {"kind": "battery", "zone": "NORTH", "power_mw": 10, "energy_mwh": 20, "terminal": "valued", "terminal_value_eur_mwh": 200.0}


def flat(low, high):
    """Low until noon, high after."""
    return lambda day, minutes: np.where(np.arange(day.count(minutes)) < day.count(minutes) // 2, low, high)


@pytest.mark.parametrize("initial", [0.0, 5.0])
def test_what_is_left_counts_on_both_sides_where_it_has_a_value(initial):
    """By hand: the plan for a dear evening sells all; 60 came, so the best plan keeps the energy, worth 200 a MWh."""
    day = date(2025, 3, 29)
    desk = tiny_desk(assets={"battery": {**VALUED, "initial_mwh": initial}})
    battery = desk.assets["battery"]
    plan = dispatch(Archive(desk, {}).at(day), ensemble(desk, day, {("NORTH", "day_ahead"): flat(30.0, 400.0), ("SOUTH", "day_ahead"): 10.0}))
    came = raw_rows("day_ahead_prices", {"zone": "NORTH"}, {"price_eur_mwh": flat(30.0, 60.0)}, day, day, 60, day_before(13))
    row = enforce(table("dispatch_settled"), settle_dispatch(desk, day, plan, came), day).row(0, named=True)
    bought = (20.0 - initial) / battery.charge_efficiency
    sold = 20.0 * battery.discharge_efficiency
    realised = sold * (60.0 - battery.cycle_cost_eur_mwh) - 30.0 * bought
    kept = 200.0 * (20.0 - initial) - 30.0 * bought
    assert row["margin_realised_eur"] == pytest.approx(realised)
    assert row["margin_foresight_eur"] == pytest.approx(-30.0 * bought), "cash: the best plan only buys"
    assert row["share_of_foresight"] == pytest.approx((realised - 200.0 * initial) / kept)
    if not initial:
        assert row["share_of_foresight"] == pytest.approx(0.107, abs=0.0006)


def test_rounding_above_foresight_is_levelled_and_more_is_refused():
    desk = tiny_desk()
    battery = desk.assets["battery"]
    row = dispatch_tables._row(D, "battery", battery, 0.0, (1000.0005, 0.0), (1000.0, 0.0))
    assert (row["margin_foresight_eur"], row["share_of_foresight"]) == (1000.0005, 1.0)
    with pytest.raises(SolverError, match=r"day 2025-10-27, asset battery: realised margin is 0\.01 EUR above foresight"):
        dispatch_tables._row(D, "battery", battery, 0.0, (1000.01, 0.0), (1000.0, 0.0))
    # Below a EUR the room is absolute; what foresight cannot earn has no share.
    assert dispatch_tables._row(D, "battery", battery, 0.0, (0.0, 0.0), (0.0, 0.0))["share_of_foresight"] is None
    with pytest.raises(SolverError):
        dispatch_tables._row(D, "battery", battery, 0.0, (1e-5, 0.0), (0.0, 0.0))


def test_the_guard_holds_with_the_value_of_what_is_left():
    valued = tiny_desk(assets={"battery": VALUED}).assets["battery"]
    # 360 EUR more cash, but 20 MWh of 200 EUR less in the store: possible.
    row = dispatch_tables._row(D, "battery", valued, 0.0, (360.0, 0.0), (-600.0, 20.0))
    assert (row["margin_realised_eur"], row["margin_foresight_eur"]) == (360.0, -600.0)
    assert row["share_of_foresight"] == pytest.approx(360.0 / 3400.0)
    # The same cash and a fuller store than the best plan: not possible.
    with pytest.raises(SolverError, match="200 EUR above foresight"):
        dispatch_tables._row(D, "battery", valued, 0.0, (360.0, 2.0), (360.0, 1.0))
