"""Answers of Open-Meteo, bytes in, rows out: hourly columns with their units, models, members and lead.

What belongs here: the form of the hourly part, names of columns, units by name, and whose hour a value is.
What does not: addresses, runs and when a run was known (`connector`), the network.

Radiation and precipitation are the mean or sum of the hour that ENDS at the time; wind and temperature are instants. An
hour of ours begins at its label, so radiation moves one hour back and the instant at its start stands for the hour.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

import polars as pl

from energy_pipeline.ingestion.connectors import json_body
from energy_pipeline.ingestion.connectors.contract import AnswerError

SOURCE = "Open-Meteo"
HOUR = 60
_SECOND_US = 1_000_000
_NAN_PLACE = re.compile(rb'"l(?:at|ong)itude"\s*:\s*-?nan\b', re.IGNORECASE)
_NAN = re.compile(rb"(?<=[:\[,])\s*-?nan(?=\s*[,\]}])", re.IGNORECASE)
"""How the service writes a number that it has not, such as the elevation at sea."""
_TOKEN = re.compile(r"_member(?P<member>\d+)|_previous_day(?P<lead>\d+)")
_FACTORS = {
    "wind_speed": {"m/s": 1.0, "km/h": 1.0 / 3.6, "mp/h": 0.44704, "mph": 0.44704, "kn": 1852.0 / 3600.0},
    "temperature": {"°C": 1.0, "°F": 5.0 / 9.0},
    "shortwave_radiation": {"W/m²": 1.0},
    "direct_normal_irradiance": {"W/m²": 1.0},
    "diffuse_radiation": {"W/m²": 1.0},
    "wind_direction": {"°": 1.0},
    "surface_pressure": {"hPa": 1.0},
    "snow_depth": {"m": 100.0, "ft": 30.48},
}
OF_THE_HOUR_BEFORE = ("shortwave_radiation", "direct_normal_irradiance", "diffuse_radiation")
WIND_COLUMNS = ("wind_speed_ms", "wind_speed_2_ms", "wind_speed_3_ms")
_SURFACE = {
    "temperature_2m": "temperature_c",
    "shortwave_radiation": "ghi_w_m2",
    "direct_normal_irradiance": "dni_w_m2",
    "diffuse_radiation": "dhi_w_m2",
    "surface_pressure": "pressure_hpa",
    "snow_depth": "snow_depth_cm",
}
VALUES = ("wind_direction_deg", *WIND_COLUMNS, *_SURFACE.values())
"""Columns of the contract that an answer may fill."""
_OFFSETS = {"°F": -32.0 * 5.0 / 9.0}


class NotCoveredError(AnswerError):
    """The point lies outside the model: the answer has no coordinates (nan), with status 200."""


@dataclass(frozen=True)
class Column:
    """What the name of a column says.

    Attributes
    ----------
    variable : str
        As asked, such as `temperature_2m`.
    model : str
        The suffix; empty where the answer has none, which does not say which model answered.
    member : int
        0: the control run, or no ensemble.
    lead_days : int
        n of `_previous_dayn`: forecast at least n x 24 h before the valid time; 0: the newest.
    """

    variable: str
    model: str = ""
    member: int = 0
    lead_days: int = 0


def column_of(name: str, variables: tuple[str, ...]) -> Column:
    """The parts of a column's name; the order of suffixes is the service's.

    >>> column_of("temperature_2m_previous_day1_icon_seamless", ("temperature_2m",))
    Column(variable='temperature_2m', model='icon_seamless', member=0, lead_days=1)
    """
    own = [v for v in variables if name == v or name.startswith(f"{v}_")]
    if not own:
        raise AnswerError(f"{SOURCE}: column {name!r} was not asked for ({', '.join(variables)}) -> the format changed")
    variable = max(own, key=len)
    rest = name[len(variable) :]
    found = {"member": 0, "lead": 0} | {k: int(v) for m in _TOKEN.finditer(rest) for k, v in m.groupdict().items() if v}
    return Column(variable, _TOKEN.sub("", rest).lstrip("_"), found["member"], found["lead"])


def hourly(body: bytes, variables: tuple[str, ...]) -> pl.DataFrame:
    """All hourly columns, as they are.

    Returns
    -------
    DataFrame
        `time` (UTC, the label), `variable`, `model`, `member`, `lead_days`, `value` (null where the service has none), `unit`.

    Raises
    ------
    NotCoveredError
        For a point outside the model.
    AnswerError
        For another format; `{"error": true, "reason": ...}` is one whatever the status.
    """
    if _NAN_PLACE.search(body):
        raise NotCoveredError(f"{SOURCE}: the point lies outside the model (coordinates nan) -> choose a model that covers it")
    fields = json_body.record(json_body.decoded(_NAN.sub(b"null", body), SOURCE), SOURCE)
    if fields.get("error"):
        raise AnswerError(f"{SOURCE}: {fields.get('reason', 'an error without a reason')}")
    part = json_body.record(json_body.field(fields, "hourly", SOURCE), SOURCE)
    units = json_body.record(json_body.field(fields, "hourly_units", SOURCE), SOURCE)
    times = _times(json_body.field(part, "time", SOURCE), str(units.get("time")), json_body.field(fields, "utc_offset_seconds", SOURCE))
    json_body.minutes_of(times, "UTC", SOURCE, allowed=(HOUR,), alone=HOUR)
    frames = []
    for name in (n for n in part if n != "time"):
        told = column_of(name, variables)
        values = json_body.numbers(part[name], name, times.len(), SOURCE)
        unit = str(json_body.field(units, name, SOURCE))
        frames.append(
            pl.DataFrame({"time": times, "value": values.alias("value")}).select(
                "time",
                *(pl.lit(getattr(told, f)).alias(f) for f in ("variable", "model", "member", "lead_days")),
                "value",
                pl.lit(unit).alias("unit"),
            )
        )
    if not frames:
        raise AnswerError(f"{SOURCE}: no column but the time -> no variable was understood")
    return pl.concat(frames)


def names(winds: tuple[str, ...]) -> dict[str, str]:
    """Variables that are asked for -> the contract's columns; directions are those of the first wind.

    >>> list(names(("wind_speed_100m",)))[:2]
    ['wind_speed_100m', 'wind_direction_100m']
    """
    first = winds[0].replace("wind_speed", "wind_direction")
    return dict(zip(winds, WIND_COLUMNS, strict=False)) | {first: "wind_direction_deg"} | _SURFACE


def weather(body: bytes, model: str, winds: tuple[str, ...], lead_days: int = 0) -> pl.DataFrame:
    """Weather of one model by hour, in the contract's units.

    Parameters
    ----------
    model : str
        The one model that was asked for. Columns with another model's name are refused; without a name they are its.
    winds : tuple of str
        The wind variables, one to three, whose names say their heights, such as `wind_speed_100m`.
    lead_days : int
        Which `_previous_day` columns are read; 0 for the others.

    Returns
    -------
    DataFrame
        `delivery_start` (UTC), `member`, `resolution_minutes` and `VALUES`;
        a row has null for what is not there, and hours with nothing at all have no row.

    Examples
    --------
    >>> import json
    >>> hours, units = [1759305600, 1759309200], {"time": "unixtime", "shortwave_radiation": "W/m²"}
    >>> fields = {"utc_offset_seconds": 0, "hourly_units": units, "hourly": {"time": hours, "shortwave_radiation": [0.0, 120.0]}}
    >>> body = json.dumps(fields).encode()
    >>> [(t.hour, v) for t, v in weather(body, "icon_eu", ("wind_speed_10m",)).select("delivery_start", "ghi_w_m2").iter_rows()]
    [(7, 0.0), (8, 120.0)]
    """
    wanted = names(winds)
    long = hourly(body, tuple(wanted))
    others = [m for m in long["model"].unique(maintain_order=True) if m not in ("", model)]
    if others:
        raise AnswerError(f"{SOURCE}: asked for {model}, answered for {', '.join(others)} too -> ask one model a request")
    long = long.filter((pl.col("lead_days") == lead_days) & pl.col("value").is_not_null())
    converted = pl.concat([_converted(p) for p in long.partition_by("variable", maintain_order=True)]) if long.height else long
    shift = pl.when(pl.col("variable").is_in(OF_THE_HOUR_BEFORE)).then(pl.lit(-HOUR)).otherwise(0)
    rows = converted.with_columns(delivery_start=pl.col("time") + pl.duration(minutes=shift))
    keys = rows.select("delivery_start", "member").unique().sort("delivery_start", "member")
    for variable, column in wanted.items():
        own = rows.filter(pl.col("variable") == variable).select("delivery_start", "member", pl.col("value").alias(column))
        keys = keys.join(own, on=["delivery_start", "member"], how="left", maintain_order="left")
    keys = keys.with_columns(pl.lit(None, pl.Float64).alias(name) for name in VALUES if name not in keys.columns)
    return keys.with_columns(resolution_minutes=pl.lit(HOUR, pl.Int32), member=pl.col("member").cast(pl.Int32))


def _converted(part: pl.DataFrame) -> pl.DataFrame:
    """One variable in the contract's unit; a unit that is not known by name is refused."""
    variable = part["variable"][0]
    factors = next((f for start, f in _FACTORS.items() if variable.startswith(start)), {})
    unknown = [u for u in part["unit"].unique() if u not in factors]
    if unknown:
        raise AnswerError(f"{SOURCE}: {variable} in {unknown[0]!r}, which is none of {', '.join(factors)} -> nothing is guessed")
    factor = pl.col("unit").replace_strict(factors, return_dtype=pl.Float64)
    offset = pl.col("unit").replace_strict(_OFFSETS, default=0.0, return_dtype=pl.Float64)
    exact = pl.when(factor == 1.0).then(pl.col("value")).otherwise(pl.col("value") * factor + offset)
    return part.with_columns(value=exact)


def _times(values: json_body.JsonValue, unit: str, offset_seconds: int) -> pl.Series:
    """Labels in UTC. Unix time is UTC; text has the answer's one fixed offset, also over a clock change."""
    if unit == "unixtime":
        return json_body.starts(values, _SECOND_US, SOURCE)
    if unit != "iso8601" or not isinstance(values, list) or not isinstance(offset_seconds, int):
        raise AnswerError(f"{SOURCE}: times in {unit!r} -> the format changed")
    local = pl.Series("time", values, dtype=pl.String).str.to_datetime("%Y-%m-%dT%H:%M", time_unit="us", strict=False)
    if local.null_count():
        raise AnswerError(f"{SOURCE}: {local.null_count()} times are not written 2025-10-01T00:00 -> the format changed")
    return (local - timedelta(seconds=offset_seconds)).dt.replace_time_zone("UTC")
