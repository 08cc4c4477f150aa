"""What a connector is: requests out, rows in; the same bytes always give the same rows.

What belongs here: the plain types that pass between a connector, the client that sends and the
archive that keeps, and the rules shared by all connectors (how a span is cut, what an HTTP status
means). What does not: a source's own format (a package per source), sending, waiting, secrets and
clocks (`energy_pipeline.fetching`), turning answers into vintages (`ingestion.live`).

The way of an answer: `Connector.requests` -> the client sends -> the archive keeps the bytes ->
`Connector.parse` -> rows. A connector is pure: no clock, no network, no environment, no state.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Literal, Protocol

from energy_pipeline.desk.sources import KnownAt
from energy_pipeline.domain.delivery import local_instant
from energy_pipeline.domain.errors import SourceError
from energy_pipeline.ingestion.connectors.outcomes import Changed, NotYet, Parsed, Refused, Rows, Throttled, Unauthorised, Unavailable

__all__ = [
    "Answer",
    "AnswerError",
    "Asked",
    "Changed",
    "Connector",
    "Credential",
    "Dataset",
    "NotYet",
    "Pairs",
    "Parsed",
    "Quota",
    "Refused",
    "Request",
    "Rows",
    "Span",
    "Throttled",
    "Unauthorised",
    "Unavailable",
    "halves",
    "retry_after",
    "shown",
    "status_outcome",
]

Pairs = tuple[tuple[str, str], ...]
"""Names and values in a fixed order: hashable, and the same text each time."""


class AnswerError(SourceError):
    """An archived answer cannot become rows: the source changed its format, or the body ends too early."""


@dataclass(frozen=True)
class Asked:
    """A series as a connector is asked for it.

    Attributes
    ----------
    table : str
        Raw table of the contracts.
    key : pairs
        Key columns of the table that the desk names, such as (("zone", "FR"), ("technology", "wind")).
    dataset : str
        A name in `Connector.datasets`.
    options : pairs
        The desk file's options of the entry. For a weather location the desk's `latitude`, `longitude`
        and `height_m` are added before the connector sees it.
    time_zone : str
        IANA zone whose calendar days are the delivery days.
    """

    table: str
    key: Pairs
    dataset: str
    options: Pairs = ()
    time_zone: str = "Europe/Berlin"

    def option(self, name: str, default: str = "") -> str:
        """An option of the desk file, or its default."""
        return dict(self.options).get(name, default)

    def span(self, first_day: date, last_day: date) -> tuple[datetime, datetime]:
        """UTC instants that hold the delivery days first_day..last_day, end excluded.

        >>> asked = Asked("day_ahead_prices", (("zone", "FR"),), "prices")
        >>> [t.isoformat() for t in asked.span(date(2025, 10, 26), date(2025, 10, 26))]
        ['2025-10-25T22:00:00+00:00', '2025-10-26T23:00:00+00:00']
        """
        start = local_instant(first_day, time(0), self.time_zone)
        return start, local_instant(last_day + timedelta(days=1), time(0), self.time_zone)


@dataclass(frozen=True)
class Request:
    """One question to a source, without secrets.

    Attributes
    ----------
    source, dataset : str
        As in `Connector.source` and `Connector.datasets`.
    key : pairs
        The subject: everything beside the span that says what the rows mean (area, sequence, model, run
        where a run is asked for, ...). Requests with equal `source`, `dataset` and `key` ask the same
        question for another span or at another time; the archive keeps them together. Two series that one
        answer serves (wind and solar of a zone) must give equal requests: the client sends one.
    start, end : datetime
        UTC span that the answer covers, end excluded: what is absent in it was not there.
    host : str
        A name in `Connector.hosts`.
    path : str
        Below the host, with a leading slash.
    params : pairs
        Query parameters, without credentials.
    credential : str or None
        Name of the secret that the client adds when it sends (`Connector.credentials`), None for none.
    weight : float
        What the request counts for in the source's quota.
    immutable : bool
        Once answered with rows, it will never say anything else (a past model run): never asked again.
    """

    source: str
    dataset: str
    key: Pairs
    start: datetime
    end: datetime
    path: str
    params: Pairs = ()
    host: str = "api"
    method: str = "GET"
    credential: str | None = None
    weight: float = 1.0
    immutable: bool = False


@dataclass(frozen=True)
class Answer:
    """What came back, as it came.

    Attributes
    ----------
    request : Request
    received_at : datetime
        UTC instant at which the last byte was here.
    status : int
        HTTP status.
    headers : pairs
        Lower-case names, without cookies or anything secret.
    body : bytes
        After the transfer's own compression, before any parsing.
    """

    request: Request
    received_at: datetime
    status: int
    headers: Pairs
    body: bytes = field(repr=False)

    @cached_property
    def sha256(self) -> str:
        """Of the body: the name it is kept by."""
        return hashlib.sha256(self.body).hexdigest()

    def header(self, name: str) -> str | None:
        """A header by its lower-case name."""
        return dict(self.headers).get(name)


@dataclass(frozen=True)
class Span:
    """The longest span a request may cover, as a calendar rule counted in UTC from its start.

    >>> Span(1, "months").cut(datetime(2025, 4, 30, 22, tzinfo=UTC), datetime(2025, 5, 31, 22, tzinfo=UTC))[0][1].isoformat()
    '2025-05-30T22:00:00+00:00'
    """

    count: int
    unit: Literal["days", "weeks", "months", "years"]

    def cut(self, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
        """The fewest spans that cover [start, end), each at most this long."""
        found, begin = [], start
        while begin < end:
            stop = min(self.after(begin), end)
            found.append((begin, stop))
            begin = stop
        return found

    def after(self, begin: datetime) -> datetime:
        """The latest end of a span that starts at `begin`."""
        if self.unit in ("days", "weeks"):
            return begin + timedelta(days=self.count * (7 if self.unit == "weeks" else 1))
        months = begin.year * 12 + begin.month - 1 + self.count * (12 if self.unit == "years" else 1)
        year, month = divmod(months, 12)
        following = datetime(year + month // 11, (month + 1) % 12 + 1, 1, tzinfo=UTC)
        last = (following - timedelta(days=1)).day
        return begin.replace(year=year, month=month + 1, day=min(begin.day, last))


@dataclass(frozen=True)
class Quota:
    """What a source lets us ask.

    Attributes
    ----------
    windows : tuple of (weight, seconds)
        At most this weight of requests in any stretch of that many seconds.
    gap_seconds : float
        Least time between two requests (they are sent one after the other).
    ban_seconds : float
        How long to stay away after a 429 that names no time.
    evidence : str
        Where the numbers are from.
    """

    windows: tuple[tuple[float, float], ...]
    gap_seconds: float = 0.0
    ban_seconds: float = 60.0
    evidence: str = ""


@dataclass(frozen=True)
class Credential:
    """How a secret is sent: its value is looked up by the client under `name` (environment or secrets file).

    `place` query: as parameter `parameter`; header: as header `parameter`.
    """

    name: str
    parameter: str
    place: Literal["query", "header"] = "query"
    required: bool = True


@dataclass(frozen=True)
class Dataset:
    """One thing a source serves.

    Attributes
    ----------
    table : str
        Raw table it fills.
    key : tuple of str
        Key columns that a desk names in the entry's `key`.
    values : tuple of str
        Value columns of the rows.
    resolution_minutes : int or None
        None: each row says its own.
    span : Span
        Longest span of one request.
    known_at : KnownAt
        The earliest instant the source's publication rule allows, with `basis` and, in `note`, the evidence.
    seen_only : bool
        No rule can be had for the past (outages): a row is known when we first saw it, never before.
    options : mapping of str to str
        Options that the desk file may give, with what they mean.
    revised_days : int
        For how many days after delivery the source still corrects: answers for these days are asked again.
    ahead_days : int
        How many days after today the source may already have.
    licence : str
        Under which the values may be used, with attribution.
    """

    table: str
    key: tuple[str, ...]
    values: tuple[str, ...]
    span: Span
    known_at: KnownAt
    resolution_minutes: int | None = None
    seen_only: bool = False
    options: Mapping[str, str] = field(default_factory=dict)
    revised_days: int = 0
    ahead_days: int = 1
    licence: str = ""


class Connector(Protocol):
    """A source: what it serves, how it is asked, and what its bytes mean."""

    @property
    def source(self) -> str:
        """Name in the desk file."""

    @property
    def hosts(self) -> Mapping[str, str]:
        """Base address by host name; an installation may replace one (a mirror, a test server)."""

    @property
    def quota(self) -> Quota:
        """What the source lets us ask."""

    @property
    def credentials(self) -> Mapping[str, Credential]:
        """Secrets the source takes, by the name a request gives."""

    @property
    def datasets(self) -> Mapping[str, Dataset]:
        """What the source serves."""

    def problems(self, asked: Asked) -> list[str]:
        """What of the desk file's entry this source cannot serve, in words; empty when it can."""

    def subject(self, asked: Asked) -> Pairs:
        """`Request.key` of the requests that serve the series."""

    def requests(self, asked: Asked, first_day: date, last_day: date) -> list[Request]:
        """The fewest requests that cover delivery days first_day..last_day within the maximum span.

        A source that serves fixed files (weeks) gives the files that touch the days.
        """

    def again(self, request: Request, start: datetime, end: datetime) -> Request | None:
        """The same question for a shorter span, after `Refused(split=True)`; None where the source has none."""

    def parse(self, answer: Answer) -> Parsed:
        """What the answer says. The same answer gives the same rows, byte for byte; never raises for what a body holds."""


