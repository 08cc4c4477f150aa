"""A made-up world that publishes: series with the instant each value is out, answered in the sources' own formats.

What belongs here: what a source would say at an instant to a request (path and parameters), from given series. What does not:
the formats (`entsoe`, `json_sources`), sockets (`server`), what goes wrong (`faults`).

Limits that the sources refuse by are kept: unknown parameters, a month or a year at most, a missing token.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import polars as pl

from energy_pipeline.ingestion.connectors.contract import Span
from energy_pipeline.ingestion.connectors.entsoe.areas import AREAS, BY_CODE
from energy_pipeline_tests.fetching.generated import entsoe, json_sources

BRUSSELS = ZoneInfo("Europe/Brussels")
UNAUTHORISED = b"<html><head><title>Error</title></head><body>Unauthorized. Missing or invalid security token</body></html>"
TOKEN = "a-token-of-the-tests"  # noqa: S105 - opens nothing
_ZONES = {area.code: name for name, area in AREAS.items()}
_MONTH, _YEAR = Span(1, "months"), Span(1, "years")
_KNOWN = {
    "documenttype",
    "processtype",
    "periodstart",
    "periodend",
    "in_domain",
    "out_domain",
    "outbiddingzone_domain",
    "biddingzone_domain",
    "securitytoken",
    "contract_marketagreement.type",
    "classificationsequence_attributeinstancecomponent.position",
    "businesstype",
    "offset",
    "docstatus",
    "periodstartupdate",
    "periodendupdate",
}


@dataclass(frozen=True)
class Reply:
    """What goes back over the wire."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass
