"""A failed run is told with its days, its steps, the error's own words and the next step."""

import subprocess
from datetime import date

import dagster as dg
import pytest

from energy_pipeline.orchestration.alarms import alarms, alert_of, dead_runs, deadline
from energy_pipeline.orchestration.partitions import range_tags
from energy_pipeline.orchestration.processes import PROCESS_TAG, own_tags
from energy_pipeline.orchestration.resources import DeskRuntime
from energy_pipeline.settings import Settings
from energy_pipeline_tests.integration.lakes import TINY
from energy_pipeline_tests.orchestration import small_graph

FIRST, BAD = date(2026, 3, 28), date(2026, 3, 29)


@pytest.mark.parametrize(
    ("tags", "key", "days", "step"),
    [
        (range_tags(FIRST, BAD), None, "2026-03-28 .. 2026-03-29", "energy-pipeline backfill 2026-03-28 2026-03-29"),
        ({}, "2026-03-29", "2026-03-29", "energy-pipeline run 2026-03-29"),
    ],
)
def test_what_a_failed_run_tells(tmp_path, tags, key, days, step):
    with dg.DagsterInstance.ephemeral() as instance:
        job = small_graph.definitions(tmp_path, {BAD}).resolve_job_def("small")
        result = job.execute_in_process(instance=instance, tags=tags, partition_key=key, raise_on_error=False)
        event = next(e for e in result.all_events if e.is_run_failure)
        context = dg.build_run_status_sensor_context("tell", event, instance, result.dagster_run).for_run_failure()
        alert = alert_of(context)
    assert (alert.day, alert.table, alert.next_step) == (days, "var_exceptions", step)
    assert alert.subject == f"small failed for {days}"
    assert "table var_exceptions, day 2026-03-29: planted" in alert.detail
    assert "Traceback" not in alert.detail


def test_a_run_without_a_process_is_failed_by_the_daemon(tmp_path):
    job = small_graph.definitions(tmp_path).resolve_job_def("small")
    with dg.DagsterInstance.ephemeral() as instance:
        tags = own_tags() | {PROCESS_TAG: "999999999 1"}
        run = instance.create_run_for_job(job, tags=tags, status=dg.DagsterRunStatus.STARTED)
        said = dead_runs(dg.build_sensor_context(instance=instance))
        assert run.run_id in said.skip_message
        assert instance.get_run_by_id(run.run_id).status == dg.DagsterRunStatus.FAILURE


def test_failed_runs_are_told_where_the_settings_say_whom():
    assert [s.name for s in alarms(Settings())] == ["dead_runs"]
    assert [s.name for s in alarms(Settings(alert_mail="smtp://mail/?from=a&to=b"))] == ["dead_runs", "tell_failed_runs"]


@pytest.mark.parametrize("code", [0, 1])
def test_the_schedule_of_the_deadline_asks_the_command_line_for_its_day_and_fails_when_that_does(monkeypatch, tmp_path, code):
    asked = []

    def run(command, **_more):
        asked.append(command[1:])
        return subprocess.CompletedProcess(command, code, stdout="2026-03-29 is not decided", stderr="")

    monkeypatch.setattr(subprocess, "run", run)
    settings = Settings(desk=TINY, lake=tmp_path)
    config = {"ops": {"keep_deadline": {"config": {"day": "2026-03-29"}}}}
    runtime = DeskRuntime(settings)
    result = deadline.execute_in_process(run_config=config, resources={"runtime": runtime}, raise_on_error=False)
    assert asked == [["-m", "energy_pipeline.cli", "deadline", "2026-03-29", "--desk", str(TINY), "--lake", str(tmp_path)]]
    assert result.success is (code == 0)
    if code:
        (failed,) = [e for e in result.all_events if e.is_step_failure]
        assert "2026-03-29 is not decided" in failed.step_failure_data.user_failure_data.description
