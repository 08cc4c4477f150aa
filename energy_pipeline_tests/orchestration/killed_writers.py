"""Writers of a day, each killed at another of its writes: started as a program of its own, which nobody's threads share."""

import os
import signal
import sys
from datetime import date
from pathlib import Path

from energy_pipeline.contracts import table
from energy_pipeline.lake import Lake, lease
from energy_pipeline_tests.contracts.legal_frames import legal_day
from energy_pipeline_tests.orchestration.test_whole_days import DECIDE, a_run, write

DAY = date(2026, 3, 29)
LOOKED_AT = ("positions", "portfolio_solution", "risk_measures")
OLD, NEW = 3, 5
"""Rows of the tables of the earlier run, and of the one that is killed."""


def write_day(lake: Lake, rows: int, run_id: str) -> None:
    """A run of decide, which takes the day, writes all it has to, and leaves it."""
    with lease.take(lake.storage, [(DAY, "decide")], f"run {run_id}, process {os.getpid()}"):
        write(a_run(lake, run_id=run_id), *DECIDE, rows=rows)


def dies_at(step: int, root: Path) -> None:
    """Write the day and end without a word instead of the `step`-th write or removal; a run with fewer comes through."""
    count, originals = 0, (os.replace, Path.unlink)

    def counted(original):
        def go(*arguments, **named):
            nonlocal count
            count += 1
            if count == step:
                os.kill(os.getpid(), signal.SIGKILL)
            return original(*arguments, **named)

        return go

    os.replace, Path.unlink = map(counted, originals)  # type: ignore[method-assign]
    write_day(Lake(root), NEW, "second")


def main(home: Path) -> None:
    """One writer after the other, each in a lake of its own, until one comes through."""
    for step in range(1, 100):
        root = home / str(step)
        if os.fork() == 0:
            lake = Lake(root)
            lake.write_file("report", DAY, "report.html", b"<html><body><p>as decided</p></body></html>")
            write_day(lake, OLD, "first")
            dies_at(step, root)
            os._exit(0)
        if os.wait()[1] == 0:
            sys.stdout.write(str(step))
            return


def rows_of(lake: Lake) -> dict[str, int]:
    """Rows of each table of the day, every byte of it compared."""
    assert all(lake.verified(name, DAY) for name in LOOKED_AT)
    return {name: lake.read(name, DAY, DAY).height for name in LOOKED_AT}


def expected(rows: int) -> dict[str, int]:
    """Rows of each table of a day that was written through."""
    return {name: legal_day(table(name), DAY, rows).height for name in LOOKED_AT}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
