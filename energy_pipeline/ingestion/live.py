"""One live series from the archive of answers: which value was seen when.

What belongs here: answers in, vintages out. What does not: keeping or parsing answers (`fetching.archive`, the connectors),
outage notices (`live_outages`), physical limits (the contract, before the write).

`known_at` of a row, and its basis at the end of `source`:

- `;seen`: our first sighting, never earlier than the publication rule. A value that differs from the one before is a
  correction: known when it was seen.
- `;told`: the source says of every row when it was published, also of the past. That instant holds.
- `;rule`: first seen later than the rule's instant, by the first answer that covers the interval at all: history from before
  we looked. The rule's instant then holds. Where an earlier answer covers the interval without it, we were looking and did not
  have it: a rule would grant a past decision what it had not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol

import polars as pl

from energy_pipeline.contracts import Table
from energy_pipeline.contracts import table as contract_of
from energy_pipeline.desk import Desk
from energy_pipeline.desk.sources import KnownAt, LiveSeries, LiveSource
from energy_pipeline.domain.delivery import DeliveryDay, days_between
from energy_pipeline.domain.errors import MissingDayError, PipelineError, SourceError
from energy_pipeline.information.expected import key_text
from energy_pipeline.information.known_at import known_at, market_time_zone
from energy_pipeline.ingestion.collected import Collected, without_days
from energy_pipeline.ingestion.connectors import connector_of
from energy_pipeline.ingestion.connectors.contract import Asked, Connector, Dataset, NotYet, Pairs, Rows
from energy_pipeline.ingestion.connectors.not_due import UNCONFIRMED
from energy_pipeline.ingestion.live_outages import unit_days

SEEN, RULE, TOLD = ";seen", ";rule", ";told"
"""Endings of `source`: what `known_at` rests on."""

_INSTANT = pl.Datetime("us", "UTC")
_TICK = timedelta(microseconds=1)
_CENT = 0.0101
"""Two sources may round the mean of an hour differently [EUR/MWh]."""


@dataclass(frozen=True)
class Look:
    """One answer that says what was there: rows, or nothing yet, over [start, end), when it was received."""

    received_at: datetime
    start: datetime
    end: datetime
    question: Pairs
    parsed: Rows | NotYet


class Answers(Protocol):
    """The archive, as reading needs it."""

    def looks(self, connector: Connector, dataset: str, key: Pairs, start: datetime, end: datetime) -> Sequence[Look]:
        """Answers to a question that overlap a span, by instant of receipt; answers that say nothing on values left out."""


def is_live(source: pl.Expr) -> pl.Expr:
    """Whether a row's `known_at` was settled by the archive of answers."""
    return source.str.ends_with(SEEN) | source.str.ends_with(RULE) | source.str.ends_with(TOLD)


def asked_of(desk: Desk, series: LiveSeries, live: LiveSource) -> Asked:
    """A series of the desk file as its first or second source is asked for it."""
    options = {name: str(value) for name, value in live.options.items()}
    place = desk.weather.get(series.key.get("location", ""))
    if place is not None:
        own = {"latitude": f"{place.latitude_deg:g}", "longitude": f"{place.longitude_deg:g}", "height_m": f"{place.wind_height_m:g}"}
        if place.further_wind_heights_m:
            own["further_heights_m"] = " ".join(f"{h:g}" for h in place.further_wind_heights_m)
        options = {**own, **options}
    return Asked(series.table, tuple(series.key.items()), live.dataset, tuple(options.items()), market_time_zone(desk, series.key))


def sources_of(series: LiveSeries) -> list[LiveSource]:
    """The first source, then the second where there is one."""
    return [series, *([series.second] if series.second else [])]


def live_problems(desk: Desk) -> list[str]:
    """What of the desk file's live entries no connector can serve, in words."""
    found = []
    for number, series in enumerate(desk.sources.live):
        for live in sources_of(series):
            try:
                connector = connector_of(live.source)
            except SourceError as error:
                found.append(f"sources.live.{number}: {error}")
                continue
            found += [f"sources.live.{number}: {live.source}: {problem}" for problem in connector.problems(asked_of(desk, series, live))]
    return found


def read_live(desk: Desk, series: LiveSeries, first: date, last: date, answers: Answers) -> Collected:
    """Every vintage of one live series for delivery days first..last, in the contract's columns.

    Parameters
    ----------
    desk : Desk
    series : LiveSeries
    first, last : date
        Delivery days, inclusive.
    answers : Answers
        The archive; nothing is fetched here.

    Returns
    -------
    Collected
        The same answers give the same rows, byte for byte. A day without a row of a `required` series is a failure.
    """
    contract = contract_of(series.table)
    begin, end = max(first, series.first_day or first), min(last, series.last_day or last)
    if begin > end:
        return Collected(contract.frame())
    parts = [_sightings(_Task(desk, series, live, contract, begin, end), answers, order) for order, live in enumerate(sources_of(series))]
    seen = _confirmed(pl.concat(parts, how="diagonal"))
    frame, failures = _vintages(contract, seen), _disagreements(desk, series, seen)
    if series.required:
        held, name = set(frame["delivery_day"].unique()), f"{series.table} {key_text(series.key)}"
        step = "energy-pipeline fetch, or set `required: false` so that it becomes a stated gap"
        failures |= {d: MissingDayError(name, [d], step) for d in days_between(begin, end) if d not in held}
    return Collected(without_days(frame, failures), failures)


