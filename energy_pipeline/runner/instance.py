"""The Dagster instance of this machine: where its home is, created and migrated before anything uses it.

What belongs here: DAGSTER_HOME and its configuration file. What does not: running anything.
"""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

import dagster as dg

DEFAULT_HOME = Path(".dagster")
TEMPLATE = Path(__file__).with_name("local_dagster.yaml")


def home_of(environment: Mapping[str, str]) -> Path:
    """DAGSTER_HOME, or `.dagster` here; absolute, as Dagster wants it.

    >>> home_of({"DAGSTER_HOME": "/srv/dagster"})
    PosixPath('/srv/dagster')
    """
    return Path(environment.get("DAGSTER_HOME") or DEFAULT_HOME).resolve()


def prepare_home(home: Path) -> Path:
    """Create the home, give it a configuration, and bring its databases to this version's schema.

    Two processes that open a fresh SQLite home at once can both try to create its tables;
    so this runs before the web server, the daemon or workers start.
    """
    home.mkdir(parents=True, exist_ok=True)
    config, mark = home / "dagster.yaml", home / f".schema-{dg.__version__}"
    if not config.exists():
        shutil.copy(TEMPLATE, config)
    os.environ["DAGSTER_HOME"] = str(home)
    if not mark.exists():
        with dg.DagsterInstance.from_config(str(home)) as instance, redirect_stdout(io.StringIO()):
            instance.upgrade()
        mark.touch()
    return home


@contextmanager
def open_instance(home: Path) -> Iterator[dg.DagsterInstance]:
    """The instance of a home, prepared."""
    prepare_home(home)
    with dg.DagsterInstance.from_config(str(home)) as instance:
        yield instance
