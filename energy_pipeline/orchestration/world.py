"""One world per process: raw days, past days' values and decision times that outlive a run.

What belongs here: bringing them up to date with the lake at each run, and forgetting what
no longer holds. What does not: what a run is (`resources`), or any computation on the data.

Everything here is a cache of pure functions of what a day may see, the desk and the code.
A process that lives for weeks and one that has just begun therefore say the same.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import energy_pipeline
from energy_pipeline.contracts import table as contract_of
from energy_pipeline.contracts.raw import RAW_TABLES
from energy_pipeline.desk import Desk
from energy_pipeline.domain.delivery import days_between, to_us
from energy_pipeline.information.archive import Archive, Kept
from energy_pipeline.information.day_memo import RowChange
from energy_pipeline.information.late_sources import first_judged
from energy_pipeline.information.lateness import effective_decision_times
from energy_pipeline.information.trained import Networks, Trainings, packed
from energy_pipeline.lake import Lake
from energy_pipeline.lake.raw_days import RawDays, RawTable

STOREYS = ("domain", "contracts", "desk", "mathematics", "information", "features", "forecasting", "renewables")
"""Packages that kept values are computed by."""
LIBRARIES = (
    *(
        "numpy",
        "scipy",
        "polars",
        "numba",
        "xgboost",
        "xgboost-cpu",
        "tensorflow",
        "tensorflow-cpu",
        "statsmodels",
        "scikit-learn",
        "pvlib",
        "tzdata",
    ),
)
KEY_DAYS = 31
"""Raw days before the look-back that count for keys only: what a kept value may read is told generously."""
OWN_MATTERS = frozenset(
    {
        *("name", "strategies", "trading_costs", "allocation", "record", "limits", "joint_book"),
        *("forward_book", "stress", "portfolio", "risk", "fallback", "hedging", "approval_by_two"),
        *("scenarios", "opening_book", "ledger", "contracts", "rights", "assets", "services"),
    }
)
"""Sections of a desk file that no kept value reads: changing them forgets nothing."""


class World:
    """What a process knows of one desk's lake.

    Parameters
    ----------
    desk : Desk
    lake : Lake
    """

    def __init__(self, desk: Desk, lake: Lake) -> None:
        self.desk = desk
        self.raw = RawDays(lake)
        self.past = lake.past()
        self.trainings, self.networks = lake.trained().read(), lake.trained().networks()
        self.kept = Kept(store=self.past, version=f"{desk_mark(desk)}|{code_mark()}{trainings_mark(self.trainings)}")
        self._times: dict[date, datetime] = {}

    def look(self, first: date, last: date) -> dict[str, RawTable]:
        """The raw tables that decisions of `first` .. `last` may look at; what changed since the last look is forgotten."""
        one = timedelta(days=1)
        begin, end = first - self.desk.history_days * one, last + self.desk.forecast.horizon_days * one
        tables, changes = self.raw.window([t.name for t in RAW_TABLES], begin, end, margin_days=KEY_DAYS)
        self._forget(changes)
        self.kept.months = {key: held for key, held in self.kept.months.items() if begin.replace(day=1) <= key[1] <= end}
        return tables

    def _forget(self, changes: list[RowChange]) -> None:
        self.kept.memo.forget(changes, self.desk.history_days, self.desk.forecast.horizon_days)
        for change in changes:
            ahead = contract_of(change.table).awaited_days_before
            if ahead is not None:
                self._times.pop(change.day + timedelta(days=ahead), None)

    def archive(self, tables: Mapping[str, RawTable], first: date, last: date, decision_times: Mapping[date, datetime]) -> Archive:
        """What decide reads through, with all that is still true of past days."""
        begin = first - timedelta(days=self.desk.history_days)
        decided = {day: to_us(decision_times.get(day) or self.desk.decision_time(day)) for day in days_between(begin, last)}
        self.kept.memo.keep_to(begin, decided)
        return archive_of(self.desk, tables, decision_times, self.kept, self.trainings, self.networks)

    def decision_times(self, tables: Mapping[str, RawTable], first: date, last: date) -> dict[date, datetime]:
        """Effective decision times of `first` .. `last` and of every past day they look back to.

        Past days too, so that a day's look-back is the same in a range and alone; those
        already judged on the same rows are not judged again.
        """
        days = days_between(first_judged(self.desk, first), last)
        self._times |= effective_decision_times(self.desk, {n: t.frame for n, t in tables.items()}, [d for d in days if d not in self._times])
        self._times = {day: self._times[day] for day in days}
        return dict(self._times)

    def flush(self) -> int:
        """Write what is new of past days to the lake; returns how many files."""
        return self.past.flush()


def archive_of(
    desk: Desk,
    tables: Mapping[str, RawTable],
    decision_times: Mapping[date, datetime],
    kept: Kept | None,
    trainings: Trainings | None = None,
    networks: Networks | None = None,
) -> Archive:
    """An archive over raw tables; without `kept` it keeps nothing beyond itself."""
    frames = {name: held.frame for name, held in tables.items()}
    wide = {name: (held.wide, held.wide_digests) for name, held in tables.items()}
    digests = {name: held.digests for name, held in tables.items()}
    return Archive(desk, frames, decision_times, digests=digests, kept=kept, key_rows=wide, trainings=trainings, networks=networks)


def trainings_mark(trainings: Trainings) -> str:
    """Hash of what training jobs found, which kept values hang on; empty where there is nothing."""
    told = b"".join(day.isoformat().encode() + packed(zones) for day, zones in sorted(trainings.items()))
    return f"|{hashlib.blake2b(told, digest_size=8).hexdigest()}" if told else ""


def desk_mark(desk: Desk) -> str:
    """Hash of the sections of a desk file that kept values can hang on."""
    return hashlib.blake2b(desk.model_dump_json(exclude=set(OWN_MATTERS)).encode(), digest_size=16).hexdigest()


@lru_cache(maxsize=1)
def code_mark() -> str:
    """Hash of the code and the versions of the libraries that kept values are computed by."""
    versions = (platform.python_version(), platform.machine(), *(f"{name} {_version(name)}" for name in LIBRARIES))
    digest = hashlib.blake2b("|".join(versions).encode(), digest_size=16)
    root = Path(energy_pipeline.__file__).parent
    for storey in STOREYS:
        for path in sorted((root / storey).rglob("*.py")):
            digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "absent"
