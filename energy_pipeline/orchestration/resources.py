"""What a run works with: the desk, the lake, and raw data in memory once per run.

What belongs here: `DeskRuntime` (the Dagster resource) and `RunSession` (one run's cut of
the world). What does not: any computation on the data.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property

import polars as pl

from energy_pipeline.contracts import TABLES
from energy_pipeline.desk import Desk, load_desk
from energy_pipeline.domain.delivery import days_between
from energy_pipeline.domain.errors import MissingDayError, PipelineError
from energy_pipeline.fetching.archive import AnswerArchive
from energy_pipeline.fetching.client import Client
from energy_pipeline.fetching.fetch import FetchReport, fetch
from energy_pipeline.fetching.open_client import client_for
from energy_pipeline.information.archive import Archive, InformationSet
from energy_pipeline.information.late_sources import LateSources, cut_as_of, waits
from energy_pipeline.information.lateness import JUDGED
from energy_pipeline.information.trained import Zones
from energy_pipeline.lake import ArtefactStore, Lake
from energy_pipeline.lake.lease import PATIENCE_SECONDS
from energy_pipeline.lake.raw_days import RawTable
from energy_pipeline.lake.source_files import SourceFiles
from energy_pipeline.orchestration.shared_reads import SharedReads
from energy_pipeline.orchestration.whole_days import WholeDays
from energy_pipeline.orchestration.world import World, archive_of
from energy_pipeline.settings import Settings

Clock = Callable[[], datetime]


class TooEarlyError(PipelineError):
    """A flow was asked for a day before the world could know what it needs."""


def utc_now() -> datetime:
    """The only clock of the package."""
    return datetime.now(UTC)


def as_of_root(root: str, instant: datetime) -> str:
    """Where days that are decided on what was known at an instant are written.

    >>> as_of_root("lake", datetime(2026, 3, 28, 9, tzinfo=UTC))
    'lake/as_of/20260328T090000Z'
    """
    return f"{root}/as_of/{instant.astimezone(UTC):%Y%m%dT%H%M%SZ}"


class DeskRuntime:
    """The resource of every asset: desk, settings, lake, clock, and the current run's session.

    Parameters
    ----------
    settings : Settings
    desk : Desk, optional
        Given instead of the desk file of the settings.
    now : callable, optional
        The clock; tests give their own.
    """

    def __init__(self, settings: Settings, desk: Desk | None = None, now: Clock = utc_now) -> None:
        self.settings = settings
        self.desk = desk or load_desk(settings.desk_path)
        self.now = now
        self.lake = Lake(settings.lake)
        self.sources = SourceFiles(settings.data)
        self.answers = AnswerArchive(self.lake.storage)
        self.open_client: Callable[[], Client] = lambda: client_for(settings, self.answers, self.now)
        self._fetched = ""
        self._world: World | None = None
        self._session: RunSession | None = None
        self._lock = threading.Lock()
        self.whole: WholeDays | None = None
        self.patience_seconds = PATIENCE_SECONDS
        self.after_gate = False
        """Whether runs as of an instant may lie after the gate: they value a decided book anew and decide nothing."""

    @property
    def world(self) -> World:
        """What outlives a run in this process."""
        if self._world is None:
            self._world = World(self.desk, self.lake)
        return self._world

    @contextmanager
    def holding(self) -> Iterator[None]:
        """Whatever days a run takes in the block are left at its end."""
        try:
            yield
        finally:
            self.leave()

    def leave(self) -> None:
        """Leave the days of the last run to others."""
        if self.whole is not None:
            self.whole.release()
        self.whole = None

    def trained(self, day: date, zones: Zones) -> str:
        """Write what a training job found; later runs of this process read it too."""
        path = self.lake.trained().write(day, zones)
        self._world = self._session = None
        return path

    def trained_network(self, day: date, data: bytes) -> str:
        """Write the network trained on a day; later runs of this process read it too."""
        path = self.lake.trained().write_network(day, data)
        self._world = self._session = None
        return path

    def fetch(self, run_id: str, first: date, last: date) -> FetchReport | None:
        """Ask for what the desk's live series lack of the days, once a run; None where there is nothing to ask."""
        if not self.desk.sources.live or run_id == self._fetched:
            return None
        self._fetched = run_id
        return fetch(self.desk, self.open_client(), first, last)

    def session(self, run_id: str, first: date, last: date, as_of: datetime | None = None) -> RunSession:
        """The session of a run; all its steps share one, the next run gets its own."""
        with self._lock:
            wanted = (run_id, first, last, as_of)
            if self._session is None or self._session.identity != wanted:
                self.sources.begin(run_id)
                self._session = RunSession(self, run_id, first, last, as_of)
            return self._session


