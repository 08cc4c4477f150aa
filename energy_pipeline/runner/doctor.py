"""Is this installation ready? Each answer with what was found.

What belongs here: looking, never changing anything that matters. What does not: printing.
"""

from __future__ import annotations

import platform
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path

import polars as pl

from energy_pipeline.contracts.raw import RAW_TABLES
from energy_pipeline.desk import Desk, load_desk
from energy_pipeline.domain.errors import MissingDayError, PipelineError
from energy_pipeline.fetching.archive import AnswerArchive
from energy_pipeline.ingestion import desk_plausibility
from energy_pipeline.lake import Lake
from energy_pipeline.lake.source_files import SourceFiles
from energy_pipeline.orchestration.code_version import code_version
from energy_pipeline.renewables.wind_plants import farm_problems
from energy_pipeline.runner import lake_health
from energy_pipeline.runner.instance import home_of
from energy_pipeline.runner.status import SPARE_BYTES
from energy_pipeline.settings import Settings

SHOWN = 2
"""Bad days of a table told in full."""


@dataclass(frozen=True)
class Finding:
    """One answer."""

    ok: bool
    what: str
    found: str


def examine(settings: Settings, environment: Mapping[str, str], now: datetime, *, online: bool = False) -> list[Finding]:
    """Everything worth knowing before the first run; `online` also asks each live source once."""
    findings: list[Finding] = [*_places(settings, environment)]
    try:
        desk = load_desk(settings.desk_path)
    except PipelineError as error:
        return [*findings, Finding(ok=False, what="desk file", found=str(error))]
    zones, series, live = ", ".join(desk.zones), len(desk.sources.files), len(desk.sources.live)
    findings.append(
        Finding(ok=True, what="desk file", found=f"{settings.desk_path}: {desk.name}, zones {zones}, {series} file series, {live} live series")
    )
    findings += _lake(settings, desk, now)
    return [*findings, *_sources(settings, desk, now.date()), *_live(settings, environment, desk, now, online=online)]


def _places(settings: Settings, environment: Mapping[str, str]) -> Iterator[Finding]:
    yield Finding(
        ok=True, what="version", found=f"{settings.code_version or code_version()}, Python {platform.python_version()}, {platform.platform()}"
    )
    yield _writable("lake", str(settings.lake))
    yield _unfinished(settings)
    yield _whole_warehouse(settings)
    yield _writable("DAGSTER_HOME", str(home_of(environment)))
    yield _told("Dagster's records", lake_health.records(home_of(environment)), "they answer, or there are none yet")
    models = sorted((settings.sql_root / "marts").rglob("*.sql"))
    yield Finding(ok=bool(models), what="SQL models", found=f"{len(models)} marts in {settings.sql_root}")


def _lake(settings: Settings, desk: Desk, now: datetime) -> list[Finding]:
    """What stands in the lake: whole files of the last days, written by this desk's clock and days."""
    lake = Lake(settings.lake)
    try:
        files = lake_health.bad_files(lake)
        found = [_told("lake files", files, f"the last {lake_health.LOOK_BACK_DAYS} decided days are as written (energy-pipeline verify reads all)")]
        if not files:  # a damaged day cannot be read for its clock
            clock = lake_health.clock_steps(lake, now, is_synthetic=not (desk.sources.files or desk.sources.live))
            found += [_told("clock", clock, f"{now:%Y-%m-%d %H:%M}Z, nothing in the lake is later")]
            found += [_told("time zone", lake_health.other_days(lake, desk), f"the lake's days are those of {desk.time_zone}")]
    except (PipelineError, OSError) as error:
        return [Finding(ok=False, what="lake files", found=str(error))]
    return found


def _unfinished(settings: Settings) -> Finding:
    """Days of which a run began to write and did not get through."""
    try:
        found = [str(mark) for mark in Lake(settings.lake).unfinished().all()]
    except OSError as error:
        return Finding(ok=False, what="unfinished days", found=f"{settings.lake}: {error}")
    return _told("unfinished days", found, "none: every day is of one run")


def _whole_warehouse(settings: Settings) -> Finding:
    """Whether what BI tools read can be read to its end."""
    from energy_pipeline.warehouse.health import damage

    found = damage(settings.warehouse)
    step = f"{settings.warehouse}: {found} -> move it away: the next run builds it anew from the lake"
    return _told("warehouse", [step] if found else [], str(settings.warehouse) if settings.warehouse.is_file() else "not published yet")


