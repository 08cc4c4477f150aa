"""The warehouse's tables as files for other tools: Parquet, CSV, or one Excel workbook.

What belongs here: which tables and days, how times with zones are written, the three formats. What does not: the tables
themselves (`marts`, `dimensions`), or the command (`cli.export`).

Parquet keeps instants as they are. CSV and Excel know no time zones: an instant becomes a column `..._utc`, and the start of
an interval also `..._local`, the wall clock of the row's zone, where the table has one. In the autumn hour that the clock shows
twice, the column in UTC tells the rows apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Literal, get_args

import duckdb
import polars as pl

from energy_pipeline.contracts.sql import literal, quoted
from energy_pipeline.domain.errors import PipelineError
from energy_pipeline.warehouse.duck import connect
from energy_pipeline.warehouse.models import mart_table

Format = Literal["parquet", "csv", "excel"]
FORMATS: tuple[Format, ...] = get_args(Format)
ZONED = "TIMESTAMP WITH TIME ZONE"
MOST_ROWS = 1_048_575
"""Rows of a worksheet below its head."""
SHEET_NAME = 31
"""Characters of a worksheet's name, at most."""
WORKBOOK = "warehouse.xlsx"
_HAS_ZONES = "SELECT 1 FROM duckdb_tables() WHERE schema_name = 'marts' AND table_name = 'dim_zone'"


class ExportError(PipelineError):
    """What cannot be exported; everything wrong is named."""


def export(
    warehouse: Path, folder: Path, kind: Format, tables: Sequence[str] = (), first: date | None = None, last: date | None = None
) -> dict[str, int]:
    """Write tables of the warehouse into a folder; files of the same names are replaced once all are written.

    Parameters
    ----------
    tables : sequence of str
        Names in the schema `marts`; none: all.
    first, last : date, optional
        Delivery days (of sums by month: months) of tables that have them; dimensions are written whole.

    Returns
    -------
    dict of str to int
        Rows by table.

    Raises
    ------
    ExportError
        No warehouse, unknown tables, or more rows than a worksheet has.
    """
    if not warehouse.is_file():
        raise ExportError(f"{warehouse}: there is no warehouse yet -> energy-pipeline run DAY")
    folder.mkdir(parents=True, exist_ok=True)
    with connect(warehouse) as connection:
        wanted = _wanted(connection, tables)
        selects = {name: _select(connection, name, kind, first, last) for name in wanted}
        rows = {name: _count(connection, sql) for name, sql in selects.items()}
        fresh = _workbook(connection, folder, selects, rows) if kind == "excel" else _files(connection, folder, selects, kind)
    for path in fresh:
        path.replace(path.with_suffix(""))
    return rows


def _wanted(connection: duckdb.DuckDBPyConnection, tables: Sequence[str]) -> list[str]:
    here = [
        str(row[0])
        for row in connection.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'marts' ORDER BY 1").fetchall()
    ]
    unknown = [name for name in tables if name not in here]
    if unknown:
        near = {name: get_close_matches(name, here, 1) for name in unknown}
        told = "\n".join(f"  - {name}" + (f": did you mean {match[0]}?" if (match := near[name]) else "") for name in unknown)
        raise ExportError(f"the warehouse has no such table\n{told}\n-> tables: {', '.join(here)}")
    return list(dict.fromkeys(tables)) or here


def _select(connection: duckdb.DuckDBPyConnection, name: str, kind: Format, first: date | None, last: date | None) -> str:
    """The table's rows of the days wanted, in the order of its key, with times as the format can hold them."""
    columns = dict(row[:2] for row in connection.execute(f"DESCRIBE {mart_table(name)}").fetchall())
    zoned = kind != "parquet" and {"delivery_start", "zone"} <= set(columns) and bool(connection.execute(_HAS_ZONES).fetchone())
    listed = [quoted(column) for column in columns] if kind == "parquet" else [_plain(c, t, zoned) for c, t in columns.items()]
    join = " AS t LEFT JOIN (SELECT zone AS z, time_zone AS tz FROM marts.dim_zone) ON z = t.zone" if zoned else " AS t"
    day = "" if name.startswith("dim_") else next((c for c in ("delivery_day", "delivery_month") if c in columns), "")
    bounds = [f"t.{day} {sign} {literal(str(at))}" for sign, at in ((">=", first), ("<=", last)) if at is not None and day]
    where = f" WHERE {' AND '.join(bounds)}" if bounds else ""
    key = [str(row[0]) for row in connection.execute("SELECT column_name FROM meta.keys WHERE mart = ? ORDER BY place", [name]).fetchall()]
    order = f" ORDER BY {', '.join(f't.{quoted(k)}' for k in key)}" if key else ""
    return f"SELECT {', '.join(listed)} FROM {mart_table(name)}{join}{where}{order}"  # noqa: S608 - names of the file's own tables


