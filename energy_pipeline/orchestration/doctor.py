"""Is this installation ready? Each answer with what was found.

What belongs here: looking, never changing anything that matters. What does not: printing.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from energy_pipeline.contracts.raw import RAW_TABLES
from energy_pipeline.desk import Desk, load_desk
from energy_pipeline.domain.errors import PipelineError
from energy_pipeline.lake import Lake
from energy_pipeline.lake.source_files import SourceFiles
from energy_pipeline.orchestration.instance import home_of
from energy_pipeline.settings import Settings

SAMPLE_DAYS = 183
"""Days of raw data the doctor looks at: half a year lets a swapped series show."""

PAIRED = ("load_forecast", "load_actual", "generation_forecast", "generation_actual")


@dataclass(frozen=True)
class Finding:
    """One answer."""

    ok: bool
    what: str
    found: str


def examine(settings: Settings, environment: Mapping[str, str], today: date) -> list[Finding]:
    """Everything worth knowing before the first run."""
    findings: list[Finding] = [*_places(settings, environment)]
    try:
        desk = load_desk(settings.desk_path)
    except PipelineError as error:
        return [*findings, Finding(ok=False, what="desk file", found=str(error))]
    zones, series = ", ".join(desk.zones), len(desk.sources.files)
    findings.append(Finding(ok=True, what="desk file", found=f"{settings.desk_path}: {desk.name}, zones {zones}, {series} file series"))
    return [*findings, *_sources(settings, desk, today)]


def _places(settings: Settings, environment: Mapping[str, str]) -> Iterator[Finding]:
    yield _writable("lake", str(settings.lake))
    yield _writable("DAGSTER_HOME", str(home_of(environment)))
    models = sorted((settings.sql_root / "marts").glob("*.sql"))
    yield Finding(ok=bool(models), what="SQL models", found=f"{len(models)} marts in {settings.sql_root}")


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
            return Finding(ok=True, what=what, found=f"{place} (writable)")
    except OSError as error:
        return Finding(ok=False, what=what, found=f"{place}: {error.strerror} -> choose another folder")


def _sources(settings: Settings, desk: Desk, today: date) -> Iterator[Finding]:
    if not desk.sources.files:
        yield Finding(ok=True, what="sources", found="the synthetic market; no file needed")
        return
    sources = SourceFiles(settings.data)
    yield Finding(ok=settings.data.is_dir(), what="data folder", found=str(settings.data))
    last = _last_day(desk, sources, today) or today
    frames: dict[str, pl.DataFrame] = {}
    for contract in RAW_TABLES:
        finding, frame = _collect(desk, contract.name, last, sources)
        frames[contract.name] = frame
        if finding is not None:
            yield finding
    yield _disguised(desk, frames)


def _last_day(desk: Desk, sources: SourceFiles, today: date) -> date | None:
    """The last day every zone's day-ahead price files have; None when they have none."""
    from energy_pipeline import ingestion

    try:
        prices = ingestion.collect(desk, "day_ahead_prices", desk.first_delivery_day, today, sources.load).frame
    except PipelineError:
        return None
    ends = [part["delivery_day"].max() for part in prices.partition_by("zone")]
    return min((end for end in ends if isinstance(end, date)), default=None)


def _collect(desk: Desk, table: str, last: date, sources: SourceFiles) -> tuple[Finding | None, pl.DataFrame]:
    from energy_pipeline import ingestion
    from energy_pipeline.contracts import table as contract_of

    if not any(series.table == table for series in desk.sources.files):
        return None, contract_of(table).frame()
    try:
        found = ingestion.collect(desk, table, last - timedelta(days=SAMPLE_DAYS), last, sources.load)
    except PipelineError as error:
        return Finding(ok=False, what=table, found=str(error)), contract_of(table).frame()
    text = f"{found.frame.height} rows in the {SAMPLE_DAYS} days to {last}"
    bad = "".join(f"\n{error}" for error in list(found.failures.values())[:2])
    return Finding(ok=not found.failures, what=table, found=text + bad), found.frame


def _disguised(desk: Desk, frames: Mapping[str, pl.DataFrame]) -> Finding:
    from energy_pipeline.ingestion import disguise

    problems = disguise.check_desk(desk, {name: frames[name] for name in PAIRED})
    return Finding(ok=not problems, what="forecasts are forecasts", found="\n".join(problems) or "no forecast is an actual in disguise")
