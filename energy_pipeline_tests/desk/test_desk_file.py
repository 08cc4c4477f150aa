"""Mistakes in a desk file are told with path, value and what is allowed, all at once."""

import re
from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest
import yaml

from energy_pipeline.desk import demo_desk_path, load_desk
from energy_pipeline.desk.load import desk_from, desk_hash
from energy_pipeline.desk.templates import with_template
from energy_pipeline.domain.errors import DeskError
from energy_pipeline.ingestion import collect
from energy_pipeline.lake.source_files import SourceFiles

DESKS = Path(__file__).parents[1] / "desks"
TINY = DESKS / "tiny.yaml"


def tiny() -> dict:
    return yaml.safe_load(TINY.read_text())


def problems(data) -> tuple[str, ...]:
    with pytest.raises(DeskError) as error:
        desk_from(data, "own.yaml")
    assert str(error.value).startswith(f"own.yaml: {len(error.value.problems)} problem(s) in the desk file")
    return error.value.problems


@pytest.mark.parametrize("path", [demo_desk_path(), *sorted(DESKS.glob("*.yaml"))], ids=lambda p: p.stem)
def test_shipped_desks_load(path):
    desk = load_desk(path)
    assert desk.name
    assert len(desk_hash(desk)) == 16


def test_several_mistakes_are_told_at_once_with_path_and_value():
    data = tiny()
    data["zones"]["NORTH"]["tso_res_forecast"] = "sometimes"
    data["assets"]["battery"]["power_mw"] = -5
    data["plants"]["coast_wind"]["hub_hight_m"] = 100
    data["forecast"]["members"] = ["lear_56", "crystal_ball"]
    data["decision_at"] = "quarter past"
    told = problems(data)
    assert len(told) == 5
    for path, value, allowed in (
        ("zones.NORTH.tso_res_forecast", "'sometimes'", "'strict', 'epf_convention' or 'none'"),
        ("assets.battery.power_mw", "-5", "greater than 0"),
        ("plants.coast_wind.wind.hub_hight_m", "100", "not permitted"),
        ("forecast.members.1", "'crystal_ball'", "'lear_56', 'lear_84'"),
        ("decision_at", "'quarter past'", "time"),
    ):
        assert [t for t in told if t.startswith(f"{path}:") and value in t and allowed in t], (path, told)


@pytest.mark.parametrize("name", ["../../SOUTH", "=1+1", "@SUM(A1)", "it's", "<b>", "a b", "", "a\nb", "x" * 300, "\u202etroN", ".hidden", "-1"])
def test_a_name_that_means_something_to_a_file_system_a_page_or_a_spreadsheet_is_refused(name):
    sections, data = ("markets", "zones", "weather", "plants", "assets", "strategies"), tiny()
    for section in sections:
        data[section] = {name: next(iter(data[section].values()))} | data[section]
    told = [text for text in problems(data) if "beginning with a letter or digit" in text]
    assert sorted(text.split(".")[0] for text in told) == sorted(sections)
    assert all(text.partition(": name ")[2].isascii() for text in told)


OWN = """\
name: mydesk
description: One wind park.
time_zone: Europe/Oslo
first_delivery_day: 2023-06-01
decision_at: 10:30
markets:
  epex: {time_zone: Europe/Oslo, gate: {days_before: 1, at: 12:00}}
zones:
  NO: {market: epex, second_price: {kind: none, imbalance_fee_eur_mwh: 2.0}, tso_res_forecast: none, drivers: []}
  ON: {market: epex, second_price: {kind: none, imbalance_fee_eur_mwh: 2.0}, tso_res_forecast: none, drivers: []}
sources:
  files:
    - table: day_ahead_prices
      key: {zone: NO}
      known_at: {anchor: delivery_day, days: -1, at: 12:45, basis: assumption}
      parts:
        - path: x.csv
          time: {column: t}
          values: {price_eur_mwh: {columns: [price]}}
plants:
  park: {kind: metered, zone: NO, technology: wind, capacity_mw: 4}
limits:
  day_ahead_deviation_mw: {NO: 5}
"""


