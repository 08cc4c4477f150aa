"""The notebook's way in: tables of the lake as pandas or polars frames, and questions to the warehouse.

What belongs here: reading days of a table with local time as the index and units beside the columns, lazily and by span. What
does not: computing, writing, or the SQL of a mart.

pandas is what notebooks, statsmodels and most plotting libraries speak, and its index knows time zones: `frame["2026-03-29"]` has 23
hours. Inside the pipeline frames are polars.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import polars as pl

from energy_pipeline.contracts import TABLES, Table
from energy_pipeline.desk import load_desk
from energy_pipeline.domain.errors import PipelineError
from energy_pipeline.lake import Lake
from energy_pipeline.settings import Settings

if TYPE_CHECKING:
    import pandas as pd


class NotebookError(PipelineError):
    """What was asked for is not in the lake's vocabulary."""


class UnfinishedDayWarning(UserWarning):
    """Days that were asked for are of two runs, one of which did not get through."""


def frame(table: str, first: date, last: date, vintages: Literal["newest", "all"] = "newest", settings: Settings | None = None) -> pd.DataFrame:
    """Days of a table of the lake as a pandas frame.

    Parameters
    ----------
    table : str
        A table of `docs/data-dictionary.md`.
    first, last : date
        Delivery days, both included; days that the lake does not hold are left out.
    vintages : {"newest", "all"}
        Of a raw table, whose rows may come corrected: what is known now, or every version (`known_at` tells when each came).
    settings : Settings, optional
        Where desk and lake are; left out: the environment's (`ENERGY_PIPELINE_DESK`, `ENERGY_PIPELINE_LAKE`).

    Returns
    -------
    pandas.DataFrame
        Index: `delivery_start` in the desk's time zone, or `delivery_day` where the table has no intervals. Every other time is in the
        desk's time zone too. `attrs["units"]` maps columns to units, `attrs["table"]` tells what the table is.

    Raises
    ------
    NotebookError
        No such table, or `last` before `first`.

    Examples
    --------
    >>> prices = frame("day_ahead_prices", date(2026, 3, 29), date(2026, 3, 29), settings=Settings(lake="no/lake/here"))
    >>> prices.index.name, str(prices.index.dtype), prices.attrs["units"]["price_eur_mwh"]
    ('delivery_start', 'datetime64[us, Europe/Berlin]', 'EUR/MWh')
    """
    if table not in TABLES:
        raise NotebookError(f"{table!r} is no table; tables: {', '.join(TABLES)}")
    if last < first:
        raise NotebookError(f"{table}: the last day {last} is before the first day {first}")
    settings, contract = settings or Settings.load(), TABLES[table]
    rows = _rows(contract, Lake(settings.lake), first, last, vintages)
    return _as_pandas(contract, rows, load_desk(settings.desk_path).time_zone)


def _rows(contract: Table, lake: Lake, first: date, last: date, vintages: Literal["newest", "all"]) -> pl.DataFrame:
    if not contract.vintages:
        _warn(lake, f"table {contract.name}", first, last)
    rows = lake.read(contract.name, first, last, missing="skip")
    if contract.vintages and vintages == "newest":
        rows = rows.sort("known_at", maintain_order=True).unique(("delivery_day", *contract.key), keep="last", maintain_order=True)
        rows = rows.sort("delivery_day", *contract.key)
    return rows


def _warn(lake: Lake, what: str, first: date = date.min, last: date = date.max) -> None:
    for mark in lake.unfinished().all():
        if first <= mark.day <= last:
            warnings.warn(f"{what}, {mark}", UnfinishedDayWarning, stacklevel=2)


def _as_pandas(contract: Table, rows: pl.DataFrame, time_zone: str) -> pd.DataFrame:
    times = [pl.col(column.name).dt.convert_time_zone(time_zone) for column in contract.columns if column.dtype == "timestamp"]
    index = "delivery_start" if "delivery_start" in contract.schema else "delivery_day"
    found = rows.with_columns(times).to_pandas().set_index(index)
    found.attrs = {"table": contract.description, "units": {column.name: column.unit for column in contract.columns if column.unit}}
    return found