class World:
    """Series by (table, zone or location, technology or ""), and the time.

    Each frame has `delivery_start`, `resolution_minutes`, `value` and `known_at`; the newest row known at `now` counts, and a null
    value is a withdrawn one. Day-ahead prices of a second auction lie under technology "EXAA", of the first intraday auction under
    "IDA1". Weather has `wind`, `temperature`, `radiation` under technology. `ignores`: parameters that ENTSO-E overlooks.
    """

    now: datetime
    series: dict[tuple[str, str, str], pl.DataFrame] = field(default_factory=dict)
    notices: list[tuple[datetime, entsoe.Notice]] = field(default_factory=list)
    ignores: frozenset[str] = frozenset()
    asked: list[tuple[datetime, str, str, dict[str, str]]] = field(default_factory=list)

    def reply(self, source: str, host: str, path: str, params: Mapping[str, str]) -> Reply:
        """The answer of a source that nothing is wrong with."""
        self.asked.append((self.now, source, path, dict(params)))
        if source == "open_meteo":
            return self._open_meteo(host, params)
        if source == "entsoe":
            return self._entsoe(params)
        return self._smard(path) if source == "smard" else self._energy_charts(path, params)

    def known(self, table: str, owner: str, technology: str, start: datetime, end: datetime) -> pl.DataFrame:
        """Rows that are out by now, `delivery_start`, `resolution_minutes`, `value`, sorted; withdrawn ones are gone."""
        frame = self.series.get((table, owner, technology))
        if frame is None:
            return pl.DataFrame(schema={"delivery_start": pl.Datetime("us", "UTC"), "resolution_minutes": pl.Int32, "value": pl.Float64})
        out = frame.filter((pl.col("known_at") <= self.now) & pl.col("delivery_start").is_between(start, end, closed="left"))
        newest = out.sort("delivery_start", "known_at").unique("delivery_start", keep="last", maintain_order=True)
        return newest.filter(pl.col("value").is_not_null()).select("delivery_start", "resolution_minutes", "value")

    def _entsoe(self, params: Mapping[str, str]) -> Reply:
        asked = {k.lower(): v for k, v in params.items() if k not in self.ignores}
        if asked.get("securitytoken") != TOKEN:
            return Reply(401, UNAUTHORISED, "text/html")
        strange = sorted(set(asked) - _KNOWN)
        if strange:
            return _xml(entsoe.acknowledgement(f"Input parameter does not exist: {strange[0]}", self.now), 400)
        document, process = asked["documenttype"], asked.get("processtype", "")
        code = next(asked[n] for n in ("in_domain", "outbiddingzone_domain", "biddingzone_domain") if n in asked)
        start, end = (datetime.strptime(asked[n], "%Y%m%d%H%M").replace(tzinfo=UTC) for n in ("periodstart", "periodend"))
        longest = _YEAR if document in ("A44", "A68") else _MONTH
        if end > longest.after(start):
            limit = "P1Y" if longest is _YEAR else "P1M"
            span = f"({start:%Y-%m-%dT%H:%M:%SZ} - {end:%Y-%m-%dT%H:%M:%SZ})"
            return _xml(
                entsoe.acknowledgement(f"Provided time interval {span} is larger than maximum allowed period '{limit}' for export.", self.now), 400
            )
        if document == "A80":
            return self._outages(code, start, end)
        body = self._document(document, process, code, _ZONES[code], start, end, asked)
        return _xml(body or entsoe.no_data(f"{document} [{process or 'A01'}]", code, start, end))

    def _document(self, document: str, process: str, code: str, zone: str, start: datetime, end: datetime, asked: Mapping[str, str]) -> bytes | None:
        if document == "A44":
            return self._prices(code, zone, start, end, asked)
        table = {("A65", "A16"): "load_actual", ("A65", "A01"): "load_forecast", ("A75", "A16"): "generation_actual"}.get((document, process))
        table = table or {"A69": "generation_forecast", "A68": "installed_capacity"}[document]
        kinds = [("", "", 1.0, "out", "A04")]
        if document != "A65":
            shares = (("B18", 0.25), ("B19", 0.75)) if AREAS[zone].wind_types else (("B19", 1.0),)
            wind = "A94" if document == "A69" else "A01"
            kinds = [("B16", "solar", 1.0, "in", wind), *((k, "wind", s, "in", "A93" if document == "A69" else "A01") for k, s in shares)]
        series = [
            entsoe.Series(_periods(rows, BY_CODE[code].time_zone, share), code, business, None, None, None, kind=kind, direction=direction)
            for kind, technology, share, direction, business in kinds
            if (rows := self.known(table, zone, technology, start, end)).height
        ]
        return entsoe.quantities(document, process, series, created=self.now) if series else None

    def _prices(self, code: str, zone: str, start: datetime, end: datetime, asked: Mapping[str, str]) -> bytes | None:
        sequence = asked.get("classificationsequence_attributeinstancecomponent.position")
        contract = asked.get("contract_marketagreement.type")
        found = []
        auctions = (("", 1 if AREAS[zone].sequence else None, "A01"), ("EXAA", 2, "A01"), ("IDA1", 1, "A07"))
        for technology, number, kind in auctions:
            rows = self.known("day_ahead_prices", zone, technology, start, end)
            if rows.height and (sequence in (None, str(number or 1))) and contract in (None, kind):
                found.append(entsoe.Series(_periods(rows, BY_CODE[code].time_zone), code, sequence=number, contract=kind))
        return entsoe.prices(found, created=self.now, interval=(start, end)) if found else None

    def _outages(self, code: str, start: datetime, end: datetime) -> Reply:
        known = [n for at, n in self.notices if at <= self.now and n.area == code and n.start < end and start < n.end]
        newest = {n.notice_id: n for n in sorted(known, key=lambda n: n.revision)}
        if not newest:
            return _xml(entsoe.no_data("UNAVAILABILITY [15.1.A&B]", code, start, end))
        if len(newest) > 200:
            return _xml(entsoe.acknowledgement(f"The number of instances ({len(newest)}) exceeds the allowed maximum (200)", self.now), 400)
        return Reply(200, entsoe.outages(newest.values(), self.now), "application/zip")

    def _energy_charts(self, path: str, params: Mapping[str, str]) -> Reply:
        start, _ = _local_day(date.fromisoformat(params["start"]))
        _, end = _local_day(date.fromisoformat(params["end"]))
        if path == "/price":
            rows = self.known("day_ahead_prices", params["bzn"].replace("-", "_"), "", start, end)
            if rows.is_empty():
                return Reply(404, b'{"detail": "No data available for the given parameters"}')
            return Reply(200, json_sources.energy_charts_price(rows["delivery_start"].to_list(), rows["value"].to_list(), params["bzn"]))
        zone = next(z for z in {o for _, o, _ in self.series} if z[:2].lower() == params["country"])
        if path == "/public_power":
            names = {"Load": ("load_actual", "", 1.0), "Solar": ("generation_actual", "solar", 1.0)}
            names |= {"Wind onshore": ("generation_actual", "wind", 0.75), "Wind offshore": ("generation_actual", "wind", 0.25)}
            return self._power(zone, names, start, end, json_sources.energy_charts_power)
        kind = params["production_type"]
        table, technology, share = {
            "load": ("load_forecast", "", 1.0),
            "solar": ("generation_forecast", "solar", 1.0),
            "wind_onshore": ("generation_forecast", "wind", 0.75),
            "wind_offshore": ("generation_forecast", "wind", 0.25),
        }[kind]

        def written(times: list[datetime], types: Mapping[str, list[float | None]]) -> bytes:
            return json_sources.energy_charts_forecast(times, types[kind], kind, params["forecast_type"])

        return self._power(zone, {kind: (table, technology, share)}, start, end, written)

    def _power(self, zone: str, names: Mapping[str, tuple[str, str, float]], start: datetime, end: datetime, written: Callable[..., bytes]) -> Reply:
        grid = _grid(start, end, 15)
        types = {}
        for name, (table, technology, share) in names.items():
            own = dict(self.known(table, zone, technology, start, end).select("delivery_start", "value").iter_rows())
            types[name] = [None if t not in own else own[t] * share for t in grid]
        if all(v is None for values in types.values() for v in values):
            return Reply(404, b'{"detail": "No data available for the given parameters"}')
        return Reply(200, written(grid, types))

    def _smard(self, path: str) -> Reply:
        name = path.rsplit("/", 1)[1].removesuffix(".json")
        if name.startswith("index_"):
            return Reply(200, json_sources.smard_index(date(2018, 10, 1), self.now.date()))
        number, _, resolution, key = name.split("_")
        table, technology, share = {
            "4169": ("day_ahead_prices", "", 1.0),
            "410": ("load_actual", "", 1.0),
            "411": ("load_forecast", "", 1.0),
            "4068": ("generation_actual", "solar", 1.0),
            "4067": ("generation_actual", "wind", 0.75),
            "1225": ("generation_actual", "wind", 0.25),
            "125": ("generation_forecast", "solar", 1.0),
            "123": ("generation_forecast", "wind", 0.75),
            "3791": ("generation_forecast", "wind", 0.25),
        }[number]
        start = datetime.fromtimestamp(int(key) / 1000, tz=UTC)
        end = _local_day(start.astimezone(BRUSSELS).date() + timedelta(days=7))[0]
        minutes = {"quarterhour": 15, "hour": 60}[resolution]
        rows = self.known(table, "DE_LU", technology, start, end)
        if minutes == 15:
            hours = rows.filter(pl.col("resolution_minutes") == 60)
            quarters = [hours.with_columns(pl.col("delivery_start") + pl.duration(minutes=m)) for m in (0, 15, 30, 45)]
            rows = pl.concat([rows.filter(pl.col("resolution_minutes") == 15), *quarters]).sort("delivery_start")
        means = rows.group_by_dynamic("delivery_start", every=f"{minutes}m").agg(pl.col("value").mean())
        own = dict(means.iter_rows())
        if not own or start.astimezone(BRUSSELS).weekday():
            return Reply(404, b"<html>not found</html>", "text/html")
        factor = share if table == "day_ahead_prices" else share * minutes / 60
        grid = _grid(start, end, minutes)
        return Reply(200, json_sources.smard_week(grid, [None if t not in own else own[t] * factor for t in grid], self.now))

    def _open_meteo(self, host: str, params: Mapping[str, str]) -> Reply:
        run = datetime.strptime(params["run"], "%Y-%m-%dT%H:%M").replace(tzinfo=UTC) if "run" in params else None
        if run is not None and self.now < run + timedelta(hours=5):
            return Reply(
                400, json_sources.open_meteo_error(f"The requested model run is not available. Model: {params['models']}, run: {params['run']}Z")
            )
        if run is not None:
            start, end = run, run + timedelta(days=int(params["forecast_days"]))
        else:
            start = datetime.combine(date.fromisoformat(params["start_date"]), time(0), tzinfo=UTC)
            end = datetime.combine(date.fromisoformat(params["end_date"]) + timedelta(days=1), time(0), tzinfo=UTC)
        grid = _grid(start, end, 60)
        latest = self.now - timedelta(days=5) if host == "archive" else datetime.max.replace(tzinfo=UTC)
        columns, units = {}, {}
        owner = f"{params['latitude']},{params['longitude']}"
        for name in params["hourly"].split(","):
            kind, units[name] = next(told for start_of, told in _VARIABLES.items() if name.startswith(start_of))
            truth = dict(self._weather(owner, kind, start, end))
            lead = 24 * int(name[-1]) if "_previous_day" in name else 0
            columns[name] = [None if t > latest or t not in truth else round(truth[t] * _doubt(t, run, lead), 1) for t in grid]
            if kind == "wind" and params.get("wind_speed_unit") != "ms":
                units[name] = "km/h"
        return Reply(200, json_sources.open_meteo(grid, columns, units, (float(params["latitude"]), float(params["longitude"]))))

    def _weather(self, owner: str, kind: str, start: datetime, end: datetime) -> list[tuple[datetime, float]]:
        """Truth by label: radiation is that of the hour before."""
        frame = self.series.get(("weather", owner, kind), self.series.get(("weather", "anywhere", kind)))
        if frame is None:
            return []
        shift = timedelta(hours=1) if kind == "radiation" else timedelta()
        rows = frame.filter(pl.col("delivery_start").is_between(start - shift, end - shift, closed="left"))
        return [(t + shift, v) for t, v in rows.select("delivery_start", "value").iter_rows()]


