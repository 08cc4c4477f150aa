"""Dagster's records in PostgreSQL through connections that stay open, a batch of events in one transaction.

What belongs here: the storage classes that `deploy/dagster.yaml` names. What does not: SQLite (`event_storage`), what is recorded.

Dagster's own class opens a connection for every question, several thousand of a day's run, so that no instance holds any; a run asks
one after the other, and needs one. It stores what a run plans, an event for each asset and check, one by one with four statements each.
Tables and rows are Dagster's own: either class reads what the other wrote.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

from dagster._core.events import ASSET_CHECK_EVENTS, ASSET_EVENTS
from dagster._core.storage.event_log.migration import ASSET_KEY_INDEX_COLS
from dagster._core.storage.event_log.schema import SqlEventLogStorageTable
from dagster_postgres import DagsterPostgresStorage, PostgresEventLogStorage
from dagster_postgres.utils import create_pg_engine, get_token_provider_from_config, pg_url_from_config
from sqlalchemy import event
from sqlalchemy.exc import DisconnectionError

from energy_pipeline.orchestration import event_index

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dagster import EventLogEntry
    from dagster._serdes import ConfigurableClassData

IDLE_SECONDS = 5.0
"""A connection that was used so lately is believed to live."""
_OF_ASSETS = ASSET_EVENTS | ASSET_CHECK_EVENTS


class BatchedPostgresEventLogStorage(PostgresEventLogStorage):
    """Dagster's event log with each batch as one transaction.

    Whoever looks at a run asks for what is new, as Dagster does since it listens to no notices any more; so none is sent.
    """

    def store_event(self, event: EventLogEntry) -> None:
        """One event."""
        self.store_event_batch([event])

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """All events, with what they say of assets and checks."""
        kept = [own for own in events if not (own.is_dagster_event and own.get_dagster_event().is_asset_failed_to_materialize)]
        if not kept:
            return
        rows = [self._event_to_row(own) for own in kept]
        if all(own.dagster_event_type not in _OF_ASSETS for own in kept):
            with self._connect() as connection:
                connection.execute(SqlEventLogStorageTable.insert(), rows)
            return
        with self.index_transaction() as connection:
            stored = event_index.store(self, connection, kept, rows, with_columns=self.has_secondary_index(ASSET_KEY_INDEX_COLS))
        for own, number in stored.without_run:
            self.store_asset_check_event(own, number)

    def has_table(self, table_name: str) -> bool:
        """Whether the database has a table; asked until it has, as only an upgrade adds one."""
        if table_name not in self._tables and super().has_table(table_name):
            self._tables = self._tables | {table_name}
        return table_name in self._tables

    def has_asset_key_col(self, column_name: str) -> bool:
        """Whether the table of assets has a column; asked until it has."""
        if column_name not in self._columns and super().has_asset_key_col(column_name):
            self._columns = self._columns | {column_name}
        return column_name in self._columns

    _tables: frozenset[str] = frozenset()
    _columns: frozenset[str] = frozenset()


class PooledPostgresStorage(DagsterPostgresStorage):
    """All of Dagster's records in one database, each kind through a connection that is kept, and more while several threads ask.

    A connection that was idle is asked whether it lives before it is used, so that a database that was away is found again.
    """

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Any) -> PooledPostgresStorage:  # noqa: ANN401 - Dagster's
        """As Dagster makes it from `dagster.yaml`, with the keys of its own class."""
        token, url = get_token_provider_from_config(config_value), pg_url_from_config(config_value)
        creates = config_value.get("should_autocreate_tables", True)
        found = cls(url, creates, inst_data, token)
        found._event_log_storage = BatchedPostgresEventLogStorage(url, creates, token_provider=token)
        kept = {"isolation_level": "AUTOCOMMIT", "pool_size": 3, "max_overflow": -1}
        storages: tuple[Any, ...] = (found.event_log_storage, found.run_storage, found.schedule_storage)
        for storage in storages:
            storage._engine = create_pg_engine(url, token, **kept)  # noqa: SLF001 - Dagster offers it to its web server alone, with a time limit
            event.listen(storage._engine, "checkin", _used)  # noqa: SLF001
            event.listen(storage._engine, "checkout", _alive)  # noqa: SLF001
            event.listen(storage._engine, "connect", _does_not_wait)  # noqa: SLF001
            os.register_at_fork(after_in_child=lambda engine=storage._engine: engine.dispose(close=False))  # noqa: SLF001
        return found


def _does_not_wait(connection: Any, _record: object) -> None:  # noqa: ANN401 - a driver's connection
    """A commit does not wait for the server's disk: a crash of the server loses at most its last second of records, and breaks nothing."""
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit TO off")


def _used(_connection: object, record: Any, *_: object) -> None:  # noqa: ANN401 - a pool's entry
    record.info["used"] = time.monotonic()


def _alive(connection: Any, record: Any, *_: object) -> None:  # noqa: ANN401 - a driver's connection, and its pool's entry
    """Asked each time, this would be two of five questions of a run; the pool opens another where this one is gone."""
    if time.monotonic() - record.info.get("used", time.monotonic()) > IDLE_SECONDS:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1")
        except connection.Error as error:
            raise DisconnectionError from error
