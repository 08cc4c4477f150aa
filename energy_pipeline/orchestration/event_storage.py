"""Dagster's records in SQLite with connections that stay open and batches that are one transaction.

What belongs here: the storage classes the local instance names in its `dagster.yaml`. What
does not: retention (`event_retention`), PostgreSQL (Dagster's own storage), what is recorded.

Dagster's own classes make an engine, open a file, commit with a wait for the disk and close
it again for every event, and once more for its copy in the index. These keep one open
connection per file, write a batch of events in one transaction per file, and let SQLite
wait for the disk at checkpoints only (`synchronous=NORMAL`): in WAL mode a killed process
loses nothing by that, and a power cut at most the last events, never the file.

Files, tables and rows are Dagster's own, so either class reads what the other wrote.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as db
from dagster import DagsterEventType
from dagster._core.events import ASSET_CHECK_EVENTS, ASSET_EVENTS, EVENT_TYPE_TO_PIPELINE_RUN_STATUS
from dagster._core.storage.dagster_run import FINISHED_STATUSES
from dagster._core.storage.event_log.schema import SqlEventLogStorageMetadata, SqlEventLogStorageTable
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME, SqliteEventLogStorageWatchdog
from dagster._core.storage.runs.sqlite.sqlite_run_storage import SqliteRunStorage
from dagster._core.storage.schedules.sqlite.sqlite_schedule_storage import SqliteScheduleStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from sqlalchemy.pool import QueuePool, StaticPool
from watchdog.observers import Observer

from energy_pipeline.orchestration import event_index
from energy_pipeline.orchestration.event_memory import AssetMemory, RemembersAssets

if TYPE_CHECKING:
    from dagster import EventLogEntry
    from dagster._core.event_api import EventHandlerFn
    from dagster._serdes import ConfigurableClassData
    from sqlalchemy.engine.interfaces import DBAPIConnection
    from watchdog.events import FileSystemEvent

MAX_OPEN_RUNS = 8
"""Run files held open at once; the one used longest ago is closed first. A web page looks at few runs at a time."""

EVENTS_PER_BATCH = 1000
"""What `DAGSTER_EVENT_BATCH_SIZE` should be: a range of 30 days plans some thousands of events at once."""

_inherited: list[db.Engine] = []
"""Engines of the parent of a forked process: never used, and never closed (that would touch the parent's files)."""


def open_engine(url: str, pool: type[db.Pool], **arguments: int) -> db.Engine:
    """An engine whose connections wait for other writers, and for the disk at checkpoints only."""
    engine = db.create_engine(url, poolclass=pool, connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS, "check_same_thread": False}, **arguments)
    db.event.listen(engine, "connect", _settle)
    return engine


def _settle(connection: DBAPIConnection, _record: object) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.close()


class OpenShards:
    """Engines by file path: at most `limit` of them besides the index, each still the file at its path.

    Not for several threads at once: the storage holds its lock around every use.
    """

    def __init__(self, limit: int = MAX_OPEN_RUNS) -> None:
        self._limit = limit
        self._open: OrderedDict[str, tuple[tuple[int, int], db.Engine]] = OrderedDict()
        self._process = os.getpid()

    def get(self, path: str) -> db.Engine | None:
        """The open engine of a file; None when it is not open, or the file was deleted or replaced since."""
        if self._process != os.getpid():
            _inherited.extend(engine for _, engine in self._open.values())
            self._open, self._process = OrderedDict(), os.getpid()
        held = self._open.get(path)
        if held is None:
            return None
        if _identity(path) != held[0]:
            self.close(path)
            return None
        self._open.move_to_end(path)
        return held[1]

    def put(self, path: str, engine: db.Engine) -> None:
        """Keep an engine, and close the one used longest ago when there are too many."""
        identity = _identity(path)
        if identity is None:
            raise FileNotFoundError(path)
        self._open[path] = (identity, engine)
        runs = [known for known in self._open if Path(known).stem != INDEX_SHARD_NAME]
        for known in runs[: max(len(runs) - self._limit, 0)]:
            self.close(known)

    def close(self, path: str) -> None:
        """Close one file."""
        held = self._open.pop(path, None)
        if held is not None:
            held[1].dispose()

    def close_all(self) -> None:
        """Close every file."""
        for path in list(self._open):
            self.close(path)

    def __len__(self) -> int:
        return len(self._open)


def _identity(path: str) -> tuple[int, int] | None:
    """Device and inode of a file: whether an open connection still speaks to what lies at the path."""
    try:
        found = Path(path).stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


