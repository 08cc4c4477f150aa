"""What physics says of a plant: output, what was repaired or assumed, and the days it refuses.

What belongs here: the result, its name in `method`, and how a refusal is kept to its day. What does not: the engines
(`sun_plants`, `wind_plants`), where weather is read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Literal, TypeVar

import numpy as np

from energy_pipeline.domain.delivery import FloatArray, IntArray
from energy_pipeline.domain.errors import PipelineError

T = TypeVar("T")
Physics = Literal["physical", "physical_split", "physical_assumed"]
SHOWN_DAYS = 3


@dataclass(frozen=True, eq=False)
class Computed:
    """Output of a plant by physics.

    Attributes
    ----------
    output_mw : array, shape (n,)
        NaN where weather is unknown or refused.
    notes : tuple of str
        What was repaired, refused or assumed, one line each.
    method : str
        `physical`: every input was there. `physical_split`: global light was split into direct and diffuse.
        `physical_assumed`: something stands in for an input; the notes say what.
    is_stand_in : bool
        The plant's own settings cannot be; another machine was computed.
    """

    output_mw: FloatArray
    notes: tuple[str, ...] = ()
    method: Physics = "physical"
    is_stand_in: bool = False


def told_method(*, assumed: bool, split: bool = False) -> Physics:
    """The name of what was done.

    >>> told_method(assumed=False, split=True)
    'physical_split'
    """
    return "physical_assumed" if assumed else "physical_split" if split else "physical"


def day_by_day(day: IntArray, rows: IntArray, compute: Callable[[IntArray], T]) -> tuple[list[T], list[str]]:
    """Results of parts of the rows, and what was refused: the days that cannot be computed cost no other day.

    All rows are tried together, and halved by days where they are refused, so few bad days cost few tries.

    Parameters
    ----------
    day : int array, shape (n,)
        Ordinal of each interval's day (0: no day to name).
    rows : int array
        Rows to compute.
    compute : callable
        Result of some rows; raises a PipelineError for what it refuses.
    """
    done, refused = _halved(day, rows, compute)
    if len(refused) <= SHOWN_DAYS:
        return done, [text for _, text in refused]
    named = [text for _, text in refused[:SHOWN_DAYS]]
    return done, [*named, f"{len(refused) - SHOWN_DAYS} more day(s) refused, the last {date.fromordinal(refused[-1][0])}"]


def _halved(day: IntArray, rows: IntArray, compute: Callable[[IntArray], T]) -> tuple[list[T], list[tuple[int, str]]]:
    try:
        return [compute(rows)], []
    except PipelineError as error:
        days = np.unique(day[rows])
        if days.size == 1:
            named = f"{date.fromordinal(int(days[0]))}: " if days[0] > 0 else ""
            return [], [(int(days[0]), f"{named}{error}")]
        later = day[rows] >= days[days.size // 2]
        (one, first), (other, second) = _halved(day, rows[~later], compute), _halved(day, rows[later], compute)
        return one + other, first + second
