"""The desk's objective: each book is the best at its own game, keeps the limits, and everything follows it."""

from typing import get_args

import numpy as np
import polars as pl
import pytest

from energy_pipeline.contracts import table
from energy_pipeline.contracts.derived.portfolio import OBJECTIVES
from energy_pipeline.contracts.enforce import enforce
from energy_pipeline.desk.portfolio import Objective
from energy_pipeline.domain.errors import DeskError
from energy_pipeline.portfolio import case_of, nomination_lines
from energy_pipeline.portfolio.chosen import worth_of
from energy_pipeline.portfolio.cuts import least_shortfall
from energy_pipeline_tests.book.by_hand import pnl_of
from energy_pipeline_tests.portfolio.small_desk import Day, desk_of

EXACT = ("mean_cvar", "min_cvar", "minimax", "max_mean")
ZONES = {name: zone.model_dump() for name, zone in desk_of().zones.items()}


def a_day(objective, fee=1.5, es_eur=500_000, risk_aversion=0.5, **more):
    zones = {**ZONES, "NORTH": {**ZONES["NORTH"], "second_price": {"kind": "intraday", "imbalance_fee_eur_mwh": fee}}}
    limits = {"day_ahead_deviation_mw": {"NORTH": 8}, "gross_contracts_mw": 60, "es_eur": es_eur}
    portfolio = {"objective": objective, "risk_aversion": risk_aversion, "confidence": 0.9}
    return Day(desk=desk_of(zones=zones, limits=limits, portfolio=portfolio), paths=60, peak_is_proxy=False, **more)


def case_for(day):
    return case_of(day.info, day.scenarios, day.plant_output, day.dispatch, day.signals)


@pytest.fixture(scope="module")
def books():
    return {name: (a_day(name), a_day(name).decide()) for name in OBJECTIVES}


def test_the_contract_knows_every_objective_of_the_desk_file():
    assert get_args(Objective) == OBJECTIVES


@pytest.mark.parametrize("name", OBJECTIVES)
def test_no_other_objectives_book_is_better_and_no_small_step_improves(books, name):
    day, book = books[name]
    case = case_for(day)
    program, worth = case.program, worth_of(day.desk, case.program)

    def value(x):
        losses = program.losses(x)
        if name not in EXACT:  # the fee these are charged
            k = program.deviations
            losses = losses + (np.abs(program.surprise) + np.abs(x[:k]) - np.abs(program.surprise - x[:k])) @ program.fee
        return 1000 * (worth(losses) + worth.tilted(x))

    own = case.decided(book.positions)
    best = value(own)
    tolerance = 0.02 + 1e-6 * abs(best)
    for other, (_, rival) in books.items():
        assert value(case.decided(rival.positions)) <= best + tolerance, other
    rng, room = np.random.default_rng(1), program.gross_room
    k, m = program.deviations, program.contracts
    for step in rng.normal(0, 2.0, (200, own.size)):
        x = np.clip(own + step, program.lower, program.upper)
        if np.abs(program.opening + x[k : k + m] - x[k + m :]).sum() <= room:
            assert value(x) <= best + tolerance


@pytest.mark.parametrize("name", OBJECTIVES)
def test_the_row_says_what_was_done_and_every_table_follows(books, name):
    day, book = books[name]
    row = enforce(table("portfolio_solution"), book.solution, day.day).row(0, named=True)
    assert row["objective_name"] == name
    assert row["status"] == "optimal"
    pnl = pnl_of(day, book)
    measures = {
        "min_cvar": -row["cvar_eur"],
        "minimax": pnl.min(),
        "max_mean": pnl.mean(),
        "min_variance": -pnl.std(ddof=1),
        "min_mad": -np.abs(pnl - pnl.mean()).mean(),
        "mean_cvar": pnl.mean() - 0.5 * row["cvar_eur"],
        "max_sharpe": pnl.mean() / pnl.std(ddof=1),
    }
    case = case_for(day)
    if name == "tracking_error":
        away = case.decided(book.positions)
        k, m = case.program.deviations, case.program.contracts
        gone = np.concatenate([away[:k], away[k : k + m] - away[k + m :]]) + np.concatenate([np.zeros(k), case.program.opening])
        assert gone == pytest.approx(case.program.benchmark, abs=0.01)  # within reach: nothing is left to track
        assert row["objective_eur"] == pytest.approx(0.0, abs=1.0)
    if name == "min_stress":
        assert row["objective_eur"] == pytest.approx(-1000 * case.program.stress.worst(case.decided(book.positions)), rel=1e-9)
    if name in measures:
        assert row["objective_eur"] == pytest.approx(measures[name], rel=1e-9, abs=1e-6)
    if name in EXACT:
        assert -1e-6 * abs(row["bound_eur"]) <= row["bound_eur"] - row["objective_eur"] <= 0.02 + 1e-6 * abs(row["bound_eur"])
    lines = enforce(table("nomination_lines"), nomination_lines(case_for(day), book.positions, day.dispatch), day.day)
    signed = lines.filter(pl.col("zone") == "NORTH", pl.col("kind") == "price_independent").sort("delivery_start")
    sold = book.positions.filter(pl.col("zone") == "NORTH", pl.col("instrument") == "day_ahead").sort("delivery_start")
    assert signed.height > 0
    assert lines["next_best_costs_eur"].drop_nulls().min() > -0.02 - (0.0 if name in EXACT else 200.0)  # chosen by the fee's bound, told exactly
    assert (sold["expected_output_mw"] + sold["position_mw"]).abs().max() <= 8 + 1e-9


