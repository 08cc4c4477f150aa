"""The shared cases of real files, each with the right answer that its README states; read in place, skipped where absent."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from energy_pipeline.desk import load_desk
from energy_pipeline.desk.risk import FactorFile
from energy_pipeline.domain.delivery import DeliveryDay, same_slot_starts_us
from energy_pipeline.domain.errors import LateSourceError, SourceError
from energy_pipeline.information.archive import Archive
from energy_pipeline.information.expected import expected_series
from energy_pipeline.information.lateness import effective_decision_time
from energy_pipeline.information.resolution import frame_lookup, interval_values
from energy_pipeline.ingestion import collect
from energy_pipeline.ingestion.quality import assess_quality
from energy_pipeline.lake.source_files import SourceFiles
from energy_pipeline.risk.factor_file import checked_factors
from energy_pipeline.settings import Settings

CASES = Settings.load().data.parent / "cases"


def case(name: str) -> Path:
    if not (CASES / name).is_dir():
        pytest.skip(f"no {CASES / name}: the shared cases stand beside ENERGY_PIPELINE_DATA")
    return CASES / name


def rows(name: str, table: str, day: date, last: date | None = None):
    folder = case(name)
    return collect(load_desk(folder / "desk.yaml"), table, day, last or day, SourceFiles(folder).load)


def hours_from(start: datetime, count: int, minutes: int = 60) -> list[datetime]:
    return [start + timedelta(minutes=minutes * i) for i in range(count)]


@pytest.mark.parametrize(
    ("name", "first", "count", "minutes", "values"),
    [
        ("hour_ending_autumn_de", datetime(2025, 10, 25, 22, tzinfo=UTC), 25, 60, range(10, 35)),
        ("quarter_ending_autumn_de", datetime(2025, 10, 25, 22, tzinfo=UTC), 20, 15, range(20)),
        ("transparency_portal_csv", datetime(2025, 10, 25, 22, tzinfo=UTC), 5, 60, range(10, 15)),
        ("offset_of_two_digits", datetime(2024, 10, 26, 22, tzinfo=UTC), 5, 60, range(5)),
        ("midnight_as_24", datetime(2025, 5, 31, 22, tzinfo=UTC), 24, 60, range(1, 25)),
    ],
)
def test_prices_of_a_case_are_read(name, first, count, minutes, values):
    got = rows(name, "day_ahead_prices", (first + timedelta(hours=3)).date())
    assert got.failures == {}
    frame = got.frame.sort("delivery_start")
    assert frame["delivery_start"].to_list() == hours_from(first, count, minutes)
    assert frame["price_eur_mwh"].to_list() == [float(v) for v in values]


def test_half_hour_zones_are_read_and_looked_up():
    got = rows("half_hour_time_zone", "load_actual", date(2024, 10, 19))
    assert got.failures == {}
    assert got.frame["delivery_start"].sort().to_list() == hours_from(datetime(2024, 10, 18, 13, 30, tzinfo=UTC), 24)
    starts = DeliveryDay(date(2024, 10, 19), "Australia/Adelaide").interval_starts_us(60)
    found = interval_values(frame_lookup(got.frame, zone="Z"), "load_mw", starts, 60)
    assert found.tolist() == [900.0 + i for i in range(24)]


def test_ten_minutes_become_means_of_the_markets_hours():
    day, folder = date(2024, 3, 5), case("scada_10_minutes")
    desk = load_desk(folder / "desk.yaml")
    frame = collect(desk, "plant_meters", day, day, SourceFiles(folder).load).frame
    starts = desk.delivery_day(day).interval_starts_us(60)
    found = interval_values(frame_lookup(frame, plant="park"), "output_mw", starts, 60)
    assert np.nanmax(np.abs(found - 2.5)) == 0
    quality = assess_quality(desk, day, {"plant_meters": frame}).row(0, named=True)
    assert (quality["expected_count"], quality["found_count"]) == (24, int(np.isfinite(found).sum()))


def test_a_dot_between_thousands_is_asked_about():
    with pytest.raises(SourceError, match=r"load\.csv: column 'load'.*45\.123 or 45123 -> say `decimal"):
        rows("thousands_dot_load", "load_actual", date(2019, 1, 15))


@pytest.mark.parametrize("turned", [False, True])
def test_each_entry_of_a_series_keeps_its_own_rules(turned):
    folder = case("late_rule_after_mtu_change")
    desk = load_desk(folder / "desk.yaml")
    if turned:
        desk = desk.model_copy(update={"sources": desk.sources.model_copy(update={"files": desk.sources.files[::-1]})})
    frames = {"day_ahead_prices": collect(desk, "day_ahead_prices", date(2025, 9, 30), date(2025, 10, 5), SourceFiles(folder).load).frame}
    with pytest.raises(LateSourceError):
        effective_decision_time(desk, Archive(desk, frames), date(2025, 10, 5))
    assert [(e.minutes, e.late) for e in expected_series(desk, date(2025, 9, 30))] == [(60, None)]
    quality = assess_quality(desk, date(2025, 10, 4), frames).row(0, named=True)
    assert (quality["expected_count"], quality["missing_count"]) == (96, 96)


def test_us_dates_of_a_factor_file_are_refused():
    folder = case("factor_file_us_dates")
    with pytest.raises(SourceError, match=r"factors\.csv.*03/01/2024.*day first or month first"):
        checked_factors(SourceFiles(folder).load("factors.csv"), FactorFile(path="factors.csv", factors={"brent": "USD/bbl"}))


def test_utc_stamps_of_a_benchmark_market_are_refused():
    from energy_pipeline.studies.benchmark_file import market_panel

    with pytest.raises(SourceError, match=r"timestamp.*carries the zone UTC"):
        market_panel(pl.read_parquet(case("benchmark_utc_stamps") / "market.parquet"), "market.parquet")


@pytest.mark.parametrize(
    ("name", "trades", "told"),
    [
        ("book_quotes_decimal_comma", None, ("quotes.csv", "line 2", "'70,1'", "'70,5'", "decimal comma")),
        ("book_trades_empty_position", "trades.csv", ("trades.csv", "line 2", "position")),
    ],
)
def test_bad_numbers_of_a_book_name_file_and_line(name, trades, told):
    from energy_pipeline.mathematics.allocation import BadProblemError
    from energy_pipeline.portfolio.forwards import read_book

    folder = case(name)
    with pytest.raises(BadProblemError) as error:
        read_book(folder / "contracts.csv", folder / "quotes.csv", folder / trades if trades else None)
    assert [t for t in told if t not in str(error.value)] == []


@pytest.mark.parametrize("zone", ["America/Santiago", "Africa/Cairo", "Atlantic/Azores", "America/Havana"])
def test_a_clock_that_changes_at_midnight_has_its_slots(zone):
    offsets = [DeliveryDay(date(2024, 1, 1) + timedelta(days=i), zone).hours for i in range(366)]
    day = DeliveryDay(date(2024, 1, 1) + timedelta(days=offsets.index(23)), zone)
    found = same_slot_starts_us(day.shift(1), day, 60)
    own = day.interval_starts_us(60)
    assert found[:2].tolist() == [own[0], own[0]], "the skipped first hour is read one hour later"
    assert found[1:].tolist() == own.tolist()
