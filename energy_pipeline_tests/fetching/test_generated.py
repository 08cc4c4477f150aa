"""The generator writes what was recorded: fed with a recording's values it gives the recording's elements and values."""

import io
import json
import re
import zipfile
from datetime import UTC, date, datetime, timedelta
from xml.etree import ElementTree as ET

import pytest

from energy_pipeline.ingestion.connectors.smard import parsing as smard
from energy_pipeline_tests.fetching.generated import entsoe, json_sources
from energy_pipeline_tests.ingestion.connectors.recordings import needs_recordings, recorded


def plain(body):
    """Elements in order as (depth, local name, attributes, text)."""
    found = []

    def walk(node, depth):
        name = node.tag.rsplit("}", 1)[-1]
        found.append((depth, name, tuple(sorted(node.attrib.items())), (node.text or "").strip()))
        for child in node:
            walk(child, depth + 1)

    walk(ET.fromstring(body), 0)  # noqa: S314 - our own and recorded text
    return found


def text(node, name):
    return next((c.text.strip() for c in node if c.tag.rsplit("}", 1)[-1] == name), None)


def children(node, name):
    return [c for c in node if c.tag.rsplit("}", 1)[-1] == name]


def instant(value):
    return datetime.strptime(value, "%Y-%m-%dT%H:%MZ").replace(tzinfo=UTC)


