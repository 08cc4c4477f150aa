"""Raw frames by day and by vintage.

What belongs here: taking a frame of a raw table apart. What does not: what was known at a
decision time (`archive`), or adding vintages (ingestion).
"""

from __future__ import annotations

from datetime import date, datetime

import polars as pl

from energy_pipeline.contracts import table as contract_of


def by_day(frame: pl.DataFrame) -> dict[date, pl.DataFrame]:
    """Rows of each delivery day, in the frame's order.

    >>> day = date(2026, 3, 29)
    >>> by_day(pl.DataFrame({"delivery_day": [day, day], "value": [1, 2]}))[day]["value"].to_list()
    [1, 2]
    """
    return {part["delivery_day"][0]: part for part in frame.partition_by("delivery_day", maintain_order=True)}


def first_vintages(table: str, rows: pl.DataFrame) -> pl.DataFrame:
    """The first vintage of every row of a raw table, sorted by its key.

    Parameters
    ----------
    table : str
        Whose key tells rows apart.
    rows : DataFrame
        Every vintage.
    """
    key = list(contract_of(table).key)
    return rows.sort(*key, "known_at", maintain_order=True).unique(subset=key, keep="first", maintain_order=True)


def last_known(*frames: pl.DataFrame) -> datetime | None:
    """The latest `known_at` of raw frames, UTC; None when none has a row."""
    found = [frame["known_at"].max() for frame in frames]
    return max((at for at in found if isinstance(at, datetime)), default=None)
