"""Tables on settled days' forecasts beyond the scores: their value in EUR, and comparisons.

What belongs here: `forecast_value` and `forecast_comparison`. What does not: error measures
(`scores`), the battery (`value`), the test (`comparison`).
"""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from energy_pipeline.contracts import table
from energy_pipeline.contracts.enforce import enforce
from energy_pipeline.desk import Desk
from energy_pipeline.domain.units import hours_of
from energy_pipeline.forecasting.scores import on_day
from energy_pipeline.forecasting.value import reference_schedule
from energy_pipeline.mathematics.statistics.comparison import diebold_mariano

LEAST_DAYS = 14


def forecast_value(desk: Desk, day: date, forecasts: pl.DataFrame, day_ahead_prices: pl.DataFrame) -> pl.DataFrame:
    """Table forecast_value of D: every day-ahead model, one day ahead.

    Parameters
    ----------
    forecasts : DataFrame
        Table price_forecasts of D.
    day_ahead_prices : DataFrame
        Raw rows of D, the latest vintage.

    Returns
    -------
    DataFrame
        No rows for a zone whose prices are not wholly known.
    """
    contract = table("forecast_value")
    own = forecasts.filter(pl.col("target_day") == day, pl.col("price_kind") == "day_ahead")
    rows = []
    for (zone, model), part in own.sort("delivery_start").group_by("zone", "model", maintain_order=True):
        minutes = int(part["resolution_minutes"][0])
        came = on_day(day_ahead_prices.filter(pl.col("zone") == zone), desk.delivery_day(day), minutes)
        if not np.isfinite(came).all():
            continue
        delta = hours_of(minutes)
        earned = float(delta * came @ reference_schedule(part["price_eur_mwh"].to_numpy(), minutes))
        best = max(float(delta * came @ reference_schedule(came, minutes)), 0.0)
        rows.append({"delivery_day": day, "zone": zone, "model": model, "value_eur": earned, "foresight_eur": best, "losing": earned < 0})
    return enforce(contract, pl.DataFrame(rows, schema=contract.schema), day)


def forecast_comparison(day: date, scores: pl.DataFrame) -> pl.DataFrame:
    """Table forecast_comparison of D.

    Parameters
    ----------
    scores : DataFrame
        Table forecast_scores of the window, D included.
    """
    contract = table("forecast_comparison")
    rows = []
    for (zone, kind), part in scores.sort("delivery_day").group_by("zone", "price_kind", maintain_order=True):
        wide = part.pivot("model", index="delivery_day", values="mae_eur_mwh").sort("delivery_day")
        for rival in (name for name in wide.columns if name not in ("delivery_day", "ensemble")):
            both = wide.select("ensemble", rival).drop_nulls() if "ensemble" in wide.columns else wide.clear()
            if both.height == 0:
                continue
            ours, theirs = both["ensemble"].to_numpy(), both[rival].to_numpy()
            means = {"ensemble_mae_eur_mwh": float(ours.mean()), "rival_mae_eur_mwh": float(theirs.mean())}
            p_value = diebold_mariano(ours, theirs) if both.height >= LEAST_DAYS else None
            rows.append({"delivery_day": day, "zone": zone, "price_kind": kind, "rival": rival, "days": both.height, **means, "p_value": p_value})
    return enforce(contract, pl.DataFrame(rows, schema=contract.schema).sort(contract.key, maintain_order=True), day)
