"""Small charts as inline SVG, on a local time axis of 23, 24 or 25 hours.

What belongs here: drawing of bands, step lines and bars from arrays. What does not:
reading frames, or colours (the page's style sheet has them, by class, for light, dark
and print).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np

from energy_pipeline.domain.delivery import DeliveryDay, FloatArray, from_us, to_us
from energy_pipeline.reporting import readout
from energy_pipeline.reporting.view import MINUS

if TYPE_CHECKING:
    from markupsafe import Markup

WIDTH, LEFT, RIGHT, TOP, BOTTOM = 360.0, 38.0, 8.0, 8.0, 20.0
TICK_EVERY_HOURS = 3
HOUR_US = 3_600_000_000


@dataclass(frozen=True)
class Steps:
    """A quantity constant over each interval.

    Attributes
    ----------
    starts_us : list of int
        Interval starts [us since epoch].
    minutes : int
        Length of an interval.
    values : list of float or None
        None or NaN leaves a hole.
    """

    css: str
    starts_us: Sequence[int]
    minutes: int
    values: Sequence[float | None]


@dataclass(frozen=True)
class Band:
    """An area between two step lines."""

    css: str
    starts_us: Sequence[int]
    minutes: int
    lower: Sequence[float | None]
    upper: Sequence[float | None]


@dataclass(frozen=True)
class Bars:
    """Bars from zero, one per interval."""

    css: str
    starts_us: Sequence[int]
    minutes: int
    values: Sequence[float | None]


Mark = Steps | Band | Bars


def hour_ticks(day: DeliveryDay) -> list[tuple[float, str]]:
    """Position (share of the day) and wall-clock label of every third local hour.

    A skipped hour has no tick, a repeated one is labelled at its first occurrence;
    the axis itself is elapsed time, so no hour is lost or drawn twice.

    >>> from datetime import date
    >>> [label for _, label in hour_ticks(DeliveryDay(date(2019, 3, 31), "Europe/Berlin"))]
    ['00', '03', '06', '09', '12', '15', '18', '21', '24']
    """
    zone = ZoneInfo(day.time_zone)
    start, hours = to_us(day.start), day.hours
    local = [from_us(start + i * HOUR_US).astimezone(zone).hour for i in range(hours)]
    ticks = [(i / hours, f"{h:02d}") for i, h in enumerate(local) if h % TICK_EVERY_HOURS == 0 and h not in local[:i]]
    return [*ticks, (1.0, "24")]


def clock_change(day: DeliveryDay) -> tuple[float, str] | None:
    """Where on the day the clock changes (share of the day) and what happens, if it does."""
    if day.hours == 24:
        return None
    zone = ZoneInfo(day.time_zone)
    start = to_us(day.start)
    local = [from_us(start + i * HOUR_US).astimezone(zone).hour for i in range(day.hours)]
    for i in range(1, day.hours):
        if local[i] == local[i - 1]:
            return i / day.hours, f"{local[i]:02d} repeats"
        if local[i] != local[i - 1] + 1:
            return i / day.hours, f"{local[i - 1] + 1:02d} skipped"
    return None


def nice_ticks(low: float, high: float, wanted: int = 4) -> list[float]:
    """Round values that span [low, high].

    >>> nice_ticks(-12.0, 87.0)
    [-25.0, 0.0, 25.0, 50.0, 75.0, 100.0]
    """
    if not high > low:
        low, high = low - 1.0, high + 1.0
    raw = (high - low) / wanted
    magnitude = 10.0 ** math.floor(math.log10(raw))
    step = next(m * magnitude for m in (1.0, 2.0, 2.5, 5.0, 10.0) if m * magnitude >= raw)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [round(i * step, 10) + 0.0 for i in range(first, last + 1)]


def day_chart(title: str, unit: str, day: DeliveryDay, marks: Sequence[Mark], *, height: float = 145.0, zero: bool = False) -> Markup:
    """A chart over one delivery day.

    Parameters
    ----------
    title, unit : str
        What is drawn and its unit; both are read out by screen readers.
    marks : sequence of Mark
        Drawn in order, the last on top.
    zero : bool
        Include zero in the value axis.
    """
    from markupsafe import Markup, escape

    ticks = _value_ticks(marks, zero)
    frame = _Frame(day, ticks[0], ticks[-1], height)
    asked = readout.of_day(day, _drawn(marks), LEFT, WIDTH - RIGHT)
    parts = [
        f'<svg class="chart" viewBox="0 0 {WIDTH:g} {height:g}" role="img" aria-label="{escape(f"{title} [{unit}]")}"{asked}>',
        f"<title>{escape(title)} [{escape(unit)}], {escape(day.time_zone)} wall clock</title>",
        *_axes(frame, ticks),
    ]
    for mark in marks:
        if isinstance(mark, Band):
            parts.append(f'<path class="{mark.css}" d="{frame.area(mark)}"/>')
        elif isinstance(mark, Bars):
            parts += frame.bars(mark)
        else:
            parts.append(f'<path class="{mark.css}" d="{frame.steps(mark)}"/>')
    parts.append("</svg>")
    return Markup("".join(parts))  # noqa: S704 - numbers and our own class names; the title is escaped


def _drawn(marks: Sequence[Mark]) -> list[readout.Drawn]:
    ends = [(m.upper, m.lower) if isinstance(m, Band) else (m.values, None) for m in marks]
    return [readout.Drawn(m.css, m.starts_us, m.minutes, values, lower) for m, (values, lower) in zip(marks, ends, strict=True)]


def _array(values: Sequence[float | None]) -> FloatArray:
    return np.array([np.nan if v is None else v for v in values], dtype=np.float64)


def _value_ticks(marks: Sequence[Mark], zero: bool) -> list[float]:
    found: list[float] = [0.0] if zero else []
    for mark in marks:
        for values in (mark.lower, mark.upper) if isinstance(mark, Band) else (mark.values,):
            array = _array(values)
            found += array[np.isfinite(array)].tolist()
    return nice_ticks(min(found), max(found)) if found else [0.0, 1.0]


class _Frame:
    """The mapping from time and value to the drawing."""

    def __init__(self, day: DeliveryDay, low: float, high: float, height: float) -> None:
        self.day, self.low, self.high, self.height = day, low, high, height
        self.start, self.span = to_us(day.start), to_us(day.end) - to_us(day.start)

    def x(self, moment_us: float) -> float:
        return self.x_share((moment_us - self.start) / self.span)

    def x_share(self, share: float) -> float:
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        return TOP + (self.high - value) / (self.high - self.low) * (self.height - TOP - BOTTOM)

    def _edges(self, starts_us: Sequence[int], minutes: int) -> list[tuple[float, float]]:
        return [(self.x(s), self.x(s + minutes * 60_000_000)) for s in starts_us]

    def steps(self, mark: Steps) -> str:
        path: list[str] = []
        end: float | None = None
        for (x0, x1), value in zip(self._edges(mark.starts_us, mark.minutes), _array(mark.values).tolist(), strict=True):
            if not math.isfinite(value):
                end = None
                continue
            joined = end is not None and abs(end - x0) < 1e-6
            path.append(f"{'L' if joined else 'M'}{x0:.1f} {self.y(value):.1f}H{x1:.1f}")
            end = x1
        return "".join(path)

    def area(self, mark: Band) -> str:
        rows = zip(self._edges(mark.starts_us, mark.minutes), _array(mark.lower).tolist(), _array(mark.upper).tolist(), strict=True)
        runs: list[list[tuple[float, float, float, float]]] = [[]]
        for (x0, x1), lower, upper in rows:
            if not (math.isfinite(lower) and math.isfinite(upper)):
                runs.append([])
                continue
            if runs[-1] and abs(runs[-1][-1][1] - x0) > 1e-6:
                runs.append([])
            runs[-1].append((x0, x1, self.y(lower), self.y(upper)))
        path: list[str] = []
        for run in runs:
            if run:
                there = "".join(f"L{x0:.1f} {up:.1f}H{x1:.1f}" for x0, x1, _, up in run)
                back = "".join(f"L{x1:.1f} {low:.1f}H{x0:.1f}" for x0, x1, low, _ in reversed(run))
                path.append(f"M{there[1:]}{back}Z")
        return "".join(path)

    def bars(self, mark: Bars) -> list[str]:
        zero = self.y(0.0)
        drawn: list[str] = []
        for (x0, x1), value in zip(self._edges(mark.starts_us, mark.minutes), _array(mark.values).tolist(), strict=True):
            if math.isfinite(value) and value != 0:
                y, tall = min(zero, self.y(value)), abs(self.y(value) - zero)
                gap = min(1.0, (x1 - x0) * 0.15)
                css = mark.css if value > 0 else f"{mark.css} negative"
                drawn.append(f'<rect class="{css}" x="{x0 + gap / 2:.1f}" y="{y:.1f}" width="{x1 - x0 - gap:.1f}" height="{tall:.1f}"/>')
        return drawn


def _axes(frame: _Frame, ticks: Sequence[float]) -> list[str]:
    from markupsafe import escape

    bottom, right = frame.height - BOTTOM, WIDTH - RIGHT
    digits = 0 if all(float(t).is_integer() for t in ticks) else 2
    parts = []
    for tick in ticks:
        y = frame.y(tick)
        css = "grid zero" if tick == 0 else "grid"
        label = f"{tick:,.{digits}f}".replace("-", MINUS)
        parts.append(f'<line class="{css}" x1="{LEFT:g}" x2="{right:g}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text class="tick" text-anchor="end" x="{LEFT - 5:g}" y="{y + 3:.1f}">{label}</text>')
    for share, label in hour_ticks(frame.day):
        x = frame.x_share(share)
        parts.append(f'<line class="hour" x1="{x:.1f}" x2="{x:.1f}" y1="{bottom:g}" y2="{bottom + 3:g}"/>')
        parts.append(f'<text class="tick" text-anchor="middle" x="{x:.1f}" y="{bottom + 13:g}">{label}</text>')
    change = clock_change(frame.day)
    if change is not None:
        x = frame.x_share(change[0])
        parts.append(f'<line class="change" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP:g}" y2="{bottom:g}"/>')
        parts.append(f'<text class="tick" x="{x + 3:.1f}" y="{TOP + 7:g}">{escape(change[1])}</text>')
    return parts
