"""Outage notices: a zip of documents, each a revision of one notice.

What belongs here: reading notices, and what a delivery day loses by unit once cancelled and superseded notices are
left out. What does not: when a notice was first seen (`ingestion.live`).

Quantity in an Available_Period is what is LEFT of the unit's nominal power. One unit may stand in several notices that
overlap: the smallest available value holds, they do not add up.
"""

from __future__ import annotations

import io
import zipfile
from datetime import datetime

import polars as pl

from energy_pipeline.ingestion.connectors.contract import Answer, AnswerError, NotYet, Rows
from energy_pipeline.ingestion.connectors.entsoe import documents
from energy_pipeline.ingestion.connectors.entsoe.datasets import FUEL_OF

CANCELLED = ("A09", "A13")
"""docStatus of a notice that was cancelled or withdrawn."""

NOTICE: dict[str, pl.DataType | type[pl.DataType]] = {
    "notice_id": pl.String,
    "revision": pl.Int32,
    "withdrawn": pl.Boolean,
    "outage_id": pl.String,
    "unit_name": pl.String,
    "fuel": pl.String,
    "unavailable_mw": pl.Float64,
    "starts_at": pl.Datetime("us", "UTC"),
    "ends_at": pl.Datetime("us", "UTC"),
}
"""Columns of `notices`: one row per notice, unit and stretch of constant capacity; `outage_id` is the unit."""

_RESOURCE = "production_RegisteredResource"
_POWER = f"{_RESOURCE}.pSRType.powerSystemResources.nominalP"
_MOST_BYTES = 400_000_000


def notices(body: bytes, area: str, time_zone: str) -> pl.DataFrame:
    """Every stretch of every notice in a zip, cancelled ones too, in the columns of `NOTICE`.

    Raises
    ------
    AnswerError
        When the zip or a document in it cannot be read.
    """
    rows: list[dict[str, object]] = []
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            if sum(i.file_size for i in archive.infolist()) > _MOST_BYTES:
                raise AnswerError(f"the zip holds more than {_MOST_BYTES} bytes")
            for name in sorted(archive.namelist()):
                rows += _notice(documents.read(archive.read(name)), name, area, time_zone)
    except (zipfile.BadZipFile, EOFError, OSError) as error:
        raise AnswerError(f"the zip cannot be read ({error}; {len(body)} bytes) -> ask again; the answer is in the archive") from error
    return pl.DataFrame(rows, schema=NOTICE).sort("notice_id", "revision", "outage_id", "starts_at", maintain_order=True)


def _notice(document: documents.Document, name: str, area: str, time_zone: str) -> list[dict[str, object]]:
    facts = document.facts
    if document.kind != "Unavailability_MarketDocument":
        raise AnswerError(f"{name} is a {document.kind}")
    status = document.root.findtext(f"{document.space}docStatus/{document.space}value") or facts.get("docStatus", "")
    try:
        head = {"notice_id": facts["mRID"], "revision": int(facts["revisionNumber"]), "withdrawn": status in CANCELLED}
        return [row for s in document.series() for row in _stretches(s, head, area, time_zone)]
    except (KeyError, ValueError) as error:
        raise AnswerError(f"{name}: {error} is missing or no number") from error


def _stretches(series: documents.TimeSeries, head: dict[str, object], area: str, time_zone: str) -> list[dict[str, object]]:
    facts = series.facts
    if facts.get("biddingZone_Domain.mRID", area) != area:
        raise AnswerError(f"notice {head['notice_id']} is of area {facts.get('biddingZone_Domain.mRID')}, expected {area}")
    if facts.get("quantity_Measure_Unit.name") != "MAW":
        raise AnswerError(f"notice {head['notice_id']}: unit {facts.get('quantity_Measure_Unit.name')!r}, expected MAW")
    nominal = float(facts[_POWER])
    unit = {
        "outage_id": facts[f"{_RESOURCE}.mRID"],
        "unit_name": facts.get(f"{_RESOURCE}.name", ""),
        "fuel": FUEL_OF.get(facts.get(f"{_RESOURCE}.pSRType.psrType", ""), "unknown"),
    }
    found: list[dict[str, object]] = []
    for period in series.periods(time_zone):
        starts = pl.Series(period.starts_us).cast(pl.Datetime("us", "UTC")).to_list()
        changes = [i for i in range(len(starts)) if i == 0 or period.values[i] != period.values[i - 1]]
        ends: list[datetime] = [*(starts[i] for i in changes[1:]), period.end]
        found += [
            {**head, **unit, "unavailable_mw": max(0.0, nominal - float(period.values[i])), "starts_at": starts[i], "ends_at": end}
            for i, end in zip(changes, ends, strict=True)
        ]
    return found


def in_force(rows: pl.DataFrame) -> pl.DataFrame:
    """The newest revision of each notice; of a withdrawn one nothing is unavailable."""
    newest = rows.filter(pl.col("revision") == pl.col("revision").max().over("notice_id"))
    return newest.filter(~pl.col("withdrawn"))


def parse(answer: Answer, time_zone: str) -> Rows | NotYet:
    """Notices of an answer, every revision and status in it: what holds is decided over all answers (`in_force`)."""
    frame = notices(answer.body, dict(answer.request.key)["area"], time_zone)
    return Rows(frame) if frame.height else NotYet("the zip holds no notice")
