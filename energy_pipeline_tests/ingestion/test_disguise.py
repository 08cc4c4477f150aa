"""An actual under a forecast's name is refused; true forecasts are not."""

import os
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from energy_pipeline.desk.load import desk_from
from energy_pipeline.ingestion import collect
from energy_pipeline.ingestion.disguise import check_desk, suspect

DATA = Path(os.environ.get("ENERGY_PIPELINE_DATA", "../shared/data"))
EU8 = DATA / "eu8_prices_load_2019_2020" / "hourly.parquet"
TSO = DATA / "de_day_ahead_with_tso_forecasts_2015_2019" / "hourly.parquet"
BERLIN, LIMIT = "Europe/Berlin", 0.002
ZONES = ("DE", "DK1", "ES", "FI", "FR", "NO1", "SE1")

needs_eu8 = pytest.mark.skipif(not EU8.exists(), reason=f"{EU8} is not there; set ENERGY_PIPELINE_DATA")
needs_tso = pytest.mark.skipif(not TSO.exists(), reason=f"{TSO} is not there; set ENERGY_PIPELINE_DATA")


def arrays(frame, *columns):
    ordered = frame.sort("ts_utc")
    values = [ordered[c].cast(pl.Float64).fill_null(float("nan")).to_numpy() for c in columns]
    return [*values, ordered["ts_utc"].cast(pl.Int64).to_numpy()]


@pytest.fixture(scope="module")
def eu8():
    return pl.read_parquet(EU8).filter(pl.col("ts_utc").dt.year() == 2019)


@needs_eu8
@pytest.mark.parametrize("zone", ZONES)
def test_the_swapped_source_columns_are_caught(eu8, zone):
    forecast, actual, start = arrays(eu8.filter(pl.col("zone") == zone), "load_forecast_raw", "load_actual_raw")
    assert suspect(forecast, actual, LIMIT, start, BERLIN) is not None


@needs_eu8
@pytest.mark.parametrize("zone", ZONES)
def test_the_right_columns_pass_in_the_year_and_in_any_window(eu8, zone):
    forecast, actual, start = arrays(eu8.filter(pl.col("zone") == zone), "load_forecast_mw", "load_actual_mw")
    for days in (35, 100, 230, 366):
        for first in range(0, max(1, forecast.size - days * 24), 24 * 21):
            window = slice(first, first + days * 24)
            assert suspect(forecast[window], actual[window], LIMIT, start[window], BERLIN) is None


@needs_eu8
def test_each_signature_is_seen_where_it_is(eu8):
    def words(zone):
        forecast, actual, start = arrays(eu8.filter(pl.col("zone") == zone), "load_forecast_raw", "load_actual_raw")
        return suspect(forecast, actual, LIMIT, start, BERLIN) or ""

    assert all(t in words("FR") for t in ("gaps within a day", "multiples of 50 MW", "midnight"))
    assert all(t in words("DE") for t in ("gaps within a day", "midnight"))
    assert "midnight" in words("ES")
    assert "gaps" not in words("ES")


@needs_eu8
def test_a_desk_wired_by_the_sources_names_is_refused(eu8):
    known = {"anchor": "delivery_day", "days": -1, "at": "10:00", "basis": "assumption"}

    def desk(kind):
        def item(table, column):
            values = {"load_mw": {"columns": [column]}}
            part = {"path": "x", "where": {"zone": "FR"}, "time": {"column": "ts_utc"}, "values": values}
            return {"table": table, "key": {"zone": "FR"}, "known_at": known, "parts": [part]}

        files = [item("load_forecast", f"load_forecast_{kind}"), item("load_actual", f"load_actual_{kind}")]
        zones = {"FR": {"market": "m", "second_price": {"kind": "none", "imbalance_fee_eur_mwh": 1}}}
        head = {"name": "x", "description": "x", "markets": {"m": {"gate": {"at": "12:00"}}}}
        return desk_from({**head, "zones": zones, "sources": {"files": files}}, "test")

    for kind, count in (("raw", 1), ("mw", 0)):
        frames = {t: collect(desk(kind), t, date(2019, 1, 2), date(2019, 12, 30), lambda _: eu8).frame for t in ("load_forecast", "load_actual")}
        problems = check_desk(desk(kind), frames)
        assert len(problems) == count
        assert all(p.startswith("load_forecast zone=FR: ") and "desk file" in p for p in problems)


@needs_tso
@pytest.mark.parametrize("quantity", ["load", "wind", "solar"])
def test_true_tso_forecasts_pass(quantity):
    forecast, actual, start = arrays(pl.read_parquet(TSO), f"{quantity}_de_forecast_da_mw", f"{quantity}_de_mw")
    for window in (slice(None), *(slice(i, i + 230 * 24) for i in range(0, forecast.size - 230 * 24, 24 * 90))):
        assert suspect(forecast[window], actual[window], LIMIT, start[window], BERLIN) is None
    assert (suspect(actual, forecast, LIMIT, start, BERLIN) is not None) == (quantity != "solar")  # no seam at night


