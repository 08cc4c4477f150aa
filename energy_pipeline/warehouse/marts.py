"""The marts inside one DuckDB file: created, days replaced, months summed up, comments set.

What belongs here: SQL that changes tables of the file in use. What does not: which days are due (`due`), files, locks
and the swap (`files`, `publishing`), or the models' own SQL (`dbt_like_sql/`).

The rule a mart lives by: it has a DATE column `delivery_day`, and its rows of a day are computed from that day's source
rows (a source, staging model or other mart is shown to it for the days being published only). So replacing a day is
exact, and a rebuild in blocks of days equals any other order. A mart by month (`contracts.aggregates`) is made from the
finished days of its months.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import duckdb
import polars as pl

from energy_pipeline.contracts import table as contract_of
from energy_pipeline.contracts.aggregates import MONTH, is_aggregate, is_monthly
from energy_pipeline.contracts.dimensions import DIMENSIONS
from energy_pipeline.contracts.sql import comments, quoted
from energy_pipeline.domain.errors import PipelineError
from energy_pipeline.lake.errors import PublishError
from energy_pipeline.lake.layout import month_start
from energy_pipeline.lake.store import Lake
from energy_pipeline.warehouse.due import Due, Kept, Scope, SourceDays, changed, months
from energy_pipeline.warehouse.models import SCHEMA, Model, Models, mart_table, relation, source

META = """
CREATE SCHEMA IF NOT EXISTS marts;
CREATE SCHEMA IF NOT EXISTS meta;
CREATE TABLE IF NOT EXISTS meta.models (mart VARCHAR PRIMARY KEY, fingerprint VARCHAR NOT NULL);
COMMENT ON TABLE meta.models IS 'Hash of the SQL and descriptions each mart was built with.';
CREATE TABLE IF NOT EXISTS meta.days (mart VARCHAR NOT NULL, delivery_day DATE NOT NULL, sources_hash VARCHAR NOT NULL);
COMMENT ON TABLE meta.days IS 'Hash of the source days that the rows of a mart and day were made from.';
CREATE TABLE IF NOT EXISTS meta.span (first_day DATE NOT NULL);
COMMENT ON TABLE meta.span IS 'From which day on this file holds rows by interval.';
CREATE TABLE IF NOT EXISTS meta.keys (mart VARCHAR NOT NULL, place INTEGER NOT NULL, column_name VARCHAR NOT NULL);
COMMENT ON TABLE meta.keys IS 'Grain of each mart: the columns that tell its rows apart, in order.';
CREATE OR REPLACE TEMP TABLE block_days (delivery_day DATE);
"""


class MartError(PipelineError):
    """A mart breaks the rule all marts live by."""


@dataclass
class MartBuild:
    """What was done to one mart.

    Attributes
    ----------
    rebuilt : bool
        All days were computed: the mart is new, or its SQL or columns changed.
    written : int
        Rows inserted.
    total : int
        Rows the mart has now.
    """

    name: str
    rebuilt: bool = False
    written: int = 0
    total: int = 0


@dataclass
class MartBuilder:
    """Brings the marts of the file in use up to date.

    Parameters
    ----------
    connection : DuckDBPyConnection
        To a file nobody else has open.
    scope : Scope
        Days the file holds.
    kept : Kept
        What the file was built from.
    """

    connection: duckdb.DuckDBPyConnection
    lake: Lake
    models: Models
    scope: Scope
    kept: Kept
    sources: SourceDays
    failures: dict[str, str] = field(default_factory=dict)

    def run(self, due: Due) -> list[MartBuild]:
        """Compute the days due; create or rebuild marts that are new or have changed.

        Raises
        ------
        PublishError
            Naming every model that failed; all were tried.
        """
        self.connection.execute(META)
        stale = changed(self.models, self.kept)
        builds = {mart.name: MartBuild(mart.name, mart.name in stale) for mart in self.models.marts}
        self._drop_strangers()
        self._views([mart.name for mart in self.models.marts if mart.name in stale or mart.name in due])
        made = [model for model in (*self.models.marts, *self.models.views) if model.name in stale]
        self.connection.execute("DELETE FROM meta.days WHERE mart IN (SELECT unnest(?::VARCHAR[]))", [[mart.name for mart in made]])
        for mart in self.models.marts:
            if mart.name in stale:
                self._try(mart, lambda m: create(self.connection, self.models, m, self.models.sql[m.name]))
        self._fill(builds, due)
        self._sum_up(builds, due, stale)
        for view in self.models.views:
            if view.name in stale:
                self._try(view, lambda v: create_view(self.connection, self.models, v))
        if self.failures:
            raise PublishError(self.failures)
        note(self.connection, self.models, made)
        self._trim()
        self._tell()
        for build in builds.values():
            build.total = self._scalar(f"SELECT count(*) FROM {mart_table(build.name)}")  # noqa: S608 - a mart's name
        return list(builds.values())

    # -- preparing -------------------------------------------------------------

    def _drop_strangers(self) -> None:
        for name, kind in self._strangers():
            self.connection.execute(f"DROP {kind} {mart_table(name)}")
            self.connection.execute("DELETE FROM meta.models WHERE mart = ?", [name])
            for table in ("days", "keys"):
                self.connection.execute(f"DELETE FROM meta.{table} WHERE mart = ?", [name])  # noqa: S608 - our own names

    def _strangers(self) -> list[tuple[str, str]]:
        """Tables and views of the marts' schema that are no marts, views first; what is now the other kind counts as one."""
        rows = self.connection.execute("SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = ?", [SCHEMA]).fetchall()
        here = {(str(name), "VIEW" if kind == "VIEW" else "TABLE") for name, kind in rows}
        wanted = {(mart.name, "TABLE") for mart in self.models.marts} | {(view.name, "VIEW") for view in self.models.views}
        wanted |= {(name, "TABLE") for name in DIMENSIONS}
        return sorted(here - wanted, key=lambda found: (found[1] == "TABLE", found[0]))

    def _views(self, marts: Sequence[str]) -> None:
        """What the marts stand on, as views over the sources of the block; first without rows."""
        self._load_sources([], self.models.sources_of(marts))
        for model in self.models.needed(marts):
            if not is_monthly(model.name):
                self._try(model, lambda m: self.connection.execute(f"CREATE OR REPLACE TEMP VIEW {relation(m.name)} AS {self.models.sql[m.name]}"))

    def _try(self, model: Model, step: Callable[[Model], object]) -> None:
        """One model's step in its own transaction; a failure is noted and the next model tried."""
        broken = [name for name in model.depends_on if name in self.failures]
        if broken:
            self.failures.setdefault(model.name, f"not tried, it needs {', '.join(broken)}")
        if model.name in self.failures:
            return
        self.connection.execute("BEGIN TRANSACTION")
        try:
            step(model)
        except (duckdb.Error, PipelineError) as error:
            self.connection.execute("ROLLBACK")
            self.failures[model.name] = f"{type(error).__name__}: {error}"
        else:
            self.connection.execute("COMMIT")

    # -- filling ---------------------------------------------------------------

    def _fill(self, builds: Mapping[str, MartBuild], due: Due) -> None:
        all_days = sorted({day for days in due.values() for day in days})
        for _, month in itertools.groupby(all_days, key=month_start):
            block = list(month)
            wanted = {mart: [day for day in days if day in block] for mart, days in due.items() if mart not in self.failures}
            wanted = {mart: days for mart, days in wanted.items() if days}
            self._load_sources(block, self.models.sources_of(wanted))
            for mart in self.models.by_day:
                if mart.name in wanted:
                    self._try(mart, lambda m, w=wanted: self._replace(m, w[m.name], builds[m.name]))  # type: ignore[misc]
            self._note_days([(mart, day) for mart, days in wanted.items() for day in days])

    def _replace(self, mart: Model, days: Sequence[date], build: MartBuild) -> None:
        there = not build.rebuilt and any((mart.name, day) in self.kept.hashes for day in days)
        self._replace_rows(mart, f"SELECT * FROM {relation(mart.name)}", days, build, there=there)  # noqa: S608 - a model's name

    def _note_days(self, made: Sequence[tuple[str, date]]) -> None:
        """Say from which source days the rows of marts and days were made."""
        names, days = [mart for mart, _ in made], [day for _, day in made]
        hashes = [self.sources.hash_of(self.models.sources[mart], day) for mart, day in made]
        listed = "unnest(?::VARCHAR[]) AS m, unnest(?::DATE[]) AS d"
        self.connection.execute(f"DELETE FROM meta.days USING (SELECT {listed}) WHERE mart = m AND delivery_day = d", [names, days])  # noqa: S608
        named = f"SELECT m, d, h FROM (SELECT {listed}, unnest(?::VARCHAR[]) AS h) WHERE h <> ''"  # noqa: S608 - constant text
        self.connection.execute(f"INSERT INTO meta.days {named}", [names, days, hashes])

    def _sum_up(self, builds: Mapping[str, MartBuild], due: Due, stale: set[str]) -> None:
        """Marts by month, from the finished days of the months that changed."""
        for mart in self.models.by_month:
            wanted = {month for name in mart.depends_on for month in months(due.get(name, ()))}
            if mart.name in stale and not self.failures:
                for name in mart.depends_on:
                    rows = self.connection.execute(f"SELECT DISTINCT delivery_day FROM {mart_table(name)}").fetchall()  # noqa: S608
                    wanted |= set(months(row[0] for row in rows))
            if block := sorted(wanted):
                self._show(block)
                self._try(mart, lambda m, w=block: self._replace_rows(m, self.models.sql[m.name], w, builds[m.name], there=True))  # type: ignore[misc]

    def _replace_rows(self, mart: Model, sql: str, days: Sequence[date], build: MartBuild, *, there: bool) -> None:
        """Rows of the days from the SQL; `there`: the mart may have some of them already."""
        day, table = day_column(mart.name), mart_table(mart.name)
        self.connection.execute(f"CREATE OR REPLACE TEMP TABLE fresh AS {sql}")
        strangers = self._scalar(f"SELECT count(*) FROM fresh WHERE {day} IS NULL OR {day} NOT IN (SELECT delivery_day FROM block_days)")  # noqa: S608
        if strangers:
            raise MartError(f"{strangers} row(s) of days that were not asked for -> compute a day from that day's source rows only")
        replaced = f"WHERE {day} IN (SELECT unnest(?::DATE[]))"
        if there:
            self.connection.execute(f"DELETE FROM {table} {replaced}", [list(days)])  # noqa: S608 - a model's name
        build.written += self._scalar(f"INSERT INTO {table} SELECT * FROM fresh {replaced}", [list(days)])  # noqa: S608

    def _show(self, days: Sequence[date]) -> None:
        self.connection.execute("DELETE FROM block_days")
        self.connection.execute("INSERT INTO block_days SELECT unnest(?::DATE[])", [list(days)])

    def _load_sources(self, block: Sequence[date], tables: Iterable[str]) -> None:
        """Show the lake's rows of a block of days under the sources' names; empty but typed where there are none."""
        self._show(block)
        for table in sorted(tables):
            self.connection.register(source(table), self._rows(table, block).to_arrow())

    def _rows(self, table: str, block: Sequence[date]) -> pl.DataFrame:
        if not block:
            return contract_of(table).frame()
        return self.lake.read(table, block[0], block[-1], missing="skip").filter(pl.col("delivery_day").is_in(list(block)))

    # -- the span --------------------------------------------------------------

    def _trim(self) -> None:
        """Let go of days that the file no longer holds."""
        if self.kept.first == self.scope.first:
            return
        older = [mart.name for mart in self.models.by_day if not is_aggregate(mart.name)] if self.kept.first else []
        for name in older:
            self.connection.execute(f"DELETE FROM {mart_table(name)} WHERE delivery_day < ?", [self.scope.first])  # noqa: S608
        self.connection.execute("DELETE FROM meta.days WHERE delivery_day < ? AND mart IN (SELECT unnest(?::VARCHAR[]))", [self.scope.first, older])
        self.connection.execute("DELETE FROM meta.span")
        self.connection.execute("INSERT INTO meta.span VALUES (?)", [self.scope.first])

    def _tell(self) -> None:
        """Say in each mart's comment which days are here."""
        told = dict(self.connection.execute("SELECT table_name, comment FROM duckdb_tables() WHERE database_name = current_database()").fetchall())
        texts = {mart.name: f"{self.models.description(mart)} {self.scope.comment(mart.name)}" for mart in self.models.marts}
        if other := [comments(mart_table(name), text, {})[0] for name, text in texts.items() if told[name] != text]:
            self.connection.execute(";\n".join(other))

    def _scalar(self, sql: str, parameters: Sequence[object] | None = None) -> int:
        row = self.connection.execute(sql, parameters).fetchone()
        return int(row[0]) if row else 0


