"""SMARD (Bundesnetzagentur): weekly files of prices, load, wind and solar of Germany.

What belongs here: which file holds what, and rows in the contract's columns. What does not: the form of the files
(`parsing`), sending.

The keys of the files follow from the calendar (Mondays of Berlin), so no index is asked for; a week that is not there yet
answers 404.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

import polars as pl

from energy_pipeline.desk.sources import KnownAt
from energy_pipeline.domain.delivery import day_of, from_us, local_instant
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
from energy_pipeline.ingestion.connectors.not_due import UNCONFIRMED, known_only
from energy_pipeline.ingestion.connectors.parts import PART, PARTS
from energy_pipeline.ingestion.connectors.smard import parsing

QUARTERS_FROM = datetime(2025, 9, 30, 22, tzinfo=UTC)
"""From here the auction has quarter-hours; before, SMARD's quarter-hour prices would be hours repeated."""
_PRICE = ("4169",)
_LOAD = ("410",)
_LOAD_FORECAST = ("411",)
_ACTUAL = {"solar": ("4068",), "wind": ("4067", "1225")}
_FORECAST = {"solar": ("125",), "wind": ("123", "3791")}
_WEEK = Span(1, "weeks")
_H1 = KnownAt(anchor="interval_end", minutes=60, basis="evidence", note="Regulation (EU) 543/2013: H+1")


def _dataset(table: str, value: str, rule: KnownAt, *, technology: bool = False, revised: int = 0, ahead: int = 1) -> Dataset:
    key = ("zone", "technology") if technology else ("zone",)
    return Dataset(table, key, (value,), _WEEK, rule, revised_days=revised, ahead_days=ahead, licence=parsing.LICENCE)


DATASETS: Mapping[str, Dataset] = {
    "day_ahead_prices": _dataset(
        "day_ahead_prices",
        "price_eur_mwh",
        KnownAt(anchor="delivery_day", days=-1, at="12:45", basis="evidence", note="results of the coupled auction are out about 12:45-13:00"),
    ),
    "load_actual": _dataset("load_actual", "load_mw", _H1, revised=7, ahead=0),
    "load_forecast": _dataset(
        "load_forecast", "load_mw", KnownAt(anchor="delivery_day", days=-1, at="10:00", basis="evidence", note="6.1.B: two hours before the gate")
    ),
    "generation_actual": _dataset("generation_actual", "generation_mw", _H1, technology=True, revised=7, ahead=0),
    "generation_forecast": _dataset(
        "generation_forecast",
        "generation_mw",
        KnownAt(anchor="delivery_day", days=-1, at="18:00", basis="evidence", note="14.1.D: 18:00 of D-1, after the gate"),
        technology=True,
    ),
}


class Smard:
    """The connector; it has no state."""

    source = "smard"
    hosts: Mapping[str, str] = {"api": "https://www.smard.de/app"}
    credentials: Mapping[str, Credential] = {}
    datasets = DATASETS
    quota = Quota(windows=((60.0, 60.0),), gap_seconds=1.0, ban_seconds=60.0, evidence="no limit is published; a request a second")

    def problems(self, asked: Asked) -> list[str]:
        """SMARD is read for Germany alone."""
        found = misuse(DATASETS, asked)
        zone = dict(asked.key).get("zone", "")
        if not zone.upper().startswith("DE"):
            found.append(f"zone {zone!r}: SMARD is read for Germany (DE, DE_LU); Energy-Charts serves the other zones")
        technology = dict(asked.key).get("technology", "solar")
        if technology not in _ACTUAL:
            found.append(f"technology {technology!r}: SMARD is read for {' and '.join(_ACTUAL)}")
        return found

    def subject(self, asked: Asked) -> Pairs:
        """The filters whose values are added up, and the region."""
        return (("filter", "+".join(_filters(asked))), ("region", "DE-LU" if asked.dataset == "day_ahead_prices" else "DE"))

    def requests(self, asked: Asked, first_day: date, last_day: date) -> list[Request]:
        """The weekly files that touch the days, one a filter."""
        start, end = asked.span(first_day, last_day)
        if asked.dataset != "day_ahead_prices":
            return self._files(asked, "quarterhour", start, end)
        return [*self._files(asked, "hour", start, min(end, QUARTERS_FROM)), *self._files(asked, "quarterhour", max(start, QUARTERS_FROM), end)]

    def again(self, request: Request, start: datetime, end: datetime) -> Request | None:  # noqa: ARG002 - the contract names them
        """A file is as long as it is."""
        return None

    def parse(self, answer: Answer) -> Parsed:
        """Rows of a weekly file; null is not there yet and never 0."""
        if (known := status_outcome(answer)) is not None:
            return known
        if answer.status == 404:
            return NotYet("HTTP 404: the week's file is not there yet")
        if answer.status != 200:
            return Refused(f"HTTP {answer.status}: {shown(answer.body)}")
        try:
            return _rows(answer)
        except AnswerError as error:
            return json_body.outcome(error)

    def _files(self, asked: Asked, resolution: str, start: datetime, end: datetime) -> list[Request]:
        region = dict(self.subject(asked))["region"]
        found = []
        for key in parsing.weeks(start, end) if start < end else ():
            begin = from_us(key * 1000)
            stop = local_instant(day_of(begin, parsing.TIME_ZONE) + timedelta(days=7), datetime.min.time(), parsing.TIME_ZONE)
            if asked.dataset == "day_ahead_prices":
                begin, stop = (begin, min(stop, QUARTERS_FROM)) if resolution == "hour" else (max(begin, QUARTERS_FROM), stop)
            for name in _filters(asked):
                path = f"/chart_data/{name}/{region}/{name}_{region}_{resolution}_{key}.json"
                found.append(Request(self.source, asked.dataset, self.subject(asked), begin, stop, path))
        return found


def _filters(asked: Asked) -> tuple[str, ...]:
    technology = dict(asked.key).get("technology", "")
    whole = {"day_ahead_prices": _PRICE, "load_actual": _LOAD, "load_forecast": _LOAD_FORECAST}
    return whole.get(asked.dataset) or (_ACTUAL if asked.dataset == "generation_actual" else _FORECAST)[technology]


def _rows(answer: Answer) -> Parsed:
    request = answer.request
    dataset = DATASETS[request.dataset]
    value = dataset.values[0]
    name, _, resolution, _ = request.path.rsplit("/", 1)[1].split("_")
    rows, not_yet = parsing.week(answer.body, resolution, "price" if value.startswith("price") else "energy")
    inside = rows.filter(pl.col("delivery_start").is_between(request.start, request.end, closed="left")).rename({"value": value})
    frame, notes = known_only(inside, value, dataset.known_at, parsing.TIME_ZONE, answer.received_at)
    if frame.is_empty():
        return NotYet("; ".join(notes) or f"{not_yet.height} values of the week are not there yet")
    filters = dict(request.key)["filter"].split("+")
    columns = ["delivery_start", "resolution_minutes", value, *(c for c in (UNCONFIRMED,) if c in frame.columns)]
    if "technology" in dataset.key:
        technology = next(t for table in (_ACTUAL, _FORECAST) for t, names in table.items() if name in names)
        frame = frame.with_columns(technology=pl.lit(technology), part=pl.lit(name), parts=pl.lit(len(filters), pl.Int32))
        columns = ["technology", *([PART, PARTS] if len(filters) > 1 else []), *columns]
    return Rows(frame.select(columns).sort("delivery_start"), (*notes, f"licence: {parsing.LICENCE}"))


SMARD = Smard()
