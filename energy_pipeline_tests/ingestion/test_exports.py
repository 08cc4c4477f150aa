"""Files as well-known places export them, and as people write them, read through a desk file."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from energy_pipeline.desk.load import desk_from
from energy_pipeline.domain.delivery import DeliveryDay
from energy_pipeline.domain.errors import SourceError
from energy_pipeline.ingestion import collect
from energy_pipeline.ingestion.quality import assess_quality
from energy_pipeline.lake import source_files
from energy_pipeline.lake.source_files import SourceFiles

BERLIN = {"clock": "local", "zone": "Europe/Berlin"}
DAY = date(2026, 1, 1)
NIGHT = datetime(2025, 12, 31, 23, tzinfo=UTC)
"""The day's first instant in Berlin."""


def desk(time, part=None, *, table="day_ahead_prices", value="price_eur_mwh", columns=("price",), zone="Europe/Berlin", units=None, **entry):
    unit = [{"first_day": "2015-01-01", "minutes": units or 60}]
    known = {"anchor": "delivery_day", "days": -1, "at": "12:45", "basis": "assumption"}
    mapped = {"path": "x.csv", "time": {"column": "t", **time}, "values": {value: {"columns": list(columns)}}, **(part or {})}
    return desk_from(
        {
            "name": "own",
            "description": "x",
            "time_zone": zone,
            "first_delivery_day": "2018-01-01",
            "markets": {"m": {"time_zone": zone, "gate": {"at": "12:00"}}},
            "zones": {
                "Z": {
                    "market": "m",
                    "second_price": {"kind": "none", "imbalance_fee_eur_mwh": 1},
                    "tso_res_forecast": "none",
                    "market_time_unit": unit,
                }
            },
            "sources": {"files": [{"table": table, "key": {"zone": "Z"}, "known_at": known, "parts": [mapped], **entry}]},
        },
        "test",
    )


def read(folder, text, made, day=DAY, table="day_ahead_prices", encoding="utf-8"):
    (folder / "x.csv").write_bytes(text.encode(encoding) if isinstance(text, str) else text)
    return collect(made, table, day, day, SourceFiles(folder).load)


def prices(got) -> list[tuple[datetime, float]]:
    assert {d: str(e) for d, e in got.failures.items()} == {}
    return got.frame.sort("delivery_start").select("delivery_start", "price_eur_mwh").rows()


def hourly(values, start=NIGHT, minutes=60):
    return [(start + timedelta(minutes=minutes * i), v) for i, v in enumerate(values)]


# --- exports ------------------------------------------------------------------------------


def test_entso_e_of_the_new_portal(tmp_path):
    text = (
        '"MTU (CET/CEST)","Area","Sequence","Day-ahead Price (EUR/MWh)"\n'
        '"01/01/2026 00:00:00 - 01/01/2026 00:15:00","BZN|DE-LU","Without Sequence","80.1"\n'
        '"01/01/2026 00:15:00 - 01/01/2026 00:30:00","BZN|DE-LU","Without Sequence","-1.5"\n'
    )
    time = {"column": "MTU (CET/CEST)", "format": "%d/%m/%Y %H:%M:%S", **BERLIN}
    part = {"where": {"Area": "BZN|DE-LU"}}
    got = read(tmp_path, text, desk(time, part, columns=["Day-ahead Price (EUR/MWh)"], resolution_minutes=15))
    assert prices(got) == hourly([80.1, -1.5], minutes=15)


def test_entso_e_of_the_old_portal_with_its_zone_in_brackets(tmp_path):
    text = (
        '"MTU (CET/CEST)","Day-ahead Price [EUR/MWh]"\n'
        '"01.01.2026 00:00 - 01.01.2026 01:00 (CET)","1"\n'
        '"01.01.2026 01:00 - 01.01.2026 02:00 (CET)","n/e"\n'
    )
    time = {"column": "MTU (CET/CEST)", "format": "%d.%m.%Y %H:%M", "label": "range", **BERLIN}
    got = read(tmp_path, text, desk(time, columns=["Day-ahead Price [EUR/MWh]"]))
    assert prices(got) == hourly([1.0])


def test_smard_with_decimal_comma_and_thousands(tmp_path):
    head = "\ufeffDatum von;Datum bis;Netzlast [MWh] Originalauflösungen\r\n"
    text = f"{head}01.01.2026 00:00;01.01.2026 01:00;45.123,5\r\n01.01.2026 01:00;01.01.2026 02:00;-\r\n"
    time = {"column": "Datum von", "format": "%d.%m.%Y %H:%M", **BERLIN}
    part = {"decimal": ",", "thousands": "."}
    made = desk(time, part, table="load_actual", value="load_mw", columns=["Netzlast [MWh] Originalauflösungen"])
    got = read(tmp_path, text, made, table="load_actual")
    assert got.frame["load_mw"].to_list() == [45123.5, None]


