"""Ingestion: thirteen raw tables, their history, their quality, and the cut decide reads through.

What belongs here: collecting, adding vintages, `data_quality`, `information_set`. What
does not: reading files or making synthetic rows (ingestion does).
"""

import hashlib
from collections.abc import Mapping
from datetime import date, datetime, timedelta

import dagster as dg
import polars as pl

from energy_pipeline.contracts import TABLES, Table
from energy_pipeline.contracts.raw import RAW_TABLES
from energy_pipeline.domain.delivery import days_between
from energy_pipeline.domain.errors import DayFailures, MissingDayError, PipelineError
from energy_pipeline.information.raw_frames import by_day
from energy_pipeline.information.series_months import content_hash
from energy_pipeline.lake import Lake
from energy_pipeline.orchestration import metadata, policies, progress
from energy_pipeline.orchestration.factory import AssetFactory, DayContext, RowMetadata, record, run_days, session_of, write_frames
from energy_pipeline.orchestration.partitions import day_of_key
from energy_pipeline.orchestration.reads import Archived, Earlier, Held, OrderOnly
from energy_pipeline.orchestration.resources import DeskRuntime, RunSession, TooEarlyError

RAW_NAMES = tuple(t.name for t in RAW_TABLES)
LOOKED_AT = Earlier("runs", "when the ingest flow last looked at a day: what was not there then came late")
AHEAD = ("weather_forecast",)
"""Raw tables whose rows of the days after D are known before D is decided: a run reaches as far as its source lets it."""


class HistoryConfig(dg.Config):
    """Which days `raw_history` makes sure of; empty: the history the newest delivery days need."""

    first_day: str = ""
    last_day: str = ""


def assets(factory: AssetFactory) -> list[dg.AssetsDefinition]:
    """All assets of the stage."""
    return [
        raw_history(),
        *(raw_table(factory, TABLES[name]) for name in RAW_NAMES),
        factory.table("data_quality", data_quality, *(Held(name) for name in RAW_NAMES)),
        information_set(factory),
    ]


def raw_table(factory: AssetFactory, contract: Table) -> dg.AssetsDefinition:
    """A raw table: the whole range is collected at once, then added day by day."""
    _, deps = factory.declare(contract.name, add_days, [LOOKED_AT])

    @dg.multi_asset(name=contract.name, specs=factory.table_specs([contract.name], deps), backfill_policy=policies.BACKFILL)
    def _raw(context: dg.AssetExecutionContext, runtime: dg.ResourceParam[DeskRuntime]) -> None:
        days = [day_of_key(key) for key in context.partition_keys]
        failures = DayFailures(contract.name)
        runtime.sources.begin(context.run.run_id)
        with progress.reporting(contract.name), policies.retrying(context, "ingest"):
            fetch_live(context, runtime, days[0], days[-1])
            good = add_days(runtime, contract, days, failures)
            if contract.name in AHEAD:
                add_ahead(runtime, contract, days[-1])
            record(context, {day: {contract.name: entries} for day, entries in good.items()}, failures)

    return _raw


def fetch_live(context: dg.AssetExecutionContext, runtime: DeskRuntime, first: date, last: date) -> None:
    """Fetch once a run what live series lack; a source that fails is told and the late rules decide: what is there is ingested."""
    report = runtime.fetch(context.run.run_id, first, last)
    for text in [*report.second, *report.problems] if report is not None else []:
        context.log.warning(text)


def add_days(runtime: DeskRuntime, contract: Table, days: list[date], failures: DayFailures) -> dict[date, RowMetadata]:
    """Collect `days` of a raw table and add what is new to the lake; metadata of the good days."""
    from energy_pipeline import ingestion

    collected = ingestion.collect(runtime.desk, contract.name, days[0], days[-1], runtime.sources.load, runtime.answers)
    for day, error in collected.failures.items():
        failures.add(day, error)
    held = runtime.lake.read(contract.name, days[0], days[-1], missing="skip")
    fresh_by_day, held_by_day = by_day(collected.frame), by_day(held)
    ingested_at, looked_at = runtime.now(), last_looks(runtime.lake, days)
    good: dict[date, RowMetadata] = {}
    for day in days:
        if day in failures.failures:
            continue
        fresh, existing = fresh_by_day.get(day, contract.frame()), held_by_day.get(day, contract.frame())
        if contract.name == ingestion.HELD_HOURS:
            fresh = ingestion.no_longer_said(existing, fresh)
        try:
            if fresh.is_empty() and existing.is_empty() and day in collected.held_days and not contract.may_be_empty:
                good[day] = {"dagster/partition_row_count": 0, "held": True}  # no row may be null: all of the day's are held
                continue
            new = ingestion.new_vintages(contract, existing, fresh, ingested_at, looked_at.get(day))
            good[day] = _add(runtime, contract, day, new, existing.height)
        except PipelineError as error:
            failures.add(day, error)
        progress.done(contract.name, day)
    return good


