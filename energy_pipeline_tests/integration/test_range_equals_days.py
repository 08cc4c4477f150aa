"""A range run writes the same bytes as day-by-day runs in separate processes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from energy_pipeline_tests.integration import lakes

ROOT = Path(__file__).resolve().parents[2]
SPANS = {"spring, 23 hours": ("2026-03-28", "2026-03-29", "2026-03-30"), "autumn, 25 hours": ("2025-10-26", "2025-10-27")}
pytestmark = pytest.mark.slow


def command(home: Path, *arguments: str) -> None:
    lake = home / "lake"
    environment = {**os.environ, "DAGSTER_HOME": str(home / "dagster"), "OMP_NUM_THREADS": "1"}
    program = [sys.executable, "-m", "energy_pipeline.cli.main", *arguments, "--desk", str(lakes.TINY), "--lake", str(lake)]
    done = subprocess.run(program, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]


@pytest.mark.parametrize("span", SPANS, ids=str)
def test_a_range_is_its_days(tmp_path, span):
    days = SPANS[span]
    in_range, by_day = tmp_path / "range", tmp_path / "days"
    command(in_range, "backfill", days[0], days[-1])
    for day in days:
        command(by_day, "run", day)
    for day in days:
        command(by_day, "settle", day)
    one, other = lakes.parquet_hashes(in_range / "lake"), lakes.parquet_hashes(by_day / "lake")
    assert {Path(p).parts[1] for p in one} >= {"positions", "price_forecasts", "scenario_paths", "pnl", "forecast_scores"}
    assert sorted(set(one) ^ set(other)) == []
    assert [path for path in one if one[path] != other[path]] == []
