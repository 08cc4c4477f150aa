"""Which days are finished: decided and settled once, by the code, desk and data of now, with nothing damaged since.

What belongs here: a day's key and what in it differs, the record of it in the lake, and running only the
days that are left. What does not: running (the caller's), printing.

A day is finished when it is over, all flows ran, and its key is what it was then. The key is kept part by
part (`10_reporting/_finished/DAY.json`), so that a day that is run again can say why:

    desk       hash of the desk's settings
    code       version and commit; where that says too little (changed files, no git) a hash of the sources too
    libraries  versions of what the package depends on, of Python and the machine, and the lock where there is one
    sources    content of the files the desk names
    raw        content hashes of every vintage of every raw day that its look-backs and horizon reach to
    chain      content hashes of the day before
    outputs    content of its tables, page and nominations: every byte is compared
    marts      rows and content of the day in the warehouse

Not in it: `runs`, which tells of runs and not of the day, and fitted models, which are keyed by their
content and made again. A record that cannot be read is none.
"""

from __future__ import annotations

import hashlib
import json
import platform
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from energy_pipeline.contracts import TABLES
from energy_pipeline.contracts.model import stage_folder
from energy_pipeline.contracts.raw import RAW_TABLES
from energy_pipeline.desk import Desk, load_desk
from energy_pipeline.desk.load import desk_hash
from energy_pipeline.domain.delivery import days_between
from energy_pipeline.lake import Lake, LakeError
from energy_pipeline.lake.layout import FILE_FOLDERS, day_folder
from energy_pipeline.orchestration.code_version import code_version
from energy_pipeline.runner.results import SpanResult
from energy_pipeline.settings import Settings

if TYPE_CHECKING:
    from energy_pipeline.runner.flows import FlowName

OUTPUTS = tuple(name for name, contract in TABLES.items() if not contract.adds_up)
SOURCES = "sources"
ALL: tuple[FlowName, ...] = ("ingest", "decide", "settle_da", "settle_final")
"""As `runner.flows.FLOWS`, which loads Dagster."""
NEVER = "never finished"
Parts = dict[str, str]
Go = Callable[[Sequence[date], "Sequence[FlowName]"], SpanResult]
"""Runs flows over days, which need not be consecutive."""
Say = Callable[[Mapping[date, list[str]]], None]
"""Told once why each day is run, an empty list where it is not."""


@dataclass(frozen=True)
class Record:
    """What was kept of a finished day.

    Attributes
    ----------
    parts : dict of str to str
        The key, part by part; outputs and marts are named `outputs.positions`, `marts.pnl`.
    failed_checks : tuple of str
        Asset checks that did not pass when it ran: told again each time.
    """

    parts: Parts
    failed_checks: tuple[str, ...]


