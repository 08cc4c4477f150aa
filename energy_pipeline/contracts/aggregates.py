"""Interval marts summed up by delivery day and by month.

What belongs here: which columns add up, which are averaged, and the SQL and the mart of each aggregate. What does not:
which marts are summed up (`Table.summed`, or the head of a hand-written mart), or running the SQL (`warehouse`).

EUR and MWh are summed; MW and EUR/MWh are averaged over time. Everything else has no meaning as one number of a day (a
quantile, a share, the content of a store, a text) and is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from energy_pipeline.contracts.marts import Mart
from energy_pipeline.contracts.model import Column
from energy_pipeline.contracts.sql import identifier

DAILY, MONTHLY = "_daily", "_monthly"
MONTH = "delivery_month"
SUMMED_UNITS = ("EUR", "MWh", "h")
AVERAGED_UNITS = ("MW", "EUR/MWh")
LABELS = ("zone", "technology")
"""Texts that belong to what a key names, such as the zone of a plant."""

_INTERVAL = ("delivery_day", "delivery_start")
_QUANTILE = re.compile(r"q\d+_")
_HOURS = Column("hours", "f64", "Hours that the rows cover.", "h", minimum=0.0)
_DAYS = Column("days", "i64", "Days of the month that have rows.", "d", minimum=1.0)
_MONTH = Column(MONTH, "date", "First day of the calendar month of delivery.")


def is_monthly(mart: str) -> bool:
    """Whether a row of the mart is a month.

    >>> is_monthly("pnl_monthly"), is_monthly("pnl_daily")
    (True, False)
    """
    return mart.endswith(MONTHLY)


def is_aggregate(mart: str) -> bool:
    """Whether the mart sums up another one; such marts are kept for all years.

    >>> is_aggregate("pnl_daily"), is_aggregate("pnl")
    (True, False)
    """
    return mart.endswith((DAILY, MONTHLY))


def measures(mart: Mart) -> list[Column]:
    """Columns that have a meaning as one number of a day.

    >>> from energy_pipeline.contracts import table
    >>> [c.name for c in measures(Mart.of(table("fleet_output")))]
    ['output_mw', 'output_mwh', 'held_back_mw', 'capacity_mw']
    """
    told = {*SUMMED_UNITS, *AVERAGED_UNITS}
    return [c for c in mart.columns if c.unit in told and c.name not in mart.key and not c.is_state and not _QUANTILE.match(c.name)]


def groups(mart: Mart) -> list[Column]:
    """What the rows of a day are summed up by: the key without the interval, and the labels of the key."""
    wanted = [*(k for k in mart.key if k not in _INTERVAL), *LABELS]
    return [c for c in mart.columns if c.name in wanted]


def daily(mart: Mart) -> Mart:
    """The mart by delivery day."""
    key = tuple(k for k in mart.key if k != "delivery_start")
    day = next(c for c in mart.columns if c.name == "delivery_day")
    text = f"`{mart.name}` by delivery day: sums of EUR and MWh, time-weighted means of MW and EUR/MWh; null where an interval lacks it."
    return Mart(f"{mart.name}{DAILY}", text, key, (day, *groups(mart), _HOURS, *(_told(c, "day") for c in measures(mart))))


def monthly(mart: Mart) -> Mart:
    """The mart by calendar month, as far as days have been published."""
    by_day = daily(mart)
    key = (MONTH, *(k for k in by_day.key if k != "delivery_day"))
    text = f"`{by_day.name}` by calendar month: sums of EUR and MWh, means of MW and EUR/MWh by hours; days that lack it are left out."
    return Mart(f"{mart.name}{MONTHLY}", text, key, (_MONTH, *groups(mart), _DAYS, _HOURS, *(_told(c, "month") for c in measures(mart))))


def _told(column: Column, span: str) -> Column:
    how = f"Sum over the {span}" if column.unit in SUMMED_UNITS else f"Time-weighted mean over the {span}"
    fresh = replace(column, description=f"{how}. {column.description}", since=1, default=None)
    return replace(fresh, minimum=None, maximum=None, reason="") if column.unit in SUMMED_UNITS else fresh


def daily_sql(mart: Mart) -> str:
    """The model of `daily`. Sums have a stated order, so that the same rows give the same bits."""

    def lines() -> Iterator[str]:
        yield "delivery_day"
        yield from (identifier(c.name) for c in groups(mart))
        yield "sum(resolution_minutes) / 60.0 as hours"
        for c in measures(mart):
            name = identifier(c.name)
            weighted = f"sum({name} * resolution_minutes order by delivery_start) / sum(resolution_minutes)"
            value = f"sum({name} order by delivery_start)" if c.unit in SUMMED_UNITS else weighted
            yield f"{f'case when count({name}) = count(*) then {value} end' if c.nullable else value} as {name}"

    return _model(daily(mart), list(lines()), mart.name, ["delivery_day", *(identifier(c.name) for c in groups(mart))])


def monthly_sql(mart: Mart) -> str:
    """The model of `monthly`: from the days, weighted by their hours."""
    month = "cast(date_trunc('month', delivery_day) as date)"

    def lines() -> Iterator[str]:
        yield f"{month} as {MONTH}"
        yield from (identifier(c.name) for c in groups(mart))
        yield "count(delivery_day) as days"
        yield "sum(hours order by delivery_day) as hours"
        for c in measures(mart):
            name = identifier(c.name)
            there = f"sum(case when {name} is not null then hours end order by delivery_day)"
            weighted = f"sum({name} * hours order by delivery_day) / {there}"
            yield f"{f'sum({name} order by delivery_day)' if c.unit in SUMMED_UNITS else weighted} as {name}"

    return _model(monthly(mart), list(lines()), f"{mart.name}{DAILY}", [month, *(identifier(c.name) for c in groups(mart))])


def _model(mart: Mart, columns: list[str], source: str, by: list[str]) -> str:
    head = f"-- generated from the contract of {mart.name.removesuffix(DAILY).removesuffix(MONTHLY)}: run `make docs`\n-- {mart.description}\n"
    return (
        f"{head}{{{{ config(materialized='table', schema='marts') }}}}\n\nselect\n    "
        + ",\n    ".join(columns)
        + f"\nfrom {{{{ ref('{source}') }}}}\ngroup by {', '.join(by)}\n"
    )
