"""What is done to a series' rows after they are read: duplicates, values carried forward, short rows averaged, sums.

What belongs here: arithmetic and bookkeeping on rows of one series. What does not: reading the file (`files`).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import polars as pl

from energy_pipeline.contracts import Table
from energy_pipeline.desk import Desk
from energy_pipeline.desk.layout import ValueMap

OUTAGE_ZERO = ";outage_zero"
"""Part of `source` on rows whose zero the desk reads as an outage (their value is null)."""
MERGED = ";equal_rows_merged"
"""Part of `source` on a row that its file has more than once, always the same."""
CARRIED = ";carried_forward"
"""Part of `source` on a row that its file leaves out because it repeats the one before."""
FINE_MINUTES = 5


def combine(columns: list[pl.Series], rule: ValueMap) -> tuple[pl.Series, pl.Series]:
    """(sum of the columns x factor + offset, mask of zeros read as outage).

    A null summand makes the sum null or counts as 0 (`null_in_sum`); all null is null
    either way. Outage zeros are judged on the sum as the file has it.

    Examples
    --------
    >>> rule = ValueMap(columns=("a", "b"), factor=2, null_in_sum="is_zero", zero_is_outage=True)
    >>> value, outage = combine([pl.Series([1.0, 0.0, None]), pl.Series([None, 0.0, None])], rule)
    >>> value.to_list(), outage.to_list()
    ([2.0, None, None], [False, True, False])
    """
    frame = pl.DataFrame([c.alias(str(i)) for i, c in enumerate(columns)])
    names = [pl.col(n) for n in frame.columns]
    total = pl.sum_horizontal(*names, ignore_nulls=rule.null_in_sum == "is_zero")
    frame = frame.select(pl.when(pl.all_horizontal(*(n.is_null() for n in names))).then(None).otherwise(total).alias("sum"))
    outage = (pl.col("sum") == 0.0).fill_null(False) if rule.zero_is_outage else pl.lit(False)
    value = pl.when(outage).then(None).otherwise(pl.col("sum") * rule.factor + rule.offset)
    if rule.clip_negative:
        value = value.clip(lower_bound=0.0)
    done = frame.select(value.alias("value"), outage.alias("outage"))
    return done["value"], done["outage"]


def merged(frame: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    """Rows that say the same of the same interval as one, known when the first was; `source` says so."""
    same = [c for c in frame.columns if c not in ("source", "known_at")]
    if frame.is_empty() or not frame.select(same).is_duplicated().any():
        return frame
    doubled = pl.len().over(same) > 1
    noted = frame.with_columns(pl.when(doubled).then(pl.col("source") + MERGED).otherwise("source").alias("source"))
    return noted.sort([*key, "known_at"], maintain_order=True).unique(subset=same, keep="first", maintain_order=True)


def carried_forward(frame: pl.DataFrame, desk: Desk, minutes: int, *, knows_each_interval: bool) -> pl.DataFrame:
    """Each day's intervals that have no row, with the values of the one before on the same day.

    Parameters
    ----------
    frame : DataFrame
        Rows of one series. Nothing is carried into a day that has no row, nor before a day's first row.
    minutes : int
        Length of a row.
    knows_each_interval : bool
        Whether a row is known in relation to its own interval: then so is the carried one.
    """
    days = frame["delivery_day"].unique().sort().to_list()
    if not days:
        return frame
    starts = [pl.DataFrame({"delivery_day": d, "delivery_start": desk.delivery_day(d).interval_starts_us(minutes)}) for d in days]
    wanted = pl.concat(starts).with_columns(pl.col("delivery_start").cast(pl.Datetime("us", "UTC")))
    missing = wanted.join(frame.select("delivery_day", "delivery_start"), on=["delivery_day", "delivery_start"], how="anti")
    before = frame.sort("delivery_start").with_columns(pl.col("delivery_start").alias("_from"))
    added = missing.sort("delivery_start").join_asof(before.drop("delivery_day"), on="delivery_start", strategy="backward", coalesce=True)
    first = frame.group_by("delivery_day", maintain_order=True).agg(pl.col("delivery_start").min().alias("_first"))
    added = added.join(first, on="delivery_day", how="left").filter(pl.col("_from") >= pl.col("_first"))
    later = pl.col("known_at") + (pl.col("delivery_start") - pl.col("_from")) if knows_each_interval else pl.col("known_at")
    added = added.with_columns(later.alias("known_at"), (pl.col("source") + CARRIED).alias("source")).select(frame.columns)
    return pl.concat([frame, added])


def _mean(column: str) -> pl.Expr:
    """Arithmetic mean; of angles the direction of the mean vector: 350 and 10 degrees are north in the mean."""
    value = pl.col(column)
    if not column.endswith("_deg"):
        return value.mean()
    return pl.arctan2(value.radians().sin().mean(), value.radians().cos().mean()).degrees().mod(360.0)


def averaged(frame: pl.DataFrame, desk: Desk, contract: Table, minutes: int, unit_of: Callable[[date], int]) -> pl.DataFrame:
    """Rows of `minutes` as means over the market's interval of their day.

    An interval of which a part has no row has none; one of which a part is unknown is unknown. It is known when its last
    part is. A row longer than a part of the interval (10 minutes in 15) counts by its share.
    """
    parts = []
    for (day,), rows in frame.sort("delivery_start").group_by("delivery_day", maintain_order=True):
        assert isinstance(day, date)  # noqa: S101 - the group's key
        unit, fine = unit_of(day), FINE_MINUTES if unit_of(day) % minutes else minutes
        first = desk.delivery_day(day).start
        pieces = pl.concat([rows.with_columns(pl.col("delivery_start").dt.offset_by(f"{m}m")) for m in range(0, minutes, fine)])
        since = (pl.col("delivery_start") - pl.lit(first)).dt.total_minutes() // unit * unit
        pieces = pieces.sort("delivery_start").with_columns(
            (pl.lit(first) + pl.duration(minutes=since)).cast(pl.Datetime("us", "UTC")).alias("delivery_start")
        )
        keys = [k for k in contract.key if k != "delivery_start"]
        values = [c.name for c in contract.columns if c.dtype in ("f64", "f32") and c.name not in keys]
        rest = [c for c in frame.columns if c not in ("delivery_start", *keys, *values, "known_at", "source", "resolution_minutes")]
        means = pieces.group_by([*keys, "delivery_start"], maintain_order=True).agg(
            *(pl.when(pl.col(v).null_count() == 0).then(_mean(v)).alias(v) for v in values),
            *(pl.col(c).first() for c in rest),
            pl.col("known_at").max(),
            pl.col("source").sort_by(pl.col("source").str.len_chars(), maintain_order=True).last(),
            pl.lit(unit, dtype=pl.Int32).alias("resolution_minutes"),
            pl.len().alias("_parts"),
        )
        parts.append(means.filter(pl.col("_parts") == unit // fine).select(frame.columns))
    return pl.concat([frame.clear(), *parts])
