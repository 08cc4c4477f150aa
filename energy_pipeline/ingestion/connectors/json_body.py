"""Bodies in JSON: read strictly, and the times in them told to their length.

What belongs here: what the JSON sources share (Energy-Charts, SMARD, Open-Meteo, Elexon): decoding, columns of equal
length, starts in UTC, the length of each interval. What does not: any source's own names.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from math import isfinite
from typing import Any, NoReturn

import polars as pl

from energy_pipeline.ingestion.connectors.contract import AnswerError, Changed, Unavailable

JsonValue = Any
"""Text, number, true, false, null, a list or an object."""
INSTANT = pl.Datetime("us", "UTC")
MARKET_TIME_UNITS = (15, 30, 60)
"""Lengths of an interval in Europe's markets [min]."""
_SHOWN = 80


class BrokenBodyError(AnswerError):
    """The body did not come whole, or a page stands in its place: asking again may help."""


def outcome(error: AnswerError) -> Changed | Unavailable:
    """What a body that cannot be read means: a broken one is asked for again, another format is a named error."""
    return Unavailable(str(error)) if isinstance(error, BrokenBodyError) else Changed(str(error))


def decoded(body: bytes, source: str) -> JsonValue:
    """The JSON value of a body.

    Raises
    ------
    BrokenBodyError
        For an empty body, a page of HTML, a cut body, text that is not UTF-8, or a number that JSON does not know.

    Examples
    --------
    >>> decoded(b'{"price": [1.5, null]}', "example")
    {'price': [1.5, None]}
    """
    if not body.strip():
        raise BrokenBodyError(f"{source}: the body is empty -> ask again")
    if body.lstrip()[:1] == b"<":
        raise BrokenBodyError(f"{source}: a page of markup where JSON is due ({_start(body)}) -> ask again; see whether the service is down")
    try:
        return json.loads(body.decode("utf-8-sig"), parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise BrokenBodyError(f"{source}: not whole JSON ({error}; it begins {_start(body)}) -> ask again") from error


def record(value: object, source: str) -> dict[str, Any]:
    """The value as an object of named fields, or a AnswerError."""
    if not isinstance(value, dict):
        raise AnswerError(f"{source}: a {type(value).__name__} where named fields are due -> the format changed: see the archived body")
    return value


def field(fields: dict[str, Any], name: str, source: str) -> JsonValue:
    """A field that must be there."""
    if name not in fields:
        found = ", ".join(sorted(fields)[:8]) or "nothing"
        raise AnswerError(f"{source}: no field {name!r}, found {found} -> the format changed: see the archived body")
    return fields[name]


def numbers(values: object, name: str, length: int, source: str) -> pl.Series:
    """A list of numbers and nulls as float64, shape (length,).

    Raises
    ------
    AnswerError
        For another length, and for cells that are text or true and false: "12,5" is refused, never guessed.
    """
    if not isinstance(values, list):
        raise AnswerError(f"{source}: {name!r} is a {type(values).__name__}, not a list -> the format changed")
    if len(values) != length:
        raise AnswerError(f"{source}: {len(values)} values of {name!r} for {length} times -> ask again")
    strange = [v for v in values if v is not None and (isinstance(v, bool) or not isinstance(v, int | float))]
    if strange:
        raise AnswerError(f"{source}: {len(strange)} cells of {name!r} are no numbers, e.g. {strange[0]!r} -> the format changed")
    try:
        found = [None if v is None else float(v) for v in values]
        whole = all(v is None or isfinite(v) for v in found)
    except OverflowError:
        whole = False
    if not whole:
        raise AnswerError(f"{source}: {name!r} holds a number that is not finite -> see the archived body")
    return pl.Series(name, found, dtype=pl.Float64)


def starts(values: object, unit_us: int, source: str) -> pl.Series:
    """Integers since the epoch, in units of `unit_us` microseconds, as UTC instants.

    >>> starts([1761519600000], 1_000, "example")[0].isoformat()
    '2025-10-26T23:00:00+00:00'
    """
    if not isinstance(values, list) or any(isinstance(v, bool) or not isinstance(v, int) for v in values):
        raise AnswerError(f"{source}: the times are not a list of whole numbers -> the format changed")
    day = 86_400_000_000 // unit_us
    if any(not 10_000 * day <= v <= 40_000 * day for v in values):  # 1997 .. 2079
        raise AnswerError(f"{source}: times around {values[0]} are no instants of this century in the unit they should have -> the format changed")
    return (pl.Series("delivery_start", values, dtype=pl.Int64) * unit_us).cast(INSTANT)


def minutes_of(moments: pl.Series, time_zone: str, source: str, allowed: Sequence[int] = MARKET_TIME_UNITS, alone: int | None = None) -> pl.Series:
    """Length of each interval [min], by local day: the answer of a year may change from hours to quarters.

    Nulls must still be among the times: a hole then does not lengthen its neighbour.

    Parameters
    ----------
    moments : Series of UTC instants
        Increasing.
    time_zone : str
        Where a day begins.
    allowed : sequence of int
        Lengths that the market has.
    alone : int, optional
        The length of a time that stands alone in the whole answer.

    Raises
    ------
    AnswerError
        For times that repeat, go back, leave the day's grid, or lie no allowed length apart.

    Examples
    --------
    >>> minutes_of(starts([1761519600, 1761520500], 1_000_000, "example"), "UTC", "example").to_list()
    [15, 15]
    """
    frame = pl.DataFrame({"t": moments}).with_columns(us=pl.col("t").cast(pl.Int64), day=pl.col("t").dt.convert_time_zone(time_zone).dt.date())
    steps = frame["us"].diff().drop_nulls()
    if (steps <= 0).any():
        raise AnswerError(f"{source}: times repeat or go back -> see the archived body")
    frame = frame.with_columns(step=pl.col("us").diff().over("day"), since=(pl.col("us") - pl.col("us").min()).over("day"))
    frame = frame.with_columns(minutes=(pl.col("step").min().over("day") // 60_000_000))
    frame = frame.with_columns(pl.col("minutes").forward_fill().backward_fill().fill_null(alone or 0))
    odd = frame.filter(~pl.col("minutes").is_in(list(allowed)) | (pl.col("since") % (pl.col("minutes") * 60_000_000) != 0))
    if odd.height:
        first = odd["t"][0]
        raise AnswerError(
            f"{source}: {odd.height} times are not every {' or '.join(map(str, allowed))} minutes, from {first:%Y-%m-%dT%H:%MZ} -> see the body"
        )
    return frame["minutes"].cast(pl.Int32).alias("resolution_minutes")


def _start(body: bytes) -> str:
    return repr(body[:_SHOWN].decode("utf-8", "replace").strip())


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number of JSON")
