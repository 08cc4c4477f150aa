"""Dagster's records through open connections: the same records, fewer commits, safe among several processes and after a kill."""

import hashlib
import signal
import subprocess
import sys
import threading
from collections import Counter
from datetime import date
from typing import Any

import dagster as dg
import pytest
import sqlalchemy as db
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable, AssetKeyTable
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage

from energy_pipeline.orchestration.event_storage import MAX_OPEN_RUNS, PooledEventLogStorage, PooledRunStorage
from energy_pipeline.orchestration.partitions import range_tags
from energy_pipeline.runner.instance import open_instance, prepare_home
from energy_pipeline_tests.orchestration import small_graph
from energy_pipeline_tests.orchestration.recorded import check, materialised

FIRST, LAST, KEY = date(2026, 3, 28), date(2026, 3, 30), dg.AssetKey("var_exceptions")
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("DAGSTER_HOME", "elsewhere")
    monkeypatch.setenv("DAGSTER_EVENT_BATCH_SIZE", "1000")
    return tmp_path / "home"


def run(instance, lake):
    job = small_graph.definitions(lake).resolve_job_def("small")
    return job.execute_in_process(instance=instance, run_config=QUIET, tags=range_tags(FIRST, LAST)).run_id


def commits_of(call):
    """Commits of every engine while `call` runs."""
    seen = []

    def count(connection):
        seen.append(connection.engine.url.database)

    db.event.listen(db.Engine, "commit", count)
    try:
        call()
    finally:
        db.event.remove(db.Engine, "commit", count)
    return Counter(path.rsplit("/", 1)[-1] for path in seen)


def test_the_home_uses_it_for_runs_and_events(home):
    with open_instance(home) as instance:
        assert isinstance(instance.event_log_storage, PooledEventLogStorage)
        assert isinstance(instance.run_storage, PooledRunStorage)


def test_a_batch_is_one_transaction_of_the_run_and_one_of_the_index(tmp_path):
    storage = PooledEventLogStorage(str(tmp_path))
    storage.store_event_batch(materialised("a", 0, 1))  # the file is made
    storage.has_table("asset_event_tags")
    assert commits_of(lambda: storage.store_event_batch(materialised("a", 1, 200))) == {"a.db": 1, "index.db": 1}
    storage.dispose()


def test_it_records_what_dagsters_own_storage_records(tmp_path, home):
    own = tmp_path / "own"
    own.mkdir()
    (own / "dagster.yaml").write_text("telemetry: {enabled: false}\n", encoding="utf-8")
    found = {}
    for name, place in (("own", own), ("pooled", home)):
        with open_instance(place) as instance:
            run_id = run(instance, tmp_path / name)
            events = Counter(entry.dagster_event.event_type_value for entry in instance.all_logs(run_id))
            index: Any = instance.event_log_storage
            with index.index_connection() as connection:
                columns = AssetKeyTable.c
                rows = connection.execute(db.select(columns.asset_key, columns.last_run_id, columns.last_materialization_timestamp)).fetchall()
            assert [(row[0], row[1] == run_id, row[2] is not None) for row in rows] == [('["var_exceptions"]', True, True)]
            last = instance.get_latest_materialization_event(KEY)
            numbers = last.asset_materialization.metadata["dagster/partition_row_count"].value
            found[name] = events, instance.get_materialized_partitions(KEY), last.dagster_event.partition, numbers
    assert found["pooled"] == found["own"]


def test_rows_of_checks_are_dagsters_own(tmp_path):
    events = [*(check(day, None) for day in ("d1", "d2", "")), check("d1", True), check("", False), check("d3", True), check("d1", True, run_id="")]
    found = []
    for kind in (SqliteEventLogStorage, PooledEventLogStorage):
        storage = kind(str(tmp_path / kind.__name__))
        for event in events:
            storage.store_event(event)
        with storage.index_connection() as connection:
            columns = [column for column in AssetCheckExecutionsTable.c if column.name not in ("id", "create_timestamp")]
            found.append(connection.execute(db.select(*columns)).fetchall())
        storage.dispose()
    own, pooled = found
    assert [tuple(row) for row in pooled] == [tuple(row) for row in own]
    assert len(own) == 5


