"""Publishing the warehouse: built beside, checked, swapped in.

What belongs here: the lock, the copy, the check and the swap of the DuckDB file. What
does not: what the marts hold (`marts`, `dbt_like_sql/`). Why this way:
`docs/decisions/warehouse-swap.md`.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import duckdb

from energy_pipeline.lake.errors import PublishError
from energy_pipeline.lake.store import Lake
from energy_pipeline.warehouse.duck import connect
from energy_pipeline.warehouse.marts import SCHEMA, MartBuild, MartBuilder, Project, open_project

_PUBLISHES = """
CREATE TABLE IF NOT EXISTS meta.publishes (
    version BIGINT PRIMARY KEY, published_at TIMESTAMPTZ, delivery_days DATE[] NOT NULL, mart_count INTEGER NOT NULL, written_rows BIGINT NOT NULL
);
COMMENT ON TABLE meta.publishes IS 'One row per publish; the highest version is the one you are reading.';
COMMENT ON COLUMN meta.publishes.version IS 'Counts up by one.';
COMMENT ON COLUMN meta.publishes.published_at IS 'When, as told by the publisher, UTC; null when it did not say.';
COMMENT ON COLUMN meta.publishes.delivery_days IS 'Delivery days that were replaced.';
COMMENT ON COLUMN meta.publishes.mart_count IS 'Marts in this version.';
COMMENT ON COLUMN meta.publishes.written_rows IS 'Rows written, those of rebuilt marts included.';
"""


@dataclass(frozen=True)
class PublishReport:
    """What a publish did.

    Attributes
    ----------
    version : int
        Version number readers see in `meta.publishes`.
    tables : tuple of str
        The marts.
    rows : dict of str to int
        Rows written per mart.
    rebuilt : tuple of str
        Marts that were new or had changed, and got all days of the lake.
    days : tuple of date
        Days replaced.
    seconds : float
        Time under the lock.
    """

    version: int
    tables: tuple[str, ...]
    rows: dict[str, int]
    rebuilt: tuple[str, ...]
    days: tuple[date, ...]
    seconds: float


def publish(
    lake: Lake, warehouse_path: Path, sql_root: Path, days: Sequence[date], *, published_at: datetime | None = None, project: Project | None = None
) -> PublishReport:
    """Bring the days of all marts up to date in a new version of the warehouse, and swap it in.

    Readers are never blocked and never see a half. Publishers take turns. A failure leaves
    the last good file as it was.

    Parameters
    ----------
    warehouse_path : Path
        A local file; the new version is built in the same folder.
    sql_root : Path
        The SQL models.
    published_at : datetime, optional
        Aware; noted in `meta.publishes`.
    project : Project, optional
        Instead of the models in `sql_root`.

    Raises
    ------
    PublishError
        Naming everything that failed.
    """
    models = project if project is not None else open_project(sql_root)
    wanted = tuple(sorted(set(days)))
    with publisher_lock(warehouse_path):
        began = time.perf_counter()
        sweep(warehouse_path)
        fresh = warehouse_path.with_name(f"{warehouse_path.name}.{os.getpid()}-{secrets.token_hex(6)}.tmp")
        try:
            if warehouse_path.exists():
                shutil.copy(warehouse_path, fresh)
            version, builds = _build(fresh, lake, models, wanted, published_at)
            verify(fresh, version, {build.name: build.total for build in builds})
            _sync(fresh)
            os.replace(fresh, warehouse_path)  # noqa: PTH105 - the swap
        finally:
            sweep(warehouse_path)
        seconds = time.perf_counter() - began
    return PublishReport(
        version,
        tuple(build.name for build in builds),
        {build.name: build.written for build in builds},
        tuple(build.name for build in builds if build.rebuilt),
        wanted,
        seconds,
    )


@contextmanager
def publisher_lock(warehouse_path: Path) -> Iterator[None]:
    """Wait for one's turn: an exclusive `flock` on `<warehouse>.lock`, freed by the kernel if the holder dies."""
    warehouse_path.parent.mkdir(parents=True, exist_ok=True)
    with warehouse_path.with_name(f"{warehouse_path.name}.lock").open("ab") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def sweep(warehouse_path: Path) -> None:
    """Remove what a killed publisher left; only under the lock.

    A `.wal` beside the live file is a leftover too: the live file is complete, and DuckDB
    would replay an old log into it.
    """
    name = warehouse_path.name
    leftovers = [p for pattern in (f"{name}.*.tmp", f"{name}.*.tmp.wal", f"{name}.wal") for p in warehouse_path.parent.glob(pattern)]
    for path in leftovers:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _build(fresh: Path, lake: Lake, project: Project, days: Sequence[date], published_at: datetime | None) -> tuple[int, list[MartBuild]]:
    try:
        with connect(fresh, read_only=False) as connection:
            builds = MartBuilder(connection, lake, project).run(days)
            connection.execute(_PUBLISHES)
            row = connection.execute("SELECT coalesce(max(version), 0) + 1 FROM meta.publishes").fetchone()
            version = int(row[0]) if row else 1
            written = sum(build.written for build in builds)
            connection.execute("INSERT INTO meta.publishes VALUES (?, ?, ?, ?, ?)", [version, published_at, list(days), len(builds), written])
            connection.execute("CHECKPOINT")
    except duckdb.Error as error:
        next_step = "if the warehouse file itself is damaged, delete it: the next publish rebuilds it from the lake"
        raise PublishError({"build": f"{type(error).__name__}: {error}"}, next_step) from error
    return version, builds


def verify(fresh: Path, version: int, rows: Mapping[str, int]) -> None:
    """Open the new file as a reader would and compare it with what was built; PublishError when it differs."""
    problems: dict[str, str] = {}
    if fresh.with_name(f"{fresh.name}.wal").exists():
        problems["checkpoint"] = "a .wal is left beside the closed file"
    try:
        with connect(fresh) as connection:
            found = connection.execute("SELECT max(version) FROM meta.publishes").fetchone()
            if found != (version,):
                problems["version"] = f"expected {version}, found {found}"
            for name, expected in rows.items():
                count = connection.execute(f'SELECT count(*) FROM {SCHEMA}."{name}"').fetchone()  # noqa: S608 - a mart's name
                if count != (expected,):
                    problems[name] = f"expected {expected} rows, found {count}"
    except duckdb.Error as error:
        problems["open"] = f"{type(error).__name__}: {error}"
    if problems:
        raise PublishError(problems, "publish again; when it repeats, delete the warehouse file: it is rebuilt from the lake")


def _sync(path: Path) -> None:
    with path.open("rb+") as handle:
        os.fsync(handle.fileno())
