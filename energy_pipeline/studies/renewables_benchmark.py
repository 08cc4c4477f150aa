"""The study of measured plants: walk forward, score, print.

What belongs here: running the walk over a folder's plants, and the page. What does not: the walk
and scores (`studies.plant_walk`), opening files (`measured_plants`), the command's options
(`benchmark_cli`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from energy_pipeline.domain.errors import SourceError
from energy_pipeline.studies.measured_plants import plants_in
from energy_pipeline.studies.plant_file import FileSource
from energy_pipeline.studies.plant_walk import MODEL, RIVALS, Score, Walk, scores, walk

LEADS = (24.0, 36.0)
ENOUGH_HOURS = 24
"""Fewer hours than this are no score."""


@dataclass(frozen=True, eq=False)
class Study:
    """One plant's walk with its scores, over all hours and over leads of 24 to 36 hours."""

    source: FileSource
    first: date
    last: date
    walk: Walk
    all_hours: list[Score]
    day_ahead: list[Score]


def run(
    folder: Path, names: Sequence[str], first: date | None, last: date | None, jobs: int = 1, report: Callable[[str, int, int], None] | None = None
) -> list[Study]:
    """Walk the plants of a folder.

    Parameters
    ----------
    names : sequence of str
        Only these plants; empty: all.
    first, last : date, optional
        Test days instead of those the plants declare.

    Raises
    ------
    SourceError
        Unknown plant names, or files that cannot be read as plants.
    """
    sources = plants_in(folder)
    unknown = set(names) - {s.file.name for s in sources}
    if unknown:
        raise SourceError(f"{folder}: no plant {', '.join(sorted(unknown))}; it has {', '.join(s.file.name for s in sources)}")
    wanted = [s for s in sources if not names or s.file.name in names]
    if jobs > 1 and len(wanted) > 1:
        with ProcessPoolExecutor(jobs) as pool:
            return list(pool.map(_study, wanted, [first] * len(wanted), [last] * len(wanted)))
    return [_study(s, first, last, report) for s in wanted]


def _study(source: FileSource, first: date | None, last: date | None, report: Callable[[str, int, int], None] | None = None) -> Study:
    start, stop = first or source.test_first, last or source.last_day
    name = source.file.name
    found = walk(source, start, stop, None if report is None else lambda done, total: report(name, done, total))
    lead = found.frame.filter(pl.col("lead_hours") >= LEADS[0], pl.col("lead_hours") < LEADS[1])
    return Study(source, start, stop, found, scores(found.frame), scores(lead))


def write(studies: Sequence[Study], folder: Path) -> None:
    """Forecasts and outcomes of each plant as `<plant>.parquet`."""
    folder.mkdir(parents=True, exist_ok=True)
    for study in studies:
        study.walk.frame.write_parquet(folder / f"{study.source.file.name}.parquet")


def as_markdown(studies: Sequence[Study]) -> str:
    """The error table and how each plant was forecast."""
    lines = [
        "Shares of capacity in %. Skill: 1 - RMSE(physics + correction) / RMSE(rival) on the hours both have; in brackets for leads of 24-36 h.",
        "",
        "| plant | weather | test | model | hours | MAE | RMSE | bias | pinball | in 80 % | in 90 % | skill against it |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for study in studies:
        for whole, part in zip(study.all_hours, study.day_ahead, strict=True):
            lines.append(_row(study, whole, part))
    if len(studies) > 1:
        lines += ["", f"RMSE of {MODEL} over all plants' hours together: {_pooled(studies):.2f} %."]
    lines.append("")
    for study in studies:
        lines.append(_how(study))
    return "\n".join(lines)


def _row(study: Study, whole: Score, part: Score) -> str:
    own = whole.model == MODEL
    file = study.source.file
    head = (
        f"{file.name} | {file.weather_kind}{' (**upper bound**)' if file.is_upper_bound else ''} | {study.first} .. {study.last}" if own else " | | "
    )
    bands = f"{100 * whole.pinball:.2f} | {100 * whole.cover_80:.1f} | {100 * whole.cover_90:.1f}" if own else " | | "
    skill = "" if own else f"{_percent(whole.skill)} ({_percent(part.skill)})"
    name = f"**{whole.model}**" if own else whole.model
    if whole.hours < ENOUGH_HOURS:
        return f"| {head} | {name} | {whole.hours} | too few | | | | | | |"
    return f"| {head} | {name} | {whole.hours} | {100 * whole.mae:.2f} | {100 * whole.rmse:.2f} | {100 * whole.bias:+.2f} | {bands} | {skill} |"


def _percent(value: float) -> str:
    return "none" if value != value else f"{100 * value:.1f} %"  # noqa: PLR0124 - not a number


def _pooled(studies: Sequence[Study]) -> float:
    squares = sum(s.all_hours[0].rmse ** 2 * s.all_hours[0].hours for s in studies)
    return 100.0 * float((squares / max(sum(s.all_hours[0].hours for s in studies), 1)) ** 0.5)


def _how(study: Study) -> str:
    block, fit = study.walk.fits[-1]
    counts = ", ".join(f"{k} {v}" for k, v in study.walk.counts.items())
    file = ", ".join(f"{k} {v}" for k, v in study.source.counts.items())
    still = fit.availability
    notes = "".join(f"\n  - {n}" for n in study.source.notes)
    learnt = f"Cleaned past of the last fit ({block}): {counts}. {fit.reason}; {fit.choice}"
    held_out = f"held out {100 * fit.held_out_corrected:.2f} % against physics {100 * fit.held_out_physics:.2f} %"
    standing = f"stands still {100 * still.mean_still:.2f} % of hours, persistence {still.persistence:.2f}"
    return f"- **{study.source.file.name}**: {len(study.walk.fits)} fits. File: {file}. {learnt}; {held_out}; {standing}.{notes}"


__all__ = ["MODEL", "RIVALS", "Study", "as_markdown", "run", "write"]
