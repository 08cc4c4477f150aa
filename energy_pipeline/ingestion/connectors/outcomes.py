"""What an answer can say: rows, or one of seven other things, each with its own next step.

What belongs here: the outcomes. What does not: deciding which one an answer is (each connector), or acting on it (the client).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl


@dataclass(frozen=True)
class Rows:
    """The answer holds values.

    Attributes
    ----------
    frame : DataFrame
        `delivery_start` (Datetime us UTC, start of the interval), `resolution_minutes` (Int32), the dataset's
        value columns in the contract's units, and key columns that the request does not fix (`technology`,
        `issued_at`, `outage_id`): whoever reads filters by them. Unique per key and `delivery_start`, sorted.
        A column `unconfirmed`, where there is one, marks rows that are values only when a second source shows the same.
        No row for what is not known (never a zero). `delivery_start` may be absent where the table has none
        (outages: `starts_at`, `ends_at`).
    notes : tuple of str
        What a reader of the day's page should know, such as the licence of the zone.
    """

    frame: pl.DataFrame = field(repr=False)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class NotYet:
    """The source has no data for the span: not published yet, or nothing at all. No failure; ask again on schedule."""

    reason: str


@dataclass(frozen=True)
class Unauthorised:
    """The token is missing, wrong or not yet active: asking again does not help."""

    reason: str


@dataclass(frozen=True)
class Throttled:
    """Too many requests: wait, then ask again. `wait_seconds`: as the source says, None where it does not."""

    reason: str
    wait_seconds: float | None = None


@dataclass(frozen=True)
class Unavailable:
    """The source is broken for now (5xx, a maintenance page with status 200): retry, then the second source.

    `reached` is False where not even a connection came: the next question would not get further.
    """

    reason: str
    reached: bool = True


@dataclass(frozen=True)
class Refused:
    """The source refuses the question. `split`: the span is too long, halve it; else the question itself is wrong."""

    reason: str
    split: bool = False


@dataclass(frozen=True)
class Changed:
    """The body is not the format we know: changed schema, truncated, another currency or unit. A named error."""

    reason: str


@dataclass(frozen=True)
class Listed:
    """The answer is a list of documents: path and parameters of those that are meant. Each is asked for once and never changes."""

    documents: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    reason: str = "a list of documents"


Parsed = Rows | NotYet | Unauthorised | Throttled | Unavailable | Refused | Changed | Listed
