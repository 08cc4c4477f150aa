"""From a contract and a function to an asset: read, compute day by day, write, record.

What belongs here: the one body every table's step runs. What does not: which tables
there are or what they are computed from (`assets/`).

A step loops over the delivery days of its run. A day that raises a `PipelineError` is
remembered; all other days are written and recorded; then the step fails naming the bad
ones. On success Dagster itself records one materialisation per day, so a step records
days by hand only when it is about to fail.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import dagster as dg
import polars as pl

from energy_pipeline.contracts import TABLES
from energy_pipeline.desk import Desk
from energy_pipeline.domain.errors import DayFailures, PipelineError
from energy_pipeline.information.archive import InformationSet
from energy_pipeline.lake import ArtefactStore, Lake
from energy_pipeline.orchestration import metadata, policies, progress
from energy_pipeline.orchestration.partitions import day_of_key
from energy_pipeline.orchestration.resources import DeskRuntime, RunSession

Frames = Mapping[str, pl.DataFrame]
Deps = Sequence[dg.AssetDep | str]
RowMetadata = dict[str, Any]


@dataclass(frozen=True)
class DayContext:
    """One delivery day of one run, as asset functions see it."""

    day: date
    session: RunSession

    @property
    def desk(self) -> Desk:
        """The desk."""
        return self.session.desk

    @property
    def lake(self) -> Lake:
        """Where the run writes."""
        return self.session.lake

    @property
    def artefacts(self) -> ArtefactStore:
        """Fitted models by content key."""
        return self.session.artefacts

    @property
    def info(self) -> InformationSet:
        """What decide(day) may know."""
        return self.session.info(self.day)

    def read(self, table: str) -> pl.DataFrame:
        """The day of a computed table; a missing day is an error."""
        return self.session.read(table, self.day)

    def window(self, table: str, first: date) -> pl.DataFrame:
        """Days `first` .. D of a computed table, as far as they exist."""
        return self.session.read(table, first, self.day, missing="skip")

    def raw(self, table: str, first: date | None = None) -> pl.DataFrame:
        """Rows of a raw table for `first` (default D) .. D that are known by now: settle flows only."""
        return self.session.known_raw(table, first or self.day, self.day)


DayFunction = Callable[[DayContext], Frames]


def as_of_of(context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext) -> datetime | None:
    """The instant of the run's as-of tag."""
    text = context.run.tags.get(policies.AS_OF_TAG)
    return datetime.fromisoformat(text) if text else None


def session_of(context: dg.AssetExecutionContext, runtime: DeskRuntime) -> RunSession:
    """The session of a partitioned step's run."""
    days = [day_of_key(key) for key in context.partition_keys]
    return runtime.session(context.run.run_id, days[0], days[-1], as_of_of(context))


class AssetFactory:
    """Makes assets over one shared partition definition."""

    def __init__(self, partitions: dg.PartitionsDefinition[str]) -> None:
        self.partitions = partitions

    def table(self, name: str, compute: Callable[[DayContext], pl.DataFrame], deps: Deps) -> dg.AssetsDefinition:
        """The asset of one table computed day by day."""
        return self.tables(name, [name], lambda day: {name: compute(day)}, deps)

    def tables(self, step: str, names: Sequence[str], compute: DayFunction, deps: Deps) -> dg.AssetsDefinition:
        """Several tables that one function makes together.

        They are always all written; a run that selects some of them records those. (A step
        that could not be cut would also keep the web page from launching backfills: this
        Dagster version compares the days of its assets in a way that calls equal days unequal.)
        """
        specs = [metadata.table_spec(TABLES[name], deps, self.partitions) for name in names]

        @dg.multi_asset(name=step, specs=specs, backfill_policy=policies.BACKFILL, can_subset=len(names) > 1)
        def _step(context: dg.AssetExecutionContext, runtime: dg.ResourceParam[DeskRuntime]) -> Iterator[dg.MaterializeResult[None]]:
            with progress.reporting(step):
                session = session_of(context, runtime)
                run_days(context, step, session, lambda day: write_frames(session.lake, day.day, compute(day)))
            yield from materialised(context, names)

        return _step


def materialised(context: dg.AssetExecutionContext, names: Iterable[str]) -> Iterator[dg.MaterializeResult[None]]:
    """One result per selected asset of a step; Dagster records it once for each day of the run."""
    for name in names:
        if dg.AssetKey(name) in context.selected_asset_keys:
            yield dg.MaterializeResult(asset_key=name)


def write_frames(lake: Lake, day: date, frames: Frames) -> dict[str, RowMetadata]:
    """Write a day of each table; metadata by asset name. The contract is enforced before the write."""
    written = {name: lake.write_day(name, day, frame) for name, frame in frames.items()}
    return {
        name: {"dagster/partition_row_count": record.rows, "content_hash": record.sha256, "path": record.path} for name, record in written.items()
    }


def run_days(
    context: dg.AssetExecutionContext, step: str, session: RunSession, write: Callable[[DayContext], Mapping[str, RowMetadata]]
) -> dict[date, Mapping[str, RowMetadata]]:
    """Do `write` for every day of the run, keep what is good, fail naming what is not.

    Parameters
    ----------
    write : callable
        Writes one day and gives metadata by asset name.

    Raises
    ------
    RangeError
        After the good days are written and recorded as materialised.
    """
    failures = DayFailures(step)
    good: dict[date, Mapping[str, RowMetadata]] = {}
    for key in context.partition_keys:
        day = day_of_key(key)
        try:
            good[day] = write(DayContext(day, session))
        except PipelineError as error:
            failures.add(day, error)
        progress.done(step, day)
    record(context, good, failures)
    return good


def record(context: dg.AssetExecutionContext, good: Mapping[date, Mapping[str, RowMetadata]], failures: DayFailures) -> None:
    """Attach each day's metadata; with failures, record the good days by hand and raise."""
    for day, by_asset in good.items():
        for name, entries in by_asset.items():
            if dg.AssetKey(name) not in context.selected_asset_keys:
                continue
            if failures.failures:
                context.log_event(dg.AssetMaterialization(asset_key=name, partition=day.isoformat(), metadata=entries))
            else:
                context.add_asset_metadata(entries, asset_key=name, partition_key=day.isoformat())
    failures.raise_if_any()
