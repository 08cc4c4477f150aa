"""What the long trials of operation share: a lake of the tiny desk and its twin, commands on it, and what must hold of it at any moment.

What belongs here: places, commands, contents, promises. What does not: the trials (`test_crashes`, `test_at_once`, `test_mornings`).
"""

import hashlib
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import duckdb

from energy_pipeline.contracts import TABLES
from energy_pipeline.lake import Lake, lease
from energy_pipeline.warehouse.health import damage
from energy_pipeline_tests import servers
from energy_pipeline_tests.integration import lakes, processes

DAY = date(2026, 3, 29)
FLOWS = ("decide", "settle_da", "settle_final")
LIGHT = {
    "members: [lear_56, xgboost]": "members: [lear_56]",
    "error_days: 36": "error_days: 30",
    ", overrides: {xgboost: {trees: 12, depth: 3, refit_days: 28}}": "",
}
"""What both twins have in place of the tiny desk's own: these trials look at writes, and most seconds of a decision go into past errors."""
TWIN = {"paths: 60": "paths: 50", "power_mw: 10, ": "power_mw: 8, ", "weight_days: 7": "weight_days: 8"}
"""What the desk's twin has in place of its own: it forecasts, decides and earns something else."""


@dataclass
class Place:
    """A home for lake and records, and the desk file of both twins.

    Attributes
    ----------
    home : Path
    bucket : str
        Where the lake is, if not in the home.
    servers : dict of str to str
        The variables by which commands reach a store and a database.
    """

    home: Path
    bucket: str = ""
    servers: dict[str, str] = field(default_factory=dict)

    @property
    def root(self) -> str:
        """Of the lake."""
        return self.bucket or str(self.home / "lake")

    @property
    def lake(self) -> Lake:
        """The lake."""
        return Lake(self.root)

    @property
    def warehouse(self) -> Path:
        """Its warehouse, always a file."""
        return self.home / "lake" / "warehouse.duckdb"

    @property
    def environment(self) -> dict[str, str]:
        """Of every command."""
        own = {"DAGSTER_HOME": str(self.home / "dagster"), "OMP_NUM_THREADS": "1", "ENERGY_PIPELINE_WAREHOUSE": str(self.warehouse)}
        return own | self.servers

    def desk(self, twin: str) -> Path:
        """The desk file of `a` or `b`."""
        path, text = self.home / f"{twin}.yaml", lakes.TINY.read_text(encoding="utf-8")
        for old, new in (LIGHT | TWIN if twin == "b" else LIGHT).items():
            assert old in text
            text = text.replace(old, new)
        path.write_text(text, encoding="utf-8")
        return path

    def words(self, twin: str, *words: str) -> list[str]:
        """A command on this lake."""
        return [*words, "--desk", str(self.desk(twin)), "--lake", self.root]

    def run(self, twin: str, *words: str) -> None:
        """A command, to its end."""
        processes.run(processes.energy_pipeline, *self.words(twin, *words), environment=self.environment)

    def copied(self, to: Path, variables: dict[str, str] | None = None) -> "Place":
        """Another place with the same lake and records; with variables, its records are in the database that they name."""
        shutil.copytree(self.home, to)
        return Place(to, servers=self.servers if variables is None else variables)

    def deployed(self, to: Path, bucket: str, variables: dict[str, str]) -> "Place":
        """Another place with the same lake in a bucket, and its records in PostgreSQL."""
        place = Place(to, bucket, variables)
        servers.deployed_home(to / "dagster")
        place.warehouse.parent.mkdir()
        for path in sorted(self.home.joinpath("lake").rglob("*")):
            own = path.relative_to(self.home / "lake")
            if path.is_file() and not path.name.startswith(".") and path.parent != self.home / "lake":
                place.lake.storage.write_bytes(own.as_posix(), path.read_bytes())
        return place


def contents(lake: Lake, days: Iterable[date] = (DAY,), flows: Iterable[str] = FLOWS) -> dict[tuple[str, date], str]:
    """Content of every table of the days, each byte of it read and compared with its checksum; and of the last bids."""
    names = [t.name for t in TABLES.values() if t.flow in set(flows) and not t.adds_up]
    found = {(name, day): lake.verified(name, day) for name in names for day in days}
    for day in days:
        bids = lake.nominations(day)
        found["nominations", day] = hashlib.sha256(lake.storage.read_bytes(bids[-1])).hexdigest() if bids else ""
    return found


def marts(warehouse: Path) -> dict[str, str]:
    """Rows and content of every mart but `runs`, and of the dimension of runs."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        names = [n for (n,) in connection.execute("select table_name from duckdb_tables() where schema_name = 'marts'").fetchall()]
        count = 'select count(*), bit_xor(hash(m)) from marts."{}" m'
        return {name: str(connection.execute(count.format(name)).fetchone()) for name in sorted(names) if name not in ("runs", "dim_run")}


def broken_promises(place: Place, before: dict[tuple[str, date], str], after: dict[tuple[str, date], str]) -> list[str]:
    """What does not hold of a lake after a run from one content to another was killed: whole or marked, nothing held, a warehouse that opens."""
    lake, said = place.lake, []
    now = contents(lake)
    said += [f"{key} is neither as before nor as after" for key in now if now[key] not in (before[key], after[key])]
    marked = {mark.flow for mark in lake.unfinished().all()}
    for flow in FLOWS:
        own = [key for key in now if key[0] in TABLES and TABLES[key[0]].flow == flow]
        if now.items() & before.items() != now.items() and any(now[k] != before[k] for k in own) and any(now[k] != after[k] for k in own):
            said += [] if flow in marked else [f"{flow} is of two runs and not marked"]
    said += [f"{flow} is held by nobody alive" for flow in FLOWS if lease.is_held(lake.storage, DAY, flow)]
    warehouse = place.home / "lake" / "warehouse.duckdb"
    if warehouse.exists() and (found := damage(warehouse)):
        said.append(f"the warehouse: {found}")
    return said