def add_ahead(runtime: DeskRuntime, contract: Table, last: date) -> None:
    """Add what is there of the days after `last` that its decision forecasts; a source that has none, or fails, has its own day to say so."""
    from energy_pipeline import ingestion

    days = days_between(last + timedelta(days=1), last + timedelta(days=runtime.desk.forecast.horizon_days - 1))
    if not days:
        return
    fresh = by_day(ingestion.collect(runtime.desk, contract.name, days[0], days[-1], runtime.sources.load, runtime.answers).frame)
    held = by_day(runtime.lake.read(contract.name, days[0], days[-1], missing="skip"))
    for day in (d for d in days if d in fresh):
        new = ingestion.new_vintages(contract, held.get(day, contract.frame()), fresh[day], runtime.now())
        if new.height:
            runtime.lake.add_vintage(contract.name, day, new)


def last_looks(lake: Lake, days: list[date]) -> dict[date, datetime]:
    """When the ingest flow last recorded itself for each day: what was not there then came late."""
    runs = lake.read("runs", days[0], days[-1], missing="skip").filter(pl.col("run_flow") == "ingest").sort("recorded_at")
    return dict(runs.select("delivery_day", "recorded_at").iter_rows())


def _add(runtime: DeskRuntime, contract: Table, day: date, new: pl.DataFrame, held_rows: int) -> RowMetadata:
    entries: RowMetadata = {"dagster/partition_row_count": held_rows + new.height, "new_rows": new.height}
    if new.height == 0 and not contract.may_be_empty and (held_rows or runtime.desk.delivery_day(day).end > runtime.now()):
        return {**entries, "not_yet": held_rows == 0}
    added = runtime.lake.add_vintage(contract.name, day, new)
    return entries if added is None else {**entries, "content_hash": added.sha256, "path": added.path}


def raw_history() -> dg.AssetsDefinition:
    """The raw days before the first decision, in one step and one record."""

    @dg.asset(
        name="raw_history",
        group_name="ingestion",
        kinds={"polars", "parquet"},
        owners=list(metadata.OWNERS),
        description="Bulk load of the raw days that look-backs of the decided days reach to; adds only days the lake does not hold.",
    )
    def _history(context: dg.AssetExecutionContext, config: HistoryConfig, runtime: dg.ResourceParam[DeskRuntime]) -> dg.MaterializeResult[None]:
        runtime.sources.begin(context.run.run_id)
        first, last = history_span(runtime, config)
        failures = DayFailures("raw_history")
        with progress.reporting("raw_history"):
            fetch_live(context, runtime, first, last)
            counts = {t.name: load_missing(runtime, t, first, last, failures) for t in RAW_TABLES}
            failures.raise_if_any()
        text = {"first_day": first.isoformat(), "last_day": last.isoformat()}
        return dg.MaterializeResult(metadata={**text, "dagster/row_count": sum(counts.values()), **{f"rows_{t}": n for t, n in counts.items()}})

    return _history


def history_span(runtime: DeskRuntime, config: HistoryConfig) -> tuple[date, date]:
    """Days asked for, or those tomorrow's decision needs."""
    if config.first_day and config.last_day:
        return date.fromisoformat(config.first_day), date.fromisoformat(config.last_day)
    today = runtime.now().date()
    return date.fromordinal(today.toordinal() - runtime.desk.history_days), today


def load_missing(runtime: DeskRuntime, contract: Table, first: date, last: date, failures: DayFailures) -> int:
    """Add the days of a raw table the lake does not hold yet; rows added.

    A day on which the source has nothing is a gap that `doctor`, the quality table and the models' fallbacks speak about,
    not an error, whether or not the series is required on days that are decided: histories begin somewhere.
    """
    from energy_pipeline import ingestion

    held = set(runtime.lake.days(contract.name))
    missing = [day for day in days_between(first, last) if day not in held]
    rows = 0
    for begin, end in _stretches(missing):
        collected = ingestion.collect(runtime.desk, contract.name, begin, end, runtime.sources.load, runtime.answers)
        for day, error in collected.failures.items():
            if not isinstance(error, MissingDayError):
                failures.add(day, error)
        fresh = by_day(collected.frame)
        frames = {day: fresh.get(day, contract.frame()) for day in days_between(begin, end) if day not in collected.failures}
        frames = {day: frame for day, frame in frames.items() if frame.height or contract.may_be_empty}
        for month in _months(list(frames)):
            # Only a month loaded whole and closed is one file: which days stand apart must not depend on the order of runs.
            broken = _added(runtime, contract, {day: frames[day] for day in month}, closed=_is_whole(month[0], begin, end, last))
            for day, error in broken.items():
                failures.add(day, error)
            rows += sum(frames[day].height for day in month if day not in broken)
            for day in month:
                progress.done("raw_history", day)
    return rows