def _writable(what: str, place: str) -> Finding:
    if "://" in place:
        try:
            Lake(place).days("day_ahead_prices")
        except (PipelineError, OSError) as error:
            return Finding(ok=False, what=what, found=f"{place}: {error}")
        return Finding(ok=True, what=what, found=place)
    folder = Path(place)
    while not folder.exists():
        folder = folder.parent
    try:
        with tempfile.TemporaryFile(dir=folder):
            free = shutil.disk_usage(folder).free
        step = "" if free >= SPARE_BYTES else " -> make room: a publish of the warehouse copies it"
        return Finding(ok=not step, what=what, found=f"{place} (writable, {free / 1e9:.1f} GB free){step}")
    except OSError as error:
        return Finding(ok=False, what=what, found=f"{place}: {error.strerror} -> choose another folder")


def _sources(settings: Settings, desk: Desk, today: date) -> Iterator[Finding]:
    yield _told("the desk's own numbers", [*desk_plausibility.desk_problems(desk), *farm_problems(desk)], "no contradiction")
    if not desk.sources.files and desk.sources.live:
        return
    if not desk.sources.files:
        yield Finding(ok=True, what="sources", found="the synthetic market; no file needed")
        return
    sources = SourceFiles(settings.data)
    yield Finding(ok=settings.data.is_dir(), what="data folder", found=str(settings.data))
    frames: dict[str, pl.DataFrame] = {}
    for contract in RAW_TABLES:
        finding, frame = _collect(desk, contract.name, today, sources)
        frames[contract.name] = frame
        if finding is not None:
            yield finding
    now = datetime.combine(today, time.max, tzinfo=UTC)
    yield _told("clocks and units", desk_plausibility.series_problems(desk, frames, now), "sun, meters and known_at agree")
    history = desk_plausibility.member_history(desk, frames["day_ahead_prices"])
    yield Finding(ok=True, what="price history", found="\n".join(history) or "enough for every member of the ensemble")
    yield _disguised(desk, frames)


def _live(settings: Settings, environment: Mapping[str, str], desk: Desk, now: datetime, *, online: bool) -> list[Finding]:
    """How each live series stands."""
    from energy_pipeline.fetching.open_client import client_for
    from energy_pipeline.ingestion.live import live_problems
    from energy_pipeline.runner.live import capacities, standings

    if not desk.sources.live:
        return []
    problems = live_problems(desk)
    if problems:
        return [Finding(ok=False, what="live sources", found="\n".join(problems))]
    try:
        client = client_for(settings, AnswerArchive(Lake(settings.lake).storage), lambda: now, environment=environment)
    except PipelineError as error:
        return [Finding(ok=False, what="secrets", found=str(error))]
    return [
        Finding(ok=s.ok, what=s.series, found=s.text) for s in [*standings(desk, client, online=online), *capacities(desk, client, online=online)]
    ]


def _told(what: str, problems: list[str], right: str) -> Finding:
    return Finding(ok=not problems, what=what, found="\n".join(problems) or right)


def _collect(desk: Desk, table: str, today: date, sources: SourceFiles) -> tuple[Finding | None, pl.DataFrame]:
    from energy_pipeline import ingestion
    from energy_pipeline.contracts import table as contract_of

    if not any(series.table == table for series in desk.sources.files):
        return None, contract_of(table).frame()
    filed = desk.model_copy(update={"sources": desk.sources.model_copy(update={"live": ()})})
    try:
        found = ingestion.collect(filed, table, desk.first_delivery_day, today, sources.load)
    except PipelineError as error:
        return Finding(ok=False, what=table, found=str(error)), contract_of(table).frame()
    # Histories begin and end somewhere: only rows that are there and wrong count.
    wrong = [error for error in found.failures.values() if not isinstance(error, MissingDayError)]
    days: list[date] = found.frame["delivery_day"].unique().sort().to_list()
    text = f"{found.frame.height} rows, {days[0]} .. {days[-1]}" if days else "no row in the desk's calendar"
    held = [] if found.held is None else desk_plausibility.held_text(found.held)
    covered = desk_plausibility.coverage(desk, table, found.frame, today) if days else []
    shown = "".join(f"\n{line}" for line in (*covered, *held, *wrong[:SHOWN]))
    return Finding(ok=not wrong and not held and bool(days), what=table, found=text + shown), found.frame


def _disguised(desk: Desk, frames: Mapping[str, pl.DataFrame]) -> Finding:
    from energy_pipeline.ingestion import disguise

    problems = disguise.check_desk(desk, frames)
    return Finding(ok=not problems, what="forecasts are forecasts", found="\n".join(problems) or "no forecast is an actual in disguise")
