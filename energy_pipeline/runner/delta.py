"""What changed since a day was decided, and what that is worth on the open book.

What belongs here: the day once more on what is known at a later instant, into a lake of its own, and both read side by side.
What does not: valuing (`risk.overnight`), printing (`cli.delta`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import polars as pl

from energy_pipeline.domain.errors import MissingDayError, PipelineError
from energy_pipeline.lake import Lake
from energy_pipeline.lake.layout import day_folder
from energy_pipeline.orchestration import progress
from energy_pipeline.orchestration.resources import as_of_root
from energy_pipeline.risk.overnight import Known, Overnight, overnight
from energy_pipeline.runner.flows import Runner
from energy_pipeline.runner.what_if import held_book


@dataclass(frozen=True)
class Delta:
    """What changed between the decision and an instant.

    Attributes
    ----------
    decided_at, at : datetime
        The cut of the decision, and of this look.
    changed : DataFrame
        raw_table, series, rows_before, rows_now, last_known_at: series of which the decision would see other rows now.
    book : Overnight
    expected_again_eur : float
        Expected P&L of what would be decided now: before the gate, what deciding again is worth beside `book.after_eur`.
    """

    day: date
    decided_at: datetime
    at: datetime
    changed: pl.DataFrame
    book: Overnight
    expected_again_eur: float


def delta(runner: Runner, day: date, at: datetime, listener: progress.Listener | None = None) -> Delta:
    """Look at a decided day as it is known at an instant after its decision; what is in the lake and the warehouse stays as it is.

    Raises
    ------
    MissingDayError
        For a day that is not decided.
    UnfinishedDayError
        For one whose tables are of two runs.
    PipelineError
        For an instant before the decision's own, or one that has not come.
    """
    lake = runner.runtime.lake
    cut = lake.read("information_set", day, day, missing="skip")
    if not cut.height or day not in lake.days("positions"):
        raise MissingDayError("positions", [day], f"energy-pipeline run {day}")
    lake.unfinished().refuse(day, "decide", "positions")
    decided_at = cut["decision_time"][0]
    if not decided_at < at <= runner.runtime.now():
        step = "give an instant after the decision and not after now"
        raise PipelineError(f"{day}: {at:%Y-%m-%d %H:%M}Z is not between its decision, {decided_at:%Y-%m-%d %H:%M}Z, and now -> {step}")
    later = _known_at(runner, day, at, listener)
    held, cut_now = held_book(runner.desk, lake, day), later.read("information_set", day, day)
    then, now = (Known(*(source.read(name, day, day) for name in ("scenario_paths", "plant_output"))) for source in (lake, later))
    auction = lake.read("day_ahead_prices", day, day, missing="skip").filter(pl.col("known_at") <= at)
    auction = auction.sort("known_at").unique(["zone", "delivery_start"], keep="last", maintain_order=True)
    book = overnight(held.valued, held.dispatch, held.stores, then, now, auction)
    return Delta(day, decided_at, at, _changed(cut, cut_now), book, float(later.read("portfolio_solution", day, day)["expected_pnl_eur"][0]))


def _known_at(runner: Runner, day: date, at: datetime, listener: progress.Listener | None) -> Lake:
    """The lake of the day on what is known at the instant; made now where there is none."""
    later = Lake(as_of_root(runner.runtime.lake.root, at))
    if not later.storage.exists(f"{day_folder('report', day)}/report.html"):
        runner.runtime.after_gate = True
        try:
            runner.run("decide", day, as_of=at, listener=listener).raise_if_failed()
        finally:
            runner.runtime.after_gate = False
    return later


def _changed(before: pl.DataFrame, now: pl.DataFrame) -> pl.DataFrame:
    """Series that are seen otherwise now."""
    columns = ["raw_table", "series", "month", "rows", "content_hash", "last_known_at"]
    both = before.select(columns).join(now.select(columns), on=columns[:3], how="full", suffix="_now", coalesce=True, maintain_order="left_right")
    other = both.filter(pl.col("content_hash").ne_missing(pl.col("content_hash_now")))
    by_series = other.group_by("raw_table", "series", maintain_order=True)
    return by_series.agg(
        pl.col("rows").sum().alias("rows_before"), pl.col("rows_now").sum(), pl.col("last_known_at_now").max().alias("last_known_at")
    ).sort("raw_table", "series")
