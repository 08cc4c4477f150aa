"""Files of SMARD (Bundesnetzagentur), bytes in, rows out; and which weeks there are.

What belongs here: the index, the weekly files, their keys (Monday 00:00 of Berlin) and their units.
What does not: addresses (`connector`), or the network.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Literal

import polars as pl

from energy_pipeline.domain.delivery import day_of, local_instant, to_us
from energy_pipeline.ingestion.connectors import json_body
from energy_pipeline.ingestion.connectors.contract import AnswerError

SOURCE = "SMARD"
TIME_ZONE = "Europe/Berlin"
LICENCE = "CC BY 4.0, Bundesnetzagentur | SMARD.de"
_MILLISECOND_US = 1_000
MINUTES = {"quarterhour": 15, "hour": 60}
Quantity = Literal["price", "energy"]


def week_start(moment: datetime) -> datetime:
    """Start of the local week an instant falls into, UTC.

    >>> from datetime import UTC
    >>> week_start(datetime(2025, 10, 27, 5, tzinfo=UTC)).isoformat()
    '2025-10-26T23:00:00+00:00'
    """
    day = day_of(moment, TIME_ZONE)
    return local_instant(day - timedelta(days=day.weekday()), time(0), TIME_ZONE)


def weeks(first: datetime, end: datetime) -> list[int]:
    """Keys [ms] of the weekly files that hold [first, end).

    The key moves by an hour with the clock, so it is counted in local Mondays and never by 168 hours.

    >>> from datetime import UTC
    >>> weeks(datetime(2025, 10, 26, 22, tzinfo=UTC), datetime(2025, 10, 27, tzinfo=UTC))
    [1760911200000, 1761519600000]
    """
    monday = day_of(week_start(first), TIME_ZONE)
    keys = []
    while (start := local_instant(monday, time(0), TIME_ZONE)) < end:
        keys.append(to_us(start) // _MILLISECOND_US)
        monday += timedelta(days=7)
    return keys


def index(body: bytes) -> list[int]:
    """Keys [ms] of the weeks that exist, increasing.

    Raises
    ------
    AnswerError
        Where a key is no Monday 00:00 of Berlin: then the files are cut otherwise than we read them.
    """
    fields = json_body.record(json_body.decoded(body, SOURCE), SOURCE)
    moments = json_body.starts(json_body.field(fields, "timestamps", SOURCE), _MILLISECOND_US, SOURCE)
    local = pl.DataFrame({"t": moments.dt.convert_time_zone(TIME_ZONE)})
    odd = local.filter((pl.col("t").dt.weekday() != 1) | (pl.col("t").dt.time() != time(0)))
    if odd.height:
        raise AnswerError(f"{SOURCE}: {odd.height} keys of the index are no Monday 00:00 of Berlin, e.g. {odd['t'][0]} -> the format changed")
    return sorted((moments.cast(pl.Int64) // _MILLISECOND_US).to_list())


def week(body: bytes, resolution: str, quantity: Quantity) -> tuple[pl.DataFrame, pl.DataFrame]:
    """(rows, values not there yet) of a weekly file.

    Parameters
    ----------
    resolution : str
        `quarterhour` or `hour`, as in the file's name.
    quantity : "price" or "energy"
        Prices come in EUR/MWh; power comes as MWh of the interval and is stored as the mean power in MW.

    Returns
    -------
    rows : DataFrame
        `delivery_start` (UTC), `resolution_minutes`, `value`, `unit`.
    not_yet : DataFrame
        `delivery_start` of nulls: the week is padded with them to its end, and none of them is a zero.

    Examples
    --------
    >>> rows, not_yet = week(b'{"meta_data": {}, "series": [[1761519600000, 2500.0], [1761520500000, null]]}', "quarterhour", "energy")
    >>> rows["value"].to_list(), rows["unit"].to_list(), not_yet.height
    ([10000.0], ['MW'], 1)
    """
    minutes = MINUTES.get(resolution)
    if minutes is None:
        raise AnswerError(f"{SOURCE}: resolution {resolution!r} is not read -> one of {', '.join(MINUTES)}")
    pairs = json_body.field(json_body.record(json_body.decoded(body, SOURCE), SOURCE), "series", SOURCE)
    if not isinstance(pairs, list) or any(not isinstance(p, list) or len(p) != 2 for p in pairs):
        raise AnswerError(f"{SOURCE}: `series` is not a list of [ms, value] -> the format changed: see the archived body")
    moments = json_body.starts([p[0] for p in pairs], _MILLISECOND_US, SOURCE)
    json_body.minutes_of(moments, TIME_ZONE, f"{SOURCE} ({resolution})", allowed=(minutes,), alone=minutes)
    values = json_body.numbers([p[1] for p in pairs], "series", len(pairs), SOURCE)
    factor, unit = (1.0, "EUR/MWh") if quantity == "price" else (60.0 / minutes, "MW")
    frame = pl.DataFrame({"delivery_start": moments, "value": values * factor})
    rows = frame.filter(pl.col("value").is_not_null()).select(
        "delivery_start", pl.lit(minutes, pl.Int32).alias("resolution_minutes"), "value", pl.lit(unit).alias("unit")
    )
    return rows, frame.filter(pl.col("value").is_null()).select("delivery_start")
