"""A long stretch of days through the command line: what a day costs as the lake grows, and how large everything gets.

    make soak                                   a year of four zones, the desk `europe.yaml`, two workers (hours of CPU)
    make soak YEARS=10                          ten years of a thinned synthetic desk
    make soak ARGUMENTS="--days 8 --step 4"     a shorter span, for a look

What belongs here: running span after span, each by a new `energy-pipeline backfill`, and a line for each. What does not: a
verdict (docs/speed.md quotes a run), or one day beside another commit (`days`).

CPU seconds are those of all processes of a span, the start of its workers included. The page of an asset is what Dagster's
web page asks of the records: materialisations, partitions and checks of one asset.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

import dagster as dg
import yaml

from energy_pipeline.runner.instance import open_instance
from energy_pipeline.runner.spans import chunks
from energy_pipeline_tests.benchmarks.identity import ROOT

EUROPE, TINY = (ROOT / "energy_pipeline_tests" / "desks" / name for name in ("europe.yaml", "tiny.yaml"))
EUROPE_FIRST, THIN_FIRST = date(2019, 1, 4), date(2015, 1, 1)
ASSET = dg.AssetKey("positions")
COLUMNS = ("days", "to", "CPU s a day", "wall s a day", "load", "page of an asset, s", "Dagster MB", "lake MB", "files", "warehouse MB")
HEAD = f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}"


def thinned(folder: Path) -> Path:
    """The smallest desk with a calendar that begins early, one quick member and short windows."""
    desk = yaml.safe_load(TINY.read_text(encoding="utf-8"))
    desk["first_delivery_day"] = date(2014, 1, 1)
    desk["forecast"] |= {"members": ["lear_56"], "overrides": {}}
    path = folder / "thinned.yaml"
    path.write_text(yaml.safe_dump(desk), encoding="utf-8")
    return path


def megabytes(*paths: Path) -> float:
    """Size of files and of what lies in folders."""
    files = [f for path in paths for f in ([path] if path.is_file() else path.rglob("*")) if f.is_file()]
    return sum(f.stat().st_size for f in files) / 1e6


def page_seconds(home: Path) -> float:
    """CPU seconds of what an asset's page asks of the records."""
    with open_instance(home) as instance:
        began = time.process_time()
        instance.fetch_materializations(ASSET, limit=100)
        instance.get_materialized_partitions(ASSET)
        instance.event_log_storage.get_asset_check_execution_history(dg.AssetCheckKey(ASSET, "expectations"), limit=100)
        return time.process_time() - began


def measured(folder: Path, desk: Path, first: date, last: date, given: argparse.Namespace) -> str:
    """Run a span; its line."""
    lake, home = folder / "lake", folder / "home"
    command = [sys.executable, "-m", "energy_pipeline.cli.main", "backfill", str(first), str(last), "--desk", str(desk), "--lake", str(lake)]
    command += ["--workers", str(given.workers), "--no-audit", *(["--chunk", str(given.chunk)] if given.chunk else [])]
    environment = {**os.environ, "DAGSTER_HOME": str(home), "OPENBLAS_NUM_THREADS": "1"}
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stdout[-3000:] + done.stderr[-3000:])
    after, days = resource.getrusage(resource.RUSAGE_CHILDREN), (last - first).days + 1
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    wall = time.monotonic() - began
    sizes = [megabytes(home), megabytes(lake), sum(path.is_file() for path in lake.rglob("*")), megabytes(lake / "warehouse.duckdb")]
    told = f"| {days} | {last} | {cpu / days:.2f} | {wall / days:.2f} | {os.getloadavg()[0]:.1f} | {page_seconds(home):.2f} | "
    return told + " | ".join(f"{size:,.0f}" for size in sizes) + " |"


def main(arguments: list[str]) -> None:
    """Print a table, a line for each span."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--years", type=int, default=1, help="More than one: the thinned desk.")
    parser.add_argument("--days", type=int, help="Instead of years.")
    parser.add_argument("--step", type=int, default=60, help="Days of a span.")
    parser.add_argument("--first", type=date.fromisoformat)
    parser.add_argument("--chunk", type=int, help="Days of a run.")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--thin", action="store_true", help="The thinned desk for one year too.")
    parser.add_argument("--folder", type=Path, help="Keep lake and records here, and go on from them.")
    given = parser.parse_args(arguments)
    thin = given.thin or given.years > 1
    first = given.first or (THIN_FIRST if thin else EUROPE_FIRST)
    last = first + timedelta(days=(given.days or 365 * given.years) - 1)
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        desk = thinned(folder) if thin else EUROPE
        print(HEAD, flush=True)  # noqa: T201
        for span in chunks(first, last, given.step):
            print(measured(folder, desk, *span, given), flush=True)  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1:])
