"""ERCOT's public dashboard and reports, bytes in, rows out.

What belongs here: hours ending, the flag of the repeated hour, the publication in a report's name. What does not: addresses
(`connector`).

Hours are named by their END on the clock of Chicago: 1 to 24, or "1:00" to "24:00"; the hour 25 of October is the repeated one too.
DSTFlag Y (or true) marks the second pass of the repeated hour. Names of reports hold the publication: 20250313.135509.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl

from energy_pipeline.domain.delivery import DeliveryDay, from_us
from energy_pipeline.ingestion.connectors import json_body, zipped_csv
from energy_pipeline.ingestion.connectors.contract import AnswerError

SOURCE = "ERCOT"
TIME_ZONE = "America/Chicago"
_PUBLISHED = re.compile(r"\.(\d{8})\.(\d{6})(?=[._])")
_SECOND_PASS = {"Y": True, "N": False, "TRUE": True, "FALSE": False, None: False}
_DAYS = ("previousDay", "currentDay", "nextDay")


def hour_start(day: date, hour_ending: int, second_pass: bool) -> datetime:
    """Start of an hour that is named by its end, UTC.

    >>> [hour_start(date(2025, 11, 2), 2, flag).isoformat() for flag in (False, True)]
    ['2025-11-02T06:00:00+00:00', '2025-11-02T07:00:00+00:00']
    >>> hour_start(date(2025, 11, 2), 24, False).isoformat()
    '2025-11-03T05:00:00+00:00'
    """
    whole = DeliveryDay(day, TIME_ZONE)
    slots = whole.slots(60).tolist()
    if hour_ending == 25 and whole.hours == 25:
        hour_ending, second_pass = 2, True
    found = [i for i, slot in enumerate(slots) if slot == hour_ending - 1]
    if not found or (second_pass and len(found) < 2):
        flag = " flagged as repeated" if second_pass else ""
        raise AnswerError(f"{SOURCE}: {day} has no hour ending {hour_ending}{flag} -> see the archived body")
    return from_us(int(whole.interval_starts_us(60)[found[1 if second_pass else 0]]))


def published_at(name: str) -> datetime:
    """The publication in a report's name, local time; the first pass of a repeated hour.

    >>> published_at("cdr.00013028.0000000000000000.20250313.135509.WPPHRLYAVGACTNP4732.csv").isoformat()
    '2025-03-13T18:55:09+00:00'
    """
    found = _PUBLISHED.search(name)
    if found is None:
        raise AnswerError(f"{SOURCE}: {name} does not say when it was published -> the format changed")
    try:
        return datetime.strptime("".join(found.groups()), "%Y%m%d%H%M%S").replace(tzinfo=ZoneInfo(TIME_ZONE)).astimezone(UTC)
    except ValueError as error:
        raise AnswerError(f"{SOURCE}: {name}: {error}") from error


def report(body: bytes, day: str, hour: str, value: str) -> pl.DataFrame:
    """`delivery_start`, `value`, `published_at` of a report; empty cells have no row.

    Parameters
    ----------
    day, hour, value : str
        Columns of the report: DeliveryDate or DELIVERY_DATE, HourEnding or HOUR_ENDING, and the one that is meant.
    """
    name, frame = zipped_csv.read(body, SOURCE, (day, hour, value))
    told = published_at(name)
    flags = frame["DSTFlag"].str.to_uppercase().to_list() if "DSTFlag" in frame.columns else [None] * frame.height
    starts = [_start(d, h, f) for d, h, f in zip(frame[day].to_list(), frame[hour].to_list(), flags, strict=True)]
    rows = pl.DataFrame({"delivery_start": pl.Series(starts, dtype=json_body.INSTANT), "value": zipped_csv.numbers(frame, value, SOURCE)})
    if rows["delivery_start"].is_duplicated().any():
        raise AnswerError(f"{SOURCE}: {name} gives two values for one hour -> see the archived body")
    return rows.drop_nulls("value").with_columns(published_at=pl.lit(told).cast(json_body.INSTANT)).sort("delivery_start")


def dashboard(body: bytes, value: str) -> pl.DataFrame:
    """`delivery_start`, `value` of the public dashboard; its times are the END of the hour, `epoch` in UTC milliseconds."""
    fields = json_body.record(json_body.decoded(body, SOURCE), SOURCE)
    found = []
    for part in (json_body.record(json_body.field(fields, name, SOURCE), SOURCE) for name in _DAYS):
        rows = json_body.field(part, "data", SOURCE)
        if not isinstance(rows, list):
            raise AnswerError(f"{SOURCE}: data is no list -> the format changed")
        found += [json_body.record(row, SOURCE) for row in rows]
    if not any(value in row for row in found):
        raise AnswerError(f"{SOURCE}: no hour has a {value} -> the format changed")
    ends = json_body.starts([json_body.field(row, "epoch", SOURCE) for row in found], 1_000, SOURCE)
    json_body.minutes_of(ends, "UTC", SOURCE, allowed=(60,), alone=60)
    frame = pl.DataFrame(
        {"delivery_start": ends - timedelta(hours=1), "value": json_body.numbers([r.get(value) for r in found], value, ends.len(), SOURCE)}
    )
    return frame.drop_nulls("value")


def _start(day: str, hour: str, flag: str | None) -> datetime:
    if flag not in _SECOND_PASS:
        raise AnswerError(f"{SOURCE}: DSTFlag {flag!r} is neither Y nor N -> the format changed")
    try:
        month, number, year = (int(part) for part in day.split("/"))
        return hour_start(date(year, month, number), int(hour.removesuffix(":00")), _SECOND_PASS[flag])
    except (AttributeError, TypeError, ValueError) as error:
        raise AnswerError(f"{SOURCE}: {day!r} hour {hour!r} is no day and hour ending -> the format changed") from error
