"""OASIS of the California ISO: wind and solar of its three trading hubs, a zip with one CSV a request.

What belongs here: the request, the columns, the sum of the hubs. What does not: unpacking (`zipped_csv`), sending.

Rows come in no order, and OPR_HR is a local hour ending: the start in GMT is read and nothing else. The hubs NP15, SP15 and ZP26
are added where all three have a value. Nothing says when a forecast was published, so it is known when it was first seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

import polars as pl

from energy_pipeline.desk.sources import KnownAt
from energy_pipeline.ingestion.connectors import json_body, zipped_csv
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
    Unavailable,
    shown,
    status_outcome,
)

NAME = "CAISO OASIS"
HUBS = ("NP15", "SP15", "ZP26")
LICENCE = "California ISO, OASIS terms of use; attribute the source"
_START, _END = "INTERVALSTARTTIME_GMT", "INTERVALENDTIME_GMT"
_COLUMNS = (_START, _END, "TRADING_HUB", "RENEWABLE_TYPE", "MARKET_RUN_ID", "MW")
_RUNS = {"wind_solar_forecast": "DAM", "wind_solar_actual": "ACTUAL"}
_FORM = "%Y-%m-%dT%H:%M:%S%z"


def _dataset(table: str, rule: KnownAt, *, seen_only: bool, ahead: int) -> Dataset:
    key = ("zone", "technology")
    return Dataset(table, key, ("generation_mw",), Span(31, "days"), rule, 60, seen_only=seen_only, ahead_days=ahead, licence=LICENCE)


DATASETS: Mapping[str, Dataset] = {
    "wind_solar_forecast": _dataset(
        "generation_forecast", KnownAt(anchor="delivery_day", basis="assumption", note="no rule: known when first seen"), seen_only=True, ahead=1
    ),
    "wind_solar_actual": _dataset(
        "generation_actual", KnownAt(anchor="interval_end", minutes=24 * 60, basis="assumption", note="a day after"), seen_only=False, ahead=0
    ),
}


class Caiso:
    """The connector; it has no state."""

    source = "caiso"
    hosts: Mapping[str, str] = {"api": "https://oasis.caiso.com/oasisapi"}
    credentials: Mapping[str, Credential] = {}
    datasets = DATASETS
    quota = Quota(windows=((12.0, 60.0),), gap_seconds=5.0, ban_seconds=60.0, evidence="one request every 5 s and 31 days a request (read)")

    def problems(self, asked: Asked) -> list[str]:
        """Wind and solar alone."""
        technology = dict(asked.key).get("technology", "wind")
        return misuse(DATASETS, asked) or (
            [] if technology in ("wind", "solar") else [f"technology {technology!r}: OASIS is read for wind and solar"]
        )

    def subject(self, asked: Asked) -> Pairs:
        """The market run: one answer holds wind and solar of all hubs."""
        return (("run", _RUNS[asked.dataset]),)

    def requests(self, asked: Asked, first_day: date, last_day: date) -> list[Request]:
        """31 days a request."""
        fixed = (("resultformat", "6"), ("queryname", "SLD_REN_FCST"), ("version", "1"), ("market_run_id", _RUNS[asked.dataset]))
        found = []
        for start, end in DATASETS[asked.dataset].span.cut(*asked.span(first_day, last_day)):
            span = (("startdatetime", f"{start:%Y%m%dT%H:%M}-0000"), ("enddatetime", f"{end:%Y%m%dT%H:%M}-0000"))
            found.append(Request(self.source, asked.dataset, self.subject(asked), start, end, "/SingleZip", (*fixed, *span)))
        return found

    def again(self, request: Request, start: datetime, end: datetime) -> Request | None:  # noqa: ARG002 - the contract names them
        """No span is refused as too long within 31 days."""
        return None

    def parse(self, answer: Answer) -> Parsed:
        """Rows of a zip; a page in the zip's place is the service's trouble."""
        if (known := status_outcome(answer)) is not None:
            return known
        if answer.status != 200:
            return Refused(f"HTTP {answer.status}: {shown(answer.body)}")
        try:
            return _rows(answer)
        except json_body.BrokenBodyError as error:
            return Unavailable(str(error))
        except AnswerError as error:
            return json_body.outcome(error)


def _rows(answer: Answer) -> Parsed:
    name, frame = zipped_csv.read(answer.body, NAME, _COLUMNS)
    run = dict(answer.request.key)["run"]
    other = frame.filter((pl.col("MARKET_RUN_ID") != run) | ~pl.col("TRADING_HUB").is_in(HUBS) | ~pl.col("RENEWABLE_TYPE").is_in(["Wind", "Solar"]))
    if other.height:
        odd = other.select("MARKET_RUN_ID", "TRADING_HUB", "RENEWABLE_TYPE").row(0)
        raise AnswerError(f"{NAME}: {name} holds {odd}, asked was run {run} of {', '.join(HUBS)} -> the format changed")
    instants = frame.select(pl.col(_START, _END).str.to_datetime(_FORM, strict=False, time_unit="us").dt.convert_time_zone("UTC"))
    if instants.null_count().sum_horizontal().item() or (instants[_END] - instants[_START]).dt.total_minutes().ne(60).any():
        raise AnswerError(f"{NAME}: {name} holds times that are no whole hours -> the format changed")
    parts = frame.select(
        pl.col("RENEWABLE_TYPE").str.to_lowercase().alias("technology"),
        "TRADING_HUB",
        instants[_START].alias("delivery_start"),
        zipped_csv.numbers(frame, "MW", NAME).alias("generation_mw"),
    ).drop_nulls("generation_mw")
    if parts.select("technology", "TRADING_HUB", "delivery_start").is_duplicated().any():
        raise AnswerError(f"{NAME}: {name} gives two values for one hub and hour -> see the archived body")
    inside = parts.filter(pl.col("delivery_start").is_between(answer.request.start, answer.request.end, closed="left"))
    by = ["technology", "delivery_start"]
    summed = inside.sort(*by, "TRADING_HUB").group_by(by, maintain_order=True).agg(pl.col("generation_mw").sum(), pl.len().alias("hubs"))
    whole = summed.filter(pl.col("hubs") == len(HUBS))
    if whole.is_empty():
        return NotYet(f"{parts.height} values, no hour of the span with all of {', '.join(HUBS)}")
    return Rows(whole.select(*by, pl.lit(60, pl.Int32).alias("resolution_minutes"), "generation_mw"), (f"licence: {LICENCE}",))


CAISO = Caiso()