def test_smard_with_date_and_clock_in_two_columns(tmp_path):
    text = "Datum;Anfang;Ende;Preis\n01.01.2026;00:00;01:00;1,5\n01.01.2026;01:00;02:00;2,5\n"
    time = {"column": "Datum", "hour_column": "Anfang", "format": "%d.%m.%Y", **BERLIN}
    assert prices(read(tmp_path, text, desk(time, {"decimal": ","}, columns=["Preis"]))) == hourly([1.5, 2.5])


def test_smard_in_english(tmp_path):
    text = 'Start date;End date;Price\nJan 1, 2026 12:00 AM;Jan 1, 2026 1:00 AM;"1,080.50"\n'
    time = {"column": "Start date", "format": "%b %d, %Y %I:%M %p", **BERLIN}
    assert prices(read(tmp_path, text, desk(time, {"thousands": ","}, columns=["Price"]))) == hourly([1080.5])


def test_ercot_with_hour_ending_and_flag(tmp_path):
    hours = ["01:00", "02:00", "02:00", "03:00", *(f"{h:02d}:00" for h in range(4, 25))]
    flags = ["N", "N", "Y", *"N" * 22]
    rows = "".join(f"11/01/2026,{h},HB_HUBAVG,{i}.25,{f}\n" for i, (h, f) in enumerate(zip(hours, flags, strict=True)))
    text = f"DeliveryDate,HourEnding,SettlementPoint,SettlementPointPrice,DSTFlag\n{rows}"
    time = {"column": "DeliveryDate", "hour_column": "HourEnding", "repeated_column": "DSTFlag", "format": "%m/%d/%Y", "label": "end"}
    made = desk(
        {**time, "clock": "local", "zone": "America/Chicago"},
        {"where": {"SettlementPoint": "HB_HUBAVG"}},
        columns=["SettlementPointPrice"],
        zone="America/Chicago",
    )
    got = read(tmp_path, text, made, date(2026, 11, 1))
    assert prices(got) == hourly([i + 0.25 for i in range(25)], datetime(2026, 11, 1, 5, tzinfo=UTC))


def test_pse_with_numbered_hours_and_2a(tmp_path):
    hours = ["1", "2", "2A", *(str(h) for h in range(3, 25))]
    text = "Data;Godzina;Cena\n" + "".join(f"20251026;{h};{i},5\n" for i, h in enumerate(hours))
    time = {"column": "Data", "hour_column": "Godzina", "format": "%Y%m%d", "label": "end", "clock": "local", "zone": "Europe/Warsaw"}
    got = read(tmp_path, text, desk(time, {"decimal": ","}, columns=["Cena"], zone="Europe/Warsaw"), date(2025, 10, 26))
    assert prices(got) == hourly([i + 0.5 for i in range(25)], datetime(2025, 10, 25, 22, tzinfo=UTC))


@pytest.mark.parametrize(("day", "count"), [(date(2025, 10, 26), 100), (date(2026, 3, 29), 92), (DAY, 96)])
def test_positions_of_quarters_through_the_day(tmp_path, day, count):
    text = "day,position,price\n" + "".join(f"{day},{i + 1},{i}.5\n" for i in range(count))
    time = {"column": "day", "hour_column": "position", "label": "number", **BERLIN}
    got = read(tmp_path, text, desk(time, resolution_minutes=15), day)
    assert prices(got) == hourly([i + 0.5 for i in range(count)], DeliveryDay(day, "Europe/Berlin").start, 15)


