"""Documents of ENTSO-E in the recorded form, written from given values.

What belongs here: XML of prices (A44), load (A65), forecasts (A69), generation (A75), capacity (A68), outage notices (A80, zip)
and acknowledgements. What does not: which values (`world`). `test_generated.py` holds each form against a recording.

Curve A03: a position whose value repeats the one before it is left out.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from xml.sax.saxutils import escape

OPERATOR = "10X1001A1001A450"
CREATED = datetime(2026, 5, 7, 13, 3, 15, tzinfo=UTC)


@dataclass(frozen=True)
class Period:
    """Values of a stretch without holes, one every `minutes`; `resolution` names calendar steps such as P1Y."""

    start: datetime
    minutes: int
    values: Sequence[float]
    end: datetime | None = None
    resolution: str = ""

    def interval(self) -> tuple[datetime, datetime]:
        """Start and end."""
        return self.start, self.end or self.start + timedelta(minutes=self.minutes * len(self.values))


@dataclass(frozen=True)
class Series:
    """One TimeSeries: its periods and what tells it from the others of the document."""

    periods: Sequence[Period]
    area: str
    business: str = "A62"
    sequence: int | None = None
    contract: str | None = "A01"
    auction: str | None = "A01"
    currency: str = "EUR"
    kind: str = ""
    direction: str = "in"
    unit: str = "MAW"
    curve: str = "A03"


@dataclass(frozen=True)
class Notice:
    """One outage notice: what is left of `nominal_mw`."""

    notice_id: str
    revision: int
    area: str
    unit_id: str
    unit_name: str
    kind: str
    nominal_mw: float
    available_mw: float
    start: datetime
    end: datetime
    status: str = ""
    business: str = "A53"


def prices(
    series: Sequence[Series], *, document_id: str = "generated", created: datetime = CREATED, interval: tuple[datetime, datetime] | None = None
) -> bytes:
    """A Publication_MarketDocument of type A44."""
    start, end = interval or _covered(series)
    head = _head(document_id, 1, "A44", "", created)
    body = "".join(_price_series(i, s) for i, s in enumerate(series, 1))
    return _document("Publication_MarketDocument", "451-3:publicationdocument:7:3", f"{head}{_span('period', start, end)}{body}")


def quantities(
    document: str,
    process: str,
    series: Sequence[Series],
    *,
    document_id: str = "generated",
    created: datetime = CREATED,
    revision: int = 1,
    interval: tuple[datetime, datetime] | None = None,
) -> bytes:
    """A GL_MarketDocument: A65 load, A69 wind and solar forecast, A75 generation, A68 capacity."""
    start, end = interval or _covered(series)
    head = _head(document_id, revision, document, process, created)
    body = "".join(_quantity_series(i, s) for i, s in enumerate(series, 1))
    return _document("GL_MarketDocument", "451-6:generationloaddocument:3:0", f"{head}{_span('time_Period', start, end)}{body}")


def outages(notices: Iterable[Notice], created: datetime = CREATED) -> bytes:
    """A zip with one A80 document a notice; the same bytes each time."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, notice in enumerate(notices, 1):
            stamps = f"{notice.start:%Y%m%d%H%M}-{notice.end:%Y%m%d%H%M}"
            name = f"{number:03}-UNAVAILABILITY_OF_PRODUCTION_AND_GENERATION_UNITS_{stamps}.xml"
            archive.writestr(zipfile.ZipInfo(name, (2026, 5, 22, 2, 27, 0)), outage(notice, created))
    return packed.getvalue()


def outage(notice: Notice, created: datetime = CREATED) -> bytes:
    """One notice."""
    resource = "production_RegisteredResource"
    system = f"{resource}.pSRType.powerSystemResources"
    status = f"<docStatus><value>{notice.status}</value></docStatus>" if notice.status else ""
    days = "".join(
        _tag(f"{edge}_DateAndOrTime.{part}", f"{moment:{form}}")
        for edge, moment in (("start", notice.start), ("end", notice.end))
        for part, form in (("date", "%Y-%m-%d"), ("time", "%H:%M:%SZ"))
    )
    period = _interval("timeInterval", notice.start, notice.end) + _tag("resolution", "PT1M") + _point(1, "quantity", notice.available_mw)
    series = (
        _tag("mRID", 1)
        + _tag("businessType", notice.business)
        + _coded("biddingZone_Domain.mRID", notice.area)
        + days
        + _tag("quantity_Measure_Unit.name", "MAW")
        + _tag("curveType", "A03")
        + _coded(f"{resource}.mRID", notice.unit_id)
        + _tag(f"{resource}.name", notice.unit_name)
        + _tag(f"{resource}.location.name", "Belgium")
        + _tag(f"{resource}.pSRType.psrType", notice.kind)
        + _coded(f"{system}.mRID", notice.unit_id)
        + _tag(f"{system}.name", notice.unit_name)
        + f'<{system}.nominalP unit="MAW">{float(notice.nominal_mw)}</{system}.nominalP>'
        + f"<Available_Period>{period}</Available_Period>"
    )
    head = (
        _tag("mRID", notice.notice_id)
        + _tag("revisionNumber", notice.revision)
        + _tag("type", "A80")
        + _tag("process.processType", "A26")
        + _tag("createdDateTime", f"{created:%Y-%m-%dT%H:%M:%SZ}")
        + _parties("A33")
        + _span("unavailability_Time_Period", notice.start, notice.end)
    )
    reason = "<Reason><code>A95</code><text>generated</text></Reason>"
    return _document("Unavailability_MarketDocument", "451-6:outagedocument:3:0", f"{head}{status}<TimeSeries>{series}</TimeSeries>{reason}")


