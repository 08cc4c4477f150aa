"""What a collection run brings home: the good rows, and why other days have none.

What belongs here: the result type and the bookkeeping of findings per day. What does
not: any check (`files` makes them) or the decision what to do with a bad day (the
orchestration writes the good days, then fails naming the bad ones).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

import polars as pl

from energy_pipeline.contracts import Table
from energy_pipeline.domain.errors import ContractError, Finding, PipelineError


@dataclass(frozen=True)
class Collected:
    """Rows of one raw table, and the days that could not be read.

    Attributes
    ----------
    frame : pl.DataFrame
        Rows in the contract's columns; no row of a failed day is in it.
    failures : dict of date to PipelineError
        What is wrong with each bad day: `ContractError` for bad cells, `MissingDayError`
        for a required day without rows, `SourceError` for the days of a part whose file
        is not what the desk says.
    held : pl.DataFrame or None
        Rows of `held_hours` about values of `frame`.
    """

    frame: pl.DataFrame
    failures: dict[date, PipelineError] = field(default_factory=dict)
    held: pl.DataFrame | None = None

    @property
    def held_days(self) -> set[date]:
        """Days of which a value is held back."""
        return set() if self.held is None else set(self.held["delivery_day"].unique())


@dataclass
class DayFindings:
    """Collects findings per delivery day of one table."""

    contract: Table
    by_day: dict[date, list[Finding]] = field(default_factory=dict)

    def add(self, day: date, finding: Finding) -> None:
        """Remember what is wrong with `day`."""
        self.by_day.setdefault(day, []).append(finding)

    def errors(self) -> dict[date, PipelineError]:
        """One `ContractError` a day."""
        return {day: ContractError(self.contract.name, day, findings) for day, findings in self.by_day.items()}


def merge(contract: Table, parts: Iterable[Collected]) -> Collected:
    """Several series of one table as one; a day that fails in one series has no rows at all.

    Two contract errors of a day become one with all findings; otherwise the first counts.
    """
    found = list(parts)
    failures: dict[date, PipelineError] = {}
    for part in found:
        for day, error in part.failures.items():
            failures[day] = _joined(failures.get(day), error)
    frame = pl.concat([contract.frame(), *(p.frame for p in found)])
    return Collected(without_days(frame, failures), failures)


def without_days(frame: pl.DataFrame, days: Mapping[date, object]) -> pl.DataFrame:
    """The rows of all other days."""
    return frame.filter(~pl.col("delivery_day").is_in(list(days))) if days else frame


def _joined(first: PipelineError | None, second: PipelineError) -> PipelineError:
    if isinstance(first, ContractError) and isinstance(second, ContractError):
        return ContractError(first.table, first.day, [*first.findings, *second.findings])
    return second if first is None else first
