"""The command line: mistakes are plain messages and exit code 1."""

from datetime import UTC, date, datetime

import pytest
import yaml
from typer.testing import CliRunner

from energy_pipeline.cli.flows import flows_of, instant
from energy_pipeline.cli.main import app
from energy_pipeline.contracts import table
from energy_pipeline.desk.templates import TEMPLATES
from energy_pipeline.lake import Lake
from energy_pipeline.lake.unfinished import Unfinished
from energy_pipeline.orchestration.code_version import code_version
from energy_pipeline_tests.contracts.legal_frames import legal_day
from energy_pipeline_tests.integration.lakes import TINY


@pytest.fixture
def call(tmp_path, monkeypatch):
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "dagster"))
    return lambda *arguments: CliRunner().invoke(app, [*arguments, "--lake", str(tmp_path / "lake")])


def test_a_missing_desk_file(call):
    found = call("run", "2026-03-29", "--desk", "nowhere.yaml")
    assert found.exit_code == 1
    assert "nowhere.yaml" in found.output
    assert "Traceback" not in found.output


def test_a_wrong_desk_file_tells_every_mistake(call, tmp_path):
    wrong = TINY.read_text(encoding="utf-8").replace('decision_at: "11:15"', 'decision_at: "25:99"').replace("paths: 60", "paths: 6")
    (tmp_path / "wrong.yaml").write_text(wrong, encoding="utf-8")
    found = call("doctor", "--desk", str(tmp_path / "wrong.yaml"))
    assert found.exit_code == 1
    assert "decision_at" in found.output
    assert "scenarios.paths" in found.output


def test_settling_what_was_never_decided(call):
    found = call("settle", "2026-03-29", "--desk", str(TINY))
    assert found.exit_code == 1
    assert "2026-03-29" in found.output
    assert "Traceback" not in found.output


def test_a_report_that_is_not_there(call):
    found = call("report", "2026-03-29", "--desk", str(TINY))
    assert found.exit_code == 1
    assert "energy-pipeline run 2026-03-29" in found.output


def test_the_doctor_is_content_with_the_tiny_desk(call):
    found = call("doctor", "--desk", str(TINY))
    assert found.exit_code == 0, found.output


def test_the_doctor_and_the_page_name_a_day_that_a_run_did_not_get_through(call, tmp_path):
    lake, day = Lake(tmp_path / "lake"), date(2026, 3, 29)
    lake.write_file("report", day, "report.html", b"<p>page</p>")
    lake.unfinished().mark(Unfinished(day, "decide", "0123456789", datetime(2026, 3, 28, 10, tzinfo=UTC), ("positions", "limits")))
    for command in (("doctor",), ("report", str(day))):
        found = call(*command, "--desk", str(TINY))
        said = " ".join(found.output.replace("│", " ").split())
        assert "2026-03-29, decide: run 01234567 began at 2026-03-28 10:00Z and is not through" in said
        assert found.exit_code == (1 if command == ("doctor",) else 0)


def test_what_is_traded_by_is_refused_for_a_day_of_two_runs_and_what_is_read_says_so(call, tmp_path):
    lake, day = Lake(tmp_path / "lake"), date(2026, 3, 29)
    for name in ("positions", "nomination_lines", "information_set"):
        lake.write_day(name, day, legal_day(table(name), day, 3))
    lake.unfinished().mark(Unfinished(day, "decide", "0123456789", datetime(2026, 3, 28, 10, tzinfo=UTC), ("positions", "limits")))
    refused = (("book", "bids", str(day), "--to", str(tmp_path / "bids")), ("risk", "what-if", "add 5 MW base NORTH"), ("delta", str(day)))
    told = (("risk", "factors"), ("report", str(day), "--sources"), ("index",), ("export",))
    for command in (*refused, *told):
        found = call(*command, *(("--desk", str(TINY)) if command[:2] != ("risk", "factors") else ()))
        said = " ".join(found.output.split())
        assert "run 01234567 began at 2026-03-28 10:00Z and is not through" in said, command
        assert "UnfinishedDayError" in said or command in told, command
    assert not (tmp_path / "bids").exists()


def test_backfill_wants_its_days_in_order(call):
    assert call("backfill", "2026-03-30", "2026-03-29", "--desk", str(TINY)).exit_code == 2


@pytest.mark.parametrize(("day", "told"), [("2000-01-01", "before the desk's first_delivery_day 2024-01-01"), ("2199-01-01", "after tomorrow")])
def test_a_day_outside_the_calendar_is_told_plainly(call, day, told):
    found = call("run", day, "--desk", str(TINY))
    assert found.exit_code == 1
    assert told in " ".join(found.output.split())
    assert "Traceback" not in found.output


def test_flows_come_in_the_order_of_the_day():
    assert flows_of("settle_da, ingest") == ["ingest", "settle_da"]


def test_an_instant_without_an_offset_is_utc():
    assert instant("2026-03-28T10:15").isoformat() == "2026-03-28T10:15:00+00:00"
    assert instant("2026-03-28T10:15+01:00").isoformat() == "2026-03-28T10:15:00+01:00"


def test_the_templates_are_listed_and_printed_for_a_zone():
    listed = CliRunner().invoke(app, ["desk", "template"])
    assert listed.exit_code == 0, listed.output
    assert [line.split()[0] for line in listed.output.splitlines()] == list(TEMPLATES)
    printed = CliRunner().invoke(app, ["desk", "template", "rec_arbitrage", "--zone", "SOUTH", "--plant", "valley_solar"])
    assert yaml.safe_load(printed.output)["rights"]["rec_generation"]["zone"] == "SOUTH"
    assert "ZONE" not in printed.output
    assert "PLANT" not in printed.output


def test_a_template_that_is_not_there_names_those_that_are():
    found = CliRunner().invoke(app, ["desk", "template", "hydro"])
    assert found.exit_code == 1
    assert "grid_services" in found.output


def test_the_schema_is_printed_and_written_alike(tmp_path):
    target = tmp_path / "a" / "desk.schema.json"
    assert CliRunner().invoke(app, ["desk", "schema", "--to", str(target)]).exit_code == 0
    assert target.read_text(encoding="utf-8") == CliRunner().invoke(app, ["desk", "schema"]).output


def test_the_version_is_printed_and_nothing_is_run():
    found = CliRunner().invoke(app, ["--version"])
    assert found.exit_code == 0
    assert found.output.strip() == code_version()
