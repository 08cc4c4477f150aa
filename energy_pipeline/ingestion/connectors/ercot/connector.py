"""ERCOT: the public dashboard, and reports by way of the list of documents.

What belongs here: addresses, which documents of a list are fetched, rows in the contract's columns. What does not: the forms
(`parsing`), sending.

A report is found in a list first: of each day the last document before the day-ahead gate (10:00 of Chicago), and the newest one.
Every forecast row is known when its document was published. The form of the list was read in public code, no recording was found.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

import polars as pl

from energy_pipeline.desk.sources import KnownAt
from energy_pipeline.domain.delivery import day_of, local_instant
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
from energy_pipeline.ingestion.connectors.ercot import parsing
from energy_pipeline.ingestion.connectors.outcomes import Listed

LICENCE = "ERCOT public data, terms of use of ercot.com"
GATE = time(10, 0)
_TOLD = KnownAt(anchor="column", column="published_at", basis="evidence", note="the report's name says when it was published")
_METERED = KnownAt(anchor="interval_end", minutes=15, basis="assumption", note="the dashboard is built every few minutes")
_DASHBOARD = "/api/1/services/read/dashboards/loadForecastVsActual.json"
_LIST, _DOCUMENT = "/misapp/servlets/IceDocListJsonWS", "/misdownload/servlets/mirDownload"
_WEEKS = Span(1, "weeks")


@dataclass(frozen=True)
class Item:
    """A dataset: its report and columns, or the field of the dashboard."""

    dataset: Dataset
    value: str
    report: str = ""
    day: str = ""
    hour: str = ""


def _forecast(table: str, key: tuple[str, ...], value: str) -> Dataset:
    return Dataset(table, key, (value,), _WEEKS, _TOLD, 60, licence=LICENCE)


_GENERATION = ("zone", "technology")
ITEMS: Mapping[str, Item] = {
    "load_actual": Item(Dataset("load_actual", ("zone",), ("load_mw",), Span(3, "days"), _METERED, 60, ahead_days=0, licence=LICENCE), "systemLoad"),
    "load_forecast": Item(_forecast("load_forecast", ("zone",), "load_mw"), "SystemTotal", "12311", "DeliveryDate", "HourEnding"),
    "wind_forecast": Item(
        _forecast("generation_forecast", _GENERATION, "generation_mw"), "STWPF_SYSTEM_WIDE", "13028", "DELIVERY_DATE", "HOUR_ENDING"
    ),
    "wind_actual": Item(_forecast("generation_actual", _GENERATION, "generation_mw"), "SYSTEM_WIDE_GEN", "13028", "DELIVERY_DATE", "HOUR_ENDING"),
}


class Ercot:
    """The connector; it has no state."""

    source = "ercot"
    hosts: Mapping[str, str] = {"api": "https://www.ercot.com"}
    credentials: Mapping[str, Credential] = {}
    datasets: Mapping[str, Dataset] = {name: item.dataset for name, item in ITEMS.items()}
    quota = Quota(windows=((30.0, 60.0),), gap_seconds=1.0, ban_seconds=60.0, evidence="no limit of the public site is known; a request a second")

    def problems(self, asked: Asked) -> list[str]:
        """Days of another clock than Chicago's, solar (no report of it is read)."""
        found = misuse(self.datasets, asked)
        if asked.time_zone != parsing.TIME_ZONE:
            found.append(f"the zone has days of {asked.time_zone}, ERCOT's are of {parsing.TIME_ZONE}: set the market's time_zone")
        if dict(asked.key).get("technology", "wind") != "wind":
            found.append(f"technology {dict(asked.key)['technology']!r}: ERCOT is read for wind")
        return found

    def subject(self, asked: Asked) -> Pairs:
        """The whole system."""
        item = ITEMS[asked.dataset]
        return (("area", "ERCOT"), ("report", item.report or "dashboard"))

    def requests(self, asked: Asked, first_day: date, last_day: date) -> list[Request]:
        """The dashboard of three days, or the list of a report's documents."""
        start, end = asked.span(first_day, last_day)
        report = ITEMS[asked.dataset].report
        if report:
            return [Request(self.source, asked.dataset, self.subject(asked), start, end, _LIST, (("reportTypeId", report),))]
        return [Request(self.source, asked.dataset, self.subject(asked), start, end, _DASHBOARD)]

    def again(self, request: Request, start: datetime, end: datetime) -> Request | None:  # noqa: ARG002 - the contract names them
        """Nothing is refused as too long."""
        return None

    def parse(self, answer: Answer) -> Parsed:
        """Rows of the dashboard or a report; of a list, which documents are meant."""
        if (known := status_outcome(answer)) is not None:
            return known
        if answer.status != 200:
            return Refused(f"HTTP {answer.status}: {shown(answer.body)}")
        try:
            return _listed(answer) if answer.request.path == _LIST else _rows(answer)
        except AnswerError as error:
            return json_body.outcome(error)


def _rows(answer: Answer) -> Parsed:
    item = ITEMS[answer.request.dataset]
    value = item.dataset.values[0]
    frame = parsing.report(answer.body, item.day, item.hour, item.value) if item.report else parsing.dashboard(answer.body, item.value)
    inside = frame.filter(pl.col("delivery_start").is_between(answer.request.start, answer.request.end, closed="left"))
    if item.dataset.known_at.anchor == "interval_end":
        inside = inside.filter(pl.col("delivery_start") + pl.duration(hours=1) <= answer.received_at)
    if inside.is_empty():
        return NotYet(f"{frame.height} values, none of the span")
    own = inside.rename({"value": value}).with_columns(resolution_minutes=pl.lit(60, pl.Int32))
    if "technology" in item.dataset.key:
        own = own.with_columns(technology=pl.lit("wind"))
    return Rows(own, (f"licence: {LICENCE}",))


def _listed(answer: Answer) -> Listed | NotYet:
    """The documents that a decision of the span could have seen last, and the newest one."""
    fields = json_body.record(json_body.decoded(answer.body, parsing.SOURCE), parsing.SOURCE)
    inner = json_body.record(json_body.field(fields, "ListDocsByRptTypeRes", parsing.SOURCE), parsing.SOURCE)
    documents = json_body.field(inner, "DocumentList", parsing.SOURCE)
    if not isinstance(documents, list):
        raise AnswerError(f"{parsing.SOURCE}: DocumentList is no list -> the format changed")
    found: list[tuple[datetime, str]] = []
    for part in documents:
        document = json_body.record(json_body.field(json_body.record(part, parsing.SOURCE), "Document", parsing.SOURCE), parsing.SOURCE)
        name = str(json_body.field(document, "ConstructedName", parsing.SOURCE))
        if "csv" in name.lower():
            found.append((parsing.published_at(name), str(json_body.field(document, "DocID", parsing.SOURCE))))
    near = sorted(d for d in found if answer.request.start - timedelta(days=2) <= d[0] < answer.request.end)
    before_gate = {
        day_of(at, parsing.TIME_ZONE): number for at, number in near if at <= local_instant(day_of(at, parsing.TIME_ZONE), GATE, parsing.TIME_ZONE)
    }
    chosen = dict.fromkeys([*before_gate.values(), *(number for _, number in near[-1:])])
    if not chosen:
        return NotYet(f"{len(found)} documents in the list, none published from two days before the span to its end")
    return Listed(tuple((_DOCUMENT, (("doclookupId", number),)) for number in chosen))


ERCOT = Ercot()