_VARIABLES = {
    "wind_speed": ("wind", "m/s"),
    "temperature": ("temperature", "°C"),
    "shortwave": ("radiation", "W/m²"),
    "direct_normal": ("direct", "W/m²"),
    "diffuse": ("diffuse", "W/m²"),
    "wind_direction": ("direction", "°"),
    "surface_pressure": ("pressure", "hPa"),
    "snow_depth": ("snow", "m"),
}
"""What a variable's name begins with -> kind of weather, of which this world has some, and its unit."""


def _doubt(moment: datetime, run: datetime | None, lead_hours: int) -> float:
    """A forecast's error grows with its lead, the same each time."""
    lead = lead_hours if run is None else (moment - run).total_seconds() / 3600
    return 1.0 + 0.002 * lead * ((moment.hour * 7 + moment.day * 3) % 11 - 5) / 5


def _periods(rows: pl.DataFrame, time_zone: str, share: float = 1.0) -> list[entsoe.Period]:
    """A Period a local day; a hole or another resolution begins a new one."""
    day = pl.col("delivery_start").dt.convert_time_zone(time_zone).dt.date()
    step = pl.col("delivery_start").diff() != pl.duration(minutes=pl.col("resolution_minutes").shift(1))
    new = (day != day.shift(1)) | step | (pl.col("resolution_minutes") != pl.col("resolution_minutes").shift(1))
    cut = rows.with_columns(new.fill_null(True).cum_sum().alias("period"))
    return [
        entsoe.Period(p["delivery_start"][0], int(p["resolution_minutes"][0]), [round(v * share, 4) for v in p["value"]])
        for p in cut.partition_by("period", maintain_order=True)
    ]


def _grid(start: datetime, end: datetime, minutes: int) -> list[datetime]:
    return [start + timedelta(minutes=minutes * i) for i in range(int((end - start).total_seconds() // 60 // minutes))]


def _local_day(day: date) -> tuple[datetime, datetime]:
    start, end = (datetime.combine(d, time(0), tzinfo=BRUSSELS).astimezone(UTC) for d in (day, day + timedelta(days=1)))
    return start, end


def _xml(body: bytes, status: int = 200) -> Reply:
    return Reply(status, body, "text/xml")