@dataclass(frozen=True)
class TableDays:
    """A table of a lake, or a span of its days. Nothing is read before a frame is asked for.

    Attributes
    ----------
    name : str
    first, last : date or None
        Days wanted, both included; None: as far as the lake reaches.
    """

    name: str
    settings: Settings
    first: date | None = None
    last: date | None = None

    @property
    def contract(self) -> Table:
        """Columns with meaning, unit and limits; the key."""
        return TABLES[self.name]

    @property
    def units(self) -> dict[str, str]:
        """Unit by column, of columns that have one."""
        return {column.name: column.unit for column in self.contract.columns if column.unit}

    @property
    def days(self) -> list[date]:
        """Days of the span that the lake holds."""
        return [day for day in Lake(self.settings.lake).days(self.name) if (self.first or day) <= day <= (self.last or day)]

    def __getitem__(self, span: slice | str | date) -> TableDays:
        """A day, or the days from one to another, both included: `["2025-10-25"]`, `["2025-10-01":"2025-10-31"]`."""
        ends = (span.start, span.stop) if isinstance(span, slice) else (span, span)
        first, last = (_day(end) for end in ends)
        return replace(self, first=max(filter(None, (self.first, first)), default=None), last=min(filter(None, (self.last, last)), default=None))

    def polars(self) -> pl.LazyFrame:
        """The span as a lazy polars frame, instants in UTC; of a raw table what is known now. `units` has the units."""
        return pl.defer(self._read, schema=self.contract.schema)

    def pandas(self) -> pd.DataFrame:
        """The span as a pandas frame, as `frame` gives it: local time as the index, units in `attrs["units"]`."""
        return _as_pandas(self.contract, self._read(), load_desk(self.settings.desk_path).time_zone)

    def _read(self) -> pl.DataFrame:
        days = self.days
        return _rows(self.contract, Lake(self.settings.lake), days[0], days[-1], "newest") if days else self.contract.frame()

    def __repr__(self) -> str:
        days = self.days
        held = f"{len(days)} days, {days[0]} to {days[-1]}" if days else "no days"
        return f"{self.name}: {held}. {self.contract.description}"


class OpenLake:
    """A lake opened for reading: its tables by name, its warehouse by SQL and by saved questions."""

    def __init__(self, settings: Settings) -> None:
        if "://" not in str(settings.lake) and not Path(settings.lake).is_dir():
            raise NotebookError(f"{settings.lake}: there is no lake -> energy-pipeline run DAY, or name its folder")
        self.settings = settings

    @property
    def tables(self) -> list[str]:
        """Tables that the lake has days of."""
        lake = Lake(self.settings.lake)
        return [name for name in TABLES if lake.days(name)]

    def __getitem__(self, table: str) -> TableDays:
        if table not in TABLES:
            near = get_close_matches(table, TABLES, 1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise NotebookError(f"{table!r} is no table; {hint}tables: {', '.join(TABLES)}")
        return TableDays(table, self.settings)

    def __getattr__(self, table: str) -> TableDays:
        if table.startswith("_") or table not in TABLES:
            raise AttributeError(table)
        return self[table]

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *TABLES]

    @property
    def questions(self) -> list[str]:
        """Names of the saved questions (`dbt_like_sql/analyses`)."""
        return sorted(path.stem for path in (self.settings.sql_root / "analyses").glob("*.sql"))

    def ask(self, question: str) -> pl.DataFrame:
        """The answer to a saved question, or to SQL on the warehouse's schema `marts`; instants in UTC."""
        from energy_pipeline.warehouse.duck import connect

        if question in self.questions:
            question = (self.settings.sql_root / "analyses" / f"{question}.sql").read_text(encoding="utf-8")
        elif " " not in question.strip():
            raise NotebookError(f"{question!r} is no saved question; questions: {', '.join(self.questions)}")
        if not self.settings.warehouse.is_file():
            raise NotebookError(f"{self.settings.warehouse}: there is no warehouse yet -> energy-pipeline run DAY")
        _warn(Lake(self.settings.lake), "the warehouse may hold the day as it was before")
        with connect(self.settings.warehouse) as connection:
            found = pl.from_arrow(connection.sql(question).to_arrow_table())
        assert isinstance(found, pl.DataFrame)  # noqa: S101 - a table, not a column
        return found


def _day(given: object) -> date | None:
    if given is None or isinstance(given, date):
        return given
    try:
        return date.fromisoformat(str(given))
    except ValueError:
        raise NotebookError(f"{given!r} is no day -> write 2026-03-29") from None