# --- habits of people ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "time", "part", "reason"),
    [
        ("\ufefft;price\r\n2026-01-01 00:00;1\r\n2026-01-01 01:00;2\r\n", {}, {}, "byte order mark and CRLF"),
        ('"t","price"\n"2026-01-01 00:00","1"\n"2026-01-01 01:00","2"\n', {}, {}, "all quoted"),
        ("t;price;\n2026-01-01 00:00;1;\n2026-01-01 01:00;2;\n", {}, {}, "separators at the ends of all lines"),
        ("t;price\n2026-01-01 00:00;1;\n2026-01-01 01:00;2;\n", {}, {}, "separators at the ends of rows"),
        ("t;price\n2026-01-01 00:00;1\n2026-01-01 01:00;2;\n", {}, {}, "a separator at the end of one row"),
        (" t ; price \n2026-01-01 00:00; 1 \n2026-01-01 01:00; 2\n", {}, {}, "spaces in header and cells"),
        ("t;price\nh;EUR/MWh\n2026-01-01 00:00;1\n2026-01-01 01:00;2\n", {}, {"skip_after_header": 1}, "a line of units"),
        ("Report\nof today\nt;price\n2026-01-01 00:00;1\n2026-01-01 01:00;2\n", {}, {"skip_rows": 2}, "a preamble"),
        ("t^price\n2026-01-01 00:00^1\n2026-01-01 01:00^2\n", {}, {"separator": "^"}, "a separator of its own"),
        ("t\tprice\n2026-01-01T00:00\t1\n2026-01-01T01:00\t2\n", {}, {}, "tabs"),
        ("t;price\n2026-01-01 00:00+01:00;1\n2026-01-01T00:00Z;2\n", {}, {}, "mixed offsets"),
        ("t;price\n2026/01/01 00:00;1\n2026/01/01 01:00;2\n", {}, {}, "year first with slashes"),
        ("t;price\n1767222000;1\n1767225600;2\n", {"format": "epoch_s"}, {}, "seconds since 1970"),
        ("t;price\n2026-01-01 00:00;\u22121e0\n2026-01-01 01:00;2\n", {}, {}, "a typographic minus"),
        ("t;price\n2026-01-01 00:00;1\n2026-01-01 01:00;2\n;\n\n", {}, {}, "empty lines at the end"),
        (
            "t;price\n2026-01-01 00:00;1\n2026-01-01 01:00;2\n2026-01-01 02:00;gap\n2026-01-01 03:00;N/A\n",
            {},
            {"null_words": ["gap"]},
            "own null words",
        ),
    ],
)
def test_habits_are_read(tmp_path, text, time, part, reason):
    got = prices(read(tmp_path, text, desk({**BERLIN, **time}, part)))
    assert [(t, abs(v)) for t, v in got] == hourly([1.0, 2.0]), reason


@pytest.mark.parametrize("encoding", ["utf-16", "windows-1252"])
def test_an_encoding_is_named_and_then_read(tmp_path, encoding):
    text = "t;Preis für €\n2026-01-01 00:00;1\n"
    with pytest.raises(SourceError, match=f"encoding.*{encoding}"):
        read(tmp_path, text, desk(BERLIN, columns=["Preis für €"]), encoding=encoding)
    got = read(tmp_path, text, desk(BERLIN, {"encoding": encoding}, columns=["Preis für €"]), encoding=encoding)
    assert prices(got) == hourly([1.0])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("t;price\n", "line 1: a header and no row"),
        ("", "the file is empty"),
        ("t;price\n2026-01-01 00:00;1;2\n", "line 2 has 3 cells"),
        ("t;price;price\n2026-01-01 00:00;1;2\n", r"price \(1\), price \(2\)"),
        ("t;price\n2026-01-01 00:00;45.123\n2026-01-01 01:00;51\n", "45.123 or 45123"),
        ("t;price\n03/01/2026;1\n", "day first or month first"),
        ("t;price\n2026-01-01 00:00;1\n2026-01-01 01:00;2", "without a line end"),
    ],
)
def test_what_could_be_two_things_is_refused(tmp_path, text, told):
    with pytest.raises(SourceError, match=told):
        read(tmp_path, text, desk(BERLIN))


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ("1,5", "decimal: ','"),
        ("1 234.5", "thousands: ' '"),
        ("45%", "factor: 0.01"),
        ("(45)", "minus"),
        ("45-", "minus"),
        ("45 EUR", "unit"),
        ("inf", "text"),
    ],
)
def test_a_cell_that_is_no_number_is_refused_by_name(tmp_path, cell, told):
    got = read(tmp_path, f"t;price\n2026-01-01 00:00;{cell}\n2026-01-01 01:00;2.5\n", desk(BERLIN))
    text = str(got.failures[DAY])
    assert [t for t in ("x.csv:price", "row 1", repr(cell), told) if t not in text] == []


# --- steps after reading --------------------------------------------------------------------


def test_equal_rows_are_one_with_a_note_and_differing_ones_a_finding(tmp_path):
    text = "t;price\n2026-01-01 00:00Z;1\n2026-01-01 00:00Z;1.0\n2026-01-01 01:00Z;2\n"
    made = desk({})
    got = read(tmp_path, text, made)
    assert [v for _, v in prices(got)] == [1.0, 2.0]
    row = assess_quality(made, DAY, {"day_ahead_prices": got.frame}).row(0, named=True)
    assert "1 interval(s) that the file has more than once, always equal" in row["detail"]
    assert "duplicate interval" in str(read(tmp_path, text.replace("1.0", "9"), made).failures[DAY])


def test_values_left_out_are_carried_within_their_day(tmp_path):
    text = "t;price\n2025-12-31 22:00Z;9\n2026-01-01 00:00Z;1\n2026-01-01 03:00Z;n/e\n2026-01-01 05:00Z;2\n"
    made = desk({}, carry_forward="within_period")
    got = read(tmp_path, text, made)
    wanted = hourly([1.0] * 3, NIGHT + timedelta(hours=1)) + hourly([2.0] * 18, NIGHT + timedelta(hours=6))
    assert prices(got) == wanted, "nothing before the day's first value, nothing after an unknown one until the next"
    row = assess_quality(made, DAY, {"day_ahead_prices": got.frame}).row(0, named=True)
    assert (row["found_count"], row["missing_count"]) == (21, 3)
    assert "19 interval(s) left out in the file" in row["detail"]


