"""Every expectation holds on sound rows and can fail, naming the day."""

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from energy_pipeline.contracts import TABLES, table
from energy_pipeline.contracts.expectations import day_facts, is_whole_day, validate
from energy_pipeline_tests.contracts.sound_frames import DAYS, paths, sound, starts

PRICES = table("day_ahead_prices")
BETWEEN, IN_SET, UNIQUE = "expect_column_values_to_be_between", "expect_column_values_to_be_in_set", "expect_compound_columns_to_be_unique"


def prices():
    return sound("day_ahead_prices")


@pytest.mark.parametrize("name", list(TABLES))
def test_sound_rows_pass(name):
    result = validate(table(name), sound(name), DAYS)
    assert result.failed_expectations == []
    assert result.passed
    assert result.statistics["rows"] > 0
    assert result.statistics["expectations"] > len(table(name).columns)


@pytest.mark.parametrize("name", list(TABLES))
def test_no_rows_pass_only_where_a_day_may_be_empty(name):
    contract = table(name)
    result = validate(contract, contract.frame(), DAYS)
    assert result.passed == contract.may_be_empty
    assert result.failed_days == ([] if contract.may_be_empty else DAYS)


@pytest.mark.parametrize("name", list(TABLES))
def test_every_suite_can_fail_on_a_duplicate_row(name):
    frame = sound(name)
    doubled = pl.concat([frame, frame.filter(pl.col("delivery_day") == DAYS[1]).head(1)])
    result = validate(table(name), doubled, DAYS)
    assert not result.passed
    assert any(f.startswith(UNIQUE) for f in result.failed_expectations)
    assert result.failed_days == [DAYS[1]]


def on(day, name, value):
    """One bad value on one day."""
    here = (pl.col("delivery_day") == day) & (pl.col("delivery_start") == starts(day)[4])
    return prices().with_columns(pl.when(here).then(pl.lit(value)).otherwise(name).cast(PRICES.schema[name]).alias(name))


@pytest.mark.parametrize(
    ("column", "value", "expectation"),
    [
        ("price_eur_mwh", 1e7, f"{BETWEEN}(price_eur_mwh)"),
        ("price_eur_mwh", None, "expect_column_values_to_not_be_null(price_eur_mwh)"),
        ("price_eur_mwh", float("nan"), "expect_column_values_to_not_be_null(price_eur_mwh)"),
        ("source", None, "expect_column_values_to_not_be_null(source)"),
        ("resolution_minutes", 0, f"{BETWEEN}(resolution_minutes)"),
    ],
)
def test_a_bad_value_is_found_with_its_day(column, value, expectation):
    result = validate(PRICES, on(DAYS[2], column, value), DAYS)
    assert expectation in result.failed_expectations
    assert result.failed_days == [DAYS[2]]


def test_a_value_outside_the_closed_set_is_found():
    frame = sound("data_quality").with_columns(pl.when(pl.col("delivery_day") == DAYS[0]).then(pl.lit("odd")).otherwise("status").alias("status"))
    result = validate(table("data_quality"), frame, DAYS)
    assert result.failed_expectations == [f"{IN_SET}(status)"]
    assert result.failed_days == [DAYS[0]]


@pytest.mark.parametrize(
    "change",
    [
        lambda f: f.drop("source"),
        lambda f: f.with_columns(pl.lit(1).alias("surplus")),
        lambda f: f.select(reversed(f.columns)),
        lambda f: f.with_columns(pl.col("price_eur_mwh").cast(pl.Float32)),
        lambda f: f.with_columns(pl.col("price_eur_mwh").cast(pl.String)),
        lambda f: f.with_columns(pl.col("delivery_start").dt.replace_time_zone(None)),
        lambda f: f.with_columns(pl.col("resolution_minutes").cast(pl.Int64)),
    ],
)
def test_a_wrong_shape_fails_all_days(change):
    result = validate(PRICES, change(prices()), DAYS)
    assert not result.passed
    assert result.failed_days == DAYS


def test_a_missing_hour_is_found():
    frame = prices().filter(pl.col("delivery_start") != starts(DAYS[1])[7])
    result = validate(PRICES, frame, DAYS)
    assert result.failed_expectations == [f"{BETWEEN}(gap_minutes)", f"{IN_SET}(minutes)"]
    assert result.failed_days == [DAYS[1]]


def test_a_hole_between_two_days_that_each_look_whole_is_found():
    shifted = prices().with_columns(
        pl.when(pl.col("delivery_day") == DAYS[2])
        .then(pl.col("delivery_start") + timedelta(hours=1))
        .otherwise("delivery_start")
        .alias("delivery_start")
    )
    result = validate(PRICES, shifted, DAYS)
    assert result.failed_expectations == [f"{BETWEEN}(gap_minutes)"]
    assert validate(PRICES, shifted.filter(pl.col("delivery_day") == DAYS[2]), DAYS[2:]).passed, "a single day cannot show it"