def test_the_objectives_decide_differently(books):
    traded = {n: tuple(np.round(b.positions["traded_mw"].to_numpy(), 2)) for n, (_, b) in books.items()}
    assert len(set(traded.values())) >= 6
    risk = {n: b.solution["cvar_eur"][0] for n, (_, b) in books.items()}
    assert risk["min_cvar"] <= min(risk.values()) + 0.02
    expected = {n: b.solution["expected_pnl_eur"][0] for n, (_, b) in books.items()}
    assert expected["max_mean"] >= max(expected.values()) - 0.02


@pytest.mark.parametrize("name", ["min_variance", "mean_variance", "min_mad"])
def test_without_a_fee_the_answer_is_that_of_cvxpy(name):
    import cvxpy as cp

    day = a_day(name, fee=0.0)
    row = day.decide().solution.row(0, named=True)
    case = case_for(day)
    program, x = case.program, cp.Variable(case.program.variables)
    k, m = program.deviations, program.contracts
    pnl = program.base + program.slope @ x
    held = program.opening + x[k : k + m] - x[k + m :]
    centred = pnl - cp.sum(pnl) / 60
    worth = worth_of(day.desk, program)
    goal = {
        "min_variance": -cp.norm(centred) / np.sqrt(59),
        "min_mad": -cp.norm1(centred) / 60,
        "mean_variance": cp.sum(pnl) / 60 - worth.variance_price / 2 * cp.sum_squares(centred) / 59,
    }[name]
    problem = cp.Problem(cp.Maximize(goal), [x >= program.lower, x <= program.upper, cp.norm1(held) <= program.gross_room])
    assert row["objective_eur"] == pytest.approx(1000 * problem.solve(solver=cp.CLARABEL), rel=1e-5)
    assert row["bound_eur"] >= row["objective_eur"] - 1e-5 * abs(row["objective_eur"])
    assert row["bound_eur"] == pytest.approx(row["objective_eur"], rel=1e-5)


@pytest.mark.parametrize("name", ["max_mean", "mean_variance", "black_litterman"])
def test_the_shortfall_limit_binds_every_objective(name):
    bold = {"risk_aversion": 0.01, "edge": 12.0, "seed": 13}
    free = a_day(name, es_eur=None, **bold)
    case = case_for(free)
    loose, least = case.program.shortfall(case.decided(free.decide().positions)), least_shortfall(case.program)
    assert loose > least + 0.2
    limit = 1000 * (0.5 * loose + 0.5 * least)
    book = a_day(name, es_eur=limit, **bold).decide()
    kept = 1000 * case.program.shortfall(case.decided(book.positions))
    assert book.solution["status"][0] == "optimal"
    assert 0.98 * limit <= kept <= limit + 0.05  # the charged fee leaves a little unused
    assert "es_eur [book]" in book.solution["binding_limits"][0]
    tight = a_day(name, es_eur=1.0, **bold).decide()
    assert tight.solution["status"][0].startswith("relaxed: es_eur by ")
    assert 1000 * case.program.shortfall(case.decided(tight.positions)) <= 1.02 * 1000 * least


@pytest.mark.parametrize(
    ("portfolio", "words"),
    [
        ({"objective": "var"}, "mean_cvar"),
        ({"objective": "mean_variance", "risk_aversion": 0}, "max_mean"),
        ({"objective": "black_litterman", "risk_aversion": 0}, "max_mean"),
    ],
)
def test_a_wrong_objective_is_refused_with_what_would_work(portfolio, words):
    with pytest.raises(DeskError, match=words):
        desk_of(portfolio=portfolio)


def test_a_day_with_nothing_to_decide():
    for name in OBJECTIVES:
        desk = desk_of(contracts=[], opening_book=[], limits={}, portfolio={"objective": name, "confidence": 0.9})
        row = Day(desk=desk).decide().solution.row(0, named=True)
        assert row["solver"] == "nothing to decide"
        assert row["bound_eur"] == pytest.approx(row["objective_eur"], rel=1e-9)
