"""Walking forward over a measured plant, and what came of it: the study's forecasts and error table.

What belongs here: the walk with the very correction the desk uses, the naive rivals, the scores.
What does not: reading files (`plant_file`), printing (`studies.renewables_benchmark`).

Every day is decided at its own decision time: meters up to then, the weather run up to then, a
correction fitted as of the first day of its block. The rivals:

| rival | what it says |
|---|---|
| physics | the engine alone |
| climatology | mean of all known past by hour of day and month (a month not yet seen: the nearest seen) |
| persistence 24 h | the meter 24 hours before: more than is known at the decision for half of the day |
| persistence 36 h | the meter 36 hours before |
| persistence 48 h | the meter 48 hours before: the last whole day that is known |
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

from energy_pipeline.domain.delivery import DeliveryDay, FloatArray, IntArray, days_between
from energy_pipeline.renewables.calibration import block_rows, block_start, fit_block, training_blocks
from energy_pipeline.renewables.cleaning import STATES
from energy_pipeline.renewables.correction import LEVELS, WINDOW_DAYS, Correction
from energy_pipeline.renewables.inputs import HOUR_US, Rows, rows_of
from energy_pipeline.studies.plant_file import FileSource

RIVALS = ("physics", "climatology", "persistence 24 h", "persistence 36 h", "persistence 48 h")
MODEL = "physics + correction"


@dataclass(frozen=True, eq=False)
class Walk:
    """Forecasts over the test days and how they were made.

    Attributes
    ----------
    frame : DataFrame
        delivery_day, start_us, lead_hours, outcome, one column per model (shares of capacity), q05 .. q95.
    fits : list of (first day of the block, Correction)
    counts : dict
        Hours by state of the cleaned past at the last fit.
    """

    frame: pl.DataFrame
    fits: list[tuple[date, Correction]]
    counts: dict[str, int]


def walk(source: FileSource, first: date, last: date, report: Callable[[int, int], None] | None = None) -> Walk:
    """Forecast every day of the test.

    Raises
    ------
    SourceError
        From the engines, when the plant cannot be computed at all.
    """
    held: dict[date, Rows] = {}

    def rows_of_block(block: date) -> Rows:
        if block not in held:
            held[block] = block_rows(source, block)
        return held[block]

    days = days_between(first, last)
    fits: list[tuple[date, Correction]] = []
    parts: list[pl.DataFrame] = []
    counts: dict[str, int] = {}
    for done, day in enumerate(days):
        block = block_start(day)
        if not fits or fits[-1][0] != block:
            blocks = training_blocks(block, WINDOW_DAYS, source.first_day)
            found = fit_block(source, source.file.name, block, blocks, rows_of_block)
            correction, cleaned = found.correction, found.cleaned
            fits.append((block, correction))
            counts = dict(cleaned.counts) if cleaned is not None else dict.fromkeys(STATES, 0)
            climate = _Climatology(source, block)
        parts.append(_day(source, day, fits[-1][1], climate))
        if report is not None:
            report(done + 1, len(days))
    return Walk(pl.concat(parts), fits, counts)


def _day(source: FileSource, day: date, correction: Correction, climate: _Climatology) -> pl.DataFrame:
    rows = rows_of(source, [day])
    found = correction.apply(rows)
    starts = rows.start_us
    bands = np.full((starts.size, LEVELS.size), np.nan) if found.quantiles is None else found.quantiles
    columns: dict[str, FloatArray | IntArray] = {
        "start_us": starts,
        "lead_hours": (starts - source.decision_us(day)) / HOUR_US,
        "outcome": source.outcome(starts),
        MODEL: found.mean,
        "physics": np.where(rows.potential > 0, rows.physical, 0.0 * rows.physical),
        "climatology": climate(day, DeliveryDay(day, source.time_zone).slots(60)),
    }
    columns |= {f"persistence {h} h": source.outcome(starts - h * HOUR_US) for h in (24, 36, 48)}
    columns |= {f"q{round(100 * level):02d}": bands[:, i] for i, level in enumerate(LEVELS)}
    return pl.DataFrame({"delivery_day": [day] * starts.size, **columns})


class _Climatology:
    """Mean of the meter by hour and month over everything known at a decision."""

    def __init__(self, source: FileSource, block: date) -> None:
        days = days_between(source.first_day, block - timedelta(days=1))
        self.mean = np.full((12, 24), np.nan)
        if not days:
            return
        deliveries = [DeliveryDay(d, source.time_zone) for d in days]
        starts = np.concatenate([d.interval_starts_us(60) for d in deliveries])
        slots = np.concatenate([d.slots(60) for d in deliveries])
        months = np.concatenate([np.full(d.hours, d.day.month - 1) for d in deliveries])
        value = source.meter(starts, source.decision_us(block))
        known = ~np.isnan(value)
        cell = (months * 24 + slots)[known]
        count = np.bincount(cell, minlength=288)
        total = np.bincount(cell, value[known], minlength=288)
        self.mean = np.where(count > 0, total / np.maximum(count, 1), np.nan).reshape(12, 24)

    def __call__(self, day: date, slots: IntArray) -> FloatArray:
        """Of a day's hours."""
        seen = [m for m in range(12) if not np.isnan(self.mean[m]).any()]
        if not seen:
            return np.full(slots.size, np.nan)
        wanted = day.month - 1
        nearest = min(seen, key=lambda m: (min((m - wanted) % 12, (wanted - m) % 12), m))
        return np.asarray(self.mean[nearest][slots], dtype=np.float64)


