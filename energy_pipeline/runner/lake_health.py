"""What `doctor` asks of the lake, the clock and the records: damaged files, a clock that stepped, another time zone, a database away.

What belongs here: looking, with the next step of each. What does not: the lake's files one by one (`lake.verify`).
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import polars as pl

from energy_pipeline.contracts.raw import RAW_TABLES
from energy_pipeline.desk import Desk
from energy_pipeline.domain.delivery import to_us
from energy_pipeline.fetching.archive import AnswerArchive
from energy_pipeline.lake import Lake
from energy_pipeline.lake.verify import verify

LOOK_BACK_DAYS = 7
STEP = timedelta(minutes=5)
"""A clock may differ from another machine's by so much."""


def bad_files(lake: Lake) -> list[str]:
    """What is wrong with the files of the last decided days, and of those after them."""
    days = lake.days("positions")
    since = days[-1] - timedelta(days=LOOK_BACK_DAYS) if days else date.min
    return verify(lake, since).texts


def clock_steps(lake: Lake, now: datetime, *, is_synthetic: bool) -> list[str]:
    """Records of the lake that this machine's clock has not reached: it stepped back, or another's is ahead.

    Rows known later than now are read by no decision (the cut is before now), so they only cost waiting; the clock is what is wrong.
    The synthetic market knows its future, and is not asked.
    """
    found, step = [], "set this machine's clock by NTP, then run again; rows known later than now are not read until then"
    days = lake.days("runs")[-LOOK_BACK_DAYS:]
    rows = lake.read("runs", days[0], days[-1], missing="skip") if days else pl.DataFrame({"recorded_at": []})
    last = rows["recorded_at"].max() if rows.height else None
    if isinstance(last, datetime) and last > now + STEP:
        found.append(f"table runs: a run recorded itself at {last:%Y-%m-%d %H:%M}Z, this clock says {now:%Y-%m-%d %H:%M}Z -> {step}")
    archive = AnswerArchive(lake.storage)
    newest = [kept.received_at for source in archive.sources() for kept in archive.all_of(source)[-1:]]
    if newest and max(newest) > now + STEP:
        found.append(f"raw answers: one was received at {max(newest):%Y-%m-%d %H:%M}Z, this clock says {now:%Y-%m-%d %H:%M}Z -> {step}")
    for contract in () if is_synthetic else RAW_TABLES:
        held = lake.days(contract.name)[-1:]
        later = lake.read(contract.name, held[0], held[0]).filter(pl.col("known_at") > now + STEP) if held else pl.DataFrame()
        if later.height:
            about = f"{later.height} row(s) known at {later['known_at'].sort()[-1]:%Y-%m-%d %H:%M}Z and before"
            found.append(f"table {contract.name}, {held[0]}: {about}, this clock says {now:%Y-%m-%d %H:%M}Z -> {step}")
    return found


def other_days(lake: Lake, desk: Desk) -> list[str]:
    """Raw tables whose newest day begins and ends at other instants than the desk's: written by a desk of another time zone."""
    found = []
    for name in ("day_ahead_prices", "load_forecast"):
        held = lake.days(name)[-1:]
        if not held:
            continue
        day, rows = desk.delivery_day(held[0]), lake.read(name, held[0], held[0])
        outside = rows.filter(~pl.col("delivery_start").cast(pl.Int64).is_between(to_us(day.start), to_us(day.end), closed="left"))
        if outside.height:
            first = outside["delivery_start"].sort()[0]
            about = f"{outside.height} row(s) lie outside the desk's day ({desk.time_zone}), the first at {first}"
            found.append(f"table {name}, {held[0]}: {about} -> use the desk file that wrote this lake, or another lake (--lake)")
    return found


def records(home: Path) -> list[str]:
    """What Dagster's database says for itself, where there is one."""
    if not (home / "dagster.yaml").is_file():
        return []
    from energy_pipeline.runner.instance import RecordsError, open_instance

    try:
        with open_instance(home) as instance:
            instance.get_runs_count()
    except RecordsError as error:
        return [str(error)]
    return []
