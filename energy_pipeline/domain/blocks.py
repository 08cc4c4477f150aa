"""Delivery blocks: base, peak and off-peak profiles of a day.

What belongs here: which intervals a block contract delivers in. What does not:
quotes or positions. Peak is Monday to Friday 08-20 local, holidays included.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from energy_pipeline.domain.delivery import DeliveryDay, FloatArray

Block = Literal["base", "peak", "offpeak"]
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
    peak = (hours >= PEAK_FIRST_HOUR) & (hours < PEAK_END_HOUR) & (day.day.weekday() < 5)
    return peak.astype(np.float64) if block == "peak" else (~peak).astype(np.float64)
