"""Every computed table of one day again, from the frames a lake holds, as JSON: content hashes, a set for each time, and the
libraries that were loaded to decide.

Run as a program, so that the number of polars threads is the process's own:
POLARS_MAX_THREADS=2 python -m energy_pipeline_tests.integration.recomputed LAKE DAY TIMES

What belongs here: calling the steps of the graph without Dagster, writing nothing. What does not: ingest, the report, the runs table.
"""

import json
import sys
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from energy_pipeline.contracts import TABLES
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
from energy_pipeline.orchestration.factory import AssetFactory, DayContext
from energy_pipeline.orchestration.resources import DeskRuntime
from energy_pipeline.settings import Settings
from energy_pipeline_tests.integration import lakes

STAGES = (s02_features, s03_forecasting, s04_renewables, s05_scenarios, s06_flexibility, s07_strategies, s08_portfolio, s09_risk)


def hashes(lake: Path, day: date, time: int, flows: tuple[str, ...]) -> dict[str, str]:
    """Content hash of every table of the flows by name; nothing is remembered from the time before."""
    desk = load_desk(lakes.TINY)
    factory = AssetFactory(desk)
    for stage in STAGES:
        stage.assets(factory)
    no_run: Any = None  # no step but `runs` asks for it
    context = DayContext(day, DeskRuntime(Settings(lake=lake), desk).session(f"again {time}", day, day), no_run)
    frames: dict[str, pl.DataFrame] = {}
    for name, step in factory.steps.items():
        if (TABLES[name].flow if name in TABLES else "decide") not in flows:  # a step of several tables may have a name of its own
            continue
        # The book's step also submits; what it decides is made without.
        taken = step.taken(context.session, day)
        found: Any = s08_portfolio.decided_book(context, **taken) if name == "positions" else step.compute(context, **taken)  # type: ignore[arg-type]
        frames |= {name: found} if isinstance(found, pl.DataFrame) else found
    return {name: content_sha256(frame) for name, frame in frames.items()}


if __name__ == "__main__":
    # An installation has no scikit-learn: it comes with the development packages, and xgboost then loads it, and pandas with it.
    sys.modules["sklearn"] = None  # type: ignore[assignment]
    LAKE, DAY, TIMES = Path(sys.argv[1]), date.fromisoformat(sys.argv[2]), int(sys.argv[3])
    DECIDED = [hashes(LAKE, DAY, time, ("decide",)) for time in range(TIMES)]
    LOADED = sorted({name.partition(".")[0] for name in sys.modules})
    SETTLED = [hashes(LAKE, DAY, time, ("settle_da", "settle_final")) for time in range(TIMES)]
    sys.stdout.write(json.dumps({"hashes": [{**d, **s} for d, s in zip(DECIDED, SETTLED, strict=True)], "loaded": LOADED}))
