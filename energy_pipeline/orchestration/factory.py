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
from energy_pipeline.desk.load import desk_hash
from energy_pipeline.domain.delivery import days_between
from energy_pipeline.domain.errors import DayFailures, PipelineError
from energy_pipeline.information.archive import InformationSet
from energy_pipeline.lake import ArtefactStore, Lake
from energy_pipeline.orchestration import metadata, policies, processes, progress, whole_days
from energy_pipeline.orchestration.code_version import code_version
from energy_pipeline.orchestration.day_numbers import numbers_of
from energy_pipeline.orchestration.partitions import day_of_key, delivery_days
from energy_pipeline.orchestration.parts import following
from energy_pipeline.orchestration.reads import Declared, edges, handed, require_match
from energy_pipeline.orchestration.resources import DeskRuntime, RunSession
from energy_pipeline.orchestration.whole_days import WholeDays

Frame = pl.DataFrame
Info = InformationSet
Frames = Mapping[str, Frame]
RowMetadata = dict[str, Any]


@dataclass(frozen=True)
class DayContext:
    """One delivery day of one run, as compute functions see it; tables come as arguments."""

    day: date
    session: RunSession
    run: dg.DagsterRun
    whole: WholeDays | None = None

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


@dataclass(frozen=True)
class FileAsset:
    """A file a day that is no table.

    Attributes
    ----------
    name, description : str
        Of the asset.
    stage, kind : str
        Its group, and what it is (csv, html).
    flow : str
        The flow it belongs to; empty for one that several flows write.
    """

    name: str
    description: str
    stage: str
    kind: str
    flow: str = ""


@dataclass(frozen=True)
class Step:
    """One step: what it depends on, and the function that gets the frames by name.

    Attributes
    ----------
    name : str
    declared : sequence of Declared
    compute : callable
        `compute(day, *, table=frame, ...)`.
    """

    name: str
    declared: Sequence[Declared]
    compute: Callable[..., Any]

    def taken(self, session: RunSession, day: date) -> dict[str, object]:
        """What the function is handed for a day."""
        return {item.table: item.take(session, day) for item in handed(self.declared)}

    def __call__(self, day: DayContext) -> Any:  # noqa: ANN401 - whatever the function makes
        """The function on a day, with what it declared."""
        return self.compute(day, **self.taken(day.session, day.day))


def as_of_of(context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext) -> datetime | None:
    """The instant of the run's as-of tag."""
    text = context.run.tags.get(policies.AS_OF_TAG)
    return datetime.fromisoformat(text) if text else None


def session_of(context: dg.AssetExecutionContext, runtime: DeskRuntime) -> RunSession:
    """The session of a partitioned step's run."""
    days = [day_of_key(key) for key in context.partition_keys]
    return runtime.session(context.run.run_id, days[0], days[-1], as_of_of(context))


After = Callable[[dg.AssetExecutionContext, DeskRuntime], None]


class AssetFactory:
    """Makes a desk's assets over one shared partition definition.

    Attributes
    ----------
    fresh : mapping of flow to FreshnessPolicy
        By when its tables must have been made; empty where no schedule runs.
    steps : dict of step name to Step
        What was declared, for whoever wants to know.
    made : dict of step name to list of str
        The assets each step makes.
    """

    def __init__(self, desk: Desk, fresh: Mapping[str, dg.FreshnessPolicy] | None = None) -> None:
        self.desk = desk
        self.partitions = delivery_days(desk)
        self.fresh = fresh or {}
        self.steps: dict[str, Step] = {}
        self.made: dict[str, list[str]] = {}

    def declare(self, step: str, compute: Callable[..., Any], declared: Sequence[Declared]) -> tuple[Step, list[dg.AssetDep]]:
        """A step, and the edges of its assets.

        Raises
        ------
        DeclarationError
            When the function takes other tables than those declared.
        """
        require_match(step, declared, compute)
        self.steps[step] = Step(step, tuple(declared), compute)
        return self.steps[step], edges(declared, self.desk)

    def table(self, name: str, compute: Callable[..., Frame], *declared: Declared, after: After | None = None) -> dg.AssetsDefinition:
        """The asset of one table computed day by day: `compute(day, *, table=frame, ...)`; `after` runs once its days are written."""
        step, deps = self.declare(name, compute, declared)
        return self._asset(name, self.table_specs([name], deps), lambda day: write_frames(day, {name: step(day)}), after)

    def tables(self, name: str, tables: Sequence[str], compute: Callable[..., Frames], *declared: Declared) -> dg.AssetsDefinition:
        """Several tables that one function makes together; they are always all written."""
        step, deps = self.declare(name, compute, declared)
        return self._asset(name, self.table_specs(tables, deps), lambda day: write_frames(day, step(day)))

    def files(
        self, name: str, file: FileAsset, compute: Callable[..., Mapping[str, RowMetadata]], *declared: Declared, tables: Sequence[str] = ()
    ) -> dg.AssetsDefinition:
        """A file a day, and the tables made with it; the function writes, and gives metadata by asset name."""
        step, deps = self.declare(name, compute, declared)
        tags = {"flow": file.flow} if file.flow else {}
        spec = dg.AssetSpec(key=file.name, deps=deps, description=file.description, group_name=file.stage, kinds={file.kind}, tags=tags)
        spec = spec.replace_attributes(owners=list(metadata.OWNERS), partitions_def=self.partitions)
        return self._asset(name, [*self.table_specs(tables, deps), spec], step)

    def table_specs(self, names: Sequence[str], deps: Sequence[dg.AssetDep]) -> list[dg.AssetSpec]:
        """The assets of tables, with their flow's deadline where schedules run."""
        specs = [metadata.table_spec(TABLES[name], deps, self.partitions, self.desk.currency) for name in names]
        if not self.fresh:
            return specs
        return [spec.replace_attributes(freshness_policy=self.fresh[spec.tags["flow"]]) for spec in specs]

    def _asset(
        self, step: str, specs: Sequence[dg.AssetSpec], write: Callable[[DayContext], Mapping[str, RowMetadata]], after: After | None = None
    ) -> dg.AssetsDefinition:
        """The asset or assets of a step; a run that selects some of several records those.

        (A step that could not be cut would keep the web page from launching backfills: this
        Dagster version compares the days of its assets in a way that calls equal days unequal.)
        """
        names = self.made[step] = [spec.key.to_user_string() for spec in specs]

        @dg.multi_asset(name=step, specs=specs, backfill_policy=policies.BACKFILL, can_subset=len(specs) > 1)
        def _step(context: dg.AssetExecutionContext, runtime: dg.ResourceParam[DeskRuntime]) -> Iterator[dg.MaterializeResult[None]]:
            with progress.reporting(step):
                run_days(context, step, session_of(context, runtime), write)
            if after is not None:
                after(context, runtime)
            yield from materialised(context, names)

        return _step


