"""A year of quarter-hourly prices from ENTSO-E's XML, against entsoe-py in an environment of its own.

What belongs here: the section `entsoe` of the page. What does not: other documents (the tests hold their values).

The document is made up in the recorded form: a TimeSeries a day, curve A03, 8,760 hours of quarter-hours with repeats left
out. entsoe-py is no dependency: `uv run --no-project --with` makes the environment, ENTSOE_PY names a Python that has it.
"""

import json
import os
import shutil
import subprocess
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np

from energy_pipeline.domain.delivery import DeliveryDay
from energy_pipeline.ingestion.connectors import connector_of
from energy_pipeline.ingestion.connectors.contract import Answer, Asked, Rows
from energy_pipeline.ingestion.connectors.entsoe.areas import AREAS
from energy_pipeline_tests.benchmarks.process import ROOT
from energy_pipeline_tests.fetching.generated import entsoe

PEER = "entsoe-py==0.8.1"
REPEATS = 3
FIRST, LAST = date(2026, 1, 1), date(2026, 12, 31)
_PEER_CODE = """
import json, sys, time
from entsoe.parsers import parse_prices
text = open(sys.argv[1], encoding="utf-8").read()
seconds = []
for _ in range(int(sys.argv[2])):
    began = time.process_time()
    found = parse_prices(text)["15min"]
    seconds.append(time.process_time() - began)
print(json.dumps({"cpu_s": min(seconds), "starts": [int(t.timestamp()) for t in found.index], "values": [float(v) for v in found]}))
"""


def year() -> bytes:
    """The document."""
    random, series = np.random.default_rng(3), []
    for number in range((LAST - FIRST).days + 1):
        day = DeliveryDay(FIRST + timedelta(days=number), "Europe/Berlin")
        values = np.round(80 + 30 * np.sin(np.arange(day.count(15)) / 15) + random.normal(0, 4, day.count(15)), 2)
        repeats = random.random(len(values)) < 0.05
        values[1:] = np.where(repeats[1:], values[:-1], values[1:])
        series.append(entsoe.Series([entsoe.Period(day.start, 15, values.tolist())], AREAS["DE_LU"].code, sequence=1))
    return entsoe.prices(series)


def ours(body: bytes) -> tuple[float, list[int], list[float]]:
    """CPU seconds, starts [s] and values."""
    asked = Asked("day_ahead_prices", (("zone", "DE_LU"),), "prices")
    connector = connector_of("entsoe")
    request = connector.requests(asked, FIRST, LAST)[0]
    seconds = []
    for _ in range(REPEATS):
        began = time.process_time()
        found = connector.parse(Answer(request, datetime(2027, 1, 1, tzinfo=UTC), 200, (), body))
        seconds.append(time.process_time() - began)
    if not isinstance(found, Rows):
        raise TypeError(found.reason)
    return min(seconds), found.frame["delivery_start"].dt.epoch("s").to_list(), found.frame["price_eur_mwh"].to_list()


def peer(body: bytes) -> dict[str, object]:
    """The same by entsoe-py."""
    own = os.environ.get("ENTSOE_PY")
    uv = str(ROOT / ".uv" / "bin" / "uv") if (ROOT / ".uv" / "bin" / "uv").exists() else shutil.which("uv") or "uv"
    python = [own] if own else [uv, "run", "--quiet", "--no-project", "--with", PEER, "python"]
    with tempfile.TemporaryDirectory() as folder:
        document = Path(folder) / "year.xml"
        document.write_bytes(body)
        command = [*python, "-c", _PEER_CODE, str(document), str(REPEATS)]
        return json.loads(subprocess.run(command, check=True, capture_output=True, text=True, cwd=folder).stdout)


def section() -> list[str]:
    """Markdown of the section."""
    body = year()
    seconds, starts, values = ours(body)
    theirs = peer(body)
    same = starts == theirs["starts"] and values == theirs["values"]
    if not same:
        raise ValueError("the two parsers disagree: no figure is worth anything")
    ratio = float(theirs["cpu_s"]) / seconds
    return [
        "## A year of quarter-hourly prices from ENTSO-E's XML",
        "",
        f"{len(body) / 1e6:.1f} MB, {len(values):,} intervals over both clock changes, made up in the recorded form; the best of {REPEATS}.",
        "",
        "| parser | CPU s | values |",
        "|---|---|---|",
        f"| `ingestion/connectors/entsoe` | {seconds:.2f} | {len(values):,} |",
        f"| {PEER.replace('==', ' ')} | {theirs['cpu_s']:.2f} | the same, every start and every value |",
        "",
        f"{ratio:.1f} times cheaper.",
    ]
