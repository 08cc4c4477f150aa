"""Rows of Dagster's index, of events, one per asset and one per check, by statements that are compiled once.

What belongs here: how those rows are written. What does not: which events are stored, connections (`event_storage`, `postgres_storage`).

Dagster makes a statement anew for each event, which costs more than running it, and turns the event into text once more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import sqlalchemy as db
from dagster import DagsterEventType
from dagster._core.events import ASSET_CHECK_EVENTS, ASSET_EVENTS
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable, AssetKeyTable, SqlEventLogStorageTable

if TYPE_CHECKING:
    from dagster import EventLogEntry
    from dagster._core.definitions.asset_checks.asset_check_evaluation import AssetCheckEvaluation, AssetCheckEvaluationPlanned
    from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage

_EVALUATED = ("execution_status", "evaluation_event", "evaluation_event_timestamp", "evaluation_event_storage_id", "materialization_event_storage_id")

Rows = Sequence[Mapping[str, Any]]
"""Events as rows of Dagster's table."""


@dataclass(frozen=True)
class Stored:
    """Events of assets with their numbers, and those of checks outside runs, which Dagster itself stores."""

    of_assets: Sequence[tuple[EventLogEntry, int]]
    without_run: Sequence[tuple[EventLogEntry, int]]


def store(storage: SqlEventLogStorage, connection: db.Connection, events: Sequence[EventLogEntry], rows: Rows, *, with_columns: bool) -> Stored:
    """Rows of events, with Dagster's tables of assets, their tags and their checks brought up to date.

    Parameters
    ----------
    storage : SqlEventLogStorage
    rows : sequence of mappings
        The events as Dagster's rows.
    with_columns : bool
        Whether the table of assets has the columns of its index, as every home made since 0.12 has.
    """
    table = SqlEventLogStorageTable
    ids = list(connection.execute(table.insert().returning(table.c.id, sort_by_parameter_order=True), list(rows)).scalars())
    numbered = [(event, number) for event, number in zip(events, ids, strict=True) if event.dagster_event_type in ASSET_EVENTS]
    if numbered:
        storage._store_asset_event_tags(connection, [event for event, _ in numbered], [number for _, number in numbered])  # noqa: SLF001
        store_assets(connection, _entries(storage, numbered, with_columns=with_columns))
    checks = [
        (event, number, row["event"]) for event, number, row in zip(events, ids, rows, strict=True) if event.dagster_event_type in ASSET_CHECK_EVENTS
    ]
    without_run = [(event, number) for event, number, text in checks if not store_check(connection, event, number, text)]
    return Stored(numbered, without_run)


def _entries(storage: SqlEventLogStorage, numbered: Sequence[tuple[EventLogEntry, int]], *, with_columns: bool) -> dict[str, dict[str, Any]]:
    """What the last events of each asset say, in the order of their keys: two batches at once never wait for each other."""
    entries: dict[str, dict[str, Any]] = {}
    for event, number in numbered:
        key = event.get_dagster_event().asset_key
        values = storage._get_asset_entry_values(event, number, with_columns) if key else {}  # noqa: SLF001
        if key and values:
            entries.setdefault(key.to_string(), {}).update(values)
    return dict(sorted(entries.items()))


def store_assets(connection: db.Connection, entries: Mapping[str, Mapping[str, Any]]) -> None:
    """Bring the rows of assets, by key, up to date: columns and their values."""
    together: dict[tuple[str, ...], list[dict[str, Any]]] = {}
    for key, values in entries.items():
        together.setdefault(tuple(sorted(values)), []).append({"asset_key": key, **values})
    for names, rows in together.items():
        connection.execute(_upsert(names), rows)


@lru_cache(maxsize=32)
def _upsert(names: tuple[str, ...]) -> db.TextClause:
    columns = ("asset_key", *names)
    given, changed = ", ".join(f":{name}" for name in columns), ", ".join(f"{name} = excluded.{name}" for name in names)
    table = AssetKeyTable.name
    sql = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({given}) ON CONFLICT (asset_key) DO UPDATE SET {changed}"  # noqa: S608 - names of columns
    return db.text(sql).bindparams(*[db.bindparam(name, type_=AssetKeyTable.c[name].type) for name in columns])


def store_check(connection: db.Connection, event: EventLogEntry, number: int, text: str) -> bool:
    """Rows of a check planned or made; False, and nothing is written, outside a run.

    Parameters
    ----------
    number, text : int, str
        Of the event in the index.
    """
    said: Any = event.get_dagster_event().event_specific_data
    if not event.run_id:
        return False
    if event.dagster_event_type == DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED:
        _plan(connection, said, event, number, text)
        return True
    _evaluate(connection, said, event, number, text)
    return True


def _plan(connection: db.Connection, planned: AssetCheckEvaluationPlanned, event: EventLogEntry, number: int, text: str) -> None:
    about = {
        "asset_key": planned.asset_key.to_string(),
        "check_name": planned.check_name,
        "run_id": event.run_id,
        "execution_status": AssetCheckExecutionRecordStatus.PLANNED.value,
        "evaluation_event": text,
        "evaluation_event_timestamp": _stamp(event),
        "evaluation_event_storage_id": number,
    }
    keys = planned.partitions_subset.get_partition_keys() if planned.partitions_subset else [None]
    rows = [{**about, "partition": key} for key in keys]
    if rows:
        connection.execute(AssetCheckExecutionsTable.insert(), rows)


def _evaluate(connection: db.Connection, made: AssetCheckEvaluation, event: EventLogEntry, number: int, text: str) -> None:
    """The row that was planned, or one more: the run of a single day plans its checks without the day."""
    status = AssetCheckExecutionRecordStatus.SUCCEEDED if made.passed else AssetCheckExecutionRecordStatus.FAILED
    target = made.target_materialization_data
    values = (status.value, text, _stamp(event), number, target.storage_id if target else None)
    which = {"of_asset": made.asset_key.to_string(), "of_check": made.check_name, "of_run": event.run_id}
    if made.partition is not None:
        which["of_partition"] = made.partition
    given = {f"new_{name}": value for name, value in zip(_EVALUATED, values, strict=True)}
    if connection.execute(_update(is_partitioned=made.partition is not None), {**which, **given}).rowcount == 0:
        row = {"asset_key": which["of_asset"], "check_name": made.check_name, "run_id": event.run_id, "partition": made.partition}
        connection.execute(AssetCheckExecutionsTable.insert(), {**row, **dict(zip(_EVALUATED, values, strict=True))})


@lru_cache(maxsize=2)
def _update(*, is_partitioned: bool) -> db.Update:
    columns = AssetCheckExecutionsTable.c
    named = {"of_asset": columns.asset_key, "of_check": columns.check_name, "of_run": columns.run_id}
    of: list[db.ColumnElement[bool]] = [column == db.bindparam(name) for name, column in named.items()]
    of.append(columns.partition == db.bindparam("of_partition") if is_partitioned else columns.partition.is_(None))
    return AssetCheckExecutionsTable.update().where(*of).values({name: db.bindparam(f"new_{name}") for name in _EVALUATED})


def _stamp(event: EventLogEntry) -> datetime:
    return datetime.fromtimestamp(event.timestamp, UTC).replace(tzinfo=None)
