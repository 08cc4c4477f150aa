"""Live series beside the lake: what the archive says now, and how each series stands.

What belongs here: replaying the archive against the lake, and the doctor's answers on live series. What does not: asking
(`fetching.fetch`), printing.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import polars as pl

from energy_pipeline.contracts import Table
from energy_pipeline.contracts.raw import RAW_TABLES
from energy_pipeline.desk import Desk
from energy_pipeline.domain.errors import PipelineError
from energy_pipeline.fetching.archive import AnswerArchive
from energy_pipeline.fetching.client import Client
from energy_pipeline.fetching.plan import Question, known_days, questions, requests_for
from energy_pipeline.ingestion.connectors import CONNECTORS
from energy_pipeline.ingestion.connectors.contract import Asked, NotYet, Rows
from energy_pipeline.ingestion.connectors.outcomes import Listed
from energy_pipeline.ingestion.live import is_live, read_live
from energy_pipeline.lake import Lake

EXAMPLES = 3


@dataclass
class Replayed:
    """What the archive gives today, beside what the lake holds.

    Attributes
    ----------
    answers : counter of (source, outcome)
        Every archived answer by what it says.
    rows : dict of table to int
        Rows that the archive gives.
    differences : list of str
        Rows that are not the same, in words; empty when a re-parse gives the lake.
    """

    answers: Counter[tuple[str, str]] = field(default_factory=Counter)
    rows: dict[str, int] = field(default_factory=dict)
    differences: list[str] = field(default_factory=list)


def replay(desk: Desk, lake: Lake, first: date, last: date) -> Replayed:
    """Parse every archived answer again, and compare its rows with the lake's live rows of the days."""
    archive, found = AnswerArchive(lake.storage), Replayed()
    for source in archive.sources():
        for kept in archive.all_of(source):
            outcome = type(archive.parsed(CONNECTORS[source], kept)[1]).__name__ if source in CONNECTORS else "no connector"
            found.answers[source, outcome] += 1
    for contract in RAW_TABLES:
        series = [s for s in desk.sources.live if s.table == contract.name]
        if not series:
            continue
        again = pl.concat([contract.frame(), *(read_live(desk, s, first, last, archive).frame for s in series)])
        held = lake.read(contract.name, first, last, missing="skip").filter(is_live(pl.col("source")))
        found.rows[contract.name] = again.height
        found.differences += _differences(contract, again, held)
    return found


def _differences(contract: Table, again: pl.DataFrame, held: pl.DataFrame) -> list[str]:
    columns, key = list(contract.schema), ["delivery_day", *contract.key, "known_at"]
    texts = []
    for what, left, right in (("in the archive and not in the lake", again, held), ("in the lake and not in the archive", held, again)):
        odd = left.select(columns).join(right.select(columns), on=columns, how="anti", nulls_equal=True).sort(key)
        if odd.height:
            shown = "; ".join(", ".join(f"{k}={v}" for k, v in row.items()) for row in odd.select(key).head(EXAMPLES).to_dicts())
            texts.append(f"{contract.name}: {odd.height} row(s) {what}, such as {shown}")
    return texts


@dataclass(frozen=True)
class Standing:
    """How a live series stands at one of its sources."""

    ok: bool
    series: str
    text: str


def standings(desk: Desk, client: Client, *, online: bool) -> list[Standing]:
    """Configured, reachable (only when asked: one request each), last value, staleness and quota left, per series and source."""
    return [_standing(question, client, online=online) for question in questions(desk)]


def _standing(question: Question, client: Client, *, online: bool) -> Standing:
    now = client.clock.now()
    texts, ok = [client.configured(question.connector) or "configured"], client.configured(question.connector) is None
    if online and ok:
        text, reached = _reached(question, client, now)
        texts.append(text)
        ok = ok and reached
    try:
        texts.append(_last_value(question, client.archive, now))
    except PipelineError as error:
        texts, ok = [*texts, str(error)], False
    texts.append(f"{client.limiter(question.connector).left():g} requests left now")
    return Standing(ok, question.text, "; ".join(texts))


def _reached(question: Question, client: Client, now: datetime) -> tuple[str, bool]:
    """One request for a day that is surely out."""
    dataset = question.connector.datasets[question.asked.dataset]
    day = now.date() - timedelta(days=max(2, 2 - dataset.ahead_days))
    for request in requests_for(question, client.archive, [day], now)[:1]:
        found = client.ask(question.connector, request)
        if not isinstance(found, Rows | NotYet | Listed):
            return f"{type(found).__name__}: {found.reason}", False
        return ("reachable" if isinstance(found, Rows) else f"reachable, no data for {day}"), True
    return "answered before", True


def _last_value(question: Question, archive: AnswerArchive, now: datetime) -> str:
    """The last interval with a value, how old it is, and when we last asked."""
    kept = archive.kept(*question.subject)
    if not kept:
        return "never fetched"
    today = now.date()
    known = known_days(question, archive, today - timedelta(days=400), today + timedelta(days=15))
    asked = f"last asked {kept[-1].received_at:%Y-%m-%d %H:%M}Z"
    if not known.minutes:
        return f"{asked}, no value in 400 days" if "delivery_start" in _schema(question) else asked
    last = max(known.minutes)
    behind = (today - last).days
    return f"last day with values {last}{f', {behind} day(s) behind' if behind > 0 else ''}; {asked}"


CAPACITY_FACTOR = 1.5
"""A desk's installed capacity further from the published one than this, either way, is a mistake to look at."""


def capacities(desk: Desk, client: Client, *, online: bool) -> list[Standing]:
    """The desk's installed wind and solar of each zone beside what ENTSO-E publishes for the year (asked only when `online`)."""
    found = []
    now, entsoe = client.clock.now(), CONNECTORS["entsoe"]
    for zone in dict.fromkeys(s.key["zone"] for s in desk.sources.live if s.source == "entsoe" and "zone" in s.key):
        asked = Asked("installed_capacity", (("zone", zone),), "installed_capacity", time_zone=desk.time_zone)
        if entsoe.problems(asked) or client.configured(entsoe):
            continue
        first, last = date(now.year, 1, 1), date(now.year, 12, 31)
        looks = client.archive.looks(entsoe, asked.dataset, entsoe.subject(asked), *asked.span(first, last))
        if online and not looks:
            client.ask(entsoe, entsoe.requests(asked, first, last)[0])
            looks = client.archive.looks(entsoe, asked.dataset, entsoe.subject(asked), *asked.span(first, last))
        rows = [look.parsed.frame for look in looks if isinstance(look.parsed, Rows)]
        newest = rows[-1].sort("delivery_start").unique("technology", keep="last", maintain_order=True).to_dicts() if rows else []
        found += [_capacity(desk, zone, row["technology"], row["installed_mw"]) for row in newest]
    return [standing for standing in found if standing is not None]


def _capacity(desk: Desk, zone: str, technology: str, published_mw: float) -> Standing | None:
    own = getattr(desk.zones[zone], f"installed_{technology}_mw")
    if own is None:
        return None
    ok = published_mw / CAPACITY_FACTOR <= own <= published_mw * CAPACITY_FACTOR
    step = "" if ok else f" -> correct zones.{zone}.installed_{technology}_mw"
    return Standing(ok, f"installed {technology} of {zone}", f"the desk says {own:,.0f} MW, ENTSO-E {published_mw:,.0f} MW{step}")


def _schema(question: Question) -> set[str]:
    return set(next(t for t in RAW_TABLES if t.name == question.series.table).schema)
