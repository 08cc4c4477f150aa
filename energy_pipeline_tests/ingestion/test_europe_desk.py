"""The real desk on the real files: every hour once, known gaps with exact counts, swapped columns refused."""

import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
import yaml

from energy_pipeline.contracts import table
from energy_pipeline.contracts.enforce import enforce
from energy_pipeline.contracts.raw import RAW_TABLES
from energy_pipeline.desk import load_desk
from energy_pipeline.desk.load import desk_from
from energy_pipeline.domain.delivery import DeliveryDay, days_between
from energy_pipeline.information.archive import Archive
from energy_pipeline.information.lateness import effective_decision_time
from energy_pipeline.ingestion import assess_quality, collect, information_record
from energy_pipeline.ingestion.disguise import check_desk
from energy_pipeline.ingestion.files import read_series
from energy_pipeline.lake.source_files import SourceFiles

EUROPE = Path(__file__).parents[1] / "desks" / "europe.yaml"
DATA = Path(os.environ.get("ENERGY_PIPELINE_DATA", "../shared/data"))
FIRST, LAST = date(2019, 3, 18), date(2019, 4, 14)
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"{DATA} is not there; set ENERGY_PIPELINE_DATA")


@pytest.fixture(scope="module")
def desk():
    return load_desk(EUROPE)


@pytest.fixture(scope="module")
def load():
    return SourceFiles(DATA).load


@pytest.fixture(scope="module")
def frames(desk, load):
    found = {t.name: collect(desk, t.name, FIRST - timedelta(days=desk.history_days), LAST, load) for t in RAW_TABLES}
    assert {n: c.failures for n, c in found.items() if c.failures} == {}
    return {n: c.frame for n, c in found.items()}


@pytest.fixture(scope="module")
def quality(desk, frames):
    return pl.concat([enforce(table("data_quality"), assess_quality(desk, d, frames), d) for d in days_between(FIRST, LAST)])


@pytest.mark.parametrize("zone", ["DE_LU", "FR", "ES", "IT_NORD"])
def test_every_utc_hour_of_the_span_has_one_price(frames, zone):
    found = frames["day_ahead_prices"].filter(pl.col("zone") == zone, pl.col("delivery_day").is_between(FIRST, LAST))["delivery_start"].sort()
    start, end = DeliveryDay(FIRST, "Europe/Berlin").start, DeliveryDay(LAST, "Europe/Berlin").end
    hours = pl.datetime_range(start, end, "1h", closed="left", time_unit="us", time_zone="UTC", eager=True)
    assert hours.len() == 671
    assert found.to_list() == hours.to_list()


@pytest.mark.parametrize("zone", ["DE_LU", "FR", "ES", "IT_NORD"])
def test_the_history_decide_needs_is_gapless(desk, frames, zone):
    found = frames["day_ahead_prices"].filter(pl.col("zone") == zone)
    counts = dict(found.group_by("delivery_day").len().rows())
    days = days_between(FIRST - timedelta(days=desk.history_days), LAST)
    due = {d: DeliveryDay(d, "Europe/Berlin").hours for d in days}  # among them the 25 hours of 2018-10-28
    autumn = date(2017, 10, 29)  # the desk file states it: no source of DE-LU has the repeated hour of that day
    assert counts == due | ({autumn: 24} if zone == "DE_LU" and autumn in due else {})


def test_known_prices_from_each_part_of_the_splice(frames):
    prices = frames["day_ahead_prices"].filter(zone="DE_LU")

    def at(moment):
        return prices.filter(pl.col("delivery_start") == moment)["price_eur_mwh"].item()

    assert at(datetime(2018, 10, 28, 1, tzinfo=UTC)) == 41.59  # the hour the first set lacks, from the second
    assert at(datetime(2018, 12, 31, 23, tzinfo=UTC)) == 28.32
    assert prices["source"].str.split("/").list.first().unique().sort().to_list() == [
        "de_day_ahead_with_tso_forecasts_2015_2019",
        "eu_dayahead_prices_entsoe",
        "smard_day_ahead_prices_2015_2018",
    ]


def test_all_raw_days_keep_their_contracts(frames):
    for contract in RAW_TABLES:
        span = frames[contract.name].filter(pl.col("delivery_day").is_between(FIRST, LAST))
        for day, rows in span.partition_by("delivery_day", as_dict=True).items():
            enforce(contract, rows, day[0])


def test_exactly_the_known_gaps_are_in_data_quality(quality):
    gaps = quality.filter(~pl.col("status").is_in(["ok", "absent"]))
    columns = ["delivery_day", "raw_table", "series", "status", "expected_count", "found_count", "missing_count", "null_count", "detail"]
    spring = (date(2019, 3, 31), "generation_actual")
    assert gaps.select(columns).sort("delivery_day", "raw_table", "series").rows() == [
        (*spring, "zone=FR,technology=solar", "gap", 23, 22, 0, 1, "first gap 2019-03-31 00:00 UTC"),
        (*spring, "zone=FR,technology=wind", "gap", 23, 22, 0, 1, "first gap 2019-03-31 00:00 UTC"),
        (date(2019, 4, 1), "load_actual", "zone=FR", "gap", 24, 23, 0, 1, "first gap 2019-04-01 14:00 UTC"),
    ]


