"""A morning at the replay server: one series with its second source, one lake, a clock that only waits move.

What belongs here: what each connector is fetched for, the run of `fetch` and of reading, and the right values.
What does not: what goes wrong (`faults`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path

import polars as pl
import yaml

from energy_pipeline.desk.load import desk_from
from energy_pipeline.domain.delivery import DeliveryDay
from energy_pipeline.fetching.archive import AnswerArchive
from energy_pipeline.fetching.client import Client, HttpxTransport
from energy_pipeline.fetching.fetch import FetchReport, fetch
from energy_pipeline.fetching.quota import Clock
from energy_pipeline.fetching.secrets import Secrets
from energy_pipeline.ingestion.collected import Collected
from energy_pipeline.ingestion.connectors import CONNECTORS
from energy_pipeline.ingestion.connectors.contract import Pairs
from energy_pipeline.ingestion.live import read_live
from energy_pipeline.lake.storage import LocalStorage
from energy_pipeline_tests.fetching.generated import made_up
from energy_pipeline_tests.fetching.generated.world import TOKEN, World
from energy_pipeline_tests.fetching.server import ReplayServer

PRICE = ("day_ahead_prices", "DE_LU", "")
SHORT_SECONDS, LONG_SECONDS = 0.5, 60.0
TINY = Path(__file__).parent.parent / "desks" / "tiny.yaml"


@dataclass(frozen=True)
class Subject:
    """What is fetched of a connector, and from whom when it has none."""

    table: str
    key: Mapping[str, str]
    first: Mapping[str, str]
    second: Mapping[str, str]
    values: str


def _price(first: str, second: str) -> Subject:
    named = {"entsoe": "prices", "smard": "day_ahead_prices", "energy_charts": "day_ahead_prices"}
    one, other = ({"source": s, "dataset": named[s]} for s in (first, second))
    return Subject("day_ahead_prices", {"zone": "DE_LU"}, one, other, "price_eur_mwh")


SUBJECTS = {
    "entsoe": _price("entsoe", "smard"),
    "energy_charts": _price("energy_charts", "smard"),
    "smard": _price("smard", "energy_charts"),
    "open_meteo": Subject(
        "weather_forecast",
        {"location": "coast"},
        {"source": "open_meteo", "dataset": "single_runs"},
        {"source": "open_meteo", "dataset": "previous_runs"},
        "temperature_c",
    ),
}


@cache
def right_world(day: date) -> World:
    """What is true on the days around `day`."""
    return made_up.world(day - timedelta(days=4), day + timedelta(days=9), ("DE_LU",))


class _Patient:
    """httpx with little patience where the server holds its answer back, and with much everywhere else: a busy machine is no fault."""

    def __init__(self, server: ReplayServer) -> None:
        self._server, self._short, self._long = server, HttpxTransport(SHORT_SECONDS), HttpxTransport(LONG_SECONDS)

    def send(self, method: str, url: str, params: Pairs, headers: Mapping[str, str]) -> tuple[int, Pairs, bytes]:
        """As the client's transport."""
        return (self._short if self._server.is_slow(url) else self._long).send(method, url, params, headers)


class Morning:
    """One lake, one clock, one server: fetches as often as a test asks."""

    def __init__(self, subject: Subject, world: World, own: World, folder: Path, now: datetime, **second: object) -> None:
        self.subject, self._worlds, self._now = subject, (world, own), now
        data = yaml.safe_load(TINY.read_text(encoding="utf-8"))
        live = {"table": subject.table, "key": dict(subject.key), **subject.first, "second": dict(subject.second)} | second
        own_zone = {
            **data["zones"]["NORTH"],
            "market_time_unit": [{"first_day": "2015-01-01", "minutes": 60}, {"first_day": "2025-10-01", "minutes": 15}],
        }
        zones = {**data["zones"], "DE_LU": own_zone}
        self.desk = desk_from({**data, "zones": zones, "sources": {**data["sources"], "live": [live]}}, "faults")
        self.archive = AnswerArchive(LocalStorage(folder))
        self.server = ReplayServer(world, {subject.first["source"]: own} if own is not world else {})

    def now(self) -> datetime:
        """The clock, which the worlds follow."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """Waiting moves the clock and costs no time."""
        self.at(self._now + timedelta(seconds=seconds))

    def at(self, moment: datetime) -> None:
        """It is this late now."""
        self._now = moment
        for world in self._worlds:
            world.now = moment

    def fetch(self, first: date, last: date) -> FetchReport:
        """One run of `fetch`."""
        self.at(self._now)
        hosts = self.server.hosts(*CONNECTORS.values())
        secrets = Secrets({"ENERGY_PIPELINE_ENTSOE_TOKEN": TOKEN})
        client = Client(self.archive, secrets, Clock(self.now, self.sleep), _Patient(self.server), hosts, seed=1)
        return fetch(self.desk, client, first, last)

    def read(self, first: date, last: date) -> Collected:
        """What the archive says of the days."""
        return read_live(self.desk, self.desk.sources.live[0], first, last, self.archive)

    def rows(self, first: date, last: date) -> pl.DataFrame:
        """Its rows alone."""
        return self.read(first, last).frame


def truth(subject: Subject, world: World, day: date) -> dict[datetime, float] | None:
    """The right value of each interval of the day; None where a forecast has no single one."""
    if subject.table != "day_ahead_prices":
        return None
    whole = DeliveryDay(day, "Europe/Berlin")
    rows = world.series[PRICE].filter(pl.col("delivery_start").is_between(whole.start, whole.end, closed="left"))
    return dict(rows.select("delivery_start", "value").iter_rows())


def hours_of(day: date) -> list[datetime]:
    whole = DeliveryDay(day, "Europe/Berlin")
    return [whole.start + timedelta(hours=h) for h in range(whole.hours)]
