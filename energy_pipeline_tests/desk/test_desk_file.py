"""Mistakes in a desk file are told with path, value and what is allowed, all at once."""

import re
from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest
import yaml

from energy_pipeline.desk import demo_desk_path, load_desk
from energy_pipeline.desk.load import desk_from, desk_hash
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