def _added(runtime: DeskRuntime, contract: Table, frames: Mapping[date, pl.DataFrame], *, closed: bool) -> dict[date, PipelineError]:
    """Add days of one month; the errors of those that could not be."""
    if closed:
        return runtime.lake.add_history(contract.name, frames)
    broken = {}
    for day, frame in frames.items():
        try:
            runtime.lake.add_vintage(contract.name, day, frame)
        except PipelineError as error:
            broken[day] = error
    return broken


def _is_whole(day: date, begin: date, end: date, last: date) -> bool:
    """Whether the days begin..end hold all of the day's month, and it is not the month of `last`, which is still being written."""
    start = day.replace(day=1)
    following = (start + timedelta(days=31)).replace(day=1)
    return begin <= start and following <= min(end + timedelta(days=1), last.replace(day=1))


def _months(days: list[date]) -> list[list[date]]:
    """Days grouped by calendar month."""
    groups: dict[date, list[date]] = {}
    for day in days:
        groups.setdefault(day.replace(day=1), []).append(day)
    return list(groups.values())


def _stretches(days: list[date]) -> list[tuple[date, date]]:
    """Consecutive days as (first, last) pairs."""
    found: list[tuple[date, date]] = []
    for day in days:
        if found and (day - found[-1][1]).days == 1:
            found[-1] = (found[-1][0], day)
        else:
            found.append((day, day))
    return found


def data_quality(day: DayContext, **raw: pl.DataFrame) -> pl.DataFrame:
    """Expected against found, per raw table and series."""
    from energy_pipeline import ingestion

    return ingestion.assess_quality(day.desk, day.day, {**raw, **day.session.compared})


def information_set(factory: AssetFactory) -> dg.AssetsDefinition:
    """The cut; its content hash is the data version decide's inputs go by."""
    lag_days = factory.desk.max_lag_days
    archived = [Archived(name, lag_days, -1 if TABLES[name].is_observed else 0) for name in RAW_NAMES]
    step, deps = factory.declare("information_set", cut_day, [*archived, OrderOnly("raw_history", "loads the days before the first decision")])

    @dg.multi_asset(
        name="information_set",
        specs=factory.table_specs(["information_set"], deps),
        backfill_policy=policies.BACKFILL,
    )
    def _cut(context: dg.AssetExecutionContext, runtime: dg.ResourceParam[DeskRuntime]) -> dg.MaterializeResult[None]:
        hashes: list[str] = []

        def write(day: DayContext) -> Mapping[str, RowMetadata]:
            frame = step(day)
            hashes.append(content_hash(frame))
            return write_frames(day, {"information_set": frame})

        with progress.reporting("information_set"):
            session = session_of(context, runtime)
            wait_for_decision_time(context, session)
            run_days(context, "information_set", session, write)
        return dg.MaterializeResult(asset_key="information_set", data_version=dg.DataVersion(version_of(hashes)))

    return _cut


def version_of(hashes: list[str]) -> str:
    """The hash itself for one day; for a range, a hash of the days' hashes (Dagster stamps one version on all)."""
    return hashes[0] if len(hashes) == 1 else hashlib.blake2b("".join(hashes).encode(), digest_size=16).hexdigest()


def cut_day(day: DayContext) -> pl.DataFrame:
    """The record of what decide(day) may read."""
    from energy_pipeline import ingestion

    return ingestion.information_record(day.session.info(day.day), day.session.statuses(day.day))


def wait_for_decision_time(context: dg.AssetExecutionContext, session: RunSession) -> None:
    """A run started by a schedule waits for the decision time; a person's run is told that it is early."""
    if session.as_of is not None:
        return
    latest = max(session.info(day).decision_time for day in days_between(session.first, session.last))
    seconds = (latest - session.runtime.now()).total_seconds()
    if seconds <= 0:
        return
    if any(tag in context.run.tags for tag in policies.SCHEDULE_TAGS):
        raise dg.RetryRequested(max_retries=8, seconds_to_wait=min(seconds + 1, 900))
    raise TooEarlyError(f"decide({session.last}) is cut at {latest}, which has not come yet -> wait, or decide on what is known: --as-of INSTANT")
