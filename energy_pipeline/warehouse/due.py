"""Which marts have to be computed for which days, in which file.

What belongs here: the days a file holds, what a file was built from, and the comparison with the lake. What does not:
computing anything (`marts`), or the files themselves (`files`).

A mart's day is due where the content hashes of its source days differ from those its rows were made from, which each
file keeps in `meta.days`. All days of the lake are due where the mart's fingerprint differs (`meta.models`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import duckdb

from energy_pipeline.contracts import TABLES
from energy_pipeline.contracts.aggregates import is_aggregate
from energy_pipeline.lake.layout import month_start
from energy_pipeline.lake.store import Lake
from energy_pipeline.warehouse.models import Models

WINDOW_MONTHS = 25
"""Months of interval rows in the main file, before the month of the newest day."""

Due = Mapping[str, Sequence[date]]
"""Days by mart, ascending."""


@dataclass(frozen=True)
class Scope:
    """Days a file holds: of marts by interval from `first` on, of sums by day and month from `sums_from` on, to `last`."""

    first: date
    last: date
    sums_from: date
    told: str

    def holds(self, mart: str, day: date) -> bool:
        """Whether the file holds this day of the mart."""
        return (self.sums_from if is_aggregate(mart) else self.first) <= day <= self.last

    def comment(self, mart: str) -> str:
        """What the mart's comment says about its days."""
        return "All years are here." if is_aggregate(mart) and self.sums_from != self.first else self.told