class Finished:
    """The finished days of a lake and desk. Loads neither Dagster nor a model.

    Parameters
    ----------
    settings : Settings
    desk : Desk, optional
        Given instead of the desk file of the settings.
    """

    def __init__(self, settings: Settings, desk: Desk | None = None) -> None:
        self._settings = settings
        self._desk = desk or load_desk(settings.desk_path)
        self._lake = Lake(settings.lake)

    def why_not(self, days: Sequence[date]) -> dict[date, list[str]]:
        """Per day what of its key differs, or that it was never finished; empty for a finished day."""
        records = {day: self.record(day) for day in days}
        kept = [day for day, record in records.items() if record is not None]
        now = self._keys(kept) if kept else {}
        return {day: [NEVER] if record is None else _differing(record.parts, now[day]) for day, record in records.items()}

    def mark(self, days: Sequence[date], failed_checks: Sequence[str] = ()) -> None:
        """Record days as finished: all flows ran over them, and they are over."""
        for day, parts in (self._keys(days) if days else {}).items():
            text = json.dumps({"day": day.isoformat(), "failed_checks": list(failed_checks), "parts": parts}, indent=1)
            self._lake.storage.write_bytes(_path(day), text.encode())

    def is_over(self, day: date) -> bool:
        """Whether a delivery day has ended."""
        from energy_pipeline.orchestration.resources import utc_now

        return utc_now() >= self._desk.delivery_day(day).end

    def record(self, day: date) -> Record | None:
        """What was kept of a day; None when it was never finished."""
        try:
            found = json.loads(self._lake.storage.read_bytes(_path(day)))
            return Record({str(k): str(v) for k, v in found["parts"].items()}, tuple(found["failed_checks"]))
        except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
            return None

    # -- the key ---------------------------------------------------------------

    def _keys(self, days: Sequence[date]) -> dict[date, Parts]:
        shared = {
            "desk": desk_hash(self._desk),
            "code": code_state(self._settings),
            "libraries": library_state(),
            SOURCES: self._sources(),
        }
        raw, marts = self._raw(days), self._marts(days)
        contents = {day: self._outputs(day) for day in {*days, *(day - timedelta(days=1) for day in days)}}
        keys: dict[date, Parts] = {}
        for day in days:
            before = contents[day - timedelta(days=1)]
            outputs = {f"outputs.{name}": value for name, value in contents[day].items()}
            keys[day] = {**shared, "raw": raw[day], "chain": _digest(sorted(before.items())), **outputs, **marts[day]}
        return keys

    def _sources(self) -> str:
        """Content of every file the desk names, as far as it is there."""
        found = []
        for name in sorted(set(_paths(self._desk.model_dump(mode="json")))):
            path = self._settings.data / name
            found.append((name, _file_sha256(path) if path.is_file() else "missing"))
        return _digest(found)

    def _raw(self, days: Sequence[date]) -> dict[date, str]:
        """Vintages of every raw day that a day looks back to, or forward as far as its horizon."""
        back, ahead = timedelta(days=self._desk.history_days), timedelta(days=self._desk.forecast.horizon_days)
        first, last = min(days) - back, max(days) + ahead
        listed = [self._lake.listing(contract.name, first, last) for contract in RAW_TABLES]
        by_day = {day: _digest([table.get(day, ()) for table in listed]) for day in days_between(first, last)}
        return {day: _digest([by_day[near] for near in days_between(day - back, day + ahead)]) for day in days}

    def _outputs(self, day: date) -> Parts:
        """Content of the day's tables and files, every byte of them compared."""
        found: Parts = {}
        for name in OUTPUTS:
            try:
                found[name] = self._lake.verified(name, day)
            except LakeError as error:
                found[name] = f"damaged: {error}"
        for folder in FILE_FOLDERS:
            for path in self._lake.storage.files(day_folder(folder, day)):
                if not path.endswith(".parquet"):
                    found[f"{folder}/{path.rsplit('/', 1)[1]}"] = hashlib.sha256(self._lake.storage.read_bytes(path)).hexdigest()
        return {name: value for name, value in found.items() if value}

    def _marts(self, days: Sequence[date]) -> dict[date, Parts]:
        """Rows and content of the days in every mart; a warehouse that cannot be read has none."""
        import duckdb

        from energy_pipeline.warehouse.duck import connect

        found: dict[date, Parts] = {day: {} for day in days}
        if not self._settings.warehouse.is_file():
            return found
        try:
            with connect(self._settings.warehouse) as connection:
                listed = "select table_name from information_schema.columns where table_schema = 'marts' and column_name = 'delivery_day' order by 1"
                for (name,) in connection.execute(listed).fetchall():
                    if name == "runs":
                        continue
                    content = f'select delivery_day, count(*), bit_xor(hash(m)) from marts."{name}" m'  # noqa: S608 - a name from the catalogue
                    rows = connection.execute(f"{content} where list_contains(?, delivery_day) group by 1", [list(days)]).fetchall()
                    for day, count, value in rows:
                        found[day][f"marts.{name}"] = f"{count} {value:x}"
        except duckdb.Error as error:
            return {day: {"marts": f"not readable: {error}"} for day in days}
        return found


