"""The bids: steps, sides, blocks that break even, and reasons that can be checked."""

import csv
import io

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from energy_pipeline.contracts import table
from energy_pipeline.contracts.enforce import enforce
from energy_pipeline.portfolio import case_of, nomination_lines, nominations_csv
from energy_pipeline.portfolio.chosen import worth_of
from energy_pipeline.portfolio.nominations import CSV_COLUMNS, loop_limits, next_best
from energy_pipeline_tests.portfolio.small_desk import AUTUMN_QUARTERS, Day


@pytest.fixture(scope="module")
def bids():
    day = Day(day=AUTUMN_QUARTERS, paths=40)
    book = day.decide()
    case = case_of(day.info, day.scenarios, day.plant_output, day.dispatch, day.signals)
    return day, book, case, nomination_lines(case, book.positions, day.dispatch)


def test_lines_add_up_to_the_decided_position(bids):
    day, book, _, lines = bids
    enforce(table("nomination_lines"), lines, day.day)
    signed = lines.with_columns(mw=pl.when(pl.col("side") == "buy").then(pl.col("volume_mw")).otherwise(-pl.col("volume_mw")))
    total = signed.group_by("zone", "delivery_start").agg(pl.col("mw").sum())
    auction = book.positions.filter(pl.col("instrument") == "day_ahead")
    both = auction.join(total, on=["zone", "delivery_start"], how="left").with_columns(pl.col("mw").fill_null(0.0))
    # two lines at most, each rounded to 0.1 MW
    assert (both["mw"] - both["traded_mw"]).abs().max() <= 0.2 + 1e-9, "two roundings, and a step less of a store that could not do it"
    steps = lines["volume_mw"].to_numpy() * 10
    assert steps == pytest.approx(np.round(steps), abs=1e-9)
    assert steps.min() > 0.5


def test_the_file_is_what_the_table_says(bids):
    *_, lines = bids
    text = nominations_csv(lines)
    rows = list(csv.DictReader(io.StringIO(text)))
    assert tuple(rows[0]) == CSV_COLUMNS
    assert len(rows) == lines.height
    assert text == nominations_csv(lines.sample(fraction=1.0, shuffle=True, seed=1))
    for row in rows:
        assert len(row["volume_mw"].split(".")[1]) == 1
        assert row["limit_price_eur_mwh"] == "" or len(row["limit_price_eur_mwh"].split(".")[1]) == 2
        assert row["delivery_start_utc"].endswith("Z")


def test_no_line_without_volume():
    """Intervals of at most 0.04 MW have no bid: an auction takes no empty one."""
    day = Day(paths=20)
    book = day.decide()
    tiny = book.positions.with_columns(traded_mw=pl.when(pl.col("instrument") == "day_ahead").then(0.04).otherwise(pl.col("traded_mw")))
    case = case_of(day.info, day.scenarios, day.plant_output, day.dispatch, day.signals)
    flat = day.dispatch.with_columns(net_mw=pl.lit(0.0))
    assert nomination_lines(case, tiny, flat).height == 0


@given(
    energy=hnp.arrays(float, 24, elements=st.floats(-10, 10)),
    forecast=hnp.arrays(float, 24, elements=st.floats(-100, 300)),
    came=hnp.arrays(float, 24, elements=st.floats(-100, 300)),
    cost=st.floats(0, 20),
)
def test_a_loop_block_is_accepted_exactly_when_it_earns(energy, forecast, came, cost):
    buy, sell = loop_limits(energy, forecast, cost)
    bought, sold = energy < 0, energy > 0
    margin = (energy * came).sum() - cost * energy[sold].sum()
    if buy is None:
        expected = (energy * forecast).sum() - cost * energy[sold].sum()
        assert not bought.any() or not sold.any() or expected < 0
        return
    surplus = (-energy[bought] * (buy - came[bought])).sum() + (energy[sold] * (came[sold] - sell)).sum()
    # prices in steps of a cent, towards safety: never accepted at a loss, and refused only within the steps
    steps = 0.01 * np.abs(energy).sum()
    assert surplus <= margin + 1e-6
    assert surplus >= margin - steps - 1e-6
    assert (buy * 100) == pytest.approx(round(buy * 100), abs=1e-6)
    assert (sell * 100) == pytest.approx(round(sell * 100), abs=1e-6)


def test_the_next_best_bid_costs_what_the_objective_loses(bids):
    _, book, case, lines = bids
    program, x = case.program, case.decided(book.positions)
    names, costs = next_best(program, x, worth_of(case.desk, program))
    value = program.value(x)
    for j in (0, 17, 80):
        losses = []
        for other in {0.0, float(program.lower[j]), float(program.upper[j])}:
            if abs(other - x[j]) > 1e-6:
                changed = x.copy()
                changed[j] = other
                losses.append(1000 * (value - program.value(changed)))
        assert costs[j] == pytest.approx(min(losses), abs=1e-6)
    # the decided book is the optimum: no single other bid is better
    assert min(costs) > -0.02
    assert set(names) <= {"sell the expected output", "sell the full deviation", "buy the full deviation"}
    told = lines.filter(pl.col("kind") == "price_independent", pl.col("zone") == "NORTH")
    assert told["next_best_costs_eur"].null_count() == 0
    assert set(told["binding_limit"]) <= {"", "size of the signal", "day_ahead_deviation_mw"}
    south = lines.filter(pl.col("zone") == "SOUTH", pl.col("kind") == "price_independent")
    assert set(south["binding_limit"]) == {"no tradable signal"}


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t"])
def test_no_word_of_the_file_begins_a_formula(bids, first):
    *_, lines = bids
    text = nominations_csv(lines.with_columns(next_best_action=pl.lit(f"{first}1+1"), asset=pl.lit(f"{first}cmd")))
    for row in csv.DictReader(io.StringIO(text)):
        assert (row["next_best_action"], row["asset"]) == (f"'{first}1+1", f"'{first}cmd")


def test_the_heads_of_the_bids_name_the_desks_currency():
    head = nominations_csv(table("nomination_lines").frame(), "GBP").splitlines()[0]
    assert "limit_price_gbp_mwh" in head
    assert "eur" not in head