@pytest.mark.parametrize(("minutes", "unit"), [(5, 15), (5, 60), (10, 15), (10, 30), (10, 60), (5, 30)])
def test_short_rows_become_means_and_an_incomplete_interval_is_missing(tmp_path, minutes, unit):
    count = 1440 // minutes
    left_out = count // 2
    rows = "".join(f"{NIGHT + timedelta(minutes=minutes * i):%Y-%m-%d %H:%MZ};{float(i)}\n" for i in range(count) if i != left_out)
    made = desk({}, resolution_minutes=minutes, units=unit)
    got = prices(read(tmp_path, f"t;price\n{rows}", made))
    fine = pl.DataFrame({"m": range(0, 1440, 5)}).with_columns(v=(pl.col("m") // minutes).cast(pl.Float64), i=pl.col("m") // unit)
    wanted = fine.filter(~(pl.col("v") == left_out).any().over("i")).group_by("i", maintain_order=True).agg(pl.col("v").mean())
    assert [(t - NIGHT).total_seconds() / 60 / unit for t, _ in got] == wanted["i"].to_list()
    assert [v for _, v in got] == pytest.approx(wanted["v"].to_list())


# --- large files -----------------------------------------------------------------------------


def test_a_large_file_is_scanned_with_a_filter_and_reads_the_same(tmp_path, monkeypatch):
    first = datetime(2025, 6, 1, tzinfo=UTC)
    rows = "".join(f"{z};{first + timedelta(hours=i):%Y-%m-%d %H:%MZ};{i % 90}.5;x\n" for i in range(24 * 300) for z in ("A", "B"))
    made = desk({}, {"where": {"zone": "B"}, "skip_rows": 1, "skip_after_header": 1})
    whole = prices(read(tmp_path, f"a report\nzone;t;price;other\n;UTC;EUR;\n{rows}", made))
    monkeypatch.setattr(source_files, "WHOLE_BYTES", 1000)
    sources = SourceFiles(tmp_path)
    assert prices(collect(made, "day_ahead_prices", DAY, DAY, sources.load)) == whole
    assert len(whole) == 24
    assert sources._frames == {}, "nothing of the file is held"
    with (tmp_path / "x.csv").open("a") as writer:
        writer.write("B;2027-01-01 00:00Z;1;x\n")
    with pytest.raises(SourceError, match="changed since this run first read it"):
        collect(made, "day_ahead_prices", DAY, DAY, sources.load)


def test_an_unreadable_time_far_away_harms_no_other_day(tmp_path):
    rows = "".join(f"{datetime(2025, 12, 20, tzinfo=UTC) + timedelta(hours=i):%Y-%m-%d %H:%MZ};{i}.5\n" for i in range(24 * 20))
    text = f"t;price\n{rows}Summe;1\n"
    assert len(prices(read(tmp_path, text, desk({})))) == 24
    last = date(2026, 1, 8)
    assert "'Summe'" in str(read(tmp_path, text, desk({}), last).failures[last])


@pytest.mark.parametrize("label", ["start", "end"])
def test_a_range_reads_as_its_days_one_by_one(tmp_path, label):
    first, days, zone = date(2025, 10, 24), 5, ZoneInfo("Europe/Berlin")
    start = DeliveryDay(first, "Europe/Berlin").start
    instants = [start + timedelta(hours=i + (label == "end")) for i in range(24 * days + 1)]
    lines = [f"{t.astimezone(zone):%Y-%m-%d %H:%M};{i % 7}.5" for i, t in enumerate(instants)]
    lines = [*lines[:30], "??;1", *lines[30:70], lines[69], *lines[70:]]
    made, last = desk({**BERLIN, "label": label}), first + timedelta(days=days - 1)
    (tmp_path / "x.csv").write_text("t;price\n" + "\n".join(lines) + "\n")
    whole = collect(made, "day_ahead_prices", first, last, SourceFiles(tmp_path).load)
    single = [collect(made, "day_ahead_prices", d, d, SourceFiles(tmp_path).load) for d in (first + timedelta(days=i) for i in range(days))]
    assert whole.frame.sort("delivery_start").equals(pl.concat(s.frame for s in single).sort("delivery_start"))
    assert {d: str(e) for d, e in whole.failures.items()} == {d: str(e) for s in single for d, e in s.failures.items()}
    assert whole.frame.group_by("delivery_day").len().sort("delivery_day")["len"].to_list() == [24, 25, 24, 24]
    assert len(whole.failures) == 1
