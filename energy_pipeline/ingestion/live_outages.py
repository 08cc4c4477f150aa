"""Outage notices over all answers: what each delivery day loses by unit, as known at each sighting.

What belongs here: the newest revision of each notice, cancelled ones left out, the smallest available value per unit.
What does not: reading notices (the connector), when a row was known (`live`).
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from energy_pipeline.ingestion.connectors.entsoe.outages import in_force

_DAY_KEY = ["outage_id", "delivery_day"]


def unit_days(answers: Sequence[pl.DataFrame], time_zone: str) -> list[pl.DataFrame]:
    """For each answer's notices, in order of receipt, the unit-days by all notices seen until then; a unit that is back has 0 MW unavailable.

    Columns: `outage_id` (the unit), `delivery_day`, `fuel`, `unavailable_mw`, `starts_at`, `ends_at`.
    """
    found: list[pl.DataFrame] = []
    for count in range(1, len(answers) + 1):
        now = _days(in_force(pl.concat(answers[:count]).unique(maintain_order=True)), time_zone)
        gone = found[-1].join(now, on=_DAY_KEY, how="anti").with_columns(unavailable_mw=pl.lit(0.0)) if found else now.head(0)
        found.append(pl.concat([now, gone]))
    return found


def _days(notices: pl.DataFrame, time_zone: str) -> pl.DataFrame:
    """The binding stretch of each unit and local day."""
    first = pl.col("starts_at").dt.convert_time_zone(time_zone).dt.date()
    last = (pl.col("ends_at") - pl.duration(microseconds=1)).dt.convert_time_zone(time_zone).dt.date()
    days = notices.filter(pl.col("ends_at") > pl.col("starts_at")).with_columns(delivery_day=pl.date_ranges(first, last)).explode("delivery_day")
    order = days.sort([*_DAY_KEY, "unavailable_mw", "starts_at", "ends_at"], descending=[False, False, True, False, False], maintain_order=True)
    return order.unique(_DAY_KEY, keep="first", maintain_order=True).select(*_DAY_KEY, "fuel", "unavailable_mw", "starts_at", "ends_at")
