"""Dagster's home on a laptop: made once, quiet, usable by two processes at once from the first moment."""

import sqlite3
import subprocess
import sys
from datetime import date
from pathlib import Path

import dagster as dg
import pytest
from sqlalchemy.exc import OperationalError

from energy_pipeline.orchestration.partitions import range_tags
from energy_pipeline.orchestration.processes import HOST_TAG, PROCESS_TAG, own_tags
from energy_pipeline.runner.instance import RecordsError, home_of, open_instance, prepare_home
from energy_pipeline_tests.orchestration import small_graph


def test_a_fresh_home_sends_nothing_and_keeps_runs(tmp_path, monkeypatch):
    monkeypatch.setenv("DAGSTER_HOME", "elsewhere")
    home = tmp_path / "home"
    with open_instance(home) as instance:
        assert not instance.telemetry_enabled
        assert not instance.nux_enabled
        job = small_graph.definitions(tmp_path / "lake").resolve_job_def("small")
        assert job.execute_in_process(instance=instance, tags=range_tags(date(2026, 3, 28), date(2026, 3, 29))).success
    with open_instance(home) as again:
        assert again.get_runs_count() == 1
        assert again.get_materialized_partitions(dg.AssetKey("var_exceptions")) == {"2026-03-28", "2026-03-29"}


def test_the_users_configuration_is_left_alone(tmp_path, monkeypatch):
    monkeypatch.setenv("DAGSTER_HOME", "elsewhere")
    (tmp_path / "dagster.yaml").write_text("telemetry: {enabled: false}\n", encoding="utf-8")
    prepare_home(tmp_path)
    assert (tmp_path / "dagster.yaml").read_text(encoding="utf-8") == "telemetry: {enabled: false}\n"


def test_home_is_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert home_of({}) == tmp_path / ".dagster"
    assert home_of({"DAGSTER_HOME": "there"}) == tmp_path / "there"


def test_two_processes_open_a_fresh_home_at_once(tmp_path):
    program = (
        "import sys; from pathlib import Path; from energy_pipeline.runner.instance import open_instance\n"
        "with open_instance(Path(sys.argv[1])) as instance: print(instance.get_runs_count())"
    )
    both = [subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [process.communicate(timeout=600)[0].strip() for process in both] == ["0", "0"]


def test_killed_runs_of_this_host_are_marked_failed_by_the_next_command(tmp_path, monkeypatch):
    monkeypatch.setenv("DAGSTER_HOME", "elsewhere")
    job = small_graph.definitions(tmp_path / "lake").resolve_job_def("small")
    with subprocess.Popen([sys.executable, "-c", "pass"]) as gone:
        gone.wait(600)
    started = {"status": dg.DagsterRunStatus.STARTED}
    killed, elsewhere = own_tags() | {PROCESS_TAG: f"{gone.pid} 1"}, {HOST_TAG: "another", PROCESS_TAG: f"{gone.pid} 1"}
    with open_instance(tmp_path / "home") as instance:
        first = instance.create_run_for_job(job, tags=killed, **started)
        others = [instance.create_run_for_job(job, tags=tags, **started).run_id for tags in (own_tags(), elsewhere, {})]
        retry = instance.create_run_for_job(job, tags=killed, parent_run_id=first.run_id, root_run_id=first.run_id, **started)
    with open_instance(tmp_path / "home") as instance:
        assert instance.get_run_by_id(first.run_id).status == dg.DagsterRunStatus.FAILURE
        assert {instance.get_run_by_id(run).status for run in (*others, retry.run_id)} == {dg.DagsterRunStatus.STARTED}
        records = instance.all_logs(first.run_id, of_type=dg.DagsterEventType.RUN_FAILURE)
        assert "ended without a word" in records[0].dagster_event.message + str(records[0].user_message)


def test_a_database_that_does_not_answer_is_one_sentence_without_the_password(tmp_path, monkeypatch):
    monkeypatch.setenv("DAGSTER_HOME", "elsewhere")
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    (tmp_path / "dagster.yaml").write_text((Path(__file__).parents[2] / "deploy" / "dagster.yaml").read_text())
    for name, value in {"HOST": "127.0.0.1", "PORT": "1", "USER": "desk", "PASSWORD": "never-told", "DB": "dagster"}.items():
        monkeypatch.setenv(f"DAGSTER_PG_{name}", value)
    with pytest.raises(RecordsError) as told, open_instance(tmp_path):
        pass
    assert "Connection refused -> start the database" in str(told.value)
    assert len(str(told.value).splitlines()) == 1
    assert "never-told" not in str(told.value)


def test_a_database_that_goes_away_in_the_middle_is_told_too(tmp_path, monkeypatch):
    monkeypatch.setenv("DAGSTER_HOME", "elsewhere")
    with pytest.raises(RecordsError, match="disk is full -> "), open_instance(tmp_path):
        raise OperationalError("insert", {}, sqlite3.OperationalError("database or disk is full"))
