"""What a publish costs by the number of days in the warehouse.

What belongs here: the section `warehouse` of the page. What does not: whether the marts are right (tests do that).

The lake holds one made-up day of three zones. A first publish makes the files of that day; its rows are then repeated
for the days before, with noise, since a publish reads no other day of the lake whatever its age. What is timed is the
next publish, after every table of the day was written anew, so that every mart is due.
"""

import os
import statistics
import tempfile
import time
from datetime import date
from pathlib import Path

import polars as pl

from energy_pipeline.contracts import TABLES
from energy_pipeline.lake import Lake
from energy_pipeline.warehouse import publishing as warehouse
from energy_pipeline.warehouse.duck import attached, workbench
from energy_pipeline.warehouse.due import window
from energy_pipeline.warehouse.marts import day_column
from energy_pipeline.warehouse.models import Models, Project, mart_table, models_of, open_project
from energy_pipeline_tests.benchmarks.process import ROOT
from energy_pipeline_tests.made_up_day import MadeUpDay

SQL = ROOT / "dbt_like_sql"
LAST = date(2026, 3, 30)
SIZES = (10, 365, 3650)
REPEATS = 3
ONE = "limits"


def section() -> list[str]:
    """Markdown of the section."""
    project = open_project(SQL)
    lines = [
        "## Publishing the warehouse",
        "",
        f"One made-up day of three zones, all {len(models_of(project).marts)} marts due, by the days the warehouse holds already;",
        f"median of {REPEATS}. One table: one mart is due. The main file holds 25 months by interval whatever its age, and the sums of all days.",
        "",
        "| days | main file MB | publish, CPU s | wall s | one table, CPU s | wall s | nothing due, CPU s |",
        "|---|---|---|---|---|---|---|",
    ]
    sizes = [int(size) for size in os.environ.get("ENERGY_PIPELINE_BENCH_DAYS", "").split(",") if size] or SIZES
    return [*lines, *(row(size, project) for size in sizes), ""]


def row(size: int, project: Project) -> str:
    """One warehouse."""
    frames = {name: frame for name, frame in MadeUpDay(LAST).tables.items() if frame.height}
    with tempfile.TemporaryDirectory() as home:
        lake, live = Lake(home), Path(home) / "warehouse.duckdb"
        write(lake, frames, 0)
        publish(lake, live, project)
        fill(live, models_of(project), size)
        write(lake, frames, 1)
        publish(lake, live, project)  # makes the file of the closed year
        full = [timed(lake, live, project, frames, i + 2) for i in range(REPEATS)]
        one = [timed(lake, live, project, {ONE: frames[ONE]}, i + 9) for i in range(REPEATS)]
        none = timed(lake, live, project, {}, 0)
        megabytes = live.stat().st_size / 1e6
    cells = [f"{statistics.median(each[k] for each in runs):.2f}" for runs in (full, one) for k in (0, 1)]
    return f"| {size:,} | {megabytes:.0f} | {' | '.join(cells)} | {none[0]:.2f} |"


def timed(lake: Lake, live: Path, project: Project, frames: dict[str, pl.DataFrame], number: int) -> tuple[float, float]:
    """CPU and wall seconds of a publish after these tables of the day were written anew."""
    write(lake, frames, number)
    cpu, wall = time.process_time(), time.perf_counter()
    publish(lake, live, project)
    return time.process_time() - cpu, time.perf_counter() - wall


def publish(lake: Lake, live: Path, project: Project) -> None:
    """The day."""
    warehouse.publish(lake, live, SQL, [LAST], project=project)


def write(lake: Lake, frames: dict[str, pl.DataFrame], number: int) -> None:
    """The day's tables; another `number` is another content, and of raw tables a later vintage."""
    for name, frame in frames.items():
        contract = TABLES[name]
        if contract.vintages:
            lake.add_vintage(name, LAST, frame.with_columns(pl.col("known_at") + pl.duration(minutes=number)))
            continue
        value = next((c.name for c in contract.columns if c.dtype == "f64" and c.name not in contract.key and c.maximum is None), None)
        again = frame if value is None else frame.with_columns(pl.col(value) + number * 1e-9)
        lake.write_day(name, LAST, again)


def fill(live: Path, models: Models, size: int) -> None:
    """Repeat the day's rows for the days before, as far as the file holds them."""
    held = min(size, (LAST - window(LAST).first).days + 1)
    with workbench(live) as connection, attached(connection, live, "warehouse", read_only=False):
        for mart in models.marts:
            days = size if mart.name.endswith("_daily") else held
            rows = connection.execute(f"DESCRIBE {mart_table(mart.name)}").fetchall()
            shifted = [f'"{r[0]}" - to_days(i::INT) AS "{r[0]}"' for r in rows if r[1] == "TIMESTAMP WITH TIME ZONE"]
            noisy = [f'"{r[0]}" + random() AS "{r[0]}"' for r in rows if r[1] == "DOUBLE"]
            if day_column(mart.name) == "delivery_day" and days > 1:
                replaced = ", ".join(["delivery_day - i::INT AS delivery_day", *shifted, *noisy])
                connection.execute(
                    f"INSERT INTO {mart_table(mart.name)} SELECT m.* REPLACE ({replaced}) "  # noqa: S608 - our own names
                    f"FROM {mart_table(mart.name)} AS m, range(1, {days}) AS r(i)"
                )
                connection.execute("INSERT INTO meta.days SELECT ?, ?::DATE - i::INT, 'x' FROM range(1, ?) AS r(i)", [mart.name, LAST, days])
        connection.execute("CHECKPOINT warehouse")
