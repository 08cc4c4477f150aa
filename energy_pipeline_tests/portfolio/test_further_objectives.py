"""Sharpe, tracking error and worst stress as objectives of the day's book: against independent solutions, limits kept or named, prices true."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energy_pipeline.portfolio import case_of
from energy_pipeline.portfolio.chosen import choose, worth_of
from energy_pipeline_tests.portfolio.small_desk import Day, desk_of

ZONES = {name: zone.model_dump() for name, zone in desk_of().zones.items()}
FREE = {**ZONES, "NORTH": {**ZONES["NORTH"], "second_price": {"kind": "intraday", "imbalance_fee_eur_mwh": 0.0}}}


def a_day(name, gross=60.0, es_eur=None, deviation=8.0, trade=25.0, seed=3, **portfolio):
    limits = {"day_ahead_deviation_mw": {"NORTH": deviation}, "gross_contracts_mw": gross, "es_eur": es_eur}
    chosen = {"objective": name, "risk_aversion": 0.5, "confidence": 0.9, **portfolio}
    contracts = [{"zone": "NORTH", "block": "base", "max_trade_mw": trade}, {"zone": "SOUTH", "block": "peak", "max_trade_mw": 15}]
    desk = desk_of(zones=FREE, limits=limits, portfolio=chosen, contracts=contracts)
    return Day(desk=desk, paths=40, peak_is_proxy=False, seed=seed)


def case_for(day):
    return case_of(day.info, day.scenarios, day.plant_output, day.dispatch, day.signals)


def by_cvxpy(day):
    """The best worth of a general convex programme, written apart [kEUR, or the ratio]."""
    import cvxpy as cp

    case = case_for(day)
    p = case.program
    k, m, name = p.deviations, p.contracts, day.desk.portfolio.objective
    x, size = cp.Variable(p.variables), cp.Variable(nonneg=True)  # Charnes and Cooper: x / size is the decision
    one = size if name == "max_sharpe" else 1.0
    pnl = p.base * one + p.slope @ x
    held = p.opening * one + x[k : k + m] - x[k + m :]
    rows = [x >= p.lower * one, x <= p.upper * one]
    rows += [] if p.gross_room is None else [cp.norm1(held) <= p.gross_room * one]
    if name == "max_sharpe":
        rows.append(cp.norm(pnl - cp.sum(pnl) / 40) <= np.sqrt(39))
        return cp.Problem(cp.Maximize(cp.sum(pnl) / 40), rows).solve(solver=cp.CLARABEL)
    if name == "tracking_error":
        gain = (p.slope[:, k : k + m] - p.slope[:, k + m :]) / 2
        apart = p.slope[:, :k] @ x[:k] + gain @ (held - p.benchmark[k:])
        return -cp.Problem(cp.Minimize(cp.norm(apart - cp.sum(apart) / 40) / np.sqrt(39)), rows).solve(solver=cp.CLARABEL)
    worst = cp.max(p.stress.rows @ x + p.stress.constant)
    return -cp.Problem(cp.Minimize(worst), rows).solve(solver=cp.CLARABEL)


@pytest.mark.parametrize("name", ["max_sharpe", "tracking_error", "min_stress"])
@settings(max_examples=3)
@given(st.floats(12, 70), st.floats(0, 9), st.floats(2, 30), st.integers(0, 30))
def test_random_limits_are_kept_and_the_book_is_the_best_of_an_independent_programme(name, gross, deviation, trade, seed):
    day = a_day(name, gross, deviation=deviation, trade=trade, seed=seed)
    program = case_for(day).program
    found = choose(day.desk, program)
    x = found.optimum.x
    k, m = program.deviations, program.contracts
    assert (x >= program.lower - 1e-6).all()
    assert (x <= program.upper + 1e-6).all()
    assert np.abs(program.opening + x[k : k + m] - x[k + m :]).sum() <= program.gross_room + 1e-6
    worth = worth_of(day.desk, program)
    value = worth(program.losses(x)) + worth.tilted(x)
    best = by_cvxpy(day)
    assert value == pytest.approx(best, rel=2e-5, abs=2e-5)
    bound = found.optimum.bound * (1000.0 if name == "max_sharpe" else 1.0)
    assert bound >= best - 1e-5 * max(1.0, abs(best))
    assert bound == pytest.approx(best, rel=1e-4, abs=2e-5)


@pytest.mark.parametrize("name", ["max_sharpe", "tracking_error", "min_stress"])
def test_the_price_of_the_gross_limit_is_the_finite_difference_of_the_objective(name):
    def value(gross):
        day = a_day(name, gross)
        program = case_for(day).program
        found, worth = choose(day.desk, program), worth_of(day.desk, program)
        return worth(program.losses(found.optimum.x)) + worth.tilted(found.optimum.x), found.optimum.gross_price * (
            1000.0 if name == "max_sharpe" else 1.0
        )

    step = 0.05
    (low, _), (_, price), (high, _) = value(14.0 - step), value(14.0), value(14.0 + step)
    assert price > 0
    assert price == pytest.approx((high - low) / (2 * step), rel=0.02, abs=1e-6)


@pytest.mark.parametrize("name", ["max_sharpe", "tracking_error", "min_stress"])
def test_the_shortfall_limit_is_kept_or_named(name):
    free = a_day(name)
    program = case_for(free).program
    loose = program.shortfall(choose(free.desk, program).optimum.x)
    least = program.shortfall(choose(a_day("min_cvar").desk, case_for(a_day("min_cvar")).program).optimum.x)
    if loose <= least:  # nothing to give up: the objective has the least shortfall itself
        return
    day = a_day(name, es_eur=1000 * (0.5 * loose + 0.5 * least))
    bound = case_for(day).program
    found = choose(day.desk, bound)
    assert bound.shortfall(found.optimum.x) <= bound.es_limit + 1e-6
    never = a_day(name, es_eur=1.0)
    assert choose(never.desk, case_for(never).program).optimum.es_relaxed_to > 0.001