def asked(storage):
    """Dagster's questions about every asset of the small graph, and what is answered."""
    keys = sorted(storage.all_asset_keys())
    days = [str(FIRST), str(LAST)]
    records = {record.asset_entry.asset_key: record for record in storage.get_asset_records(keys)}
    tags = [storage.get_latest_tags_by_partition(key, dg.DagsterEventType.ASSET_MATERIALIZATION, ["dagster/data_version"], days) for key in keys]
    newest = [storage.fetch_materializations(dg.AssetRecordsFilter(asset_key=key, asset_partitions=[day]), 1) for key in keys for day in days]
    entries = [(r.asset_entry.last_materialization_record.storage_id, r.asset_entry.last_run_id, r.storage_id) for r in map(records.get, keys)]
    return keys, entries, tags, [[(r.storage_id, r.run_id, r.timestamp) for r in found.records] for found in newest]


def test_what_it_remembers_of_assets_is_what_the_index_says_whoever_wrote_it(tmp_path, home, monkeypatch):
    with open_instance(home) as instance, open_instance(home) as other:
        storage = instance.event_log_storage
        run(instance, tmp_path / "a")
        asked(storage)
        run(instance, tmp_path / "b")
        assert asked(storage) == asked(PooledEventLogStorage(str(home / "history" / "runs")))
        run(other, tmp_path / "c")
        assert asked(storage) == asked(PooledEventLogStorage(str(home / "history" / "runs")))
        asks, honest = [], SqliteEventLogStorage.get_latest_tags_by_partition
        monkeypatch.setattr(SqliteEventLogStorage, "get_latest_tags_by_partition", lambda *given: asks.append(given) or honest(*given))
        run(instance, tmp_path / "d")
        assert asks == []  # what it wrote itself it need not ask for
        other.event_log_storage.wipe_asset(KEY)
        assert storage.get_asset_records([KEY]) == []


def test_dagsters_own_storage_reads_what_it_wrote(tmp_path, home):
    with open_instance(home) as instance:
        run_id = run(instance, tmp_path / "lake")
        count = len(instance.all_logs(run_id))
    own = SqliteEventLogStorage(str(home / "history" / "runs"))
    assert len(own.get_logs_for_run(run_id)) == count


def test_files_of_finished_runs_are_closed_and_a_reader_holds_few(tmp_path, home):
    with open_instance(home) as instance:
        runs = [run(instance, tmp_path / "lake") for _ in range(2)]
        storage: Any = instance.event_log_storage
        assert storage.open_files == 1
        for number in range(MAX_OPEN_RUNS + 3):
            storage.store_event_batch(materialised(f"run{number}", 0, 2))
        assert storage.open_files == MAX_OPEN_RUNS + 1
        assert all(instance.all_logs(run_id) for run_id in runs)
        assert storage.open_files == MAX_OPEN_RUNS + 1
    assert storage.open_files == 0


def test_a_run_without_a_file_has_no_events_and_gets_no_file(tmp_path):
    storage = PooledEventLogStorage(str(tmp_path))
    assert storage.get_logs_for_run("gone") == []
    assert not (tmp_path / "gone.db").exists()
    storage.store_event_batch(materialised("a", 0, 3))
    storage.drop_run("a")
    assert storage.get_logs_for_run("a") == []
    assert sorted(path.name for path in tmp_path.glob("a.db*")) == []
    storage.dispose()


def test_a_file_deleted_by_another_process_is_opened_anew(tmp_path):
    storage = PooledEventLogStorage(str(tmp_path))
    storage.store_event_batch(materialised("a", 0, 3))
    for path in tmp_path.glob("a.db*"):
        path.unlink()
    storage.store_event_batch(materialised("a", 3, 5))
    assert len(storage.get_logs_for_run("a")) == 2
    storage.dispose()


