"""How runs are cut, executed and retried.

What belongs here: backfill policy, executor, run tags. What does not: jobs.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from energy_pipeline.domain.errors import PipelineError

DAYS_PER_RUN = 30
"""Delivery days one backfill run covers: near the cost of a single run, and a crash loses no more than that."""

BACKFILL = dg.BackfillPolicy.multi_run(max_partitions_per_run=DAYS_PER_RUN)
EXECUTOR = dg.in_process_executor
"""One process a run: a process per step costs more than the work (docs/decisions/executor.md)."""

AS_OF_TAG = "energy_pipeline/as_of"
"""Run tag: recompute the decision as it could have been made at this instant (ISO 8601, UTC)."""

FALLBACK_TAG = "energy_pipeline/fallback"
"""Run tag: the desk's fallback decision, and which; recorded as such."""

REOPEN_TAG, PERSON_TAG = "energy_pipeline/reopen_reason", "energy_pipeline/person"
"""Run tags: why, and by whose word, decisions that were sent are made anew."""

NOT_LAST_TAG = "energy_pipeline/not_last"
"""Run tag: other runs follow on the same days at once, and publish the warehouse; which part of the days this one makes."""

LABEL_TAG = "energy_pipeline/label"
"""Run tag: what the runs of one command over many days are found by."""

NO_RETRY = {"dagster/max_retries": "0"}
"""Tags of runs of the command line: whoever called it decides whether it runs again, not the daemon."""

SCHEDULE_TAGS = ("dagster/schedule_name", "dagster/sensor_name")
"""Tags of runs that nobody waits for."""

RETRIES = {"ingest": (3, 120), "publish": (2, 60)}
"""By kind of step: how often a run that nobody waits for tries it again, and after how many seconds.

What a source or a disk refused may work in two minutes. A computation that failed fails again: it is not tried twice.
"""


@contextmanager
def retrying(context: dg.AssetExecutionContext, kind: str) -> Iterator[None]:
    """Try a step again that failed for a reason that may pass, where a schedule or a sensor asked for the run; a person is told at once."""
    try:
        yield
    except PipelineError as error:
        times, seconds = RETRIES[kind]
        if any(tag in context.run.tags for tag in SCHEDULE_TAGS) and context.retry_number < times:
            raise dg.RetryRequested(max_retries=times, seconds_to_wait=seconds) from error
        raise
