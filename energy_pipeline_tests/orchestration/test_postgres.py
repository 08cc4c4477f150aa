"""deploy/dagster.yaml against a real PostgreSQL, started from a wheel and stopped by the test."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import dagster as dg
import pytest
import sqlalchemy as db
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable, AssetEventTagsTable, AssetKeyTable, SqlEventLogStorageTable
from sqlalchemy import event, text

from energy_pipeline.orchestration import postgres_storage
from energy_pipeline.orchestration.event_retention import Forgotten, forget
from energy_pipeline.orchestration.partitions import range_tags
from energy_pipeline_tests import servers
from energy_pipeline_tests.orchestration import small_graph
from energy_pipeline_tests.orchestration.recorded import check


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
        assert isinstance(instance.event_log_storage, postgres_storage.BatchedPostgresEventLogStorage)
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


def recorded(variables, home, lake, monkeypatch):
    """Every row that a run over days leaves of events, assets, tags and checks, and how many statements it took."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with dg.DagsterInstance.from_config(str(home)) as instance:
        storage: Any = instance.event_log_storage
        asked = []
        event.listen(storage._engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
        job = small_graph.definitions(lake).resolve_job_def("small")
        run_id = job.execute_in_process(instance=instance, tags=range_tags(date(2026, 3, 28), date(2026, 3, 30))).run_id
        for one in (
            *(check(day, None) for day in ("d1", "d2", "")),
            check("d1", True),
            check("", False),
            check("d3", True),
            check("d1", True, run_id=""),
        ):
            storage.store_event(one)
        found = []
        own = ("timestamp", "event", "last_materialization", "storage_id", "create_", "value")  # moments, and what has moments or numbers in it
        with storage.index_connection() as connection:
            for table in (SqlEventLogStorageTable, AssetKeyTable, AssetEventTagsTable, AssetCheckExecutionsTable):
                columns = [c for c in table.c if c.name not in ("id", "event_id") and not any(word in c.name for word in own)]
                rows = connection.execute(db.select(*columns).order_by(*columns)).fetchall()
                found.append([tuple("this" if value == run_id else value for value in row) for row in rows])
        return found, asked


def test_its_rows_are_those_of_dagsters_own_storage_in_fewer_statements(variables, tmp_path, monkeypatch):
    monkeypatch.setenv("DAGSTER_EVENT_BATCH_SIZE", "1000")
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    servers.deployed_home(ours)
    theirs.mkdir()
    text_of = (ours / "dagster.yaml").read_text(encoding="utf-8")
    begin, end = text_of.index("  custom:"), text_of.index("      postgres_db:")
    (theirs / "dagster.yaml").write_text(text_of[:begin] + "  postgres:\n" + text_of[end:], encoding="utf-8")
    found, asked = zip(
        *(recorded(servers.another_database(variables, home.name), home, tmp_path / f"lake-{home.name}", monkeypatch) for home in (ours, theirs)),
        strict=True,
    )
    for mine, own in zip(*found, strict=True):
        assert mine == own
        assert own
    assert not any(sql.startswith("NOTIFY") for sql in asked[0])
    assert len(asked[0]) < 0.7 * len(asked[1]), [len(own) for own in asked]


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


def test_a_run_asks_through_connections_that_stay_open_and_finds_a_database_that_was_away(home, tmp_path, monkeypatch):
    monkeypatch.setattr(postgres_storage, "IDLE_SECONDS", 0.0)
    with dg.DagsterInstance.from_config(str(home)) as instance:
        storage: Any = instance.event_log_storage
        opened = []
        event.listen(storage._engine, "connect", lambda *_: opened.append(1))
        job = small_graph.definitions(tmp_path / "lake").resolve_job_def("small")
        assert job.execute_in_process(instance=instance, partition_key="2026-03-28").success
        assert 1 <= len(opened) <= 3, len(opened)
        with storage.index_connection() as connection:
            assert connection.execute(text("show synchronous_commit")).scalar() == "off"
            connection.execute(text("select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()"))
        assert job.execute_in_process(instance=instance, partition_key="2026-03-29").success
