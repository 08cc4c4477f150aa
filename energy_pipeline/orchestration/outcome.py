"""What a check found.

What belongs here: the outcome, and how rows that break a rule become one. What does not: the checks (`checks`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import polars as pl

LISTED = 20


@dataclass(frozen=True)
class Outcome:
    """Whether a check passed, on which days it did not, and what it saw."""

    failed_days: Sequence[date] = ()
    detail: Sequence[str] = ()
    numbers: dict[str, Any] = field(default_factory=dict)
    rows: Mapping[date, int] = field(default_factory=dict)
    """By day, where the check counts them."""


def without(bad: pl.DataFrame) -> Outcome:
    """Passed where no row breaks the rule."""
    return Outcome(sorted(set(bad["delivery_day"].to_list())), [str(r) for r in bad.head(LISTED).to_dicts()])
