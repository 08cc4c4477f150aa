"""`benchmark forecasts`: walk forward over a market file, in parallel, resumable.

What belongs here: files, blocks of days, worker processes, progress. What does not: the
walk itself (`forecasting.walk`) or the file format (`studies.benchmark_file`).

A member's forecasts of a day depend on that day's history alone, so blocks of days of each member
are computed by several processes and kept beside the output in `<out>.parts`, under the hash of the
history they saw. A run that was killed finds them again, also when other members join; the ensemble, which
is quick, is made anew from all of them. The parts are deleted when the output stands.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import numpy as np

from energy_pipeline.domain.errors import SourceError
from energy_pipeline.features.calendar import day_kinds
from energy_pipeline.forecasting.committee import MemberForecasts, members
from energy_pipeline.forecasting.panel import Panel
from energy_pipeline.forecasting.walk import combined_days, member_days
from energy_pipeline.studies.benchmark_file import forecast_frame, market_panel, read_market_file

VERSION = 2
BLOCK_DAYS = 28
MARKET_HOLIDAYS = {"NP": ("NO", "SE", "DK", "FI"), "BE": ("BE",), "FR": ("FR",), "DE": ("DE",), "PJM": ("US",)}
"""The open benchmark's markets by the names of its files. NP is Nord Pool; a day off counts where it is one in all countries."""
WARM_UP_DAYS = 126
"""Days walked before the first wanted one, for weights and quantiles, when the file has them."""


@dataclass(frozen=True)
class BenchmarkReport:
    """What was written."""

    days: int
    first: date
    last: date
    members: tuple[str, ...]
    fallbacks: int


def run(
    data: Path,
    out: Path,
    names: Sequence[str],
    last_days: int = 728,
    jobs: int = 2,
    progress: Callable[[int, int], None] = lambda *_: None,
    places: Sequence[str] = (),
) -> BenchmarkReport:
    """Forecast the last days of a market file and write them.

    Parameters
    ----------
    data, out : Path
        Parquet in the benchmark's format.
    names : sequence of str
        Members.
    last_days : int
    jobs : int
        Worker processes.
    progress : callable
        Called with blocks of members done and in all.
    places : sequence of str
        Countries or subdivisions whose public holidays count as Sundays; a day is one where it is one in all of them.

    Raises
    ------
    SourceError
        When the file is not in the format, or too short.
    ValueError
        For an unknown member.
    """
    members(names)
    history = market_panel(read_market_file(data), data.name)
    history = replace(history, kinds=day_kinds(places, history.first_day, history.days + history.lead))
    if history.days < 2:
        raise SourceError(f"{data.name}: {history.days} day(s) -> at least two are needed, one to learn from")
    first = history.origin - timedelta(days=min(last_days, history.days - 1))
    last = history.origin - timedelta(days=1)
    start = max(first - timedelta(days=WARM_UP_DAYS), history.first_day + timedelta(days=1))
    parts = out.with_name(out.name + ".parts")
    parts.mkdir(parents=True, exist_ok=True)
    found = _members(history, _blocks(start, last), names, parts, jobs, progress)
    days = [d for d in combined_days(history, start, found) if d.point.day >= first]
    frame = forecast_frame(days)
    temporary = out.with_name(out.name + ".tmp")
    frame.write_parquet(temporary)
    temporary.replace(out)
    shutil.rmtree(parts)
    return BenchmarkReport(len(days), first, last, tuple(names), sum(bool(d.point.fallback) for d in days))


