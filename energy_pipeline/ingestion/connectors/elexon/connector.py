"""Elexon Insights: load, wind, prices and outages of Great Britain, each row with its own instant of publication.

What belongs here: addresses, windows, and which dataset fills which table. What does not: the form of the answers (`parsing`).

Forecasts and outturns are asked by the time of publication, so every vintage of them can be had years later: the one source
whose past tells when it was known. Prices are in GBP/MWh, never converted: a desk names the currency in the entry's options.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import polars as pl

from energy_pipeline.desk.sources import KnownAt
from energy_pipeline.ingestion.connectors import json_body
from energy_pipeline.ingestion.connectors.asking import misuse
from energy_pipeline.ingestion.connectors.contract import (
    Answer,
    AnswerError,
    Asked,
    Credential,
    Dataset,
    NotYet,
    Pairs,
    Parsed,
    Quota,
    Refused,
    Request,
    Rows,
    Span,
    shown,
    status_outcome,
)
from energy_pipeline.ingestion.connectors.elexon import parsing, remit

LICENCE = "BMRS data licence, contains BMRS data (c) Elexon Limited"
_TOLD = KnownAt(anchor="column", column="published_at", basis="evidence", note="each row says when it was published (publishTime)")
_MARKET_INDEX = KnownAt(anchor="interval_end", minutes=30, basis="assumption", note="the market index is out with the half-hour's settlement data")
_OUTAGES = KnownAt(anchor="delivery_day", basis="assumption", note="no rule: a message is known when it was first seen here")
_CURRENCY = {"currency": "must say GBP: Elexon's prices are in GBP/MWh and nothing is converted"}
_GENERATION = ("zone", "technology")


@dataclass(frozen=True)
class Item:
    """A dataset of Elexon: its name, the field of the value, of the publication, and which rows are meant."""

    dataset: Dataset
    path: str
    value: str = ""
    published: str | None = "publishTime"
    minutes: int = parsing.HALF_HOUR
    rows: tuple[tuple[str, str], ...] = ()
    ahead: timedelta = timedelta(0)


def _stream(name: str) -> str:
    return f"/datasets/{name}/stream"


ITEMS: Mapping[str, Item] = {
    "load_actual": Item(
        Dataset("load_actual", ("zone",), ("load_mw",), Span(1, "years"), _TOLD, 30, ahead_days=0, licence=LICENCE), _stream("INDO"), "demand"
    ),
    "load_forecast": Item(
        Dataset("load_forecast", ("zone",), ("load_mw",), Span(1, "weeks"), _TOLD, 30, licence=LICENCE),
        _stream("NDF"),
        "demand",
        ahead=timedelta(days=2),
    ),
    "wind_actual": Item(
        Dataset("generation_actual", _GENERATION, ("generation_mw",), Span(1, "months"), _TOLD, 30, ahead_days=0, licence=LICENCE),
        _stream("FUELHH"),
        "generation",
        rows=(("fuelType", "WIND"),),
    ),
    "wind_forecast": Item(
        Dataset("generation_forecast", _GENERATION, ("generation_mw",), Span(1, "weeks"), _TOLD, 60, licence=LICENCE),
        _stream("WINDFOR"),
        "generation",
        minutes=60,
        ahead=timedelta(days=2),
    ),
    "market_index": Item(
        Dataset(
            "day_ahead_prices", ("zone",), ("price_eur_mwh",), Span(1, "weeks"), _MARKET_INDEX, 30, options=_CURRENCY, ahead_days=0, licence=LICENCE
        ),
        "/balancing/pricing/market-index",
        "price",
        None,
        rows=(("dataProvider", "APXMIDP"),),
    ),
    "system_prices": Item(
        Dataset(
            "second_prices",
            ("zone", "price_kind"),
            ("price_eur_mwh",),
            Span(1, "days"),
            KnownAt(anchor="column", column="published_at", basis="evidence", note="createdDateTime of the latest settlement run"),
            30,
            options=_CURRENCY,
            revised_days=30,
            ahead_days=0,
            licence=LICENCE,
        ),
        "/balancing/settlement/system-prices",
        "systemBuyPrice",
        "createdDateTime",
    ),
    "outages": Item(
        Dataset("outages", ("zone",), ("unavailable_mw",), Span(1, "months"), _OUTAGES, seen_only=True, revised_days=2, licence=LICENCE),
        _stream("REMIT"),
    ),
}


class Elexon:
    """The connector; it has no state."""

    source = "elexon"
    hosts: Mapping[str, str] = {"api": "https://data.elexon.co.uk/bmrs/api/v1"}
    credentials: Mapping[str, Credential] = {}
    datasets: Mapping[str, Dataset] = {name: item.dataset for name, item in ITEMS.items()}
    quota = Quota(windows=((300.0, 60.0),), ban_seconds=60.0, evidence="no limit is published; 30 requests a second were taken")

    def problems(self, asked: Asked) -> list[str]:
        """Another zone than Great Britain, a price without its currency, solar (which Elexon does not meter)."""
        if found := misuse(self.datasets, asked):
            return found
        key = dict(asked.key)
        if asked.time_zone != parsing.TIME_ZONE:
            found.append(f"zone {key.get('zone')!r} has days of {asked.time_zone}, Elexon's are of {parsing.TIME_ZONE}: set the market's time_zone")
        if "price_eur_mwh" in self.datasets[asked.dataset].values and asked.option("currency") != "GBP":
            found.append("prices are in GBP/MWh: set option `currency: GBP` in a desk whose currency is GBP; nothing is converted")
        if key.get("technology", "wind") != "wind":
            found.append(f"technology {key['technology']!r}: Elexon is read for wind")
        if key.get("price_kind", "imbalance") != "imbalance":
            found.append("system prices are of kind imbalance")
        return found

    def subject(self, asked: Asked) -> Pairs:
        """Great Britain is one."""
        return (("area", "GB"), *((("currency", asked.option("currency")),) if asked.option("currency") else ()))

    def requests(self, asked: Asked, first_day: date, last_day: date) -> list[Request]:
        """By window of publication for what is published ahead, by settlement date for system prices, by delivery for the index."""
        item = ITEMS[asked.dataset]
        if asked.dataset == "system_prices":
            days = [first_day + timedelta(days=i) for i in range((last_day - first_day).days + 1)]
            return [self._request(asked, *asked.span(d, d), f"{item.path}/{d.isoformat()}", (("format", "json"),)) for d in days]
        found = []
        for start, end in item.dataset.span.cut(*asked.span(first_day, last_day)):
            if asked.dataset == "market_index":
                names, window = ("from", "to"), (start, end)
            elif asked.dataset == "outages":
                names, window = ("publishDateTimeFrom", "publishDateTimeTo"), (start - timedelta(days=7), end)
            else:
                names, window = ("publishDateTimeFrom", "publishDateTimeTo"), (start - item.ahead, end + timedelta(hours=2))
            params = tuple((n, f"{t:%Y-%m-%dT%H:%MZ}") for n, t in zip(names, window, strict=True))
            found.append(self._request(asked, start, end, item.path, params))
        return found

    def again(self, request: Request, start: datetime, end: datetime) -> Request | None:  # noqa: ARG002 - the contract names them
        """Streams have no longest span."""
        return None

    def parse(self, answer: Answer) -> Parsed:
        """Rows with their publication, or what the answer says instead."""
        if (known := status_outcome(answer)) is not None:
            return known
        if answer.status != 200:
            return NotYet(f"HTTP 404: {shown(answer.body)}") if answer.status == 404 else Refused(f"HTTP {answer.status}: {shown(answer.body)}")
        try:
            return _rows(answer)
        except AnswerError as error:
            return json_body.outcome(error)

    def _request(self, asked: Asked, start: datetime, end: datetime, path: str, params: Pairs) -> Request:
        return Request(self.source, asked.dataset, self.subject(asked), start, end, path, params)


def _rows(answer: Answer) -> Parsed:
    item = ITEMS[answer.request.dataset]
    records = parsing.records(answer.body)
    notes = (f"licence: {LICENCE}",)
    if answer.request.dataset == "outages":
        frame = remit.notices(records)
        return Rows(frame, notes) if frame.height else NotYet("no message on production in the window")
    meant = [r for r in records if all(json_body.field(r, name, parsing.SOURCE) == value for name, value in item.rows)]
    frame = parsing.series(meant, item.value, item.published, item.minutes)
    inside = frame.filter(pl.col("delivery_start").is_between(answer.request.start, answer.request.end, closed="left"))
    key = ["delivery_start", *(["published_at"] if item.published else [])]
    if inside.is_empty():
        return NotYet(f"{len(records)} records, none of the span")
    doubled = inside.unique().filter(pl.struct(key).is_duplicated())
    if doubled.height:
        raise AnswerError(f"{parsing.SOURCE}: {doubled.height} records give two values for one start and publication -> see the archived body")
    own = inside.unique(maintain_order=True).rename({"value": item.dataset.values[0]}).sort(key)
    fixed = {"technology": "wind", "price_kind": "imbalance"}
    return Rows(own.with_columns(pl.lit(v).alias(k) for k, v in fixed.items() if k in item.dataset.key), notes)


ELEXON = Elexon()
