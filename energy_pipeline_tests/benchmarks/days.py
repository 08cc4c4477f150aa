"""Two commits side by side: CPU seconds of a first day, of the days after it in one process, and of a new process on what it left.

    make days BEFORE=36550fd [ARGUMENTS="--after HEAD --desk energy_pipeline_tests/desks/europe.yaml --first 2019-04-03"]

What belongs here: running the same days with both on one machine, in turn, and the ratio. What does not: a verdict, or
which tables differ (`identity`).

The kernels are compiled by a day of another lake before anything is counted.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from datetime import date, timedelta
from pathlib import Path

from energy_pipeline_tests.benchmarks.identity import ROOT, Checkout

PROGRAM = r"""
import json, os, sys, time
try:
    import energy_pipeline.threads  # as every command does first
except ImportError:
    pass
from datetime import date, timedelta
try:
    from energy_pipeline.runner.flows import FLOWS, Runner
    from energy_pipeline.runner.instance import home_of, open_instance
    from energy_pipeline.runner.spans import run_span
except ImportError:  # before the storeys
    from energy_pipeline.orchestration.instance import home_of, open_instance
    from energy_pipeline.orchestration.runner import FLOWS, Runner
    from energy_pipeline.orchestration.spans import run_span
from energy_pipeline.settings import Settings

first, count = date.fromisoformat(sys.argv[1]), int(sys.argv[2])
spent = []
with open_instance(home_of(os.environ)) as instance:
    runner = Runner(Settings.load(), instance=instance)
    for day in (first + timedelta(days=n) for n in range(count)):
        began = time.process_time()
        result = run_span(runner, list(FLOWS), day, day)
        assert not result.failed_days, result.errors
        spent.append(time.process_time() - began)
json.dump(spent, sys.stdout)
"""


def spent(side: Checkout, name: str, desk: str | None, first: date, count: int) -> list[float]:
    """CPU seconds of each day in one new process of a checkout, on the lake of that name."""
    given = {
        "DAGSTER_HOME": str(side.folder / f"home_{name}"),
        "ENERGY_PIPELINE_LAKE": str(side.folder / f"lake_{name}"),
        "ENERGY_PIPELINE_DATA": str(Path(os.environ.get("ENERGY_PIPELINE_DATA", ROOT.parent / "shared" / "data")).resolve()),
        "OPENBLAS_NUM_THREADS": "1",
        **({"ENERGY_PIPELINE_DESK": str(side.folder / desk)} if desk else {}),
    }
    command = [str(side.folder / ".venv/bin/python"), "-W", "ignore", "-c", PROGRAM, first.isoformat(), str(count)]
    done = subprocess.run(command, cwd=side.folder, env={**os.environ, **given}, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr[-4000:])
    return json.loads(done.stdout.splitlines()[-1])


def main(arguments: list[str]) -> None:
    """Print a table: what, before, after, their ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("before")
    parser.add_argument("--after", default="HEAD")
    parser.add_argument("--desk")
    parser.add_argument("--first", type=date.fromisoformat, default=date(2026, 3, 28))
    given = parser.parse_args(arguments)
    rows: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        sides = [Checkout(Path(folder) / name, commit, None) for name, commit in (("before", given.before), ("after", given.after))]
        for side in sides:
            spent(side, "compiling", given.desk, given.first, 1)
            cold, warm, *_ = spent(side, "counted", given.desk, given.first, 2)
            (again,) = spent(side, "counted", given.desk, given.first + timedelta(days=2), 1)
            for what, seconds in {"first ever day": cold, "day after it in the same process": warm, "next day in a new process": again}.items():
                rows.setdefault(what, []).append(seconds)
            side.remove()
    print("| CPU s | before | after | after / before |\n|---|---|---|---|")  # noqa: T201
    for what, (old, new) in rows.items():
        print(f"| {what} | {old:.1f} | {new:.1f} | {new / old:.2f} |")  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1:])