def window(newest: date) -> Scope:
    """Days of the main file.

    >>> window(date(2026, 3, 30)).first
    datetime.date(2024, 2, 1)
    """
    months = newest.year * 12 + newest.month - 1 - WINDOW_MONTHS
    first = date(months // 12, months % 12 + 1, 1) if months >= 12 else date.min
    told = f"Here: days from {first} on. Closed years lie in a file each beside this one; the saved attach query reads all as one."
    return Scope(first, date.max, date.min, told)


def of_year(year: int) -> Scope:
    """Days of a closed year's file."""
    return Scope(date(year, 1, 1), date(year, 12, 31), date(year, 1, 1), f"Here: the year {year}.")


def is_closed(year: int, newest: date) -> bool:
    """Whether a year has a file of its own: once a month lies behind it, in which its last days were settled.

    >>> is_closed(2025, date(2026, 1, 31)), is_closed(2025, date(2026, 2, 1))
    (False, True)
    """
    return newest >= date(year + 1, 2, 1)


@dataclass
class Kept:
    """What a file was built from; empty where there is none.

    Attributes
    ----------
    fingerprints : dict of str to str
        By mart.
    hashes : dict
        Of the source days, by mart and day.
    years : set of int
        Years the file has days of.
    dimensions : tuple of str, date, date, or None
        What its dimensions were made from (`dimensions.State`).
    """

    version: int = 0
    newest: date | None = None
    first: date | None = None
    fingerprints: dict[str, str] = field(default_factory=dict)
    hashes: dict[tuple[str, date], str] = field(default_factory=dict)
    years: frozenset[int] = frozenset()
    dimensions: tuple[str, date, date] | None = None

    def days(self, due: Due, scope: Scope) -> set[date]:
        """Days a file will have rows of once what is due is done."""
        there = {day for _, day in self.hashes} | {day for days in due.values() for day in days}
        return {day for day in there if scope.first <= day <= scope.last}


def read_kept(connection: duckdb.DuckDBPyConnection, database: str) -> Kept:
    """What an attached file was built from."""
    meta = f"{database}.meta"
    known = connection.execute("SELECT table_name FROM duckdb_tables() WHERE database_name = ? AND schema_name = 'meta'", [database]).fetchall()
    version, newest = 0, None
    if ("publishes",) in known:
        version, newest = connection.execute(f"SELECT max(version), max(list_max(delivery_days)) FROM {meta}.publishes").fetchall()[0]  # noqa: S608
    if ("days",) not in known:
        return Kept(version or 0, newest)
    rows = connection.execute(f"SELECT mart, delivery_day, sources_hash FROM {meta}.days").fetchall()  # noqa: S608 - our own name
    first = connection.execute(f"SELECT first_day FROM {meta}.span").fetchone()  # noqa: S608
    fingerprints = dict(connection.execute(f"SELECT mart, fingerprint FROM {meta}.models").fetchall())  # noqa: S608
    hashes = {(mart, day): found for mart, day, found in rows}
    made = connection.execute(f"SELECT * FROM {meta}.dimensions").fetchone() if ("dimensions",) in known else None  # noqa: S608
    return Kept(version or 0, newest, first[0] if first else None, fingerprints, hashes, frozenset(day.year for _, day in hashes), made)


class SourceDays:
    """Content hashes of the lake's days, each looked up once.

    A few days are asked one by one; a table of which all days are wanted is listed once.
    """

    def __init__(self, lake: Lake) -> None:
        self.lake = lake
        self._found: dict[tuple[str, date], str] = {}
        self._whole: dict[str, set[date]] = {}

    def days(self, tables: Iterable[str]) -> set[date]:
        """All days the lake holds of the tables."""
        for table in tables:
            if table not in self._whole:
                manifest = self.lake.manifest(table)
                self._found |= {(table, day): record.sha256 for day, record in manifest.items()}
                self._whole[table] = set(manifest)
        return set().union(*(self._whole[table] for table in tables))

    def listed(self, tables: Iterable[str]) -> set[date]:
        """As `days`, without looking into the files."""
        return set().union(*(self.lake.days(table) for table in tables))

    def hash_of(self, tables: Sequence[str], day: date) -> str:
        """One hash of the day's content of all tables; empty where the lake has none of them."""
        found = [f"{table} {sha}" for table in tables if (sha := self._one(table, day))]
        return hashlib.sha256("\n".join(found).encode()).hexdigest()[:32] if found else ""

    def _one(self, table: str, day: date) -> str:
        if table not in self._whole and (table, day) not in self._found:
            record = self.lake.manifest(table, day, day).get(day)
            self._found[table, day] = record.sha256 if record else ""
        return self._found.get((table, day), "")


def candidates(models: Models, kept: Kept, days: Iterable[date], sources: SourceDays) -> dict[str, set[date]]:
    """Days by mart that may be due.

    Those published; all of the lake where the mart is new or has changed; and of marts of raw tables alone those up to the
    newest published that no mart of raw tables has: raw history may be loaded at any time, and no flow publishes its days.
    """
    wanted = set(days)
    newest = max((*wanted, *filter(None, [kept.newest])), default=date.min)
    raw = {mart.name for mart in models.by_day if all(TABLES[t].vintages for t in models.sources[mart.name])}
    seen = {day for mart, day in kept.hashes if mart in raw}
    unseen = {day for day in sources.listed({t for name in raw for t in models.sources[name]}) - seen if day <= newest}
    return {
        mart.name: wanted
        | (unseen if mart.name in raw else set())
        | (sources.days(models.sources[mart.name]) if kept.fingerprints.get(mart.name) != models.fingerprints[mart.name] else set())
        for mart in models.by_day
    }


def due(models: Models, kept: Kept, candidate: Mapping[str, Iterable[date]], scope: Scope, sources: SourceDays) -> dict[str, list[date]]:
    """Days by mart of which a source changed since the file was built."""
    found = {
        mart: sorted(
            day
            for day in days
            if scope.holds(mart, day)
            and (kept.hashes.get((mart, day), "") if kept.fingerprints.get(mart) == models.fingerprints[mart] else "")
            != sources.hash_of(models.sources[mart], day)
        )
        for mart, days in candidate.items()
    }
    return {mart: days for mart, days in found.items() if days}


def changed(models: Models, kept: Kept) -> set[str]:
    """Marts, views among them, that are new or were built with other SQL."""
    return {mart.name for mart in (*models.marts, *models.views) if kept.fingerprints.get(mart.name) != models.fingerprints[mart.name]}


def months(days: Iterable[date]) -> list[date]:
    """First days of the months, ascending."""
    return sorted({month_start(day) for day in days})
