"""The file's clock: text or timestamps of a column to UTC instants or calendar days.

What belongs here: parsing, time zones, the repeated and the skipped hour, start and end
labels. What does not: what the row is worth, or to which delivery day it belongs.
"""

from __future__ import annotations

import polars as pl

from energy_pipeline.desk.layout import TimeLabel
from energy_pipeline.domain.errors import SourceError

EXAMPLES = 3
_OFFSET = r"\d{2}:\d{2}.*?\s*([+-]\d{2}:?\d{2}|Z)$"
_ISO_FORMATS = ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M")
SKIPPED = "wall-clock time that the spring change skips"


def instants(values: pl.Series, rows: pl.Series, label: TimeLabel, minutes: int, path: str) -> pl.DataFrame:
    """Start of each row's interval.

    Parameters
    ----------
    values : Series
        The time column: timestamps (naive or with a zone), dates or text. A zone or offset
        in the value itself wins over the label's clock.
    rows : Series of int
        The row numbers to name in errors (1 is the first data row).
    label : TimeLabel
    minutes : int
        Length of an interval, for end labels.
    path : str
        For errors.

    Returns
    -------
    DataFrame with `start` (UTC; null where the wall clock does not exist) and `wall_day`
    (the date as written, to attribute such rows).

    Raises
    ------
    SourceError
        Where a value is no time at all: no day could be named for it.

    Notes
    -----
    Local clock: of an hour that occurs twice, the first row in time order is summer time
    and the second winter time; a file that has it once has the first.

    Examples
    --------
    >>> label = TimeLabel(column="t", clock="local", zone="Europe/Berlin")
    >>> t = pl.Series("t", ["2019-10-27 02:00", "2019-10-27 02:00"])
    >>> instants(t, pl.Series([1, 2]), label, 60, "x.csv")["start"].dt.hour().to_list()
    [0, 1]
    """
    wall, absolute = _parse(values, rows, label, path)
    if absolute is None:
        absolute = pl.Series("absolute", [None] * wall.len(), dtype=pl.Datetime("us", "UTC"))
    if label.clock == "local":
        start = _from_local(wall, label, minutes)
    else:
        ahead = _offset_minutes(label.offset) if label.clock == "fixed" and label.offset else 0
        start = wall.dt.offset_by(f"{-ahead}m").dt.replace_time_zone("UTC")
    frame = pl.DataFrame({"absolute": absolute, "start": start, "wall_day": wall.dt.date()})
    back = f"-{minutes}m" if label.label == "end" else "0m"
    return frame.select(pl.coalesce("absolute", "start").dt.offset_by(back).alias("start"), "wall_day")


def calendar_days(values: pl.Series, rows: pl.Series, label: TimeLabel, time_zone: str, path: str) -> pl.Series:
    """The calendar day of each row of a daily table; an instant with a zone falls into the market's day."""
    wall, absolute = _parse(values, rows, label, path)
    if absolute is None:
        return wall.dt.date().alias("day")
    return pl.DataFrame({"w": wall.dt.date(), "a": absolute.dt.convert_time_zone(time_zone).dt.date()}).select(pl.coalesce("a", "w").alias("day"))[
        "day"
    ]


def _parse(values: pl.Series, rows: pl.Series, label: TimeLabel, path: str) -> tuple[pl.Series, pl.Series | None]:
    """(wall clock as written, UTC instant where the value carries a zone)."""
    dtype = values.dtype
    if dtype == pl.String:
        return _parse_text(values.str.strip_chars(), rows, label, path)
    if dtype == pl.Date or (isinstance(dtype, pl.Datetime) and dtype.time_zone is None):
        wall = values.cast(pl.Datetime("us"))
    elif isinstance(dtype, pl.Datetime):
        absolute = values.dt.convert_time_zone("UTC").cast(pl.Datetime("us", "UTC"))
        _refuse(absolute.is_null(), values, rows, label.column, path)
        return absolute.dt.replace_time_zone(None), absolute
    else:
        raise SourceError(f"{path}: column {label.column!r} is {dtype}, no time -> name the time column in `time.column`, or export ISO timestamps")
    _refuse(wall.is_null(), values, rows, label.column, path)
    return wall, None


