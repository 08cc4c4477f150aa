"""Values that cannot be known yet: no row is made of them, and the reader is told.

What belongs here: the one rule by which zeros that fill the future, and actuals of the future, are told from real values.
What does not: a source's own sign for "no value" (null, a missing position): its parser reads that.

The rule. Zero is a legal price and a legal output, so zero alone says nothing. It is not a value when
1. an actual's interval has not ended when the answer came (whatever the value),
2. the publication rule says the row was not due when the answer came, and it is exactly 0,
3. it is a load: no zone's load is 0,
4. it is a price and exact zeros fill the last three hours or more of a delivery day. Of 13,512 measured zone-days 2015-2025
   (DE-LU, ES, FR, IT-North, 529 of them with zeros, one with 19 in a row) none ended on more than one hour of zeros. Such a
   day is a legal result all the same: its rows are marked, and taken when a second source shows the same zeros (`ingestion.live`).
"""

from __future__ import annotations

from datetime import datetime

import polars as pl

from energy_pipeline.desk.sources import KnownAt
from energy_pipeline.information.known_at import apply

UNCONFIRMED = "unconfirmed"
"""Column of rows that are values only when a second source shows the same."""
TRAILING_MINUTES = 180
"""Exact zeros of a price that reach the day's end for this long are held [min]."""


def known_only(frame: pl.DataFrame, value: str, rule: KnownAt, time_zone: str, received_at: datetime) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """The rows that were known when the answer came, and what was left out.

    Parameters
    ----------
    frame : DataFrame
        With `delivery_start`, `resolution_minutes` and the value column, of one or several series.
    value : str
        Such as `price_eur_mwh`; its name says whether it is a price, a load or an output.
    rule : KnownAt
        Of the dataset: the earliest instant by which a row is published.
    received_at : datetime
        When the answer was here.

    Returns
    -------
    frame, notes
        In the order given; with a column `unconfirmed` where rows of it need a second source that agrees.
    """
    if frame.is_empty() or frame[value].null_count() == frame.height:
        return frame, ()
    own = frame.with_columns(
        _day=pl.col("delivery_start").dt.convert_time_zone(time_zone).dt.date(),
        _end=pl.col("delivery_start") + pl.duration(minutes=pl.col("resolution_minutes")),
        _zero=(pl.col(value) == 0.0).fill_null(False),
    )
    future = (pl.col("_end") > received_at) if rule.anchor == "interval_end" else pl.lit(False)
    reasons = {
        "lie in the future of an actual series": future,
        "are zero and were not due yet": pl.col("_zero") & _not_due(own, rule, time_zone, received_at),
        "are a load of zero": pl.col("_zero") if value.startswith("load") else pl.lit(False),
    }
    gone, notes = pl.lit(False), []
    for text, reason in reasons.items():
        notes += _told(own.filter(reason & ~gone), f"{text}: not known")
        gone = gone | reason
    own = own.filter(~gone)
    if value.startswith("price"):
        marked = own.with_columns(_trailing(own).alias(UNCONFIRMED))
        notes += _told(marked.filter(UNCONFIRMED), "are zeros up to the end of the day: not known until a second source shows them")
        own = marked if marked[UNCONFIRMED].any() else own
    return own.drop("_day", "_end", "_zero"), tuple(notes)


def _told(rows: pl.DataFrame, text: str) -> list[str]:
    return [f"{rows.height} values from {rows.sort('delivery_start')['delivery_start'][0]:%Y-%m-%d %H:%MZ} {text}"] if rows.height else []


def _not_due(own: pl.DataFrame, rule: KnownAt, time_zone: str, received_at: datetime) -> pl.Expr:
    if rule.anchor == "interval_end":
        return (pl.col("_end") + pl.duration(minutes=rule.minutes)) > received_at
    if rule.anchor != "delivery_day":
        return pl.lit(False)
    late = [day for day in own["_day"].unique() if apply(rule, day, time_zone) > received_at]
    return pl.col("_day").is_in(late)


def _trailing(own: pl.DataFrame) -> pl.Expr:
    """Rows of the zeros that end a day, where they last long enough."""
    run = pl.col("_zero").cast(pl.Int64).reverse().cum_prod().reverse().over("_day") == 1
    minutes = pl.when(run).then(pl.col("resolution_minutes")).otherwise(0).sum().over("_day")
    found = own.sort("delivery_start").filter(run & (minutes >= TRAILING_MINUTES))
    return pl.col("delivery_start").is_in(found["delivery_start"].implode())