@dataclass(frozen=True)
class Score:
    """Errors of one model over the hours it and the outcome have; shares of capacity."""

    model: str
    hours: int
    mae: float
    rmse: float
    bias: float
    pinball: float
    cover_80: float
    cover_90: float
    skill: float
    """1 - RMSE of the corrected forecast over this model's, on the hours both have."""
    error_halves: float
    """Standard error of the daily difference in squared error to the corrected forecast, over its mean; below 0.5 is beyond two errors."""


def scores(frame: pl.DataFrame) -> list[Score]:
    """The corrected forecast and its rivals."""
    outcome = frame["outcome"].to_numpy()
    model = frame[MODEL].to_numpy()
    bands = frame.select([c for c in frame.columns if c.startswith("q") and c[1:].isdigit()]).to_numpy()
    return [_score(frame, name, outcome, model, bands) for name in (MODEL, *RIVALS)]


def _score(frame: pl.DataFrame, name: str, outcome: FloatArray, model: FloatArray, bands: FloatArray) -> Score:
    value = frame[name].to_numpy()
    both = ~np.isnan(value) & ~np.isnan(outcome) & ~np.isnan(model)
    if not both.any():
        return Score(name, 0, *(float("nan"),) * 8)
    error, own = (value - outcome)[both], (model - outcome)[both]
    pinball = cover_80 = cover_90 = float("nan")
    if name == MODEL:
        pinball, cover_80, cover_90 = _bands(outcome[both], bands[both])
    skill = 1.0 - float(np.sqrt(np.mean(own**2)) / np.sqrt(np.mean(error**2)))
    _, index = np.unique(frame["delivery_day"].to_physical().to_numpy()[both], return_inverse=True)
    gain = np.bincount(index, error**2 - own**2)
    spread = float(gain.std(ddof=1) * np.sqrt(gain.size) / gain.sum()) if gain.size > 1 and gain.sum() > 0 else float("nan")
    return Score(
        name, int(both.sum()), float(np.abs(error).mean()), float(np.sqrt(np.mean(error**2))), float(error.mean()),
        pinball, cover_80, cover_90, skill, spread,
    )  # fmt: skip


def _bands(outcome: FloatArray, bands: FloatArray) -> tuple[float, float, float]:
    known = ~np.isnan(bands).any(axis=1)
    if not known.any():
        return (float("nan"),) * 3
    # What a standing plant draws is less than no output; quantiles of output end at 0, and so does what they are held against.
    outcome = np.maximum(outcome, 0.0)
    below = outcome[known, None] - bands[known]
    pinball = float(np.maximum(LEVELS * below, (LEVELS - 1.0) * below).mean())
    low, high = bands[known], outcome[known]

    def cover(outer: float) -> float:
        first, last = int(np.argmin(np.abs(LEVELS - outer))), int(np.argmin(np.abs(LEVELS - (1 - outer))))
        return float(((high >= low[:, first] - 1e-9) & (high <= low[:, last] + 1e-9)).mean())

    return pinball, cover(0.1), cover(0.05)
