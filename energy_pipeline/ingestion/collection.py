"""All rows of one raw table for a span of delivery days, from wherever the desk says.

What belongs here: dispatch to the synthetic market, the files and the proxy quotes, and
putting their answers together. What does not: reading any of them.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from datetime import date, timedelta

import polars as pl

from energy_pipeline.contracts import table as contract_of
from energy_pipeline.desk import Desk
from energy_pipeline.domain.errors import SourceError
from energy_pipeline.ingestion.collected import Collected, merge
from energy_pipeline.ingestion.files import read_series
from energy_pipeline.ingestion.holding import HELD_HOURS, JUDGED, held_back, operator_lines
from energy_pipeline.ingestion.live import Answers, read_live
from energy_pipeline.ingestion.plausible_limits import REACH_DAYS
from energy_pipeline.ingestion.proxy import proxy_quotes
from energy_pipeline.ingestion.questions import Load


def collect(desk: Desk, table: str, first: date, last: date, load: Load, answers: Answers | None = None) -> Collected:
    """Rows of one raw table for delivery days first..last: first vintages, of live series every vintage.

    A series declared in files or live replaces the synthetic one of the same key; proxy quotes
    stand in where neither has a quote. Values that cannot be are held back (`holding`).

    Parameters
    ----------
    desk : Desk
    table : str
        A raw table.
    first, last : date
        Delivery days, inclusive.
    load : callable
        Path -> frame; `SourceFiles(root).load`. Not called by a purely synthetic desk.
    answers : Answers, optional
        The archive of answers; needed by a desk with live series.

    Returns
    -------
    Collected
        `frame`: good rows. `failures`: bad day -> error (that day has no rows in `frame`). `held`: what is held back.

    Raises
    ------
    SourceError
        With everything that is wrong with the files of all series of the table.
    """
    contract = contract_of(table)
    if table == HELD_HOURS:
        return _held_hours(desk, first, last, load, answers)
    real = _judged(desk, table, first, last, load, answers)
    parts = [real]
    if desk.sources.synthetic is not None:
        from energy_pipeline.ingestion import synthetic

        parts.append(Collected(_without_declared(desk, table, synthetic.generate(desk, table, first, last))))
    if table == "forward_quotes":
        parts += _proxies(desk, first, last, load, answers, pl.concat([contract.frame(), *(p.frame for p in parts)]))
    return replace(merge(contract, parts), held=real.held)


def _judged(desk: Desk, table: str, first: date, last: date, load: Load, answers: Answers | None) -> Collected:
    """Rows of the declared series, with what cannot be held back: a day is judged by those before it."""
    if table not in JUDGED or not any(s.table == table for s in desk.sources.declared):
        return _declared(desk, table, first, last, load, answers)
    found = _declared(desk, table, first - timedelta(days=REACH_DAYS), last, load, answers)
    failures = {day: error for day, error in found.failures.items() if day >= first}
    lines = [line for line in operator_lines(desk, load) if line.raw_table == table]
    frame, held = held_back(desk, table, found.frame, first, lines)
    _notes(load)[id(desk), table, first, last] = held
    return Collected(frame, failures, held)


def _held_hours(desk: Desk, first: date, last: date, load: Load, answers: Answers | None) -> Collected:
    """What is held of all judged tables. A day that fails in its own table has nothing to hold."""
    contract = contract_of(HELD_HOURS)
    tables = [table for table in JUDGED if any(s.table == table for s in desk.sources.declared)]
    live, notes = {s.table for s in desk.sources.live}, _notes(load)
    frames = [notes.get((id(desk), t, first, last)) if t not in live else None for t in tables]
    frames = [_judged(desk, t, first, last, load, answers).held if frame is None else frame for t, frame in zip(tables, frames, strict=True)]
    return Collected(pl.concat([contract.frame(), *(frame for frame in frames if frame is not None)]))


def _notes(load: Load) -> dict[Hashable, pl.DataFrame]:
    """What was held when the same files were read for their own tables: they are what they were until the next run."""
    found: dict[Hashable, pl.DataFrame] = getattr(getattr(load, "__self__", None), "notes", {})
    return found


def _declared(desk: Desk, table: str, first: date, last: date, load: Load, answers: Answers | None) -> Collected:
    parts, problems = [], []
    for series in (s for s in desk.sources.files if s.table == table):
        try:
            parts.append(read_series(desk, series, first, last, load))
        except SourceError as error:
            problems.append(str(error))
    for live in (s for s in desk.sources.live if s.table == table):
        if answers is None:
            raise SourceError(f"{table}: the desk has live series, and no archive of answers was given")
        parts.append(read_live(desk, live, first, last, answers))
    if problems:
        raise SourceError(
            f"table {table}, days {first}..{last}: {len(problems)} problem(s) with source files\n" + "\n".join(f"  - {p}" for p in problems)
        )
    return merge(contract_of(table), parts)


def _without_declared(desk: Desk, table: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Synthetic rows of keys that no declared series serves."""
    for series in (s for s in desk.sources.declared if s.table == table):
        frame = frame.filter(~pl.all_horizontal(pl.col(k) == v for k, v in series.key.items()))
    return frame


def _proxies(desk: Desk, first: date, last: date, load: Load, answers: Answers | None, quoted: pl.DataFrame) -> list[Collected]:
    if not desk.sources.proxy_quotes:
        return []
    reach = max(p.window_days for p in desk.sources.proxy_quotes)
    prices = collect(desk, "day_ahead_prices", first - timedelta(days=reach), last - timedelta(days=1), load, answers).frame
    key = ["delivery_day", "zone", "contract"]
    return [
        Collected(proxy_quotes(desk, rule, first, last, prices.filter(pl.col("zone") == rule.zone)).join(quoted, on=key, how="anti"))
        for rule in desk.sources.proxy_quotes
    ]
