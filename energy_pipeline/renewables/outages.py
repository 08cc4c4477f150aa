"""What the outages table says of a plant: the share of its capacity that is out.

What belongs here: which rows are the plant's, the share per interval as known at a decision. What does not: standing still that
nobody announces (`availability`), outages of a zone's technologies (`features.columns`).

A row is the plant's where its `outage_id` is one of the plant's `outages`, or begins as one that ends in `*`. Rows at the same time add up,
at most to the capacity.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from energy_pipeline.desk.model import Desk, PvPlant, SharePlant
from energy_pipeline.domain.delivery import MICROSECONDS_PER_MINUTE, FloatArray, IntArray
from energy_pipeline.information.archive import InformationSet

HOUR = 60
WILD = "*"


@dataclass(frozen=True)
class Outage:
    """What is out on a day.

    Attributes
    ----------
    share : array, shape (intervals,)
        Of the plant's capacity, 0 .. 1.
    note : str
        Empty where nothing is out.
    """

    share: FloatArray
    note: str = ""


def outage_of(info: InformationSet, name: str, minutes: int) -> Outage:
    """What is announced to be out on the day, as known at its decision; nothing for a plant that names no outages."""
    plant = info.desk.plants[name]
    starts = info.day.interval_starts_us(minutes)
    if isinstance(plant, SharePlant) or not plant.outages:  # a share of a zone has none of its own
        return Outage(np.zeros(starts.size))
    most = plant.inverter_mw if isinstance(plant, PvPlant) else plant.capacity_mw
    rows = info.frame("outages").filter(pl.col("zone") == plant.zone, _named(plant.outages)).sort("outage_id", maintain_order=True)
    out, length = np.zeros(starts.size), minutes * MICROSECONDS_PER_MINUTE
    named: list[str] = []
    for outage, mw, begin, end in rows.select("outage_id", "unavailable_mw", pl.col("starts_at", "ends_at").cast(pl.Int64)).iter_rows():
        part = np.clip(np.minimum(starts + length, end) - np.maximum(starts, begin), 0, None) / length
        if part.any() and mw > 0:
            out, named = out + mw * part, [*named, outage]
    note = f"outage {', '.join(named)}: up to {min(out.max(), most):g} of {most:g} MW out" if named else ""
    return Outage(np.clip(out / most, 0.0, 1.0), note)


def lost_share(info: InformationSet, name: str, start_us: IntArray) -> FloatArray | None:
    """Share out in past hours, each as its own day's decision knew it; None for a plant that names no outages."""
    if not names_outages(info.desk, name):
        return None
    starts = np.asarray(start_us, dtype=np.int64)
    local = pl.from_epoch(pl.Series(starts.ravel()), time_unit="us").dt.replace_time_zone("UTC").dt.convert_time_zone(info.day.time_zone).dt.date()
    found = np.zeros(starts.size)
    for day in local.filter(pl.Series(starts.ravel() >= 0)).unique().sort():  # the hour that spring skips has no start
        own = info.at(day)
        share = outage_of(own, name, HOUR).share
        if share.any():
            hours = own.day.interval_starts_us(HOUR)
            place = np.clip(np.searchsorted(hours, starts.ravel(), side="right") - 1, 0, hours.size - 1)
            found = np.where((local == day).to_numpy(), share[place], found)
    return found.reshape(starts.shape)


def _named(wanted: tuple[str, ...]) -> pl.Expr:
    begins = [pl.col("outage_id").str.starts_with(text.removesuffix(WILD)) for text in wanted if text.endswith(WILD)]
    return pl.any_horizontal(pl.col("outage_id").is_in([text for text in wanted if not text.endswith(WILD)]), *begins)


def names_outages(desk: Desk, name: str) -> bool:
    """Whether the plant's output reads the outages table."""
    plant = desk.plants[name]
    return not isinstance(plant, SharePlant) and bool(plant.outages)
