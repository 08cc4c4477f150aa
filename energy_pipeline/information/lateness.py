"""Late sources: when may decide(D) start, and how did each series stand then.

What belongs here: the desk's late rules (stop, wait, fall back) against the `known_at`
of what has arrived. What does not: waiting itself (schedules), or the fallbacks.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import polars as pl

from energy_pipeline.contracts import table as contract_of
from energy_pipeline.desk import Desk
from energy_pipeline.desk.sources import LateRule
from energy_pipeline.domain.delivery import day_of, from_us, local_instant
from energy_pipeline.domain.errors import LateSourceError
from energy_pipeline.information.archive import Archive
from energy_pipeline.information.expected import Expected, expected_series

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
    base, gate = desk.decision_time(day), desk.gate_closure(day)
    series = [item for item in _expected(desk, day) if contract_of(item.table).awaited_days_before is not None]
    judged = [(item, item.late, *_arrival(desk, archive, day, item)) for item in series if item.late]
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


def _expected(desk: Desk, day: date) -> list[Expected]:
    """Every series under the rules of the delivery day whose rows decide(day) counts on."""
    lags = [contract_of(item.table).awaited_days_before or 0 for item in expected_series(desk, day)]
    by_lag = {lag: expected_series(desk, day - timedelta(days=lag)) for lag in sorted({*lags})}
    return [by_lag[lag][n] for n, lag in enumerate(lags)]


def _until(desk: Desk, late: LateRule, base: datetime, gate: datetime) -> datetime:
    """The last instant decide waits for a series."""
    if late.action != "wait" or late.until is None:
        return base
    return min(local_instant(day_of(base, desk.time_zone), late.until, desk.time_zone), gate)


def _arrival(desk: Desk, archive: Archive, day: date, item: Expected) -> tuple[datetime | None, int]:
    """(instant the series was complete for decide(day), or None; intervals that never came)."""
    target = desk.delivery_day(day).shift(-(contract_of(item.table).awaited_days_before or 0))
    rows = archive.frame(item.table).filter(pl.col("delivery_day") == target.day, *[pl.col(k) == v for k, v in item.key.items()])
    is_interval = "delivery_start" in contract_of(item.table).schema
    label = pl.col("delivery_start" if is_interval else "delivery_day").cast(pl.Int64)
    first = rows.select(label.alias("start"), pl.col("known_at").cast(pl.Int64).alias("known"))
    first = first.sort("known", maintain_order=True).unique(subset=["start"], keep="first", maintain_order=True)
    if is_interval:
        minutes = int(rows["resolution_minutes"][0]) if rows.height else item.resolution(desk, target.day)
        came = np.isin(target.interval_starts_us(minutes), first["start"].to_numpy())
        missing = int(np.count_nonzero(~came))
    else:
        missing = max(item.count(desk, target.day, 60) - first.height, 0)
    if missing or first.is_empty():
        return (None, missing) if missing else (from_us(0), 0)
    return from_us(int(first["known"].to_numpy().max())), 0


def _stop_text(item: Expected, base: datetime, at: datetime | None, missing: int) -> str:
    state = f"{missing} interval(s) missing" if at is None else f"complete only at {at:%Y-%m-%d %H:%M} UTC"
    step = "ingest it, or set `late` to wait or fallback in the desk file"
    return f"{item.table} {item.text}: {state} at decision time {base:%Y-%m-%d %H:%M} UTC -> {step}"
