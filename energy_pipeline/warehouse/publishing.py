"""Publishing the warehouse: built beside, checked, swapped in.

What belongs here: the order of a publish, from what is due to the swap. What does not: what the marts hold (`marts`,
`dbt_like_sql/`), or the files (`files`). Why this way: `docs/decisions/warehouse-swap.md`.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

import duckdb

from energy_pipeline.contracts.aggregates import is_aggregate
from energy_pipeline.contracts.dimensions import CALENDAR, DIMENSIONS
from energy_pipeline.desk import Desk
from energy_pipeline.lake.errors import PublishError
from energy_pipeline.lake.store import Lake
from energy_pipeline.warehouse import files
from energy_pipeline.warehouse.dimensions import Dimensions, State
from energy_pipeline.warehouse.duck import attached, is_current, workbench
from energy_pipeline.warehouse.due import Due, Kept, Scope, SourceDays, candidates, changed, due, is_closed, of_year, read_kept, window
from energy_pipeline.warehouse.marts import META, MartBuild, MartBuilder, create, create_view, day_column, note
from energy_pipeline.warehouse.models import Models, Project, mart_table, models_of, open_project

_PUBLISHES = """
CREATE TABLE IF NOT EXISTS meta.publishes (
    version BIGINT PRIMARY KEY, published_at TIMESTAMPTZ, delivery_days DATE[] NOT NULL, mart_count INTEGER NOT NULL, written_rows BIGINT NOT NULL
);
COMMENT ON TABLE meta.publishes IS 'One row per publish that changed this file; the highest version is the one you are reading.';
COMMENT ON COLUMN meta.publishes.version IS 'Counts up by one.';
COMMENT ON COLUMN meta.publishes.published_at IS 'When, as told by the publisher, UTC; null when it did not say.';
COMMENT ON COLUMN meta.publishes.delivery_days IS 'Delivery days that were looked at.';
COMMENT ON COLUMN meta.publishes.mart_count IS 'Marts in this version.';
COMMENT ON COLUMN meta.publishes.written_rows IS 'Rows written, those of rebuilt marts included.';
"""


@dataclass(frozen=True)
class PublishReport:
    """What a publish did.

    Attributes
    ----------
    version : int
        Version number readers see in `meta.publishes`; the last one where nothing was due.
    tables : tuple of str
        The marts.
    rows : dict of str to int
        Rows written per mart of the main file.
    rebuilt : tuple of str
        Marts that were new or had changed, and got all days of the lake.
    days : tuple of date
        Days looked at.
    swapped : tuple of str
        Files that were swapped in, the main one last; none where nothing was due.
    seconds : float
        Time under the lock.
    """

    version: int
    tables: tuple[str, ...]
    rows: dict[str, int]
    rebuilt: tuple[str, ...]
    days: tuple[date, ...]
    swapped: tuple[str, ...]
    seconds: float


def publish(
    lake: Lake,
    warehouse_path: Path,
    sql_root: Path,
    days: Sequence[date],
    *,
    published_at: datetime | None = None,
    project: Project | None = None,
    desk: Desk | None = None,
    more: Mapping[str, Collection[date]] | None = None,
) -> PublishReport:
    """Bring the days of all marts up to date in a new version of the warehouse, and swap it in.

    Only marts and days of which a source changed are computed; where there are none, nothing is written. Days of closed
    years go into their year's file too. Readers are never blocked and never see a half. Publishers take turns. A failure
    leaves the last good files as they were.

    Parameters
    ----------
    warehouse_path : Path
        A local file; the new version is built in the same folder.
    sql_root, project : Path, Project
        The SQL models: of a folder, or given.
    published_at : datetime, optional
        Aware; noted in `meta.publishes`.
    more : dict of mart to days, optional
        Days of single marts that are looked at besides: `runs` of a day of which no other mart is to be published.
    desk : Desk, optional
        What the dimensions are made from, and whose currency the comments say; without it there are no dimensions.

    Raises
    ------
    PublishError
        Naming everything that failed.
    """
    models = models_of(project if project is not None else open_project(sql_root), desk.currency if desk else "EUR")
    wanted = tuple(sorted(set(days)))
    with files.publisher_lock(warehouse_path):
        began = time.perf_counter()
        files.sweep(warehouse_path)
        try:
            with workbench(files.fresh_path(warehouse_path)) as connection:
                work = _Publication(connection, lake, models, warehouse_path, wanted, published_at, Dimensions(desk) if desk else None, more or {})
                work.run()
            for fresh, _ in work.fresh:
                files.sync(fresh)
            for fresh, path in work.fresh:
                files.swap(fresh, path)
            files.write_attach_query(warehouse_path, _attached(models, desk))
        finally:
            files.sweep(warehouse_path)
        seconds = time.perf_counter() - began
    return _report(work, models, wanted, seconds)


def _report(work: _Publication, models: Models, wanted: tuple[date, ...], seconds: float) -> PublishReport:
    """What was done."""
    return PublishReport(
        work.version,
        tuple(mart.name for mart in models.marts),
        {mart.name: 0 for mart in models.marts} | {build.name: build.written for build in work.builds},
        tuple(build.name for build in work.builds if build.rebuilt),
        wanted,
        tuple(path.name for _, path in work.fresh),
        seconds,
    )


def _attached(models: Models, desk: Desk | None) -> dict[str, str]:
    """How a session that attaches all files sees each mart: day by day, from the newest file alone, or as a view's SQL."""
    found = {mart.name: files.NEWEST if is_aggregate(mart.name) else files.BY_DAY for mart in models.marts}
    if desk is not None:
        found |= {name: files.BY_DAY if name == CALENDAR.name else files.NEWEST for name in DIMENSIONS}
    return dict(sorted(found.items())) | {view.name: models.sql[view.name] for view in models.views}