def until_finished(
    settings: Settings, days: Sequence[date], go: Go, *, again: bool = False, flows: Sequence[FlowName] = ALL, say: Say = lambda _: None
) -> SpanResult:
    """Run what is left of `days`; a finished day is left alone.

    Parameters
    ----------
    go : callable
        Called with the days left, ascending, and the flows; not at all when there are none.
    again : bool
        Run all days whatever was recorded.
    flows : sequence of str
        Days are recorded as finished only where all ran.
    say : callable
        Told why each day is run.

    Notes
    -----
    Where only the desk's files changed, the days are ingested first: if that adds nothing they could see,
    they are finished still. A day that is run may change what the next ones stand on: these are looked at again.
    """
    finished, total, tried = Finished(settings), SpanResult(), set[date]()
    why = {day: ["asked for"] for day in days} if again else _after_a_look(finished, days, go, total)
    say(why)
    left = [day for day in days if why[day]]
    while left:
        result = go(left, flows)
        total.merge(result)
        tried |= set(left)
        if tuple(flows) == ALL:
            finished.mark([day for day in left if day not in result.failed_days and finished.is_over(day)], result.failed_checks)
        left = [] if again else [day for day, reasons in finished.why_not(days).items() if reasons and day not in tried]
    kept = [record for day in days if day not in tried and (record := finished.record(day)) is not None]
    total.failed_checks += sorted({name for record in kept for name in record.failed_checks})
    return total


def _after_a_look(finished: Finished, days: Sequence[date], go: Go, total: SpanResult) -> dict[date, list[str]]:
    """Why each day is run, after ingesting those of which only the desk's files changed."""
    why = finished.why_not(days)
    looked = [day for day, reasons in why.items() if reasons == [SOURCES]]
    if not looked:
        return why
    result = go(looked, ("ingest",))
    total.merge(result)
    why = finished.why_not(days)
    same = [day for day in looked if why[day] == [SOURCES] and day not in result.failed_days]
    for day in same:
        record = finished.record(day)
        finished.mark([day], record.failed_checks if record else ())
    return {day: [] if day in same else reasons for day, reasons in why.items()}


def code_state(settings: Settings) -> str:
    """The code that runs: its version and, where that does not say all, a hash of its sources."""
    found = settings.code_version or code_version()
    if re.search(r"\+g[0-9a-f]+$", found):
        return found
    package = Path(__file__).resolve().parents[1]
    paths = [p for root in (package, settings.sql_root) for p in root.rglob("*") if p.suffix in (".py", ".sql", ".yaml", ".yml", ".html", ".css")]
    return f"{found} {_digest([(p.name, _file_sha256(p)) for p in sorted(paths)])}"


def library_state() -> str:
    """Versions of what the package depends on, of Python and of the machine's kind."""
    names = sorted({re.split(r"[\s;<>=!~\[(]", text, maxsplit=1)[0] for text in requires("energy-pipeline") or () if "extra ==" not in text})
    lock = Path(__file__).resolve().parents[2] / "uv.lock"
    versions = [(name, _version(name)) for name in names]
    return _digest([*versions, platform.python_version(), platform.machine(), _file_sha256(lock) if lock.is_file() else "no lock"])


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:  # of another platform
        return "none"


def _differing(kept: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """Names of the parts that are not the same, in order."""
    return [name for name in dict.fromkeys((*kept, *now)) if kept.get(name) != now.get(name) or now[name].startswith("damaged: ")]


def _paths(settings: Any) -> Iterable[str]:  # noqa: ANN401 - any depth of JSON
    """Every `path` of a desk file."""
    if isinstance(settings, dict):
        for name, value in settings.items():
            if name == "path" and isinstance(value, str):
                yield value
            yield from _paths(value)
    elif isinstance(settings, list):
        for value in settings:
            yield from _paths(value)


def _file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, separators=(",", ":")).encode()).hexdigest()[:32]


def _path(day: date) -> str:
    return f"{stage_folder('reporting')}/_finished/{day.isoformat()}.json"
