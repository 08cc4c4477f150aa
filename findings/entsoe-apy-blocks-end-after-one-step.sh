#!/usr/bin/env bash
# entsoe-apy 1.2.0: add_timestamps(interval_type="end") gives the end of a point as one step after its start, also in curve type A03, where a
# point holds until the next one. Valid input: 10 EUR/MWh from 22:00Z for three hours, then 20 for one (positions 1 and 4 of PT60M).
# Seen 2026-11-30: the block of 10 ends at 23:00Z, the hours 23:00Z and 00:00Z belong to nobody, and nothing says so.
# energy_pipeline/ingestion/connectors/entsoe reads the same document as 10, 10, 10, 20 (energy_pipeline_tests/ingestion/connectors).
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv" && "$folder/venv/bin/pip" install --quiet entsoe-apy==1.2.0
found=$(cd "$folder" && venv/bin/python -W ignore - 2>"$folder/log" <<'PYTHON'
from types import SimpleNamespace
from entsoe.utils import add_timestamps, extract_records
from entsoe.utils.utils import extract_namespace_and_find_classes
from xsdata_pydantic.bindings import XmlParser
SPAN = "<timeInterval><start>2025-05-31T22:00Z</start><end>2025-06-01T02:00Z</end></timeInterval>"
ZONE, ROLE = '<{0} codingScheme="A01">10YFR-RTE------C</{0}>', '<{0}.mRID codingScheme="A01">10X1001A1001A450</{0}.mRID><{0}.marketRole.type>{1}</{0}.marketRole.type>'
document = f"""<?xml version="1.0" encoding="UTF-8"?>
<Publication_MarketDocument xmlns="urn:iec62325.351:tc57wg16:451-3:publicationdocument:7:3"><mRID>1</mRID><revisionNumber>1</revisionNumber>
<type>A44</type>{ROLE.format("sender_MarketParticipant", "A32")}{ROLE.format("receiver_MarketParticipant", "A33")}
<createdDateTime>2025-06-01T00:00:00Z</createdDateTime>{SPAN.replace("timeInterval", "period.timeInterval")}
<TimeSeries><mRID>1</mRID><businessType>A62</businessType>{ZONE.format("in_Domain.mRID")}{ZONE.format("out_Domain.mRID")}
<contract_MarketAgreement.type>A01</contract_MarketAgreement.type><currency_Unit.name>EUR</currency_Unit.name>
<price_Measure_Unit.name>MWH</price_Measure_Unit.name><curveType>A03</curveType><Period>{SPAN}<resolution>PT60M</resolution>
<Point><position>1</position><price.amount>10</price.amount></Point><Point><position>4</position><price.amount>20</price.amount></Point>
</Period></TimeSeries></Publication_MarketDocument>"""
records = extract_records(XmlParser().from_string(document, extract_namespace_and_find_classes(SimpleNamespace(text=document))[1]))
for kind in ("start", "end"):
    print(kind, *(r["timestamp"][11:16] for r in add_timestamps(records, interval_type=kind)))
PYTHON
)
echo "$found"
test "$found" = $'start 22:00 01:00\nend 23:00 02:00' || { echo "blocks end otherwise now: the note can go"; exit 1; }
