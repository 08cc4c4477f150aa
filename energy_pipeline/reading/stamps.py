"""Text of a time column to wall clocks, offsets and ranges, and what a text that is no time could be.

What belongs here: formats, ranges, 24:00, zone names and offsets inside a value, hours in a column of their own.
What does not: time zones of the desk, the repeated hour, start and end labels (`clocks`).
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import polars as pl

from energy_pipeline.desk.layout import NUMBER_FORMATS, TimeLabel
from energy_pipeline.domain.errors import SourceError
from energy_pipeline.reading.numbers import SPACES

WALL = pl.Datetime("us")
_AHEAD = {
    0: "UTC GMT Z WET",
    60: "CET MEZ WEST",
    120: "CEST MESZ EET",
    180: "EEST MSK",
    540: "JST KST",
    480: "AWST",
    570: "ACST",
    600: "AEST",
    630: "ACDT",
    660: "AEDT",
    720: "NZST",
    780: "NZDT",
    -240: "EDT",
    -300: "EST CDT",
    -360: "MDT",
    -420: "MST PDT",
    -480: "PST AKDT",
    -540: "AKST",
}
ZONE_NAMES = {name: minutes for minutes, names in _AHEAD.items() for name in names.split()}
"""Minutes ahead of UTC of names that mean one thing; CST, IST and BST do not, and need the zone of a local clock."""
YEARS = (1900, 2200)
"""A time of another year is a typing error."""
FAR_SECONDS = 1e11
_ISO = ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M")
_RANGE = r"^(.*\d.*?)(?:\s+[-\u2013\u2014]\s+|\s*[\u2013\u2014]\s*)(\d.*)$"
_CLOSE = r"^(.*\d{1,2}:\d{2})\s*-\s*(\d{1,2}:\d{2})$"
_NAMED = r"(\d|[APap][Mm])\s*\(?([A-Za-z]{1,5})\)?$"
_OFFSET = r"\d{2}:\d{2}.*?\s*\(?(?:UTC|GMT)?([+-]\d{2}(?::?\d{2})?)\)?$"
_EXCEL_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 - a wall clock


def parsed(values: pl.Series, label: TimeLabel, path: str) -> pl.DataFrame:
    """What each value of the time column says.

    Parameters
    ----------
    values : Series
        Timestamps (naive or with a zone), dates, text, or numbers with a numeric `time.format`.
    label : TimeLabel
    path : str
        For errors.

    Returns
    -------
    DataFrame
        `wall` (as written, naive), `absolute` (UTC, where the value carries a zone), `end_wall` and `end_absolute` of
        ranges, `mark` (a letter at the hour, as in 02a:15). All null where the value is no time.

    Raises
    ------
    SourceError
        When the column can hold no time, or the format cannot be used.
    """
    known = _said(values, label, path)
    year = pl.col("wall").dt.year().is_between(*YEARS) & pl.col("end_wall").dt.year().is_between(*YEARS).fill_null(True)
    return known.with_columns(pl.when(year).then(c).alias(c) for c in known.columns)


def _said(values: pl.Series, label: TimeLabel, path: str) -> pl.DataFrame:
    dtype = values.dtype
    if label.format in NUMBER_FORMATS:
        return _from_numbers(values, label, path)
    if dtype == pl.String:
        return _from_text(values, label, path)
    if isinstance(dtype, pl.Datetime) and dtype.time_zone is not None:
        absolute = values.dt.convert_time_zone("UTC").cast(pl.Datetime("us", "UTC"))
        return _columns(absolute.dt.replace_time_zone(None), absolute)
    if dtype == pl.Date or isinstance(dtype, pl.Datetime):
        return _columns(values.cast(WALL))
    if dtype == pl.Null:
        return _columns(values.cast(WALL))
    raise SourceError(f"{path}: column {label.column!r} is {dtype}, no time -> {advice(values.drop_nulls().head(1).to_list())}")


def _columns(wall: pl.Series, absolute: pl.Series | None = None) -> pl.DataFrame:
    frame = pl.DataFrame({"wall": wall}).with_columns(_no_instant("absolute") if absolute is None else absolute.alias("absolute"))
    return frame.with_columns(pl.lit(None, dtype=WALL).alias("end_wall"), _no_instant("end_absolute"), pl.lit(None, dtype=pl.String).alias("mark"))


def _no_instant(name: str) -> pl.Expr:
    return pl.lit(None, dtype=pl.Datetime("us", "UTC")).alias(name)


def _from_numbers(values: pl.Series, label: TimeLabel, path: str) -> pl.DataFrame:
    count = values.cast(pl.Float64, strict=False) if values.dtype == pl.String or values.dtype.is_numeric() else None
    if count is None:
        raise SourceError(f"{path}: column {label.column!r} is {values.dtype}, no numbers for format {label.format} -> remove `time.format`")
    scale = {"excel": 1 / 86_400, "epoch_s": 1.0, "epoch_ms": 1_000.0}[label.format or ""]
    count = count.set((~count.is_between(-FAR_SECONDS * scale, FAR_SECONDS * scale)).fill_null(False) | count.is_nan(), None)
    if label.format == "excel":
        seconds = (count * 86_400).round().cast(pl.Int64)
        return _columns(
            pl.DataFrame({"s": seconds}).select((pl.lit(_EXCEL_EPOCH).cast(WALL) + pl.duration(seconds=pl.col("s"))).cast(WALL).alias("wall"))["wall"]
        )
    micros = (count * (1_000_000 if label.format == "epoch_s" else 1_000)).round().cast(pl.Int64).cast(WALL)
    return _columns(micros, micros.dt.replace_time_zone("UTC"))


def _from_text(values: pl.Series, label: TimeLabel, path: str) -> pl.DataFrame:
    text = pl.col("text").str.replace_all(SPACES, " ").str.strip_chars()
    frame = pl.DataFrame({"text": values}).select(text.alias("text"))
    halves = [pl.col("text").str.extract(_RANGE, i) for i in (1, 2)]
    if label.format is not None:  # in ISO text this would be an offset
        halves = [pl.coalesce(half, pl.col("text").str.extract(_CLOSE, i)) for i, half in enumerate(halves, 1)]
    frame = frame.with_columns(halves[0].alias("start"), halves[1].alias("end"))
    frame = frame.with_columns(pl.coalesce("start", "text").alias("start"))
    start = _one(frame["start"], label, path)
    if frame["end"].null_count() == frame.height:
        return start.with_columns(pl.lit(None, dtype=WALL).alias("end_wall"), _no_instant("end_absolute")).select(
            "wall", "absolute", "end_wall", "end_absolute", "mark"
        )
    same_day = frame.select(
        pl.when(pl.col("end").str.contains(r"^\d{1,2}:\d{2}")).then(_date_text(pl.col("start")) + " " + pl.col("end")).otherwise("end")
    )
    end = _one(same_day.to_series(), label, path)
    both = start.with_columns(end["wall"].alias("end_wall"), end["absolute"].alias("end_absolute"))
    later = pl.when(pl.col("end_wall") < pl.col("wall")).then(pl.col("end_wall").dt.offset_by("1d")).otherwise("end_wall")
    late = frame["end"].str.contains(r"^\d{1,2}:\d{2}")
    both = both.with_columns(pl.when(late).then(later).otherwise("end_wall").alias("end_wall"))
    return both.select("wall", "absolute", "end_wall", "end_absolute", "mark")


def _date_text(text: pl.Expr) -> pl.Expr:
    return text.str.extract(r"^(\S+)")


def _one(text: pl.Series, label: TimeLabel, path: str) -> pl.DataFrame:
    """wall, absolute and mark of single times."""
    form = label.format
    if form is not None and re.search("%[IH]", form) and "%M" not in form and "%R" not in form and "%T" not in form:
        form, text = f"{form}~%M", text + "~00"
    plain = [form] if form is not None else list(_ISO)
    names = {**ZONE_NAMES, **zone_names(label.zone)}
    frame = pl.DataFrame({"text": text}).with_columns(_split(pl.col("text"), list(names), form is None))
    frame = frame.with_columns(_later(pl.col("bare"), label))
    tried = [_to_datetime(frame["clean"], f, label, path) for f in plain]
    own = _to_datetime(frame["text"], form, label, path) if form is not None else None
    if own is not None and isinstance(own.dtype, pl.Datetime) and own.dtype.time_zone is not None:
        absolute = own.dt.convert_time_zone("UTC").cast(pl.Datetime("us", "UTC"))
        return pl.DataFrame(
            {"wall": absolute.dt.replace_time_zone(None), "absolute": absolute, "mark": pl.Series([None] * text.len(), dtype=pl.String)}
        )
    if form is None:
        tried.append(frame["clean"].str.to_date("%Y-%m-%d", strict=False).cast(WALL))
    wall = frame.select(pl.coalesce(*tried).alias("w"))["w"]
    frame = frame.with_columns(wall.alias("wall")).with_columns(pl.col("wall") + pl.duration(minutes=pl.col("later")))
    ahead = pl.coalesce(pl.col("name").replace_strict(names, default=None, return_dtype=pl.Int64), _minutes(pl.col("offset")))
    instant = (pl.col("wall") - pl.duration(minutes=ahead)).dt.replace_time_zone("UTC").cast(pl.Datetime("us", "UTC"))
    return frame.select("wall", instant.alias("absolute"), pl.col("mark").str.to_uppercase())


def _split(text: pl.Expr, names: list[str], iso: bool) -> list[pl.Expr]:
    """The text without zone and letter (`bare`), its zone `name` or `offset`, and the letter (`mark`)."""
    name = text.str.extract(_NAMED, 2).str.to_uppercase()
    name = pl.when(name.is_in(names)).then(name)
    offset = text.str.extract(_OFFSET, 1)
    bare = pl.when(name.is_not_null()).then(text.str.replace(_NAMED, "$1")).otherwise(text)
    bare = pl.when(offset.is_not_null()).then(bare.str.replace(r"\s*\(?(?:UTC|GMT)?[+-]\d{2}(?::?\d{2})?\)?$", "")).otherwise(bare)
    mark = bare.str.extract(r"\b\d{1,2}([aAbB]):\d{2}", 1)
    bare = bare.str.replace(r"(\b\d{1,2})[aAbB](:\d{2})", "$1$2").str.strip_chars()
    if iso:
        bare = bare.str.replace(r"^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})", "$1-$2-$3").str.replace(r"^(\d{4}-\d{1,2}-\d{1,2})[Tt]", "$1 ")
    return [bare.alias("bare"), name.alias("name"), offset.alias("offset"), mark.alias("mark")]


def _later(bare: pl.Expr, label: TimeLabel) -> list[pl.Expr]:
    """Midnight as 24:00, and an hour's end as minute 60, as times that every format reads, and how much later they are."""
    whole = bare.str.contains(r"(^|[ T])24:00(:00)?(\.0+)?(\D|$)|[ T]24~00$")
    sixty = bare.str.contains(r"\d{2}:60\b") if label.label == "end" else pl.lit(False)
    clean = pl.when(whole).then(bare.str.replace(r"(^|[ T])24(:00|~00)", "${1}00$2")).otherwise(bare)
    clean = pl.when(sixty).then(clean.str.replace(":60", ":00", literal=True)).otherwise(clean)
    return [clean.alias("clean"), pl.when(whole).then(1440).when(sixty).then(60).otherwise(0).cast(pl.Int64).alias("later")]


