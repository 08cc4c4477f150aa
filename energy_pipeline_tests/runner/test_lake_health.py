"""Each fault of lake, clock and records is found by `doctor` and `verify`, named with its next step, and repaired where a run can."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from energy_pipeline.contracts import TABLES, table
from energy_pipeline.desk import load_desk
from energy_pipeline.lake import Lake, layout, parquet
from energy_pipeline.lake.decision_log import DecisionEvent
from energy_pipeline.lake.verify import verify
from energy_pipeline.runner import doctor, lake_health
from energy_pipeline.runner.repair import prepare
from energy_pipeline.settings import Settings
from energy_pipeline_tests.contracts.legal_frames import legal_day, legal_rows
from energy_pipeline_tests.integration.lakes import TINY

DAY, NEXT, DESK = date(2026, 3, 29), date(2026, 3, 30), load_desk(TINY)
NOW = datetime(2026, 3, 30, 8, tzinfo=UTC)
NAMES = ("positions", "risk_measures", "runs", "load_forecast")


@pytest.fixture
def lake(tmp_path):
    """Two days of a few tables."""
    found = Lake(tmp_path / "lake")
    for day in (DAY, NEXT):
        for name in ("positions", "risk_measures"):
            found.write_day(name, day, legal_day(table(name), day, 3))
        start = pl.Series([DESK.delivery_day(day).start])
        found.add_vintage("load_forecast", day, legal_rows(table("load_forecast"), [row("load_forecast", day, start[0])]))
        recorded = {"delivery_day": day, "run_flow": "decide", "run_id": str(day), "recorded_at": NOW - timedelta(hours=1)}
        found.write_day("runs", day, legal_rows(table("runs"), [recorded]))
    return found


def row(name, day, start, known_at=NOW - timedelta(days=2)):
    zone = {"zone": "NORTH"} if "zone" in table(name).schema else {}
    return {"delivery_day": day, "delivery_start": start, "resolution_minutes": 60, "known_at": known_at, **zone}


def file_of(lake, name, day=NEXT):
    (path,) = (Path(lake.root) / layout.day_folder(name, day)).glob("*.parquet")
    return path


def truncated(lake):
    path = file_of(lake, "positions")
    path.write_bytes(path.read_bytes()[:-40])


def flipped(lake):
    path = file_of(lake, "positions")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 4
    path.write_bytes(bytes(data))


def another_days(lake):
    file_of(lake, "positions").write_bytes(file_of(lake, "positions", DAY).read_bytes())


def of_an_old_schema(lake):
    contract, path = table("positions"), file_of(lake, "positions")
    frame = lake.read("positions", NEXT, NEXT).drop(contract.columns[-1].name)
    path.write_bytes(parquet.encode(frame, contract, [parquet.part_of(frame, NEXT)]))


def lost(lake):
    file_of(lake, "risk_measures").unlink()


FAULTS = {
    truncated: "table positions, day 2026-03-30",
    flipped: "table positions, day 2026-03-30",
    another_days: "another day's file was put here",
    of_an_old_schema: "has schema version",
    lost: "2026-03-30, decide: no file of risk_measures",
}


def examined(lake, now=NOW):
    settings = Settings(desk=TINY, lake=Path(lake.root))
    return {f.what: f for f in doctor.examine(settings, {"DAGSTER_HOME": f"{lake.root}/home"}, now)}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_the_doctor_finds_a_file_that_is(lake, fault):
    assert examined(lake)["lake files"].ok
    fault(lake)
    found = examined(lake)["lake files"]
    assert not found.ok
    assert FAULTS[fault] in found.found
    assert " -> " in found.found


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_repair_sets_the_file_aside_and_asks_for_its_day_again(lake, fault):
    fault(lake)
    plan = prepare(lake, found := verify(lake))
    assert (plan.again, plan.left) == ([(NEXT, ["decide"])], [])
    assert len(plan.moved) == len(found.bad) == (fault is not lost)
    assert all(Path(place).is_file() for place in plan.moved)
    assert list(verify(lake).gaps) == [("decide", NEXT)], "what is left is a gap, which the run fills"


def test_raw_rows_and_sent_decisions_are_left_to_a_person(lake):
    path = file_of(lake, "load_forecast")
    path.write_bytes(path.read_bytes()[:-9])
    flipped(lake)
    lake.decisions().add(NEXT, DecisionEvent("sent", NOW, "anna", "0"))
    plan = prepare(lake, verify(lake))
    assert (plan.again, plan.moved) == ([], [])
    assert any("put its backup in its place" in text for text in plan.left)
    assert any("the decision was sent" in text for text in plan.left)


def test_every_table_of_the_contracts_is_looked_at(lake):
    told = []
    verify(lake, told=told.append)
    assert told == list(TABLES)


def test_a_clock_that_stepped_back_is_named(lake):
    assert examined(lake)["clock"].ok
    found = examined(lake, NOW - timedelta(hours=3))["clock"]
    assert not found.ok
    assert "a run recorded itself at 2026-03-30 07:00Z, this clock says 2026-03-30 05:00Z -> set this machine's clock by NTP" in found.found


def test_rows_known_later_than_now_are_named_where_the_market_is_real(lake):
    start = DESK.delivery_day(NEXT).start + timedelta(hours=1)
    lake.add_vintage("load_forecast", NEXT, legal_rows(table("load_forecast"), [row("load_forecast", NEXT, start, NOW + timedelta(hours=2))]))
    (text,) = lake_health.clock_steps(lake, NOW, is_synthetic=False)
    assert text.startswith("table load_forecast, 2026-03-30: 1 row(s) known at 2026-03-30 10:00Z")
    assert lake_health.clock_steps(lake, NOW, is_synthetic=True) == []


def test_a_lake_of_another_time_zone_is_named(lake):
    elsewhere = DESK.model_copy(update={"time_zone": "America/Chicago"})
    assert lake_health.other_days(lake, DESK) == []
    (text,) = lake_health.other_days(lake, elsewhere)
    assert "lie outside the desk's day (America/Chicago)" in text


def test_records_that_do_not_answer_are_a_finding(tmp_path, monkeypatch):
    assert lake_health.records(tmp_path) == []
    (tmp_path / "dagster.yaml").write_text((Path(__file__).parents[2] / "deploy" / "dagster.yaml").read_text())
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    monkeypatch.setenv("DAGSTER_HOME", "elsewhere")
    for name, value in {"HOST": "127.0.0.1", "PORT": "1", "USER": "desk", "PASSWORD": "never-told", "DB": "dagster"}.items():
        monkeypatch.setenv(f"DAGSTER_PG_{name}", value)
    (text,) = lake_health.records(tmp_path)
    assert "Connection refused -> start the database" in text
    assert "never-told" not in text
