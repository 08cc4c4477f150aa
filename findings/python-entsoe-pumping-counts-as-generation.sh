#!/usr/bin/env bash
# python-entsoe 0.6.3: generation.actual and balancing.imbalance_volumes drop which way the energy goes. A generation document has two series of
# pumped storage, one with inBiddingZone_Domain (generating) and one with outBiddingZone_Domain (pumping), an imbalance document has surplus and
# deficit apart by flowDirection; all come back as positive values without a column that tells them apart, and of two equal ones one is
# dropped as a repetition. The docstring says "actual generation output per type". Valid input: two hours as the platform writes them:
# 300 MW pumped and none generated, then none pumped and 500 generated; a surplus of 80 MWh (A01), then a deficit of 30 MWh (A02).
# By hand the storage generated 0 and 500 MW, net -300 and 500; the imbalance is 80 and -30. The library's pivot of rows (its cache) keeps
# one of the two by chance. Documents of France have that form every day.
# Seen 2026-12-01: "pumped storage 300 + 0, then 500 + 0 MW, columns timestamp value psr_type quantity_unit; imbalance 80, then 30".
# energy_pipeline/ingestion/connectors/entsoe/selection.py guards against it: only series of the area fact asked for (inBiddingZone) are taken.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv" && "$folder/venv/bin/pip" install --quiet python-entsoe==0.6.3 pandas==2.3.3
found=$(cd "$folder" && venv/bin/python -W ignore - <<'PYTHON'
import types
import entsoe._http
from entsoe import ENTSOEClient
SPAN = "<timeInterval><start>2026-05-31T22:00Z</start><end>2026-06-01T00:00Z</end></timeInterval>"
def series(about, values):
    points = "".join(f"<Point><position>{at}</position><quantity>{value}</quantity></Point>" for at, value in enumerate(values, 1))
    return f"<TimeSeries>{about}<curveType>A01</curveType><Period>{SPAN}<resolution>PT60M</resolution>{points}</Period></TimeSeries>"
def storage(way, values):
    return series(f"<{way}BiddingZone_Domain.mRID>10YFR-RTE------C</{way}BiddingZone_Domain.mRID>"
                  "<quantity_Measure_Unit.name>MAW</quantity_Measure_Unit.name><MktPSRType><psrType>B10</psrType></MktPSRType>", values)
def imbalance(way, start, end, value):
    one = series(f"<businessType>A19</businessType><flowDirection.direction>{way}</flowDirection.direction>", [value])
    return one.replace("2026-05-31T22:00Z", start).replace("2026-06-01T00:00Z", end)
DOCUMENTS = {
    "A75": f"<GL_MarketDocument>{storage('in', [0, 500])}{storage('out', [300, 0])}</GL_MarketDocument>",
    "A86": "<Balancing_MarketDocument>" + imbalance("A01", "2026-05-31T22:00Z", "2026-05-31T23:00Z", 80)
           + imbalance("A02", "2026-05-31T23:00Z", "2026-06-01T00:00Z", 30) + "</Balancing_MarketDocument>"}
class Platform:  # stands for the web: the answer by type of document
    def __init__(self):
        self.headers = {}
    def get(self, url, params):
        text = DOCUMENTS[params["documentType"]]
        return types.SimpleNamespace(status_code=200, text=text, content=text.encode())
entsoe._http.requests.Session = Platform
client = ENTSOEClient(api_key="none", tz="Europe/Paris", cache=False)
asked = dict(start="2026-06-01 00:00", end="2026-06-01 02:00", country="FR")
rows, balance = client.generation.actual(**asked), client.balancing.imbalance_volumes(**asked)
hours = [sorted(part["value"], reverse=True) for _, part in rows.groupby("timestamp")]
told = ", then ".join(" + ".join(f"{value:.0f}" for value in hour) for hour in hours)
print(f"pumped storage {told} MW, columns {' '.join(rows.columns)}; imbalance {', then '.join(f'{v:.0f}' for v in balance['value'])}")
PYTHON
)
echo "$found"
test "$found" = "pumped storage 300 + 0, then 500 + 0 MW, columns timestamp value psr_type quantity_unit; imbalance 80, then 30" || {
  echo "the direction is told now: the note can go"; exit 1; }
