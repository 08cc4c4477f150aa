"""Tables of the lake as pandas frames."""

from datetime import date

import pandas as pd
import pytest

from energy_pipeline.lake import Lake
from energy_pipeline.runner.notebook import NotebookError, frame
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