def create(connection: duckdb.DuckDBPyConnection, models: Models, mart: Model, sql: str) -> None:
    """A mart's table without rows, with its comments: types as the SQL gives them, NOT NULL where the mart promises it."""
    day = day_column(mart.name)
    columns = dict(row[:2] for row in connection.execute(f"DESCRIBE {sql}").fetchall())
    if columns.get(day) != "DATE":
        raise MartError(f"a mart needs a DATE column {day}, its columns are {columns} -> add it to the model")
    told = ", ".join(f"{quoted(name)} {kind}{' NOT NULL' if name in mart.not_null else ''}" for name, kind in columns.items())
    connection.execute(f"CREATE OR REPLACE TABLE {mart_table(mart.name)} ({told})")
    connection.execute(";\n".join(models.comments(mart)))


def create_view(connection: duckdb.DuckDBPyConnection, models: Models, view: Model) -> None:
    """A mart that reads the finished marts whenever it is asked."""
    connection.execute(f"CREATE OR REPLACE VIEW {mart_table(view.name)} AS {models.sql[view.name]}")
    connection.execute(";\n".join(models.comments(view)))


def note(connection: duckdb.DuckDBPyConnection, models: Models, made: Sequence[Model]) -> None:
    """Fingerprints and keys of marts and views that were made."""
    names = [mart.name for mart in made]
    connection.execute("DELETE FROM meta.models WHERE mart IN (SELECT unnest(?::VARCHAR[]))", [names])
    prints = [models.fingerprints[name] for name in names]
    connection.execute("INSERT INTO meta.models SELECT unnest(?::VARCHAR[]), unnest(?::VARCHAR[])", [names, prints])
    note_keys(connection, {mart.name: mart.key for mart in made})


def note_keys(connection: duckdb.DuckDBPyConnection, keys: Mapping[str, Sequence[str]]) -> None:
    """Say which columns tell the rows of marts or dimensions apart."""
    connection.execute("DELETE FROM meta.keys WHERE mart IN (SELECT unnest(?::VARCHAR[]))", [list(keys)])
    rows = [(name, place, column) for name, key in keys.items() for place, column in enumerate(key, 1)]
    columns = [list(values) for values in zip(*rows, strict=True)] or [[], [], []]
    connection.execute("INSERT INTO meta.keys SELECT unnest(?::VARCHAR[]), unnest(?::INTEGER[]), unnest(?::VARCHAR[])", columns)


def day_column(mart: str) -> str:
    """The column that a mart's rows are replaced by."""
    return MONTH if is_monthly(mart) else "delivery_day"
