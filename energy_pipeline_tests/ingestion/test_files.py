"""Own files by a desk file: clocks, sums, splices, known_at, and every kind of corrupt input."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energy_pipeline.contracts import table
from energy_pipeline.contracts.enforce import enforce
from energy_pipeline.desk.layout import TimeLabel, ValueMap
from energy_pipeline.desk.load import desk_from
from energy_pipeline.desk.sources import KnownAt
from energy_pipeline.domain.delivery import DeliveryDay, to_us
from energy_pipeline.domain.errors import ContractError, MissingDayError, SourceError
from energy_pipeline.information.known_at import add_business_days, apply
from energy_pipeline.ingestion import collect
from energy_pipeline.ingestion.steps import combine
from energy_pipeline.lake.source_files import SourceFiles
from energy_pipeline.reading.clocks import instants

BERLIN = "Europe/Berlin"
UTC_TIME = {"column": "t", "clock": "utc"}
AUCTION = {"anchor": "delivery_day", "days": -1, "at": "12:45", "basis": "assumption"}
DAY = date(2019, 4, 3)


def desk_with(*files, zones=("FR",), rule="strict", proxy=()):
    zone = {"market": "m", "second_price": {"kind": "none", "imbalance_fee_eur_mwh": 1}, "tso_res_forecast": rule}
    return desk_from(
        {
            "name": "own",
            "description": "x",
            "markets": {"m": {"gate": {"at": "12:00"}}},
            "zones": dict.fromkeys(zones, zone),
            "sources": {"files": list(files), "proxy_quotes": list(proxy)},
        },
        "test",
    )


def series(table_name="day_ahead_prices", value="price_eur_mwh", known_at=AUCTION, parts=None, key=None, **more):
    part = {"path": "p.csv", "time": UTC_TIME, "values": {value: {"columns": ["v"]}}}
    return {"table": table_name, "key": key or {"zone": "FR"}, "known_at": known_at, "parts": parts or [part], **more}


def utc_hours(first: date, last: date) -> list[datetime]:
    start = DeliveryDay(first, BERLIN).start
    count = int((DeliveryDay(last, BERLIN).end - start).total_seconds() // 3600)
    return [start + timedelta(hours=i) for i in range(count)]


def price_file(first=DAY, last=DAY, **columns) -> pl.DataFrame:
    hours = utc_hours(first, last)
    return pl.DataFrame({"t": [h.replace(tzinfo=None) for h in hours], "v": [float(i) for i in range(len(hours))]}).with_columns(**columns)


def read(desk, frames, first=DAY, last=DAY, name="day_ahead_prices"):
    loaded = frames if isinstance(frames, dict) else {"p.csv": frames}
    return collect(desk, name, first, last, loaded.__getitem__)


def test_rows_follow_the_contract_and_say_where_they_come_from():
    got = read(desk_with(series()), price_file())
    enforce(table("day_ahead_prices"), got.frame, DAY)
    assert got.failures == {}
    assert got.frame["price_eur_mwh"].to_list() == [float(i) for i in range(24)]
    assert got.frame["source"].unique().to_list() == ["p.csv:v"]
    assert got.frame["known_at"].unique().to_list() == [datetime(2019, 4, 2, 10, 45, tzinfo=UTC)]


# --- clocks -----------------------------------------------------------------------------


@pytest.mark.parametrize("day", [date(2019, 3, 31), date(2019, 10, 27), DAY])
@pytest.mark.parametrize("minutes", [15, 60])
@pytest.mark.parametrize("label", ["start", "end"])
@pytest.mark.parametrize("descending", [False, True])
def test_a_local_clock_gives_every_interval_of_a_day_once(day, minutes, label, descending):
    starts = DeliveryDay(day, BERLIN).interval_starts_us(minutes)
    shift = timedelta(minutes=minutes if label == "end" else 0)
    instants_utc = [datetime.fromtimestamp(s / 1e6, UTC) + shift for s in starts]
    walls = [t.astimezone(ZoneInfo(BERLIN)).replace(tzinfo=None) for t in instants_utc]
    values = pl.Series("t", walls[::-1] if descending else walls, dtype=pl.Datetime("us"))
    rule = TimeLabel(column="t", clock="local", zone=BERLIN, label=label)
    got = instants(values, pl.Series(range(len(walls))), rule, minutes, "x")["start"].cast(pl.Int64).to_numpy()
    np.testing.assert_array_equal(got[::-1] if descending else got, starts)


def test_an_end_label_may_name_the_skipped_hour():
    rule = TimeLabel(column="t", clock="local", zone=BERLIN, label="end")
    got = instants(pl.Series("t", ["2019-03-31 02:00"]), pl.Series([1]), rule, 60, "x")["start"]
    assert got.to_list() == [datetime(2019, 3, 31, 0, tzinfo=UTC)]


@pytest.mark.parametrize(
    ("text", "clock", "expected"),
    [
        ("2019-07-01 02:00", {"clock": "utc"}, 2),
        ("2019-07-01T02:00:00", {"clock": "fixed", "offset": "+01:00"}, 1),
        ("2019-07-01 02:00", {"clock": "fixed", "offset": "-03:30"}, 5.5),
        ("2019-07-01 02:00:00", {"clock": "local", "zone": BERLIN}, 0),
        ("2019-07-01T02:00:00Z", {"clock": "local", "zone": BERLIN}, 2),  # a zone in the value wins
        ("2019-07-01 02:00:00+02:00", {"clock": "utc"}, 0),
        ("01/07/2019 02:00", {"clock": "utc", "format": "%d/%m/%Y %H:%M"}, 2),
    ],
)
def test_text_times(text, clock, expected):
    got = instants(pl.Series("t", [text]), pl.Series([1]), TimeLabel(column="t", **clock), 60, "x")["start"][0]
    assert got == datetime(2019, 7, 1, tzinfo=UTC) + timedelta(hours=expected)


def test_a_skipped_wall_clock_is_a_finding_of_its_day_only():
    hours = [datetime(2019, 3, 30) + timedelta(hours=i) for i in range(48)]  # noqa: DTZ001 - a wall clock
    local = {"path": "p.csv", "time": {"column": "t", "clock": "local", "zone": BERLIN}, "values": {"price_eur_mwh": {"columns": ["v"]}}}
    frame = pl.DataFrame({"t": hours, "v": [1.0] * 48})
    got = read(desk_with(series(parts=[local])), frame, date(2019, 3, 30), date(2019, 3, 31))
    assert set(got.frame["delivery_day"]) == {date(2019, 3, 30)}
    assert list(got.failures) == [date(2019, 3, 31)]
    assert "skips" in str(got.failures[date(2019, 3, 31)])
    assert "row 27" in str(got.failures[date(2019, 3, 31)])


def test_an_interval_off_the_grid_fails_its_day():
    frame = price_file().with_columns(pl.col("t").dt.offset_by("7m"))
    got = read(desk_with(series()), frame)
    assert "60-minute grid" in str(got.failures[DAY])


# --- values -----------------------------------------------------------------------------


@given(st.lists(st.tuples(st.one_of(st.none(), st.floats(-9, 9)), st.one_of(st.none(), st.floats(-9, 9))), min_size=1), st.booleans(), st.booleans())
@settings(max_examples=60, deadline=None)
def test_combine_equals_a_loop(rows, zero_null, clip):
    rule = ValueMap(columns=("a", "b"), factor=2.5, offset=1, null_in_sum="is_zero" if zero_null else "is_null", clip_negative=clip)
    columns = [pl.Series([r[i] for r in rows], dtype=pl.Float64) for i in (0, 1)]
    got = combine(columns, rule)[0].to_list()
    for (a, b), value in zip(rows, got, strict=True):
        unknown = (a is None and b is None) if zero_null else (a is None or b is None)
        wanted = None if unknown else ((a or 0.0) + (b or 0.0)) * 2.5 + 1
        assert value == (wanted if wanted is None or not clip else max(wanted, 0.0))


def test_sums_factors_and_outage_zeros():
    frame = price_file().with_columns(w=pl.lit(None, dtype=pl.Float32), u=pl.lit("n/e"))
    mapped = {"load_mw": {"columns": ["v", "w"], "factor": 10, "null_in_sum": "is_zero", "zero_is_outage": True}}
    part = {"path": "p.csv", "time": UTC_TIME, "values": mapped}
    known = {"anchor": "interval_end", "minutes": 60, "basis": "assumption"}
    got = read(desk_with(series("load_actual", parts=[part], known_at=known)), frame, name="load_actual").frame
    enforce(table("load_actual"), got, DAY)
    assert got["load_mw"].to_list() == [None, *(10.0 * i for i in range(1, 24))]
    assert got["source"].to_list()[:2] == ["p.csv:v+w;outage_zero", "p.csv:v+w"]
    assert got["known_at"][0] == got["delivery_start"][0] + timedelta(hours=2)


def test_a_splice_takes_each_day_from_its_own_part():
    first, last = date(2019, 10, 26), date(2019, 10, 28)
    parts = [
        {"path": "a", "time": UTC_TIME, "values": {"price_eur_mwh": {"columns": ["v"]}}, "last_day": "2019-10-26"},
        {"path": "b", "where": {"z": "7"}, "time": UTC_TIME, "values": {"price_eur_mwh": {"columns": ["v"]}}, "first_day": "2019-10-27"},
    ]
    other = price_file(first, last).with_columns(pl.lit(-1.0).alias("v"), z=pl.lit(7))
    frames = {"a": price_file(first, last), "b": pl.concat([other, other.with_columns(z=pl.lit(8))])}
    got = read(desk_with(series(parts=parts)), frames, first, last).frame
    assert got.group_by("delivery_day").len().sort("delivery_day")["len"].to_list() == [24, 25, 24]
    assert got.filter(pl.col("delivery_day") > first)["price_eur_mwh"].unique().to_list() == [-1.0]
    assert got.filter(pl.col("delivery_day") == first)["source"].unique().to_list() == ["a:v"]


def test_a_null_where_none_is_allowed_is_no_row():
    frame = price_file().with_columns(pl.when(pl.col("v") == 3).then(None).otherwise("v").alias("v"))
    assert read(desk_with(series()), frame).frame.height == 23


# --- known_at ---------------------------------------------------------------------------


def test_known_at_rules():
    friday = date(2019, 4, 5)
    assert add_business_days(friday, 1) == date(2019, 4, 8)
    evening = KnownAt(anchor="value_date", at="18:00", basis="assumption")
    assert apply(evening, friday, BERLIN) == datetime(2019, 4, 5, 16, tzinfo=UTC)
    next_business = KnownAt(anchor="value_date", business_days=1, at="08:00", basis="assumption")
    assert apply(next_business, friday, BERLIN) == datetime(2019, 4, 8, 6, tzinfo=UTC)
    spring = KnownAt(anchor="delivery_day", days=-1, at="12:45", basis="assumption")
    assert apply(spring, date(2019, 3, 31), BERLIN) == datetime(2019, 3, 30, 11, 45, tzinfo=UTC)
    assert apply(spring, date(2019, 4, 1), BERLIN) == datetime(2019, 3, 31, 10, 45, tzinfo=UTC)
    meter = KnownAt(anchor="interval_end", days=1, at="06:00", basis="assumption")
    assert apply(meter, datetime(2019, 4, 3, 20, tzinfo=UTC), BERLIN) == datetime(2019, 4, 4, 4, tzinfo=UTC)


@pytest.mark.parametrize(("rule", "hour"), [("strict", 16), ("epf_convention", 7.5)])
def test_the_convention_moves_tso_forecasts_before_the_gate(rule, hour):
    after_gate = {"anchor": "delivery_day", "days": -1, "at": "18:00", "basis": "evidence"}
    item = series("generation_forecast", "generation_mw", after_gate, key={"zone": "FR", "technology": "wind"})
    got = read(desk_with(item, rule=rule), price_file(), name="generation_forecast").frame
    assert got["known_at"].unique().to_list() == [datetime(2019, 4, 2, tzinfo=UTC) + timedelta(hours=hour)]


def test_known_at_from_a_column():
    stamps = price_file().with_columns(seen=pl.col("t").dt.offset_by("-3h"))
    got = read(desk_with(series(known_at={"anchor": "column", "column": "seen", "minutes": 5, "basis": "evidence"})), stamps).frame
    assert (got["delivery_start"] - got["known_at"]).unique().to_list() == [timedelta(hours=2, minutes=55)]


def test_fuel_prices_are_partitioned_by_value_date():
    part = {"path": "p.csv", "time": {"column": "date"}, "values": {"price": {"columns": ["v"]}}, "where": {"s": "ttf"}}
    known = {"anchor": "value_date", "at": "18:00", "basis": "assumption"}
    item = series("fuel_prices", known_at=known, parts=[part], key={"commodity": "gas"}, constants={"unit": "EUR/MWh"})
    frame = pl.DataFrame({"date": ["2019-04-02", "2019-04-03"], "v": [15.0, 16.0], "s": ["ttf", "ttf"]})
    got = read(desk_with(item), frame, name="fuel_prices").frame
    enforce(table("fuel_prices"), got, DAY)
    assert got["price"].to_list() == [16.0]
    assert got["known_at"].to_list() == [datetime(2019, 4, 3, 16, tzinfo=UTC)]


# --- corrupt input ----------------------------------------------------------------------


def test_text_in_a_number_names_row_and_value_and_keeps_the_other_days(tmp_path):
    frame = price_file(DAY, DAY + timedelta(days=2)).with_columns(pl.col("v").cast(pl.String))
    frame = frame.with_columns(pl.when(pl.int_range(pl.len()) == 30).then(pl.lit("12,5")).otherwise("v").alias("v"))
    frame.write_csv(tmp_path / "p.csv")
    got = collect(desk_with(series()), "day_ahead_prices", DAY, DAY + timedelta(days=2), SourceFiles(tmp_path).load)
    error = got.failures[DAY + timedelta(days=1)]
    assert isinstance(error, ContractError)
    assert all(t in str(error) for t in ("day_ahead_prices", "2019-04-04", "p.csv:v", "row 31", "'12,5'", "decimal point"))
    assert list(got.failures) == [DAY + timedelta(days=1)]
    assert got.frame.group_by("delivery_day").len().sort("delivery_day").rows() == [(DAY, 24), (DAY + timedelta(days=2), 24)]


def test_a_duplicate_hour_fails_its_day_only():
    frame = price_file(DAY, DAY + timedelta(days=1))
    got = read(desk_with(series()), pl.concat([frame, frame[5:6].with_columns(v=pl.lit(99.0))]), DAY, DAY + timedelta(days=1))
    assert list(got.failures) == [DAY]
    assert all(t in str(got.failures[DAY]) for t in ("duplicate interval in 2 row(s)", "price_eur_mwh=5.0", "price_eur_mwh=99.0"))
    assert set(got.frame["delivery_day"]) == {DAY + timedelta(days=1)}


def test_a_price_of_a_million_is_held_with_its_value_and_the_others_are_kept():
    frame = price_file().with_columns(v=pl.when(pl.int_range(pl.len()) == 3).then(1e6).otherwise("v"))
    got = read(desk_with(series()), frame)
    assert got.held is not None
    assert got.held.select("check", "status", "found_value").rows() == [("market_limit", "held", 1e6)]
    assert enforce(table("day_ahead_prices"), got.frame, DAY).height == 23


def test_a_missing_required_day_is_an_error_and_else_a_gap():
    frame, last = price_file(DAY, DAY), DAY + timedelta(days=1)
    assert read(desk_with(series()), frame, DAY, last).failures == {}
    got = read(desk_with(series(required=True)), frame, DAY, last)
    assert isinstance(got.failures[last], MissingDayError)
    assert set(got.frame["delivery_day"]) == {DAY}


def test_wrong_columns_of_all_series_are_told_at_once():
    part = {"path": "p.csv", "time": {"column": "when"}, "values": {"price_eur_mwh": {"columns": ["price"]}}}
    absent_row = {"path": "p.csv", "time": UTC_TIME, "values": {"price_eur_mwh": {"columns": ["v"]}}, "where": {"z": "XX"}}
    desk = desk_with(series(parts=[part]), series(key={"zone": "ES"}, parts=[absent_row]), zones=("FR", "ES"))
    with pytest.raises(SourceError) as error:
        read(desk, price_file(z=pl.lit("FR")))
    for text in ("'when' (time.column)", "'price' (values.price_eur_mwh)", "the file has: t, v, z", "z is 'XX'", "the column holds: FR", "zone=FR"):
        assert text in str(error.value)


def test_a_broken_part_fails_only_its_own_days():
    good = {"path": "a", "time": UTC_TIME, "values": {"price_eur_mwh": {"columns": ["v"]}}, "last_day": str(DAY)}
    bad = {"path": "b", "time": UTC_TIME, "values": {"price_eur_mwh": {"columns": ["gone"]}}, "first_day": str(DAY + timedelta(days=1))}
    last, frame = DAY + timedelta(days=1), price_file(DAY, DAY + timedelta(days=1))
    got = read(desk_with(series(parts=[good, bad])), {"a": frame, "b": frame}, DAY, last)
    assert set(got.frame["delivery_day"]) == {DAY}
    assert "'gone'" in str(got.failures[last])


def test_mapping_mistakes_are_told_before_any_file_is_opened():
    part = {"path": "p.csv", "time": UTC_TIME, "values": {"price": {"columns": ["v"]}}}
    desk = desk_with(series(parts=[part, part], key={"zon": "FR"}))
    with pytest.raises(SourceError) as error:
        read(desk, {})
    for text in ("key column 'zone' is missing", "nothing is mapped to column 'price_eur_mwh'", "'price' is no column", "parts 1 and 2 both serve"):
        assert text in str(error.value)


@pytest.mark.parametrize("value", ["yesterday", None])
def test_an_unreadable_time_names_row_and_value_and_refuses_its_day_alone(value):
    frame = price_file(DAY, DAY + timedelta(days=1)).with_columns(pl.col("t").cast(pl.String))
    frame = frame.with_columns(pl.when(pl.int_range(pl.len()) == 3).then(pl.lit(value)).otherwise("t").alias("t"))
    got = read(desk_with(series()), frame, DAY, DAY + timedelta(days=1))
    assert list(got.failures) == [DAY]
    assert all(t in str(got.failures[DAY]) for t in ("no time in 1 row", "row 4", repr(value)))
    assert got.frame["delivery_day"].unique().to_list() == [DAY + timedelta(days=1)]


def test_a_file_without_a_readable_time_is_refused_whole():
    with pytest.raises(SourceError, match=r"no time, e\.g\. row 1: 'x'"):
        read(desk_with(series()), price_file().with_columns(t=pl.lit("x")))


def test_source_files_say_where_they_looked(tmp_path):
    with pytest.raises(SourceError, match=r"no such file.*ENERGY_PIPELINE_DATA"):
        SourceFiles(tmp_path).load("a/b.parquet")
    (tmp_path / "x.xlsx").write_text("x")
    with pytest.raises(SourceError, match=r"save it as \.parquet or \.csv"):
        SourceFiles(tmp_path).load("x.xlsx")
    (tmp_path / "x.parquet").write_text("no parquet")
    with pytest.raises(SourceError, match="cannot be read as parquet"):
        SourceFiles(tmp_path).load("x.parquet")


def test_csv_with_semicolons_and_byte_order_mark(tmp_path):
    (tmp_path / "x.csv").write_text("\ufefft;v\n2019-01-01;1.5\n", encoding="utf-8")
    source = SourceFiles(tmp_path)
    assert source.load("x.csv").to_dicts() == [{"t": "2019-01-01", "v": "1.5"}]
    assert source.load("x.csv") is source.load("x.csv")


# --- proxy quotes -----------------------------------------------------------------------


def test_proxy_quotes_are_the_mean_of_the_days_before():
    proxy = {"zone": "FR", "contracts": ["base", "peak"], "window_days": 7, "premium_eur_mwh": 0.5}
    frame = price_file(date(2019, 3, 1), date(2019, 4, 30))
    first, last = date(2019, 4, 3), date(2019, 4, 7)
    got = read(desk_with(series(), proxy=[proxy]), frame, first, last, "forward_quotes")
    base = got.frame.filter(contract="base")
    assert base.height == 5
    assert got.frame.filter(contract="peak")["delivery_day"].to_list() == [date(2019, 4, d) for d in (3, 4, 5)]  # none at the weekend
    start = DeliveryDay(date(2019, 3, 1), BERLIN).start
    for row in got.frame.to_dicts():
        days = [row["delivery_day"] - timedelta(days=i) for i in range(1, 8)]
        means = []
        for d in days:
            hours = [h for h in utc_hours(d, d) if row["contract"] == "base" or (8 <= h.astimezone(ZoneInfo(BERLIN)).hour < 20 and d.weekday() < 5)]
            if hours:
                means.append(np.mean([(to_us(h) - to_us(start)) / 3.6e9 for h in hours]))
        assert row["price_eur_mwh"] == pytest.approx(np.mean(means) + 0.5)
        assert row["is_proxy"]
        assert row["known_at"].astimezone(ZoneInfo(BERLIN)).replace(tzinfo=None) == datetime.combine(days[0], datetime.min.time()).replace(hour=9)
    known_later = pl.col("t").dt.replace_time_zone("UTC") >= datetime(2019, 4, 4, 22, tzinfo=UTC)
    later = frame.with_columns(pl.when(known_later).then(1e3).otherwise("v").alias("v"))
    changed = read(desk_with(series(), proxy=[proxy]), later, first, last, "forward_quotes").frame
    assert changed.filter(pl.col("delivery_day") <= date(2019, 4, 5)).equals(got.frame.filter(pl.col("delivery_day") <= date(2019, 4, 5)))
