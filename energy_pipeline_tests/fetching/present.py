"""The shipped desk of the present against the replay server: mornings on a clock of its own.

What belongs here: the desk with a history and models that a test can afford, the world it fetches from, a morning's steps.
What does not: assertions.

The world's values are made up, in the recorded formats (`generated.made_up`).
"""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import yaml

import energy_pipeline.desk
from energy_pipeline.desk.load import desk_from
from energy_pipeline.domain.delivery import local_instant
from energy_pipeline.fetching.archive import AnswerArchive
from energy_pipeline.fetching.client import Client, HttpxTransport
from energy_pipeline.fetching.fetch import fetch
from energy_pipeline.fetching.quota import Clock
from energy_pipeline.fetching.secrets import Secrets
from energy_pipeline.ingestion.connectors import CONNECTORS
from energy_pipeline.lake import Lake
from energy_pipeline_tests.fetching.generated import made_up
from energy_pipeline_tests.fetching.generated.world import TOKEN
from energy_pipeline_tests.fetching.server import ReplayServer

PRESENT = Path(energy_pipeline.desk.__file__).with_name("present.yaml")
ONE = timedelta(days=1)
LIGHT = {
    "forecast": {"members": ["lear_56"], "training_days": 70, "weight_days": 1, "error_days": 12, "horizon_days": 2},
    "scenarios": {"paths": 60},
}


def present_desk(first_day: date, **changes: object):
    """The shipped desk, beginning on a day, with outages from that day on."""
    data = {**yaml.safe_load(PRESENT.read_text(encoding="utf-8")), "first_delivery_day": first_day, **changes}
    for entry in data["sources"]["live"]:
        if entry["table"] == "outages":
            entry["first_day"] = first_day
    return desk_from(data, "present")


class Present:
    """A desk, a world, a server and a clock; `with` opens the server."""

    def __init__(self, desk, lake: Path, first: date, last: date, *, token: str = TOKEN) -> None:
        self.desk = desk
        self.at = datetime(2000, 1, 1, tzinfo=UTC)
        self.world = made_up.world(first, last)
        self.server = ReplayServer(self.world)
        self.archive = AnswerArchive(Lake(lake).storage)
        self._secrets = Secrets({"ENERGY_PIPELINE_ENTSOE_TOKEN": token} if token else {})

    def __enter__(self):
        self.server.__enter__()
        return self

    def __exit__(self, *error):
        self.server.__exit__(*error)

    def now(self) -> datetime:
        """A millisecond later each time it is read."""
        self.at += timedelta(milliseconds=1)
        self.world.now = self.at
        return self.at

    def sleep(self, seconds: float) -> None:
        """Waiting moves the clock and costs nothing."""
        self.at += timedelta(seconds=seconds)
        self.world.now = self.at

    def clock(self, day: date, hour: int, minute: int) -> None:
        """It is this late on a local day; never earlier than it was."""
        self.at = max(self.at, local_instant(day, time(hour, minute), self.desk.time_zone))
        self.world.now = self.at

    def client(self) -> Client:
        """A client of this morning."""
        hosts = self.server.hosts(*CONNECTORS.values())
        return Client(self.archive, self._secrets, Clock(self.now, self.sleep), HttpxTransport(30.0), hosts, seed=1)

    def fetch(self, first: date, last: date):
        """One fetch of the days; its report."""
        return fetch(self.desk, self.client(), first, last)