def period_of(node):
    """A recorded Period as the values it means: left-out positions repeat the one before."""
    (interval,) = children(node, "timeInterval")
    start, end = instant(text(interval, "start")), instant(text(interval, "end"))
    resolution = text(node, "resolution")
    told = {int(text(p, "position")): float(text(p, "price.amount") or text(p, "quantity")) for p in children(node, "Point")}
    minutes = int(resolution[2:-1]) if resolution.startswith("PT") else int((end - start).total_seconds() // 60)
    values = []
    for position in range(1, int((end - start).total_seconds() // 60 // minutes) + 1):
        values.append(told.get(position, values[-1] if values else None))
    return entsoe.Period(start, minutes, values, end, "" if resolution.startswith("PT") else resolution)


def series_of(node):
    direction = next((d for d in ("in", "out") if text(node, f"{d}BiddingZone_Domain.mRID")), "in")
    kinds = [text(k, "psrType") for k in children(node, "MktPSRType")]
    sequence = text(node, "classificationSequence_AttributeInstanceComponent.position")
    return entsoe.Series(
        [period_of(p) for p in children(node, "Period")],
        text(node, "in_Domain.mRID") or text(node, f"{direction}BiddingZone_Domain.mRID"),
        text(node, "businessType"),
        int(sequence) if sequence else None,
        text(node, "contract_MarketAgreement.type"),
        text(node, "auction.type"),
        text(node, "currency_Unit.name") or "",
        kinds[0] if kinds else "",
        direction,
        text(node, "quantity_Measure_Unit.name") or "",
        text(node, "curveType"),
    )


def regenerated(body):
    root = ET.fromstring(body)  # noqa: S314 - as above
    series = [series_of(n) for n in children(root, "TimeSeries")]
    span = next(n for n in root if n.tag.endswith("eriod.timeInterval"))
    head = {
        "document_id": text(root, "mRID"),
        "created": datetime.fromisoformat(text(root, "createdDateTime")),
        "interval": (instant(text(span, "start")), instant(text(span, "end"))),
    }
    if text(root, "type") == "A44":
        return entsoe.prices(series, **head)
    return entsoe.quantities(text(root, "type"), text(root, "process.processType"), series, revision=int(text(root, "revisionNumber")), **head)


@needs_recordings
@pytest.mark.parametrize(
    "name",
    [
        "a44_DE_LU_2024-10-06_seq1_hourly_seq2_quarter.xml",
        "a44_ES_2025-09-29_hourly_to_2025-10-02_quarter.xml",
        "a44_BE_2024-10-08_A03_hourly.xml",
        "a65_A01_load_forecast_NL_2024-09-02.xml",
        "a65_A16_load_actual_NL_2024-09-02.xml",
        "a69_A01_wind_solar_forecast_NL_2024-09-02.xml",
        "a75_A16_generation_FR_2024-06-15.xml",
        "a75_A16_generation_NL_2024-09-02.xml.gz",
        "a68_A33_installed_capacity_NL_2024.xml",
    ],
)
def test_a_document_of_entsoe_is_written_as_recorded(name):
    body = recorded(f"entsoe/{name}")
    assert plain(regenerated(body)) == plain(body)


@needs_recordings
def test_an_outage_notice_is_written_as_recorded():
    with zipfile.ZipFile(io.BytesIO(recorded("entsoe/a80_outages_BE_2024-01.zip"))) as archive:
        real, cancelled = (archive.read(name) for name in sorted(archive.namelist())[:2])
    notice = entsoe.Notice(
        "Iq8upusRPHIsfSAvXIDE0w",
        2,
        "10YBE----------2",
        "22WRODENH000213L",
        "RODENHUIZE 4",
        "B01",
        268.0,
        0.0,
        datetime(2023, 10, 11, 15, 37, tzinfo=UTC),
        datetime(2024, 3, 5, 8, tzinfo=UTC),
    )
    made = plain(entsoe.outage(notice, datetime(2025, 10, 7, 6, 52, 58, tzinfo=UTC)))
    differ = {b[1] for a, b in zip(made, plain(real), strict=True) if a != b}
    assert differ == {"production_RegisteredResource.pSRType.powerSystemResources.mRID", "text"}
    status = [n for n in plain(cancelled) if n[1] in ("docStatus", "value")]
    withdrawn = entsoe.Notice(*[getattr(notice, f) for f in list(notice.__dataclass_fields__)[:10]], status="A09")
    assert [n for n in plain(entsoe.outage(withdrawn)) if n[1] in ("docStatus", "value")] == status


@needs_recordings
def test_an_acknowledgement_is_written_as_recorded():
    body = recorded("entsoe/ack_200_no_data_a44_A07_DE_LU.xml")
    day = datetime(2024, 9, 1, 22, tzinfo=UTC)
    made = entsoe.no_data("ENERGY_PRICES [12.1.D]", "10Y1001A1001A82H", day, day + timedelta(days=1))
    known = [n for n in plain(body) if n[1] not in ("mRID", "createdDateTime", "received_MarketDocument.createdDateTime")]
    assert [n for n in plain(made) if n[1] not in ("mRID", "createdDateTime", "received_MarketDocument.createdDateTime")] == known


@needs_recordings
def test_a_week_of_smard_is_written_as_recorded():
    body = recorded("smard/4169_DE_LU_quarterhour_2025-10-26_100_values.json")
    pairs = json.loads(body)["series"]
    times = [datetime.fromtimestamp(ms / 1000, tz=UTC) for ms, _ in pairs]
    assert json.loads(json_sources.smard_week(times, [v for _, v in pairs])) == json.loads(body)


def test_the_index_of_smard_has_the_keys_the_connector_asks_for():
    index = json.loads(json_sources.smard_index(date(2025, 1, 1), date(2026, 1, 31)))["timestamps"]
    asked = smard.weeks(datetime(2025, 1, 6, tzinfo=UTC), datetime(2026, 1, 27, tzinfo=UTC))
    assert index == asked
    assert 1761519600000 in index


@needs_recordings
def test_weather_is_written_as_recorded():
    fields = json.loads(recorded("open_meteo/single_run.json"))
    times = [datetime.fromisoformat(t).replace(tzinfo=UTC) for t in fields["hourly"].pop("time")]
    made = json.loads(json_sources.open_meteo(times, fields["hourly"], {"temperature_2m": "°C"}, (fields["latitude"], fields["longitude"])))
    other = {"hourly", "hourly_units", "generationtime_ms", "daily", "daily_units"}
    assert {k: v for k, v in made.items() if k not in other} == {k: v for k, v in fields.items() if k not in other}
    assert made["hourly"]["temperature_2m"] == fields["hourly"]["temperature_2m"]
    assert list(made["hourly"]) == list(made["hourly_units"]) == ["time", "temperature_2m"]
    assert re.fullmatch(rb".*W/m\xc2\xb2.*", json_sources.open_meteo([], {}, {"shortwave_radiation": "W/m²"}))


@needs_recordings
@pytest.mark.parametrize("limit", ["minutely", "hourly", "daily"])
def test_an_error_of_open_meteo_is_written_as_recorded(limit):
    body = recorded(f"open_meteo/429_{limit}.json")
    assert json.loads(json_sources.open_meteo_error(json.loads(body)["reason"])) == json.loads(body)
