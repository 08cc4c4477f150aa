"""Which process does a run, and the runs whose process is no longer there.

What belongs here: the tags that say who does a run, and marking dead runs of this host as failed. What does not: the days
such a run leaves behind (`whole_days`).

Dagster's own monitoring cannot ask the default launcher whether a run lives, and the command line's runs have no launcher:
a killed one would count as running, and take a place in the queue, for ever.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from pathlib import Path

import dagster as dg

HOST_TAG, PROCESS_TAG = "energy_pipeline/host", "energy_pipeline/process"


def own() -> str:
    """What this process is called where others wait for it."""
    return f"process {os.getpid()} on {socket.gethostname()}"


def own_tags() -> dict[str, str]:
    """Tags of a run that this process does."""
    return {HOST_TAG: socket.gethostname(), PROCESS_TAG: f"{os.getpid()} {_began(os.getpid())}"}


def is_there(tags: Mapping[str, str]) -> bool:
    """Whether the process of a run's tags still is: the same one, not another under its number.

    >>> is_there(own_tags()), is_there({PROCESS_TAG: f"{os.getpid()} long ago"})
    (True, False)
    """
    number, _, began = tags[PROCESS_TAG].partition(" ")
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it is somebody else's
        pass
    return _began(int(number)) == began


def _began(number: int) -> str:
    """When a process began, in the kernel's ticks; empty where the system does not tell, or for one that has ended and waits to be collected."""
    try:
        state, *fields = Path(f"/proc/{number}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return ""
    return "ended" if state in "ZX" else fields[18]


def fail_dead_runs(instance: dg.DagsterInstance) -> list[str]:
    """Mark runs of this host as failed whose process is gone; returns their ids."""
    open_runs = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]
    found = []
    for run in instance.get_runs(dg.RunsFilter(statuses=open_runs, tags={HOST_TAG: socket.gethostname()})):
        if PROCESS_TAG in run.tags and not is_there(run.tags) and not _as_its_parent(instance, run):
            instance.report_run_failed(run, f"process {run.tags[PROCESS_TAG].split()[0]} of this run ended without a word: killed, or out of memory")
            found.append(run.run_id)
    return found


def _as_its_parent(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    """Whether the tags are those of the run that this one goes on from, which Dagster copies: nobody has begun it yet."""
    parent = instance.get_run_by_id(run.parent_run_id) if run.parent_run_id else None
    return parent is not None and parent.tags.get(PROCESS_TAG) == run.tags[PROCESS_TAG]
