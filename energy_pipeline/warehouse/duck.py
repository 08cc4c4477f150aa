"""Connections to DuckDB files that are always closed.

What belongs here: opening with our limits, closing whatever happens. What does not: SQL.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

MEMORY_LIMIT = "1GB"
THREADS = 1  # sums of floats in one order: the same rows give the same marts


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
    config: dict[str, str | bool | int | float | list[str]] = {
        "threads": THREADS,
        "memory_limit": memory_limit,
        "autoinstall_known_extensions": False,  # never reaches for the network
    }
    if not read_only:
        config["temp_directory"] = f"{path}.spill.tmp"  # a name that the publisher's sweep knows
    connection = duckdb.connect(str(path), read_only=read_only, config=config)
    try:
        connection.execute("SET TimeZone = 'UTC'")
        yield connection
    finally:
        connection.close()
