"""Limits of the desk as constraints of the day's programme: kept or named, with the price that a finite difference has."""

from dataclasses import replace
from functools import cache

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energy_pipeline.book.valued import valued
from energy_pipeline.portfolio.cuts import solve
from energy_pipeline.portfolio.decision import book_of, case_of
from energy_pipeline.portfolio.program import K_EUR
from energy_pipeline.risk.limits import limit_table, margin_eur
from energy_pipeline.risk.stress import stress_results
from energy_pipeline_tests.portfolio.small_desk import AUTUMN_QUARTERS, PLAIN, Day, desk_of

LIMITS = {"day_ahead_deviation_mw": {"NORTH": 8, "SOUTH": 0}, "gross_contracts_mw": 60}
STRESSES = [
    {"name": "dear", "description": "Dear.", "day_ahead_shift_eur_mwh": 90, "second_shift_eur_mwh": 140, "wind_factor": 0.3},
    {"name": "cheap", "description": "Cheap.", "day_ahead_shift_eur_mwh": -120, "second_shift_eur_mwh": -10, "solar_factor": 1.4},
]


def day_of(stress_eur, margin_eur_limit=None, on=PLAIN, objective="mean_cvar", **changes):
    limits = {**LIMITS, "worst_stress_eur": stress_eur} if stress_eur is not None else LIMITS
    margin = {"margin": {"eur_mwh": 5.0, "limit_eur": margin_eur_limit}} if margin_eur_limit is not None else {}
    short = [{"zone": "NORTH", "block": "base", "position_mw": -10, "price_eur_mwh": 70, "first_day": on, "last_day": on}]
    book = {"opening_book": short, "portfolio": {"risk_aversion": 0.5, "confidence": 0.9, "objective": objective}}
    return Day(day=on, peak_is_proxy=False, edge=9.0, desk=desk_of(limits=limits, stress=STRESSES, risk=margin, **book, **changes))


def decided(day):
    case = case_of(day.info, day.scenarios, day.plant_output, day.dispatch, day.signals)
    return case, book_of(case, day.forecasts, day.dispatch)


def uses(day, book):
    held = valued(day.desk, day.delivery, book.positions, day.scenarios, day.plant_output, day.dispatch)
    stresses = stress_results(day.desk, day.delivery, held.fair, held.outlooks, repriced=False)
    rows = limit_table(day.desk, day.delivery, book.positions, held.pnl, stresses, book.shadow_prices).to_dicts()
    return {r["limit_name"]: r for r in rows if r["scope"] == "book"}


@cache
def free_use():
    """Worst stress and margin of the book that has no such limit."""
    day = day_of(1e9, 1e9)
    found = uses(day, decided(day)[1])
    return found["worst_stress_eur"]["used"], found["margin_eur"]["used"]


@settings(max_examples=6)
@given(st.floats(0.02, 1.3), st.floats(0.02, 1.3))
def test_random_limits_are_kept_or_named_with_what_they_lack(stress_share, margin_share):
    stress, margin = free_use()
    day = day_of(stress_share * stress, margin_share * margin)
    _, book = decided(day)
    status, found = book.solution["status"][0], uses(day, book)
    for name in ("worst_stress_eur", "margin_eur"):
        kept = found[name]["used"] <= found[name]["bound"] * (1 + 1e-6)
        assert kept or name in status
        if not kept:
            assert status.startswith("relaxed: ")
    if stress_share >= 1 and margin_share >= 1:
        assert status == "optimal"
        assert found["worst_stress_eur"]["shadow_price_eur"] == 0.0


def test_a_limit_that_no_decision_can_keep_is_relaxed_by_the_least_that_suffices():
    day = day_of(1.0)
    case, book = decided(day)
    status = book.solution["status"][0]
    assert "worst_stress_eur [dear] by" in status
    assert status.endswith("the smallest that the other limits allow")
    lacking = sum(float(part.split(" by ")[1].split(" EUR")[0]) for part in status.removeprefix("relaxed: ").split(", ") if " by " in part)
    further, program = case.program.further, case.program
    rng = np.random.default_rng(1)
    for _ in range(300):
        x = program.lower + rng.random(program.variables) * (program.upper - program.lower)
        assert K_EUR * np.maximum(further.rows @ x - further.room, 0.0).sum() >= lacking - 0.1


@pytest.mark.parametrize("share", [0.6, 0.8, 0.95])
def test_the_price_of_a_limit_is_the_finite_difference_of_the_objective(share):
    stress, _ = free_use()
    case, _ = decided(day_of(share * stress))
    step = 1e-4 * stress / K_EUR

    def value(by):
        further = replace(case.program.further, room=case.program.further.room + by)
        program = replace(case.program, further=further)
        return program.value(solve(program).x)

    price = float(solve(case.program).further_price.sum())
    left, right = (value(0.0) - value(-step)) / step, (value(step) - value(0.0)) / step
    assert price > 0
    assert right - 1e-2 * price - 1e-6 <= price <= left + 1e-2 * price + 1e-6


@pytest.mark.parametrize("objective", ["min_variance", "max_mean", "minimax"])
def test_every_objective_keeps_the_limits(objective):
    stress, margin = free_use()
    day = day_of(0.7 * stress, 0.7 * margin, objective=objective)
    _, book = decided(day)
    found = uses(day, book)
    for name in ("worst_stress_eur", "margin_eur"):
        assert found[name]["used"] <= found[name]["bound"] * (1 + 1e-6) or name in book.solution["status"][0]


def test_the_margin_of_the_programme_is_the_one_that_is_told():
    """Quarter-hours, a day of 25 hours, and what is held beyond the day."""
    day = Day(day=AUTUMN_QUARTERS, desk=desk_of(risk={"margin": {"eur_mwh": 5.0, "limit_eur": 1e9}}))
    case, book = decided(day)
    program = case.program
    fixed = 1e9 / 5.0 - program.further.margin_room
    told = margin_eur(day.desk, day.delivery, book.positions)
    assert 5.0 * (program.margin_mwh(case.decided(book.positions)) + fixed) == pytest.approx(told)


def test_limits_that_do_not_bind_change_no_bit_of_the_book():
    _, wide = decided(day_of(1e9, 1e9))
    _, none = decided(day_of(None))
    assert wide.positions.equals(none.positions)
    assert wide.solution.drop("shadow_prices").equals(none.solution.drop("shadow_prices"))
    assert set(wide.shadow_prices) - set(none.shadow_prices) == {("worst_stress_eur", "book"), ("margin_eur", "book")}
    assert pl.Series(list(wide.shadow_prices.values())).is_finite().all()