def materialised(context: dg.AssetExecutionContext, names: Iterable[str]) -> Iterator[dg.MaterializeResult[None]]:
    """One result per selected asset of a step; Dagster records it once for each day of the run."""
    for name in names:
        if dg.AssetKey(name) in context.selected_asset_keys:
            yield dg.MaterializeResult(asset_key=name)


def write_frames(day: DayContext, frames: Frames) -> dict[str, RowMetadata]:
    """Write a day of each table; metadata by asset name. The contract is enforced before the write."""
    if day.whole is not None:
        day.whole.begun(day.day, frames)
    written = {}
    for name, frame in frames.items():
        written[name] = day.lake.write_day(name, day.day, frame)
        day.session.shared.forget(name, day.day)
    return {
        name: {"dagster/partition_row_count": record.rows, "content_hash": record.sha256, "path": record.path} | numbers_of(name, frames[name])
        for name, record in written.items()
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
    failures, whole = DayFailures(step), whole_days_of(context, session)
    good: dict[date, Mapping[str, RowMetadata]] = {}
    for key in context.partition_keys:
        day = day_of_key(key)
        try:
            good[day] = write(DayContext(day, session, context.run, whole))
            whole.written(day, good[day])
        except PipelineError as error:
            failures.add(day, error)
        progress.done(step, day)
    record(context, good, failures)
    return good


def whole_days_of(context: dg.AssetExecutionContext, session: RunSession) -> WholeDays:
    """The days of the run, which it holds from here on."""
    runtime, run = session.runtime, context.run
    if runtime.whole is None or runtime.whole.run_id != run.run_id:
        runtime.leave()
        if run.tags.get(processes.PROCESS_TAG) != processes.own_tags()[processes.PROCESS_TAG]:
            context.instance.add_run_tags(run.run_id, processes.own_tags())
        written = whole_days.planned(assets_of(context))
        about = {"desk": runtime.desk.name, "desk_hash": desk_hash(runtime.desk), "code_version": runtime.settings.code_version or code_version()}
        more = following(run.tags.get(policies.NOT_LAST_TAG, ""))
        reopen = (run.tags.get(policies.PERSON_TAG, ""), run.tags.get(policies.REOPEN_TAG, ""))
        whole = WholeDays(session.lake, run.run_id, runtime.now(), written, about, more, run.parent_run_id or "", reopen)
        holder = f"run {run.run_id[:8]} of {run.job_name}, {processes.own()}"
        whole.take(days_between(session.first, session.last), holder, context.log.info, runtime.patience_seconds)
        runtime.whole = whole
    return runtime.whole


def assets_of(context: dg.AssetExecutionContext) -> list[str]:
    """Names of the assets that the run makes; of a run that goes on from a killed one those that are left."""
    layer, steps = context.job_def.asset_layer, context.run.step_keys_to_execute
    keys = context.run.asset_selection or layer.executable_asset_keys
    return [k.path[-1] for k in keys if len(k.path) == 1 and (not steps or layer.get(k).assets_def.op.name in steps)]


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