def _confirmed(seen: pl.DataFrame) -> pl.DataFrame:
    """Without the zeros that need a second source and have none; the others are seen when both sources had shown them."""
    held = seen.filter("_held")
    if held.is_empty():
        return seen
    hour = pl.col("delivery_start").dt.truncate("1h").alias("_hour")
    hours = seen.group_by("_order", hour, maintain_order=True).agg(_zeros=(pl.col("price_eur_mwh") == 0.0).all(), _shown_at=pl.col("_seen_at").min())
    others = hours.filter("_zeros").select((1 - pl.col("_order")).alias("_order"), "_hour", "_shown_at")
    agreed = held.with_columns(hour).join(others, on=["_order", "_hour"]).with_columns(_seen_at=pl.max_horizontal("_seen_at", "_shown_at"))
    return pl.concat([seen.filter(~pl.col("_held")), agreed.select(seen.columns)])


def is_compared(series: LiveSeries, day: date, time_zone: str) -> bool:
    """Whether both sources of a day are asked: prices of the day of 25 hours, whose repeated hour a source has mixed up before.

    Seen on 2025-10-26: zeros in the repeated hour of Belgium, and the quarters after it an hour late (thread entsoe-py 468).
    """
    return series.table == "day_ahead_prices" and series.second is not None and DeliveryDay(day, time_zone).hours == 25


def _disagreements(desk: Desk, series: LiveSeries, seen: pl.DataFrame) -> dict[date, PipelineError]:
    """Compared days on which the two sources' newest prices differ by more than a cent in an hour: neither may be used."""
    if series.table != "day_ahead_prices" or series.second is None or seen.is_empty():
        return {}
    newest = seen.sort("_seen_at", maintain_order=True).unique(["delivery_start", "_order"], keep="last", maintain_order=True)
    hour = pl.col("delivery_start").dt.truncate("1h").alias("hour")
    means = newest.group_by("delivery_day", hour, "_order", maintain_order=True).agg(pl.col("price_eur_mwh").mean().alias("price"))
    both = means.filter(pl.col("_order") == 0).join(means.filter(pl.col("_order") == 1), on=["delivery_day", "hour"])
    differ = both.filter((pl.col("price") - pl.col("price_right")).abs() > _CENT).sort("hour")
    failures: dict[date, PipelineError] = {}
    for day in differ["delivery_day"].unique().sort():
        if is_compared(series, day, desk.time_zone):
            own = differ.filter(pl.col("delivery_day") == day)
            at, first, second = own.select("hour", "price", "price_right").row(0)
            text = f"{series.source} and {series.second.source} differ in {own.height} hours of {day}, at {at:%H:%M}Z by {first:.2f} to {second:.2f}"
            failures[day] = SourceError(f"{series.table} {key_text(series.key)}: {text} -> give the day's prices as a file, or wait for a correction")
    return failures


@dataclass(frozen=True)
class _Task:
    """What reading one source of a series needs to know."""

    desk: Desk
    series: LiveSeries
    live: LiveSource
    contract: Table
    first: date
    last: date

    @property
    def asked(self) -> Asked:
        return asked_of(self.desk, self.series, self.live)

    @property
    def dataset(self) -> Dataset:
        return connector_of(self.live.source).datasets[self.live.dataset]

    @property
    def rule(self) -> KnownAt:
        own = self.series.known_at if self.live is self.series else None
        return own or self.dataset.known_at


def _sightings(task: _Task, answers: Answers, order: int) -> pl.DataFrame:
    """Every sighting of every row: contract columns beside `_seen_at`, `_rule_at`, `_late` and `_order`."""
    connector, asked = connector_of(task.live.source), task.asked
    looks = answers.looks(connector, asked.dataset, connector.subject(asked), *asked.span(task.first, task.last))
    good = [(look, look.parsed.frame) for look in looks if isinstance(look.parsed, Rows)]
    frames = unit_days([f for _, f in good], asked.time_zone) if task.contract.name == "outages" else [f for _, f in good]
    parts = [_of_look(task, asked, look.received_at, frame) for (look, _), frame in zip(good, frames, strict=True)]
    empty = task.contract.frame().with_columns(
        _seen_at=pl.lit(None, _INSTANT), _rule_at=pl.lit(None, _INSTANT), _late=pl.lit(False), _told=pl.lit(False), _held=pl.lit(False)
    )
    found = [empty, *(_with_late(part, look, looks) for part, (look, _) in zip(parts, good, strict=True))]
    return pl.concat(found, how="diagonal").with_columns(_order=pl.lit(order))


