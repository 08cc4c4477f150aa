"""Energy-Charts (Fraunhofer ISE): what it serves, how it is asked, and under what terms.

What belongs here: addresses, spans, limits and rows in the contract's columns. What does not: the form of the answers
(`parsing`), sending.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
from energy_pipeline.ingestion.connectors.energy_charts import parsing
from energy_pipeline.ingestion.connectors.not_due import UNCONFIRMED, known_only
from energy_pipeline.ingestion.connectors.parts import PART, PARTS

_AUCTION = KnownAt(anchor="delivery_day", days=-1, at="12:45", basis="evidence", note="results of the coupled auction are out about 12:45-13:00")
_ACTUAL = KnownAt(anchor="interval_end", minutes=60, basis="evidence", note="Regulation (EU) 543/2013: H+1")
_EVENING = KnownAt(
    anchor="delivery_day", days=-1, at="18:00", basis="evidence", note="Regulation (EU) 543/2013, 14.1.D: 18:00 of D-1, after the gate"
)
_MORNING = KnownAt(anchor="delivery_day", days=-1, at="10:00", basis="evidence", note="Regulation (EU) 543/2013, 6.1.B: two hours before the gate")
_YEAR = Span(1, "years")
_COUNTRY = {"country": "Energy-Charts' country, such as de; default: the zone's first two letters"}
_NAMES = {"solar": ("Solar",), "wind": ("Wind onshore", "Wind offshore")}
_FORECASTS = {"solar": ("solar",), "wind": ("wind_onshore", "wind_offshore")}
FREE_ZONES = frozenset(["AT", "BE", "CH", "CZ", "DE-LU", "DE-AT-LU", "DK1", "DK2", "FR", "HU", "IT-North", "NL", "NO2", "PL", "SE4", "SI"])
"""Bidding zones whose prices Energy-Charts gives under CC BY 4.0."""
_PER_COUNTRY = "as the country's data at ENTSO-E; Energy-Charts names the terms in each answer"

DATASETS: Mapping[str, Dataset] = {
    "day_ahead_prices": Dataset(
        "day_ahead_prices",
        ("zone",),
        ("price_eur_mwh",),
        _YEAR,
        _AUCTION,
        options={"bzn": "bidding zone as Energy-Charts writes it, such as DE-LU; default: the zone with - for _"},
        licence="per zone, in each answer: CC BY 4.0 or private and internal use only",
    ),
    "load_actual": Dataset(
        "load_actual", ("zone",), ("load_mw",), _YEAR, _ACTUAL, options=_COUNTRY, revised_days=7, ahead_days=0, licence=_PER_COUNTRY
    ),
    "generation_actual": Dataset(
        "generation_actual",
        ("zone", "technology"),
        ("generation_mw",),
        _YEAR,
        _ACTUAL,
        options=_COUNTRY,
        revised_days=7,
        ahead_days=0,
        licence=_PER_COUNTRY,
    ),
    "load_forecast": Dataset("load_forecast", ("zone",), ("load_mw",), _YEAR, _MORNING, options=_COUNTRY, licence=_PER_COUNTRY),
    "generation_forecast": Dataset(
        "generation_forecast", ("zone", "technology"), ("generation_mw",), _YEAR, _EVENING, options=_COUNTRY, licence=_PER_COUNTRY
    ),
}


class EnergyCharts:
    """The connector; it has no state."""

    source = "energy_charts"
    hosts: Mapping[str, str] = {"api": "https://api.energy-charts.info"}
    credentials: Mapping[str, Credential] = {}
    datasets = DATASETS
    quota = Quota(
        windows=((8.0, 60.0),),
        gap_seconds=7.5,
        ban_seconds=120.0,
        evidence="not published; users measured a request every 7.5 s, two prices a minute (weight 4), and penalties that grow",
    )

    def problems(self, asked: Asked) -> list[str]:
        """What of the entry Energy-Charts cannot serve."""
        technology = dict(asked.key).get("technology", "solar")
        wrong = [] if technology in _NAMES else [f"technology {technology!r}: Energy-Charts is read for {' and '.join(_NAMES)}"]
        return misuse(DATASETS, asked) or wrong

    def subject(self, asked: Asked) -> Pairs:
        """The bidding zone, or the country and what of it is asked."""
        zone = dict(asked.key).get("zone", "")
        if asked.dataset == "day_ahead_prices":
            return (("bzn", asked.option("bzn", zone.replace("_", "-"))),)
        technology = dict(asked.key).get("technology")
        country = (("country", asked.option("country", zone[:2].lower())),)
        return (*country, ("technology", technology)) if asked.dataset == "generation_forecast" and technology else country

    def requests(self, asked: Asked, first_day: date, last_day: date) -> list[Request]:
        """A year a request; days are local and the last is included, as Energy-Charts counts."""
        found = []
        day = first_day
        while day <= last_day:
            last = min(last_day, (day.replace(day=28) if (day.month, day.day) == (2, 29) else day).replace(year=day.year + 1) - timedelta(days=1))
            found += [self._request(asked, path, params, day, last) for path, params in self._questions(asked)]
            day = last + timedelta(days=1)
        return found

    def again(self, request: Request, start: datetime, end: datetime) -> Request | None:  # noqa: ARG002 - the contract names them
        """Energy-Charts refuses no span as too long."""
        return None

    def parse(self, answer: Answer) -> Parsed:
        """Rows of a 200; 404 is a day without data."""
        if (known := status_outcome(answer)) is not None:
            return known
        if answer.status == 404:
            return NotYet(f"HTTP 404: {shown(answer.body) or 'no data for the span'}")
        if answer.status != 200:
            return Refused(f"HTTP {answer.status}: {shown(answer.body)}")
        try:
            return _rows(answer)
        except AnswerError as error:
            return json_body.outcome(error)

    def licence(self, asked: Asked) -> str:
        """Terms of the series, as Energy-Charts names them in its answers."""
        if asked.dataset != "day_ahead_prices":
            return DATASETS[asked.dataset].licence
        zone = dict(self.subject(asked))["bzn"]
        return "CC BY 4.0, Bundesnetzagentur | SMARD.de" if zone in FREE_ZONES else f"{zone}: private and internal use only"

    def _questions(self, asked: Asked) -> list[tuple[str, Pairs]]:
        subject = dict(self.subject(asked))
        if asked.dataset == "day_ahead_prices":
            return [("/price", (("bzn", subject["bzn"]),))]
        country = ("country", subject["country"])
        if not asked.dataset.endswith("_forecast"):
            return [("/public_power", (country,))]
        types = _FORECASTS[subject["technology"]] if "technology" in subject else ("load",)
        return [("/public_power_forecast", (country, ("production_type", t), ("forecast_type", "day-ahead"))) for t in types]

    def _request(self, asked: Asked, path: str, params: Pairs, first: date, last: date) -> Request:
        start, end = asked.span(first, last)
        days = (("start", first.isoformat()), ("end", last.isoformat()))
        weight = 4.0 if path == "/price" else 1.0
        return Request(self.source, asked.dataset, self.subject(asked), start, end, path, (*params, *days), weight=weight)


def _rows(answer: Answer) -> Parsed:
    dataset = answer.request.dataset
    made = _READERS[dataset](answer)
    value = DATASETS[dataset].values[0]
    inside = made.rows.filter(pl.col("delivery_start").is_between(answer.request.start, answer.request.end, closed="left"))
    frame, notes = known_only(inside.rename({"value": value}), value, DATASETS[dataset].known_at, parsing.TIME_ZONE, answer.received_at)
    if frame.is_empty():
        return NotYet("; ".join(notes) or "no value in the answer's span")
    terms = () if not made.licence else (f"licence: {made.licence}" + ("" if made.may_be_published else " (not for publication)"),)
    key = [c for c in ("technology", PART, PARTS) if c in frame.columns]
    columns = (*key, "delivery_start", "resolution_minutes", value, *(c for c in (UNCONFIRMED,) if c in frame.columns))
    return Rows(frame.select(columns).sort(*key, "delivery_start"), (*notes, *made.notes, *terms))


def _prices(answer: Answer) -> parsing.Answer:
    return parsing.price(answer.body)


def _load(answer: Answer) -> parsing.Answer:
    made = parsing.public_power(answer.body)
    return _only(made, made.rows.filter(pl.col("series") == "Load"), "Load")


def _generation(answer: Answer) -> parsing.Answer:
    """Wind is the sum of what the country reports; a part that is not there yet leaves no sum."""
    made = parsing.public_power(answer.body)
    summed = []
    for technology, names in _NAMES.items():
        own = made.rows.filter(pl.col("series").is_in(list(names)))
        open_yet = made.not_yet.filter(pl.col("series").is_in(list(names)))
        whole = own.join(open_yet, on="delivery_start", how="anti")
        total = whole.group_by("delivery_start", "resolution_minutes", maintain_order=True).agg(pl.col("value").sum())
        summed.append(total.select(pl.lit(technology).alias("technology"), "delivery_start", "resolution_minutes", "value"))
    return _only(made, pl.concat(summed), "Solar or Wind onshore")


def _forecast(answer: Answer) -> parsing.Answer:
    params = dict(answer.request.params)
    made = parsing.forecast(answer.body, params["production_type"], params["forecast_type"])
    technology = dict(answer.request.key).get("technology")
    if technology is None:
        return made
    rows = made.rows.with_columns(technology=pl.lit(technology))
    count = len(_FORECASTS[technology])
    if count > 1:
        rows = rows.with_columns(part=pl.lit(params["production_type"]), parts=pl.lit(count, pl.Int32))
    return _only(made, rows, "forecast_values")


def _only(made: parsing.Answer, rows: pl.DataFrame, name: str) -> parsing.Answer:
    if rows.is_empty() and made.rows.height:
        found = ", ".join(made.rows["series"].unique(maintain_order=True).to_list()[:8])
        raise AnswerError(f"{parsing.SOURCE}: no {name} among {found} -> the country does not report it, or the names changed")
    return parsing.Answer(rows, made.not_yet, made.licence, made.notes)


_READERS: Mapping[str, Callable[[Answer], parsing.Answer]] = {
    "day_ahead_prices": _prices,
    "load_actual": _load,
    "generation_actual": _generation,
    "load_forecast": _forecast,
    "generation_forecast": _forecast,
}

ENERGY_CHARTS = EnergyCharts()