WRITER = """
import sys
from energy_pipeline.orchestration.event_storage import PooledEventLogStorage
from energy_pipeline_tests.orchestration.recorded import materialised
storage, run, stop = PooledEventLogStorage(sys.argv[1]), sys.argv[2], int(sys.argv[3])
print("ready", flush=True)
for number in range(0, stop, 5):
    storage.store_event_batch(materialised(run, number, number + 5))
    print(number + 5, flush=True)
"""


def writer(folder, run_id, stop):
    return subprocess.Popen([sys.executable, "-c", WRITER, str(folder), run_id, str(stop)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_after_a_kill_in_the_middle_the_next_process_reads_and_writes_on(tmp_path):
    PooledEventLogStorage(str(tmp_path)).dispose()
    process = writer(tmp_path, "killed", 10**9)
    told = 0
    while told < 100:
        line = process.stdout.readline().strip()
        told = int(line) if line.isdigit() else told
    process.send_signal(signal.SIGKILL)
    process.communicate()
    storage = PooledEventLogStorage(str(tmp_path))
    kept = len(storage.get_logs_for_run("killed"))
    assert kept >= told  # what was told as stored is there
    assert kept % 5 == 0  # a batch is there as a whole or not at all
    storage.store_event_batch(materialised("killed", kept, kept + 5))
    assert len(storage.get_logs_for_run("killed")) == kept + 5
    assert len(storage.get_materialized_partitions(dg.AssetKey("table"))) in (kept + 5, kept)  # the index is at most the last batch behind
    storage.dispose()


def test_two_processes_write_the_same_index_at_once(tmp_path):
    storage = PooledEventLogStorage(str(tmp_path))
    both = [writer(tmp_path, run_id, 300) for run_id in ("one", "two")]
    while any(process.poll() is None for process in both):  # a third one reads all the while
        storage.get_materialized_partitions(dg.AssetKey("table"))
    said = [process.communicate()[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert "locked" not in "".join(said)
    with storage.index_connection() as connection:
        assert connection.execute(db.text("select count(*) from event_logs")).scalar() == 600
    assert [len(storage.get_logs_for_run(run_id)) for run_id in ("one", "two")] == [300, 300]
    storage.dispose()


def test_threads_share_a_storage(tmp_path):
    storage = PooledEventLogStorage(str(tmp_path))
    failures = []

    def work(name):
        try:
            for number in range(0, 60, 3):
                storage.store_event_batch(materialised(name, number, number + 3))
                storage.get_logs_for_run(name)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(f"thread{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert [len(storage.get_logs_for_run(f"thread{number}")) for number in range(4)] == [60] * 4
    storage.dispose()


def test_a_watcher_hears_of_events_before_the_writer_closes(tmp_path):
    storage, reader = PooledEventLogStorage(str(tmp_path)), PooledEventLogStorage(str(tmp_path))
    storage.store_event_batch(materialised("a", 0, 1))
    heard = threading.Event()
    reader.watch("a", None, lambda _entry, _cursor: heard.set())
    storage.store_event_batch(materialised("a", 1, 2))
    assert heard.wait(timeout=60)
    reader.dispose()
    storage.dispose()


def test_a_home_that_still_has_an_earlier_template_gets_the_present_one(tmp_path, home, monkeypatch):
    from energy_pipeline.runner import instance as module

    home.mkdir()
    (home / "dagster.yaml").write_text("telemetry:\n  enabled: false\n", encoding="utf-8")
    digest = hashlib.sha256((home / "dagster.yaml").read_bytes()).hexdigest()
    monkeypatch.setattr(module, "SHIPPED_BEFORE", frozenset({digest}))
    prepare_home(home)
    assert (home / "dagster.yaml").read_bytes() == module.TEMPLATE.read_bytes()
