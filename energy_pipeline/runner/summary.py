"""What the command line says about decided days: a row of headline numbers each.

What belongs here: reading a day's tables into `DaySummary`. What does not: any number an
earlier stage did not compute, or drawing (`cli`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date

import polars as pl

from energy_pipeline.lake import Lake

VAR_LEVEL, ES_LEVEL = 0.95, 0.975


@dataclass(frozen=True)
class DaySummary:
    """Headline numbers of one delivery day; None where the day has not come that far.

    Attributes
    ----------
    hours : float
        Length of the delivery day [h].
    mae_eur_mwh, mae_naive_eur_mwh : float or None
        Mean over zones, day-ahead price, ensemble, and the similar-day naive that the page and the mart's model `naive` are.
    positions_mwh : dict of str to float
        Net bought per zone, all instruments [MWh]; a sale is negative.
    var_eur, es_eur : float or None
        VaR and expected shortfall of the book at `var_level` and `es_level`, the levels of the page's first screen; a loss is positive.
    limits_used : float or None
        Largest use of a limit, as a share.
    held_h : float or None
        Hours held back from the settled P&L, which is then provisional.
    """

    day: date
    hours: float | None
    mae_eur_mwh: float | None
    mae_naive_eur_mwh: float | None
    positions_mwh: dict[str, float]
    expected_pnl_eur: float | None
    var_eur: float | None
    es_eur: float | None
    limits_used: float | None
    limit_status: str
    settled_pnl_eur: float | None
    held_h: float | None = None
    var_level: float = VAR_LEVEL
    es_level: float = ES_LEVEL


def summarise(lake: Lake, day: date, es_level: float = ES_LEVEL) -> DaySummary:
    """The headline numbers of a day, from what the lake holds.

    Parameters
    ----------
    es_level : float
        Confidence at which the desk limits its shortfall (`limits.es_level`).
    """

    def read(table: str) -> pl.DataFrame:
        return lake.read(table, day, day, missing="skip")

    positions, limits = read("positions"), read("limits")
    scores = read("forecast_scores").filter(pl.col("model") == "ensemble", pl.col("price_kind") == "day_ahead")
    measures = read("risk_measures").filter(pl.col("scope") == "book")
    worst = limits.sort("use_share", descending=True).head(1)
    var, es = (_at(measures, name, wanted) for name, wanted in (("var", VAR_LEVEL), ("es", es_level)))
    ahead = positions.filter(pl.col("instrument") == "day_ahead")
    one_zone = ahead.filter(pl.col("zone") == ahead["zone"][0]) if ahead.height else ahead
    return DaySummary(
        day=day,
        hours=sum(one_zone["resolution_minutes"].to_list()) / 60 if one_zone.height else None,
        mae_eur_mwh=_mean(scores["mae_eur_mwh"]),
        mae_naive_eur_mwh=_mean(scores["mae_naive_standard_eur_mwh"]),
        positions_mwh={zone: _energy_mwh(positions.filter(pl.col("zone") == zone)) for zone in positions["zone"].unique().sort().to_list()},
        expected_pnl_eur=_one(read("portfolio_solution")["expected_pnl_eur"]),
        var_eur=var[1],
        es_eur=es[1],
        limits_used=_one(worst["use_share"]),
        limit_status=str(worst["status"][0]) if worst.height else "",
        settled_pnl_eur=_sum(read("pnl")["headline_eur"]),
        held_h=_sum(read("pnl")["held_h"]),
        var_level=var[0],
        es_level=es[0],
    )


def _at(measures: pl.DataFrame, measure: str, wanted: float) -> tuple[float, float | None]:
    """The level a measure is told at, and its value: the level wanted, or the lowest the desk has."""
    known = {row["level"]: float(row["value_eur"]) for row in measures.filter(pl.col("measure") == measure).to_dicts()}
    at = wanted if wanted in known else min(known, default=wanted)
    return at, known.get(at)


def _energy_mwh(rows: pl.DataFrame) -> float:
    hours = [m / 60 for m in rows["resolution_minutes"].to_list()]
    return math.fsum(h * mw for h, mw in zip(hours, rows["position_mw"].to_list(), strict=True))


def _mean(values: pl.Series) -> float | None:
    known = values.drop_nulls().to_list()
    return math.fsum(known) / len(known) if known else None


def _sum(values: pl.Series) -> float | None:
    return math.fsum(values.to_list()) if len(values) else None


def _one(values: pl.Series) -> float | None:
    return float(values[0]) if len(values) else None
