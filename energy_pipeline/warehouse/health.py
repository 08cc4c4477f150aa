"""Whether a published file can be read to its end, and setting one aside that cannot.

What belongs here: looking at every block of a file, and moving it out of the way. What does not: building it anew (`publishing`).
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from energy_pipeline.warehouse import files
from energy_pipeline.warehouse.duck import connect


def damage(path: Path) -> str:
    """What keeps a file from being read, in DuckDB's words; empty for a whole file, or none."""
    if not path.is_file():
        return ""
    try:
        with connect(path) as connection:
            tables = connection.execute("SELECT schema_name, table_name FROM duckdb_tables()").fetchall()
            for schema, name in tables:
                connection.execute(f'SELECT bit_xor(hash(t)) FROM "{schema}"."{name}" t').fetchall()  # noqa: S608 - names of the catalogue
    except duckdb.Error as error:
        return str(error).splitlines()[0]
    return ""


def set_aside(path: Path) -> str:
    """Move a damaged file to `<name>.damaged`, as no other publisher is at it; what was wrong, empty where nothing was."""
    with files.publisher_lock(path):
        found = damage(path)
        if found:
            files.swap(path, path.with_name(f"{path.name}.damaged"))
    return found