def test_days_that_overlap_are_found():
    early = prices().with_columns(
        pl.when(pl.col("delivery_day") == DAYS[2])
        .then(pl.col("delivery_start") - timedelta(minutes=30))
        .otherwise("delivery_start")
        .alias("delivery_start")
    )
    assert validate(PRICES, early, DAYS).failed_expectations == [f"{BETWEEN}(overlap_minutes)"]


def test_a_day_that_repeats_the_one_before_is_found():
    days = [date(2019, 4, 2), date(2019, 4, 3)]
    frame = sound("load_actual", days)
    frozen = pl.concat(
        [frame[:24], frame[:24].with_columns(delivery_day=pl.lit(days[1]), delivery_start=pl.col("delivery_start") + timedelta(days=1))]
    )
    result = validate(table("load_actual"), frozen, days)
    assert result.failed_expectations == [f"{IN_SET}(is_repeat)"]
    assert result.failed_days == [days[1]]
    flat = frozen.with_columns(pl.lit(0.0).alias("load_mw"))
    assert validate(table("load_actual"), flat, days).passed, "a constant (a night without sun) is no frozen feed"


def test_a_series_that_vanishes_and_comes_back_is_found():
    other = prices().with_columns(pl.lit("B").alias("zone")).filter(pl.col("delivery_day") != DAYS[1])
    result = validate(PRICES, pl.concat([prices(), other]), DAYS)
    assert result.failed_expectations == [f"{BETWEEN}(days_missing_before)"]
    assert result.failed_days == [DAYS[2]]


def test_a_missing_day_and_a_day_nobody_asked_for_are_found():
    result = validate(PRICES, prices().filter(pl.col("delivery_day") != DAYS[2]), DAYS)
    assert result.failed_expectations == [f"{BETWEEN}(rows)"]
    assert result.failed_days == [DAYS[2]]
    assert validate(PRICES, prices(), DAYS[:2]).failed_expectations == [f"{IN_SET}(is_asked_for)"]


def test_vintages_of_a_row_are_no_overlap():
    corrected = prices().with_columns(known_at=pl.col("known_at") + timedelta(hours=1), price_eur_mwh=pl.col("price_eur_mwh") + 1)
    assert validate(PRICES, pl.concat([prices(), corrected]), DAYS).passed


def test_a_stated_gap_of_a_raw_series_is_no_failure_but_an_overlap_is():
    load = table("load_actual")
    frame = sound("load_actual")
    assert not is_whole_day(load)
    assert validate(load, frame[:-5], DAYS).passed
    finer = frame.with_columns(
        pl.when(pl.col("delivery_start") == starts(DAYS[0])[3]).then(pl.lit(60)).otherwise(30).cast(pl.Int32).alias("resolution_minutes")
    )
    assert validate(load, finer, DAYS).passed
    stacked = pl.concat([frame, frame.head(1).with_columns(pl.col("delivery_start") + timedelta(minutes=30))])
    assert validate(load, stacked, DAYS).failed_expectations == [f"{BETWEEN}(overlap_minutes)"]


def test_a_day_of_quarters_after_a_day_of_hours_is_whole():
    days = [date(2025, 9, 30), date(2025, 10, 1)]
    hours, first = sound("day_ahead_prices", days[:1]), sound("day_ahead_prices", days[:1])[:1]
    random = np.random.default_rng(3)
    quarters = pl.concat(
        [
            first.with_columns(
                delivery_day=pl.lit(days[1]),
                delivery_start=pl.lit(s),
                resolution_minutes=pl.lit(15, pl.Int32),
                price_eur_mwh=pl.lit(random.normal(50, 9)),
            )
            for s in starts(days[1], 15)
        ]
    ).cast(PRICES.schema)
    facts = day_facts(PRICES, pl.concat([hours, quarters]), days)
    assert facts["minutes"].to_list() == [1440, 1440]
    assert validate(PRICES, pl.concat([hours, quarters]), days).passed


@pytest.mark.parametrize("position", [31_234, -1])
@pytest.mark.parametrize(
    ("name", "value", "expectation"),
    [
        ("value", 1e7, f"{BETWEEN}(value)"),
        ("value", None, "expect_column_values_to_not_be_null(value)"),
        ("value", float("nan"), "expect_column_values_to_not_be_null(value)"),
        ("unit", "GW", f"{IN_SET}(unit)"),
    ],
)
def test_one_bad_row_of_a_big_table_is_found_with_its_day(position, name, value, expectation):
    contract, frame = table("scenario_paths"), paths()
    assert frame.height > 50_000
    at = position % frame.height
    broken = frame.with_columns(pl.when(pl.int_range(pl.len()) == at).then(pl.lit(value)).otherwise(name).cast(contract.schema[name]).alias(name))
    found = validate(contract, broken, DAYS[:2])
    assert (found.failed_expectations, found.failed_days) == ([expectation], [frame["delivery_day"][at]])
