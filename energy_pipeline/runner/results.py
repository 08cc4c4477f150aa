"""What came of a span of days, for those who only tell of it.

What belongs here: the record of failures. What does not: running (`spans`), so that nothing of Dagster is loaded here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from energy_pipeline.runner.flows import FlowResult


@dataclass
class SpanResult:
    """What came of a span.

    Attributes
    ----------
    errors : list of (flow, step, text)
        Every failure, with the error's own words.
    failed_days : set of date
        Days some flow could not finish.
    failed_checks : list of str
        Asset checks that did not pass.
    """

    errors: list[tuple[str, str, str]] = field(default_factory=list)
    failed_days: set[date] = field(default_factory=set)
    failed_checks: list[str] = field(default_factory=list)

    def add(self, result: FlowResult) -> None:
        """Take in what a run did."""
        self.errors += [(result.flow, step, str(error)) for step, error in result.errors]
        self.failed_checks += [f"{result.flow} {result.first}..{result.last}: {name}" for name in result.failed_checks]

    def merge(self, other: SpanResult) -> None:
        """Take in another span."""
        self.errors += other.errors
        self.failed_days |= other.failed_days
        self.failed_checks += other.failed_checks
