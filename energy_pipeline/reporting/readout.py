"""What a chart can be asked: its values, carried beside its drawing for the page's own script.

What belongs here: values and times of a chart's marks as one attribute. What does not: drawing (`charts`, `record_charts`), the
script that reads it (templates/charts.js). Without the script the chart is what is drawn: on paper, in mail, to a screen reader.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from energy_pipeline.domain.delivery import DeliveryDay, from_us, to_us

if TYPE_CHECKING:
    from markupsafe import Markup

HOUR_US, MINUTE_US = 3_600_000_000, 60_000_000
DIGITS = 2


@dataclass(frozen=True)
class Drawn:
    """The values of one mark: a quantity by interval, or a band's upper and lower ends."""

    css: str
    starts_us: Sequence[int]
    minutes: int
    values: Sequence[float | None]
    lower: Sequence[float | None] | None = None


def of_day(day: DeliveryDay, marks: Sequence[Drawn], left: float, right: float) -> Markup:
    """The attribute of a chart over one day: the wall-clock hours in order, and each mark's values from its first interval on.

    Parameters
    ----------
    day : DeliveryDay
    marks : sequence of Drawn
        As they are drawn; each is found under the last word of its class.
    left, right : float
        Ends of the time axis in the drawing.
    """
    zone, start = ZoneInfo(day.time_zone), to_us(day.start)
    hours = [from_us(start + i * HOUR_US).astimezone(zone).hour for i in range(day.hours)]
    return _attribute({"h": hours, "s": [_series(mark, start) for mark in marks if len(mark.starts_us)], "x": [left, right]})


def of_days(days: Sequence[date], series: Mapping[str, Sequence[float | None]], places: Sequence[float]) -> Markup:
    """The attribute of a chart over days: values by class of the mark, and where in the drawing each day stands."""
    found = [{"c": css, "v": [_short(v) for v in values]} for css, values in series.items()]
    return _attribute({"t": [day.isoformat() for day in days], "s": found, "p": [round(x, 1) for x in places]})


def _series(mark: Drawn, start_us: int) -> dict[str, object]:
    first = min(mark.starts_us)
    places = [(at - first) // (mark.minutes * MINUTE_US) for at in mark.starts_us]
    said: dict[str, object] = {"c": mark.css.split()[-1], "m": mark.minutes, "f": (first - start_us) // MINUTE_US}
    named = {"v": mark.values} if mark.lower is None else {"v": mark.values, "l": mark.lower}
    for key, values in named.items():
        row: list[float | None] = [None] * (max(places) + 1)
        for place, value in zip(places, values, strict=True):
            row[place] = _short(value)
        said[key] = row
    return said


def _short(value: float | None) -> float | int | None:
    if value is None or not math.isfinite(value):
        return None
    short = round(float(value), DIGITS)
    return int(short) if short.is_integer() else short


def _attribute(told: Mapping[str, object]) -> Markup:
    from markupsafe import Markup

    return Markup(" data-read='" + json.dumps(told, separators=(",", ":")) + "'")  # noqa: S704 - numbers, dates and our own class names
