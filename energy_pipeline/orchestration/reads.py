"""What a table is computed from, said once: the edge of the graph and the argument of the function.

What belongs here: the kinds of declaration (`Day`, `Window`, `Raw`, ...), the edge each
makes and what it hands in. What does not: which table reads what (`assets/`).

A declaration of the table `pnl` hands what it reads to the keyword parameter `pnl` of the
compute function, which has no other door to the lake. A declaration without a parameter, or
a parameter without a declaration, keeps the definitions from loading.
"""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import dagster as dg

from energy_pipeline.desk import Desk
from energy_pipeline.domain.errors import PipelineError
from energy_pipeline.orchestration.partitions import look_back
from energy_pipeline.orchestration.resources import RunSession, TooEarlyError

if TYPE_CHECKING:
    import polars as pl

    from energy_pipeline.information.archive import InformationSet

Days = int | Callable[[Desk], int]
"""Delivery days up to and with D: a number, or what the desk says."""


class DeclarationError(PipelineError):
    """What a step declares and what its function takes are not the same."""


@dataclass(frozen=True)
class Declared:
    """Something a step depends on.

    Attributes
    ----------
    table : str
        The asset at the other end, and the name of the parameter.
    """

    table: str

    def edge(self, desk: Desk) -> dg.AssetDep | None:  # noqa: ARG002 - look-backs ask the desk
        """The edge of the graph; None for what cannot be one."""
        return dg.AssetDep(self.table)


@dataclass(frozen=True)
class Read(Declared, ABC):
    """Something a step reads, handed to the parameter of its table's name."""

    @abstractmethod
    def take(self, session: RunSession, day: date) -> object:
        """What the function gets for a delivery day."""


@dataclass(frozen=True)
class Information(Read):
    """What decide(D) may know: raw tables through the cut."""

    table: str = "information_set"

    def take(self, session: RunSession, day: date) -> InformationSet:
        """The information set of D."""
        return session.info(day)


@dataclass(frozen=True)
class Day(Read):
    """The day of a computed table; a missing day is an error."""

    def take(self, session: RunSession, day: date) -> pl.DataFrame:
        """Rows of D."""
        return session.read(self.table, day)


@dataclass(frozen=True)
class IfThere(Read):
    """The day of a computed table, as far as the lake holds it."""

    def take(self, session: RunSession, day: date) -> pl.DataFrame:
        """Rows of D, perhaps none."""
        return session.read(self.table, day, missing="skip")


@dataclass(frozen=True)
class Window(Read):
    """The last days of a computed table, D among them, as far as they exist.

    Attributes
    ----------
    days : int or function of the desk
    required : bool
        Whether D itself must exist: a day that was never settled has no scores.
    """

    days: Days
    required: bool = True

    def edge(self, desk: Desk) -> dg.AssetDep:
        """To D - days + 1 .. D."""
        return _back(self.table, _count(self.days, desk))

    def take(self, session: RunSession, day: date) -> pl.DataFrame:
        """Rows of the days that exist."""
        if self.required:
            session.read(self.table, day)
        return session.read(self.table, _first(self.days, session.desk, day), day, missing="skip")


@dataclass(frozen=True)
class ThisYear(Window):
    """A window that reaches back to 1 January of D where that is further: the edge has the window's days, no edge holds a year."""

    def take(self, session: RunSession, day: date) -> pl.DataFrame:
        """Rows of the days that exist."""
        return session.read(self.table, min(_first(self.days, session.desk, day), date(day.year, 1, 1)), day, missing="skip")


@dataclass(frozen=True)
class DaysBefore(Read):
    """The days before D of a table that the step itself writes, as far as they exist: no edge, it would be a circle.

    Days of a run are computed in order, so D - 1 is there when D is.

    Attributes
    ----------
    days : int or function of the desk
    """

    days: Days = 1

    def edge(self, desk: Desk) -> None:  # noqa: ARG002
        """None."""
        return

    def take(self, session: RunSession, day: date) -> pl.DataFrame:
        """Rows of D - days .. D - 1."""
        return session.read(self.table, day - timedelta(days=_count(self.days, session.desk)), day - timedelta(days=1), missing="skip")


