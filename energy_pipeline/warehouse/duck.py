"""Connections to DuckDB files that are always closed.

What belongs here: opening with our limits, the storage version files are written in, closing whatever happens. What
does not: SQL of marts.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from energy_pipeline.contracts.sql import literal

MEMORY_LIMIT = "1GB"
THREADS = 1  # sums of floats in one order: the same rows give the same marts
STORAGE_VERSION = "v1.0.0"
"""The oldest that holds the tables: what DuckDB 2 writes by default opens in no 1.x driver."""


@contextmanager
def connect(path: Path, *, read_only: bool = True, memory_limit: str = MEMORY_LIMIT) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection in UTC, closed at the end of the block also when it fails.

    A reader sees the version that was live when it connected; to see a newer one, close
    every connection of the process to the file and connect again.

    Parameters
    ----------
    memory_limit : str
        Beyond it DuckDB spills beside the file, a writer into `<path>.spill.tmp`.
    """
    spill = "" if read_only else f"{path}.spill.tmp"  # a name that the publisher's sweep knows
    with _open(str(path), spill, read_only=read_only, memory_limit=memory_limit) as connection:
        yield connection


@contextmanager
def workbench(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to no file, to which a publisher of `path` attaches the files it reads and builds."""
    with _open(":memory:", f"{path}.spill.tmp", read_only=False, memory_limit=MEMORY_LIMIT) as connection:
        yield connection


@contextmanager
def _open(database: str, spill: str, *, read_only: bool, memory_limit: str) -> Iterator[duckdb.DuckDBPyConnection]:
    config: dict[str, str | bool | int | float | list[str]] = {
        "threads": THREADS,
        "memory_limit": memory_limit,
        "autoinstall_known_extensions": False,  # never reaches for the network
    }
    if spill:
        config["temp_directory"] = spill
    connection = duckdb.connect(database, read_only=read_only, config=config)
    try:
        connection.execute("SET TimeZone = 'UTC'")
        yield connection
    finally:
        connection.close()


@contextmanager
def attached(connection: duckdb.DuckDBPyConnection, path: Path, name: str, *, read_only: bool = True) -> Iterator[None]:
    """A file attached for the block; a new one is written in `STORAGE_VERSION`, and one being built is in use.

    One being built has no journal: it is written whole by its checkpoint, looked at and swapped in, or thrown away.
    """
    options = "READ_ONLY" if read_only else f"STORAGE_VERSION {literal(STORAGE_VERSION)}, RECOVERY_MODE no_wal_writes"
    connection.execute(f"ATTACH {literal(str(path))} AS {name} ({options})")
    try:
        if not read_only:
            connection.execute(f"USE {name}")
        yield
    finally:
        connection.execute("USE memory")
        connection.execute(f"DETACH {name}")


def is_current(connection: duckdb.DuckDBPyConnection, name: str) -> bool:
    """Whether an attached file is in `STORAGE_VERSION`."""
    row = connection.execute("SELECT tags['storage_version'] FROM duckdb_databases() WHERE database_name = ?", [name]).fetchone()
    return row is not None and str(row[0]).startswith(STORAGE_VERSION)
