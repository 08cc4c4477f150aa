"""data_quality: exact counts, and independence of what else is loaded."""

from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from energy_pipeline.contracts import table
from energy_pipeline.contracts.enforce import enforce
from energy_pipeline.desk import load_desk
from energy_pipeline.ingestion import assess_quality, collect
from energy_pipeline.ingestion.steps import OUTAGE_ZERO

TINY = Path(__file__).parents[1] / "desks" / "tiny.yaml"
DAY = date(2025, 10, 8)


@pytest.fixture(scope="module")
def desk():
    return load_desk(TINY)


@pytest.fixture(scope="module")
def frames(desk):
    names = ["day_ahead_prices", "second_prices", "load_actual", "load_forecast", "generation_actual", "generation_forecast"]
    names += ["weather_forecast", "weather_observed", "fuel_prices", "forward_quotes", "plant_meters"]
    return {n: collect(desk, n, DAY - timedelta(days=1), DAY + timedelta(days=1), {}.__getitem__).frame for n in names}


def row(quality, raw_table, series, check="coverage"):
    found = quality.filter(raw_table=raw_table, series=series, check=check).to_dicts()
    assert len(found) == 1
    return found[0]


def test_a_complete_synthetic_day_is_ok(desk, frames):
    quality = enforce(table("data_quality"), assess_quality(desk, DAY, frames), DAY)
    coverage = quality.filter(check="coverage")
    assert coverage["status"].unique().to_list() == ["ok"]
    assert row(quality, "day_ahead_prices", "zone=NORTH")["found_count"] == 96  # quarter-hours since 2025-10-01
    assert row(quality, "day_ahead_prices", "zone=SOUTH")["found_count"] == 24
    assert row(quality, "weather_forecast", "location=coast")["found_count"] == 24  # several runs, one interval each
    assert row(quality, "load_forecast", "zone=NORTH", "disguised_forecast")["status"] == "ok"


@pytest.mark.parametrize(("day", "quarters"), [(date(2025, 10, 26), 100), (date(2026, 3, 29), 92)])
def test_clock_change_days(desk, day, quarters):
    prices = collect(desk, "day_ahead_prices", day, day, {}.__getitem__).frame
    quality = assess_quality(desk, day, {"day_ahead_prices": prices})
    assert row(quality, "day_ahead_prices", "zone=NORTH")["expected_count"] == quarters
    assert row(quality, "day_ahead_prices", "zone=NORTH")["status"] == "ok"
    assert row(quality, "load_forecast", "zone=NORTH")["missing_count"] == quarters


def test_missing_null_and_outage_are_counted_apart(desk, frames):
    load = frames["load_actual"].filter(pl.col("delivery_day") == DAY, pl.col("zone") == "SOUTH").sort("delivery_start")
    at = pl.int_range(pl.len())
    load = load.with_columns(
        pl.when(at.is_in([5, 6, 7])).then(None).otherwise("load_mw").alias("load_mw"),
        pl.when(at == 7).then(pl.lit("f:c" + OUTAGE_ZERO)).otherwise("source").alias("source"),
    )
    kept = pl.concat([load[:2], load[4:]])
    quality = assess_quality(desk, DAY, {**frames, "load_actual": kept})
    found = row(quality, "load_actual", "zone=SOUTH")
    counts = [found[c] for c in ("expected_count", "found_count", "missing_count", "null_count", "outage_zero_count")]
    assert counts == [24, 19, 2, 3, 1]
    assert found["status"] == "gap"
    assert found["detail"] == f"first gap {load['delivery_start'][2]:%Y-%m-%d %H:%M} UTC"
    assert row(quality, "load_actual", "zone=NORTH")["status"] == "gap"  # the table has rows, so this is no "not yet"


def test_a_later_vintage_fills_the_gap(desk, frames):
    load = frames["load_actual"].filter(pl.col("delivery_day") == DAY)
    unknown = load.with_columns(load_mw=pl.lit(None, dtype=pl.Float64))
    corrected = load.with_columns(pl.col("known_at").dt.offset_by("1d"))
    quality = assess_quality(desk, DAY, {"load_actual": pl.concat([corrected, unknown])})
    assert row(quality, "load_actual", "zone=SOUTH")["status"] == "ok"


def test_not_yet_is_only_for_what_comes_after_delivery(desk, frames):
    tomorrow = {n: f if "forecast" in n else f.clear() for n, f in frames.items()}
    quality = assess_quality(desk, DAY, tomorrow)
    assert row(quality, "load_actual", "zone=NORTH")["status"] == "not_yet"
    assert row(quality, "day_ahead_prices", "zone=NORTH")["status"] == "gap"
    assert row(quality, "load_forecast", "zone=NORTH")["status"] == "ok"


def test_a_swapped_wiring_is_an_error_in_the_table(desk, frames):
    disguised = {**frames, "load_forecast": frames["load_actual"]}
    wide = {n: collect(desk, n, DAY - timedelta(days=4), DAY, {}.__getitem__).frame for n in ("load_actual",)}
    disguised |= {"load_actual": wide["load_actual"], "load_forecast": wide["load_actual"]}
    found = row(assess_quality(desk, DAY, disguised), "load_forecast", "zone=NORTH", "disguised_forecast")
    assert found["status"] == "error"
    assert "realised series" in found["detail"]


def test_later_days_change_nothing(desk, frames):
    until = {n: f.filter(pl.col("delivery_day") <= DAY) for n, f in frames.items()}
    assert_frame_equal(assess_quality(desk, DAY, frames), assess_quality(desk, DAY, until))