@dataclass(frozen=True)
class Raw(Read):
    """The last days of a raw table, D among them, every vintage known by now: settle flows only.

    Attributes
    ----------
    days : int or function of the desk
    required : bool
        Whether a row must be known.
    """

    days: Days = 1
    required: bool = False

    def edge(self, desk: Desk) -> dg.AssetDep:
        """To D - days + 1 .. D."""
        return _back(self.table, _count(self.days, desk))

    def take(self, session: RunSession, day: date) -> pl.DataFrame:
        """Rows known by now; TooEarlyError where one is needed and there is none."""
        found = session.known_raw(self.table, _first(self.days, session.desk, day), day)
        if self.required and found.height == 0:
            raise TooEarlyError(f"no row of {self.table} for {day} is known yet -> settle after it is published, and ingest the day first")
        return found


@dataclass(frozen=True)
class Held(Read):
    """The last days of a raw table as the lake holds them, D among them, every vintage.

    Attributes
    ----------
    days : int
    """

    days: int = 1

    def edge(self, desk: Desk) -> dg.AssetDep:  # noqa: ARG002
        """To D - days + 1 .. D."""
        return _back(self.table, self.days)

    def take(self, session: RunSession, day: date) -> pl.DataFrame:
        """Rows that are held, perhaps none."""
        return session.raw_lake.read(self.table, day - timedelta(days=self.days - 1), day, missing="skip")


@dataclass(frozen=True)
class Archived(Declared):
    """Raw days in the run's archive, which the information set cuts at the decision time.

    Attributes
    ----------
    lag_days : int
        First day of the edge, before D.
    last : int
        -1: known only after delivery began, so the edge ends at D - 1.
    """

    lag_days: int
    last: int = 0

    def edge(self, desk: Desk) -> dg.AssetDep:  # noqa: ARG002
        """To D - lag_days .. D + last."""
        return look_back(self.table, -self.lag_days, self.last)


@dataclass(frozen=True)
class OrderOnly(Declared):
    """Comes first, but no row of it is read.

    Attributes
    ----------
    why : str
        What the order is good for.
    """

    why: str


@dataclass(frozen=True)
class Earlier(Declared):
    """What an earlier run wrote of a table that comes after this one: no edge, it would be a circle.

    Attributes
    ----------
    why : str
        What it is read for.
    """

    why: str

    def edge(self, desk: Desk) -> None:  # noqa: ARG002
        """None."""
        return


def edges(declared: Sequence[Declared], desk: Desk) -> list[dg.AssetDep]:
    """The edges of a step's declarations."""
    return [edge for item in declared if (edge := item.edge(desk)) is not None]


def handed(declared: Sequence[Declared]) -> list[Read]:
    """The declarations that hand something in."""
    return [item for item in declared if isinstance(item, Read)]


def require_match(step: str, declared: Sequence[Declared], compute: Callable[..., object]) -> None:
    """Check that a function's keyword parameters are what is declared.

    Raises
    ------
    DeclarationError
        Naming every declaration without a parameter, parameter without a declaration, and table declared twice.
    """
    parameters = inspect.signature(compute).parameters.values()
    wanted = {p.name for p in parameters if p.kind is p.KEYWORD_ONLY}
    takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters)
    given, names = {item.table for item in handed(declared)}, [item.table for item in declared]
    problems = [f"{name} is declared twice" for name in sorted({n for n in names if names.count(n) > 1})]
    problems += [f"{name} is declared and no parameter takes it" for name in sorted(given - wanted) if not takes_any]
    problems += [f"parameter {name} is not declared" for name in sorted(wanted - given)]
    if problems:
        lines = "\n".join(f"  - {problem}" for problem in problems)
        raise DeclarationError(f"step {step}: {len(problems)} dependencies are wrong -> see orchestration/reads.py\n{lines}")


def days_back(item: Raw | Window, desk: Desk) -> int:
    """Days before D that a window reaches to."""
    return _count(item.days, desk) - 1


def _count(days: Days, desk: Desk) -> int:
    return days if isinstance(days, int) else days(desk)


def _first(days: Days, desk: Desk, day: date) -> date:
    return day - timedelta(days=_count(days, desk) - 1)


def _back(table: str, days: int) -> dg.AssetDep:
    return dg.AssetDep(table) if days == 1 else look_back(table, 1 - days)
