"""Tables of the lake as pandas frames."""

import warnings
from datetime import UTC, date, datetime, timedelta

import duckdb
import pandas as pd
import polars as pl
import pytest

import energy_pipeline
from energy_pipeline.lake import Lake
from energy_pipeline.lake.unfinished import Unfinished
from energy_pipeline.runner.notebook import NotebookError, UnfinishedDayWarning, frame
from energy_pipeline.settings import Settings
from energy_pipeline_tests.lake.days import DAY, prices, stresses


@pytest.fixture
def settings(tmp_path):
    return Settings(lake=tmp_path / "lake")


def test_a_price_is_found_by_its_local_hour_and_tells_its_unit(settings):
    Lake(settings.lake).add_vintage("day_ahead_prices", DAY, prices(DAY, price=40.0))
    found = frame("day_ahead_prices", DAY, DAY, settings=settings)
    noon = pd.Timestamp(2019, 3, 30, 12, tz="Europe/Berlin")  # 11:00 UTC: winter time
    assert found.loc[noon, "price_eur_mwh"] == 51.0
    assert found.attrs["units"]["price_eur_mwh"] == "EUR/MWh"
    assert str(found["known_at"].dt.tz) == "Europe/Berlin"


def test_the_newest_version_of_a_row_stands_unless_all_are_asked_for(settings):
    lake = Lake(settings.lake)
    lake.add_vintage("day_ahead_prices", DAY, prices(DAY, price=40.0))
    lake.add_vintage("day_ahead_prices", DAY, prices(DAY, price=70.0, hours=range(3), known_hours_later=5))
    newest = frame("day_ahead_prices", DAY, DAY, settings=settings)
    assert newest["price_eur_mwh"].tolist() == [70.0, 71.0, 72.0, *(40.0 + h for h in range(3, 24))]
    assert newest.index.is_monotonic_increasing
    assert len(frame("day_ahead_prices", DAY, DAY, "all", settings=settings)) == 27


def test_a_table_without_intervals_is_indexed_by_its_days(settings):
    Lake(settings.lake).write_day("stress_results", DAY, stresses(DAY, value=7.0))
    found = frame("stress_results", date(2019, 3, 1), date(2019, 3, 31), settings=settings)
    assert found.index.name == "delivery_day"
    assert {day.date() if hasattr(day, "date") else day for day in found.index} == {DAY}


def test_what_cannot_be_asked_is_told(settings):
    with pytest.raises(NotebookError, match=r"'prices' is no table; tables: .*day_ahead_prices"):
        frame("prices", DAY, DAY, settings=settings)
    with pytest.raises(NotebookError, match="last day 2019-03-01 is before the first day 2019-03-30"):
        frame("day_ahead_prices", DAY, date(2019, 3, 1), settings=settings)


def test_an_open_lake_reads_nothing_before_a_frame_is_asked_for_and_gives_spans(tmp_path, monkeypatch):
    stored = Lake(tmp_path)
    for day in (DAY, DAY + timedelta(days=1), DAY + timedelta(days=5)):
        stored.add_vintage("day_ahead_prices", day, prices(day, price=40.0))
    stored.add_vintage("day_ahead_prices", DAY, prices(DAY, price=70.0, hours=range(3), known_hours_later=5))
    lake, reads = energy_pipeline.open(tmp_path), []
    read = Lake.read
    monkeypatch.setattr(Lake, "read", lambda self, *given, **more: reads.append(given) or read(self, *given, **more))
    span = lake.day_ahead_prices["2019-03-30":"2019-03-31"]
    lazy = span.polars().filter(pl.col("price_eur_mwh") >= 70).select("price_eur_mwh")
    assert (span.units["price_eur_mwh"], len(span.days), reads) == ("EUR/MWh", 2, [])
    assert lazy.collect()["price_eur_mwh"].to_list() == [70.0, 71.0, 72.0], "the newest vintage, the days of the span"
    assert reads == [("day_ahead_prices", DAY, DAY + timedelta(days=1))]
    found = lake["day_ahead_prices"]["2019-03-31":].pandas()
    assert (len(found), str(found.index.dtype), found.attrs["units"]["price_eur_mwh"]) == (2 * 24, "datetime64[us, Europe/Berlin]", "EUR/MWh")
    assert lake.tables == ["day_ahead_prices"]
    assert lake.pnl.polars().collect().is_empty()
    assert "3 days, 2019-03-30 to 2019-04-04" in repr(lake.day_ahead_prices)


def test_what_an_open_lake_lacks_is_told(tmp_path):
    with pytest.raises(NotebookError, match="there is no lake"):
        energy_pipeline.open(tmp_path / "nowhere")
    lake = energy_pipeline.open(tmp_path)
    with pytest.raises(NotebookError, match="did you mean 'plant_output'"):
        lake["plant_outputs"]
    with pytest.raises(NotebookError, match="is no day"):
        lake.pnl["March"]
    with pytest.raises(NotebookError, match=r"no saved question; questions: .*monthly_pnl_by_zone"):
        lake.ask("pnl_by_month")
    with pytest.raises(NotebookError, match="there is no warehouse yet"):
        lake.ask("monthly_pnl_by_zone")
    assert not hasattr(lake, "plant_outputs")


def test_days_of_two_runs_are_told_wherever_they_are_read(tmp_path):
    stored, began = Lake(tmp_path), datetime(2019, 3, 29, 10, tzinfo=UTC)
    stored.add_vintage("day_ahead_prices", DAY, prices(DAY, price=40.0))
    for day in (DAY, DAY + timedelta(days=1)):
        stored.write_day("stress_results", day, stresses(day, value=7.0))
    stored.unfinished().mark(Unfinished(DAY, "decide", "0123456789", began, ("positions",)))
    lake = energy_pipeline.open(tmp_path)
    with pytest.warns(
        UnfinishedDayWarning, match="table stress_results, 2019-03-30, decide: run 01234567 .* -> energy-pipeline run 2019-03-30 --again"
    ):
        assert lake.stress_results.polars().collect().height
    duckdb.connect(str(tmp_path / "warehouse.duckdb")).close()
    with pytest.warns(UnfinishedDayWarning, match="the warehouse may hold the day as it was"):
        lake.ask("select 1 as one")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert lake.stress_results["2019-03-31"].pandas().shape[0], "another day"
        assert lake.day_ahead_prices.pandas().shape[0], "raw rows are of no decision"


def test_a_lake_named_as_text_is_asked_its_own_warehouse(tmp_path):
    assert energy_pipeline.open(str(tmp_path)).settings.warehouse == tmp_path / "warehouse.duckdb"
