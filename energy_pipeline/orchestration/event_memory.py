"""What a process knows of the newest events of assets, so that steps and checks need not ask the index again.

What belongs here: Dagster's three questions before each step and after each check, answered from memory. What does not:
writing events (`event_storage`).

Every answer is what the index says now: before it is given, the rows that came since the last question, of this process or
of another, are read by their number. Where another process changed something else, all is forgotten.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dagster import AssetKey, AssetRecordsFilter, DagsterEventType, EventLogRecord, EventRecordsResult
from dagster._core.events import ASSET_CHECK_EVENTS
from dagster._core.storage.event_log.base import AssetRecord
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage
from dagster._record import copy

if TYPE_CHECKING:
    import sqlite3

    from dagster import EventLogEntry
    from dagster._core.event_api import EventLogCursor

Tags = Mapping[str, str]

_MATERIALIZED, _PLANNED = DagsterEventType.ASSET_MATERIALIZATION.value, DagsterEventType.ASSET_MATERIALIZATION_PLANNED.value
_OF_CHECKS = {kind.value for kind in ASSET_CHECK_EVENTS}
_CHANGES_OF_OTHERS = "PRAGMA data_version"
_NEWEST = "SELECT coalesce(max(id), 0) FROM event_logs"
_SINCE = "SELECT id, asset_key, partition, dagster_event_type FROM event_logs WHERE id > ? AND asset_key IS NOT NULL ORDER BY id"
_TAGS_SINCE = "SELECT event_id, key, value FROM asset_event_tags WHERE event_id > ?"


class AssetMemory:
    """Newest events of assets as far as anyone asked.

    Attributes
    ----------
    records : dict of asset key as text to AssetRecord
    tags : dict of (asset key as text, tag keys) to dict of partition to tags
        Of the newest materialization; None where it has none of these tags or there is none.
    own : dict of number to EventLogEntry
        Events that this process wrote.
    """

    def __init__(self) -> None:
        self._connection: object | None = None
        self._seen = self._others = 0
        self.forget()

    def forget(self) -> None:
        """Know nothing."""
        self.records: dict[str, AssetRecord] = {}
        self.tags: dict[tuple[str, tuple[str, ...]], dict[str, Tags | None]] = {}
        self.own: dict[int, EventLogEntry] = {}
        self.written: dict[tuple[str, str], EventLogRecord] = {}

    def look(self, index: sqlite3.Connection) -> None:
        """Take in what came since the last look."""
        if index is not self._connection:  # another file, or this one opened anew
            self.forget()
            self._connection, self._seen = index, int(index.execute(_NEWEST).fetchone()[0])
            self._others = int(index.execute(_CHANGES_OF_OTHERS).fetchone()[0])
            return
        before, self._others = self._others, int(index.execute(_CHANGES_OF_OTHERS).fetchone()[0])
        rows = index.execute(_SINCE, [self._seen]).fetchall()
        if not rows:
            if self._others != before:
                self.forget()
            return
        said: dict[int, dict[str, str]] = {}
        for number, key, value in index.execute(_TAGS_SINCE, [self._seen]):
            said.setdefault(number, {})[key] = value
        for number, asset, partition, kind in rows:
            event = self.own.pop(number, None)
            self._take_record(asset, number, kind, event)
            if kind == _MATERIALIZED and partition is not None:
                self._take_partition(asset, partition, said.get(number, {}), None if event is None else EventLogRecord(number, event))
        self._seen = int(rows[-1][0])

    def _take_record(self, asset: str, number: int, kind: str, event: EventLogEntry | None) -> None:
        if kind in _OF_CHECKS:
            return
        held = self.records.pop(asset, None)
        if held is None or event is None or kind not in (_MATERIALIZED, _PLANNED):
            return
        changes: dict[str, Any] = {"last_run_id": event.run_id}
        if kind == _MATERIALIZED:
            changes["last_materialization_record"] = EventLogRecord(number, event)
        self.records[asset] = AssetRecord(storage_id=held.storage_id, asset_entry=copy(held.asset_entry, **changes))

    def _take_partition(self, asset: str, partition: str, tags: Tags, record: EventLogRecord | None) -> None:
        for (name, keys), known in self.tags.items():
            if name == asset:
                known[partition] = {key: tags[key] for key in keys if key in tags} or None
        self.written.pop((asset, partition), None)
        if record is not None:
            self.written[asset, partition] = record

    def run_is_over(self) -> None:
        """Let go of the events of a run: nobody checks them any more."""
        self.written = {}


class RemembersAssets(SqliteEventLogStorage):
    """An event log that answers what it knows from memory."""

    _memory: AssetMemory

    def _up_to_date(self) -> AssetMemory:
        with self.index_connection() as connection:
            index = connection.connection.driver_connection
            self._memory.look(index)  # type: ignore[arg-type] # SQLite's own
        return self._memory

    def get_asset_records(self, asset_keys: Sequence[AssetKey] | None = None) -> Sequence[AssetRecord]:
        """As Dagster's; assets that it does not know are asked for."""
        if asset_keys is None:
            return super().get_asset_records(None)
        memory = self._up_to_date()
        unknown = [key for key in asset_keys if key.to_string() not in memory.records]
        if unknown:
            memory.records |= {record.asset_entry.asset_key.to_string(): record for record in super().get_asset_records(unknown)}
        return [memory.records[key.to_string()] for key in asset_keys if key.to_string() in memory.records]

    def get_latest_tags_by_partition(
        self,
        asset_key: AssetKey,
        event_type: DagsterEventType,
        tag_keys: Sequence[str],
        asset_partitions: Sequence[str] | None = None,
        before_cursor: int | None = None,
        after_cursor: int | None = None,
    ) -> Mapping[str, Tags]:
        """As Dagster's; partitions that it does not know are asked for."""
        if asset_partitions is None or event_type.value != _MATERIALIZED or before_cursor is not None or after_cursor is not None:
            return super().get_latest_tags_by_partition(asset_key, event_type, tag_keys, asset_partitions, before_cursor, after_cursor)
        known = self._up_to_date().tags.setdefault((asset_key.to_string(), tuple(tag_keys)), {})
        unknown = [partition for partition in asset_partitions if partition not in known]
        if unknown:
            found = super().get_latest_tags_by_partition(asset_key, event_type, tag_keys, unknown)
            known.update({partition: found.get(partition) for partition in unknown})
        return {partition: tags for partition in asset_partitions if (tags := known[partition]) is not None}

    def fetch_materializations(
        self,
        records_filter: AssetKey | AssetRecordsFilter,
        limit: int,
        cursor: str | None = None,
        ascending: bool = False,
    ) -> EventRecordsResult:
        """As Dagster's; the newest of a partition that a run under way wrote is known."""
        if limit == 1 and cursor is None and not ascending and isinstance(records_filter, AssetRecordsFilter):
            asset, partitions, *others = records_filter
            if partitions and len(partitions) == 1 and not any(others):
                found = self._up_to_date().written.get((asset.to_string(), partitions[0]))
                if found is not None:
                    return EventRecordsResult([found], _cursor_of(found).to_string(), has_more=True)
        return super().fetch_materializations(records_filter, limit, cursor, ascending)

    def update_asset_cached_status_data(self, asset_key: AssetKey, cache_values: Any) -> None:  # noqa: ANN401
        """As Dagster's."""
        super().update_asset_cached_status_data(asset_key, cache_values)
        self._memory.records.pop(asset_key.to_string(), None)

    def wipe_asset_cached_status(self, asset_key: AssetKey) -> None:
        """As Dagster's."""
        super().wipe_asset_cached_status(asset_key)
        self._memory.records.pop(asset_key.to_string(), None)

    def wipe_asset(self, asset_key: AssetKey) -> None:
        """As Dagster's."""
        super().wipe_asset(asset_key)
        self._memory.forget()

    def wipe_asset_partitions(self, asset_key: AssetKey, partition_keys: Sequence[str]) -> None:
        """As Dagster's."""
        super().wipe_asset_partitions(asset_key, partition_keys)
        self._memory.forget()


def _cursor_of(record: EventLogRecord) -> EventLogCursor:
    from dagster._core.event_api import EventLogCursor

    return EventLogCursor.from_storage_id(record.storage_id)
