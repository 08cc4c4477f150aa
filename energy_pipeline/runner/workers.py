"""Flows over many days on several processes: the processes themselves.

What belongs here: starting them, giving them tasks, what one that dies means. What does not: which task is next (`plan`),
doing it (`spans`), printing (`cli`).
"""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Protocol

from energy_pipeline.desk import load_desk
from energy_pipeline.domain.errors import PipelineError
from energy_pipeline.orchestration.progress import Listener
from energy_pipeline.runner.flows import FlowName, Runner
from energy_pipeline.runner.instance import open_instance
from energy_pipeline.runner.past import KINDS, days_before
from energy_pipeline.runner.plan import Plan, Task
from energy_pipeline.runner.results import SpanResult
from energy_pipeline.runner.spans import Span, run_part, stretches
from energy_pipeline.settings import Settings

PATIENCE_SECONDS = 10.0
"""How long a process that was told to stop may take."""


class WorkerDiedError(PipelineError):
    """A process ended in the middle of its work."""


def run_on_workers(
    settings: Settings, home: Path, flows: Sequence[FlowName], groups: Sequence[Sequence[Span]], workers: int, listener: Listener
) -> SpanResult:
    """Flows over groups of chunks on several processes.

    Raises
    ------
    WorkerDiedError
        A process ended by itself; the others are ended too.
    """
    desk = load_desk(settings.desk_path)
    past = [(kind, days_before(desk, kind, groups[0][0][0])) for kind in KINDS]
    return hand_out(Plan(flows, groups, workers, past), lambda: Worker(serve, (settings, home)), listener)


class Hand(Protocol):
    """Who does tasks: a process here, or a worker of a cluster."""

    @property
    def pipe(self) -> Connection[Any, Any]:
        """Readable where there is something to hear."""

    def give(self, task: Task) -> None:
        """Hand over a task."""

    def hear(self, listener: Listener) -> SpanResult | None:
        """The next thing it says; a task's result is given back."""

    def dismiss(self) -> None:
        """Let it leave."""

    def end(self) -> None:
        """End it, whatever it does."""


def hand_out(plan: Plan, start: Callable[[], Hand], listener: Listener) -> SpanResult:
    """Give tasks to workers as they become free, until the plan is done."""
    total, free = SpanResult(), set(range(plan.workers))
    with started(start, plan.workers) as crew:
        while not plan.is_done:
            for number in sorted(free):
                task = plan.next(number)
                if task is not None:
                    crew[number].give(task)
                    free.discard(number)
            busy = {crew[number].pipe: number for number in range(plan.workers) if number not in free}
            for pipe in wait(list(busy)):
                number = busy[pipe]  # type: ignore[index] # they are the pipes given
                result = crew[number].hear(listener)
                if result is not None:
                    plan.finished(number, result)
                    total.merge(result)
                    free.add(number)
    return total


@contextmanager
def started(start: Callable[[], Hand], count: int) -> Iterator[list[Hand]]:
    """Processes for the length of a block: told to stop at its end, ended when it is left by an error or by Ctrl-C."""
    crew: list[Hand] = []
    try:
        crew += [start() for _ in range(count)]
        yield crew
        for worker in crew:
            worker.dismiss()
    finally:
        for worker in crew:
            worker.end()


class Worker:
    """A process that does tasks one after the other, and tells what it finishes.

    Parameters
    ----------
    target : callable
        `target(pipe, *arguments)`: receives tasks until None comes; sends ("done", step, day), ("failed", step, error), and
        a SpanResult after each task; a bare PipelineError when it cannot work at all.
    arguments : tuple
    """

    def __init__(self, target: Callable[..., None], arguments: tuple[object, ...]) -> None:
        context: SpawnContext = multiprocessing.get_context("spawn")
        self.pipe: Connection[Any, Any]
        self.pipe, theirs = context.Pipe()
        self._process: BaseProcess = context.Process(target=target, args=(theirs, *arguments), daemon=True)
        self._task: Task | None = None
        with _deaf_to_ctrl_c():
            self._process.start()
        theirs.close()

    def give(self, task: Task) -> None:
        """Hand over a task."""
        self._task = task
        try:
            self.pipe.send(task)
        except OSError as error:
            raise self._died() from error

    def hear(self, listener: Listener) -> SpanResult | None:
        """The next thing it says: progress goes to the listener, a result is given back."""
        try:
            said = self.pipe.recv()
        except (EOFError, OSError) as error:
            raise self._died() from error
        if isinstance(said, SpanResult):
            return said
        if isinstance(said, PipelineError):
            raise said
        kind, step, about = said
        if kind == "done":
            listener.done(step, about)
        else:
            listener.failed(step, about)
        return None

    def _died(self) -> WorkerDiedError:
        self._process.join(PATIENCE_SECONDS)
        code, words = self._process.exitcode, "its own words are above"
        if code is not None and code < 0:
            words = f"ended by signal {-code}, where 9 is often the machine running out of memory: fewer --workers"
        return WorkerDiedError(f"a worker ended with {code} at {self._task} ({words}) -> what is written stays; run the same command again")

    def dismiss(self) -> None:
        """Let it close what it has open and leave."""
        self.pipe.send(None)
        self._process.join(PATIENCE_SECONDS)

    def end(self) -> None:
        """End it, whatever it does."""
        if self._process.is_alive():
            self._process.terminate()
            self._process.join(PATIENCE_SECONDS)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self.pipe.close()


@contextmanager
def _deaf_to_ctrl_c() -> Iterator[None]:
    """A process started here ignores Ctrl-C, which the terminal sends to all: its parent ends it, without a traceback."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


class _Telling:
    """A listener that sends what it hears."""

    def __init__(self, pipe: Connection[Any, Any]) -> None:
        self._pipe = pipe

    def done(self, step: str, day: date | None) -> None:
        self._pipe.send(("done", step, day))

    def failed(self, step: str, error: PipelineError) -> None:
        self._pipe.send(("failed", step, error))


def serve(pipe: Connection[Any, Any], settings: Settings, home: Path) -> None:
    """A worker's life: one runner, so that what it knows of past days serves every task."""
    try:
        with open_instance(home) as instance:
            _work(pipe, Runner(settings, instance=instance))
    except PipelineError as error:
        pipe.send(error)


def _work(pipe: Connection[Any, Any], runner: Runner) -> None:
    listener = _Telling(pipe)
    while True:
        try:
            task = pipe.recv()
        except EOFError:  # the parent is gone
            return
        if task is None:
            return
        pipe.send(done(runner, task, listener))


def done(runner: Runner, task: Task, listener: Listener) -> SpanResult:
    """Do a task; an error of ours outside any step fails its days."""
    total = SpanResult()
    try:
        if task.part == "drivers" or task.part == "members":  # noqa: PLR1714 - so that the type is known
            runner.make_past(task.part, *task.chunks)
            return total
        if task.part == "raw":
            runner.ensure_history(*task.span, listener=listener)
        part = None if task.part == "raw" else task.part
        for chunk in stretches(task.days) if task.part == "reports" else task.chunks:  # of whole chunks that wait, one publish
            total.merge(run_part(runner, task.flows, chunk, listener, part=part, is_last=task.is_last))
    except PipelineError as error:
        total.merge(SpanResult([(task.part, str(task), str(error))], set(task.days)))
    return total
