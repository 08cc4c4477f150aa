"""A transport in memory and a clock that moves only when someone sleeps: every request is counted.

What belongs here: a source that answers prices of DE_LU and FR by a rule the test gives. What does not: a server (`server`).
"""

from datetime import UTC, datetime, timedelta

from energy_pipeline.desk.load import desk_from
from energy_pipeline.fetching.archive import AnswerArchive
from energy_pipeline.fetching.client import Client, TransportError
from energy_pipeline.fetching.quota import Clock
from energy_pipeline.fetching.secrets import Secrets
from energy_pipeline.lake.storage import LocalStorage

TOKEN = "0f9e8d7c-not-a-real-token"  # noqa: S105 - looked for in every file a fetch writes


class Hands:
    """A clock's hands: `now` is read, `sleep` moves them."""

    def __init__(self, now):
        self.at = now
        self.slept = []

    def now(self):
        self.at += timedelta(milliseconds=1)  # no two answers of one instant
        return self.at

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.at += timedelta(seconds=seconds)


class Source:
    """Answers with what `answer(params)` gives: (status, headers, body), or an error's text."""

    def __init__(self, hands, answer):
        self.hands = hands
        self.answer = answer
        self.sent = []

    def send(self, method, url, params, headers):
        self.sent.append((self.hands.at, method, url, dict(params), dict(headers)))
        found = self.answer(dict(params))
        if isinstance(found, str):
            raise TransportError(found)
        return found


def prices(params, value=50.0, until=None):
    """An hourly price document for the span asked; NotYet from `until` on."""
    start, end = (datetime.strptime(params[k], "%Y%m%d%H%M").replace(tzinfo=UTC) for k in ("periodStart", "periodEnd"))
    end = min(end, until or end)
    if end <= start:
        return 200, (), b"<Acknowledgement_MarketDocument><Reason><text>No matching data found</text></Reason></Acknowledgement_MarketDocument>"
    body = (
        f"<P><type>A44</type><TimeSeries><in_Domain.mRID>{params['in_Domain']}</in_Domain.mRID><currency_Unit.name>EUR</currency_Unit.name>"
        f"<price_Measure_Unit.name>MWH</price_Measure_Unit.name><curveType>A03</curveType><Period><timeInterval><start>{start:%Y-%m-%dT%H:%MZ}</start>"
        f"<end>{end:%Y-%m-%dT%H:%MZ}</end></timeInterval><resolution>PT60M</resolution><Point><position>1</position>"
        f"<price.amount>{value}</price.amount></Point></Period></TimeSeries></P>"
    )
    return 200, (("content-type", "text/xml"), ("set-cookie", "session=secret")), body.encode()


def client_of(folder, hands, answer, **more):
    """A client that writes below `folder`, and its source."""
    source = Source(hands, answer)
    secrets = Secrets({"ENERGY_PIPELINE_ENTSOE_TOKEN": TOKEN})
    more = {"seed": 1, **more}
    return Client(AnswerArchive(LocalStorage(folder)), more.pop("secrets", secrets), Clock(hands.now, hands.sleep), source, **more), source


def desk_data(*live, zones=("DE_LU", "FR")):
    """A desk file with the live series given."""
    return {
        "name": "present",
        "description": "a desk of live series",
        "first_delivery_day": "2024-01-01",
        "markets": {"m": {"gate": {"days_before": 1, "at": "12:00"}}},
        "zones": {z: {"market": "m", "second_price": {"kind": "none", "imbalance_fee_eur_mwh": 1.0}} for z in zones},
        "sources": {"live": list(live)},
    }


def desk_of(*live, zones=("DE_LU", "FR")):
    """The desk of such a file."""
    return desk_from(desk_data(*live, zones=zones), "test")


def price_series(zone="DE_LU", **more):
    """An entry of day-ahead prices."""
    return {"table": "day_ahead_prices", "key": {"zone": zone}, "source": "entsoe", "dataset": "prices", **more}
