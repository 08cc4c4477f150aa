"""The file's clock: what the time columns of a row say, as a UTC instant or a calendar day.

What belongs here: the clock of the desk file, start and end labels, hours in a column of their own, and placing a row
whose time cannot be read. What does not: formats of text (`stamps`), the repeated hour (`folds`), numbers that count
through a day (`positions`), or what the row is worth.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import polars as pl

from energy_pipeline.desk.layout import TimeLabel
from energy_pipeline.domain.delivery import DeliveryDay
from energy_pipeline.domain.errors import SourceError
from energy_pipeline.reading.folds import local_starts
from energy_pipeline.reading.positions import counted
from energy_pipeline.reading.stamps import advice, day_hint, parsed

EXAMPLES = 3
UTC = pl.Datetime("us", "UTC")
SKIPPED = "wall-clock time that the spring change skips"
NO_TIME = "no time"
NO_ZONE = "a time without a zone"
_HOUR = r"^\s*(?:HE|he|H|h)?\s*(\d{1,3})\s*([A-Za-z]?)\s*$"
_CLOCK = r"^\s*(\d{1,2})\s*([aAbB]?):?([0-5]\d|60)(?::\d{2})?\s*(?:[-\u2013].*)?$"
_CLOCK_RANGE = r":\d{2}\s*[-\u2013]\s*(\d{1,2})[aAbB]?:(\d{2})"
OTHER_LENGTH = "a range of another length than resolution_minutes"
NO_RANGE = "no range, as `label: range` says"


def instants(
    values: pl.Series, rows: pl.Series, label: TimeLabel, minutes: int, path: str, beside: Mapping[str, pl.Series] | None = None
) -> pl.DataFrame:
    """Start of each row's interval.

    Parameters
    ----------
    values : Series
        The time column: timestamps (naive or with a zone), dates, text, or numbers. A zone or offset in the value
        itself wins over the label's clock.
    rows : Series of int
        The row numbers to name in errors (1 is the first data row).
    label : TimeLabel
    minutes : int
        Length of an interval, for end labels.
    path : str
        For errors.
    beside : mapping of column to Series
        `hour_column`, `interval_column` and `repeated_column` where the label names them, and `;group` where rows of
        several runs give the same interval.

    Returns
    -------
    DataFrame with `start` (UTC; null where there is a problem), `wall_day` (the day of the interval as written),
    `problem` (null where there is none) and `other_day` (a second day that an unreadable row may belong to).

    Raises
    ------
    SourceError
        Where no value is a time, or none has a zone and the desk file names none.

    Notes
    -----
    Local clock: of an hour that occurs twice, the first row in time order is summer time and the second winter time,
    unless a letter or `repeated_column` says which is which; a file that has it once has the first.

    Examples
    --------
    >>> label = TimeLabel(column="t", clock="local", zone="Europe/Berlin")
    >>> t = pl.Series("t", ["2019-10-27 02:00", "2019-10-27 02:00"])
    >>> instants(t, pl.Series([1, 2]), label, 60, "x.csv")["start"].dt.hour().to_list()
    [0, 1]
    """
    frame = _said(values, label, beside or {}, path)
    known = frame["wall"].is_not_null() & (frame["number"].is_not_null() | frame["clock"].is_not_null() | (label.hour_column is None))
    if values.len() and not known.any():
        raise SourceError(_no_time(values, rows, label, path))
    if label.label == "range":
        frame = _noted(frame, pl.col("end_wall").is_null(), NO_RANGE)
    if frame["end_wall"].null_count() < frame.height:
        frame = _ranges(frame, label, minutes)
    if label.clock is None:
        frame = _with_zones(frame, known, values, rows, label, path)
    frame = frame.with_columns(pl.when(~known).then(pl.lit(NO_TIME)).otherwise("problem").alias("problem"))
    frame = _noted(_started(frame, label, minutes), pl.lit(known) & pl.col("start").is_null(), SKIPPED)
    return _placed(frame.with_columns(pl.when(pl.col("problem").is_null()).then("start").alias("start")), values, label)


def _noted(frame: pl.DataFrame, wrong: pl.Expr, problem: str) -> pl.DataFrame:
    """With a problem on the rows that are wrong and have none yet."""
    return frame.with_columns(pl.when(wrong).then(pl.coalesce("problem", pl.lit(problem))).otherwise("problem").alias("problem"))


def _with_zones(frame: pl.DataFrame, known: pl.Series, values: pl.Series, rows: pl.Series, label: TimeLabel, path: str) -> pl.DataFrame:
    """Where the desk file names no clock, every time must carry its zone."""
    bare = known & frame["absolute"].is_null()
    if bare.any() and bare.sum() == known.sum():
        shown = _examples(values.filter(bare), rows.filter(bare))
        step = "say whose clock it is in `time.clock`: utc, local (with `zone`) or fixed (with `offset`)"
        raise SourceError(f"{path}: column {label.column!r}: times carry no zone, e.g. {shown} -> {step}")
    return _noted(frame, pl.lit(bare), NO_ZONE)


def read_instants(values: pl.Series, label: TimeLabel, minutes: int, path: str) -> pl.Series:
    """UTC instants of a column in which every value must be one.

    Raises
    ------
    SourceError
        Naming the first rows that are none.
    """
    rows = pl.Series(range(1, values.len() + 1), dtype=pl.Int64)
    found = instants(values, rows, label, minutes, path)
    wrong = found["problem"].is_not_null()
    if wrong.any():
        told = refused(values, rows, wrong, f"({found.filter(wrong)['problem'][0]})")
        raise SourceError(f"{path}: column {label.column!r}: {told}")
    return found["start"]


def refused(values: pl.Series, rows: pl.Series, wrong: pl.Series, problem: str) -> str:
    """How many values cannot be read, the first of them by row, and what to do."""
    bad = values.filter(wrong)
    return f"{bad.len()} value(s) cannot be read {problem}, e.g. {_examples(bad, rows.filter(wrong))} -> {advice(bad.head(20).to_list())}"


def calendar_days(values: pl.Series, rows: pl.Series, label: TimeLabel, time_zone: str, path: str) -> pl.DataFrame:
    """The calendar day of each row of a daily table; an instant with a zone falls into the market's day.

    Returns
    -------
    DataFrame with `delivery_day`, `problem` and `other_day`, as `instants`.

    Raises
    ------
    SourceError
        Where no value is a date.
    """
    said = parsed(values, label, path)
    if values.len() and said["wall"].null_count() == values.len():
        raise SourceError(_no_time(values, rows, label, path))
    day = pl.coalesce(pl.col("absolute").dt.convert_time_zone(time_zone).dt.date(), pl.col("wall").dt.date())
    problem = pl.when(pl.col("wall").is_null()).then(pl.lit(NO_TIME)).alias("problem")
    placed = _placed(said.with_columns(day.alias("wall_day"), problem, pl.col("absolute").alias("start")), values, label)
    return placed.rename({"wall_day": "delivery_day"}).drop("start")


def _no_time(values: pl.Series, rows: pl.Series, label: TimeLabel, path: str) -> str:
    step = advice(values.head(20).to_list())
    return f"{path}: column {label.column!r}: {values.len()} value(s) are no time, e.g. {_examples(values, rows)} -> {step}"


def _examples(values: pl.Series, rows: pl.Series) -> str:
    return ", ".join(f"row {r}: {v!r}" for r, v in zip(rows.head(EXAMPLES), values.head(EXAMPLES), strict=True))


def _said(values: pl.Series, label: TimeLabel, beside: Mapping[str, pl.Series], path: str) -> pl.DataFrame:
    """parsed, with number (of the hour or interval), clock and sub (minutes), group and mark."""
    frame = parsed(values, label, path).with_columns(
        pl.lit(None, dtype=pl.Int64).alias("number"),
        pl.lit(None, dtype=pl.Int64).alias("clock"),
        pl.lit(0, dtype=pl.Int64).alias("sub"),
        pl.lit(None, dtype=pl.String).alias("problem"),
    )
    group = beside.get(";group")
    frame = frame.with_columns((pl.lit(0) if group is None else pl.lit(group)).alias("group"))
    if label.hour_column is not None:
        text = beside[label.hour_column].cast(pl.String)
        if beside[label.hour_column].dtype.is_float():
            text = text.str.replace(r"\.0$", "")
        hour = pl.DataFrame({"t": text})
        numbered = pl.col("t").str.contains(_HOUR)
        clock = pl.col("t").str.extract(_CLOCK, 1).cast(pl.Int64) * 60 + pl.col("t").str.extract(_CLOCK, 3).cast(pl.Int64)
        end = pl.col("t").str.extract(_CLOCK_RANGE, 1).cast(pl.Int64) * 60 + pl.col("t").str.extract(_CLOCK_RANGE, 2).cast(pl.Int64)
        letter = pl.coalesce(pl.col("t").str.extract(_CLOCK, 2), pl.col("t").str.extract(_HOUR, 2)).replace("", None).str.to_uppercase()
        said = hour.select(
            pl.col("t").str.extract(_HOUR, 1).cast(pl.Int64).alias("number"),
            pl.when(~numbered & (clock <= 1440)).then(clock).alias("clock"),
            end.alias("end_clock"),
            letter.alias("mark"),
        )
        frame = frame.with_columns(*said.get_columns())
        frame = frame.with_columns((pl.col("wall").dt.truncate("1d") + pl.duration(minutes=pl.col("end_clock"))).alias("end_wall"))
    if label.interval_column is not None:
        frame = frame.with_columns(beside[label.interval_column].cast(pl.Int64, strict=False).alias("interval"))
    if label.repeated_column is not None:
        frame = frame.with_columns(beside[label.repeated_column].cast(pl.String).str.strip_chars().fill_null("").alias("mark"))
    return frame


def _started(frame: pl.DataFrame, label: TimeLabel, minutes: int) -> pl.DataFrame:
    """With `start` (UTC) and `wall_day`."""
    frame, label_says = counted(frame, label, minutes)
    end = label_says == "end"
    frame = frame.with_columns(pl.col("unit").alias("length"))
    start_wall = pl.col("wall") - (pl.duration(minutes=pl.col("length")) if end else pl.duration(minutes=0))
    frame = frame.with_columns(start_wall.alias("start_wall"))
    if label.clock == "local":
        frame = local_starts(frame, label.zone or "UTC", end=end)
    else:
        ahead = _offset_minutes(label.offset) if label.offset else 0
        frame = frame.with_columns((pl.col("start_wall") - pl.duration(minutes=ahead)).dt.replace_time_zone("UTC").alias("start"))
    own = pl.col("absolute") - (pl.duration(minutes=pl.col("length")) if end else pl.duration(minutes=0))
    first = pl.coalesce("positioned", own, "start") + pl.duration(minutes=pl.col("sub"))
    return frame.with_columns(first.cast(UTC).alias("start"), pl.col("start_wall").dt.date().alias("wall_day"))


def _ranges(frame: pl.DataFrame, label: TimeLabel, minutes: int) -> pl.DataFrame:
    """A zone at the end of a range is the start's too; a range of another length is none of this series."""
    from_end = pl.col("end_absolute").dt.offset_by(f"-{minutes}m")
    frame = frame.with_columns(pl.coalesce("absolute", from_end).alias("absolute"))
    length = (pl.col("end_wall") - pl.col("wall")).dt.total_minutes() % 1440
    frame = frame.with_columns((length != minutes % 1440).alias("_other"))
    odd = frame.filter("_other").select(pl.concat([pl.col("wall").dt.date(), pl.col("end_wall").dt.date()]).unique().drop_nulls()).to_series()
    owners = [DeliveryDay(d, label.zone or "UTC") for d in odd]
    changing = [o.day for o in owners if o.end - o.start != timedelta(days=1)]
    wrong = pl.col("_other") & ~pl.any_horizontal(pl.col(c).dt.date().is_in(changing) for c in ("wall", "end_wall"))
    return _noted(frame, wrong, OTHER_LENGTH)


def _placed(frame: pl.DataFrame, values: pl.Series, label: TimeLabel) -> pl.DataFrame:
    """Days of the rows whose time cannot be read: by the date they begin with, else those of their neighbours."""
    text = pl.DataFrame({"t": values.cast(pl.String) if values.dtype == pl.String else pl.Series([None] * values.len(), dtype=pl.String)})
    hint = text.select(day_hint(pl.col("t"), label).alias("h"))["h"]
    frame = frame.with_columns(pl.coalesce("wall_day", hint).alias("wall_day"))
    before, after = pl.col("wall_day").forward_fill(), pl.col("wall_day").backward_fill()
    other = pl.when(pl.col("wall_day").is_null() & (before != after)).then(after)
    return frame.select("start", pl.coalesce("wall_day", before, after).alias("wall_day"), "problem", other.alias("other_day"))


def _offset_minutes(offset: str) -> int:
    sign = -1 if offset.startswith("-") else 1
    return sign * (int(offset[1:3]) * 60 + int(offset[-2:]))
