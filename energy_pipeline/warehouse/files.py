"""The warehouse's files: names, lock, copies, leftovers, and the query that reads all years as one.

What belongs here: what happens to files as a whole. What does not: what is in them (`marts`), or the order of a publish
(`publishing`). Why this way: `docs/decisions/warehouse-swap.md`.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from energy_pipeline.contracts.sql import literal, quoted
from energy_pipeline.warehouse.models import mart_table

BY_DAY, NEWEST = "by day", "newest"
"""How all years of a mart are read: each day from the file that has it, or all from the newest file."""


def year_path(warehouse_path: Path, year: int) -> Path:
    """A closed year's file.

    >>> year_path(Path("warehouse.duckdb"), 2019).name
    'warehouse_2019.duckdb'
    """
    return warehouse_path.with_name(f"{warehouse_path.stem}_{year}{warehouse_path.suffix}")


def closed_years(warehouse_path: Path) -> list[int]:
    """Years that have a file, ascending."""
    pattern = re.compile(rf"{re.escape(warehouse_path.stem)}_(\d{{4}}){re.escape(warehouse_path.suffix)}")
    return sorted(int(match[1]) for path in warehouse_path.parent.glob(f"{warehouse_path.stem}_*") if (match := pattern.fullmatch(path.name)))


def attach_path(warehouse_path: Path) -> Path:
    """The file with the query that reads all years as one."""
    return warehouse_path.with_name(f"{warehouse_path.stem}_attach.sql")


def fresh_path(path: Path) -> Path:
    """A unique name beside a file, for its next version."""
    return path.with_name(f"{path.name}.{os.getpid()}-{secrets.token_hex(6)}.tmp")


def copy(path: Path, fresh: Path) -> None:
    """Copy a file; where the file system can, its blocks are shared and nothing is written."""
    with path.open("rb") as old, fresh.open("wb") as new:
        left = os.fstat(old.fileno()).st_size
        try:
            while left and hasattr(os, "copy_file_range"):
                if not (done := os.copy_file_range(old.fileno(), new.fileno(), left)):
                    break
                left -= done
        except OSError:  # other file systems, old kernels
            old.seek(0)
            new.seek(0)
            new.truncate()
        else:
            if not left:
                return
        shutil.copyfileobj(old, new, 1 << 20)


def sync(path: Path) -> None:
    """Put a file on the disk."""
    with path.open("rb+") as handle:
        os.fsync(handle.fileno())


def swap(fresh: Path, path: Path) -> None:
    """Readers who connect from now on see the new file."""
    os.replace(fresh, path)  # noqa: PTH105 - the swap


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
    names = (warehouse_path.name, f"{warehouse_path.stem}_[0-9][0-9][0-9][0-9]{warehouse_path.suffix}", attach_path(warehouse_path).name)
    patterns = [pattern for name in names for pattern in (f"{name}.*.tmp", f"{name}.*.tmp.wal", f"{name}.wal")]
    leftovers = [path for pattern in patterns for path in warehouse_path.parent.glob(pattern)]
    for path in leftovers:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def write_attach_query(warehouse_path: Path, marts: Mapping[str, str]) -> None:
    """Bring the saved query up to date; untouched where it says the same."""
    path, text = attach_path(warehouse_path), attach_query(warehouse_path.name, closed_years(warehouse_path), marts)
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return
    fresh = fresh_path(path)
    fresh.write_text(text, encoding="utf-8")
    swap(fresh, path)


def attach_query(name: str, years: Sequence[int], marts: Mapping[str, str]) -> str:
    """SQL that shows the marts of all files as views of one schema, in a session of its own.

    Parameters
    ----------
    marts : mapping of str to str
        In an order in which views come after what they read: `BY_DAY`, `NEWEST`, or the SQL of a view.
    """
    stem, _, suffix = name.rpartition(".")
    lines = [
        f"-- All years as one: run it in this folder in a session without a file, as `duckdb -init {stem}_attach.sql`.",
        "-- Written by each publish. Read-only; attach again to see a newer version.",
        f"ATTACH IF NOT EXISTS {literal(name)} AS newest (READ_ONLY);",
        *(f"ATTACH IF NOT EXISTS {literal(f'{stem}_{year}.{suffix}')} AS y{year} (READ_ONLY);" for year in years),
        "CREATE SCHEMA IF NOT EXISTS marts;",
    ]
    kept = " AND ".join(f"delivery_day NOT BETWEEN {literal(str(date(y, 1, 1)))} AND {literal(str(date(y, 12, 31)))}" for y in years)
    for mart, how in marts.items():
        table = f"marts.{quoted(mart)}"
        parts = [f"SELECT * FROM newest.{table}"] if how in (BY_DAY, NEWEST) else [how]  # noqa: S608 - a mart's name
        if years and how == BY_DAY:
            parts = [f"{parts[0]} WHERE {kept}", *(f"SELECT * FROM y{year}.{table}" for year in years)]  # noqa: S608
        lines.append(f"CREATE OR REPLACE VIEW {mart_table(mart)} AS " + " UNION ALL BY NAME ".join(parts) + ";")
    return "\n".join(lines) + "\n"
