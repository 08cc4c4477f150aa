"""A worker of a cluster: it listens to a broker, and does the tasks of a plan that `cluster` gives it.

What belongs here: Celery's application, the worker's side of a message, and what must be the same at both ends. What does not: who is
given what (`cluster`), doing a task (`workers.done`).
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from energy_pipeline.desk import load_desk
from energy_pipeline.desk.load import desk_hash
from energy_pipeline.domain.errors import PipelineError
from energy_pipeline.orchestration.code_version import code_version
from energy_pipeline.runner.flows import Runner
from energy_pipeline.runner.plan import Task
from energy_pipeline.runner.results import SpanResult
from energy_pipeline.settings import Settings

if TYPE_CHECKING:
    from celery import Celery

TASK = "energy_pipeline.do"
TASKS, RESULTS = TypeAdapter(Task), TypeAdapter(SpanResult)
"""What a message says, and what comes back, as JSON."""


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
        self._settings = settings.model_copy(update={"code_version": settings.code_version or code_version()})  # as it is loaded, not as it lies
        self._home = home
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
            return {"result": RESULTS.dump_python(done(self._runner, TASKS.validate_python(task), _Silent()), mode="json")}
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
