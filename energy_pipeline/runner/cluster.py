"""Flows over many days on workers of several hosts: Celery carries the tasks of a plan to them, and what came of each back.

What belongs here: the messages, the workers that listen, and what a lost one means. What does not: which task is next (`plan`),
doing it (`workers.done`), the broker itself.

Each worker listens to a queue of its own, so that it goes on with the stretch whose past it has in memory. Messages are JSON: nothing
is pickled. A worker whose process is killed makes a new one and does its task again; the task of a worker that answers no more goes to
another one. Should the lost one live after all, the lease of the days keeps the two apart.
"""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from energy_pipeline.desk import load_desk
from energy_pipeline.desk.load import desk_hash
from energy_pipeline.domain.errors import PipelineError
from energy_pipeline.orchestration.code_version import code_version
from energy_pipeline.orchestration.progress import Listener
from energy_pipeline.runner.flows import FlowName, Runner
from energy_pipeline.runner.plan import Plan, Task
from energy_pipeline.runner.results import SpanResult
from energy_pipeline.runner.spans import Span
from energy_pipeline.runner.workers import WorkerDiedError, hand_out
from energy_pipeline.settings import Settings

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from pathlib import Path

    from celery import Celery
    from celery.result import AsyncResult

TASK = "energy_pipeline.do"
LOOK_SECONDS, ASK_SECONDS = 0.5, 5.0
"""How often a result is looked for, and how long a worker is given to answer that it lives."""
SILENCES = 4
"""A worker that did not answer so many times in a row is lost."""
TRIES = 3
"""A task whose process was killed so often is not tried again: it may be what kills them."""
STEP = "start one with energy-pipeline worker, on any host that reaches the broker; what is written stays, the same command goes on"
_tasks, _results = TypeAdapter(Task), TypeAdapter(SpanResult)


class ClusterError(PipelineError):
    """No worker is there, or one cannot do what it is asked."""


def application(broker: str) -> Celery:
    """Celery on a broker that also keeps results; JSON alone is spoken.

    Raises
    ------
    ClusterError
        Where Celery is not installed.
    """
    try:
        from celery import Celery
    except ModuleNotFoundError as error:
        raise ClusterError("a cluster needs Celery -> install energy-pipeline[cluster] (in a clone: uv sync --extra cluster)") from error

    app = Celery("energy_pipeline", broker=broker, backend=broker, set_as_current=False)
    spoken = {"task_serializer": "json", "result_serializer": "json", "accept_content": ["json"], "event_serializer": "json"}
    app.conf.update(**spoken, worker_prefetch_multiplier=1, task_track_started=True, broker_connection_retry_on_startup=True)
    return app


# -- a worker --------------------------------------------------------------------


def serve(settings: Settings, home: Path, broker: str, name: str) -> None:
    """Listen to the queue of `name` until told to stop; a fork of this process does the tasks and keeps its runner, so that this one answers."""
    words = ["worker", "--pool=prefork", "--concurrency=1", f"--hostname={name}", f"--queues={name}", "--loglevel=WARNING", "--without-gossip"]
    listening(settings, home, broker).worker_main(words)


def listening(settings: Settings, home: Path, broker: str) -> Celery:
    """The application of a worker."""
    app, own = application(broker), _Own(settings, home)

    def do(task: object, about: dict[str, str], label: str | None) -> dict[str, object]:
        return own.do(task, about, label)

    app.task(do, name=TASK, shared=False)  # or every later application of this process had it too
    return app


class _Own:
    """A worker's runner: made with the first task, and anew when the desk file has changed."""

    def __init__(self, settings: Settings, home: Path) -> None:
        self._settings, self._home = settings, home
        self._open = ExitStack()
        self._runner: Runner | None = None

    def do(self, task: object, about: dict[str, str], label: str | None) -> dict[str, object]:
        """What came of a task; or why it is not done here."""
        from energy_pipeline.runner.instance import open_instance
        from energy_pipeline.runner.workers import done

        try:
            own = about_of(self._settings)
            other = [f"{what} {own[what]} here, {said} there" for what, said in about.items() if own[what] != said]
            if other:
                raise ClusterError(f"this worker's are not those of the command: {'; '.join(other)} -> start it with the same desk, lake and code")
            if self._runner is None or desk_hash(self._runner.desk) != about["desk"]:
                self._open.close()
                instance = self._open.enter_context(open_instance(self._home))
                self._runner = Runner(self._settings, instance=instance)
            self._runner.settings = self._settings.model_copy(update={"label": label})
            return {"result": _results.dump_python(done(self._runner, _tasks.validate_python(task), _Silent()), mode="json")}
        except PipelineError as error:
            return {"refused": str(error)}


class _Silent:
    """A listener for nobody: progress is told by task."""

    def done(self, step: str, day: object) -> None:
        """Nothing."""

    def failed(self, step: str, error: PipelineError) -> None:
        """Nothing: it is in the result."""


def about_of(settings: Settings) -> dict[str, str]:
    """What must be the same at both ends."""
    return {"desk": desk_hash(load_desk(settings.desk_path)), "lake": str(settings.lake), "code": settings.code_version or code_version()}


# -- the command -------------------------------------------------------------------


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
    crew, about = Crew(names), about_of(settings)
    return hand_out(Plan(flows, groups, len(names)), lambda: Remote(broker, crew, about, settings.label), listener)


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
        message, tried = [_tasks.dump_python(task, mode="json"), self._about, self._label], 0
        while tried < TRIES and not self._left.is_set():
            sent = self._app.send_task(TASK, message, queue=self.name)
            if not self._is_through(sent):
                self._forget()
                self.name = self._crew.one(self.name)
                continue
            said = sent.result
            if isinstance(said, dict) and "result" in said:
                return _results.validate_python(said["result"])
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
