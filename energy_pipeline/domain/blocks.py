"""Delivery blocks: base, peak, off-peak and single hours of a day.

What belongs here: which intervals a block contract delivers in. What does not:
quotes or positions. Peak is Monday to Friday 08-20 local, holidays included. `h07` is the hour
that begins at 07:00; in autumn the repeated hour delivers twice.
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from energy_pipeline.domain.delivery import DeliveryDay, FloatArray

# fmt: off
Block = Literal[
    "base", "peak", "offpeak",
    "h00", "h01", "h02", "h03", "h04", "h05", "h06", "h07", "h08", "h09", "h10", "h11",
    "h12", "h13", "h14", "h15", "h16", "h17", "h18", "h19", "h20", "h21", "h22", "h23",
]
# fmt: on
BLOCKS: tuple[Block, ...] = get_args(Block)
PEAK_FIRST_HOUR = 8
PEAK_END_HOUR = 20


def profile(block: Block, day: DeliveryDay, minutes: int) -> FloatArray:
    """1 where the block delivers, 0 elsewhere, shape (day.count(minutes),).

    >>> from datetime import date
    >>> int(profile("peak", DeliveryDay(date(2019, 4, 3), "Europe/Berlin"), 60).sum())
    12
    >>> int(profile("peak", DeliveryDay(date(2019, 3, 31), "Europe/Berlin"), 60).sum())
    0
    """
    slots = day.slots(minutes)
    if block == "base":
        return np.ones(slots.size)
    hours = slots * minutes // 60
    if block.startswith("h"):
        return np.where(hours == int(block[1:]), 1.0, 0.0)
    peak = (hours >= PEAK_FIRST_HOUR) & (hours < PEAK_END_HOUR) & (day.day.weekday() < 5)
    return peak.astype(np.float64) if block == "peak" else (~peak).astype(np.float64)