def status_outcome(answer: Answer) -> Parsed | None:
    """What the HTTP status alone says, the same for every source; None where the body decides (200, 304, 400, 404, ...).

    >>> request = Request("entsoe", "prices", (), datetime(2025, 1, 1, tzinfo=UTC), datetime(2025, 1, 2, tzinfo=UTC), "/api")
    >>> status_outcome(Answer(request, datetime(2025, 1, 1, tzinfo=UTC), 429, (("retry-after", "30"),), b"slow down"))
    Throttled(reason='HTTP 429: slow down', wait_seconds=30.0)
    """
    reason = f"HTTP {answer.status}: {shown(answer.body)}"
    if answer.status in (401, 403):
        return Unauthorised(reason)
    if answer.status == 429:
        return Throttled(reason, retry_after(answer))
    if answer.status >= 500 or answer.status == 408:
        return Unavailable(reason)
    return None


def retry_after(answer: Answer) -> float | None:
    """Seconds that the answer's Retry-After asks for: a number, or a date counted from the receipt."""
    text = (answer.header("retry-after") or "").strip()
    if text.isdigit():
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - answer.received_at).total_seconds()) if text else None
    except (ValueError, TypeError):
        return None


def shown(body: bytes, length: int = 160) -> str:
    """The beginning of a body for a message, on one line, without markup."""
    text = re.sub(r"<[^>]*>", " ", body[:4096].decode("utf-8", "replace"))
    text = " ".join(text.split())
    return text if len(text) <= length else text[: length - 3] + "..."


def halves(request: Request) -> list[tuple[datetime, datetime]]:
    """Two spans for a request that was refused as too long, cut at a whole hour; empty when it cannot be cut."""
    middle = request.start + (request.end - request.start) / 2
    middle = middle.replace(minute=0, second=0, microsecond=0)
    return [(request.start, middle), (middle, request.end)] if request.start < middle < request.end else []
