"""Enforcement finds every wrong thing, names it, and lets every legal day through."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from energy_pipeline.contracts import TABLES, table
from energy_pipeline.contracts.enforce import enforce, enforce_days
from energy_pipeline.domain.errors import ContractError
from energy_pipeline_tests.contracts.legal_frames import DAY, legal_day

PRICES = table("day_ahead_prices")
tables = st.sampled_from(sorted(TABLES))
seeds = st.integers(0, 10_000)


def price_day(rows: int = 24) -> pl.DataFrame:
    frame = legal_day(PRICES, rows=200, seed=1).unique(subset=["zone", "delivery_start"], maintain_order=True).head(rows)
    assert frame.height == rows
    return frame


def findings(frame: pl.DataFrame, name: str = "day_ahead_prices", day: date = DAY) -> dict[str, tuple[str, int]]:
    with pytest.raises(ContractError) as caught:
        enforce(table(name), frame, day)
    assert caught.value.table == name
    assert caught.value.day == day
    return {f.column: (f.problem, f.rows) for f in caught.value.findings}


@settings(max_examples=60, deadline=None)
@given(name=tables, rows=st.integers(1, 40), seed=seeds)
def test_a_legal_day_passes_and_comes_back_sorted_whatever_its_order(name, rows, seed):
    contract = TABLES[name]
    frame = legal_day(contract, rows=rows, seed=seed)
    passed = enforce(contract, frame, DAY)
    shuffled = enforce(contract, frame.sample(fraction=1.0, shuffle=True, seed=seed).select(reversed(frame.columns)), DAY)
    assert_frame_equal(passed, shuffled)
    assert_frame_equal(passed, frame, check_row_order=False)
    keys = passed.select(contract.sort_key).rows()
    assert keys == sorted(keys)


@settings(max_examples=60, deadline=None)
@given(name=tables, seed=seeds, data=st.data())
def test_one_broken_value_is_found_in_its_column_and_row_count(name, seed, data):
    contract = TABLES[name]
    frame = legal_day(contract, rows=12, seed=seed)
    limited = [c for c in contract.columns if c.minimum is not None or c.maximum is not None or c.allowed or not c.nullable]
    column = data.draw(st.sampled_from(limited))
    row = data.draw(st.integers(0, frame.height - 1))
    if column.minimum is not None:
        bad = column.minimum - 1
    elif column.maximum is not None:
        bad = column.maximum * 2 + 1
    elif column.allowed:
        bad = "nobody"
    else:
        bad = None
    values = frame[column.name].to_list()
    values[row] = bad
    broken = frame.with_columns(pl.Series(column.name, values, dtype=contract.schema[column.name]))
    found = findings(broken, name)
    assert column.name in found or any(column.name in names for names in found)
    assert found.get(column.name, ("", 1))[1] == 1


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_no_price_that_is_not_a_number(value):
    frame = price_day().with_columns(pl.when(pl.int_range(pl.len()) == 3).then(pl.lit(value)).otherwise("price_eur_mwh").alias("price_eur_mwh"))
    with pytest.raises(ContractError, match="not finite"):
        enforce(PRICES, frame, DAY)


def test_a_price_of_a_million_names_table_day_row_and_value():
    frame = price_day().with_columns(pl.when(pl.int_range(pl.len()) == 3).then(1e7).otherwise("price_eur_mwh").alias("price_eur_mwh"))
    with pytest.raises(ContractError) as caught:
        enforce(PRICES, frame, DAY)
    text = str(caught.value)
    row = frame.row(3, named=True)
    assert "day_ahead_prices" in text
    assert str(DAY) in text
    assert "price_eur_mwh=10000000.0" in text
    assert f"zone={row['zone']}" in text
    assert str(row["delivery_start"]) in text
    assert "->" in text


def test_text_in_a_number_column():
    frame = price_day().with_columns(pl.lit("n/e").alias("price_eur_mwh"))
    problem, rows = findings(frame)["price_eur_mwh"]
    assert problem == "dtype is String, contract says f64"
    assert rows == 24


def test_a_missing_and_a_surplus_column_are_both_told():
    found = findings(price_day().rename({"price_eur_mwh": "price"}))
    assert found["price_eur_mwh"][0] == "column is missing"
    assert found["price"][0] == "column is not in the contract"


def test_a_duplicate_hour_is_told_with_both_rows():
    frame = price_day()
    found = findings(pl.concat([frame, frame[5:6]]))
    assert found == {"zone, delivery_start, known_at": ("duplicate key", 2)}


def test_two_vintages_of_an_hour_are_no_duplicates():
    frame = price_day()
    later = frame[5:6].with_columns(pl.col("known_at") + timedelta(hours=1))
    assert enforce(PRICES, pl.concat([frame, later]), DAY).height == 25


def test_rows_of_another_day():
    frame = price_day().with_columns(pl.lit(DAY + timedelta(days=1)).alias("delivery_day"))
    assert findings(frame)["delivery_day"] == (f"row belongs to another day than {DAY}", 24)


def test_an_empty_day_is_an_error_only_where_the_contract_says_so():
    assert findings(PRICES.frame())["zone, delivery_start"][0] == "the day has no rows"
    assert enforce(table("outages"), table("outages").frame(), DAY).height == 0


def test_everything_wrong_is_told_at_once():
    frame = price_day()
    frame = frame.with_columns(
        pl.when(pl.int_range(pl.len()) == 0).then(-6e6).when(pl.int_range(pl.len()) == 1).then(6e6).otherwise("price_eur_mwh").alias("price_eur_mwh"),
        pl.when(pl.int_range(pl.len()) == 2).then(None).otherwise("source").alias("source"),
    )
    with pytest.raises(ContractError) as caught:
        enforce(PRICES, pl.concat([frame, frame[7:8]]), DAY)
    assert len(caught.value.findings) == 4


def test_every_contract_describes_each_column_and_gives_a_reason_for_each_limit():
    for contract in TABLES.values():
        names = [c.name for c in contract.columns]
        assert len(set(names)) == len(names)
        assert set(contract.sort_key) <= set(names)
        assert names[0] == "delivery_day"
        for column in contract.columns:
            assert column.description.endswith((".", ")")), (contract.name, column.name)
            if column.minimum is not None or column.maximum is not None:
                assert column.reason, (contract.name, column.name)


def test_several_days_at_once_are_judged_as_each_alone():
    days = [DAY + timedelta(days=n) for n in range(3)]
    sound = {day: price_day().with_columns(pl.lit(day).alias("delivery_day")) for day in days}
    good, failures = enforce_days(PRICES, sound)
    assert failures == {}
    for day in days:
        assert_frame_equal(good[day], enforce(PRICES, sound[day], day))
    twice, above = pl.concat([sound[days[0]], sound[days[0]].head(1)]), pl.col("price_eur_mwh") + 1e6
    for broken in (twice, sound[days[0]].with_columns(above), sound[days[1]], sound[days[0]].drop("zone"), sound[days[0]].clear()):
        good, failures = enforce_days(PRICES, {**sound, days[0]: broken})
        assert (list(good), list(failures)) == (days[1:], [days[0]])
        with pytest.raises(ContractError) as alone:
            enforce(PRICES, broken, days[0])
        assert str(failures[days[0]]) == str(alone.value)
