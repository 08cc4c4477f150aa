"""Scores of a settled day's price forecasts.

What belongs here: error measures of the forecasts of D against what came. What does
not: means over many days (SQL marts), or anything the decision could read.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import numpy as np
import polars as pl

from energy_pipeline.contracts import table
from energy_pipeline.contracts.derived import QUANTILES, quantile_column
from energy_pipeline.contracts.enforce import enforce
from energy_pipeline.desk import Desk
from energy_pipeline.domain.delivery import DeliveryDay, FloatArray
from energy_pipeline.features import from_quarters, same_slot

WEEK = 7
BAND_80 = (0.10, 0.90)
BAND_90 = (0.05, 0.95)


def score(desk: Desk, day: date, forecasts: pl.DataFrame, day_ahead_prices: pl.DataFrame, second_prices: pl.DataFrame) -> pl.DataFrame:
    """Table forecast_scores of D: every model one day ahead, per zone and price kind.

    Parameters
    ----------
    forecasts : DataFrame
        Table price_forecasts of D; longer horizons are left out.
    day_ahead_prices, second_prices : DataFrame
        Raw rows of D-7 .. D, one (the latest) vintage each.

    Returns
    -------
    DataFrame
        No row where no outcome is known. Errors are forecast less outcome in `bias`.
    """
    contract = table("forecast_scores")
    own = forecasts.filter(pl.col("target_day") == day, pl.col("delivery_day") == day)
    rows = []
    for (zone, kind, model), part in own.sort("delivery_start").group_by("zone", "price_kind", "model", maintain_order=True):
        prices = day_ahead_prices
        if kind == "second":
            prices = second_prices.filter(pl.col("price_kind") == desk.zones[str(zone)].second_price.kind)
        prices = prices.filter(pl.col("zone") == zone)
        target, minutes = desk.delivery_day(day), int(part["resolution_minutes"][0])
        outcome = _on_day(prices, target, minutes)
        week_before = target.shift(-WEEK)
        naive = same_slot(target, week_before, minutes, _on_day(prices, week_before, minutes))
        measures = dict(_measures(part, outcome, naive))
        if measures:
            rows.append({"delivery_day": day, "zone": zone, "price_kind": kind, "model": model, **measures})
    return enforce(contract, pl.DataFrame(rows, schema=contract.schema), day)


def _on_day(prices: pl.DataFrame, day: DeliveryDay, minutes: int) -> FloatArray:
    """One zone's prices on a day's intervals; NaN where none is known."""
    known = prices.filter(pl.col("price_eur_mwh").is_not_null())
    found = dict(zip(known["delivery_start"].cast(pl.Int64).to_list(), known["price_eur_mwh"].to_list(), strict=True))
    return from_quarters(np.array([found.get(int(t), np.nan) for t in day.interval_starts_us(15)]), minutes)


def _measures(part: pl.DataFrame, outcome: FloatArray, naive: FloatArray) -> Iterator[tuple[str, float | int | None]]:
    forecast = part["price_eur_mwh"].to_numpy()
    known = np.isfinite(outcome)
    if not known.any():
        return
    error = (forecast - outcome)[known]
    yield "intervals", int(known.sum())
    yield "mae_eur_mwh", float(np.abs(error).mean())
    yield "rmse_eur_mwh", float(np.sqrt((error**2).mean()))
    yield "bias_eur_mwh", float(error.mean())
    naive_error = np.abs(naive - outcome)[known]
    yield "mae_naive_eur_mwh", float(naive_error.mean()) if np.isfinite(naive_error).all() else None
    quantiles = {q: part[quantile_column(q)].fill_null(float("nan")).to_numpy()[known] for q in QUANTILES}
    came = outcome[known]
    complete = all(np.isfinite(v).all() for v in quantiles.values())
    yield "pinball_eur_mwh", pinball(quantiles, came) if complete else None
    for name, (low, high) in {"coverage_80": BAND_80, "coverage_90": BAND_90}.items():
        yield name, float(((quantiles[low] <= came) & (came <= quantiles[high])).mean()) if complete else None


def pinball(quantiles: dict[float, FloatArray], outcome: FloatArray) -> float:
    """Mean pinball loss over levels and intervals [EUR/MWh].

    >>> pinball({0.9: np.array([10.0])}, np.array([20.0]))
    9.0
    """
    losses = [np.maximum(level * (outcome - q), (level - 1.0) * (outcome - q)).mean() for level, q in quantiles.items()]
    return float(np.mean(losses))
