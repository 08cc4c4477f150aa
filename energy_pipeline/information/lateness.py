"""Late sources: when may decide(D) start, and how did each series stand then.

What belongs here: the desk's late rules (stop, wait, fall back) against the `known_at`
of what has arrived, for one day or for a whole look-back in one pass. What does not:
waiting itself (schedules), or the fallbacks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
import polars as pl

from energy_pipeline.contracts import table as contract_of
from energy_pipeline.contracts.raw import RAW_TABLES
from energy_pipeline.desk import Desk
from energy_pipeline.desk.sources import LateRule, SeriesEntry
from energy_pipeline.domain.delivery import IntArray, day_of, from_us, local_instant
from energy_pipeline.domain.errors import LateSourceError
from energy_pipeline.information.archive import Archive
from energy_pipeline.information.expected import Expected, expected_series

JUDGED = tuple(t.name for t in RAW_TABLES if t.awaited_days_before is not None)
"""Raw tables a late rule can be about."""

Statuses = dict[str, dict[str, str]]


def effective_decision_time(desk: Desk, archive: Archive, day: date) -> tuple[datetime, Statuses]:
    """The instant decide(day) is cut at under the desk's late rules, and each judged series' status.

    Judged are the series for which the desk file states a late rule, on the rows decide
    counts on: yesterday's day-ahead prices, and D's forecasts and quotes.

    Returns
    -------
    datetime
        The desk's decision time; later only when series with `wait` come in by their
        `until`: then the earliest instant all those are complete, never past the gate.
    dict of raw table to dict of series to status
        on_time: complete at the desk's decision time; waited: complete at the returned
        instant; fallback: not complete, the declared fallback stands in.

    Raises
    ------
    LateSourceError
        Naming every incomplete series with `stop`.
    """
    return _judged(desk, day, _arrivals(desk, {name: archive.frame(name) for name in JUDGED}))


def effective_decision_times(desk: Desk, frames: Mapping[str, pl.DataFrame], days: Iterable[date]) -> dict[date, datetime]:
    """When each of many days is cut, in one pass over the raw rows; as `effective_decision_time` says day by day.

    A day that cannot start (a series with `stop` was not there) has the desk's own time: as a
    past day it is looked back to all the same.
    """
    arrivals = _arrivals(desk, frames)
    found: dict[date, datetime] = {}
    for day in days:
        try:
            found[day] = _judged(desk, day, arrivals)[0]
        except LateSourceError:
            found[day] = desk.decision_time(day)
    return found


def _arrivals(desk: Desk, frames: Mapping[str, pl.DataFrame]) -> dict[tuple[str, str], _Arrivals]:
    """What came of every series that some entry of the desk file has a late rule for."""
    ruled = {(entry.table, _text(entry)) for entry in desk.sources.declared if "late" in entry.model_fields_set}
    series = [item for item in expected_series(desk, date.min) if item.table in JUDGED and item.table in frames]
    return {(i.table, i.text): _Arrivals.of(i, frames[i.table]) for i in series if i.late or (i.table, i.text) in ruled}


def _text(entry: SeriesEntry) -> str:
    return Expected(entry.table, entry.key, ()).text


def _needed_day(desk: Desk, day: date, table: str) -> date:
    return desk.delivery_day(day).shift(-(contract_of(table).awaited_days_before or 0)).day


def _expected(desk: Desk, day: date) -> list[Expected]:
    """Every series under the rules of the delivery day whose rows decide(day) counts on."""
    needed = {name: _needed_day(desk, day, name) for name in JUDGED}
    by_day = {d: {(i.table, i.text): i for i in expected_series(desk, d)} for d in dict.fromkeys(needed.values())}
    return [by_day[needed[i.table]][i.table, i.text] for i in expected_series(desk, day) if i.table in JUDGED]


def _judged(desk: Desk, day: date, arrivals: Mapping[tuple[str, str], _Arrivals]) -> tuple[datetime, Statuses]:
    base, gate = desk.decision_time(day), desk.gate_closure(day)
    series = [item for item in _expected(desk, day) if item.late and (item.table, item.text) in arrivals]
    judged = [(item, item.late, *arrivals[item.table, item.text].on(desk, item, _needed_day(desk, day, item.table))) for item in series if item.late]
    stopped = [_stop_text(item, base, at, missing) for item, late, at, missing in judged if late.action == "stop" and (at is None or at > base)]
    if stopped:
        raise LateSourceError(f"decide({day}) cannot start: {len(stopped)} series with `late: stop`\n" + "\n".join(f"  - {s}" for s in stopped))
    waited = [at for _, late, at, _ in judged if at is not None and at <= _until(desk, late, base, gate)]
    effective = max([base, *waited])
    statuses: Statuses = {}
    for item, _, at, _ in judged:
        status = "fallback" if at is None or at > effective else "waited" if at > base else "on_time"
        statuses.setdefault(item.table, {})[item.text] = status
    return effective, statuses


def _until(desk: Desk, late: LateRule, base: datetime, gate: datetime) -> datetime:
    """The last instant decide waits for a series."""
    if late.action != "wait" or late.until is None:
        return base
    return min(local_instant(day_of(base, desk.time_zone), late.until, desk.time_zone), gate)


@dataclass(frozen=True)
class _Arrivals:
    """One series' rows by delivery day: where each day begins, its labels and when they first came.

    Attributes
    ----------
    days : dict of date to (int, int, int)
        Slice of the day in the arrays, and the interval length of its first row.
    starts, first_known : array of int64
        Distinct labels of each day, ascending, and when each was first known [us].
    """

    days: Mapping[date, tuple[int, int, int]]
    starts: IntArray
    first_known: IntArray

    @classmethod
    def of(cls, item: Expected, frame: pl.DataFrame) -> _Arrivals:
        is_interval = _is_interval(item)
        rows = frame.filter(*[pl.col(k) == v for k, v in item.key.items()]).select(
            "delivery_day",
            pl.col("delivery_start" if is_interval else "delivery_day").cast(pl.Int64).alias("start"),
            pl.col("known_at").cast(pl.Int64).alias("known"),
            (pl.col("resolution_minutes") if is_interval else pl.lit(0)).cast(pl.Int64).alias("minutes"),
        )
        minutes = dict(rows.unique("delivery_day", keep="first", maintain_order=True).select("delivery_day", "minutes").iter_rows())
        first = rows.group_by("delivery_day", "start", maintain_order=True).agg(pl.col("known").min()).sort("delivery_day", "start")
        counts = first.group_by("delivery_day", maintain_order=True).len().iter_rows()
        days, at = {}, 0
        for day, count in counts:
            days[day] = (at, at + count, minutes[day])
            at += count
        return cls(days, first["start"].to_numpy(), first["known"].to_numpy())

    def on(self, desk: Desk, item: Expected, day: date) -> tuple[datetime | None, int]:
        """(instant the day's rows were complete, or None; intervals that never came)."""
        begin, end, minutes = self.days.get(day, (0, 0, item.resolution(desk, day)))
        starts = self.starts[begin:end]
        if _is_interval(item):
            wanted = desk.delivery_day(day).interval_starts_us(minutes)
            missing = 0 if np.array_equal(wanted, starts) else int(np.count_nonzero(~np.isin(wanted, starts)))
        else:
            missing = max(item.count(desk, day, 60) - starts.size, 0)
        if missing:
            return None, missing
        return from_us(int(self.first_known[begin:end].max()) if starts.size else 0), 0


def _is_interval(item: Expected) -> bool:
    return "delivery_start" in contract_of(item.table).schema


def _stop_text(item: Expected, base: datetime, at: datetime | None, missing: int) -> str:
    state = f"{missing} interval(s) missing" if at is None else f"complete only at {at:%Y-%m-%d %H:%M} UTC"
    step = "ingest it, or set `late` to wait or fallback in the desk file"
    return f"{item.table} {item.text}: {state} at decision time {base:%Y-%m-%d %H:%M} UTC -> {step}"
