"""Where runs of the command line appear in the UI: its timeline shows runs that say which code location they belong to.

What belongs here: that origin, given to the runs of this process. What does not: running, or the UI.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from unittest import mock

import dagster as dg
from dagster._core.definitions.repository_definition import SINGLETON_REPOSITORY_NAME
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin

LOCATION = "energy_pipeline"
"""As workspace.yaml names it."""


def origin(job: str) -> RemoteJobOrigin:
    """The origin that a run of `job` has when the UI launches it."""
    return RemoteJobOrigin(RemoteRepositoryOrigin(RegisteredCodeLocationOrigin(LOCATION), SINGLETON_REPOSITORY_NAME), job)


@contextmanager
def on_the_timeline(instance: dg.DagsterInstance, job: str) -> Iterator[None]:
    """Runs that this process creates on the instance meanwhile carry the job's origin: Dagster has no argument for it in a run in process."""
    with mock.patch.object(instance, "create_run_for_job", partial(instance.create_run_for_job, remote_job_origin=origin(job))):
        yield