class PooledEventLogStorage(RemembersAssets):
    """Dagster's sharded event log with open connections and real batches.

    A thread that already holds a file's transaction joins it when it asks for the file
    again; so Dagster's own helpers take part in one transaction. A run file that does not
    exist is read as an empty one and is not made (retention drops files of old runs).
    """

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._shards = OpenShards()
        self._memory = AssetMemory()
        self._joined: dict[str, db.Connection] = {}
        self._tables: frozenset[str] | None = None
        self._index_columns = False
        self._empty: db.Engine | None = None
        self._blank: bytes | None = None
        self._lock = threading.RLock()  # before the base's constructor, which already reads
        super().__init__(base_dir, inst_data)

    @property
    def open_files(self) -> int:
        """How many database files are open."""
        return len(self._shards)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[db.Connection]:
        with self._lock:
            joined = self._joined.get(shard)
            if joined is not None:
                yield joined
                return
            with self._engine(shard).connect() as connection, connection.begin():
                self._joined[shard] = connection
                try:
                    yield connection
                finally:
                    del self._joined[shard]

    def _engine(self, shard: str) -> db.Engine:
        path = self.path_for_shard(shard)
        found = self._shards.get(path)
        if found is None:
            is_new = shard != INDEX_SHARD_NAME and self._made(Path(path))
            found = open_engine(self.conn_string_for_shard(shard), StaticPool)
            if not is_new:
                self._initdb(found, for_index_shard=shard == INDEX_SHARD_NAME)
            self._shards.put(path, found)
        return found

    def _made(self, path: Path) -> bool:
        """Make a run's file as a copy of an empty one, unless it exists: Dagster's way asks its list of upgrades for each."""
        if path.exists():
            return False
        beside = path.with_name(f"{path.name}.{os.getpid()}.new")
        if self._blank is None:
            engine = open_engine(f"sqlite:///{beside}", StaticPool)
            self._initdb(engine)
            engine.dispose()
            self._blank = beside.read_bytes()
        beside.write_bytes(self._blank)
        with suppress(FileExistsError):  # unlike a rename, a link leaves the file of a process that was first
            os.link(beside, path)
        beside.unlink()
        return True

    @contextmanager
    def run_connection(self, run_id: str | None = None) -> Iterator[db.Connection]:
        """A run's file for reading; an empty one in memory where there is none."""
        if Path(self.path_for_shard(run_id or "")).exists():
            with self._connect(run_id or "") as connection:
                yield connection
            return
        with self._lock, self._nothing().connect() as connection, connection.begin():
            yield connection

    def _nothing(self) -> db.Engine:
        if self._empty is None:
            self._empty = open_engine("sqlite://", StaticPool)
            SqlEventLogStorageMetadata.create_all(self._empty)
        return self._empty

    def has_table(self, table_name: str) -> bool:
        """Whether the index has a table; asked once, as only an upgrade adds one."""
        if self._tables is None or table_name not in self._tables:
            with self.index_connection() as connection:
                self._tables = frozenset(db.inspect(connection).get_table_names())
        return table_name in self._tables

    def store_event(self, event: EventLogEntry) -> None:
        """One event."""
        self.store_event_batch([event])

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """All events in one transaction per run, and what other runs ask about in one transaction of the index."""
        rows = [self._event_to_row(event) for event in events]
        by_run: dict[str, list[dict[str, Any]]] = {}
        for row in rows:
            by_run.setdefault(row["run_id"] or "", []).append(row)
        for run_id, own in by_run.items():
            with self._connect(run_id) as connection:
                connection.execute(SqlEventLogStorageTable.insert(), own)
        mirrored = [(event, row) for event, row in zip(events, rows, strict=True) if _is_mirrored(event)]
        if mirrored:
            with self._connect(INDEX_SHARD_NAME) as connection:
                self._mirror(connection, [event for event, _ in mirrored], [row for _, row in mirrored])
        self._close_finished(events)

    def _mirror(self, connection: db.Connection, events: Sequence[EventLogEntry], rows: Sequence[dict[str, Any]]) -> None:
        """Copies in the index, with Dagster's tables of assets, their tags and their checks brought up to date."""
        stored = event_index.store(self, connection, events, rows, with_columns=self._has_index_columns(connection))
        self._memory.own |= {number: event for event, number in stored.of_assets}
        for event, number in stored.without_run:
            self.store_asset_check_event(event, number)

    def _has_index_columns(self, connection: db.Connection) -> bool:
        if not self._index_columns:
            self._index_columns = self._has_asset_key_index_cols_on_connection(connection)
        return self._index_columns

    def _close_finished(self, events: Sequence[EventLogEntry]) -> None:
        """A finished run's file is closed: a year of runs must not hold a year of files."""
        for event in events:
            status = EVENT_TYPE_TO_PIPELINE_RUN_STATUS.get(_type_of(event)) if event.is_dagster_event else None
            if status in FINISHED_STATUSES:
                with self._lock:
                    self._memory.run_is_over()
                    if event.run_id not in self._joined:
                        self._shards.close(self.path_for_shard(event.run_id))

    def watch(self, run_id: str, cursor: str | None, callback: EventHandlerFn) -> None:
        """Call back on what others write of a run: it reaches the write-ahead file long before the file itself."""
        observer: Any = self._obs
        if observer is None:
            observer = self._obs = Observer()  # type: ignore[assignment]
            observer.start()
        watchdog = _Watchdog(self, run_id, callback, cursor)
        self._watchers[run_id][callback] = (watchdog, observer.schedule(watchdog, self._base_dir, recursive=True))

    def wipe(self) -> None:
        """Delete everything; open files are closed first."""
        with self._lock:
            self._shards.close_all()
            self._memory.forget()
        super().wipe()

    def drop_run(self, run_id: str) -> None:
        """Delete a run's own file; its copies in the index stay."""
        with self._lock:
            path = self.path_for_shard(run_id)
            self._shards.close(path)
            for name in (path, f"{path}-wal", f"{path}-shm"):
                Path(name).unlink(missing_ok=True)

    def dispose(self) -> None:
        """Close every file."""
        with self._lock:
            self._shards.close_all()
        super().dispose()


