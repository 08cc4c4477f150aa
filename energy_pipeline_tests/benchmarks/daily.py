"""The daily flow: loading the definitions, one day, a backfill.

What belongs here: the section `daily` of the page. What does not: what a case does (`case`).
"""

import json
import os
import statistics
import tempfile
from datetime import date
from pathlib import Path

from energy_pipeline.desk import demo_desk_path
from energy_pipeline_tests.benchmarks.process import ROOT, Measured, measure

EUROPE = ROOT / "energy_pipeline_tests" / "desks" / "europe.yaml"
STAGES = (
    *("raw history", "ingestion", "information set", "features", "forecasting", "renewables", "scenarios"),
    *("flexibility", "strategies", "portfolio", "risk", "reporting", "checks"),
)


def section() -> list[str]:
    """Markdown of the section."""
    data = Path(os.environ.get("ENERGY_PIPELINE_DATA", "../shared/data"))
    lines = [
        "## Load of definitions.py",
        "",
        *load_rows(),
        "",
        "## One delivery day, all four flows",
        "",
        "SQLite storage, in-process executor. Cold: fresh process, empty lake; raw history is loaded, models are fitted, heavy",
        "libraries are imported by the stage that uses them first. Warm: the next day in the same process. Dagster's own: time of",
        "the runs outside our step bodies and checks.",
        "",
        *day_rows("Demo desk (3 zones, one in quarter-hours, 1,000 paths)", demo_desk_path(), "2026-03-28", "2026-03-29"),
    ]
    if data.is_dir():
        lines += day_rows("Real desk (4 zones, 1,000 paths)", EUROPE, "2019-04-03", "2019-04-04")
        lines += ["## Backfill", "", *backfill_rows(EUROPE, "2019-04-08", "2019-04-14"), ""]
    else:
        lines += [f"The real desk was not measured: no data at {data} (ENERGY_PIPELINE_DATA).", ""]
    return lines


def case(desk: Path, first: str, last: str, mode: str) -> tuple[Measured, list[dict[str, object]]]:
    """One case in a fresh home."""
    with tempfile.TemporaryDirectory() as home:
        done = measure("-m", "energy_pipeline_tests.benchmarks.case", str(desk), first, last, mode, home)
    return done, json.loads(done.text.splitlines()[-1])


def load_rows() -> list[str]:
    """Load of definitions.py against the bare imports it cannot do without."""
    programs = {
        "import dagster, polars, duckdb": "import dagster, polars, duckdb",
        "energy_pipeline.definitions": "from energy_pipeline.definitions import defs; defs()",
    }
    runs = {name: [measure("-c", text) for _ in range(5)] for name, text in programs.items()}
    bare = statistics.median(r.cpu_s for r in runs["import dagster, polars, duckdb"])
    rows = ["| process | CPU s, median of 5 | against the bare imports | peak MB |", "|---|---|---|---|"]
    for name, done in runs.items():
        cpu = statistics.median(r.cpu_s for r in done)
        rows.append(f"| `{name}` | {cpu:.2f} | {cpu / bare:.2f} | {statistics.median(r.peak_mb for r in done):.0f} |")
    return rows


def day_rows(title: str, desk: Path, first: str, second: str) -> list[str]:
    """A cold first day and the day after it in the same process, split by stage."""
    done, laps = case(desk, first, second, "days")
    cold, warm = laps[0], laps[1]
    rows = [f"### {title}", "", f"| stage | {first}, cold, s | {second}, warm, s |", "|---|---|---|"]
    rows += [f"| {stage} | {_of(cold, stage):.2f} | {_of(warm, stage):.2f} |" for stage in STAGES]
    rows.append(f"| Dagster's own | {_own(cold):.2f} | {_own(warm):.2f} |")
    rows.append(f"| **all** | **{_total(cold):.1f}** | **{_total(warm):.1f}** |")
    return [*rows, "", f"The process: {done.cpu_s:.1f} CPU s with imports, peak {done.peak_mb:.0f} MB.", ""]


def backfill_rows(desk: Path, first: str, last: str) -> list[str]:
    """Days as one range and as runs of each flow and day."""
    count = (date.fromisoformat(last) - date.fromisoformat(first)).days + 1
    rows = [f"| {count} days, real desk | wall s | CPU s | peak MB | Dagster's own, s | s per day |", "|---|---|---|---|---|---|"]
    for mode, name in (("range", "as one range"), ("days", f"as {count} runs in one process")):
        done, laps = case(desk, first, last, mode)
        wall, own = sum(_total(lap) for lap in laps), sum(_own(lap) for lap in laps)
        rows.append(f"| {name} | {wall:.0f} | {done.cpu_s:.0f} | {done.peak_mb:.0f} | {own:.0f} | {wall / count:.2f} |")
    return rows


def _of(lap: dict[str, object], stage: str) -> float:
    stages = lap["stages"]
    return float(stages.get(stage, 0.0)) if isinstance(stages, dict) else 0.0


def _total(lap: dict[str, object]) -> float:
    return float(str(lap["seconds"]))


def _own(lap: dict[str, object]) -> float:
    return _total(lap) - sum(_of(lap, stage) for stage in STAGES)