def _plain(column: str, kind: str, zoned: bool) -> str:
    """A column without a time zone."""
    if kind != ZONED:
        return f"t.{quoted(column)}"
    utc = f"timezone('UTC', t.{quoted(column)}) AS {quoted(f'{column}_utc')}"
    local = f", timezone(tz, t.{quoted(column)}) AS {quoted(f'{column}_local')}"
    return utc + (local if column == "delivery_start" and zoned else "")


def _count(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM ({sql})").fetchone()  # noqa: S608 - our own query
    return int(row[0]) if row else 0


def _files(connection: duckdb.DuckDBPyConnection, folder: Path, selects: dict[str, str], kind: Format) -> list[Path]:
    """A file a table, under a name for the time of writing."""
    options = "FORMAT parquet, COMPRESSION zstd" if kind == "parquet" else "FORMAT csv, HEADER"
    fresh = []
    for name, sql in selects.items():
        path = folder / f"{name}.{kind}.tmp"
        connection.execute(f"COPY ({sql}) TO {literal(str(path))} ({options})")
        fresh.append(path)
    return fresh


def _workbook(connection: duckdb.DuckDBPyConnection, folder: Path, selects: dict[str, str], rows: dict[str, int]) -> list[Path]:
    """One workbook: a sheet that says what there is, one that explains the columns, and a sheet a table."""
    from xlsxwriter import Workbook

    if wide := {name: count for name, count in rows.items() if count > MOST_ROWS}:
        told = "\n".join(f"  - {name}: {count:,} rows" for name, count in wide.items())
        raise ExportError(
            f"a worksheet holds {MOST_ROWS:,} rows below its head\n{told}\n-> fewer days (--from, --to-day), fewer tables, or --format parquet"
        )
    path = folder / f"{WORKBOOK}.tmp"
    with Workbook(str(path), {"nan_inf_to_errors": True, "constant_memory": False}) as book:
        book.set_properties({"created": datetime(2000, 1, 1), "title": "energy_pipeline"})  # noqa: DTZ001 - a constant: the same rows give the same bytes
        sheets = sheet_names(selects)
        _contents(connection, list(selects), rows, sheets).write_excel(book, worksheet="contents", autofit=True)
        _columns(connection, list(selects)).write_excel(book, worksheet="columns", autofit=True)
        for name, sql in selects.items():
            frame = pl.from_arrow(connection.sql(sql).to_arrow_table())
            assert isinstance(frame, pl.DataFrame)  # noqa: S101 - a table, not a column
            frame.write_excel(
                book, worksheet=sheets[name], freeze_panes=(1, 0), dtype_formats={pl.Datetime: "yyyy-mm-dd hh:mm", pl.Date: "yyyy-mm-dd"}
            )
    return [path]


def sheet_names(tables: Iterable[str]) -> dict[str, str]:
    """A worksheet's name for each table: its own, shortened where Excel wants that.

    >>> sheet_names(["pnl", "a_table_with_a_very_long_name_indeed", "a_table_with_a_very_long_name_in_short"])["pnl"]
    'pnl'
    """
    found: dict[str, str] = {}
    for table in tables:
        short, number = table[:SHEET_NAME], 2
        while short in found.values():
            short, number = f"{table[: SHEET_NAME - 3]}~{number}", number + 1
        found[table] = short
    return found


def _contents(connection: duckdb.DuckDBPyConnection, names: list[str], rows: dict[str, int], sheets: dict[str, str]) -> pl.DataFrame:
    told = dict(
        connection.execute("SELECT table_name, comment FROM duckdb_tables() UNION ALL SELECT view_name, comment FROM duckdb_views()").fetchall()
    )
    return pl.DataFrame(
        {"table": names, "sheet": [sheets[n] for n in names], "rows": [rows[n] for n in names], "what": [told.get(n) or "" for n in names]}
    )


def _columns(connection: duckdb.DuckDBPyConnection, names: list[str]) -> pl.DataFrame:
    sql = "SELECT table_name, column_name, comment FROM duckdb_columns() WHERE schema_name = 'marts' ORDER BY table_name, column_index"
    rows = [row for row in connection.execute(sql).fetchall() if row[0] in names]
    return pl.DataFrame(rows, schema=["table", "column", "what"], orient="row")
