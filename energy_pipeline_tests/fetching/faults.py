"""Every fault at every connector: what a morning's fetch makes of it, told as a table.

What belongs here: the faults, the cells, and the table. What does not: the server (`server`), the assertion of each cell
(`test_faults`).

    python -m energy_pipeline_tests.fetching.faults

A cell fetches one delivery day through the real client, archive and reading, against the replay server on loopback, on a clock
that only waits move. It ends in one word: `right` (no harm done), `retry`, `second` source, `fallback` (stated as not there, so
that the desk's late rule decides) or `error` (named). `wrong` is a value that is not the auction's, `silent` a gap nobody told.
"""

from __future__ import annotations

import io
import sys
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import polars as pl

from energy_pipeline.domain.delivery import DeliveryDay
from energy_pipeline.fetching.fetch import FetchReport
from energy_pipeline_tests.fetching.generated.world import UNAUTHORISED, Reply, World
from energy_pipeline_tests.fetching.morning import PRICE, SUBJECTS, Morning, Subject, hours_of, right_world, truth
from energy_pipeline_tests.fetching.server import Fault, Slow

ORDINARY = date(2025, 10, 15)
SPRING, AUTUMN, SWITCH = date(2026, 3, 29), date(2025, 10, 26), date(2025, 10, 1)
_POSITION = "classificationSequence_AttributeInstanceComponent.position"
_CONTRACT = "contract_MarketAgreement.type"


@dataclass(frozen=True)
class Case:
    """A fault: what is spoiled, on which day, and how long it lasts.

    Attributes
    ----------
    spoil : callable or None
        Makes the first source's world from the right one.
    wire : callable or None
        Spoils answers of the first source on their way.
    times : int
        How many answers the wire spoils.
    only : tuple of str
        Connectors whose format can have the fault; at the others it cannot occur.
    lead : timedelta
        How long after midnight of D-1 the fetch runs.
    """

    day: date = ORDINARY
    spoil: Callable[[World], World] | None = None
    wire: Fault | None = None
    times: int = 1_000_000
    only: tuple[str, ...] = tuple(SUBJECTS)
    lead: timedelta = timedelta(hours=13, minutes=30)


@dataclass(frozen=True)
class Cell:
    """What became of a fault at a connector."""

    verdict: str
    text: str = ""
    frame: pl.DataFrame = field(default_factory=pl.DataFrame, repr=False)


def _rewritten(*pairs: tuple[bytes, bytes]) -> Fault:
    def fault(reply: Reply) -> Reply:
        body = reply.body
        for old, new in pairs:
            body = body.replace(old, new)
        return replace(reply, body=body)

    return fault


def _status(status: int, body: bytes, kind: str = "text/plain", **headers: str) -> Fault:
    return lambda _: Reply(status, body, kind, {k.replace("_", "-"): v for k, v in headers.items()})


def _zipped(reply: Reply) -> Reply:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("answer", reply.body)
    return Reply(200, packed.getvalue(), "application/zip")


