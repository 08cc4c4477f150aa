"""What a late or corrected raw vintage touches: the settlement of its day and of the days that look back to it, and nothing else.

What belongs here: which tables of which days, followed along what the steps declare, and the sensor that has them made again.
What does not: decisions (none changes: they read through the cut), or adding vintages (`assets.s01_ingestion`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import dagster as dg
import polars as pl

from energy_pipeline.contracts import TABLES
from energy_pipeline.desk import Desk
from energy_pipeline.lake import Lake
from energy_pipeline.orchestration.assets.s10_reporting import REPORT
from energy_pipeline.orchestration.factory import Step
from energy_pipeline.orchestration.jobs import AnyJob
from energy_pipeline.orchestration.partitions import key_of, range_tags
from energy_pipeline.orchestration.reads import Declared, Earlier, OrderOnly, Raw, Read, Window, days_back
from energy_pipeline.orchestration.resources import DeskRuntime

LOOK_BACK_DAYS = 35
"""Settled days that are watched: meters are corrected for about a month."""
SETTLED = "pnl"
FLOWS = ("settle_da", "settle_final")
SECONDS = 600


@dataclass
class Touched:
    """What is to be made again.

    Attributes
    ----------
    tables : dict of date to set of str
        Tables of settlement by day.
    """

    tables: dict[date, set[str]] = field(default_factory=dict)

    def span(self) -> tuple[date, date]:
        """First and last day."""
        return min(self.tables), max(self.tables)

    def assets(self) -> list[str]:
        """Every table that is touched on some day, and what every settlement ends with."""
        return [*sorted(set[str]().union(*self.tables.values())), "runs", REPORT.name]


def newest(lake: Lake, raw: Sequence[str], days: Sequence[date], now: datetime) -> dict[date, dict[str, datetime]]:
    """The latest `known_at` by now of each raw table's days."""
    found: dict[date, dict[str, datetime]] = {day: {} for day in days}
    for name in raw:
        rows = lake.read(name, min(days), max(days), missing="skip").filter(pl.col("known_at") <= now)
        for day, last in rows.group_by("delivery_day", maintain_order=True).agg(pl.col("known_at").max()).iter_rows():
            if day in found:
                found[day][name] = last
    return found


def changed(lake: Lake, raw: Sequence[str], days: Sequence[date], now: datetime, handled: Mapping[str, str]) -> dict[date, set[str]]:
    """Raw tables of which a settled day has rows that its settlement could not know, nor a run that this sensor asked for.

    Parameters
    ----------
    handled : mapping of day to instant, ISO 8601
        Up to when each day's vintages were answered.
    """
    found: dict[date, set[str]] = {}
    for day, tables in newest(lake, raw, days, now).items():
        known: list[datetime] = lake.read(SETTLED, day, day)["settled_as_of"].drop_nulls().to_list()
        answered = handled.get(day.isoformat())
        seen = max([*known, *([datetime.fromisoformat(answered)] if answered else [])], default=None)
        late = {name for name, last in tables.items() if seen is not None and last > seen}
        if late:
            found[day] = late
    return found


def raw_tables(steps: Mapping[str, Step], made: Mapping[str, Sequence[str]]) -> list[str]:
    """Raw tables that settlement reads."""
    read = {item.table for name, step in steps.items() if _settles(made.get(name, ())) for item in step.declared if isinstance(item, Raw)}
    return sorted(read)


def touched(
    desk: Desk, steps: Mapping[str, Step], made: Mapping[str, Sequence[str]], late: Mapping[date, set[str]], settled: Sequence[date]
) -> Touched:
    """Tables of settled days that read the late rows, or anything made from them: followed along what the steps declare, window by window."""
    readers: dict[str, list[tuple[str, Declared]]] = {}
    for name, step in steps.items():
        for item in step.declared:
            if _settles(made.get(name, ())) and isinstance(item, Read) and not isinstance(item, OrderOnly | Earlier):
                readers.setdefault(item.table, []).append((name, item))
    waiting = [(table, day) for day, tables in sorted(late.items()) for table in sorted(tables)]
    found, seen = Touched(), set[tuple[str, date]]()
    while waiting:
        table, day = waiting.pop()
        for name, item in readers.get(table, []):
            back = days_back(item, desk) if isinstance(item, Raw | Window) else 0
            for later in (day + timedelta(days=n) for n in range(back + 1)):
                if later in settled and (name, later) not in seen:
                    seen.add((name, later))
                    own = [t for t in made[name] if t in TABLES and TABLES[t].flow in FLOWS]
                    found.tables.setdefault(later, set()).update(own)
                    waiting += [(t, later) for t in own]
    return found


def sensor(steps: Mapping[str, Step], made: Mapping[str, Sequence[str]], job: AnyJob, *, running: bool) -> dg.SensorDefinition:
    """Looks every ten minutes at the settled days of five weeks, and has made again what late vintages touch, oldest day first in one run."""

    @dg.sensor(
        name="late_vintages",
        job=job,
        minimum_interval_seconds=SECONDS,
        default_status=dg.DefaultSensorStatus.RUNNING if running else dg.DefaultSensorStatus.STOPPED,
        description="Settles again exactly what a late or corrected vintage touches.",
    )
    def late_vintages(context: dg.SensorEvaluationContext, runtime: dg.ResourceParam[DeskRuntime]) -> dg.SensorResult | dg.SkipReason:
        return tick(context.cursor, runtime, steps, made)

    return late_vintages


def tick(cursor: str | None, runtime: DeskRuntime, steps: Mapping[str, Step], made: Mapping[str, Sequence[str]]) -> dg.SensorResult | dg.SkipReason:
    """One look of the sensor; its cursor says up to when each day's vintages were answered."""
    now, lake, desk = runtime.now(), runtime.lake, runtime.desk
    settled = [day for day in lake.days(SETTLED) if day >= now.date() - timedelta(days=LOOK_BACK_DAYS)]
    if not settled:
        return dg.SkipReason("no day of the last five weeks is settled")
    handled: dict[str, str] = json.loads(cursor) if cursor else {}
    late = changed(lake, raw_tables(steps, made), settled, now, handled)
    if not late:
        return dg.SkipReason("no vintage came after its day's settlement")
    found = touched(desk, steps, made, late, settled)
    first, last = found.span()
    tags = range_tags(first, last) if first != last else {}
    key = f"{now:%Y%m%dT%H%M%S}:{','.join(sorted(map(str, late)))}"
    request = dg.RunRequest(
        run_key=key, tags=tags, partition_key=key_of(first) if first == last else None, asset_selection=[dg.AssetKey(n) for n in found.assets()]
    )
    kept = {day: at for day, at in handled.items() if day >= settled[0].isoformat()} | {day.isoformat(): now.isoformat() for day in late}
    return dg.SensorResult(run_requests=[request], cursor=json.dumps(kept, sort_keys=True))


def _settles(names: Sequence[str]) -> bool:
    return any(name in TABLES and TABLES[name].flow in FLOWS for name in names)