def holiday_places(text: str, data: Path) -> list[str]:
    """Whose public holidays count as Sundays: what is asked for, else those of the open benchmark's market of that file name.

    Raises
    ------
    SourceError
        Naming every place without a calendar.

    Examples
    --------
    >>> holiday_places("", Path("NP.parquet")), holiday_places("AT, DE-BY", Path("m.csv")), holiday_places("none", Path("DE.parquet"))
    (['NO', 'SE', 'DK', 'FI'], ['AT', 'DE-BY'], [])
    """
    from holidays import list_supported_countries

    if not text:
        return list(MARKET_HOLIDAYS.get(data.stem, ()))
    places = [] if text == "none" else [part.strip() for part in text.split(",") if part.strip()]
    known = list_supported_countries()
    wrong = []
    for place in places:
        country, dash, part = place.partition("-")
        if country not in known or (dash and part not in known[country]):
            wrong.append(place)
    if wrong:
        raise SourceError(f"no calendar of public holidays for {', '.join(wrong)} -> two letters of a country, with a subdivision as DE-BY, or none")
    return places


def _blocks(first: date, last: date) -> list[tuple[date, date]]:
    """Consecutive blocks that begin where fits begin anew."""
    blocks = []
    while first <= last:
        end = min(first + timedelta(days=BLOCK_DAYS - 1 - first.toordinal() % BLOCK_DAYS), last)
        blocks.append((first, end))
        first = end + timedelta(days=1)
    return blocks


def _members(
    history: Panel, blocks: Sequence[tuple[date, date]], names: Sequence[str], parts: Path, jobs: int, progress: Callable[[int, int], None]
) -> list[MemberForecasts]:
    files = {(block, name): parts / f"{name}_{_key(history, block)}.npz" for block in blocks for name in names}
    open_ = [part for part in files if not files[part].exists()]
    progress(len(files) - len(open_), len(files))
    work = partial(_compute, history)
    if jobs > 1 and len(open_) > 1:
        import multiprocessing

        # Spawned, not forked: the parent may hold threads.
        with ProcessPoolExecutor(min(jobs, len(open_)), mp_context=multiprocessing.get_context("spawn")) as pool:
            running = {pool.submit(work, *part, files[part]) for part in open_}
            for i, done in enumerate(as_completed(running)):
                done.result()
                progress(len(files) - len(open_) + i + 1, len(files))
    else:
        for i, part in enumerate(open_):
            work(*part, files[part])
            progress(len(files) - len(open_) + i + 1, len(files))
    return [_joined(day) for block in blocks for day in zip(*(_read(files[block, name]) for name in names), strict=True)]


def _joined(found: Sequence[MemberForecasts]) -> MemberForecasts:
    """One day of several members; what was said of the inputs by each is said once."""
    return MemberForecasts({k: v for one in found for k, v in one.values.items()}, tuple(dict.fromkeys(n for one in found for n in one.notes)))


def _compute(history: Panel, block: tuple[date, date], name: str, file: Path) -> None:
    found = list(member_days(history, *block, [name]))
    arrays = {f"{i}|{name}": values for i, day in enumerate(found) for name, values in day.values.items()}
    buffer = io.BytesIO()
    np.savez(buffer, notes=np.frombuffer(json.dumps([day.notes for day in found]).encode(), dtype=np.uint8), **arrays)  # type: ignore[arg-type]
    temporary = file.with_suffix(f".{os.getpid()}.tmp")
    temporary.write_bytes(buffer.getvalue())
    temporary.replace(file)


def _read(file: Path) -> list[MemberForecasts]:
    with np.load(file, allow_pickle=False) as stored:
        notes = json.loads(stored["notes"].tobytes())
        values: list[dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float64]]]] = [{} for _ in notes]
        for key in stored.files:
            place, _, name = key.partition("|")
            if name:
                values[int(place)][name] = stored[key]
    return [MemberForecasts(v, tuple(n)) for v, n in zip(values, notes, strict=True)]


def _key(history: Panel, block: tuple[date, date]) -> str:
    """Hash of everything a member's forecasts of the block may depend on."""
    seen = history.before(block[1])
    digest = hashlib.blake2b(f"{VERSION}|{block[0]}|{block[1]}|{history.first_day}".encode(), digest_size=12)
    for array in (seen.prices, seen.exog, seen.weekdays):
        digest.update(str(array.shape).encode() + np.ascontiguousarray(array).tobytes())
    return f"{block[0]}_{digest.hexdigest()}"
