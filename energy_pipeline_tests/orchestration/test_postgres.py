"""deploy/dagster.yaml against a real PostgreSQL, started from a wheel and stopped by the test."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import dagster as dg
import pytest

from energy_pipeline.orchestration.event_retention import Forgotten, forget
from energy_pipeline.orchestration.partitions import range_tags
from energy_pipeline_tests import servers
from energy_pipeline_tests.orchestration import small_graph


@pytest.fixture(scope="module")
def variables(tmp_path_factory):
    with servers.postgres(tmp_path_factory.mktemp("pg")) as found:
        yield found


@pytest.fixture
def home(variables, tmp_path, monkeypatch):
    servers.deployed_home(tmp_path)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return tmp_path


def test_a_range_run_is_recorded_in_postgres(home, tmp_path):
    first, last = date(2026, 3, 28), date(2026, 3, 30)
    with dg.DagsterInstance.from_config(str(home)) as instance:
        assert type(instance.event_log_storage).__name__ == "PostgresEventLogStorage"
        storage: Any = instance.event_log_storage
        assert storage.postgres_url.startswith("postgresql+psycopg2://")
        assert not instance.telemetry_enabled
        job = small_graph.definitions(tmp_path / "lake").resolve_job_def("small")
        run_id = job.execute_in_process(instance=instance, tags=range_tags(first, last)).run_id
    with dg.DagsterInstance.from_config(str(home)) as reopened:
        run = reopened.get_run_by_id(run_id)
        assert run is not None
        assert run.is_success
        assert reopened.get_materialized_partitions(dg.AssetKey("var_exceptions")) == {"2026-03-28", "2026-03-29", "2026-03-30"}


def test_retention_on_postgres_keeps_asset_history_and_forgets_the_rest(home, tmp_path):
    key, first, last = dg.AssetKey("var_exceptions"), date(2026, 3, 28), date(2026, 3, 29)
    with dg.DagsterInstance.from_config(str(home)) as instance:
        job = small_graph.definitions(tmp_path / "lake").resolve_job_def("small")
        run_id = job.execute_in_process(instance=instance, tags=range_tags(first, last)).run_id
        before = [r.storage_id for r in instance.fetch_materializations(key, limit=20).records], instance.get_materialized_partitions(key)
        rows = len(instance.all_logs(run_id))
        assert forget(instance, datetime.now(UTC)) == Forgotten()
        found = forget(instance, datetime.now(UTC) + timedelta(days=31))
        assert (found.runs > 0, found.rows > 0) == (True, True)
        assert before == ([r.storage_id for r in instance.fetch_materializations(key, limit=20).records], instance.get_materialized_partitions(key))
        assert 0 < len(instance.all_logs(run_id)) < rows
        assert instance.get_run_by_id(run_id).is_success
