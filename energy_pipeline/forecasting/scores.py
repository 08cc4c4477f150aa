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
BANDS = {50: (0.25, 0.75), 80: (0.10, 0.90), 90: (0.05, 0.95)}
"""Central bands by their share in percent."""


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
        No row where no outcome is known. Errors are forecast less outcome in `bias`. The published mean has the
        squared error and the bias, the published median the absolute error: each is judged by what it minimises.
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
        outcome = on_day(prices, target, minutes)
        week_before = target.shift(-WEEK)
        naive = same_slot(target, week_before, minutes, on_day(prices, week_before, minutes))
        standard = naive if day.weekday() in (0, 5, 6) else same_slot(target, target.shift(-1), minutes, on_day(prices, target.shift(-1), minutes))
        measures = dict(_measures(part, outcome, naive, standard))
        if measures:
            rows.append({"delivery_day": day, "zone": zone, "price_kind": kind, "model": model, **measures})
    return enforce(contract, pl.DataFrame(rows, schema=contract.schema), day)


def lead_errors(desk: Desk, day: date, forecasts: pl.DataFrame, day_ahead_prices: pl.DataFrame, second_prices: pl.DataFrame) -> pl.DataFrame:
    """Table forecast_lead_errors of D: the published mean for D as made on each day before.

    Parameters
    ----------
    forecasts : DataFrame
        Table price_forecasts of the decisions that reach D.
    day_ahead_prices, second_prices : DataFrame
        Raw rows of D, the latest vintage.
    """
    contract = table("forecast_lead_errors")
    own, naive = (forecasts.filter(pl.col("target_day") == day, pl.col("model") == model).sort("delivery_start") for model in ("ensemble", "naive"))
    rows = []
    for (zone, kind, lead), part in own.group_by("zone", "price_kind", "horizon_days", maintain_order=True):
        prices = day_ahead_prices
        if kind == "second":
            prices = second_prices.filter(pl.col("price_kind") == desk.zones[str(zone)].second_price.kind)
        simple = naive.filter(pl.col("zone") == zone, pl.col("price_kind") == kind, pl.col("horizon_days") == lead)["price_eur_mwh"].to_numpy()
        came = on_day(prices.filter(pl.col("zone") == zone), desk.delivery_day(day), int(part["resolution_minutes"][0]))
        known = np.isfinite(came)
        if not known.any():
            continue
        error = (part["price_eur_mwh"].to_numpy() - came)[known]
        row = {"intervals": error.size, "bias_eur_mwh": float(error.mean()), "rmse_eur_mwh": float(np.sqrt((error**2).mean()))}
        about = {"delivery_day": day, "zone": zone, "price_kind": kind, "horizon_days": lead}
        there = simple.size == came.size
        naive_rmse = float(np.sqrt(((simple - came)[known] ** 2).mean())) if there else None
        rows.append({**about, **row, "outcome_eur_mwh": float(came[known].mean()), "rmse_naive_eur_mwh": naive_rmse})
    return enforce(contract, pl.DataFrame(rows, schema=contract.schema), day)


def on_day(prices: pl.DataFrame, day: DeliveryDay, minutes: int) -> FloatArray:
    """One zone's prices on a day's intervals; NaN where none is known."""
    rows = zip(prices["delivery_start"].to_physical().to_list(), prices["price_eur_mwh"].to_list(), strict=True)
    found = {start: price for start, price in rows if price is not None}
    return from_quarters(np.array([found.get(int(t), np.nan) for t in day.interval_starts_us(15)]), minutes)


def _measures(part: pl.DataFrame, outcome: FloatArray, naive: FloatArray, standard: FloatArray) -> Iterator[tuple[str, float | int | None]]:
    forecast = part["price_eur_mwh"].to_numpy()
    known = np.isfinite(outcome)
    if not known.any():
        return
    error = (forecast - outcome)[known]
    median = np.where(part["statistic"].to_numpy() == "mean", part[quantile_column(0.5)].to_numpy(), forecast)
    yield "intervals", int(known.sum())
    yield "mae_eur_mwh", float(np.abs(median - outcome)[known].mean())
    yield "rmse_eur_mwh", float(np.sqrt((error**2).mean()))
    yield "bias_eur_mwh", float(error.mean())
    sizes = np.abs(forecast) + np.abs(outcome)
    yield "smape", float(np.where(sizes > 0, 2 * np.abs(forecast - outcome) / np.where(sizes > 0, sizes, 1.0), 0.0)[known].mean())
    for name, simple in {"mae_naive_eur_mwh": naive, "mae_naive_standard_eur_mwh": standard}.items():
        naive_error = np.abs(simple - outcome)[known]
        yield name, float(naive_error.mean()) if np.isfinite(naive_error).all() else None
    quantiles = {q: part[quantile_column(q)].to_numpy()[known] for q in QUANTILES}  # null becomes NaN
    came = outcome[known]
    complete = all(np.isfinite(v).all() for v in quantiles.values())
    yield "pinball_eur_mwh", pinball(quantiles, came) if complete else None
    yield "crps_eur_mwh", 2 * pinball(quantiles, came) if complete else None
    for share, (low, high) in BANDS.items():
        yield f"coverage_{share}", float(((quantiles[low] <= came) & (came <= quantiles[high])).mean()) if complete else None
        yield f"winkler_{share}_eur_mwh", winkler(quantiles[low], quantiles[high], came, share / 100) if complete else None


def winkler(low: FloatArray, high: FloatArray, outcome: FloatArray, share: float) -> float:
    """Mean interval score of a central band holding `share` [EUR/MWh]: its width and 2 / (1 - share) per EUR missed.

    >>> winkler(np.array([0.0]), np.array([10.0]), np.array([12.0]), 0.9)
    50.0
    """
    missed = np.maximum(low - outcome, 0) + np.maximum(outcome - high, 0)
    return float(np.round((high - low + 2 / (1 - share) * missed).mean(), 9))


def pinball(quantiles: dict[float, FloatArray], outcome: FloatArray) -> float:
    """Mean pinball loss over levels and intervals [EUR/MWh].

    >>> pinball({0.9: np.array([10.0])}, np.array([20.0]))
    9.0
    """
    losses = [np.maximum(level * (outcome - q), (level - 1.0) * (outcome - q)).mean() for level, q in quantiles.items()]
    return float(np.mean(losses))
