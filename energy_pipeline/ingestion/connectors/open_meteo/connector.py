"""Open-Meteo: single runs, previous runs, the stitched forecast and the archive; what a past decision could have seen.

What belongs here: hosts, limits, models, which run a day is asked from, and when a run was known.
What does not: the form of the answers (`parsing`), sending.

`run=` is the initialisation time and the answer does not repeat it: it is kept from the request. A row is known 8 h after the
run of a global model and 3 h after that of a regional one. `_previous_dayN` of hour h was forecast N x 24 h before h, so each
hour has another run: with N = 2 every hour of D is known on D-1 by 10:00 of Berlin, with N = 1 hardly any before the gate.
The forecast host stitches the newest runs: its past is an analysis, so only hours after the receipt are rows, known when seen.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta

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
    Throttled,
    Unavailable,
    shown,
    status_outcome,
)
from energy_pipeline.ingestion.connectors.open_meteo import parsing

LICENCE = "CC BY 4.0, Open-Meteo.com; the free service is for non-commercial use"
REGIONAL = (
    "icon_d2",
    "icon_eu",
    "meteofrance_arome_france",
    "knmi_harmonie_arome_europe",
    "dmi_harmonie_arome_europe",
    "metno_nordic",
    "ukmo_uk_2km",
)
"""Models of a region, out within three hours; every other model is waited for eight."""
NOT_BY_LEAD = ("snow_depth",)
"""Variables the service keeps no previous runs of."""
HEIGHTS_M = (10, 80, 100, 120, 180)
ERA5_HEIGHTS_M = (10, 100)
_VALUES = parsing.VALUES
_PLACE = {
    "model": "one model, such as icon_seamless (default; icon_eu for the regional dataset, era5 for the archive)",
    "latitude": "degrees north, from the desk's weather location",
    "longitude": "degrees east, from the desk's weather location",
    "height_m": "height of the wind, from the desk's weather location",
    "further_heights_m": "further heights of the wind, apart by spaces, from the desk's weather location",
}
_RUN = {"run_hour": "UTC hour of the run of D-1 that a delivery day is asked from (00)", "horizon_days": "days from the run that are asked (8)"}
_NOT_THERE = re.compile(r"model run is not available|modelRunUnavailable|no data is available", re.IGNORECASE)
_STREAM = b"Unexpected error while streaming data"
"""What stands for an answer, with status 200, when the service fails after it began to send (threads open-meteo 1891, 2020)."""
_WAITS = (("Minutely", 60.0), ("Hourly", 3600.0), ("Daily", 86400.0))
HOSTS: Mapping[str, str] = {
    "single_runs": "https://single-runs-api.open-meteo.com",
    "previous_runs": "https://previous-runs-api.open-meteo.com",
    "forecast": "https://api.open-meteo.com",
    "archive": "https://archive-api.open-meteo.com",
}
_PATHS = {"archive": "/v1/archive"}


def _after_run(minutes: int, note: str) -> KnownAt:
    return KnownAt(anchor="column", column="issued_at", minutes=minutes, basis="assumption", note=note)


DATASETS: Mapping[str, Dataset] = {
    "single_runs": Dataset(
        "weather_forecast",
        ("location",),
        _VALUES,
        Span(1, "days"),
        _after_run(480, "global runs are out 4 to 7 h 40 after their start; 8 h unless we saw it earlier"),
        60,
        options=_PLACE | _RUN,
        licence=LICENCE,
    ),
    "single_runs_regional": Dataset(
        "weather_forecast",
        ("location",),
        _VALUES,
        Span(1, "days"),
        _after_run(180, "regional runs are out 1 to 3 h after their start"),
        60,
        options=_PLACE | _RUN,
        licence=LICENCE,
    ),
    "previous_runs": Dataset(
        "weather_forecast",
        ("location",),
        _VALUES,
        Span(3, "months"),
        _after_run(480, "forecast lead_days x 24 h before the valid time, out within 8 h"),
        60,
        options=_PLACE | {"lead_days": "2 (default): known before the gate of D-1; 1: hardly any hour is"},
        licence=LICENCE,
    ),
    "forecast": Dataset(
        "weather_forecast",
        ("location",),
        _VALUES,
        Span(2, "weeks"),
        _after_run(0, "the newest runs stitched: known when seen"),
        60,
        seen_only=True,
        options=_PLACE,
        ahead_days=7,
        licence=LICENCE,
    ),
    "archive": Dataset(
        "weather_observed",
        ("location",),
        _VALUES,
        Span(1, "years"),
        KnownAt(anchor="interval_end", minutes=5 * 24 * 60, basis="evidence", note="ERA5 comes five days late"),
        60,
        options=_PLACE,
        revised_days=7,
        ahead_days=-5,
        licence="CC BY 4.0, Copernicus Climate Change Service (ERA5) by Open-Meteo.com",
    ),
}


class OpenMeteo:
    """The connector; it has no state."""

    source = "open_meteo"
    hosts = HOSTS
    credentials: Mapping[str, Credential] = {}
    datasets = DATASETS
    quota = Quota(
        windows=((600.0, 60.0), (5000.0, 3600.0), (10000.0, 86400.0)),
        ban_seconds=60.0,
        evidence="published: 600 calls a minute, 5,000 an hour, 10,000 a day, weighted by variables, days and models; one at a time per IP",
    )

    def problems(self, asked: Asked) -> list[str]:
        """Heights the service has no wind at, a place that is not told, a run that does not exist."""
        if found := misuse(DATASETS, asked):
            return found
        heights = ERA5_HEIGHTS_M if asked.dataset == "archive" else HEIGHTS_M
        found = [f"option {n!r} is missing: the desk's weather location gives it" for n in ("latitude", "longitude") if not asked.option(n)]
        found += [
            f"wind at {text} m: Open-Meteo has {', '.join(map(str, heights))} m here; set the location's {key}"
            for key, texts in (("wind_height_m", [_height_text(asked)]), ("further_wind_heights_m", _further(asked)))
            for text in texts
            if _whole(text) not in heights
        ]
        if asked.option("run_hour", "00") not in ("00", "06", "12", "18"):
            found.append(f"run_hour {asked.option('run_hour')!r}: runs start at 00, 06, 12 and 18 UTC")
        if asked.dataset == "single_runs" and _model(asked) in REGIONAL:
            found.append(f"model {_model(asked)} is regional: use dataset single_runs_regional")
        if asked.dataset == "single_runs_regional" and _model(asked) not in REGIONAL:
            found.append(f"model {_model(asked)} is not known as regional ({', '.join(REGIONAL)}): use dataset single_runs")
        return found

    def subject(self, asked: Asked) -> Pairs:
        """Model, place and height; for runs their hour, for previous runs their lead."""
        place = (("model", _model(asked)), ("latitude", asked.option("latitude")), ("longitude", asked.option("longitude")))
        own = {"previous_runs": (("lead_days", asked.option("lead_days", "2")),)}
        runs = (("run_hour", asked.option("run_hour", "00")),) if asked.dataset.startswith("single_runs") else ()
        further = tuple(("further_wind", f"wind_speed_{_whole(text)}m") for text in _further(asked))
        return (*place, ("wind", f"wind_speed_{_whole(_height_text(asked))}m"), *further, *own.get(asked.dataset, ()), *runs)

    def requests(self, asked: Asked, first_day: date, last_day: date) -> list[Request]:
        """A run a delivery day; everything else by the longest span."""
        if asked.dataset.startswith("single_runs"):
            return [self._run(asked, first_day + timedelta(days=i)) for i in range((last_day - first_day).days + 1)]
        start, end = asked.span(first_day, last_day)
        return [self._days(asked, a, b) for a, b in DATASETS[asked.dataset].span.cut(start, end)]

    def again(self, request: Request, start: datetime, end: datetime) -> Request | None:  # noqa: ARG002 - the contract names them
        """No span is refused as too long for what is asked here."""
        return None

    def parse(self, answer: Answer) -> Parsed:
        """Rows; a point outside the model is a wrong question, and each limit has its own wait."""
        known = status_outcome(answer)
        if isinstance(known, Throttled):
            return _throttled(answer, known)
        if known is not None:
            return known
        if answer.status != 200 or answer.body.startswith(_STREAM):
            return _said_no(answer)
        try:
            return _rows(answer)
        except parsing.NotCoveredError as error:
            return Refused(str(error))
        except AnswerError as error:
            return json_body.outcome(error)

    def _run(self, asked: Asked, day: date) -> Request:
        run = datetime.combine(day - timedelta(days=1), time(int(asked.option("run_hour", "00"))), tzinfo=UTC)
        days = int(asked.option("horizon_days", "8"))
        own = (("run", f"{run:%Y-%m-%dT%H:%M}"), ("forecast_days", str(days)))
        return self._request(asked, run, run + timedelta(days=days), own, days, immutable=True)

    def _days(self, asked: Asked, start: datetime, end: datetime) -> Request:
        """Whole UTC days: radiation of the last hour has its label at the hour's end."""
        own = (("start_date", f"{start:%Y-%m-%d}"), ("end_date", f"{end + timedelta(hours=1):%Y-%m-%d}"))
        return self._request(asked, start, end, own, (end - start).days + 1)

    def _request(self, asked: Asked, start: datetime, end: datetime, own: Pairs, days: int, *, immutable: bool = False) -> Request:
        subject = self.subject(asked)
        told = dict(subject)
        suffix = f"_previous_day{told['lead_days']}" if "lead_days" in told else ""
        variables = [v for v in parsing.names(_winds(subject)) if not (suffix and v in NOT_BY_LEAD)]
        names = ",".join(f"{v}{suffix}" for v in variables)
        params = (("latitude", told["latitude"]), ("longitude", told["longitude"]), ("hourly", names), ("models", told["model"]))
        fixed = (("wind_speed_unit", "ms"), ("timeformat", "unixtime"), ("timezone", "GMT"))
        host = "single_runs" if asked.dataset.startswith("single_runs") else asked.dataset
        path = _PATHS.get(host, "/v1/forecast")
        weight = max(1.0, len(variables) / 10) * max(1.0, days / 14)
        return Request(self.source, asked.dataset, subject, start, end, path, (*params, *own, *fixed), host, weight=weight, immutable=immutable)


