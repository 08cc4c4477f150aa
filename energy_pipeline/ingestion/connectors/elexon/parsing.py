"""Answers of Elexon Insights (Great Britain), bytes in, records out.

What belongs here: the three envelopes, instants, settlement periods, names of datasets' fields. What does not: addresses and
which dataset fills which table (`connector`).

Settlement dates and periods are of the British calendar day: 48 half-hours, 46 in March, 50 in October; period 1 of an August day
starts at 23:00Z of the day before. The recorded `halfHourEndTime` of B1610 has no zone and is the END in UTC (its period 5 of
1 August ends 01:30, where a price's period 5 starts 01:00Z): it is not read, the period is.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

import polars as pl

from energy_pipeline.domain.delivery import DeliveryDay, from_us
from energy_pipeline.ingestion.connectors import json_body
from energy_pipeline.ingestion.connectors.contract import AnswerError

SOURCE = "Elexon"
TIME_ZONE = "Europe/London"
HALF_HOUR = 30


def records(body: bytes) -> list[dict[str, json_body.JsonValue]]:
    """The records of any of the three envelopes: a bare list, {data}, {metadata, data}.

    >>> records(b'{"metadata": {}, "data": [{"demand": 1}]}') == records(b'[{"demand": 1}]')
    True
    """
    value = json_body.decoded(body, SOURCE)
    rows = value if isinstance(value, list) else json_body.field(json_body.record(value, SOURCE), "data", SOURCE)
    if not isinstance(rows, list):
        raise AnswerError(f"{SOURCE}: data is a {type(rows).__name__}, not a list -> the format changed")
    return [json_body.record(row, SOURCE) for row in rows]


def period_start(settlement_day: str, period: int) -> datetime:
    """Start of a settlement period, UTC.

    >>> period_start("2026-08-02", 1).isoformat(), period_start("2025-10-26", 50).isoformat()
    ('2026-08-01T23:00:00+00:00', '2025-10-26T23:30:00+00:00')
    """
    try:
        starts = DeliveryDay(date.fromisoformat(settlement_day), TIME_ZONE).interval_starts_us(HALF_HOUR)
    except (TypeError, ValueError) as error:
        raise AnswerError(f"{SOURCE}: settlement date {settlement_day!r} ({error}) -> the format changed") from error
    if isinstance(period, bool) or not isinstance(period, int) or not 1 <= period <= len(starts):
        raise AnswerError(f"{SOURCE}: {settlement_day} has no settlement period {period!r} (1..{len(starts)}) -> see the archived body")
    return from_us(int(starts[period - 1]))


def series(rows: Sequence[dict[str, json_body.JsonValue]], value: str, published: str | None, minutes: int = HALF_HOUR) -> pl.DataFrame:
    """`delivery_start`, `resolution_minutes`, `value`, and `published_at` where the record says it.

    Parameters
    ----------
    value : str
        Field of the value; null is not there yet.
    published : str or None
        Field of the instant of publication.
    minutes : int
        Length of an interval: 30, but 60 for the wind forecast.

    Raises
    ------
    AnswerError
        Where `startTime` and the settlement period contradict each other, a field is missing or no number.
    """
    found = []
    for row in rows:
        start = _start(row)
        if start.minute % minutes:
            raise AnswerError(f"{SOURCE}: {start:%Y-%m-%dT%H:%MZ} is no start of {minutes} minutes -> the format changed")
        number = json_body.numbers([json_body.field(row, value, SOURCE)], value, 1, SOURCE)[0]
        told = instant(json_body.field(row, published, SOURCE)) if published else None
        found.append((start, minutes, number, told))
    at = json_body.INSTANT
    schema = pl.Schema({"delivery_start": at, "resolution_minutes": pl.Int32(), "value": pl.Float64(), "published_at": at})
    frame = pl.DataFrame(found, schema=schema, orient="row").filter(pl.col("value").is_not_null())
    return frame if published else frame.drop("published_at")


def instant(text: object) -> datetime:
    """An instant with its zone, to the microsecond: Elexon writes seven decimals too."""
    try:
        moment = datetime.fromisoformat(str(text).replace(".0000000", ""))
    except ValueError as error:
        raise AnswerError(f"{SOURCE}: {text!r} is no instant -> the format changed") from error
    if moment.tzinfo is None:
        raise AnswerError(f"{SOURCE}: {text!r} has no zone -> nothing is guessed")
    return moment


def _start(row: dict[str, json_body.JsonValue]) -> datetime:
    """By `startTime`, by settlement date and period, or by both where they agree."""
    day = json_body.field(row, "settlementDate", SOURCE) if "settlementPeriod" in row else None
    by_period = period_start(day, row["settlementPeriod"]) if day is not None else None
    by_time = instant(row["startTime"]) if "startTime" in row else None
    if by_period is None and by_time is None:
        raise AnswerError(f"{SOURCE}: neither startTime nor settlementPeriod in {', '.join(sorted(row)[:8])} -> the format changed")
    if by_period is not None and by_time is not None and by_period != by_time:
        text = f"{day} period {row['settlementPeriod']} starts {by_period:%Y-%m-%dT%H:%MZ}"
        raise AnswerError(f"{SOURCE}: {text}, startTime says {by_time:%Y-%m-%dT%H:%MZ} -> see the archived body")
    return by_time or by_period  # type: ignore[return-value]
