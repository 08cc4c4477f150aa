"""`benchmark forecasts`: walk forward over a market file, in parallel, resumable.

What belongs here: files, blocks of days, worker processes, progress. What does not: the
walk itself (`forecasting.walk`) or the file format (`studies.benchmark_file`).

Members' forecasts of a day depend on that day's history alone, so blocks of days are
computed by several processes and kept beside the output in `<out>.parts`, under the
hash of the history they saw. A run that was killed finds them again; the ensemble, which
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
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import numpy as np

from energy_pipeline.domain.errors import SourceError
from energy_pipeline.forecasting.committee import MemberForecasts, members
from energy_pipeline.forecasting.panel import Panel
from energy_pipeline.forecasting.walk import combined_days, member_days
from energy_pipeline.studies.benchmark_file import forecast_frame, market_panel, read_market_file

VERSION = 1
BLOCK_DAYS = 14
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
    data: Path, out: Path, names: Sequence[str], last_days: int = 728, jobs: int = 2, progress: Callable[[int, int], None] = lambda *_: None
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
        Called with blocks done and blocks in all.

    Raises
    ------
    SourceError
        When the file is not in the format, or too short.
    ValueError
        For an unknown member.
    """
    members(names)
    history = market_panel(read_market_file(data), data.name)
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


def _blocks(first: date, last: date) -> list[tuple[date, date]]:
    """Consecutive blocks that begin where 14-day fits begin."""
    blocks = []
    while first <= last:
        end = min(first + timedelta(days=BLOCK_DAYS - 1 - first.toordinal() % BLOCK_DAYS), last)
        blocks.append((first, end))
        first = end + timedelta(days=1)
    return blocks


def _members(
    history: Panel, blocks: Sequence[tuple[date, date]], names: Sequence[str], parts: Path, jobs: int, progress: Callable[[int, int], None]
) -> list[MemberForecasts]:
    files = {block: parts / f"{_key(history, block, names)}.npz" for block in blocks}
    open_ = [block for block in blocks if not files[block].exists()]
    progress(len(blocks) - len(open_), len(blocks))
    work = partial(_compute, history, tuple(names))
    if jobs > 1 and len(open_) > 1:
        import multiprocessing

        # Spawned, not forked: the parent may hold threads.
        with ProcessPoolExecutor(min(jobs, len(open_)), mp_context=multiprocessing.get_context("spawn")) as pool:
            running = {pool.submit(work, block, files[block]) for block in open_}
            for i, done in enumerate(as_completed(running)):
                done.result()
                progress(len(blocks) - len(open_) + i + 1, len(blocks))
    else:
        for i, block in enumerate(open_):
            work(block, files[block])
            progress(len(blocks) - len(open_) + i + 1, len(blocks))
    return [day for block in blocks for day in _read(files[block])]


def _compute(history: Panel, names: Sequence[str], block: tuple[date, date], file: Path) -> None:
    found = list(member_days(history, *block, names))
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


def _key(history: Panel, block: tuple[date, date], names: Sequence[str]) -> str:
    """Hash of everything the block's forecasts may depend on."""
    seen = history.before(block[1])
    digest = hashlib.blake2b(f"{VERSION}|{block[0]}|{block[1]}|{history.first_day}|{list(names)}".encode(), digest_size=12)
    for array in (seen.prices, seen.exog):
        digest.update(str(array.shape).encode() + np.ascontiguousarray(array).tobytes())
    return f"{block[0]}_{digest.hexdigest()}"
