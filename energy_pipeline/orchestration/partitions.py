"""One partition key for the whole graph: the delivery day.

What belongs here: the partition definition, its keys, and the look-back mappings of
edges. What does not: which asset depends on which (the assets say).
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from datetime import date

import dagster as dg

from energy_pipeline.desk import Desk

RANGE_START_TAG = "dagster/asset_partition_range_start"
RANGE_END_TAG = "dagster/asset_partition_range_end"
PARTITION_TAG = "dagster/partition"


def delivery_days(desk: Desk) -> dg.DailyPartitionsDefinition:
    """Daily partitions in the desk's zone; tomorrow's exists today (`end_offset=2`).

    Dagster counts a day as available when its window has closed; offset 1 adds today,
    offset 2 tomorrow, which is the day a day-ahead desk decides.
    """
    return dg.DailyPartitionsDefinition(start_date=desk.first_delivery_day.isoformat(), timezone=desk.time_zone, end_offset=2)


def key_of(day: date) -> str:
    """The partition key of a delivery day.

    >>> key_of(date(2026, 3, 29))
    '2026-03-29'
    """
    return day.isoformat()


def day_of_key(key: str) -> date:
    """The delivery day of a partition key."""
    return date.fromisoformat(key)


def range_tags(first: date, last: date) -> dict[str, str]:
    """Run tags that make one run cover the delivery days `first` .. `last`."""
    return {RANGE_START_TAG: key_of(first), RANGE_END_TAG: key_of(last)}


def days_of_tags(tags: Mapping[str, str]) -> tuple[date, date] | None:
    """First and last delivery day a run's tags speak of; None for an unpartitioned run.

    >>> days_of_tags({"dagster/partition": "2026-03-29"})
    (datetime.date(2026, 3, 29), datetime.date(2026, 3, 29))
    """
    if RANGE_START_TAG in tags:
        return day_of_key(tags[RANGE_START_TAG]), day_of_key(tags[RANGE_END_TAG])
    if PARTITION_TAG in tags:
        return day_of_key(tags[PARTITION_TAG]), day_of_key(tags[PARTITION_TAG])
    return None


def look_back(asset: str, first: int, last: int = 0) -> dg.AssetDep:
    """An edge to the days D+first .. D+last of another asset (`last=-1`: up to yesterday).

    Days before the calendar's start do not exist and are left out.
    """
    with warnings.catch_warnings():  # the parameter is beta; the graph snapshot test would show a change of its meaning
        warnings.simplefilter("ignore", dg.BetaWarning)
        mapping = dg.TimeWindowPartitionMapping(start_offset=first, end_offset=last, allow_nonexistent_upstream_partitions=True)
    return dg.AssetDep(asset, partition_mapping=mapping)
