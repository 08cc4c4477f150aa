"""The Dagster instance of this machine: where its home is, created and migrated before anything uses it.

What belongs here: DAGSTER_HOME and its configuration file. What does not: running anything.
"""

from __future__ import annotations

import fcntl
import hashlib
import io
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

import dagster as dg

from energy_pipeline.domain.errors import PipelineError
from energy_pipeline.orchestration.event_storage import EVENTS_PER_BATCH
from energy_pipeline.orchestration.processes import fail_dead_runs

DEFAULT_HOME = Path(".dagster")
TEMPLATE = Path(__file__).with_name("local_dagster.yaml")
SHIPPED_BEFORE = frozenset({"4d3085953dad39a8bdc493fadd7216b530ce4fd6ab11645ac470e754982c887b"})
"""SHA-256 of earlier versions of the template: a home that still has one gets the present one."""


def home_of(environment: Mapping[str, str]) -> Path:
    """DAGSTER_HOME, or `.dagster` here; absolute, as Dagster wants it.

    >>> home_of({"DAGSTER_HOME": "/srv/dagster"})
    PosixPath('/srv/dagster')
    """
    return Path(environment.get("DAGSTER_HOME") or DEFAULT_HOME).resolve()


def prepare_home(home: Path) -> Path:
    """Create the home, give it a configuration, and bring its databases to this version's schema.

    Processes that open a fresh SQLite home at once would all try to create its tables: one does, the others wait for it. The
    web server, the daemon and workers start after this.
    """
    home.mkdir(parents=True, exist_ok=True)
    config, mark = home / "dagster.yaml", home / f".schema-{dg.__version__}"
    os.environ["DAGSTER_HOME"] = str(home)
    os.environ.setdefault("DAGSTER_EVENT_BATCH_SIZE", str(EVENTS_PER_BATCH))
    if mark.exists() and config.exists() and not _is_as_shipped_before(config):
        return home
    with (home / ".preparing").open("ab") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        if not config.exists() or _is_as_shipped_before(config):
            shutil.copy(TEMPLATE, config)
        if not mark.exists():
            with dg.DagsterInstance.from_config(str(home)) as instance, redirect_stdout(io.StringIO()):
                instance.upgrade()
            mark.touch()
    return home


def _is_as_shipped_before(config: Path) -> bool:
    """Whether nobody touched the file since an earlier version put it there."""
    return hashlib.sha256(config.read_bytes()).hexdigest() in SHIPPED_BEFORE


class RecordsError(PipelineError):
    """The database of Dagster's records did not answer, or takes nothing more."""


@contextmanager
def reaching(home: Path) -> Iterator[None]:
    """What the database says for itself becomes one sentence; lake and warehouse do not hang on it."""
    from dagster_postgres.utils import DagsterPostgresException
    from sqlalchemy.exc import OperationalError

    try:
        yield
    except (OperationalError, DagsterPostgresException) as error:
        cause = error if isinstance(error, OperationalError) else error.__cause__ or error.__context__ or error
        words = str(getattr(cause, "orig", None) or cause).splitlines()[0]
        step = f"start the database, make room for it, or correct {home / 'dagster.yaml'}; what the lake holds is whole, the same command goes on"
        raise RecordsError(f"Dagster's records: {words} -> {step}") from error


@contextmanager
def open_instance(home: Path) -> Iterator[dg.DagsterInstance]:
    """The instance of a home, prepared; runs of this host whose process is gone are marked failed."""
    with reaching(home):
        prepare_home(home)
        with dg.DagsterInstance.from_config(str(home)) as instance:
            fail_dead_runs(instance)
            yield instance
