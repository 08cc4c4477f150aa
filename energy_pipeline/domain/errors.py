"""Typed errors of the pipeline.

What belongs here: the error classes and how they describe themselves. Every
error says where (table, day, rows), what value was found, and what to do next.
What does not: the checks that raise them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date


class PipelineError(Exception):
    """Base of every error this package raises on purpose. It goes from process to process as it is."""

    def __reduce__(self) -> tuple[object, ...]:
        """Python would build a copy from the text alone, which our constructors do not take."""
        return _copied, (type(self), self.args, self.__dict__)


def _copied(kind: type[PipelineError], texts: tuple[object, ...], fields: dict[str, object]) -> PipelineError:
    found = kind.__new__(kind, *texts)
    found.__dict__.update(fields)
    return found


class DeskError(PipelineError):
    """A desk file is wrong; `problems` lists every mistake with its path in the file."""

    def __init__(self, source: str, problems: Sequence[str]) -> None:
        self.source = source
        self.problems = tuple(problems)
        lines = "\n".join(f"  - {p}" for p in self.problems)
        super().__init__(f"{source}: {len(self.problems)} problem(s) in the desk file\n{lines}")


class LookAheadError(PipelineError):
    """Code asked for something that was not known at the decision time."""


class LateSourceError(PipelineError):
    """A series the desk marked `late: stop` was not there at the decision time."""


class SourceError(PipelineError):
    """A raw file is missing or does not have the shape the desk file says."""


class InfeasibleError(PipelineError):
    """An optimisation has no solution; `conflicts` names the limits, `relaxation` the smallest way out."""

    def __init__(self, message: str, conflicts: Sequence[str], relaxation: str) -> None:
        self.conflicts = tuple(conflicts)
        self.relaxation = relaxation
        super().__init__(f"{message}; conflicting limits: {', '.join(conflicts)}; smallest relaxation: {relaxation}")


@dataclass(frozen=True)
class Finding:
    """One thing wrong with a table's day.

    Attributes
    ----------
    problem : str
        What is wrong, in a few words ("duplicate key", "above maximum").
    column : str
        The column(s) concerned.
    rows : int
        How many rows are affected.
    examples : tuple of str
        Up to three rows, key and value, as text.
    next_step : str
        What the reader can do about it.
    """

    problem: str
    column: str
    rows: int
    examples: tuple[str, ...] = ()
    next_step: str = ""

    def __str__(self) -> str:
        shown = "; ".join(self.examples)
        text = f"{self.column}: {self.problem} in {self.rows} row(s)"
        if shown:
            text += f", e.g. {shown}"
        if self.next_step:
            text += f" -> {self.next_step}"
        return text


class ContractError(PipelineError):
    """A table's day breaks its contract; nothing of it was written."""

    def __init__(self, table: str, day: date | None, findings: Sequence[Finding]) -> None:
        self.table = table
        self.day = day
        self.findings = tuple(findings)
        lines = "\n".join(f"  - {f}" for f in self.findings)
        super().__init__(f"table {table}, day {day}: {len(self.findings)} contract violation(s)\n{lines}")


class MissingDayError(PipelineError):
    """A table has no data for days that were asked for."""

    def __init__(self, table: str, days: Sequence[date], next_step: str) -> None:
        self.table = table
        self.days = tuple(days)
        shown = ", ".join(str(d) for d in self.days[:5]) + (", ..." if len(self.days) > 5 else "")
        super().__init__(f"table {table}: no data for {len(self.days)} day(s): {shown} -> {next_step}")


@dataclass
class DayFailures:
    """Collects the failures of a range so that all are raised once, after the good days are kept."""

    what: str
    failures: dict[date, PipelineError] = field(default_factory=dict)

    def add(self, day: date, error: PipelineError) -> None:
        """Remember that `day` failed."""
        self.failures[day] = error

    def raise_if_any(self) -> None:
        """Raise one `RangeError` naming every bad day; do nothing when there is none."""
        if self.failures:
            raise RangeError(self.what, self.failures)


class RangeError(PipelineError):
    """Some days of a range failed; the others are written."""

    def __init__(self, what: str, failures: dict[date, PipelineError]) -> None:
        self.what = what
        self.failures = dict(failures)
        lines = "\n".join(f"{days}: {text}" for days, text in folded({d: str(e) for d, e in self.failures.items()}))
        super().__init__(f"{what}: {len(self.failures)} day(s) failed, the others are written\n{lines}")


def folded(texts: Mapping[date, str]) -> list[tuple[str, str]]:
    """Days in order with their texts; days in a row that say the same but for their own date are one entry, in the words of the first.

    >>> folded({date(2024, 1, d): f"no data for 2024-01-0{d}" for d in (1, 2, 3, 5)})
    [('2024-01-01 .. 2024-01-03 (3 days)', 'no data for 2024-01-01'), ('2024-01-05', 'no data for 2024-01-05')]
    """
    stretches: list[list[date]] = []
    for day in sorted(texts):
        last = stretches[-1][-1] if stretches else None
        follows = last is not None and (day - last).days == 1 and texts[day].replace(str(day), "") == texts[last].replace(str(last), "")
        if follows:
            stretches[-1].append(day)
        else:
            stretches.append([day])
    return [(str(s[0]) if len(s) == 1 else f"{s[0]} .. {s[-1]} ({len(s):,} days)", texts[s[0]]) for s in stretches]