def test_absent_series_are_there_with_their_fallback(desk, quality):
    absent = quality.filter(delivery_day=FIRST, check="declared_absent")
    assert absent.height == len(desk.sources.absent) == 18
    assert all(len(d) > 3 for d in absent["detail"])


def test_every_series_of_the_market_is_declared(desk):
    declared = {(s.table, *sorted(s.key.items())) for s in (*desk.sources.files, *desk.sources.absent)}
    for zone in desk.zones:
        for name in ("day_ahead_prices", "load_actual", "load_forecast", "outages"):
            assert (name, ("zone", zone)) in declared
        for technology in ("wind", "solar"):
            for name in ("generation_actual", "generation_forecast"):
                assert (name, ("technology", technology), ("zone", zone)) in declared


def test_tso_forecasts_follow_the_convention(desk, frames):
    known = frames["generation_forecast"].filter(delivery_day=date(2019, 4, 3))["known_at"].unique().to_list()
    assert known == [datetime(2019, 4, 2, 7, 30, tzinfo=UTC)]
    strict = yaml.safe_load(EUROPE.read_text())
    strict["zones"]["DE_LU"]["tso_res_forecast"] = "strict"
    after = collect(desk_from(strict, "x"), "generation_forecast", date(2019, 4, 3), date(2019, 4, 3), SourceFiles(DATA).load).frame
    assert after["known_at"].unique().to_list() == [datetime(2019, 4, 2, 16, tzinfo=UTC)]
    assert after["known_at"].min() > desk.gate_closure(date(2019, 4, 3))


def test_units_and_scales(frames):
    wind = frames["weather_observed"].filter(location="hamburg")["wind_speed_ms"]
    assert 2 < wind.mean() < 6  # m/s, not km/h
    assert frames["plant_meters"]["output_mw"].max() <= 0.1
    means = {z: frames["generation_actual"].filter(zone=z, technology="wind")["generation_mw"].mean() for z in ("DE_LU", "FR", "ES")}
    assert 10_000 < means["DE_LU"] < 20_000
    assert 2_000 < means["FR"] < 6_000
    assert 4_000 < means["ES"] < 8_000


def test_nothing_is_late_on_the_span(desk, frames):
    archive = Archive(desk, frames)
    for day in (date(2019, 3, 31), date(2019, 4, 1), date(2019, 4, 3)):
        at, statuses = effective_decision_time(desk, archive, day)
        assert at == desk.decision_time(day)
        assert {s for per in statuses.values() for s in per.values()} == {"on_time"}
        record = enforce(table("information_set"), information_record(archive.at(day), statuses), day)
        assert record["last_known_at"].max() <= at


@pytest.mark.parametrize(("wiring", "refused"), [("mw", []), ("raw", ["load_forecast zone=ES", "load_forecast zone=FR"])])
def test_wired_by_the_sources_names_the_desk_is_refused(load, wiring, refused):
    text = EUROPE.read_text()
    for kind in ("actual", "forecast"):
        text = text.replace(f"load_{kind}_mw", f"load_{kind}_{wiring}")
    desk = desk_from(yaml.safe_load(text), "x")
    names = ("load_actual", "load_forecast", "generation_actual", "generation_forecast")
    year = {n: collect(desk, n, date(2019, 1, 2), date(2019, 9, 29), load).frame for n in names}
    assert [p.split(":")[0] for p in check_desk(desk, year)] == refused


def test_zeros_of_the_fundamentals_set_are_outages(desk, load):
    data = yaml.safe_load(EUROPE.read_text())
    value = {"load_mw": {"columns": ["load_mw"], "zero_is_outage": True}}
    part = {"path": "de_fundamentals_weather_2016_2021/hourly.parquet", "time": {"column": "ts_utc"}, "values": value}
    known = {"anchor": "interval_end", "minutes": 60, "basis": "assumption"}
    others = [f for f in data["sources"]["files"] if not (f["table"] == "load_actual" and f["key"] == {"zone": "DE_LU"})]
    data["sources"]["files"] = [*others, {"table": "load_actual", "key": {"zone": "DE_LU"}, "known_at": known, "parts": [part]}]
    changed = desk_from(data, "x")
    raw = load(part["path"]).filter(pl.col("load_mw") == 0).select(pl.col("ts_utc").dt.convert_time_zone("Europe/Berlin").dt.date().alias("day"))
    expected = dict(raw.group_by("day").len().rows())
    assert sum(expected.values()) == 32
    frame = read_series(changed, changed.sources.files[-1], min(expected), max(expected), load).frame
    for day, count in expected.items():
        row = assess_quality(changed, day, {"load_actual": frame}).filter(raw_table="load_actual", series="zone=DE_LU").to_dicts()[0]
        assert (row["outage_zero_count"], row["null_count"], row["status"]) == (count, count, "gap")
