"""A day leads to what it was made from: code, data as the cut saw it, fitted models, raw answers."""

from datetime import UTC, date, datetime, timedelta

import pytest

from energy_pipeline.cli import report
from energy_pipeline.cli.pages import report_path
from energy_pipeline.contracts import table
from energy_pipeline.domain.errors import MissingDayError
from energy_pipeline.fetching.archive import AnswerArchive
from energy_pipeline.ingestion.connectors.contract import Answer, Request
from energy_pipeline.lake import Lake
from energy_pipeline.runner.provenance import trace
from energy_pipeline.settings import Settings
from energy_pipeline_tests.contracts.legal_frames import legal_rows
from energy_pipeline_tests.integration.lakes import TINY

DAY = date(2026, 3, 29)


def test_a_decided_day_leads_to_code_data_and_models(recorded_day):
    lake = recorded_day[0].runtime.lake
    found = trace(lake, DAY)
    (decided,) = [row for row in found.runs if row["run_flow"] == "decide"]
    assert decided["code_version"]
    assert decided["run_id"] == recorded_day[1]["decide"].run_id
    cut = lake.read("information_set", DAY, DAY)
    assert sum(series.rows for series in found.series) == cut["rows"].sum()
    assert all(series.last_known_at <= found.decision_time for series in found.series)
    assert {a.model for a in found.artefacts} == {"lear_56", "xgboost"}
    assert all(a.is_there for a in found.artefacts)
    day, content = found.vintages["day_ahead_prices"][-1].split("/")
    assert lake.storage.exists(f"01_ingestion/day_ahead_prices/date={day}/{content}.parquet")


def test_raw_answers_that_the_decision_could_know_are_named(tmp_path):
    lake, cut = Lake(tmp_path), datetime(2026, 3, 28, 10, 15, tzinfo=UTC)
    row = {"delivery_day": DAY, "raw_table": "load_forecast", "series": "zone=NORTH", "decision_time": cut, "last_known_at": cut}
    lake.write_day("information_set", DAY, legal_rows(table("information_set"), [row]))
    archive, day = AnswerArchive(lake.storage), datetime(2026, 3, 29, tzinfo=UTC)
    moments = {
        "known": (day, cut),
        "too late": (day, cut + timedelta(minutes=1)),
        "of another day": (day - timedelta(days=9), cut - timedelta(minutes=1)),
    }
    kept = {}
    for name, (start, received) in moments.items():
        request = Request("source", "load", (("area", "NORTH"),), start, start + timedelta(days=1), "host", "/path", ())
        kept[name] = archive.keep(Answer(request, received, 200, (), name.encode()))
    assert trace(lake, DAY).answers == [kept["known"]]


def test_a_day_that_is_not_decided_leads_nowhere(tmp_path):
    with pytest.raises(MissingDayError, match="information_set"):
        trace(Lake(tmp_path), DAY)


def test_the_page_as_of_an_instant_is_found_beside_the_desks_own(tmp_path, capsys):
    settings = Settings(desk=TINY, lake=tmp_path)
    Lake(tmp_path / "as_of" / "20260328T090000Z").write_file("report", DAY, "report.html", b"<p>page</p>")
    found = report._decided_as_of(settings, DAY, "2026-03-28T10:00+01:00")
    assert report_path(found, DAY) == str(tmp_path / "as_of/20260328T090000Z/10_reporting/report/date=2026-03-29/report.html")
    assert "as of 2026-03-28 09:00Z" in capsys.readouterr().out
