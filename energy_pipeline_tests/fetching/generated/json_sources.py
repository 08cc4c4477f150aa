"""Answers of Energy-Charts, SMARD and Open-Meteo in the recorded form, written from given values.

What belongs here: JSON bodies. What does not: which values (`world`). Energy-Charts has no recording: its form is the one that
its documentation and public code show.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

FREE = "CC BY 4.0 (creativecommons.org/licenses/by/4.0) from Bundesnetzagentur | SMARD.de"
PRIVATE = "For private and internal use only. Please contact the data owner for other uses."
FREE_ZONES = ("AT", "BE", "CH", "CZ", "DE-LU", "DE-AT-LU", "DK1", "DK2", "FR", "HU", "IT-North", "NL", "NO2", "PL", "SE4", "SI")
BERLIN = ZoneInfo("Europe/Berlin")
Values = Sequence[float | None]


def energy_charts_price(times: Sequence[datetime], values: Values, zone: str) -> bytes:
    """`/price` of a bidding zone, with its licence."""
    fields = {
        "license_info": FREE if zone in FREE_ZONES else PRIVATE,
        "unix_seconds": _seconds(times),
        "price": list(values),
        "unit": "EUR / MWh",
        "deprecated": False,
    }
    return json.dumps(fields).encode()


def energy_charts_power(times: Sequence[datetime], types: Mapping[str, Values]) -> bytes:
    """`/public_power` of a country."""
    parts = [{"name": name, "data": list(values)} for name, values in types.items()]
    return json.dumps({"unix_seconds": _seconds(times), "production_types": parts, "deprecated": False}).encode()


def energy_charts_forecast(times: Sequence[datetime], values: Values, production_type: str, forecast_type: str) -> bytes:
    """`/public_power_forecast`."""
    told = {"forecast_values": list(values), "production_type": production_type, "forecast_type": forecast_type}
    return json.dumps({"unix_seconds": _seconds(times), **told, "deprecated": False}).encode()


def smard_index(first: date, last: date) -> bytes:
    """`index_{res}.json`: every local Monday that begins a week of the span, counted day by day."""
    days = [first + timedelta(days=i) for i in range((last - first).days + 1)]
    mondays = [d for d in days if d.weekday() == 0]
    return json.dumps({"timestamps": [_milliseconds(datetime.combine(d, time(0), tzinfo=BERLIN)) for d in mondays]}).encode()


def smard_week(times: Sequence[datetime], values: Values, created: datetime | None = None) -> bytes:
    """A weekly file; the values are as SMARD has them: EUR/MWh, or MWh of the interval."""
    meta = {"version": 1, "created": None if created is None else _milliseconds(created)}
    return json.dumps({"meta_data": meta, "series": [[_milliseconds(t), v] for t, v in zip(times, values, strict=True)]}).encode()


def open_meteo(times: Sequence[datetime], columns: Mapping[str, Values], units: Mapping[str, str], place: tuple[float, float] = (52.3, 6.9)) -> bytes:
    """The hourly part of an answer, times as unix seconds."""
    fields = {
        "latitude": place[0],
        "longitude": place[1],
        "generationtime_ms": 0.09,
        "utc_offset_seconds": 0,
        "timezone": "GMT",
        "timezone_abbreviation": "GMT",
        "elevation": 29.0,
        "hourly_units": {"time": "unixtime", **units},
        "hourly": {"time": _seconds(times), **{name: list(values) for name, values in columns.items()}},
    }
    return json.dumps(fields, ensure_ascii=False).encode()


def open_meteo_error(reason: str) -> bytes:
    """How Open-Meteo says no."""
    return json.dumps({"error": True, "reason": reason}).encode()


def _seconds(times: Sequence[datetime]) -> list[int]:
    return [int(t.astimezone(UTC).timestamp()) for t in times]


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp()) * 1000
