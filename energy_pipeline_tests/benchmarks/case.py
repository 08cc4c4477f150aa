"""One measured case in a process of its own; prints a line of JSON.

What belongs here: running flows with the time of every step body taken. What does not:
starting processes or writing the page (`__main__`).

Dagster's own share is the time of the runs less the time inside our step bodies and checks:
planning, events, storage, version look-ups.
"""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from energy_pipeline.orchestration import checks, progress
from energy_pipeline.orchestration.outcome import Outcome
from energy_pipeline.runner.flows import FLOWS, Runner
from energy_pipeline.runner.instance import open_instance
from energy_pipeline.settings import Settings

STAGE_OF = {
    "raw_history": "raw history",
    "information_set": "information set",
    "driver_forecasts": "features",
    "price_features": "features",
    "price_forecasts": "forecasting",
    "forecast_scores": "forecasting",
    "plant_output": "renewables",
    "fleet_output": "renewables",
    "fleet_summary": "renewables",
    "scenario_paths": "scenarios",
    "scenario_summary": "scenarios",
    "scenario_sets": "scenarios",
    "scenario_scores": "scenarios",
    "dispatch": "flexibility",
    "asset_valuation": "flexibility",
    "dispatch_settled": "flexibility",
    "signals": "strategies",
    "backtest_metrics": "strategies",
    "positions": "portfolio",
    "joint_book": "portfolio",
    "pnl_day_ahead": "portfolio",
    "pnl": "portfolio",
    "risk": "risk",
    "var_exceptions": "risk",
    "runs": "reporting",
    "marts": "reporting",
    "daily_report": "reporting",
    "checks": "checks",
}


class Clock:
    """Seconds inside step bodies, by stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def reporting(self, step: str) -> Iterator[None]:
        """Stands in for `progress.reporting`."""
        began = time.perf_counter()
        try:
            yield
        finally:
            stage = STAGE_OF.get(step, "ingestion")
            self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - began


def main() -> None:
    """Run `desk first last mode home`; mode is `range` or `days`."""
    desk, first, last, mode, home = (
        Path(sys.argv[1]),
        date.fromisoformat(sys.argv[2]),
        date.fromisoformat(sys.argv[3]),
        sys.argv[4],
        Path(sys.argv[5]),
    )
    clock = Clock()
    honest = checks._outcome

    def timed(*arguments: object) -> Outcome:
        with clock.reporting("checks"):
            return honest(*arguments)  # type: ignore[arg-type]

    progress.reporting = clock.reporting  # type: ignore[assignment]
    checks._outcome = timed  # type: ignore[assignment]
    settings = Settings.load().model_copy(update={"desk": desk, "lake": home / "lake"})
    laps = []
    with open_instance(home / "dagster") as instance:
        runner = Runner(settings, instance=instance)
        spans = (
            [(first, last)]
            if mode == "range"
            else [(date.fromordinal(n), date.fromordinal(n)) for n in range(first.toordinal(), last.toordinal() + 1)]
        )
        for begin, end in spans:
            clock.seconds = {}
            began = time.perf_counter()
            runner.ensure_history(begin)
            for flow in FLOWS:
                runner.run(flow, begin, end).raise_if_failed()
            laps.append({"seconds": time.perf_counter() - began, "stages": dict(clock.seconds)})
    print(json.dumps(laps))  # noqa: T201 - the result


if __name__ == "__main__":
    main()
