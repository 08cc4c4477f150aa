#!/usr/bin/env bash
# entsoe-py 0.8.1: a yearly value (P1Y, curve type A03; installed capacity has no other form) is stamped a day after the start of its
# period, in every year. Valid input: 418 MW for the local year 2025, 2024-12-31T23:00Z to 2025-12-31T23:00Z.
# Seen 2026-11-30: "2023-01-01T23:00Z 2024-01-01T23:00Z 2025-01-01T23:00Z" for years that start at 23:00Z of 31 December.
# energy_pipeline/ingestion/connectors/entsoe/documents.py relies on it: a year is a step of the local calendar there.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv" && "$folder/venv/bin/pip" install --quiet entsoe-py==0.8.1 pandas==3.1.1
found=$(cd "$folder" && venv/bin/python -W ignore - <<'PYTHON'
from entsoe.parsers import parse_generation
def document(year):
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<GL_MarketDocument><TimeSeries><mRID>1</mRID><businessType>A37</businessType>
<inBiddingZone_Domain.mRID codingScheme="A01">10YNL----------L</inBiddingZone_Domain.mRID>
<quantity_Measure_Unit.name>MAW</quantity_Measure_Unit.name><curveType>A03</curveType><MktPSRType><psrType>B01</psrType></MktPSRType><Period>
<timeInterval><start>{year - 1}-12-31T23:00Z</start><end>{year}-12-31T23:00Z</end></timeInterval><resolution>P1Y</resolution>
<Point><position>1</position><quantity>418</quantity></Point></Period></TimeSeries></GL_MarketDocument>"""
print(*(f"{parse_generation(document(year)).index[0]:%Y-%m-%dT%H:%MZ}" for year in (2023, 2024, 2025)))
PYTHON
)
echo "$found"
test "$found" = "2023-01-01T23:00Z 2024-01-01T23:00Z 2025-01-01T23:00Z" || { echo "years are stamped otherwise now: the note can go"; exit 1; }