class _Watchdog(SqliteEventLogStorageWatchdog):
    """Dagster's watcher of a run's file, told of its write-ahead file too."""

    def __init__(self, storage: PooledEventLogStorage, run_id: str, callback: EventHandlerFn, cursor: str | None) -> None:
        super().__init__(storage, run_id, callback, cursor)
        self._patterns = [self._log_path, f"{self._log_path}-wal"]

    def on_modified(self, _event: FileSystemEvent) -> None:
        """Something was written."""
        self._process_log()


def _type_of(event: EventLogEntry) -> DagsterEventType:
    return event.get_dagster_event().event_type


def _is_mirrored(event: EventLogEntry) -> bool:
    """Whether other runs may ask about an event: assets, their checks, and how runs went."""
    if not event.is_dagster_event:
        return False
    kind = _type_of(event)
    return kind in ASSET_EVENTS or kind in ASSET_CHECK_EVENTS or kind in EVENT_TYPE_TO_PIPELINE_RUN_STATUS


class _PooledConnections:
    """`connect` of a SQLite storage over connections that stay open."""

    _conn_string: str
    _held: tuple[int, db.Engine] | None = None

    @contextmanager
    def connect(self) -> Iterator[db.Connection]:
        """A connection in a transaction."""
        with self._pool().connect() as connection, connection.begin():
            yield connection

    def _pool(self) -> db.Engine:
        if self._held is not None and self._held[0] == os.getpid():
            return self._held[1]
        if self._held is not None:
            _inherited.append(self._held[1])
        engine = open_engine(self._conn_string, QueuePool, pool_size=2, max_overflow=-1)
        self._held = (os.getpid(), engine)
        return engine

    def close(self) -> None:
        """Close the open connections."""
        if self._held is not None and self._held[0] == os.getpid():
            self._held[1].dispose()
        self._held = None


class PooledRunStorage(_PooledConnections, SqliteRunStorage):
    """Dagster's run storage with open connections."""

    def dispose(self) -> None:
        """Close the open connections."""
        self.close()
        super().dispose()


class PooledScheduleStorage(_PooledConnections, SqliteScheduleStorage):
    """Dagster's schedule storage with open connections."""

    def dispose(self) -> None:
        """Close the open connections."""
        self.close()
        super().dispose()


class PooledSqliteStorage(DagsterSqliteStorage):
    """All of Dagster's records on a laptop, where Dagster's own class keeps them, through open connections.

    Parameters
    ----------
    base_dir : str
        DAGSTER_HOME.
    """

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        history = Path(base_dir) / "history"
        self.base_dir = base_dir
        self._run_storage = PooledRunStorage.from_local(str(history))
        self._event_log_storage = PooledEventLogStorage(str(history / "runs"))
        self._schedule_storage = PooledScheduleStorage.from_local(str(Path(base_dir) / "schedules"))
        self._inst_data = inst_data
        super(DagsterSqliteStorage, self).__init__()  # type: ignore[no-untyped-call]

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]) -> PooledSqliteStorage:
        """As Dagster makes it from `dagster.yaml`."""
        return cls.from_local(inst_data=inst_data, **config_value)
