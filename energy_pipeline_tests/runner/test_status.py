"""Status says what is decided, what is due, and what wants a hand."""

import json
from datetime import UTC, date, datetime, time, timedelta
from operator import attrgetter

import dagster as dg
import pytest

from energy_pipeline.contracts import table
from energy_pipeline.desk import load_desk
from energy_pipeline.desk.markets import Gate
from energy_pipeline.lake import Lake, lease
from energy_pipeline.lake.unfinished import Unfinished
from energy_pipeline.orchestration import freshness
from energy_pipeline.orchestration.factory import AssetFactory
from energy_pipeline.runner import status
from energy_pipeline.settings import Settings
from energy_pipeline_tests.contracts.legal_frames import legal_day
from energy_pipeline_tests.integration.lakes import TINY

DAY, DESK = date(2026, 3, 29), load_desk(TINY)
MORNING = datetime(2026, 3, 28, 10, 45, tzinfo=UTC)  # 11:45 in Berlin: decided by 11:15, the gate closes at noon


@pytest.fixture
def settings(tmp_path):
    return Settings(desk=TINY, lake=tmp_path / "lake")


def decide(settings, state="written", day=DAY):
    row = legal_day(table("runs"), day, 1).to_dicts()[0]
    row |= {"run_flow": "decide", "run_id": "0123456789", "recorded_at": MORNING - timedelta(minutes=10), "state": state}
    Lake(settings.lake).write_day("runs", day, table("runs").frame([row]))


def look(settings, now=MORNING, desk=DESK):
    with dg.DagsterInstance.ephemeral() as instance:
        return status.look(settings, desk, instance, now)


def test_a_decided_morning_wants_nothing(settings):
    decide(settings)
    found = look(settings)
    assert found.problems == []
    assert (found.last_decision.delivery_day, found.last_decision.run_id) == (DAY, "0123456789")
    assert {(g.delivery_day, g.decided) for g in found.gates} == {(DAY, True)}
    said = json.loads(json.dumps(found.as_json()))
    assert said["ok"] is True
    assert said["gates"][0]["gate"] == "2026-03-28T11:00:00+00:00"


def test_a_day_that_is_due_is_named_with_its_gate_and_the_next_step(settings):
    assert look(settings, MORNING - timedelta(hours=2)).problems == [], "its decision time has not come"
    decide(settings, "unfinished")
    (problem,) = look(settings).problems
    assert problem.startswith("2026-03-29 is not decided, its gate at")
    assert problem.endswith("closes at 2026-03-28 11:00Z -> energy-pipeline run 2026-03-29")


def test_a_gate_that_closed_without_a_decision_is_told_as_long_as_the_desk_is_live(settings):
    decide(settings)
    missed = look(settings, MORNING + timedelta(days=1, hours=2))
    assert missed.problems[0].startswith("2026-03-30 was not decided, its gate closed at 2026-03-29 10:00Z")
    idle = look(settings, MORNING + timedelta(days=30, hours=2))
    assert idle.problems == [], "nobody decides days here any more"
    assert "days before the one due, 2026-04-28" in idle.unwatched
    assert missed.unwatched == ""


def test_a_fallback_is_no_decision_to_be_content_with(settings):
    decide(settings, "fallback")
    (problem,) = look(settings).problems
    assert "2026-03-29 stands on the desk's fallback" in problem


def test_a_day_at_hand_is_no_unfinished_day(settings):
    decide(settings)
    lake = Lake(settings.lake)
    lake.unfinished().mark(Unfinished(DAY, "settle_da", "fedcba98765", MORNING, ("pnl_day_ahead",)))
    with lease.take(lake.storage, [(DAY, "settle_da")], "run fedcba98, process 1"):
        found = look(settings)
        assert (found.problems, len(found.being_written)) == ([], 1)
    found = look(settings)
    assert (len(found.problems), found.being_written) == (1, [])
    assert "run fedcba98 began" in found.problems[0]


def test_late_and_broken_series_of_the_last_decision_are_listed(settings):
    decide(settings)
    lake = Lake(settings.lake)
    quality = legal_day(table("data_quality"), DAY, 1).to_dicts()[0]
    said = {"raw_table": "load_forecast", "series": "zone=NORTH", "check": "coverage", "status": "gap", "detail": "from 07:00"}
    lake.write_day("data_quality", DAY, table("data_quality").frame([quality | said]))
    assert look(settings).stale == ["load_forecast zone=NORTH: gap, from 07:00"]


def test_a_full_disk_and_a_queue_that_nobody_serves_are_told(settings, monkeypatch):
    decide(settings)
    monkeypatch.setattr(status, "_free", lambda _folder: 1000)
    monkeypatch.setattr(status, "_queue", lambda _instance: {"queued": 2, "starting": 0, "started": 0})
    full, queued = look(settings).problems
    assert "make room" in full
    assert "dagster-daemon" in queued


def test_each_market_has_its_own_next_gate():
    market = next(iter(DESK.markets.values()))
    markets = {
        name: market.model_copy(update={"gate": Gate(days_before=before, at=at)})
        for name, before, at in (("on_the_day", 0, time(8)), ("before", 1, time(12)), ("two_before", 2, time(9)))
    }
    found = status.gates(DESK.model_copy(update={"markets": markets}), MORNING, set())
    assert [(g.market, g.delivery_day.day) for g in found] == [("before", 29), ("on_the_day", 29), ("two_before", 31)]


def settle(settings, flow, day=DAY):
    row = legal_day(table("runs"), day, 1).to_dicts()[0]
    row |= {"run_flow": flow, "run_id": flow, "recorded_at": MORNING + timedelta(days=2), "state": "written"}
    Lake(settings.lake).write_day("runs", day, table("runs").frame([row]))


def test_a_decided_day_whose_settlement_is_due_is_named_until_it_is_there(settings):
    decide(settings)
    auction, afternoon = MORNING + timedelta(hours=3), datetime(2026, 3, 30, 13, 31, tzinfo=UTC)  # 15:31 in Berlin, the day after delivery
    assert look(settings, MORNING).unsettled == []
    (text,) = look(settings, auction).unsettled
    assert text == "2026-03-29 is not settled (settle_da), it was due at 2026-03-28 12:55Z -> energy-pipeline run 2026-03-29 --flows ingest,settle_da"
    settle(settings, "settle_da")
    settle(settings, "settle_final", DAY - timedelta(days=40))
    assert look(settings, afternoon - timedelta(minutes=2)).unsettled == []
    (text,) = look(settings, afternoon).unsettled
    assert "settle_final" in text, "a backfill of old days hides nothing"
    settle(settings, "settle_final")
    assert look(settings, afternoon).unsettled == []


def test_each_flow_has_its_deadline_on_the_web_page_where_schedules_run():
    found = freshness.policies(DESK)
    crons = {flow: attrgetter("deadline_cron", "timezone")(policy) for flow, policy in found.items()}
    assert crons == {
        "ingest": ("15 11 * * *", "Europe/Berlin"),
        "decide": ("0 12 * * *", "Europe/Berlin"),
        "operate": ("0 12 * * *", "Europe/Berlin"),
        "settle_da": ("55 13 * * *", "Europe/Berlin"),
        "settle_final": ("30 15 * * *", "Europe/Berlin"),
    }
    for policies in (found, None):
        factory = AssetFactory(DESK, policies)
        (spec,) = factory.table_specs(["positions"], [])
        assert spec.freshness_policy == (policies["decide"] if policies else None)