@dataclass
class _Publication:
    """One publish: what is due, the main file, then the files of closed years that changed."""

    connection: duckdb.DuckDBPyConnection
    lake: Lake
    models: Models
    path: Path
    days: Sequence[date]
    published_at: datetime | None
    dimensions: Dimensions | None = None
    more: Mapping[str, Collection[date]] = field(default_factory=dict)
    fresh: list[tuple[Path, Path]] = field(default_factory=list)
    builds: list[MartBuild] = field(default_factory=list)
    version: int = 0

    def run(self) -> None:
        """Build and check all files that change, the main one last in `fresh`; PublishError otherwise."""
        try:
            self._run()
        except duckdb.Error as error:
            next_step = "if the warehouse file itself is damaged, delete it: the next publish rebuilds it from the lake"
            raise PublishError({"build": f"{type(error).__name__}: {error}"}, next_step) from error

    def _run(self) -> None:
        kept = self._kept(self.path)
        sources = SourceDays(self.lake)
        found = candidates(self.models, kept, self.days, sources)
        candidate = {mart: days.union(self.more.get(mart, ())) for mart, days in found.items()}
        newest = max((*self.days, *filter(None, [kept.newest])), default=date.min)
        scope = window(newest)
        wanted = due(self.models, kept, candidate, scope, sources)
        in_main = kept.years | {day.year for days in wanted.values() for day in days}
        years = self._years(in_main, candidate, newest, sources, other_sql=bool(changed(self.models, kept)))
        self.version = kept.version
        same = self.models.fingerprints.keys() >= kept.fingerprints.keys() and not changed(self.models, kept)
        if same and not wanted and not years and kept.first == scope.first and self._state(kept, wanted, scope) in (None, kept.dimensions):
            return
        self.version = kept.version + 1
        main = self._make(self.path, kept, scope, wanted, sources)
        for year, (before, needed) in years.items():
            self._make(files.year_path(self.path, year), before, of_year(year), needed, sources, seed=(main, year))
        self.fresh.append(self.fresh.pop(0))

    def _state(self, kept: Kept, wanted: Due, scope: Scope) -> State | None:
        """What the dimensions of a file are to be made from."""
        return self.dimensions.state(kept.days(wanted, scope)) if self.dimensions else None

    def _years(
        self, in_main: AbstractSet[int], candidate: Mapping[str, Collection[date]], newest: date, sources: SourceDays, *, other_sql: bool
    ) -> dict[int, tuple[Kept, Due]]:
        """Closed years of which the file is missing, a day is due or the SQL is another, with what the file was built from."""
        found: dict[int, tuple[Kept, Due]] = {}
        there = set(files.closed_years(self.path)) if other_sql else set()
        for year in sorted(there | in_main | {day.year for days in candidate.values() for day in days}):
            path = files.year_path(self.path, year)
            asked = {day for days in candidate.values() for day in days if day.year == year}
            if not is_closed(year, newest) or (path.exists() and not asked and not other_sql):
                continue
            before = self._kept(path)
            if not before.fingerprints and year > window(newest).first.year:
                if year in in_main:  # the main file has the whole year: it is copied from there
                    found[year] = (before, {})
                continue
            needed = due(self.models, before, candidates(self.models, before, asked, sources), of_year(year), sources)
            if needed or (before.fingerprints and changed(self.models, before)):
                found[year] = (before, needed)
        return found

    def _kept(self, path: Path) -> Kept:
        """What a file was built from; of a file in another layout or storage version just the number of its version."""
        if not path.exists():
            return Kept()
        with attached(self.connection, path, "live"):
            kept = read_kept(self.connection, "live")
            return kept if is_current(self.connection, "live") else Kept(kept.version, kept.newest)

    def _make(self, path: Path, kept: Kept, scope: Scope, wanted: Due, sources: SourceDays, seed: tuple[Path, int] | None = None) -> Path:
        """The next version of a file, built and checked, not yet swapped in."""
        fresh = files.fresh_path(path)
        self.fresh.append((fresh, path))
        if kept.fingerprints:
            files.copy(path, fresh)
        copied = seed is not None and not kept.fingerprints and not wanted
        main = attached(self.connection, seed[0], "main_file") if seed and copied else nullcontext()
        with main, attached(self.connection, fresh, "warehouse", read_only=False):
            if seed and copied:
                kept = self._copied(seed[1])
            builder = MartBuilder(self.connection, self.lake, self.models, scope, kept, sources)
            builds = builder.run(wanted)
            if self.dimensions and (state := self._state(kept, wanted, scope)):
                self.dimensions.write(self.connection, state)
            self._note(builds)
            self.connection.execute("CHECKPOINT warehouse")
        verify(self.connection, fresh, self.version, {build.name: build.total for build in builds})
        self.builds = self.builds or builds
        return fresh

    def _copied(self, year: int) -> Kept:
        """Copy a year from the main file, which has all of it."""
        self.connection.execute(META)
        self.connection.execute("BEGIN TRANSACTION")  # else each comment waits for the disk
        for mart in self.models.marts:
            table, day = mart_table(mart.name), day_column(mart.name)
            create(self.connection, self.models, mart, f"FROM main_file.{table}")
            self.connection.execute(f"INSERT INTO {table} FROM main_file.{table} WHERE year({day}) = ?", [year])
        for view in self.models.views:
            create_view(self.connection, self.models, view)
        note(self.connection, self.models, (*self.models.marts, *self.models.views))
        self.connection.execute("INSERT INTO meta.days SELECT * FROM main_file.meta.days WHERE year(delivery_day) = ?", [year])
        self.connection.execute("COMMIT")
        rows = self.connection.execute("SELECT mart, delivery_day, sources_hash FROM meta.days").fetchall()
        return Kept(fingerprints=dict(self.models.fingerprints), hashes={(mart, day): found for mart, day, found in rows})

    def _note(self, builds: Sequence[MartBuild]) -> None:
        self.connection.execute(_PUBLISHES)
        written = sum(build.written for build in builds)
        self.connection.execute(
            "INSERT INTO meta.publishes VALUES (?, ?, ?, ?, ?)", [self.version, self.published_at, list(self.days), len(builds), written]
        )


def verify(connection: duckdb.DuckDBPyConnection, fresh: Path, version: int, rows: Mapping[str, int]) -> None:
    """Attach the new file as a reader would and compare it with what was built; PublishError when it differs."""
    problems: dict[str, str] = {}
    if fresh.with_name(f"{fresh.name}.wal").exists():
        problems["checkpoint"] = "a .wal is left beside the closed file"
    try:
        with attached(connection, fresh, "built"):
            found = connection.execute("SELECT max(version) FROM built.meta.publishes").fetchone()
            if found != (version,):
                problems["version"] = f"expected {version}, found {found}"
            for name, expected in rows.items():
                count = connection.execute(f"SELECT count(*) FROM built.{mart_table(name)}").fetchone()  # noqa: S608 - a mart's name
                if count != (expected,):
                    problems[name] = f"expected {expected} rows, found {count}"
    except duckdb.Error as error:
        problems["open"] = f"{type(error).__name__}: {error}"
    if problems:
        raise PublishError(problems, "publish again; when it repeats, delete the warehouse file: it is rebuilt from the lake")
