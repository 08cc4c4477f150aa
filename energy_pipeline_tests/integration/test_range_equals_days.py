"""A range run writes the same bytes as day-by-day runs in separate processes."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from energy_pipeline.contracts import TABLES
from energy_pipeline_tests.integration import lakes, processes

ROOT = Path(__file__).resolve().parents[2]
SPANS = {"spring, 23 hours": ("2026-03-28", "2026-03-29", "2026-03-30"), "autumn, 25 hours": ("2025-10-26", "2025-10-27")}
pytestmark = pytest.mark.slow
THREADS = (1, 2, 4)
FILES_BESIDE_TABLES = 8
ONLY_TO_TRAIN_OR_AUDIT = {"great_expectations", "tensorflow", "pandas"}
REPEATS = int(os.environ.get("ENERGY_PIPELINE_REPEATS", "1"))
"""Times every table is computed with each number of threads; `make test-long` asks for 20."""


def asked(home: Path, *arguments: str) -> tuple[list[str], dict[str, str]]:
    """A command on the lake of `home`, and its environment."""
    command = [*arguments, "--desk", str(lakes.TINY), "--lake", str(home / "lake")]
    return command, {"DAGSTER_HOME": str(home / "dagster"), "OMP_NUM_THREADS": "1"}


def command(home: Path, *arguments: str) -> None:
    words, environment = asked(home, *arguments)
    processes.run(processes.energy_pipeline, *words, environment=environment)


def started(words: list[str], environment: dict[str, str]) -> str:
    """What an interpreter of its own prints."""
    done = subprocess.run([sys.executable, *words], cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout


@pytest.fixture(scope="module", autouse=True)
def _libraries():
    with processes.library_server():
        yield


@pytest.fixture(scope="module")
def in_range(tmp_path_factory):
    """Lake of a span in one range run, made once."""
    made = {}

    def lake(span):
        if span not in made:
            made[span] = tmp_path_factory.mktemp("range")
            command(made[span], "backfill", SPANS[span][0], SPANS[span][-1], "--no-audit")
        return made[span] / "lake"

    return lake


@pytest.mark.parametrize("span", SPANS, ids=str)
def test_a_range_is_its_days(tmp_path, in_range, span):
    days, by_day = SPANS[span], tmp_path / "days"
    for day in days:
        command(by_day, "run", day, "--no-audit")
    for day in days:
        command(by_day, "settle", day)
    one, other = lakes.parquet_hashes(in_range(span)), lakes.parquet_hashes(by_day / "lake")
    assert {Path(p).parts[1] for p in one} >= {"positions", "price_forecasts", "scenario_paths", "pnl", "forecast_scores"}
    assert sorted(set(one) ^ set(other)) == []
    assert [path for path in one if one[path] != other[path]] == []


def test_two_workers_write_what_one_does(tmp_path, in_range):
    """A chunk a day: each worker decides one, and settlement follows in day order."""
    span = SPANS["autumn, 25 hours"]
    # The command as it is typed: it starts processes of its own.
    words, environment = asked(tmp_path, "backfill", span[0], span[-1], "--chunk", "1", "--workers", "2")
    started(["-m", "energy_pipeline.cli.main", *words], environment)
    one, other = lakes.parquet_hashes(in_range("autumn, 25 hours")), lakes.parquet_hashes(tmp_path / "lake")
    assert sorted(set(one) ^ set(other)) == []
    assert [path for path in one if one[path] != other[path]] == []


@pytest.mark.parametrize("span", SPANS, ids=str)
def test_a_delivery_day_leaves_a_file_a_table_and_few_more(in_range, span):
    lake = in_range(span)
    files = [str(path.relative_to(lake)) for path in lake.rglob("*") if path.is_file()]
    found = {day: sum(day in name for name in files) for day in SPANS[span]}
    assert all(len(lakes.DECIDE_TABLES) < count <= len(TABLES) + FILES_BESIDE_TABLES for count in found.values()), found


def recomputed(lake: Path, day: str, threads: int) -> dict[str, list[Any]]:
    # polars counts its threads where it is imported first, so a fork would have the server's number.
    words = ["-m", "energy_pipeline_tests.integration.recomputed", str(lake), day, str(REPEATS)]
    return json.loads(started(words, {"OMP_NUM_THREADS": "1", "POLARS_MAX_THREADS": str(threads)}))


def test_every_table_has_the_same_bytes_with_any_number_of_threads(in_range):
    """Sums in the order of threads or of a hash table differ in their last digits, and with them the table's hash."""
    lake, day = in_range("autumn, 25 hours"), SPANS["autumn, 25 hours"][-1]
    told = {threads: recomputed(lake, day, threads) for threads in THREADS}
    found = [(threads, hashes) for threads in THREADS for hashes in told[threads]["hashes"]]
    assert len(found) == REPEATS * len(THREADS)
    tables = found[0][1]
    assert tables.keys() >= {"price_forecasts", "scenario_summary", "positions", "pnl", "hedge_results", "risk_measures", "pnl_attribution"}
    differing = {name: sorted({(threads, hashes[name]) for threads, hashes in found}) for name in tables}
    assert {name: each for name, each in differing.items() if len({sha for _, sha in each}) > 1} == {}
    assert [ONLY_TO_TRAIN_OR_AUDIT & set(each["loaded"]) for each in told.values()] == [set()] * len(THREADS), "to decide"
