"""Hours and intervals that a file counts: 0..23, 1..24, 1..25, 1..100, and quarters within an hour.

What belongs here: telling a number that counts through the local day from one that reads the clock, and turning
either into a wall clock or an instant. What does not: the repeated hour of a clock (`folds`).
"""

from __future__ import annotations

from datetime import date

import polars as pl

from energy_pipeline.desk.layout import TimeLabel
from energy_pipeline.domain.delivery import DeliveryDay, from_us, to_us

UNCLEAR = "a number that counts through the day or reads the clock, on a day whose clock changes"
BEYOND = "a number beyond the day"


def counted(frame: pl.DataFrame, label: TimeLabel, minutes: int) -> tuple[pl.DataFrame, str]:
    """The rows with their wall clock where they read one, with `positioned` (UTC start) where they count.

    Parameters
    ----------
    frame : DataFrame
        `wall`, `number`, `clock`, `interval`, `problem`, `group`.

    Returns
    -------
    DataFrame
        Also `unit` (minutes that a number counts), `sub` (minutes after the hour's start) and `positioned`.
    str
        What the wall clock now names: start or end.
    """
    frame = frame.with_columns(pl.lit(None, dtype=pl.Datetime("us", "UTC")).alias("positioned"), pl.lit(minutes, dtype=pl.Int64).alias("unit"))
    ranges = frame["end_wall"].null_count() < frame.height
    says = "start" if label.label == "range" or ranges else label.label
    if label.hour_column is None:
        return frame, says
    frame = frame.with_columns(pl.col("wall").dt.truncate("1d").alias("wall"))
    if frame["number"].null_count() == frame.height:
        frame = frame.with_columns((pl.col("wall") + pl.duration(minutes=pl.col("clock"))).alias("wall"))
        return _by_quarter(frame, minutes, says), "start" if says in ("start", "range") else "end"
    return _by_number(frame, label, minutes)


def _by_quarter(frame: pl.DataFrame, minutes: int, says: str) -> pl.DataFrame:
    if "interval" not in frame.columns:
        return frame
    sub = (pl.col("interval") - 1) * minutes
    return frame.with_columns(sub.alias("sub"), pl.lit(60 if says == "end" else minutes, dtype=pl.Int64).alias("unit"))


def _by_number(frame: pl.DataFrame, label: TimeLabel, minutes: int) -> tuple[pl.DataFrame, str]:
    unit = 60 if label.label != "number" or "interval" in frame.columns else minutes
    from_zero = label.label == "start"
    if "interval" in frame.columns:
        inside = pl.col("interval").is_between(1, 60 // minutes)
        frame = frame.with_columns(
            ((pl.col("interval") - 1) * minutes).alias("sub"), pl.when(~inside).then(pl.lit(BEYOND)).otherwise("problem").alias("problem")
        )
    number = pl.col("number") + (1 if from_zero else 0)
    frame = frame.with_columns(number.alias("n"), pl.lit(unit, dtype=pl.Int64).alias("unit"), pl.col("wall").dt.date().alias("day"))
    zone = label.zone if label.clock == "local" else None
    odd = _odd_days(frame, zone, unit)
    frame = frame.with_columns(
        pl.when(pl.col("n").is_between(1, 1440 // unit) | pl.col("day").is_in(list(odd))).then("problem").otherwise(pl.lit(BEYOND)).alias("problem")
    )
    frame = _on_odd_days(frame, zone or "UTC", unit, odd)
    at = pl.col("n") - (1 if from_zero else 0)
    return frame.with_columns((pl.col("wall") + pl.duration(minutes=at * unit)).alias("wall")), "start" if from_zero else "end"


def _odd_days(frame: pl.DataFrame, zone: str | None, unit: int) -> dict[date, int]:
    """Days whose clock changes, and how many intervals they have."""
    if zone is None:
        return {}
    found: dict[date, int] = {}
    for day in frame["day"].unique().drop_nulls():
        owner = DeliveryDay(day, zone)
        length = round((owner.end - owner.start).total_seconds() / 60)
        if length != 1440:
            found[day] = length // unit
    return found


def _on_odd_days(frame: pl.DataFrame, zone: str, unit: int, odd: dict[date, int]) -> pl.DataFrame:
    """On days of another length: counting or reading the clock, told by which numbers are there."""
    if not odd:
        return frame
    frame = frame.with_row_index("_at")
    for (day, _), rows in frame.filter(pl.col("day").is_in(list(odd))).group_by("day", "group", maintain_order=True):
        assert isinstance(day, date)  # noqa: S101 - the group's key
        habit = _habit(rows, day, zone, unit, odd[day])
        here = pl.col("_at").is_in(rows["_at"].to_list())
        if habit == "unclear":
            frame = frame.with_columns(pl.when(here).then(pl.lit(UNCLEAR)).otherwise("problem").alias("problem"))
        elif habit == "counts":
            first = from_us(to_us(DeliveryDay(day, zone).start))
            at = pl.lit(first).cast(pl.Datetime("us", "UTC")) + pl.duration(minutes=(pl.col("n") - 1) * unit)
            inside = pl.col("n").is_between(1, odd[day])
            frame = frame.with_columns(
                pl.when(here & inside).then(at).otherwise("positioned").alias("positioned"),
                pl.when(here & ~inside).then(pl.lit(BEYOND)).otherwise("problem").alias("problem"),
            )
    return frame.drop("_at")


def _habit(rows: pl.DataFrame, day: date, zone: str, unit: int, count: int) -> str:
    """counts, clock or unclear; counts where both are the same."""
    said = set(rows["n"].drop_nulls().to_list())
    nominal = 1440 // unit
    slots = [int(s) + 1 for s in DeliveryDay(day, zone).slots(unit)]
    if count > nominal:
        doubled = {s for s in slots if slots.count(s) > 1}
        if any(n > nominal for n in said):
            return "counts"
        if rows.select("n", "sub").is_duplicated().any() or rows["mark"].is_not_null().any():
            return "clock"
        return "counts" if max(said, default=0) <= min(doubled, default=nominal) - 1 else "unclear"
    starts = set(range(1, nominal + 1)) - set(slots)  # numbers whose start the clock skips
    ends = {s - 1 for s in starts}  # and whose end
    if any(n > count for n in said):
        return "clock"
    if (starts & said and ends & said) or max(said, default=0) < min(ends, default=nominal):
        return "counts"
    return "unclear"
