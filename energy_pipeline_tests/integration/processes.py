"""Our commands, each in a process of its own, without importing the libraries each time.

What belongs here: starting processes that have nothing of ours in memory, and what they print. What does not: which commands.

A server imports what others wrote and runs nothing, so that it may be forked; each command is a fork of it and imports our own
code anew. Importing costs 8 CPU seconds, a fork a few milliseconds.
"""

import multiprocessing
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from multiprocessing import forkserver
from pathlib import Path

LIBRARIES = (
    "energy_pipeline.threads",  # one thread of linear algebra: before numpy
    "dagster",
    "cvxpy",
    "duckdb",
    "great_expectations",
    "matplotlib",
    "numba",
    "pandas",
    "pvlib",
    "scipy.optimize",
    "scipy.stats",
    "sqlglot",
    "statsmodels.api",
    "typer",
    "xgboost",
)
IDLE = {"jemalloc_bg_thd", "polars-ooc-clea"}
"""Threads that importing starts: the allocators', which prepare themselves for a fork, and one that deletes polars' spilled files."""


@contextmanager
def library_server() -> Iterator[None]:
    """Fork `run`'s processes from a server with the libraries, and wait for its end: its seconds count as ours."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(LIBRARIES))
    yield
    forkserver._forkserver._stop()  # type: ignore[attr-defined]


def run(program: Callable[..., None], *arguments: object, environment: Mapping[str, str]) -> str:
    """What `program` prints in a process of its own; a program that fails is a failed assertion with its last words."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "output.txt"
        process = multiprocessing.get_context("forkserver").Process(target=_forked, args=(program, arguments, dict(environment), output))
        process.start()
        process.join()
        printed = output.read_text(encoding="utf-8")
    assert process.exitcode == 0, printed[-8000:]
    return printed


def begun(program: Callable[..., None], *arguments: object, environment: Mapping[str, str], output: Path) -> multiprocessing.process.BaseProcess:
    """`program` in a process of its own, under way; what it prints goes to a file."""
    process = multiprocessing.get_context("forkserver").Process(target=_forked, args=(program, arguments, dict(environment), output))
    process.start()
    return process


def _forked(program: Callable[..., None], arguments: tuple[object, ...], environment: dict[str, str], output: Path) -> None:
    with output.open("wb") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    tasks = Path(f"/proc/{os.getppid()}/task")
    others = {task.joinpath("comm").read_text().strip() for task in (tasks.iterdir() if tasks.is_dir() else ()) if int(task.name) != os.getppid()}
    assert others <= IDLE, f"the server has threads and must not be forked: {others - IDLE}"
    assert not {"energy_pipeline.desk", "energy_pipeline.definitions"} & set(sys.modules), "the server has something of ours in memory"
    os.environ.update(environment)
    program(*arguments)


def energy_pipeline(*arguments: str) -> None:
    """The command line."""
    from energy_pipeline.cli.main import app

    app(list(arguments))
