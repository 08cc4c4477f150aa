"""Flows over many days on workers of several hosts: Celery carries the tasks of a plan to them, and what came of each back.

What belongs here: who is given what, and what a lost worker means. What does not: which task is next (`plan`), the worker's side
(`cluster_worker`), the broker itself.

Each worker listens to a queue of its own, so that it goes on with the stretch whose past it has in memory. Messages are JSON: nothing
is pickled. A worker whose process is killed makes a new one and does its task again; the task of a worker that answers no more goes to
another one. Should the lost one live after all, the lease of the days keeps the two apart.
"""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from energy_pipeline.desk import load_desk
from energy_pipeline.domain.errors import PipelineError
from energy_pipeline.orchestration.progress import Listener
from energy_pipeline.runner.cluster_worker import RESULTS, TASK, TASKS, ClusterError, about_of, application
from energy_pipeline.runner.flows import FlowName
from energy_pipeline.runner.past import KINDS, days_before
from energy_pipeline.runner.plan import Plan, Task
from energy_pipeline.runner.results import SpanResult
from energy_pipeline.runner.spans import Span
from energy_pipeline.runner.workers import WorkerDiedError, hand_out
from energy_pipeline.settings import Settings

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from celery.result import AsyncResult

LOOK_SECONDS, ASK_SECONDS = 0.5, 5.0
"""How often a result is looked for, and how long a worker is given to answer that it lives."""
SILENCES = 4
"""A worker that did not answer so many times in a row is lost."""
TRIES = 3
"""A task whose process was killed so often is not tried again: it may be what kills them."""
STEP = "start one with energy-pipeline worker, on any host that reaches the broker; what is written stays, the same command goes on"


def present(broker: str) -> list[str]:
    """Names of the workers that answer.

    Raises
    ------
    ClusterError
        When the broker does not.
    """
    app = application(broker)
    from celery.exceptions import OperationalError

    try:
        return sorted(app.control.inspect(timeout=ASK_SECONDS).ping() or {})
    except (OperationalError, OSError) as error:
        what = f"the broker of ENERGY_PIPELINE_BROKER does not answer ({type(error).__name__})"
        raise ClusterError(f"{what} -> start it, or correct its address") from error


def run_on_cluster(
    settings: Settings, broker: str, names: Sequence[str], flows: Sequence[FlowName], groups: Sequence[Sequence[Span]], listener: Listener
) -> SpanResult:
    """Flows over groups of chunks on the workers of these names.

    Raises
    ------
    WorkerDiedError
        When none is left, or a task ends each process that does it.
    ClusterError
        When a worker has another desk, lake or code.
    """
    crew, about, desk = Crew(names), about_of(settings), load_desk(settings.desk_path)
    past = [(kind, days_before(desk, kind, groups[0][0][0])) for kind in KINDS]
    return hand_out(Plan(flows, groups, len(names), past), lambda: Remote(broker, crew, about, settings.label), listener)


class Crew:
    """The workers that are there, and how many tasks each has."""

    def __init__(self, names: Sequence[str]) -> None:
        self._busy = dict.fromkeys(names, 0)
        self._lock = threading.Lock()

    def one(self, lost: str = "") -> str:
        """The least busy one; the lost one is never given again."""
        with self._lock:
            self._busy.pop(lost, None)
            if not self._busy:
                raise WorkerDiedError(f"{lost} was the last worker, and answers no more -> {STEP}")
            name = min(self._busy, key=lambda own: self._busy[own])
            self._busy[name] += 1
            return name


class Remote:
    """A worker of a cluster, as `hand_out` sees one; a thread waits for its results."""

    def __init__(self, broker: str, crew: Crew, about: dict[str, str], label: str | None) -> None:
        self._app, self._crew, self._about, self._label = application(broker), crew, about, label
        self.name = crew.one()
        self._theirs: Connection[Any, Any]
        self.pipe, self._theirs = multiprocessing.Pipe()
        self._left = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def give(self, task: Task) -> None:
        """Hand over a task."""
        self.pipe.send(task)

    def hear(self, listener: Listener) -> SpanResult | None:
        """What came of the task; PipelineError when nothing can."""
        said = self.pipe.recv()
        if isinstance(said, PipelineError):
            raise said
        task, result = said
        listener.done(str(task), None)
        found: SpanResult = result
        return found

    def dismiss(self) -> None:
        """Nothing more is given."""
        self.pipe.send(None)
        self._thread.join()

    def end(self) -> None:
        """Wait no longer: a task under way ends where it is, and its days are whole or marked."""
        self._left.set()

    def _serve(self) -> None:
        while (task := self._theirs.recv()) is not None:
            try:
                self._theirs.send((task, self._done(task)))
            except PipelineError as error:
                self._theirs.send(error)

    def _done(self, task: Task) -> SpanResult:
        message, tried = [TASKS.dump_python(task, mode="json"), self._about, self._label], 0
        while tried < TRIES and not self._left.is_set():
            sent = self._app.send_task(TASK, message, queue=self.name)
            if not self._is_through(sent):
                self._forget()
                self.name = self._crew.one(self.name)
                continue
            said = sent.result
            if isinstance(said, dict) and "result" in said:
                return RESULTS.validate_python(said["result"])
            if isinstance(said, dict):
                raise ClusterError(f"worker {self.name}: {said['refused']}")
            if type(said).__name__ != "WorkerLostError":
                raise WorkerDiedError(f"worker {self.name} at {task}: {type(said).__name__}: {said} -> its own words are in its log")
            tried += 1
        raise WorkerDiedError(f"{task}: {tried} processes ended at it, often for want of memory -> see the log of worker {self.name}")

    def _forget(self) -> None:
        """Take what waits for a lost worker out of its queue, or one that is started under its name would do it again."""
        with self._app.connection_for_write() as connection:
            connection.default_channel.queue_purge(self.name)

    def _is_through(self, sent: AsyncResult[Any]) -> bool:
        """Wait for a task; False when its worker is lost."""
        silent, asked = 0, time.monotonic()
        while not sent.ready() and not self._left.is_set():
            time.sleep(LOOK_SECONDS)
            if time.monotonic() - asked > ASK_SECONDS:
                answers = self._app.control.ping(destination=[self.name], timeout=ASK_SECONDS)
                silent, asked = 0 if answers else silent + 1, time.monotonic()
            if silent >= SILENCES:
                return False
        return True
