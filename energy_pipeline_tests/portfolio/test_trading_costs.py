"""The desk's trading costs are in the day's objective: against a long programme of every scenario and interval, written apart."""

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from energy_pipeline.book.trading_costs import charge_of, deviation_cost_eur
from energy_pipeline.portfolio import case_of
from energy_pipeline.portfolio.cuts import solve
from energy_pipeline_tests.portfolio.small_desk import Day, desk_of

COSTS = {"exchange_fee_eur_mwh": 0.08, "impact_eur_mwh": 6.0, "impact_exponent": 0.6, "daily_volume_mwh": 50, "balancing_eur_mwh": 0.2}


def a_day(costs, **more):
    return Day(desk=desk_of(trading_costs={"NORTH": costs}), paths=40, peak_is_proxy=False, **more)


def case_for(day):
    return case_of(day.info, day.scenarios, day.plant_output, day.dispatch, day.signals)


def sold_beyond(day):
    rows = day.decide().positions.filter(pl.col("instrument") == "day_ahead", pl.col("zone") == "NORTH").sort("delivery_start")
    return -rows["position_mw"].to_numpy() - rows["expected_output_mw"].to_numpy()


def test_the_book_is_the_best_of_a_general_convex_programme_that_knows_the_cost():
    import cvxpy as cp

    p = case_for(a_day(COSTS)).program
    k, x = p.deviations, cp.Variable(p.variables)
    q = cp.abs(x[:k])
    cost = (0.08 + 0.2) * cp.sum(q) + 6.0 / 50**0.6 * cp.sum(cp.power(q, 1.6))
    loss = cp.sum(cp.multiply(np.tile(p.fee, (40, 1)), cp.abs(p.surprise - cp.reshape(x[:k], (1, k), order="C"))), axis=1) - p.base - p.slope @ x
    loss = loss + cost / 1000.0
    tail = cp.sum_largest(loss, 4) / 4.0
    rows = [x >= p.lower, x <= p.upper, cp.sum(cp.abs(p.opening + x[k : k + p.contracts] - x[k + p.contracts :])) <= p.gross_room]
    oracle = cp.Problem(cp.Maximize(-cp.sum(loss) / 40.0 - 0.5 * tail), rows)
    oracle.solve(solver=cp.CLARABEL)
    assert p.value(solve(p).x) == pytest.approx(oracle.value, abs=2e-5)


def test_costs_above_the_edge_stop_the_trade_and_costs_that_grow_make_it_smaller():
    free, some, dear = (np.abs(sold_beyond(a_day(c))).sum() for c in ({}, COSTS, {"exchange_fee_eur_mwh": 500}))
    assert 0.0 == dear < some < free


def test_the_solution_pays_what_the_positions_cost():
    day = a_day(COSTS | {"commission_fixed_eur": 0.5})
    book = day.decide()
    row = book.solution.row(0, named=True)
    program = case_for(day).program
    losses = program.losses(case_for(day).decided(book.positions))
    sold = sold_beyond(day)
    commission = 0.5 * np.count_nonzero(np.abs(sold) > 1e-6)
    box = case_for(day).deviations["NORTH"]
    charged = 0.5 * np.abs(sold[box.free]) / np.abs(box.upper_mw + box.lower_mw)[box.free]
    assert row["expected_pnl_eur"] == pytest.approx(-1000 * losses.mean() - commission + charged.sum(), abs=0.01)


@settings(max_examples=30)
@example(0.0, 0.0, 1.0, [1.0, 0.0, 1.0], 0.0, 0.0)  # a tier's end lies between even volumes
@given(st.floats(0, 3), st.floats(0, 9), st.floats(0.1, 2), st.lists(st.floats(0, 4), min_size=0, max_size=3), st.floats(0, 50), st.floats(0, 0.1))
def test_a_charge_is_convex_and_never_more_than_the_cost_and_all_of_it_at_the_box_end(fee, impact, gamma, rates, fixed, share):
    ends = [*[2.0 * (i + 1) for i in range(len(rates) - 1)], None][-len(rates) :] if rates else []
    tiers = [{"up_to_mwh": e, "eur_mwh": r} for e, r in zip(ends, rates, strict=True)]
    costs = {"half_spread_eur_mwh": fee, "impact_eur_mwh": impact, "impact_exponent": gamma, "daily_volume_mwh": 10, "tiers": tiers}
    costs |= {"commission_fixed_eur": fixed, "value_share": share, "large_order_share": 0.3, "large_order_eur_mwh": 1.0}
    desk, x, price = desk_of(trading_costs={"NORTH": costs}), np.linspace(0.0, -7.0, 29), np.full(29, -40.0)
    charge = charge_of(desk, "NORTH", np.full(29, -7.0), 1.0, price)
    found, exact = charge.value_eur(x), deviation_cost_eur(desk, "NORTH", x, 1.0, price)
    assert (found <= exact + 1e-9).all()
    assert (np.diff(found, 2) >= -1e-9).all()
    if rates == sorted(rates):
        assert found[-1] == pytest.approx(exact[-1])
    assert (found[1:] - found[:-1] <= charge.slope_eur_mw(x)[1:] * np.diff(x) + 1e-9).all()