def told_of(folder, text) -> tuple[str, ...]:
    (folder / "own.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(DeskError) as error:
        load_desk(folder / "own.yaml")
    return error.value.problems


def test_zones_called_no_and_on_are_zones(tmp_path):
    (tmp_path / "own.yaml").write_text(OWN, encoding="utf-8")
    (tmp_path / "x.csv").write_text("t;price\n2024-01-01 00:00Z;5\n", encoding="utf-8")
    desk = load_desk(tmp_path / "own.yaml")
    assert list(desk.zones) == ["NO", "ON"]
    assert (desk.decision_at, desk.limits.day_ahead_deviation_mw) == (time(10, 30), {"NO": 5})
    frame = collect(desk, "day_ahead_prices", date(2024, 1, 1), date(2024, 1, 1), SourceFiles(tmp_path).load).frame
    assert frame["zone"].to_list() == ["NO"]
    added = with_template(desk, "duck_curve", "ON")
    assert {a.zone for a in added.assets.values()} == {"ON"}


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("limits:\n", "plants:\n  park: {}\nlimits:\n", "plants: stands on lines 20 and 22; the last would win -> keep one"),
        ("{NO: 5}", "{NO: 5, NO: 6}", "limits.day_ahead_deviation_mw.NO: stands on lines 23 and 23; the last would win -> keep one"),
        ("{NO: 5}", "{NO: -5}", "limits.day_ahead_deviation_mw.NO: Input should be greater than or equal to 0; found -5 (line 23)"),
        ("{NO: 5}", "{NO: .nan}", "limits.day_ahead_deviation_mw.NO: Input should be a finite number; found nan (line 23)"),
        ("2023-06-01", "2023-06-31", "day value is outside expected range; found '2023-06-31' (line 4)"),
        ("Europe/Oslo\nfirst", "Europe/Olso\nfirst", "did you mean Europe/Oslo?; found 'Europe/Olso' (line 3)"),
        ("capacity_mw: 4", "capacity_mw: 4, capcity: 1", "plants.park.metered.capcity: Extra inputs are not permitted; did you mean 'capacity_mw'?"),
        ("      known_at", "      requird: true\n      known_at", "did you mean 'required'?; found True (line 15)"),
        ("limits:\n", "contracts: [{zone: NO, block: base, max_trade_mw: 5}]\nlimits:\n", "contracts.0: nothing quotes base of NO"),
        ("[price]}}", "[price]}}\n          last_day: 2020-01-01\n          first_day: 2021-01-01", "the part serves no day"),
        ("{column: t}", "{column: t, label: number}", "label number needs `hour_column`"),
        ("- path: x.csv", "- path: x.csv\n          encoding: klingon", "'klingon' is no encoding"),
        ("- path: x.csv", "- path: x.csv\n          decimal: ','\n          thousands: ','", "they must differ"),
        ("      known_at", "      resolution_minutes: 20\n      known_at", "Input should be 5, 10, 15, 30 or 60; found 20 (line 15)"),
        ("name: mydesk", "name: &a [*a]", "contains itself"),
        ("name: mydesk", "name: mydesk\n\tx: 1", "is not YAML"),
        ("name: mydesk", "1: 2\nname: mydesk", "Keys should be strings"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path, old, new, told):
    assert OWN.count(old) == 1
    assert [t for t in told_of(tmp_path, OWN.replace(old, new)) if told in t]


def test_mistakes_of_every_kind_are_told_at_once(tmp_path):
    text = (
        OWN.replace("{NO: 5}", "{NO: -5}").replace("zone: NO, technology", "zone: FR, technology").replace("ON: {market: epex", "ON: {market: bazaar")
    )
    text = text.replace("decision_at", "decison_at").replace("name: mydesk", "name: mydesk\nname: mydesk")
    told = told_of(tmp_path, text)
    wanted = ("stands on lines 1 and 2", "'decision_at'", "equal to 0", "zone 'FR' is not declared", "'bazaar' is not declared")
    assert [w for w in wanted if not any(w in t for t in told)] == []


def test_a_desk_file_that_is_no_text_is_told(tmp_path):
    (tmp_path / "own.yaml").write_bytes(b"name: \xff\xfe")
    with pytest.raises(DeskError, match="is not UTF-8"):
        load_desk(tmp_path / "own.yaml")


def test_references_to_nothing_are_told_with_what_there_is():
    data = tiny()
    data["plants"]["coast_wind"]["zone"] = "WEST"
    data["plants"]["valley_solar"]["location"] = "moon"
    data["zones"]["SOUTH"]["market"] = "bazaar"
    data["limits"]["day_ahead_deviation_mw"]["EAST"] = 1
    data["contracts"][1]["zone"] = "NOWHERE"
    told = problems(data)
    assert set(told) == {
        "plants.coast_wind.zone: zone 'WEST' is not declared; zones: NORTH, SOUTH",
        "plants.valley_solar.location: weather location 'moon' is not declared; weather: coast, valley",
        "zones.SOUTH.market: 'bazaar' is not declared; markets: continental",
        "limits.day_ahead_deviation_mw.EAST: zone 'EAST' is not declared; zones: NORTH, SOUTH",
        "contracts.1.zone: zone 'NOWHERE' is not declared; zones: NORTH, SOUTH",
    }


def test_source_keys_must_name_declared_things():
    data = tiny()
    known = {"anchor": "delivery_day", "basis": "assumption"}
    part = {"path": "x.csv", "time": {"column": "t"}, "values": {"output_mw": {"columns": ["v"]}}}
    data["sources"]["files"] = [{"table": "plant_meters", "key": {"plant": "roof"}, "known_at": known, "parts": [part]}]
    data["sources"]["absent"] = [
        {"table": "load_actual", "key": {"zone": "FRR"}, "fallback": "none"},
        {"table": "weather_forecast", "key": {"location": "hill"}, "fallback": "none"},
    ]
    data["sources"]["proxy_quotes"] = [{"zone": "XX"}]
    assert set(problems(data)) == {
        "sources.files.0.key.plant: plant 'roof' is not declared; plants: coast_wind, valley_solar, south_wind_share",
        "sources.absent.0.key.zone: zone 'FRR' is not declared; zones: NORTH, SOUTH",
        "sources.absent.1.key.location: weather location 'hill' is not declared; weather: coast, valley",
        "sources.proxy_quotes.0.zone: zone 'XX' is not declared; zones: NORTH, SOUTH",
    }


@pytest.mark.parametrize(
    ("time_label", "told"),
    [
        ({"column": "t", "clock": "local"}, "clock local needs it"),
        ({"column": "t", "clock": "fixed"}, "clock fixed needs it"),
        ({"column": "t", "clock": "local", "zone": "Europe/Berlinn"}, "no IANA time zone"),
        ({"column": "t", "clock": "sun"}, "sun"),
    ],
)
def test_clocks_that_say_too_little_are_refused(time_label, told):
    data = tiny()
    known = {"anchor": "delivery_day", "basis": "assumption"}
    part = {"path": "x.csv", "time": time_label, "values": {"load_mw": {"columns": ["v"]}}}
    data["sources"]["files"] = [{"table": "load_actual", "key": {"zone": "NORTH"}, "known_at": known, "parts": [part]}]
    found = problems(data)
    assert len(found) == 1
    assert found[0].startswith("sources.files.0.parts.0.time")
    assert told in found[0]


def test_rules_of_the_market_are_kept():
    data = tiny()
    data["zones"]["SOUTH"]["second_price"] = {"kind": "none"}
    assert "imbalance_fee_eur_mwh > 0" in problems(data)[0]
    data = tiny()
    data["strategies"]["spread"]["zone"] = "SOUTH"
    assert "no second price" in problems(data)[0]
    data = tiny()
    data["decision_at"] = "12:30"
    assert problems(data) == ("decision_at: 12:30:00 is after the gate 12:00:00 of market continental",)
    data = tiny()
    data["markets"]["continental"]["currency"] = "GBP"
    assert "GBP differs from the desk's EUR" in problems(data)[0]
    assert "exchange rates" in problems(data)[0]
    data = tiny()
    data["sources"]["late"]["load_forecast"] = {"action": "wait"}
    assert "wait needs it" in problems(data)[0]


def test_unquoted_clock_times_are_understood():
    data = tiny()
    data["markets"]["continental"]["gate"]["at"] = yaml.safe_load("12:00")  # YAML 1.1 reads 720
    assert desk_from(data, "x").markets["continental"].gate.at == time(12)


@pytest.mark.parametrize(("day", "utc_hour"), [(date(2019, 3, 31), 11), (date(2019, 4, 1), 10), (date(2019, 10, 27), 10), (date(2019, 10, 28), 11)])
def test_the_gate_follows_the_wall_clock_over_clock_changes(day, utc_hour):
    desk = load_desk(DESKS / "europe.yaml")
    gate = desk.gate_closure(day)
    assert (gate.hour, gate.tzinfo) == (utc_hour, UTC)
    assert isinstance(desk.decision_time(day), datetime)
    assert desk.decision_time(day) < gate


def test_unreadable_files_say_what_to_do(tmp_path):
    with pytest.raises(DeskError, match="give --desk PATH"):
        load_desk(tmp_path / "none.yaml")
    bad = tmp_path / "bad.yaml"
    bad.write_text("a: [1")
    with pytest.raises(DeskError, match="is not YAML"):
        load_desk(bad)
    bad.write_text("just text")
    with pytest.raises(DeskError, match="desk"):
        load_desk(bad)


def test_the_hash_changes_with_the_content_only():
    one, two = desk_from(tiny(), "a"), desk_from(tiny(), "b")
    assert desk_hash(one) == desk_hash(two)
    data = tiny()
    data["limits"]["es_eur"] += 1
    assert desk_hash(desk_from(data, "a")) != desk_hash(one)


def test_the_walkthrough_in_the_docs_works(tmp_path):
    blocks = re.findall(r"```(\w+)\n(.*?)```", (DESKS.parents[1] / "docs" / "own-desk.md").read_text(), re.DOTALL)
    prices, park = [text for kind, text in blocks if kind == "text"][:2]
    (tmp_path / "prices.csv").write_text(prices)
    (tmp_path / "park.csv").write_text(park)
    desk = desk_from(yaml.safe_load(next(text for kind, text in blocks if kind == "yaml")), "docs")
    load = SourceFiles(tmp_path).load
    got = collect(desk, "day_ahead_prices", date(2024, 3, 30), date(2024, 3, 31), load)
    assert got.failures == {}
    assert got.frame["delivery_start"].dt.hour().to_list() == [22, 23, 0, 1]
    meters = collect(desk, "plant_meters", date(2024, 3, 30), date(2024, 3, 30), load).frame
    assert meters["output_mw"].to_list() == pytest.approx([2.0, 1.25])
    assert meters["delivery_start"][0] == datetime(2024, 3, 30, 22, tzinfo=UTC)
    told = next(text for kind, text in blocks if kind == "text" and "problem(s)" in text)
    data = yaml.safe_load(next(text for kind, text in blocks if kind == "yaml"))
    data["zones"]["FR"]["tso_res_forecast"], data["plants"]["park"]["capacity_mw"] = "sometimes", -4
    with pytest.raises(DeskError) as error:
        desk_from(data, "mydesk.yaml")
    assert str(error.value) == told.strip()
