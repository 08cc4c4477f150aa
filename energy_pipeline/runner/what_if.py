"""`risk what-if`: a decided day of the lake, with trades done.

What belongs here: reading the day's tables, the answer as text. What does not: the comparison
(`risk.whatif`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from energy_pipeline.book.hedges import day_hedges
from energy_pipeline.book.ledger import with_deals
from energy_pipeline.book.outlook import Acting
from energy_pipeline.book.valued import ValuedBook, valued
from energy_pipeline.desk import Desk
from energy_pipeline.domain.errors import MissingDayError
from energy_pipeline.flexibility import acting, cleared_orders, desk_of_day
from energy_pipeline.information.archive import Archive, InformationSet
from energy_pipeline.lake import Lake
from energy_pipeline.risk.trades import parse_trade
from energy_pipeline.risk.whatif import WhatIf, what_if

LIGHTS = {"green": 0, "amber": 1, "red": 2}


def latest_day(lake: Lake) -> date:
    """The last decided day of the lake.

    Raises
    ------
    MissingDayError
        When no day was decided.
    """
    days = lake.days("positions")
    if not days:
        raise MissingDayError("positions", [], "decide a day first: energy-pipeline run")
    return days[-1]


def answer(desk: Desk, lake: Lake, day: date, texts: Sequence[str]) -> WhatIf:
    """Before and after the trades described by `texts`.

    Raises
    ------
    TradeError, MissingDayError
    """
    trades = [parse_trade(text, desk) for text in texts]
    book = held_book(desk, lake, day)
    desk, held = book.valued.desk, book.valued
    return what_if(held, trades, day_hedges(desk, held.day, quotes(desk, lake, day).frame("forward_quotes")), book.dispatch)


@dataclass(frozen=True)
class HeldBook:
    """A decided day's book as it was valued, with its schedules and the stores that act on prices."""

    valued: ValuedBook
    dispatch: pl.DataFrame
    stores: tuple[Acting, ...]


def held_book(desk: Desk, lake: Lake, day: date) -> HeldBook:
    """A decided day's book from the lake; MissingDayError where a table of it is not there, UnfinishedDayError where they are of two runs."""
    lake.unfinished().refuse(day, "decide", "positions")
    desk = with_deals(desk, lake.read("deals", day, day, missing="skip"))
    stood = ("asset_thresholds", "asset_states", "end_values", "orders_sent", "bid_curves", "block_orders")
    tables = {name: lake.read(name, day, day) for name in ("positions", "scenario_paths", "plant_output", "dispatch", *stood)}
    own = desk_of_day(desk, day, tables["asset_states"], tables["end_values"])
    orders = cleared_orders(own, tables["dispatch"], tables["orders_sent"], tables["bid_curves"], tables["block_orders"])
    stores = (*acting(own, tables["asset_thresholds"]), *orders)
    held = valued(desk, desk.delivery_day(day), tables["positions"], tables["scenario_paths"], tables["plant_output"], tables["dispatch"], stores)
    return HeldBook(held, tables["dispatch"], stores)


def quotes(desk: Desk, lake: Lake, day: date) -> InformationSet:
    """What was visible of the day's quotes when it was decided."""
    return Archive(desk, {"forward_quotes": lake.read("forward_quotes", day, day, missing="skip")}).at(day)


def as_text(found: WhatIf, currency: str) -> list[str]:
    """The answer as two Markdown tables; limits whose light changes are marked."""
    lines = [f"| {currency} | before | after | change |", "|---|---|---|---|"]
    lines += [f"| {r['measure']} | {r['before_eur']:,.0f} | {r['after_eur']:,.0f} | {r['change_eur']:+,.0f} |" for r in found.measures.to_dicts()]
    lines += ["", "| limit | scope | bound | used before | used after | light |", "|---|---|---|---|---|---|"]
    for r in found.limits.to_dicts():
        light = r["status_after"] if r["status_after"] == r["status_before"] else f"{r['status_before']} -> {r['status_after']}"
        numbers = " | ".join(_number(r[name]) for name in ("bound", "used_before", "used_after"))
        lines.append(f"| {r['limit_name']} | {r['scope']} | {numbers} | {light} |")
    return lines


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:,.1f}"
