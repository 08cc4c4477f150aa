"""What a day leaves in Dagster: few rows, marts once, checks per day, and what retention keeps. Counted, not timed."""

from datetime import UTC, date, datetime, timedelta

import dagster as dg
import pytest

from energy_pipeline.domain.errors import PipelineError, RangeError
from energy_pipeline.orchestration.event_retention import Forgotten, forget
from energy_pipeline.orchestration.outcome import Outcome
from energy_pipeline.runner.flows import FLOWS, FlowResult
from energy_pipeline.runner.instance import open_instance
from energy_pipeline.runner.spans import run_span
from energy_pipeline_tests.orchestration import empty_steps

DAY, NEXT = date(2026, 3, 28), date(2026, 3, 29)
MART = dg.AssetKey(["marts", "pnl"])
ROWS_PER_ASSET_AND_DAY = 9


def rows_of(instance):
    return sum(len(instance.all_logs(run.run_id)) for run in instance.get_runs())


def check_rows(instance, asset, name):
    key = dg.AssetCheckKey(dg.AssetKey(asset), name)
    records = instance.event_log_storage.get_asset_check_execution_history(key, limit=100)
    return {record.partition: record.status.value for record in records}


@pytest.fixture
def instance():
    with dg.DagsterInstance.ephemeral() as found:
        yield found


def test_a_day_through_all_flows_leaves_few_rows_and_every_mart_once(instance, tmp_path, monkeypatch):
    published = empty_steps.empty(monkeypatch)
    runner = empty_steps.runner(instance, tmp_path)
    result = run_span(runner, FLOWS, DAY, DAY)
    assert (result.errors, result.failed_checks) == ([], [])
    assets = runner.definitions.resolve_job_def("day").asset_layer.executable_asset_keys
    assert rows_of(instance) <= ROWS_PER_ASSET_AND_DAY * len(assets)
    assert len(instance.fetch_materializations(MART, limit=10).records) == 1
    assert published == [[DAY]]
    assert instance.get_runs_count() == 1


def test_one_by_one_every_flow_publishes_and_the_last_records_the_marts(instance, tmp_path, monkeypatch):
    published = empty_steps.empty(monkeypatch)
    morning = empty_steps.runner(instance, tmp_path, now=lambda: datetime(2026, 3, 27, 10, tzinfo=UTC))
    assert run_span(morning, ("ingest", "decide"), DAY, DAY).errors == []
    assert published == [[DAY], [DAY]]
    (mart,) = instance.fetch_materializations(MART, limit=10).records
    assert instance.get_run_by_id(mart.run_id).job_name == "decide"
    assert run_span(morning, ("settle_da", "settle_final"), DAY, DAY).errors == []
    assert len(published) == 4
    assert [instance.get_run_by_id(r.run_id).job_name for r in instance.fetch_materializations(MART, limit=10).records] == ["settle_final", "decide"]


def test_checks_of_a_range_are_recorded_per_day_and_nothing_stays_planned(instance, tmp_path, monkeypatch):
    empty_steps.empty(monkeypatch, Outcome([NEXT], ["planted"]))
    runner = empty_steps.runner(instance, tmp_path)
    result = runner.run("settle_da", DAY, NEXT)
    assert result.success
    assert "pnl_day_ahead: expectations" in result.failed_checks
    assert check_rows(instance, "pnl_day_ahead", "expectations") == {"2026-03-28": "SUCCEEDED", "2026-03-29": "FAILED", None: "FAILED"}
    assert instance.get_materialized_partitions(dg.AssetKey("pnl_day_ahead")) == {"2026-03-28", "2026-03-29"}


def test_a_check_of_one_day_carries_the_day(instance, tmp_path, monkeypatch):
    empty_steps.empty(monkeypatch)
    empty_steps.runner(instance, tmp_path).run("settle_da", DAY).raise_if_failed()
    assert check_rows(instance, "pnl_day_ahead", "expectations") == {"2026-03-28": "SUCCEEDED"}


def test_retention_keeps_asset_history_partition_status_and_checks(tmp_path, monkeypatch):
    empty_steps.empty(monkeypatch)
    monkeypatch.setenv("DAGSTER_HOME", "elsewhere")
    key = dg.AssetKey("pnl_day_ahead")

    def history(found):
        records = found.fetch_materializations(key, limit=10).records
        kept = [(r.partition_key, r.run_id, r.storage_id) for r in records]
        return kept, found.get_materialized_partitions(key), check_rows(found, "pnl_day_ahead", "expectations"), found.get_runs_count()

    with open_instance(tmp_path / "home") as instance:
        runner = empty_steps.runner(instance, tmp_path)
        old = runner.run("settle_da", DAY, NEXT).raise_if_failed().run_id
        young = runner.run("settle_da", NEXT).raise_if_failed().run_id
        before, files = history(instance), len(instance.all_logs(young))
        assert forget(instance, datetime.now(UTC)) == Forgotten()  # nothing is old
        found = forget(instance, datetime.now(UTC), keep_runs=1)
        assert (found.runs, found.rows > 0) == (1, True)
        assert history(instance) == before
        assert (instance.all_logs(old), len(instance.all_logs(young))) == ([], files)
        assert not (tmp_path / "home" / "history" / "runs" / f"{old}.db").exists()
        assert instance.get_latest_materialization_event(key).run_id == young
        assert forget(instance, datetime.now(UTC) + timedelta(days=31)).runs == 2
    with open_instance(tmp_path / "home") as again:
        assert history(again) == before


class OneBadDay:
    """Stands in for a runner: one day fails when settled."""

    def __init__(self):
        self.runs = []

    def ensure_history(self, *_days, **_listener):
        return False

    def is_over(self, _day):
        return True

    def run_over(self, first, last, **_listener):
        return self._result("day", first, last, first <= NEXT <= last)

    def run(self, flow, first, last, **_given):
        return self._result(flow, first, last, flow == "settle_da" and first <= NEXT <= last)

    def _result(self, name, first, last, hit):
        self.runs.append((name, first.day, last.day))
        errors = [("pnl_day_ahead", RangeError("pnl_day_ahead", {NEXT: PipelineError("planted")}))] if hit else []
        return FlowResult(name, first, last, "id", not hit, errors)


def test_of_days_that_are_over_a_bad_one_still_gets_what_comes_before_its_failure():
    runner = OneBadDay()
    result = run_span(runner, FLOWS, DAY, date(2026, 3, 30))
    assert result.failed_days == {NEXT}
    assert len(result.errors) == 1
    assert runner.runs == [("day", 28, 30), ("day", 28, 28), ("day", 30, 30), ("ingest", 29, 29), ("decide", 29, 29), ("settle_da", 29, 29)]
