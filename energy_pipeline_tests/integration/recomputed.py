"""Every computed table of one day again, from the frames a lake holds: content hashes as JSON, a set for each time.

Run as a program, so that the number of polars threads is the process's own:
POLARS_MAX_THREADS=2 python -m energy_pipeline_tests.integration.recomputed LAKE DAY TIMES

What belongs here: calling the steps of the graph without Dagster, writing nothing. What does not: ingest, the report, the runs table.
"""

import json
import sys
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from pathlib import Path

import polars as pl

from energy_pipeline import portfolio
from energy_pipeline.desk import load_desk
from energy_pipeline.lake.parquet import content_sha256
from energy_pipeline.orchestration.assets import (
    s02_features,
    s03_forecasting,
    s04_renewables,
    s05_scenarios,
    s06_flexibility,
    s07_strategies,
    s08_portfolio,
    s09_risk,
)
from energy_pipeline.orchestration.factory import DayContext
from energy_pipeline.orchestration.resources import DeskRuntime
from energy_pipeline.settings import Settings
from energy_pipeline_tests.integration import lakes

Compute = Callable[[DayContext], Mapping[str, pl.DataFrame]]
STAGES = (s02_features, s03_forecasting, s04_renewables, s05_scenarios, s06_flexibility, s07_strategies, s08_portfolio, s09_risk)


class Steps:
    """Stands in for the asset factory: takes down what each step computes."""

    def __init__(self) -> None:
        self.partitions = None
        self.computes: dict[str, Compute] = {}

    def table(self, name: str, compute: Callable[[DayContext], pl.DataFrame], _deps: object) -> None:
        self.computes[name] = lambda day: {name: compute(day)}

    def tables(self, step: str, _names: Iterable[str], compute: Compute, _deps: object) -> None:
        self.computes[step] = compute


def book(day: DayContext) -> Mapping[str, pl.DataFrame]:
    """The step `positions` without its submission."""
    paths, price_forecasts, plant_output, dispatch, signals = (day.read(t) for t in s08_portfolio.DECIDED_ON[1:])
    case = portfolio.case_of(day.info, paths, plant_output, dispatch, signals)
    found = portfolio.book_of(case, price_forecasts, dispatch)
    lines = portfolio.nomination_lines(case, found.positions, dispatch)
    return {"positions": found.positions, "portfolio_solution": found.solution, "nomination_lines": lines}


def hashes(lake: Path, day: date, time: int) -> dict[str, str]:
    """Content hash of every table by name; nothing is remembered from the time before."""
    steps = Steps()
    s08_portfolio.positions = lambda _: steps.computes.update(positions=book)
    for stage in STAGES:
        stage.assets(steps)
    runtime = DeskRuntime(Settings(lake=lake), load_desk(lakes.TINY))
    context = DayContext(day, runtime.session(f"again {time}", day, day))
    return {name: content_sha256(frame) for compute in steps.computes.values() for name, frame in compute(context).items()}


if __name__ == "__main__":
    LAKE, DAY, TIMES = Path(sys.argv[1]), date.fromisoformat(sys.argv[2]), int(sys.argv[3])
    sys.stdout.write(json.dumps([hashes(LAKE, DAY, time) for time in range(TIMES)]))