@dataclass(frozen=True, eq=False)
class RunSession:
    """One run: its delivery days, the raw archive behind them, and where it writes.

    Attributes
    ----------
    first, last : date
        Delivery days of the run.
    as_of : datetime or None
        Recompute as it could have been made at this instant; results go to a lake of their own.
    """

    runtime: DeskRuntime
    run_id: str
    first: date
    last: date
    as_of: datetime | None = None

    @property
    def identity(self) -> tuple[str, date, date, datetime | None]:
        """What makes two sessions the same."""
        return self.run_id, self.first, self.last, self.as_of

    @property
    def desk(self) -> Desk:
        """The desk."""
        return self.runtime.desk

    @property
    def raw_lake(self) -> Lake:
        """Where raw tables are, whatever the run recomputes."""
        return self.runtime.lake

    @cached_property
    def lake(self) -> Lake:
        """Where the run writes."""
        if self.as_of is None:
            return self.runtime.lake
        return Lake(as_of_root(self.runtime.lake.root, self.as_of))

    @cached_property
    def artefacts(self) -> ArtefactStore:
        """Fitted models; keyed by content, so shared by all runs."""
        return self.runtime.lake.artefacts()

    @cached_property
    def archive(self) -> Archive:
        """Every vintage the run's days may look at, loaded once a run; of past days what the process still knows.

        A run as of an instant keeps nothing and is given nothing: its past was cut elsewhere.
        """
        tables = self.runtime.world.look(self.first, self.last)
        self._require_history(tables["day_ahead_prices"].frame)
        times = self._decision_times(tables)
        if self.as_of is not None:
            return archive_of(self.desk, tables, times, None, self.runtime.world.trainings, self.runtime.world.networks)
        return self.runtime.world.archive(tables, self.first, self.last, times)

    def _require_history(self, prices: pl.DataFrame) -> None:
        held = set(prices["delivery_day"].unique().to_list())
        wanted = days_between(self.first - timedelta(days=self.desk.max_lag_days), self.first - timedelta(days=1))
        missing = [day for day in wanted if day not in held]
        if missing:
            raise MissingDayError("day_ahead_prices", missing, "materialise raw_history up to the first day (the command line does it by itself)")

    def _decision_times(self, tables: Mapping[str, RawTable]) -> dict[date, datetime]:
        """Effective decision times of the run's days and of every past day they look back to."""
        times = self.runtime.world.decision_times(tables, self.first, self.last) if waits(self.desk) else {}
        return cut_as_of(self.desk, times, self.first, self.last, self.as_of, after_gate=self.runtime.after_gate)

    @cached_property
    def compared(self) -> dict[str, pl.DataFrame]:
        """Forecasts and actuals of the run's days and the window before, for the search for actuals in disguise."""
        from energy_pipeline.ingestion import disguise

        first = self.first - disguise.WINDOW
        names = dict.fromkeys(name for pair in disguise.PAIRS.items() for name in (pair[0], pair[1][0]))
        return {name: self.raw_lake.read(name, first, self.last, missing="skip") for name in names}

    def info(self, day: date) -> InformationSet:
        """What decide(day) may know."""
        return self.archive.at(day)

    def decision_time(self, day: date) -> datetime:
        """The instant decide(day) is cut at, UTC."""
        return self.archive.decision_time(day)

    def statuses(self, day: date) -> Mapping[str, Mapping[str, str]]:
        """How each raw series stood at the decision time (on_time, waited, fallback).

        Raises
        ------
        LateSourceError
            A series the desk must not decide without was not there.
        """
        return LateSources(self.desk, {name: self.archive.frame(name) for name in JUDGED}).statuses(day)

    def keep_past(self) -> None:
        """Write what the run's steps made of past days to the lake, for the next process."""
        self.artefacts.flush()  # first: what is kept names them
        if self.as_of is None:
            self.runtime.world.flush()

    def known_raw(self, table: str, first: date, last: date) -> pl.DataFrame:
        """Rows of a raw table that the world knows by now, for the settle flows."""
        cut = self.runtime.now() if self.as_of is None else self.as_of
        return self.shared_raw.read(table, first, last, "skip").filter(pl.col("known_at") <= cut)

    @cached_property
    def shared_raw(self) -> SharedReads:
        """Days of raw tables that the run's settle steps have read: its ingest steps, where it has any, are through by then."""
        return SharedReads(self.raw_lake)

    @cached_property
    def shared(self) -> SharedReads:
        """Days of computed tables that the run's steps have read."""
        return SharedReads(self.lake)

    def read(self, table: str, first: date, last: date | None = None, missing: str = "error") -> pl.DataFrame:
        """Days of a computed table: from where the run writes, once for all its steps."""
        if TABLES[table].vintages:
            raise ValueError(f"{table} is raw: decide reads it through the information set, settle by known_raw")
        return self.shared.read(table, first, last or first, "skip" if missing == "skip" else "error")