def _half(reply: Reply) -> Reply:
    return replace(reply, body=reply.body[: len(reply.body) // 2])


def _cut(reply: Reply) -> Reply:
    return replace(_half(reply), headers={"content-length": str(len(reply.body))})


def _with(world: World, key: tuple[str, str, str], change: Callable[[pl.DataFrame], pl.DataFrame], **other: frozenset[str]) -> World:
    keys = [key] if key in world.series else [k for k in world.series if k[0] == key[0]]
    return replace(world, series=world.series | {k: change(world.series[k]) for k in keys}, asked=[], **other)


def _constant(world: World) -> World:
    return _with(world, PRICE, lambda f: f.with_columns(pl.lit(42.0).alias("value")))


def _other_auction(name: str, parameter: str) -> Callable[[World], World]:
    """A second auction beside the first, and a source that overlooks which one is asked for."""

    def spoil(world: World) -> World:
        other = world.series[PRICE].with_columns(pl.col("value") + 17.0, pl.col("known_at") - pl.duration(hours=2))
        return replace(world, series=world.series | {(*PRICE[:2], name): other}, ignores=frozenset({parameter}), asked=[])

    return spoil


def _only_exaa(world: World) -> World:
    both = _other_auction("EXAA", _POSITION)(world)
    return replace(both, series={k: f for k, f in both.series.items() if k != PRICE})


def _zeros(early: timedelta) -> Callable[[World], World]:
    """The day is filled with zeros before it is known."""

    def spoil(world: World) -> World:
        own = pl.col("known_at") - pl.duration(seconds=int(early.total_seconds()))
        return _with(world, PRICE, lambda f: f.with_columns(pl.lit(0.0).alias("value"), own.alias("known_at")))

    return spoil


def _zero_evening(world: World) -> World:
    """The auction's own prices are zero for the last eight hours: every source shows it."""
    return _zeros_in_the_evening(world)


def _zeros_in_the_evening(world: World) -> World:
    """The last eight hours of the day are zeros; the rest is right."""
    evening = pl.col("delivery_start").dt.convert_time_zone("Europe/Berlin").dt.hour() >= 16
    return _with(world, PRICE, lambda f: f.with_columns(pl.when(evening).then(0.0).otherwise(pl.col("value")).alias("value")))


def _mixed_up_hour(world: World) -> World:
    """The repeated hour of October is zeros, and what follows comes an hour late, as Belgium's did in 2025."""
    change = datetime(2025, 10, 26, 0, tzinfo=UTC)
    hour = pl.col("delivery_start").is_between(change, change + timedelta(hours=1), closed="left")
    late = pl.when(pl.col("delivery_start") > change).then(pl.col("value").shift(4)).otherwise(pl.col("value"))
    return _with(world, PRICE, lambda f: f.with_columns(pl.when(hour).then(0.0).otherwise(late).alias("value")))


def _nothing(world: World) -> World:
    return replace(world, series={}, asked=[])


SCHEMA = _rewritten((b"price.amount", b"price.value"), (b'"price"', b'"prices"'), (b'"series"', b'"points"'), (b'"hourly"', b'"hours"'))
UNIT = _rewritten(
    (b"<price_Measure_Unit.name>MWH", b"<price_Measure_Unit.name>KWH"),
    (b"EUR / MWh", b"ct / kWh"),
    ("°C".encode(), b"K"),
)
SOON, LATE = timedelta(hours=9), timedelta(hours=13, minutes=30)
PRICES = ("entsoe", "energy_charts", "smard")
WIRE = {
    "zip": _zipped,
    "truncated": _half,
    "connection cut": _cut,
    "empty": _status(200, b""),
    "HTML page with status 200": _status(200, b"<html><body>maintenance</body></html>", "text/html"),
    "429 with Retry-After": _status(429, b"slow down", retry_after="30"),
    "429 without Retry-After": _status(429, b"Max allowed requests per minute from each unique IP is max up to 400 only"),
    "500": _status(500, b"Internal Server Error"),
    "slow": lambda _: Slow(200, b""),
    "changed schema": SCHEMA,
}
FAULTS: dict[str, Case] = {
    "day of 23 hours": Case(SPRING),
    "day of 25 hours": Case(AUTUMN),
    "switch to 15 minutes": Case(SWITCH),
    "curve type A03": Case(spoil=_constant, only=("entsoe",)),
    "two auctions in one answer": Case(spoil=_other_auction("EXAA", _POSITION), only=("entsoe",)),
    "only the other auction": Case(spoil=_only_exaa, only=("entsoe",)),
    "intraday mixed into day-ahead": Case(spoil=_other_auction("IDA1", _CONTRACT), only=("entsoe",)),
    "zeros before the auction": Case(spoil=_zeros(timedelta(hours=12)), only=PRICES, lead=timedelta(hours=12)),
    "zeros after the auction": Case(spoil=_zeros(timedelta(hours=12)), only=PRICES),
    "zeros in the evening": Case(spoil=_zeros_in_the_evening, only=PRICES),
    "an evening that is truly zero": Case(spoil=_zero_evening, only=PRICES),
    "repeated hour mixed up": Case(AUTUMN, spoil=_mixed_up_hour, only=PRICES),
    "nothing published": Case(spoil=_nothing),
    **{f"{name}, twice": Case(wire=fault, times=2) for name, fault in WIRE.items()},
    **{f"{name}, all morning": Case(wire=fault) for name, fault in WIRE.items()},
    "401 as HTML": Case(wire=_status(401, UNAUTHORISED, "text/html")),
    "another unit": Case(wire=UNIT, only=("entsoe", "energy_charts", "open_meteo")),
}
"""By name; what takes two mornings is in `MORNINGS`."""


def cell(name: str, connector: str, *, alone: bool = False) -> Cell:
    """Run one fault at one connector; `alone`: without a second source."""
    if name in MORNINGS:
        return MORNINGS[name](connector)
    case, subject = FAULTS[name], SUBJECTS[connector]
    if connector not in case.only:
        return Cell("n/a", "the format cannot have it")
    right = replace(right_world(case.day), asked=[])
    if case.spoil in (_constant, _zero_evening):  # the truth itself is special
        right = case.spoil(right)
    own = case.spoil(right) if case.spoil is not None else right
    now = DeliveryDay(case.day - timedelta(days=1), "Europe/Berlin").start + case.lead
    with tempfile.TemporaryDirectory() as folder:
        morning = Morning(subject, right, own, Path(folder), now, **({"second": None} if alone else {}))
        with morning.server as server:
            if case.wire is not None:
                server.fail(_place(subject), case.wire, case.times)
            report = morning.fetch(case.day, case.day)
            return _judged(morning, report, case.day, truth(subject, right, case.day), server.sent)


def corrected(connector: str) -> Cell:
    """A value changes a day after it was seen: both are kept, the new one known from when it was seen."""
    return _two_mornings(connector, lambda f, at: f.with_columns(pl.col("value") * 1.01, known_at=at))


def withdrawn(connector: str) -> Cell:
    """Values are taken back: what was seen stays what was known; a withdrawn outage notice takes nothing away any more."""
    if connector == "entsoe":
        return _withdrawn_notice()
    return _two_mornings(connector, lambda f, at: f.with_columns(pl.lit(None, pl.Float64).alias("value"), known_at=at))


MORNINGS = {"correction": corrected, "withdrawn": withdrawn}


def _two_mornings(connector: str, change: Callable[[pl.DataFrame, pl.Expr], pl.DataFrame]) -> Cell:
    if connector == "open_meteo":
        return Cell("n/a", "a model run is never corrected")
    source = {"source": connector, "dataset": "load_actual"}
    subject = Subject("load_actual", {"zone": "DE_LU"}, source, source, "load_mw")
    key, day = ("load_actual", "DE_LU", ""), ORDINARY
    right = right_world(day)
    whole = DeliveryDay(day, "Europe/Berlin")
    changed_at = whole.end + timedelta(hours=12)
    late = change(right.series[key], pl.lit(changed_at).cast(pl.Datetime("us", "UTC")))
    world = _with(right, key, lambda f: pl.concat([f, late]))
    mornings = [whole.end + timedelta(hours=9), whole.end + timedelta(hours=33)]
    with tempfile.TemporaryDirectory() as folder:
        morning = Morning(subject, world, world, Path(folder), mornings[0])
        with morning.server:
            for moment in mornings:
                morning.at(moment)
                morning.fetch(day, day)
            frame = morning.rows(day, day)
    first, second = frame.filter(pl.col("known_at") < changed_at), frame.filter(pl.col("known_at") >= changed_at)
    inside = pl.col("delivery_start").is_between(whole.start, whole.end, closed="left")
    values = [t.filter(inside)["value"].drop_nulls().round(6).to_list() for t in (right.series[key], late)]
    found = [t["load_mw"].round(6).to_list() for t in (first, second)]
    early = second.height and second["known_at"].min() < mornings[1]
    if found != values or early:
        return Cell("wrong", f"{first.height} rows at first, {second.height} later", frame)
    return Cell("right", f"{first.height} rows stay, {second.height} are new", frame)


def _withdrawn_notice() -> Cell:
    source = {"source": "entsoe", "dataset": "outages"}
    subject = Subject("outages", {"zone": "DE_LU"}, source, source, "unavailable_mw")
    right = right_world(ORDINARY)
    told = right.notices[0][1]
    day = ORDINARY
    start = DeliveryDay(day, "Europe/Berlin").start
    notices = [(start - timedelta(days=2), replace(told, start=start, end=start + timedelta(days=1), revision=1, status=""))]
    notices += [(start - timedelta(days=1), replace(notices[0][1], revision=2, status="A13"))]
    world = replace(right, notices=notices, asked=[])
    with tempfile.TemporaryDirectory() as folder:
        morning = Morning(subject, world, world, Path(folder), start)
        with morning.server:
            for hours in (-40, -16):
                morning.at(start + timedelta(hours=hours))
                morning.fetch(day, day)
            frame = morning.rows(day, day)
    out = frame.sort("known_at")["unavailable_mw"].to_list()
    return Cell("right" if out == [900.0, 0.0] else "wrong", f"unavailable as seen: {out}", frame)


def _place(subject: Subject) -> str:
    """Where the fault sits: at Open-Meteo on the host of the runs alone, so that its second source can answer."""
    return "open_meteo.single_runs" if subject.first["source"] == "open_meteo" else subject.first["source"]


def _judged(morning: Morning, report: FetchReport, day: date, right: dict[datetime, float] | None, sent: list[tuple[str, int]]) -> Cell:
    subject, read = morning.subject, morning.read(day, day)
    frame, failures = read.frame, [str(f) for f in read.failures.values()]
    open_yet = [*report.not_yet, *(note for note in report.notes if "not known" in note)]
    told = [*failures, *report.second, *report.problems, *open_yet]
    starts = set(frame["delivery_start"])
    whole = set(right) if right is not None else set(hours_of(day))
    if right is not None and any(abs(v - right.get(t, 1e9)) > 1e-9 for t, v in frame.select("delivery_start", subject.values).iter_rows()):
        return Cell("wrong", "a value that is not the auction's", frame)
    if starts != whole:
        if not told:
            return Cell("silent", f"{len(whole - starts)} intervals are missing and nobody says so", frame)
        errors = [*failures, *report.problems]
        return Cell("error", errors[0], frame) if errors else Cell("fallback", open_yet[0], frame)
    sources = frame["source"].str.split(":").list.get(0) + "." + frame["source"].str.split(":").list.get(1).str.split(";").list.get(0)
    first = f"{subject.first['source']}.{subject.first['dataset']}"
    if set(sources.unique()) != {first}:
        return Cell("second", f"{sources.unique().to_list()} {report.second[0] if report.second else 'UNSAID'}", frame)
    answers = [s for name, s in sent if name == subject.first["source"]]
    plain = len(answers) == report.asked[subject.first["source"]]
    return Cell("right", f"{frame.height} rows", frame) if plain else Cell("retry", f"{len(answers)} requests, {frame.height} rows", frame)


def table() -> str:
    """All cells as text, a line a fault."""
    head = f"{'fault':<42}" + "".join(f"{c:<15}" for c in SUBJECTS)
    return "\n".join([head, *(f"{name:<42}" + "".join(f"{cell(name, c).verdict:<15}" for c in SUBJECTS) for name in (*FAULTS, *MORNINGS))])


if __name__ == "__main__":
    sys.stdout.write(f"{table()}\n")
