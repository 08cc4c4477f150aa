"""The notebook's way in: tables of the lake as pandas frames.

What belongs here: reading days of a table with local time as the index and units beside the columns. What does not: computing,
writing, or a mart (DuckDB reads the warehouse file).

pandas is what notebooks, statsmodels and most plotting libraries speak, and its index knows time zones: `frame["2026-03-29"]` has 23
hours. Inside the pipeline frames are polars.
"""

from __future__ import annotations

from datetime import date
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
    rows = Lake(settings.lake).read(table, first, last, missing="skip")
    if contract.vintages and vintages == "newest":
        rows = rows.sort("known_at", maintain_order=True).unique(("delivery_day", *contract.key), keep="last", maintain_order=True)
        rows = rows.sort("delivery_day", *contract.key)
    return _as_pandas(contract, rows, load_desk(settings.desk_path).time_zone)


def _as_pandas(contract: Table, rows: pl.DataFrame, time_zone: str) -> pd.DataFrame:
    times = [pl.col(column.name).dt.convert_time_zone(time_zone) for column in contract.columns if column.dtype == "timestamp"]
    index = "delivery_start" if "delivery_start" in contract.schema else "delivery_day"
    found = rows.with_columns(times).to_pandas().set_index(index)
    found.attrs = {"table": contract.description, "units": {column.name: column.unit for column in contract.columns if column.unit}}
    return found
