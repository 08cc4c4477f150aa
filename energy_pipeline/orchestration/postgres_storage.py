"""Dagster's records in PostgreSQL through connections that stay open.

What belongs here: the storage class that `deploy/dagster.yaml` names. What does not: SQLite (`event_storage`), what is recorded.

Dagster's own class opens a connection for every question, several thousand of a day's run, so that no instance holds any; a run asks
one after the other, and needs one. Tables and rows are Dagster's own: either class reads what the other wrote.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

from dagster_postgres import DagsterPostgresStorage
from dagster_postgres.utils import create_pg_engine, get_token_provider_from_config, pg_url_from_config
from sqlalchemy import event
from sqlalchemy.exc import DisconnectionError

if TYPE_CHECKING:
    from dagster._serdes import ConfigurableClassData

IDLE_SECONDS = 5.0
"""A connection that was used so lately is believed to live."""


class PooledPostgresStorage(DagsterPostgresStorage):
    """All of Dagster's records in one database, each kind through a connection that is kept, and more while several threads ask.

    A connection that was idle is asked whether it lives before it is used, so that a database that was away is found again.
    """

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Any) -> PooledPostgresStorage:  # noqa: ANN401 - Dagster's
        """As Dagster makes it from `dagster.yaml`, with the keys of its own class."""
        token, url = get_token_provider_from_config(config_value), pg_url_from_config(config_value)
        found = cls(url, config_value.get("should_autocreate_tables", True), inst_data, token)
        kept = {"isolation_level": "AUTOCOMMIT", "pool_size": 3, "max_overflow": -1}
        storages: tuple[Any, ...] = (found.event_log_storage, found.run_storage, found.schedule_storage)
        for storage in storages:
            storage._engine = create_pg_engine(url, token, **kept)  # noqa: SLF001 - Dagster offers it to its web server alone, with a time limit
            event.listen(storage._engine, "checkin", _used)  # noqa: SLF001
            event.listen(storage._engine, "checkout", _alive)  # noqa: SLF001
            os.register_at_fork(after_in_child=lambda engine=storage._engine: engine.dispose(close=False))  # noqa: SLF001
        return found


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
