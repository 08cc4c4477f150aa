"""ENTSO-E market documents: bytes in, periods with one value per interval out.

What belongs here: the XML of the platform (local names, whatever the namespace's version; curve types; calendar
steps; Acknowledgements). What does not: which series are meant (`selection`), outage notices (`outages`), tables.

Source: IEC 62325-351 and the platform's implementation guides. Curve type A03: a position left out inside a Period
repeats the one before it, up to the Period's end and never beyond; between Periods nothing is known.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET  # bytes from the network: a DOCTYPE is refused before parsing, so no entity can expand
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from energy_pipeline.domain.delivery import FloatArray, IntArray, local_instant, to_us
from energy_pipeline.ingestion.connectors.contract import AnswerError

_MINUTES = re.compile(r"PT(\d+)(M|H)")
_CALENDAR = re.compile(r"P(\d+)(D|M|Y)")
_VALUES = ("price.amount", "quantity", "imbalance_Price.amount")
_US = 1_000_000


@dataclass(frozen=True)
class Document:
    """A parsed document: its root's facts and its TimeSeries."""

    kind: str
    facts: dict[str, str]
    root: ET.Element
    space: str

    def series(self) -> Iterator[TimeSeries]:
        """Every TimeSeries, in the order of the document."""
        for element in self.root.iter(f"{self.space}TimeSeries"):
            yield TimeSeries(_texts(element, self.space), element, self.space)

    def reasons(self) -> list[str]:
        """Texts of the Reason elements, of an Acknowledgement above all."""
        return [(r.findtext(f"{self.space}text") or "").strip() for r in self.root.iter(f"{self.space}Reason")]


@dataclass(frozen=True)
class TimeSeries:
    """One TimeSeries: its facts by local name, and its Periods."""

    facts: dict[str, str]
    element: ET.Element
    space: str

    def periods(self, time_zone: str) -> Iterator[Period]:
        """Every Period, its curve carried; `time_zone` is the area's, for steps of days, weeks and years."""
        carry = self.facts.get("curveType") == "A03"
        for element in self.element:
            if element.tag in (f"{self.space}Period", f"{self.space}Available_Period", f"{self.space}WindPowerFeedin_Period"):
                yield _period(element, self.space, time_zone, carry=carry)


@dataclass(frozen=True)
class Period:
    """One value per interval: starts [us since epoch], lengths [min] and values, all of shape (known,), in order."""

    start: datetime
    end: datetime
    resolution: str
    starts_us: IntArray
    minutes: IntArray
    values: FloatArray
    points: int


def read(body: bytes) -> Document:
    """The document in a body.

    Raises
    ------
    AnswerError
        When the body is no complete XML document, or declares a DOCTYPE.
    """
    if b"<!DOCTYPE" in body[:4096]:
        raise AnswerError("the body declares a DOCTYPE: no document of the platform does -> look at the archived answer")
    try:
        root = ET.fromstring(body)  # noqa: S314 - no DOCTYPE, so no entities
    except ET.ParseError as error:
        raise AnswerError(f"the body is no complete XML document ({error}; {len(body)} bytes) -> ask again; the answer is in the archive") from error
    space = root.tag[: root.tag.index("}") + 1] if root.tag.startswith("{") else ""
    return Document(root.tag.removeprefix(space), _texts(root, space), root, space)


def instant(text: str) -> datetime:
    """A UTC instant as documents write it, with or without seconds.

    >>> instant("2024-10-05T22:00Z").isoformat()
    '2024-10-05T22:00:00+00:00'
    """
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise AnswerError(f"{text!r} is no instant") from None
    if found.tzinfo is None:
        raise AnswerError(f"{text!r} has no time zone")
    return found.astimezone(UTC)