# --- made-up series, so that the rules are tested without the data ------------------------


def pair(days=250, seed=1):
    """An actual, and a day-ahead forecast with its own error every day (hence a seam at midnight)."""
    rng = np.random.default_rng(seed)
    hours = days * 24
    weekly = 40_000 + 6_000 * np.sin(2 * np.pi * np.arange(hours) / 24) + 2_000 * np.sin(2 * np.pi * np.arange(hours) / 168)
    actual = weekly + np.cumsum(rng.normal(0, 150, hours)) * 0.3
    forecast = actual + np.repeat(rng.normal(0, 900, days), 24) + rng.normal(0, 20, hours)
    start = (int(datetime(2021, 1, 1, tzinfo=UTC).timestamp()) + 3600 * np.arange(hours, dtype=np.int64)) * 1_000_000
    return forecast, actual, start


def test_a_true_pair_passes_and_a_swapped_one_does_not():
    forecast, actual, start = pair()
    assert suspect(forecast, actual, LIMIT, start) is None
    assert "midnight" in (suspect(actual, forecast, LIMIT, start) or "")
    assert suspect(actual, forecast, 0.0, start) is None  # switched off


def test_a_day_that_begins_an_hour_beside_the_markets_is_seen_too():
    forecast, actual, start = pair()
    assert suspect(forecast, actual, LIMIT, start, "Africa/Lagos") is None  # UTC+1 all year
    assert "midnight" in (suspect(actual, forecast, LIMIT, start, "Africa/Lagos") or "")


def test_a_short_history_is_not_judged_by_its_seam():
    forecast, actual, start = pair(days=150)
    assert suspect(actual, forecast, LIMIT, start) is None


def test_too_good_is_refused_just_below_the_limit():
    _, actual, start = pair(days=10)
    assert "mean error" in (suspect(actual * 1.0019, actual, LIMIT, start) or "")
    assert suspect(actual * 1.0021, actual, LIMIT, start) is None


def test_gaps_of_a_meter_in_the_forecast_are_refused_and_whole_days_are_not():
    forecast, actual, start = pair(days=60)
    holes = forecast.copy()
    for day in (3, 20, 41):
        holes[day * 24 + 9 : day * 24 + 11] = np.nan
    assert "3 gaps within a day where the actual has values" in (suspect(holes, actual, LIMIT, start) or "")
    both = actual.copy()
    both[np.isnan(holes)] = np.nan
    assert "3 of its 3 gaps" in (suspect(holes, both, LIMIT, start) or "")
    whole = forecast.copy()
    for day in (3, 20, 41):
        whole[day * 24 : day * 24 + 24] = np.nan
    assert suspect(whole, actual, LIMIT, start) is None
    assert suspect(forecast, np.where(np.isnan(holes), np.nan, actual), LIMIT, start) is None  # a meter's gaps in the actual


def test_hours_that_no_source_lists_are_no_gaps():
    forecast, actual, start = pair(days=60)
    listed = np.ones(start.size, dtype=bool)
    for day in (3, 20, 41):
        listed[day * 24 + 9] = False
    assert suspect(forecast[listed], actual[listed], LIMIT, start[listed]) is None


def test_the_odd_hour_of_clock_change_days_is_no_sign():
    forecast, actual, start = pair(days=700)  # 2021-01-01 on: four clock changes
    local = pl.Series(start).cast(pl.Datetime("us", "UTC")).dt.convert_time_zone(BERLIN)
    frame = pl.DataFrame({"day": local.dt.date(), "hour": local.dt.hour()})
    odd = frame.select(((pl.len().over("day") != 24) & (pl.col("hour") == 3)).alias("odd"))["odd"].to_numpy()
    odd[:48] = odd[-48:] = False
    assert odd.sum() == 4
    assert suspect(np.where(odd, np.nan, forecast), actual, LIMIT, start, BERLIN) is None
    assert suspect(np.where(np.roll(odd, 48), np.nan, forecast), actual, LIMIT, start, BERLIN) is not None


def test_a_rounded_actual_beside_an_unrounded_forecast_is_refused():
    forecast, actual, start = pair(days=30)
    assert "multiples of 50 MW" in (suspect(forecast, np.round(actual / 50) * 50, LIMIT, start) or "")
    assert suspect(np.round(forecast / 50) * 50, actual, LIMIT, start) is None
    assert suspect(np.round(forecast / 50) * 50, np.round(actual / 50) * 50, LIMIT, start) is None