def _parse_text(text: pl.Series, rows: pl.Series, label: TimeLabel, path: str) -> tuple[pl.Series, pl.Series | None]:
    if label.format is not None:
        parsed = text.str.to_datetime(label.format, strict=False, time_unit="us", ambiguous="earliest")
        _refuse(parsed.is_null(), text, rows, label.column, path)
        if parsed.dtype == pl.Datetime("us"):
            return parsed, None
        absolute = parsed.dt.convert_time_zone("UTC")
        return absolute.dt.replace_time_zone(None), absolute
    frame = pl.DataFrame({"text": text})
    offset = frame.select(pl.col("text").str.extract(_OFFSET).str.replace("Z", "+00:00", literal=True).str.replace(":", "", literal=True))["text"]
    bare = pl.col("text").str.replace(r"\s*([+-]\d{2}:?\d{2}|Z)$", "").str.replace("T", " ", literal=True)
    bare = pl.when(offset.is_not_null()).then(bare).otherwise(pl.col("text").str.replace("T", " ", literal=True))
    tries = [bare.str.to_datetime(f, strict=False, time_unit="us") for f in _ISO_FORMATS]
    wall = frame.select(pl.coalesce(*tries, bare.str.to_date("%Y-%m-%d", strict=False).cast(pl.Datetime("us"))).alias("wall"))["wall"]
    _refuse(wall.is_null(), text, rows, label.column, path)
    if offset.null_count() == offset.len():
        return wall, None
    sign = pl.when(pl.col("o").str.starts_with("-")).then(-1).otherwise(1)
    ahead = sign * (pl.col("o").str.slice(1, 2).cast(pl.Int64) * 60 + pl.col("o").str.slice(3, 2).cast(pl.Int64))
    shifted = pl.col("wall") - pl.duration(minutes=ahead)
    return wall, pl.DataFrame({"wall": wall, "o": offset}).select(shifted.dt.replace_time_zone("UTC").alias("a"))["a"].cast(pl.Datetime("us", "UTC"))


def _from_local(wall: pl.Series, label: TimeLabel, minutes: int) -> pl.Series:
    """Wall clock of an IANA zone to UTC; null where the spring change skips it."""
    zone = label.zone or "UTC"
    descending = wall.len() > 1 and bool(wall[0] > wall[-1])
    frame = pl.DataFrame({"wall": wall})
    seen = pl.int_range(pl.len()).reverse().over("wall") if descending else pl.int_range(pl.len()).over("wall")
    second = pl.when(seen > 0).then(pl.lit("latest")).otherwise(pl.lit("earliest"))
    frame = frame.with_columns(ambiguous=second)

    def localised(expression: pl.Expr) -> pl.Expr:
        return expression.dt.replace_time_zone(zone, ambiguous=pl.col("ambiguous"), non_existent="null").dt.convert_time_zone("UTC")

    direct = localised(pl.col("wall"))
    if label.label == "end":  # 02:00 ends the hour before the spring change: it exists as an end, not as a wall clock
        direct = pl.coalesce(direct, localised(pl.col("wall").dt.offset_by(f"-{minutes}m")).dt.offset_by(f"{minutes}m"))
    return frame.select(direct.alias("start"))["start"]


def _offset_minutes(offset: str) -> int:
    sign = -1 if offset.startswith("-") else 1
    return sign * (int(offset[1:3]) * 60 + int(offset[-2:]))


def _refuse(bad: pl.Series, values: pl.Series, rows: pl.Series, column: str, path: str) -> None:
    if bad.any():
        shown = ", ".join(f"row {r}: {v!r}" for r, v in zip(rows.filter(bad).head(EXAMPLES), values.filter(bad).head(EXAMPLES), strict=True))
        count = int(bad.sum())
        raise SourceError(
            f"{path}: column {column!r}: {count} value(s) are no time, e.g. {shown} -> correct them, or set `time.format` in the desk file"
        )
