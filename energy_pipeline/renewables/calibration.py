"""Rolling calibration: which past a correction learns from, and when it is made anew.

What belongs here: the calendar of fits, shared by the desk's flow and the measured-plant study.
What does not: the regression (`correction`), the plant's numbers (a `PlantSource`).

Time is cut into blocks of 28 days counted from 0001-01-01, the same for every run. The fit that
serves a block is made as of the decision of the block's first day, on whole blocks before it. So a
day has the same correction alone and within a range, and a fit is a pure function of what was known
when it was made.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from energy_pipeline.domain.delivery import FloatArray
from energy_pipeline.information.artefacts import ArtefactStore, Bundle, artefact_key, fetch
from energy_pipeline.renewables.cleaning import Cleaned, clean
from energy_pipeline.renewables.correction import BLOCK_DAYS, VERSION, WINDOW_DAYS, Correction, fit
from energy_pipeline.renewables.inputs import DRIVER, PlantSource, Rows, join, rows_of

CORRECTIONS = "renewables_correction"
"""The kind of artefact."""

ChunkRows = Callable[[date], Rows]
"""Rows of the block that begins at a day; the caller keeps them."""


@dataclass(frozen=True, eq=False)
class BlockFit:
    """A block's correction.

    Attributes
    ----------
    correction : Correction
    cleaned : Cleaned or None
        The past it was learnt from; None without any.
    key : str
        Of its artefact; empty where none is kept.
    """

    correction: Correction
    cleaned: Cleaned | None
    key: str = ""


def block_start(day: date) -> date:
    """First day of the block a day lies in.

    >>> block_start(date(2025, 10, 27)), block_start(date(2025, 10, 12))
    (datetime.date(2025, 10, 12), datetime.date(2025, 10, 12))
    """
    return day - timedelta(days=day.toordinal() % BLOCK_DAYS)


def training_blocks(block: date, window_days: int, first_day: date | None = None) -> list[date]:
    """First days of the whole blocks before `block` that lie in the window, oldest first.

    `first_day` leaves out blocks that end before it.
    """
    count = min(window_days, WINDOW_DAYS) // BLOCK_DAYS
    blocks = [block - timedelta(days=BLOCK_DAYS * i) for i in range(count, 0, -1)]
    return blocks if first_day is None else [b for b in blocks if b + timedelta(days=BLOCK_DAYS) > first_day]


def block_rows(source: PlantSource, block: date) -> Rows:
    """Rows of the 28 days of a block, each as its own decision knew it."""
    return rows_of(source, [block + timedelta(days=i) for i in range(BLOCK_DAYS)])


def fit_block(
    source: PlantSource,
    name: str,
    block: date,
    blocks: list[date],
    rows_of_block: ChunkRows,
    kept: tuple[ArtefactStore, Bundle] | None = None,
) -> BlockFit:
    """The correction that serves the block beginning at `block`.

    Parameters
    ----------
    source : PlantSource
        Meters are read as known at the decision of `block`.
    name : str
        The plant's; seeds the random features.
    blocks : list of date
        Training blocks, see `training_blocks`.
    rows_of_block : callable
    kept : (ArtefactStore, Bundle), optional
        Where it is kept, under the hash of everything learnt from.
    """
    if not blocks:
        return BlockFit(Correction(0.0, 0, "physics only: no past"), None)
    rows = join([rows_of_block(b) for b in blocks])
    share = source.meter(rows.start_us, source.decision_us(block))
    held, lost = source.held_back(rows.start_us, source.decision_us(block))
    cleaned = clean(share, _running(rows, share), rows.potential, source.technology, curtailed=held, unavailable=lost)

    def make() -> bytes:
        return fit(rows, cleaned, name).to_bytes()

    if kept is None:
        return BlockFit(Correction.from_bytes(make()), cleaned)
    key = artefact_key(
        f"{VERSION}|{name}|{rows.names}", rows.inputs, rows.physical, rows.potential, rows.last_still, cleaned.share, cleaned.state.astype(np.float64)
    )
    return BlockFit(Correction.from_bytes(fetch(*kept, CORRECTIONS, key, make)), cleaned, key)


def _running(rows: Rows, share: FloatArray) -> FloatArray:
    """What is expected while the plant runs; where a driver is told, no more than it says, or a calm day is taken for an outage."""
    if DRIVER not in rows.names:
        return rows.physical
    driver = rows.inputs[:, rows.names.index(DRIVER)]
    both = ~np.isnan(driver) & ~np.isnan(share)
    total = float(driver[both].sum())
    return np.minimum(rows.physical, driver * (float(share[both].sum()) / total if total > 0 else 0.0))
