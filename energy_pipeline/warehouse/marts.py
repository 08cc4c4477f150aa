"""The marts inside one DuckDB file: created, compared with their models, days replaced.

What belongs here: SQL that changes tables of an open connection. What does not: files,
locks and the swap (`warehouse`), or the models' own SQL (`dbt_like_sql/`).

The rule a mart lives by: it has a DATE column `delivery_day`, and its rows of a day are
computed from that day's source rows (a source, staging model or other mart is shown to
it for the days being published only). So replacing a day is exact, and a rebuild in
blocks of days equals any other order.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Protocol

import duckdb
import polars as pl

from energy_pipeline.contracts import table as contract_of
from energy_pipeline.contracts.sql import comments, quoted
from energy_pipeline.domain.errors import PipelineError
from energy_pipeline.lake.errors import PublishError
from energy_pipeline.lake.layout import month_start
from energy_pipeline.lake.store import Lake

SCHEMA = "marts"


class MartError(PipelineError):
    """A mart breaks the rule all marts live by."""


class Model(Protocol):
    """A SQL model, as `warehouse.sql_project.SqlModel`."""

    @property
    def name(self) -> str:
        """Name other models refer to it by."""

    @property
    def kind(self) -> str:
        """`staging` (a view) or `mart` (a table)."""

    @property
    def depends_on(self) -> tuple[str, ...]:
        """Models it reads."""

    @property
    def sources(self) -> tuple[str, ...]:
        """Lake tables it reads itself."""

    @property
    def description(self) -> str:
        """The comment on the table."""

    @property
    def columns(self) -> Mapping[str, str]:
        """The comments on the columns."""


class Project(Protocol):
    """The SQL models, as `warehouse.sql_project.SqlProject`."""

    @property
    def models(self) -> Mapping[str, Model]:
        """Staging models and marts by name."""

    def order(self) -> Sequence[str]:
        """All names, each after those it depends on."""

    def render(self, model: str, relation_of: Callable[[str], str], source_of: Callable[[str], str]) -> str:
        """Plain SQL of a model."""


def open_project(sql_root: Path) -> Project:
    """The SQL models below a folder."""
    from energy_pipeline.warehouse.sql_project import SqlProject

    return SqlProject(sql_root)


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
    """Brings the marts of one connection up to date.

    Parameters
    ----------
    connection : DuckDBPyConnection
        To a file nobody else has open.
    """

    connection: duckdb.DuckDBPyConnection
    lake: Lake
    project: Project
    failures: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.models = {name: self.project.models[name] for name in self.project.order()}
        self.marts = [model for model in self.models.values() if model.kind == "mart"]

    def run(self, days: Sequence[date]) -> list[MartBuild]:
        """Replace the days in every mart; a mart that is new or has changed gets all days of the lake.

        Raises
        ------
        PublishError
            Naming every model that failed; all were tried.
        """
        self._bookkeeping()
        self._load_sources([], self.sources_of(self.marts))
        for model in self.models.values():
            if model.kind != "mart":
                self._try(model, self._create_view)
        builds = {mart.name: MartBuild(mart.name) for mart in self.marts}
        for mart in self.marts:
            self._try(mart, lambda m: self._prepare(m, builds[m.name]))
        self._fill(builds, days)
        if self.failures:
            raise PublishError(self.failures)
        for build in builds.values():
            build.total = self._scalar(f"SELECT count(*) FROM {_mart(build.name)}")  # noqa: S608 - a mart's name
        return list(builds.values())

    # -- preparing -------------------------------------------------------------

    def _bookkeeping(self) -> None:
        self.connection.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
        self.connection.execute("CREATE SCHEMA IF NOT EXISTS meta")
        self.connection.execute("CREATE TABLE IF NOT EXISTS meta.models (mart VARCHAR PRIMARY KEY, fingerprint VARCHAR NOT NULL)")
        self.connection.execute("COMMENT ON TABLE meta.models IS 'Hash of the SQL and descriptions each mart was built with.'")
        self.connection.execute("CREATE OR REPLACE TEMP TABLE block_days (delivery_day DATE)")
        for name in self._existing() - {mart.name for mart in self.marts}:
            self.connection.execute(f"DROP TABLE {_mart(name)}")
            self.connection.execute("DELETE FROM meta.models WHERE mart = ?", [name])

    def _existing(self) -> set[str]:
        rows = self.connection.execute(
            "SELECT table_name FROM duckdb_tables() WHERE database_name = current_database() AND schema_name = ?", [SCHEMA]
        )
        return {str(row[0]) for row in rows.fetchall()}

    def _try(self, model: Model, step: Callable[[Model], None]) -> None:
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

    def _create_view(self, model: Model) -> None:
        self.connection.execute(f"CREATE OR REPLACE TEMP VIEW {_relation(model.name)} AS {self._sql(model)}")

    def _prepare(self, mart: Model, build: MartBuild) -> None:
        """Make the mart's table fit its model, emptied when it did not."""
        sql, fingerprint = self._sql(mart), self.fingerprint(mart)
        columns = self._columns(f"({sql})")
        if columns.get("delivery_day") != "DATE":
            raise MartError(f"a mart needs a DATE column delivery_day, its columns are {columns} -> add it to the model")
        known = self.connection.execute("SELECT fingerprint FROM meta.models WHERE mart = ?", [mart.name]).fetchone()
        if mart.name not in self._existing() or known != (fingerprint,) or self._columns(_mart(mart.name)) != columns:
            build.rebuilt = True
            self.connection.execute(f"CREATE OR REPLACE TABLE {_mart(mart.name)} AS {sql} WITH NO DATA")
            self._comment(mart)
            self.connection.execute("INSERT OR REPLACE INTO meta.models VALUES (?, ?)", [mart.name, fingerprint])
        self.connection.execute(
            f"CREATE OR REPLACE TEMP VIEW {_relation(mart.name)} AS "  # noqa: S608 - a model's name
            f"SELECT * FROM {_mart(mart.name)} WHERE delivery_day IN (SELECT delivery_day FROM block_days)"
        )

    def _comment(self, mart: Model) -> None:
        for statement in comments(_mart(mart.name), mart.description, mart.columns):
            self.connection.execute(statement)

    def _columns(self, relation: str) -> dict[str, str]:
        rows = self.connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()  # noqa: S608 - our own relation
        return {str(row[0]): str(row[1]) for row in rows}

    # -- filling ---------------------------------------------------------------

    def _fill(self, builds: Mapping[str, MartBuild], days: Sequence[date]) -> None:
        tried = [mart for mart in self.marts if mart.name not in self.failures]
        days_of = {mart.name: set(days) | (self._lake_days(mart) if builds[mart.name].rebuilt else set()) for mart in tried}
        all_days = sorted(set().union(*days_of.values()))
        for _, month in itertools.groupby(all_days, key=month_start):
            block = list(month)
            due = [mart for mart in tried if days_of[mart.name].intersection(block)]
            self._load_sources(block, self.sources_of(due))
            for mart in due:
                wanted = sorted(days_of[mart.name].intersection(block))
                self._try(mart, lambda m, w=wanted: self._replace(m, w, builds[m.name]))  # type: ignore[misc]

    def _replace(self, mart: Model, days: Sequence[date], build: MartBuild) -> None:
        self.connection.execute(f"CREATE OR REPLACE TEMP TABLE fresh AS {self._sql(mart)}")
        strangers = self._scalar("SELECT count(*) FROM fresh WHERE delivery_day IS NULL OR delivery_day NOT IN (SELECT delivery_day FROM block_days)")
        if strangers:
            raise MartError(f"{strangers} row(s) of days that were not asked for -> compute a day from that day's source rows only")
        replaced = "WHERE delivery_day IN (SELECT unnest(?::DATE[]))"
        self.connection.execute(f"DELETE FROM {_mart(mart.name)} {replaced}", [list(days)])  # noqa: S608 - a model's name
        self.connection.execute(f"INSERT INTO {_mart(mart.name)} SELECT * FROM fresh {replaced}", [list(days)])  # noqa: S608
        build.written += self._scalar(f"SELECT count(*) FROM fresh {replaced}", [list(days)])  # noqa: S608 - constant text

    def _load_sources(self, block: Sequence[date], tables: Iterable[str]) -> None:
        """Show the lake's rows of a block of days under the sources' names; empty but typed where there are none."""
        self.connection.execute("DELETE FROM block_days")
        self.connection.execute("INSERT INTO block_days SELECT unnest(?::DATE[])", [list(block)])
        for table in sorted(tables):
            rows = self._rows(table, block)
            self.connection.register(f"source_{table}", rows.to_arrow())

    def _rows(self, table: str, block: Sequence[date]) -> pl.DataFrame:
        if not block:
            return contract_of(table).frame()
        return self.lake.read(table, block[0], block[-1], missing="skip").filter(pl.col("delivery_day").is_in(list(block)))

    def sources_of(self, models: Iterable[Model]) -> set[str]:
        """Lake tables the models read, also through the models they depend on."""
        return {source for model in models for each in self._chain(model) for source in each.sources}

    def _lake_days(self, mart: Model) -> set[date]:
        return {day for source in self.sources_of([mart]) for day in self.lake.days(source)}

    # -- names and text --------------------------------------------------------

    def _chain(self, model: Model) -> list[Model]:
        """The model and everything it depends on, in a fixed order."""
        found: dict[str, Model] = {}
        pending = [model.name]
        while pending:
            name = pending.pop()
            if name not in found:
                found[name] = self.models[name]
                pending += self.models[name].depends_on
        return [found[name] for name in sorted(found)]

    def fingerprint(self, mart: Model) -> str:
        """Hash of all SQL and text the mart is made of; a change of it means a rebuild."""
        content = [(m.name, self._sql(m)) for m in self._chain(mart)]
        text = json.dumps([content, mart.description, sorted(mart.columns.items())])
        return hashlib.sha256(text.encode()).hexdigest()

    def _sql(self, model: Model) -> str:
        return self.project.render(model.name, _relation, lambda table: f"source_{table}").strip().rstrip(";")

    def _scalar(self, sql: str, parameters: Sequence[object] | None = None) -> int:
        row = self.connection.execute(sql, parameters).fetchone()
        return int(row[0]) if row else 0


def _mart(name: str) -> str:
    return f"{SCHEMA}.{quoted(name)}"


def _relation(name: str) -> str:
    """What other models read: a staging view, or a mart's rows of the block."""
    return quoted(f"model_{name}")
