"""What Dagster may forget of old runs: everything but what asset history is made of.

What belongs here: which event rows go and which stay. What does not: ticks (the
instance's own `retention`), tables and artefacts.

Dagster keeps every event of every run for ever. The pages of assets and partitions read
materialisations, observations and check evaluations only; those stay, and so do the plans
of runs that did not succeed (they make a partition "failed"). The run itself stays listed;
its log is gone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import dagster as dg
import sqlalchemy as db
from dagster._core.storage.dagster_run import FINISHED_STATUSES
from dagster._core.storage.event_log.schema import SqlEventLogStorageTable
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage

from energy_pipeline.orchestration.event_storage import PooledEventLogStorage

KEEP_DAYS = 30
KEEP_RUNS = 200
"""A backfill of years makes many young runs: beyond this many, the oldest go although they are young."""

STAY = (
    dg.DagsterEventType.ASSET_MATERIALIZATION,
    dg.DagsterEventType.ASSET_OBSERVATION,
    dg.DagsterEventType.ASSET_CHECK_EVALUATION,
    dg.DagsterEventType.ASSET_FAILED_TO_MATERIALIZE,
)
PLANS = (dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED, dg.DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED)
RUNS_AT_ONCE = 200


@dataclass(frozen=True)
class Forgotten:
    """How many runs lost their log, and how many rows of the index went."""

    runs: int = 0
    rows: int = 0


def forget(instance: dg.DagsterInstance, now: datetime, keep_days: int = KEEP_DAYS, keep_runs: int = KEEP_RUNS) -> Forgotten:
    """Delete the events of old finished runs, except what asset history needs.

    Parameters
    ----------
    now : datetime
        Runs that were last touched `keep_days` before it are old.
    keep_runs : int
        Of younger finished runs, only so many keep their log.

    Returns
    -------
    Forgotten
        All zero for a storage that is not SQL (the ephemeral one of tests).
    """
    storage = _storage(instance)
    if storage is None:
        return Forgotten()
    runs = _old_runs(instance, now - timedelta(days=keep_days), keep_runs)
    rows = 0
    for first in range(0, len(runs), RUNS_AT_ONCE):
        rows += _delete(storage, runs[first : first + RUNS_AT_ONCE])
    for run in runs:
        if isinstance(storage, PooledEventLogStorage):
            storage.drop_run(run.run_id)
        instance.compute_log_manager.delete_logs(prefix=[run.run_id])
    return Forgotten(len(runs), rows)


def _storage(instance: dg.DagsterInstance) -> SqlEventLogStorage | None:
    found = instance.event_log_storage
    return found if isinstance(found, SqlEventLogStorage) and instance.is_persistent else None


def _old_runs(instance: dg.DagsterInstance, before: datetime, keep_runs: int) -> list[dg.DagsterRun]:
    """Finished runs that are old, or beyond the number of those that keep their log."""
    records = instance.get_run_records(dg.RunsFilter(statuses=FINISHED_STATUSES))  # the newest first
    return [record.dagster_run for number, record in enumerate(records) if number >= keep_runs or record.update_timestamp < before]


def _delete(storage: SqlEventLogStorage, runs: Sequence[dg.DagsterRun]) -> int:
    columns = SqlEventLogStorageTable.c
    by_success = {ok: [run.run_id for run in runs if (run.status is dg.DagsterRunStatus.SUCCESS) is ok] for ok in (True, False)}
    rows = 0
    with storage.index_connection() as connection:
        for succeeded, run_ids in by_success.items():
            staying = [kind.value for kind in (*STAY, *(() if succeeded else PLANS))]
            unwanted = db.or_(columns.dagster_event_type.is_(None), columns.dagster_event_type.not_in(staying))
            rows += connection.execute(SqlEventLogStorageTable.delete().where(columns.run_id.in_(run_ids), unwanted)).rowcount
    return rows
