"""The page of all days, written beside the pages of the days.

What belongs here: reading the records of all days from the lake, and writing the page. What does not: the page itself
(`reporting.index_page`).
"""

from __future__ import annotations

import math
from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl

from energy_pipeline.contracts import table as contract_of
from energy_pipeline.lake.layout import folder_of_file, table_folder

if TYPE_CHECKING:
    from energy_pipeline.desk import Desk
    from energy_pipeline.lake import Lake
    from energy_pipeline.reporting.index_page import DayRecord

PATH = f"{table_folder('report')}/index.html"
LEVEL = 0.95
FLEET_DAYS = 90
"""Days whose intervals are summed for the trend of the fleet."""


def write_index(lake: Lake, desk: Desk) -> str:
    """Write the page of all days of a lake; returns where it is."""
    from energy_pipeline.reporting.index_page import index_html

    lake.storage.write_bytes(PATH, index_html(desk.name, desk.currency, records(lake)).encode())
    return lake.storage.location(PATH)


def records(lake: Lake) -> list[DayRecord]:
    """What the lake holds of each decided day, oldest first."""
    from energy_pipeline.reporting.index_page import DayRecord

    measures = _all(lake, "risk_measures").filter(pl.col("scope") == "book")
    found: dict[date, dict[str, Any]] = {}
    for row in measures.filter((pl.col("measure") == "expected_pnl") | ((pl.col("measure") == "var") & (pl.col("level") == LEVEL))).to_dicts():
        found.setdefault(row["delivery_day"], {})["expected_eur" if row["measure"] == "expected_pnl" else "var_eur"] = row["value_eur"]
    # A settled day's expectation holds its proxy hedges, as the P&L it is compared with does.
    # P&L is the same at every level; the VaR shown is that of 95 % or none.
    for row in _all(lake, "var_exceptions").sort((pl.col("level") == LEVEL), maintain_order=True).to_dicts():
        own = {"expected_eur": row["expected_pnl_eur"], "settled_eur": row["pnl_eur"]}
        own |= {"var_eur": row["var_eur"]} if row["level"] == LEVEL else {}
        found.setdefault(row["delivery_day"], {}).update(own)
    scores = _all(lake, "forecast_scores").filter(pl.col("model") == "ensemble", pl.col("price_kind") == "day_ahead")
    for (day,), part in scores.partition_by(["delivery_day"], as_dict=True, maintain_order=True).items():
        pairs = zip(("mae_eur_mwh", "naive_eur_mwh"), ("mae_eur_mwh", "mae_naive_standard_eur_mwh"), strict=True)
        own = found.setdefault(date.fromisoformat(str(day)), {})
        own.update({name: _mean(part[column].to_list()) for name, column in pairs})
        by_zone = zip(part["zone"].to_list(), part["mae_eur_mwh"].to_list(), strict=True)
        own["zone_mae_eur_mwh"] = {zone: error for zone, error in by_zone if error is not None}
    for day, energy in _fleet(lake).items():
        found.setdefault(day, {}).update(energy)
    pages = {folder_of_file(path) for path in lake.storage.files(table_folder("report")) if path.endswith("/report.html")}
    torn = {mark.day for mark in lake.unfinished().all()}
    return [DayRecord(day, **values, page=day.isoformat() in pages, is_unfinished=day in torn) for day, values in sorted(found.items())]


def _all(lake: Lake, table: str) -> pl.DataFrame:
    """Every day the lake holds of a table."""
    days = lake.days(table)
    return lake.read(table, days[0], days[-1], missing="skip") if days else contract_of(table).frame()


def _fleet(lake: Lake) -> dict[date, dict[str, float]]:
    """Energy of the fleet over the last settled days, expected at the gate and settled; not of days where an expectation stands in for a meter."""
    days = lake.days("pnl")[-FLEET_DAYS:]
    if not days:
        return {}
    rows = lake.read("pnl", days[0], days[-1], missing="skip").sort("delivery_day", "zone", "delivery_start")
    energy = [(pl.col(f"{name}output_mw") * pl.col("resolution_minutes") / 60).sum().alias(f"fleet_{name}mwh") for name in ("expected_", "")]
    whole = rows.group_by("delivery_day", maintain_order=True).agg(*energy, pl.col("is_estimated").any())
    found = whole.filter(~pl.col("is_estimated")).drop("is_estimated").to_dicts()
    return {row.pop("delivery_day"): row for row in found}


def _mean(values: list[float | None]) -> float | None:
    known = [v for v in values if v is not None]
    return math.fsum(known) / len(known) if known else None