def acknowledgement(text: str, created: datetime = CREATED) -> bytes:
    """What stands in the place of a document: no data, too long, too many."""
    stamp = f"{created:%Y-%m-%dT%H:%M:%SZ}"
    body = (
        _tag("mRID", "generated-ack")
        + _tag("createdDateTime", stamp)
        + _parties("A39")
        + _tag("received_MarketDocument.createdDateTime", stamp)
        + f"<Reason><code>999</code><text>{escape(text)}</text></Reason>"
    )
    return _document("Acknowledgement_MarketDocument", "451-1:acknowledgementdocument:7:0", body)


def no_data(item: str, area: str, start: datetime, end: datetime) -> bytes:
    """The acknowledgement for a span without data, as recorded."""
    span = f"{start:%Y-%m-%dT%H:%M:%SZ}/{end:%Y-%m-%dT%H:%M:%SZ}"
    return acknowledgement(f"No matching data found for Data item {item} ({area}, {area}) and interval {span}.")


def _price_series(number: int, series: Series) -> str:
    position = "classificationSequence_AttributeInstanceComponent.position"
    return (
        f"<TimeSeries>{_tag('mRID', number)}"
        + (_tag("auction.type", series.auction) if series.auction else "")
        + _tag("businessType", series.business)
        + _coded("in_Domain.mRID", series.area)
        + _coded("out_Domain.mRID", series.area)
        + (_tag("contract_MarketAgreement.type", series.contract) if series.contract else "")
        + _tag("currency_Unit.name", series.currency)
        + _tag("price_Measure_Unit.name", "MWH")
        + (_tag(position, series.sequence) if series.sequence else "")
        + _tag("curveType", series.curve)
        + "".join(_period(p, "price.amount", series.curve) for p in series.periods)
        + "</TimeSeries>"
    )


def _quantity_series(number: int, series: Series) -> str:
    total = not series.kind
    return (
        f"<TimeSeries>{_tag('mRID', number)}"
        + _tag("businessType", series.business)
        + _tag("objectAggregation", "A01" if total else "A08")
        + _coded(f"{series.direction}BiddingZone_Domain.mRID", series.area)
        + _tag("quantity_Measure_Unit.name", series.unit)
        + _tag("curveType", series.curve)
        + ("" if total else f"<MktPSRType>{_tag('psrType', series.kind)}</MktPSRType>")
        + "".join(_period(p, "quantity", series.curve) for p in series.periods)
        + "</TimeSeries>"
    )


def _period(period: Period, value: str, curve: str) -> str:
    start, end = period.interval()
    told = [(i, v) for i, v in enumerate(period.values, 1) if curve != "A03" or i == 1 or v != period.values[i - 2]]
    points = "".join(_point(i, value, v) for i, v in told)
    return f"<Period>{_interval('timeInterval', start, end)}{_tag('resolution', period.resolution or f'PT{period.minutes}M')}{points}</Period>"


def _point(position: int, name: str, value: float) -> str:
    return f"<Point>{_tag('position', position)}{_tag(name, _number(value))}</Point>"


def _number(value: float) -> str:
    return repr(float(value)).removesuffix(".0")


def _head(document_id: str, revision: int, document: str, process: str, created: datetime) -> str:
    return (
        _tag("mRID", document_id)
        + _tag("revisionNumber", revision)
        + _tag("type", document)
        + (_tag("process.processType", process) if process else "")
        + _parties("A33")
        + _tag("createdDateTime", f"{created:%Y-%m-%dT%H:%M:%SZ}")
    )


def _parties(receiver: str) -> str:
    return "".join(
        _coded(f"{who}_MarketParticipant.mRID", OPERATOR) + _tag(f"{who}_MarketParticipant.marketRole.type", role)
        for who, role in (("sender", "A32"), ("receiver", receiver))
    )


def _covered(series: Sequence[Series]) -> tuple[datetime, datetime]:
    spans = [p.interval() for s in series for p in s.periods]
    return min(s for s, _ in spans), max(e for _, e in spans)


def _span(prefix: str, start: datetime, end: datetime) -> str:
    return _interval(f"{prefix}.timeInterval", start, end)


def _interval(name: str, start: datetime, end: datetime) -> str:
    return f"<{name}>{_tag('start', f'{start:%Y-%m-%dT%H:%MZ}')}{_tag('end', f'{end:%Y-%m-%dT%H:%MZ}')}</{name}>"


def _coded(name: str, value: str) -> str:
    return f'<{name} codingScheme="A01">{escape(value)}</{name}>'


def _tag(name: str, value: object) -> str:
    return f"<{name}>{escape(str(value))}</{name}>"


def _document(kind: str, space: str, body: str) -> bytes:
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<{kind} xmlns="urn:iec62325.351:tc57wg16:{space}">{body}</{kind}>'
    return text.encode()