def boundaries(start: datetime, end: datetime, resolution: str, time_zone: str) -> IntArray:
    """Interval boundaries of a Period [us since epoch], shape (intervals + 1,).

    Minutes and hours are real time from the start; days, weeks (P7D), months and years are steps of the local calendar.

    >>> spring = datetime(2026, 3, 28, 23, tzinfo=UTC), datetime(2026, 3, 30, 22, tzinfo=UTC)
    >>> (np.diff(boundaries(*spring, "P1D", "Europe/Copenhagen")) // 3_600_000_000).tolist()
    [23, 24]
    """
    if match := _MINUTES.fullmatch(resolution):
        step = int(match[1]) * (60 if match[2] == "H" else 1) * 60 * _US
        span = to_us(end) - to_us(start)
        if step == 0 or span <= 0 or span % step:
            raise AnswerError(f"Period {start:%Y-%m-%dT%H:%MZ}..{end:%Y-%m-%dT%H:%MZ} is no whole number of {resolution}")
        return to_us(start) + np.arange(span // step + 1, dtype=np.int64) * step
    match = _CALENDAR.fullmatch(resolution)
    if match is None or int(match[1]) == 0:
        raise AnswerError(f"resolution {resolution!r} is unknown")
    local, found = start.astimezone(ZoneInfo(time_zone)), [to_us(start)]
    while found[-1] < to_us(end):
        day = _step(local.date(), int(match[1]) * len(found), match[2])
        found.append(to_us(local_instant(day, local.time(), time_zone)))
    if found[-1] != to_us(end):
        raise AnswerError(f"Period {start:%Y-%m-%dT%H:%MZ}..{end:%Y-%m-%dT%H:%MZ} is no whole number of {resolution} in {time_zone}")
    return np.array(found, dtype=np.int64)


def _step(day: date, count: int, unit: str) -> date:
    if unit == "D":
        return day + timedelta(days=count)
    months = day.year * 12 + day.month - 1 + count * (12 if unit == "Y" else 1)
    return day.replace(year=months // 12, month=months % 12 + 1)


def _period(element: ET.Element, space: str, time_zone: str, *, carry: bool) -> Period:
    start, end = interval(element, space)
    resolution = (element.findtext(f"{space}resolution") or "").strip()
    edges = boundaries(start, end, resolution, time_zone)
    positions, values = _points(element, space, len(edges) - 1)
    if carry and len(positions):
        counts = np.diff(np.append(positions, len(edges)))
        values, positions = np.repeat(values, counts), np.arange(positions[0], len(edges))
    starts, ends = edges[positions - 1], edges[positions]
    return Period(start, end, resolution, starts, (ends - starts) // (60 * _US), values, len(element.findall(f"{space}Point")))


def _points(element: ET.Element, space: str, count: int) -> tuple[IntArray, FloatArray]:
    """Positions (rising, 1..count) and values of a Period's points."""
    texts = [e.text or "" for e in element.iter(f"{space}position")]
    amounts: list[str] = next((found for name in _VALUES if (found := [e.text or "" for e in element.iter(f"{space}{name}")])), [])
    if len(texts) != len(amounts):
        raise AnswerError(f"a Period has {len(texts)} positions and {len(amounts)} values")
    try:
        positions, values = np.array(texts, dtype=np.float64).astype(np.int64), np.array(amounts, dtype=np.float64)
    except ValueError as error:
        raise AnswerError(f"a point holds no number: {error}") from None
    if len(positions) and (np.any(np.diff(positions) <= 0) or positions[0] < 1 or positions[-1] > count):
        raise AnswerError(f"positions {positions[0]}..{positions[-1]} do not rise within 1..{count}")
    if not np.all(np.isfinite(values)):
        raise AnswerError("a point holds a value that is not finite")
    return positions, values


def interval(element: ET.Element, space: str) -> tuple[datetime, datetime]:
    """Start and end of an element's `timeInterval`, nested or with dotted names."""
    nested = element.find(f"{space}timeInterval")
    if nested is not None:
        start, end = nested.findtext(f"{space}start"), nested.findtext(f"{space}end")
    else:
        start, end = element.findtext(f"{space}timeInterval.start"), element.findtext(f"{space}timeInterval.end")
    if not start or not end:
        raise AnswerError("a Period names no start or end")
    return instant(start), instant(end)


def _texts(element: ET.Element, space: str) -> dict[str, str]:
    """Texts of an element's children by local name, those of MktPSRType with them."""
    found: dict[str, str] = {}
    for child in element:
        name = child.tag.removeprefix(space)
        if name == "MktPSRType":
            found |= _texts(child, space)
        elif child.text and not len(child):
            found.setdefault(name, child.text.strip())
    return found
