"""What a page is made of: sections, tables, cells, and how numbers are written.

What belongs here: small view objects and number formats. What does not: reading
frames (`sections`), drawing (`charts`), HTML (the template).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from markupsafe import Markup

Tone = Literal["", "ok", "warn", "bad", "muted", "strong"]
UNKNOWN = "\N{EN DASH}"
MONEY = "\N{CURRENCY SIGN}"
"""Stands for the desk's currency in every text of the page until it is rendered."""
MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True)
class Cell:
    """One cell: text, tone, and for a bar the signed share of the widest (-1 .. 1)."""

    text: str
    tone: Tone = ""
    bar: float | None = None
    pill: bool = False


@dataclass(frozen=True)
class Head:
    """A column head with its unit."""

    text: str
    unit: str = ""
    numeric: bool = True


@dataclass(frozen=True)
class TableView:
    """A table; `total` is a last row set apart."""

    caption: str
    heads: Sequence[Head]
    rows: Sequence[Sequence[Cell]]
    total: Sequence[Cell] = ()


@dataclass(frozen=True)
class ChartView:
    """A drawn chart with its legend: (class of the mark, text)."""

    caption: str
    svg: Markup
    legend: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class Source:
    """Where a section's numbers come from: asset, partition, data and code version."""

    table: str
    partition: str
    content_hash: str
    code: str = ""


@dataclass(frozen=True)
class Section:
    """One section of the page. `notes` are sentences; `pending` says why there is nothing yet."""

    key: str
    title: str
    tables: Sequence[TableView] = ()
    charts: Sequence[ChartView] = ()
    notes: Sequence[str] = ()
    pending: str = ""
    sources: Sequence[Source] = ()
    narrow: bool = False


@dataclass(frozen=True)
class Tile:
    """A headline number with the limit it is held against, and the section that explains it."""

    label: str
    value: str
    unit: str
    detail: str = ""
    tone: Tone = ""
    used: float | None = None
    status: str = ""
    section: str = ""


@dataclass(frozen=True)
class Page:
    """Everything the template needs: `charts` stand on the first screen, `links` are text and relative address."""

    title: str
    facts: Sequence[tuple[str, str]]
    flags: Sequence[Cell]
    tiles: Sequence[Tile]
    sections: Sequence[Section]
    provenance: Sequence[Source] = field(default_factory=tuple)
    charts: Sequence[ChartView] = ()
    links: Sequence[tuple[str, str]] = ()
    glossary: Sequence[tuple[str, str]] = ()


def number(value: float | None, digits: int = 0) -> str:
    """A number with thousands separators and a true minus; a dash where it is unknown.

    >>> number(-1234.56, 1) == f"{MINUS}1,234.6"
    True
    >>> number(-0.001, 1), number(None) == UNKNOWN
    ('0.0', True)
    """
    if value is None or not math.isfinite(value):
        return UNKNOWN
    text = f"{abs(value):,.{digits}f}"
    zero = not any(c in "123456789" for c in text)
    return text if value >= 0 or zero else MINUS + text


def percent(value: float | None, digits: int = 0) -> str:
    """A share as per cent.

    >>> percent(0.834)
    '83 %'
    """
    return UNKNOWN if value is None or not math.isfinite(value) else f"{number(value * 100, digits)} %"


def level(value: float) -> str:
    """A confidence level as it is spoken of.

    >>> level(0.975), level(0.95)
    ('97.5 %', '95 %')
    """
    return f"{value * 100:g} %"


def num(value: float | None, digits: int = 0, tone: Tone = "") -> Cell:
    """A number cell; unknown values are muted."""
    text = number(value, digits)
    return Cell(text, tone if text != UNKNOWN else "muted")


def share_cell(value: float | None, digits: int = 0) -> Cell:
    """A per-cent cell."""
    text = percent(value, digits)
    return Cell(text, "muted" if text == UNKNOWN else "")


def bars(values: Sequence[float | None]) -> list[Cell]:
    """Bar cells scaled to the widest of them."""
    widest = max((abs(v) for v in values if v is not None and math.isfinite(v)), default=0.0)
    return [Cell("", bar=0.0 if v is None or widest == 0 or not math.isfinite(v) else v / widest) for v in values]