def _of_look(task: _Task, asked: Asked, received_at: datetime, frame: pl.DataFrame) -> pl.DataFrame:
    """Rows of one answer that belong to the series and the days, in the contract's columns."""
    for name, value in task.series.key.items():
        frame = frame.filter(pl.col(name) == value) if name in frame.columns else frame.with_columns(pl.lit(value).alias(name))
    if "delivery_day" not in frame.columns:
        frame = frame.with_columns(pl.col("delivery_start").dt.convert_time_zone(task.desk.time_zone).dt.date().alias("delivery_day"))
    frame = frame.filter(pl.col("delivery_day").is_between(task.first, task.last))
    frame = frame.with_columns(_seen_at=pl.lit(received_at).cast(_INSTANT), source=pl.lit(f"{task.live.source}:{task.live.dataset}"))
    missing = [pl.lit(None, dtype=t).alias(c) for c, t in task.contract.schema.items() if c not in frame.columns]
    frame = frame.with_columns(missing).with_columns(pl.col(c).cast(t) for c, t in task.contract.schema.items())
    held = frame[UNCONFIRMED] if UNCONFIRMED in frame.columns else pl.lit(False)
    told = task.rule.anchor == "column" and task.rule.column not in task.contract.schema
    return frame.select(*task.contract.schema, "_seen_at").with_columns(_rule_at=_rule_at(task, asked, frame), _told=pl.lit(told), _held=held)


def _rule_at(task: _Task, asked: Asked, frame: pl.DataFrame) -> pl.Series:
    """The earliest instant the rule allows for each row; for what only a sighting can date, the sighting."""
    rule = task.rule
    if task.dataset.seen_only and task.series.known_at is None:
        return frame["_seen_at"]
    if rule.anchor == "column":
        frame = frame.with_columns(pl.col(rule.column or "").alias("anchor"))
    if rule.anchor != "interval_end":
        return known_at(rule, frame, 0, asked.time_zone)
    numbered = frame.with_row_index("_row")
    parts = [
        part.select("_row").with_columns(known_at(rule, part, int(part["resolution_minutes"][0]), asked.time_zone).alias("known"))
        for part in numbered.partition_by("resolution_minutes")
    ]
    return pl.concat([numbered.select("_row", known=pl.lit(None, _INSTANT)).head(0), *parts]).sort("_row")["known"]


def _with_late(rows: pl.DataFrame, look: Look, looks: Sequence[Look]) -> pl.DataFrame:
    """Marks rows for which an earlier look covered the interval.

    Answers on model runs say nothing on other runs: there only a look with the same question counts.
    """
    if "delivery_start" not in rows.columns:
        return rows.with_columns(_late=pl.lit(False))
    earlier = [k for k in looks if k.received_at < look.received_at and ("issued_at" not in rows.columns or k.question == look.question)]
    start = pl.col("delivery_start")
    covered = [(start >= k.start) & (start < k.end) for k in earlier]
    return rows.with_columns(_late=pl.any_horizontal(covered) if covered else pl.lit(False))


def _vintages(contract: Table, seen: pl.DataFrame) -> pl.DataFrame:
    """The first sighting of each row and every change after it, with `known_at` and its basis."""
    key = ["delivery_day", *contract.key]
    values = [c for c in contract.schema if c not in (*key, "known_at", "source")]
    seen = seen.with_columns(_at=pl.when("_told").then("_rule_at").otherwise("_seen_at")).sort(*key, "_at", "_order", maintain_order=True)
    # The second source fills the hours that the first one has not; by hours, as the two may differ in resolution.
    place = ["delivery_day", *([pl.col("delivery_start").dt.truncate("1h")] if "delivery_start" in seen.columns else [])]
    first_at = pl.when(pl.col("_order") == 0).then(pl.col("_seen_at")).min().over(place)
    seen = seen.filter((pl.col("_order") == 0) | first_at.is_null() | (pl.col("_seen_at") < first_at))
    is_first = pl.int_range(pl.len()).over(key) == 0
    changed = pl.any_horizontal([pl.col(v).ne_missing(pl.col(v).shift(1).over(key)) for v in values])
    kept = seen.with_columns(_first=is_first).filter(pl.col("_first") | changed)
    by_rule = pl.col("_first") & ~pl.col("_late") & (pl.col("_seen_at") > pl.col("_rule_at"))
    known = pl.when(by_rule | pl.col("_told")).then("_rule_at").otherwise(pl.max_horizontal("_rule_at", "_seen_at"))
    basis = pl.when("_told").then(pl.lit(TOLD)).when(by_rule).then(pl.lit(RULE)).otherwise(pl.lit(SEEN))
    kept = kept.with_columns(known_at=known, source=pl.col("source") + basis)
    # Two sightings before the rule's instant share it: the later value comes a tick later, so that neither is lost.
    ticks = pl.int_range(pl.len()).over([*key, "known_at"])
    return kept.with_columns(known_at=pl.col("known_at") + ticks * _TICK).select(list(contract.schema)).sort("delivery_day", *contract.sort_key)