def _to_datetime(text: pl.Series, form: str | None, label: TimeLabel, path: str) -> pl.Series:
    try:
        return text.str.to_datetime(form, strict=False, time_unit="us", ambiguous="earliest")
    except pl.exceptions.PolarsError as error:
        cause = str(error).splitlines()[0]
        raise SourceError(f"{path}: `time.format` {label.format!r} of column {label.column!r} cannot be used: {cause} -> correct it") from error


def _minutes(offset: pl.Expr) -> pl.Expr:
    sign = pl.when(offset.str.starts_with("-")).then(-1).otherwise(1)
    digits = offset.str.replace(":", "", literal=True)
    return sign * (digits.str.slice(1, 2).cast(pl.Int64) * 60 + digits.str.slice(3, 2).cast(pl.Int64, strict=False).fill_null(0))


def zone_names(zone: str | None) -> dict[str, int]:
    """Names that a zone's clock has now or had lately, and their minutes ahead of UTC.

    >>> zone_names("America/Chicago")["CST"]
    -360
    """
    if zone is None:
        return {}
    from zoneinfo import ZoneInfo

    found: dict[str, int] = {}
    for year in range(2010, 2031):
        for month in (1, 7):
            moment = datetime(year, month, 1, tzinfo=ZoneInfo(zone))
            name, ahead = moment.tzname(), moment.utcoffset()
            if name is not None and name.isalpha() and ahead is not None:
                found[name.upper()] = int(ahead.total_seconds() // 60)
    return found


def day_hint(text: pl.Expr, label: TimeLabel) -> pl.Expr:
    """The date at the beginning of a text, so far as the format tells; null where it does not."""
    form = (label.format or "").split("~")[0]
    if not form:
        return text.str.strip_chars().str.extract(r"^(\d{4}-\d{2}-\d{2})").str.to_date("%Y-%m-%d", strict=False)
    part = re.match(r"(%[a-zA-Z][^%\s]?){2}%[a-zA-Z]", form)
    if part is None or {"%H", "%M", "%z", "%p"} & set(re.findall("%.", part[0])):
        return pl.lit(None, dtype=pl.Date)
    return text.str.strip_chars().str.extract(r"^(\d+[^\d\s]?\d*[^\d\s]?\d*)").str.to_date(part[0], strict=False)


def advice(examples: list[Any]) -> str:
    """What texts that are no time could be, and what to say in the desk file."""
    text = next((str(e).strip() for e in examples if e is not None), "")
    guesses = (
        (r"^\d{1,2}/\d{1,2}/\d{2,4}", _slashed(examples)),
        (r"^\d{1,2}\.\d{1,2}\.\d{4}", f"set `time.format: '%d.%m.%Y{_clock_of(text)}'`"),
        (r"^\d{1,2}-\d{1,2}-\d{4}", f"set `time.format`: '%d-%m-%Y{_clock_of(text)}' or '%m-%d-%Y{_clock_of(text)}'"),
        (r"^\d{8}$", "set `time.format: '%Y%m%d'`"),
        (r"^\d{12,13}(\.0)?$", "milliseconds since 1970? set `time.format: epoch_ms`"),
        (r"^\d{9,10}(\.0+)?$", "seconds since 1970? set `time.format: epoch_s`"),
        (r"^[2-9]\d{4}(\.\d+)?$", "days of a spreadsheet? set `time.format: excel`"),
        (r"^\d{1,2}(:\d{2})?$", "the date stands in another column? name it in `time.column` and this one in `time.hour_column`"),
        (r"[A-Za-z]{3,}", "a line of units or a total? leave it out (`skip_after_header`, `where`), or set `time.format`"),
    )
    found = next((step for pattern, step in guesses if re.search(pattern, text)), None)
    return found or "correct them, name the time column in `time.column`, or set `time.format`"


def _slashed(examples: list[Any]) -> str:
    pairs = [m for e in examples if (m := re.match(r"\s*(\d{1,2})/(\d{1,2})/", str(e)))]
    clock = _clock_of(str(examples[0])) if examples else ""
    if any(int(m[1]) > 12 for m in pairs):
        return f"set `time.format: '%d/%m/%Y{clock}'`"
    if any(int(m[2]) > 12 for m in pairs):
        return f"set `time.format: '%m/%d/%Y{clock}'`"
    return f"day first or month first? say which: `time.format: '%d/%m/%Y{clock}'` or '%m/%d/%Y{clock}'"


def _clock_of(text: str) -> str:
    if re.search(r"\d{2}:\d{2}:\d{2}", text):
        return " %I:%M:%S %p" if re.search("[AP]M", text, re.IGNORECASE) else " %H:%M:%S"
    if re.search(r"\d{1,2}:\d{2}", text):
        return " %I:%M %p" if re.search("[AP]M", text, re.IGNORECASE) else " %H:%M"
    return ""
