"""Answers of Energy-Charts (Fraunhofer ISE), bytes in, rows out.

What belongs here: the form of `/price`, `/public_power` and `/public_power_forecast`, and the licence each answer names.
What does not: addresses and limits (`connector`), or the network.

The form was read in documentation and public code; no recording of it was found.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from energy_pipeline.ingestion.connectors import json_body
from energy_pipeline.ingestion.connectors.contract import AnswerError

SOURCE = "Energy-Charts"
TIME_ZONE = "Europe/Berlin"
"""The coupled day begins at midnight of Berlin in every zone Energy-Charts has."""
_SECOND_US = 1_000_000
FREE_LICENCE = "CC BY 4.0"


@dataclass(frozen=True)
class Answer:
    """Rows of an answer and under what terms they may be used.

    Attributes
    ----------
    rows : DataFrame
        `series`, `delivery_start` (UTC), `resolution_minutes`, `value`, `unit`; values that are not there yet have no row.
    not_yet : DataFrame
        `series`, `delivery_start` of the values that came as null.
    licence : str
        The text of `license_info` as it came; empty where the answer names none.
    notes : tuple of str
        What the reader should be told.
    """

    rows: pl.DataFrame
    not_yet: pl.DataFrame
    licence: str = ""
    notes: tuple[str, ...] = ()

    @property
    def may_be_published(self) -> bool:
        """True where the licence is CC BY 4.0; every other zone is for private and internal use."""
        return FREE_LICENCE.casefold() in self.licence.casefold()


def price(body: bytes) -> Answer:
    """Day-ahead prices [EUR/MWh] of `/price`, always in EUR.

    >>> answer = price(b'{"license_info": "CC BY 4.0", "unix_seconds": [1759269600, 1759270500], "price": [1.5, null], "unit": "EUR / MWh"}')
    >>> answer.rows.row(0)[2:], answer.not_yet.height, answer.may_be_published
    ((15, 1.5, 'EUR/MWh'), 1, True)
    """
    fields = _fields(body)
    unit = json_body.field(fields, "unit", SOURCE)
    if str(unit).replace(" ", "").upper() != "EUR/MWH":
        raise AnswerError(f"{SOURCE}: prices in {unit!r}, not EUR / MWh -> nothing is converted; see the archived body")
    return _answer(fields, {"price": json_body.field(fields, "price", SOURCE)}, "EUR/MWh")


def public_power(body: bytes) -> Answer:
    """Mean power [MW] by production type, and the load; the names are those of the answer."""
    fields = _fields(body)
    types = json_body.field(fields, "production_types", SOURCE)
    if not isinstance(types, list):
        raise AnswerError(f"{SOURCE}: production_types is no list -> the format changed")
    parts: dict[str, Any] = {}
    for part in (json_body.record(t, SOURCE) for t in types):
        name = str(json_body.field(part, "name", SOURCE))
        if name in parts:
            raise AnswerError(f"{SOURCE}: production type {name!r} comes twice -> see the archived body")
        parts[name] = json_body.field(part, "data", SOURCE)
    return _answer(fields, parts, "MW")


def forecast(body: bytes, production_type: str, forecast_type: str) -> Answer:
    """A forecast [MW] of `/public_power_forecast`; an answer to another question is refused."""
    fields = _fields(body)
    for name, asked in (("production_type", production_type), ("forecast_type", forecast_type)):
        if name in fields and _plain(fields[name]) != _plain(asked):
            raise AnswerError(f"{SOURCE}: asked {name} {asked!r}, answered {fields[name]!r} -> not stored; see the archived body")
    return _answer(fields, {production_type: json_body.field(fields, "forecast_values", SOURCE)}, "MW")


def _fields(body: bytes) -> dict[str, Any]:
    return json_body.record(json_body.decoded(body, SOURCE), SOURCE)


def _answer(fields: dict[str, Any], parts: dict[str, Any], unit: str) -> Answer:
    moments = json_body.starts(json_body.field(fields, "unix_seconds", SOURCE), _SECOND_US, SOURCE)
    minutes = json_body.minutes_of(moments, TIME_ZONE, SOURCE)
    grid = pl.DataFrame({"delivery_start": moments, "resolution_minutes": minutes})
    each = [
        grid.select(
            pl.lit(name).alias("series"), "delivery_start", "resolution_minutes", json_body.numbers(v, name, grid.height, SOURCE).alias("value")
        )
        for name, v in parts.items()
    ]
    empty = grid.clear().with_columns(series=pl.lit("", pl.String), value=pl.lit(None, pl.Float64)).select("series", *grid.columns, "value")
    rows = pl.concat([empty, *each])
    notes = (f"{SOURCE} says this address is deprecated",) if fields.get("deprecated") else ()
    told = rows.filter(pl.col("value").is_not_null()).with_columns(unit=pl.lit(unit))
    return Answer(told, rows.filter(pl.col("value").is_null()).select("series", "delivery_start"), str(fields.get("license_info") or ""), notes)


def _plain(text: object) -> str:
    return str(text).casefold().replace("-", "").replace("_", "").replace(" ", "")
