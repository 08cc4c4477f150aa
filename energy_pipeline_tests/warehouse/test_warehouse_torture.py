"""Readers query while publishers publish, and while one is killed: nobody waits, nobody sees a half."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from energy_pipeline.lake import Lake
from energy_pipeline.warehouse import publishing as warehouse
from energy_pipeline_tests.lake.days import days, prices, stresses
from energy_pipeline_tests.warehouse import sql_models

PUBLISHES = 30

READER = """
import json, sys, time
from pathlib import Path
from energy_pipeline.warehouse.duck import connect
live, last = Path(sys.argv[1]), int(sys.argv[2])
reads, seen, torn, errors = 0, [], [], []
end = time.monotonic() + 120
while time.monotonic() < end and (not seen or seen[-1] < last):
    try:
        with connect(live) as con:
            version = con.execute("select max(version) from meta.publishes").fetchone()[0]
            stress = con.execute("select min(pnl_eur), max(pnl_eur), count(*) from marts.stress_results").fetchone()
            price = con.execute("select min(mean_eur_mwh), max(mean_eur_mwh), count(*) from marts.daily").fetchone()
    except Exception as error:
        errors.append(repr(error))
        break
    reads += 1
    time.sleep(0.02)
    if not (stress == (version, version, 4) and price == (version + 11.5, version + 11.5, 2)):
        torn.append([version, stress, price])
    if not seen or seen[-1] != version:
        seen.append(version)
print(json.dumps({"reads": reads, "seen": seen, "torn": torn, "errors": errors}))
"""

STUCK_PUBLISHER = """
import sys, time
from pathlib import Path
from energy_pipeline.lake import Lake
from energy_pipeline.warehouse import publishing as warehouse
from energy_pipeline_tests.lake.days import days
from energy_pipeline_tests.warehouse import sql_models
class StuckLake(Lake):
    reads = 0
    def read(self, *arguments, **more):
        self.reads += 1
        if self.reads == int(sys.argv[3]):
            print("in the middle", flush=True)
            time.sleep(600)
        return super().read(*arguments, **more)
warehouse.publish(StuckLake(sys.argv[1]), Path(sys.argv[2]), Path("unused"), days(2), project=sql_models.project())
"""


def write_version(lake: Lake, version: int) -> None:
    """All days of both tables say the same number; later vintages of prices win."""
    for day in days(2):
        lake.write_day("stress_results", day, stresses(day, float(version)))
        lake.add_vintage("day_ahead_prices", day, prices(day, float(version), known_hours_later=version))


def publish(lake, live):
    return warehouse.publish(lake, live, live.parent, days(2), project=sql_models.project())


@pytest.fixture
def lake(tmp_path):
    lake = Lake(tmp_path / "lake")
    write_version(lake, 1)
    return lake


def test_two_readers_over_thirty_publishes(lake, tmp_path):
    live = tmp_path / "warehouse.duckdb"
    publish(lake, live)
    command = [sys.executable, "-c", READER, str(live), str(1 + PUBLISHES)]
    readers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    try:
        for version in range(2, 2 + PUBLISHES):
            write_version(lake, version)
            assert publish(lake, live).version == version
        answers = [json.loads(reader.communicate(timeout=120)[0]) for reader in readers]
    finally:
        for reader in readers:
            reader.kill()
    for answer in answers:
        assert answer["errors"] == []
        assert answer["torn"] == []
        assert answer["seen"] == sorted(answer["seen"])
        assert answer["seen"][-1] == 1 + PUBLISHES
        assert answer["reads"] > 1


@pytest.mark.parametrize("read_call", [1, 2])
def test_a_publisher_killed_in_the_middle_blocks_nobody_and_leaves_no_harm(lake, tmp_path, read_call):
    live = tmp_path / "warehouse.duckdb"
    publish(lake, live)
    write_version(lake, 2)
    command = [sys.executable, "-c", STUCK_PUBLISHER, lake.root, str(live), str(read_call)]
    publisher = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert publisher.stdout is not None
        assert publisher.stdout.readline() == "in the middle\n"
        reading = [sys.executable, "-c", READER, str(live), "1"]
        during = json.loads(subprocess.run(reading, capture_output=True, text=True, check=True, timeout=60).stdout)
        assert during == {"reads": 1, "seen": [1], "torn": [], "errors": []}
        assert len(list(tmp_path.glob("*.tmp"))) >= 1
        os.kill(publisher.pid, signal.SIGKILL)
        publisher.wait(10)
    finally:
        publisher.kill()
        publisher.communicate(timeout=10)
    began = time.monotonic()
    assert publish(lake, live).version == 2
    assert time.monotonic() - began < 30
    after = json.loads(subprocess.run([*reading[:-1], "2"], capture_output=True, text=True, check=True, timeout=60).stdout)
    assert after["torn"] == after["errors"] == []
    assert sorted(p.name for p in tmp_path.iterdir()) == ["lake", "warehouse.duckdb", "warehouse.duckdb.lock", "warehouse_attach.sql"]