def _model(asked: Asked) -> str:
    return asked.option("model", {"archive": "era5", "single_runs_regional": "icon_eu"}.get(asked.dataset, "icon_seamless"))


def _height_text(asked: Asked) -> str:
    return asked.option("height_m", "10")


def _further(asked: Asked) -> list[str]:
    return asked.option("further_heights_m", "").split()


def _winds(subject: Pairs) -> tuple[str, ...]:
    """The wind variables of a question, the location's first height first."""
    return tuple(value for name, value in subject if name in ("wind", "further_wind"))


def _whole(text: str) -> int:
    return int(float(text)) if text.replace(".", "", 1).isdigit() and float(text).is_integer() else -1


def _reason(answer: Answer) -> str:
    try:
        return str(json_body.record(json_body.decoded(answer.body, parsing.SOURCE), parsing.SOURCE).get("reason", ""))
    except AnswerError as error:
        return str(error)


def _said_no(answer: Answer) -> NotYet | Refused | Unavailable:
    """A run that is not out says so with 400, or with 200 and text in the place of JSON."""
    text = shown(answer.body) if answer.body.startswith(_STREAM) else _reason(answer)
    reason = f"HTTP {answer.status}: {text}"
    if _NOT_THERE.search(text):
        return NotYet(reason)
    return Unavailable(reason) if answer.status == 200 else Refused(reason)


