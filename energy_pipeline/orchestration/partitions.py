"""One partition key for the whole graph: the delivery day.

What belongs here: the partition definition, its keys, and the look-back mappings of
edges. What does not: which asset depends on which (the assets say).
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING

import dagster as dg
from dagster._core.definitions.partitions.context import partition_loading_context

from energy_pipeline.desk import Desk

if TYPE_CHECKING:
    from dagster._core.instance.types import DynamicPartitionsStore

RANGE_START_TAG = "dagster/asset_partition_range_start"
RANGE_END_TAG = "dagster/asset_partition_range_end"
PARTITION_TAG = "dagster/partition"


class DeliveryDays(dg.DailyPartitionsDefinition):
    """Daily partitions that list their keys once a day: Dagster asks for all of them at every edge into a mart."""

    def get_partition_keys(
        self, current_time: datetime | None = None, dynamic_partitions_store: DynamicPartitionsStore | None = None
    ) -> Sequence[str]:
        """Every key up to the last that exists now."""
        with partition_loading_context(current_time, dynamic_partitions_store):
            last = self.get_last_partition_key()
        held: dict[str | None, list[str]] = self.__dict__.setdefault("_listed", {})
        if last not in held:
            held.clear()
            held[last] = list(super().get_partition_keys(current_time, dynamic_partitions_store))
        return list(held[last])


def delivery_days(desk: Desk) -> DeliveryDays:
    """Daily partitions in the desk's zone; tomorrow's exists today (`end_offset=2`), and any later day that a desk decides today.

    Dagster counts a day as available when its window has closed; offset 1 adds today,
    offset 2 tomorrow, which is the day a day-ahead desk decides.
    """
    return DeliveryDays(start_date=desk.first_delivery_day.isoformat(), timezone=desk.time_zone, end_offset=1 + max(1, desk.days_ahead))


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
