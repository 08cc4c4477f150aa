"""What S3 and PostgreSQL cost: days of one desk in a folder with SQLite, and in a bucket with PostgreSQL, in turn in one process.

    make overhead [ARGUMENTS="--desk energy_pipeline_tests/desks/tiny.yaml --days 3 --profile"]

What belongs here: the same days at both places, their CPU seconds, and the ratio. What does not: servers (`servers`).

The first day of each place is not counted: it compiles kernels and makes the past. The pipeline's own seconds count; those of the
servers, which stand elsewhere in a deployment, are said beside.
"""

import argparse
import cProfile
import os
import pstats
import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import date, timedelta
from pathlib import Path

import energy_pipeline.threads  # noqa: F401 - before numpy, as every command does first
from energy_pipeline.runner.flows import FLOWS, Runner
from energy_pipeline.runner.instance import open_instance
from energy_pipeline.runner.spans import run_span
from energy_pipeline.settings import Settings
from energy_pipeline_tests import servers
from energy_pipeline_tests.integration.lakes import TINY

ALLOWED = 1.5
"""Of issue 18: an S3 and PostgreSQL day costs at most so many local ones."""


def children_seconds() -> float:
    """CPU seconds of the servers under way."""
    spent, ticks = 0.0, os.sysconf("SC_CLK_TCK")
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = stat.read_text().partition("(")[2].rpartition(")")
        except OSError:
            continue
        if name in ("weed", "postgres"):
            spent += sum(map(int, rest.split()[11:13])) / ticks
    return spent


def a_day(runner: Runner, day: date) -> float:
    """CPU seconds of all flows of a day."""
    began = time.process_time()
    result = run_span(runner, list(FLOWS), day, day)
    if result.failed_days:
        raise SystemExit(str(result.errors))
    return time.process_time() - began


def main(arguments: list[str]) -> None:
    """Print each day's seconds at both places, and the ratio of their sums; 1 where it is more than is allowed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--desk", type=Path, default=TINY)
    parser.add_argument("--first", type=date.fromisoformat, default=date(2026, 3, 27))
    parser.add_argument("--days", type=int, default=3)
    parser.add_argument("--profile", action="store_true", help="functions in which the last day on S3 spends its time")
    given = parser.parse_args(arguments)
    spent: dict[str, list[float]] = {"folder, SQLite": [], "S3, PostgreSQL": []}
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        home = Path(folder)
        os.environ |= stack.enter_context(servers.s3(home / "s3")) | stack.enter_context(servers.postgres(home / "pg"))
        servers.deployed_home(home / "far")
        roots = {"near": home / "lake", "far": "s3://tests/lake"}
        settings = {name: Settings(desk=given.desk, lake=root, warehouse_file=home / f"{name}.duckdb") for name, root in roots.items()}
        runners = [Runner(settings[name], instance=stack.enter_context(open_instance(home / name))) for name in roots]
        before = 0.0
        for n in range(given.days + 1):
            day, profile = given.first + timedelta(days=n), cProfile.Profile()
            before = children_seconds() if n == 1 else before
            for runner, own in zip(runners, spent.values(), strict=True):
                watched = given.profile and n == given.days and runner is runners[1]
                own.append(profile.runcall(a_day, runner, day) if watched else a_day(runner, day))
        aside = (children_seconds() - before) / given.days
        if given.profile:
            pstats.Stats(profile).sort_stats("tottime").print_stats(40).sort_stats("cumtime").print_stats(90)
    near, far = (sum(own[1:]) for own in spent.values())
    for name, own in spent.items():
        print(f"{name}: first {own[0]:.1f}, then {', '.join(f'{s:.1f}' for s in own[1:])} CPU s")  # noqa: T201
    print(f"ratio {far / near:.2f} (at most {ALLOWED}); the servers' own {aside:.1f} CPU s a day")  # noqa: T201
    sys.exit(far > ALLOWED * near)


if __name__ == "__main__":
    main(sys.argv[1:])