def _throttled(answer: Answer, known: Throttled) -> Throttled:
    """Until the next minute, hour or day: what the text says; the limit counts from full ones in UTC."""
    if known.wait_seconds is not None:
        return known
    since = answer.received_at.hour * 3600 + answer.received_at.minute * 60 + answer.received_at.second
    text = _reason(answer)
    wait = next((period - since % period for name, period in _WAITS if text.startswith(name)), None)
    return Throttled(known.reason, wait)


def _rows(answer: Answer) -> Parsed:
    request = answer.request
    told = dict(request.key)
    frame = parsing.weather(answer.body, told["model"], _winds(request.key), int(told.get("lead_days", 0)))
    start, end = request.start, request.end
    if request.dataset == "forecast":
        start = max(start, answer.received_at)
    frame = frame.filter(pl.col("delivery_start").is_between(start, end, closed="left"))
    issued = {"single_runs": _run_of, "previous_runs": _hour_before, "forecast": _newest}.get(request.dataset.removesuffix("_regional"))
    if issued is not None:
        frame = frame.with_columns(issued_at=issued(answer).dt.cast_time_unit("us"))
    if frame.is_empty():
        return NotYet("no value in the answer's span")
    if frame["member"].max() != 0:
        return Unavailable("members of an ensemble in a forecast's answer")
    key = ["issued_at"] if issued is not None else []
    return Rows(frame.select(*key, "delivery_start", "resolution_minutes", *_VALUES), (f"licence: {DATASETS[request.dataset].licence}",))


def _run_of(answer: Answer) -> pl.Expr:
    run = datetime.strptime(dict(answer.request.params)["run"], "%Y-%m-%dT%H:%M").replace(tzinfo=UTC)
    return pl.lit(run, json_body.INSTANT)


def _hour_before(answer: Answer) -> pl.Expr:
    """The latest run an hour can be from; radiation has the label of the hour's end, so that one is counted from."""
    return pl.col("delivery_start") + pl.duration(hours=1 - 24 * int(dict(answer.request.key)["lead_days"]))


def _newest(answer: Answer) -> pl.Expr:
    return pl.lit(answer.received_at.replace(minute=0, second=0, microsecond=0), json_body.INSTANT)


OPEN_METEO = OpenMeteo()
